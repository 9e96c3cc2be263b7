/** Reminders in a cluster: their keepers live where the entities live that are reminded, and move with them. */
import t, { type Test } from "tap"
import { startReminders, type Reminders } from "#actors/index.js"
import { JoinedNodes, until } from "./support/joined.js"
import { LevelCluster } from "./support/level-cluster.js"
import { Ledger, TestCluster, type TestNode } from "./support/test-cluster.js"

const keys = Array.from({ length: 12 }, (_, n) => `k${n}`)
const notes = (n: number) => ({ sender: "reminder", n })

/** Nodes that all look after reminders. */
async function start(cluster: TestCluster, ...names: readonly string[]): Promise<readonly TestNode[]> {
  const nodes = await cluster.startAll(...names)
  for (const { system } of nodes) await cluster.within(startReminders(system))
  return nodes
}

const remindersOf = (cluster: TestCluster, { system }: TestNode): Promise<Reminders> =>
  cluster.within(startReminders(system))

const notesOf = (cluster: TestCluster, { system }: TestNode, key: string, tenant = "default") =>
  cluster.within(system.entity(Ledger, key, { tenant }).ask("notes"))

async function setAll(cluster: TestCluster, node: TestNode, at: number, everyMs?: number): Promise<void> {
  const reminders = await remindersOf(cluster, node)
  const schedule = { at, ...(everyMs === undefined ? {} : { everyMs }) }
  const all = keys.map((key, n) => reminders.set(node.system.entity(Ledger, key), "r", schedule, "note", notes(n)))
  await cluster.within(Promise.all(all))
}

async function checkOnce(t: Test, cluster: TestCluster, node: TestNode): Promise<void> {
  for (const [n, key] of keys.entries()) t.same(await notesOf(cluster, node, key), [notes(n)], key)
}

const now = (cluster: TestCluster): number => cluster.clock.wallTime()

t.test("what was set on one node is seen and cancelled on another, and set from two it is one", async (t) => {
  const cluster = new TestCluster(t)
  const [a, b] = (await start(cluster, "a", "b")) as [TestNode, TestNode]
  const [ofA, ofB] = [await remindersOf(cluster, a), await remindersOf(cluster, b)]
  for (const key of keys) {
    const at = now(cluster) + 5000
    await cluster.within(ofA.set(a.system.entity(Ledger, key), "mine", { at }, "note", notes(1)))
    const both = [a, b].map(async (node) =>
      (await remindersOf(cluster, node)).set(node.system.entity(Ledger, key), "both", { at }, "note", notes(2)),
    )
    await cluster.within(Promise.all(both))
    const known = await cluster.within(ofB.of(b.system.entity(Ledger, key)))
    t.same(known.map(({ name }) => name).sort(), ["both", "mine"])
    t.equal(await cluster.within(ofB.cancel(b.system.entity(Ledger, key), "mine")), true)
    t.equal(await cluster.within(ofA.cancel(a.system.entity(Ledger, key), "mine")), false)
  }
  await cluster.clock.advance(8000)
  for (const key of keys) t.same(await notesOf(cluster, a, key), [notes(2)])
})

for (const [where, make] of [
  ["in one store", (t: Test) => new TestCluster(t)],
  ["on the nodes", (t: Test) => new LevelCluster(t)],
] as const) {
  t.test(`${where}: reminders of a node that leaves come on those that take its entities, once`, async (t) => {
    const cluster = make(t)
    const [a, b] = (await start(cluster, "a", "b")) as [TestNode, TestNode]
    await setAll(cluster, a, now(cluster) + 20_000)
    await cluster.within(cluster.leave("a"), 120_000)
    await cluster.until("all is served", () => b.shards.ready, 120_000)
    await cluster.clock.advance(25_000)
    await checkOnce(t, cluster, b)
  })

  t.test(`${where}: reminders go with the entities to a node that joins`, async (t) => {
    const cluster = make(t)
    const [a] = (await start(cluster, "a")) as [TestNode]
    const at = now(cluster) + 120_000
    await setAll(cluster, a, at)
    const b = await cluster.start("b")
    await remindersOf(cluster, b)
    await cluster.ready(110_000)
    t.ok(now(cluster) < at)
    await cluster.clock.advance(130_000)
    await checkOnce(t, cluster, a)
    await checkOnce(t, cluster, b)
  })

  t.test(`${where}: moves while reminders come lose none and carry none out twice`, async (t) => {
    const cluster = make(t)
    const [a] = (await start(cluster, "a")) as [TestNode]
    const from = now(cluster)
    await setAll(cluster, a, from + 100, 700)
    const b = await cluster.start("b")
    await remindersOf(cluster, b)
    await cluster.ready()
    await cluster.within(cluster.leave("a"), 120_000)
    await cluster.until("all is served", () => b.shards.ready, 120_000)
    await cluster.clock.advance(10_000)
    const reminders = await remindersOf(cluster, b)
    for (const key of keys) {
      const ledger = b.system.entity(Ledger, key)
      const before = (await notesOf(cluster, b, key)).length
      const [next] = await cluster.within(reminders.of(ledger))
      // Each at its own time, none twice: never more than times have passed.
      t.ok(before >= 10 && before <= (now(cluster) - from) / 700 + 1, `${key}: ${before} notes`)
      t.ok(next !== undefined && next.at >= now(cluster) - 200, `${key}: goes on at ${next?.at}`)
      await cluster.within(reminders.cancel(ledger, "r"))
    }
  })
}

