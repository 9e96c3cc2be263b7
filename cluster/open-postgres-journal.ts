import { systemClock } from "#actors/clock.js"
import type { PostgresSettings } from "./postgres-client.js"
import type { Surroundings } from "./postgres-connection.js"
import { postgresJournal, type PostgresJournal, type PostgresJournalOptions } from "./postgres-journal.js"
import { PostgresStore } from "./postgres-store.js"

/**
 * A journal in PostgreSQL, for `createActorSystem({ journal })`; any number of nodes use one. Makes its schema when it is not there.
 *
 * It needs the package `pg` and a session of its own on the server: a pooler that hands sessions out by transaction will not do.
 *
 * @throws `STORE_FAILED` saying what is wrong with the server, its URL or the package, `STORE_REFUSED` while the store is being moved
 */
export async function openPostgresJournal(
  settings: PostgresSettings,
  options: PostgresJournalOptions & Partial<Surroundings> = {},
): Promise<PostgresJournal> {
  const store = await PostgresStore.open(settings, options)
  return postgresJournal(store, options.clock ?? systemClock, options)
}
