/**
 * One running actor: its mailbox, its state and whose turn it is. What it is to other actors stands in family.ts.
 *
 * Invariants
 *   C1. One message at a time; while a handler's promise is open no other message is taken, save those of reentrant handlers.
 *   C2. Signals are handled before messages, urgent messages before ordinary ones, so a flooded actor can still be stopped.
 *   C3. After a crash the waiting messages are kept; the one that crashed is lost, and its ask is told.
 *   C4. Nothing of a life that ended is heard: late results are dropped, its context throws.
 *   C5. An actor that has nothing to do holds neither the payload nor the cause of its last message.
 */
import { actorAddress, formatAddress } from "./address.js"
import type { SpawnOptions } from "./actor.js"
import { Ask, DeferredReply, openAsk } from "./ask.js"
import { onward, type Cause } from "./cause.js"
import type { Sibling } from "./children.js"
import { lanes, type Compiled } from "./compiled.js"
import type { Context } from "./context.js"
import { AgentOSError } from "./errors.js"
import { Family } from "./family.js"
import { KEPT_SLOTS, Mailbox } from "./mailbox.js"
import type { DefinitionMeter } from "./meter.js"
import { Ref, type AnyRef, type AskOptions, type OpenAsk } from "./ref.js"
import { STOPPED, type Exit } from "./supervision.js"
import type { ActorSystem } from "./system.js"
import type { ActorNode } from "./telemetry.js"
import { Limit } from "./timers.js"

/** What lies beside a message: the cause it belongs to, or the ask that waits for its answer. */
export type Meta = Cause | Ask

/** What a cell is told besides messages. */
export type Signal =
  | { readonly kind: "start" }
  | { readonly kind: "stop" }
  | { readonly kind: "child-ended"; readonly child: Cell; readonly life: number; readonly exit: Exit }
  | { readonly kind: "ended"; readonly ref: AnyRef; readonly exit: Exit }

const startSignal: Signal = { kind: "start" }
const stopSignal: Signal = { kind: "stop" }

const phases = { running: 0, starting: 1, waiting: 2, stopping: 3, ended: 4 } as const
const phaseNames = ["running", "starting", "waiting", "stopping", "ended"] as const
type Phase = (typeof phases)[keyof typeof phases]

/** The handler's number of a probe: it measures how long messages wait. */
const PROBE = 255

/** How long a handler's promise may hold the mailbox unless told otherwise. */
const defaultHandlerMs = 60_000

/** Messages that do not stand in the one line; most actors have none. */
class Aside {
  /** Taken before all others. */
  urgent: Mailbox<Meta> | undefined
  /** Of reentrant handlers, while another handler's promise is open. */
  reentrant: Mailbox<Meta> | undefined
  /** Some of them may stand in the line of all others, as they came while no promise was open. */
  reentrantInLine = false
  /** Asks that wait for room in the mailbox. */
  patient: Mailbox<Meta> | undefined
  /** Put aside by the actor itself. */
  stashed: { readonly handler: number; readonly payload: unknown; readonly meta: Meta | undefined }[] | undefined
  /** Promises of reentrant handlers that are open, with what lay beside their messages. */
  readonly turns = new Map<Limit, Meta | undefined>()

  get waiting(): number {
    return (this.urgent?.size ?? 0) + (this.reentrant?.size ?? 0)
  }
}

export class Cell extends Ref implements Sibling<Cell> {
  readonly system: ActorSystem
  readonly compiled: Compiled
  readonly parent: Cell | null
  readonly incarnation: number
  /** What it was spawned with beyond the ordinary; most have none of it. */
  readonly options: SpawnOptions<unknown> | undefined
  state: unknown = undefined
  older: Cell | null = null
  younger: Cell | null = null
  /** Handler number of the one message that waits inline, 0 when there is none. */
  #first = 0
  #firstPayload: unknown = undefined
  #firstMeta: Meta | undefined = undefined
  #mailbox: Mailbox<Meta> | undefined = undefined
  #aside: Aside | undefined = undefined
  #signals: Signal[] | undefined = undefined
  #family: Family | undefined = undefined
  #context: Context | undefined = undefined
  #scheduled = false
  /** The limit of the handler's or hook's promise that is open (C1); a promise whose limit this no longer is comes too late (C4). */
  #open: Limit | undefined = undefined
  #phase: Phase = phases.running
  /** Of the message being handled. */
  current: Meta | undefined = undefined
  #handler = 0
  #payload: unknown = undefined
  /** How often it was started again. */
  life = 0
  /** Whether it ended without being asked to by its supervisor or the system. */
  #stoppedByItself = false

