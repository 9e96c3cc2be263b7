import t from "tap"
import { createActorSystem, definePersistentActor, levelJournal, LevelStore, memoryJournal } from "#actors/index.js"
import type { ActorSystem, Journal } from "#actors/index.js"
import { HandClock } from "../../support/hand-clock.js"

const settings = { snapshotEvery: 10, retention: { keepEvents: 5, keepCommandsMs: 1000 } }
const counterOf = (version: number, upgradeState?: Readonly<Record<number, (state: unknown) => unknown>>) =>
  definePersistentActor({
    name: "counter",
    version,
    state: () => ({ total: 0 }),
    events: {
      added: (state, by: number) => {
        state.total += by
      },
    },
    ...settings,
    ...(upgradeState === undefined ? {} : { upgradeState }),
  }).receive({
    async add(ctx, by: number) {
      await ctx.persist("added", by)
      return ctx.state.total
    },
    total: (ctx) => ctx.state.total,
  })
const id = { tenant: "default", type: "counter", key: "k" }
const open = (clock: HandClock, journal: Journal, definition: ReturnType<typeof counterOf>) =>
  createActorSystem({
    name: "test",
    clock,
    journal: { ...journal, close: () => Promise.resolve() },
    definitions: [definition],
  })
const stored = async (journal: Journal): Promise<number[]> => {
  const sequences: number[] = []
  for await (const page of journal.read(id)) sequences.push(...page.map(({ sequence }) => sequence))
  return sequences
}

await t.test("events behind a snapshot go, those that are to be kept stay, and the state goes on", async (t) => {
  const clock = new HandClock()
  const journal = memoryJournal(clock)
  const Counter = counterOf(1)
  const first = await open(clock, journal, Counter)
  for (let n = 1; n <= 12; n++) await first.entity(Counter, "k").ask("add", 1)
  await first.stop()
  t.same(await stored(journal), [6, 7, 8, 9, 10, 11, 12])
  const second = await open(clock, journal, Counter)
  t.teardown(() => second.stop())
  t.equal(await second.entity(Counter, "k").ask("total"), 12)
})

await t.test("F13. answers of commands are forgotten by age", async (t) => {
  const clock = new HandClock()
  const journal = memoryJournal(clock)
  const Counter = counterOf(1)
  const system = await open(clock, journal, Counter)
  t.teardown(() => system.stop())
  const counter = system.entity(Counter, "k")
  await counter.with({ commandId: "old" }).ask("add", 1)
  clock.wind(5000)
  await counter.with({ commandId: "young" }).ask("add", 1)
  for (let n = 0; n < 9; n++) await counter.ask("add", 1)
  for (let n = 0; n < 10; n++) await new Promise((resolve) => setImmediate(resolve))
  t.equal(await journal.reply(id, "old"), undefined)
  t.match(await journal.reply(id, "young"), { reply: 2 })
})

const patient = definePersistentActor({
  name: "counter",
  version: 1,
  state: () => ({ total: 0 }),
  events: {
    added: (state, by: number) => {
      state.total += by
    },
  },
  retention: { keepCommandsMs: 1000 },
}).receive({
  async add(ctx, by: number) {
    await ctx.persist("added", by)
    return ctx.state.total
  },
  total: (ctx) => ctx.state.total,
})

for (const [name, openJournal] of [
  ["memory", async (_: string, clock: HandClock) => memoryJournal(clock)],
  ["LevelDB", async (folder: string, clock: HandClock) => levelJournal(await LevelStore.open(folder), clock)],
] as const)
  await t.test(
    `F13. answers are forgotten by age without a snapshot, and count as forgotten before (${name})`,
    async (t) => {
      const clock = new HandClock()
      const journal = await openJournal(t.testdir(), clock)
      t.teardown(() => journal.close())
      const make = (): Promise<ActorSystem> =>
        createActorSystem({
          name: "test",
          clock,
          journal: { ...journal, close: async () => {} },
          definitions: [patient],
        })
      let system = await make()
      t.teardown(() => system.stop())
      const add = (commandId: string): Promise<number> => system.entity(patient, "k").with({ commandId }).ask("add", 1)
      t.equal(await add("a"), 1)
      clock.wind(900)
      t.equal(await add("a"), 1, "young enough")
      clock.wind(101)
      t.equal(await add("a"), 2, "too old: a new command, though nothing was trimmed")
      t.equal(await add("a"), 2, "and remembered as such")
      clock.wind(900)
      t.equal(await add("a"), 2, "for as long as every command")
      for (let n = 0; n < 100; n++) {
        await add(`n${n}`)
        clock.wind(100)
      }
      await new Promise((resolve) => setImmediate(resolve))
      await system.entity(patient, "k").ask("total")
      let known = 0
      for (let n = 0; n < 100; n++) if ((await journal.reply(id, `n${n}`)) !== undefined) known += 1
      t.ok(known <= 16, `${known} of 100 answers are kept, of 10 that count`)
      await system.stop()
      clock.wind(5000)
      system = await make()
      t.equal(await add("n99"), 103, "after a restart, too")
      await system.entity(patient, "k").ask("total")
      await system.stop()
      for (let n = 0; n < 99; n++) t.equal(await journal.reply(id, `n${n}`), undefined)
    },
  )

await t.test("a snapshot of an older version is upgraded, or named when it cannot be", async (t) => {
  const clock = new HandClock()
  const journal = memoryJournal(clock)
  const First = counterOf(1)
  const first = await open(clock, journal, First)
  for (let n = 1; n <= 12; n++) await first.entity(First, "k").ask("add", 1)
  await first.stop()

  const Blunt = counterOf(2)
  const blunt = await open(clock, journal, Blunt)
  await t.rejects(blunt.entity(Blunt, "k").ask("total"), { code: "RECORD_UNKNOWN" })
  await blunt.stop()

  const Second = counterOf(2, { 1: (state) => ({ total: (state as { total: number }).total * 100 }) })
  const second = await open(clock, journal, Second)
  t.teardown(() => second.stop())
  t.equal(await second.entity(Second, "k").ask("total"), 1002, "the tail is folded onto the upgraded state")
})
