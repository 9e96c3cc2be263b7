import fc from "fast-check"
import t, { type Test } from "tap"
import {
  AgentOSError,
  createActorSystem,
  defineActor,
  delivery,
  definePersistentActor,
  memoryJournal,
  openLevelJournal,
  resumeDeliveries,
  systemClock,
} from "#actors/index.js"
import type { ActorRef, ActorSystem, Deferred, Journal, Sender } from "#actors/index.js"
import type { EntityId } from "#actors/entities.js"
import { anonymous } from "#actors/cause.js"
import { numberedIn } from "#actors/names.js"
import { Outbox } from "#actors/persistence/outbox.js"
import type { Ref } from "#actors/ref.js"

let refusing = false
/** What is refused for now. */
let refused: number | undefined
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
    if (refusing || n === refused) throw new Error("not now")
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
  async sendAll(ctx, { to, times }: { readonly to: readonly string[]; readonly times: number }) {
    const all = Array.from({ length: times }, (_, n) =>
      to.map((key) => delivery(ctx.system.entity(Receiver, key), "take", n)),
    )
    await ctx.persistAll([], ...all.flat())
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
  const cause = { ...anonymous, commandId: numberedIn("default", "sender", "a", 1) }
  await (receiver as unknown as Ref).request("take", 1, cause, undefined, undefined, undefined)
  t.same(await receiver.ask("got"), [1])
})

for (const [name, openJournal] of [
  ["memory", async () => memoryJournal(systemClock)],
  ["LevelDB", openLevelJournal],
] as const)
  await t.test(`F19. what was answered is written down when the sender ends in order (${name})`, async (t) => {
    const journal = await openJournal(t.testdir())
    t.teardown(() => journal.close())
    const first = await open(journal)
    const sender = first.entity(Sender, "a")
    refused = 1
    t.teardown(() => (refused = undefined))
    await sender.ask("send", { to: "never", n: 1 }) // stays open, so that the others are not worth a write
    for (let n = 2; n <= 4; n++) await sender.ask("send", { to: `x${n}`, n })
    for (let n = 2; n <= 4; n++)
      await until(async () => (await first.entity(Receiver, `x${n}`).ask("got")).length === 1)
    await sender.ask("sent")
    await first.stop()
    for (let n = 2; n <= 4; n++)
      await journal.trimCommands({ tenant: "default", type: "receiver", key: `x${n}` }, systemClock.wallTime() + 1)
    refused = undefined
    const second = await open(journal)
    t.teardown(() => second.stop())
    t.equal(await resumeDeliveries(second, Sender), 1)
    await until(async () => (await second.entity(Receiver, "never").ask("got")).length === 1)
    for (let n = 2; n <= 4; n++) t.same(await second.entity(Receiver, `x${n}`).ask("got"), [n], "not carried out again")
  })

await t.test("the next one leaves when the one before is answered, and many answers are one write", async (t) => {
  let acknowledgements = 0
  const inner = memoryJournal(systemClock)
  const journal: Journal = {
    ...inner,
    append(actor, sequence, epoch, events, options) {
      if (events.some(({ name }) => name === "$acknowledged")) acknowledgements += 1
      return inner.append(actor, sequence, epoch, events, options)
    },
  }
  const system = await open(journal)
  t.teardown(() => system.stop())
  const sender = system.entity(Sender, "many")
  const receivers = Array.from({ length: 50 }, (_, i) => `m${i}`)
  await sender.ask("sendAll", { to: receivers, times: 20 })
  for (const to of receivers) {
    const receiver = system.entity(Receiver, to)
    await until(async () => (await receiver.ask("got")).length === 20)
    t.same(
      await receiver.ask("got"),
      Array.from({ length: 20 }, (_, n) => n),
    )
  }
  t.ok(acknowledgements <= 1000 / 50, `${acknowledgements} writes for 1,000 answers`)
  t.equal(await resumeDeliveries(system, Sender), 0)
})

