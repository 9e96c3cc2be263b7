/**
 * The sharded entities of a node: which shard an entity is of, where its messages go, and which shards this node
 * serves, gives away and takes. How a shard is owned is behind `Ownership`; who the members are is told from outside.
 * This is where the parts meet; what they decide is theirs.
 *
 *   ref ── dispatch.ts ──> here       straight into the entity's mailbox
 *                          a peer     over its link, behind a barrier when it was another place before (barriers.ts)
 *                          held       until a move or takeover is settled (shard.ts, held.ts)
 *                          nowhere    UNAVAILABLE
 *   members ── rebalancer.ts ──> what is wished of the ownership, and moves
 *
 * Invariants
 *   N1. Every peer is told which shards this node serves under which epoch: when its link opens, and with every
 *       change. So senders need no registry.
 *   N2. A node that drains tells its peers, which place nothing on it any more. It is done when they send to others,
 *       and all is answered that it has passed on for them.
 *   N3. Who hears of a higher epoch of a shard that it owns has it confirmed that it still does: what the registry
 *       tells may come late, or not at all.
 */
import type { Clock, Random } from "#actors/clock.js"
import { AgentOSError } from "#actors/errors.js"
import type { PersistenceId } from "#actors/persistence/journal.js"
import type { Transport } from "#actors/ports.js"
import type { Ref } from "#actors/ref.js"
import type { ActorSystem } from "#actors/system.js"
import { Limit } from "#actors/timers.js"
import { Dispatch } from "./dispatch.js"
import { DEFAULT_HOLD, HoldCount, type HoldLimits } from "./held.js"
import type { MemberStatus, View } from "./members.js"
import { nameOf, nodeId, type NodeDescription, type NodeId } from "./node.js"
import type { Ownership, OwnershipNews, OwnershipPorts } from "./ownership.js"
import type { EntityDoor, PeerEvent, Peers, Service } from "./peers.js"
import { DEFAULT_REBALANCE, DEFAULT_SHARDS, type Plan, type RebalanceLimits } from "./placement.js"
import { Rebalancer } from "./rebalancer.js"
import { Shard, type MoveNews, type ShardWorld } from "./shard.js"

export interface ShardsOptions {
  readonly self: NodeDescription
  readonly ownership: Ownership
  readonly clock: Clock
  readonly random: Random
  /** Default 1,024; the same on every node and for ever. */
  readonly shards?: number
  /** Only nodes of this role are given shards; default: all. */
  readonly role?: string
  readonly rebalance?: RebalanceLimits
  readonly hold?: HoldLimits
}

export interface ShardsPorts extends Pick<OwnershipPorts, "registry" | "seat"> {
  readonly system: ActorSystem
  readonly peers: Peers
}

export interface ShardsStatus {
  /** Shards by name of the node that owns them, as far as this node knows; under "" those of which nobody is known. */
  readonly owned: ReadonlyMap<string, number>
  /** That this node serves, of those that are wished onto it. */
  readonly served: number
  readonly wished: number
  /** Of which a move is open on this node. */
  readonly moving: number
  /** Messages held. */
  readonly held: number
  readonly draining: boolean
  readonly trouble: string | undefined
}

/** Name of the service by which shards of different nodes talk. */
const SERVICE = "shards"
/** How long a sender waits for the old owner before it goes to the new one. */
const barrierMs = 3000
/** Between two looks at what waits for time to pass. */
const lookMs = 1000
/** How long a node that drains waits for others: to say that they serve its shards, and to hear of that. */
const takenMs = 5000

type News =
  | MoveNews
  | { readonly kind: "serving"; readonly shards: readonly number[]; readonly epochs: readonly number[] }
  | { readonly kind: "draining"; readonly on: boolean }
  /** All that a node knows of owners, before it goes. */
  | { readonly kind: "routes"; readonly owners: readonly (NodeId | null)[]; readonly epochs: readonly number[] }

