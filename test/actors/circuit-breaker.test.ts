import t from "tap"
import { circuitBreaker, createActorSystem, defineActor, rateLimit, router } from "#actors/index.js"
import { admit, CLOSED, settled, type BreakerState } from "#actors/circuit-breaker.js"
import { HandClock } from "#test/support/hand-clock.js"

const limits = { failures: 2, withinMs: 100, openMs: 50 }

t.test("failures far apart do not open it, failures close together do", (t) => {
  const failing = (...moments: number[]): BreakerState =>
    moments.reduce<BreakerState>((state, now) => settled(state, limits, 0, "failure", now), CLOSED)
  t.equal(failing(0, 100).kind, "closed")
  t.same(failing(0, 99), { kind: "open", epoch: 1, until: 149 })
  t.end()
})

t.test("half-open lets one through, whose outcome decides; what began before has no say", (t) => {
  const open: BreakerState = { kind: "open", epoch: 1, until: 50 }
  t.notOk(admit(open, 49).admitted)
  const { admitted, state } = admit(open, 50)
  t.ok(admitted)
  t.notOk(admit(state, 50).admitted)
  t.equal(settled(state, limits, 0, "success", 50), state)
  t.equal(settled(state, limits, 2, "success", 50).kind, "closed")
  t.same(settled(state, limits, 2, "failure", 60), { kind: "open", epoch: 3, until: 110 })
  t.ok(admit(settled(state, limits, 2, "neither", 60), 60).admitted, "the next may try")
  t.end()
})

t.test("an actor that fails is left alone, and served again when it is well", async (t) => {
  const clock = new HandClock()
  const system = await createActorSystem({ name: "breakers", clock })
  t.teardown(() => system.stop())
  let calls = 0
  const Flaky = defineActor({
    name: "flaky",
    state: () => undefined,
    receive: {
      work(_ctx, well: boolean) {
        calls += 1
        if (!well) throw new Error("unwell")
        return "done"
      },
    },
  })
  const ref = circuitBreaker(system.spawn(Flaky), limits)
  for (let i = 0; i < 2; i++) await t.rejects(ref.ask("work", false), { code: "ACTOR_CRASHED" })
  await t.rejects(ref.ask("work", true), { code: "CIRCUIT_OPEN", details: { retryAfterMs: 50 } })
  t.equal(ref.tell("work", true), false)
  t.equal(calls, 2)
  clock.wind(50)
  t.equal(await ref.ask("work", true), "done")
  t.equal(ref.circuit, "closed")
  const wrong = (): void => {
    // @ts-expect-error the payload is a boolean
    ref.tell("work", 1)
  }
  t.type(wrong, "function")
})

t.test("inside a handler the cause and the command id pass through breaker, limit and router", async (t) => {
  const system = await createActorSystem({ name: "chains" })
  t.teardown(() => system.stop())
  const Inner = defineActor({
    name: "inner",
    state: () => 0,
    receive: { cause: ({ cause: { tenant, commandId } }) => ({ tenant, commandId }) },
  })
  const limited = rateLimit(system.spawn(Inner), { perSecond: 1, burst: 5 })
  const ref = router([circuitBreaker(limited, limits)], "random")
  const Outer = defineActor({
    name: "outer",
    state: () => 0,
    receive: { go: (ctx) => ctx.ask(ref.with({ commandId: "c1" }), "cause") },
  })
  const outer = system.spawn(Outer).with({ cause: { tenant: "acme" } })
  t.same(await outer.ask("go"), { tenant: "acme", commandId: "c1" })
})
