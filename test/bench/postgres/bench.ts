/**
 * The journal in PostgreSQL: 256 writers, each with a persistent actor of its own that answers when its event is committed, beside the same writers whose
 * records go into a bare table with multi-row inserts, one after the other, on the same server.
 */
import pg from "pg"
import { createActorSystem } from "#actors/index.js"
import { actorNames, encodeRecord } from "#actors/persistence/record.js"
import { openPostgresJournal } from "#cluster/open-postgres-journal.js"
import { startPostgres, type PostgresServer } from "#test/support/postgres.js"
import { median } from "../actors/measure.js"
import type { BenchRow } from "../report.js"
import { counter, rate, rounds, writers } from "../writers.js"

async function ours(server: PostgresServer, schema: string): Promise<number> {
  const journal = await openPostgresJournal({ url: server.url, schema })
  const system = await createActorSystem({ name: "bench", definitions: [counter], journal })
  const refs = Array.from({ length: writers }, (_, n) => system.entity(counter, `writer-${n}`))
  const found = await rate((n) => (refs[n] as (typeof refs)[number]).ask("add", 1))
  await system.stop()
  return found
}

/** The least that can be done: key, sequence and record of each into one insert, while the one before is on its way. */
async function bare(server: PostgresServer, table: string): Promise<number> {
  await server.sql(`CREATE TABLE "${table}" (tenant text COLLATE "C", type text COLLATE "C", key text COLLATE "C", sequence bigint, record bytea, PRIMARY KEY (tenant, type, key, sequence))`) // prettier-ignore
  const client = new pg.Client({ connectionString: server.url })
  await client.connect()
  const record = encodeRecord(actorNames({ tenant: "default", type: "counter", key: "writer-100" }), {
    name: "added",
    payload: 1,
    version: 1,
    sequence: 1,
    epoch: 1,
    wallTime: Date.now(),
  })
  const one = ["default", "counter"]
  let waiting: { readonly row: readonly unknown[]; readonly done: () => void }[] = []
  let busy = false
  const commit = async (): Promise<void> => {
    busy = true
    await Promise.resolve()
    while (waiting.length > 0) {
      const group = waiting
      waiting = []
      const places = group.map((_, i) => `($${5 * i + 1}, $${5 * i + 2}, $${5 * i + 3}, $${5 * i + 4}, $${5 * i + 5})`)
      const text = `INSERT INTO "${table}" VALUES ${places.join(", ")}`
      await client.query({ name: `insert ${group.length}`, text, values: group.flatMap(({ row }) => row) })
      for (const { done } of group) done()
    }
    busy = false
  }
  let sequence = 0
  const found = await rate(
    (n) =>
      new Promise<void>((done) => {
        waiting.push({ row: [...one, `writer-${n}`, ++sequence, record], done })
        if (!busy) void commit()
      }),
  )
  await client.end()
  return found
}

async function aloneP50(server: PostgresServer): Promise<{ readonly ours: number; readonly bare: number }> {
  const middle = async (work: (n: number) => Promise<unknown>): Promise<number> => {
    const times: number[] = []
    for (let n = 0; n < 400; n++) {
      const began = performance.now()
      await work(n)
      if (n >= 100) times.push(performance.now() - began)
    }
    return median(times)
  }
  const journal = await openPostgresJournal({ url: server.url, schema: "alone" })
  const system = await createActorSystem({ name: "bench", definitions: [counter], journal })
  const ref = system.entity(counter, "alone")
  const found = await middle(() => ref.ask("add", 1))
  await system.stop()
  await server.sql("CREATE TABLE one (n bigint PRIMARY KEY, record bytea)")
  const client = new pg.Client({ connectionString: server.url })
  await client.connect()
  const insert = { name: "one", text: "INSERT INTO one VALUES ($1, $2)" }
  const least = await middle((n) => client.query({ ...insert, values: [n, Buffer.alloc(80)] }))
  await client.end()
  return { ours: found, bare: least }
}

export async function rows(progress: (text: string) => void): Promise<readonly BenchRow[]> {
  const server = await startPostgres()
  if (typeof server === "string") {
    progress(server)
    return []
  }
  try {
    const rates: { ours: number[]; bare: number[] } = { ours: [], bare: [] }
    for (let round = 0; round <= rounds; round++) {
      for (const [name, measure] of Object.entries({ ours, bare })) {
        progress(`PostgreSQL, round ${round} of ${rounds}: ${name}`)
        const found = await measure(server, `${name} ${round}`)
        if (round > 0) rates[name as keyof typeof rates].push(found) // the first warms up
      }
    }
    const alone = await aloneP50(server)
    const [value, peerValue] = [median(rates.ours), median(rates.bare)]
    return [
      {
        bench: "postgres",
        metric: `persisted commands, ${writers} entities`,
        unit: "commands/s",
        value,
        peer: "bare multi-row inserts",
        peerValue,
        ratio: value / peerValue,
      },
      {
        bench: "postgres",
        metric: "persisted commands, one entity, p50",
        unit: "ms",
        value: alone.ours,
        peer: "one insert, p50",
        peerValue: alone.bare,
        ratio: alone.ours / alone.bare,
      },
    ]
  } finally {
    await server.remove()
  }
}