  constructor(
    system: ActorSystem,
    compiled: Compiled,
    parent: Cell | null,
    incarnation: number,
    options: SpawnOptions<unknown> | undefined,
  ) {
    super()
    this.system = system
    this.compiled = compiled
    this.parent = parent
    this.incarnation = incarnation
    this.options = options
  }

  get address(): string {
    return formatAddress(actorAddress(this.system.name, this.system.node, this.path, this.incarnation))
  }

  get name(): string {
    return this.options?.name ?? `${this.compiled.spec.name}-${this.incarnation}`
  }

  get path(): string[] {
    return this.parent === null || this.parent.parent === null ? [this.name] : [...this.parent.path, this.name]
  }

  get alive(): boolean {
    return this.#phase !== phases.ended
  }

  get stopping(): boolean {
    return this.#phase === phases.stopping || this.#phase === phases.ended
  }

  /** Its life is over, and the next has not begun. */
  get suspended(): boolean {
    return this.#phase === phases.waiting
  }

  get waiting(): number {
    return (this.#first === 0 ? 0 : 1) + (this.#mailbox?.size ?? 0) + (this.#aside?.waiting ?? 0)
  }

  /** Nothing to do and nothing under way. */
  get idle(): boolean {
    return (
      this.#open === undefined &&
      this.waiting === 0 &&
      this.#phase === phases.running &&
      this.#signals === undefined &&
      (this.#aside === undefined || this.#aside.turns.size === 0) &&
      (this.#context === undefined || this.#context.tasks === 0)
    )
  }

  get context(): Context {
    return (this.#context ??= this.compiled.spec.context?.(this) ?? this.system.contextOf(this))
  }

  /** It and the actors it supervises, of each at most so many. */
  treeOf(mostChildren: number): ActorNode {
    const children = this.#family?.children.toArray(mostChildren) ?? []
    return {
      address: this.address,
      name: this.name,
      definition: this.compiled.spec.name,
      phase: phaseNames[this.#phase],
      waiting: this.waiting,
      restarts: this.life,
      children: children.map((child) => child.treeOf(mostChildren)),
      more: (this.#family?.children.size ?? 0) - children.length,
    }
  }

  // --- sending -------------------------------------------------------------------------------------------------------------------------------

  override tell(type: string, payload?: unknown): boolean {
    return this.put(this.compiled.number(type), payload, undefined, false)
  }

  send(type: string, payload: unknown, cause: Cause | undefined): boolean {
    return this.put(this.compiled.number(type), payload, cause, false)
  }

  request(
    type: string,
    payload: unknown,
    cause: Cause | undefined,
    options: AskOptions | undefined,
    serving: OpenAsk | undefined,
    asker: object | undefined,
  ): Promise<never> {
    return openAsk(this.system, this, this.compiled, type, cause, options, serving, asker, (ask) =>
      this.put(this.compiled.number(type), payload, ask, false),
    )
  }

  override check(type: string, payload: unknown): unknown {
    return this.compiled.checked(type, payload)
  }

  /** Puts a message; `promised` ones go past the capacity. */
  put(handler: number, payload: unknown, meta: Meta | undefined, promised: boolean): boolean {
    if (this.#phase === phases.ended)
      return this.system.deadLetter(this, this.compiled.typeOf(handler), meta, "stopped")
    const { compiled } = this
    if (compiled.lanes !== undefined) {
      if (compiled.isolated && !promised) payload = compiled.isolate(handler, payload)
      const lane = compiled.lanes[handler]
      if (lane === lanes.urgent || (lane === lanes.reentrant && this.#open !== undefined))
        return this.#putAside(lane, handler, payload, meta)
      if (lane === lanes.reentrant) (this.#aside ??= new Aside()).reentrantInLine = true
    }
    const mailbox = this.#mailbox
    if (this.#first === 0 && compiled.inline && (mailbox === undefined || mailbox.size === 0)) {
      this.#first = handler
      this.#firstPayload = payload
      this.#firstMeta = meta
    } else if (mailbox === undefined) {
      const made = this.#makeMailbox()
      if (made.capacity <= 1 && this.#first !== 0 && !promised) return this.#refuse(made, handler, payload, meta)
      made.put(handler, payload, meta)
    } else {
      if (!promised && !this.#hasRoom(mailbox, payload)) return this.#refuse(mailbox, handler, payload, meta)
      mailbox.put(handler, payload, meta)
    }
    if (!this.#scheduled) this.#schedule()
    return true
  }

  #makeMailbox(): Mailbox<Meta> {
    const { compiled, options } = this
    return (this.#mailbox = new Mailbox(options?.mailbox?.capacity ?? compiled.capacity, compiled.bytes))
  }

  #putAside(lane: number, handler: number, payload: unknown, meta: Meta | undefined): boolean {
    const aside = (this.#aside ??= new Aside())
    const { capacity } = this.compiled
    const mailbox =
      lane === lanes.urgent ? (aside.urgent ??= new Mailbox(capacity)) : (aside.reentrant ??= new Mailbox(capacity))
    if (!mailbox.takes(payload)) return this.#refuse(mailbox, handler, payload, meta)
    mailbox.put(handler, payload, meta)
    if (!this.#scheduled) {
      this.#scheduled = true
      this.system.dispatcher.schedule(this)
    }
    return true
  }

  /** The inline message counts too. */
  #hasRoom(mailbox: Mailbox<Meta>, payload: unknown): boolean {
    if (!mailbox.takes(payload)) return false
    return this.#first === 0 || mailbox !== this.#mailbox || mailbox.size + 1 < mailbox.capacity
  }

  /** @param full the mailbox, of whatever lane */
  #refuse(full: Mailbox<Meta>, handler: number, payload: unknown, meta: Meta | undefined): boolean {
    const { system, compiled } = this
    const overflow = this.options?.mailbox?.overflow ?? compiled.overflow
    if (meta instanceof Ask && meta.patient && overflow === "reject") {
      const aside = (this.#aside ??= new Aside())
      ;(aside.patient ??= new Mailbox(Infinity)).put(handler, payload, meta)
      return true
    }
    system.counts.refused += 1
    if (compiled.meter !== undefined) compiled.meter.refused += 1
    system.dispatcher.hurried = true
    if (overflow === "drop-oldest") {
      while (!this.#hasRoom(full, payload)) this.#dropOldest(full)
      full.put(handler, payload, meta)
      return true
    }
    if (overflow === "drop-newest") {
      system.deadLetter(this, compiled.typeOf(handler), meta, "overflow")
      return true
    }
    if (meta instanceof Ask) meta.fail(this.#full())
    return false
  }

  /** Of the messages of a lane; the one being handled is none of them. */
  #dropOldest(lane: Mailbox<Meta>): void {
    let handler = this.#first
    let meta = this.#firstMeta
    if (handler !== 0 && lane === this.#mailbox) {
      this.#first = 0
      this.#firstPayload = undefined
      this.#firstMeta = undefined
    } else {
      handler = lane.take()
      meta = lane.meta
      lane.forget()
    }
    if (handler !== PROBE) this.system.deadLetter(this, this.compiled.typeOf(handler), meta, "overflow")
  }

  #full(): AgentOSError {
    return new AgentOSError(
      "MAILBOX_FULL",
      `the mailbox of ${this.address} holds ${this.waiting} messages and takes no more`,
    )
  }

  /** Lets asks that wait for room into the mailbox, in the order they came. */
  #admit(patient: Mailbox<Meta>): void {
    const mailbox = this.#mailbox ?? this.#makeMailbox()
    while (patient.size > 0 && mailbox.takes(patient.first)) {
      const handler = patient.take()
      const { payload, meta } = patient
      patient.forget()
      if (meta instanceof Ask && meta.ended) continue
      mailbox.put(handler, payload, meta)
    }
  }

  #schedule(): void {
    if (this.#open !== undefined || this.#phase === phases.waiting) return
    this.#scheduled = true
    if (this.#context === undefined) this.system.dispatcher.welcome(this)
    else this.system.dispatcher.schedule(this)
  }

  // --- handling ------------------------------------------------------------------------------------------------------------------------------

  run(limit: number): number {
    const { compiled } = this
    const { dispatcher } = this.system
    const { meter } = compiled
    let handled = 0
    /** The messages of one type that came in a row are counted together. */
    let counting = 0
    let inRow = 0
    if (meter !== undefined && dispatcher.sampling) handled = this.#handleSampled(meter)
    while (handled < limit && !dispatcher.hurried) {
      if (this.#open !== undefined) {
        if (!this.#runReentrant()) break
        handled += 1
        continue
      }
      if (this.#signals !== undefined) {
        this.#handleSignal() // C2
        handled += 1
        continue
      }
      if (this.#phase !== phases.running) break
      const handler = this.#take()
      if (handler === 0) break
      handled += 1
      if (meter !== undefined) {
        if (handler !== counting) {
          if (inRow > 0) {
            meter.count(counting, inRow)
            inRow = 0
          }
          counting = handler
          if (handler === PROBE) {
            this.#endProbe(meter)
            counting = 0
            continue
          }
        }
        inRow += 1
      }
      this.#handle(handler, this.#payload, this.current)
    }
    compiled.handled += handled
    if (inRow > 0) (meter as DefinitionMeter).count(counting, inRow)
    this.#scheduled = false
    const aside = this.#aside
    if (aside?.patient !== undefined && aside.patient.size > 0) this.#admit(aside.patient)
    if (this.#open === undefined) {
      this.current = undefined // C5
      this.#payload = undefined
      if (this.#first !== 0 || this.#mailbox !== undefined || this.#signals !== undefined || aside !== undefined)
        this.#scheduleIfDue()
    } else if (aside !== undefined && aside.waiting > 0) this.#scheduleHeld(aside)
    return handled
  }

  #scheduleIfDue(): void {
    if (this.#signals !== undefined || (this.#phase === phases.running && this.waiting > 0)) this.#schedule()
  }

  /** Has its turn although a promise holds the mailbox, for what a reentrant handler may do. */
  #scheduleHeld(aside: Aside): void {
    if (this.#scheduled || (aside.reentrant?.size ?? 0) === 0) return
    this.#scheduled = true
    this.system.dispatcher.schedule(this)
  }

  /** Takes the next message into `#payload` and `current`. @returns its handler's number, 0 when there is none */
  #take(): number {
    if (this.#aside !== undefined && this.#aside.waiting > 0) return this.#takeFrom(this.#aside)
    const first = this.#first
    if (first !== 0) {
      this.#first = 0
      this.#payload = this.#firstPayload
      this.current = this.#firstMeta
      this.#firstPayload = undefined
      this.#firstMeta = undefined
      return (this.#handler = first)
    }
    const mailbox = this.#mailbox
    if (mailbox === undefined) return 0
    const handler = mailbox.take()
    if (handler === 0) {
      if (mailbox.slots > KEPT_SLOTS) this.#mailbox = undefined
      return 0
    }
    this.#payload = mailbox.payload
    this.current = mailbox.meta
    return (this.#handler = handler)
  }

  #takeFrom({ urgent, reentrant }: Aside): number {
    const mailbox = (urgent !== undefined && urgent.size > 0 ? urgent : reentrant) as Mailbox<Meta>
    const handler = mailbox.take()
    this.#payload = mailbox.payload
    this.current = mailbox.meta
    mailbox.forget()
    return (this.#handler = handler)
  }

  #handle(handler: number, payload: unknown, meta: Meta | undefined): void {
    if (meta !== undefined && this.#isLate(handler, meta)) return
    try {
      const result = (this.compiled.handlers[handler - 1] as Handler)(this.#context ?? this.context, payload)
      if (isPromise(result)) this.#await(result, meta)
      else if (meta instanceof Ask && !(result instanceof DeferredReply) && !meta.stashed) meta.reply(result)
    } catch (error) {
      this.#crash(error)
    }
  }

  /** Whether nobody waits for it any more. */
  #isLate(handler: number, meta: Meta): boolean {
    if (meta instanceof Ask) return meta.ended
    if (meta.deadline === undefined || meta.deadline >= this.system.wheel.now) return false
    this.system.deadLetter(this, this.compiled.typeOf(handler), meta, "expired")
    return true
  }

  /** A probe has come to its turn. */
  #endProbe(meter: DefinitionMeter): void {
    meter.mailboxAge.add(this.system.clock.monotonic() - (this.#payload as number))
  }

  /** The first message of a turn that is measured: takes its time, and puts a probe behind what waits. @returns how many messages it handled */
  #handleSampled(meter: DefinitionMeter): number {
    if (this.#open !== undefined || this.#signals !== undefined || this.#phase !== phases.running) return 0
    const { clock, dispatcher } = this.system
    const began = clock.monotonic()
    dispatcher.sampling = false
    const mailbox = this.#mailbox
    if (mailbox !== undefined && mailbox.size > 0) mailbox.put(PROBE, began, undefined)
    else if (this.#first !== 0) meter.mailboxAge.add(0)
    const handler = this.#take()
    if (handler === 0) return 0
    if (handler === PROBE) {
      this.#endProbe(meter)
      return 0
    }
    meter.count(handler, 1)
    this.#handle(handler, this.#payload, this.current)
    const open = this.#open
    const measured = (): void => meter.handlerTime.add(clock.monotonic() - began)
    if (open === undefined) measured()
    else (open as Limit).measured = measured
    return 1
  }

  /** Holds the mailbox until a handler's promise settles or its time is up (C1). */
  #await(promise: PromiseLike<unknown>, meta: Meta | undefined, done?: () => void): void {
    const limitMs = this.compiled.spec.handlerTimeoutMs ?? defaultHandlerMs
    const open = new Limit(() => this.#settle(open, () => this.#crash(this.#tooLong(this.#handler, limitMs))))
    this.#open = open
    this.system.wheel.add(open, limitMs)
    if (this.#aside?.reentrantInLine === true && this.#phase === phases.running) this.#partReentrant(this.#aside)
    promise.then(
      (value) =>
        this.#settle(open, () => {
          done?.()
          if (meta instanceof Ask && !(value instanceof DeferredReply) && !meta.stashed) meta.reply(value)
        }),
      (error: unknown) => this.#settle(open, () => this.#crash(error)),
    )
  }

  #tooLong(handler: number, limitMs: number): AgentOSError {
    const message = `${this.address}: the handler ${this.compiled.typeOf(handler)} did not settle within ${limitMs} ms`
    return new AgentOSError("HANDLER_TIMEOUT", message)
  }

  #settle(open: Limit, then: () => void): void {
    if (this.#open !== open) return // C4
    open.measured?.()
    this.#release()
    then()
    if (this.#scheduled || this.#phase === phases.ended || this.#open !== undefined) return
    if (this.waiting > 0 || this.#signals !== undefined) this.#schedule()
    else {
      this.current = undefined // C5
      this.#payload = undefined
    }
  }

  /** Lets go of the handler's promise that is open, if one is. */
  #release(): void {
    this.#open?.cancel()
    this.#open = undefined
  }

  /** A promise has been opened: what may be handled beside it need not stay in line. */
  #partReentrant(aside: Aside): void {
    const { capacity, lanes: of } = this.compiled
    const reentrant = (aside.reentrant ??= new Mailbox(capacity))
    aside.reentrantInLine = false
    if (of?.[this.#first] === lanes.reentrant) {
      reentrant.put(this.#first, this.#firstPayload, this.#firstMeta)
      this.#first = 0
      this.#firstPayload = undefined
      this.#firstMeta = undefined
    }
    this.#mailbox?.part((handler) => of?.[handler] === lanes.reentrant, reentrant)
  }

  /** Handles a message of a reentrant handler beside the one that is open. @returns whether there was one */
  #runReentrant(): boolean {
    const mailbox = this.#aside?.reentrant
    if (mailbox === undefined || mailbox.size === 0 || this.#phase !== phases.running) return false
    const handler = mailbox.take()
    const { payload, meta } = mailbox
    mailbox.forget()
    if (meta !== undefined && this.#isLate(handler, meta)) return true
    const held = { meta: this.current, handler: this.#handler, payload: this.#payload }
    const resume = (): void => {
      this.current = held.meta
      this.#handler = held.handler
      this.#payload = held.payload
    }
    this.current = meta
    this.#handler = handler
    this.#payload = payload
    try {
      const result = (this.compiled.handlers[handler - 1] as Handler)(this.context.turn(meta), payload)
      resume()
      if (isPromise(result)) this.#awaitReentrant(result, meta, handler)
      else if (meta instanceof Ask && !(result instanceof DeferredReply) && !meta.stashed) meta.reply(result)
    } catch (error) {
      resume()
      this.#tellCrashed(meta, error)
      this.#crash(error)
    }
    return true
  }

  #awaitReentrant(promise: PromiseLike<unknown>, meta: Meta | undefined, handler: number): void {
    const { turns } = this.#aside as Aside
    const limitMs = this.compiled.spec.handlerTimeoutMs ?? defaultHandlerMs
    const { life } = this
    const fail = (error: unknown): void => {
      if (!turns.delete(turn) || this.life !== life) return // C4
      turn.cancel()
      this.#tellCrashed(meta, error)
      this.#crash(error)
    }
    const turn = new Limit(() => fail(this.#tooLong(handler, limitMs)))
    turns.set(turn, meta)
    this.system.wheel.add(turn, limitMs)
    promise.then((value) => {
      if (!turns.delete(turn)) return
      turn.cancel()
      if (meta instanceof Ask && !(value instanceof DeferredReply) && !meta.stashed) meta.reply(value)
    }, fail)
  }

  stash(): void {
    const aside = (this.#aside ??= new Aside())
    const stashed = (aside.stashed ??= [])
    const capacity = this.options?.mailbox?.capacity ?? this.compiled.capacity
    if (stashed.length >= capacity)
      throw new AgentOSError("STASH_FULL", `${this.address} has stashed ${capacity} messages`)
    if (this.current instanceof Ask) this.current.stashed = true
    stashed.push({ handler: this.#handler, payload: this.#payload, meta: this.current })
  }

  unstashAll(): void {
    const stashed = this.#aside?.stashed
    if (stashed === undefined) return
    ;(this.#aside as Aside).stashed = undefined
    const mailbox = this.#mailbox ?? this.#makeMailbox()
    if (this.#first !== 0) {
      mailbox.putFirst(this.#first, this.#firstPayload, this.#firstMeta)
      this.#first = 0
      this.#firstPayload = undefined
      this.#firstMeta = undefined
    }
    for (const { handler, payload, meta } of stashed.reverse()) {
      if (meta instanceof Ask) meta.stashed = false
      mailbox.putFirst(handler, payload, meta)
    }
  }

  // --- life ----------------------------------------------------------------------------------------------------------------------------------

  /** Makes the state and runs `started`, at spawn and at each restart. */
  start(): void {
    try {
      this.state = this.compiled.spec.state(this.options?.init)
    } catch (error) {
      return this.#crash(error)
    }
    if (this.compiled.spec.started === undefined) return
    this.#phase = phases.starting
    this.signal(startSignal)
  }

  /** When it has started: true, or false when that failed. */
  ready(): Promise<boolean> {
    if (this.#phase !== phases.starting) return Promise.resolve(this.#phase === phases.running)
    return new Promise((done) => this.family.onReady(done))
  }

  signal(signal: Signal): void {
    if (this.#phase === phases.ended) return
    if (this.#signals === undefined) this.#signals = [signal]
    else this.#signals.push(signal)
    if (!this.#scheduled && this.#open === undefined) {
      this.#scheduled = true
      this.system.dispatcher.schedule(this)
    }
  }

  #handleSignal(): void {
    const signals = this.#signals as Signal[]
    const signal = signals.shift() as Signal
    if (signals.length === 0) this.#signals = undefined
    const { spec } = this.compiled
    switch (signal.kind) {
      case "start":
        return this.#hook(spec.started, () => {
          this.#phase = phases.running
          this.#family?.started(true)
        })
      case "stop":
        return this.#stop()
      case "child-ended":
        return this.#family?.supervise(signal.child, signal.life, signal.exit)
      case "ended":
        if (spec.ended !== undefined) this.#hook((context) => spec.ended?.(context, signal.ref, signal.exit), undefined)
    }
  }

  /** Runs a life-cycle function; a promise holds the mailbox, a throw is a crash. */
  #hook(call: ((context: Context) => unknown) | undefined, then: (() => void) | undefined): void {
    this.current = undefined
    try {
      const result = call?.(this.context)
      if (!isPromise(result)) return then?.()
      this.#await(result, undefined, then)
    } catch (error) {
      this.#crash(error)
    }
  }

  /** Asks it to stop. @returns when it has ended */
  stop(): Promise<void> {
    if (this.#phase === phases.ended) return Promise.resolve()
    return new Promise((done) => {
      this.family.onStopped(done)
      this.signal(stopSignal)
      const open = this.#open
      if (open === undefined) return
      this.#context?.abort()
      // A handler that never settles must not hold a stop for ever.
      const limit = new Limit(() => {
        if (this.#open === open) this.#stop()
      })
      this.family.onStopped(limit.cancel)
      this.system.wheel.add(limit, this.#shutdownMs)
    })
  }

  get #shutdownMs(): number {
    return this.options?.shutdownTimeoutMs ?? this.compiled.spec.shutdownTimeoutMs ?? this.system.shutdownTimeoutMs
  }

  /** Stops it after the message it is handling, at its own wish. */
  stopItself(): void {
    this.#stoppedByItself = true
    this.signal(stopSignal)
  }

  #stop(): void {
    if (this.stopping) return
    const mayTidy = this.#phase === phases.running && this.#open === undefined
    this.#phase = phases.stopping
    this.#context?.abort()
    this.#giveUp(() => this.#over())
    const tidies = mayTidy && this.compiled.spec.stopping !== undefined
    if (!tidies && this.childless) return this.#stopped()
    void this.stopChildrenOf().then(async () => {
      if (tidies) await this.#tidy()
      this.#stopped()
    })
  }

  /** Ends, save that a permanent actor which stopped by itself is for its supervisor to start again. */
  #stopped(): void {
    if (!this.#stoppedByItself || this.options?.kind !== "permanent" || this.parent === null) return this.end(STOPPED)
    this.#stoppedByItself = false
    this.#revoke(() => this.#over())
    this.parent.signal({ kind: "child-ended", child: this, life: this.life, exit: STOPPED })
  }

  /**
   * The life is over, the mailbox and the place stay (C4); what it had put aside waits again, whom it watched is forgotten.
   * @param why told to those whom it owes an answer
   */
  #revoke(why: () => AgentOSError): void {
    const wasStarting = this.#phase === phases.starting
    this.#phase = phases.waiting
    this.#context?.abort()
    this.#context?.revoke(why)
    this.#context = undefined
    this.#giveUp(why)
    this.unstashAll()
    this.#family?.forsake()
    const signals = this.#signals?.filter(({ kind }) => kind === "stop" || kind === "child-ended")
    this.#signals = signals?.length === 0 ? undefined : signals
    if (wasStarting) this.#family?.started(false)
  }

  /** Runs `stopping`, for as long as a stop may take. */
  async #tidy(): Promise<void> {
    const { stopping } = this.compiled.spec
    if (stopping === undefined) return
    const { wheel, logger } = this.system
    const limitMs = this.#shutdownMs
    await new Promise<void>((done) => {
      const limit = new Limit(() => {
        logger.warn({ actor: this.address }, `an actor was not done with stopping after ${limitMs} ms`)
        done()
      })
      wheel.add(limit, limitMs)
      void (async () => stopping(this.context))()
        .catch((error: unknown) => logger.warn({ actor: this.address, error }, "an actor failed while stopping"))
        .finally(() => {
          limit.cancel()
          done()
        })
    })
  }

  /** What the open promises would have answered, nobody answers any more. @param why told to those who wait */
  #giveUp(why: () => AgentOSError): void {
    for (const [turn, meta] of this.#aside?.turns ?? []) {
      turn.cancel()
      if (meta instanceof Ask) meta.fail(why())
    }
    this.#aside?.turns.clear()
    if (this.#open === undefined) return
    this.#release()
    if (this.current instanceof Ask) this.current.fail(why())
  }

  #over(): AgentOSError {
    return new AgentOSError("ACTOR_STOPPED", `${this.address} has stopped`)
  }

  /** A throw: the message is lost (C3), its ask is told, the supervisor decides. */
  #crash(thrown: unknown): void {
    const { system, compiled } = this
    system.counts.crashes += 1
    if (compiled.meter !== undefined) compiled.meter.crashes += 1
    const meta = this.current
    const traceId = causeOf(meta)?.traceId
    system.telemetry.crashed?.(this.address, thrown, traceId)
    this.current = undefined
    this.#tellCrashed(meta, thrown)
    system.logger.warn({ actor: this.address, error: thrown, traceId }, "an actor crashed")
    this.crashed(thrown)
  }

  #tellCrashed(meta: Meta | undefined, thrown: unknown): void {
    if (meta instanceof Ask) meta.fail(this.#crashOf(thrown))
  }

  /** As those are told who wait for an answer. */
  #crashOf(thrown: unknown): AgentOSError {
    if (thrown instanceof AgentOSError) return thrown
    const message = `${this.address} crashed: ${thrown instanceof Error ? thrown.message : String(thrown)}`
    return new AgentOSError("ACTOR_CRASHED", message, { cause: thrown })
  }

  crashed(error: unknown): void {
    if (this.stopping || this.suspended) return
    const linked = this.#family?.takeLinked() ?? []
    this.#revoke(() => this.#crashOf(error))
    if (this.parent === null) return
    this.parent.signal({ kind: "child-ended", child: this, life: this.life, exit: { kind: "crashed", error } })
    for (const other of linked) other.linkedCrash(this, error)
  }

  /** Work that it began beside its mailbox has failed. */
  workFailed(error: unknown): void {
    if (!this.stopping && !this.suspended) this.#crash(error)
  }

  /** An actor it is linked to has crashed. */
  linkedCrash(other: Cell, cause: unknown): void {
    if (this.stopping || this.suspended) return
    this.#crash(new AgentOSError("LINKED_CRASH", `${other.address}, linked to ${this.address}, has crashed`, { cause }))
  }

  /** Its supervision came to an end with a child that crashed too often: it crashes itself; at the root the system decides. */
  escalated(child: Cell, error: unknown): void {
    this.system.telemetry.escalated?.(this.address, child.address, error)
    if (this.parent === null) this.system.topLevelGivenUp(child, error)
    else this.#crash(error)
  }

  /** Takes it out of the world: whoever waits is told. */
  end(exit: Exit): void {
    if (this.#phase === phases.ended) return
    const wasStarting = this.#phase === phases.starting
    this.#phase = phases.ended
    const why = (): AgentOSError => (exit.kind === "crashed" ? this.#crashOf(exit.error) : this.#over())
    this.#giveUp(why)
    this.#context?.abort()
    this.#context?.revoke(why)
    this.#signals = undefined
    if (this.waiting > 0 || this.#aside !== undefined) this.#buryMessages()
    this.current = undefined
    this.#payload = undefined
    this.#mailbox = undefined
    this.#aside = undefined
    this.state = undefined
    this.system.counts.actors -= 1
    if (this.#family !== undefined) {
      if (wasStarting) this.#family.started(false)
      this.#family.ended(exit)
    }
    this.parent?.knownFamily?.lose(this)
  }

  #buryMessages(): void {
    const { system, compiled } = this
    const bury = (handler: number, meta: Meta | undefined): void =>
      void system.deadLetter(this, compiled.typeOf(handler), meta, "stopped")
    for (let handler = this.#take(); handler !== 0; handler = this.#take())
      if (handler !== PROBE) bury(handler, this.current)
    for (const { handler, meta } of this.#aside?.stashed ?? []) bury(handler, meta)
    const patient = this.#aside?.patient
    while (patient !== undefined && patient.size > 0) bury(patient.take(), patient.meta)
  }

  async stopChildrenThenEnd(exit: Exit): Promise<void> {
    await this.stopChildrenOf()
    this.end(exit)
  }

  /** Ends this life, but keeps the mailbox and the place: the family is about to be restarted. */
  suspend(): void {
    if (!this.stopping && !this.suspended) this.#revoke(() => this.#over())
  }

  restart(): void {
    if (!this.suspended || this.system.stopping) return
    this.life += 1
    this.#family?.beginAnew()
    this.system.counts.restarts += 1
    if (this.compiled.meter !== undefined) this.compiled.meter.restarts += 1
    this.system.telemetry.restarted?.(this.address)
    this.#phase = phases.running
    this.start()
    if (!this.#scheduled && this.#phase === phases.running && this.waiting > 0) this.#schedule()
  }

  // --- family --------------------------------------------------------------------------------------------------------------------------------

  get family(): Family {
    return (this.#family ??= new Family(this))
  }

  /** The family, if it ever needed one. */
  get knownFamily(): Family | undefined {
    return this.#family
  }

  get childless(): boolean {
    return this.#family === undefined || this.#family.children.empty
  }

  async stopChildrenOf(): Promise<void> {
    await this.#family?.stopChildren()
  }
}

type Handler = (context: Context, payload: unknown) => unknown

/** The cause that the message being handled came with. */
export function causeOf(meta: Meta | undefined): Cause | undefined {
  return meta instanceof Ask ? meta.cause : meta
}

export const causeToPassOn = (meta: Meta | undefined): Cause | undefined =>
  meta === undefined ? undefined : onward(causeOf(meta))

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function"
}
