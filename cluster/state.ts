/** Where the state of a cluster's entities is kept: what `joinCluster` is given. State on the node is in `level-state.ts`. */
import type { Clock } from "#actors/clock.js"
import type { Journal } from "#actors/persistence/journal.js"
import { memoryJournal } from "#actors/persistence/memory-journal.js"
import { systemClock } from "#actors/clock.js"
import type { Logger } from "#actors/telemetry.js"
import type { LeaseTimings } from "./lease.js"
import type { MemoryEpochs } from "./memory-epochs.js"
import type { DeliveriesOf } from "./open-deliveries.js"
import type { Ownership } from "./ownership.js"
import type { PostgresSettings } from "./postgres-client.js"
import type { Surroundings } from "./postgres-connection.js"
import { PostgresEpochs } from "./postgres-epochs.js"
import { postgresJournal } from "./postgres-journal.js"
import { PostgresStore } from "./postgres-store.js"
import type { Registry } from "./registry.js"
import { RegistryEpochs } from "./registry-epochs.js"
import { SharedOwnership } from "./shared-ownership.js"

export interface StatePorts {
  readonly registry: Registry
  readonly clock: Clock
  readonly timings?: LeaseTimings
  /** Of the cluster; default 1,024. */
  readonly shards?: number
  /** By the name of a type: whether its actors belong to shards, and not to their node. */
  readonly isEntity?: (type: string) => boolean
  /** Wakes entities that have come with their shard and have deliveries to send, which nobody else knows of. */
  readonly arrived?: (deliveries: readonly DeliveriesOf[]) => void
  readonly logger?: Logger
}

/** A store and how the shards of its entities are owned; made once for each node, and used for one `joinCluster`. */
export interface ClusterState {
  /** In a few words, for `status`. */
  readonly kind: "postgres" | "leveldb" | "memory"
  /** The journal as it is, for what belongs to no shard too; it is closed with the actor system. */
  journal(ports: StatePorts): Journal
  ownership(ports: StatePorts): Ownership
  /** To be awaited before it is used, where there is something to get ready. @throws {AgentOSError} `STORE_REFUSED`, `RECORD_DAMAGED` when it cannot be used */
  open?(ports: StatePorts): Promise<void>
}

/** State in a PostgreSQL that all nodes share: any node takes over. Makes the schema when it is not there. @throws `STORE_FAILED`, `STORE_REFUSED` */
export async function openPostgresState(
  settings: PostgresSettings,
  around: Partial<Surroundings> = {},
): Promise<ClusterState> {
  return postgresState(await PostgresStore.open(settings, around), around.clock)
}

/** The same over a store that is open. */
export function postgresState(store: PostgresStore, clock: Clock = systemClock): ClusterState {
  return {
    kind: "postgres",
    journal: () => postgresJournal(store, clock),
    ownership: ({ timings }) => new SharedOwnership({ epochs: new PostgresEpochs(store), ...given(timings) }),
  }
}

/** No durable state: an entity that moves or whose node goes begins anew elsewhere. The registry keeps the epochs, so that there is one of each at a time. */
export function memoryState(): ClusterState {
  return {
    kind: "memory",
    journal: ({ clock }) => memoryJournal(clock),
    ownership: ({ registry, timings }) =>
      new SharedOwnership({ epochs: new RegistryEpochs(registry), ...given(timings) }),
  }
}

/** A store in this process that several nodes of it share, for tests and simulations. */
export function sharedMemoryState(epochs: MemoryEpochs, journal: Journal): ClusterState {
  return {
    kind: "memory",
    journal: () => epochs.guard(journal),
    ownership: ({ timings }) => new SharedOwnership({ epochs, ...given(timings) }),
  }
}

const given = (timings: LeaseTimings | undefined): { readonly timings?: LeaseTimings } =>
  timings === undefined ? {} : { timings }
