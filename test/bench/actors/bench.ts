/** Actors beside Erlang's raw processes, each on one core in the same run; without Erlang, the figures alone. */
import { execFile } from "node:child_process"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import type { BenchRow } from "../report.js"
import { durableRows } from "./durable.js"
import { median } from "./measure.js"

const run = promisify(execFile)
const source = fileURLToPath(new URL("../../../../test/bench/actors/erlang_peer.erl", import.meta.url))

/** Least ratio to Erlang, by workload. */
const goals: Readonly<Record<string, number>> = {
  tell: 1.6,
  "tell with a cause": 1.6,
  "tell, mailbox grows": 1,
  "ping-pong": 8,
  ask: 2.5,
  "fan-in": 4,
  ring: 6,
  skynet: 1.2,
  spawn: 2.5,
}
/** Least ratio to what bare JavaScript does, and to the same workload without metrics. */
const bareGoal = 0.6
const metricsGoal = 0.9
const workloadNames = Object.keys(goals)
/** What Erlang does for a workload that it has no form of its own for. */
const erlangNames: Readonly<Record<string, string>> = { "tell with a cause": "tell" }
const units: Readonly<Record<string, string>> = {
  "ping-pong": "round trips/s",
  ask: "asks/s",
  skynet: "actors/s",
  spawn: "actors/s",
  ring: "hops/s",
}

const found = (command: string): Promise<boolean> =>
  run("which", [command]).then(
    () => true,
    () => false,
  )

/** Runs a command on one core, where the system can pin it. */
async function pinned(command: string, args: readonly string[]): Promise<string> {
  const options = { maxBuffer: 2 ** 24 }
  const { stdout } = (await found("taskset"))
    ? await run("taskset", ["-c", "0", command, ...args], options)
    : await run(command, [...args], options)
  return stdout
}

async function erlang(): Promise<Readonly<Record<string, number>>> {
  if (!(await found("erlc"))) return {}
  const folder = await mkdtemp(join(tmpdir(), "erlang-peer-"))
  try {
    await run("erlc", ["-o", folder, source])
    const text = await pinned("erl", [
      "+S",
      "1:1",
      "+P",
      "4000000",
      "-noshell",
      "-pa",
      folder,
      "-eval",
      "erlang_peer:main()",
    ])
    // A name may have spaces: "tell, mailbox grows 12200000".
    const parted = (line: string): readonly [string, number] => {
      const at = line.lastIndexOf(" ")
      return [line.slice(0, at), Number(line.slice(at + 1))]
    }
    return Object.fromEntries(text.trim().split("\n").map(parted))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

type Figures = Readonly<Record<string, number>>

/** A program of this folder on one core, its garbage collector at hand. */
async function figures(program: string, ...args: readonly string[]): Promise<Figures> {
  const file = fileURLToPath(new URL(`${program}.js`, import.meta.url))
  return JSON.parse(await pinned(process.execPath, ["--expose-gc", file, ...args])) as Figures
}

/** How often each program is run. V8 compiles in another order each time, which alone moves a figure by a tenth. */
const rounds = 3
/** Of these the largest counts: they are limits. */
const limits = new Set(["memory", "grownMb", "p99"])

/** The median of several runs, by name. */
function middle(runs: readonly Figures[]): Figures {
  const names = Object.keys(runs[0] ?? {})
  return Object.fromEntries(
    names.map((name) => {
      const found = runs.map((run) => run[name] as number)
      return [name, limits.has(name) ? Math.max(...found) : median(found)]
    }),
  )
}

/** One row for each workload that both have done. */
function compared(
  ours: Figures,
  theirs: Figures,
  {
    peer,
    title,
    goal,
    of = (name) => name,
  }: {
    readonly peer: string
    readonly title: (name: string) => string
    readonly goal: (name: string) => number
    readonly of?: (name: string) => string
  },
): readonly BenchRow[] {
  return workloadNames.flatMap((name): BenchRow[] => {
    const [value, peerValue] = [ours[name], theirs[of(name)]]
    if (value === undefined || peerValue === undefined) return []
    const ratio = value / peerValue
    const least = goal(name)
    return [
      {
        bench: "actors",
        metric: title(name),
        unit: units[name] ?? "messages/s",
        value,
        peer,
        peerValue,
        ratio,
        goal: `at least ${least}x`,
        met: ratio >= least,
      },
    ]
  })
}

const atMost = (metric: string, unit: string, value: number, most: number): BenchRow => ({
  bench: "actors",
  metric,
  unit,
  value,
  goal: `at most ${most}`,
  met: value <= most,
})

export async function rows(progress: (text: string) => void): Promise<readonly BenchRow[]> {
  progress("Erlang on one core")
  const theirs = await erlang()
  const runs: Record<"ours" | "bare" | "measured", Figures[]> = { ours: [], bare: [], measured: [] }
  for (let round = 1; round <= rounds; round++) {
    progress(`actors on one core, ${round} of ${rounds}`)
    runs.ours.push(await figures("workloads"))
    progress(`actors with metrics on one core, ${round} of ${rounds}`)
    runs.measured.push(await figures("workloads", workloadNames.join(";"), "--metrics"))
    progress(`bare JavaScript on one core, ${round} of ${rounds}`)
    runs.bare.push(await figures("bare"))
  }
  const [ours, bare, measured] = [middle(runs.ours), middle(runs.bare), middle(runs.measured)]
  const value = (name: string): number => ours[name] as number
  return [
    ...compared(ours, theirs, {
      peer: "Erlang raw process",
      title: (name) => name,
      goal: (name) => goals[name] as number,
      of: (name) => erlangNames[name] ?? name,
    }),
    ...compared(ours, bare, { peer: "bare JavaScript", title: (name) => `${name}: bare limit`, goal: () => bareGoal }),
    ...compared(measured, ours, {
      peer: "without metrics",
      title: (name) => `${name}: metrics on`,
      goal: () => metricsGoal,
    }),
    {
      ...atMost("idle actor", "bytes", value("memory"), 340),
      ...(theirs["memory"] === undefined
        ? {}
        : { peer: "Erlang raw process", peerValue: theirs["memory"], ratio: value("memory") / theirs["memory"] }),
    },
    atMost("flood of 10M tells: growth", "MB", value("grownMb"), 50),
    {
      bench: "actors",
      metric: "flood: refused and counted",
      unit: "messages",
      value: value("refused"),
      goal: "above 0",
      met: value("refused") > 0,
    },
    atMost("flood: another actor's ask, p99", "ms", value("p99"), 20),
    ...(await durableRows(progress)),
  ]
}
