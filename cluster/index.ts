/** Many processes as one actor system. */
export { clusterErrors } from "./errors.js"
export { consulRegistry } from "./consul-registry.js"
export type { RegistryOptions } from "./consul-registry.js"
export type { ConsulOptions } from "./consul-client.js"
export { MemoryAgent } from "./memory-agent.js"
export { MemoryConsul } from "./memory-consul.js"
export { memoryRegistry } from "./memory-registry.js"
export { registryTimings } from "./registry.js"
export type {
  Acquisition,
  Holder,
  Lease,
  Lock,
  Member,
  NodeRecord,
  Registry,
  RegistryRecord,
  RegistryTimings,
  Seat,
  SeatEvent,
  Sight,
  Unavailable,
  Unwatch,
  Watcher,
} from "./registry.js"
export { staticRegistry } from "./static-registry.js"
export type { StaticOptions } from "./static-registry.js"
export { levelItems } from "./level-items.js"
export { moveStore } from "./move-store.js"
export { openPostgresJournal } from "./open-postgres-journal.js"
export type { PostgresSettings } from "./postgres-client.js"
export type { Fences } from "./postgres-fences.js"
export { postgresItems } from "./postgres-items.js"
export type { PostgresJournal, PostgresJournalOptions } from "./postgres-journal.js"
export type { ItemSource, ItemTarget, MovableStore, StoredItem } from "./stored-item.js"
