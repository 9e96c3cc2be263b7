/** What a handler is given: the cell of one incarnation, seen from inside. Once revoked, every use throws. */
import type { AnyDefinition, RunOptions, Sender, SpawnOptions, Task } from "./actor.js"
import { Ask, DeferredReply } from "./ask.js"
import { Bag } from "./bag.js"
import { anonymous, onward, type Cause } from "./cause.js"
import { Cell } from "./cell.js"
import { AgentOSError, thrownText } from "./errors.js"
import { follow, unfollow, type Follower } from "./following.js"
import { causeOf, causeToPassOn, Own, type Message, type Meta } from "./inbox.js"
import { checkNumber, duration, period } from "./numbers.js"
import { Ref, RefBefore, type AnyRef } from "./ref.js"
import { STOPPED } from "./supervision.js"
import { checkObject } from "./words.js"
import type { ActorSystem } from "./system.js"
import { Limit } from "./timers.js"

/** What one life has under way; made when first needed. */
class Ongoing {
  readonly abort = new AbortController()
  readonly timers = new Set<Limit>()
  /** One for each work begun by `run` that goes on; they are aborted with the actor's own. */
  readonly works = new Bag<{ readonly stop: AbortController; place: number }>()
  /** Asks that are to be answered later. */
  #owed: Ask[] = []
  #owedAtMost = 16

  owe(ask: Ask): void {
    if (this.#owed.length >= this.#owedAtMost) {
      this.#owed = this.#owed.filter(({ ended }) => !ended)
      this.#owedAtMost = Math.max(16, 2 * this.#owed.length)
    }
    this.#owed.push(ask)
  }

  /** Answers that are still owed, or works that go on. */
  get open(): boolean {
    return this.works.size > 0 || this.#owed.some(({ ended }) => !ended)
  }

  /** What is owed will not be answered any more. */
  giveUp(why: () => AgentOSError): void {
    for (const ask of this.#owed) if (!ask.ended) ask.fail(why())
    this.#owed = []
  }
}

export class Context {
  readonly #cell: Cell
  #ongoing: Ongoing | undefined
  #revoked = false

  constructor(cell: Cell) {
    this.#cell = cell
  }

  /** The cell, while this incarnation lives. */
  protected get cell(): Cell {
    if (this.#revoked) throw this.#over()
    return this.#cell
  }

  #over(): AgentOSError {
    const message = `this incarnation of ${this.#cell.address} has ended; its context is of no use any more`
    return new AgentOSError("ACTOR_STOPPED", message)
  }

  /** Beside the message being handled. */
  protected get meta(): Meta | undefined {
    return this.cell.current
  }

