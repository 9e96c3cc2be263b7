/** Backup, verification and repair of a store. */
import { copyFile, mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises"
import { join } from "node:path"
import fc from "fast-check"
import t from "tap"
import { systemClock } from "#actors/clock.js"
import {
  backupStore,
  createActorSystem,
  definePersistentActor,
  levelJournal,
  LevelStore,
  repairStore,
  verifyFolder,
  verifyStore,
  type Journal,
} from "#actors/index.js"
import { AgentOSError } from "#actors/errors.js"
import { encodeValue } from "#actors/persistence/checked-value.js"
import { wholeRange, type Entry } from "#actors/persistence/database.js"
import { commandKeyOf } from "#actors/persistence/heads.js"
import { keyOf, numbered } from "#actors/persistence/keys.js"
import { checkTable } from "#actors/persistence/table-file.js"
import { levelItems } from "#cluster/level-items.js"
import { moveStore } from "#cluster/move-store.js"

const idOf = (key: string) => ({ tenant: "default", type: "account", key })
const events = (...payloads: number[]) => payloads.map((payload) => ({ name: "deposited", payload, version: 1 }))

/** A store with every kind of record in it. */
async function filled(folder: string): Promise<{ readonly store: LevelStore; readonly journal: Journal }> {
  const store = await LevelStore.open(folder)
  const journal = levelJournal(store, systemClock)
  for (const key of ["alice", "bob", "carol"]) {
    await journal.append(idOf(key), 0, 1, events(1, 2, 3), { ordered: true, traceId: "t" })
    await journal.append(idOf(key), 3, 2, events(4, 5, 6), { command: { id: "c", reply: { ok: true } } })
  }
  await journal.saveSnapshot(idOf("carol"), { sequence: 4, version: 1, state: { total: 10 } })
  await journal.trim(idOf("carol"), 2)
  await journal.append(idOf("dora"), 0, 7, [])
  return { store, journal }
}

async function entriesOf(store: LevelStore): Promise<Entry[]> {
  const found: Entry[] = []
  for await (const entry of store.range(...wholeRange)) found.push(entry)
  return found
}

async function payloads(journal: Journal, key: string): Promise<unknown[]> {
  const found: unknown[] = []
  for await (const page of journal.read(idOf(key))) found.push(...page.map(({ payload }) => payload))
  return found
}

const eventKey = (key: string, sequence: number): Buffer =>
  numbered(keyOf("journal", "default", "account", key), sequence)

async function breakEvent(store: LevelStore, key: string, sequence: number): Promise<void> {
  const bytes = Buffer.from((await store.get(eventKey(key, sequence))) as Uint8Array)
  bytes[bytes.length - 1] = (bytes[bytes.length - 1] as number) ^ 1
  await store.write([[eventKey(key, sequence), bytes]])
}

t.test("a store that is whole is found whole", async (t) => {
  const { store } = await filled(t.testdir())
  const seen: [number, number][] = []
  const { records, damages } = await verifyStore(store, { progress: (done, total) => seen.push([done, total]) })
  t.same(damages, [])
  t.equal(records, (await entriesOf(store)).length)
  t.same(seen.at(-1), [records, records])
  await store.close()
})

t.test("a changed byte anywhere in a value is found, and called by name", async (t) => {
  const { store } = await filled(t.testdir())
  const entries = (await entriesOf(store)).filter(([, value]) => value.length > 0)
  const rooms = new Set<string>()
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...entries),
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      async ([key, value], place, change) => {
        rooms.add(key.toString("latin1", 0, key.indexOf(0)))
        const broken = Buffer.from(value)
        broken[place % value.length] = (broken[place % value.length] as number) ^ change
        await store.write([[key, broken]])
        const { damages } = await verifyStore(store)
        await store.write([[key, value]])
        return damages.some((damage) => damage.kind === "record" && damage.key.equals(key) && damage.name !== "")
      },
    ),
    { numRuns: 300 },
  )
  t.same([...rooms].sort(), ["command", "head", "journal", "order", "ordered", "snapshot", "store"])
  await store.close()
})

