/**
 * The cluster in the simulator: five nodes, many seeds, all faults; each tenth seed is run twice, bugs are planted, and one of those that are found is made short.
 *
 * SEEDS=n runs so many, BUGS=0 plants none.
 */
import type { BenchRow } from "#test/bench/report.js"
import { bugs } from "./simulated-bugs.js"
import { durationMs, findBugs, runSeeds } from "./simulated-seeds.js"

const row = (metric: string, unit: string, value: number, goal?: string, met?: boolean): BenchRow => ({ bench: "mesh", metric: `simulation: ${metric}`, unit, value, ...(goal === undefined ? {} : { goal }), ...(met === undefined ? {} : { met }) }) // prettier-ignore

const number = (name: string, otherwise: number): number => Number(process.env[name] ?? otherwise)
const leastEvents = 200_000
const leastFaults = 50
/** Seeds among which a planted bug must be found. */
const enough = 60

export async function simulation(progress: (text: string) => void): Promise<readonly BenchRow[]> {
  const seeds = number("SEEDS", process.env["QUICK"] === undefined ? 300 : 4)
  let done = 0
  const reports = await runSeeds(seeds, 10, ({ seed, failure }) => {
    progress(`simulated cluster: ${++done} of ${seeds} seeds`)
    if (failure !== undefined) console.error(`simulated cluster, seed ${seed}: ${failure}`)
  })
  const sum = (of: (report: (typeof reports)[number]) => number): number => reports.reduce((sum, report) => sum + of(report), 0) // prettier-ignore
  const faultsOf = ({ faults }: (typeof reports)[number]): number => Object.values(faults).reduce((a, b) => a + b, 0)
  const failed = reports.filter(({ failure }) => failure !== undefined).length
  const replayed = reports.filter(({ again }) => again !== undefined)
  const unequal = replayed.filter(({ again, hash }) => again !== hash)
  for (const { seed } of unequal) console.error(`simulated cluster, seed ${seed}: does not replay`)
  const fewest = Math.min(...reports.map(({ events }) => events))
  const fewestFaults = Math.min(...reports.map(faultsOf))
  const kinds = new Map<string, number>()
  for (const { faults } of reports)
    for (const [kind, count] of Object.entries(faults)) kinds.set(kind, (kinds.get(kind) ?? 0) + count)
  return [
    row("seeds of a cluster of 5 nodes", "seeds", seeds, "300", seeds >= 300),
    row("violations", "seeds", failed, "0", failed === 0),
    row("events of a seed, fewest", "events", fewest, `at least ${leastEvents}`, fewest >= leastEvents),
    row("faults of a seed, fewest", "faults", fewestFaults, `at least ${leastFaults}`, fewestFaults >= leastFaults),
    row(
      "events",
      "events",
      sum(({ events }) => events),
    ),
    row("events a second of processor time", "events/s", sum(({ events }) => events) / (sum(({ milliseconds }) => milliseconds) / 1000)), // prettier-ignore
    ...[...kinds].map(([kind, count]) => row(`faults: ${kind}`, "faults", count, "more than none", count > 0)),
    row("seeds run again, and of another hash then", "seeds", unequal.length, `0 of ${replayed.length}`, unequal.length === 0), // prettier-ignore
    ...(number("BUGS", 1) > 0 ? await planted(progress) : []),
  ]
}

async function planted(progress: (text: string) => void): Promise<BenchRow[]> {
  const names = bugs.map(({ name }) => name)
  let done = 0
  const found = await findBugs(names, enough, ({ bug, failure }) => {
    progress(`simulated cluster: ${++done} of ${names.length} planted bugs`)
    if (failure !== undefined) console.error(`planted: ${bug}: ${failure}`)
  })
  const short = found[0]?.shrunk
  return [
    ...found.map(({ bug, seeds = NaN }) => row(`planted: ${bug}; found by seed`, "", seeds, `1 to ${enough}`, seeds > 0)), // prettier-ignore
    row("the first of them, shrunk", "faults", short?.faults ?? NaN, `at most 5, of ${short?.of}`, (short?.faults ?? 9) <= 5), // prettier-ignore
    row("its time", "ms", short?.durationMs ?? NaN, `less than ${durationMs}`, (short?.durationMs ?? Infinity) < durationMs), // prettier-ignore
  ]
}
