/** How a node and its cluster fare, as this node sees it: plain JSON data for people and probes. */
import type { View } from "./members.js"
import type { NodeId } from "./node.js"

export interface MemberReport {
  readonly id: NodeId
  readonly name: string
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
}

export interface ShardsReport {
  readonly count: number
  /** By name of the owner, as the registry tells. */
  readonly owned: Readonly<Record<string, number>>
  /** Served by this node. */
  readonly here: number
  /** On their way to this node or away from it. */
  readonly moving: number
  /** Of which no owner is known. */
  readonly unowned: number
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
  /** Whether this node answers from memory; without a fresh lease each answer is confirmed by the store first. */
  readonly lease: { readonly fresh: boolean; /** Null: there is none. */ readonly staleForMs: number | null }
  /** A registry that does not answer stops moves and takeovers; what is served goes on. */
  readonly registry: { readonly answers: boolean; readonly reason: string | null }
}

export function reportMembers(view: View, now: number, linked: ReadonlySet<NodeId>): readonly MemberReport[] {
  return [...view.members.values()]
    .map(({ id, node, status, since, protocol }) => ({
      id,
      name: node.name,
      address: node.address,
      roles: node.roles,
      capacity: node.capacity,
      status,
      forMs: Math.round(now - since),
      protocol: protocol ?? null,
      linked: id === view.self || linked.has(id),
    }))
    .sort((a, b) => (a.id < b.id ? -1 : 1))
}

/** @param freshUntil of the lease, on the monotonic clock; undefined: there is none */
export function reportLease(freshUntil: number | undefined, now: number): ClusterStatus["lease"] {
  if (freshUntil === undefined || freshUntil === -Infinity) return { fresh: false, staleForMs: null }
  const staleForMs = Math.max(0, Math.round(now - freshUntil))
  return { fresh: now < freshUntil, staleForMs }
}

/** Shards by their owners. @param owners by shard */
export function countOwners(owners: readonly (string | undefined)[]): Pick<ShardsReport, "count" | "owned" | "unowned"> {
  const owned: Record<string, number> = {}
  let unowned = 0
  for (const owner of owners)
    if (owner === undefined) unowned += 1
    else owned[owner] = (owned[owner] ?? 0) + 1
  return { count: owners.length, owned, unowned }
}
