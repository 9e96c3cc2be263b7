import t, { type Test } from "tap"
import { keyOf } from "#actors/persistence/keys.js"
import { Ledger, type TestNode } from "./support/test-cluster.js"
import { LevelCluster } from "./support/level-cluster.js"

const shards = 32
const keys = Array.from({ length: 24 }, (_, n) => `k${n}`)

/** Adds a note to each of some entities, by way of a node. */
async function noteAll(cluster: LevelCluster, { system }: TestNode, n: number, of = keys): Promise<void> {
  await cluster.within(Promise.all(of.map((key) => system.entity(Ledger, key).ask("note", { sender: key, n }))))
}

const totals = (cluster: LevelCluster, { system }: TestNode, of = keys): Promise<readonly number[]> =>
  cluster.within(Promise.all(of.map((key) => system.entity(Ledger, key).ask("total"))))

const oneOwnerEach = (t: Test, cluster: LevelCluster): void => {
  for (let shard = 0; shard < shards; shard++) t.ok(cluster.ownersOf(shard).length <= 1, `shard ${shard}: ${cluster.ownersOf(shard).join()}`) // prettier-ignore
}

t.test("a node that starts again has its entities, under higher epochs", async (t) => {
  const cluster = new LevelCluster(t)
  const [first] = await cluster.startAll("a")
  await noteAll(cluster, first!, 1)
  const before = Array.from({ length: shards }, (_, shard) => first!.ownership.epochOf(shard))
  cluster.kill("a")
  const [again] = await cluster.startAll("a")
  t.same(
    await totals(cluster, again!),
    keys.map(() => 1),
  )
  for (const [shard, epoch] of before.entries()) t.ok(again!.ownership.epochOf(shard) > epoch)
})

t.test("nodes that join get their share with everything in it; one that drains gives all away", async (t) => {
  const cluster = new LevelCluster(t)
  const [a] = await cluster.startAll("a")
  await noteAll(cluster, a!, 1)
  const [b, c] = [await cluster.start("b"), await cluster.start("c")]
  await cluster.ready()
  for (let shard = 0; shard < shards; shard++) t.equal(cluster.ownersOf(shard).length, 1)
  for (const node of [a!, b, c]) t.ok(node.system.residentEntities > 0 || node !== a, "it is one system")
  t.same(
    await totals(cluster, c),
    keys.map(() => 1),
  )
  await noteAll(cluster, b, 2)
  await cluster.within(a!.shards.drain())
  t.same(
    await totals(cluster, a!),
    keys.map(() => 2),
    "it still routes",
  )
  t.ok(Array.from({ length: shards }, (_, shard) => cluster.ownersOf(shard)).every(([owner]) => owner !== "a"))
  const left = await cluster.disks.get("a")!.entries(keyOf("journal"))
  t.equal(left, 0, "its copies are gone")
})

t.test("every note that was acknowledged is kept, once and in order, while nodes join, drain and leave", async (t) => {
  const cluster = new LevelCluster(t, { delay: () => 0.5 + Math.random() })
  const [a] = await cluster.startAll("a")
  let stop = false
  const asked = new Set<TestNode>([a!])
  const writers = keys.map(async (key, i) => {
    let n = 0
    while (!stop) {
      for (const node of cluster.nodes.values()) if (node.shards.ready) asked.add(node) // clients are sent to nodes that are ready
      const { system } = [...asked][(i + n) % asked.size] as TestNode
      const total = await system.entity(Ledger, key).with({ commandId: `${key}-${n}` }).ask("note", { sender: key, n }) // prettier-ignore
      n += 1
      if (total !== n) throw new Error(`${key}: the note ${n} was the ${total}.`)
      await new Promise<void>((done) => cluster.clock.timer(5, done))
    }
    return n
  })
  const all = Promise.all(writers)
  all.catch(() => undefined)
  await cluster.clock.advance(500)
  await cluster.start("b")
  await cluster.ready()
  await cluster.start("c")
  await cluster.ready()
  await cluster.clock.advance(500)
  await cluster.within(a!.shards.drain())
  await cluster.clock.advance(500)
  a!.shards.undrain()
  await cluster.ready()
  stop = true
  const counts = await cluster.within(all)
  t.ok(
    counts.every((n) => n > 20),
    String(counts),
  )
  for (const [i, key] of keys.entries()) {
    const notes = await cluster.within(a!.system.entity(Ledger, key).ask("notes"))
    t.same(notes.map(({ n }) => n), Array.from({ length: counts[i]! }, (_, n) => n)) // prettier-ignore
  }
})

