/** What a program holds of a node that has joined a cluster. */
import type { ActorDefinition } from "#actors/actor.js"
import type { EntityId } from "#actors/entities.js"
import type { AgentOSError } from "#actors/errors.js"
import type { ActorRef } from "#actors/ref.js"
import type { ActorSystem } from "#actors/system.js"
import type { TopicProtocol } from "#actors/topics.js"
import type { ClusterStatus } from "./cluster-status.js"
import type { ClusterLimit, ClusterRate } from "./limits.js"
import type { View } from "./members.js"
import type { MemberChange, StopReason } from "./membership-driver.js"
import type { NodeDescription, NodeId } from "./node.js"
import type { Peers } from "./peers.js"
import type { Plan } from "./placement.js"
import type { Receptionist } from "./receptionist.js"

/** Why a node has ended. */
export type ClusterEnd =
  | { readonly why: "left" }
  | StopReason
  /** It is set up otherwise than its cluster. */
  | { readonly why: "refused"; readonly error: AgentOSError }

/** What one node may ask of another. */
export type NodeOperation = "drain" | "undrain" | "leave"

/** A node of a cluster. */
export interface Cluster {
  readonly system: ActorSystem
  /** `name#incarnation`: this start of this node. */
  readonly id: NodeId
  readonly node: NodeDescription
  /** The members, as this node sees them. */
  readonly view: View
  /** The other nodes, for services of one's own. */
  readonly peers: Peers
  /** It serves every entity that it should, and none is on its way to it. */
  readonly ready: boolean
  /** @throws {AgentOSError} (as rejection) `UNAVAILABLE` with what it waits for, after `timeoutMs` (default 60,000) or when it ends */
  untilReady(timeoutMs?: number): Promise<void>
  /** How it fares: plain data. */
  status(): ClusterStatus
  /** Called with every change of a member from now on. @returns ends it */
  follow(listener: (view: View, changes: readonly MemberChange[]) => void): () => void
  /** Resolves when this node has ended, with the reason. If it was not asked to, the process should end too, and be started anew. */
  readonly ended: Promise<ClusterEnd>

  /** Gives all shards away and takes none any more; stays a member that answers and routes. Resolves when it has none. */
  drain(): Promise<void>
  /** Takes shards again. */
  undrain(): void
  /** Announces it, gives all shards away (`drainMs` at most), stops the actors, and closes everything. */
  leave(): Promise<void>
  /** The same without giving shards away: others take over what is free then. */
  stop(): Promise<void>
  /** The same on another node, by its name; for `leave` it resolves when that has begun. @throws {AgentOSError} (as rejection) `UNKNOWN_NODE` */
  operate(node: string, what: NodeOperation): Promise<void>
  /**
   * What would be better elsewhere, as this node sees it. Nodes move it by themselves, so many shards a minute; without `dryRun` those of this node that nobody needs to move wait
   * no longer for that.
   */
  rebalance(options?: { readonly dryRun?: boolean }): Promise<Plan>
  /**
   * Declares a node lost for good, and with it the state that lies only there: its entities begin anew elsewhere.
   * @throws {AgentOSError} (as rejection) `NODE_ALIVE`
   */
  forget(name: string): Promise<void>

  /** Who is there under a name, on any node. */
  readonly receptionist: Receptionist
  /** A topic that reaches all nodes. */
  topic<T>(name: string): ActorRef<TopicProtocol<T>>
  /** The one actor of a definition in the cluster. @throws {AgentOSError} `UNKNOWN_DEFINITION` unless it is one of `singletons` */
  singleton<P>(definition: ActorDefinition<P, EntityId> | ActorDefinition<P>): ActorRef<P>
  /** A rate limit over all nodes; give the same name and rate on each. @throws RangeError for a rate that makes no sense */
  limit(name: string, rate: ClusterRate): ClusterLimit
}
