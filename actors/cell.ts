/**
 * One running actor: its mailbox, state, children and watchers. The only mutable heart of the runtime.
 *
 * Invariants
 *   C1. One message at a time; while a handler's promise is open no other message is taken.
 *   C2. Signals are handled before messages, so a flooded actor can still be stopped.
 *   C3. After a crash the waiting messages are kept; the one that crashed is lost, and its ask is told.
 *   C4. Children stop before their parent, the last started first.
 *   C5. Nothing of an incarnation that ended is heard: late results are dropped, its context throws.
 */
import { actorAddress, formatAddress } from "./address.js"
import type { ErasedHandler, ErasedSpec } from "./actor.js"
import { Ask, DeferredReply } from "./ask.js"
import { onward, type Cause } from "./cause.js"
import { Children, type Sibling } from "./children.js"
import type { Context } from "./context.js"
import { AgentOSError } from "./errors.js"
import { DEFAULT_CAPACITY, KEPT_SLOTS, Mailbox, type Overflow } from "./mailbox.js"
import { Ref, type OpenAsk } from "./ref.js"
import {
  decide,
  DEFAULT_SUPERVISION,
  recentFailures,
  type ChildKind,
  type Exit,
  type Supervision,
} from "./supervision.js"
import type { ActorSystem } from "./system.js"
import { Limit } from "./timers.js"

export type Meta = Cause | Ask

/** A definition made ready: handlers by number, numbers by name. */
export interface Compiled {
  readonly spec: ErasedSpec
  readonly indexes: Readonly<Record<string, number>>
  readonly handlers: readonly ErasedHandler[]
  readonly types: readonly string[]
  readonly capacity: number
  readonly overflow: Overflow
}

export function compile(spec: ErasedSpec): Compiled {
  const types = Object.keys(spec.receive)
  const indexes: Record<string, number> = Object.create(null) as Record<string, number>
  types.forEach((type, i) => (indexes[type] = i + 1))
  return {
    spec,
    indexes,
    handlers: types.map((type) => spec.receive[type] as ErasedHandler),
    types,
    capacity: spec.mailbox?.capacity ?? DEFAULT_CAPACITY,
    overflow: spec.mailbox?.overflow ?? "reject",
  }
}

/** What a cell is told besides messages. */
type Signal =
  | { readonly kind: "start" }
  | { readonly kind: "stop" }
  | { readonly kind: "child-ended"; readonly child: Cell; readonly exit: Exit }
  | { readonly kind: "ended"; readonly ref: Ref; readonly exit: Exit }

const stopSignal: Signal = { kind: "stop" }

const phases = { running: 0, starting: 1, waiting: 2, stopping: 3, ended: 4 } as const
type Phase = (typeof phases)[keyof typeof phases]

/** What a child was spawned with beyond the ordinary; most have none of it. */
export interface Extras {
  readonly name?: string | undefined
  readonly init?: unknown
  readonly kind?: ChildKind | undefined
  readonly capacity?: number | undefined
  readonly overflow?: Overflow | undefined
  readonly supervision?: Partial<Supervision> | undefined
}

/** A family and those who look on, made when first needed. */
class Kin {
  readonly children = new Children<Cell>()
  readonly names = new Map<string, Cell>()
  readonly watchers = new Set<Cell>()
  readonly watched = new Set<Cell>()
  failures: readonly number[] = []
  stopWaiters: (() => void)[] = []
}

export class Cell extends Ref implements Sibling<Cell> {
  readonly system: ActorSystem
  readonly compiled: Compiled
  readonly parent: Cell | null
  readonly incarnation: number
  readonly extras: Extras | undefined
  state: unknown = undefined
  older: Cell | null = null
  younger: Cell | null = null
  /** Handler number of the one message that waits inline, 0 when there is none. */
  #first = 0
  #firstPayload: unknown = undefined
  #firstMeta: Meta | undefined = undefined
  #mailbox: Mailbox<Meta> | undefined = undefined
  #signals: Signal[] | undefined = undefined
  #stash: { handler: number; payload: unknown; meta: Meta | undefined }[] | undefined = undefined
  #kin: Kin | undefined = undefined
  #context: Context | undefined = undefined
  #scheduled = false
  /** The limit of the handler's or hook's promise that is open (C1); a promise whose limit this no longer is comes too late (C5). */
  #open: Limit | undefined = undefined
  #phase: Phase = phases.running
  /** Of the message being handled. */
  current: Meta | undefined = undefined
  #currentHandler = 0
  #currentPayload: unknown = undefined
  /** When the last message came, on the monotonic clock; only of entities. */
  lastUsed = 0

