import t from "tap"
import { Ledger, Memo, TestCluster } from "./support/test-cluster.js"

t.test("one node serves every shard, and its entities are those of any system", async (t) => {
  const cluster = new TestCluster(t)
  const [a] = await cluster.startAll("a")
  const ref = a!.system.entity(Ledger, "x")
  t.equal(await cluster.within(ref.ask("note", { sender: "me", n: 1 })), 1)
  t.equal(await cluster.within(ref.ask("total")), 1)
  t.equal(ref.address, "entity://test/default/ledger/x")
})

t.test("each shard has one owner, near the ideal share, and any node reaches any entity", async (t) => {
  const cluster = new TestCluster(t, { shards: 64 })
  const nodes = await cluster.startAll("a", "b", "c")
  for (let shard = 0; shard < 64; shard++) t.equal(cluster.ownersOf(shard).length, 1, `shard ${shard}`)
  for (let key = 0; key < 30; key++)
    for (const [i, { system }] of nodes.entries())
      t.equal(await cluster.within(system.entity(Ledger, `k${key}`).ask("note", { sender: "t", n: i })), i + 1)
  const residents = nodes.map(({ system }) => system.residentEntities)
  t.equal(
    residents.reduce((sum, n) => sum + n),
    30,
  )
  t.ok(
    residents.every((n) => n > 0),
    String(residents),
  )
})
