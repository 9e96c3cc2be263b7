/** What becomes of a store whose files are damaged on the disk: every file, in every way. */
import { cp, mkdtemp, readdir, readFile, rename, rm, truncate, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import fc from "fast-check"
import t from "tap"
import { systemClock } from "#actors/clock.js"
import { AgentOSError } from "#actors/errors.js"
import {
  createActorSystem,
  definePersistentActor,
  defineProjection,
  levelJournal,
  LevelStore,
  repairStore,
  startProjection,
  verifyFolder,
  type ActorSystem,
} from "#actors/index.js"
import type { Change, Entry } from "#actors/persistence/database.js"
import { after, keyOf } from "#actors/persistence/keys.js"

const actors = Array.from({ length: 24 }, (_, n) => ({
  tenant: "default",
  type: "account",
  key: `k${String(n).padStart(2, "0")}`,
}))
const perActor = 6

/**
 * Two tables and a log: four events of every actor in tables, two in the log. Payloads do not compress, so that the
 * tables have many blocks.
 */
async function written(folder: string): Promise<void> {
  const open = async () => levelJournal(await LevelStore.open(folder), systemClock)
  let journal = await open()
  for (let n = 0; n < perActor; n++) {
    if (n === 2) await journal.compact?.()
    if (n === 2 || n === 4) {
      await journal.close()
      journal = await open() // what is in the log comes into a table
    }
    for (const [i, actor] of actors.entries()) {
      const payload = Array.from({ length: 60 }, (_, j) =>
        ((i * 7919 + n * 104_729 + j * 1_299_709) ** 2 % 999_983).toString(36),
      )
      await journal.append(actor, n, 1, [{ name: "deposited", payload, version: 1 }])
      if (n === 4 && i % 3 === 0) await journal.saveSnapshot(actor, { sequence: n + 1, version: 1, state: { n } })
    }
  }
  await journal.close()
}

/** How many events each actor recovers, or the code by which it is refused. */
async function served(folder: string): Promise<readonly (number | string)[]> {
  const journal = levelJournal(await LevelStore.open(folder), systemClock)
  try {
    const found: (number | string)[] = []
    for (const actor of actors) {
      try {
        let count = (await journal.snapshot(actor))?.sequence ?? 0
        for await (const page of journal.read(actor, count)) count += page.length
        found.push(count)
      } catch (error) {
        found.push(error instanceof AgentOSError ? error.code : String(error))
      }
    }
    return found
  } finally {
    await journal.close()
  }
}

/** All files but LevelDB's diary and lock. */
async function contentOf(folder: string): Promise<Record<string, string>> {
  const content: Record<string, string> = {}
  for (const name of (await readdir(folder)).sort())
    if (!name.startsWith("LO")) content[name] = (await readFile(join(folder, name))).toString("base64")
  return content
}

type Harm =
  "emptied" | "halved" | "one byte less" | "deleted" | "a bit flipped" | "swapped" | "longer" | "zeros in its midst"
const harms: readonly Harm[] = [
  "emptied",
  "halved",
  "one byte less",
  "deleted",
  "a bit flipped",
  "swapped",
  "longer",
  "zeros in its midst",
]

async function harm(folder: string, file: string, how: Harm, place: number, other: string): Promise<void> {
  const path = join(folder, file)
  const bytes = await readFile(path)
  const at = bytes.length === 0 ? 0 : place % bytes.length
  if (how === "emptied") await truncate(path, 0)
  else if (how === "halved") await truncate(path, bytes.length >> 1)
  else if (how === "one byte less") await truncate(path, Math.max(0, bytes.length - 1))
  else if (how === "deleted") await rm(path)
  else if (how === "longer") await writeFile(path, Buffer.concat([bytes, Buffer.from("rest")]))
  else if (how === "zeros in its midst") await writeFile(path, bytes.fill(0, at, Math.min(bytes.length, at + 512)))
  else if (how === "a bit flipped") {
    if (bytes.length > 0) bytes[at] = (bytes[at] as number) ^ (1 << (place % 8))
    await writeFile(path, bytes)
  } else if (other !== file) {
    await rename(path, `${path}.away`)
    await rename(join(folder, other), path)
    await rename(`${path}.away`, join(folder, other))
  }
}

t.test(
  "whatever is done to one file of a store, looking changes nothing, and no actor starts with less than it had",
  async (t) => {
    // prettier-ignore
    const home = await mkdtemp(join(tmpdir(), "damage-"))
    t.teardown(() => rm(home, { recursive: true, force: true }))
    const whole = join(home, "whole")
    await written(whole)
    const files = (await readdir(whole)).filter((name) => name !== "LOG" && name !== "LOG.old")
    t.ok(files.filter((name) => name.endsWith(".ldb")).length >= 2, files.join(" "))
    t.same(await served(whole).then((counts) => new Set(counts)), new Set([perActor]))
    await rm(whole, { recursive: true })
    await written(whole) // with its log
    let n = 0
    const outcomes = new Map<string, number>()
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...files),
        fc.constantFrom(...harms),
        fc.nat(1_000_000),
        fc.constantFrom(...files),
        async (file, how, place, other) => {
          // prettier-ignore
          const folder = join(home, `store-${++n}`)
          await cp(whole, folder, { recursive: true })
          await harm(folder, file, how, place, other)
          const title = `${file} ${how}${how === "swapped" ? ` with ${other}` : ""} (${place})`
          const before = await contentOf(folder)
          const { damages } = await verifyFolder(folder)
          same(title, "verify", await contentOf(folder), before)
          const opened = join(home, `opened-${n}`)
          await cp(folder, opened, { recursive: true })
          const first = await served(opened).catch((error: unknown) => error)
          if (first instanceof AgentOSError) {
            if (first.code !== "RECORD_DAMAGED") throw new Error(`${title}: ${first.code}: ${first.message}`)
            if (damages.length === 0) throw new Error(`${title}: refused, and verify finds nothing`)
            same(title, "a refused open", await contentOf(opened), before)
          } else if (!Array.isArray(first)) throw first
          // Nobody reads whole tables when a store is opened: only verify does.
          else if (damages.length === 0) wholeOrRefused(title, first as (number | string)[])
          const kept = Object.entries(before)
          const { lost, left, reopened } = await repairStore(folder)
          if (reopened)
            same(title, "what is set aside", await contentOf(`${folder}.quarantine`), Object.fromEntries(kept))
          const counts = await served(folder)
          const told = lost.length + left.length > 0
          if (!told) wholeOrRefused(title, counts)
          else if (!left.some(({ name }) => /^(commits?|log) /.test(name))) wholeOrRefused(title, counts)
          if (counts.some((count) => count !== perActor) && (await verifyFolder(folder)).damages.length === 0)
            throw new Error(`${title}: ${counts.join(" ")}, and verify finds nothing`)
          const outcome = `${file.replace(/\d+/g, "N")} ${how}: ${new Set(counts).size === 1 ? counts[0] : "some"}`
          outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
          await repairStore(folder, { cutTails: true })
          for (const { message } of (await verifyFolder(folder)).damages)
            throw new Error(`${title}: ${message} when tails are cut`)
          for (const count of await served(folder))
            if (typeof count !== "number") throw new Error(`${title}: ${count} when tails are cut`)
          for (const rest of await readdir(home)) if (rest !== "whole") await rm(join(home, rest), { recursive: true })
        },
      ),
      {
        numRuns: 60,
        examples: files.flatMap((file) =>
          harms.map((how): [string, Harm, number, string] => [file, how, 5000, "CURRENT"]),
        ),
      },
    )
    t.comment(
      [...outcomes]
        .sort()
        .map(([what, times]) => `${what} x${times}`)
        .join("\n"),
    )
  },
)

