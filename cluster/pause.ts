import type { Clock } from "#actors/clock.js"

/** Resolves after so many milliseconds, or at once when the signal aborts; the caller looks at the signal. */
export function pause(clock: Clock, milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const end = (): void => {
      cancel()
      signal.removeEventListener("abort", end)
      resolve()
    }
    const cancel = clock.timer(milliseconds, end)
    signal.addEventListener("abort", end, { once: true })
  })
}
