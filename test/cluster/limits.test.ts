import fc from "fast-check"
import t from "tap"
import { createActorSystem, defineActor, type ActorRef } from "#actors/index.js"
import { AgentOSError } from "#actors/errors.js"
import { VirtualClock } from "#actors/simulation/virtual-clock.js"
import { ClusterLimit, limitGranter, type ClusterRate, type Granter } from "#cluster/limits.js"

const Echo = defineActor({
  name: "echo",
  state: () => ({ said: 0 }),
  receive: { say: (ctx, n: number) => ((ctx.state.said += 1), n) },
})

async function limited(t: { teardown(then: () => unknown): void } | undefined, nodes: number, rate: ClusterRate) {
  const clock = new VirtualClock()
  const system = await createActorSystem({ name: "limits", clock, definitions: [limitGranter] })
  t?.teardown(async () => {
    const stopping = system.stop()
    await clock.advance(10_000)
    await stopping
  })
  const entity = system.entity(limitGranter, "tests") as unknown as ActorRef<Granter>
  let away = false
  /** A way to the granter that can be cut. */
  const granter = {
    with: () => granter,
    ask: (type: "grant", wanted: never) =>
      away ? Promise.reject(new AgentOSError("UNAVAILABLE", "cut")) : entity.ask(type, wanted),
  } as unknown as ActorRef<Granter>
  const limits = Array.from({ length: nodes }, () => new ClusterLimit(granter, rate, clock))
  return { clock, system, limits, entity, cut: (is: boolean) => void (away = is) }
}

t.test("over all nodes no more pass than the limit says, and one lot for each node (G1)", async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 200 }),
      fc.integer({ min: 1, max: 30 }),
      fc.integer({ min: 1, max: 4 }),
      fc.array(fc.tuple(fc.nat(3), fc.nat(200), fc.nat(20)), { minLength: 5, maxLength: 40 }),
      async (perSecond, burst, nodes, demands) => {
        const lot = Math.max(1, Math.floor(burst / 2))
        const { clock, limits, system } = await limited(undefined, nodes, { perSecond, burst, lot })
        const passed: number[] = []
        for (const [node, pauseMs, count] of demands) {
          await clock.advance(pauseMs)
          const limit = limits[node % nodes]!
          for (let n = 0; n < count; n++) if (limit.take() === 0) passed.push(clock.now)
        }
        for (let first = 0; first < passed.length; first++)
          for (let last = first; last < passed.length; last++) {
            const span = passed[last]! - passed[first]!
            if (last - first + 1 > burst + (span * perSecond) / 1000 + nodes * lot) return false
          }
        const stopping = system.stop()
        await clock.advance(10_000)
        await stopping
        return true
      },
    ),
    { numRuns: 40 },
  )
  t.pass()
})

t.test("what the limit allows passes, over nodes together, once the burst is earned (G3)", async (t) => {
  const { clock, limits } = await limited(t, 2, { perSecond: 100, burst: 20, lot: 5 })
  await clock.advance(1000)
  let passed = 0
  for (let n = 0; n < 500; n++) {
    await clock.advance(10)
    for (const limit of limits) if (limit.take() === 0) passed += 1
  }
  t.ok(passed >= 480 && passed <= 535, `${passed} in 5 seconds`)
})

t.test("an ask waits for a grant that is under way, and is throttled when there is none", async (t) => {
  const { clock, limits, system } = await limited(t, 1, { perSecond: 10, burst: 2, lot: 2 })
  await clock.advance(500)
  const echo = limits[0]!.before(system.spawn(Echo))
  const asks = Promise.allSettled([1, 2, 3].map((n) => echo.ask("say", n)))
  await clock.advance(1)
  const [one, two, three] = await asks
  t.match([one, two], [{ value: 1 }, { value: 2 }])
  t.match(three, { status: "rejected", reason: { code: "THROTTLED" } })
  const { retryAfterMs } = (three as PromiseRejectedResult).reason.details as { retryAfterMs: number }
  t.ok(retryAfterMs >= 1 && retryAfterMs <= 100, `${retryAfterMs} ms`)
  await clock.advance(1000)
  t.equal(echo.tell("say", 4), false, "a tell does not wait")
  await clock.advance(1)
  t.equal(echo.tell("say", 4), true)
})

t.test("without the granter a node spends its lot, then refuses or passes as it was told (G4)", async (t) => {
  for (const whenUnavailable of ["refuse", "pass"] as const) {
    const { clock, limits, cut } = await limited(t, 1, { perSecond: 100, burst: 10, lot: 4, whenUnavailable })
    const limit = limits[0]!
    await clock.advance(1000)
    limit.take()
    await clock.advance(1)
    cut(true)
    const held = limit.statistics.held
    t.ok(held >= 3)
    for (let n = 0; n < held; n++) t.equal(limit.take(), 0)
    await clock.advance(1)
    t.equal(limit.take() === 0, whenUnavailable === "pass")
    t.match(limit.statistics.unavailable, /cut/)
    cut(false)
    await clock.advance(1000)
    limit.take()
    await clock.advance(1)
    t.equal(limit.take(), 0)
    t.equal(limit.statistics.unavailable, undefined)
  }
})

t.test("a granter that is started anew begins with no tokens (G3)", async (t) => {
  const { clock, entity } = await limited(t, 0, { perSecond: 10, burst: 10 })
  await clock.advance(5000)
  const wanted = { tokens: 10, perSecond: 10, burst: 10 }
  t.same(await entity.ask("grant", wanted), { tokens: 0, retryAfterMs: 100 })
  await clock.advance(500)
  t.same(await entity.ask("grant", wanted), { tokens: 5, retryAfterMs: 0 })
})

t.test("a rate that makes no sense is refused", async (t) => {
  const { limits: _, entity, clock } = await limited(t, 1, { perSecond: 1, burst: 1 })
  for (const rate of [
    { perSecond: 0, burst: 1 },
    { perSecond: 1, burst: 0 },
    { perSecond: 1, burst: 2, lot: 3 },
  ])
    t.throws(() => new ClusterLimit(entity, rate, clock), { code: "INVALID_DEFINITION" })
})
