/** What becomes of a store whose log has lost something that was acknowledged. */
import { cp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises"
import { join } from "node:path"
import fc from "fast-check"
import t, { type Test } from "tap"
import { systemClock } from "#actors/clock.js"
import { AgentOSError } from "#actors/errors.js"
import { backupStore, levelJournal, LevelStore, repairStore, verifyFolder, verifyStore } from "#actors/index.js"
import { levelFiles } from "#actors/persistence/level-files.js"
import { Watermark } from "#actors/persistence/watermark.js"

const idOf = (key: string) => ({ tenant: "default", type: "account", key })
const commits = 40

interface Written {
  readonly folder: string
  /** Name of the log. */
  readonly log: string
  /** Its length when a commit was acknowledged, from the first on. */
  readonly ends: readonly number[]
}

/** Commits of a new store before its first event: that it has head records. */
const earlier = 2

/** A store of so many commits, each of one event of one of four actors, all in one log. */
async function written(t: Test, bytes = 100): Promise<Written> {
  const folder = join(t.testdir({}), "store")
  const store = await LevelStore.open(folder)
  const journal = levelJournal(store, systemClock)
  const ends: number[] = []
  let log = ""
  for (let n = 0; n < commits; n++) {
    await journal.append(idOf(`k${n % 4}`), Math.floor(n / 4), 1, [{ name: "deposited", payload: `${n}`.repeat(bytes), version: 1 }]) // prettier-ignore
    ;[log = ""] = (await readdir(folder)).filter((name) => name.endsWith(".log"))
    ends.push((await readFile(join(folder, log))).length)
  }
  await journal.close()
  return { folder, log, ends }
}

/** Commits whose events are in a store. */
async function found(folder: string): Promise<number[]> {
  const journal = levelJournal(await LevelStore.open(folder), systemClock)
  try {
    const numbers: number[] = []
    for (const key of [0, 1, 2, 3])
      for await (const page of journal.read(idOf(`k${key}`))) numbers.push(...page.map(({ sequence }) => (sequence - 1) * 4 + key)) // prettier-ignore
    return numbers.sort((a, b) => a - b)
  } finally {
    await journal.close()
  }
}

/**
 * Opens a copy of the store with another log.
 * @returns the commits that are there, or the code by which it was refused
 */
async function opened(of: Written, log: Buffer): Promise<readonly number[] | string> {
  const copy = `${of.folder}-copy`
  await rm(copy, { recursive: true, force: true })
  await cp(of.folder, copy, { recursive: true })
  await writeFile(join(copy, of.log), log)
  try {
    return await found(copy)
  } catch (error) {
    return AgentOSError.from(error).code
  }
}

const all = Array.from({ length: commits }, (_, n) => n)

t.test("wherever a log is cut off, the store opens only if nothing acknowledged is gone", async (t) => {
  const of = await written(t)
  const log = await readFile(join(of.folder, of.log))
  t.same(await opened(of, log), all)
  await fc.assert(
    fc.asyncProperty(fc.nat(log.length - 1), async (length) => (await opened(of, log.subarray(0, length))) === "RECORD_DAMAGED"), // prettier-ignore
    { numRuns: 25, examples: [[0], [of.ends[9] as number], [log.length - 1]] },
  )
})

t.test("wherever a byte of a log is changed, the store opens only if nothing is gone", async (t) => {
  const of = await written(t, 2000) // several blocks, and batches that go over their borders
  const log = await readFile(join(of.folder, of.log))
  t.ok(log.length > 3 * 32 * 1024)
  await fc.assert(
    fc.asyncProperty(fc.nat(log.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
      const broken = Buffer.from(log)
      broken[at] = (broken[at] as number) ^ change
      const result = await opened(of, broken)
      return result === "RECORD_DAMAGED" || (Array.isArray(result) && result.length === commits)
    }),
    { numRuns: 40 },
  )
  t.equal(await opened(of, Buffer.concat([log.subarray(0, 40_000), log.subarray(50_000)])), "RECORD_DAMAGED")
  t.equal(await opened(of, Buffer.concat([log.subarray(0, 32_768), Buffer.alloc(32_768), log.subarray(65_536)])), "RECORD_DAMAGED") // prettier-ignore
})

t.test("a write that was cut short and that nobody heard of is left out quietly", async (t) => {
  const of = await written(t)
  const log = await readFile(join(of.folder, of.log))
  new Watermark(of.folder).write(earlier + commits - 1) // the process ended before it was told of the last one
  const [before, end] = of.ends.slice(-2) as [number, number]
  for (const length of [before, before + 3, before + 20, end - 1])
    t.same(await opened(of, log.subarray(0, length)), all.slice(0, -1))
  const torn = Buffer.from(log)
  torn.fill(0, before + 30)
  t.same(await opened(of, torn), all.slice(0, -1), "and so is one whose end never came to the disk")
  t.same(await opened(of, log), all, "it may as well be there")
})

t.test(
  "verify names the commits that are gone, as often as it is asked, and repair goes on without them",
  async (t) => {
    const { folder, log, ends } = await written(t)
    await truncate(join(folder, log), (ends[29] as number) + 5)
    for (let round = 0; round < 2; round++) {
      const { damages, records } = await verifyFolder(folder)
      t.match(damages, [
        { kind: "missing-commits", from: 33, to: 42, name: "commits 33 to 42", message: /acknowledged/ },
      ])
      t.ok(records > 30, "what is there is looked at")
      await t.rejects(LevelStore.open(folder), { code: "RECORD_DAMAGED", message: /commits 33 to 42 .*store repair/ })
    }
    const { lost, left, setAside, reopened } = await repairStore(folder)
    t.match(
      [lost, left, setAside, reopened],
      [
        [{ kind: "missing-commits", from: 33, to: 42 }],
        [{ kind: "lost-records", name: "commits 33 to 42" }],
        [],
        false,
      ],
    )
    t.ok((await readFile(join(`${folder}.quarantine`, log))).length > 0, "LevelDB deletes it")
    t.match(await readFile(`${folder}.quarantine.jsonl`, "utf8"), /"commits 33 to 42"/)
    t.same(await found(folder), all.slice(0, 30))
    t.match((await verifyFolder(folder)).damages, [{ kind: "lost-records" }], "it is told")
    t.same((await repairStore(folder, { cutTails: true })).lost, [])
    t.same((await verifyFolder(folder)).damages, [], "until it is decided that the store goes on without")

    const journal = levelJournal(await LevelStore.open(folder), systemClock)
    await journal.append(idOf("k2"), 7, 1, [{ name: "deposited", payload: 0, version: 1 }])
    await journal.close()
    t.same(await found(folder), all.slice(0, 31))
  },
)

t.test(
  "verify names a log in whose midst something is gone, and touches nothing; repair keeps a copy of it",
  async (t) => {
    const { folder, log } = await written(t, 2000)
    const bytes = await readFile(join(folder, log))
    bytes[20_000] = (bytes[20_000] as number) ^ 1
    await writeFile(join(folder, log), bytes)
    for (let round = 0; round < 2; round++)
      t.match(await verifyFolder(folder), {
        records: 0,
        damages: [{ kind: "log", file: log, message: /in its midst/ }],
      })
    await t.rejects(LevelStore.open(folder), { code: "RECORD_DAMAGED" })
    t.same(await readFile(join(folder, log)), bytes)
    const { lost, left } = await repairStore(folder, { cutTails: true })
    t.match(lost[0], { kind: "lost-records", name: `log ${log}` })
    t.match(lost[1], { kind: "lost-records", name: "event 3 of default/account/k1" }, "as far as it can be known")
    t.same(left, [])
    t.same(await readFile(join(`${folder}.quarantine`, log)), bytes)
    const there = await found(folder)
    t.ok(there.length > 0 && there.length < commits)
  },
)

t.test("a batch that begins at the very end of a block is missed by nobody", async (t) => {
  const { folder } = await written(t)
  const journal = levelJournal(await LevelStore.open(folder), systemClock)
  const id = idOf("long")
  const block = 32 * 1024
  // Commits of one byte more each, so that some begin wherever the beginning of a batch can be broken.
  for (let n = 0; n < 400; n++)
    await journal.append(id, n, 1, [{ name: "deposited", payload: "x".repeat(block / 4 - 200 + n), version: 1 }])
  await journal.close()
  t.same((await verifyFolder(folder)).damages, [])
  t.same(await found(folder), all)
})

t.test("a log that is gone altogether is missed", async (t) => {
  const { folder, log } = await written(t)
  await rm(join(folder, log))
  await t.rejects(LevelStore.open(folder), { code: "RECORD_DAMAGED" })
  t.match(await verifyFolder(folder), { records: 0, damages: [{ kind: "log", file: log, message: /is gone/ }] })
})

t.test("a store without a watermark opens, and has one from its next commit on", async (t) => {
  const { folder, log, ends } = await written(t)
  await rm(join(folder, "ACKNOWLEDGED"))
  await truncate(join(folder, log), ends[29] as number)
  t.same(await found(folder), all.slice(0, 30), "nobody knows of the others")
  t.same((await verifyFolder(folder)).damages, [])
  const journal = levelJournal(await LevelStore.open(folder), systemClock)
  await journal.append(idOf("k2"), 7, 1, [{ name: "deposited", payload: 0, version: 1 }])
  await journal.close()
  t.equal(new Watermark(folder).read(), earlier + 31)
})

t.test("a damaged watermark keeps nobody out; verify names it, and the next commit mends it", async (t) => {
  const { folder } = await written(t)
  const path = join(folder, "ACKNOWLEDGED")
  const whole = await readFile(path)
  for (let at = 0; at < whole.length; at++) {
    const broken = Buffer.from(whole)
    broken[at] = (broken[at] as number) ^ 4
    await writeFile(path, broken)
    t.equal(new Watermark(folder).read(), undefined)
  }
  t.match((await verifyFolder(folder)).damages, [{ kind: "watermark" }])
  t.same(await found(folder), all)
  t.match((await repairStore(folder)).lost, [{ kind: "watermark" }])
  t.same((await verifyFolder(folder)).damages, [])
  for (const unknown of [Buffer.alloc(0), Buffer.alloc(16)]) {
    await writeFile(path, unknown)
    t.equal(new Watermark(folder).read(), 0, "one that was made and never came to the disk says nothing")
  }
})

t.test("a copy counts its own commits, and the number of a commit is in nobody's way", async (t) => {
  const { folder } = await written(t)
  const store = await LevelStore.open(folder)
  const { records } = await verifyStore(store)
  t.equal(await backupStore(store, `${folder}-copy`), records)
  await store.compact()
  await store.close()
  t.same(await found(folder), all)
  t.same(await found(`${folder}-copy`), all)
  t.ok((new Watermark(`${folder}-copy`).read() ?? 0) < 5)
  t.same((await verifyFolder(`${folder}-copy`)).damages, [])
  t.same((await levelFiles(folder, { blocks: true })).damages, [])
})