t.test("the shards of a node that crashed are away, and back with it", async (t) => {
  const cluster = new LevelCluster(t)
  const [a, b] = await cluster.startAll("a", "b")
  await noteAll(cluster, a!, 1)
  const owner = (key: string): string => cluster.ownersOf(a!.shards.shardOf({ tenant: "default", type: "ledger", key }))[0] as string // prettier-ignore
  const [here, there] = [keys.filter((key) => owner(key) === "a"), keys.filter((key) => owner(key) === "b")]
  t.ok(here.length > 0 && there.length > 0)
  cluster.kill("b")
  await cluster.clock.advance(20_000)
  t.same(await totals(cluster, a!, here), here.map(() => 1)) // prettier-ignore
  for (const key of there)
    await t.rejects(cluster.within(a!.system.entity(Ledger, key).ask("total")), { code: "UNAVAILABLE" })
  const c = await cluster.start("c")
  await cluster.clock.advance(20_000)
  for (const key of there)
    await t.rejects(cluster.within(c.system.entity(Ledger, key).ask("total")), { code: "UNAVAILABLE" })
  await cluster.start("b")
  await cluster.ready()
  t.same(await totals(cluster, c), keys.map(() => 1)) // prettier-ignore
  oneOwnerEach(t, cluster)
  void b
})

t.test("the last node that drains keeps what lies on it, and serves it", async (t) => {
  const cluster = new LevelCluster(t)
  const [a] = await cluster.startAll("a")
  await noteAll(cluster, a!, 1)
  await cluster.within(a!.shards.drain(), 5000)
  t.same(await totals(cluster, a!), keys.map(() => 1)) // prettier-ignore
})

t.test("when the registry is wiped, owners go on, and its records come back as they were", async (t) => {
  const cluster = new LevelCluster(t)
  const [a] = await cluster.startAll("a", "b")
  await noteAll(cluster, a!, 1)
  const records = () => cluster.consul.under("").filter(({ key }) => key.includes("/record/home")).map(({ key, value }) => [key, value]) // prettier-ignore
  const before = records()
  t.equal(before.length, shards + 1)
  for (let round = 0; round < 3; round++) {
    cluster.wipe()
    await noteAll(cluster, a!, round + 2)
    oneOwnerEach(t, cluster)
    await cluster.until("the records are back", () => records().length === before.length)
    t.same(records(), before)
    await cluster.ready()
  }
  t.same(await totals(cluster, a!), keys.map(() => 4)) // prettier-ignore
})

t.test("when the registry is wiped while a node is down, nobody starts its shards", async (t) => {
  const cluster = new LevelCluster(t)
  const [a] = await cluster.startAll("a", "b")
  await noteAll(cluster, a!, 1)
  const of = new Map(keys.map((key) => [key, cluster.ownersOf(a!.shards.shardOf({ tenant: "default", type: "ledger", key }))[0]])) // prettier-ignore
  cluster.kill("b")
  await cluster.clock.advance(10_000)
  cluster.wipe()
  const c = await cluster.start("c")
  await cluster.clock.advance(20_000)
  for (const key of keys)
    if (of.get(key) === "b")
      await t.rejects(cluster.within(c.system.entity(Ledger, key).ask("total")), { code: "UNAVAILABLE" })
    else t.equal(await cluster.within(c.system.entity(Ledger, key).ask("total")), 1)
  await cluster.start("b")
  await cluster.ready()
  t.same(await totals(cluster, c), keys.map(() => 1)) // prettier-ignore
  oneOwnerEach(t, cluster)
})

t.test("a node that starts with a wiped registry and an empty store waits for those that know more", async (t) => {
  const cluster = new LevelCluster(t)
  const [a] = await cluster.startAll("a", "b")
  await noteAll(cluster, a!, 1)
  for (const name of ["a", "b"]) cluster.kill(name)
  await cluster.clock.advance(30_000)
  cluster.wipe()
  // They come together: whoever is first waits for the others that the registry lists.
  const c = await cluster.start("c")
  await cluster.clock.advance(500)
  await cluster.start("a")
  await cluster.start("b")
  await cluster.ready()
  t.same(await totals(cluster, c), keys.map(() => 1)) // prettier-ignore
  oneOwnerEach(t, cluster)
})

