import { setTimeout as sleep } from "node:timers/promises"

/** Waits for a condition; fails after a generous time, so that a test that hangs says where. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  what = "a condition",
  limitMs = 30_000,
): Promise<void> {
  const began = performance.now()
  while (!(await holds())) {
    if (performance.now() - began > limitMs) throw new Error(`waited ${limitMs} ms in vain for ${what}`)
    await sleep(10)
  }
}
