import { spawn } from "node:child_process"
import fc from "fast-check"
import t from "tap"
import { systemClock, type Clock } from "#actors/clock.js"
import { AgentOSError } from "#actors/errors.js"
import { decodeValue, encodeValue } from "#actors/persistence/checked-value.js"
import { crc32c } from "#actors/persistence/crc32c.js"
import { openLevelDatabase, type Change } from "#actors/persistence/database.js"
import { levelJournal } from "#actors/persistence/level-journal.js"
import { LevelStore } from "#actors/persistence/level-store.js"
import { memoryJournal } from "#actors/persistence/memory-journal.js"
import { after, keyOf, numbered } from "#actors/persistence/keys.js"
import { actorNames, decodeRecord, encodeRecord } from "#actors/persistence/record.js"
import { decodePayload, encodePayload } from "#actors/persistence/stored-codec.js"
import { journalContract } from "#test/support/journal-contract.js"

const openLevel = async (folder: string, clock: Clock = systemClock) =>
  levelJournal(await LevelStore.open(folder), clock)

journalContract("memory", async (_, clock) => memoryJournal(clock), false)
journalContract("leveldb", openLevel, true)

t.test("crc32c has the values of RFC 3720", async (t) => {
  t.equal(crc32c(new Uint8Array(32)), 0x8a9136aa)
  t.equal(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8ab43)
  t.equal(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e)
})

const actor = { tenant: "default", type: "account", key: "alice" }
const stored = {
  name: "deposited",
  payload: { amount: 40, note: "héllo" },
  version: 1,
  sequence: 7,
  epoch: 2,
  wallTime: 1_700_000_000_000,
  commandId: "payment-7",
  traceId: "4bf92f3577b34da6",
}

t.test("a record of format 1 opens for ever", async (t) => {
  const golden = Buffer.from(
    "4c4101035409644f070000000000000002000000000000000068e5cf8b010000010000000000070064656661756c7407006163636f756e740500616c69636509006465706f736974656409007061796d656e742d37100034626639326633353737623334646136de0002a6616d6f756e7428a46e6f7465a668c3a96c6c6f",
    "hex",
  )
  t.same(decodeRecord(golden, "golden"), { actor, event: stored })
})

t.test("a damaged record is refused by name, whatever the damage", async () => {
  const bytes = encodeRecord(actorNames(actor), stored)
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: bytes.length - 1 }),
      fc.integer({ min: 1, max: 255 }),
      fc.boolean(),
      (at, change, cut) => {
        const copy = Buffer.from(bytes)
        copy[at] = (copy[at] as number) ^ change
        try {
          decodeRecord(cut ? copy.subarray(0, at) : copy, "event 7 of default/account/alice")
        } catch (error) {
          return (
            error instanceof AgentOSError &&
            ["RECORD_DAMAGED", "RECORD_UNKNOWN"].includes(error.code) &&
            error.message.includes("event 7 of default/account/alice")
          )
        }
        return false
      },
    ),
    { numRuns: 2000 },
  )
})

t.test("a damaged record stops its actor's recovery and nobody else's", async (t) => {
  const folder = t.testdir()
  let store = await LevelStore.open(folder)
  let journal = levelJournal(store, systemClock)
  const bob = { ...actor, key: "bob" }
  for (const who of [actor, bob]) await journal.append(who, 0, 0, [{ name: "deposited", payload: 1, version: 1 }])
  const prefix = keyOf("journal", "default", "account", "alice")
  for await (const [key, value] of store.range(prefix, after(prefix))) {
    const broken = Buffer.from(value)
    broken[broken.length - 1] = (broken[broken.length - 1] as number) ^ 1
    await store.write([[key, broken]])
  }
  await journal.close()
  store = await LevelStore.open(folder)
  journal = levelJournal(store, systemClock)
  await t.rejects((async () => { for await (const _ of journal.read(actor)); })(), { code: "RECORD_DAMAGED" }) // prettier-ignore
  for await (const events of journal.read(bob)) t.same(events.map(({ payload }) => payload), [1]) // prettier-ignore
  await journal.close()
})

t.test("a store from before head records gets them, with the epochs it knew", async (t) => {
  const folder = t.testdir()
  const store = await LevelStore.open(folder)
  const event = (sequence: number) => ({ name: "deposited", payload: sequence, version: 1, sequence, epoch: 3, wallTime: 0 }) // prettier-ignore
  for (const key of ["alice", "bob\u0000"])
    for (const sequence of [1, 2])
      await store.write([
        [
          numbered(keyOf("journal", "default", "account", key), sequence),
          encodeRecord(actorNames({ ...actor, key }), event(sequence)),
        ],
      ])
  for (const key of ["alice", "carol"]) await store.write([[keyOf("epoch", "default", "account", key), encodePayload(7)]]) // prettier-ignore
  const journal = levelJournal(store, systemClock)
  const keys: string[] = []
  for await (const key of journal.keys("default", "account")) keys.push(key)
  t.same(keys, ["alice", "bob\u0000"])
  await t.rejects(journal.append(actor, 2, 6, []), { code: "STALE_EPOCH" })
  await t.rejects(journal.append({ ...actor, key: "carol" }, 0, 6, []), { code: "STALE_EPOCH" })
  t.equal(
    await journal.append({ ...actor, key: "bob\u0000" }, 2, 3, [{ name: "deposited", payload: 3, version: 1 }]),
    3,
  )
  await journal.close()
})

