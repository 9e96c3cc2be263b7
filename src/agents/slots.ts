/**
 * Places to work at. Who waits gets one in the order of asking, but for this:
 *
 * Invariants
 *   S1. Of those who wait, the one goes first who holds fewest places; so a holder with many requests does not make
 *       the others wait for all of them.
 *   S2. There are a quarter more places than `count`, for those who hold fewer than what is left of them: whoever
 *       takes all that it may leaves some to the others.
 */
import type { Cancellation } from "../cancellation.js"

interface Waiter {
  readonly number: number
  readonly resolve: () => void
  /** Takes back what would make it give up. */
  stay: () => void
}

export class Slots {
  readonly #count: number
  readonly #more: number
  readonly #held = new Map<string, number>()
  /** Those who wait, by holder, in the order of asking. */
  readonly #lines = new Map<string, Set<Waiter>>()
  #taken = 0
  #waiting = 0
  #asked = 0

  constructor(count: number) {
    this.#count = count
    this.#more = Math.floor(count / 4)
  }

  get waiting(): number {
    return this.#waiting
  }

  /** Resolves when a place is taken; rejects with the reason when it is called off first. */
  take(work: Cancellation, holder = ""): Promise<void> | undefined {
    work.throwIfCancelled()
    if (this.#mayTake(holder)) {
      this.#give(holder)
      return undefined
    }
    return new Promise((resolve, reject) => {
      const waiter: Waiter = { number: ++this.#asked, resolve, stay: () => undefined }
      const line = this.#lines.get(holder) ?? new Set()
      this.#lines.set(holder, line.add(waiter))
      this.#waiting += 1
      waiter.stay = work.onCancel(() => {
        this.#leaveLine(holder, line, waiter)
        reject(work.reason as Error)
      })
    })
  }

  /** Gives a place back. */
  leave(holder = ""): void {
    this.#taken -= 1
    const held = (this.#held.get(holder) ?? 0) - 1
    if (held > 0) this.#held.set(holder, held)
    else this.#held.delete(holder)
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      const { holder, line, waiter } = next
      this.#leaveLine(holder, line, waiter)
      this.#give(holder)
      waiter.stay()
      waiter.resolve()
    }
  }

  /** S2 */
  #mayTake(holder: string): boolean {
    if (this.#taken < this.#count) return true
    return (this.#held.get(holder) ?? 0) < this.#count + this.#more - this.#taken
  }

  #give(holder: string): void {
    this.#taken += 1
    this.#held.set(holder, (this.#held.get(holder) ?? 0) + 1)
  }

  #leaveLine(holder: string, line: Set<Waiter>, waiter: Waiter): void {
    line.delete(waiter)
    if (line.size === 0) this.#lines.delete(holder)
    this.#waiting -= 1
  }

  /** S1 */
  #next() {
    let best: { readonly holder: string; readonly line: Set<Waiter>; readonly waiter: Waiter; held: number } | undefined
    for (const [holder, line] of this.#lines) {
      if (!this.#mayTake(holder)) continue
      const held = this.#held.get(holder) ?? 0
      const [waiter] = line
      if (waiter === undefined) continue
      if (best === undefined || held < best.held || (held === best.held && waiter.number < best.waiter.number))
        best = { holder, line, waiter, held }
    }
    return best
  }
}
