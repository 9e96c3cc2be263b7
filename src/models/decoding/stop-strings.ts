/**
 * Ends a text before the first of some strings. Text that may be the beginning of one is held back until it is clear.
 */
export class StopStrings {
  readonly #stops: readonly string[]
  #held = ""
  #stopped = false

  constructor(stops: readonly string[]) {
    this.#stops = stops.filter((stop) => stop !== "")
  }

  get stopped(): boolean {
    return this.#stopped
  }

  /** @returns what may be shown of the text so far and was not shown before */
  push(text: string): string {
    if (this.#stopped) return ""
    this.#held += text
    const found = this.#stops.map((stop) => this.#held.indexOf(stop)).filter((at) => at >= 0)
    if (found.length > 0) {
      this.#stopped = true
      return this.#release(Math.min(...found))
    }
    return this.#release(this.#held.length - this.#longestBeginning())
  }

  /** The rest, when no more text comes. */
  flush(): string {
    return this.#stopped ? "" : this.#release(this.#held.length)
  }

  #release(length: number): string {
    const out = this.#held.slice(0, length)
    this.#held = this.#held.slice(length)
    return out
  }

  #longestBeginning(): number {
    let longest = 0
    for (const stop of this.#stops) {
      for (let length = Math.min(stop.length - 1, this.#held.length); length > longest; length--) {
        if (this.#held.endsWith(stop.slice(0, length))) {
          longest = length
          break
        }
      }
    }
    return longest
  }
}
