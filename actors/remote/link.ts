/**
 * One side of the connection of two actor systems: refs to the other side's actors, what is sent to them, and what
 * comes from there.
 *
 * Invariants
 *   L1. What is sent in one turn goes in one batch, or in a few large ones.
 *   L2. An ask that was sent ends once: by its answer, by its own deadline or signal here, or with the link. It is not
 *       kept for an answer that never comes (A2).
 *   L3. What comes for a name that is not known here reaches nobody; it is never sent on to where it came from.
 *   L4. A message that cannot be sent is lost alone, and its ask is told: names that stand beside it in the batch are
 *       still heard (W1).
 *   L5. A message that cannot be taken (its cause names what is no name, its payload has no place for what came beside
 *       it) is refused alone, and its ask is told.
 *   L6. What is sent is as it was when `tell` or `ask` was called, or the answer given, whatever is changed
 *       afterwards: an object is copied then (`Vocabulary.pack`), or written to bytes at once.
 *   L7. What comes marked as from outside is held against the schema of its message here, before it is put anywhere;
 *       the sender did not know it.
 */
import { parseAddress } from "../address.js"
import { handlerEnd, unanswerable, type Ask } from "../ask.js"
import type { Cause } from "../cause.js"
import { Cell, type Signal } from "../cell.js"
import type { Compiled } from "../compiled.js"
import { AgentOSError } from "../errors.js"
import { found, keptCopy, lookAt } from "../plain.js"
import { checking, type Ref } from "../ref.js"
import type { Exit } from "../supervision.js"
import type { ActorSystem } from "../system.js"
import { Anchor } from "./anchor.js"
import { Credit } from "./credit.js"
import type { Directory } from "./directory.js"
import { exitOf, failureOf, farExit, thrownOf, type Failure } from "./failure.js"
import type { Held, Notice } from "./holding.js"
import {
  lengths,
  op,
  type Beside,
  type Channel,
  type FarDefinition,
  type Fate,
  type Parts,
  type Recipient,
  type SeatNews,
} from "./protocol.js"
import { RemoteRef, UnknownProtocol } from "./remote-ref.js"
import { SentAsks } from "./sent-asks.js"
import { Vocabulary, type RefNames } from "./vocabulary.js"

/** Fields of a batch after which it does not wait for the end of the turn. */
const fullBatch = 4096
/**
 * Bytes or characters of a payload after which the batch does not wait, either: who carries it must know soon how much
 * it is.
 */
const largePayload = 16_384

/** Those who deal with actors of one side that live on the other. */
export interface Seats {
  /** The actor on a seat, when it lives here. */
  at(seat: number): Cell | undefined
  news(seat: number, news: SeatNews): void
  /** Messages to a seat of the other side were taken. */
  credit(seat: number, count: number): void
  /** An actor that the anchor supervises has crashed, or stopped by itself and is to be started again. */
  childEnded?(child: Cell, exit: Exit): void
  /** An actor that the anchor watches has ended. */
  ended?(cell: Cell): void
}

/**
 * How names beyond the two sides of a link are understood: where a system has several links, and entities and services
 * that all of them know.
 */
export interface FarNames {
  /** Who takes messages to a name that is not in the directory. */
  recipient(name: string): Ref | undefined
  /** The ref that a name in a payload stands for; undefined: to an actor of the other side. */
  refOf(name: string, compiled: Compiled | undefined): Ref | undefined
  /** The name by which a ref is known on every system. */
  nameOf(ref: Ref): string | undefined
}

export interface LinkOptions {
  readonly names?: FarNames
  /** Fields of a batch after which it is sent at once; default 4,096. */
  readonly fullBatch?: number
  /** Whether batches are written to bytes as they are posted; default false. */
  readonly writes?: boolean
}

