/**
 * The sharded entities of a node: which shard an entity is of, where its messages go, and which shards this node serves, gives away and takes. How a shard is owned is behind
 * `Ownership`; who the members are is told from outside.
 *
 *   ref ── way.ts ──> here            straight into the entity's mailbox
 *                     a peer          over its link, behind a barrier when it was another place before (barriers.ts)
 *                     held            until a move or takeover is settled (shard.ts, held.ts)
 *                     nowhere         UNAVAILABLE
 *
 * Invariants
 *   D1. A message is handled, held, on its way to a peer, or its sender has been told; on every change of what is known of a shard, what is held for it is looked at again.
 *   D2. `straight[shard]` is 1 only while whatever comes for the shard, from here or from a peer, may go into its entities at once.
 *   D3. A node that drains wants no shard and is offered none; its shards go to whom they are placed on without it.
 *   D4. The bounds on moves are for shards that have entities in memory; others disturb nobody.
 */
import { AgentOSError } from "#actors/errors.js"
import { Ask } from "#actors/ask.js"
import type { Clock, Random } from "#actors/clock.js"
import type { EntityRef } from "#actors/entities.js"
import type { PersistenceId } from "#actors/persistence/journal.js"
import type { Transport } from "#actors/ports.js"
import type { Ref } from "#actors/ref.js"
import type { ActorSystem } from "#actors/system.js"
import { Limit } from "#actors/timers.js"
import { Barriers } from "./barriers.js"
import { DEFAULT_HOLD, HoldCount, isOver, type HeldMessage, type HoldLimits, type Message } from "./held.js"
import { holders, type Member, type View } from "./members.js"
import { nodeId, type NodeDescription, type NodeId } from "./node.js"
import type { Ownership, OwnershipNews, OwnershipPorts, Wish } from "./ownership.js"
import type { EntityDoor, PeerEvent, Peers, Service } from "./peers.js"
import { DEFAULT_REBALANCE, DEFAULT_SHARDS, placeTwo, planRebalance, shardOf, type Plan, type RebalanceLimits, type Situation } from "./placement.js" // prettier-ignore
import { Routes } from "./routes.js"
import { Shard, type MoveNews, type ShardWorld } from "./shard.js"
import { Elsewhere, isAnswer, ShardedRef, shardMoved, type ShardedRefs } from "./sharded-ref.js"
import { wayOf, type Way } from "./way.js"

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
/** How long a sender waits for the old owner before it goes to the new one (B2). */
const barrierMs = 3000
/** A barrier is passed on so often: more owners within its time there are not. */
const barrierHops = 4
const lookMs = 1000
/** Between what changes and the moves that follow from it. */
const planMs = 10
/** A shard without entities in memory moves in no time: so many times as many may do so at once. */
const emptyAtOnce = 8

type News =
  | MoveNews
  | { readonly kind: "serving"; readonly shards: readonly number[]; readonly epochs: readonly number[] }
  | { readonly kind: "draining"; readonly on: boolean }

export class Shards implements EntityDoor, ShardedRefs {
  readonly straight: Uint8Array
  links = 0
  readonly #self: NodeDescription
  readonly #ownership: Ownership
  readonly #clock: Clock
  readonly #random: Random
  readonly #count: number
  readonly #role: string | undefined
  readonly #limits: RebalanceLimits
  readonly #held: HoldCount
  readonly #routes = new Routes()
  readonly #barriers: Barriers
  readonly #shards: Shard[] = []
  readonly #open = new Set<NodeId>()
  /** Peers that are believed to be away, or given up. */
  #away: ReadonlySet<NodeId> = new Set()
  readonly #drainingPeers = new Set<NodeId>()
  readonly #settled = new Map<number, (() => void)[]>()
  #system!: ActorSystem
  #peers!: Peers
  #unfollow: (() => void) | undefined
  #view: View | undefined
  #placed: readonly { readonly first: string | undefined; readonly second: string | undefined }[] = []
  #draining = false
  #moves = 0
  #begunAt: number[] = []
  #serving: number[] = []
  #planned = false
  readonly #looking = new Limit(() => this.#look())
  #closed = false