t.test("in one store: reminders of a node that died come on those that take over, once", async (t) => {
  const cluster = new TestCluster(t)
  const [a, b] = (await start(cluster, "a", "b")) as [TestNode, TestNode]
  await setAll(cluster, a, now(cluster) + 2000)
  cluster.kill("a")
  await cluster.until("all is served", () => b.shards.ready, 120_000)
  await cluster.clock.advance(10_000)
  await checkOnce(t, cluster, b)
})

t.test("on the nodes: reminders of a node that died come when it is back, once", async (t) => {
  const cluster = new LevelCluster(t)
  const [a] = (await start(cluster, "a", "b")) as [TestNode]
  await setAll(cluster, a, now(cluster) + 2000)
  cluster.kill("a")
  await cluster.clock.advance(10_000)
  const again = await cluster.start("a")
  await cluster.ready()
  await remindersOf(cluster, again)
  await cluster.clock.advance(10_000)
  await checkOnce(t, cluster, again)
})

t.test("who takes over shards finds the reminders of every tenant", async (t) => {
  const cluster = new TestCluster(t)
  const [a, b] = (await start(cluster, "a", "b")) as [TestNode, TestNode]
  const reminders = await remindersOf(cluster, a)
  const tenants = ["acme", "Zoë 🦆", "a/b"]
  const at = now(cluster) + 15_000
  for (const tenant of tenants)
    for (const key of keys) {
      const ledger = a.system.entity(Ledger, key, { tenant })
      await cluster.within(reminders.set(ledger, "r", { at }, "note", notes(1)))
    }
  cluster.kill("a")
  await cluster.until("all is served", () => b.shards.ready, 120_000)
  await cluster.clock.advance(25_000)
  for (const tenant of tenants)
    for (const key of keys) t.same(await notesOf(cluster, b, key, tenant), [notes(1)], `${tenant} ${key}`)
})

t.test("former keepers, whose reminders were every node's, give them to those of their shards", async (t) => {
  const cluster = new TestCluster(t)
  const former = { tenant: "default", type: "llmagentos.reminders", key: "3" }
  const at = now(cluster) + 10_000
  const events = keys.map((key, n) => ({
    name: "set",
    payload: { to: { tenant: "default", type: "ledger", key }, name: "r", at, type: "note", payload: notes(n) },
    version: 1,
  }))
  const gone = { name: "cancelled", payload: JSON.stringify(["default", "ledger", "k0", "r"]), version: 1 }
  await cluster.journal.append(former, 0, 0, [...events, gone])
  const [a, b] = (await start(cluster, "a", "b")) as [TestNode, TestNode]
  await cluster.clock.advance(5000)
  const reminders = await remindersOf(cluster, b)
  t.same(await cluster.within(reminders.of(b.system.entity(Ledger, "k0"))), [])
  t.equal((await cluster.within(reminders.of(b.system.entity(Ledger, "k1")))).length, 1)
  t.equal(await cluster.within(reminders.cancel(b.system.entity(Ledger, "k1"), "r")), true)
  await cluster.clock.advance(10_000)
  for (const [n, key] of keys.entries()) t.same(await notesOf(cluster, a, key), n < 2 ? [] : [notes(n)], key)
})

t.test("a node that joined sends the reminders of what it takes over, whatever its program does", async (t) => {
  const nodes = new JoinedNodes(t, { definitions: [Ledger] })
  const [a, b] = await nodes.all("a", "b")
  const reminders = await startReminders(a!.system)
  for (const [n, key] of keys.entries())
    await reminders.set(a!.system.entity(Ledger, key), "r", { afterMs: 1500 }, "note", notes(n))
  await nodes.nodes.get("a")?.kill()
  const totals = (): Promise<number[]> =>
    Promise.all(keys.map((key) => b!.system.entity(Ledger, key).ask("total").catch(() => -1))) // prettier-ignore
  let found = await totals()
  await until("all have come", async () => (found = await totals()).every((total) => total === 1), 30_000)
  t.same(found, keys.map(() => 1)) // prettier-ignore
})
