import fc from "fast-check"
import t, { type Test } from "tap"
import { systemClock, type Clock } from "#actors/clock.js"
import {
  createActorSystem,
  definePersistentActor,
  defineProjection,
  forgetProjection,
  resumeDeliveries,
  startProjection,
  startReminders,
  type ActorSystem,
  type Journal,
  type StoresEvents,
} from "#actors/index.js"
import { openLevelDatabase } from "#actors/persistence/database.js"
import { levelJournal } from "#actors/persistence/level-journal.js"
import { LevelStore } from "#actors/persistence/level-store.js"
import { memoryJournal } from "#actors/persistence/memory-journal.js"
import { JournalRef, remoteJournal } from "#actors/remote/journal-ref.js"
import { verifyFolder } from "#actors/persistence/verify.js"
import { HandClock } from "#test/support/hand-clock.js"

const accountEvents = {
  deposited: (state: { balance: number }, amount: number) => {
    state.balance += amount
  },
  closed: (state: { balance: number }) => {
    state.balance = 0
  },
}
const Account = definePersistentActor({
  name: "account",
  version: 1,
  state: () => ({ balance: 0 }),
  events: accountEvents,
}).receive({
  async deposit(ctx, amount: number) {
    await ctx.persist("deposited", amount)
    return ctx.state.balance
  },
  close: (ctx) => ctx.persist("closed"),
})

/** Who has how much, and in which order it was paid in. */
const Balances = defineProjection({
  name: "balances",
  version: 1,
  from: Account as typeof Account & StoresEvents<typeof accountEvents>,
  state: () => ({ of: {} as Record<string, number>, payments: [] as [string, number][] }),
  apply: {
    deposited(state, amount, { key, sequence }) {
      state.of[key] = (state.of[key] ?? 0) + amount
      state.payments.push([key, sequence])
    },
    closed: (state, _, { key }) => {
      delete state.of[key]
    },
  },
  saveEvery: 3,
  saveAfterMs: 5,
})

const wrong = {
  name: "wrong",
  version: 1,
  from: Account as typeof Account & StoresEvents<typeof accountEvents>,
  state: () => ({ total: 0 }),
}
// @ts-expect-error the payload of a deposit is a number
defineProjection({ ...wrong, apply: { deposited: (state, amount: string) => void (state.total += amount.length) } })
// @ts-expect-error an account has no such event
defineProjection({ ...wrong, apply: { withdrawn: () => {} } })

const open = (journal: Journal): Promise<ActorSystem> =>
  createActorSystem({ name: "test", definitions: [Account], journal })
const deposit = (system: ActorSystem, key: string, amount: number): Promise<number> =>
  system.entity(Account, key).ask("deposit", amount)

/** Runs with each adapter; `again` is the journal after the program has ended in order. */
function withJournals(title: string, test: (t: Test, again: () => Promise<Journal>) => Promise<void>): void {
  t.test(title, async (t) => {
    const kept = { ...memoryJournal(systemClock), close: async () => {} }
    await t.test("memory", (t) => test(t, async () => kept))
    await t.test("leveldb", (t) => {
      const folder = t.testdir()
      return test(t, async () => levelJournal(await LevelStore.open(folder), systemClock))
    })
  })
}

withJournals("a projection folds what was stored before it and what is stored while it runs", async (t, again) => {
  const system = await open(await again())
  await deposit(system, "alice", 1)
  await deposit(system, "bob", 2)
  const balances = startProjection(system, Balances)
  await balances.caughtUp()
  t.same(balances.state.of, { alice: 1, bob: 2 })
  await Promise.all([deposit(system, "alice", 10), deposit(system, "carol", 5)])
  await system.entity(Account, "bob").ask("close")
  await balances.caughtUp()
  t.same(balances.state.of, { alice: 11, carol: 5 })
  t.equal(balances.offset, 5)
  await balances.stop()
  await t.rejects(balances.caughtUp(), { code: "ACTOR_STOPPED" })
  await system.stop()
})

withJournals("after a restart it goes on from its offset, and folds each event once", async (t, again) => {
  let system = await open(await again())
  let balances = startProjection(system, Balances)
  for (let n = 0; n < 5; n++) await deposit(system, "alice", 1)
  await balances.caughtUp()
  await system.stop()
  system = await open(await again())
  await deposit(system, "alice", 1)
  let reads: number | undefined
  const { ordered } = system.journal
  const journal = system.journal as { ordered: Journal["ordered"] }
  journal.ordered = (tenant, type, after) => ordered(tenant, type, (reads ??= after))
  balances = startProjection(system, Balances)
  await balances.caughtUp()
  journal.ordered = ordered
  t.equal(reads, 5, "only what is new is read")
  t.same(balances.state.of, { alice: 6 })
  await system.stop()
})

