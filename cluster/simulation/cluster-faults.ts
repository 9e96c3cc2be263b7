/**
 * What goes wrong in a cluster: chosen by chance beforehand, as data, so that a run can be repeated with fewer of them.
 *
 * Invariants
 *   F1. Each kind draws from chance of its own: what is planned of one does not change what is planned of another.
 */
import type { TimedPlan } from "#actors/simulation/faults.js"
import type { SeededRandom } from "#actors/simulation/seeded-random.js"

/** How long each lasts at most unless the plan says so, and by how much. */
const kinds = {
  /** The process of a node is killed, and started again. */
  crash: { forMs: 8000, byMs: 0 },
  /** Its machine is gone, and comes back. */
  powerLoss: { forMs: 12_000, byMs: 0 },
  /** Its process stands still (SIGSTOP); all others go on. */
  pause: { forMs: 12_000, byMs: 0 },
  /** Its machine is suspended: monotonic time stands still, too. */
  sleep: { forMs: 12_000, byMs: 0 },
  /** The process of the node that is the next to mint an epoch stands still, before it hears of it. */
  pauseAtMint: { forMs: 12_000, byMs: 0 },
  /** Some nodes and the others lose each other, and nothing else. */
  partition: { forMs: 12_000, byMs: 0 },
  /** A node loses all others, Consul's servers and the store. */
  isolation: { forMs: 12_000, byMs: 0 },
  /** The agent of a node loses Consul's servers. */
  consulCut: { forMs: 12_000, byMs: 0 },
  /** A node loses the store. */
  storeCut: { forMs: 6000, byMs: 0 },
  /** One stream between two nodes breaks. */
  streamCut: { forMs: 0, byMs: 0 },
  /** Frames between two nodes are late by as much. */
  slowLink: { forMs: 3000, byMs: 300 },
  /** The agent of a node is killed, and started again. */
  agentRestart: { forMs: 4000, byMs: 0 },
  /** Consul's servers have no leader. */
  quorumLoss: { forMs: 10_000, byMs: 0 },
  /** Consul forgets everything. */
  wipe: { forMs: 0, byMs: 0 },
  /** The store takes no connections. */
  storeOutage: { forMs: 3000, byMs: 0 },
  /** The wall time of a node jumps, forth or back. */
  clockJump: { forMs: 0, byMs: 20_000 },
  /** A node that was not there joins, and leaves again. */
  join: { forMs: 20_000, byMs: 0 },
  /** A node gives its shards away, then leaves, and starts again. */
  drain: { forMs: 8000, byMs: 0 },
  /** A node leaves in order, and starts again. */
  leave: { forMs: 8000, byMs: 0 },
} as const satisfies Record<string, { readonly forMs: number; readonly byMs: number }>

export type ClusterFaultKind = keyof typeof kinds
export const clusterFaultKinds = Object.keys(kinds) as readonly ClusterFaultKind[]

export type ClusterFaultPlan = { readonly [Kind in ClusterFaultKind]?: TimedPlan }

/** A fault as it was planned; the same list of them makes the same run. */
export interface ClusterFault {
  readonly kind: ClusterFaultKind
  readonly at: number
  /** partition: those on one side; streamCut, slowLink: both ends; else whom it befalls, where it befalls one. */
  readonly nodes: readonly string[]
  readonly forMs: number
  readonly byMs: number
}

export interface FaultyNames {
  readonly nodes: readonly string[]
  /** Nodes that are not there from the beginning. */
  readonly guests: readonly string[]
}

/** All faults of a run, in order. */
export function plannedFaults(
  plan: ClusterFaultPlan,
  names: FaultyNames,
  durationMs: number,
  random: SeededRandom,
): ClusterFault[] {
  const faults: ClusterFault[] = []
  for (const kind of clusterFaultKinds) {
    const given = plan[kind]
    if (given === undefined) continue
    const own = random.fork(kind) // F1
    const { forMs = kinds[kind].forMs, byMs = kinds[kind].byMs } = given
    for (let at = own.interval(given.everyMs); at < durationMs; at += own.interval(given.everyMs)) {
      const nodes = befallen(kind, names, own)
      const lasts = forMs * (0.1 + 0.9 * own.float())
      const by = byMs * (kind === "clockJump" ? 2 * own.float() - 1 : 0.1 + 0.9 * own.float())
      if (nodes !== undefined) faults.push({ kind, at, nodes, forMs: lasts, byMs: by })
    }
  }
  return faults.sort((a, b) => a.at - b.at)
}

function befallen(
  kind: ClusterFaultKind,
  { nodes, guests }: FaultyNames,
  random: SeededRandom,
): readonly string[] | undefined {
  switch (kind) {
    case "pauseAtMint":
    case "quorumLoss":
    case "wipe":
    case "storeOutage":
      return []
    case "join":
      return guests.length === 0 ? undefined : [random.pick(guests)]
    case "streamCut":
    case "slowLink": {
      if (nodes.length < 2) return undefined
      const one = random.pick(nodes)
      return [one, random.pick(nodes.filter((other) => other !== one))]
    }
    case "partition": {
      if (nodes.length < 2) return undefined
      const some = nodes.filter(() => random.chance(0.5))
      return some.length === 0 || some.length === nodes.length ? [random.pick(nodes)] : some
    }
    default:
      return [random.pick(nodes)]
  }
}
