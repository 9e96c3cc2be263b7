/** The cluster of the proof: five nodes under all faults at once, its clients, and the seams at which a bug can be planted. */
import type { Logger } from "#actors/telemetry.js"
import type { ClusterFaultPlan } from "#cluster/simulation/cluster-faults.js"
import type { ClusterSimulation, ClusterSimulationOptions } from "#cluster/simulation/cluster-simulation.js"
import { World } from "./simulated-ledger.js"
import { joinCluster } from "#cluster/cluster.js"

const faults: ClusterFaultPlan = {
  crash: { everyMs: 12_000 },
  powerLoss: { everyMs: 40_000 },
  pause: { everyMs: 15_000 },
  sleep: { everyMs: 40_000 },
  partition: { everyMs: 20_000 },
  isolation: { everyMs: 25_000 },
  consulCut: { everyMs: 25_000 },
  storeCut: { everyMs: 25_000, forMs: 3000 },
  streamCut: { everyMs: 2000 },
  slowLink: { everyMs: 8000 },
  agentRestart: { everyMs: 30_000 },
  quorumLoss: { everyMs: 40_000 },
  wipe: { everyMs: 90_000 },
  storeOutage: { everyMs: 40_000, forMs: 2000 },
  clockJump: { everyMs: 20_000 },
  join: { everyMs: 40_000 },
  drain: { everyMs: 25_000 },
  leave: { everyMs: 30_000 },
}

export interface RunOptions {
  readonly seed: number
  readonly state: "shared" | "on-the-node"
  readonly durationMs: number
  readonly faults?: ClusterFaultPlan
  readonly clients?: number
  readonly thinkMs?: number
  readonly logger?: (node: string) => Logger
}

const worlds = new WeakMap<ClusterSimulation, World>()

export function clusterRun({
  seed,
  state,
  durationMs,
  clients = 20,
  thinkMs = 60,
  logger,
  ...rest
}: RunOptions): ClusterSimulationOptions {
  const worldOf = (simulation: ClusterSimulation): World => {
    let world = worlds.get(simulation)
    if (world === undefined) worlds.set(simulation, (world = new World(simulation, { clients, thinkMs })))
    return world
  }
  return {
    seed,
    state,
    durationMs,
    faults: rest.faults ?? faults,
    store: { lostAnswers: 0.001 },
    patienceMs: 90_000,
    maxHappenings: 3_000_000,
    shards: 32,
    async start(node) {
      const { definitions } = worldOf(node.simulation)
      const log = logger?.(node.name)
      return joinCluster({
        ...node.ports,
        state: await node.state(),
        definitions,
        ...(log === undefined ? {} : { logger: log }),
      })
    },
    workload: (simulation) => worldOf(simulation).workload(),
    async check(simulation) {
      await worldOf(simulation).check()
      for (const name of simulation.nodes) {
        const { held = 0, moving = 0 } = simulation.node(name)?.status?.().shards ?? {}
        if (held > 0) throw new Error(`${name} still holds ${held} messages`)
        if (moving > 0) throw new Error(`${name} is still moving ${moving} shards`)
      }
    },
  }
}
