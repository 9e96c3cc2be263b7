/**
 * One blocking query after another: Consul answers when something has changed, or when the time is over.
 *
 * Invariants
 *   W1. A list is told when Consul's index has moved, and always after the first answer and the first after a failure.
 *   W2. A failure is told once, until there is an answer again; meanwhile it is asked at growing distances, each with some chance in it.
 *   W3. An index that goes back, or a failure, begins anew from 0: Consul may have been made anew.
 *   W4. Between two answers there is a short time, and more the more there is to read. That grows twofold each time that something changed meanwhile: so many changes of a long list
 *       cost few readings, while a short list, and any after a while of quiet, is told at once.
 */
import type { Clock, Random } from "#actors/clock.js"
import type { Answer, Blocking } from "./consul-agent.js"
import { pause } from "./pause.js"
import type { Sight, Watcher } from "./registry.js"

/** How long Consul holds a query, and how long nobody notices that it does not answer any more. */
const waitMs = 5000
/** Consul adds up to a sixteenth to spread its answers; the rest is for the way. */
const blockingLimitMs = waitMs + waitMs / 16 + 1500
/** Of a query that Consul does not hold: one that got stuck in a change of leaders is asked again. */
const firstLimitMs = 2500
const gapMs = 50
/** More for each entry of the list. */
const gapMsPerEntry = 0.25
/** So many times it grows twofold, and to so much. */
const mostGrowths = 3
export const longestGapMs = 2000
const backoffMs = { first: 100, most: 2000 } as const

export interface WatchPorts {
  readonly clock: Clock
  readonly random: Random
  readonly signal: AbortSignal
}

/** Watches until the signal aborts. */
export async function watchConsul<Raw, Entry>(
  { clock, random, signal }: WatchPorts,
  ask: (blocking: Blocking) => Promise<Answer<readonly Raw[]>>,
  entries: (raw: readonly Raw[]) => readonly Entry[],
  watcher: Watcher<Entry>,
): Promise<void> {
  let index = 0
  let failures = 0
  let growths = 0
  const tell = (sight: Sight<Entry>): void => {
    if (!signal.aborted) watcher(sight)
  }
  while (!signal.aborted) {
    const limitMs = index === 0 ? firstLimitMs : blockingLimitMs
    const asked = clock.monotonic()
    const answer = await ask({ index, waitMs, limitMs, signal })
    if (answer.kind === "ok") {
      if (answer.index !== index || index === 0) tell({ kind: "current", entries: entries(answer.value) }) // W1
      index = answer.index < index ? 0 : answer.index // W3
      failures = 0
      const waited = clock.monotonic() - asked
      const toRead = gapMsPerEntry * answer.value.length
      growths = waited < gapMs + toRead ? Math.min(mostGrowths, growths + 1) : 0
      await pause(clock, Math.min(longestGapMs, gapMs + toRead * 2 ** growths), signal) // W4
    } else {
      if (failures === 0) tell({ kind: "disconnected", reason: answer.reason }) // W2
      index = 0
      await pause(clock, backoff(failures, random.float()), signal)
      failures += 1
    }
  }
}

/** How long to wait after so many failures before; `chance` from 0 to 1. */
export function backoff(failures: number, chance: number): number {
  return Math.min(backoffMs.most, backoffMs.first * 2 ** failures) * (0.5 + chance / 2)
}
