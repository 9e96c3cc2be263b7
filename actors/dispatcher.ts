/**
 * Whose turn it is. Actors with something to do stand in a ring; each handles a bounded number of messages, then goes to the back.
 *
 * Invariants
 *   D1. An idle dispatcher begins as a microtask, so an ask costs no turn of the event loop.
 *   D2. After a bounded number of messages or milliseconds the event loop has its turn, so no flood of messages starves timers and sockets. The count
 *       goes on from one beginning to the next: a program that asks again as soon as it is answered never leaves the microtasks by itself.
 *   D3. An actor whose message a full mailbox refused ends its turn, so that the receiver comes to empty it.
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
const loopMs = 4
/** Most messages between two looks at the clock: one costs as much as handling a message. Where handlers are slow, fewer. */
const perLook = 256
const lookMs = 1

export class Dispatcher {
  readonly #clock: Clock
  #ring: (Runnable | undefined)[] = new Array<Runnable | undefined>(1024).fill(undefined)
  #mask = 1023
  #head = 0
  #tail = 0
  #scheduled = false
  /** The actor whose turn it is should end it (D3). */
  hurried = false
  /** What is left until the event loop has its turn, and until the next look at the clock (D2). */
  #left = perLoop
  #stride = perLook
  #untilLook = perLook
  #began = 0
  #looked = 0
  readonly #pump = (): void => this.#run()
  readonly #pumpAfterLoop = (): void => {
    this.#left = perLoop
    this.#untilLook = this.#stride
    this.#began = this.#clock.monotonic()
    this.#looked = this.#began
    this.#run()
  }

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
    while (this.#head !== this.#tail) {
      const slot = this.#head++ & this.#mask
      const actor = this.#ring[slot] as Runnable
      this.#ring[slot] = undefined
      const handled = actor.run(perTurn)
      this.#left -= handled
      this.#untilLook -= handled + 1
      if (this.hurried) {
        this.hurried = false
        this.#untilLook -= this.#stride >> 1 // to be refused takes time, too
      }
      if (this.#untilLook <= 0) this.#look()
      if (this.#left <= 0) return this.#clock.afterInputOutput(this.#pumpAfterLoop) // D2
    }
    this.#scheduled = false
  }

  #look(): void {
    const now = this.#clock.monotonic()
    if (this.#began === 0) this.#began = now
    else if (now - this.#began > loopMs) this.#left = 0
    this.#stride = now - this.#looked > lookMs ? Math.max(2, this.#stride >> 2) : Math.min(perLook, this.#stride << 1)
    this.#untilLook = this.#stride
    this.#looked = now
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