  get ongoing(): Ongoing {
    return (this.#ongoing ??= new Ongoing())
  }

  /**
   * Whether this life owes anything beside what its mailbox holds: works that go on, answers that were deferred.
   * Timers do not count.
   */
  get owes(): boolean {
    return this.#ongoing?.open === true
  }

  /** The same context for a message that is handled beside another one. */
  turn(meta: Meta | undefined, handler = 0, payload?: unknown): Context {
    return new TurnContext(this, this.#cell, { meta, handler, payload })
  }

  get state(): unknown {
    return this.cell.state
  }

  set state(state: unknown) {
    this.cell.state = state
  }

  get self(): Ref {
    return this.#cell.ref
  }

  get system(): ActorSystem {
    return this.cell.system
  }

  get cause(): Cause {
    return causeOf(this.meta) ?? anonymous
  }

  get signal(): AbortSignal {
    const { signal } = this.ongoing.abort
    if (this.#revoked && !signal.aborted) this.ongoing.abort.abort()
    return signal
  }

  tell(ref: unknown, type: string, payload?: unknown): boolean {
    return (ref as Ref).send(type, payload, causeToPassOn(this.meta))
  }

  ask(ref: unknown, type: string, payload?: unknown): Promise<never> {
    const { cell, meta } = this
    const serving = meta instanceof Ask ? meta : undefined
    return (ref as Ref).request(type, payload, causeToPassOn(meta), undefined, serving, cell.ref)
  }

  spawn(definition: AnyDefinition, options?: SpawnOptions<unknown>): Ref {
    return this.cell.system.spawnUnder(this.cell, definition, options)
  }

  stop(child?: AnyRef): void {
    const cell = this.cell
    if (child === undefined) {
      cell.stopItself()
      return
    }
    const other = stoppable(child)
    if (other.parent === cell) void other.stop()
  }

  watch(ref: AnyRef): void {
    const other = otherOf(ref)
    if (other.alive) this.cell.family.watch(other)
    else this.cell.signal({ kind: "ended", ref: other, exit: STOPPED })
  }

  unwatch(ref: AnyRef): void {
    this.cell.family.unwatch(otherOf(ref))
  }

  link(ref: AnyRef): void {
    const other = otherOf(ref)
    if (other.alive) this.cell.family.link(other)
    else throw new AgentOSError("ACTOR_STOPPED", `${other.address} has stopped; there is nothing to be linked to`)
  }

  unlink(ref: AnyRef): void {
    this.cell.family.unlink(otherOf(ref))
  }

  run<T>(
    work: (signal: AbortSignal, sender: Sender) => Promise<T>,
    done: string,
    failed?: string,
    options: RunOptions = {},
  ): Task {
    checkObject("INVALID_OPTION", "the options of run", options)
    const { detached = false } = options
    const { cell, meta, ongoing } = this
    const { life, compiled } = cell
    const handler = compiled.number(done)
    const failure = failed === undefined ? undefined : compiled.number(failed)
    const own = new Own(life, causeOf(meta), this.origin)
    const stop = new AbortController()
    // To follow costs a tenth of AbortSignal.any, and leaves nothing behind on a signal that lives longer.
    const callers = detached ? undefined : causeOf(meta)?.signal
    const follower: Follower = { aborted: ({ reason }) => stop.abort(reason) }
    if (callers?.aborted === true) follower.aborted(callers)
    else if (callers !== undefined) follow(callers, follower)
    const { signal } = ongoing.abort
    if (signal.aborted) stop.abort(signal.reason)
    const task = { stop, place: 0 }
    ongoing.works.add(task)
    const sender = new TaskSender(detached ? own : meta)
    let dropped = false
    const end = (deliver: () => void): void => {
      ongoing.works.remove(task)
      if (callers !== undefined) unfollow(callers, follower)
      if (!dropped && cell.life === life && cell.alive && !this.revoked) deliver()
    }
    Promise.resolve()
      .then(() =>
        // Who takes no signal is not made one: it costs more than a small task.
        work.length === 0 ? (work as () => Promise<T>)() : work(stop.signal, sender as unknown as Sender),
      )
      .then(
        (value) => end(() => cell.putOwn(handler, value, own, true)),
        (error: unknown) =>
          end(() => (failure === undefined ? cell.workFailed(error) : cell.putOwn(failure, error, own, true))),
      )
    return {
      cancel: () => {
        if (failure !== undefined) dropped = true
        stop.abort(new AgentOSError("CANCELLED", "the task was cancelled"))
      },
    }
  }

  after(milliseconds: number, type: string, payload?: unknown): Task {
    checkNumber("INVALID_OPTION", "the delay of after", milliseconds, duration)
    const { cell, ongoing } = this
    const handler = cell.compiled.number(type)
    const own = new Own(cell.life, causeOf(this.meta), this.origin)
    const timer = new Limit(() => {
      ongoing.timers.delete(timer)
      cell.putOwn(handler, payload, own, true)
    })
    return this.#start(timer, milliseconds)
  }

  every(milliseconds: number, type: string, payload?: unknown): Task {
    checkNumber("INVALID_OPTION", "the interval of every", milliseconds, period)
    const { cell } = this
    const handler = cell.compiled.number(type)
    const { wheel } = cell.system
    const own = new Own(cell.life, undefined, this.origin)
    const timer = new Limit(() => {
      wheel.addAt(timer, Math.max(timer.deadline + milliseconds, wheel.now))
      cell.putOwn(handler, payload, own, false)
    })
    return this.#start(timer, milliseconds)
  }

  /** A timer of this incarnation: it ends with it. */
  #start(timer: Limit, milliseconds: number): Task {
    const { timers } = this.ongoing
    timers.add(timer)
    this.cell.system.wheel.add(timer, milliseconds)
    return {
      cancel: () => {
        timers.delete(timer)
        timer.cancel()
      },
    }
  }

  stash(): void {
    this.cell.stash(this.handling)
    this.over()
  }

  /** Its message was put aside, or its handler has ended: it is not put aside any more. */
  over(): void {
    this.#cell.putAside()
  }

  /** What its timers and works go on with (`Own` in inbox.ts). */
  protected get origin(): object | undefined {
    return undefined
  }

  /** The message that this context is of. */
  protected get handling(): Message {
    return this.cell.handling
  }

  unstashAll(): void {
    this.cell.unstashAll()
  }

  defer(): DeferredReply {
    const { meta } = this
    if (!(meta instanceof Ask)) return new DeferredReply(undefined)
    this.ongoing.owe(meta)
    return new DeferredReply(meta, this.cell.compiled.answerCopy)
  }

  /** Aborts the signal and ends the timers: the incarnation is about to end. */
  abort(): void {
    const ongoing = this.#ongoing
    if (ongoing === undefined) return
    for (const timer of ongoing.timers) timer.cancel()
    ongoing.timers.clear()
    const reason = new AgentOSError("ACTOR_STOPPED", "the actor is stopping")
    ongoing.abort.abort(reason)
    for (const { stop } of ongoing.works.members()) stop.abort(reason)
  }

  /** @param why told to those who still wait for an answer; most often nobody does */
  revoke(why?: () => AgentOSError): void {
    this.#revoked = true
    if (why !== undefined) this.#ongoing?.giveUp(why)
  }

  get revoked(): boolean {
    return this.#revoked
  }

  /**
   * @returns whether the message that was taken is to wait again, as its handler has not begun (T6); then it will not
   * begin in this life
   */
  takeBack(): boolean {
    return false
  }
}

/**
 * The context of one message, in a life that may have others open: what is begun with it later belongs to that
 * message.
 */
export class TurnContext extends Context {
  readonly #base: Context
  readonly #message: Message
  #isOver = false

  constructor(base: Context, cell: Cell, message: Message) {
    super(cell)
    this.#base = base
    this.#message = message
  }

  protected override get meta(): Meta | undefined {
    return this.#message.meta
  }

  protected override get handling(): Message {
    if (this.#isOver) throw this.cell.nothingToStash
    return this.#message
  }

  override over(): void {
    this.#isOver = true
  }

  protected override get cell(): Cell {
    if (this.#base.revoked) this.revoke()
    return super.cell
  }

  override get ongoing(): Ongoing {
    return this.#base.ongoing
  }

  override get revoked(): boolean {
    return this.#base.revoked
  }
}

/** Sends for one message while its work goes on. */
class TaskSender {
  readonly #meta: Meta | undefined
  constructor(meta: Meta | undefined) {
    this.#meta = meta
  }
  get cause(): Cause {
    return causeOf(this.#meta) ?? anonymous
  }
  tell(ref: unknown, type: string, payload?: unknown): boolean {
    return (ref as Ref).send(type, payload, causeToPassOn(this.#meta))
  }
  ask(ref: unknown, type: string, payload?: unknown): Promise<never> {
    // The mailbox is free while the task waits, so this is no link in a chain of waiting actors.
    return (ref as Ref).request(type, payload, onward(causeOf(this.#meta)), undefined, undefined, undefined)
  }
}

/** The actor behind a ref that is to be watched. */
function otherOf(ref: AnyRef): Cell {
  const cell = cellOf(ref)
  if (cell === undefined)
    throw new AgentOSError(
      "NOT_WATCHABLE",
      `${ref.address} is no actor of this process that could end: it cannot be watched or linked`,
    )
  return cell
}

/** @throws {AgentOSError} `INVALID_OPTION` for what is no actor that could be stopped */
export function stoppable(ref: AnyRef): Cell {
  const cell = cellOf(ref)
  if (cell !== undefined) return cell
  const what = ref instanceof Ref ? ref.address : thrownText(ref)
  throw new AgentOSError("INVALID_OPTION", `${what} is no actor of this system that could be stopped`)
}

/** The cell behind a ref, if it is an actor of this process. */
export function cellOf(ref: AnyRef): Cell | undefined {
  if (ref instanceof Cell) return ref
  return ref instanceof RefBefore ? cellOf(ref.target) : undefined
}
