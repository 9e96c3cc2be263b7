/**
 * Makes a failing run small enough to be read: as few faults as still lead to the same failure, and no more time than that takes.
 *
 * @see Zeller and Hildebrandt, Simplifying and isolating failure-inducing input, 2002 (delta debugging)
 */
import type { Fault } from "./faults.js"
import { simulate, type SimulationOptions, type SimulationOutcome } from "./simulation.js"

/** What a run is made from, and what came of it, as far as shrinking has to do with it. */
interface RunOptions {
  readonly durationMs: number
}
interface RunOutcome<F> {
  readonly failure?: Error
  readonly injected: readonly F[]
}

export interface ShrinkOptions {
  /** Most runs; default 300. */
  readonly maxRuns?: number
  /** Whether two failures are the same; default: same name and code, and the same message save for the numbers in it. */
  readonly same?: (one: Error, other: Error) => boolean
}

export interface ShrunkRun<O, R, F> {
  /** Of the smallest failing run. */
  readonly outcome: R
  /** Its faults: `simulate` with these options and faults runs it again. */
  readonly faults: readonly F[]
  readonly options: O
  readonly runs: number
}

export type Shrunk = ShrunkRun<SimulationOptions, SimulationOutcome, Fault>

/** @throws RangeError when the outcome has not failed, or does not fail again */
export function shrink(
  options: SimulationOptions,
  outcome: SimulationOutcome,
  shrinkOptions: ShrinkOptions = {},
): Promise<Shrunk> {
  return shrinkRun(simulate, options, outcome, shrinkOptions)
}

/** The same for whatever runs with given faults. */
export async function shrinkRun<O extends RunOptions, R extends RunOutcome<F>, F extends { readonly at: number }>(
  simulate: (options: O, script: readonly F[]) => Promise<R>,
  options: O,
  outcome: R,
  { maxRuns = 300, same = sameFailure }: ShrinkOptions = {},
): Promise<ShrunkRun<O, R, F>> {
  const { failure } = outcome
  if (failure === undefined) throw new RangeError("the outcome has not failed: there is nothing to shrink")
  let runs = 0
  let best: ShrunkRun<O, R, F> | undefined
  /** Whether it still fails; if so it is the best so far. */
  const fails = async (faults: readonly F[], durationMs: number): Promise<boolean> => {
    if (runs >= maxRuns) return false
    runs += 1
    const shorter = { ...options, durationMs }
    const again = await simulate(shorter, faults)
    if (again.failure === undefined || !same(failure, again.failure)) return false
    best = { outcome: again, faults: again.injected, options: shorter, runs }
    return true
  }
  if (!(await fails(outcome.injected, options.durationMs)) || best === undefined)
    throw new RangeError("the run does not fail again with its own faults: something in it comes from outside")
  await shorten(best, fails)
  for (let parts = 2; best.faults.length > 0 && runs < maxRuns;) {
    const { faults, options: now }: ShrunkRun<O, R, F> = best
    const size = Math.ceil(faults.length / parts)
    let found = false
    for (let from = 0; from < faults.length && !found; from += size)
      found = await fails([...faults.slice(0, from), ...faults.slice(from + size)], now.durationMs)
    if (found) parts = Math.max(2, parts - 1)
    else if (size === 1) break
    else parts = Math.min(faults.length, parts * 2)
  }
  await shorten(best, fails)
  return { ...best, runs }
}

/** Half the time, as often as it still fails. */
async function shorten<O extends RunOptions, R, F extends { readonly at: number }>(
  { faults, options }: ShrunkRun<O, R, F>,
  fails: (faults: readonly F[], durationMs: number) => Promise<boolean>,
): Promise<void> {
  for (let durationMs = Math.floor(options.durationMs / 2); durationMs >= 1; durationMs = Math.floor(durationMs / 2)) {
    const left = faults.filter(({ at }) => at < durationMs)
    if (!(await fails(left, durationMs))) return
  }
}

function sameFailure(one: Error, other: Error): boolean {
  const form = (error: Error & { readonly code?: string }): string =>
    `${error.name} ${error.code ?? ""} ${error.message.replace(/\d+/g, "0")}`
  return form(one) === form(other)
}
