/** Consul goes wrong in all its ways, and the owners go on: they answer what the store confirms, nothing moves, and all is as before soon after it is back. */
import { setTimeout as sleep } from "node:timers/promises"
import type { BenchRow } from "#test/bench/report.js"
import { takeover } from "./clients.js"
import type { Agent } from "./consul.js"
import type { Operation } from "./history.js"
import type { MeshNode } from "./mesh-node.js"
import { cycles, judgementRows, row, type Progress } from "./rows.js"
import { Stage, until } from "./stage.js"

interface Outage {
  readonly title: string
  readonly seconds: number
  begin(stage: Stage): Promise<void>
  /** Ends it and returns when Consul works again. */
  end(stage: Stage): Promise<void>
}

/** How long an account may be silent and still counts as answering: a client's ask and one more try. */
const silenceMs = 5000
const seconds = (name: string, otherwise: number): number => cycles(name, 1) * (process.env["QUICK"] === undefined ? otherwise : Math.min(otherwise, 15)) // prettier-ignore

export async function outages(progress: Progress): Promise<readonly BenchRow[]> {
  const stage = await Stage.open({ nodes: 3, state: "postgres" })
  try {
    stage.clients.start()
    const rows: BenchRow[] = []
    for (const outage of all()) {
      progress(outage.title)
      rows.push(...(await goThrough(stage, outage)))
    }
    progress("a node is killed after all that")
    rows.push(await takeOver(stage))
    return [...rows, ...judgementRows("outages of Consul", await stage.judge())]
  } finally {
    await stage.close()
  }
}

function all(): readonly Outage[] {
  const quorumSeconds = seconds("QUORUM_OUTAGES", 60)
  let killed: readonly Agent[] = []
  const kill = async (agents: readonly Agent[]): Promise<void> => {
    killed = agents
    await Promise.all(agents.map((agent) => agent.kill()))
  }
  const revive = async ({ consul }: Stage): Promise<void> => {
    await Promise.all(killed.map((agent) => agent.start()))
    await consul.untilItWrites()
  }
  const between = async (stage: Stage, what: "cutBetween" | "healBetween"): Promise<void> => {
    for (const { machine } of stage.nodes.slice(1))
      for (const server of stage.consul.servers) await stage.world[what](machine, server.machine)
  }
  return [
    {
      title: "Consul's leader killed",
      seconds: seconds("LEADER_OUTAGES", 20),
      begin: async ({ consul }) => kill([await consul.leader()]),
      end: revive,
    },
    {
      title: `quorum lost for ${quorumSeconds} s`,
      seconds: quorumSeconds,
      begin: ({ consul }) => kill(consul.servers.slice(0, 2)),
      end: revive,
    },
    {
      title: "Consul reachable from one node of three",
      seconds: seconds("MINORITY_OUTAGES", 60),
      begin: (stage) => between(stage, "cutBetween"),
      end: (stage) => between(stage, "healBetween"),
    },
    {
      title: "Consul wiped and restarted",
      seconds: seconds("WIPE_OUTAGES", 15),
      begin: async ({ consul }) => {
        await Promise.all(consul.servers.map((server) => server.wipe()))
      },
      end: async ({ consul }) => {
        await consul.startAll()
        await consul.untilItWrites()
      },
    },
  ]
}

async function goThrough(stage: Stage, outage: Outage): Promise<BenchRow[]> {
  const { clients, nodes } = stage
  const { title } = outage
  await stage.untilReady(nodes)
  await stage.untilAllOwn(nodes)
  await sleep(3000)
  const owners = new Map(
    clients.keys.map((key) => [key, nodes.find(({ id }) => clients.ownedBy(id).includes(key))?.id]),
  )
  const from = clients.operations.length
  const failuresBefore = count(clients.failures)
  const epochs = await stage.epochs()
  const began = performance.now()
  await outage.begin(stage)
  await sleep(1000 * outage.seconds)
  const during = performance.now()
  await outage.end(stage)
  // How long an agent takes to find its servers again is Consul's own.
  const agentsMs = await until(async () => (await Promise.all(stage.agents.map((agent) => agent.answers()))).every(Boolean), 120_000, () => `${title}: the agents do not find their servers`) // prettier-ignore
  const back = performance.now()
  const normalMs = await until(async () => (await Promise.all(nodes.map(isNormal))).every(Boolean), 120_000, () => `${title}: it never is as before`) // prettier-ignore
  await sleep(5000)
  const seen = clients.operations.slice(from).filter(({ ended }) => ended !== undefined && ended > began)
  const moved = new Set(seen.filter(({ key, answer }) => answer?.by !== owners.get(key)).map(({ key }) => key))
  const silence = longestSilence(clients.keys, seen, began, back + normalMs)
  const fallen = [...(await stage.epochs())].filter(([shard, epoch]) => epoch < (epochs.get(shard) ?? 0)).length
  return [
    row(`${title}: answered meanwhile`, "asks", seen.filter(({ ended = 0 }) => ended < during).length),
    row(`${title}: asks that failed, and were sent again`, "asks", count(clients.failures) - failuresBefore),
    row(`${title}: longest time that an account gave no answer`, "s", silence / 1000, `under ${silenceMs / 1000}`, silence < silenceMs), // prettier-ignore
    row(`${title}: accounts that moved`, "accounts", moved.size, "0", moved.size === 0),
    row(`${title}: epochs that fell`, "shards", fallen, "0", fallen === 0),
    row(`${title}: until the agents of all nodes reached Consul again`, "s", agentsMs / 1000),
    row(`${title}: normal after that`, "s", normalMs / 1000, "within 5", normalMs <= 5000),
  ]
}

const count = (failures: ReadonlyMap<string, number>): number => [...failures.values()].reduce((sum, n) => sum + n, 0)

/** The registry answers it and its lease is fresh. */
async function isNormal(node: MeshNode): Promise<boolean> {
  const { ready, registryAnswers, leaseFresh } = await node.status()
  return ready && registryAnswers && leaseFresh
}

function longestSilence(keys: readonly string[], seen: readonly Operation[], from: number, to: number): number {
  const last = new Map(keys.map((key) => [key, from]))
  let longest = 0
  const answered = seen.filter(({ ended = Infinity }) => ended <= to)
  for (const { key, ended = 0 } of answered.sort((a, b) => (a.ended ?? 0) - (b.ended ?? 0))) {
    longest = Math.max(longest, ended - (last.get(key) ?? from))
    last.set(key, ended)
  }
  return Math.max(longest, ...[...last.values()].map((moment) => to - moment))
}

/** The takeover after all outages: the locks still decide and epochs still grow. */
async function takeOver(stage: Stage): Promise<BenchRow> {
  await stage.untilReady(stage.nodes)
  await stage.untilAllOwn(stage.nodes)
  const node = stage.nodes[0] as MeshNode
  const keys = stage.clients.ownedBy(node.id)
  const from = stage.clients.operations.length
  const at = performance.now()
  await node.kill()
  const taken = () => takeover(stage.clients.operations.slice(from), keys, node.id, at)
  await until(
    () => taken() !== undefined,
    60_000,
    () => "the accounts of a killed node are not taken over",
  )
  const { allMs = NaN } = taken() ?? {}
  return row(
    "after the outages, all accounts of a killed node with another owner",
    "s",
    allMs / 1000,
    "within 10",
    allMs <= 10_000,
  )
}
