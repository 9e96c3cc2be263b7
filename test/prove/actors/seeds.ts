/** Many seeds of the simulated bank: what is counted over all of them, whether they replay, and which of them finds a planted bug. */
import { shrink, simulate, type FaultKind, type Shrunk, type SimulationOutcome } from "#actors/simulation/index.js"
import { bugs, type Bug } from "./bugs.js"
import { bankRun } from "./simulated-bank.js"

export interface SeedsOptions {
  readonly seeds: number
  /** Virtual time of each. */
  readonly durationMs: number
  /** Each so many-th seed is run twice. */
  readonly replayEvery: number
}

export interface SeedsOutcome {
  readonly seeds: number
  readonly events: number
  readonly seconds: number
  readonly faults: Readonly<Record<FaultKind, number>>
  readonly replayed: number
  readonly unequal: readonly number[]
  /** Seeds that failed, and how. */
  readonly failed: readonly string[]
}

export async function runSeeds(
  { seeds, durationMs, replayEvery }: SeedsOptions,
  progress: (text: string) => void,
): Promise<SeedsOutcome> {
  const faults: Partial<Record<FaultKind, number>> = {}
  const failed: string[] = []
  const unequal: number[] = []
  let [events, milliseconds, replayed] = [0, 0, 0]
  for (let seed = 1; seed <= seeds; seed++) {
    progress(`seed ${seed} of ${seeds}, ${Math.round(events / 1000)}k events`)
    const began = performance.now()
    const outcome = await simulate(bankRun({ seed, durationMs }))
    milliseconds += performance.now() - began
    events += outcome.events
    for (const [kind, count] of Object.entries(outcome.faults) as [FaultKind, number][])
      faults[kind] = (faults[kind] ?? 0) + count
    if (outcome.failure !== undefined) failed.push(`seed ${seed}: ${outcome.failure.message}`)
    if (seed % replayEvery !== 0) continue
    replayed += 1
    if ((await simulate(bankRun({ seed, durationMs }))).hash !== outcome.hash) unequal.push(seed)
  }
  const counted = faults as Record<FaultKind, number>
  return { seeds, events, seconds: milliseconds / 1000, faults: counted, replayed, unequal, failed }
}

export interface Found {
  readonly bug: string
  /** The first seed that found it; undefined when none did. */
  readonly seed: number | undefined
  readonly failure: string
  readonly outcome: SimulationOutcome | undefined
}

/** Plants a bug and takes seed after seed until one finds it. */
export async function find(bug: Bug, { seeds, durationMs }: SeedsOptions): Promise<Found> {
  const { name, patch, ...seams } = bug
  const restore = patch?.()
  try {
    for (let seed = 1; seed <= seeds; seed++) {
      const outcome = await simulate(bankRun({ seed, durationMs, ...seams }))
      if (outcome.failure !== undefined) return { bug: name, seed, failure: outcome.failure.message, outcome }
    }
  } finally {
    restore?.()
  }
  return { bug: name, seed: undefined, failure: "", outcome: undefined }
}

/** Makes the run that found a bug short. @param found by `find` */
export async function shorten(found: Found, durationMs: number, maxRuns: number): Promise<Shrunk | undefined> {
  const bug = bugs.find(({ name }) => name === found.bug)
  if (bug === undefined || found.seed === undefined || found.outcome === undefined) return undefined
  const { patch, ...seams } = bug
  const restore = patch?.()
  try {
    return await shrink(bankRun({ seed: found.seed, durationMs, ...seams }), found.outcome, { maxRuns })
  } finally {
    restore?.()
  }
}
