import fc from "fast-check"
import t from "tap"
import {
  choosePlace,
  QueueThere,
  queueOf,
  turnsAt,
  type AgentLoad,
  type NodeLoad,
  type Place,
} from "#src/agents/placement.js"

const here = (open: number, width = 16): Place => ({ node: undefined, open, width })
const there = (node: string, open: number, width = 16): Place => ({ node, open, width })
const agent = (name: string, more: Partial<AgentLoad> = {}): AgentLoad => ({ name, model: "m", state: "running", replicas: 1, queued: 0, ...more }) // prettier-ignore
const load = (agents: readonly AgentLoad[], more: Partial<NodeLoad> = {}): NodeLoad => ({ agents, models: ["m"], concurrency: 16, taking: true, seen: 0, ...more }) // prettier-ignore

t.test("the shorter queue wins, and of equal ones this node's", async (t) => {
  const chance = () => 0
  t.equal(choosePlace([], chance), undefined)
  t.equal(choosePlace([there("b", 3), here(3)], chance)?.node, undefined)
  t.equal(choosePlace([there("b", 2), here(3)], chance)?.node, "b")
  t.equal(choosePlace([there("b", 9)], chance)?.node, "b", "where this node cannot answer, another does")
  t.equal(choosePlace([there("b", 8, 64), here(3, 16)], chance)?.node, "b", "a queue is as long as its turns")
})

t.test(
  "whatever the queues, the choice is this node or one of two that were drawn, and none of these is shorter",
  async () => {
    const place = fc.tuple(fc.nat(50), fc.integer({ min: 1, max: 64 }))
    fc.assert(
    fc.property(fc.option(place), fc.array(place, { maxLength: 6 }), fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })), (own, others, stream) => {
      const drawn: number[] = []
      const chance = (): number => drawn[drawn.push(stream.next().value!) - 1]!
      const places = [...(own === null ? [] : [here(...own)]), ...others.map(([open, width], i) => there(`n${i}`, open, width))]
      const chosen = choosePlace(places, chance)
      if (places.length === 0) return chosen === undefined
      const rest = places.filter(({ node }) => node !== undefined)
      const first = rest[Math.floor(drawn[0]! * rest.length)]
      const second = rest.filter((other) => other !== first)[Math.floor(drawn[1]! * (rest.length - 1))]
      const compared = [places.find(({ node }) => node === undefined), first, second].filter((place) => place !== undefined)
      return chosen !== undefined && compared.includes(chosen) && compared.every((other) => turnsAt(chosen) <= turnsAt(other))
    }),
  ) // prettier-ignore
  },
)

t.test("a node that cannot answer has no queue to stand in", async (t) => {
  t.match(queueOf(load([agent("a", { queued: 2 }), agent("b", { queued: 3, replicas: 2 }), agent("c", { model: "other" })]), "a"), { model: "m", open: 5, width: 48 }) // prettier-ignore
  t.equal(queueOf(load([agent("a")]), "b"), undefined, "it does not know the agent")
  t.equal(queueOf(load([agent("a")], { models: ["other"] }), "a"), undefined, "it has not the model")
  t.equal(queueOf(load([agent("a", { state: "stopped" })]), "a"), undefined, "the agent is stopped")
  t.equal(queueOf(load([agent("a")], { taking: false }), "a"), undefined, "it is about to leave")
})

t.test("what was sent since it was told counts, and what was answered since does not", async (t) => {
  const queue = new QueueThere()
  const open = (): number | undefined => queue.placeFor("b", "a")?.open
  t.equal(open(), undefined, "nothing is known yet")
  queue.hear(load([agent("a", { queued: 4 })], { seen: 2 }))
  t.equal(open(), 4)
  queue.sent(3, "m")
  queue.sent(4, "m")
  queue.sent(5, "other")
  t.equal(open(), 6)
  queue.answered(3)
  t.equal(open(), 5)
  queue.hear(load([agent("a", { queued: 7 })], { seen: 5 }))
  t.equal(open(), 7, "ticket 4 is among the seven")
  queue.answered(4)
  t.equal(open(), 6)
  queue.answered(4)
  t.equal(open(), 6, "once")
})