withJournals("another version is built anew", async (t, again) => {
  let system = await open(await again())
  await deposit(system, "alice", 20)
  let balances = startProjection(system, Balances)
  await balances.caughtUp()
  await system.stop()
  system = await open(await again())
  const Doubled = { ...Balances, version: 2, apply: { deposited: (state: { of: Record<string, number> }, amount: number) => { state.of["all"] = (state.of["all"] ?? 0) + 2 * amount } } } // prettier-ignore
  balances = startProjection(system, Doubled)
  await balances.caughtUp()
  t.same(balances.state.of, { all: 40 })
  await system.stop()
})

withJournals("events that were trimmed before it saw them are counted", async (t, again) => {
  const system = await open(await again())
  const { journal } = system
  const alice = { tenant: "default", type: "account", key: "alice" }
  for (let n = 0; n < 4; n++) await deposit(system, "alice", 1)
  for await (const _ of journal.ordered("default", "account"));
  await journal.saveSnapshot(alice, { sequence: 3, version: 1, state: { balance: 3 } })
  await journal.trim(alice, 3)
  const balances = startProjection(system, Balances)
  await balances.caughtUp()
  t.same([balances.state.of, balances.missed], [{ alice: 1 }, 3])
  await system.stop()
})

withJournals("a fold that throws stops the projection where it was stored, and is tried again", async (t, again) => {
  const system = await open(await again())
  let broken = true
  const Fragile = defineProjection({
    name: "fragile",
    version: 1,
    from: Account,
    state: () => ({ total: 0 }),
    apply: {
      deposited(state, amount: number) {
        state.total += amount
        if (amount === 13 && broken) throw new Error("bad luck")
      },
    },
    saveEvery: 1,
  })
  const totals = startProjection(system, Fragile)
  await deposit(system, "alice", 1)
  await totals.caughtUp()
  await deposit(system, "alice", 13)
  await t.rejects(totals.caughtUp(), { message: "bad luck" })
  t.match(totals.failed, { message: "bad luck" })
  broken = false
  await totals.caughtUp()
  t.equal(totals.state.total, 14, "what the failed fold did is undone")
  t.equal(totals.failed, undefined)
  await deposit(system, "alice", 1)
  await totals.caughtUp()
  t.equal(totals.state.total, 15)
  await system.stop()
})

/** Lets go of all that it may: each event makes a snapshot. */
const tallyEvents = { counted: (state: { n: number }) => void (state.n += 1) }
const Tally = definePersistentActor({
  name: "tally",
  version: 1,
  state: () => ({ n: 0 }),
  events: tallyEvents,
  snapshotEvery: 1,
  retention: { keepEvents: 0 },
}).receive({
  async count(ctx, times: number) {
    for (let n = 0; n < times; n++) await ctx.persist("counted")
  },
})

interface Totals {
  total: number
}
const totalsOf = (name: string, more: { version?: number; fold?: (state: Totals) => void } = {}) =>
  defineProjection({
    name,
    version: more.version ?? 1,
    from: Tally as typeof Tally & StoresEvents<typeof tallyEvents>,
    state: (): Totals => ({ total: 0 }),
    apply: { counted: more.fold ?? ((state) => void (state.total += 1)) },
    saveEvery: Infinity,
    saveAfterMs: Infinity, // only when it stops
  })

const counting = (journal: Journal, warned: string[] = [], clock: Clock = systemClock): Promise<ActorSystem> =>
  createActorSystem({
    name: "test",
    definitions: [Tally],
    journal: { ...journal, close: async () => {} },
    clock,
    logger: { debug() {}, info() {}, error() {}, warn: (_, text) => void warned.push(text) },
  })
const count = (system: ActorSystem, keys: number, times: number): Promise<unknown> =>
  Promise.all(Array.from({ length: keys }, (_, k) => system.entity(Tally, `k${k}`).ask("count", times)))
/** Sleeps until snapshots and trims that are under way have ended. */
const settled = (system: ActorSystem): Promise<void> => system.stop()
const kept = async (journal: Journal): Promise<number> => {
  let events = 0
  for await (const page of journal.ordered("default", "tally")) events += page.length
  return events
}

/** Runs with each adapter, which stays open. */
function withOpen(title: string, test: (t: Test, journal: Journal) => Promise<void>): void {
  t.test(title, async (t) => {
    await t.test("memory", (t) => test(t, memoryJournal(systemClock)))
    await t.test("leveldb", async (t) => {
      const folder = t.testdir()
      const journal = levelJournal(await LevelStore.open(folder), systemClock)
      await test(t, journal)
      await journal.close()
      t.same((await verifyFolder(folder)).damages, [])
    })
  })
}

