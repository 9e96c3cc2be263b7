/** What a node of a cluster is made with. */
import type { AnyDefinition } from "#actors/actor.js"
import { systemOptions, type ActorSystemOptions } from "#actors/system-options.js"
import type { Carrier } from "./carrier.js"
import type { MeshTls } from "./mesh-tls.js"
import type { HoldLimits } from "./held.js"
import type { MembershipTimings } from "./membership.js"
import type { MeshSizes, MeshTimings } from "./mesh-limits.js"
import type { Capabilities } from "./node.js"
import type { RebalanceLimits } from "./placement.js"
import type { Registry } from "./registry.js"
import type { ClusterState } from "./state.js"

export interface NodeOptions {
  /** The same after a restart, and no other node's: 1 to 63 letters, digits, `-`, `_` and `.`. */
  readonly name: string
  readonly roles?: readonly string[]
  /** What it can do, told to all: texts, numbers, booleans and lists of texts. */
  readonly capabilities?: Capabilities
  /** Its share of the shards, relative to the others'; default 1, 0: none. */
  readonly capacity?: number
  /** The incarnation that the others had removed, if it was told so (`ended`): it starts above that. */
  readonly above?: number
}

export interface ClusterOptions extends Omit<ActorSystemOptions, "name" | "transport" | "journal"> {
  /** Of the cluster and of its actor system: the same on every node. */
  readonly name: string
  readonly node: NodeOptions
  /** How nodes find each other; closed with the node. */
  readonly registry: Registry
  /** `host:port` where peers reach this node; port 0 takes a free one. */
  readonly listen: string
  /** What is announced, when it differs from where it listens. */
  readonly advertise?: string
  /** Certificates for the streams between nodes, both ways; without them anybody who reaches the port is believed. */
  readonly tls?: MeshTls
  /** Where the state of entities is kept; closed with the node. */
  readonly state: ClusterState
  /** Into how many shards entities are dealt; default 1,024. The same on every node, and for ever. */
  readonly shards?: number
  /** Only nodes of this role run entities; default: all. */
  readonly entityRole?: string
  /** Actors that the cluster has once, and always: the same on every node. Each is reached by `cluster.singleton`. */
  readonly singletons?: readonly AnyDefinition[]
  /**
   * How long `leave` waits for its shards to be taken over; default 30,000. What is not by then is taken over as from
   * a node that died.
   */
  readonly drainMs?: number
  readonly membership?: Partial<MembershipTimings>
  readonly mesh?: { readonly timings?: Partial<MeshTimings>; readonly sizes?: Partial<MeshSizes> }
  readonly rebalance?: RebalanceLimits
  readonly hold?: HoldLimits
  /** Instead of gRPC, for simulations and tests; closed with the node. */
  readonly carrier?: Carrier
}

export const nodeOptions: Readonly<Record<keyof NodeOptions, true>> = {
  name: true,
  roles: true,
  capabilities: true,
  capacity: true,
  above: true,
}

const { transport: _transport, journal: _journal, ...ofSystem } = systemOptions

export const clusterOptions: Readonly<Record<keyof ClusterOptions, true>> = {
  ...ofSystem,
  name: true,
  node: true,
  registry: true,
  listen: true,
  advertise: true,
  tls: true,
  state: true,
  shards: true,
  entityRole: true,
  singletons: true,
  drainMs: true,
  membership: true,
  mesh: true,
  rebalance: true,
  hold: true,
  carrier: true,
}
