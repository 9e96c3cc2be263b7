/**
 * What waits for one actor, in the order in which it is to be handled, and the message that is being handled. When
 * that happens stands in turns.ts.
 *
 * Invariants
 *   I1. Ordinary messages are taken in the order they came. Urgent ones come before all others, those of reentrant
 *       handlers before the ordinary ones once a promise was open beside which they could be handled.
 *   I2. One message waits in the cell itself, and needs no mailbox: most actors never have one.
 *   I3. A mailbox that is full lets a patient ask wait, whatever `overflow` says; else it refuses or drops of its own
 *       lane. What was promised (results, timers) goes past its capacity, in whatever lane; a tick is no promise, and
 *       is only put where there is room.
 *   I4. What an actor's own timers and works send it is for the life that began them: another one does not handle it,
 *       and it is not handed on. It does not expire, and nobody else can call it off.
 */
import type { SpawnOptions } from "./actor.js"
import { Ask } from "./ask.js"
import { later, onward, type Cause } from "./cause.js"
import { lanes, type Compiled } from "./compiled.js"
import { AgentOSError } from "./errors.js"
import { KEPT_SLOTS, Mailbox } from "./mailbox.js"
import { Ref } from "./ref.js"
import type { ActorSystem } from "./system.js"
import type { Limit } from "./timers.js"

/** Lies beside a message that a timer or work of the actor itself sends: it was promised to one life (I4). */
export class Own {
  readonly life: number
  readonly cause: Cause | undefined
  /** What it goes on with, where that is more than a message: a command. */
  readonly origin: object | undefined

  /** @param cause that of the message during which it was begun */
  constructor(life: number, cause: Cause | undefined, origin: object | undefined) {
    this.life = life
    this.cause = later(cause)
    this.origin = origin
  }
}

/** What lies beside a message that was sent: the cause it belongs to, or the ask that waits for its answer. */
export type Sent = Cause | Ask

/** What lies beside a message. */
export type Meta = Sent | Own

/**
 * The cause that a message came with. A look at the shape costs half of one at the prototypes, and every message that
 * has a cause is looked at.
 */
export function causeOf(meta: Meta | undefined): Cause | undefined {
  return meta !== undefined && "cause" in meta ? meta.cause : meta
}

export const causeToPassOn = (meta: Meta | undefined): Cause | undefined =>
  meta === undefined ? undefined : onward(causeOf(meta))

export const phases = { running: 0, starting: 1, waiting: 2, stopping: 3, ended: 4 } as const
type Phase = (typeof phases)[keyof typeof phases]

/** The handler's number of a probe: it measures how long messages wait. */
export const PROBE = 255

/** Lies in place of the payload of a message that its handler has put aside. */
const PUT_ASIDE = Symbol("put aside")

/** Messages that do not stand in the one line; most actors have none. */
export class Aside {
  urgent: Mailbox<Meta> | undefined
  reentrant: Mailbox<Meta> | undefined
  /** Some of reentrant handlers may stand in the line of all others, as they came while no promise was open. */
  reentrantInLine = false
  /** Asks that wait for room in the mailbox. */
  patient: Mailbox<Meta> | undefined
  /** Put aside by the actor itself. */
  stashed: Message[] | undefined

  /** Promises of reentrant handlers that are open, with what lay beside their messages. */
  readonly open = new Map<Limit, Meta | undefined>()

  get waiting(): number {
    return (this.urgent?.size ?? 0) + (this.reentrant?.size ?? 0)
  }

  /** Nothing is put aside, waits for room or is being handled beside a promise. */
  get idle(): boolean {
    return this.open.size === 0 && this.stashed === undefined && (this.patient?.size ?? 0) === 0
  }
}

/** A message as its actor has it. */
export interface Message {
  readonly handler: number
  readonly payload: unknown
  readonly meta: Meta | undefined
}

/** A message that was taken out of a mailbox unhandled. */
export interface Waiting extends Message {
  readonly meta: Sent | undefined
}

