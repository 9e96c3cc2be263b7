/** What the doors need of the system behind them. The composition root implements it; the gateway knows nothing else. */
import type { Executed } from "#actors/errors.js"
import type { ActorNode } from "#actors/telemetry.js"
import type { Knowledge } from "../knowledge/knowledge.js"
import type { RunEvent, RunResult, ScopedOptions } from "../run.js"

export interface AgentView {
  readonly name: string
  readonly description: string
  readonly model: string
  readonly state: "running" | "stopped"
  readonly replicas: number
  /** Requests that wait or are being worked on. */
  readonly queued: number
  readonly tools: readonly string[]
  /** In a cluster: how it stands on each node; replicas and queued are those of all nodes. */
  readonly nodes?: readonly AgentOnNodeView[]
}

export interface AgentOnNodeView {
  readonly node: string
  readonly state: "running" | "stopped"
  readonly replicas: number
  readonly queued: number
}

export interface TopologyView {
  readonly name: string
  readonly description: string
  /** Agents it uses. */
  readonly agents: readonly string[]
  /** The topology as data; may be left out of lists. */
  readonly definition?: unknown
}

export interface RunStatus {
  readonly runId: string
  readonly target: string
  readonly state: "running" | "finished" | "failed" | "cancelled"
  /** Who began it, if that is known. */
  readonly caller?: string
  readonly output?: string
  readonly error?: { readonly code: string; readonly message: string; readonly executed?: Executed }
}

/** A member as the node that was asked sees it. */
export interface MemberView {
  readonly name: string
  /** Higher with each start. */
  readonly incarnation: number
  /** Where its peers reach it; empty for one that is no member any more and still owns shards. */
  readonly address: string
  readonly status: "joining" | "up" | "unreachable" | "leaving" | "down"
  readonly roles: readonly string[]
  readonly capacity: number
  /** Shards that it owns. */
  readonly shards: number
  /** Requests that its agents hold, as last heard; absent: not known. */
  readonly queued?: number
}

export interface ClusterView {
  readonly name: string
  /** The node that says so: what it sees need not be what the others see. */
  readonly node: string
  /** It owns the shards that it should, and none is on its way to it. */
  readonly ready: boolean
  /** Why it is not ready, or what troubles it nevertheless. */
  readonly waitingFor: readonly string[]
  /** Does the registry answer it? */
  readonly registry: boolean
  /** Shards of the whole cluster. */
  readonly shards: number
  /** Those of them that nobody owns. */
  readonly unowned: number
  /** Those of them that are on the move. */
  readonly moving: number
  readonly members: readonly MemberView[]
}

export interface MoveView {
  readonly shard: number
  /** Absent: there is nobody to take it from. */
  readonly from?: string
  readonly to: string
  /** `new` has no state yet, `orphan` lost its owner, `leaving` must go, `level` is better elsewhere. */
  readonly why: "new" | "orphan" | "leaving" | "level"
}

export interface RebalanceView {
  /** Nothing was moved. */
  readonly dryRun: boolean
  /** Shards of each node, before and after all moves. */
  readonly shares: readonly { readonly node: string; readonly before: number; readonly after: number }[]
  /** Moves to begin now, and later, in this order. */
  readonly now: readonly MoveView[]
  readonly later: readonly MoveView[]
  /** Shards that stay because their state lies on a node that is away. */
  readonly away: readonly number[]
  /** Minutes at most until the last move begins. */
  readonly minutes: number
}

/** The cluster behind a node. Whoever is asked, an operation on another node is passed on to that one. */
export interface ClusterBackend {
  /** The name of this node. */
  readonly node: string
  status(): Promise<ClusterView>
  /** Gives all shards of a node away; it stays a member. Done when it has none. @throws `UNKNOWN_NODE` */
  drain(node: string): Promise<void>
  /** It takes shards again. @throws `UNKNOWN_NODE` */
  undrain(node: string): Promise<void>
  /** Drains it, and then it leaves: what is answered here is answered before this node stops. @throws `UNKNOWN_NODE` */
  leave(node: string): Promise<void>
  rebalance(options: { readonly dryRun: boolean }): Promise<RebalanceView>
  /** Declares a node lost for good, and the state that lies only there. @throws `UNKNOWN_NODE`, `NODE_ALIVE` */
  forget(node: string): Promise<void>
}

export interface GatewayBackend {
  /** Absent on a node that is in no cluster. */
  readonly cluster?: ClusterBackend | undefined
  /** What a name stands for, or undefined; looked up before every run. */
  kindOf(target: string): "agent" | "topology" | undefined
  run(target: string, input: string, options: ScopedOptions): Promise<RunResult>
  stream(target: string, input: string, options: ScopedOptions): AsyncIterable<RunEvent>
  /** False when the run had already ended. */
  cancel(tenant: string, runId: string): Promise<boolean>
  status(tenant: string, runId: string): Promise<RunStatus | undefined>
  readonly agents: {
    list(): Promise<readonly AgentView[]>
    /** The following throw the backend's own code for an unknown agent. */
    describe(name: string): Promise<AgentView>
    start(name: string): Promise<void>
    stop(name: string): Promise<void>
    restart(name: string): Promise<void>
    replicate(name: string, count: number): Promise<void>
  }
  readonly topologies: {
    list(): Promise<readonly TopologyView[]>
    describe(name: string): Promise<TopologyView>
  }
  /** The tree of actors, with at most so many children of each. */
  actors(mostChildren: number): ActorNode
  /** What a tenant knows. */
  knowledgeOf(tenant: string): Omit<Knowledge, "addFolder">
}
