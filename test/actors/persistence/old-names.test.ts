/**
 * A store of the commit before names were checked (`golden/old-names-1.json`, keys and values in hex): accounts and
 * tills of keys "", "a\u0001b", of 600 bytes and others, a tenant with a zero byte, command ids with control
 * characters, a projection, deliveries that are open, and one of each till that was carried out without its till
 * having written so down.
 */
import { readFile } from "node:fs/promises"
import fc from "fast-check"
import t, { type Test } from "tap"
import {
  createActorSystem,
  definePersistentActor,
  defineProjection,
  delivery,
  levelJournal,
  LevelStore,
  repairStore,
  resumeDeliveries,
  startReminders,
  startProjection,
  systemClock,
  verifyFolder,
  type ActorSystem,
} from "#actors/index.js"
import { isName, joined, numberedIn } from "#actors/names.js"
import { encodeValue } from "#actors/persistence/checked-value.js"
import { commandKeyOf, headKeyOf, shardsKey } from "#actors/persistence/heads.js"
import type { PersistenceId } from "#actors/persistence/journal.js"
import { keyOf } from "#actors/persistence/keys.js"
import { allowedName } from "#actors/persistence/old-names.js"
import { shardOf } from "#cluster/placement.js"
import { shardsInUse } from "#cluster/shard-index.js"

const golden = new URL("../../../../test/support/golden/old-names-1.json", import.meta.url)
const long = "long ".repeat(120)

async function oldStore(t: Test): Promise<string> {
  const folder = t.testdir()
  const store = await LevelStore.open(folder)
  const entries = Object.entries(JSON.parse(await readFile(golden, "utf8")) as Record<string, string>)
  await store.write(entries.map(([key, value]) => [Buffer.from(key, "hex"), Buffer.from(value, "hex")]))
  await store.close()
  return folder
}

let deaf = true
const Account = definePersistentActor({
  name: "account",
  version: 1,
  state: () => ({ balance: 0 }),
  events: {
    grew: (state, by: number) => {
      state.balance += by
    },
  },
}).receive({
  async grow(ctx, by: number) {
    if (deaf && by > 1000) throw new Error("not now")
    await ctx.persist("grew", by)
    return ctx.state.balance
  },
  balance: (ctx) => ctx.state.balance,
})
const Till = definePersistentActor({
  name: "till",
  version: 1,
  state: () => ({ sold: 0 }),
  events: {
    sold: (state) => {
      state.sold += 1
    },
  },
}).receive({
  sell: (ctx, to: string) => ctx.persistAll([], delivery(ctx.system.entity(Account, to), "grow", 1)),
  sold: (ctx) => ctx.state.sold,
})
const Totals = defineProjection({
  name: "totals",
  version: 1,
  from: Account,
  state: () => ({ all: 0 }),
  apply: {
    grew(state, by) {
      state.all += by
    },
  },
})
// Of this version nothing is stored: it reads all there is.
const Anew = defineProjection({ ...Totals, from: Account, version: 2, apply: { grew: (state, by) => void (state.all += by) } }) // prettier-ignore

async function open(t: Test, folder: string): Promise<ActorSystem> {
  const journal = levelJournal(await LevelStore.open(folder), systemClock)
  const system = await createActorSystem({ name: "old", definitions: [Account, Till], journal })
  t.teardown(() => system.stop())
  return system
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((done) => setTimeout(done, 5))
}

