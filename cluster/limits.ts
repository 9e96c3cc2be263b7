/**
 * A rate limit for the whole cluster. One entity for each limit, the granter, keeps the tokens and gives them to nodes
 * in lots; a node spends its lot message by message, so that most checks cost no way over the network.
 *
 * Invariants
 *   G1. In any span of t milliseconds at most `burst + t * perSecond / 1000` messages pass over all nodes, and one lot
 *       for each node more: the lots that were granted before.
 *   G2. A node holds at most one lot, and has at most one grant under way. A grant whose answer is lost is lost;
 *       nobody spends it.
 *   G3. A granter that is started anew, on another node say, begins with no tokens: it cannot know what its
 *       predecessor has granted. The burst is earned again.
 *   G4. While the granter cannot be reached, a node spends what it holds; then it refuses (or, if it was told so, lets
 *       everything pass) and asks again once a second.
 */
import { checkOptions, checkWord } from "#actors/words.js"
import { defineActor } from "#actors/actor.js"
import type { Cause } from "#actors/cause.js"
import type { Clock } from "#actors/clock.js"
import { AgentOSError, thrownText } from "#actors/errors.js"
import { checkNumber, factor, type NumberKind } from "#actors/numbers.js"
import { checkRate, type Rate } from "#actors/rate-limit.js"
import { RefBefore, type ActorRef, type AskOptions, type OpenAsk, type Ref } from "#actors/ref.js"

/** Between two asks of a granter that could not be reached. */
const retryMs = 1000
/** How long a grant is waited for; short, since messages wait for it. */
const grantTimeoutMs = 2000
/** The lot is so much of what passes in a second, unless it is given. */
const lotSeconds = 0.1

export interface ClusterRate extends Rate {
  /**
   * How many tokens a node holds at most; default a tenth of `perSecond`, at least 1 and at most `burst`. More: fewer
   * grants, and more that may pass beyond the limit (G1).
   */
  readonly lot?: number
  /** What happens to messages while the granter cannot be reached and the lot is spent (G4); default `refuse`. */
  readonly whenUnavailable?: "refuse" | "pass"
}

const rateOptions: Readonly<Record<keyof ClusterRate, true>> = {
  perSecond: true,
  burst: true,
  lot: true,
  whenUnavailable: true,
}

/** @throws {AgentOSError} `INVALID_DEFINITION` */
export function checkLimit(rate: ClusterRate): void {
  checkOptions("INVALID_DEFINITION", "rate limit", rate ?? null, rateOptions)
  checkRate(rate)
  if (rate.lot !== undefined) checkNumber("INVALID_DEFINITION", "rate limit: lot", rate.lot, upTo(rate.burst))
  checkWord("INVALID_DEFINITION", "rate limit: whenUnavailable", rate.whenUnavailable, ["refuse", "pass"])
}

interface Wanted extends Rate {
  readonly tokens: number
}

interface Grant {
  readonly tokens: number
  /** When no token was left: after so long there is one. */
  readonly retryAfterMs: number
}

const upTo = (burst: number): NumberKind => ({
  says: "a number from 1 to burst",
  fits: (value) => factor.fits(value) && value <= burst,
})

/** The granter: one for each limit. */
export const limitGranter = defineActor({
  name: "cluster-limit",
  passivateAfterMs: 24 * 3600_000,
  state: () => ({ tokens: 0, at: undefined as number | undefined }), // G3
  receive: {
    grant({ state, system }, { tokens, perSecond, burst }: Wanted): Grant {
      const now = system.clock.monotonic()
      const held = Math.min(burst, state.tokens + ((now - (state.at ?? now)) * perSecond) / 1000)
      const granted = Math.min(Math.floor(held), tokens)
      state.tokens = held - granted
      state.at = now
      return { tokens: granted, retryAfterMs: granted > 0 ? 0 : ((1 - held) * 1000) / perSecond }
    },
  },
})

/** The part of a granter that nodes use. */
export interface Granter {
  grant(wanted: Wanted): Grant
}

