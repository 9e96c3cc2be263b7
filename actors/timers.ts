/**
 * A timer wheel: many deadlines, one timer of the clock. Adding and removing cost a few pointer writes, so every ask
 * can have a deadline.
 *
 * Invariants
 *   T1. An entry never fires before its time; it fires at most one tick after it, when the event loop is free.
 *   T2. An entry is in at most one slot; removing one that is in none does nothing.
 *   T3. What an entry does when it fires may add and remove any entry, those that are due at the same moment too.
 *   T4. While no entry waits, no timer of the clock is started.
 *   T5. An entry whose deadline never comes is in no slot.
 */
import type { CancelTimer, Clock, Random } from "./clock.js"
import { follow, unfollow } from "./following.js"

const TICK_MS = 8
const SLOTS = 512

/** Something with a deadline; links itself into its slot. */
export abstract class Deadline {
  /** When it fires, on the monotonic clock. */
  deadline = 0
  dueTick = 0
  nextDue: Deadline | null = null
  previousDue: Deadline | null = null
  wheel: TimerWheel | null = null

  abstract expired(): void
}

/** A deadline with something to do. */
export class Limit extends Deadline {
  readonly #then: () => void
  /** Called when what it limits ended in time, by whoever measures it. */
  measured: (() => void) | undefined = undefined

  constructor(then: () => void) {
    super()
    this.#then = then
  }

  /** Afterwards it does not fire. */
  readonly cancel = (): void => this.wheel?.remove(this)

  expired(): void {
    this.#then()
  }
}

/**
 * How long to wait until what has failed so often is tried again: twice as long each time, and up to a fifth less, by
 * chance.
 */
export const againMs = (random: Random, { least, most }: { least: number; most: number }, failures: number): number =>
  Math.min(most, least * 2 ** Math.min(failures, 20)) * (1 - 0.2 * random.float())

/** Waits so long, or until the signal aborts; the caller looks at the signal. */
export function pause(wheel: TimerWheel, milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const over = (): void => {
      limit.cancel()
      unfollow(signal, follower)
      resolve()
    }
    const follower = { aborted: over }
    const limit = new Limit(over)
    wheel.add(limit, milliseconds)
    follow(signal, follower)
  })
}

export class TimerWheel {
  readonly #clock: Clock
  readonly #origin: number
  readonly #slots = new Array<Deadline | null>(SLOTS).fill(null)
  #waiting = 0
  #now: number
  #fresh = false
  /** The last tick whose slot was looked through. */
  #tick = 0
  #armedTick = Infinity
  #cancel: CancelTimer | undefined
  readonly #stale = () => {
    this.#fresh = false
  }
  readonly #fire = () => this.#advance()

  constructor(clock: Clock) {
    this.#clock = clock
    this.#origin = clock.monotonic()
    this.#now = this.#origin
  }

  /**
   * The monotonic time, read from the clock at most once in a turn of the event loop: reading it costs as much as
   * handling a message. Who works long within one turn calls `refresh`. Reading it stands apart: it is seldom, and V8
   * is not to make it a piece of whoever looks.
   */
  get now(): number {
    return this.#fresh ? this.#now : this.#read()
  }

  #read(): number {
    this.#fresh = true
    this.#clock.afterInputOutput(this.#stale)
    return this.refresh()
  }

  refresh(): number {
    this.#now = this.#clock.monotonic()
    return this.#now
  }

  /** Lets `entry` fire after so many milliseconds. */
  add(entry: Deadline, milliseconds: number): void {
    this.addAt(entry, this.now + milliseconds)
  }

  addAt(entry: Deadline, deadline: number): void {
    entry.deadline = deadline
    if (!(deadline < Infinity)) return // T5
    const due = Math.max(this.#tick + 1, Math.ceil((deadline - this.#origin) / TICK_MS)) // T1
    entry.dueTick = due
    entry.wheel = this
    const slot = due & (SLOTS - 1)
    const first = this.#slots[slot] ?? null
    entry.nextDue = first
    if (first !== null) first.previousDue = entry
    this.#slots[slot] = entry
    this.#waiting++
    if (due < this.#armedTick) this.#arm(due)
  }

  remove(entry: Deadline): void {
    if (entry.wheel !== this) return // T2
    entry.wheel = null
    const next = entry.nextDue
    const previous = entry.previousDue
    if (previous === null) this.#slots[entry.dueTick & (SLOTS - 1)] = next
    else previous.nextDue = next
    if (next !== null) next.previousDue = previous
    entry.nextDue = null
    entry.previousDue = null
    this.#waiting--
  }

  /** Forgets all entries; those added later are not timed. */
  close(): void {
    this.#cancel?.()
    this.#cancel = undefined
    this.#armedTick = -1
    this.#slots.fill(null)
    this.#waiting = 0
  }

  #arm(tick: number): void {
    this.#cancel?.()
    this.#armedTick = tick
    const wait = Math.max(1, Math.ceil(tick * TICK_MS + this.#origin - this.now))
    this.#cancel = this.#clock.timer(wait, this.#fire)
  }

  #advance(): void {
    this.#armedTick = Infinity
    this.#cancel = undefined
    const until = Math.floor((this.refresh() - this.#origin) / TICK_MS)
    const from = Math.max(this.#tick + 1, until - SLOTS + 1)
    const due: Deadline[] = []
    for (let tick = from; tick <= until; tick++) {
      for (let entry = this.#slots[tick & (SLOTS - 1)] ?? null; entry !== null; entry = entry.nextDue) {
        if (entry.dueTick <= until) due.push(entry)
      }
    }
    this.#tick = Math.max(this.#tick, until)
    for (const entry of due) {
      if (entry.wheel !== this || entry.dueTick > until) continue // T3: removed or put back by one before it
      this.remove(entry)
      entry.expired()
    }
    if (this.#waiting > 0) this.#armNext() // T4
  }

  /** The next slot that holds anything, one turn of the wheel ahead at most. */
  #armNext(): void {
    let ahead = 1
    while (ahead < SLOTS && this.#slots[(this.#tick + ahead) & (SLOTS - 1)] === null) ahead++
    if (this.#tick + ahead < this.#armedTick) this.#arm(this.#tick + ahead)
  }
}
