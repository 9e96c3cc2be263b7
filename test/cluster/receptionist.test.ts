import t, { type Test } from "tap"
import { defineActor, type ActorRef } from "#actors/index.js"
import { Receptionist } from "#cluster/receptionist.js"
import { systemRandom } from "#actors/clock.js"
import { link, linkAll, nearNodes, unlink, type NearNode } from "./support/near-peers.js"

interface Works {
  work(job: string): string
}
const Worker = defineActor({
  name: "worker",
  state: ({ as }: { as: string }) => ({ as }),
  receive: { work: (ctx, job: string) => `${ctx.state.as} did ${job}` },
})
const Store = defineActor({ name: "store", state: () => ({}), receive: { read: () => 1 } })

async function three(t: Test) {
  const nodes = await nearNodes(t, ["a", "b", "c"], { definitions: [Store] })
  const desks = nodes.map((node) => new Receptionist(node, systemRandom))
  const spawn = (node: number, as: string): ActorRef<Works> => nodes[node]!.system.spawn(Worker, { init: { as } })
  const names = (desk: number): readonly string[] =>
    desks[desk]!.lookup("workers")
      .map(({ address }) => address)
      .sort()
  return {
    nodes: nodes as [NearNode, NearNode, NearNode],
    desks: desks as [Receptionist, Receptionist, Receptionist],
    spawn,
    names,
  }
}
const settle = (): Promise<void> => new Promise((done) => setImmediate(done))

t.test("whoever is registered anywhere is known everywhere once register has resolved (C1, C3)", async (t) => {
  const { nodes, desks, spawn, names } = await three(t)
  linkAll(nodes)
  const [one, two] = [spawn(0, "one"), spawn(1, "two")]
  await desks[0].register("workers", one)
  await desks[1].register("workers", two)
  await desks[1].register("workers", two)
  await desks[1].register("others", two)
  for (const desk of [0, 1, 2]) t.same(names(desk), [one.address, two.address].sort())
  const [found] = desks[2].lookup<Works>("others")
  t.equal(await found?.ask("work", "it"), "two did it")
})

t.test("who ends, or is taken off, is known no more (C1)", async (t) => {
  const { nodes, desks, spawn, names } = await three(t)
  linkAll(nodes)
  const [one, two, three_] = [spawn(0, "one"), spawn(1, "two"), spawn(1, "three")]
  await desks[0].register("workers", one)
  for (const ref of [two, three_]) await desks[1].register("workers", ref)
  await nodes[1].system.stopActor(two)
  await desks[1].unregister("workers", three_)
  await settle()
  for (const desk of [0, 1, 2]) t.same(names(desk), [one.address])
  await t.rejects(desks[1].register("workers", two), { code: "ACTOR_STOPPED" })
  await t.rejects(desks[0].register("workers", nodes[0].system.entity(Store, "k")), { code: "NOT_WATCHABLE" })
})

t.test("a link begins with all that is registered, and takes it along when it is lost (C2)", async (t) => {
  const { nodes, desks, spawn, names } = await three(t)
  const [one, two] = [spawn(0, "one"), spawn(1, "two")]
  await desks[0].register("workers", one)
  await desks[1].register("workers", two)
  t.same(names(0), [one.address])
  link(nodes[0], nodes[1])
  await settle()
  t.same(names(0), [one.address, two.address].sort())
  unlink(nodes[0], nodes[1])
  t.same(names(0), [one.address])
  await desks[1].unregister("workers", two)
  link(nodes[0], nodes[1])
  await settle()
  t.same(names(0), [one.address], "what went meanwhile does not come back")
  t.same(names(1), [one.address])
})

t.test("the routees of a router come and go with those that are registered", async (t) => {
  const { nodes, desks, spawn } = await three(t)
  linkAll(nodes)
  const router = desks[2].router<Works>("workers", "round-robin")
  await t.rejects(router.ask("work", "it"), { code: "NO_ROUTEE" })
  const [one, two] = [spawn(0, "one"), spawn(1, "two")]
  await desks[0].register("workers", one)
  await desks[1].register("workers", two)
  t.same([await router.ask("work", "it"), await router.ask("work", "it")].sort(), ["one did it", "two did it"])
  const all = desks[0].router<Works>("workers", "broadcast")
  t.same([...(await all.ask("work", "it"))].sort(), ["one did it", "two did it"])
  unlink(nodes[2], nodes[0])
  t.same(router.routees, [two])
  await nodes[1].system.stopActor(two)
  await settle()
  t.same(router.routees, [])
  t.equal(router.tell("work", "it"), false)
})

t.test("followers hear every change of their name alone, with all that are known", async (t) => {
  const { nodes, desks, spawn } = await three(t)
  linkAll(nodes)
  const heard: number[] = []
  const unfollow = desks[2].follow("workers", (refs) => void heard.push(refs.length))
  const one = spawn(0, "one")
  await desks[0].register("workers", one)
  await desks[0].register("others", one)
  await desks[2].register("workers", spawn(2, "two"))
  await desks[0].unregister("workers", one)
  unfollow()
  await desks[0].register("workers", one)
  t.same(heard, [1, 2, 1])
})
