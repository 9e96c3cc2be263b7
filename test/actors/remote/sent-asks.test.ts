import t from "tap"
import { createActorSystem, defineActor } from "#actors/index.js"
import { Ask } from "#actors/ask.js"
import { SentAsks } from "#actors/remote/sent-asks.js"
import type { Ref } from "#actors/ref.js"
import type { ActorSystem } from "#actors/system.js"

const Silent = defineActor({ name: "silent", state: () => ({}), receive: { hear: () => {} } })

t.test("asks that were sent", async (t) => {
  const system = await createActorSystem({ name: "asks" })
  t.teardown(() => system.stop())
  const target = system.spawn(Silent) as unknown as Ref
  const ends: unknown[] = []
  const opened = (): Ask =>
    new Ask(
      system as unknown as ActorSystem,
      target,
      "hear",
      1000,
      false,
      undefined,
      undefined,
      undefined,
      (value) => ends.push(value),
      (error) => ends.push(error),
    )

  await t.test("an ask is taken once", async (t) => {
    const asks = new SentAsks()
    const [first, second] = [opened(), opened()]
    const numbers = [asks.add(first), asks.add(second)] as const
    t.equal(asks.take(numbers[1]), second)
    t.equal(asks.take(numbers[1]), undefined)
    t.equal(asks.take(numbers[0]), first)
    t.equal(asks.size, 0)
  })

  await t.test("those that ended and are never answered are forgotten, those that wait are kept", async (t) => {
    const asks = new SentAsks()
    const open = new Map<number, Ask>()
    let most = 0
    for (let n = 0; n < 20_000; n++) {
      const ask = opened()
      const number = asks.add(ask)
      if (n % 10 === 0) open.set(number, ask)
      else ask.expired()
      most = Math.max(most, asks.size - Math.max(1024, 2 * open.size))
    }
    t.ok(most <= 1, "as many as wait twice over, or a few")
    t.ok([...open].every(([number, ask]) => asks.take(number) === ask))
  })

  await t.test("when the other side is gone, those that wait fail", async (t) => {
    const asks = new SentAsks()
    asks.add(opened())
    asks.add(opened())
    ends.length = 0
    asks.failAll("gone")
    t.same(ends, ["gone", "gone"])
    t.equal(asks.size, 0)
  })
})
