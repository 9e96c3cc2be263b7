/** What one node knows of the members of its cluster, as data; how it comes to know it, and the invariants that are cited here, are in `membership.ts`. */
import { nodeId, type Incarnation, type NodeDescription, type NodeId } from "./node.js"

export type MemberStatus = "joining" | "up" | "unreachable" | "leaving" | "down"

export interface Member {
  readonly id: NodeId
  readonly node: NodeDescription
  readonly status: MemberStatus
  /** Monotonic moment of the last change of status. */
  readonly since: number
  /** The version spoken with it; undefined: none in common (M8). */
  readonly protocol: number | undefined
  readonly evidence: Evidence
}

/** What is known about a member; only ever replaced by what is newer (M6). */
export interface Evidence {
  readonly registry: "passing" | "critical" | "absent"
  readonly leaving: boolean
  /** Numbers of the last probe sent, answered and failed. */
  readonly probes: {
    readonly sent: number
    readonly sentAt: number
    readonly answered: number
    readonly failed: number
  }
  /** Whether our last vote about it accused. */
  readonly voted: boolean
  /** By the voter's id. */
  readonly votes: ReadonlyMap<NodeId, Vote>
  /** Monotonic moment since which two witnesses accuse it. */
  readonly accusedSince: number | undefined
}

interface Vote {
  readonly accuses: boolean
  /** Counted by the voter. */
  readonly number: number
  readonly receivedAt: number
}

/** A removed incarnation (M1). */
export interface Tombstone extends Incarnation {
  readonly at: number
}

export interface View {
  readonly self: NodeId
  readonly version: number
  readonly members: ReadonlyMap<NodeId, Member>
  /** By name; one for each, of its highest removed incarnation. */
  readonly tombstones: ReadonlyMap<string, Tombstone>
  /** The number of the newest list taken in; `answers` false: the registry is away (M4). */
  readonly registry: { readonly list: number; readonly answers: boolean }
  /** Of our own votes. */
  readonly votes: number
}

/** Of a member that was just seen for the first time. */
export const nothingKnown: Evidence = {
  registry: "absent",
  leaving: false,
  probes: { sent: 0, sentAt: -Infinity, answered: 0, failed: 0 },
  voted: false,
  votes: new Map(),
  accusedSince: undefined,
}

/** The view of a node that has just started: itself, joining. */
export function firstView(node: NodeDescription, now: number): View {
  const id = nodeId(node)
  const protocol = node.protocol.max
  const self: Member = { id, node, status: "joining", since: now, protocol, evidence: nothingKnown }
  return {
    self: id,
    version: 1,
    members: new Map([[id, self]]),
    tombstones: new Map(),
    registry: { list: 0, answers: false },
    votes: 0,
  }
}

/** Members that have or may be given shards: up, or unreachable and not given up yet. */
export function holders(view: View): readonly NodeDescription[] {
  return [...view.members.values()]
    .filter(({ status }) => status === "up" || status === "unreachable")
    .map(({ node }) => node)
}