export class Shards implements EntityDoor {
  readonly #self: NodeDescription
  readonly #ownership: Ownership
  readonly #clock: Clock
  readonly #random: Random
  readonly #count: number
  readonly #held: HoldCount
  readonly #shards: Shard[] = []
  readonly #dispatch: Dispatch
  readonly #rebalancer: Rebalancer
  #system!: ActorSystem
  #peers!: Peers
  #unfollow: (() => void) | undefined
  /** Who want to know which shards begin to be served here. */
  readonly #followers: ((shard: number) => void)[] = []
  /** Shards of which peers are to be told. */
  #serving: Shard[] = []
  readonly #looking = new Limit(() => this.#look())
  #closed = false

  constructor(options: ShardsOptions) {
    const { self, ownership, clock, random, shards: count = DEFAULT_SHARDS, role } = options
    this.#self = self
    this.#ownership = ownership
    this.#clock = clock
    this.#random = random
    this.#count = count
    this.#held = new HoldCount(options.hold ?? DEFAULT_HOLD)
    this.#dispatch = new Dispatch({
      shards: this.#shards,
      count,
      ownership,
      held: this.#held,
      clock,
      placedOn: (shard) => this.#rebalancer.placedOn(shard),
      served: (shard) => this.#followers.forEach((follower) => follower(shard)),
      askBarrier: (peer, asked) => this.#peers.call(peer, SERVICE, "barrier", asked, { timeoutMs: barrierMs }),
    })
    this.#rebalancer = new Rebalancer({
      self,
      shards: this.#shards,
      count,
      clock,
      role,
      limits: options.rebalance ?? DEFAULT_REBALANCE,
      stateIs: ownership.ships ? "on-the-node" : "shared",
      open: this.#dispatch.open,
      wish: (shard, wish) => ownership.wish(shard, wish),
      isEmpty: (shard) => this.#system.entities.isEmpty(shard),
      ownerOf: (shard) => this.#ownerOf(shard),
    })
  }

  /** For the actor system of this node. */
  get transport(): Transport {
    return {
      node: nodeId(this.#self),
      entity: (id) => this.entity(id),
      groupOf: (id) => this.shardOf(id),
      serves: (shard) => this.straight[shard] === 1,
      follow: (follower) => void this.#followers.push(follower),
    }
  }

  /** Begins, with a system that was made with `transport`. */
  start({ system, peers, registry, seat }: ShardsPorts): void {
    this.#system = system
    this.#peers = peers
    this.#dispatch.start(system, peers)
    const world = this.#world()
    for (let n = 0; n < this.#count; n++) this.#shards.push(new Shard(n, world))
    const ports = { self: this.#self, shards: this.#count, registry, seat, peers, clock: this.#clock, random: this.#random } // prettier-ignore
    this.#ownership.start(ports, (news) => this.#news(news))
    peers.serve(SERVICE, this.#service())
    this.#unfollow = peers.follow((event) => this.#linked(event))
    for (const peer of peers.open()) this.#opened(peer)
    system.wheel.add(this.#looking, lookMs)
  }

  shardOf(id: PersistenceId): number {
    return this.#dispatch.shardOf(id)
  }

  entity(id: PersistenceId): Ref {
    return this.#dispatch.entity(id)
  }

  arrived(id: PersistenceId, from: NodeId): Ref {
    return this.#dispatch.arrived(id, from)
  }

  /** By shard: 1 while this node serves it, and messages go straight into its entities. */
  get straight(): Readonly<Uint8Array> {
    return this.#dispatch.straight
  }

  // --- what is known ------------------------------------------------------------------------------------------------------------------------

  /** What the members are now. */
  members(view: View): void {
    const idsOf = (...statuses: readonly MemberStatus[]): ReadonlySet<NodeId> =>
      new Set([...view.members.values()].filter(({ status }) => statuses.includes(status)).map(({ id }) => id))
    this.#dispatch.away = idsOf("unreachable", "down")
    this.#ownership.well?.(idsOf("joining", "up"))
    this.#rebalancer.members(view)
  }

  #linked(event: PeerEvent): void {
    this.#dispatch.links += 1
    if (event.kind === "opened") return this.#opened(event.peer)
    const { peer } = event
    this.#dispatch.open.delete(peer)
    this.#rebalancer.drainingPeers.delete(peer)
    for (const shard of this.#shards) {
      shard.gone(peer)
      this.#dispatch.changed(shard)
    }
    this.#rebalancer.place()
  }

  #opened(peer: NodeId): void {
    this.#dispatch.open.add(peer)
    const mine = this.#shards.filter(({ giver, taker }) => giver !== undefined || taker.at === "following")
    if (mine.length > 0) this.#tellServing([peer], mine) // N1
    if (this.#rebalancer.draining) this.#tell(peer, { kind: "draining", on: true })
    this.#rebalancer.plan()
  }

  #news(news: OwnershipNews): void {
    const shard = this.#shards[news.shard] as Shard
    if (news.kind === "serve" || news.kind === "go-on") {
      this.#dispatch.routes.learn(news.shard, nodeId(this.#self), news.epoch)
      if (this.#serving.length === 0) this.#clock.soon(() => this.#tellServing([...this.#dispatch.open], this.#serving.splice(0))) // prettier-ignore
      this.#serving.push(shard)
    }
    shard.news(news)
    if (news.kind === "serve" || news.kind === "stop") this.#rebalancer.plan()
  }

  #tellServing(peers: readonly NodeId[], shards: readonly Shard[]): void {
    const news: News = { kind: "serving", shards: shards.map(({ number }) => number), epochs: shards.map(({ epoch }) => epoch) } // prettier-ignore
    for (const peer of peers) this.#tell(peer, news)
  }

  #tell(peer: NodeId, news: News): void {
    this.#peers.tell(peer, SERVICE, news.kind, news)
  }

  #ownerOf(number: number): string | undefined {
    if (this.#shards[number]?.giver !== undefined) return this.#self.name
    const route = this.#dispatch.routes.of(number)
    if (route !== undefined && this.#dispatch.open.has(route.owner)) return nameOf(route.owner)
    return this.#ownership.ownerOf(number)
  }

  // --- what peers say -----------------------------------------------------------------------------------------------------------------------

  #service(): Service {
    return {
      handle: (type: string, payload: never, from: NodeId): unknown => {
        if (type === "barrier") return this.#dispatch.barrier(payload, from)
        const news = payload as News
        switch (news.kind) {
          case "serving":
            return this.#heardServing(from, news.shards, news.epochs)
          case "draining":
            if (news.on) this.#rebalancer.drainingPeers.add(from)
            else this.#rebalancer.drainingPeers.delete(from)
            return this.#rebalancer.place()
          case "routes":
            for (const number of this.#dispatch.routes.learnAll(news.owners, news.epochs)) this.#changed(number)
            return
          case "offer":
            this.#heardEpoch(news.shard, news.epoch)
            if (this.#rebalancer.draining) return this.#tell(from, { kind: "decline", shard: news.shard, move: news.move }) // prettier-ignore
            return this.#shards[news.shard]?.heard(from, news)
          default:
            return this.#shards[news.shard]?.heard(from, news)
        }
      },
    }
  }

  #heardServing(from: NodeId, shards: readonly number[], epochs: readonly number[]): void {
    for (const [i, number] of shards.entries()) {
      const epoch = epochs[i] as number
      this.#heardEpoch(number, epoch)
      if (this.#dispatch.routes.learn(number, from, epoch)) this.#changed(number)
    }
  }

  /** N3 */
  #heardEpoch(number: number, epoch: number): void {
    const shard = this.#shards[number]
    if (shard?.giver !== undefined && shard.epoch < epoch) void this.#ownership.confirm(number).catch(() => false)
  }

  #changed(number: number): void {
    const shard = this.#shards[number]
    if (shard !== undefined) this.#dispatch.changed(shard)
  }

  #world(): ShardWorld {
    const dispatch = this.#dispatch
    return {
      ownership: this.#ownership,
      entities: this.#system.entities,
      total: this.#held,
      now: () => this.#clock.monotonic(),
      timer: (milliseconds, callback) => {
        const limit = new Limit(callback)
        this.#system.wheel.add(limit, milliseconds)
        return limit.cancel
      },
      tell: (peer, news) => this.#tell(peer, news),
      deliver: (message) => dispatch.deliver(message),
      again: (message, epoch) => dispatch.again(message, epoch),
      flush: (shard, taker, epoch, messages) => dispatch.flush(shard, taker, epoch, messages),
      changed: (shard) => {
        dispatch.changed(shard)
        this.#rebalancer.plan()
      },
    }
  }

  // --- the whole ----------------------------------------------------------------------------------------------------------------------------

  /** Serves every shard that is placed here, and none is on its way to it. */
  get ready(): boolean {
    const { name } = this.#self
    if (this.#closed || this.#rebalancer.draining || !this.#rebalancer.placed) return false
    return this.#shards.every(({ number, giver, taker }) =>
      this.#rebalancer.placedOn(number) === name ? giver?.at === "running" : taker.at === "idle" || taker.at === "kept",
    )
  }

  get status(): ShardsStatus {
    const owned = new Map<string, number>()
    let [served, wished] = [0, 0]
    for (const { number, giver } of this.#shards) {
      const owner = this.#ownerOf(number) ?? ""
      owned.set(owner, (owned.get(owner) ?? 0) + 1)
      if (this.#rebalancer.placedOn(number) !== this.#self.name) continue
      wished += 1
      if (giver !== undefined) served += 1
    }
    return {
      owned,
      served,
      wished,
      moving: this.#shards.filter(({ moving }) => moving).length,
      held: this.#held.count,
      draining: this.#rebalancer.draining,
      trouble: this.#ownership.trouble(),
    }
  }

  /** What would be moved, and how it looks afterwards: as this node sees it. */
  plan(): Plan {
    return this.#rebalancer.dryRun()
  }

  /**
   * Gives all shards away and takes none any more (N2). Resolves when this node owns none, or only such as lie on it
   * while nobody is there to take them. For what others have to do with it, it waits a few seconds; for the answers of
   * asks that it has passed on, as long as they are waited for.
   */
  async drain(): Promise<void> {
    const drained = (): boolean => this.#closed || (this.#ownership.ships && this.#rebalancer.nobodyTakes) || this.#ownsNone // prettier-ignore
    const given = this.#shards.filter(({ giver }) => giver !== undefined)
    this.#setDraining(true)
    const look = (): Promise<void> => new Promise((again) => this.#clock.timer(20, again))
    while (!drained()) await look()
    const until = this.#clock.monotonic() + takenMs
    const wait = async (open: () => boolean): Promise<void> => {
      while (open() && !this.#closed && this.#clock.monotonic() < until) await look()
    }
    await wait(() => given.some(({ number }) => this.#dispatch.routes.of(number)?.given === true)) // until they are served
    const news: News = { kind: "routes", ...this.#dispatch.routes.all(this.#count) }
    const told = [...this.#dispatch.open].map((peer) => this.#peers.call(peer, SERVICE, news.kind, news, { timeoutMs: takenMs })) // prettier-ignore
    await Promise.allSettled(told) // with its answer each peer's last message by the old route is here
    await wait(() => this.#held.count > 0 || this.#dispatch.waiting)
    while (this.#dispatch.relays > 0 && !this.#closed) await look() // each has its deadline
  }

  /** Nor is about to: what it holds for a shard that is being given to it has nowhere else to go. */
  get #ownsNone(): boolean {
    const none = this.#shards.every(({ giver, taker }) => giver === undefined && (taker.at === "idle" || taker.at === "kept")) // prettier-ignore
    return none && !this.#dispatch.flushing
  }

  /** Takes shards again. */
  undrain(): void {
    this.#setDraining(false)
  }

  #setDraining(on: boolean): void {
    this.#rebalancer.draining = on
    for (const peer of this.#dispatch.open) this.#tell(peer, { kind: "draining", on })
    this.#rebalancer.place()
  }

  /** Every actor has stopped: gives up what others can take, and ends. */
  async leave(): Promise<void> {
    const why = new AgentOSError("NODE_LOST", `${nodeId(this.#self)} left before the answer came`)
    this.#dispatch.callOff(why) // D4 of dispatch.ts
    this.close()
    await this.#ownership.leave()
  }

  /** Ends without a word, as a crash does. */
  close(): void {
    this.#closed = true
    this.#unfollow?.()
    this.#looking.cancel()
    this.#rebalancer.close()
    this.#dispatch.close()
  }

  /** Now and then: what was held too long, and moves whose time has come. */
  #look(): void {
    if (this.#closed) return
    this.#dispatch.giveUp(this.#clock.monotonic() - this.#held.limits.holdMs)
    this.#rebalancer.plan()
    this.#system.wheel.add(this.#looking, lookMs)
  }
}
