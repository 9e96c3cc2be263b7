/**
 * Asks that were sent to the other side, until they are answered.
 *
 * Invariants
 *   A1. An ask is taken once, by its number; what comes for it later finds nothing.
 *   A2. An ask that ended here, by its deadline or its signal, is forgotten even if the other side never answers: when there are twice as many as were open at
 *       the last look, or more than a few, those that ended are let go.
 */
import type { Ask } from "../ask.js"

/** Up to so many, nobody looks which of them have ended. */
const few = 1024

export class SentAsks {
  readonly #asks = new Map<number, Ask>()
  #next = 0
  #lookAt = few

  get size(): number {
    return this.#asks.size
  }

  /** @returns the number it is answered by */
  add(ask: Ask): number {
    if (this.#asks.size >= this.#lookAt) this.#forgetEnded()
    const number = this.#next++
    this.#asks.set(number, ask)
    return number
  }

  /** A1 */
  take(number: number): Ask | undefined {
    const ask = this.#asks.get(number)
    this.#asks.delete(number)
    return ask
  }

  failAll(error: unknown): void {
    for (const ask of this.#asks.values()) ask.fail(error)
    this.#asks.clear()
  }

  /** A2. As many come before the next look as this one has kept, so it costs a step or two for each ask. */
  #forgetEnded(): void {
    for (const [number, ask] of this.#asks) if (ask.ended) this.#asks.delete(number)
    this.#lookAt = Math.max(few, 2 * this.#asks.size)
  }
}
