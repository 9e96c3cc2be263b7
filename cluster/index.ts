/** Many processes as one actor system. */
export { levelItems } from "./level-items.js"
export { moveStore } from "./move-store.js"
export { openPostgresJournal } from "./open-postgres-journal.js"
export type { PostgresSettings } from "./postgres-client.js"
export type { Fences } from "./postgres-fences.js"
export { postgresItems } from "./postgres-items.js"
export type { PostgresJournal, PostgresJournalOptions } from "./postgres-journal.js"
export type { ItemSource, ItemTarget, MovableStore, StoredItem } from "./stored-item.js"
