/**
 * One running actor: its state and its life, from spawn to end. What waits for it stands in inbox.ts, how it handles
 * that in turns.ts, what it is to other actors in family.ts.
 *
 * Invariants
 *   C1. After a crash the waiting messages are kept, and one whose handler has not begun (T6); the one that crashed is
 *       lost, and its ask is told.
 *   C2. A life that ended is over: its context throws, and nothing that it began is heard (T3).
 *   C3. What an actor owes is told when its life ends, with `ACTOR_CRASHED` or `ACTOR_STOPPED`. The error that was
 *       thrown is the answer of the handler that threw it alone: what it says of that one (that nothing was carried
 *       out, that it may be tried again) says nothing of the others.
 */
import { actorAddress, formatAddress } from "./address.js"
import { Ask, openAsk, type AskDoor } from "./ask.js"
import type { Cause } from "./cause.js"
import type { Sibling } from "./children.js"
import type { Compiled } from "./compiled.js"
import type { Context } from "./context.js"
import { AgentOSError, ofHandler, thrownText } from "./errors.js"
import { Family } from "./family.js"
import { causeOf, phases, type CellOptions, type Meta } from "./inbox.js"
import type { AnyRef, AskOptions, OpenAsk, Ref } from "./ref.js"
import { STOPPED, type Exit } from "./supervision.js"
import type { ActorSystem } from "./system.js"
import type { ActorNode } from "./telemetry.js"
import { Limit } from "./timers.js"
import { isPromise, Turns } from "./turns.js"

/** What a cell is told besides messages. */
export type Signal =
  | { readonly kind: "start" }
  | { readonly kind: "stop" }
  | { readonly kind: "child-ended"; readonly child: Cell; readonly life: number; readonly exit: Exit }
  | { readonly kind: "ended"; readonly ref: AnyRef; readonly exit: Exit }

const startSignal: Signal = { kind: "start" }
const stopSignal: Signal = { kind: "stop" }

const phaseNames = ["running", "starting", "waiting", "stopping", "ended"] as const

export class Cell extends Turns<Signal> implements Sibling<Cell>, AskDoor {
  readonly parent: Cell | null
  readonly incarnation: number
  state: unknown = undefined
  protected known: Context | undefined = undefined
  older: Cell | null = null
  younger: Cell | null = null
  #family: Family | undefined = undefined
  life = 0
  /** Whether it ended without being asked to by its supervisor or the system. */
  #stoppedByItself = false

