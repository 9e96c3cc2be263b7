/** Many processes as one actor system; and events and state where every node can reach them: the journal in PostgreSQL, and moving a store there. */

// A node of a cluster.
export { joinCluster } from "./cluster.js"
export type { Cluster, ClusterEnd, NodeOperation } from "./cluster-handle.js"
export type { ClusterOptions, NodeOptions } from "./cluster-options.js"
export type { ClusterStatus, MemberReport, ShardsReport } from "./cluster-status.js"
export { clusterErrors } from "./errors.js"
export type { MeshTls } from "./mesh-tls.js"
export type { Carrier, Listening, Stream, StreamEvents, StreamKind } from "./carrier.js"
export type { Member, MemberStatus, View } from "./members.js"
export type { MemberChange, StopReason } from "./membership-driver.js"
export type { MembershipTimings } from "./membership.js"
export type { Capabilities, NodeDescription, NodeId } from "./node.js"
export { shardOf } from "./placement.js"
export type { Move, Plan, RebalanceLimits } from "./placement.js"

// How nodes find each other.
export type { ConsulOptions } from "./consul-client.js"
export { consulRegistry } from "./consul-registry.js"
export type { RegistryOptions } from "./consul-registry.js"
export { memoryCluster } from "./memory-cluster.js"
export type { MemoryCluster } from "./memory-cluster.js"
export type { Registry, RegistryTimings } from "./registry.js"
export { staticRegistry } from "./static-registry.js"
export type { StaticOptions } from "./static-registry.js"

// Where the state of entities is kept.
export { levelState } from "./level-state.js"
export type { LevelState } from "./level-state.js"
export { memoryState, openPostgresState, postgresState } from "./state.js"
export type { ClusterState } from "./state.js"

// What goes over all nodes.
export type { CallOptions, PeerEvent, Peers, Service } from "./peers.js"
export type { ClusterLimit, ClusterRate, LimitStatistics } from "./limits.js"
export type { NameRouter, Receptionist } from "./receptionist.js"

// The store in PostgreSQL.
export { openPostgresJournal } from "./open-postgres-journal.js"
export type { PostgresSettings } from "./postgres-client.js"
export type { Fences } from "./postgres-fences.js"
export type { PostgresJournal, PostgresJournalOptions } from "./postgres-journal.js"
export { levelItems } from "./level-items.js"
export { moveStore } from "./move-store.js"
export { postgresItems } from "./postgres-items.js"
export type { ItemSource, ItemTarget, MovableStore, StoredItem } from "./stored-item.js"