t.test(
  "verify names each actor and command whose name is no longer allowed, once, and the store works on",
  async (t) => {
    const folder = await oldStore(t)
    const { damages } = await verifyFolder(folder)
    t.ok(damages.every(({ kind }) => kind === "old-name"))
    const actors = damages.flatMap((it) => (it.kind === "old-name" && it.command === undefined ? [joined(it.actor.tenant, it.actor.type, it.actor.key)] : [])) // prettier-ignore
    const expected = ["default/account/", "default/account/a\u0001b", joined("default", "account", long), "default/till/till\u0001", "t\u0000u/account/k", "t\u0000u/~projection/totals"] // prettier-ignore
    t.same(actors.sort(), expected.sort())
    const commands = damages.flatMap((it) => (it.kind === "old-name" && it.command !== undefined ? [it.command] : []))
    t.same(new Set(commands), new Set(["odd\u0002", "default/till/till\u0001#1"]))
    const [empty] = damages.filter((it) => it.kind === "old-name" && it.actor.key === "" && it.command === undefined)
    t.match(
      empty?.message,
      /"default\/account\/": the key is empty, which is no longer allowed; `store repair` moves it/,
    )

    const system = await open(t, folder)
    t.equal(await system.entity(Account, "ordinary").ask("balance"), 201)
    t.equal(await system.entity(Account, "a%01b%").ask("balance"), 216)
    t.equal(await system.entity(Account, "\ufffd").ask("balance"), 212)
    for (const key of ["", "a\u0001b", long]) {
      t.throws(() => system.entity(Account, key), { code: "INVALID_NAME" })
      const read: unknown[] = []
      for await (const page of system.journal.read({ tenant: "default", type: "account", key })) read.push(...page)
      t.ok(read.length > 2, "its records can be read")
    }
    const totals = startProjection(system, Anew)
    await totals.caughtUp()
    t.ok(totals.state.all > 1000)
  },
)

t.test("repair moves them with all that belongs to them, and says so", async (t) => {
  deaf = true
  const folder = await oldStore(t)
  const before = await verifyFolder(folder)
  const { moved, left, setAside } = await repairStore(folder)
  t.same(left, [])
  t.same(setAside, [])
  const to = new Map(moved.map(({ from, to }) => [joined(from.tenant, from.type, from.key), to]))
  t.same(to.get("default/account/"), { tenant: "default", type: "account", key: "%empty" })
  t.same(to.get("default/account/a\u0001b"), { tenant: "default", type: "account", key: "a%01b" })
  t.same(to.get("default/till/till\u0001"), { tenant: "default", type: "till", key: "till%01" })
  t.same(to.get("t\u0000u/account/k"), { tenant: "t%00u", type: "account", key: "k" })
  const after = await verifyFolder(folder)
  t.same(after, { records: before.records, damages: [] })
  t.same((await repairStore(folder)).moved, [], "once")

  const system = await open(t, folder)
  const account = (key: string) => system.entity(Account, key)
  t.equal(await account("%empty").ask("balance"), 205)
  t.equal(await account("a%01b").ask("balance"), 209)
  t.equal(await account("a%01b%").ask("balance"), 216)
  t.equal(await account(allowedName(long)).ask("balance"), 205)
  const inTenant = system.entity(Account, "k", { tenant: "t%00u" })
  t.equal(await inTenant.ask("balance"), 14)
  t.equal(await account("a%01b").with({ commandId: "plain" }).ask("grow", 100), 109, "what was answered is known")
  t.equal(await account("ordinary").with({ commandId: "odd%02" }).ask("grow", 100), 201)

  const totals = startProjection(system, Totals)
  await totals.caughtUp()
  const anew = startProjection(system, { ...Anew, name: "anew" })
  await anew.caughtUp()
  t.same(totals.state, anew.state, "a read model goes on where it was")
  t.equal(totals.missed, 0)
  const far = startProjection(system, Totals, { tenant: "t%00u" })
  await far.caughtUp()
  t.same(far.state, { all: 14 })

  t.equal(await account("sum").ask("balance"), 231)
  deaf = false
  t.equal(await resumeDeliveries(system, Till), 2)
  await until(async () => (await account("a%01b").ask("balance")) === 10_209)
  await until(async () => (await inTenant.ask("balance")) === 10_014)
  t.equal(await account("sum").ask("balance"), 231, "what was carried out before the move is not carried out again")
  for (const key of ["till%01", "plain"]) t.equal(await system.entity(Till, key).ask("sold"), 3)
  await system.entity(Till, "till%01").ask("sell", "ordinary")
  await until(async () => (await account("ordinary").ask("balance")) === 202)
})

