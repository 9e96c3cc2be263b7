/**
 * Where messages for the entities of a cluster go, on one node: into an entity here, to a peer, into the lines of a
 * shard that is about to be settled, or back to their sender. What is decided is in `way.ts`; here it is done.
 *
 * Invariants
 *   D1. A message is handled, held, on its way to a peer, or its sender has been told; on every change of what is
 *       known of a shard, what is held for it is looked at again. Nothing that comes later goes before it, whatever
 *       has become known without a word.
 *   D2. `straight[shard]` is 1 only while whatever comes for the shard, from here or from a peer, may go into its
 *       entities at once.
 *   D3. What waits is as it was when it was sent (L6 of `link.ts`), whatever its sender changes meanwhile.
 *   D4. An ask that this node has passed on ends before this node does: by its answer, or it is called off where it
 *       went, and its asker is told. So none is told that its node was lost and carried out afterwards.
 */
import { AgentOSError } from "#actors/errors.js"
import { Ask } from "#actors/ask.js"
import { causeWith, type Cause } from "#actors/cause.js"
import type { Clock } from "#actors/clock.js"
import type { EntityRef } from "#actors/entities.js"
import type { PersistenceId } from "#actors/persistence/journal.js"
import { keptCopy } from "#actors/plain.js"
import type { AskOptions, OpenAsk, Ref } from "#actors/ref.js"
import type { ActorSystem } from "#actors/system.js"
import { Barriers } from "./barriers.js"
import { isOver, type HeldMessage, type HoldCount, type Message } from "./held.js"
import type { NodeId } from "./node.js"
import type { Ownership } from "./ownership.js"
import type { Peers } from "./peers.js"
import { shardOf } from "./placement.js"
import { Routes } from "./routes.js"
import type { Shard } from "./shard.js"
import { Elsewhere, isAnswer, ShardedRef, shardMoved, type ShardedRefs } from "./sharded-ref.js"
import { wayOf, type Way } from "./way.js"

/** A barrier is passed on so often: more owners within its time there are not. */
const barrierHops = 4
/** Before a mailbox of the taker that was full is tried again. */
const flushAgainMs = 8

export interface BarrierAsked {
  readonly shard: number
  readonly hops: number
  /** Who asked first, when it was passed on. */
  readonly origin?: NodeId
}

export interface DispatchOptions {
  readonly shards: readonly Shard[]
  readonly count: number
  readonly ownership: Ownership
  readonly held: HoldCount
  readonly clock: Clock
  /** Name of the node that a shard is placed on. */
  placedOn(shard: number): string | undefined
  /** A shard begins to be served: what comes for it goes into its entities from now on. */
  served(shard: number): void
  /** Asks a peer for a barrier. */
  askBarrier(peer: NodeId, asked: BarrierAsked): Promise<unknown>
}

/** D3 @throws `INVALID_PAYLOAD` */
const copied = (message: Message): Message => ({
  ...message,
  payload: keptCopy(message.payload, () => `${message.id.type}.${message.type}`),
})

export class Dispatch implements ShardedRefs {
  readonly straight: Uint8Array
  links = 0
  readonly routes = new Routes()
  /** Peers that can be reached. */
  readonly open = new Set<NodeId>()
  /**
   * Peers that are believed to be away, or given up: their entities are unavailable, with a link to them or without.
   */
  away: ReadonlySet<NodeId> = new Set()
  readonly #shards: readonly Shard[]
  readonly #count: number
  readonly #ownership: Ownership
  readonly #held: HoldCount
  readonly #clock: Clock
  readonly #options: DispatchOptions
  readonly #barriers: Barriers
  /** Who wait until nothing is held for a shard. */
  readonly #settled = new Map<number, (() => void)[]>()
  #flushing = 0
  #relays = 0
  /** Calls off what this node has passed on for others. */
  readonly #calledOff = new AbortController()
  #system!: ActorSystem
  #peers!: Peers
  #closed = false

