import { execFile } from "node:child_process"
import { cp } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import t, { type Test } from "tap"
import { systemClock } from "#actors/clock.js"
import { encodeValue } from "#actors/persistence/checked-value.js"
import type { Journal, NewEvent, PersistenceId } from "#actors/persistence/journal.js"
import { after, keyOf, numbered } from "#actors/persistence/keys.js"
import { levelJournal } from "#actors/persistence/level-journal.js"
import { LevelStore } from "#actors/persistence/level-store.js"
import { verifyFolder, type VerifyReport } from "#actors/persistence/verify.js"
import { levelItems } from "#cluster/level-items.js"
import { moveStore } from "#cluster/move-store.js"
import { postgresItems } from "#cluster/postgres-items.js"
import { postgresJournal } from "#cluster/postgres-journal.js"
import { PostgresStore } from "#cluster/postgres-store.js"
import type { MovableStore, StoredItem } from "#cluster/stored-item.js"
import { startPostgres, type PostgresServer } from "#test/support/postgres.js"

const found = await startPostgres()
if (typeof found === "string") t.pass("skipped", { skip: found })
else run(found)

const actor = (key: string, type = "account"): PersistenceId => ({ tenant: "default", type, key })
const events = (...payloads: readonly unknown[]): NewEvent[] => payloads.map((payload) => ({ name: "deposited", payload, version: 1 })) // prettier-ignore

/** Something of everything that a store can hold. */
async function fillJournal(journal: Journal): Promise<void> {
  for (const key of ["a", "a\u0000", "a\u0001b", "ä", ""]) {
    for (let n = 0; n < 30; n++)
      await journal.append(actor(key), 2 * n, 3, events({ n, key }, new Uint8Array(200).fill(n)), { command: { id: `c\u0000${n}`, reply: [n, key] } }) // prettier-ignore
    await journal.saveSnapshot(actor(key), { sequence: 40, version: 1, state: key })
  }
  await journal.append(actor("a"), 60, 7, []) // an epoch without events
  for (const key of ["x", "y"]) await journal.append(actor(key, "click"), 0, 1, events(1, 2, 3), { ordered: true })
  await journal.append(actor("x", "click"), 3, 1, events(4))
  await journal.saveSnapshot(actor("x", "click"), { sequence: 4, version: 1, state: 10 })
  await journal.trim(actor("x", "click"), 4) // the last ordinal is of a trimmed event
  await journal.saveSnapshot(actor("a"), { sequence: 59, version: 1, state: "later" })
  await journal.trim(actor("a"), 59)
}

/** Old names are moved as they are. */
const damaged = ({ damages }: VerifyReport) => damages.filter(({ kind }) => kind !== "old-name")

/** What a journal says, and that it goes on where it was. */
async function goesOn(t: Test, journal: Journal): Promise<void> {
  const all = async <T>(pages: AsyncIterable<readonly T[]>): Promise<T[]> => {
    const items: T[] = []
    for await (const page of pages) items.push(...page)
    return items
  }
  t.same((await all(journal.read(actor("a\u0000")))).length, 60)
  t.same((await all(journal.read(actor("a")))).map(({ sequence }) => sequence), [60]) // prettier-ignore
  t.match(await journal.reply(actor("ä"), "c\u00007"), { reply: [7, "ä"], wallTime: Number })
  t.match(await journal.snapshot(actor("a")), { sequence: 59, state: "later" })
  t.same((await all(journal.ordered("default", "click"))).map(({ ordinal, key }) => [ordinal, key]), [[4, "y"], [5, "y"], [6, "y"]]) // prettier-ignore
  await t.rejects(journal.append(actor("a"), 60, 6, events(0)), { code: "STALE_EPOCH" })
  t.equal(await journal.append(actor("a"), 60, 7, events("more")), 61)
  t.equal(await journal.append(actor("y", "click"), 3, 1, events(5)), 4)
  t.same((await all(journal.ordered("default", "click", 6))).map(({ ordinal }) => ordinal), [8]) // prettier-ignore
}

async function itemsOf(store: MovableStore): Promise<StoredItem[]> {
  return store.read(async (source) => {
    const items: StoredItem[] = []
    for await (const page of source.items()) items.push(...page)
    return items
  })
}