/** What came, by entity; an entity answers what it got when its gate is open. */
let came: string[] = []
let cameTo = new Map<string, () => void>()
let gate = Promise.resolve()
const arrived = (what: string): Promise<void> => new Promise((resolve) => cameTo.set(what, resolve))
const Doorman = defineActor({
  name: "doorman",
  state: ({ key }: EntityId) => key,
  receive: {
    async take(ctx, n: number) {
      came.push(`${ctx.state} ${n}`)
      cameTo.get(`${ctx.state} ${n}`)?.()
      if (ctx.state === "first" && n === 1) await gate
    },
  },
})

/** Called by a command when it has persisted what it persists. */
let persisted = (): Promise<void> => Promise.resolve()
const Hasty = definePersistentActor({
  name: "hasty",
  version: 1,
  state: () => ({ noted: 0 }),
  events: {
    noted: (state) => {
      state.noted += 1
    },
  },
}).receive({
  async two(ctx) {
    for (const n of [1, 2]) await ctx.deliver(ctx.system.entity(Doorman, "first"), "take", n)
  },
  async byOne(ctx) {
    for (const n of [1, 2]) {
      await ctx.persist("noted")
      await ctx.deliver(ctx.system.entity(Doorman, "held"), "take", n)
    }
    await persisted()
  },
  async together(ctx) {
    const held = ctx.system.entity(Doorman, "held")
    await ctx.persistAll([{ name: "noted", payload: undefined }], delivery(held, "take", 1), delivery(held, "take", 2))
    await persisted()
  },
  noted: (ctx) => ctx.state.noted,
})

for (const type of ["byOne", "together"] as const)
  for (const end of ["its handler throws", "the journal does not take it"] as const)
    await t.test(`F5. what a command delivers leaves only when it is durable (${type}, ${end})`, async (t) => {
      came = []
      cameTo = new Map()
      let answerFirst = (): void => {}
      gate = new Promise((resolve) => (answerFirst = resolve))
      /**
       * Another delivery of the same actor is answered, and the next one leaves: whoever sends looks for what can be
       * sent.
       */
      const answered = async (): Promise<void> => {
        const next = arrived("first 2")
        answerFirst()
        await next
        await new Promise(setImmediate)
        t.notOk(
          came.some((what) => what.startsWith("held")),
          "it has left, and is not durable",
        )
        throw new Error("not this time")
      }
      const inner = memoryJournal(systemClock)
      let failing = true
      const journal: Journal = {
        ...inner,
        async append(actor, sequence, epoch, events, options) {
          if (failing && options?.command?.id === "c") await answered()
          return inner.append(actor, sequence, epoch, events, options)
        },
      }
      const system = await createActorSystem({ name: "post", journal, definitions: [Hasty, Doorman] })
      t.teardown(() => system.stop())
      const hasty = system.entity(Hasty, "a")
      const first = arrived("first 1")
      await hasty.ask("two")
      await first
      persisted = end === "its handler throws" ? answered : () => Promise.resolve()
      await t.rejects(hasty.with({ commandId: "c" }).ask(type))
      t.equal(await hasty.ask("noted"), 0)
      failing = false
      persisted = () => Promise.resolve()
      const last = arrived("held 2")
      await hasty.with({ commandId: "c" }).ask(type)
      await last
      t.same(came.filter((what) => what.startsWith("held")), ["held 1", "held 2"], "once, when it is durable") // prettier-ignore
    })

