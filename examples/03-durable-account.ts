/** A persistent actor: only events change its state, and a reply leaves when its events are on disk. */
import { createActorSystem, definePersistentActor } from "llmagentos/actors"

const Account = definePersistentActor({
  name: "account",
  version: 1,
  state: () => ({ balance: 0 }),
  events: {
    deposited: (state, amount: number) => {
      state.balance += amount
    },
  },
}).receive({
  async deposit(ctx, amount: number) {
    await ctx.persist("deposited", amount)
    return ctx.state.balance
  },
  balance: (ctx) => ctx.state.balance,
})

const system = await createActorSystem({ name: "bank", definitions: [Account] })
const alice = system.entity(Account, "alice") // activated by its first message
console.log(await alice.ask("deposit", 40))
console.log(await alice.with({ commandId: "payment-7" }).ask("deposit", 2))
console.log(await alice.with({ commandId: "payment-7" }).ask("deposit", 2)) // the same command again: the first answer
console.log("balance:", await alice.ask("balance")) // 42
await system.stop()