function run(server: PostgresServer): void {
  t.teardown(() => server.remove())

  t.test(
    "a LevelDB store moves into PostgreSQL and back, and goes on there and here as if nothing had been",
    async (t) => {
      const folder = t.testdir()
      const [first, second] = [join(folder, "first"), join(folder, "second")]
      const store = await LevelStore.open(first)
      await fillJournal(levelJournal(store, systemClock))
      await store.write(Array.from({ length: 2500 }, (_, n) => [keyOf("knowledge", `fact ${n}`), encodeValue(n)]))
      await store.close()

      const settings = { url: server.url, schema: "moved" }
      const told: (readonly [number, number])[] = []
      const moved = await moveStore(levelItems(first), postgresItems(settings), { progress: (...at) => told.push(at) })
      t.same(await itemsOf(postgresItems(settings)), await itemsOf(levelItems(first)))
      t.ok(moved > 2500)
      t.ok(
        told.every(([done, total], i) => done <= total && done > (told[i - 1]?.[0] ?? 0)),
        "progress only grows",
      )
      t.equal(told.at(-1)?.[0], 2 * moved)

      const items = await itemsOf(levelItems(first))
      t.equal(await moveStore(postgresItems(settings), levelItems(second)), moved)
      t.same(await itemsOf(levelItems(second)), items)
      t.same(damaged(await verifyFolder(second)), [])

      const [there, here] = [postgresJournal(await PostgresStore.open(settings), systemClock), levelJournal(await LevelStore.open(second), systemClock)] // prettier-ignore
      await goesOn(t, there)
      await goesOn(t, here)
      await Promise.all([there.close(), here.close()])
    },
  )

  t.test("a journal that began in PostgreSQL moves to LevelDB with its fences, and back", async (t) => {
    const folder = join(t.testdir(), "store")
    const settings = { url: server.url, schema: "began" }
    const journal = postgresJournal(await PostgresStore.open(settings), systemClock)
    await fillJournal(journal)
    await journal.fences.claim("shard 7")
    await journal.fences.claim("shard 7")
    await journal.close()
    await moveStore(postgresItems(settings), levelItems(folder))
    const again = { url: server.url, schema: "again" }
    await moveStore(levelItems(folder), postgresItems(again))
    t.same(await itemsOf(postgresItems(again)), await itemsOf(postgresItems(settings)))
    const moved = postgresJournal(await PostgresStore.open(again), systemClock)
    t.equal(await moved.fences.claim("shard 7"), 3, "an epoch never comes twice")
    await goesOn(t, moved)
    await moved.close()
  })

  t.test("a store that is in use, empty or not empty is refused", async (t) => {
    const folder = t.testdir()
    const filled = join(folder, "filled")
    const store = await LevelStore.open(filled)
    await levelJournal(store, systemClock).append(actor("a"), 0, 0, events(1))
    const settings = { url: server.url, schema: "used" }
    await t.rejects(moveStore(levelItems(filled), postgresItems(settings)), { code: "LEVEL_LOCKED" })
    await store.close()
    const node = await PostgresStore.open(settings)
    await t.rejects(moveStore(levelItems(filled), postgresItems(settings)), {
      code: "STORE_REFUSED",
      message: /in use/,
    })
    await node.close()
    await t.rejects(moveStore(postgresItems(settings), levelItems(join(folder, "to"))), { code: "STORE_REFUSED", message: /there is no store/ }) // prettier-ignore
    await t.rejects(moveStore(levelItems(join(folder, "none")), postgresItems(settings)), { code: "STORE_REFUSED", message: /there is no store/ }) // prettier-ignore
    await moveStore(levelItems(filled), postgresItems(settings))
    await t.rejects(moveStore(levelItems(filled), postgresItems(settings)), {
      code: "STORE_REFUSED",
      message: /not empty/,
    })
    await t.rejects(moveStore(postgresItems(settings), levelItems(filled)), {
      code: "STORE_REFUSED",
      message: /not empty/,
    })
    await moveStore(postgresItems(settings), postgresItems({ ...settings, schema: "used too" }))
    await moveStore(levelItems(filled), levelItems(join(folder, "copy")))
  })

  t.test("a node does not start while its store is being moved", async (t) => {
    const settings = { url: server.url, schema: "busy" }
    const starting = postgresItems(settings).fill(async () => PostgresStore.open(settings))
    await t.rejects(starting, { code: "STORE_REFUSED", message: /being moved/ })
  })

  t.test("a damaged event stops the move by name, and nothing is left in the target", async (t) => {
    const folder = t.testdir()
    const damaged = join(folder, "damaged")
    const store = await LevelStore.open(damaged)
    await fillJournal(levelJournal(store, systemClock))
    const key = numbered(keyOf("journal", "default", "account", "ä"), 9)
    const bytes = Buffer.from((await store.get(key)) as Uint8Array)
    bytes[30] = (bytes[30] as number) ^ 1
    await store.write([[key, bytes]])
    await store.close()
    const settings = { url: server.url, schema: "damaged" }
    await t.rejects(moveStore(levelItems(damaged), postgresItems(settings)), { code: "RECORD_DAMAGED", message: /event 9 of default\/account\/ä/ }) // prettier-ignore
    await t.rejects(itemsOf(postgresItems(settings)), { message: /there is no store/ })
    const to = join(folder, "to")
    await t.rejects(moveStore(levelItems(damaged), levelItems(to)), { code: "RECORD_DAMAGED" })
    await t.rejects(itemsOf(levelItems(to)), { message: /there is no store/ })
  })

  t.test("what comes back different from the target fails the move, and nothing is kept", async (t) => {
    const folder = t.testdir()
    const source = join(folder, "source")
    const store = await LevelStore.open(source)
    await fillJournal(levelJournal(store, systemClock))
    await store.close()
    await cp(source, join(folder, "same"), { recursive: true })
    const to = join(folder, "to")
    /** A target that does to each item as told. */
    const faulty = (change: (item: StoredItem, n: number) => readonly StoredItem[]): MovableStore => {
      const good = levelItems(to)
      let n = 0
      return {
        ...good,
        fill: (work) =>
          good.fill((target) =>
            work({
              count: () => target.count(),
              items: () => target.items(),
              write: (items) => target.write(items.flatMap((item) => change(item, n++))),
            }),
          ),
      }
    }
    for (const change of [
      (item: StoredItem, n: number) => (n === 100 ? [] : [item]),
      (item: StoredItem, n: number) => (n === 100 ? [item, { kind: "fence", name: "x", epoch: 1 } as const] : [item]),
      (item: StoredItem) => [item.kind === "head" ? { ...item, epoch: item.epoch + 1 } : item],
    ]) {
      await t.rejects(moveStore(levelItems(source), faulty(change)), {
        code: "STORE_FAILED",
        message: /nothing was moved/,
      })
      await t.rejects(itemsOf(levelItems(to)), { message: /there is no store/ })
    }
    const untouched = await LevelStore.open(source)
    let events = 0
    for await (const _ of untouched.range(keyOf("journal"), after(keyOf("journal")))) events += 1
    t.ok(events > 200)
    await untouched.close()
  })

  t.test("llmagentos store move takes the store of a node to PostgreSQL, and a folder from there", async (t) => {
    const data = t.testdir()
    const store = await LevelStore.open(join(data, "store"))
    await fillJournal(levelJournal(store, systemClock))
    await store.close()
    const url = `${server.url}?schema=by%20hand`
    const main = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url))
    const move = (...args: readonly string[]) =>
      promisify(execFile)(process.execPath, [main, "--data", data, "store", "move", ...args], { env: { ...process.env, NODE_OPTIONS: "" } }) // prettier-ignore
    t.match(await move(url), {
      stdout: /\d+ records moved to schema by hand of PostgreSQL, read back and found the same/,
    })
    await move(join(data, "back"), "--from", url)
    t.same(await itemsOf(levelItems(join(data, "back"))), await itemsOf(levelItems(join(data, "store"))))
    await t.rejects(move(url), { code: 1, stderr: /STORE_REFUSED .*is not empty/ })
  })
}
