/** How a node and its cluster fare, as this node sees it: plain JSON data for people and probes. */
import type { View } from "./members.js"
import type { NodeId } from "./node.js"

export interface MemberReport {
  readonly id: NodeId
  readonly name: string
  readonly incarnation: number
  readonly address: string
  readonly roles: readonly string[]
  readonly capacity: number
  readonly status: "joining" | "up" | "unreachable" | "leaving" | "down"
  /** For how long it has been that, in milliseconds. */
  readonly forMs: number
  /** The version spoken with it; null: none in common, so it is not talked to. */
  readonly protocol: number | null
  /** Whether a link to it is open; this node itself counts as linked. */
  readonly linked: boolean
  /** Shards that it owns. */
  readonly shards: number
}

export interface ShardsReport {
  readonly count: number
  /** By name of the owner, as the registry tells. */
  readonly owned: Readonly<Record<string, number>>
  /** Owned by this node, and how many of those are wished onto it. */
  readonly here: number
  readonly served: number
  /** On their way to this node or away from it. */
  readonly moving: number
  /** Of which no owner is known. */
  readonly unowned: number
  /** Messages that this node holds for shards that move. */
  readonly held: number
  /** This node takes no shards. */
  readonly draining: boolean
  /** What stands in the way of owning, in words. */
  readonly trouble: string | null
}

export interface ClusterStatus {
  readonly cluster: string
  /** Id of this node. */
  readonly node: NodeId
  /** Serves what it should; what a load balancer asks. */
  readonly ready: boolean
  /** Why it is not ready, or what it is troubled by nevertheless. */
  readonly waitingFor: readonly string[]
  readonly members: readonly MemberReport[]
  readonly shards: ShardsReport
  /** Where the state of entities is kept. */
  readonly state: "postgres" | "leveldb" | "memory"
  /** Whether this node answers from memory; without a fresh lease each answer is confirmed by the store first. */
  readonly lease: { readonly fresh: boolean; /** Null: there is none. */ readonly staleForMs: number | null }
  /** A registry that does not answer stops moves and takeovers; what is served goes on. */
  readonly registry: { readonly answers: boolean; readonly reason: string | null }
}

export function reportMembers(
  view: View,
  now: number,
  linked: ReadonlySet<NodeId>,
  shards: ReadonlyMap<string, number>,
): readonly MemberReport[] {
  return [...view.members.values()]
    .map(({ id, node, status, since, protocol }) => ({
      id,
      name: node.name,
      incarnation: node.incarnation,
      address: node.address,
      roles: node.roles,
      capacity: node.capacity,
      status,
      forMs: Math.round(now - since),
      protocol: protocol ?? null,
      linked: id === view.self || linked.has(id),
      shards: shards.get(node.name) ?? 0,
    }))
    .sort((a, b) => (a.id < b.id ? -1 : 1))
}

/** @param freshUntil of the lease, on the monotonic clock; undefined: there is none */
export function reportLease(freshUntil: number | undefined, now: number): ClusterStatus["lease"] {
  if (freshUntil === undefined || freshUntil === -Infinity) return { fresh: false, staleForMs: null }
  const staleForMs = Math.max(0, Math.round(now - freshUntil))
  return { fresh: now < freshUntil, staleForMs }
}
