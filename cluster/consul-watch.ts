/**
 * One blocking query after another: Consul answers when something has changed, or when the time is over.
 *
 * Invariants
 *   W1. A list is told when Consul's index has moved, and always after the first answer and the first after a failure.
 *   W2. A failure is told once, until there is an answer again; meanwhile it is asked at growing distances, each with some chance in it.
 *   W3. An index that goes back, or a failure, begins anew from 0: Consul may have been made anew.
 *   W4. Between two answers there is a short time, and more the more there is to read. That grows twofold each time that something changed meanwhile: so many changes of a long list
 *       cost few readings, while a short list, and any after a while of quiet, is told at once.
 *   W5. Where Consul can be asked for the index alone, the list is read only when that has moved; and while the watcher is patient not before some seconds are over, so that many changes
 *       which nobody waits for are one reading. How many seconds is up to chance, lest all nodes read at once. The watcher is asked again all the while whether it is still patient.
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
const longestGapMs = 2000
/** How long a patient watcher goes at most without what has changed, and half of it at least. */
export const patienceMs = 10_000
const askAgainMs = 100
const backoffMs = { first: 100, most: 2000 } as const

export interface WatchPorts {
  readonly clock: Clock
  readonly random: Random
  readonly signal: AbortSignal
}

export interface Watched<Raw, Entry> {
  readonly list: (blocking: Blocking) => Promise<Answer<readonly Raw[]>>
  /** Tells the index of the list when it has moved (W5). */
  readonly changed?: (blocking: Blocking) => Promise<Answer<void>>
  readonly patient?: () => boolean
  readonly entries: (raw: readonly Raw[]) => readonly Entry[]
}

/** Watches until the signal aborts. */
export async function watchConsul<Raw, Entry>(
  { clock, random, signal }: WatchPorts,
  { list, changed, patient = () => false, entries }: Watched<Raw, Entry>,
  watcher: Watcher<Entry>,
): Promise<void> {
  let index = 0
  let failures = 0
  let growths = 0
  let toRead = 0
  const tell = (sight: Sight<Entry>): void => {
    if (!signal.aborted) watcher(sight)
  }
  /** @returns the list, or nothing while it is as it was */
  const next = async (): Promise<Answer<readonly Raw[] | undefined>> => {
    if (index === 0) return list({ index, waitMs, limitMs: firstLimitMs, signal })
    const blocking = { index, waitMs, limitMs: blockingLimitMs, signal }
    if (changed === undefined) {
      const answer = await list(blocking)
      return answer.kind === "ok" && answer.index === index ? { ...answer, value: undefined } : answer
    }
    const answer = await changed(blocking)
    if (answer.kind !== "ok" || answer.index === index) return answer as Answer<undefined>
    const until = answer.index < index ? 0 : clock.monotonic() + patienceMs * (0.5 + random.float() / 2) // W3
    while (patient() && clock.monotonic() < until && !signal.aborted) await pause(clock, askAgainMs, signal) // W5
    return list({ index: 0, waitMs: 0, limitMs: firstLimitMs, signal })
  }
  while (!signal.aborted) {
    const asked = clock.monotonic()
    const answer = await next()
    if (answer.kind === "ok") {
      if (answer.value !== undefined) {
        tell({ kind: "current", entries: entries(answer.value) }) // W1
        toRead = gapMsPerEntry * answer.value.length
      }
      index = answer.index < index ? 0 : answer.index // W3
      failures = 0
      const waited = clock.monotonic() - asked
      growths = waited < gapMs + toRead ? Math.min(mostGrowths, growths + 1) : 0
      const gap = changed !== undefined && patient() ? gapMs : gapMs + toRead * 2 ** growths
      await pause(clock, Math.min(longestGapMs, gap), signal) // W4
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
