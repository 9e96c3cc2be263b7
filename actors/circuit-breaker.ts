/**
 * A circuit breaker before a ref: after too many failures it refuses at once, and lets one ask through later to see.
 *
 * Invariants
 *   B1. The state machine is pure: (state, now, outcome) to state.
 *   B2. What was let through before the state changed has no say in the new one.
 *   B4. When it was open for its time a tell passes, too. That a mailbox took it says nothing about the actor, so the
 *       circuit stays as it is for the asks; one that is refused is a failure.
 *   B3. Half-open, one ask is under way; what tells nothing about the actor (a cancelled ask) frees the place for the
 *       next.
 */
import type { Cause } from "./cause.js"
import { systemClock, type Clock } from "./clock.js"
import { cellOf } from "./context.js"
import { AgentOSError } from "./errors.js"
import { checkNumber, countOrAll, durationOrNever, periodOrNever } from "./numbers.js"
import { checkOptions } from "./words.js"
import { RefBefore, type ActorRef, type AskOptions, type OpenAsk, type Ref } from "./ref.js"

export interface BreakerLimits {
  /** So many failures ... */
  readonly failures: number
  /** ... within so many milliseconds open it ... */
  readonly withinMs: number
  /** ... for so long. */
  readonly openMs: number
}

export interface BreakerOptions extends BreakerLimits {
  /** Which rejections count; default all but those that are the caller's doing. */
  readonly isFailure?: (error: unknown) => boolean
  /** Default: that of the system of the actor. */
  readonly clock?: Clock
}

const breakerOptions: Readonly<Record<keyof BreakerOptions, true>> = {
  failures: true,
  withinMs: true,
  openMs: true,
  isFailure: true,
  clock: true,
}

/** `epoch` counts the changes of kind (B2). */
export type BreakerState =
  | { readonly kind: "closed"; readonly epoch: number; readonly failedAt: readonly number[] }
  | { readonly kind: "open"; readonly epoch: number; readonly until: number }
  | { readonly kind: "half-open"; readonly epoch: number }

export type Outcome = "success" | "failure" | "neither"

export const CLOSED: BreakerState = { kind: "closed", epoch: 0, failedAt: [] }

/** Whether an ask may pass now, and the state after it. */
export function admit(state: BreakerState, now: number): { readonly admitted: boolean; readonly state: BreakerState } {
  if (state.kind === "closed") return { admitted: true, state }
  if (state.kind === "half-open" || now < state.until) return { admitted: false, state }
  return { admitted: true, state: { kind: "half-open", epoch: state.epoch + 1 } }
}

/** The state after an ask that was let through in `epoch` has ended. */
export function settled(
  state: BreakerState,
  limits: BreakerLimits,
  epoch: number,
  outcome: Outcome,
  now: number,
): BreakerState {
  if (state.epoch !== epoch || state.kind === "open") return state // B2
  const open = (until: number): BreakerState => ({ kind: "open", epoch: epoch + 1, until })
  if (state.kind === "half-open") {
    if (outcome === "success") return { kind: "closed", epoch: epoch + 1, failedAt: [] }
    return open(outcome === "failure" ? now + limits.openMs : now) // B3
  }
  if (outcome !== "failure") return state
  const failedAt = [...state.failedAt.filter((at) => now - at < limits.withinMs), now]
  return failedAt.length >= limits.failures ? open(now + limits.openMs) : { ...state, failedAt }
}

/** Rejections that say nothing about the health of the actor. */
const callersDoing = new Set([
  "CANCELLED",
  "INVALID_PAYLOAD",
  "UNKNOWN_MESSAGE",
  "ASK_CYCLE",
  "DEADLINE_EXCEEDED",
  "THROTTLED",
])

const countsByDefault = (error: unknown): boolean => !(error instanceof AgentOSError && callersDoing.has(error.code))

class BreakerRef extends RefBefore {
  readonly #options: BreakerOptions
  readonly #clock: Clock
  #state: BreakerState = CLOSED

  constructor(to: Ref, options: BreakerOptions) {
    super(to)
    checkOptions("INVALID_DEFINITION", "circuit breaker", options ?? null, breakerOptions)
    checkNumber("INVALID_DEFINITION", "circuit breaker: failures", options.failures, countOrAll)
    checkNumber("INVALID_DEFINITION", "circuit breaker: withinMs", options.withinMs, periodOrNever)
    checkNumber("INVALID_DEFINITION", "circuit breaker: openMs", options.openMs, durationOrNever)
    this.#options = options
    this.#clock = options.clock ?? cellOf(to)?.system.clock ?? systemClock
  }

  get circuit(): BreakerState["kind"] {
    return this.#state.kind
  }

  override send(type: string, payload: unknown, cause: Cause | undefined): boolean {
    if (this.#state.kind === "closed") return this.target.send(type, payload, cause)
    const { admitted, state } = admit(this.#state, this.#clock.monotonic())
    if (!admitted) return false
    const taken = this.target.send(type, payload, cause)
    if (!taken) this.#state = settled(state, this.#options, state.epoch, "failure", this.#clock.monotonic()) // B4
    return taken
  }

  override async request(
    type: string,
    payload: unknown,
    cause: Cause | undefined,
    options: AskOptions | undefined,
    serving: OpenAsk | undefined,
    asker: object | undefined,
  ): Promise<never> {
    const now = this.#clock.monotonic()
    const { admitted, state } = admit(this.#state, now)
    this.#state = state
    if (!admitted) throw this.#refusal(now)
    const end = (outcome: Outcome): void => {
      this.#state = settled(this.#state, this.#options, state.epoch, outcome, this.#clock.monotonic())
    }
    try {
      const reply = await this.target.request(type, payload, cause, options, serving, asker)
      end("success")
      return reply
    } catch (error) {
      end(this.#counts(error) ? "failure" : "neither")
      throw error
    }
  }

  /** What cannot be judged counts. */
  #counts(error: unknown): boolean {
    try {
      return (this.#options.isFailure ?? countsByDefault)(error)
    } catch {
      return true
    }
  }

  #refusal(now: number): AgentOSError {
    const retryAfterMs = this.#state.kind === "open" ? Math.max(0, this.#state.until - now) : 0
    return new AgentOSError("CIRCUIT_OPEN", `${this.address} failed too often and is left alone for a while`, {
      details: { retryAfterMs },
    })
  }
}

/** A ref behind a circuit breaker; `circuit` is for those who watch. */
export interface BreakerActorRef<P> extends ActorRef<P> {
  readonly circuit: BreakerState["kind"]
}

/**
 * The same actor behind a circuit breaker. While it is open, an ask rejects with `CIRCUIT_OPEN`
 * (`details.retryAfterMs`) and a tell answers false; after its time tells pass, and half-open, one ask is let through.
 */
export function circuitBreaker<P>(ref: ActorRef<P>, options: BreakerOptions): BreakerActorRef<P> {
  return new BreakerRef(ref as unknown as Ref, options) as unknown as BreakerActorRef<P>
}
