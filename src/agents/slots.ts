/** A number of places, taken in the order of asking. */
export class Slots {
  #free: number
  // A set keeps the order, and one that gives up leaves from anywhere at no cost.
  readonly #waiting = new Set<() => void>()

  constructor(count: number) {
    this.#free = count
  }

  get waiting(): number {
    return this.#waiting.size
  }

  /** Resolves when a place is taken; rejects with the signal's reason when it aborts first. */
  take(signal: AbortSignal): Promise<void> | undefined {
    signal.throwIfAborted()
    if (this.#free > 0) {
      this.#free -= 1
      return undefined
    }
    return new Promise((resolve, reject) => {
      const taken = (): void => {
        signal.removeEventListener("abort", gaveUp)
        resolve()
      }
      const gaveUp = (): void => {
        this.#waiting.delete(taken)
        reject(signal.reason as Error)
      }
      this.#waiting.add(taken)
      signal.addEventListener("abort", gaveUp, { once: true })
    })
  }

  /** Gives a place back; the one who waits longest gets it. */
  leave(): void {
    const [next] = this.#waiting
    if (next === undefined) this.#free += 1
    else {
      this.#waiting.delete(next)
      next()
    }
  }
}
