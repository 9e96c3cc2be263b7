/** An actor: state, a mailbox, one message at a time. */
import { createActorSystem, defineActor } from "llmagentos/actors"

const Counter = defineActor({
  name: "counter",
  state: () => ({ total: 0 }),
  receive: {
    add(ctx, by: number) {
      ctx.state.total += by
    },
    total: (ctx) => ctx.state.total,
  },
})

const system = await createActorSystem({ name: "demo" })
const counter = system.spawn(Counter)
counter.tell("add", 2)
counter.tell("add", 40)
console.log("total:", await counter.ask("total")) // total: 42
await system.stop()