t.test("a trim that was cut short hides what it was to delete, and the next one ends it", async (t) => {
  const folder = t.testdir()
  const database = await openLevelDatabase(folder)
  let writes = Infinity
  const failing = {
    ...database,
    write: (changes: readonly Change[]) =>
      writes-- > 0 ? database.write(changes) : Promise.reject(new Error("power cut")),
  }
  let journal = levelJournal(new LevelStore(failing), systemClock)
  await journal.append(actor, 0, 0, Array.from({ length: 2500 }, (_, n) => ({ name: "deposited", payload: n, version: 1 }))) // prettier-ignore
  await journal.saveSnapshot(actor, { sequence: 2400, version: 1, state: 0 })
  writes = 2 // the head and a thousand events
  await t.rejects(journal.trim(actor, 2400), { code: "STORE_FAILED" })
  await journal.close()

  const store = await LevelStore.open(folder)
  journal = levelJournal(store, systemClock)
  const sequences: number[] = []
  for await (const events of journal.read(actor)) sequences.push(...events.map(({ sequence }) => sequence))
  t.same([sequences.length, sequences[0]], [100, 2401])
  await journal.trim(actor, 2400)
  const prefix = keyOf("journal", "default", "account", "alice")
  let left = 0
  for await (const _ of store.range(prefix, after(prefix))) left += 1
  t.equal(left, 100)
  await journal.close()
})

t.test(
  "of appends that come together nothing is kept in memory when their commit fails, nor is an ordinal used up",
  async (t) => {
    const folder = t.testdir()
    const database = await openLevelDatabase(folder)
    let full = false
    const failing = {
      ...database,
      write: (changes: readonly Change[]) => (full ? Promise.reject(new Error("ENOSPC")) : database.write(changes)),
    }
    let journal = levelJournal(new LevelStore(failing), systemClock)
    const id = (key: string) => ({ ...actor, key })
    const events = (...payloads: number[]) => payloads.map((payload) => ({ name: "deposited", payload, version: 1 }))
    await journal.append(id("a"), 0, 1, events(1), { ordered: true })
    let calls = 0
    journal.follow("default", "account", () => (calls += 1))
    full = true
    const appends = [
      journal.append(id("a"), 1, 1, events(2, 3)),
      journal.append(id("a"), 3, 1, events(4), { command: { id: "c", reply: 0 } }),
      journal.append(id("b"), 0, 1, events(1), { isNew: true }),
      journal.append(id("a"), 4, 5, []),
    ]
    t.same((await Promise.allSettled(appends)).map(({ status }) => status), appends.map(() => "rejected")) // prettier-ignore
    full = false // there is room again, but what is on the disk is not known until it is opened anew
    await t.rejects(
      journal.append(id("a"), 1, 1, events(2)),
      { code: "DISK_FULL" },
      "it is expected to follow what is there",
    )
    await t.rejects(journal.append(id("a"), 4, 1, events(2)), { code: "SEQUENCE_CONFLICT" })
    t.equal(calls, 0)
    t.equal(await journal.reply(id("a"), "c"), undefined)
    await journal.close()

    journal = await openLevel(folder)
    t.equal(await journal.append(id("a"), 1, 1, events(2), { ordered: true }), 2)
    t.equal(await journal.append(id("b"), 0, 0, events(1), { ordered: true }), 1)
    const order: unknown[] = []
    for await (const page of journal.ordered("default", "account"))
      order.push(...page.map(({ ordinal, key, sequence }) => [ordinal, key, sequence]))
    t.same(order, [[1, "a", 1], [2, "a", 2], [3, "b", 1]]) // prettier-ignore
    await journal.close()
  },
)

t.test("an event that is gone from the end is missed where its head record knows of it", async (t) => {
  const store = await LevelStore.open(t.testdir())
  const journal = levelJournal(store, systemClock)
  await journal.append(actor, 0, 0, [1, 2].map((payload) => ({ name: "deposited", payload, version: 1 }))) // prettier-ignore
  await store.write([[numbered(keyOf("journal", "default", "account", "alice"), 2), undefined]])
  await t.rejects((async () => { for await (const _ of journal.read(actor)); })(), { code: "RECORD_DAMAGED", message: /event 2 is missing/ }) // prettier-ignore
  await journal.close()
})

