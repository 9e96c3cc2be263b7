/** Your own actors under test: an hour in no time, then three nodes under faults, from one seed. */
import { createActorSystem, defineActor, definePersistentActor, type ActorRef } from "llmagentos/actors"
import { createTestKit, simulate } from "llmagentos/testing"

interface Mailer {
  send(text: string): void
}
const Alarm = defineActor({
  name: "alarm",
  state: ({ mailer }: { mailer: ActorRef<Mailer> }) => ({ mailer }),
  receive: {
    set: (ctx, minutes: number) => void ctx.after(minutes * 60_000, "ring"),
    ring: (ctx) => ctx.tell(ctx.state.mailer, "send", "wake up"),
  },
})

const kit = createTestKit()
const mailer = kit.probe<Mailer>("mailer")
kit.system.spawn(Alarm, { init: { mailer: mailer.ref } }).tell("set", 60)
await mailer.expectNone(59 * 60_000)
console.log("after an hour:", (await mailer.expect("send", 120_000)).payload)
await kit.stop()

const Counter = definePersistentActor({
  name: "counter",
  version: 1,
  state: () => ({ total: 0 }),
  events: { added: (state, by: number) => void (state.total += by) },
}).receive({
  add: (ctx, by: number) => ctx.persist("added", by),
  total: (ctx) => ctx.state.total,
})

let added = 0
const outcome = await simulate({
  seed: 7,
  nodes: ["a", "b", "c"],
  durationMs: 5000,
  faults: {
    crash: { everyMs: 500 },
    tornWrite: { everyMs: 500 },
    loss: { chance: 0.05 },
    duplication: { chance: 0.05 },
  },
  start: async (node) =>
    createActorSystem({ ...node.ports, name: "demo", definitions: [Counter], journal: await node.journal() }),
  async workload(simulation) {
    for (let n = 0; simulation.running; n++) {
      const counter = simulation.entity(Counter, "c").with({ commandId: `add-${n}`, timeoutMs: 200 })
      const again = (): Promise<unknown> => counter.ask("add", 1).catch(() => simulation.wait(20).then(again))
      await again()
      added += 1
    }
  },
  async check(simulation) {
    const total = await simulation.entity(Counter, "c").ask("total")
    if (total !== added) throw new Error(`${added} were added, and the total is ${total}`)
  },
})
console.log(outcome.failure ?? `each of ${added} commands was carried out once`, outcome.faults)
