/** What reminders promise on every journal: `remindersContract("leveldb", openLevel)`. */
import t from "tap"
import type { Clock } from "#actors/clock.js"
import { createActorSystem, definePersistentActor, startReminders, type Reminders } from "#actors/index.js"
import type { ActorSystem, Journal } from "#actors/index.js"
import { HandClock } from "./hand-clock.js"
import { until } from "./until.js"

const Desk = definePersistentActor({
  name: "desk",
  version: 1,
  state: () => ({ got: [] as unknown[] }),
  events: { took: (state, what: unknown) => void state.got.push(what) },
}).receive({
  take: (ctx, what: unknown) => ctx.persist("took", what),
  got: (ctx) => [...ctx.state.got],
})

/** @param open a journal on this clock, in a folder where there is one; opened again there, it holds what it held */
export function remindersContract(name: string, open: (folder: string, clock: Clock) => Promise<Journal>): void {
  t.test(`reminders on ${name}`, async (t) => {
    const folder = t.testdir()
    const clock = new HandClock()
    let system: ActorSystem
    let reminders: Reminders
    const begin = async (): Promise<void> => {
      system = await createActorSystem({
        name: "desks",
        clock,
        journal: await open(folder, clock),
        definitions: [Desk],
      })
      reminders = await startReminders(system)
    }
    const desk = (key: string) => system.entity(Desk, key)
    const has = (key: string, what: readonly unknown[]) =>
      until(async () => {
        const got = await desk(key).ask("got")
        if (got.length < what.length) return false
        t.same(got, what, key)
        return true
      }, `what the desk ${key} is to get`)
    await begin()
    t.teardown(() => system.stop())

    await t.test("one comes at its time, the last one of its name, and none that was cancelled", async () => {
      await reminders.set(desk("a"), "r", { at: 1000 }, "take", "before")
      await reminders.set(desk("a"), "r", { at: 1000 }, "take", "after")
      await reminders.set(desk("a"), "c", { at: 1000 }, "take", "cancelled")
      t.equal(await reminders.cancel(desk("a"), "c"), true)
      t.equal(await reminders.cancel(desk("a"), "c"), false)
      clock.wind(999)
      t.same(await desk("a").ask("got"), [])
      clock.wind(1)
      await has("a", ["after"])
      await until(async () => (await reminders.of(desk("a"))).length === 0, "the end of what has come")
    })

    await t.test(
      "a restart forgets none, whatever it holds, and the times that were missed count as one",
      async (t) => {
        const payload = { map: new Map([["k", 1n]]), at: new Date(5), bytes: Uint8Array.of(1, 2), to: undefined }
        await reminders.set(desk("b"), "kept", { at: 5000 }, "take", payload)
        await reminders.set(desk("c"), "often", { at: 2000, everyMs: 1000 }, "take", "again")
        clock.wind(1000)
        await has("c", ["again"])
        await until(async () => (await reminders.of(desk("c")))[0]?.at === 3000, "the next time")
        await system.stop()
        clock.wind(3500)
        await begin()
        await has("b", [payload])
        await has("c", ["again", "again"])
        await until(async () => (await reminders.of(desk("c")))[0]?.at === 6000, "the next time")
        t.same((await reminders.of(desk("c"))).map((reminder) => reminder.name), ["often"]) // prettier-ignore
        await system.stop()
        await begin()
        await has("a", ["after"])
        await has("b", [payload])
        await has("c", ["again", "again"])
      },
    )
  })
}
