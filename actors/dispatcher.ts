/**
 * Whose turn it is. Actors with something to do stand in a ring; each handles a bounded number of messages, then goes
 * to the back.
 *
 * Invariants
 *   D1. An idle dispatcher begins as a microtask, so an ask costs no turn of the event loop.
 *   D2. After a bounded number of messages or milliseconds the event loop has its turn, so no flood of messages
 *       starves timers and sockets. The count goes on from one beginning to the next: a program that asks again as
 *       soon as it is answered never leaves the microtasks by itself.
 *   D4. An actor has its first turn before those that stand in the ring, the youngest first, so that a tree of actors
 *       grows into the depth, and its branches have ended before it is wide. At most `inARow` of them, then as many of
 *       the ring, then the newborn that has waited longest.
 *   D3. An actor whose message a full mailbox refused ends its turn, so that the receiver comes to empty it.
 */
import type { Clock } from "./clock.js"

export interface Runnable {
  /** Handles up to `limit` messages. @returns how many it handled */
  run(limit: number): number
  /** The same, taking its time if it is measured. */
  runSampled(limit: number): number
}

/** Messages an actor handles before the next has its turn. */
const perTurn = 64
/** Newborns that have their turn in a row, and others after them (D4). */
const inARow = 64
/** Messages, and milliseconds, before the event loop has its turn. */
const perLoop = 4096
const loopMs = 4
/**
 * Most messages between two looks at the clock: one costs as much as handling a message. Where handlers are slow,
 * fewer.
 */
const perLook = 256
const lookMs = 1
/** Least time between two turns that are measured. */
const sampleMs = 0.25

export class Dispatcher {
  readonly #clock: Clock
  readonly #ring = new Ring()
  readonly #newborns = new Ring()
  /** How far it is in taking turns between newborns and the ring. */
  #step = 0
  #scheduled = false
  /** The actor whose turn it is should end it (D3). */
  hurried = false
  /** The actor whose turn is next should take its time: seldom where turns are many, each where they are few. */
  #sampling = true
  /** What is left until the event loop has its turn, and until the next look at the clock (D2). */
  #left = perLoop
  #stride = perLook
  #untilLook = perLook
  #began = 0
  #looked = 0
  #sampled = 0
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
    this.#ring.push(actor)
    if (!this.#scheduled) this.#begin()
  }

  /** Puts an actor that never had a turn before all others (D4). */
  welcome(actor: Runnable): void {
    this.#newborns.push(actor)
    if (!this.#scheduled) this.#begin()
  }

  #begin(): void {
    this.#scheduled = true
    this.#clock.soon(this.#pump) // D1
  }

  #run(): void {
    for (;;) {
      const actor = this.#newborns.size === 0 ? this.#ring.shift() : this.#newborn()
      if (actor === undefined) break
      const handled = this.#sampling ? this.#sample(actor) : actor.run(perTurn)
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

  #sample(actor: Runnable): number {
    this.#sampling = false
    return actor.runSampled(perTurn)
  }

  /** D4 */
  #newborn(): Runnable | undefined {
    const step = this.#step++
    if (step < inARow) return this.#newborns.pop()
    if (step < 2 * inARow) {
      const next = this.#ring.shift()
      if (next !== undefined) return next
    }
    this.#step = 0
    return this.#newborns.shift()
  }

  #look(): void {
    const now = this.#clock.monotonic()
    if (this.#began === 0) this.#began = now
    else if (now - this.#began > loopMs) this.#left = 0
    this.#stride = now - this.#looked > lookMs ? Math.max(2, this.#stride >> 2) : Math.min(perLook, this.#stride << 1)
    this.#untilLook = this.#stride
    this.#looked = now
    if (now - this.#sampled < sampleMs) return
    this.#sampled = now
    this.#sampling = true
  }
}

/** Actors in a row that has two ends. */
class Ring {
  #slots: (Runnable | undefined)[] = new Array<Runnable | undefined>(1024).fill(undefined)
  #mask = 1023
  #head = 0
  #tail = 0

  get size(): number {
    return this.#tail - this.#head
  }

  push(actor: Runnable): void {
    if (this.#tail - this.#head > this.#mask) this.#grow()
    this.#slots[this.#tail++ & this.#mask] = actor
  }

  /** The one that came first. */
  shift(): Runnable | undefined {
    if (this.#head === this.#tail) return undefined
    const slot = this.#head++ & this.#mask
    const actor = this.#slots[slot]
    this.#slots[slot] = undefined
    return actor
  }

  /** The one that came last. */
  pop(): Runnable | undefined {
    if (this.#head === this.#tail) return undefined
    const slot = --this.#tail & this.#mask
    const actor = this.#slots[slot]
    this.#slots[slot] = undefined
    return actor
  }

  #grow(): void {
    const size = this.#mask + 1
    const start = this.#head & this.#mask
    this.#slots = [
      ...this.#slots.slice(start),
      ...this.#slots.slice(0, start),
      ...new Array<Runnable | undefined>(size).fill(undefined),
    ]
    this.#tail -= this.#head
    this.#head = 0
    this.#mask = size * 2 - 1
  }
}