t.test("what is missing is named", async (t) => {
  const { store } = await filled(t.testdir())
  const namesWithout = async (...keys: Buffer[]): Promise<string[]> => {
    const before = await Promise.all(keys.map(async (key) => [key, await store.get(key)] as const))
    await store.write(keys.map((key) => [key, undefined]))
    const { damages } = await verifyStore(store)
    await store.write(before)
    return damages.map(({ name }) => name)
  }
  t.same(await namesWithout(eventKey("bob", 2), eventKey("bob", 3)), ["events 2 to 3 of default/account/bob"])
  t.same(await namesWithout(eventKey("alice", 1)), ["event 1 of default/account/alice"])
  t.same(await namesWithout(eventKey("carol", 3)), ["event 3 of default/account/carol"])
  t.same(await namesWithout(keyOf("head", "default", "account", "bob")), ["the head of default/account/bob"])
  t.same(await namesWithout(keyOf("snapshot", "default", "account", "carol")), [
    "the snapshot of default/account/carol",
  ])
  t.same(
    await namesWithout(...[1, 2, 3, 4, 5, 6].map((sequence) => eventKey("bob", sequence))),
    ["events 1 to 3 of default/account/bob"],
    "the head record knows of those that were appended first",
  )
  t.same((await verifyStore(store)).damages, [])
  await store.close()
})

t.test("a changed byte in a table file is found before LevelDB reads it, or changes nothing", async (t) => {
  const folder = join(t.testdir({}), "store")
  const { store } = await filled(folder)
  for (let n = 0; n < 400; n++) await store.write([[keyOf("knowledge", `${n}`), encodeValue(`some text ${n * n * n}`)]])
  await store.compact()
  const before = await entriesOf(store)
  await store.close()
  t.same((await verifyFolder(folder)).damages, [])
  const [table] = (await readdir(folder)).filter((name) => name.endsWith(".ldb"))
  const whole = await readFile(join(folder, table as string))
  for (let at = 0; at < whole.length; at++) {
    const broken = Buffer.from(whole)
    broken[at] = (broken[at] as number) ^ (1 << (at % 8))
    try {
      checkTable(broken)
      if (at < whole.length - 48) t.fail(`byte ${at} of ${whole.length}`)
    } catch {
      continue
    }
  }
  const broken = Buffer.from(whole)
  broken[100] = (broken[100] as number) ^ 1
  await writeFile(join(folder, table as string), broken)
  const { damages, records } = await verifyFolder(folder)
  t.match([records, damages], [0, [{ kind: "table", file: table, message: /block at 0/ }]])

  const { reopened, setAside } = await repairStore(folder)
  t.same([reopened, setAside], [true, [`table ${table}`]])
  t.same(await readFile(join(`${folder}.quarantine`, table as string)), broken)
  const again = await LevelStore.open(folder)
  const after = await entriesOf(again)
  t.ok(after.length < before.length)
  await again.close()
})

t.test("a backup of a store that is being written holds one moment of it", async (t) => {
  const folder = t.testdir({})
  const { store, journal } = await filled(join(folder, "store"))
  // Two actors are written one after the other: in any one moment the first is at most one event ahead.
  let writing = true
  let written = 0
  const pair = [idOf("first"), idOf("second")]
  const writer = (async () => {
    for (; writing; written++) for (const id of pair) await journal.append(id, written, 0, events(written))
  })()
  while (written < 20) await new Promise((done) => setImmediate(done))
  for (let round = 0; round < 5; round++) {
    const to = join(folder, `copy-${round}`)
    const copied = await backupStore(store, to, { progress: (done, total) => t.ok(done <= total) })
    const copy = await LevelStore.open(to)
    const { damages, records } = await verifyStore(copy)
    t.same([damages, records], [[], copied])
    const there = levelJournal(copy, systemClock)
    const [first, second] = [await payloads(there, "first"), await payloads(there, "second")]
    t.ok(first.length - second.length === 0 || first.length - second.length === 1, `${first.length}, ${second.length}`)
    t.ok(second.length >= 19)
    await there.close()
  }
  writing = false
  await writer
  await t.rejects(backupStore(store, join(folder, "copy-0")), { code: "STORE_REFUSED" })
  await writeFile(join(folder, "file"), "precious")
  await t.rejects(backupStore(store, join(folder, "file")), { code: "STORE_REFUSED" })
  t.equal(await readFile(join(folder, "file"), "utf8"), "precious")
  t.same(
    (await readdir(folder)).filter((name) => name.endsWith(".partial")),
    [],
  )
  await store.close()
})

