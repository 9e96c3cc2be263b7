import type { Cause } from "./cause.js"
import { AgentOSError } from "./errors.js"
import type { Deferred, OpenAsk, Ref } from "./ref.js"
import { Deadline } from "./timers.js"

/** An open ask: it lies in the mailbox beside its message, and ends once, by a reply, an error, its deadline or its signal. */
export class Ask extends Deadline implements OpenAsk {
  readonly cause: Cause | undefined
  readonly asker: object | undefined
  readonly serving: OpenAsk | undefined
  readonly #target: Ref
  readonly #type: string
  readonly #timeoutMs: number
  #resolve: (value: never) => void
  #reject: (error: unknown) => void
  #onAbort: (() => void) | undefined
  ended = false
  /** Set once a handler has answered with `defer`. */
  deferred = false

  constructor(
    target: Ref,
    type: string,
    timeoutMs: number,
    cause: Cause | undefined,
    asker: object | undefined,
    serving: OpenAsk | undefined,
    resolve: (value: never) => void,
    reject: (error: unknown) => void,
  ) {
    super()
    this.#target = target
    this.#type = type
    this.#timeoutMs = timeoutMs
    this.cause = cause
    this.asker = asker
    this.serving = serving
    this.#resolve = resolve
    this.#reject = reject
  }

  /** Ends with CANCELLED when the signal aborts. */
  follow(signal: AbortSignal): void {
    this.#onAbort = () =>
      this.fail(
        signal.reason instanceof AgentOSError
          ? signal.reason
          : new AgentOSError("CANCELLED", `the ask ${this.#type} of ${this.#target.address} was cancelled`, {
              cause: signal.reason,
            }),
      )
    signal.addEventListener("abort", this.#onAbort, { once: true })
  }

  reply(value: unknown): void {
    if (this.#end()) this.#resolve(value as never)
  }

  fail(error: unknown): void {
    if (this.#end()) this.#reject(error)
  }

  override expired(): void {
    this.fail(
      new AgentOSError(
        "ASK_TIMEOUT",
        `${this.#target.address} did not answer ${this.#type} within ${Math.round(this.#timeoutMs)} ms`,
      ),
    )
  }

  #end(): boolean {
    if (this.ended) return false
    this.ended = true
    this.wheel?.remove(this)
    if (this.#onAbort !== undefined) this.cause?.signal?.removeEventListener("abort", this.#onAbort)
    return true
  }
}

/** What `ctx.defer` gives: the handler returns it, and the ask stays open. */
export class DeferredReply implements Deferred<unknown> {
  readonly #ask: Ask | undefined
  constructor(ask: Ask | undefined) {
    this.#ask = ask
    if (ask !== undefined) ask.deferred = true
  }
  reply(value: unknown): void {
    this.#ask?.reply(value)
  }
  fail(error: unknown): void {
    this.#ask?.fail(error)
  }
}