withOpen("a projection that runs misses nothing of what retention lets go, from its start on", async (t, journal) => {
  const system = await counting(journal)
  const totals = startProjection(system, totalsOf("totals"))
  await count(system, 20, 20)
  await totals.caughtUp()
  t.same([totals.state.total, totals.missed], [400, 0])
  await system.stop()
})

withOpen("trims of a system whose journal is elsewhere wait for it, too", async (t, journal) => {
  const system = await counting(journal)
  const ref = new JournalRef(system.journal)
  const away = await counting(remoteJournal(() => ref)) // as of a worker thread
  t.throws(() => startProjection(away, totalsOf("totals")), { code: "STORE_REFUSED" })
  const totals = startProjection(system, totalsOf("totals"))
  await totals.caughtUp()
  await count(away, 5, 20)
  await totals.caughtUp()
  t.same([totals.state.total, totals.missed], [100, 0])
  await totals.stop()
  await count(away, 5, 1)
  await away.stop()
  t.equal(await kept(journal), 5, "what it has stored is let go")
  await system.stop()
})

withOpen("what a projection has folded and not stored is there after a crash", async (t, journal) => {
  const system = await counting(journal)
  const totals = startProjection(system, totalsOf("totals"))
  await count(system, 3, 30)
  await totals.caughtUp()
  t.equal(await kept(journal), 90)
  const next = await counting(journal) // what the first one knows is nowhere else
  const again = startProjection(next, totalsOf("totals"))
  await again.caughtUp()
  t.same([again.state.total, again.missed], [90, 0])
  await next.stop()
  await system.stop()
})

withOpen("what it has stored is let go, also of actors that have not stored anything since", async (t, journal) => {
  let system = await counting(journal)
  const totals = startProjection(system, totalsOf("totals"))
  await count(system, 2, 10)
  await totals.caughtUp()
  await settled(system)
  t.equal(await kept(journal), 20)
  system = await counting(journal)
  await count(system, 2, 1)
  await settled(system)
  t.equal(await kept(journal), 2, "its position is known though it does not run")
  system = await counting(journal)
  const again = startProjection(system, totalsOf("totals"))
  await again.caughtUp()
  t.same([again.state.total, again.missed], [22, 0])
  await system.stop()
})

withOpen("a fold that throws for a while jumps over nothing", async (t, journal) => {
  const system = await counting(journal)
  let broken = true
  let seen = 0
  const Fragile = totalsOf("fragile", {
    fold: (state) => {
      if (broken && ++seen > 3) throw new Error("bad luck")
      state.total += 1
    },
  })
  const totals = startProjection(system, Fragile)
  await count(system, 2, 20)
  await t.rejects(totals.caughtUp(), { message: "bad luck" })
  await count(system, 2, 20)
  broken = false
  await totals.caughtUp()
  t.same([totals.state.total, totals.missed], [80, 0])
  await system.stop()
})

withOpen("the slowest of several projections holds trims, until it is forgotten", async (t, journal) => {
  let system = await counting(journal)
  const broken = totalsOf("broken", {
    fold: () => {
      throw new Error("for good")
    },
  })
  startProjection(system, broken)
  startProjection(system, totalsOf("totals"))
  await count(system, 1, 10)
  await t.rejects(forgetProjection(system, broken), { code: "STORE_REFUSED" }, "it runs")
  await settled(system)
  t.equal(await kept(journal), 10)
  const warned: string[] = []
  const clock = new HandClock()
  system = await counting(journal, warned, clock)
  let stored = 10
  for (; warned.length === 0; stored++) {
    await count(system, 1, 1)
    clock.wind(60_000)
  }
  t.equal(await kept(journal), stored)
  t.match(warned, [/are kept for a projection .*forgetProjection/])
  await forgetProjection(system, { name: "broken", from: "account" })
  await forgetProjection(system, { name: "nobody", from: "tally" })
  await settled(system)
  system = await counting(journal)
  await count(system, 1, 1)
  await settled(system)
  t.equal(await kept(journal), stored + 1, "another one was forgotten")
  system = await counting(journal)
  const totals = startProjection(system, totalsOf("totals"))
  await totals.caughtUp()
  await totals.stop()
  await forgetProjection(system, { name: "broken", from: "tally" })
  await count(system, 1, 1)
  await settled(system)
  t.equal(await kept(journal), 1, "what the other one has stored is gone")
})

withOpen("one that begins anew reads what is left, and misses nothing from then on", async (t, journal) => {
  let system = await counting(journal)
  const first = startProjection(system, totalsOf("totals"))
  await count(system, 2, 5)
  await first.caughtUp()
  await settled(system)
  system = await counting(journal)
  const second = startProjection(system, totalsOf("totals", { version: 2 }))
  await second.caughtUp()
  t.equal(second.state.total, 10)
  await count(system, 2, 5)
  await second.caughtUp()
  t.same([second.state.total, second.missed], [20, 0])
  t.equal(await kept(journal), 20, "the position of the version before counts no more")
  await system.stop()
})

