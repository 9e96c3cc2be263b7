/** What other floors bring to an actor system, beside the journal, the clock, the random numbers and telemetry, which have files of their own. */
import type { PersistenceId } from "./persistence/journal.js"
import type { Ref } from "./ref.js"

/** Leads to entities that live elsewhere. */
export interface Transport {
  /** The ref of an entity on another node; undefined when it lives on this one. Asked whenever a ref to an entity is made. */
  entity(id: PersistenceId): Ref | undefined
}
