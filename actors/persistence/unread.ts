/**
 * Where in the order of a type each actor's first event stands that not all readers have stored.
 *
 * Invariants
 *   N1. It is found by a look at what follows the readers' position, which goes on where the last one ended: an event
 *       is looked at once as long as they stand where they stand.
 *   N2. Where too much is unread, nothing is looked at, and every actor's events count as unread.
 */
import type { TypeOrder } from "./order.js"

/** More events than this are not looked at (N2). */
const most = 20_000

export class Unread {
  readonly #order: TypeOrder
  /** What follows this ordinal is unread; what follows the other was not looked at. */
  #after = 0
  #seen = 0
  readonly #first = new Map<string, number>()
  #looking: Promise<unknown> = Promise.resolve()

  constructor(order: TypeOrder) {
    this.#order = order
  }

  /**
   * The sequence of the last event of an actor up to which all are read, 0 when that is not known; Infinity when
   * nothing of it is unread.
   */
  readUpTo(key: string, read: number): Promise<number> {
    const found = this.#looking.then(() => this.#find(key, read))
    this.#looking = found.catch(() => undefined)
    return found
  }

  async #find(key: string, read: number): Promise<number> {
    if (this.#order.last - read > most) return 0 // N2
    if (read !== this.#after) {
      this.#first.clear()
      this.#after = this.#seen = read
    }
    for await (const places of this.#order.places(this.#seen))
      // N1
      for (const place of places) {
        if (!this.#first.has(place.key)) this.#first.set(place.key, place.sequence)
        this.#seen = place.ordinal
      }
    return (this.#first.get(key) ?? Infinity) - 1
  }
}
