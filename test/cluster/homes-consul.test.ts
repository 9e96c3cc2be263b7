/** Three nodes with a LevelDB each, over a real Consul and real sockets: state moves with its shards, waits for its node, and outlives a registry that is wiped. */
import { join } from "node:path"
import t from "tap"
import { definePersistentActor } from "#actors/index.js"
import { verifyFolder } from "#actors/persistence/verify.js"
import { joinCluster } from "#cluster/cluster.js"
import type { Cluster } from "#cluster/cluster-handle.js"
import { consulRegistry } from "#cluster/consul-registry.js"
import { openLevelState } from "#cluster/level-state.js"
import { findConsul, startDevAgent } from "#test/support/consul.js"
import { until } from "./support/joined.js"

const Account = definePersistentActor({
  name: "account",
  version: 1,
  state: () => ({ amounts: [] as number[] }),
  events: { deposited: (state, amount: number) => void state.amounts.push(amount) },
}).receive({
  async deposit(ctx, amount: number) {
    await ctx.persist("deposited", amount)
    return ctx.state.amounts.length
  },
  amounts: (ctx) => [...ctx.state.amounts],
  where: (ctx) => ctx.system.node,
})
const keys = Array.from({ length: 40 }, (_, n) => `k${n}`)
const binary = await findConsul()

t.setTimeout(300_000)
t.test("three nodes with a LevelDB each", { skip: binary === undefined && "no consul on this machine" }, async (t) => {
  const folder = t.testdir()
  const consul = await startDevAgent(binary as string, join(folder, "consul"))
  t.teardown(() => consul.kill())
  const clusters = new Map<string, Cluster>()
  t.teardown(() => Promise.all([...clusters.values()].map((cluster) => cluster.stop())))
  const start = async (name: string): Promise<Cluster> => {
    const cluster = await joinCluster({
      name: "homes",
      node: { name },
      registry: consulRegistry({ cluster: "homes", url: consul.url }),
      listen: "127.0.0.1:0",
      state: await openLevelState(join(folder, name)),
      shards: 64,
      definitions: [Account],
      shutdownTimeoutMs: 1000,
    })
    clusters.set(name, cluster)
    return cluster
  }
  const settled = (): Promise<void> => {
    const all = [...clusters.values()]
    const joined = (cluster: Cluster): boolean => cluster.ready && [...cluster.peers.open()].length === all.length - 1
    return until("all are ready and know each other", () => all.every(joined), 90_000)
  }
  let deposits = 0
  const depositAll = async ({ system }: Cluster): Promise<void> => {
    deposits += 1
    await Promise.all(
      keys.map((key) => system.entity(Account, key).with({ timeoutMs: 20_000 }).ask("deposit", deposits)),
    )
  }
  const ask = ({ system }: Cluster, key: string): Promise<number[]> =>
    system.entity(Account, key).with({ timeoutMs: 20_000 }).ask("amounts")
  const expected = (): number[] => Array.from({ length: deposits }, (_, n) => n + 1)
  const keepsAll = async (cluster: Cluster): Promise<void> => {
    for (const amounts of await Promise.all(keys.map((key) => ask(cluster, key)))) t.same(amounts, expected())
  }

  const a = await start("a")
  await settled()
  await depositAll(a)
  const [b, c] = [await start("b"), await start("c")]
  await settled()
  await keepsAll(c)
  await depositAll(b)
  const whereOf = async (cluster: Cluster): Promise<Map<string, string>> =>
    new Map(
      await Promise.all(
        keys.map(async (key) => [key, await cluster.system.entity(Account, key).ask("where")] as const),
      ),
    )
  t.equal(new Set((await whereOf(a)).values()).size, 3)

  await t.test("Consul is wiped and restarted: owners go on, nothing moves, and the records return", async (t) => {
    const before = await whereOf(a)
    await consul.kill()
    await depositAll(a)
    await consul.start()
    await depositAll(b)
    const registry = consulRegistry({ cluster: "homes", url: consul.url })
    t.teardown(() => registry.close())
    let records = 0
    const list = async (): Promise<void> => {
      const listed = await registry.list("home/")
      records = listed.kind === "listed" ? listed.records.length : 0
    }
    const looking = setInterval(() => void list(), 200)
    await until("the records are back", () => records === 64, 60_000)
    clearInterval(looking)
    await settled()
    t.same(await whereOf(c), before)
  })
  await keepsAll(a)

  await t.test("what lies on a node that has stopped is away, never empty, and returns with it", async (t) => {
    const there = [...(await whereOf(a))].filter(([, node]) => node === c.id).map(([key]) => key)
    t.ok(there.length > 0)
    await c.stop()
    clusters.delete("c")
    await until("it is gone", () => ![...a.peers.open()].includes(c.id), 30_000)
    for (const key of keys)
      if (!there.includes(key)) t.same(await ask(b, key), expected())
      else await t.rejects(a.system.entity(Account, key).ask("amounts"), { code: /^(UNAVAILABLE|ASK_TIMEOUT)$/ })
    t.same((await verifyFolder(join(folder, "c"))).damages, [])
    await start("c")
    await settled()
  })
  await keepsAll(b)

  await t.test("a node that leaves has given everything away", async (t) => {
    await depositAll(a)
    await a.leave()
    clusters.delete("a")
    await settled()
    await keepsAll(b)
    const { damages } = await verifyFolder(join(folder, "a"))
    t.same(damages, [])
  })
})
