/** Two nodes as one actor system: entities are shared out, move when a node leaves, and keep what they know. (Here in one process; the registry would be Consul, the state PostgreSQL.) */
import { definePersistentActor } from "llmagentos/actors"
import { joinCluster, memoryCluster } from "llmagentos/cluster"

const Account = definePersistentActor({
  name: "account",
  version: 1,
  state: () => ({ balance: 0 }),
  events: { deposited: (state, amount: number) => void (state.balance += amount) },
}).receive({
  async deposit(ctx, amount: number) {
    await ctx.persist("deposited", amount)
    return `${ctx.state.balance}, on ${ctx.system.node.split("#")[0]}`
  },
})

const shared = memoryCluster("bank")
const join = (name: string) =>
  joinCluster({
    name: "bank",
    node: { name },
    registry: shared.registry(),
    listen: "127.0.0.1:0",
    state: shared.state(),
    shards: 16,
    definitions: [Account],
  })

const [london, paris] = await Promise.all([join("london"), join("paris")])
await Promise.all([london.untilReady(), paris.untilReady()])
console.log("shards:", london.status().shards.owned)

const owners = ["alice", "bob", "carol", "dave"]
for (const owner of owners) console.log(owner, "has", await london.system.entity(Account, owner).ask("deposit", 40))

await paris.leave() // hands its accounts over first
for (const owner of owners) console.log(owner, "has", await london.system.entity(Account, owner).ask("deposit", 2))
await london.leave()
