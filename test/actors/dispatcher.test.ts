import t from "tap"
import { systemClock } from "#actors/clock.js"
import { createActorSystem, defineActor } from "#actors/index.js"

const Echo = defineActor({ name: "echo", state: () => null, receive: { echo: (_ctx, value: number) => value } })

t.test("asks one after the other do not keep timers from firing", async (t) => {
  const system = await createActorSystem({ name: "test" })
  const echo = system.spawn(Echo)
  let fired = false
  systemClock.timer(1, () => (fired = true))
  let asked = 0
  while (!fired && asked < 500_000) asked += await echo.ask("echo", 1)
  t.ok(fired, `the timer fired while ${asked} asks went by`)
  await system.stop()
})

t.test("many slow handlers do not keep timers from firing", async (t) => {
  const system = await createActorSystem({ name: "test" })
  const Busy = defineActor({
    name: "busy",
    state: () => null,
    receive: {
      work() {
        const until = performance.now() + 1
        while (performance.now() < until);
      },
    },
  })
  const busy = Array.from({ length: 200 }, () => system.spawn(Busy))
  for (const actor of busy) for (let i = 0; i < 4; i++) actor.tell("work")
  const waits: number[] = []
  while (system.statistics.handled < 800) {
    const began = performance.now()
    await new Promise((done) => setImmediate(done))
    waits.push(performance.now() - began)
  }
  const median = waits.toSorted((a, b) => a - b)[waits.length >> 1] ?? Infinity
  t.ok(median < 40, `the event loop had its turn every ${median.toFixed(1)} ms`)
  await system.stop()
})

t.test("an actor that floods a full mailbox gives way to the one that empties it", async (t) => {
  const system = await createActorSystem({ name: "test" })
  const sink = system.spawn(Echo, { mailbox: { capacity: 16 } })
  const Flooder = defineActor({
    name: "flooder",
    state: () => ({ left: 100, accepted: 0 }),
    receive: {
      go(ctx): void {
        for (let i = 0; i < 100; i++) if (ctx.tell(sink, "echo", 1)) ctx.state.accepted += 1
        if (--ctx.state.left > 0) ctx.tell(ctx.self, "go")
      },
      left: (ctx) => ctx.state.left,
      accepted: (ctx) => ctx.state.accepted,
    },
  })
  const flooder = system.spawn(Flooder)
  flooder.tell("go")
  while ((await flooder.ask("left")) > 0);
  const accepted = await flooder.ask("accepted")
  t.equal(accepted + system.statistics.refused, 10_000, "each was taken or counted")
  t.ok(accepted >= 1600 - 16, `${accepted} were taken: a mailbox full each time`)
  await system.stop()
})