t.test("a backup is made neither without a name nor in the folder of a store", async (t) => {
  const folder = t.testdir({ linked: t.fixture("symlink", "store") })
  const { store } = await filled(join(folder, "store"))
  const before = await readdir(join(folder, "store"))
  for (const to of ["", "store/inner", "store/a/b/c", "store/", "linked/inner", "store/../store/inner"])
    await t.rejects(backupStore(store, to && join(folder, to)), { code: "STORE_REFUSED" }, to)
  t.same(await readdir(join(folder, "store")), before)
  await backupStore(store, join(folder, "store-2", "inner"))
  await t.rejects(backupStore(store, join(folder, "store-2", "inner", "inner")), { code: "STORE_REFUSED" }, "another")
  await store.close()
})

t.test("a folder with nothing of a store is named, and not changed", async (t) => {
  const folder = t.testdir({
    empty: {},
    notes: { "foo.txt": "hi" },
    diary: { LOG: "", "LOG.old": "", LOCK: "" },
    begun: { "MANIFEST-000001": "", LOCK: "" },
    file: "",
  })
  for (const [name, text] of Object.entries({
    none: /not there/,
    empty: /empty/,
    notes: /foo.txt/,
    diary: /LOCK, LOG/,
    begun: /MANIFEST-000001/,
    file: /a file/,
  })) {
    // prettier-ignore
    const at = join(folder, name)
    const before = await readdir(at).catch(() => undefined)
    const refused = { code: "STORE_REFUSED", message: text }
    await t.rejects(verifyFolder(at), refused)
    await t.rejects(repairStore(at), refused)
    t.same(await readdir(at).catch(() => undefined), before, name)
  }
  // What is left of one that was there is damaged.
  const { store } = await filled(join(folder, "store"))
  await store.close()
  const files = await readdir(join(folder, "store"))
  for (const left of files.filter((file) => !/^LO(G|CK)/.test(file))) {
    const at = join(folder, `only ${left}`)
    await mkdir(at)
    await copyFile(join(folder, "store", left), join(at, left))
    t.not((await verifyFolder(at)).damages.length, 0, left)
  }
})

t.test("of two backups into one folder at the same time one is there, whole, and the other is refused", async (t) => {
  const folder = t.testdir({ empty: {} })
  const { store, journal } = await filled(join(folder, "store"))
  for (let n = 0; n < 3000; n++) await journal.append(idOf("bulk"), n, 0, events(n))
  for (const name of ["empty", "new"]) {
    const to = join(folder, name)
    const both = await Promise.allSettled([
      backupStore(store, to),
      backupStore(store, `${to}/`),
      backupStore(store, to),
    ])
    const made = both.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []))
    const refused = both.flatMap((one) => (one.status === "rejected" ? [(one.reason as { code: string }).code] : []))
    t.equal(made.length, 1)
    t.same(refused, ["STORE_REFUSED", "STORE_REFUSED"])
    t.same(await verifyFolder(to), { records: made[0], damages: [] })
  }
  t.same((await readdir(folder)).sort(), ["empty", "new", "store"])
  await store.close()
})

