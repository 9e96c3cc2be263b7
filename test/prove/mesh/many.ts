/** Twenty nodes as processes on one machine: how soon all see all, and what a node costs that has nothing to do. */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import type { BenchRow } from "#test/bench/report.js"
import { simulateCluster } from "#cluster/simulation/cluster-simulation.js"
import { findConsul } from "#test/support/consul.js"
import { startPostgres } from "#test/support/postgres.js"
import { Consul } from "./consul.js"
import { MeshNode } from "./mesh-node.js"
import { cycles, percentile, row, type Progress } from "./rows.js"
import { Missing, shards, until } from "./stage.js"
import { openWorld } from "./world.js"

const count = Number(process.env["NODES"] ?? 20)
const idleMs = 1000 * cycles("IDLE_SECONDS", 30)
/** So many processes begin at once: what is measured is the cluster, not how two processors load twenty programs. */
const atOnce = 4

export async function many(progress: Progress): Promise<readonly BenchRow[]> {
  const binary = await findConsul()
  if (binary === undefined) throw new Missing("there is no consul binary")
  const world = await openWorld()
  if (typeof world === "string") throw new Missing(world)
  const folder = await mkdtemp(join(tmpdir(), "llmagentos-mesh-"))
  const postgres = await startPostgres({ address: world.gateway, network: world.network })
  const nodes: MeshNode[] = []
  try {
    if (typeof postgres === "string") throw new Missing(postgres)
    const consul = await Consul.start(binary, folder, world)
    const machine = await world.machine("many")
    await consul.agentOn(machine, { limits: { http_max_conns_per_client: 1000 } }) // by default an agent has two hundred for all nodes of its machine
    for (let n = 0; n < count; n++)
      nodes.push(
        new MeshNode(machine, {
          cluster: "prove",
          node: `node-${n + 1}`,
          listen: `${machine.address}:${7000 + n}`,
          consul: "http://127.0.0.1:8500",
          state: { postgres: postgres.url },
          shards,
        }),
      )
    for (let n = 0; n < count; n += atOnce) {
      progress(`${count} nodes: ${n} have joined`)
      await Promise.all(nodes.slice(n, n + atOnce).map((node) => node.start()))
    }
    progress(`${count} nodes: until all see all`)
    const convergedMs = await untilAll(nodes, (members) => nodes.every(({ id }) => members[id] === "up"))
    const readyMs = await until(async () => (await Promise.all(nodes.map((node) => node.status()))).every(({ ready }) => ready), 600_000, () => "not all are ready") // prettier-ignore
    progress(`${count} nodes: idle`)
    await sleep(5000)
    const before = await Promise.all(nodes.map((node) => node.usage()))
    await sleep(idleMs)
    const after = await Promise.all(nodes.map((node) => node.usage()))
    const busy = after.map(({ cpuMs }, i) => (100 * (cpuMs - (before[i]?.cpuMs ?? 0))) / idleMs)
    progress(`${count} nodes: one is killed`)
    const last = nodes.at(-1) as MeshNode
    const { id } = last
    await last.kill()
    const downMs = await untilAll(nodes.slice(0, -1), (members) => members[id] === "down" || members[id] === undefined)
    progress(`${count} simulated nodes`)
    const simulatedMs = await simulated()
    return [
      row(`${count} nodes, simulated: all see all, after the last has started`, "s", simulatedMs / 1000, "within 5", simulatedMs <= 5000),
      row(`${count} nodes: all see all, after the last has joined`, "s", convergedMs / 1000, "within 5", convergedMs <= 5000),
      row(`${count} nodes: all own what they should, after that`, "s", readyMs / 1000),
      row(`${count} nodes: all see a killed one down`, "s", downMs / 1000),
      row(`${count} nodes: processor of one that idles, p50`, "% of a core", percentile(busy, 0.5)),
      row(`${count} nodes: memory of one, p50`, "MB", percentile(after.map(({ residentMB }) => residentMB), 0.5)),
      row(`${count} nodes: its heap, p50`, "MB", percentile(after.map(({ heapMB }) => heapMB), 0.5)),
    ] // prettier-ignore
  } finally {
    await Promise.all(nodes.map((node) => node.kill()))
    await world.close()
    if (typeof postgres !== "string") await postgres.remove()
    await rm(folder, { recursive: true, force: true })
  }
}

/** How long it takes in virtual time, where nodes do not share processors. */
async function simulated(): Promise<number> {
  let convergedMs = Infinity
  const { failure } = await simulateCluster({
    seed: 1,
    nodes: count,
    state: "shared",
    durationMs: 10_000,
    async workload(simulation) {
      const from = simulation.now
      const sees = (name: string): number =>
        simulation
          .node(name)
          ?.status?.()
          .members.filter(({ status }) => status === "up").length ?? 0
      while (simulation.running && !simulation.nodes.every((name) => sees(name) === count)) await simulation.wait(10)
      if (simulation.running) convergedMs = simulation.now - from
    },
  })
  if (failure !== undefined) throw failure
  return convergedMs
}

/** Waits until the views of all nodes are so. */
function untilAll(
  nodes: readonly MeshNode[],
  so: (members: Readonly<Record<string, string>>) => boolean,
): Promise<number> {
  const patienceMs = 120_000
  let last: readonly string[] = []
  return until(
    async () => {
      const all = await Promise.all(nodes.map((node) => node.status()))
      last = all.map(
        ({ id, members, waitingFor }) => `${id} sees ${JSON.stringify(members)}, waits for ${waitingFor.join()}`,
      )
      return all.every(({ members }) => so(members))
    },
    patienceMs,
    () => `the views do not agree:\n${last.join("\n")}`,
  )
}
