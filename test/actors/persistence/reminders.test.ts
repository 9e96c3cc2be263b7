import t from "tap"
import { createActorSystem, defineActor, definePersistentActor, memoryJournal, startReminders } from "#actors/index.js"
import type { ActorSystem, Journal } from "#actors/index.js"
import { HandClock } from "../../support/hand-clock.js"

let failing = 0
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
    if (failing-- > 0) throw new Error("not now")
    await ctx.persist("grew", by)
  },
  balance: (ctx) => ctx.state.balance,
})

/** Systems that follow each other on one journal. */
function open(clock: HandClock, journal: Journal): Promise<ActorSystem> {
  return createActorSystem({
    name: "bank",
    clock,
    journal: { ...journal, close: () => Promise.resolve() },
    definitions: [Account],
  })
}
const settled = async (): Promise<void> => {
  for (let n = 0; n < 30; n++) await new Promise((resolve) => setImmediate(resolve))
}
const wind = async (clock: HandClock, milliseconds: number): Promise<void> => {
  clock.wind(milliseconds)
  await settled()
}

await t.test("a reminder comes at its time, and a repeated one again until it is cancelled", async (t) => {
  const clock = new HandClock()
  const system = await open(clock, memoryJournal(clock))
  t.teardown(() => system.stop())
  const reminders = await startReminders(system)
  const alice = system.entity(Account, "alice")
  await reminders.set(alice, "once", { afterMs: 1000 }, "grow", 1)
  await reminders.set(alice, "monthly", { at: 2000, everyMs: 500 }, "grow", 10)
  t.same((await reminders.of(alice)).map(({ name }) => name).sort(), ["monthly", "once"])
  await wind(clock, 900)
  t.equal(await alice.ask("balance"), 0)
  await wind(clock, 200)
  t.equal(await alice.ask("balance"), 1)
  await wind(clock, 1000)
  t.equal(await alice.ask("balance"), 11)
  await wind(clock, 500)
  t.equal(await alice.ask("balance"), 21)
  t.equal(await reminders.cancel(alice, "monthly"), true)
  t.equal(await reminders.cancel(alice, "monthly"), false)
  await wind(clock, 5000)
  t.equal(await alice.ask("balance"), 21)
  t.same(await reminders.of(alice), [])
})

await t.test("the same name replaces the reminder before", async (t) => {
  const clock = new HandClock()
  const system = await open(clock, memoryJournal(clock))
  t.teardown(() => system.stop())
  const reminders = await startReminders(system)
  const alice = system.entity(Account, "alice")
  await reminders.set(alice, "r", { afterMs: 100 }, "grow", 1)
  await reminders.set(alice, "r", { afterMs: 1000 }, "grow", 2)
  await wind(clock, 500)
  t.equal(await alice.ask("balance"), 0)
  await wind(clock, 600)
  t.equal(await alice.ask("balance"), 2)
})

await t.test("a restart forgets no reminder, and times that were missed count as one", async (t) => {
  const clock = new HandClock()
  const journal = memoryJournal(clock)
  const first = await open(clock, journal)
  const before = await startReminders(first)
  await before.set(first.entity(Account, "alice"), "r", { afterMs: 1000, everyMs: 1000 }, "grow", 1)
  await first.stop()
  clock.wind(5500)
  const second = await open(clock, journal)
  t.teardown(() => second.stop())
  const reminders = await startReminders(second)
  const alice = second.entity(Account, "alice")
  await wind(clock, 50)
  t.equal(await alice.ask("balance"), 1)
  t.same(
    (await reminders.of(alice)).map(({ at }) => at),
    [6000],
  )
  await wind(clock, 500)
  t.equal(await alice.ask("balance"), 2)
})

await t.test("one that fails is sent again until it is carried out, once", async (t) => {
  const clock = new HandClock()
  const system = await open(clock, memoryJournal(clock))
  t.teardown(() => system.stop())
  const reminders = await startReminders(system)
  const alice = system.entity(Account, "alice")
  failing = 3
  await reminders.set(alice, "r", { afterMs: 10 }, "grow", 1)
  for (let n = 0; n < 20; n++) await wind(clock, 500)
  t.equal(await alice.ask("balance"), 1)
  t.same(await reminders.of(alice), [])
})

await t.test("what is no entity, or no time, is refused", async (t) => {
  const system = await open(new HandClock(), memoryJournal(new HandClock()))
  t.teardown(() => system.stop())
  const reminders = await startReminders(system)
  const alice = system.entity(Account, "alice")
  const plain = defineActor({ name: "plain", state: () => 0, receive: { grow: (_ctx, _by: number) => undefined } })
  await t.rejects(reminders.set(system.spawn(plain), "r", { afterMs: 1 }, "grow", 1), { code: "INVALID_ADDRESS" })
  await t.rejects(reminders.set(alice, "r", { at: NaN }, "grow", 1), { code: "INVALID_PAYLOAD" })
  await t.rejects(reminders.set(alice, "r", { afterMs: 1, everyMs: 0 }, "grow", 1), { code: "INVALID_PAYLOAD" })
})