  constructor(
    system: ActorSystem,
    compiled: Compiled,
    parent: Cell | null,
    incarnation: number,
    extras: Extras | undefined,
  ) {
    super()
    this.system = system
    this.compiled = compiled
    this.parent = parent
    this.incarnation = incarnation
    this.extras = extras
  }

  get address(): string {
    return formatAddress(actorAddress(this.system.name, this.system.node, this.path, this.incarnation))
  }

  get path(): string[] {
    const own = this.extras?.name ?? `${this.compiled.spec.name}-${this.incarnation}`
    return this.parent === null || this.parent.parent === null ? [own] : [...this.parent.path, own]
  }

  get alive(): boolean {
    return this.#phase !== phases.ended
  }

  get waiting(): number {
    return (this.#first === 0 ? 0 : 1) + (this.#mailbox?.size ?? 0)
  }

  get idle(): boolean {
    return (
      this.#open === undefined &&
      this.waiting === 0 &&
      this.#phase === phases.running &&
      this.#signals === undefined &&
      (this.#context === undefined || this.#context.tasks === 0)
    )
  }

  get context(): Context {
    return (this.#context ??= this.compiled.spec.context?.(this) ?? this.system.contextOf(this))
  }

  // --- sending -------------------------------------------------------------------------------------------------------------------------------

  override tell(type: string, payload?: unknown): boolean {
    return this.put(this.#index(type), payload, undefined, false)
  }

  send(type: string, payload: unknown, cause: Cause | undefined): boolean {
    return this.put(this.#index(type), payload, cause, false)
  }

  request(
    type: string,
    payload: unknown,
    cause: Cause | undefined,
    timeoutMs: number | undefined,
    serving: OpenAsk | undefined,
    asker: object | undefined,
  ): Promise<never> {
    return openAsk(this.system, this, type, cause, timeoutMs, serving, asker, (ask) =>
      this.put(this.#index(type), payload, ask, false),
    )
  }

  /** Puts a message; `promised` ones go past the capacity. */
  put(handler: number, payload: unknown, meta: Meta | undefined, promised: boolean): boolean {
    if (this.#phase === phases.ended)
      return this.system.deadLetter(this, this.compiled.types[handler - 1] as string, meta, "stopped")
    const mailbox = this.#mailbox
    if (this.#first === 0 && (mailbox === undefined || mailbox.size === 0)) {
      this.#first = handler
      this.#firstPayload = payload
      this.#firstMeta = meta
    } else if (mailbox === undefined) {
      this.#mailbox = new Mailbox(
        this.extras?.capacity ?? this.compiled.capacity,
        this.extras?.overflow ?? this.compiled.overflow,
      )
      if (this.#mailbox.capacity <= 1 && !promised) return this.#refuse(handler, payload, meta)
      this.#mailbox.put(handler, payload, meta)
    } else {
      // The inline message counts too.
      if (mailbox.size + (this.#first === 0 ? 0 : 1) >= mailbox.capacity && !promised)
        return this.#refuse(handler, payload, meta)
      mailbox.put(handler, payload, meta)
    }
    if (!this.#scheduled) this.#schedule()
    return true
  }

  #index(type: string): number {
    const index = this.compiled.indexes[type]
    if (index === undefined) {
      throw new AgentOSError(
        "UNKNOWN_MESSAGE",
        `${this.compiled.spec.name} has no handler ${JSON.stringify(type)}; it has: ${this.compiled.types.join(", ")}`,
      )
    }
    return index
  }

  #refuse(handler: number, payload: unknown, meta: Meta | undefined): boolean {
    const { system } = this
    system.statistics.refused += 1
    system.dispatcher.hurried = true
    const type = this.compiled.types[handler - 1] as string
    const overflow = this.extras?.overflow ?? this.compiled.overflow
    if (overflow === "drop-oldest") {
      const oldest = this.#take()
      system.deadLetter(this, this.compiled.types[oldest - 1] as string, this.current, "overflow")
      this.current = undefined
      return this.put(handler, payload, meta, true)
    }
    if (overflow === "drop-newest") {
      system.deadLetter(this, type, meta, "overflow")
      return true
    }
    if (meta instanceof Ask)
      meta.fail(
        new AgentOSError(
          "MAILBOX_FULL",
          `the mailbox of ${this.address} holds ${this.waiting} messages and takes no more`,
        ),
      )
    return false
  }

  #schedule(): void {
    if (this.#open !== undefined || this.#phase === phases.waiting) return
    this.#scheduled = true
    this.system.dispatcher.schedule(this)
  }

  // --- handling ------------------------------------------------------------------------------------------------------------------------------

  run(limit: number): number {
    let handled = 0
    const { dispatcher } = this.system
    while (handled < limit && this.#open === undefined && !dispatcher.hurried) {
      if (this.#signals !== undefined) {
        this.#handleSignal() // C2
        handled += 1
        continue
      }
      if (this.#phase !== phases.running) break
      const handler = this.#take()
      if (handler === 0) break
      handled += 1
      this.#handle(handler)
    }
    this.#scheduled = false
    if (
      this.#open === undefined &&
      (this.#signals !== undefined || (this.#phase === phases.running && this.waiting > 0))
    )
      this.#schedule()
    this.system.statistics.handled += handled
    return handled
  }

  /** Takes the first message into `current...`. @returns its handler's number, 0 when there is none */
  #take(): number {
    const first = this.#first
    if (first !== 0) {
      this.#first = 0
      this.#currentPayload = this.#firstPayload
      this.current = this.#firstMeta
      this.#firstPayload = undefined
      this.#firstMeta = undefined
      return (this.#currentHandler = first)
    }
    const mailbox = this.#mailbox
    if (mailbox === undefined) return 0
    const handler = mailbox.take()
    if (handler === 0) {
      if (mailbox.slots > KEPT_SLOTS) this.#mailbox = undefined
      return 0
    }
    this.#currentPayload = mailbox.payload
    this.current = mailbox.meta
    mailbox.forget()
    return (this.#currentHandler = handler)
  }

  #handle(handler: number): void {
    const meta = this.current
    if (meta !== undefined) {
      if (meta instanceof Ask) {
        if (meta.ended) return // its deadline passed while it waited
      } else if (meta.deadline !== undefined && meta.deadline < this.system.wheel.now) {
        this.system.deadLetter(this, this.compiled.types[handler - 1] as string, meta, "expired")
        return
      }
    }
    try {
      const result = (this.compiled.handlers[handler - 1] as ErasedHandler)(this.context, this.#currentPayload)
      if (isPromise(result)) this.#await(result, meta)
      else if (meta instanceof Ask && !(result instanceof DeferredReply)) meta.reply(result)
    } catch (error) {
      this.#crash(error)
    }
  }

  /** Holds the mailbox until a handler's promise settles or its time is up (C1). */
  #await(promise: PromiseLike<unknown>, meta: Meta | undefined): void {
    const limitMs = this.compiled.spec.handlerTimeoutMs ?? defaultHandlerMs
    const open = new Limit(() => {
      const type = this.compiled.types[this.#currentHandler - 1] ?? ""
      const message = `${this.address}: the handler ${type} did not settle within ${limitMs} ms`
      this.#settle(open, () => this.#crash(new AgentOSError("HANDLER_TIMEOUT", message)))
    })
    this.#open = open
    this.system.wheel.add(open, limitMs)
    promise.then(
      (value) =>
        this.#settle(open, () => {
          if (meta instanceof Ask && !(value instanceof DeferredReply)) meta.reply(value)
        }),
      (error: unknown) => this.#settle(open, () => this.#crash(error)),
    )
  }

  #settle(open: Limit, then: () => void): void {
    if (this.#open !== open) return // C5
    this.#release()
    then()
    if (!this.#scheduled && this.#phase !== phases.ended && (this.waiting > 0 || this.#signals !== undefined))
      this.#schedule()
  }

  /** Lets go of the handler's promise that is open, if one is. */
  #release(): void {
    this.#open?.cancel()
    this.#open = undefined
  }

  stash(): void {
    const stash = (this.#stash ??= [])
    const capacity = this.extras?.capacity ?? this.compiled.capacity
    if (stash.length >= capacity)
      throw new AgentOSError("STASH_FULL", `${this.address} has stashed ${capacity} messages`)
    if (this.current instanceof Ask) this.current.deferred = true
    stash.push({ handler: this.#currentHandler, payload: this.#currentPayload, meta: this.current })
  }

  unstashAll(): void {
    const stash = this.#stash
    if (stash === undefined) return
    this.#stash = undefined
    const mailbox = (this.#mailbox ??= new Mailbox(
      this.extras?.capacity ?? this.compiled.capacity,
      this.extras?.overflow ?? this.compiled.overflow,
    ))
    if (this.#first !== 0) {
      mailbox.putFirst(this.#first, this.#firstPayload, this.#firstMeta)
      this.#first = 0
      this.#firstPayload = undefined
      this.#firstMeta = undefined
    }
    for (const { handler, payload, meta } of stash.reverse()) mailbox.putFirst(handler, payload, meta)
  }

  // --- life ----------------------------------------------------------------------------------------------------------------------------------

  /** Makes the state and runs `started`, at spawn and at each restart. */
  start(): void {
    try {
      this.state = this.compiled.spec.state(this.extras?.init)
    } catch (error) {
      return this.#crash(error)
    }
    if (this.compiled.spec.started === undefined) return
    this.#phase = phases.starting
    this.signal({ kind: "start" })
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
    switch (signal.kind) {
      case "start":
        return this.#hook(
          this.compiled.spec.started?.bind(undefined, this.context),
          () => (this.#phase = phases.running),
        )
      case "stop":
        return this.#stop()
      case "child-ended":
        return this.#supervise(signal.child, signal.exit)
      case "ended":
        this.#kin?.watched.delete(signal.ref as Cell)
        return this.#hook(
          this.compiled.spec.ended === undefined
            ? undefined
            : () => this.compiled.spec.ended?.(this.context, signal.ref, signal.exit),
          undefined,
        )
    }
  }

  /** Runs a life-cycle function; a promise holds the mailbox, a throw is a crash. */
  #hook(call: (() => unknown) | undefined, then: (() => void) | undefined): void {
    this.current = undefined
    try {
      const result = call?.()
      if (!isPromise(result)) return then?.()
      this.#await(
        result.then((value) => {
          then?.()
          return value
        }),
        undefined,
      )
    } catch (error) {
      this.#crash(error)
    }
  }

  /** Asks it to stop. @returns when it has ended */
  stop(): Promise<void> {
    if (this.#phase === phases.ended) return Promise.resolve()
    return new Promise((done) => {
      this.kin.stopWaiters.push(done)
      this.signal(stopSignal)
      const open = this.#open
      if (open === undefined) return
      this.#context?.abort()
      // A handler that never settles must not hold a stop for ever.
      const { wheel, shutdownTimeoutMs } = this.system
      const limit = new Limit(() => {
        if (this.#open === open) this.#stop()
      })
      this.kin.stopWaiters.push(limit.cancel)
      wheel.add(limit, shutdownTimeoutMs)
    })
  }

  /** Asks it to stop after the message it is handling. */
  stopSoon(): void {
    this.signal(stopSignal)
  }

  #stop(): void {
    if (this.#phase === phases.stopping || this.#phase === phases.ended) return
    const mayTidy = this.#phase === phases.running && this.#open === undefined
    this.#phase = phases.stopping
    this.#context?.abort()
    this.#giveUp()
    const tidies = mayTidy && this.compiled.spec.stopping !== undefined
    if (!tidies && (this.#kin === undefined || this.#kin.children.empty)) return this.#stopped()
    void this.#stopChildren().then(async () => {
      if (tidies) await this.#tidy()
      this.#stopped()
    })
  }

  /** Ends, save that a permanent actor which stopped by itself is for its supervisor to start again. */
  #stopped(): void {
    const exit: Exit = { kind: "stopped" }
    if (!this.stoppedByItself || this.extras?.kind !== "permanent" || this.parent === null) return this.end(exit)
    this.stoppedByItself = false
    this.#revoke()
    this.parent.signal({ kind: "child-ended", child: this, exit })
  }

  /** The incarnation is over, the mailbox and the place stay (C5). */
  #revoke(): void {
    this.#phase = phases.waiting
    this.#context?.abort()
    this.#context?.revoke()
    this.#context = undefined
    this.#giveUp()
  }

  /** Runs `stopping`, for as long as a stop may take. */
  async #tidy(): Promise<void> {
    const { stopping } = this.compiled.spec
    if (stopping === undefined) return
    const { wheel, shutdownTimeoutMs, logger } = this.system
    await new Promise<void>((done) => {
      const limit = new Limit(() => {
        logger.warn({ actor: this.address }, `an actor was not done with stopping after ${shutdownTimeoutMs} ms`)
        done()
      })
      wheel.add(limit, shutdownTimeoutMs)
      void (async () => stopping(this.context))()
        .catch((error: unknown) => logger.warn({ actor: this.address, error }, "an actor failed while stopping"))
        .finally(() => {
          limit.cancel()
          done()
        })
    })
  }

  /** What the open promise would have answered, nobody answers any more. */
  #giveUp(): void {
    if (this.#open === undefined) return
    this.#release()
    if (this.current instanceof Ask) this.current.fail(new AgentOSError("ACTOR_STOPPED", `${this.address} has stopped`))
  }

  /** C4 */
  async #stopChildren(): Promise<void> {
    for (const child of (this.#kin?.children.toArray() ?? []).reverse()) await child.stop()
  }

  /** A throw: the message is lost (C3), its ask is told, the supervisor decides. */
  #crash(thrown: unknown): void {
    const { system } = this
    system.statistics.crashes += 1
    system.telemetry.crashed?.(this.address, thrown)
    const meta = this.current
    this.current = undefined
    if (meta instanceof Ask)
      meta.fail(
        thrown instanceof AgentOSError
          ? thrown
          : new AgentOSError(
              "ACTOR_CRASHED",
              `${this.address} crashed: ${thrown instanceof Error ? thrown.message : String(thrown)}`,
              { cause: thrown },
            ),
      )
    system.logger.warn({ actor: this.address, error: thrown }, "an actor crashed")
    this.crashed(thrown)
  }

  crashed(error: unknown): void {
    if (this.#phase === phases.stopping || this.#phase === phases.ended) return
    this.#revoke()
    if (this.parent === null) return
    this.parent.signal({ kind: "child-ended", child: this, exit: { kind: "crashed", error } })
  }

  /** Takes it out of the world: whoever waits is told. */
  end(exit: Exit): void {
    if (this.#phase === phases.ended) return
    this.#phase = phases.ended
    this.#giveUp()
    this.#context?.abort()
    this.#context?.revoke()
    this.#signals = undefined
    for (let handler = this.#take(); handler !== 0; handler = this.#take())
      this.system.deadLetter(this, this.compiled.types[handler - 1] as string, this.current, "stopped")
    for (const { handler, meta } of this.#stash ?? [])
      this.system.deadLetter(this, this.compiled.types[handler - 1] as string, meta, "stopped")
    this.#mailbox = undefined
    this.#stash = undefined
    this.state = undefined
    this.system.statistics.actors -= 1
    const kin = this.#kin
    if (kin !== undefined) {
      for (const watcher of kin.watchers) watcher.signal({ kind: "ended", ref: this, exit })
      for (const watched of kin.watched) watched.#kin?.watchers.delete(this)
      for (const done of kin.stopWaiters.splice(0)) done()
    }
    this.parent?.childGone(this)
  }

  childGone(child: Cell): void {
    const kin = this.#kin
    if (kin === undefined) return
    kin.children.remove(child)
    if (child.extras?.name !== undefined && kin.names.get(child.extras.name) === child)
      kin.names.delete(child.extras.name)
  }

  /** Whether it ended without being asked to by its supervisor or the system. */
  stoppedByItself = false

  #supervise(child: Cell, exit: Exit): void {
    const kin = this.#kin
    if (kin === undefined || this.#phase === phases.stopping || !child.alive) return child.end(exit)
    const supervision: Supervision = {
      ...DEFAULT_SUPERVISION,
      ...this.compiled.spec.supervision,
      ...this.extras?.supervision,
    }
    const now = this.system.clock.monotonic()
    const directive = decide(supervision, child.extras?.kind ?? "transient", exit, kin.failures, now)
    if (directive.do === "forget") return child.end(exit)
    if (directive.do === "escalate") {
      if (this.parent === null) {
        this.system.logger.error(
          { actor: child.address, error: directive.error },
          "an actor crashed more often than its supervisor allows; it is stopped",
        )
        return void child.stopChildrenThenEnd(exit)
      }
      void child.stopChildrenThenEnd(exit)
      return this.#crash(directive.error)
    }
    kin.failures = [...recentFailures(supervision, kin.failures, now), now]
    const siblings = kin.children.toArray()
    const affected =
      directive.scope === "child"
        ? [child]
        : directive.scope === "all"
          ? siblings
          : siblings.slice(siblings.indexOf(child))
    const restart = async (): Promise<void> => {
      for (const other of [...affected].reverse()) await other.prepareRestart()
      for (const other of affected) other.restart()
    }
    if (directive.delayMs > 0) {
      for (const other of affected) other.#phase = phases.waiting
      this.system.clock.timer(directive.delayMs, () => void restart())
    } else void restart()
  }

  async stopChildrenThenEnd(exit: Exit): Promise<void> {
    await this.#stopChildren()
    this.end(exit)
  }

  /** Ends the incarnation but keeps the mailbox and the place. */
  async prepareRestart(): Promise<void> {
    if (this.#phase === phases.ended || this.#phase === phases.stopping) return
    this.#revoke()
    await this.#stopChildren()
  }

  restart(): void {
    if (this.#phase === phases.ended || this.#phase === phases.stopping || this.system.stopping) return
    this.system.statistics.restarts += 1
    this.system.telemetry.restarted?.(this.address)
    this.#phase = phases.running
    this.start()
    if (!this.#scheduled && this.#phase === phases.running && this.waiting > 0) this.#schedule()
  }

  // --- kin -----------------------------------------------------------------------------------------------------------------------------------

  get kin(): Kin {
    return (this.#kin ??= new Kin())
  }

  adopt(child: Cell): void {
    const { kin } = this
    kin.children.add(child)
    if (child.extras?.name !== undefined) kin.names.set(child.extras.name, child)
  }

  watch(other: Ref): void {
    if (!(other instanceof Cell)) return
    if (!other.alive) return this.signal({ kind: "ended", ref: other, exit: { kind: "stopped" } })
    this.kin.watched.add(other)
    other.kin.watchers.add(this)
  }

  unwatch(other: Ref): void {
    if (!(other instanceof Cell)) return
    this.#kin?.watched.delete(other)
    other.#kin?.watchers.delete(this)
  }
}

/** How long a handler's promise may hold the mailbox unless told otherwise. */
const defaultHandlerMs = 60_000

/** How long an ask waits unless told otherwise. */
const defaultAskMs = 5000

/** Opens an ask and puts it where `put` says. */
export function openAsk(
  system: ActorSystem,
  target: Ref,
  type: string,
  cause: Cause | undefined,
  timeoutMs: number | undefined,
  serving: OpenAsk | undefined,
  asker: object | undefined,
  put: (ask: Ask) => boolean,
): Promise<never> {
  return new Promise((resolve, reject) => {
    if (asker !== undefined) {
      for (let link: OpenAsk | undefined = { asker, serving, deadline: 0 }; link !== undefined; link = link.serving) {
        if (link.asker === target)
          return reject(
            new AgentOSError(
              "ASK_CYCLE",
              `${(asker as Ref).address} would wait for ${target.address}, which waits for it`,
            ),
          )
      }
    }
    const now = system.wheel.now
    let deadline = now + (timeoutMs ?? defaultAskMs)
    if (cause?.deadline !== undefined && cause.deadline < deadline) deadline = cause.deadline
    if (serving !== undefined && serving.deadline < deadline) deadline = serving.deadline
    const ask = new Ask(target, type, deadline - now, cause, asker, serving, resolve, reject)
    if (cause?.signal !== undefined) {
      if (cause.signal.aborted) {
        return ask.fail(
          cause.signal.reason instanceof AgentOSError
            ? cause.signal.reason
            : new AgentOSError("CANCELLED", `the ask ${type} of ${target.address} was cancelled before it was sent`),
        )
      }
      ask.follow(cause.signal)
    }
    system.wheel.addAt(ask, deadline)
    try {
      put(ask)
    } catch (error) {
      ask.fail(error)
    }
  })
}

/** The cause that the message being handled came with. */
export function causeOf(meta: Meta | undefined): Cause | undefined {
  return meta instanceof Ask ? meta.cause : meta
}

export const causeToPassOn = (meta: Meta | undefined): Cause | undefined => onward(causeOf(meta))

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function"
}
