import t from "tap"
import {
  createActorSystem,
  defineActor,
  delivery,
  definePersistentActor,
  memoryJournal,
  resumeDeliveries,
  systemClock,
} from "#actors/index.js"
import type { ActorSystem, Journal } from "#actors/index.js"

let refusing = false
const Receiver = definePersistentActor({
  name: "receiver",
  version: 1,
  state: () => ({ got: [] as number[] }),
  events: {
    took: (state, n: number) => {
      state.got.push(n)
    },
  },
}).receive({
  async take(ctx, n: number) {
    if (refusing) throw new Error("not now")
    await ctx.persist("took", n)
  },
  got: (ctx) => [...ctx.state.got],
})

const Nobody = defineActor({ name: "nobody", state: () => 0, receive: { wrong() {} } })

const Sender = definePersistentActor({
  name: "sender",
  version: 1,
  state: () => ({ sent: 0 }),
  events: {
    sent: (state, n: number) => {
      state.sent = n
    },
  },
  snapshotEvery: 5,
  retention: { keepEvents: 0 },
}).receive({
  async send(ctx, { to, n }: { readonly to: string; readonly n: number }) {
    await ctx.persistAll([{ name: "sent", payload: n }], delivery(ctx.system.entity(Receiver, to), "take", n))
    return n
  },
  async wrong(ctx) {
    await ctx.deliver(ctx.spawn(Nobody) as never, "wrong" as never)
  },
  sent: (ctx) => ctx.state.sent,
})

const open = (journal: Journal): Promise<ActorSystem> =>
  createActorSystem({
    name: "post",
    journal: { ...journal, close: () => Promise.resolve() },
    definitions: [Sender, Receiver],
    shutdownTimeoutMs: 100,
  })

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let n = 0; n < 300; n++) {
    if (await condition()) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error("it did not come to pass within 3 seconds")
}

await t.test("deliveries arrive once and in order, with and without command ids", async (t) => {
  const system = await open(memoryJournal(systemClock))
  t.teardown(() => system.stop())
  const sender = system.entity(Sender, "a")
  for (let n = 1; n <= 20; n++)
    await sender.with(n % 2 === 0 ? {} : { commandId: `c${n}` }).ask("send", { to: n % 3 === 0 ? "y" : "x", n })
  const [x, y] = [system.entity(Receiver, "x"), system.entity(Receiver, "y")]
  await until(async () => (await x.ask("got")).length + (await y.ask("got")).length === 20)
  const numbers = Array.from({ length: 20 }, (_, i) => i + 1)
  t.same(
    await x.ask("got"),
    numbers.filter((n) => n % 3 !== 0),
  )
  t.same(
    await y.ask("got"),
    numbers.filter((n) => n % 3 === 0),
  )
})

await t.test("what was not answered when the program ended is sent after a restart, from a snapshot too", async (t) => {
  const journal = memoryJournal(systemClock)
  const first = await open(journal)
  refusing = true
  for (let n = 1; n <= 7; n++)
    await first
      .entity(Sender, "a")
      .with({ commandId: `c${n}` })
      .ask("send", { to: "x", n })
  await first.stop()
  refusing = false
  const second = await open(journal)
  t.teardown(() => second.stop())
  t.equal(await resumeDeliveries(second, Sender), 1)
  const receiver = second.entity(Receiver, "x")
  await until(async () => (await receiver.ask("got")).length >= 7)
  t.same(await receiver.ask("got"), [1, 2, 3, 4, 5, 6, 7])
  await until(async () => (await resumeDeliveries(second, Sender)) === 0)
})

await t.test("what retention would let go is found again as long as it was not answered", async (t) => {
  const journal = memoryJournal(systemClock)
  const first = await open(journal)
  refusing = true
  for (let n = 1; n <= 6; n++) await first.entity(Sender, "a").ask("send", { to: "x", n }) // the last one is in a snapshot
  await first.stop()
  refusing = false
  const second = await open(journal)
  t.equal(await resumeDeliveries(second, Sender), 1)
  const receiver = second.entity(Receiver, "x")
  await until(async () => (await receiver.ask("got")).length >= 6)
  t.same(await receiver.ask("got"), [1, 2, 3, 4, 5, 6])
  refusing = true
  await second.entity(Sender, "a").ask("send", { to: "x", n: 7 })
  await second.stop()
  refusing = false
  const third = await open(journal)
  t.teardown(() => third.stop())
  t.equal(await resumeDeliveries(third, Sender), 1, "answers to those before do not count for this one")
  const again = third.entity(Receiver, "x")
  await until(async () => (await again.ask("got")).length === 7)
})

await t.test("an actor whose deliveries are all answered is not woken for ever", async (t) => {
  const journal = memoryJournal(systemClock)
  const first = await open(journal)
  const sender = first.entity(Sender, "a")
  refusing = true
  await sender.ask("send", { to: "stubborn", n: 1 })
  refusing = false
  await resumeDeliveries(first, Sender) // knows that it is open
  await sender.ask("send", { to: "x", n: 2 })
  await until(async () => (await resumeDeliveries(first, Sender)) === 0)
  for (let n = 3; n <= 9; n++) await sender.ask("send", { to: "x", n }) // a snapshot covers the answers
  await first.stop()
  const second = await open(journal)
  t.teardown(() => second.stop())
  await resumeDeliveries(second, Sender)
  await until(async () => (await resumeDeliveries(second, Sender)) === 0)
})

await t.test("one that was carried out but whose answer was lost is not carried out again", async (t) => {
  const inner = memoryJournal(systemClock)
  const system = await open(inner)
  t.teardown(() => system.stop())
  await system.entity(Sender, "a").ask("send", { to: "x", n: 1 })
  const receiver = system.entity(Receiver, "x")
  await until(async () => (await receiver.ask("got")).length === 1)
  await receiver.with({ commandId: "default/sender/a#1" }).ask("take", 1)
  t.same(await receiver.ask("got"), [1])
})

await t.test("only entities receive deliveries", async (t) => {
  const system = await open(memoryJournal(systemClock))
  t.teardown(() => system.stop())
  await t.rejects(system.entity(Sender, "a").ask("wrong"), { code: "INVALID_ADDRESS" })
})

await t.test("events of users do not begin with $", (t) => {
  t.throws(
    () => definePersistentActor({ name: "x", version: 1, state: () => 0, events: { $deliver: () => undefined } }),
    {
      code: "INVALID_DEFINITION",
    },
  )
  t.end()
})
