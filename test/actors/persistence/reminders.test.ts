import t from "tap"
import {
  createActorSystem,
  defineActor,
  definePersistentActor,
  memoryJournal,
  openLevelJournal,
  startReminders,
} from "#actors/index.js"
import type { ActorSystem, Journal } from "#actors/index.js"
import { HandClock } from "../../support/hand-clock.js"
import { remindersContract } from "../../support/reminders-contract.js"

remindersContract("leveldb", openLevelJournal)

let failing = 0
let refusals = 0
const Account = definePersistentActor({
  name: "account",
  version: 1,
  state: () => ({ balance: 0, notes: [] as string[] }),
  events: {
    noted: (state, text: string) => void state.notes.push(text),
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
  refuse() {
    refusals += 1
    throw new Error("never")
  },
  async note(ctx, text: string) {
    await ctx.persist("noted", text)
  },
  async take(ctx, list: number[]) {
    await ctx.persist("noted", list.join())
    list.push(4)
  },
  notes: (ctx) => [...ctx.state.notes],
  noteAndCrash(ctx, text: string) {
    const deferred = ctx.defer()
    ctx.run(async () => {
      await ctx.persist("noted", text)
      throw new Error("a crash before the answer")
    }, "worked")
    return deferred
  },
  worked() {},
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

await t.test("set again for the time at which it came, it comes again (K1)", async (t) => {
  const clock = new HandClock()
  const system = await open(clock, memoryJournal(clock))
  t.teardown(() => system.stop())
  const reminders = await startReminders(system)
  const alice = system.entity(Account, "alice")
  for (let n = 1; n <= 3; n++) {
    await reminders.set(alice, "r", { at: 1000 }, "grow", 1)
    await wind(clock, n === 1 ? 1050 : 50)
    t.equal(await alice.ask("balance"), n)
    t.same(await reminders.of(alice), [])
  }
})

await t.test(
  "set anew while it is sent, the new one comes at its own time, and cancelled it comes no more",
  async (t) => {
    const clock = new HandClock()
    const system = await open(clock, memoryJournal(clock))
    t.teardown(() => system.stop())
    const reminders = await startReminders(system)
    for (const laterMs of [0, 8000, undefined]) {
      const ref = system.entity(Account, `later by ${laterMs}`)
      const at = clock.wallTime() + 1000
      failing = 1
      await reminders.set(ref, "r", { at }, "grow", 1)
      await wind(clock, 1010) // refused once; it is sent again a little later
      failing = 0
      if (laterMs === undefined) t.equal(await reminders.cancel(ref, "r"), true)
      else await reminders.set(ref, "r", { at: at + laterMs }, "grow", 10)
      await wind(clock, 2000)
      t.equal(await ref.ask("balance"), laterMs === 0 ? 10 : 0)
      await wind(clock, 9000)
      t.equal(await ref.ask("balance"), laterMs === undefined ? 0 : 10)
    }
  },
)

await t.test("one that is refused for ever holds up no other, and is tried again within 30 seconds (K2)", async (t) => {
  const clock = new HandClock()
  const warned: string[] = []
  const logger = { debug() {}, info() {}, error() {}, warn: (_: unknown, text: string) => void warned.push(text) }
  const journal = memoryJournal(clock)
  const system = await createActorSystem({ name: "bank", clock, journal, definitions: [Account], logger })
  t.teardown(() => system.stop())
  const reminders = await startReminders(system)
  const alice = system.entity(Account, "alice")
  await reminders.set(alice, "refused", { at: 10 }, "refuse")
  for (let n = 0; n < 20; n++) await reminders.set(alice, `r${n}`, { at: 20 + n }, "grow", 1)
  await wind(clock, 100)
  t.equal(await alice.ask("balance"), 20)
  for (let n = 0; n < 300; n++) await wind(clock, 1000)
  refusals = 0
  for (let n = 0; n < 31; n++) await wind(clock, 1000)
  t.ok(refusals > 0, "it is tried again")
  t.equal(warned.filter((text) => /reminder/.test(text)).length, 1, "it is told once")
  t.equal((await reminders.of(alice)).length, 1)
})

await t.test(
  "a wall clock that jumps ahead is seen within a minute; one that jumps back sends nothing twice",
  async (t) => {
    const clock = new HandClock()
    const system = await open(clock, memoryJournal(clock))
    t.teardown(() => system.stop())
    const reminders = await startReminders(system)
    const alice = system.entity(Account, "alice")
    const hour = 3_600_000
    await reminders.set(alice, "once", { afterMs: hour }, "grow", 1)
    await reminders.set(alice, "often", { afterMs: hour, everyMs: 1000 }, "grow", 100)
    clock.jump(2 * hour)
    await wind(clock, 60_010)
    t.equal(await alice.ask("balance"), 101, "what was missed counts once")
    clock.jump(-2 * hour)
    for (let n = 0; n < 90; n++) await wind(clock, 60_000)
    const balance = await alice.ask("balance")
    t.equal(balance, 101, "its next time has not come by the clock that was set back")
    for (let n = 0; n < 40; n++) await wind(clock, 60_000)
    t.ok((await alice.ask("balance")) > 101)
  },
)

await t.test("a failure of the first start is not kept: the next one finds the reminders", async (t) => {
  for (const failing of ["keys", "snapshot", "read"] as const) {
    const clock = new HandClock()
    const journal = memoryJournal(clock)
    const first = await open(clock, journal)
    await (await startReminders(first)).set(first.entity(Account, "alice"), "r", { at: 1000 }, "grow", 1)
    await first.stop()
    let away = true
    const fail = () => {
      throw new Error("the disk is away")
    }
    const failingJournal = {
      ...journal,
      [failing]: (...args: never[]) => (away ? fail() : (journal[failing] as (...args: never[]) => unknown)(...args)),
    } as unknown as Journal
    const second = await open(clock, failingJournal)
    t.teardown(() => second.stop())
    const failed = startReminders(second)
    const rejected = t.rejects(failed, failing)
    for (let n = 0; n < 70; n++) await wind(clock, 1000)
    await rejected
    away = false
    const started = startReminders(second)
    for (let n = 0; n < 70; n++) await wind(clock, 1000)
    const reminders = await started
    t.equal(await second.entity(Account, "alice").ask("balance"), 1, failing)
    t.same(await reminders.of(second.entity(Account, "alice")), [])
  }
})

await t.test("reminders come however often their keepers sleep", async (t) => {
  const clock = new HandClock()
  const system = await createActorSystem({
    name: "bank",
    clock,
    journal: memoryJournal(clock),
    definitions: [Account],
    entities: { maxResident: 1 },
  })
  t.teardown(() => system.stop())
  const reminders = await startReminders(system)
  for (let n = 0; n < 20; n++)
    await reminders.set(system.entity(Account, `a${n}`), "r", { at: 1_000_000 + n * 100 }, "grow", 1)
  for (let n = 0; n < 9; n++) await wind(clock, 100_000)
  t.ok(system.residentEntities < 10, "they sleep")
  for (let n = 0; n < 220; n++) await wind(clock, 500)
  for (let n = 0; n < 20; n++) t.equal(await system.entity(Account, `a${n}`).ask("balance"), 1)
})

await t.test("a reminder is stored under the tenant of its entity, and found again with it (R4, K4)", async (t) => {
  const clock = new HandClock()
  const journal = memoryJournal(clock)
  const first = await open(clock, journal)
  const before = await startReminders(first)
  const tenants = ["default", "acme", "a/b", "Zoë", "__proto__"]
  for (const tenant of tenants) {
    const alice = first.entity(Account, "alice", { tenant })
    await before.set(alice, "r", { at: 1000 }, "grow", 1)
    const stored: string[] = []
    for await (const key of journal.keys(tenant, "llmagentos.reminders")) stored.push(key)
    t.ok(stored.length >= 1, tenant)
  }
  await first.stop()
  clock.wind(5000)
  const second = await open(clock, journal)
  t.teardown(() => second.stop())
  await startReminders(second)
  await settled()
  for (const tenant of tenants) t.equal(await second.entity(Account, "alice", { tenant }).ask("balance"), 1, tenant)
})

await t.test("a reminder for a definition that this program lacks waits for one that has it", async (t) => {
  const clock = new HandClock()
  const journal = memoryJournal(clock)
  const first = await open(clock, journal)
  await (await startReminders(first)).set(first.entity(Account, "alice"), "r", { at: 1000 }, "grow", 1)
  await first.stop()
  const warned: string[] = []
  const logger = { debug() {}, info() {}, error() {}, warn: (_: unknown, text: string) => void warned.push(text) }
  const lacking = await createActorSystem({
    name: "bank",
    clock,
    journal: { ...journal, close: async () => {} },
    logger,
  })
  await startReminders(lacking)
  for (let n = 0; n < 200; n++) await wind(clock, 1000)
  t.same(warned, ["a reminder fails; it goes on trying"])
  await lacking.stop()
  const third = await open(clock, journal)
  t.teardown(() => third.stop())
  await startReminders(third)
  await wind(clock, 100)
  t.equal(await third.entity(Account, "alice").ask("balance"), 1)
})

await t.test(
  "a keeper whose write fails goes on in its next life, and the entity carries it out once (K6)",
  async (t) => {
    const clock = new HandClock()
    const journal = memoryJournal(clock)
    let refused = 0
    const system = await open(clock, {
      ...journal,
      append: async (actor, sequence, epoch, events, options) => {
        if (events.some(({ name }) => name === "fired") && refused++ < 3) throw new Error("the disk is away")
        return journal.append(actor, sequence, epoch, events, options)
      },
    })
    t.teardown(() => system.stop())
    const reminders = await startReminders(system)
    const alice = system.entity(Account, "alice")
    await reminders.set(alice, "r", { at: 100 }, "grow", 1)
    for (let n = 0; n < 60; n++) await wind(clock, 500)
    t.equal(refused, 4)
    t.equal(await alice.ask("balance"), 1)
    t.same(await reminders.of(alice), [])
  },
)

await t.test("what is due together is sent in the order of time and setting (K2)", async (t) => {
  const clock = new HandClock()
  const journal = memoryJournal(clock)
  const first = await open(clock, journal)
  const before = await startReminders(first)
  const alice = first.entity(Account, "alice")
  for (const [name, at] of [
    ["d", 300],
    ["a", 100],
    ["b", 200],
    ["c", 200],
    ["e", 300],
  ] as const)
    // prettier-ignore
    await before.set(alice, name, { at }, "note", name)
  await before.set(alice, "d", { at: 300 }, "note", "d again")
  await first.stop()
  clock.wind(1000)
  const second = await open(clock, journal)
  t.teardown(() => second.stop())
  await startReminders(second)
  await settled()
  t.same(await second.entity(Account, "alice").ask("notes"), ["a", "b", "c", "e", "d again"])
})

await t.test(
  "a payload belongs to nobody else: not to who set it, not to who asks for it, not to whom it is sent",
  async (t) => {
    const clock = new HandClock()
    const system = await open(clock, memoryJournal(clock))
    t.teardown(() => system.stop())
    const reminders = await startReminders(system)
    const alice = system.entity(Account, "alice")
    const list = [1]
    const setting = reminders.set(alice, "r", { at: 100, everyMs: 100 }, "take", list)
    list.push(2)
    await setting
    const [known] = await reminders.of(alice)
    ;(known?.payload as number[]).push(3)
    for (let n = 0; n < 10; n++) await wind(clock, 50)
    const notes = await alice.ask("notes")
    t.ok(notes.length >= 3)
    t.same(new Set(notes), new Set(["1"]))
  },
)

await t.test(
  "a store from before groups goes on: its reminders come, can be cancelled, and keep their command ids (K5)",
  async (t) => {
    const clock = new HandClock()
    const journal = memoryJournal(clock)
    const to = (key: string, tenant = "default") => ({ tenant, type: "account", key })
    const kept = (key: string, name: string, at: number, more = {}) => ({ to: to(key), name, at, type: "grow", payload: 1, ...more }) // prettier-ignore
    const id = (key: string, name: string) => JSON.stringify(["default", "account", key, name])
    const former = (key: string) => ({ tenant: "default", type: "llmagentos.reminders", key })
    const event = (name: string, payload: unknown) => ({ name, payload, version: 1 })
    // Keeper 0 has a snapshot and events after it, keeper 7 events only.
    await journal.append(former("0"), 0, 0, [event("set", kept("old", "r", 1)), event("set", kept("bob", "r", 500))])
    const state = { kept: { [id("bob", "r")]: kept("bob", "r", 500), [id("eve", "x")]: kept("eve", "x", 400) } }
    await journal.saveSnapshot(former("0"), { sequence: 2, version: 1, state })
    await journal.append(former("0"), 2, 0, [
      event("set", kept("often", "r", 300, { everyMs: 1000 })),
      event("fired", { id: id("often", "r"), next: 1300 }),
      event("cancelled", id("eve", "x")),
    ])
    await journal.append(former("7"), 0, 0, [
      event("set", { ...kept("carl", "r", 600), to: to("carl", "acme") }),
      event("set", kept("done", "r", 700)),
      event("set", kept("gone", "r", 800)),
    ])
    // Carried out, but not written down when the program ended.
    const commandId = `reminder:${id("done", "r")}@700`
    await journal.append(to("done"), 0, 0, [event("grew", 1)], { command: { id: commandId, reply: undefined } })
    const system = await open(clock, journal)
    t.teardown(() => system.stop())
    const reminders = await startReminders(system)
    t.equal((await reminders.of(system.entity(Account, "bob"))).length, 1)
    t.equal(await reminders.cancel(system.entity(Account, "gone"), "r"), true)
    await reminders.set(system.entity(Account, "bob"), "r", { at: 500 }, "grow", 10)
    await wind(clock, 1000)
    await wind(clock, 400)
    const balances = [["bob", 10], ["often", 1], ["done", 1], ["gone", 0], ["eve", 0], ["old", 0]] as const // prettier-ignore
    for (const [key, balance] of balances) t.equal(await system.entity(Account, key).ask("balance"), balance, key)
    t.equal(await system.entity(Account, "carl", { tenant: "acme" }).ask("balance"), 1)
  },
)

await t.test("many reminders take one timer", async (t) => {
  const clock = new HandClock()
  const system = await open(clock, memoryJournal(clock))
  t.teardown(() => system.stop())
  const reminders = await startReminders(system)
  let timers = 0
  const { timer } = clock
  clock.timer = (...args) => (timers++, timer.apply(clock, args))
  const count = 10_000
  for (let from = 0; from < count; from += 1000) {
    const some = Array.from({ length: 1000 }, (_, n) => from + n)
    await Promise.all(some.map((n) => reminders.set(system.entity(Account, `a${n}`), "r", { at: 1e9 + n }, "grow", 1)))
  }
  t.ok(timers < 200, `${timers} timers`)
  t.equal((await reminders.of(system.entity(Account, "a9999"))).length, 1)
})

await t.test("what is no entity, no time, no name, or cannot be kept is refused by name", async (t) => {
  const clock = new HandClock()
  const system = await open(clock, memoryJournal(clock))
  t.teardown(() => system.stop())
  const reminders = await startReminders(system)
  const alice = system.entity(Account, "alice")
  const plain = system.spawn(
    defineActor({ name: "plain", state: () => 0, receive: { grow: (_ctx, _by: number) => {} } }),
  )
  await t.rejects(reminders.set(plain, "r", { afterMs: 1 }, "grow", 1), { code: "INVALID_ADDRESS" })
  const numbers = [NaN, Infinity, -Infinity, 1e300, -1e300, "5", null, {}, 5n] as number[]
  for (const at of numbers) {
    await t.rejects(reminders.set(alice, "r", { at }, "grow", 1), { code: "INVALID_PAYLOAD", message: /"r".*at is/ })
    const wrong = { code: "INVALID_PAYLOAD", message: /"r".*afterMs is/ }
    await t.rejects(reminders.set(alice, "r", { afterMs: at }, "grow", 1), wrong)
  }
  await t.rejects(reminders.set(alice, "r", {} as { at: number }, "grow", 1), { code: "INVALID_PAYLOAD" })
  for (const everyMs of [...numbers, 0, -1, 0.5])
    await t.rejects(reminders.set(alice, "r", { at: 1, everyMs }, "grow", 1), { code: "INVALID_PAYLOAD", message: /everyMs/ }) // prettier-ignore
  for (const name of ["", "\ud800", "a\0b", "x".repeat(513), 7 as never, undefined as never])
    await t.rejects(reminders.set(alice, name, { at: 1 }, "grow", 1), { code: "INVALID_NAME" })
  for (const payload of [() => 1, Symbol("s"), new (class Thing {})()] as never[])
    await t.rejects(reminders.set(alice, "r", { at: 1 }, "grow", payload), { code: "INVALID_PAYLOAD", message: /"r"/ })
  await t.rejects(reminders.set(alice, "r", { at: 1 }, "shrink" as never, 1 as never), { code: "UNKNOWN_MESSAGE" })
  t.same(await reminders.of(alice), [])
  await reminders.set(alice, "past", { at: -8.64e15 }, "grow", 1)
  await reminders.set(alice, "late", { afterMs: -5 }, "grow", 1)
  await reminders.set(alice, "far", { at: 8.64e15, everyMs: 8.64e15 }, "grow", 1)
  for (const name of ["__proto__", "constructor", "a/b", "a%2Fb", "Zoë 🦆", "x".repeat(512)])
    await reminders.set(alice, name, { at: 0 }, "grow", 1)
  await wind(clock, 100)
  t.equal(await alice.ask("balance"), 8)
  t.same((await reminders.of(alice)).map(({ name }) => name), ["far"]) // prettier-ignore
})

await t.test("a reminder that was carried out, and is never answered, was sent: a repeated one goes on", async (t) => {
  const clock = new HandClock()
  const system = await open(clock, memoryJournal(clock))
  t.teardown(() => system.stop())
  const reminders = await startReminders(system)
  const alice = system.entity(Account, "alice")
  await reminders.set(alice, "tick", { afterMs: 100, everyMs: 10_000 }, "noteAndCrash", "tick")
  await reminders.set(alice, "once", { afterMs: 100 }, "noteAndCrash", "once")
  for (let n = 0; n < 40; n++) await wind(clock, 1000)
  t.same((await alice.ask("notes")).toSorted(), ["once", "tick", "tick", "tick", "tick"])
  t.same(
    (await reminders.of(alice)).map(({ name }) => name),
    ["tick"],
  )
})
