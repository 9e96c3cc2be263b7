import t from "tap"
import { createActorSystem, definePersistentActor, memoryJournal } from "#actors/index.js"
import type { Journal } from "#actors/index.js"
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

await t.test("answers of commands are forgotten by age", async (t) => {
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
