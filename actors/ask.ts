import type { Cause } from "./cause.js"
import type { Compiled } from "./compiled.js"
import { AgentOSError, ofHandler, tellsOfCall } from "./errors.js"
import { follow, unfollow, type Follower } from "./following.js"
import { isSameActor, type AskOptions, type Deferred, type OpenAsk, type Ref } from "./ref.js"
import type { ActorSystem } from "./system.js"
import { Deadline } from "./timers.js"

/** How long an ask waits unless told otherwise. */
const defaultAskMs = 5000

/**
 * An open ask: it lies in the mailbox beside its message, and ends once, by a reply, an error, its deadline or its
 * signal.
 */
export class Ask extends Deadline implements OpenAsk, Follower {
  readonly cause: Cause | undefined
  readonly asker: object | undefined
  readonly serving: OpenAsk | undefined
  readonly #system: ActorSystem
  readonly #target: Ref
  readonly #type: string
  readonly #timeoutMs: number
  #resolve: (value: never) => void
  #reject: (error: unknown) => void
  ended = false
  /** Put aside by its actor: the handler that did so has not answered it. */
  stashed = false
  /** Waits for room in a full mailbox. */
  readonly patient: boolean

  constructor(
    system: ActorSystem,
    target: Ref,
    type: string,
    timeoutMs: number,
    patient: boolean,
    cause: Cause | undefined,
    asker: object | undefined,
    serving: OpenAsk | undefined,
    resolve: (value: never) => void,
    reject: (error: unknown) => void,
  ) {
    super()
    this.#system = system
    this.patient = patient
    this.#target = target
    this.#type = type
    this.#timeoutMs = timeoutMs
    this.cause = cause
    this.asker = asker
    this.serving = serving
    this.#resolve = resolve
    this.#reject = reject
  }

  /** The signal of its cause aborts: it ends with that reason, or with CANCELLED. */
  aborted({ reason }: AbortSignal): void {
    if (reason instanceof AgentOSError) return this.fail(reason)
    const message = `the ask ${this.#type} of ${this.#target.address} was cancelled`
    this.fail(new AgentOSError("CANCELLED", message, { cause: reason }))
  }

  /** Its handler has ended with this: an answer, unless it is given later or the message was put aside. */
  handled(result: unknown): void {
    if (!(result instanceof DeferredReply) && !this.stashed) this.reply(result)
  }

  /** Whether it stays open for an answer that its handler has deferred. */
  get staysOpen(): boolean {
    return true
  }

  reply(value: unknown): void {
    if (this.end()) this.#resolve(value as never)
  }

  fail(error: unknown): void {
    if (!this.end()) return
    tellsOfCall(error)
    this.#reject(error)
  }

  /**
   * It is taken, and not put aside until it is anew.
   * @returns whether nobody waits for it any more, its time being over even if the wheel has not got there yet
   */
  get late(): boolean {
    this.stashed = false
    if (!this.ended && this.deadline < this.#system.wheel.now) {
      this.wheel?.remove(this)
      this.expired()
    }
    return this.ended
  }

  override expired(): void {
    this.beginAt(Math.min(this.#system.upSince(this.#target), this.#system.wheel.now))
    if (this.wheel !== null) return
    this.#system.counts.timeouts += 1
    this.fail(
      new AgentOSError(
        "ASK_TIMEOUT",
        `${this.#target.address} did not answer ${this.#type} within ${Math.round(this.#timeoutMs)} ms`,
      ),
    )
  }

  /**
   * Its own time begins anew at a moment after it was sent: whom it asks could not be reached before. The deadlines of
   * its cause and of the ask it serves stay. Looked at when its time is over, or when it can be sent on: it costs
   * nothing on its way.
   */
  beginAt(moment: number): void {
    if (this.ended || this.#timeoutMs === Infinity || moment <= this.deadline - this.#timeoutMs) return
    const deadline = Math.min(
      moment + this.#timeoutMs,
      this.cause?.deadline ?? Infinity,
      this.serving?.deadline ?? Infinity,
    )
    if (deadline <= this.deadline) return
    this.wheel?.remove(this)
    this.#system.wheel.addAt(this, deadline)
  }

  /** What its answer waits for still, once it is made: no longer than the ask would (S4, S5). */
  within<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const { cause, asker, serving, deadline } = this
      const done = resolve as (value: never) => void
      const of = [this.#system, this.#target, this.#type, this.#timeoutMs] as const
      const rest = new Ask(...of, false, cause, asker, serving, done, reject)
      if (cause?.signal?.aborted === true) rest.aborted(cause.signal)
      else if (cause?.signal !== undefined) follow(cause.signal, rest)
      this.#system.wheel.addAt(rest, deadline)
      work.then(
        (value) => rest.reply(value),
        (error: unknown) => rest.fail(error),
      )
    })
  }

  /** Not #-private: that would be one more field of each ask, to be looked at when it ends. */
  private end(): boolean {
    if (this.ended) return false
    this.ended = true
    this.wheel?.remove(this)
    if (this.cause?.signal !== undefined) unfollow(this.cause.signal, this)
    return true
  }
}

/**
 * One that ends with its handler, whatever that has deferred: somebody wants to know when that is, and nobody waits
 * for the answer.
 */
class HandlerEnd extends Ask {
  override handled(result: unknown): void {
    super.handled(result)
    if (!this.stashed) this.reply(undefined)
  }
}

/** Waits for the end of a handler, with or without an answer. */
export function handlerEnd(
  target: Ref & AskDoor & { readonly system: ActorSystem },
  type: string,
  payload: unknown,
  timeoutMs: number,
  cause: Cause | undefined,
  asker: object | undefined,
  serving: OpenAsk | undefined,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const { system } = target
    const end = new HandlerEnd(system, target, type, timeoutMs, false, cause, asker, serving, resolve, reject)
    end.deadline = system.wheel.now + timeoutMs
    target.putAsk(type, payload, end)
  })
}