withOpen("one that was overtaken by itself on another node goes on from what that has stored", async (t, journal) => {
  const held: Journal = { ...journal, follow: () => () => undefined } // it hears of nothing by itself
  const [one, other] = [await counting(journal), await counting(held)]
  const slow = startProjection(other, totalsOf("totals"))
  await slow.caughtUp()
  const quick = startProjection(one, totalsOf("totals"))
  await count(one, 2, 10)
  await quick.caughtUp()
  await quick.stop()
  await count(one, 2, 1) // lets go of what the quick one has stored
  await one.stop()
  t.equal(await kept(journal), 2)
  await slow.caughtUp()
  t.same([slow.state.total, slow.missed], [22, 0])
  await other.stop()
})

t.test("a power cut at any write leaves state and offset of the same moment", async (t) => {
  let round = 0
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 5, max: 20 }), async (cut, events) => {
      const folder = t.testdir({}) + `/${round++}`
      const database = await openLevelDatabase(folder)
      let left = cut
      const failing = { ...database, write: (changes: Parameters<typeof database.write>[0]) => (left-- > 0 ? database.write(changes) : Promise.reject(new Error("power cut"))) } // prettier-ignore
      let system = await open(levelJournal(new LevelStore(failing), systemClock))
      let balances = startProjection(system, Balances)
      // A store whose write has failed takes none, and who wakes then waits for it until it gives up.
      for (let n = 0; n < events && left > 0; n++) {
        await deposit(system, `k${n % 3}`, 1).catch(() => undefined)
        if (left > 0) await balances.caughtUp().catch(() => undefined) // later it fails, and waits longer each time
      }
      await system.stop()
      system = await open(levelJournal(await LevelStore.open(folder), systemClock))
      balances = startProjection(system, Balances)
      await balances.caughtUp()
      const stored: [string, number][] = []
      for await (const page of system.journal.ordered("default", "account"))
        stored.push(...page.map(({ key, sequence }): [string, number] => [key, sequence]))
      t.same(balances.state.payments, stored)
      await system.stop()
    }),
    { numRuns: 15 },
  )
})

t.test("the same projection does not run twice in a system", async (t) => {
  const system = await open(memoryJournal(systemClock))
  startProjection(system, Balances)
  t.throws(() => startProjection(system, Balances), { code: "NAME_TAKEN" })
  t.doesNotThrow(() => startProjection(system, Balances, { tenant: "other" }))
  await system.stop()
})

t.test("a projection without a name or version is refused", (t) => {
  const spec = { from: Account, state: () => ({}), apply: {} }
  t.throws(() => defineProjection({ ...spec, name: "a b", version: 1 }), { code: "INVALID_DEFINITION" })
  t.throws(() => defineProjection({ ...spec, name: "a", version: 0 }), { code: "INVALID_DEFINITION" })
  t.end()
})

t.test("whoever waits for a projection is told when the system stops, also before it has begun", async (t) => {
  const system = await createActorSystem({ name: "test", definitions: [Account] })
  const all = defineProjection({ name: "all", version: 1, from: Account, state: () => ({}), apply: {} })
  const projection = startProjection(system, all)
  const told = t.rejects(projection.caughtUp(), { code: "ACTOR_STOPPED" })
  const resumed = t.rejects(resumeDeliveries(system, Account), { code: "ACTOR_STOPPED" })
  await system.stop()
  await Promise.all([told, resumed])
  await t.rejects(projection.caughtUp(), { code: "ACTOR_STOPPED" })
  for (const begin of [forgetProjection(system, all), startReminders(system), resumeDeliveries(system, Account)])
    await t.rejects(begin as Promise<unknown>, { code: "SYSTEM_STOPPED" })
})

t.test("an earlier version leaves alone what a later one has stored", async (t) => {
  const journal = memoryJournal(systemClock)
  const system = await createActorSystem({ name: "test", definitions: [Account], journal })
  t.teardown(() => system.stop())
  const of = (version: number) =>
    defineProjection({
      name: "sum",
      version,
      from: Account,
      state: () => ({ n: 0 }),
      apply: { deposited: (s) => void s.n++ },
    })
  const alice = system.entity(Account, "alice")
  for (let n = 0; n < 5; n++) await alice.ask("deposit", 1)
  const second = startProjection(system, of(2))
  await second.caughtUp()
  await second.stop()
  const first = startProjection(system, of(1))
  await t.rejects(first.caughtUp(), { code: "RECORD_UNKNOWN", message: /version 2 of the projection sum/ })
  await first.stop()
  const again = startProjection(system, of(2))
  t.teardown(() => again.stop())
  await again.caughtUp()
  t.same(again.state, { n: 5 })
})
