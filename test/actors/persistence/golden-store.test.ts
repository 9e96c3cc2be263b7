/** A store of an earlier release (`test/support/golden`) opens, and everything in it goes on. */
import { cp, readdir } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import t, { type Test } from "tap"
import { systemClock, type Clock } from "#actors/clock.js"
import {
  createActorSystem,
  defineProjection,
  definePersistentActor,
  levelJournal,
  LevelStore,
  openLevelJournal,
  repairStore,
  resumeDeliveries,
  startProjection,
  startReminders,
  verifyFolder,
} from "#actors/index.js"

const golden = fileURLToPath(new URL("../../../../test/support/golden/store-1", import.meta.url))

async function copied(t: Test): Promise<string> {
  const folder = join(t.testdir({}), "store")
  await cp(golden, folder, { recursive: true })
  return folder
}

const Ledger = definePersistentActor({
  name: "ledger",
  version: 1,
  state: () => ({ total: 0 }),
  events: {
    booked: (state, cents: number) => {
      state.total += cents
    },
  },
}).receive({ book: (ctx, cents: number) => ctx.persist("booked", cents), total: (ctx) => ctx.state.total })

const Till = definePersistentActor({
  name: "till",
  version: 1,
  state: () => ({ sales: 0 }),
  events: {
    sold: (state) => {
      state.sales += 1
    },
  },
}).receive({ sales: (ctx) => ctx.state.sales })

interface Put {
  readonly name: string
  readonly pieces: number
  readonly at: Date
  readonly big: bigint
  readonly bytes: Uint8Array
}
const Cart = definePersistentActor({
  name: "cart",
  version: 1,
  state: () => ({ items: new Map<string, number>(), seen: new Set<string>() }),
  events: {
    put: (state, { name, pieces, at, big, bytes }: Put) => {
      if (at.getTime() !== 0 || big !== 7n || bytes[1] !== 2) throw new Error("the payload is another")
      state.items.set(name, (state.items.get(name) ?? 0) + pieces)
      state.seen.add(name)
    },
  },
  snapshotEvery: 4,
  retention: { keepEvents: 1 },
}).receive({
  async put(ctx, { name, pieces }: Pick<Put, "name" | "pieces">) {
    await ctx.persist("put", { name, pieces, at: new Date(0), big: 7n, bytes: Uint8Array.of(1, 2) })
    return { of: name, pieces: ctx.state.items.get(name) }
  },
  items: (ctx) => ({ of: Object.fromEntries(ctx.state.items), seen: [...ctx.state.seen].sort() }),
})

const Invoice = definePersistentActor({
  name: "invoice",
  version: 1,
  state: () => ({ warnings: 0 }),
  events: {
    warned: (state) => {
      state.warnings += 1
    },
  },
}).receive({ warn: (ctx) => ctx.persist("warned"), warnings: (ctx) => ctx.state.warnings })

const Totals = defineProjection({
  name: "totals",
  version: 1,
  from: Cart,
  state: () => ({ pieces: 0, byKey: {} as Record<string, number> }),
  apply: {
    put(state, { pieces }, { key }) {
      state.pieces += pieces
      state.byKey[key] = (state.byKey[key] ?? 0) + pieces
    },
  },
})

/** A day after it was written. */
const later: Clock = { ...systemClock, wallTime: () => Date.UTC(2026, 11, 1) + systemClock.monotonic() }
const carts = ["ann", "a/b", "Zoë 🙂"]

async function open(t: Test, folder: string) {
  const journal = await openLevelJournal(folder, later)
  const definitions = [Ledger, Till, Cart, Invoice]
  const system = await createActorSystem({ name: "shop", definitions, journal, clock: later })
  t.teardown(() => system.stop())
  return system
}

t.test("a store of an earlier release is whole, table and log", async (t) => {
  const folder = await copied(t)
  const files = await readdir(folder)
  t.ok(files.some((name) => name.endsWith(".ldb")) && files.some((name) => name.endsWith(".log")))
  const { damages, records } = await verifyFolder(folder)
  t.same(damages.map(({ kind }) => kind), ["old-name", "old-name"], "nothing is damaged, but two keys are names no longer") // prettier-ignore
  t.ok(records > 50)
  const { moved, lost, left } = await repairStore(folder)
  t.same([moved.length, lost, left], [2, [], []])
  t.same((await verifyFolder(folder)).damages, [])
})