  constructor(
    system: ActorSystem,
    compiled: Compiled,
    parent: Cell | null,
    incarnation: number,
    options: CellOptions | undefined,
  ) {
    super(system, compiled, options)
    this.parent = parent
    this.incarnation = incarnation
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

  /** By which others reach it, for as long as they may want to: an entity beyond this life. */
  get ref(): Ref {
    return this.options?.entity?.ref ?? this
  }

  get alive(): boolean {
    return this.phase !== phases.ended
  }

  get stopping(): boolean {
    return this.phase === phases.stopping || this.phase === phases.ended
  }

  /** Its life is over, and the next has not begun. */
  get suspended(): boolean {
    return this.phase === phases.waiting
  }

  get context(): Context {
    return (this.known ??= this.compiled.spec.context?.(this) ?? this.system.contextOf(this))
  }

  /** It and the actors it supervises, of each at most so many. */
  treeOf(mostChildren: number): ActorNode {
    const children = this.#family?.children.toArray(mostChildren) ?? []
    return {
      address: this.address,
      name: this.name,
      definition: this.compiled.spec.name,
      phase: phaseNames[this.phase],
      waiting: this.waiting,
      restarts: this.life,
      children: children.map((child) => child.treeOf(mostChildren)),
      more: (this.#family?.children.size ?? 0) - children.length,
    }
  }

  // --- sending ------------------------------------------------------------------------------------------------------

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
    return openAsk(this.system, this, this.compiled, type, payload, cause, options, serving, asker, this)
  }

  putAsk(type: string, payload: unknown, ask: Ask): boolean {
    return this.put(this.compiled.number(type), payload, ask, false)
  }

  override get checks(): boolean {
    return this.compiled.spec.handsOn !== true
  }

  override check(type: string, payload: unknown): unknown {
    return this.compiled.checked(type, payload)
  }

  // --- life ---------------------------------------------------------------------------------------------------------

  /** Makes the state and runs `started`, at spawn and at each restart. */
  start(): void {
    try {
      this.state = this.compiled.spec.state(this.options?.init)
    } catch (error) {
      return this.crash(error, undefined)
    }
    if (this.compiled.spec.started === undefined) return
    this.phase = phases.starting
    this.signal(startSignal)
  }

  /** When it has started: true, or false when that failed. */
  ready(): Promise<boolean> {
    if (this.phase !== phases.starting) return Promise.resolve(this.phase === phases.running)
    return new Promise((done) => this.family.onReady(done))
  }

  protected handleSignal(signal: Signal): void {
    const { spec } = this.compiled
    switch (signal.kind) {
      case "start":
        return this.hook(spec.started, () => {
          this.phase = phases.running
          this.#family?.started(true)
        })
      case "stop":
        return this.beginStop()
      case "child-ended":
        return this.#family?.supervise(signal.child, signal.life, signal.exit)
      case "ended":
        if (spec.ended !== undefined) this.hook((context) => spec.ended?.(context, signal.ref, signal.exit), undefined)
    }
  }

  /** Runs a life-cycle function; a promise holds the mailbox, a throw is a crash. */
  private hook(call: ((context: Context) => unknown) | undefined, then: (() => void) | undefined): void {
    this.handler = 0
    this.current = undefined
    try {
      const result = call?.(this.context)
      if (!isPromise(result)) return then?.()
      this.hold(result, undefined, then)
    } catch (error) {
      this.crash(error, undefined)
    }
  }

  /** Asks it to stop. @returns when it has ended */
  stop(): Promise<void> {
    if (this.phase === phases.ended) return Promise.resolve()
    return new Promise((done) => {
      this.family.onStopped(() => done())
      const open = this.open
      const busy = open !== undefined || this.handler !== 0 || this.phase === phases.starting
      this.signal(stopSignal)
      if (!busy) return
      this.known?.abort()
      // A handler that never settles must not hold a stop for ever, nor one that waits for the stop that it asked for
      // before its promise was open.
      const limit = new Limit(() => {
        if (this.open !== undefined && (open === undefined || this.open === open)) this.beginStop()
      })
      this.family.onStopped(limit.cancel)
      this.system.wheel.add(limit, this.shutdownMs)
    })
  }

  private get shutdownMs(): number {
    return this.options?.shutdownTimeoutMs ?? this.compiled.spec.shutdownTimeoutMs ?? this.system.shutdownTimeoutMs
  }

  /** Stops it after the message it is handling, at its own wish. */
  stopItself(): void {
    if (this.phase === phases.starting) this.options?.entity?.refused()
    this.#stoppedByItself = true
    this.signal(stopSignal)
  }

  private beginStop(): void {
    if (this.stopping) return
    const mayTidy = this.phase === phases.running && this.open === undefined
    this.phase = phases.stopping
    this.known?.abort()
    this.giveUp(() => this.over())
    const tidies = mayTidy && this.compiled.spec.stopping !== undefined
    if (!tidies && this.childless) return this.stopped()
    void this.stopChildrenOf().then(async () => {
      if (tidies) {
        await this.tidy()
        await this.stopChildrenOf() // those it has started meanwhile
      }
      this.stopped()
    })
  }

  /** Ends, save that a permanent actor which stopped by itself is for its supervisor to start again. */
  private stopped(): void {
    if (!this.#stoppedByItself || this.options?.kind !== "permanent" || this.parent === null) return this.end(STOPPED)
    this.#stoppedByItself = false
    this.revoke(() => this.over())
    this.parent.signal({ kind: "child-ended", child: this, life: this.life, exit: STOPPED })
  }

  /**
   * The life is over, the mailbox and the place stay (C2); what it had put aside waits again, whom it watched is
   * forgotten.
   * @param why told to those whom it owes an answer
   */
  private revoke(why: () => AgentOSError): void {
    const wasStarting = this.phase === phases.starting
    this.phase = phases.waiting
    this.known?.abort()
    this.giveUp(why)
    this.known?.revoke(why)
    this.known = undefined
    this.unstashAll()
    this.#family?.forsake()
    const signals = this.signals?.filter(({ kind }) => kind === "stop" || kind === "child-ended")
    this.signals = signals?.length === 0 ? undefined : signals
    if (wasStarting) this.#family?.started(false)
  }

  /** Runs `stopping`, for as long as a stop may take. */
  private async tidy(): Promise<void> {
    const { stopping } = this.compiled.spec
    if (stopping === undefined) return
    const { wheel, logger } = this.system
    const limitMs = this.shutdownMs
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

  private over(): AgentOSError {
    return this.options?.entity?.over ?? new AgentOSError("ACTOR_STOPPED", `${this.address} has stopped`)
  }

  /** A throw: the message is lost (C1), its ask is told, the supervisor decides. */
  protected crash(thrown: unknown, thrower: Meta | undefined): void {
    const { system, compiled } = this
    system.counts.crashes += 1
    if (compiled.meter !== undefined) compiled.meter.crashes += 1
    const traceId = causeOf(thrower ?? this.current)?.traceId
    system.telemetry.crashed?.(this.address, thrown, traceId)
    // C3
    if (thrower instanceof Ask) thrower.fail(thrown instanceof AgentOSError ? ofHandler(thrown) : this.crashOf(thrown))
    system.logger.warn({ actor: this.address, error: thrown, traceId }, "an actor crashed")
    this.crashed(thrown)
    this.current = undefined
  }

  crashOf(thrown: unknown): AgentOSError {
    const message = `${this.address} crashed: ${thrownText(thrown)}`
    return new AgentOSError("ACTOR_CRASHED", message, { cause: thrown })
  }

  crashed(error: unknown): void {
    if (this.stopping || this.suspended) return
    const linked = this.#family?.takeLinked() ?? []
    this.revoke(() => this.crashOf(error))
    if (this.parent === null) return
    this.parent.signal({ kind: "child-ended", child: this, life: this.life, exit: { kind: "crashed", error } })
    for (const other of linked) other.linkedCrash(this, error)
  }

  /**
   * Work that it began beside its mailbox has failed.
   * @param thrower beside the message whose answer waits for that
   */
  workFailed(error: unknown, thrower?: Meta): void {
    if (!this.stopping && !this.suspended) this.crash(error, thrower)
  }

  /** An actor it is linked to has crashed. */
  linkedCrash(other: Cell, cause: unknown): void {
    if (this.stopping || this.suspended) return
    this.crash(
      new AgentOSError("LINKED_CRASH", `${other.address}, linked to ${this.address}, has crashed`, { cause }),
      undefined,
    )
  }

  /**
   * Its supervision came to an end with a child that crashed too often: it crashes itself; at the root the system
   * decides.
   * @param restMs so long it is left alone, if it never ends
   */
  escalated(child: Cell, error: unknown, restMs: number | undefined): void {
    this.system.telemetry.escalated?.(this.address, child.address, error)
    if (this.parent === null) this.system.topLevelGivenUp(child, error, restMs)
    else this.crash(error, undefined)
  }

  /** Takes it out of the world: whoever waits is told. */
  end(exit: Exit): void {
    if (this.phase === phases.ended) return
    const wasStarting = this.phase === phases.starting
    this.phase = phases.ended
    const why = (): AgentOSError => (exit.kind === "crashed" ? this.crashOf(exit.error) : this.over())
    this.giveUp(why)
    this.known?.abort()
    this.known?.revoke(why)
    this.signals = undefined
    this.options?.entity?.ended()
    this.bury(exit.kind === "crashed" ? why() : undefined)
    this.state = undefined
    if (this.parent !== null) this.system.counts.actors -= 1 // the root is none of those who are counted
    if (this.#family !== undefined) {
      if (wasStarting) this.#family.started(false)
      this.#family.ended(exit)
    }
    this.parent?.knownFamily?.lose(this)
  }

  /**
   * Ends it at once, whatever it is doing. What waits for it is to be taken out before.
   * @param why told to those whom it owes an answer, and to its watchers
   */
  abandon(why: AgentOSError): void {
    if (!this.alive) return
    if (!this.suspended) this.revoke(() => why)
    void this.stopChildrenThenEnd({ kind: "crashed", error: why })
  }

  async stopChildrenThenEnd(exit: Exit): Promise<void> {
    await this.stopChildrenOf()
    this.end(exit)
  }

  /** Ends this life, but keeps the mailbox and the place: the family is about to be restarted. */
  suspend(): void {
    if (!this.stopping && !this.suspended) this.revoke(() => this.over())
  }

  restart(): void {
    if (!this.suspended || this.system.stopping) return
    this.life += 1
    this.#family?.beginAnew()
    this.system.counts.restarts += 1
    if (this.compiled.meter !== undefined) this.compiled.meter.restarts += 1
    this.system.telemetry.restarted?.(this.address)
    this.phase = phases.running
    this.start()
    if (!this.scheduled && this.phase === phases.running && this.waiting > 0) this.schedule()
  }

  // --- family -------------------------------------------------------------------------------------------------------

  get family(): Family {
    return (this.#family ??= new Family(this))
  }

  /** The family, if it ever needed one. */
  get knownFamily(): Family | undefined {
    return this.#family
  }

  protected get attached(): boolean {
    return this.#family?.attached === true
  }

  get childless(): boolean {
    return this.#family === undefined || this.#family.children.empty
  }

  async stopChildrenOf(): Promise<void> {
    await this.#family?.stopChildren()
  }
}
