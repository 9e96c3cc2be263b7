/** Actors beside Erlang's raw processes, each on one core in the same run; without Erlang, the figures alone. */
import { execFile } from "node:child_process"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import type { BenchRow } from "../report.js"
import { durableRows } from "./durable.js"

const run = promisify(execFile)
const source = fileURLToPath(new URL("../../../../test/bench/actors/erlang_peer.erl", import.meta.url))
const workloads = fileURLToPath(new URL("workloads.js", import.meta.url))
const peer = "Erlang raw process"

/** Least ratio to the peer, by workload. */
const goals: Readonly<Record<string, number>> = { tell: 1.2, ask: 2, "ping-pong": 5 }
const units: Readonly<Record<string, string>> = {
  "ping-pong": "round trips/s",
  ask: "asks/s",
  skynet: "actors/s",
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
    return Object.fromEntries(text.trim().split("\n").map((line) => line.split(" ")).map(([name = "", value]) => [name, Number(value)])) // prettier-ignore
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

export async function rows(progress: (text: string) => void): Promise<readonly BenchRow[]> {
  progress("actors on one core")
  const ours = JSON.parse(await pinned(process.execPath, ["--expose-gc", workloads])) as Record<string, number>
  progress("Erlang on one core")
  const theirs = await erlang()
  const of = (name: string): number => ours[name] as number
  const beside = (name: string): Pick<BenchRow, "peer" | "peerValue" | "ratio"> => {
    const peerValue = theirs[name]
    return peerValue === undefined ? {} : { peer, peerValue, ratio: of(name) / peerValue }
  }
  const rates = ["tell", "ping-pong", "ask", "fan-in", "ring", "skynet"].map((metric): BenchRow => {
    const compared = beside(metric)
    const goal = goals[metric]
    const promise = goal === undefined ? {} : { goal: `at least ${goal}x` }
    const met = goal === undefined || compared.ratio === undefined ? {} : { met: compared.ratio >= goal }
    return {
      bench: "actors",
      metric,
      unit: units[metric] ?? "messages/s",
      value: of(metric),
      ...compared,
      ...promise,
      ...met,
    }
  })
  const limits: readonly BenchRow[] = [
    {
      bench: "actors",
      metric: "spawn",
      unit: "actors/s",
      value: of("spawn"),
      ...beside("spawn"),
      goal: "at least 1,000,000",
      met: of("spawn") >= 1e6,
    },
    {
      bench: "actors",
      metric: "idle actor",
      unit: "bytes",
      value: of("memory"),
      ...beside("memory"),
      goal: "at most 500",
      met: of("memory") <= 500,
    },
    {
      bench: "actors",
      metric: "flood of 10M tells: growth",
      unit: "MB",
      value: of("grownMb"),
      goal: "at most 50",
      met: of("grownMb") <= 50,
    },
    {
      bench: "actors",
      metric: "flood: refused and counted",
      unit: "messages",
      value: of("refused"),
      goal: "above 0",
      met: of("refused") > 0,
    },
    {
      bench: "actors",
      metric: "flood: another actor's ask, p99",
      unit: "ms",
      value: of("p99"),
      goal: "under 20",
      met: of("p99") < 20,
    },
  ]
  return [...rates, ...limits, ...(await durableRows(progress))]
}
