/** Events and state where every node can reach them: the journal in PostgreSQL, and moving a store there. */
export { openPostgresJournal } from "./open-postgres-journal.js"
export type { PostgresSettings } from "./postgres-client.js"
export type { Fences } from "./postgres-fences.js"
export type { PostgresJournal, PostgresJournalOptions } from "./postgres-journal.js"
export { levelItems } from "./level-items.js"
export { moveStore } from "./move-store.js"
export { postgresItems } from "./postgres-items.js"
export type { ItemSource, ItemTarget, MovableStore, StoredItem } from "./stored-item.js"
