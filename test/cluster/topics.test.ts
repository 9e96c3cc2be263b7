import t, { type Test } from "tap"
import { defineActor, subscribe } from "#actors/index.js"
import { systemRandom } from "#actors/clock.js"
import { Receptionist } from "#cluster/receptionist.js"
import { Topics } from "#cluster/topics.js"
import { link, linkAll, nearNodes, unlink, type NearNode } from "./support/near-peers.js"

let go = (): void => {}
const waiting = new Promise<void>((done) => (go = done))
const Listener = defineActor({
  name: "listener",
  state: () => ({ heard: [] as number[] }),
  mailbox: { capacity: 4 },
  receive: {
    price: (ctx, cents: number) => void ctx.state.heard.push(cents),
    heard: (ctx) => ctx.state.heard,
    wait: () => waiting,
    who: (ctx, _: number) => void ctx.state.heard.push(ctx.cause.caller === "ada" ? 1 : 0),
  },
})

async function three(t: Test) {
  const nodes = (await nearNodes(t, ["a", "b", "c"])) as unknown as [NearNode, NearNode, NearNode]
  const topics = nodes.map((node) =>
    new Topics(node.system, new Receptionist(node, systemRandom)).topic<number>("prices"),
  )
  const listener = (node: number) => nodes[node]!.system.spawn(Listener)
  return { nodes, topics: topics as [(typeof topics)[0], (typeof topics)[0], (typeof topics)[0]], listener }
}
const settle = (): Promise<void> => new Promise((done) => setTimeout(done, 5))

t.test("what is published on any node reaches subscribers on all, once and in order (U1, U2)", async (t) => {
  const { nodes, topics, listener } = await three(t)
  linkAll(nodes)
  const [one, two, other] = [listener(0), listener(0), listener(1)]
  for (const ref of [one, two]) await subscribe(topics[0], ref, "price")
  await subscribe(topics[1], other, "price")
  t.equal(await topics[2].ask("publish", 1), 2, "two nodes")
  t.equal(await topics[2].ask("publish", 2), 2)
  t.equal(await topics[0].ask("publish", 3), 3, "two here and one node")
  await settle()
  for (const ref of [one, two, other]) t.same(await ref.ask("heard"), [1, 2, 3])
  t.match(await topics[0].ask("statistics"), { subscribers: 2, published: 1 })
})

t.test(
  "a subscription counts for publishers everywhere as soon as it has resolved, and no longer than it lasts",
  async (t) => {
    const { nodes, topics, listener } = await three(t)
    linkAll(nodes)
    const one = listener(0)
    t.equal(await topics[1].ask("publish", 1), 0)
    await subscribe(topics[0], one, "price")
    t.equal(await topics[1].ask("publish", 2), 1)
    await topics[0].ask("unsubscribe", { ref: one, type: "price" })
    await settle()
    t.equal(await topics[1].ask("publish", 3), 0)
    await subscribe(topics[0], one, "price")
    await settle()
    await nodes[0].system.stopActor(one)
    await settle()
    t.equal(await topics[1].ask("publish", 4), 0, "whoever ends leaves")
  },
)

t.test("a node whose link is lost hears nothing, and hears again when it is back (U3)", async (t) => {
  const { nodes, topics, listener } = await three(t)
  linkAll(nodes)
  const one = listener(0)
  await subscribe(topics[0], one, "price")
  unlink(nodes[0], nodes[1])
  t.equal(await topics[1].ask("publish", 1), 0)
  link(nodes[0], nodes[1])
  await settle()
  t.equal(await topics[1].ask("publish", 2), 1)
  await settle()
  t.same(await one.ask("heard"), [2])
})

t.test("one whose mailbox is full loses for itself alone, and the cause goes along", async (t) => {
  const { nodes, topics, listener } = await three(t)
  linkAll(nodes)
  const [slow, quick] = [listener(0), listener(0)]
  await subscribe(topics[0], slow, "price")
  await subscribe(topics[0], quick, "who")
  slow.tell("wait")
  for (let n = 0; n < 10; n++) {
    topics[1].with({ cause: { caller: "ada" } }).tell("publish", n)
    await settle()
  }
  go()
  t.same(
    await quick.ask("heard"),
    Array.from({ length: 10 }, () => 1),
  )
  const { lost } = await topics[0].ask("statistics")
  t.ok((lost[slow.address] ?? 0) > 0 && lost[quick.address] === 0)
})
