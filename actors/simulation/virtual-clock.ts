/**
 * Time that passes only when somebody lets it pass. What is due happens in the order of its time, and what is due at
 * one time in the order in which it was asked for.
 *
 * Invariants
 *   V1. Time never goes back, and moves only from one happening to the next.
 *   V2. Between two happenings all promises that are settled have reacted: each happening has a turn of the real event
 *       loop to itself.
 *   V3. What is to be done after input and output is done before time moves, whether somebody lets time pass or not.
 *   V4. Nothing that was asked for through a view that has ended happens.
 *   V5. While a view is paused, what is due there waits, in its order, and so does what arrives from outside; when it
 *       goes on, all of it happens, late.
 */
import { systemClock, type CancelTimer, type Clock } from "../clock.js"
import { Heap } from "../heap.js"
import { checkNumber, checkNumbers, duration, durationOrNever } from "../numbers.js"

/** Something that happens at a time. */
export abstract class Happening {
  at = 0
  number = 0
  /** It was called off. */
  off = false

  abstract happen(): void
}

/** Something to do at a time. */
export class Task extends Happening {
  readonly #do: () => void

  constructor(task: () => void) {
    super()
    this.#do = task
  }

  happen(): void {
    this.#do()
  }
}

/** Time is let pass until a moment, or until enough has happened. */
interface Run {
  readonly until: number
  readonly enough: (() => boolean) | undefined
  readonly done: (enough: boolean) => void
  readonly fail: (error: unknown) => void
}

/** By how much sums of times may differ from each other, in milliseconds. */
const tolerance = 1e-6

/** Turns asked of the event loop at once: each costs a tenth of what it costs alone. */
const turnsAtOnce = { least: 8, most: 256 }

export interface VirtualClockOptions {
  /** Wall time at the beginning, in milliseconds since 1970; default the first of January 2026. */
  readonly startAt?: number
}

export class VirtualClock implements Clock {
  readonly startAt: number
  readonly #due = new Heap<Happening>(before)
  /** What is to be done before time moves (V3). */
  #next: Happening[] = []
  #taken = 0
  #now = 0
  #number = 0
  #happenings = 0
  #run: Run | undefined
  #last: Promise<unknown> = Promise.resolve()
  #turns = turnsAtOnce.least
  readonly #turn = (): void => this.#step()
  readonly #turnsOver = (): void => this.#takeTurns()
  readonly #own = this.view()

  constructor(options: VirtualClockOptions = {}) {
    checkNumbers("INVALID_DEFINITION", "", options, { startAt: duration })
    const { startAt = 1_767_225_600_000 } = options
    this.startAt = startAt
  }

  /** Milliseconds since the beginning. */
  get now(): number {
    return this.#now
  }

  /** How many things have happened. */
  get happenings(): number {
    return this.#happenings
  }

  /** A clock of its own for one node: it can be wrong, and it can end. */
  view(): ClockView {
    return new ClockView(this)
  }

  /**
   * Lets time pass. Resolves when everything has happened that was due; who else lets time pass meanwhile comes after.
   */
  async advance(milliseconds: number): Promise<void> {
    await this.advanceUntil(undefined, milliseconds)
  }

