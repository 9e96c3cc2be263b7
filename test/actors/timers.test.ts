import t from "tap"
import type { Clock } from "#actors/clock.js"
import { Deadline, TimerWheel } from "#actors/timers.js"

/** A clock that a test winds by hand. */
class HandClock implements Clock {
  #now = 0
  #timers: { at: number; callback: () => void }[] = []

  wallTime = () => this.#now
  monotonic = () => this.#now
  soon = (callback: () => void) => callback()
  afterInputOutput = (callback: () => void) => callback()

  timer(milliseconds: number, callback: () => void) {
    const timer = { at: this.#now + milliseconds, callback }
    this.#timers.push(timer)
    return () => void (this.#timers = this.#timers.filter((other) => other !== timer))
  }

  get started(): number {
    return this.#timers.length
  }

  wind(milliseconds: number): void {
    const until = this.#now + milliseconds
    for (;;) {
      const due = this.#timers.filter((timer) => timer.at <= until).sort((a, b) => a.at - b.at)[0]
      if (due === undefined) break
      this.#timers = this.#timers.filter((timer) => timer !== due)
      this.#now = Math.max(this.#now, due.at)
      due.callback()
    }
    this.#now = until
  }
}

class Alarm extends Deadline {
  fired = 0
  readonly #then: () => void

  constructor(then: () => void = () => {}) {
    super()
    this.#then = then
  }

  expired(): void {
    this.fired += 1
    this.#then()
  }
}

t.test("an entry fires once, not before its time and at most two ticks after it", async (t) => {
  for (const wait of [1, 8, 9, 100, 4095, 4096, 5000, 60_000]) {
    const clock = new HandClock()
    const wheel = new TimerWheel(clock)
    const alarm = new Alarm()
    wheel.add(alarm, wait)
    clock.wind(wait - 1)
    t.equal(alarm.fired, 0, `${wait} ms: not early`)
    clock.wind(17)
    t.equal(alarm.fired, 1, `${wait} ms: not late`)
    clock.wind(100_000)
    t.equal(alarm.fired, 1, `${wait} ms: only once`)
    t.equal(clock.started, 0, "and no timer of the clock is left")
  }
})

t.test("an entry that another one of the same moment removes does not fire, and those behind it do", async (t) => {
  const clock = new HandClock()
  const wheel = new TimerWheel(clock)
  const last = new Alarm()
  const removed = new Alarm()
  const removing = new Alarm(() => wheel.remove(removed))
  for (const alarm of [last, removed, removing]) wheel.add(alarm, 20) // a slot's newest entry fires first
  clock.wind(40)
  t.same([removing.fired, removed.fired, last.fired], [1, 0, 1])
})

t.test("an entry that is put back while it fires waits its full time again", async (t) => {
  const clock = new HandClock()
  const wheel = new TimerWheel(clock)
  const repeating: Alarm = new Alarm(() => wheel.add(repeating, 16))
  wheel.add(repeating, 16)
  clock.wind(160)
  t.ok(repeating.fired >= 6 && repeating.fired <= 10, `fired ${repeating.fired} times`)
})
