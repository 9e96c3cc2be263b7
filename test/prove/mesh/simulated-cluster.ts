/** The cluster of the proof: five nodes under all faults at once, its clients, and the seams at which a bug can be planted. */
import type { Logger } from "#actors/telemetry.js"
import { SeededRandom } from "#actors/simulation/seeded-random.js"
import type { ClusterOptions } from "#cluster/cluster-options.js"
import { clusterFaultKinds, type ClusterFaultKind, type ClusterFaultPlan } from "#cluster/simulation/cluster-faults.js"
import type {
  ClusterSimulation,
  ClusterSimulationOptions,
  SimulatedClusterNode,
} from "#cluster/simulation/cluster-simulation.js"
import type { StateIs } from "#cluster/placement.js"
import { World } from "./simulated-ledger.js"
import { joinCluster } from "#cluster/cluster.js"

/** How often each fault comes beside the others. */
const weights: { readonly [Kind in ClusterFaultKind]: number } = {
  crash: 8,
  powerLoss: 2,
  pause: 6,
  sleep: 2,
  pauseAtMint: 4,
  partition: 5,
  isolation: 4,
  consulCut: 4,
  storeCut: 4,
  streamCut: 30,
  slowLink: 12,
  agentRestart: 3,
  quorumLoss: 2,
  wipe: 1,
  storeOutage: 2,
  clockJump: 5,
  join: 2,
  drain: 4,
  leave: 3,
}
const always: readonly ClusterFaultKind[] = ["streamCut", "drain", "join"]
const gentle: readonly ClusterFaultKind[] = ["streamCut", "slowLink", "drain", "leave", "join", "clockJump"]
/** Of the store that nodes share, where they do. */
const ofStore: readonly ClusterFaultKind[] = ["pauseAtMint", "storeCut", "storeOutage"]
const faultsOnAverage = 100

/**
 * Which faults a seed has: some of the kinds, since many troubles at once hide those that need quiet before; every fourth seed only those that the mesh makes good. So many of them
 * that there are about `faultsOnAverage`.
 */
export function faultsOf(seed: number, state: StateIs, durationMs: number): ClusterFaultPlan {
  const chance = new SeededRandom(seed).fork("kinds")
  const kinds = clusterFaultKinds.filter((kind) => {
    const chosen = (chance.chance(0.6) || always.includes(kind)) && (state === "shared" || !ofStore.includes(kind))
    return seed % 4 === 0 ? gentle.includes(kind) : chosen
  })
  const sum = kinds.reduce((sum, kind) => sum + weights[kind], 0)
  return Object.fromEntries(
    kinds.map((kind) => [kind, { everyMs: (durationMs * sum) / (faultsOnAverage * weights[kind]) }]),
  )
}

/** Where a bug can be planted: around what a node is made with, or in a method that is replaced while the simulation runs. */
export interface Seams {
  readonly around?: (options: ClusterOptions, node: SimulatedClusterNode) => ClusterOptions
  /** Changes the runtime. @returns changes it back */
  readonly patch?: () => () => void
}

export interface RunOptions extends Pick<Seams, "around"> {
  readonly seed: number
  readonly state: StateIs
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
  clients = 32,
  thinkMs = 45,
  logger,
  around = (options) => options,
  ...rest
}: RunOptions): ClusterSimulationOptions {
  const worldOf = (simulation: ClusterSimulation): World => {
    let world = worlds.get(simulation)
    if (world !== undefined) return world
    worlds.set(simulation, (world = new World(simulation, { clients, thinkMs })))
    simulation.store.appended = ({ stale }) => {
      if (stale) simulation.fail(new Error("the store has taken a write from a stale epoch"))
    }
    return world
  }
  return {
    seed,
    state,
    durationMs,
    faults: rest.faults ?? faultsOf(seed, state, durationMs),
    store: { lostAnswers: 0.001 },
    patienceMs: 90_000,
    maxHappenings: 3_000_000,
    shards: 32,
    async start(node) {
      const { definitions } = worldOf(node.simulation)
      const log = logger?.(node.name)
      const options = {
        ...node.ports,
        state: await node.state(),
        definitions,
        ...(log === undefined ? {} : { logger: log }),
      }
      return joinCluster(around(options, node))
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