  /**
   * Lets time pass until enough has happened, but no longer than so many milliseconds. @param enough looked at between
   * any two happenings
   * @returns whether enough has happened
   */
  advanceUntil(enough: (() => boolean) | undefined, milliseconds: number): Promise<boolean> {
    checkNumber("INVALID_OPTION", "the time to pass", milliseconds, durationOrNever)
    const run = this.#last.then(
      () =>
        new Promise<boolean>((done, fail) => {
          this.#run = { until: this.#now + milliseconds, enough, done, fail }
          this.#turns = turnsAtOnce.least
          this.#takeTurns()
        }),
    )
    this.#last = run.catch(() => undefined)
    return run
  }

  /** Lets something happen after so many milliseconds. */
  schedule(milliseconds: number, happening: Happening): void {
    happening.at = this.#now + Math.max(0, milliseconds)
    happening.number = ++this.#number
    this.#due.push(happening)
  }

  /** Lets something happen before time moves (V3). */
  scheduleNext(happening: Happening): void {
    this.#next.push(happening)
    if (this.#run === undefined) systemClock.afterInputOutput(this.#turn)
  }

  wallTime = (): number => this.#own.wallTime()
  monotonic = (): number => this.#now
  timer = (milliseconds: number, callback: () => void): CancelTimer => this.#own.timer(milliseconds, callback)
  soon = (callback: () => void): void => systemClock.soon(callback)
  afterInputOutput = (callback: () => void): void => this.#own.afterInputOutput(callback)

  /** V2 */
  #takeTurns(): void {
    if (this.#run === undefined) return
    for (let n = 0; n < this.#turns; n++) systemClock.afterInputOutput(this.#turn)
    systemClock.afterInputOutput(this.#turnsOver)
    this.#turns = Math.min(this.#turns * 2, turnsAtOnce.most)
  }

  #step(): void {
    const run = this.#run
    if (run?.enough?.() === true) return this.#end(run, true)
    let happening = this.#takeNext() ?? (run && this.#takeDue(run.until))
    while (happening?.off === true) happening = this.#takeNext() ?? (run && this.#takeDue(run.until))
    if (happening === undefined) {
      if (run === undefined) return
      if (run.until > this.#now && run.until < Infinity) this.#now = run.until
      return this.#end(run, false)
    }
    if (happening.at > this.#now) this.#now = happening.at // V1
    this.#happenings += 1
    try {
      happening.happen()
    } catch (error) {
      if (run === undefined) throw error
      this.#run = undefined
      run.fail(error)
    }
  }

  /** The first of those with a time, if it has come by then. */
  #takeDue(until: number): Happening | undefined {
    const { first } = this.#due
    return first === undefined || first.at > until ? undefined : this.#due.take()
  }

  #takeNext(): Happening | undefined {
    if (this.#taken === this.#next.length) return undefined
    const happening = this.#next[this.#taken++]
    if (this.#taken === this.#next.length) {
      this.#next.length = 0
      this.#taken = 0
    }
    return happening
  }

  #end(run: Run, enough: boolean): void {
    this.#run = undefined
    run.done(enough)
  }
}

/** A callback of one view. */
class Call extends Happening {
  readonly #view: ClockView
  readonly #callback: () => void
  /** On the view's monotonic clock; a timer is not due before it has got there. */
  readonly #due: number

  constructor(view: ClockView, callback: () => void, due: number) {
    super()
    this.#view = view
    this.#callback = callback
    this.#due = due
  }

  happen(): void {
    const view = this.#view
    if (!view.alive) return // V4
    if (view.paused) return view.hold(this) // V5
    if (view.early(this, this.#due)) return
    view.turns += 1
    this.#callback()
  }
}

/** The clock of one node, from its start to its end. */
export class ClockView implements Clock {
  readonly #clock: VirtualClock
  readonly #born: number
  #alive = true
  /** What has happened that was asked for through this view. */
  turns = 0
  /** How far its wall time is off; may be set at any time. Its monotonic time is not touched. */
  skewMs = 0
  #paused: { readonly since: number; readonly asleep: boolean } | undefined
  #held: Happening[] = []
  #wentOnAt = -1
  /** How long its machine slept. */
  #sleptMs = 0

  constructor(clock: VirtualClock) {
    this.#clock = clock
    this.#born = clock.now
  }

  get alive(): boolean {
    return this.#alive
  }

  /** From now on nothing happens here any more (V4). */
  end(): void {
    this.#alive = false
    this.#held = []
  }

  get paused(): boolean {
    return this.#paused !== undefined
  }

  /** On the clock of all. */
  get pausedSince(): number | undefined {
    return this.#paused?.since
  }

  /**
   * Lets it stand still until it goes on (V5).
   * @param asleep whether its monotonic time stands still, too, as where the whole machine is suspended; wall time
   * never does
   */
  pause(asleep = false): void {
    this.#paused ??= { since: this.#clock.now, asleep }
  }

  goOn(): void {
    if (this.#paused === undefined) return
    if (this.#paused.asleep) this.#sleptMs += this.#clock.now - this.#paused.since
    this.#paused = undefined
    this.#wentOnAt = this.#clock.now
    for (const happening of this.#held.splice(0)) if (!happening.off) this.#clock.schedule(0, happening)
  }

  /**
   * Something has come from outside: a message, an answer. It is looked at now, or when the view goes on; never when
   * it has ended.
   */
  arrive(callback: () => void): void {
    if (!this.#alive) return
    if (this.#paused !== undefined) return this.hold(new Call(this, callback, -Infinity))
    // What was held happens at this very time, and comes first.
    if (this.#wentOnAt === this.#clock.now) return this.#clock.schedule(0, new Call(this, callback, -Infinity))
    this.turns += 1
    callback()
  }

  /** For what is due while the view is paused. */
  hold(happening: Happening): void {
    this.#held.push(happening)
  }

  /** For a timer that was asked for before the machine slept: puts it off. @returns whether it was due too early */
  early(happening: Happening, due: number): boolean {
    const left = due - this.monotonic()
    if (left <= tolerance) return false
    this.#clock.schedule(left, happening)
    return true
  }

  wallTime(): number {
    return this.#clock.startAt + this.#clock.now + this.skewMs
  }

  monotonic(): number {
    const now = this.#paused?.asleep === true ? this.#paused.since : this.#clock.now
    return now - this.#born - this.#sleptMs
  }

  timer(milliseconds: number, callback: () => void): CancelTimer {
    const call = new Call(this, callback, this.monotonic() + milliseconds)
    if (this.#alive) this.#clock.schedule(milliseconds, call)
    return () => {
      call.off = true
    }
  }

  soon(callback: () => void): void {
    systemClock.soon(() => {
      if (this.#alive) callback()
    })
  }

  afterInputOutput(callback: () => void): void {
    if (this.#alive) this.#clock.scheduleNext(new Call(this, callback, -Infinity))
  }
}

const before = (a: Happening, b: Happening): boolean => a.at < b.at || (a.at === b.at && a.number < b.number)