t.test("what a function that is told the progress throws reaches the caller as it is", async (t) => {
  const folder = t.testdir({})
  const { store, journal } = await filled(join(folder, "store"))
  for (const thrown of [new Error("enough"), new AgentOSError("CANCELLED", "enough"), "enough", undefined]) {
    const progress = (): void => {
      throw thrown
    }
    const rejection = (work: Promise<unknown>): Promise<unknown> =>
      work.then(
        () => "nothing",
        (error: unknown) => ({ error }),
      )
    const at = `${String(thrown)}: `
    t.same(await rejection(backupStore(store, join(folder, "copy"), { progress })), { error: thrown }, `${at}backup`)
    t.same(await rejection(verifyStore(store, { progress })), { error: thrown }, `${at}verify`)
    const other = join(folder, "other")
    await backupStore(store, other)
    t.same(await rejection(verifyFolder(other, { progress })), { error: thrown }, `${at}verify a folder`)
    t.same(await rejection(repairStore(other, { progress })), { error: thrown }, `${at}repair`)
    const to = levelItems(join(folder, "moved"))
    t.same(await rejection(moveStore(levelItems(other), to, { progress })), { error: thrown }, `${at}move`)
    t.same((await readdir(folder)).sort(), ["other", "store"], `${at}nothing else is left`)
    await rm(other, { recursive: true })
  }
  await journal.close()
})

t.test("repair sets a damaged event aside, and its actor stays refused until its tail is cut", async (t) => {
  const folder = join(t.testdir({}), "store")
  let { store } = await filled(folder)
  await breakEvent(store, "alice", 5)
  await breakEvent(store, "bob", 6)
  const [fifth] = [await store.get(eventKey("alice", 5))]
  await store.close()

  const first = await repairStore(folder)
  t.same(first.setAside, ["event 5 of default/account/alice", "event 6 of default/account/bob"])
  t.same(
    first.left.map(({ name }) => name),
    first.setAside,
  )
  const lines = (await readFile(`${folder}.quarantine.jsonl`, "utf8")).trim().split("\n").map((line) => JSON.parse(line) as Record<string, string>) // prettier-ignore
  t.equal(lines[0]?.["value"], Buffer.from(fifth as Uint8Array).toString("hex"))
  store = await LevelStore.open(folder)
  let journal = levelJournal(store, systemClock)
  for (const key of ["alice", "bob"]) await t.rejects(payloads(journal, key), { code: "RECORD_DAMAGED", message: /missing/ }) // prettier-ignore
  t.same(await payloads(journal, "carol"), [3, 4, 5, 6])
  await journal.close()

  const second = await repairStore(folder, { cutTails: true })
  t.same(second.left, [])
  t.ok(second.setAside.includes("event 6 of default/account/alice"), "whole events after the damage are set aside, too")
  store = await LevelStore.open(folder)
  journal = levelJournal(store, systemClock)
  t.same(await payloads(journal, "alice"), [1, 2, 3, 4])
  t.same(await payloads(journal, "bob"), [1, 2, 3, 4, 5])
  t.equal(await journal.append(idOf("alice"), 4, 2, events(50)), 5)
  const order: unknown[] = []
  for await (const page of journal.ordered("default", "account"))
    order.push(...page.filter(({ key }) => key === "alice").map(({ sequence, payload }) => [sequence, payload]))
  t.same(order, [[1, 1], [2, 2], [3, 3], [4, 4], [5, 50]], "in the one order the new event stands once") // prettier-ignore
  await journal.close()
})

