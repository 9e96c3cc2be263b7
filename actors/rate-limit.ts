/**
 * A rate limit before a ref: a token bucket, looked at in the turn of the sender.
 *
 * Invariants
 *   L1. In any span of t milliseconds at most `burst + t * perSecond / 1000` messages pass.
 */
import type { Cause } from "./cause.js"
import { systemClock, type Clock } from "./clock.js"
import { cellOf } from "./context.js"
import { AgentOSError } from "./errors.js"
import { checkNumber, factor, positive } from "./numbers.js"
import { checkOptions } from "./words.js"
import { RefBefore, type ActorRef, type AskOptions, type OpenAsk, type Ref } from "./ref.js"

export interface Rate {
  readonly perSecond: number
  /** How many may pass at once after a pause; at least 1. */
  readonly burst: number
}

export interface RateLimitOptions extends Rate {
  /** Default: that of the system of the actor. */
  readonly clock?: Clock
}

export interface Bucket {
  readonly tokens: number
  readonly at: number
}

/**
 * Takes one token, if there is one.
 * @returns the bucket afterwards, and how long to wait for a token: 0 when one was taken
 */
export function take(
  bucket: Bucket,
  rate: Rate,
  now: number,
): { readonly bucket: Bucket; readonly retryAfterMs: number } {
  const tokens = Math.min(rate.burst, bucket.tokens + ((now - bucket.at) * rate.perSecond) / 1000)
  if (tokens >= 1) return { bucket: { tokens: tokens - 1, at: now }, retryAfterMs: 0 }
  return { bucket: { tokens, at: now }, retryAfterMs: ((1 - tokens) * 1000) / rate.perSecond }
}

/** @throws {AgentOSError} `INVALID_DEFINITION` */
export function checkRate({ perSecond, burst }: Rate): void {
  checkNumber("INVALID_DEFINITION", "rate limit: perSecond", perSecond, positive)
  checkNumber("INVALID_DEFINITION", "rate limit: burst", burst, factor)
}

class RateLimitRef extends RefBefore {
  readonly #rate: Rate
  readonly #clock: Clock
  #bucket: Bucket

  constructor(to: Ref, options: RateLimitOptions) {
    super(to)
    checkOptions("INVALID_DEFINITION", "rate limit", options ?? null, { perSecond: true, burst: true, clock: true })
    checkRate(options)
    this.#rate = options
    this.#clock = options.clock ?? cellOf(to)?.system.clock ?? systemClock
    this.#bucket = { tokens: options.burst, at: this.#clock.monotonic() }
  }

  override send(type: string, payload: unknown, cause: Cause | undefined): boolean {
    return this.#wait() === 0 && this.target.send(type, payload, cause)
  }

  override async request(
    type: string,
    payload: unknown,
    cause: Cause | undefined,
    options: AskOptions | undefined,
    serving: OpenAsk | undefined,
    asker: object | undefined,
  ): Promise<never> {
    const retryAfterMs = this.#wait()
    if (retryAfterMs === 0) return this.target.request(type, payload, cause, options, serving, asker)
    const message = `${this.address} takes ${this.#rate.perSecond} messages a second`
    throw new AgentOSError("THROTTLED", message, { details: { retryAfterMs } })
  }

  #wait(): number {
    const { bucket, retryAfterMs } = take(this.#bucket, this.#rate, this.#clock.monotonic())
    this.#bucket = bucket
    return retryAfterMs
  }
}

/**
 * The same actor behind a token bucket: beyond it an ask rejects with `THROTTLED` (`details.retryAfterMs`), a tell
 * answers false.
 */
export function rateLimit<P>(ref: ActorRef<P>, options: RateLimitOptions): ActorRef<P> {
  return new RateLimitRef(ref as unknown as Ref, options) as unknown as ActorRef<P>
}
