/**
 * The lease of a seat as its owner keeps it.
 *
 * Invariants
 *   R3 of registry.ts. A lease that was lost is never fresh again, even when the answer to a renewal comes late.
 */
import type { Moment } from "./lease.js"
import type { Lease } from "./registry.js"

export class KeptLease implements Lease {
  readonly #leaseMs: number
  #renewedFrom: Moment
  #lost = false

  /** @param renewedFrom when the renewal that succeeded, or the making of the session, was begun */
  constructor(renewedFrom: Moment, leaseMs: number) {
    this.#renewedFrom = renewedFrom
    this.#leaseMs = leaseMs
  }

  get renewedFrom(): Moment {
    return this.#renewedFrom
  }

  get freshUntil(): number {
    return this.#lost ? -Infinity : this.#renewedFrom.monotonic + this.#leaseMs
  }

  get lost(): boolean {
    return this.#lost
  }

  renewed(from: Moment): void {
    if (!this.#lost) this.#renewedFrom = from
  }

  lose(): void {
    this.#lost = true
  }
}