function same(title: string, what: string, found: unknown, wanted: unknown): void {
  if (JSON.stringify(found) !== JSON.stringify(wanted)) throw new Error(`${title}: ${what} changes files`)
}

function wholeOrRefused(title: string, counts: readonly (number | string)[]): void {
  for (const count of counts)
    if (count !== perActor && count !== "RECORD_DAMAGED") throw new Error(`${title}: ${counts.join(" ")}`)
}

const Meter = definePersistentActor({
  name: "meter",
  version: 1,
  state: () => ({ n: 0 }),
  events: { read: (state, _text: string) => void (state.n += 1) },
  snapshotEvery: 7,
  retention: { keepEvents: 3 },
}).receive({
  read: (ctx, text: string) => ctx.persist("read", text),
  count: (ctx) => ctx.state.n,
})
const metersOf = async (folder: string): Promise<ActorSystem> =>
  createActorSystem({
    name: "test",
    definitions: [Meter],
    journal: levelJournal(await LevelStore.open(folder), systemClock),
  })
const meters = Array.from({ length: 10 }, (_, n) => `k${n}`)

/** Actors with snapshots and commands, of whose events most are trimmed, all in one log. */
async function metered(folder: string): Promise<void> {
  const system = await metersOf(folder)
  for (let n = 0; n < 24; n++)
    await Promise.all(
      meters.map((key) =>
        system
          .entity(Meter, key)
          .with({ commandId: `c${n}` })
          .ask("read", key.repeat(20)),
      ),
    )
  await startProjection(
    system,
    defineProjection({ name: "all", version: 1, from: Meter, state: () => ({}), apply: {} }),
  ).caughtUp()
  await system.stop()
}

