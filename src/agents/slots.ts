import type { Cancellation } from "../cancellation.js"

interface Waiter {
  readonly resolve: () => void
  /** Takes back what would make it give up. */
  stay: () => void
}

/** A number of places, taken in the order of asking. */
export class Slots {
  #free: number
  // Those who wait, in order. One that gives up leaves a hole, which is skipped.
  readonly #line: (Waiter | undefined)[] = []
  #first = 0
  #waiting = 0

  constructor(count: number) {
    this.#free = count
  }

  get waiting(): number {
    return this.#waiting
  }

  /** Resolves when a place is taken; rejects with the reason when it is called off first. */
  take(work: Cancellation): Promise<void> | undefined {
    work.throwIfCancelled()
    if (this.#free > 0) {
      this.#free -= 1
      return undefined
    }
    return new Promise((resolve, reject) => {
      const waiter: Waiter = { resolve, stay: () => undefined }
      this.#line.push(waiter)
      this.#waiting += 1
      waiter.stay = work.onCancel(() => {
        this.#line[this.#line.indexOf(waiter, this.#first)] = undefined
        this.#waiting -= 1
        reject(work.reason as Error)
      })
    })
  }

  /** Gives a place back; the one who waits longest gets it. */
  leave(): void {
    const next = this.#next()
    if (next === undefined) {
      this.#free += 1
      return
    }
    this.#waiting -= 1
    next.stay()
    next.resolve()
  }

  #next(): Waiter | undefined {
    while (this.#first < this.#line.length) {
      const waiter = this.#line[this.#first]
      this.#line[this.#first++] = undefined
      if (this.#first * 2 > this.#line.length) {
        this.#line.splice(0, this.#first)
        this.#first = 0
      }
      if (waiter !== undefined) return waiter
    }
    return undefined
  }
}
