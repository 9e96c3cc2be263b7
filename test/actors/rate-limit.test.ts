import fc from "fast-check"
import t from "tap"
import { createActorSystem, defineActor, rateLimit } from "#actors/index.js"
import { take, type Bucket } from "#actors/rate-limit.js"
import { HandClock } from "#test/support/hand-clock.js"

t.test("no span lets more pass than the burst and its share of the rate", (t) => {
  const rate = { perSecond: 10, burst: 3 }
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 60 }), (gaps) => {
      let bucket: Bucket = { tokens: rate.burst, at: 0 }
      let now = 0
      const passed: number[] = []
      for (const gap of gaps) {
        now += gap
        const taken = take(bucket, rate, now)
        bucket = taken.bucket
        if (taken.retryAfterMs === 0) passed.push(now)
      }
      return passed.every((from, first) =>
        passed.slice(first).every((to, more) => more + 1 <= rate.burst + ((to - from) * rate.perSecond) / 1000 + 1e-6),
      )
    }),
  )
  t.end()
})

t.test("beyond the rate an ask is told when to come again and a tell answers false", async (t) => {
  const clock = new HandClock()
  const system = await createActorSystem({ name: "limits", clock })
  t.teardown(() => system.stop())
  const Echo = defineActor({ name: "echo", state: () => 0, receive: { echo: (_ctx, n: number) => n } })
  const ref = rateLimit(system.spawn(Echo), { perSecond: 4, burst: 2 })
  t.same(await Promise.all([ref.ask("echo", 1), ref.ask("echo", 2)]), [1, 2])
  await t.rejects(ref.ask("echo", 3), { code: "THROTTLED", details: { retryAfterMs: 250 } })
  t.equal(ref.tell("echo", 3), false)
  clock.wind(250)
  t.equal(await ref.ask("echo", 3), 3)
  const wrong = (): void => {
    // @ts-expect-error the payload is a number
    ref.tell("echo", "1")
  }
  t.type(wrong, "function")
})
