/** Two nodes on loopback, a core each, beside Erlang distribution and bare grpc-js in the same run; without Erlang, the figures alone. */
import { execFile, spawn } from "node:child_process"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import type { BenchRow } from "../report.js"
import type { BareFigures } from "./bare.js"
import type { Figures } from "./node.js"
import { measured } from "./pair.js"

const run = promisify(execFile)
const source = fileURLToPath(new URL("../../../../test/bench/mesh/erlang_dist.erl", import.meta.url))
const rounds = 3

const toErlang = 1.3
const toBare = 0.6
const mostAskUs = 150

const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] as number

type ErlangFigures = Readonly<Record<"messages" | "p50" | "p99", number>>

async function erlang(folder: string, round: number): Promise<ErlangFigures> {
  const name = (role: string): string => `${role}${process.pid}x${round}@127.0.0.1`
  const options = (core: number, role: string): string[] => [
    ...["-c", String(core), "erl", "+S", "1:1", "-noshell", "-pa", folder],
    ...["-name", name(role), "-setcookie", "bench", "-kernel", "inet_dist_use_interface", "{127,0,0,1}"],
  ]
  const receiver = spawn("taskset", [...options(1, "receiver"), "-run", "erlang_dist", "receive_"], { stdio: "ignore" })
  try {
    const send = [...options(0, "sender"), "-run", "erlang_dist", "send", "-extra", name("receiver")]
    const { stdout } = await run("taskset", send)
    const lines = stdout
      .trim()
      .split("\n")
      .map((line) => line.split(" "))
    return Object.fromEntries(lines.map(([what, figure]) => [what, Number(figure)])) as ErlangFigures
  } finally {
    receiver.kill()
  }
}

async function withErlang(): Promise<string | undefined> {
  try {
    await run("which", ["erlc"])
    await run("which", ["taskset"])
  } catch {
    return undefined
  }
  const folder = await mkdtemp(join(tmpdir(), "erlang-dist-"))
  await run("erlc", ["-o", folder, source])
  return folder
}

function compared(
  metric: string,
  value: number,
  peer: string,
  peerValue: number | undefined,
  least?: number,
): BenchRow[] {
  if (peerValue === undefined) return []
  const ratio = value / peerValue
  const goal = least === undefined ? {} : { goal: `at least ${least}x`, met: ratio >= least }
  return [{ bench: "mesh", metric, unit: "messages/s", value, peer, peerValue, ratio, ...goal }]
}

export async function rows(progress: (text: string) => void): Promise<readonly BenchRow[]> {
  const folder = await withErlang()
  const ours: Figures[] = []
  const bare: BareFigures[] = []
  const theirs: ErlangFigures[] = []
  try {
    for (let round = 1; round <= rounds; round++) {
      progress(`two nodes, ${round} of ${rounds}`)
      ours.push(await measured<Figures>("node"))
      progress(`bare grpc-js, ${round} of ${rounds}`)
      bare.push(await measured<BareFigures>("bare"))
      if (folder === undefined) continue
      progress(`Erlang distribution, ${round} of ${rounds}`)
      theirs.push(await erlang(folder, round))
    }
  } finally {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true })
  }
  const our = (figure: (figures: Figures) => number): number => median(ours.map(figure))
  const their = (name: keyof ErlangFigures): number | undefined =>
    theirs.length === 0 ? undefined : median(theirs.map((figures) => figures[name]))
  const bareRate = median(bare.map(({ rate }) => rate))
  const [bytes, object] = [our((figures) => figures.bytes.rate), our((figures) => figures.object.rate)]
  const p50 = our(({ askP50 }) => askP50)
  const erlangP50 = their("p50")
  const beside =
    erlangP50 === undefined ? {} : { peer: "Erlang distribution", peerValue: erlangP50, ratio: p50 / erlangP50 }
  return [
    ...compared("one way, 100 bytes", bytes, "Erlang distribution", their("messages"), toErlang),
    ...compared("one way, 100 bytes", bytes, "bare grpc-js, 128 a frame", bareRate, toBare),
    ...compared("one way, an object", object, "bare grpc-js, 128 a frame", bareRate),
    {
      bench: "mesh",
      metric: "ask, idle, p50",
      unit: "µs",
      value: p50,
      ...beside,
      goal: `under ${mostAskUs}`,
      met: p50 < mostAskUs,
    },
    { bench: "mesh", metric: "ask, idle, p99", unit: "µs", value: our(({ askP99 }) => askP99) },
    ...(["bytes", "object"] as const).flatMap((kind) => [
      {
        bench: "mesh",
        metric: `${kind}: processor time to send`,
        unit: "µs",
        value: our((figures) => figures[kind].sendUs),
      },
      {
        bench: "mesh",
        metric: `${kind}: processor time to receive`,
        unit: "µs",
        value: our((figures) => figures[kind].receiveUs),
      },
    ]),
    {
      bench: "mesh",
      metric: "bare grpc-js there and back, p50",
      unit: "µs",
      value: median(bare.map((figures) => figures.roundTripP50)),
    },
  ]
}
