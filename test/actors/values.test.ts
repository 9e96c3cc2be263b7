import fc from "fast-check"
import t from "tap"
import {
  createActorSystem,
  defineActor,
  definePersistentActor,
  memoryJournal,
  openLevelJournal,
  startReminders,
  systemClock,
  type ActorRef,
  type AnyRef,
} from "#actors/index.js"
import { decodePayload, encodePayload } from "#actors/persistence/stored-codec.js"
import { toStored } from "#actors/persistence/stored.js"
import { keptCopy } from "#actors/plain.js"
import { PlacedSubject } from "#test/actors/workers/definitions.js"
import { asked, Echo, storedValueContract, valueContract } from "#test/support/value-contract.js"
import { plainValues, shape } from "#test/support/wire-values.js"

valueContract("in an isolated system", async (t) => {
  const system = await createActorSystem({ name: "test", isolated: true })
  t.teardown(() => system.stop())
  return asked(system.spawn(Echo), "carried")
})

valueContract("to a worker thread and back", async (t) => {
  const system = await createActorSystem({ name: "test", workers: { threads: 1 } })
  t.teardown(() => system.stop())
  return asked(system.spawn(PlacedSubject), "carried")
})

storedValueContract("in memory", async () => {
  const journal = memoryJournal(systemClock)
  return async () => journal
})
storedValueContract("in LevelDB", async (t) => {
  const folder = t.testdir()
  return () => openLevelJournal(folder)
})

const text = (value: unknown): string => JSON.stringify(shape(value))

t.test("whatever is stored is read as it was, and every copy is the same", async () => {
  fc.assert(
    fc.property(plainValues, (value) => {
      const before = text(value)
      const title = (): string => "it"
      return [decodePayload(encodePayload(value)), toStored(value, title), keptCopy(value, title)].every(
        (copy) => text(copy) === before,
      )
    }),
    { numRuns: 500 },
  )
})

t.test("an object that stands twice in what is stored is one again, however often", async (t) => {
  const bytes = new Uint8Array(3)
  const read = decodePayload(encodePayload({ a: [bytes], b: bytes })) as { a: [Uint8Array]; b: Uint8Array }
  t.equal(read.a[0], read.b)
  let wide: unknown = { end: 1 }
  for (let i = 0; i < 100; i++) wide = [wide, wide]
  t.ok(encodePayload(toStored(wide, () => "it")).length < 1000, "nor does it take the room of 2^100")
})

t.test("made-up bytes of a stored value are refused, and nothing else happens", async (t) => {
  const good = Buffer.from(encodePayload(new Map<unknown, unknown>([["a", [new Date(1), -0, new Error("e")]]])))
  let refusals = 0
  for (let at = 0; at < good.length; at++)
    for (const byte of [0, 1, 13, 14, 15, 16, 17, 18, 19, 0x7f, 0xff]) {
      const bad = Buffer.from(good)
      bad[at] = byte
      try {
        decodePayload(bad)
      } catch {
        refusals += 1
      }
    }
  t.ok(refusals > 10)
})

// --- refs ------------------------------------------------------------------------------------------------------------------------------------

const Friend = definePersistentActor({
  name: "friend",
  version: 1,
  state: () => ({ friends: new Map<string, ActorRef<{ hello: () => string }>>(), met: 0 }),
  events: {
    met: (state, { who, by }: { who: ActorRef<{ hello: () => string }>; by: string }) => {
      state.friends.set(by, who)
      state.met += 1
    },
  },
  snapshotEvery: 2,
}).receive({
  meet: async (ctx, met: { who: ActorRef<{ hello: () => string }>; by: string }) => ctx.persist("met", met),
  tell: async (ctx, { to, met }: { to: ActorRef<never>; met: unknown }) => ctx.deliver(to, "meet" as never, met as never), // prettier-ignore
  hello: () => "hello",
  greet: (ctx, by: string) => ctx.ask(ctx.state.friends.get(by) as ActorRef<{ hello: () => string }>, "hello"),
  friend: (ctx, by: string) => ({ found: ctx.state.friends.get(by) }),
  bad: async (ctx, ref: AnyRef) => ctx.persist("met", { who: ref as never, by: "bad" }),
})