await t.test("of the deliveries to one receiver only the oldest is under way, whatever comes between", (t) => {
  const step = fc.oneof(
    fc.record({ do: fc.constant("add" as const), to: fc.integer({ min: 0, max: 3 }) }),
    fc.record({ do: fc.constant("answer" as const), which: fc.nat() }),
    fc.record({ do: fc.constant("fold" as const), which: fc.nat() }),
    fc.record({ do: fc.constant("due" as const) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const outbox = new Outbox()
      const open: { readonly number: number; readonly to: string; underWay: boolean }[] = []
      let next = 1
      for (const each of steps) {
        if (each.do === "add") {
          const to = String(each.to)
          const payload = { number: next, to: { tenant: "t", type: "x", key: to }, type: "m", payload: next }
          outbox.fold("$deliver", payload, next)
          open.push({ number: next++, to, underWay: false })
        } else if (each.do === "due") {
          const due = [...outbox.due()].map(({ number }) => number).sort((a, b) => a - b)
          const wanted = open.filter(
            ({ to, number }) => open.find((other) => other.to === to)?.number === number, // the oldest to its receiver
          )
          const free = wanted.filter(({ underWay, to }) => !underWay && !open.some((o) => o.to === to && o.underWay))
          if (JSON.stringify(due) !== JSON.stringify(free.map(({ number }) => number))) return false
          for (const one of free) one.underWay = true
        } else {
          const candidates = each.do === "answer" ? open.filter(({ underWay }) => underWay) : open
          const one = candidates[each.which % Math.max(1, candidates.length)]
          if (one === undefined) continue
          if (each.do === "answer") outbox.acknowledge(one.number)
          else outbox.fold("$acknowledged", [one.number], 0)
          open.splice(open.indexOf(one), 1)
        }
      }
      return outbox.size === open.length
    }),
    { numRuns: 500 },
  )
  t.end()
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

await t.test("what the runtime tells its actors is not told of, and harms none when others say it", async (t) => {
  const system = await createActorSystem({ name: "test", definitions: [Receiver] })
  t.teardown(() => system.stop())
  const shop = system.entity(Receiver, "a") as unknown as { ask(type: string, payload?: unknown): Promise<unknown> }
  await t.rejects(shop.ask("nope"), { code: "UNKNOWN_MESSAGE", message: /^[^$]*$/ })
  for (const numbers of [1, undefined, null, "x", { length: 1 }, [1, 2], [-1, NaN, 0.5, "1", null, [1]]])
    await shop.ask("$deliver", numbers)
  t.equal(system.statistics.crashes, 0)
})

const Plain = (known: readonly string[]) =>
  defineActor({
    name: "plain",
    state: () => [] as string[],
    receive: Object.fromEntries([
      ...known.map((type) => [type, (ctx: { state: string[] }, n: unknown) => void ctx.state.push(`${type} ${n}`)]),
      ["got", (ctx: { state: string[] }) => [...ctx.state]],
    ]) as Record<string, (ctx: unknown, payload: unknown) => unknown>,
  })
const Poster = definePersistentActor({
  name: "poster",
  version: 1,
  state: () => 0,
  events: { noted: () => {} },
}).receive({
  deliver: (ctx, [type, n]: [string, number]) =>
    ctx.deliver(ctx.system.entityAt("default", "plain", "x") as never, type as never, n as never),
  async together(ctx, [type, n]: [string, number]) {
    const to = ctx.system.entityAt("default", "plain", "x")
    await ctx.persistAll([{ name: "noted", payload: undefined }], delivery(to as never, type as never, n as never))
  },
})

await t.test(
  "a message that its receiver does not have is refused where it is given, and nothing is stored",
  async (t) => {
    const journal = memoryJournal(systemClock)
    const system = await createActorSystem({ name: "post", journal, definitions: [Poster, Plain(["take"])] })
    t.teardown(() => system.stop())
    for (const type of ["nope", "constructor", "Take"])
      for (const how of ["deliver", "together"] as const)
        await t.rejects(system.entity(Poster, "a").ask(how, [type, 1]), { code: "UNKNOWN_MESSAGE" }, `${how} ${type}`)
    for await (const events of journal.read({ tenant: "default", type: "poster", key: "a" })) t.same(events, [])
  },
)

await t.test(
  "a delivery that its receiver refuses holds up no other, and arrives when a version takes it",
  async (t) => {
    const journal = memoryJournal(systemClock)
    const start = (known: readonly string[]) =>
      createActorSystem({
        name: "post",
        journal: { ...journal, close: async () => {} },
        definitions: [Poster, Plain(known)],
      })
    const id = { tenant: "default", type: "poster", key: "a" }
    const to = { tenant: "default", type: "plain", key: "x" }
    const message = (number: number, type: string) => ({
      name: "$deliver",
      payload: { number, to, type, payload: number },
      version: 1,
    })
    await journal.append(id, 0, 0, [message(1, "old"), message(2, "take"), message(3, "old"), message(4, "take")])
    const got = (system: ActorSystem) => system.entityAt("default", "plain", "x").ask("got") as Promise<string[]>
    const first = await start(["take"])
    t.equal(await resumeDeliveries(first, Poster), 1)
    await first.entity(Poster, "a").ask("deliver", ["take", 5])
    await until(async () => (await got(first)).length === 3)
    t.same(await got(first), ["take 2", "take 4", "take 5"])
    await first.stop()
    const second = await start(["take", "old"])
    await resumeDeliveries(second, Poster)
    await until(async () => (await got(second)).filter((text) => text.startsWith("old")).length === 2)
    t.same((await got(second)).filter((text) => text.startsWith("old")), ["old 1", "old 3"]) // prettier-ignore
    await second.stop()
  },
)

await t.test("a delivery whose receiver's answer cannot be told has arrived, and does not come again", async (t) => {
  const handled: unknown[] = []
  const Odd = defineActor({
    name: "plain",
    state: () => null,
    receive: { take: (_ctx, n: number): unknown => (handled.push(n), () => n), got: () => [] },
  })
  const system = await createActorSystem({ name: "post", definitions: [Poster, Odd], isolated: true })
  t.teardown(() => system.stop())
  for (const n of [1, 2]) await system.entity(Poster, "a").ask("deliver", ["take", n])
  await until(async () => handled.length === 2)
  t.equal(await resumeDeliveries(system, Poster), 0, "nothing is owed")
  t.same(handled, [1, 2])
})

/** What the ledger below does before and after it has booked; either may throw instead. */
interface Booking {
  before?(ctx: Sender, of: unknown): unknown
  after?(of: unknown): void
}
let booking: Booking = {}
const Ledger = definePersistentActor({
  name: "ledger",
  version: 1,
  state: () => [] as unknown[],
  events: { booked: (state, of: unknown) => void state.push(of) },
}).receive({
  async book(ctx, of: unknown) {
    await booking.before?.(ctx, of)
    await ctx.persist("booked", of)
    booking.after?.(of)
    return ctx.state.length
  },
  got: (ctx) => [...ctx.state],
})
const Till = definePersistentActor({ name: "till", version: 1, state: () => ({}), events: {} }).receive({
  sell: (ctx, of: unknown) => ctx.deliver(ctx.system.entity(Ledger, "a"), "book", of),
  async sellAndStop(ctx, of: unknown) {
    await ctx.deliver(ctx.system.entity(Ledger, "a"), "book", of)
    ctx.stop()
  },
})
async function shop(t: Pick<Test, "teardown" | "same">, does: Booking, options: { readonly isolated?: boolean } = {}) {
  booking = does
  const system = await createActorSystem({ name: "post", definitions: [Ledger, Till], ...options })
  t.teardown(() => system.stop())
  const ledger = system.entity(Ledger, "a")
  const booked = async (...all: readonly unknown[]): Promise<void> => {
    await until(async () => (await ledger.ask("got")).length >= all.length)
    t.same(await ledger.ask("got"), all)
  }
  return { system, ledger, booked, till: system.entity(Till, "t") }
}

await t.test("a delivery that was carried out, and is never answered, has arrived: later ones go on", async (t) => {
  const owed: Deferred<string>[] = []
  const Owing = definePersistentActor({
    name: "ledger",
    version: 1,
    state: () => [] as number[],
    events: { booked: (state, n: number) => void state.push(n) },
  }).receive({
    crashing(ctx, n: number) {
      const deferred = ctx.defer<string>()
      ctx.run(async () => {
        await ctx.persist("booked", n)
        if (n === 1) throw new Error("a crash before the answer")
        deferred.reply("booked")
      }, "worked")
      return deferred
    },
    worked() {},
    failing(ctx, n: number) {
      const deferred = ctx.defer<string>()
      owed.push(deferred)
      ctx.after(1, "later", n)
      return deferred
    },
    async later(ctx, n: number) {
      await ctx.persist("booked", n)
      if (n === 1) owed.shift()?.fail(new Error("refused, and noted"))
      else owed.shift()?.reply("booked")
    },
    got: (ctx) => [...ctx.state],
  })
  const Till = definePersistentActor({ name: "till", version: 1, state: () => ({}), events: {} }).receive({
    sell: (ctx, { how, n }: { readonly how: "crashing" | "failing"; readonly n: number }) =>
      ctx.deliver(ctx.system.entity(Owing, how), how, n),
  })
  const system = await createActorSystem({ name: "post", definitions: [Owing, Till] })
  t.teardown(() => system.stop())
  for (const how of ["crashing", "failing"] as const) {
    for (const n of [1, 2, 3]) await system.entity(Till, how).ask("sell", { how, n })
    await until(async () => (await system.entity(Owing, how).ask("got")).length === 3)
    t.same(await system.entity(Owing, how).ask("got"), [1, 2, 3])
  }
  await until(async () => (await resumeDeliveries(system, Till)) === 0)
})

await t.test("a sender that stops itself goes on with what it has promised", async (t) => {
  let broken = true
  let tries = 0
  const before = (): void => {
    tries += 1
    if (broken) throw new Error("not now")
  }
  const { till, booked } = await shop(t, { before })
  for (const n of [1, 2, 3]) await till.ask("sellAndStop", n)
  await until(async () => tries > 1)
  broken = false
  await booked(1, 2, 3)
})

await t.test("to look for open deliveries does not keep what retention lets go", async (t) => {
  const Counter = definePersistentActor({
    name: "counter",
    version: 1,
    state: () => 0,
    events: { counted: (n) => n + 1 },
    snapshotEvery: 5,
    retention: { keepEvents: 0 },
  }).receive({ count: (ctx) => ctx.persist("counted") })
  const journal = memoryJournal(systemClock)
  const system = await createActorSystem({ name: "post", journal, definitions: [Counter] })
  t.teardown(() => system.stop())
  const counter = system.entity(Counter, "a")
  for (let n = 0; n < 20; n++) {
    await counter.ask("count")
    if (n === 3) await resumeDeliveries(system, Counter)
  }
  const left = async (): Promise<number> => {
    let events = 0
    for await (const page of journal.read({ tenant: "default", type: "counter", key: "a" })) events += page.length
    return events
  }
  await until(async () => (await left()) <= 5)
})

await t.test("a stop with deliveries open makes no dead letter of the runtime's own", async (t) => {
  const Deaf = defineActor({
    name: "deaf",
    state: () => null,
    receive: { hear: () => Promise.reject(new Error("no")) },
  })
  const Till = definePersistentActor({ name: "till", version: 1, state: () => ({}), events: {} }).receive({
    sell: (ctx) => ctx.deliver(ctx.system.entity(Deaf, "a"), "hear"),
  })
  const letters: string[] = []
  const telemetry = { deadLetter: ({ type }: { type: string }) => void letters.push(type) }
  const system = await createActorSystem({ name: "post", definitions: [Deaf, Till], telemetry })
  await system.entity(Till, "t").ask("sell")
  await system.stop()
  t.same(
    letters.filter((type) => type.startsWith("$")),
    [],
  )
})

await t.test("a receiver that crashes cannot say that a delivery was carried out: nothing is stored", async (t) => {
  const seen = new Set<unknown>()
  const after = (executed: unknown): void => {
    if (seen.has(executed)) return
    seen.add(executed)
    throw new AgentOSError("STORE_FAILED", "half of it was done", { executed: executed as "yes" })
  }
  const { till, booked } = await shop(t, { after })
  for (const executed of ["no", "maybe", "yes"]) await till.ask("sell", executed)
  await booked("no", "maybe", "yes")
})

await t.test("no id of a caller's takes the place of a delivery", async (t) => {
  const { system, ledger, booked } = await shop(t, {})
  const key = "k".repeat(500)
  const guessed = [
    "default/till/u#1",
    "=default/till/u#1",
    "==default/till/u#1",
    numberedIn("default", "till", key, 1),
    `=${numberedIn("default", "till", key, 1)}`,
    "invoice#1",
    "=invoice#1",
    "~x",
    "reminder/daily",
  ]
  for (const [n, commandId] of guessed.entries())
    for (const how of ["first", "again"])
      t.equal(await ledger.with({ commandId }).ask("book", commandId), n + 1, `${commandId} ${how}`)
  for (const sender of ["u", key]) await system.entity(Till, sender).ask("sell", sender)
  await booked(...guessed, "u", key)
})

await t.test(
  "what a receiver heard of a call of its own says nothing of the delivery, which comes again",
  async (t) => {
    const Rates = defineActor({
      name: "rates",
      state: () => null,
      receive: {
        rate: (): unknown => ({ at: () => 1 }),
        refused: () => Promise.reject(new AgentOSError("INVALID_PAYLOAD", "no rate", { executed: "no" })),
      },
    })
    let rounds = 0
    const before = async (ctx: Sender): Promise<void> => {
      rounds += 1
      if (rounds === 1) await ctx.ask(rates, "rate")
      if (rounds === 2) await ctx.ask(rates, "refused")
    }
    const { system, till, booked } = await shop(t, { before }, { isolated: true })
    const rates = system.spawn(Rates)
    for (const n of [1, 2, 3]) await till.ask("sell", n)
    await booked(1, 2, 3)
    t.equal(rounds, 5)
  },
)

await t.test(
  "a delivery that its receiver says was carried out has arrived, though no answer to it is kept",
  async (t) => {
    const Slow = definePersistentActor({
      name: "receiver",
      version: 1,
      state: () => ({ got: [] as number[] }),
      events: { took: (state, n: number) => void state.got.push(n) },
    }).receive({
      async take(ctx, n: number) {
        await ctx.persist("took", n)
        const answer = ctx.defer()
        if (n > 0) answer.reply(undefined)
        else ctx.stop() // its life ends, and owes the answer
        return answer
      },
      got: (ctx) => [...ctx.state.got],
    })
    const system = await createActorSystem({ name: "post", definitions: [Sender, Slow] })
    t.teardown(() => system.stop())
    await system.entity(Sender, "s").ask("sendAll", { to: ["r"], times: 3 })
    await until(async () => (await system.entity(Slow, "r").ask("got")).length === 3)
    t.same(await system.entity(Slow, "r").ask("got"), [0, 1, 2])
    await until(async () => (await resumeDeliveries(system, Sender)) === 0)
  },
)

await t.test(
  "who resumes deliveries while somebody does shares the run; tenants are resumed each for itself",
  async (t) => {
    const system = await createActorSystem({ name: "post", definitions: [Poster, Plain([])] })
    t.teardown(() => system.stop())
    const to = (tenant: string) => ({ tenant, type: "plain", key: "x" })
    for (const tenant of ["default", "acme"])
      await system.journal.append({ tenant, type: "poster", key: "a" }, 0, 0, [
        { name: "$deliver", payload: { number: 1, to: to(tenant), type: "nope", payload: 1 }, version: 1 },
      ])
    const resumed = [{}, {}, { tenant: "acme" }, { tenant: "acme" }, { tenant: "other" }]
    t.same(await Promise.all(resumed.map((options) => resumeDeliveries(system, Poster, options))), [1, 1, 1, 1, 0])
    t.equal(await resumeDeliveries(system, Poster), 1)
  },
)

t.test("a stop in the middle of a handler ends what tries to deliver, and goes on", async (t) => {
  const Deaf = defineActor({
    name: "deaf",
    state: () => null,
    receive: {
      hear: () => Promise.reject(new Error("not now")),
    },
  })
  const Sender = definePersistentActor({ name: "sender", version: 1, state: () => ({}), events: {} }).receive({
    async send(ctx, to: ActorRef<{ hear(): void }>) {
      await ctx.deliver(to as ActorRef<{ hear(): void }>, "hear")
      await new Promise<void>(() => {})
    },
  })
  const system = await createActorSystem({ name: "test", definitions: [Sender, Deaf], shutdownTimeoutMs: 50 })
  system.entity(Sender, "a").tell("send", system.entity(Deaf, "b") as never)
  await new Promise((done) => setTimeout(done, 30))
  await system.stop()
  t.equal(system.statistics.actors, 0)
})
