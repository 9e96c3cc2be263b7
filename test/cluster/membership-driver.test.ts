/** The table in the header of `membership.ts`, row by row, over nodes that run: registry, seat, probes, votes and removals, in virtual time. */
import t, { type Test } from "tap"
import { ConsulNames } from "#cluster/consul-names.js"
import { incarnationOf } from "#cluster/node.js"
import { MembersBench, type BenchNode } from "./support/members-bench.js"

async function upBench(t: Test, names: readonly string[], ...options: ConstructorParameters<typeof MembersBench>) {
  const bench = new MembersBench(...options)
  t.teardown(() => bench.stop())
  bench.start(...names)
  await bench.until("all are up", () => bench.allUp(...names), 5000)
  const node = (name: string): BenchNode => bench.node(name)
  const others = (...without: readonly string[]) => names.filter((name) => !without.includes(name))
  /** Whoever somebody has seen otherwise than up since they all were. */
  const accused = (): readonly string[] =>
    [...bench.nodes.values()].flatMap(({ name, changes, id }) =>
      changes
        .filter(({ to, id: about }) => (to === "unreachable" || to === "down" || to === "removed") && about !== id)
        .map(({ id: about, to }) => `${name} saw ${about.split("#")[0]} ${to}`),
    )
  return { bench, node, others, accused }
}

const five = ["a", "b", "c", "d", "e"]
const seenBy = (observers: readonly string[], subject: string, status: string): readonly string[] =>
  observers.map((name) => `${name} saw ${subject} ${status}`)

t.test("twenty nodes see each other as up within five seconds", async (t) => {
  const bench = new MembersBench()
  t.teardown(() => bench.stop())
  const names = Array.from({ length: 20 }, (_, i) => `n${i}`)
  bench.start(...names)
  const took = await bench.until("all are up", () => bench.allUp(...names), 5000)
  t.comment(`${took} ms`)
  await bench.pass(10_000)
  t.ok(bench.allUp(...names), "and go on doing so")
})

t.test("a process that is killed is unreachable, and down two seconds later", async (t) => {
  const { bench, node, others, accused } = await upBench(t, five)
  await node("e").kill()
  const rest = others("e")
  const took = await bench.until(
    "e is down for all",
    () => rest.every((name) => node(name).saw("down").includes("e")),
    8000,
  )
  t.ok(took >= 2000 && took <= 5500, `${took} ms`)
  t.same(
    [...accused()].sort(),
    [...seenBy(rest, "e", "unreachable"), ...seenBy(rest, "e", "down")].sort(),
    "nobody else is",
  )
  t.equal(node("a").reachable.get(node("e").id), false, "the mesh is told")
  t.same(node("a").lost, [node("e").id], "and that what was under way is lost")
})

t.test("a process that was frozen is down, and up again when it goes on; meanwhile it condemned nobody", async (t) => {
  const { bench, node, others } = await upBench(t, five)
  node("e").clock.freeze()
  await bench.pass(30_000)
  for (const name of others("e")) t.same(node(name).saw("down"), ["e"])
  node("e").clock.thaw()
  await bench.until("all are up", () => bench.allUp(...five), 5000)
  t.same(node("e").saw("down"), [])
  t.equal(node("a").reachable.get(node("e").id), true)
})

t.test("an agent that restarts moves nothing", async (t) => {
  const { bench, node, accused } = await upBench(t, five)
  for (let n = 0; n < 3; n++) {
    node("e").agent.stop()
    await bench.pass(1000)
    node("e").agent.start()
    await bench.pass(5000)
  }
  t.same(accused(), [])
  t.ok(bench.allUp(...five))
})

t.test("one link that is cut moves nothing", async (t) => {
  const { bench, node, accused } = await upBench(t, five)
  bench.cut("a", "e")
  await bench.pass(60_000)
  t.same(accused(), [])
  const probes = node("a").driver.view.members.get(node("e").id)?.evidence.probes
  t.ok(probes !== undefined && probes.failed - probes.answered > 50, "though its own probes fail all the while")
  bench.heal()
  await bench.pass(2000)
  t.ok(bench.allUp(...five))
})

t.test("while Consul is away nothing moves, and a process that is killed is found by probes and peers", async (t) => {
  const { bench, node, others, accused } = await upBench(t, five)
  for (const name of five) node(name).agent.cutOff()
  await bench.pass(60_000)
  t.same(accused(), [])
  t.match(node("a").driver.registryAway, /leader/)
  await node("e").kill()
  await bench.until("e is down for all", () => others("e").every((name) => node(name).saw("down").includes("e")), 6000)
  for (const name of five) node(name).agent.start()
  await bench.pass(10_000)
  t.ok(bench.allUp(...others("e")))
  t.equal(node("a").driver.registryAway, undefined)
  t.notOk(
    accused().some((what) => !what.includes("saw e ")),
    "nobody else was accused",
  )
})

