import t from "tap"
import { createActorSystem, defineActor } from "#actors/index.js"
import { VirtualClock } from "#actors/simulation/virtual-clock.js"
import { neverAsleep, Singletons } from "#cluster/singletons.js"

let started = 0
const Janitor = defineActor({
  name: "janitor",
  state: () => ({ rounds: 0 }),
  passivateAfterMs: 1000,
  supervision: { intensity: { max: 0, withinMs: 1000 } },
  started: () => void (started += 1),
  receive: {
    sweep: (ctx) => (ctx.state.rounds += 1),
    fall() {
      throw new Error("slipped")
    },
  },
})
const Other = defineActor({ name: "other", state: () => ({}), receive: { read: () => 1 } })

t.test(
  "it is started once its shard is served, without a message, never sleeps, and is started again when it has ended (G2)",
  async (t) => {
    const clock = new VirtualClock()
    started = 0
    let served = false
    const options = { maxResident: 1, memoryPressure: () => 0 }
    const definitions = [neverAsleep(Janitor), Other]
    const system = await createActorSystem({ name: "one", clock, definitions, entities: options })
    const singletons = new Singletons([Janitor], { system, clock, serves: () => served })
    await clock.advance(5000)
    t.equal(started, 0)
    served = true
    await clock.advance(1001)
    t.equal(started, 1)
    const janitor = singletons.ref(Janitor)
    t.equal(await janitor.ask("sweep"), 1)
    await system.entity(Other, "makes room necessary").ask("read")
    await clock.advance(3600_000)
    t.equal(await janitor.ask("sweep"), 2, "the same life")
    t.equal(started, 1)

    await t.rejects(janitor.ask("fall"))
    await clock.advance(2001)
    t.ok(started >= 2, "it runs again without being asked")
    t.equal(await janitor.ask("sweep"), 1)
    t.throws(() => singletons.ref(Other), { code: "UNKNOWN_DEFINITION" })
    singletons.close()
    const stopping = system.stop()
    await clock.advance(10_000)
    await stopping
  },
)
