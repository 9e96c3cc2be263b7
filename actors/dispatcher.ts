/**
 * Whose turn it is. Actors with something to do stand in a ring; each handles a bounded number of messages, then goes to the back.
 *
 * Invariants
 *   D1. An idle dispatcher begins as a microtask, so an ask costs no turn of the event loop.
 *   D2. After a bounded number of messages or milliseconds the event loop has its turn, so no flood of messages starves timers and sockets.
 */
import type { Clock } from "./clock.js"

export interface Runnable {
  /** Handles up to `limit` messages. @returns how many it handled */
  run(limit: number): number
}

/** Messages an actor handles before the next has its turn. */
const perTurn = 64
/** Messages, and milliseconds, before the event loop has its turn. */
const perLoop = 4096
const loopMs = 8

export class Dispatcher {
  readonly #clock: Clock
  #ring: (Runnable | undefined)[] = new Array<Runnable | undefined>(1024).fill(undefined)
  #mask = 1023
  #head = 0
  #tail = 0
  #scheduled = false
  readonly #pump = (): void => this.#run()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Puts an actor at the back. */
  schedule(actor: Runnable): void {
    if (this.#tail - this.#head > this.#mask) this.#grow()
    this.#ring[this.#tail++ & this.#mask] = actor
    if (!this.#scheduled) {
      this.#scheduled = true
      this.#clock.soon(this.#pump) // D1
    }
  }

  #run(): void {
    let left = perLoop
    let check = 512
    let began = 0
    while (this.#head !== this.#tail) {
      const slot = this.#head++ & this.#mask
      const actor = this.#ring[slot] as Runnable
      this.#ring[slot] = undefined
      const handled = actor.run(perTurn)
      left -= handled
      check -= handled + 1
      if (check <= 0) {
        // The clock is read seldom: it costs as much as a message.
        const now = this.#clock.monotonic()
        if (began === 0) began = now
        else if (now - began > loopMs) left = 0
        check = 512
      }
      if (left <= 0) return this.#clock.afterInputOutput(this.#pump) // D2
    }
    this.#scheduled = false
  }

  #grow(): void {
    const size = this.#mask + 1
    const start = this.#head & this.#mask
    this.#ring = [
      ...this.#ring.slice(start),
      ...this.#ring.slice(0, start),
      ...new Array<Runnable | undefined>(size).fill(undefined),
    ]
    this.#tail -= this.#head
    this.#head = 0
    this.#mask = size * 2 - 1
  }
}