  constructor(options: ShardsOptions) {
    const { self, ownership, clock, random, shards = DEFAULT_SHARDS, role } = options
    this.#self = self
    this.#ownership = ownership
    this.#clock = clock
    this.#random = random
    this.#count = shards
    this.#role = role
    this.#limits = options.rebalance ?? DEFAULT_REBALANCE
    this.#held = new HoldCount(options.hold ?? DEFAULT_HOLD)
    this.straight = new Uint8Array(shards)
    this.#barriers = new Barriers({
      now: () => clock.monotonic(),
      isOpen: (peer) => this.#open.has(peer),
      ask: (peer, shard) => this.#askBarrier(peer, shard, 0),
      dispatch: (message) => void this.#dispatch(message, message.from, true),
      passed: (shard) => this.#changed(this.#shard(shard)),
    })
  }

  /** For the actor system of this node. */
  get transport(): Transport {
    return {
      node: nodeId(this.#self),
      entity: (id) => this.entity(id),
      groupOf: (id) => this.shardOf(id),
    }
  }

  /** Begins, with a system that was made with `transport`. */
  start({ system, peers, registry, seat }: ShardsPorts): void {
    this.#system = system
    this.#peers = peers
    const world = this.#world()
    for (let n = 0; n < this.#count; n++) this.#shards.push(new Shard(n, world))
    const ports = { self: this.#self, shards: this.#count, registry, seat, peers, clock: this.#clock, random: this.#random } // prettier-ignore
    this.#ownership.start(ports, (news) => this.#news(news))
    peers.serve(SERVICE, this.#service())
    this.#unfollow = peers.follow((event) => this.#linked(event))
    for (const peer of peers.open()) this.#opened(peer)
    system.wheel.add(this.#looking, lookMs)
  }

  // --- refs ---------------------------------------------------------------------------------------------------------------------------------

  shardOf({ tenant, type, key }: PersistenceId): number {
    return shardOf(tenant, type, key, this.#count)
  }

  entity(id: PersistenceId): Ref {
    return new ShardedRef(this, id, this.shardOf(id), undefined)
  }

  arrived(id: PersistenceId, from: NodeId): Ref {
    this.#system.entityHere(id) // throws when the type is not known
    return new ShardedRef(this, id, this.shardOf(id), from)
  }

  here(id: PersistenceId): EntityRef {
    return this.#system.entityHere(id)
  }

  entityAt(peer: NodeId, id: PersistenceId): Ref | undefined {
    return this.#peers.entityAt(peer, id)
  }

  peerFor(shard: number, from: NodeId | undefined): NodeId | undefined {
    const way = this.#way(shard, from)
    if (way.go !== "peer" || !this.#barriers.mayGo(shard, way.peer)) return undefined
    this.#barriers.sent(shard, way.peer)
    return way.peer
  }

  dispatch(message: Message, from: NodeId | undefined): boolean {
    return this.#dispatch(message, from, false)
  }

  /** @param accepted before, by this node: no bound stands against it */
  #dispatch(message: Message, from: NodeId | undefined, accepted: boolean): boolean {
    const shard = this.shardOf(message.id)
    const way = this.#way(shard, from)
    if (way.go === "nowhere") return this.#refuse(message, "UNAVAILABLE")
    const to = way.go === "peer" ? way.peer : undefined
    // What a peer sends for this node has its order by the link.
    if ((from === undefined || to !== undefined) && !this.#barriers.mayGo(shard, to)) {
      if (!accepted && this.#barriers.count(shard) >= this.#held.limits.perShard)
        return this.#refuse(message, "MAILBOX_FULL")
      this.#barriers.wait(shard, message, from)
      this.#changed(this.#shard(shard))
      return true
    }
    if (way.go === "here") {
      const { givenBy } = this.#shard(shard)
      return this.#deliver(message, accepted || (from !== undefined && from === givenBy))
    }
    if (way.go === "hold") {
      if (this.#shard(shard).lines.hold(way.line, message, from, this.#clock.monotonic(), accepted)) return true
      return this.#refuse(message, "MAILBOX_FULL")
    }
    return this.#send(message, way.peer)
  }

  answered(shard: number, answer: unknown): unknown {
    if (answer instanceof Elsewhere) return answer.told
    const right = this.#ownership.mayAnswer(shard)
    if (right === "from-memory") return answer
    if (right === "refuse") throw shardMoved(shard)
    return this.#confirmed(shard).then(() => answer)
  }

  failed(shard: number, error: unknown): never | Promise<never> {
    if (error instanceof Elsewhere) throw error.told
    if (!isAnswer(error)) throw error
    const right = this.#ownership.mayAnswer(shard)
    if (right === "from-memory") throw error
    if (right === "refuse") throw shardMoved(shard)
    return this.#confirmed(shard).then(() => {
      throw error
    })
  }

  async #confirmed(shard: number): Promise<void> {
    if (!(await this.#ownership.confirm(shard))) throw shardMoved(shard)
  }

  // --- the way of a message -----------------------------------------------------------------------------------------------------------------

  #shard(number: number): Shard {
    return this.#shards[number] as Shard
  }

  #way(number: number, from: NodeId | undefined): Way {
    const shard = this.#shard(number)
    const { giver, taker, givenBy, stopping, owned } = shard
    const route = this.#routes.of(number)
    const known = route !== undefined && this.#answers(route.owner) ? { peer: route.owner, given: route.given } : undefined // prettier-ignore
    const standing = this.#ownership.standing(number)
    const likely = known === undefined && giver === undefined ? this.#likely(number) : undefined
    return wayOf({ giver, taker, givenBy, stopping, owned, standing, known, likely }, from)
  }

  /** Whether there is a link to it, and it is not believed to be away: an entity of a node that is away is unavailable, with the link or without. */
  #answers(peer: NodeId): boolean {
    return this.#open.has(peer) && !this.#away.has(peer)
  }

  /** Whom the registry names, or the placement; where state lies on the node, only the node that has it. */
  #likely(shard: number): NodeId | undefined {
    const owner = this.#ownership.ownerOf(shard)
    const first = this.#ownership.ships && owner !== undefined ? undefined : this.#placed[shard]?.first
    for (const name of [owner, first]) {
      const peer = name === undefined || name === this.#self.name ? undefined : this.#peers.named(name)
      if (peer !== undefined && this.#answers(peer)) return peer
    }
    return undefined
  }

  /** @param promised it was accepted before, by this node or by the giver */
  #deliver(message: Message, promised: boolean): boolean {
    const { id, type, payload, meta } = message
    try {
      return this.#system.entityHere(id).put(type, payload, meta, promised)
    } catch (error) {
      return this.#lost(message, error)
    }
  }

  #send(message: Message, peer: NodeId): boolean {
    const { id, type, payload, meta } = message
    const ref = this.#peers.entityAt(peer, id)
    if (ref === undefined) return this.#refuse(message, "UNAVAILABLE")
    this.#barriers.sent(this.shardOf(id), peer)
    try {
      if (!(meta instanceof Ask)) return ref.send(type, payload, meta)
      this.#ask(ref, message, meta, meta.patient)
      return true
    } catch (error) {
      return this.#lost(message, error)
    }
  }

  /** Sends an open ask on; what comes of it is another node's. */
  #ask(ref: Ref, { type, payload }: Message, ask: Ask, patient: boolean): void {
    if (ask.ended) return
    const timeoutMs = ask.deadline - this.#system.wheel.now
    const options = { timeoutMs, whenFull: patient ? ("wait" as const) : undefined }
    ref.request(type, payload, ask.cause, options, ask.serving, ask.asker).then(
      (answer: unknown) => ask.reply(new Elsewhere(answer)),
      (error: unknown) => ask.fail(new Elsewhere(error)),
    )
  }

  #refuse(message: Message, code: "UNAVAILABLE" | "MAILBOX_FULL"): false {
    const { address } = this.here(message.id)
    const why =
      code === "UNAVAILABLE"
        ? `nobody serves ${address} at the moment`
        : `${address} is about to be served by another node, and more messages than can be held wait for that`
    return this.#lost(message, new AgentOSError(code, why))
  }

  #lost({ id, type, meta }: Message, error: unknown): false {
    if (meta instanceof Ask) meta.fail(error)
    else this.#system.deadLetter(this.here(id), type, meta, (error as AgentOSError).code === "MAILBOX_FULL" ? "overflow" : "stopped") // prettier-ignore
    return false
  }

  // --- what is known ------------------------------------------------------------------------------------------------------------------------

  /** What the members are now. */
  members(view: View): void {
    this.#view = view
    this.#away = new Set([...view.members.values()].filter(isAway).map(({ id }) => id))
    this.#place()
  }

  #candidates(view: View): readonly NodeDescription[] {
    return holders(view).filter((node) => {
      const id = nodeId(node)
      return id === nodeId(this.#self) ? !this.#draining : !this.#drainingPeers.has(id)
    })
  }

  #place(): void {
    const view = this.#view
    if (view === undefined || this.#closed) return
    this.#placed = placeTwo(this.#count, this.#candidates(view), this.#role)
    const { name } = this.#self
    for (const [shard, { first, second }] of this.#placed.entries()) {
      const wish: Wish = first === name ? "serve" : second === name ? "stand-by" : "none"
      this.#ownership.wish(shard, wish)
    }
    this.#plan()
  }

  #linked(event: PeerEvent): void {
    this.links += 1
    if (event.kind === "opened") return this.#opened(event.peer)
    const { peer } = event
    this.#open.delete(peer)
    this.#drainingPeers.delete(peer)
    for (const shard of this.#shards) {
      shard.gone(peer)
      this.#changed(shard)
    }
    this.#place()
  }

  #opened(peer: NodeId): void {
    this.#open.add(peer)
    const mine = this.#shards.filter(({ giver, taker }) => giver !== undefined || taker.at === "following")
    if (mine.length > 0) this.#tellServing([peer], mine)
    if (this.#draining) this.#tell(peer, { kind: "draining", on: true })
    this.#plan()
  }

  #news(news: OwnershipNews): void {
    const shard = this.#shard(news.shard)
    if (news.kind === "serve" || news.kind === "go-on") {
      this.#routes.learn(news.shard, nodeId(this.#self), news.epoch)
      if (this.#serving.length === 0) this.#clock.soon(() => this.#tellNews())
      this.#serving.push(news.shard)
    }
    shard.news(news)
    if (news.kind === "serve" || news.kind === "stop") this.#plan()
  }

  #tellNews(): void {
    const shards = this.#serving.splice(0).map((number) => this.#shard(number))
    this.#tellServing([...this.#open], shards)
  }

  #tellServing(peers: readonly NodeId[], shards: readonly Shard[]): void {
    const news: News = { kind: "serving", shards: shards.map(({ number }) => number), epochs: shards.map(({ epoch }) => epoch) } // prettier-ignore
    for (const peer of peers) this.#tell(peer, news)
  }

  #tell(peer: NodeId, news: News): void {
    this.#peers.tell(peer, SERVICE, news.kind, news)
  }

  /** The way of a shard's messages may be another now (D1, D2). */
  #changed(shard: Shard): void {
    const { number, lines } = shard
    // What this node sent to another before goes first.
    if (shard.handles && !this.#barriers.isUp(number) && this.#barriers.last(number) !== undefined)
      this.#barriers.raise(number)
    this.straight[number] = shard.handles && !this.#barriers.isUp(number) ? 1 : 0
    if (lines.size > 0 && !shard.moving && !shard.stopping) {
      const way = this.#way(number, undefined)
      if (way.go !== "hold") for (const message of lines.take("both")) this.#dispatch(message, message.from, true)
    }
    if ((shard.handles || (lines.size === 0 && !this.#barriers.isUp(number))) && this.#settled.size > 0) {
      for (const settled of this.#settled.get(number) ?? []) settled()
      this.#settled.delete(number)
    }
  }

  // --- what peers say -----------------------------------------------------------------------------------------------------------------------

  #service(): Service {
    return {
      handle: (type: string, payload: never, from: NodeId): unknown => {
        if (type === "barrier") return this.#barrier(payload)
        const news = payload as News
        switch (news.kind) {
          case "serving":
            return this.#heardServing(from, news.shards, news.epochs)
          case "draining":
            if (news.on) this.#drainingPeers.add(from)
            else this.#drainingPeers.delete(from)
            return this.#place()
          case "offer":
            if (this.#draining) return this.#tell(from, { kind: "decline", shard: news.shard, move: news.move }) // D3
            return this.#shard(news.shard).heard(from, news)
          default:
            return this.#shard(news.shard).heard(from, news)
        }
      },
    }
  }

  #heardServing(from: NodeId, shards: readonly number[], epochs: readonly number[]): void {
    for (const [i, number] of shards.entries())
      if (this.#routes.learn(number, from, epochs[i] as number)) this.#changed(this.#shard(number))
  }

  /** All that the one who asks has sent for a shard before has been handled, or passed on. */
  async #barrier({ shard: number, hops }: { readonly shard: number; readonly hops: number }): Promise<void> {
    const shard = this.#shard(number)
    while (!shard.handles && (shard.lines.size > 0 || this.#barriers.isUp(number)))
      await new Promise<void>((settled) => {
        const waiting = this.#settled.get(number)
        if (waiting === undefined) this.#settled.set(number, [settled])
        else waiting.push(settled)
      })
    const to = this.#barriers.last(number)
    if (shard.handles || to === undefined || hops >= barrierHops) return
    await this.#askBarrier(to, number, hops + 1).catch(() => undefined)
  }

  #askBarrier(peer: NodeId, shard: number, hops: number): Promise<unknown> {
    return this.#peers.call(peer, SERVICE, "barrier", { shard, hops }, { timeoutMs: barrierMs })
  }

  // --- moves --------------------------------------------------------------------------------------------------------------------------------

  #world(): ShardWorld {
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
      deliver: (message) => void this.#deliver(message, true),
      again: (message) => void this.#dispatch(message, message.from, true),
      flush: (shard, taker, epoch, messages) => this.#flush(shard, taker, epoch, messages),
      changed: (shard) => {
        this.#changed(shard)
        this.#plan()
      },
    }
  }

  async #flush(shard: number, taker: NodeId, epoch: number, messages: readonly HeldMessage[]): Promise<void> {
    this.#routes.gave(shard, taker, epoch)
    const flushed = this.#flushAll(taker, messages)
    if (flushed === undefined) return this.#barriers.sent(shard, taker)
    this.#barriers.hold(shard, flushed) // what comes meanwhile waits
    await flushed
    this.#barriers.sent(shard, taker)
  }

  /** Sends messages to the taker. @returns undefined when that is done, else when it will be: a mailbox there is full */
  #flushAll(taker: NodeId, messages: readonly HeldMessage[]): Promise<void> | undefined {
    for (const [i, message] of messages.entries())
      if (!this.#flushOne(taker, message)) return this.#flushSlowly(taker, messages.slice(i))
    return undefined
  }

  async #flushSlowly(taker: NodeId, messages: readonly HeldMessage[]): Promise<void> {
    for (const message of messages)
      while (!this.#flushOne(taker, message)) await new Promise<void>((look) => this.#clock.timer(8, look))
  }

  /** @returns false when it is to be tried again */
  #flushOne(taker: NodeId, message: HeldMessage): boolean {
    const { id, type, payload, meta } = message
    if (isOver(message)) return true
    const ref = this.#open.has(taker) ? this.#peers.entityAt(taker, id) : undefined
    if (ref === undefined) {
      this.#dispatch(message, message.from, true)
      return true
    }
    if (!(meta instanceof Ask)) return ref.send(type, payload, meta)
    this.#ask(ref, message, meta, true)
    return true
  }

  /** Begins the moves that are due; asked for often, done now and then. */
  #plan(): void {
    if (this.#planned || this.#closed) return
    this.#planned = true
    this.#clock.timer(planMs, () => {
      this.#planned = false
      if (!this.#closed) this.#beginMoves()
    })
  }

  #beginMoves(): void {
    const { name } = this.#self
    const { entities } = this.#system
    const { ships } = this.#ownership
    const now = this.#clock.monotonic()
    let [moving, inUse] = [0, 0]
    const leaving: { readonly shard: Shard; readonly to: string; readonly empty: boolean }[] = []
    const homeless: Shard[] = []
    for (const shard of this.#shards) {
      if (shard.moving || shard.stopping) moving += 1
      else if (shard.giver !== undefined && shard.restUntil <= now) {
        const to = this.#placed[shard.number]?.first
        if (to === undefined && this.#nobodyTakes && !ships) homeless.push(shard)
        else if (to !== undefined && to !== name) leaving.push({ shard, to, empty: entities.isEmpty(shard.number) })
      }
    }
    for (const shard of homeless) void shard.letGo() // nobody is there to take them
    if (leaving.length === 0) return
    this.#begunAt = this.#begunAt.filter((at) => now - at < 60_000)
    inUse = moving
    const begin = (empty: boolean, limits: RebalanceLimits): void => {
      const wanted = leaving.filter((one) => one.empty === empty)
      const plan = planRebalance(
        {
          current: wanted.map(() => name),
          wished: wanted.map(({ to }) => to),
          alive: new Set([name]),
          leaving: new Set(this.#draining ? [name] : []),
          moving: new Set(Array.from({ length: inUse }, (_, n) => -1 - n)),
          begunAt: this.#begunAt,
          stateIs: ships ? "on-the-node" : "shared",
        },
        limits,
        now,
      )
      for (const { shard: place, to, why } of plan.now) {
        const taker = this.#peers.named(to)
        if (taker === undefined || !this.#open.has(taker)) continue
        if (why === "level" && !empty) this.#begunAt.push(now)
        inUse += 1
        ;(wanted[place] as (typeof wanted)[number]).shard.begin(++this.#moves, taker)
      }
    }
    begin(false, this.#limits)
    begin(true, { perMinute: Infinity, atOnce: (ships ? 1 : emptyAtOnce) * this.#limits.atOnce }) // D4
  }

  /** It drains, and is the only one there. */
  get #nobodyTakes(): boolean {
    return this.#draining && !this.#placed.some(({ first }) => first !== undefined)
  }

  #situation(): Situation {
    const alive = new Set([this.#self.name])
    for (const peer of this.#open) alive.add(nameOf(peer))
    const leaving = new Set([...this.#drainingPeers].map(nameOf))
    if (this.#draining) leaving.add(this.#self.name)
    return {
      current: this.#placed.map((_, shard) => this.#ownerName(shard)),
      wished: this.#placed.map(({ first }) => first),
      alive,
      leaving,
      moving: new Set(this.#shards.filter(({ moving }) => moving).map(({ number }) => number)),
      begunAt: this.#begunAt,
      stateIs: this.#ownership.ships ? "on-the-node" : "shared",
    }
  }

  #ownerName(shard: number): string | undefined {
    if (this.#shard(shard).giver !== undefined) return this.#self.name
    const route = this.#routes.of(shard)
    if (route !== undefined && this.#open.has(route.owner)) return nameOf(route.owner)
    return this.#ownership.ownerOf(shard)
  }

  /** What would be moved, and how it looks afterwards: as this node sees it. */
  plan(): Plan {
    return planRebalance(this.#situation(), this.#limits, this.#clock.monotonic())
  }

  // --- the whole ----------------------------------------------------------------------------------------------------------------------------

  /** Serves every shard that is placed here, and none is on its way to it. */
  get ready(): boolean {
    const { name } = this.#self
    if (this.#closed || this.#draining || this.#placed.length === 0) return false
    return this.#placed.every(({ first }, number) => {
      const shard = this.#shard(number)
      return first === name ? shard.giver?.at === "running" : !shard.moving
    })
  }

  get status(): ShardsStatus {
    const owned = new Map<string, number>()
    let [served, wished] = [0, 0]
    for (const { number, giver } of this.#shards) {
      const owner = this.#ownerName(number) ?? ""
      owned.set(owner, (owned.get(owner) ?? 0) + 1)
      if (this.#placed[number]?.first !== this.#self.name) continue
      wished += 1
      if (giver !== undefined) served += 1
    }
    return {
      owned,
      served,
      wished,
      moving: this.#shards.filter(({ moving }) => moving).length,
      held: this.#held.count,
      draining: this.#draining,
      trouble: this.#ownership.trouble(),
    }
  }

  /** Gives all shards away and takes none any more (D3); resolves when this node owns none, or has only such as lie on it and nobody is there to take. */
  async drain(): Promise<void> {
    this.#draining = true
    for (const peer of this.#open) this.#tell(peer, { kind: "draining", on: true })
    this.#place()
    const stays = (): boolean => this.#ownership.ships && this.#nobodyTakes
    while (this.#shards.some(({ giver }) => giver !== undefined) && !stays() && !this.#closed)
      await new Promise<void>((look) => this.#clock.timer(20, look))
  }

  /** Takes shards again. */
  undrain(): void {
    this.#draining = false
    for (const peer of this.#open) this.#tell(peer, { kind: "draining", on: false })
    this.#place()
  }

  /** Every actor has stopped: gives up what others can take, and ends. */
  async leave(): Promise<void> {
    this.close()
    await this.#ownership.leave()
  }

  /** Ends without a word, as a crash does. */
  close(): void {
    this.#closed = true
    this.#unfollow?.()
    this.#looking.cancel()
    this.straight.fill(0)
  }

  /** Now and then: what was held too long, and moves whose time has come. */
  #look(): void {
    if (this.#closed) return
    const before = this.#clock.monotonic() - this.#held.limits.holdMs
    if (this.#held.count > 0)
      for (const { lines } of this.#shards) {
        if (lines.size === 0) continue
        for (const message of lines.takeOlder(before)) this.#refuse(message, "UNAVAILABLE")
      }
    this.#plan()
    this.#system.wheel.add(this.#looking, lookMs)
  }
}

const isAway = ({ status }: Member): boolean => status === "unreachable" || status === "down"
const nameOf = (id: NodeId): string => id.slice(0, id.lastIndexOf("#"))
