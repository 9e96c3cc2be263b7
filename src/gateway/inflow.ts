/**
 * Requests that are still arriving, at both doors: how many bytes of them are held, for whom, and for how long.
 *
 * Invariants
 *   N1. No more than `bytes` are held of all of them. A caller may add to its own while that is less than what is free,
 *       so one alone holds half of them at most (`shares.ts`).
 *   N2. What has not arrived after `patienceMs` is called late.
 */
import { Bag } from "#actors/bag.js"
import type { Clock } from "#actors/clock.js"
import { AgentOSError } from "#actors/errors.js"
import { Holder, Holders, Shares } from "../shares.js"

/** A request that arrives. */
export interface Arrival {
  /** More of it is here, or will be. @throws `UPLOADS_FULL` (N1) */
  add(bytes: number): void
  /** It is complete, or given up. */
  end(): void
}

interface Member {
  place: number
  readonly since: number
  readonly late: () => void
}

/** As long as Node gives a request over HTTP/1. */
export const patienceMs = 30_000
const lookMs = 1_000
const leastBytes = 16 * 2 ** 20

/** Bytes that may be held where a request may have so many: several of them at least. */
export const inflowBytes = (bodyLimitBytes: number): number => Math.max(leastBytes, 4 * bodyLimitBytes)

export class Inflow {
  readonly #shares: Shares
  readonly #callers = new Holders((name) => new Holder(name))
  readonly #clock: Clock
  readonly #arriving = new Bag<Member>()
  #looking = false

  constructor(bytes: number, clock: Clock) {
    this.#shares = new Shares(bytes)
    this.#clock = clock
  }

  /** Bytes that are held. */
  get held(): number {
    return this.#shares.taken
  }

  /** @param late is called when it takes too long (N2) */
  begin(caller: string, late: () => void): Arrival {
    const member: Member = { place: 0, since: this.#clock.monotonic(), late }
    const holder = this.#callers.enter(caller)
    const holders = [holder]
    let held = 0
    let over = false
    this.#arriving.add(member)
    this.#look()
    return {
      add: (bytes) => {
        if (over) return
        if (!this.#shares.mayTake(holder, 1, bytes)) throw full(caller)
        this.#shares.take(holders, bytes)
        held += bytes
      },
      end: () => {
        if (over) return
        over = true
        this.#arriving.remove(member)
        if (held > 0) this.#shares.give(holders, held)
        this.#callers.leave(caller, holder)
      },
    }
  }

  #look(): void {
    if (this.#looking || this.#arriving.size === 0) return
    this.#looking = true
    this.#clock.timer(lookMs, () => {
      this.#looking = false
      const since = this.#clock.monotonic() - patienceMs
      for (const member of this.#arriving.members()) if (member.since <= since) member.late()
      this.#look()
    })
  }
}

const full = (caller: string): AgentOSError =>
  new AgentOSError(
    "UPLOADS_FULL",
    `too many bytes of requests by ${caller} are still arriving: finish some of them first`,
    {
      details: { retryAfterMs: 1_000 },
    },
  )
