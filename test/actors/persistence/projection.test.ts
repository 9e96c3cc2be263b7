import fc from "fast-check"
import t, { type Test } from "tap"
import { systemClock } from "#actors/clock.js"
import {
  createActorSystem,
  definePersistentActor,
  defineProjection,
  startProjection,
  type ActorSystem,
  type Journal,
  type StoresEvents,
} from "#actors/index.js"
import { openLevelDatabase } from "#actors/persistence/database.js"
import { levelJournal } from "#actors/persistence/level-journal.js"
import { LevelStore } from "#actors/persistence/level-store.js"
import { memoryJournal } from "#actors/persistence/memory-journal.js"

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
