/** A clock that ends what turns in circles while no time passes. */
import type { Clock } from "#actors/index.js"

/** Readings of the clock without any time passing between them: more say that something goes round in circles. */
const mostReadings = 4000

/** Ends a round of messages that goes on for ever without any time passing. */
export function guarded(clock: Clock, now: () => number): Clock {
  let [at, readings] = [-1, 0]
  return {
    wallTime: () => clock.wallTime(),
    monotonic() {
      if (now() !== at) [at, readings] = [now(), 0]
      if (++readings > mostReadings) throw new Error("something goes round in circles, and no time passes")
      return clock.monotonic()
    },
    timer: (milliseconds, callback) => clock.timer(milliseconds, callback),
    soon: (callback) => clock.soon(callback),
    afterInputOutput: (callback) => clock.afterInputOutput(callback),
  }
}
