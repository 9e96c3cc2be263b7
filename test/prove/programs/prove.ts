/**
 * Programs that are made by chance, run and judged; and faults that the runtime had, planted again.
 *
 * SEEDS=n runs so many on one node, CLUSTER_SEEDS=n so many in clusters; BUGS=0 plants none.
 */
import type { BenchRow } from "#test/bench/report.js"
import { bugs, clusterBugs, type Bug } from "./bugs.js"
import { findBugs, runSeeds, type Report } from "./seeds.js"

const row = (metric: string, unit: string, value: number, goal?: string, met?: boolean): BenchRow => ({
  bench: "programs",
  metric,
  unit,
  value,
  ...(goal === undefined ? {} : { goal }),
  ...(met === undefined ? {} : { met }),
})

const number = (name: string, otherwise: number): number => Number(process.env[name] ?? otherwise)
/** Seeds among which a planted fault must be found. */
const enough = 200
const mostLines = 20

export async function rows(progress: (text: string) => void): Promise<readonly BenchRow[]> {
  const found = number("BUGS", 1) > 0
  return [
    ...(await programs("on one node", false, number("SEEDS", 2000), 2000, progress)),
    ...(await programs("in clusters", true, number("CLUSTER_SEEDS", 500), 500, progress)),
    ...(found ? await planted(bugs, false, progress) : []),
    ...(found ? await planted(clusterBugs, true, progress) : []),
  ]
}

async function programs(
  where: string,
  cluster: boolean,
  seeds: number,
  goal: number,
  progress: (text: string) => void,
): Promise<BenchRow[]> {
  let done = 0
  const reports = await runSeeds(seeds, cluster, 10, (_, report) => {
    progress(`${(done += report.programs)} of ${seeds} programs ${where}`)
    for (const { seed, violations } of report.found)
      for (const { promise, text } of violations.slice(0, 3))
        console.error(`${where}, seed ${seed}: ${promise}: ${text}`)
  })
  const sum = (of: (report: Report) => number): number => reports.reduce((sum, report) => sum + of(report), 0)
  const failed = sum(({ found }) => found.length)
  const unequal = reports.flatMap(({ unequal }) => unequal)
  for (const seed of unequal) console.error(`${where}, seed ${seed} does not replay`)
  return [
    row(`generated programs ${where}`, "seeds", seeds, goal.toLocaleString("en"), seeds >= goal),
    row(`${where}: programs that break a promise`, "seeds", failed, "0", failed === 0),
    row(
      `${where}: events`,
      "events",
      sum(({ events }) => events),
    ),
    row(
      `${where}: programs a second of processor time`,
      "programs/s",
      sum((report) => report.programs) / (sum(({ milliseconds }) => milliseconds) / 1000),
    ),
    row(
      `${where}: seeds run again, and of another hash then`,
      "seeds",
      unequal.length,
      `0 of ${sum(({ replayed }) => replayed)}`,
      unequal.length === 0,
    ),
  ]
}

async function planted(bugs: readonly Bug[], cluster: boolean, progress: (text: string) => void): Promise<BenchRow[]> {
  const reports = await findBugs(bugs, cluster, enough, cluster ? 60 : 300, (done) =>
    progress(`${done} of ${bugs.length} planted faults`),
  )
  const found = bugs.map(({ name }, n) => ({ name, report: reports[n] as Report }))
  for (const { name, report } of found)
    if (report.test !== undefined) console.error(`\n// planted: ${name}\n${report.test.join("\n")}`)
  const rows = found.map(({ name, report }) =>
    row(`planted: ${name}; found by seed`, "", report.found[0]?.seed ?? NaN, `1 to ${enough}`, report.found.length > 0),
  )
  if (cluster) return rows
  const short = found.filter(({ report: { test } }) => test !== undefined && test.length <= mostLines).length
  return [...rows, row(`of them shrunk to ${mostLines} lines at most`, "faults", short, "at least 10", short >= 10)]
}