export interface LimitStatistics {
  /** Tokens that this node holds. */
  readonly held: number
  readonly passed: number
  readonly refused: number
  /** Why the granter could not be reached the last time; undefined when it could. */
  readonly unavailable: string | undefined
}

/** One node's part of a limit. */
export class ClusterLimit {
  readonly #granter: ActorRef<Granter>
  readonly #rate: ClusterRate
  readonly #lot: number
  readonly #clock: Clock
  #held = 0
  #passed = 0
  #refused = 0
  #unavailable: string | undefined
  #asking: Promise<void> | undefined
  /** Not asked again before. */
  #notBefore = -Infinity

  constructor(granter: ActorRef<Granter>, rate: ClusterRate, clock: Clock) {
    checkLimit(rate)
    const { perSecond, burst, lot = Math.max(1, Math.min(burst, Math.ceil(perSecond * lotSeconds))) } = rate
    this.#granter = granter.with({ timeoutMs: grantTimeoutMs })
    this.#rate = rate
    this.#lot = lot
    this.#clock = clock
    this.#ask()
  }

  get statistics(): LimitStatistics {
    return { held: this.#held, passed: this.#passed, refused: this.#refused, unavailable: this.#unavailable }
  }

  /** Takes a token of those held. @returns 0 when there was one, else after how long to try again */
  take(): number {
    const spent = this.#spend()
    if (this.#held < this.#lot / 2) this.#ask()
    if (spent) return 0
    this.#refused += 1
    return Math.max(1, this.#notBefore - this.#clock.monotonic())
  }

  /** The same; only when none is held, the grant that is under way is waited for. */
  taken(): number | Promise<number> {
    if (this.#held >= 1) return this.take()
    this.#ask()
    return this.#asking === undefined ? this.take() : this.#asking.then(() => this.take())
  }

  /**
   * The actor behind the limit: beyond it an ask rejects with `THROTTLED` (`details.retryAfterMs`), a tell answers
   * false.
   */
  before<P>(ref: ActorRef<P>): ActorRef<P> {
    return new ClusterLimitRef(ref as unknown as Ref, this) as unknown as ActorRef<P>
  }

  #spend(): boolean {
    const passes = this.#held >= 1
    if (passes) this.#held -= 1
    else if (this.#unavailable === undefined || this.#rate.whenUnavailable !== "pass") return false
    this.#passed += 1
    return true
  }

  #ask(): void {
    if (this.#asking !== undefined || this.#clock.monotonic() < this.#notBefore) return // G2
    const { perSecond, burst } = this.#rate
    this.#asking = this.#granter.ask("grant", { tokens: Math.floor(this.#lot - this.#held), perSecond, burst }).then(
      ({ tokens, retryAfterMs }) => {
        this.#held += tokens
        this.#answered(undefined, retryAfterMs)
      },
      (error: unknown) => this.#answered(thrownText(error), retryMs), // G4
    )
  }

  #answered(unavailable: string | undefined, retryAfterMs: number): void {
    this.#asking = undefined
    this.#unavailable = unavailable
    this.#notBefore = this.#clock.monotonic() + retryAfterMs
  }
}

class ClusterLimitRef extends RefBefore {
  readonly #limit: ClusterLimit

  constructor(to: Ref, limit: ClusterLimit) {
    super(to)
    this.#limit = limit
  }

  override send(type: string, payload: unknown, cause: Cause | undefined): boolean {
    return this.#limit.take() === 0 && this.target.send(type, payload, cause)
  }

  override async request(
    type: string,
    payload: unknown,
    cause: Cause | undefined,
    options: AskOptions | undefined,
    serving: OpenAsk | undefined,
    asker: object | undefined,
  ): Promise<never> {
    const taken = this.#limit.taken()
    const retryAfterMs = typeof taken === "number" ? taken : await taken // what need not wait keeps its place
    if (retryAfterMs === 0) return this.target.request(type, payload, cause, options, serving, asker)
    const message = `${this.address} takes no more messages now: the limit of the cluster is reached`
    throw new AgentOSError("THROTTLED", message, { details: { retryAfterMs } })
  }
}
