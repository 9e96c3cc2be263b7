/** A supervisor restarts a child that crashes; the message that killed it is lost, the others are not. */
import { createActorSystem, defineActor } from "llmagentos/actors"

const Divider = defineActor({
  name: "divider",
  state: () => ({ done: 0 }),
  receive: {
    divide(ctx, [a, b]: readonly [bigint, bigint]) {
      const quotient = a / b // throws on zero
      ctx.state.done += 1
      return quotient
    },
    done: (ctx) => ctx.state.done,
  },
})

const system = await createActorSystem({ name: "demo" })
const divider = system.spawn(Divider, { name: "divider" })

console.log(await divider.ask("divide", [84n, 2n])) // 42n
console.log(await divider.ask("divide", [1n, 0n]).catch((error: Error) => `crashed: ${error.message}`))
console.log(await divider.ask("divide", [126n, 3n])) // 42n: restarted in its place
console.log("done since the restart:", await divider.ask("done")) // 1
await system.stop()