t.test("entities have their state and their commands, snapshots, trimmed events and all, and go on", async (t) => {
  const folder = await copied(t)
  let system = await open(t, folder)
  for (const key of carts) {
    const cart = system.entity(Cart, key)
    t.same(await cart.ask("items"), { of: { tea: 9, milk: 12 }, seen: ["milk", "tea"] })
    t.same(await cart.with({ commandId: "put-6" }).ask("put", { name: "milk", pieces: 6 }), { of: "milk", pieces: 12 }, "it was carried out") // prettier-ignore
    t.same(await cart.with({ commandId: "put-7" }).ask("put", { name: "tea", pieces: 1 }), { of: "tea", pieces: 10 })
  }
  t.same(await system.entity(Till, "1").ask("sales"), 2, "an event without a payload")
  await system.stop()
  system = await open(t, folder)
  for (const key of carts) t.match(await system.entity(Cart, key).ask("items"), { of: { tea: 10, milk: 12 } })
})

t.test("a projection goes on where it was, and its order has no gap", async (t) => {
  const system = await open(t, await copied(t))
  const totals = startProjection(system, Totals)
  await totals.caughtUp()
  t.same([totals.state.pieces, totals.state.byKey], [63, Object.fromEntries(carts.map((key) => [key, 21]))])
  const { offset } = totals
  await system.entity(Cart, "new").ask("put", { name: "tea", pieces: 2 })
  await totals.caughtUp()
  t.same([totals.state.pieces, totals.offset], [65, offset + 1])
})

t.test("a delivery that was open is carried out, one that was answered is not", async (t) => {
  const system = await open(t, await copied(t))
  const ledger = system.entity(Ledger, "2026")
  t.equal(await ledger.ask("total"), 100)
  await resumeDeliveries(system, Till)
  while ((await ledger.ask("total")) === 100) await new Promise((done) => setTimeout(done, 5))
  t.equal(await ledger.ask("total"), 350)
})

t.test("reminders are sent when they are due, and those that are not are known", async (t) => {
  const system = await open(t, await copied(t))
  const reminders = await startReminders(system)
  const invoice = system.entity(Invoice, "2026-17")
  while ((await invoice.ask("warnings")) === 0) await new Promise((done) => setTimeout(done, 5))
  while ((await reminders.of(invoice)).length > 1) await new Promise((done) => setTimeout(done, 5)) // until it is known that it was answered
  t.match(await reminders.of(invoice), [{ name: "closing" }])
})

t.test("what stands under names that are none any more can be read", async (t) => {
  const journal = levelJournal(await LevelStore.open(await copied(t)), systemClock)
  t.teardown(() => journal.close())
  const actor = (key: string) => ({ tenant: "default", type: "account", key })
  const keys: string[] = []
  for await (const key of journal.keys("default", "account")) keys.push(key)
  t.same(keys, ["", "a\u0000b", "plain"])
  for (const key of keys) {
    const events: unknown[] = []
    for await (const page of journal.read(actor(key))) events.push(...page)
    t.match(events, [{ sequence: 1, epoch: 3, payload: { key }, commandId: "c", traceId: "t" }, { sequence: 2, payload: null }]) // prettier-ignore
    t.same(await journal.reply(actor(key), "c"), { reply: { ok: key } }, "when it was given was not kept")
  }
  await journal.trimCommands(actor("plain"), Number.MAX_SAFE_INTEGER)
  t.equal(await journal.reply(actor("plain"), "c"), undefined)
  const deposited = { name: "deposited", payload: 1, version: 1 }
  await t.rejects(journal.append(actor("idle"), 0, 8, [deposited]), { code: "STALE_EPOCH" })
  t.equal(await journal.append(actor("plain"), 2, 3, [deposited]), 3)
})
