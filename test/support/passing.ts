import type { HandClock } from "./hand-clock.js"

/** Winds a clock in small steps; between two of them, all that can go on goes on. */
export function passing(clock: HandClock, stepMs = 10): (milliseconds: number) => Promise<void> {
  return async (milliseconds) => {
    for (let left = milliseconds; left > 0; left -= stepMs) {
      clock.wind(Math.min(left, stepMs))
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
}