t.test("values of the releases that had no codec of their own are read as they read them", async (t) => {
  const stored = "3gAKpG5vbmXAo21hcNRNAJKSoWEBkgLUTQCQo3NldNRzAJIBoWKiYXTX/wGrPwAAAAAAo2JpZ9hCAAAAAAAAAEAAAAAAAAAAAKVieXRlc8cDdAEBAqZmbG9hdHPHBXQHAAAAP6VlcnJvctRlAJOqUmFuZ2VFcnJvcqNmYXLUAACldW5kZWbUAACkbGlzdJMAosOp3gABoWuQ" // prettier-ignore
  const { error, ...rest } = decodePayload(Buffer.from(stored, "base64")) as { readonly error: unknown }
  t.match(error, { name: "RangeError", message: "far" })
  t.strictSame(rest, {
    none: null,
    map: new Map<unknown, unknown>([["a", 1], [2, new Map()]]), // prettier-ignore
    set: new Set([1, "b"]),
    at: new Date(7),
    big: 2n ** 70n,
    bytes: new Uint8Array([1, 2]),
    floats: new Float32Array([0.5]),
    undef: undefined,
    list: [0, "é", { k: [] }],
  })
})

t.test("a value that is no event is known to be damaged, whichever byte it is", (t) => {
  const bytes = encodeValue({ sequence: 4, state: { balance: 42 } })
  t.same(
    decodeValue(encodePayload([1, "two"]), () => "it"),
    [1, "two"],
    "a value from before checksums is read",
  )
  for (let at = 0; at < bytes.length; at++)
    for (const change of [1, 2, 4, 8, 16, 32, 64, 128, 255]) {
      const broken = Uint8Array.from(bytes, (byte, i) => (i === at ? byte ^ change : byte))
      try {
        decodeValue(broken, () => "it")
        t.fail(`byte ${at} changed by ${change} is not noticed`)
      } catch (error) {
        if (!(error instanceof AgentOSError && error.code === "RECORD_DAMAGED")) throw error
      }
    }
  t.end()
})

t.test("a second process is told that the folder is taken", async (t) => {
  const folder = t.testdir()
  const store = await LevelStore.open(folder)
  const script = `const { LevelStore } = await import(${JSON.stringify(new URL("../../../actors/persistence/level-store.js", import.meta.url).href)}); await LevelStore.open(${JSON.stringify(folder)}).catch((e) => console.log(e.code))`
  const out = await new Promise<string>((done) => {
    let text = ""
    const child = spawn(process.execPath, ["--input-type=module", "-e", script])
    child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()))
    child.on("exit", () => done(text.trim()))
  })
  t.equal(out, "LEVEL_LOCKED")
  await store.close()
})

t.test("nothing acknowledged is lost when the process is killed", async (t) => {
  const folder = t.testdir()
  const module = (name: string): string => JSON.stringify(new URL(`../../../actors/${name}.js`, import.meta.url).href)
  const script = `
    const { LevelStore } = await import(${module("persistence/level-store")}); const { levelJournal } = await import(${module("persistence/level-journal")}); const { systemClock } = await import(${module("clock")})
    const journal = levelJournal(await LevelStore.open(${JSON.stringify(folder)}), systemClock)
    for (let actor = 0; actor < 16; actor++) (async () => {
      const id = { tenant: "default", type: "t", key: String(actor) }
      let last = 0
      for await (const events of journal.read(id)) last = events.at(-1).sequence
      for (;;) { last = await journal.append(id, last, 0, [{ name: "e", payload: last + 1, version: 1 }]); process.stdout.write(actor + " " + last + "\\n") }
    })()`
  const acknowledged = new Map<string, number>()
  for (let round = 0; round < 2; round++) {
    const child = spawn(process.execPath, ["--input-type=module", "-e", script])
    let text = ""
    child.stdout.on("data", (chunk: Buffer) => {
      text += chunk.toString()
      if (text.length > 2000) child.kill("SIGKILL")
    })
    await new Promise((done) => child.on("close", done))
    for (const line of text.slice(0, text.lastIndexOf("\n")).split("\n")) {
      const [key = "", sequence = ""] = line.split(" ")
      acknowledged.set(key, Number(sequence))
    }
  }
  const journal = await openLevel(folder)
  t.ok(acknowledged.size > 0)
  for (const [key, sequence] of acknowledged) {
    const payloads: unknown[] = []
    for await (const events of journal.read({ tenant: "default", type: "t", key }))
      payloads.push(...events.map(({ payload }) => payload))
    t.ok(payloads.length >= sequence, `actor ${key}: ${sequence} acknowledged, ${payloads.length} found`)
    t.same(
      payloads,
      payloads.map((_, i) => i + 1),
    )
  }
  await journal.close()
})
