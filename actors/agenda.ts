/**
 * What is to be done at which time, by name: one thing for each name, at a moment of the wall clock.
 *
 * Invariants
 *   A1. What comes at the same moment is taken in the order in which it was put.
 *   A2. Putting and dropping cost no more than the logarithm of what is in it; what was dropped or replaced takes room for at most as long as there is more of it than of the rest.
 */
import { Heap } from "./heap.js"

/** A time, and what is put there; `put` counts up. */
interface Entry<T> {
  readonly name: string
  readonly at: number
  readonly put: number
  readonly what: T
}

const before = (a: Entry<unknown>, b: Entry<unknown>): boolean => a.at < b.at || (a.at === b.at && a.put < b.put) // A1
/** So many that were dropped are not worth looking for. */
const fewDropped = 64

export class Agenda<T> {
  readonly #entries = new Map<string, Entry<T>>()
  /** With those that were dropped or replaced, which are not in `#entries` (A2). */
  readonly #order = new Heap<Entry<T>>(before)
  #puts = 0

  get size(): number {
    return this.#entries.size
  }

  /** When the first of all comes. */
  get next(): number | undefined {
    for (let first = this.#order.first; first !== undefined; first = this.#order.first) {
      if (this.#entries.get(first.name) === first) return first.at
      this.#order.take()
    }
    return undefined
  }

  put(name: string, at: number, what: T): void {
    const entry: Entry<T> = { name, at, put: ++this.#puts, what }
    this.#entries.set(name, entry)
    this.#order.push(entry)
    this.#tidy()
  }

  drop(name: string): void {
    if (this.#entries.delete(name)) this.#tidy()
  }

  /** What comes at or before a time, the first first; it is no longer in here. */
  take(until: number): readonly T[] {
    const taken: T[] = []
    for (let next = this.next; next !== undefined && next <= until; next = this.next) {
      const { name, what } = this.#order.take() as Entry<T>
      this.#entries.delete(name)
      taken.push(what)
    }
    return taken
  }

  /** A2 */
  #tidy(): void {
    if (this.#order.size <= 2 * this.#entries.size + fewDropped) return
    this.#order.clear()
    for (const entry of this.#entries.values()) this.#order.push(entry)
  }
}