t.test(
  "repair moves reminders to whom they are for, as this release and the one before have stored them",
  async (t) => {
    const folder = await oldStore(t)
    const store = await LevelStore.open(folder)
    const journal = levelJournal(store, systemClock)
    const to = (key: string, tenant = "default") => ({ tenant, type: "account", key })
    const kept = (at: number, key: string, tenant?: string) => ({
      to: to(key, tenant),
      name: "r",
      at,
      type: "grow",
      payload: at,
    })
    const former = (key: string) => ({ tenant: "default", type: "llmagentos.reminders", key })
    const id = (key: string) => JSON.stringify(["default", "account", key, "r"])
    const event = (name: string, payload: unknown, version = 1) => ({ name, payload, version })
    await journal.append(former("1"), 0, 0, [event("set", kept(1, "a\u0001b"))])
    const state = {
      kept: { [id("a\u0001b")]: kept(1, "a\u0001b"), [id("")]: kept(2, ""), [id("sum")]: kept(4, "sum") },
    }
    await journal.saveSnapshot(former("1"), { sequence: 1, version: 1, state })
    await journal.append(former("1"), 1, 0, [
      event("set", kept(8, long)),
      event("set", kept(16, "gone\u0002")),
      event("cancelled", id("gone\u0002")),
      event("set", kept(32, "often\u0003")),
      event("fired", { id: id("often\u0003"), next: 64 }),
      event("set", kept(128, "k", "t\u0000u")),
      event("set", kept(256, "done\u0004")),
    ])
    // Carried out under the old name, and not written down.
    const commandId = `reminder:${id("done\u0004")}@256`
    await journal.append(to("done\u0004"), 0, 0, [event("grew", 256)], { command: { id: commandId, reply: undefined } })
    const later = { ...former("group-7"), key: "group-7" }
    const set = { ...kept(512, "later\u0005"), setting: { by: "group-7", number: 1 } }
    await journal.append(later, 0, 0, [event("set", set, 2)])
    const map = new Map([[joined("default", "account", "later\u0005", "r"), set]])
    await journal.saveSnapshot(later, {
      sequence: 1,
      version: 2,
      state: { kept: map, settings: 1, tenants: new Set() },
    })
    const keys = ["%empty", "a%01b", "sum", allowedName(long), "gone%02", "often%03", "done%04", "later%05"]
    await journal.close()
    const { damages } = await verifyFolder(folder)
    t.ok(
      damages.some((it) => it.kind === "old-name" && it.actor.key === "often\u0003"),
      "whom only a reminder names",
    )
    t.same((await repairStore(folder)).left, [])
    t.same((await verifyFolder(folder)).damages, [])

    deaf = false
    const system = await open(t, folder)
    const balances = async () => Promise.all(keys.map((key) => system.entity(Account, key).ask("balance")))
    const before = await balances()
    const inTenant = system.entity(Account, "k", { tenant: "t%00u" })
    const tenantBefore = await inTenant.ask("balance")
    const reminders = await startReminders(system)
    await until(async () => (await system.entity(Account, "later%05").ask("balance")) === 512)
    await until(async () => (await inTenant.ask("balance")) === tenantBefore + 128)
    await until(
      async () => (await Promise.all(keys.map((key) => reminders.of(system.entity(Account, key))))).flat().length === 0,
    )
    const grown = (await balances()).map((balance, i) => balance - (before[i] as number))
    t.same(grown, [2, 1, 4, 8, 0, 32, 0, 512])
  },
)

