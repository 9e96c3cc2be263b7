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