for (const kind of ["memory", "LevelDB"])
  t.test(`a ref to an entity that is stored works after a restart (${kind})`, async (t) => {
    const folder = t.testdir()
    const memory = memoryJournal(systemClock)
    const open = async () =>
      createActorSystem({
        name: "test",
        definitions: [Friend],
        journal: kind === "memory" ? memory : await openLevelJournal(folder),
      })
    let system = await open()
    t.teardown(() => system.stop())
    const restart = async (): Promise<void> => {
      await system.stop()
      system = await open()
    }
    const [ann, bob] = [system.entity(Friend, "ann"), system.entity(Friend, "bob")]
    await ann.ask("meet", { who: bob as never, by: "event" })
    t.equal(await ann.ask("greet", "event"), "hello", "before a restart")
    await ann.ask("tell", { to: bob as never, met: { who: ann, by: "delivery" } })
    await restart()
    t.equal(await system.entity(Friend, "ann").ask("greet", "event"), "hello", "in an event")
    await system.entity(Friend, "ann").ask("meet", { who: bob as never, by: "more" })
    await restart()
    t.equal(await system.entity(Friend, "ann").ask("greet", "event"), "hello", "in a snapshot")
    const answered = system.entity(Friend, "ann").with({ commandId: "c" })
    await answered.ask("friend", "event")
    await restart()
    const again = await system.entity(Friend, "ann").with({ commandId: "c" }).ask("friend", "event")
    t.equal(await again.found?.ask("hello"), "hello", "in the answer of a command")
    for (let met = false; !met;)
      met = (await system.entity(Friend, "bob").ask("friend", "delivery")).found !== undefined
    t.equal(await system.entity(Friend, "bob").ask("greet", "delivery"), "hello", "in a delivery")

    const mortal = system.spawn(defineActor({ name: "mortal", state: () => ({}), receive: { hello: () => "hello" } }))
    await t.rejects(system.entity(Friend, "ann").ask("bad", mortal), {
      code: "INVALID_PAYLOAD",
      message: /friend ann, event met: the payload\.who is a ref to actor:.*only refs to entities/,
    })
  })

t.test("a reminder carries a ref to an entity over a restart, and no other ref", async (t) => {
  const journal = memoryJournal(systemClock)
  const open = async () => createActorSystem({ name: "test", definitions: [Friend], journal })
  const first = await open()
  const ann = first.entity(Friend, "ann")
  const reminders = await startReminders(first)
  const met = { who: first.entity(Friend, "bob") as never, by: "reminder" }
  await reminders.set(ann, "meet bob", { afterMs: 60 }, "meet", met)
  const mortal = first.spawn(Echo)
  await t.rejects(reminders.set(ann, "bad", { afterMs: 1 }, "meet", { who: mortal as never, by: "x" }), {
    code: "INVALID_PAYLOAD",
    message: /reminder "bad": the payload\.who is a ref to actor:/,
  })
  await first.stop()
  const second = await open()
  t.teardown(() => second.stop())
  await startReminders(second)
  const again = second.entity(Friend, "ann")
  while ((await again.ask("friend", "reminder")).found === undefined) await new Promise((look) => setTimeout(look, 5))
  t.equal(await again.ask("greet", "reminder"), "hello")
})

t.test("an error that is stored comes back as an error", async (t) => {
  const read = decodePayload(encodePayload(toStored([new RangeError("far", { cause: "why" })], () => "it"))) as Error[]
  t.match(read, [{ name: "RangeError", message: "far", cause: "why" }])
  t.ok(read[0] instanceof Error)
})

// --- when --------------------------------------------------------------------------------------------------------------------------------------

t.test("what is sent to a worker thread, and what it answers, is as it was when it was sent", async (t) => {
  const system = await createActorSystem({ name: "test", workers: { threads: 1 } })
  t.teardown(() => system.stop())
  const ref = system.spawn(PlacedSubject)
  const item = { n: 1, bytes: new Uint8Array([1]), map: new Map([["a", { n: 1 }]]) }
  ref.tell("note", item)
  const echo = ref.ask("echo", item)
  const map = item.map.get("a")
  item.n = item.bytes[0] = 2
  if (map !== undefined) map.n = 2
  const right = { n: 1, bytes: new Uint8Array([1]), map: new Map([["a", { n: 1 }]]) }
  t.strictSame(await echo, right)
  t.strictSame(await ref.ask("log"), [right])
  const log = ref.ask("log")
  ref.tell("note", "later")
  t.strictSame(await log, [right], "an answer does not change with the state it is a part of")
})
