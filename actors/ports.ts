/** What other floors bring to an actor system, beside the journal, the clock, the random numbers and telemetry, which have files of their own. */
import type { PersistenceId } from "./persistence/journal.js"
import type { Ref } from "./ref.js"

/** Leads to entities that live elsewhere. */
export interface Transport {
  /** Names this process in the addresses of its actors, and no other process, before or after; default "local". */
  readonly node?: string
  /**
   * The ref of an entity that does not simply live here; undefined when it does. Asked whenever a ref to an entity is made. What leads back here goes on through
   * `entityHere` of the system.
   */
  entity(id: PersistenceId): Ref | undefined
  /** Number of the group that an entity belongs to, from 0: those of one group live in one place, and can be stopped together. */
  groupOf?(id: PersistenceId): number
  /** Whether the entities of a group live here now; default: all do. */
  serves?(group: number): boolean
  /** Calls back, inside whatever brought it about, when the entities of a group begin to live here. */
  follow?(listener: (group: number) => void): void
}
