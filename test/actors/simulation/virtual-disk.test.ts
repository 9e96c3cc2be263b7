import fc from "fast-check"
import t from "tap"
import type { Clock } from "#actors/clock.js"
import type { Change, Database } from "#actors/persistence/database.js"
import { levelJournal } from "#actors/persistence/level-journal.js"
import { LevelStore } from "#actors/persistence/level-store.js"
import { SeededRandom } from "#actors/simulation/seeded-random.js"
import { SortedBytes } from "#actors/simulation/sorted-bytes.js"
import { VirtualClock } from "#actors/simulation/virtual-clock.js"
import { VirtualDisk } from "#actors/simulation/virtual-disk.js"
import { driven } from "#test/support/driven-disk.js"
import { journalContract } from "#test/support/journal-contract.js"

const disks = new Map<string, VirtualDisk>()
const time = new VirtualClock()
journalContract(
  "virtual disk",
  async (folder: string, clock: Clock) => {
    let disk = disks.get(folder)
    if (disk === undefined) disks.set(folder, (disk = new VirtualDisk(time, new SeededRandom(1))))
    return levelJournal(new LevelStore(await driven(time, disk.open())), clock)
  },
  true,
)

const bytes = (text: string): Buffer => Buffer.from(text)
const range = [bytes(""), bytes("\u00ff")] as const

async function contents(database: Database): Promise<[string, string][]> {
  const found: [string, string][] = []
  for await (const page of database.range(...range))
    for (const [key, value] of page) found.push([String(key), Buffer.from(value).toString()])
  return found
}

t.test("wherever a crash cuts a write, all of it is there or nothing", async (t) => {
  const changes: Change[] = [
    [bytes("a"), undefined],
    [bytes("b"), bytes("new")],
    [bytes("c"), bytes("c")],
  ]
  const before = [["a", "old"], ["b", "old"]] // prettier-ignore
  const after = [["b", "new"], ["c", "c"]] // prettier-ignore
  let size = Infinity
  const seen = new Set<string>()
  for (let cut = 0; cut <= size; cut++) {
    const clock = new VirtualClock()
    const disk = new VirtualDisk(clock, new SeededRandom(cut))
    const first = await driven(clock, disk.open())
    await first.write([[bytes("a"), bytes("old")], [bytes("b"), bytes("old")]]) // prettier-ignore
    let acknowledged = false
    void first.write(changes).then(() => (acknowledged = true))
    disk.crash((length) => {
      size = length
      return cut
    })
    await clock.advance(100)
    t.notOk(acknowledged, "nobody hears of it")
    const found = await contents(await driven(clock, disk.open()))
    t.same(found, cut === size ? after : before, `after ${cut} of ${size} bytes`)
    seen.add(JSON.stringify(found))
  }
  t.equal(seen.size, 2)
})

t.test(
  "a write that was acknowledged is there after every crash; one that a lying disk acknowledged may not be",
  async (t) => {
    for (const lying of [false, true]) {
      const clock = new VirtualClock()
      const disk = new VirtualDisk(clock, new SeededRandom(7))
      if (lying) disk.lie = { syncAfterMs: 50 }
      const first = await driven(clock, disk.open())
      await first.write([[bytes("early"), bytes("1")]])
      await clock.advance(100)
      await first.write([[bytes("late"), bytes("1")], [bytes("early"), bytes("2")]]) // prettier-ignore
      disk.crash()
      const found = await contents(await driven(clock, disk.open()))
      t.same(found, lying ? [["early", "1"]] : [["early", "2"], ["late", "1"]]) // prettier-ignore
    }
  },
)

t.test("a full disk refuses writes, and the store takes no more until it is opened again", async (t) => {
  const clock = new VirtualClock()
  const disk = new VirtualDisk(clock, new SeededRandom(1))
  const store = new LevelStore(await driven(clock, disk.open()))
  disk.full = true
  await t.rejects(store.write([[bytes("a"), bytes("1")]]), { code: "DISK_FULL" })
  disk.full = false
  await t.rejects(store.write([[bytes("a"), bytes("1")]]), { code: "DISK_FULL" })
  await t.rejects(disk.open(), { code: "LEVEL_LOCKED" }, "it is open already")
  await store.close()
  const again = new LevelStore(await driven(clock, disk.open()))
  await again.write([[bytes("a"), bytes("1")]])
  t.equal(String(await again.get(bytes("a"))), "1")
})

t.test("a range sees the database as it was when its first page was asked for", async (t) => {
  for (const reverse of [false, true]) {
    const clock = new VirtualClock()
    const database = await driven(clock, new VirtualDisk(clock, new SeededRandom(1)).open())
    const write = (value: string | undefined, from: number): Promise<void> =>
      database.write(
        Array.from({ length: 2500 }, (_, n): Change => [
          bytes(String(2 * n + from).padStart(5, "0")),
          value === undefined ? undefined : bytes(value),
        ]),
      )
    await write("before", 0)
    const found: string[] = []
    for await (const page of database.range(...range, { reverse, limit: 2400 })) {
      t.ok(page.length <= 1000)
      for (const [, value] of page) found.push(Buffer.from(value).toString())
      await write("after", 1)
      await write(found.length > 1000 ? undefined : "after", 0)
    }
    t.equal(found.length, 2400)
    t.ok(found.every((value) => value === "before"))
  }
})

t.test("the sorted map holds what a plain map sorted by hand holds, and a look at it never changes", (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(400), fc.option(fc.string({ maxLength: 30 }), { freq: 3 })), { minLength: 500, maxLength: 1500 }), // prettier-ignore
      fc.nat(1500),
      (steps, when) => {
        const map = new SortedBytes()
        const model = new Map<string, string>()
        const sorted = () => [...model].sort(([a], [b]) => (a < b ? -1 : 1))
        const all = (bytes: SortedBytes, reverse = false) =>
          bytes.slice("", "\u00ff", Infinity, reverse).map(([key, value]) => [key, String(value)])
        let look: { readonly bytes: SortedBytes; readonly then: unknown } | undefined
        steps.forEach(([number, value], step) => {
          const key = `k${number}`
          map.set(key, value === null ? undefined : bytes(value))
          if (value === null) model.delete(key)
          else model.set(key, value)
          if (step === when) look = { bytes: map.look(), then: sorted() }
        })
        t.same(all(map), sorted())
        t.same(all(map, true), sorted().reverse())
        t.same(
          map.slice("k2", "k3", 7).map(([key]) => key),
          sorted().map(([key]) => key).filter((key) => key >= "k2" && key < "k3").slice(0, 7), // prettier-ignore
        )
        for (const [key, value] of model) if (String(map.get(key)) !== value) t.fail(`${key} is not ${value}`)
        if (look !== undefined) t.same(all(look.bytes), look.then)
      },
    ),
    { numRuns: 40 },
  )
  t.end()
})
