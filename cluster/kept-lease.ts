/**
 * The lease of a seat as its owner keeps it.
 *
 * Invariants
 *   R3 of registry.ts. A lease that was lost is never fresh again, even when the answer to a renewal comes late.
 */
import type { Lease } from "./registry.js"

export class KeptLease implements Lease {
  #freshUntil: number
  #lost = false

  constructor(freshUntil: number) {
    this.#freshUntil = freshUntil
  }

  get freshUntil(): number {
    return this.#freshUntil
  }

  get lost(): boolean {
    return this.#lost
  }

  renewed(freshUntil: number): void {
    if (!this.#lost) this.#freshUntil = freshUntil
  }

  lose(): void {
    this.#lost = true
    this.#freshUntil = -Infinity
  }
}