t.test("nothing is put over what is there: who would come to a name that is taken stays", async (t) => {
  const folder = await oldStore(t)
  const store = await LevelStore.open(folder)
  const journal = levelJournal(store, systemClock)
  const grew = [{ name: "grew", payload: 1, version: 1 }]
  await journal.append({ tenant: "default", type: "account", key: "a%01b" }, 0, 0, grew)
  await journal.append({ tenant: "t%00u", type: "account", key: "z" }, 0, 0, grew, { ordered: true })
  await journal.close()
  const { moved, left } = await repairStore(folder)
  t.same(left.map((it) => it.kind === "old-name" && joined(it.actor.tenant, it.actor.type, it.actor.key)).sort(), [
    "default/account/a\u0001b",
    "t\u0000u/account/k",
  ])
  t.match(left[0]?.message, /it was not moved: there is "default\/account\/a%01b" already/)
  t.match(left[1]?.message, /it was not moved: the events of "t%00u\/account" have an order of their own already/)
  t.ok(moved.some(({ from }) => from.key === ""))
  const system = await open(t, folder)
  t.equal(await system.entity(Account, "a%01b").ask("balance"), 1)
  t.equal(await system.entity(Account, "%empty").ask("balance"), 205)
  const read: unknown[] = []
  for await (const page of system.journal.read({ tenant: "t\u0000u", type: "account", key: "k" })) read.push(...page)
  t.equal(read.length, 2)
})

t.test("in the store of a cluster's node an entity stays in its shard", async (t) => {
  const folder = await oldStore(t)
  const shards = 64
  const actors: readonly PersistenceId[] = [
    { tenant: "default", type: "account", key: "" },
    { tenant: "default", type: "account", key: "a\u0001b" },
    { tenant: "t\u0000u", type: "account", key: "k" },
  ]
  const shardIn = ({ tenant, type, key }: PersistenceId): number => shardOf(tenant, type, key, shards)
  const store = await LevelStore.open(folder)
  await store.write([
    [shardsKey, encodeValue(shards)],
    ...actors.map((actor) => [keyOf("shard", String(shardIn(actor)), actor.tenant, actor.type, actor.key), encodeValue(1)] as const), // prettier-ignore
  ])
  const inUse = await shardsInUse(store)
  await store.close()
  const kept = await repairStore(folder)
  t.same(kept.moved, [], "without knowing the shards, nothing is moved")
  t.match(kept.left[0]?.message, /it was not moved: the store belongs to a node of a cluster/)
  const { moved, left } = await repairStore(folder, { shardOf })
  t.same(left, [])
  for (const actor of actors) {
    const to = moved.find(({ from }) => joined(from.tenant, from.key) === joined(actor.tenant, actor.key))?.to as PersistenceId // prettier-ignore
    t.ok(isName(to.key) && isName(to.tenant))
    t.equal(shardIn(to), shardIn(actor))
  }
  const again = await LevelStore.open(folder)
  t.same(await shardsInUse(again), inUse)
  const till = moved.find(({ from }) => from.type === "till")?.to as PersistenceId
  const sum = { tenant: "default", type: "account", key: "sum" }
  t.ok(await again.get(commandKeyOf(sum, numberedIn(till.tenant, till.type, till.key, 1))), "its delivery is known")
  for (const { to } of moved)
    if (!to.type.startsWith("~")) t.ok((await again.get(headKeyOf(to))) !== undefined || to.type === "till")
  await again.close()
})

t.test("what a name becomes is a name, and is that of no other", (t) => {
  const text = fc.oneof(
    fc.string({ unit: fc.constantFrom("%", "0", "1", "\u0000", "\u0001", "\u0011", "e", "empty", "~") }),
    fc.string({ unit: "binary", maxLength: 600 }),
  )
  const wellFormed = text.filter((name) => name.isWellFormed())
  fc.assert(
    fc.property(wellFormed, wellFormed, (a, b) => {
      const both = [allowedName(a), allowedName(b)]
      if (!both.every(isName)) return false
      return isName(a) || isName(b) || (both[0] === both[1]) === (a === b)
    }),
    { numRuns: 2000 },
  )
  t.equal(allowedName("as it is"), "as it is")
  t.end()
})