/** What `ctx.defer` gives: the handler returns it, and the ask stays open. */
export class DeferredReply implements Deferred<unknown> {
  readonly #ask: Ask | undefined
  readonly #copied: ((value: unknown) => unknown) | undefined
  /** @param copied makes the answer what it would be in another process, where actors are isolated */
  constructor(ask: Ask | undefined, copied?: (value: unknown) => unknown) {
    this.#ask = ask
    this.#copied = copied
  }
  reply(value: unknown): void {
    let answer = value
    try {
      if (this.#copied !== undefined) answer = this.#copied(value)
    } catch (error) {
      return this.#ask?.fail(unanswerable(error))
    }
    this.#ask?.reply(answer)
  }
  fail(error: unknown): void {
    this.#ask?.fail(ofHandler(error))
  }
}

/** Why an answer cannot be given: unlike a payload that is refused, it says that the message was handled. */
export const unanswerable = (refused: unknown): unknown =>
  refused instanceof AgentOSError && refused.code === "INVALID_PAYLOAD"
    ? new AgentOSError("INVALID_ANSWER", refused.message, { cause: refused, executed: "yes" })
    : refused

/** Takes asks that were opened. An object and no function: that would have to be made for each ask. */
export interface AskDoor {
  /** @returns false, or throws, when nobody takes it */
  putAsk(type: string, payload: unknown, ask: Ask): boolean
}

/**
 * Opens an ask and puts it into `door`.
 * @param asker who waits for it, while serving the ask `serving`
 */
export function openAsk(
  system: ActorSystem,
  target: Ref,
  compiled: Compiled,
  type: string,
  payload: unknown,
  cause: Cause | undefined,
  options: AskOptions | undefined,
  serving: OpenAsk | undefined,
  asker: object | undefined,
  door: AskDoor,
): Promise<never> {
  return new Promise((resolve, reject) => {
    if (asker !== undefined && waitsFor(target, asker, serving) && !compiled.isReentrant(type))
      return reject(circle(asker as Ref, target))
    const now = system.wheel.now
    let deadline = now + (options?.timeoutMs ?? defaultAskMs)
    if (cause?.deadline !== undefined && cause.deadline < deadline) deadline = cause.deadline
    if (serving !== undefined && serving.deadline < deadline) deadline = serving.deadline
    if (deadline < now) return reject(tooLate(target, type))
    const patient = options?.whenFull === "wait"
    const told = options?.answered === undefined ? resolve : copied(resolve, options.answered)
    const ask = new Ask(system, target, type, deadline - now, patient, cause, asker, serving, told, reject)
    if (cause?.signal !== undefined) {
      if (cause.signal.aborted) return ask.fail(calledOff(cause.signal, target, type))
      follow(cause.signal, ask)
    }
    system.wheel.addAt(ask, deadline)
    try {
      door.putAsk(type, payload, ask)
    } catch (error) {
      ask.fail(error)
    }
  })
}

// Why an ask is not sent; functions of their own, so that what sends one stays short enough for V8 to make one piece
// of it.

function circle(asker: Ref, target: Ref): AgentOSError {
  return new AgentOSError("ASK_CYCLE", `${asker.address} would wait for ${target.address}, which waits for it`)
}

function tooLate(target: Ref, type: string): AgentOSError {
  const message = `the deadline of ${type} had passed before it was sent to ${target.address}`
  return new AgentOSError("DEADLINE_EXCEEDED", message)
}

function calledOff({ reason }: AbortSignal, target: Ref, type: string): AgentOSError {
  if (reason instanceof AgentOSError) return reason
  return new AgentOSError("CANCELLED", `the ask ${type} of ${target.address} was cancelled before it was sent`)
}

/** Tells an answer as `answered` makes it. A function of its own: as a closure it would cost every ask a context. */
function copied(resolve: (answer: never) => void, answered: (answer: unknown) => unknown) {
  return (answer: unknown): void => resolve(answered(answer) as never)
}

/** Whether `target` is among those who wait in the chain of asks that ends with `asker`. */
export function waitsFor(target: object, asker: object, serving: OpenAsk | undefined): boolean {
  if (isSameActor(asker, target)) return true
  for (let link = serving; link !== undefined; link = link.serving)
    if (link.asker !== undefined && isSameActor(link.asker, target)) return true
  return false
}
