/**
 * Durable events: 256 writers, each with a persistent actor of its own that answers when its event is on the disk, beside the same writers
 * on bare LevelDB with the same bytes and one group commit after the other.
 */
import { mkdtemp, open, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Level } from "level"
import { createActorSystem, definePersistentActor, openLevelJournal } from "#actors/index.js"
import { actorNames, encodeRecord } from "#actors/persistence/record.js"
import { writeBufferSize } from "#actors/persistence/level-store.js"
import { keyOf, numbered } from "#actors/persistence/keys.js"
import type { BenchRow } from "../report.js"
import { counter, rate, rounds, writers } from "../writers.js"
import { median } from "./measure.js"

/** The least that can be done: keys and values into one synced batch while the one before is on its way. */
function bareWriter(db: Level<Buffer, Uint8Array>) {
  let waiting: { key: Buffer; value: Uint8Array; done: () => void }[] = []
  let busy = false
  const commit = async (): Promise<void> => {
    busy = true
    await Promise.resolve()
    while (waiting.length > 0) {
      const group = waiting
      waiting = []
      const batch = db.batch()
      for (const { key, value } of group) batch.put(key, value)
      await batch.write({ sync: true })
      for (const { done } of group) done()
    }
    busy = false
  }
  return (key: Buffer, value: Uint8Array): Promise<void> =>
    new Promise((done) => {
      waiting.push({ key, value, done })
      if (!busy) void commit()
    })
}

async function fdatasyncP50(folder: string): Promise<number> {
  const file = await open(join(folder, "sync"), "w")
  const block = Buffer.alloc(4096, 7)
  const times: number[] = []
  for (let n = 0; n < 200; n++) {
    await file.write(block, 0, block.length, n * block.length)
    const began = performance.now()
    await file.datasync()
    times.push(performance.now() - began)
  }
  await file.close()
  return times.sort((a, b) => a - b)[100] as number
}

/** Each round has a folder of its own, so that nobody waits for the compaction of what another wrote. */
async function ours(folder: string): Promise<number> {
  const journal = await openLevelJournal(folder)
  const system = await createActorSystem({ name: "bench", definitions: [counter], journal })
  const refs = Array.from({ length: writers }, (_, n) => system.entity(counter, `writer-${n}`))
  const found = await rate((n) => (refs[n] as (typeof refs)[number]).ask("add", 1))
  await system.stop()
  return found
}

async function bare(folder: string): Promise<number> {
  const db = new Level<Buffer, Uint8Array>(folder, { keyEncoding: "buffer", valueEncoding: "view", writeBufferSize })
  await db.open()
  const write = bareWriter(db)
  const value = encodeRecord(actorNames({ tenant: "default", type: "counter", key: "writer-100" }), {
    name: "added",
    payload: 1,
    version: 1,
    sequence: 1,
    epoch: 1,
    wallTime: Date.now(),
  })
  const prefixes = Array.from({ length: writers }, (_, n) => keyOf("journal", "default", "counter", `writer-${n}`))
  let sequence = 0
  const found = await rate((n) => write(numbered(prefixes[n] as Buffer, ++sequence), value))
  await db.close()
  return found
}

/** One entity, one command after the other. @returns the middle of what each took, in milliseconds */
async function aloneP50(folder: string): Promise<number> {
  const system = await createActorSystem({
    name: "bench",
    definitions: [counter],
    journal: await openLevelJournal(folder),
  })
  const ref = system.entity(counter, "alone")
  const times: number[] = []
  for (let n = 0; n < 600; n++) {
    const began = performance.now()
    await ref.ask("add", 1)
    if (n >= 200) times.push(performance.now() - began)
  }
  await system.stop()
  return median(times)
}

