/**
 * Requests that are still arriving, at both doors: how many bytes of them are held, for whom, and for how long.
 *
 * Invariants
 *   N1. No more than `bytes` are held of all of them. A caller may add to its own while that is less than what is free,
 *       so one alone holds half of them at most (`shares.ts`).
 *   N2. What has not arrived after `patienceMs` is called late.
 *   N3. Whenever as much has arrived as may be held, V8 is made to look for what is held no more: it lies outside its
 *       heap, where V8 looks seldom, and a process that has grown does not shrink again.
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
  readonly #bytes: number
  readonly #shares: Shares
  readonly #callers = new Holders((name) => new Holder(name))
  readonly #clock: Clock
  readonly #arriving = new Bag<Member>()
  #looking = false
  /** Bytes since V8 was last made to look (N3). */
  #arrived = 0

  constructor(bytes: number, clock: Clock) {
    this.#bytes = bytes
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
        this.#note(bytes)
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

  #note(bytes: number): void {
    this.#arrived += bytes
    if (this.#arrived < this.#bytes) return
    this.#arrived = 0
    lookForGarbage()
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

/** V8 looks when more comes, and this is more. Nobody writes to it, so that it costs no memory. */
function lookForGarbage(): void {
  try {
    new ArrayBuffer(64 * 2 ** 20)
  } catch {
    // There is no room for it: V8 has looked.
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
