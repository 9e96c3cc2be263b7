import type { Clock } from "#actors/clock.js"

/** A clock whose time only a test moves; what is to be done soon is done as ever. */
export class HandClock implements Clock {
  #now = 0
  /** How far the wall time is from where it began, beside the time that has passed. */
  #ahead = 0
  #timers: { readonly at: number; readonly callback: () => void }[] = []

  wallTime = (): number => this.#now + this.#ahead
  monotonic = (): number => this.#now
  soon = (callback: () => void): void => queueMicrotask(callback)
  afterInputOutput = (callback: () => void): void => void setImmediate(callback)

  timer(milliseconds: number, callback: () => void): () => void {
    const timer = { at: this.#now + milliseconds, callback }
    this.#timers.push(timer)
    return () => void (this.#timers = this.#timers.filter((other) => other !== timer))
  }

  /** Sets the wall time, as an operator does; no time passes. */
  jump(milliseconds: number): void {
    this.#ahead += milliseconds
  }

  wind(milliseconds: number): void {
    const until = this.#now + milliseconds
    for (;;) {
      const [due] = this.#timers.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)
      if (due === undefined) break
      this.#timers = this.#timers.filter((timer) => timer !== due)
      this.#now = Math.max(this.#now, due.at)
      due.callback()
    }
    this.#now = until
  }
}
