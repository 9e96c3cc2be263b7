/** How a node joins and ends, and what goes wrong with that. */
import t from "tap"
import { defineActor, subscribe } from "#actors/index.js"
import type { Logger } from "#actors/telemetry.js"
import { joinCluster } from "#cluster/cluster.js"
import { memoryRegistry } from "#cluster/memory-registry.js"
import { JoinedNodes, until } from "./support/joined.js"

const Clerk = defineActor({
  name: "clerk",
  state: (init: { name: string }) => ({ ...init, heard: [] as number[] }),
  receive: {
    serve: (ctx, who: string) => `${ctx.state.name} serves ${who}`,
    price: (ctx, cents: number) => void ctx.state.heard.push(cents),
    heard: (ctx) => ctx.state.heard,
  },
})
interface Clerks {
  serve(who: string): string
}
/** A logger that keeps what it is told. */
function keeping() {
  const lines: string[] = []
  const keep = (_fields: object, message: string): void => void lines.push(message)
  const logger: Logger = { debug: keep, info: keep, warn: keep, error: keep }
  return { lines, logger }
}

t.test("a node that is set up otherwise than its cluster is refused, and told in what", async (t) => {
  const nodes = new JoinedNodes(t)
  const [a] = await nodes.all("a")
  await t.rejects(nodes.join("b", { shards: 48 }), { code: "SETTINGS_DIFFER", message: /shards 48.*has 24/ })
  t.equal(a!.status().members.length, 1, "it was never seen")
  const b = await nodes.join("b")
  await b.untilReady(20_000)
})

t.test("what makes no sense is refused before anything is opened", async (t) => {
  const nodes = new JoinedNodes(t)
  await t.rejects(nodes.join("a", { shards: 0 }), { code: "INVALID_NODE", message: /shards/ })
  await t.rejects(nodes.join("a b"), { code: "INVALID_NODE", message: /name/ })
  await t.rejects(nodes.join("a", { node: { name: "a", capacity: -1 } }), { code: "INVALID_NODE", message: /capacity/ })
  await t.rejects(nodes.join("a", { name: "a cluster" }), { code: "INVALID_NODE", message: /cluster/ })
  const definitions = [Clerk, { ...Clerk }]
  await t.rejects(nodes.join("a", { definitions: definitions as never }), { code: "INVALID_DEFINITION" })
})

t.test("an address that is taken is refused, over real sockets", async (t) => {
  const nodes = new JoinedNodes(t)
  const registry = () => memoryRegistry(nodes.agent("machine"), { cluster: "real" })
  const join = (name: string, listen: string) =>
    joinCluster({ name: "real", node: { name }, registry: registry(), listen, state: nodes.state(), shards: 4 })
  const a = await join("a", "127.0.0.1:0")
  t.match(a.node.address, /^127\.0\.0\.1:[1-9]/)
  await t.rejects(join("b", a.node.address), { code: "UNAVAILABLE_ADDRESS" })
  await a.stop()
})

t.test("while the registry is away a node waits, says so, and joins when it is there", async (t) => {
  const nodes = new JoinedNodes(t)
  const agent = nodes.agent("b")
  agent.cutOff()
  const { lines, logger } = keeping()
  const b = await nodes.join("b", { registry: memoryRegistry(agent, { cluster: "test" }), logger })
  t.equal(b.ready, false)
  t.match(b.status(), { registry: { answers: false, reason: /leader/ }, lease: { fresh: false, staleForMs: null } })
  t.match(b.status().waitingFor, [/settings.*leader/])
  t.ok(lines.some((line) => line.includes("the registry does not answer")))
  await t.rejects(b.untilReady(50), { code: "UNAVAILABLE", message: /leader/ })
  agent.start()
  await b.untilReady(20_000)
  t.match(b.status(), {
    registry: { answers: true, reason: null },
    lease: { fresh: true, staleForMs: 0 },
    waitingFor: [],
  })
})

