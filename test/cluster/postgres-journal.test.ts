import t from "tap"
import { postgresJournal } from "#cluster/postgres-journal.js"
import { PostgresStore } from "#cluster/postgres-store.js"
import { journalContract } from "#test/support/journal-contract.js"
import { startPostgres } from "#test/support/postgres.js"

const server = await startPostgres()
if (typeof server === "string") {
  t.pass("skipped", { skip: server })
} else {
  t.teardown(() => server.remove())
  journalContract(
    "postgres",
    async (folder, clock) =>
      postgresJournal(await PostgresStore.open({ url: server.url, schema: folder.slice(-40) }, { clock }), clock),
    true,
  )
}
