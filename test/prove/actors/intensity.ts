/** A supervisor that allows three restarts in five seconds, on the machine's own clock: it gives up on the fourth crash, and not before. */
import { setTimeout as sleep } from "node:timers/promises"
import { createActorSystem, defineActor, type ActorRef } from "#actors/index.js"

type ChildRef = ActorRef<{ readonly crash: () => void; readonly ping: () => string }>

const Child = defineActor({
  name: "child",
  state: () => undefined,
  receive: {
    crash() {
      throw new Error("as planned")
    },
    ping: () => "here",
  },
})

const Supervisor = defineActor({
  name: "supervisor",
  state: () => undefined,
  supervision: { intensity: { max: 3, withinMs: 5000 } },
  receive: { begin: (ctx) => ctx.spawn(Child) as ChildRef },
})

/** Crashes a child so often, waiting before the last time. @returns after which crash the supervisor gave up; 0 when it did not */
export async function crashUntilGivenUp(times: number, waitBeforeLastMs = 0): Promise<number> {
  let givenUp = false
  const system = await createActorSystem({ name: "intensity", telemetry: { escalated: () => (givenUp = true) } })
  const child = await system.spawn(Supervisor).ask("begin")
  let after = 0
  for (let crash = 1; crash <= times && after === 0; crash++) {
    if (crash === times) await sleep(waitBeforeLastMs)
    await child.ask("crash").catch(() => undefined)
    const there = await child.ask("ping").catch(() => "gone")
    if (givenUp) after = crash
    else if (there !== "here") after = -crash
  }
  await system.stop()
  return after
}