type Lose = (folder: string, place: number) => Promise<void>
const flipped: Lose = async (folder, place) => {
  const log = join(folder, (await readdir(folder)).find((name) => name.endsWith(".log")) as string)
  const bytes = await readFile(log)
  const at = Math.floor((bytes.length * place) / 1000)
  bytes[at] = (bytes[at] as number) ^ 8
  await writeFile(log, bytes)
}
const cut: Lose = async (folder, place) => {
  const log = join(folder, (await readdir(folder)).find((name) => name.endsWith(".log")) as string)
  await truncate(log, Math.floor(((await readFile(log)).length * place) / 1000))
}
/** Changes some records of one room. */
const inRoom =
  (room: string, change: (value: Uint8Array) => Uint8Array | undefined): Lose =>
  async (folder, place) => {
    const store = await LevelStore.open(folder)
    const entries: Entry[] = []
    for await (const entry of store.range(keyOf(room), after(keyOf(room)))) entries.push(entry)
    const chosen = entries.filter((_, i) => (i * 7919 + place) % 5 === 0)
    await store.write(chosen.map(([key, value]): Change => [key, change(value)]))
    await store.close()
  }
const garbled = (value: Uint8Array): Uint8Array =>
  Uint8Array.from(value, (byte, i) => (i === value.length >> 1 ? byte ^ 4 : byte))
const rooms = ["journal", "head", "snapshot", "command", "order"]
const ways: readonly (readonly [string, Lose])[] = [
  ["a bit of the log flipped", flipped],
  ["the log cut off", cut],
  ...rooms.map((room) => [`records of ${room} damaged`, inRoom(room, garbled)] as const),
  ...["journal", "head", "snapshot"].map((room) => [`records of ${room} gone`, inRoom(room, () => undefined)] as const),
]

t.test("when tails are cut every actor goes on, verify is green, and a second repair finds nothing", async (t) => {
  const home = await mkdtemp(join(tmpdir(), "damage-"))
  t.teardown(() => rm(home, { recursive: true, force: true }))
  const whole = join(home, "whole")
  await metered(whole)
  t.same((await verifyFolder(whole)).damages, [])
  let n = 0
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...ways), fc.integer({ min: 1, max: 999 }), async ([how, lose], place) => {
      const folder = join(home, `store-${++n}`)
      await cp(whole, folder, { recursive: true })
      await lose(folder, place)
      const title = `${how} (${place})`
      if (place % 2 === 0) await repairStore(folder)
      const { left } = await repairStore(folder, { cutTails: true })
      if (left.length > 0) throw new Error(`${title}: ${left[0]?.message} is left`)
      for (const { message } of (await verifyFolder(folder)).damages) throw new Error(`${title}: ${message}`)
      const again = await repairStore(folder, { cutTails: true })
      if (again.reopened || again.lost.length + again.setAside.length + again.left.length > 0)
        throw new Error(`${title}: a second repair finds ${JSON.stringify(again)}`)
      const system = await metersOf(folder)
      for (const key of meters) {
        const count = await system.entity(Meter, key).ask("count")
        await system.entity(Meter, key).ask("read", "more")
        if ((await system.entity(Meter, key).ask("count")) !== count + 1)
          throw new Error(`${title}: ${key} does not go on`)
      }
      await system.stop()
      for (const { message } of (await verifyFolder(folder)).damages) throw new Error(`${title}: later: ${message}`)
      for (const rest of await readdir(home)) if (rest !== "whole") await rm(join(home, rest), { recursive: true })
    }),
    {
      numRuns: 30,
      examples: ways.flatMap((way): [typeof way, number][] => [
        [way, 830],
        [way, 875],
        [way, 411],
      ]),
    },
  )
})
