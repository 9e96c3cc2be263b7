/** Names at the doors of a cluster, between nodes whose own names are those of properties that every object has. */
import t, { type Test } from "tap"
import { defineActor, definePersistentActor, subscribe } from "#actors/index.js"
import type { Cluster } from "#cluster/cluster-handle.js"
import { JoinedNodes, until } from "./support/joined.js"

const noNames = ["", "\ud800", "a\udc00", "\u0000", "a\u0000b", "\n", "\u007f", "\u0085", "x".repeat(513)]
const oddNames = ["constructor", "__proto__", "a/b", "a%2Fb", "topic/prices", "%", "שלום", "é", "e\u0301", "🙂", "x".repeat(512)] // prettier-ignore

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
const Listener = defineActor({
  name: "listener",
  state: () => ({ heard: [] as string[] }),
  receive: {
    hear: (ctx, text: string) => void ctx.state.heard.push(text),
    heard: (ctx) => ctx.state.heard,
    arrived: (ctx, text: string) => void ctx.state.heard.push(`stolen: ${text}`),
  },
})

async function two(t: Test): Promise<readonly [Cluster, Cluster]> {
  const nodes = new JoinedNodes(t, { definitions: [Account] })
  const clusters = await nodes.all("constructor", "toString")
  await until("every shard has an owner", () => clusters.every((cluster) => cluster.status().shards.unowned === 0))
  return clusters as readonly Cluster[] as readonly [Cluster, Cluster]
}

t.test("entities, tenants and command ids of odd names are themselves on every node", async (t) => {
  const [a, b] = await two(t)
  for (const name of oddNames)
    for (const [tenant, key] of [
      ["default", name],
      [name, "k"],
      [name, name],
    ] as const) {
      const [here, there] = [a, b].map(({ system }) => system.entity(Account, key, { tenant }))
      t.equal(await here?.with({ commandId: name }).ask("deposit", 1), 1)
      t.equal(await there?.with({ commandId: name }).ask("deposit", 1), 1, "the same command, from the other node")
      t.equal(await there?.ask("deposit", 1), 2)
    }
  for (const name of noNames)
    for (const { system } of [a, b]) {
      t.throws(() => system.entity(Account, name), { code: "INVALID_NAME" })
      t.throws(() => system.entity(Account, "k", { tenant: name }), { code: "INVALID_NAME" })
      t.throws(() => system.entity(Account, "k").with({ commandId: name }), { code: "INVALID_NAME" })
    }
})

t.test("what is registered, a topic and a limit are found by their own names alone", async (t) => {
  const [a, b] = await two(t)
  for (const name of noNames) {
    await t.rejects(a.receptionist.register(name, a.system.spawn(Listener)), { code: "INVALID_NAME" })
    t.throws(() => a.receptionist.lookup(name), { code: "INVALID_NAME" })
    t.throws(() => a.receptionist.router(name, "round-robin"), { code: "INVALID_NAME" })
    t.throws(() => a.topic(name), { code: "INVALID_NAME" })
    t.throws(() => a.limit(name, { perSecond: 1, burst: 1 }), { code: "INVALID_NAME" })
  }
  for (const name of oddNames) {
    t.same(b.receptionist.lookup(name), [])
    const listener = a.system.spawn(Listener)
    await a.receptionist.register(name, listener)
    t.same(b.receptionist.lookup(name).map(({ address }) => address), [listener.address]) // prettier-ignore
  }
  const thief = a.receptionist.lookup<{ heard(): string[] }>("topic/prices")[0]
  for (const name of ["prices", ...oddNames]) {
    const listener = b.system.spawn(Listener)
    await subscribe(b.topic<string>(name), listener, "hear")
    await a.topic<string>(name).ask("publish", `of ${name}`)
    await until("it has come", async () => (await listener.ask("heard")).length > 0)
    t.same(await listener.ask("heard"), [`of ${name}`])
  }
  t.same(await thief?.ask("heard"), [], "who registers as topic/prices is no topic")
})

t.test("nodes named constructor and toString own what they own", async (t) => {
  const [a, b] = await two(t)
  const { owned, here } = a.status().shards
  t.equal(owned["constructor"], here)
  t.equal((owned["constructor"] ?? 0) + (owned["toString"] ?? 0), a.status().shards.count)
  await b.leave()
  await until("the other has all", () => a.status().shards.here === a.status().shards.count)
  for (const { shards } of a.status().members) t.type(shards, "number")
})