t.test("a node that waits for the registry is refused later, too, when its settings are wrong", async (t) => {
  const nodes = new JoinedNodes(t)
  await nodes.all("a")
  const agent = nodes.agent("b")
  agent.cutOff()
  const b = await nodes.join("b", { registry: memoryRegistry(agent, { cluster: "test" }), shards: 48 })
  agent.start()
  t.match(await b.ended, { why: "refused", error: { code: "SETTINGS_DIFFER" } })
})

t.test("a later start under the same name takes it over: the earlier one ends, and says why", async (t) => {
  const nodes = new JoinedNodes(t)
  const [, first] = await nodes.all("a", "b")
  const second = await nodes.join("b", { carrier: nodes.net.carrier("b:2") })
  t.ok(second.node.incarnation > first!.node.incarnation)
  const end = await first!.ended // told by the registry, or by the others, whoever is the first
  t.match(end, end.why === "removed" ? { above: first!.node.incarnation } : { why: "superseded", by: second.id })
  await second.untilReady(20_000)
  await t.rejects(first!.untilReady(10), { code: "UNAVAILABLE", message: /ending/ })
  await first!.leave() // once is enough
})

t.test("an incarnation is above all that the registry knows, whatever the clock says", async (t) => {
  const nodes = new JoinedNodes(t)
  const [a] = await nodes.all("a")
  const later = a!.node.incarnation + 3600_000
  const b = await nodes.join("b", { node: { name: "b", above: later } })
  t.equal(b.node.incarnation, later + 1)
  await nodes.nodes.get("b")!.kill()
  const again = await nodes.join("b", { carrier: nodes.net.carrier("b:2") })
  t.equal(again.node.incarnation, later + 2)
})

t.test("a node that was cut off, and declared lost meanwhile, ends when it is told", async (t) => {
  const nodes = new JoinedNodes(t)
  const [a, b] = await nodes.all("a", "b")
  const { agent } = nodes.nodes.get("b")!
  await t.rejects(a!.forget("b"), { code: "NODE_ALIVE" })
  agent.stop()
  for (const pipe of [...nodes.net.pipes]) pipe.hold()
  await until("b is down", () => a!.status().members.some(({ name, status }) => name === "b" && status === "down"))
  await a!.forget("b")
  t.equal(a!.status().members.length, 1)
  for (const pipe of [...nodes.net.pipes]) pipe.release()
  agent.start()
  t.same(await b!.ended, { why: "removed", above: b!.node.incarnation })
})

t.test("what is registered, published and limited reaches the other nodes over the wire", async (t) => {
  const nodes = new JoinedNodes(t)
  const [a, b] = await nodes.all("a", "b")
  const ann = a!.system.spawn(Clerk, { init: { name: "ann" } })
  const ben = b!.system.spawn(Clerk, { init: { name: "ben" } })
  await a!.receptionist.register("clerks", ann)
  await b!.receptionist.register("clerks", ben)
  const clerks = a!.receptionist.router<Clerks>("clerks", "round-robin")
  t.same([await clerks.ask("serve", "x"), await clerks.ask("serve", "x")].sort(), ["ann serves x", "ben serves x"])

  await subscribe(b!.topic<number>("prices"), ben, "price")
  await subscribe(b!.topic<number>("prices"), ann, "price") // of another node
  t.equal(await a!.topic<number>("prices").ask("publish", 499), 1)
  for (const ref of [ann, ben]) await until("it has heard", async () => (await ref.ask("heard")).length === 1)

  const rate = { perSecond: 200, burst: 4, lot: 2 }
  const limits = [a!, b!].map((cluster) => cluster.limit("mails", rate))
  t.equal(a!.limit("mails", rate), limits[0])
  let passed = 0
  const began = performance.now()
  while (performance.now() - began < 500) {
    for (const limit of limits) if ((await limit.taken()) === 0) passed += 1
    await new Promise((later) => setImmediate(later))
  }
  const allowed = 4 + ((performance.now() - began) * rate.perSecond) / 1000 + 2 * 2
  t.ok(passed > 10 && passed <= allowed, `${passed} of ${Math.round(allowed)}`)

  await b!.leave()
  await until("ben is gone", () => a!.receptionist.lookup("clerks").length === 1)
  t.same(clerks.routees, [ann])
})