/**
 * The place of an actor that is an entity: how it is known beyond this life of it, and what is told to whoever wakes
 * it and lets it sleep.
 */
export interface EntityPlace {
  /** Reaches the entity in whatever life, on whatever node. */
  readonly ref: Ref
  /** Why it is being stopped, as those are told to whom it owes an answer. */
  readonly over: AgentOSError | undefined
  /** It was used by itself, by a timer or the result of work. */
  used(): void
  /** It has stopped itself before it handled anything. */
  refused(): void
  /** It has ended; what waits for it can still be taken. */
  ended(): void
}

/** What an actor is spawned with, by users and by the runtime. */
export interface CellOptions extends SpawnOptions<unknown> {
  readonly entity?: EntityPlace
}

/** @template S what the actor is told besides messages: signals, which come before them */
export abstract class Inbox<S> extends Ref {
  readonly system: ActorSystem
  readonly compiled: Compiled
  /** What it was spawned with beyond the ordinary; most have none of it. */
  readonly options: CellOptions | undefined
  /** Handler number of the one message that waits inline, 0 when there is none (I2). */
  #first = 0
  #firstPayload: unknown = undefined
  #firstMeta: Meta | undefined = undefined
  #mailbox: Mailbox<Meta> | undefined = undefined
  protected aside: Aside | undefined = undefined
  protected signals: S[] | undefined = undefined
  /** Of the message being handled. */
  current: Meta | undefined = undefined
  protected handler = 0
  protected payload: unknown = undefined
  // What turns.ts and cell.ts keep of it is here as fields, since putting a message asks for each of them, and a call
  // costs what they cost together.
  protected phase: Phase = phases.running
  /** The limit of the handler's or hook's promise that is open. */
  protected open: Limit | undefined = undefined
  /** It has a place in the dispatcher's ring. */
  protected scheduled = false

  constructor(system: ActorSystem, compiled: Compiled, options: CellOptions | undefined) {
    super()
    this.system = system
    this.compiled = compiled
    this.options = options
  }

  /** Asks for a turn, if what waits may be handled. */
  protected abstract schedule(): void
  /** Asks for a turn in any case. */
  protected abstract queue(): void

