/**
 * What comes from outside is checked by every kind of ref; actors and what lies on the way to them on other threads
 * and nodes are in the contract of refs.
 */
import t, { type Test } from "tap"
import {
  circuitBreaker,
  createActorSystem,
  defineActor,
  defineTopic,
  delivery,
  rateLimit,
  router,
  spawnPool,
  startReminders,
  subscribe,
  workPool,
  type ActorRef,
  type ActorSystem,
} from "#actors/index.js"
import { createTestKit } from "#actors/testing/test-kit.js"
import { doubled, PlacedSubject } from "#test/actors/workers/definitions.js"
import { eventually } from "#test/support/ref-contract.js"

interface Doubles {
  double(n: number): number
}
const got: unknown[] = []
const spec = {
  name: "doubler",
  state: () => null,
  schemas: { double: doubled },
  receive: {
    double(_ctx: unknown, n: number): number {
      got.push(n)
      return n
    },
  },
}
const Doubler = defineActor(spec)
const wrong = "one" as never as number
const roomy = { perSecond: 1e6, burst: 1e6 }
const lenient = { failures: 100, withinMs: 1000, openMs: 1000 }

async function opened(t: Test): Promise<ActorSystem> {
  const definitions = [Doubler, PlacedSubject]
  const system = await createActorSystem({ name: "test", definitions, workers: { threads: 1 } })
  t.teardown(() => system.stop())
  return system
}

const kinds: Readonly<Record<string, (system: ActorSystem) => ActorRef<Doubles>>> = {
  "an actor": (system) => system.spawn(Doubler),
  "an entity": (system) => system.entity(Doubler, "a"),
  "a ref with options": (system) => system.spawn(Doubler).with({ timeoutMs: 1000, cause: { tenant: "acme" } }),
  "a router": (system) => router([system.spawn(Doubler), system.spawn(Doubler)], "round-robin"),
  "a router of refs with options": (system) => router([system.spawn(Doubler).with({ timeoutMs: 1000 })], "random"),
  "a router of breakers": (system) => router([circuitBreaker(system.spawn(Doubler), lenient)], "least-loaded"),
  "a router of a router": (system) => router([router([system.spawn(Doubler)], "random")], "round-robin"),
  "a router by hash": (system) => router([system.spawn(Doubler)], { hash: (_type, n) => (n as number).toFixed() }),
  "a router by the hash of a router": (system) =>
    router([router([system.spawn(Doubler)], "random")], { hash: (_type, n) => (n as number).toFixed() }),
  "a router to the first": (system) => router([system.spawn(Doubler), system.spawn(Doubler)], "scatter-gather-first"),
  "a pool": (system) => spawnPool(system, Doubler, { size: 2 }),
  "a work pool": (system) => workPool(system, Doubler, { size: 2 }),
  "a breaker": (system) => circuitBreaker(system.spawn(Doubler), lenient),
  "a breaker before a router": (system) => circuitBreaker(router([system.spawn(Doubler)], "random"), lenient),
  "a rate limit": (system) => rateLimit(system.spawn(Doubler), roomy),
}

for (const [name, make] of Object.entries(kinds))
  t.test(`S41. ${name} refuses what its schema refuses, and lets through what that made of the rest`, async (t) => {
    const system = await opened(t)
    const ref = make(system)
    const outside = ref.with({ untrusted: true })
    got.length = 0
    await t.rejects(outside.ask("double", wrong), { code: "INVALID_PAYLOAD", executed: "no" })
    t.throws(() => outside.tell("double", wrong), { code: "INVALID_PAYLOAD" })
    t.equal(await outside.ask("double", 1), 2)
    t.equal(outside.tell("double", 2), true)
    t.equal(await ref.ask("double", 3), 3)
    t.same(new Set(got), new Set([2, 4, 3]))
  })

t.test("a broadcast is checked by each that it goes to", async (t) => {
  const system = await opened(t)
  const Any = defineActor({ ...spec, schemas: {} })
  const all = router([system.spawn(Doubler), system.spawn(Any)], "broadcast").with({ untrusted: true })
  t.same(await all.ask("double", 4), [8, 4])
  await t.rejects(all.ask("double", wrong), { code: "INVALID_PAYLOAD" })
})

t.test("what is published from outside is held against the schema of each subscriber", async (t) => {
  const system = await opened(t)
  const topic = system.spawn(defineTopic<number>("numbers"))
  await subscribe(topic, system.spawn(Doubler), "double")
  const far = system.spawn(PlacedSubject)
  await subscribe(topic, far, "checked")
  await far.ask("log")
  const outside = topic.with({ untrusted: true })
  got.length = 0
  t.equal(await outside.ask("publish", wrong), 0)
  t.equal(await outside.ask("publish", 1), 2)
  t.equal(await topic.ask("publish", 3), 2)
  t.same(await far.ask("log"), [2, 3])
  t.same(got, [2, 3])
})

t.test("what is kept to be sent later is held against its schema before it is kept", async (t) => {
  const system = await opened(t)
  const entity = system.entity(Doubler, "later").with({ untrusted: true })
  t.throws(() => delivery(entity, "double", wrong), { code: "INVALID_PAYLOAD" })
  t.match(delivery(entity, "double", 1), { payload: 2 })
  const reminders = await startReminders(system)
  await t.rejects(reminders.set(entity, "r", { afterMs: 1 }, "double", wrong), { code: "INVALID_PAYLOAD" })
  got.length = 0
  await reminders.set(entity, "r", { afterMs: 1 }, "double", 5)
  await eventually(
    () => got.length,
    (length) => length > 0,
  )
  t.same(got, [10])
})

t.test("a message that is refused on another thread is a dead letter there", async (t) => {
  const system = await opened(t)
  const sender = system.spawn(PlacedSubject)
  const before = system.statistics.deadLetters
  await sender.ask("tellElsewhere", { to: system.spawn(Doubler) as never, n: "one" })
  await eventually(
    () => system.statistics.deadLetters,
    (count) => count > before,
  )
  t.equal(system.statistics.deadLetters, before + 1)
})

t.test("a probe takes whatever comes from outside", async (t) => {
  const kit = createTestKit()
  t.teardown(() => kit.stop())
  const probe = kit.probe<Doubles>()
  probe.ref.with({ untrusted: true }).tell("double", 1)
  t.match(await probe.expect("double"), { payload: 1 })
})