/** An entity wakes with all of its events to fold. @returns events a second */
async function recovery(folder: string): Promise<number> {
  const events = 500_000
  const page = 5000
  const id = { tenant: "default", type: "long", key: "k" }
  const journal = await openLevelJournal(folder)
  const added = Array.from({ length: page }, (_, i) => ({ name: "added", payload: i, version: 1 }))
  for (let sequence = 0; sequence < events; sequence += page) await journal.append(id, sequence, 0, added)
  await journal.close()
  const system = await createActorSystem({
    name: "bench",
    definitions: [long],
    journal: await openLevelJournal(folder),
  })
  const began = performance.now()
  const total = await system.entity(long, "k").with({ timeoutMs: 60_000 }).ask("total")
  const seconds = (performance.now() - began) / 1000
  await system.stop()
  if (total !== (events / page) * ((page * (page - 1)) / 2)) throw new Error(`recovered to ${total}`)
  return events / seconds
}

/** Which entities there are. @returns seconds from opening the store to the last of their keys */
async function index(folder: string): Promise<number> {
  const entities = 100_000
  const journal = await openLevelJournal(folder)
  for (let n = 0; n < entities; n += 1000)
    await Promise.all(
      Array.from({ length: 1000 }, (_, i) =>
        journal.append({ tenant: "default", type: "counter", key: `entity-${n + i}` }, 0, 0, [
          { name: "added", payload: 1, version: 1 },
        ]),
      ),
    )
  await journal.close()
  const began = performance.now()
  const again = await openLevelJournal(folder)
  let found = 0
  for await (const _ of again.keys("default", "counter")) found += 1
  const seconds = (performance.now() - began) / 1000
  await again.close()
  if (found !== entities) throw new Error(`${found} of ${entities} entities were found`)
  return seconds
}

/** Its events are never taken together in a snapshot. */
const long = definePersistentActor({
  name: "long",
  version: 1,
  state: () => ({ total: 0 }),
  events: {
    added: (state, by: number) => {
      state.total += by
    },
  },
  snapshotEvery: Infinity,
}).receive({ total: (ctx) => ctx.state.total })

export async function durableRows(progress: (text: string) => void): Promise<readonly BenchRow[]> {
  const folder = await mkdtemp(join(tmpdir(), "llmagentos-durable-"))
  try {
    const rates: { ours: number[]; bare: number[] } = { ours: [], bare: [] }
    for (let round = 0; round <= rounds; round++) {
      for (const [name, measure] of Object.entries({ ours, bare })) {
        progress(`durable events, round ${round} of ${rounds}: ${name}`)
        const found = await measure(join(folder, `${name}-${round}`))
        await rm(join(folder, `${name}-${round}`), { recursive: true, force: true })
        if (round > 0) rates[name as keyof typeof rates].push(found) // the first warms up
      }
    }
    const [value, peerValue] = [median(rates.ours), median(rates.bare)]
    const ratio = value / peerValue
    progress("one entity alone")
    const sync = await fdatasyncP50(folder)
    const alone = await aloneP50(join(folder, "alone"))
    progress("recovery")
    const recovered = await recovery(join(folder, "recovery"))
    const opened = await index(join(folder, "index"))
    return [
      {
        bench: "actors",
        metric: `persisted commands, ${writers} entities`,
        unit: "commands/s",
        value,
        peer: "bare LevelDB group commit",
        peerValue,
        ratio,
        goal: "at least 0.5x",
        met: ratio >= 0.5,
      },
      {
        bench: "actors",
        metric: "persisted commands, one entity, p50",
        unit: "ms",
        value: alone,
        peer: "fdatasync of 4 KiB, p50",
        peerValue: sync,
        ratio: alone / sync,
        goal: "at most 1.5x",
        met: alone / sync <= 1.5,
      },
      {
        bench: "actors",
        metric: "recovery of an entity",
        unit: "events/s",
        value: recovered,
        goal: "at least 300,000",
        met: recovered >= 300_000,
      },
      {
        bench: "actors",
        metric: "opening, and keys of 100,000 entities",
        unit: "s",
        value: opened,
        goal: "under 1",
        met: opened < 1,
      },
    ]
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