  get waiting(): number {
    return (this.#first === 0 ? 0 : 1) + (this.#mailbox?.size ?? 0) + (this.aside?.waiting ?? 0)
  }

  /** All that was sent and not handled: what was put aside and what waits for room, too. */
  get unhandled(): number {
    const { aside } = this
    return this.waiting + (aside?.stashed?.length ?? 0) + (aside?.patient?.size ?? 0)
  }

  /** False when certainly nothing waits in line: costs less than to count. */
  protected get mayWait(): boolean {
    return this.#first !== 0 || this.#mailbox !== undefined
  }

  /** Messages that may be handled beside an open promise. */
  protected get waitingReentrant(): number {
    return this.aside?.reentrant?.size ?? 0
  }

  // --- putting ------------------------------------------------------------------------------------------------------

  /**
   * Puts a message; `promised` ones go past the capacity. Kept so short that V8 makes one piece of a send: what is out
   * of the ordinary stands in functions of its own.
   */
  put(handler: number, payload: unknown, meta: Meta | undefined, promised: boolean): boolean {
    const { compiled } = this
    if (this.phase === phases.ended || compiled.lanes !== undefined)
      return this.putByLane(handler, payload, meta, promised)
    return this.putInLine(handler, payload, meta, promised)
  }

  private putByLane(handler: number, payload: unknown, meta: Meta | undefined, promised: boolean): boolean {
    const { compiled } = this
    if (this.phase === phases.ended) return this.system.deadLetter(this, compiled.typeOf(handler), meta, "stopped")
    if (compiled.isolated && !promised) payload = compiled.isolate(handler, payload)
    const lane = compiled.lanes?.[handler]
    if (lane === lanes.urgent || (lane === lanes.reentrant && this.open !== undefined))
      return this.putBeside(lane, handler, payload, meta, promised)
    if (lane === lanes.reentrant) (this.aside ??= new Aside()).reentrantInLine = true
    return this.putInLine(handler, payload, meta, promised)
  }

  private putInLine(handler: number, payload: unknown, meta: Meta | undefined, promised: boolean): boolean {
    const mailbox = this.#mailbox
    if (this.#first === 0 && this.compiled.inline && (mailbox === undefined || mailbox.size === 0)) {
      this.#first = handler // I2
      this.#firstPayload = payload
      this.#firstMeta = meta
    } else if (mailbox === undefined) return this.putFirst(handler, payload, meta, promised)
    else if (promised || this.hasRoom(mailbox, payload)) mailbox.put(handler, payload, meta)
    else return this.refuse(mailbox, handler, payload, meta)
    if (!this.scheduled) this.schedule()
    return true
  }

  /** Makes the mailbox. */
  private putFirst(handler: number, payload: unknown, meta: Meta | undefined, promised: boolean): boolean {
    const mailbox = this.makeMailbox()
    if (!promised && !this.hasRoom(mailbox, payload)) return this.refuse(mailbox, handler, payload, meta)
    mailbox.put(handler, payload, meta)
    if (!this.scheduled) this.schedule()
    return true
  }

  private makeMailbox(): Mailbox<Meta> {
    const { compiled, options } = this
    return (this.#mailbox = new Mailbox(options?.mailbox?.capacity ?? compiled.capacity, compiled.bytes))
  }

  private putBeside(
    lane: number,
    handler: number,
    payload: unknown,
    meta: Meta | undefined,
    promised: boolean,
  ): boolean {
    const mailbox = this.besideOf(lane)
    if (!promised && !mailbox.takes(payload)) return this.refuse(mailbox, handler, payload, meta)
    mailbox.put(handler, payload, meta)
    if (!this.scheduled) this.queue()
    return true
  }

  private besideOf(lane: number): Mailbox<Meta> {
    const aside = (this.aside ??= new Aside())
    const { capacity } = this.compiled
    return lane === lanes.urgent
      ? (aside.urgent ??= new Mailbox(capacity))
      : (aside.reentrant ??= new Mailbox(capacity))
  }

  /**
   * Puts a message that the actor's own timer or work sends it (I3, I4).
   * @param promised false: only where there is room
   */
  putOwn(handler: number, payload: unknown, own: Own, promised: boolean): void {
    this.options?.entity?.used()
    if (promised || this.roomFor(handler, payload)) this.put(handler, payload, own, true)
  }

  private roomFor(handler: number, payload: unknown): boolean {
    const lane = this.compiled.lanes?.[handler]
    if (lane === lanes.urgent || (lane === lanes.reentrant && this.open !== undefined))
      return this.besideOf(lane).takes(payload)
    return this.hasRoom(this.#mailbox ?? this.makeMailbox(), payload)
  }

  /** The inline message counts too. */
  private hasRoom(mailbox: Mailbox<Meta>, payload: unknown): boolean {
    if (!mailbox.takes(payload)) return false
    return this.#first === 0 || mailbox !== this.#mailbox || mailbox.size + 1 < mailbox.capacity
  }

  /** I3. @param full the mailbox, of whatever lane */
  private refuse(full: Mailbox<Meta>, handler: number, payload: unknown, meta: Meta | undefined): boolean {
    const { system, compiled } = this
    if (meta instanceof Ask && meta.patient) {
      const aside = (this.aside ??= new Aside())
      ;(aside.patient ??= new Mailbox(Infinity)).put(handler, payload, meta)
      return true
    }
    const overflow = this.options?.mailbox?.overflow ?? compiled.overflow
    system.counts.refused += 1
    if (compiled.meter !== undefined) compiled.meter.refused += 1
    system.dispatcher.hurried = true
    if (overflow === "drop-oldest") {
      while (!this.hasRoom(full, payload) && this.dropOldest(full));
      full.put(handler, payload, meta)
      return true
    }
    if (overflow === "drop-newest") {
      system.deadLetter(this, compiled.typeOf(handler), meta, "overflow")
      return true
    }
    if (meta instanceof Ask) meta.fail(this.full())
    return false
  }

  /**
   * Drops the oldest message of a lane that others have sent (I3); the one being handled is none of them.
   * @returns false when there is none
   */
  private dropOldest(lane: Mailbox<Meta>): boolean {
    const promised: Message[] = []
    let dropped = false
    while (!dropped) {
      const { handler, payload, meta } = this.takeOldest(lane)
      if (handler === 0) break
      if (meta instanceof Own) promised.push({ handler, payload, meta })
      else dropped = true
      if (dropped && handler !== PROBE) this.system.deadLetter(this, this.compiled.typeOf(handler), meta, "overflow")
    }
    for (const { handler, payload, meta } of promised.reverse()) lane.putFirst(handler, payload, meta)
    return dropped
  }

  private takeOldest(lane: Mailbox<Meta>): Message {
    if (this.#first !== 0 && lane === this.#mailbox) {
      const first = { handler: this.#first, payload: this.#firstPayload, meta: this.#firstMeta }
      this.clearFirst()
      return first
    }
    const oldest = { handler: lane.take(), payload: lane.payload, meta: lane.meta }
    lane.forget()
    return oldest
  }

  private clearFirst(): void {
    this.#first = 0
    this.#firstPayload = undefined
    this.#firstMeta = undefined
  }

  private full(): AgentOSError {
    return new AgentOSError(
      "MAILBOX_FULL",
      `the mailbox of ${this.address} holds ${this.waiting} messages and takes no more`,
    )
  }

  /**
   * Puts a probe behind what waits.
   * @returns false when at most the inline message does: who comes then waits for nobody
   */
  protected putProbe(now: number): boolean {
    const mailbox = this.#mailbox
    if (mailbox === undefined || mailbox.size === 0) return false
    mailbox.put(PROBE, now, undefined)
    return true
  }

  // --- taking -------------------------------------------------------------------------------------------------------

  /** Takes the next message: it is the one being handled. @returns its handler's number, 0 when there is none */
  protected take(): number {
    if (this.aside !== undefined && this.aside.waiting > 0) return this.takeAside(this.aside)
    const first = this.#first
    if (first !== 0) {
      this.payload = this.#firstPayload
      this.current = this.#firstMeta
      this.#first = 0
      this.#firstPayload = undefined
      this.#firstMeta = undefined
      return (this.handler = first)
    }
    const mailbox = this.#mailbox
    if (mailbox === undefined) return 0
    const handler = mailbox.take()
    if (handler === 0) {
      if (mailbox.slots > KEPT_SLOTS) this.#mailbox = undefined
      return 0
    }
    this.payload = mailbox.payload
    this.current = mailbox.meta
    return (this.handler = handler)
  }

  private takeAside({ urgent, reentrant }: Aside): number {
    return this.takeFrom((urgent !== undefined && urgent.size > 0 ? urgent : reentrant) as Mailbox<Meta>)
  }

  private takeFrom(mailbox: Mailbox<Meta>): number {
    this.handler = mailbox.take()
    this.payload = mailbox.payload
    this.current = mailbox.meta
    mailbox.forget()
    return this.handler
  }

  /** Takes the next message that may be handled beside an open promise; there is one. */
  protected takeReentrant(): number {
    return this.takeFrom((this.aside as Aside).reentrant as Mailbox<Meta>)
  }

  /** A promise has been opened: what may be handled beside it need not stay in line. */
  protected partReentrant(): void {
    const aside = this.aside
    if (aside === undefined || !aside.reentrantInLine) return
    const { capacity, lanes: of } = this.compiled
    const reentrant = (aside.reentrant ??= new Mailbox(capacity))
    aside.reentrantInLine = false
    if (of?.[this.#first] === lanes.reentrant) {
      reentrant.put(this.#first, this.#firstPayload, this.#firstMeta)
      this.clearFirst()
    }
    this.#mailbox?.part((handler) => of?.[handler] === lanes.reentrant, reentrant)
  }

  /** Lets asks that wait for room into the mailbox, in the order they came. */
  protected admit(): void {
    const patient = this.aside?.patient
    if (patient === undefined || patient.size === 0) return
    const mailbox = this.#mailbox ?? this.makeMailbox()
    while (patient.size > 0 && mailbox.takes(patient.first)) {
      const handler = patient.take()
      const { payload, meta } = patient
      patient.forget()
      if (meta instanceof Ask && meta.ended) continue
      mailbox.put(handler, payload, meta)
    }
  }

  // --- stashing and burying -----------------------------------------------------------------------------------------

  /** The message being handled. @throws {AgentOSError} `INVALID_DEFINITION` when there is none, as in `started` */
  get handling(): Message {
    const { handler, payload, current: meta } = this
    if (handler !== 0 && payload !== PUT_ASIDE) return { handler, payload, meta }
    throw this.nothingToStash
  }

  get nothingToStash(): AgentOSError {
    return new AgentOSError("INVALID_DEFINITION", `${this.address} handles no message that could be put aside`)
  }

  /** The message being handled was put aside, and is not put aside twice. */
  putAside(): void {
    this.payload = PUT_ASIDE
  }

  /** Puts a message that is being handled aside. @throws {AgentOSError} `STASH_FULL` */
  stash(message: Message): void {
    const capacity = this.options?.mailbox?.capacity ?? this.compiled.capacity
    if ((this.aside?.stashed?.length ?? 0) >= capacity)
      throw new AgentOSError("STASH_FULL", `${this.address} has stashed ${capacity} messages`)
    this.keepAside(message)
  }

  /** The same, whatever there is room for. */
  keepAside(message: Message): void {
    const aside = (this.aside ??= new Aside())
    if (message.meta instanceof Ask) message.meta.stashed = true
    ;(aside.stashed ??= []).push(message)
  }

  unstashAll(): void {
    const stashed = this.aside?.stashed
    if (stashed === undefined) return
    ;(this.aside as Aside).stashed = undefined
    const mailbox = this.#mailbox ?? this.makeMailbox()
    if (this.#first !== 0) {
      mailbox.putFirst(this.#first, this.#firstPayload, this.#firstMeta)
      this.clearFirst()
    }
    for (const { handler, payload, meta } of stashed.reverse()) mailbox.putFirst(handler, payload, meta)
    if (!this.scheduled) this.schedule()
  }

  /** Nobody will handle what waits: it is counted, and who asked is told. @param why if it did not just stop */
  protected bury(why: AgentOSError | undefined): void {
    const { system, compiled } = this
    if (this.waiting > 0 || this.aside !== undefined)
      for (const { handler, meta } of this.takeAll())
        system.deadLetter(this, compiled.typeOf(handler), meta, "stopped", why)
    this.current = undefined
    this.payload = undefined
    this.#mailbox = undefined
    this.aside = undefined
  }

  /**
   * Takes out all that others have sent and that waits (I4), in the order in which it would be handled: what was put
   * aside first, what waits for room last.
   */
  takeAll(): readonly Waiting[] {
    const { current, handler, payload, aside } = this
    const taken: Waiting[] = []
    const add = (number: number, given: unknown, meta: Meta | undefined): void => {
      if (number !== PROBE && !(meta instanceof Own)) taken.push({ handler: number, payload: given, meta })
    }
    for (const stashed of aside?.stashed ?? []) add(stashed.handler, stashed.payload, stashed.meta)
    if (aside !== undefined) aside.stashed = undefined
    for (let number = this.take(); number !== 0; number = this.take()) add(number, this.payload, this.current)
    const patient = aside?.patient
    while (patient !== undefined && patient.size > 0) {
      const number = patient.take()
      add(number, patient.payload, patient.meta)
    }
    this.current = current // of the message that is being handled
    this.handler = handler
    this.payload = payload
    return taken
  }
}