t.test(
  "a command whose answer was damaged and set aside is told that it was carried out, and not done again (X6)",
  async (t) => {
    const folder = join(t.testdir({}), "store")
    const Till = definePersistentActor({
      name: "till",
      version: 1,
      state: () => ({ sum: 0 }),
      events: { took: (state, amount: number) => void (state.sum += amount) },
    }).receive({
      async take(ctx, amount: number) {
        await ctx.persist("took", amount)
        return ctx.state.sum
      },
      sum: (ctx) => ctx.state.sum,
    })
    const open = async () =>
      createActorSystem({
        name: "shop",
        definitions: [Till],
        journal: levelJournal(await LevelStore.open(folder), systemClock),
      })
    const keys = ["a", "b", "c"]
    let system = await open()
    for (const key of keys) await system.entity(Till, key).with({ commandId: "once" }).ask("take", 5)
    await system.stop()
    const store = await LevelStore.open(folder)
    const answerKey = (key: string) => commandKeyOf({ tenant: "default", type: "till", key }, "once")
    for (const [n, key] of ["a", "b"].entries()) {
      const bytes = Buffer.from((await store.get(answerKey(key))) as Uint8Array)
      if (n === 0) bytes[bytes.length - 1] = (bytes[bytes.length - 1] as number) ^ 1
      await store.write([[answerKey(key), n === 0 ? bytes : new Uint8Array(0)]])
    }
    await store.close()
    const { setAside, left } = await repairStore(folder)
    t.same([setAside.length, left], [2, []])
    t.same((await verifyFolder(folder)).damages, [])
    system = await open()
    t.teardown(() => system.stop())
    for (const key of ["a", "b"])
      await t.rejects(system.entity(Till, key).with({ commandId: "once" }).ask("take", 5), {
        code: "COMMAND_UNANSWERED",
      })
    t.equal(await system.entity(Till, "c").with({ commandId: "once" }).ask("take", 5), 5)
    for (const key of keys) t.equal(await system.entity(Till, key).ask("sum"), 5)
  },
)

t.test("a tail is not cut where a snapshot covers what is lost", async (t) => {
  const folder = join(t.testdir({}), "store")
  const { store } = await filled(folder)
  await breakEvent(store, "carol", 4)
  await store.close()
  await repairStore(folder, { cutTails: true })
  const journal = levelJournal(await LevelStore.open(folder), systemClock)
  const found: unknown[] = []
  for await (const page of journal.read(idOf("carol"), 4)) found.push(...page.map(({ payload }) => payload))
  t.same(found, [5, 6])
  await journal.close()
})

t.test("repair makes heads anew", async (t) => {
  const folder = join(t.testdir({}), "store")
  const { store } = await filled(folder)
  await store.write([
    [keyOf("head", "default", "account", "bob"), undefined],
    [keyOf("head", "default", "account", "carol"), Buffer.from([0xc1, 1, 2, 3, 4, 5])],
  ])
  await store.close()
  const { left, setAside } = await repairStore(folder)
  t.same([left, setAside], [[], ["the head of default/account/carol"]])
  const journal = levelJournal(await LevelStore.open(folder), systemClock)
  t.same(await payloads(journal, "carol"), [3, 4, 5, 6])
  const keys: string[] = []
  for await (const key of journal.keys("default", "account")) keys.push(key)
  t.same(keys, ["alice", "bob", "carol"])
  await journal.close()
})

t.test("a store whose files do not fit is opened again with what can be read", async (t) => {
  const folder = join(t.testdir({}), "store")
  const { store } = await filled(folder)
  await store.compact()
  await store.close()
  await rm(join(folder, "CURRENT"))
  await writeFile(join(folder, "CURRENT"), "MANIFEST-999999\n")
  await t.rejects(LevelStore.open(folder), { code: "RECORD_DAMAGED", message: /CURRENT .*store repair/ })
  const { reopened, left } = await repairStore(folder)
  t.same([reopened, left], [true, []])
  const journal = levelJournal(await LevelStore.open(folder), systemClock)
  t.same(await payloads(journal, "bob"), [1, 2, 3, 4, 5, 6])
  await journal.close()
})

t.test("a folder that somebody owns, or that holds no store, is refused", async (t) => {
  const folder = t.testdir({})
  await t.rejects(repairStore(join(folder, "none")), { code: "STORE_REFUSED" })
  await t.rejects(stat(join(folder, "none")), { code: "ENOENT" }, "and none is made")
  const { store } = await filled(join(folder, "store"))
  await t.rejects(repairStore(join(folder, "store")), { code: "LEVEL_LOCKED" })
  await store.close()
})
