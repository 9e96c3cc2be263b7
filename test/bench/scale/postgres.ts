/** What a node costs PostgreSQL: connections, their memory, and processor time by event and by recovery. */
import { readdir, readFile } from "node:fs/promises"
import { createActorSystem } from "#actors/index.js"
import { openPostgresJournal } from "#cluster/open-postgres-journal.js"
import { DEFAULT_SHARDS } from "#cluster/placement.js"
import { PostgresEpochs } from "#cluster/postgres-epochs.js"
import { PostgresStore } from "#cluster/postgres-store.js"
import { startPostgres, type PostgresServer } from "#test/support/postgres.js"
import type { BenchRow } from "../report.js"
import { counter } from "../writers.js"
import { memory, used } from "./processes.js"

const entities = 256
const rounds = 40
const repeats = 10

const row = (metric: string, unit: string, value: number): BenchRow => ({ bench: "scale", metric, unit, value })

/** The server and all processes it has begun. */
async function processesOf(server: PostgresServer): Promise<readonly number[]> {
  const found = [server.pid]
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue
    const stat = await readFile(`/proc/${name}/stat`, "utf8").catch(() => "")
    if (Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]) === server.pid) found.push(Number(name))
  }
  return found
}

export async function postgresRows(progress: (text: string) => void): Promise<readonly BenchRow[]> {
  const server = await startPostgres()
  if (typeof server === "string") {
    console.log(server)
    return []
  }
  try {
    progress("PostgreSQL: connections")
    const journal = await openPostgresJournal({ url: server.url })
    const system = await createActorSystem({ name: "bench", definitions: [counter], journal })
    const refs = Array.from({ length: entities }, (_, n) => system.entity(counter, `one-${n}`))
    const all = (): Promise<unknown> => Promise.all(refs.map((ref) => ref.ask("add", 1)))
    await all()
    const sessions = await server.sql("SELECT pid FROM pg_stat_activity WHERE application_name = 'llmagentos'")
    const bytes = await Promise.all(sessions.map(({ pid }) => memory(pid as number)))
    progress("PostgreSQL: events")
    const processes = await processesOf(server)
    const work = async (): Promise<void> => {
      for (let n = 0; n < rounds; n++) await all()
    }
    await work()
    const before = await walBytes(server)
    const spent = await used([...processes, process.pid], work)
    const wal = (await walBytes(server)) - before
    const events = entities * rounds
    const own = spent.at(-1) ?? 0
    const theirs = spent.slice(0, -1).reduce((sum, one) => sum + one, 0)
    await system.stop()
    progress("PostgreSQL: recovery")
    const again = await openPostgresJournal({ url: server.url })
    const other = await createActorSystem({ name: "bench", definitions: [counter], journal: again })
    const recovering = await processesOf(server)
    const recovered = await used([...recovering, process.pid], () =>
      Promise.all(refs.map((_, n) => other.entity(counter, `one-${n}`).ask("add", 1))),
    )
    await other.stop()
    progress("PostgreSQL: epochs")
    const epochs = await epochCosts(server)
    const ofServer = recovered.slice(0, -1).reduce((sum, one) => sum + one, 0)
    return [
      ...epochs,
      row("PostgreSQL: connections of a node", "", sessions.length),
      row("PostgreSQL: memory of a connection", "MB", bytes.reduce((sum, one) => sum + one, 0) / bytes.length / 1e6),
      row(`PostgreSQL: an event, ${entities} entities at a time: server`, "µs CPU", (theirs * 1000) / events),
      row(`PostgreSQL: an event, ${entities} entities at a time: node`, "µs CPU", (own * 1000) / events),
      row("PostgreSQL: write-ahead log of an event", "bytes", wal / events),
      row(`PostgreSQL: an entity recovered, ${1 + 2 * rounds} events: server`, "µs CPU", (ofServer * 1000) / entities),
      row(
        `PostgreSQL: an entity recovered, ${1 + 2 * rounds} events: node`,
        "µs CPU",
        ((recovered.at(-1) ?? 0) * 1000) / entities,
      ),
    ]
  } finally {
    await server.remove()
  }
}

/** A node takes all shards over, as many at a time as it asks for; then each answer is confirmed, as without a lease. */
async function epochCosts(server: PostgresServer): Promise<readonly BenchRow[]> {
  const store = await PostgresStore.open({ url: server.url })
  const epochs = new PostgresEpochs(store)
  const shards = Array.from({ length: DEFAULT_SHARDS }, (_, shard) => shard)
  const minted = (epoch: number): Promise<unknown> =>
    Promise.all(shards.map((shard) => epochs.mint(shard, epoch, "node-1#1764000000000")))
  await minted(0)
  const processes = await processesOf(server)
  const cost = async (work: () => Promise<unknown>): Promise<readonly number[]> => {
    const spent = await used([...processes, process.pid], work)
    const times = repeats * DEFAULT_SHARDS
    return [spent.slice(0, -1).reduce((sum, one) => sum + one, 0), spent.at(-1) ?? 0].map((ms) => (ms * 1000) / times)
  }
  const [mint = 0, mints = 0] = await cost(async () => {
    for (let epoch = 1; epoch <= repeats; epoch++) await minted(epoch)
  })
  const [confirm = 0, confirms = 0] = await cost(async () => {
    for (let n = 0; n < repeats; n++) await Promise.all(shards.map((shard) => epochs.confirm(shard, repeats + 1)))
  })
  await store.close()
  return [
    row("PostgreSQL: an epoch minted, all shards at a time: server", "µs CPU", mint),
    row("PostgreSQL: an epoch minted, all shards at a time: node", "µs CPU", mints),
    row("PostgreSQL: an answer confirmed, all shards at a time: server", "µs CPU", confirm),
    row("PostgreSQL: an answer confirmed, all shards at a time: node", "µs CPU", confirms),
  ]
}

async function walBytes(server: PostgresServer): Promise<number> {
  const [found] = await server.sql("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8 AS bytes")
  return Number(found?.["bytes"])
}