t.test("a store that belongs to another life of the cluster serves nothing, and loses nothing", async (t) => {
  const cluster = new LevelCluster(t)
  const [a] = await cluster.startAll("a")
  await noteAll(cluster, a!, 1)
  cluster.kill("a")
  await cluster.clock.advance(30_000)
  cluster.wipe()
  const [b] = await cluster.startAll("b") // nobody is there who could know
  const again = await cluster.start("a")
  await cluster.clock.advance(10_000)
  for (let shard = 0; shard < shards; shard++) t.same(cluster.ownersOf(shard), ["b"])
  t.match(again.ownership.trouble(), /belongs to the cluster's life/)
  t.ok((await cluster.disks.get("a")!.entries(keyOf("journal"))) >= keys.length)
  void b
})

t.test(
  "a node that is declared lost gives its shards up, empty; when it comes back its copy is set aside",
  async (t) => {
    const cluster = new LevelCluster(t)
    const [a] = await cluster.startAll("a", "b")
    await noteAll(cluster, a!, 1)
    await t.rejects(cluster.within(cluster.homes("a").forget("b")), { code: "NODE_ALIVE", message: /b is alive/ })
    await t.rejects(cluster.within(cluster.homes("a").forget("a")), { code: "NODE_ALIVE" })
    const lost = keys.filter((key) => cluster.ownersOf(a!.shards.shardOf({ tenant: "default", type: "ledger", key }))[0] === "b") // prettier-ignore
    const owned = Array.from({ length: shards }, (_, shard) => cluster.ownersOf(shard)[0]).filter(
      (name) => name === "b",
    )
    cluster.kill("b")
    cluster.nodes.get("a")!.agent.start()
    await cluster.clock.advance(20_000)
    t.equal(await cluster.within(cluster.homes("a").forget("b")), owned.length)
    t.equal(await cluster.within(cluster.homes("a").forget("b")), 0)
    await cluster.ready()
    t.same(await totals(cluster, a!), keys.map((key) => (lost.includes(key) ? 0 : 1))) // prettier-ignore
    await noteAll(cluster, a!, 2, lost)
    const b = await cluster.start("b")
    await cluster.ready()
    t.same(await totals(cluster, b), keys.map(() => 1)) // prettier-ignore
    oneOwnerEach(t, cluster)
    t.equal(
      cluster.logged.filter(({ node, message }) => node === "b" && /set aside/.test(message)).length,
      owned.length,
    )
    t.ok((await cluster.disks.get("b")!.entries(keyOf("aside"))) >= lost.length)
    t.match(b.ownership.trouble(), /set aside/)
  },
)

t.test(
  "a node that has left with nothing need not be asked when the registry is wiped, and may come back",
  async (t) => {
    const cluster = new LevelCluster(t)
    const [a] = await cluster.startAll("a", "b", "c")
    await cluster.within(cluster.leave("c"))
    await cluster.within(a!.shards.drain())
    cluster.kill("b")
    await cluster.clock.advance(20_000)
    t.equal(await cluster.within(cluster.homes("a").forget("b")), shards)
    await cluster.clock.advance(2000) // it is heard of; nobody wants them now
    cluster.wipe()
    a!.shards.undrain()
    await cluster.ready()
    await noteAll(cluster, a!, 1)
    const again = await cluster.start("c")
    await cluster.ready()
    t.ok(cluster.ownersOf(0).length === 1 && again.shards.status.served > 0, "it takes its share")
    t.same(await totals(cluster, again), keys.map(() => 1)) // prettier-ignore
    oneOwnerEach(t, cluster)
  },
)

t.test("a node whose store was lost does not start its shards empty", async (t) => {
  const cluster = new LevelCluster(t)
  const [a] = await cluster.startAll("a", "b")
  await noteAll(cluster, a!, 1)
  cluster.kill("b")
  cluster.disks.delete("b")
  const b = await cluster.start("b")
  await cluster.clock.advance(20_000)
  const values = await cluster.within(Promise.allSettled(keys.map((key) => b.system.entity(Ledger, key).ask("total"))))
  t.ok(values.some(({ status }) => status === "rejected"))
  for (const value of values) if (value.status === "fulfilled") t.equal(value.value, 1)
  t.match(b.ownership.trouble(), /its store does not hold them/)
})

t.test("a record that is damaged stops the move of its shard by name, and its owner keeps it", async (t) => {
  const cluster = new LevelCluster(t)
  const [a] = await cluster.startAll("a")
  await noteAll(cluster, a!, 1)
  cluster.disks.get("a")!.damage(keyOf("journal", "default", "ledger", "k3"))
  await cluster.start("b")
  await cluster.clock.advance(30_000)
  const shard = a!.shards.shardOf({ tenant: "default", type: "ledger", key: "k3" })
  const damaged = cluster.logged.filter(({ message }) => /could not be sent/.test(message))
  if (damaged.length > 0) t.match(damaged[0], { node: "a", fields: { shard, error: { code: "RECORD_DAMAGED", message: /event 1 of default\/ledger\/k3/ } } }) // prettier-ignore
  await cluster.within(a!.shards.drain(), 5000).catch(() => undefined)
  t.same(cluster.ownersOf(shard), ["a"])
  for (let other = 0; other < shards; other++) if (other !== shard) t.same(cluster.ownersOf(other), ["b"])
})
