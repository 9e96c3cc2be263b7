/** Every word that a caller gives is checked where it enters. */
import t from "tap"
import { circuitBreaker, createActorSystem, defineActor, rateLimit, router, type ActorRef } from "#actors/index.js"
import { HandClock } from "#test/support/hand-clock.js"

const spec = {
  name: "plain",
  state: () => null,
  receive: {
    fine: () => "fine",
    crash(): void {
      throw new Error("lost")
    },
  },
}
const Plain = defineActor(spec)
const wrong = ["Permanent", "oneForOne", "", "constructor", "dropOldest", "Wait", "workers", 5, null, {}, true]

t.test("a word that means nothing is refused by name", async (t) => {
  const system = await createActorSystem({ name: "test" })
  t.teardown(() => system.stop())
  const made = system.spawn(Plain)
  for (const word of wrong as never[]) {
    const definition = { code: "INVALID_DEFINITION" }
    t.throws(() => system.spawn(Plain, { kind: word }), { ...definition, message: /kind is .*"permanent" or/ })
    t.throws(() => system.spawn(Plain, { placement: word }), { ...definition, message: /placement/ })
    t.throws(() => system.spawn(Plain, { mailbox: { overflow: word } }), { ...definition, message: /overflow/ })
    t.throws(() => system.spawn(Plain, { supervision: { strategy: word } }), { ...definition, message: /strategy/ })
    t.throws(() => defineActor({ ...spec, supervision: { strategy: word } }), definition)
    t.throws(() => defineActor({ ...spec, mailbox: { overflow: word } }), definition)
    t.throws(() => defineActor({ ...spec, placement: word }), definition)
    t.throws(() => router([made], word), { ...definition, message: /routing/ })
    await t.rejects(createActorSystem({ name: "test", whenGivenUp: word }), { ...definition, message: /whenGivenUp/ })
    t.throws(() => made.with({ whenFull: word }), { code: "INVALID_OPTION", message: /whenFull/ })
    t.throws(() => made.with({ signal: word }), { code: "INVALID_OPTION", message: /signal/ })
    t.throws(() => made.with({ cause: { signal: word } }), { code: "INVALID_OPTION", message: /signal/ })
  }
  for (const what of [5, null, {}, true, 5n, Symbol("x")] as never[]) {
    t.throws(() => made.with({ cause: { traceId: what } }), { code: "INVALID_OPTION", message: /traceId/ })
    t.throws(() => made.with({ cause: { caller: what } }), { code: "INVALID_OPTION", message: /caller/ })
    t.throws(() => made.tell(what), { code: "UNKNOWN_MESSAGE" })
    await t.rejects(made.ask(what), { code: "UNKNOWN_MESSAGE" })
  }
  for (const cause of [null, 5, "x"] as never[]) t.throws(() => made.with({ cause }), { code: "INVALID_OPTION" })
})

t.test("a breaker that was open for its time lets tells through, too", async (t) => {
  const clock = new HandClock()
  const system = await createActorSystem({ name: "test", clock })
  t.teardown(() => system.stop())
  const breaker = circuitBreaker(system.spawn(Plain), { failures: 1, withinMs: 100, openMs: 50 })
  await t.rejects(breaker.ask("crash"), { code: "ACTOR_CRASHED" })
  t.equal(breaker.tell("fine"), false)
  clock.wind(50)
  t.same([breaker.tell("fine"), breaker.tell("fine")], [true, true])
  t.equal(await breaker.ask("fine"), "fine")
  t.equal(breaker.circuit, "closed")
})

t.test("routers that would lead to each other are refused where the ring is closed", async (t) => {
  const system = await createActorSystem({ name: "test" })
  t.teardown(() => system.stop())
  type Protocol = { fine: () => string }
  const first = router<Protocol>([], "round-robin")
  const second = router<Protocol>([first], "random")
  const limited = rateLimit(second as ActorRef<Protocol>, { perSecond: 1000, burst: 10 })
  for (const ref of [first, second, limited, first.with({})])
    t.throws(() => first.add(ref), { code: "ASK_CYCLE", message: /leads back/ })
  first.add(system.spawn(Plain))
  t.equal(await second.ask("fine"), "fine")
})