  constructor(options: DispatchOptions) {
    const { shards, count, ownership, held, clock } = options
    this.#options = options
    this.#shards = shards
    this.#count = count
    this.#ownership = ownership
    this.#held = held
    this.#clock = clock
    this.straight = new Uint8Array(count)
    this.#barriers = new Barriers({
      now: () => clock.monotonic(),
      isOpen: (peer) => this.open.has(peer),
      ask: (peer, shard) => options.askBarrier(peer, { shard, hops: 0 }),
      dispatch: (message) => void this.#dispatch(message, message.from, true),
      passed: (shard) => this.changed(this.#shard(shard)),
    })
  }

  start(system: ActorSystem, peers: Peers): void {
    this.#system = system
    this.#peers = peers
  }

  /** What was passed on and not begun where it went is not carried out (D4): nobody will hear of it. */
  callOff(why: AgentOSError): void {
    this.#calledOff.abort(why)
  }

  /** From now on nothing goes straight. */
  close(): void {
    this.#closed = true
    this.straight.fill(0)
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
    if (way.go !== "peer" || this.#shard(shard).lines.size > 0) return undefined // D1
    if (!this.#barriers.mayGo(shard, way.peer)) return undefined
    this.#barriers.sent(shard, way.peer)
    return way.peer
  }

  dispatch(message: Message, from: NodeId | undefined): boolean {
    return this.#dispatch(message, from, false)
  }

  /**
   * Sends a message that this node had accepted by what is known now.
   * @param epoch it was held for an owner at this one: a higher one may be where it came from (T3 of `routes.ts`)
   */
  again(message: HeldMessage, epoch: number): void {
    const route = this.routes.of(this.shardOf(message.id))
    const back = route !== undefined && route.owner === message.from && route.epoch > epoch
    this.#dispatch(message, back ? undefined : message.from, true)
  }

  /** Puts a message that this node had accepted into its entity here. */
  deliver(message: Message): void {
    this.#deliver(message, true)
  }

  /** A flush is under way. */
  get flushing(): boolean {
    return this.#flushing > 0
  }

  /** Asks of others that were passed on to peers, and have not ended. */
  get relays(): number {
    return this.#relays
  }

  /** Something that this node sends waits behind a barrier. */
  get waiting(): boolean {
    return this.#barriers.any
  }

  relay(
    ref: Ref,
    type: string,
    payload: unknown,
    cause: Cause | undefined,
    options: AskOptions | undefined,
    serving: OpenAsk | undefined,
    asker: object | undefined,
  ): Promise<never> {
    // prettier-ignore
    const lasting = causeWith({ signal: this.#calledOff.signal }, cause)
    const answer = ref.request(type, payload, lasting, options, serving, asker)
    const ended = (): void => void (this.#relays -= 1)
    this.#relays += 1
    answer.then(ended, ended)
    return answer
  }

  /** @param accepted before, by this node: no bound stands against it */
  #dispatch(message: Message, from: NodeId | undefined, accepted: boolean): boolean {
    const shard = this.shardOf(message.id)
    const way = this.#way(shard, from)
    if (way.go === "nowhere") return this.#refuse(message, "UNAVAILABLE")
    if (way.go !== "hold") this.#sendHeld(this.#shard(shard)) // D1
    const to = way.go === "peer" ? way.peer : undefined
    const own = from === undefined && !accepted
    // What a peer sends for this node has its order by the link.
    if ((from === undefined || to !== undefined) && !this.#barriers.mayGo(shard, to)) {
      if (!accepted && this.#barriers.count(shard) >= this.#held.limits.perShard)
        return this.#refuse(message, "MAILBOX_FULL")
      this.#barriers.wait(shard, own ? copied(message) : message, from, accepted)
      this.changed(this.#shard(shard))
      return true
    }
    if (way.go === "here") {
      const { givenBy } = this.#shard(shard)
      return this.#deliver(message, accepted || (from !== undefined && from === givenBy))
    }
    if (way.go === "hold") {
      const held = own ? copied(message) : message
      if (this.#shard(shard).lines.hold(way.line, held, from, this.#clock.monotonic(), accepted)) return true
      return this.#refuse(message, "MAILBOX_FULL")
    }
    return this.#send(message, way.peer, accepted)
  }

  answered(shard: number, answer: unknown, ask: Ask | undefined): unknown {
    if (answer instanceof Elsewhere) return answer.told
    const right = this.#ownership.mayAnswer(shard)
    if (right === "from-memory") return answer
    if (right === "refuse") throw shardMoved(shard)
    return this.#confirmed(shard, ask).then(() => answer)
  }

  failed(shard: number, error: unknown, ask: Ask | undefined): never | Promise<never> {
    if (error instanceof Elsewhere) throw error.told
    if (!isAnswer(error)) throw error
    const right = this.#ownership.mayAnswer(shard)
    if (right === "from-memory") throw error
    if (right === "refuse") throw shardMoved(shard)
    return this.#confirmed(shard, ask).then(() => {
      throw error
    })
  }

  async #confirmed(shard: number, ask: Ask | undefined): Promise<void> {
    const confirmed = this.#ownership.confirm(shard)
    if (!(await (ask?.within(confirmed) ?? confirmed))) throw shardMoved(shard)
  }

  // --- the way of a message -----------------------------------------------------------------------------------------------------------------

  #shard(number: number): Shard {
    return this.#shards[number] as Shard
  }

  #way(number: number, from: NodeId | undefined): Way {
    const shard = this.#shard(number)
    const { giver, taker, givenBy, stopping, owned } = shard
    const route = this.routes.of(number)
    const known = route !== undefined && this.#answers(route.owner) ? { peer: route.owner, given: route.given } : undefined // prettier-ignore
    const standing = this.#ownership.standing(number)
    const likely = known === undefined && giver === undefined ? this.#likely(number) : undefined
    return wayOf({ giver, taker, givenBy, stopping, owned, standing, known, likely }, from)
  }

  #answers(peer: NodeId): boolean {
    return this.open.has(peer) && !this.away.has(peer)
  }

  /** Whom the registry names, or the placement; where state lies on the node, only the node that has it. */
  #likely(shard: number): NodeId | undefined {
    const owner = this.#ownership.ownerOf(shard)
    const placed = this.#ownership.ships && owner !== undefined ? undefined : this.#options.placedOn(shard)
    for (const name of [owner, placed]) {
      const peer = name === undefined ? undefined : this.#peers.named(name)
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

  #send(message: Message, peer: NodeId, accepted: boolean): boolean {
    const { id, type, payload, meta } = message
    const ref = this.#peers.entityAt(peer, id)
    if (ref === undefined) return this.#refuse(message, "UNAVAILABLE")
    this.#barriers.sent(this.shardOf(id), peer)
    try {
      if (!(meta instanceof Ask))
        return accepted ? this.#system.sendTaken(ref, type, payload, meta) : ref.send(type, payload, meta)
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
    this.relay(ref, type, payload, ask.cause, options, ask.serving, ask.asker).then(
      (answer: unknown) => ask.reply(new Elsewhere(answer)),
      (error: unknown) => ask.fail(new Elsewhere(error)),
    )
  }

  #refuse(message: Message, code: "UNAVAILABLE" | "MAILBOX_FULL"): false {
    if (this.#system.stopping) return this.#lost(message, this.#system.stopped) // not to be tried again here
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

  // --- what changes it ----------------------------------------------------------------------------------------------------------------------

  /** The way of a shard's messages may be another now (D1, D2). */
  changed(shard: Shard): void {
    const { number, lines } = shard
    // What this node sent to another before goes first.
    if (shard.handles && !this.#barriers.isUp(number) && this.#barriers.last(number) !== undefined)
      this.#barriers.raise(number)
    const before = this.straight[number]
    this.straight[number] = shard.handles && !this.#barriers.isUp(number) && !this.#closed ? 1 : 0
    if (before === 0 && this.straight[number] === 1) this.#options.served(number)
    this.#sendHeld(shard)
    if ((shard.handles || (lines.size === 0 && !this.#barriers.isUp(number))) && this.#settled.size > 0) {
      for (const settled of this.#settled.get(number) ?? []) settled()
      this.#settled.delete(number)
    }
  }

  /** Sends what is held for a shard, if it has a way by now (D1). */
  #sendHeld({ number, lines, moving, stopping }: Shard): void {
    if (lines.size === 0 || moving || stopping || this.#way(number, undefined).go === "hold") return
    for (const message of lines.take("both")) this.#dispatch(message, message.from, true)
  }

  /** Of what is held, what came before a moment is given back to its senders. */
  giveUp(before: number): void {
    if (this.#held.count === 0) return
    for (const { lines } of this.#shards)
      if (lines.size > 0) for (const message of lines.takeOlder(before)) this.#refuse(message, "UNAVAILABLE")
  }

  /** All that the one who asks has sent for a shard before has been handled, or passed on. */
  async barrier({ shard: number, hops, origin }: BarrierAsked, from: NodeId): Promise<void> {
    if (origin === this.#system.node) return // it has come back here, and goes before what waits for it (D1)
    const shard = this.#shard(number)
    while (!shard.handles && (shard.lines.size > 0 || this.#barriers.isUp(number)))
      await new Promise<void>((settled) => {
        const waiting = this.#settled.get(number)
        if (waiting === undefined) this.#settled.set(number, [settled])
        else waiting.push(settled)
      })
    const to = this.#barriers.last(number)
    if (shard.handles || to === undefined || hops >= barrierHops) return
    const asked = { shard: number, hops: hops + 1, origin: origin ?? from }
    await this.#options.askBarrier(to, asked).catch(() => undefined)
  }

  // --- moves --------------------------------------------------------------------------------------------------------------------------------

  /** Sends what a giver held to the taker; what comes from now on goes after it. */
  async flush(shard: number, taker: NodeId, epoch: number, messages: readonly HeldMessage[]): Promise<void> {
    this.routes.gave(shard, taker, epoch)
    const flushed = this.#flushAll(taker, messages)
    if (flushed === undefined) return this.#barriers.sent(shard, taker)
    this.#barriers.hold(shard, flushed) // what comes meanwhile waits
    this.#flushing += 1
    await flushed
    this.#flushing -= 1
    this.#barriers.sent(shard, taker)
  }

  /**
   * Sends messages to the taker.
   * @returns undefined when that is done, else when it will be: a mailbox there is full
   */
  #flushAll(taker: NodeId, messages: readonly HeldMessage[]): Promise<void> | undefined {
    for (const [i, message] of messages.entries())
      if (!this.#flushOne(taker, message)) return this.#flushSlowly(taker, messages.slice(i))
    return undefined
  }

  async #flushSlowly(taker: NodeId, messages: readonly HeldMessage[]): Promise<void> {
    for (const message of messages)
      while (!this.#flushOne(taker, message)) await new Promise<void>((look) => this.#clock.timer(flushAgainMs, look))
  }

  /** @returns false when it is to be tried again */
  #flushOne(taker: NodeId, message: HeldMessage): boolean {
    const { id, type, payload, meta } = message
    if (isOver(message)) return true
    const ref = this.open.has(taker) ? this.#peers.entityAt(taker, id) : undefined
    if (ref === undefined) {
      this.#dispatch(message, message.from, true)
      return true
    }
    if (!(meta instanceof Ask)) return ref.send(type, payload, meta)
    this.#ask(ref, message, meta, true)
    return true
  }
}