export class Link implements RefNames {
  readonly system: ActorSystem
  readonly directory: Directory
  readonly anchor: Anchor
  readonly vocabulary: Vocabulary
  closed = false
  /** Why messages cannot be sent at the moment; who carries the batches sets it. Asks under way are not touched. */
  refusal: AgentOSError | undefined = undefined
  /** Whether as much is under way as may be; who carries the batches sets it, and says `roomAgain`. */
  full = false
  readonly #names: FarNames | undefined
  readonly #fullBatch: number
  /** Refs with asks that wait until the link is full no more. */
  #waitForRoom: RemoteRef[] = []
  readonly #channel: Channel
  readonly #seats: Seats
  readonly #writes: boolean
  #batch: unknown[] = []
  /** At the end of the turn, what waits is sent. */
  #scheduled = false
  readonly #flush = (): void => {
    this.#scheduled = false
    this.flush()
  }

  readonly #unknown = new UnknownProtocol()

  readonly #asks = new SentAsks()

  readonly #refs = new Map<string, Held<RemoteRef>>()
  readonly #unheld: Notice<string>

  readonly #credit: Credit

  constructor(system: ActorSystem, directory: Directory, channel: Channel, seats: Seats, options: LinkOptions = {}) {
    this.#names = options.names
    this.#fullBatch = options.fullBatch ?? fullBatch
    this.#writes = options.writes === true
    this.system = system
    this.directory = directory
    this.#channel = channel
    this.#seats = seats
    this.#unheld = system.holding.notice((name) => {
      if (this.#refs.get(name)?.deref() === undefined) this.#refs.delete(name)
    })
    this.anchor = new Anchor(
      system,
      (signal) => this.#heard(signal),
      (other, cause) => this.fate(this.nameOf(other), { what: "crashed", data: failureOf(cause) }),
    )
    const say = (...fields: readonly unknown[]): void => this.#push(...fields)
    this.vocabulary = new Vocabulary(system.wheel, system.holding, this, say, this.#writes)
    this.#credit = new Credit(system.clock, system.wheel, (to, count) => this.#push(op.credit, to, count))
  }

  // --- sending -------------------------------------------------------------------------------------------------------------------------------

  tell(to: Recipient, type: string, payload: unknown, cause: Cause | undefined): void {
    const { vocabulary } = this
    const { value, parts } = vocabulary.pack(payload, type, typeof to === "number") // a proxy has copied it already
    const number = vocabulary.numberOf(type)
    const beside =
      cause === undefined && parts === undefined ? undefined : { parts, cause: vocabulary.packCause(cause) }
    if (this.#goesAtOnce(value))
      return beside === undefined ? this.#tell(to, number, value) : this.#post([op.send, to, number, value, beside])
    const batch = this.#open()
    if (batch === undefined) return
    if (beside === undefined) batch.push(op.tell, to, number, value)
    else batch.push(op.send, to, number, value, beside)
    this.#pushed(batch, value)
  }

  ask(to: Recipient, type: string, payload: unknown, ask: Ask): void {
    const { vocabulary } = this
    const { value, parts } = vocabulary.pack(payload, type, typeof to === "number")
    const { cause, asker, patient, staysOpen } = ask
    const plain = cause === undefined && asker === undefined && parts === undefined && !patient && staysOpen
    const beside: Beside | undefined = plain
      ? undefined
      : {
          parts,
          cause: vocabulary.packCause(cause),
          askers: vocabulary.packAskers(ask),
          waits: patient,
          ends: !staysOpen,
        }
    const left = ask.deadline - this.system.wheel.now
    const number = vocabulary.numberOf(type)
    if (this.#goesAtOnce(value)) return this.#post([op.ask, this.#asks.add(ask), to, number, value, left, beside])
    const batch = this.#open()
    if (batch === undefined) return
    batch.push(op.ask, this.#asks.add(ask), to, number, value, left, beside)
    this.#pushed(batch, value)
  }

  fate(name: string, { what, data }: Fate): void {
    this.#push(op.fate, what, name, data)
  }

  seat(seat: number, { what, data }: SeatNews): void {
    this.#push(op.seat, what, seat, data)
  }

  nameOf(ref: Ref): string {
    if (ref instanceof RemoteRef && ref.link === this) return ref.remoteName
    return this.#names?.nameOf(ref) ?? this.directory.nameOf(ref)
  }

  /** The ref that a name of the other side stands for. */
  refOf(name: string, compiled: Compiled | undefined): Ref {
    const known = this.directory.find(name) ?? this.#names?.refOf(name, compiled)
    return known ?? this.#entity(name) ?? this.remote(name, compiled ?? this.#unknown)
  }

  /** A ref to something of the other side that understands whatever it is sent, or says that it does not. */
  remoteUnknown(name: string): RemoteRef {
    return this.remote(name, this.#unknown)
  }

  /** A ref to an actor of the other side; the same one as long as somebody holds it. */
  remote(name: string, compiled: Compiled): RemoteRef {
    const known = this.#refs.get(name)?.deref()
    if (known !== undefined) return known
    const made = new RemoteRef(this, compiled, name)
    this.#refs.set(name, this.system.holding.hold(made))
    this.#unheld.register(made, name)
    return made
  }

  /** Sends what waits. */
  flush(): void {
    const batch = this.#batch
    if (batch.length === 0) return
    this.#batch = []
    if (!this.closed) this.#post(batch) // L1
  }

  #tell(to: Recipient, type: number | string, value: unknown): void {
    const channel = this.#channel
    if (channel.tell === undefined || typeof to === "number") return this.#post([op.tell, to, type, value])
    try {
      channel.tell(to, type, value)
    } catch (cause) {
      this.#unsendable([op.tell, to, type, value], cause)
    }
  }

  #post(batch: readonly unknown[]): void {
    try {
      this.#channel.post(batch)
    } catch {
      // Something in it cannot be sent after all: only that shall be lost (L4).
      for (const operation of operationsOf(batch)) {
        try {
          this.#channel.post(operation)
        } catch (cause) {
          this.#unsendable(operation, cause)
        }
      }
    }
  }

  /** L4 */
  #unsendable(operation: readonly unknown[], cause: unknown): void {
    const [what, first] = operation
    const error =
      cause instanceof AgentOSError && cause.code === "INVALID_PAYLOAD"
        ? cause
        : new AgentOSError("INVALID_PAYLOAD", "something looks like plain data, and cannot be copied", { cause })
    if (what === op.ask) this.#asks.take(first as number)?.fail(error)
    else if (what === op.reply) this.#push(op.fail, first, failureOf(unanswerable(error)))
    else this.system.logger.error({ error }, "a message to another system could not be sent, and is lost")
    if (what === op.ask) this.#credited(operation[2] as Recipient, 1)
    if (what === op.tell || what === op.send) this.#credited(first as Recipient, 1)
  }

  #push(...fields: readonly unknown[]): void {
    const batch = this.#open()
    if (batch === undefined) return
    for (let i = 0; i < fields.length; i++) batch.push(fields[i])
    if (batch.length >= this.#fullBatch) this.flush()
  }

  /** The batch that the next operation goes into; none once the link is closed. */
  #open(): unknown[] | undefined {
    if (this.closed) return undefined
    const batch = this.#batch
    if (!this.#scheduled) {
      this.#scheduled = true
      this.system.clock.soon(this.#flush)
    }
    return batch
  }

  /** L6. @returns whether it is to be posted now, by itself: then what waits before it was posted */
  #goesAtOnce(value: unknown): boolean {
    if (!this.#writes || typeof value !== "object" || value === null || this.closed) return false
    this.flush()
    return true
  }

  /** An operation with this payload has gone into the batch. */
  #pushed(batch: readonly unknown[], value: unknown): void {
    if (batch.length >= this.#fullBatch || isLarge(value)) this.flush()
  }

  /** Calls the ref when the link is full no more. */
  waitForRoom(ref: RemoteRef): void {
    if (!this.#waitForRoom.includes(ref)) this.#waitForRoom.push(ref)
  }

  /** Less is under way. */
  roomAgain(): void {
    this.full = false
    for (const ref of this.#waitForRoom.splice(0)) ref.credit(0)
  }

  // --- receiving -----------------------------------------------------------------------------------------------------------------------------

  /** Takes a batch that the other side has sent. */
  receive(batch: readonly unknown[]): void {
    const { vocabulary } = this
    for (let i = 0; i < batch.length; i += lengths[batch[i] as number] ?? 1) {
      switch (batch[i]) {
        case op.tell:
          this.#put(batch[i + 1] as Recipient, vocabulary.text(batch[i + 2]), batch[i + 3], undefined)
          break
        case op.send:
          this.#put(batch[i + 1] as Recipient, vocabulary.text(batch[i + 2]), batch[i + 3], batch[i + 4] as Beside)
          break
        case op.ask:
          this.#asked(
            batch[i + 1] as number,
            batch[i + 2] as Recipient,
            vocabulary.text(batch[i + 3]),
            batch[i + 4],
            batch[i + 5] as number,
            batch[i + 6] as Beside | undefined,
          )
          break
        case op.reply:
          this.#replied(batch[i + 1] as number, batch[i + 2], batch[i + 3] as Parts)
          break
        case op.fail:
          this.#asks.take(batch[i + 1] as number)?.fail(thrownOf(batch[i + 2] as Failure))
          break
        case op.credit:
          this.#credited(batch[i + 1] as Recipient, batch[i + 2] as number)
          break
        case op.name:
          vocabulary.learnText(batch[i + 1] as string)
          break
        case op.kind:
          vocabulary.learnKind(batch[i + 1] as FarDefinition)
          break
        case op.abort:
          vocabulary.signals.abort(batch[i + 1] as number, batch[i + 2] as Failure)
          break
        case op.forget:
          vocabulary.signals.forget(batch[i + 1] as number)
          break
        case op.fate:
          this.#fated(batch[i + 2] as string, { what: batch[i + 1], data: batch[i + 3] } as Fate)
          break
        case op.seat:
          this.#seats.news(batch[i + 2] as number, { what: batch[i + 1], data: batch[i + 3] } as SeatNews)
          break
        default:
          throw new AgentOSError("INVALID_PAYLOAD", `a batch holds the unknown operation ${String(batch[i])}`)
      }
    }
    this.#credit.batchEnded()
  }

  /** An entity of this system, where entities are the business of no other room. */
  #entity(name: string): Ref | undefined {
    if (this.#names !== undefined || !name.startsWith("entity:")) return undefined
    try {
      const address = parseAddress(name)
      return address.kind === "entity" ? this.system.entityAt(address.tenant, address.type, address.key) : undefined
    } catch {
      return undefined
    }
  }

  #recipient(to: Recipient): Ref | undefined {
    if (typeof to === "number") return this.#seats.at(to)
    return this.directory.find(to) ?? this.#names?.recipient(to) ?? this.#entity(to) // L3
  }

  #put(to: Recipient, type: string, value: unknown, beside: Beside | undefined): void {
    const { vocabulary } = this
    let ref: Ref | undefined
    let cause: Cause | undefined
    try {
      ref = this.#recipient(to)
      if (ref === undefined) {
        this.#gone(to)
        cause = vocabulary.unpackCause(beside?.cause)
        return void this.system.deadLetter({ address: String(to) }, type, cause, "stopped")
      }
      // What a seat was promised goes past the capacity: others here may have filled the mailbox meanwhile.
      try {
        cause = vocabulary.unpackCause(beside?.cause)
        const payload = vocabulary.unpack(value, beside?.parts)
        if (typeof to === "number" && ref instanceof Cell) ref.put(ref.compiled.number(type), payload, cause, true)
        else this.system.sendTaken(checking(ref, cause), type, payload, cause) // L7
      } finally {
        this.#credit.received(to, ref) // one that is refused is under way no more, either
      }
    } catch (error) {
      this.system.logger.warn({ to, type, error }, "a message from another system could not be delivered")
      this.system.deadLetter({ address: ref?.address ?? String(to) }, type, cause, "refused")
    }
  }

  #asked(id: number, to: Recipient, type: string, value: unknown, left: number, beside: Beside | undefined): void {
    const fail = (error: unknown): void => this.#push(op.fail, id, failureOf(error))
    try {
      const ref = this.#recipient(to)
      if (ref === undefined) {
        this.#gone(to)
        throw new AgentOSError("ACTOR_STOPPED", `${typeof to === "number" ? "the actor" : to} has stopped`)
      }
      this.#request(ref, to, type, value, left, beside).then((answer: unknown) => {
        try {
          const { value, parts } = this.vocabulary.pack(answer, `the answer of ${type}`, true)
          if (this.#goesAtOnce(value)) return this.#post([op.reply, id, value, parts])
          const batch = this.#open()
          if (batch === undefined) return
          batch.push(op.reply, id, value, parts)
          this.#pushed(batch, value)
        } catch (error) {
          fail(unanswerable(error))
        }
      }, fail)
    } catch (error) {
      fail(error)
    }
  }

  /** L5 */
  #request(
    ref: Ref,
    to: Recipient,
    type: string,
    value: unknown,
    left: number,
    beside: Beside | undefined,
  ): Promise<unknown> {
    const { vocabulary } = this
    try {
      const payload = vocabulary.unpack(value, beside?.parts)
      const waiting = vocabulary.unpackAskers(beside?.askers, left)
      const whenFull = beside?.waits === true ? ("wait" as const) : undefined
      const options = { timeoutMs: left, whenFull, answered: answerCopy }
      const cause = vocabulary.unpackCause(beside?.cause)
      if (beside?.ends === true && ref instanceof Cell)
        return handlerEnd(ref, type, payload, left, cause, waiting?.asker, waiting?.serving)
      return checking(ref, cause).request(type, payload, cause, options, waiting?.serving, waiting?.asker) // L7
    } finally {
      this.#credit.received(to, ref) // one that is refused is under way no more, either
    }
  }

  /** L5 */
  #replied(id: number, value: unknown, parts: Parts): void {
    const ask = this.#asks.take(id)
    try {
      ask?.reply(this.vocabulary.unpack(value, parts))
    } catch (error) {
      ask?.fail(error)
    }
  }

  /** Its ref on the other side need not send any more. */
  #gone(to: Recipient): void {
    if (typeof to === "string") this.fate(to, { what: "ended", data: { kind: "stopped" } })
  }

  #credited(to: Recipient, count: number): void {
    if (typeof to === "number") this.#seats.credit(to, count)
    else this.#refs.get(to)?.deref()?.credit(count)
  }

  // --- the fate of actors --------------------------------------------------------------------------------------------------------------------

  #fated(name: string, { what, data }: Fate): void {
    const remote = (): RemoteRef | undefined => this.#refs.get(name)?.deref()
    switch (what) {
      case "observe": {
        const cell = this.directory.find(name)
        if (!(cell instanceof Cell) || !cell.alive) return this.fate(name, { what: "ended", data: { kind: "stopped" } })
        this.anchor.family.watch(cell)
        return this.anchor.family.link(cell)
      }
      case "ended":
        return remote()?.end(exitOf(data))
      case "crashed":
        return remote()?.crashed(thrownOf(data))
      case "linked-crash": {
        const cell = this.directory.find(name)
        const other = this.refOf(data.other, undefined)
        if (cell instanceof Cell && other instanceof Cell) cell.linkedCrash(other, thrownOf(data.failure))
        return
      }
      case "stop": {
        const cell = this.directory.find(name)
        if (cell instanceof Cell) void cell.stop()
      }
    }
  }

  /** What the anchor hears of the actors here. */
  #heard(signal: Signal): void {
    if (signal.kind === "child-ended") return this.#seats.childEnded?.(signal.child, signal.exit)
    if (signal.kind !== "ended" || !(signal.ref instanceof Cell)) return
    this.anchor.family.unwatch(signal.ref)
    this.#seats.ended?.(signal.ref)
    this.fate(this.nameOf(signal.ref), { what: "ended", data: farExit(signal.exit) })
  }

  // --- the end -------------------------------------------------------------------------------------------------------------------------------

  /** The other side is gone. */
  close(error: AgentOSError): void {
    if (this.closed) return
    this.flush()
    this.closed = true
    this.#credit.close()
    this.#asks.failAll(error)
    this.vocabulary.signals.abortAll(error)
    for (const ref of this.#refs.values()) ref.deref()?.end({ kind: "crashed", error })
    this.#refs.clear()
    this.anchor.knownFamily?.forsake()
  }
}

/**
 * An answer as it is when it is given (L6). What is no plain data is left as it is: it is refused when it is to be
 * sent.
 */
const answerCopy = (answer: unknown): unknown =>
  typeof answer === "object" && lookAt(answer) < found.refused ? keptCopy(answer, () => "an answer") : answer

const isLarge = (value: unknown): boolean =>
  typeof value === "string" ? value.length > largePayload : ArrayBuffer.isView(value) && value.byteLength > largePayload

/** A batch, operation by operation. */
function* operationsOf(batch: readonly unknown[]): Generator<readonly unknown[]> {
  for (let i = 0; i < batch.length;) {
    const end = i + (lengths[batch[i] as number] as number)
    yield batch.slice(i, end)
    i = end
  }
}