t.test("a Consul that was wiped moves nothing", async (t) => {
  const { bench, accused } = await upBench(t, five)
  bench.wipe()
  await bench.pass(30_000)
  t.same(accused(), [])
  t.ok(bench.allUp(...five))
  t.equal(bench.consul.health(new ConsulNames("bench").service).length, five.length, "and all are registered again")
})

t.test("a Consul that only a minority can see moves nothing", async (t) => {
  const { bench, node, others, accused } = await upBench(t, five)
  for (const name of others("a", "b")) node(name).agent.cutOff()
  await bench.pass(60_000)
  t.same(accused(), [])
  for (const name of others("a", "b")) node(name).agent.start()
  await bench.pass(5000)
  t.ok(bench.allUp(...five))
})

t.test("a minority that is cut off from all condemns nobody, and the majority condemns it", async (t) => {
  const { bench, node } = await upBench(t, five)
  const [minority, majority] = [
    ["a", "b"],
    ["c", "d", "e"],
  ] as const
  for (const one of minority) {
    node(one).agent.cutOff()
    for (const other of majority) bench.cut(one, other)
  }
  const names = new ConsulNames("bench")
  const leases = () =>
    minority.flatMap((name) => bench.consul.sessionsNamed(names.serviceId(incarnationOf(node(name).id)!)))
  const down = () => majority.every((name) => minority.every((other) => node(name).saw("down").includes(other)))
  t.equal(leases().length, 2)
  const took = await bench.until("it is down for all", down, 10_000)
  await bench.pass(200)
  t.same(leases(), [], `after ${took} ms its leases are ended, whether Consul has found out or not (D5)`)
  await bench.pass(20_000)
  for (const name of minority) t.same(node(name).saw("unreachable"), [], `${name} condemns nobody`)
  for (const name of majority) t.same([...node(name).saw("down")].sort(), ["a", "b"])
  bench.heal()
  for (const one of minority) node(one).agent.start()
  await bench.until("all are up", () => bench.allUp(...five), 8000)
})

t.test("of two nodes one dies while Consul is away: nothing moves until it is back", async (t) => {
  const { bench, node, accused } = await upBench(t, ["a", "b"])
  for (const name of ["a", "b"]) node(name).agent.cutOff()
  await bench.pass(1000)
  await node("b").kill()
  await bench.pass(60_000)
  t.same(accused(), [])
  for (const name of ["a", "b"]) node(name).agent.start()
  await bench.until("b is down", () => node("a").saw("down").includes("b"), 8000)
})

t.test("a node that leaves is seen leaving, then removed, and never accused", async (t) => {
  const { bench, node, others, accused } = await upBench(t, five)
  await node("e").leave()
  await bench.until(
    "e is gone for all",
    () => others("e").every((name) => node(name).saw("removed").includes("e")),
    3000,
  )
  for (const name of others("e")) t.same(node(name).saw("leaving"), ["e"])
  t.notOk(accused().some((what) => what.endsWith("unreachable")))
  await bench.pass(10_000)
  t.ok(bench.allUp(...others("e")))
})

t.test("a node that was removed while it was frozen is told so, and stops; its successor is welcome", async (t) => {
  const { bench, node, others } = await upBench(t, five, { forgetMs: 20_000 }, { removeAfterMs: 5000 })
  const frozen = node("e")
  frozen.clock.freeze()
  await bench.until("e is removed", () => others("e").every((name) => node(name).saw("removed").includes("e")), 60_000)
  frozen.clock.thaw()
  await bench.until("e stops", () => frozen.stopped !== undefined, 3000)
  t.match(frozen.stopped, { why: "removed", above: Number(frozen.id.split("#")[1]) })
  bench.start("e")
  await bench.until("all are up", () => bench.allUp(...five), 5000)
})

t.test("a later incarnation of a name on the same machine supersedes the one that lives", async (t) => {
  const { bench, node } = await upBench(t, ["a", "b", "c"])
  const first = node("c")
  await bench.pass(1000)
  const { agent } = first
  bench.start("c")
  node("c").agent = agent
  await bench.until("the first stops", () => first.stopped !== undefined, 5000)
  await bench.until("the second is up", () => bench.allUp("a", "b", "c"), 5000)
  t.match(first.stopped, { why: "superseded", by: node("c").id })
})
