/** How quickly a node gives shards away that another should have: in small lots while it has entities in memory, else at once (B2). */
import t from "tap"
import { firstView, type Member, type View } from "#cluster/members.js"
import { nodeId } from "#cluster/node.js"
import { DEFAULT_REBALANCE } from "#cluster/placement.js"
import { Rebalancer } from "#cluster/rebalancer.js"
import type { Shard } from "#cluster/shard.js"
import { HandClock } from "#test/support/hand-clock.js"
import { aNode } from "#test/support/registry-contract.js"

const [ann, bob, cid] = [aNode("ann"), aNode("bob"), aNode("cid")]
const count = 1024

/** Ann has all shards, some of them with entities in memory; others come, of whom she reaches bob alone. @returns how many she has begun to give away, after so many seconds */
function giving(inUse: (shard: number) => boolean, { leaves = false, others = [bob] } = {}) {
  const clock = new HandClock()
  const begun: number[] = []
  const shards = Array.from({ length: count }, (_, number) => {
    const shard = {
      number,
      giver: { at: "running" } as object | undefined,
      moving: false,
      stopping: false,
      restUntil: -Infinity,
    }
    return { ...shard, begin: () => void begun.push(number) }
  })
  const rebalancer = new Rebalancer({
    self: ann,
    shards: shards as unknown as readonly Shard[],
    count,
    clock,
    role: undefined,
    limits: DEFAULT_REBALANCE,
    stateIs: "shared",
    open: new Set([nodeId(bob)]),
    wish: () => undefined,
    isEmpty: (shard) => !inUse(shard),
    ownerOf: () => "ann",
  })
  t.teardown(() => rebalancer.close())
  const first = firstView(ann, 0)
  const up = (node: typeof ann): [string, Member] => [
    nodeId(node),
    { ...(first.members.get(nodeId(ann)) as Member), id: nodeId(node), node, status: "up" },
  ]
  const view: View = { ...first, members: new Map([ann, ...others].map(up)) }
  rebalancer.draining = leaves
  rebalancer.members(view)
  return (seconds: number): readonly number[] => {
    for (let ms = 0; ms < 1000 * seconds; ms += 10) {
      clock.wind(10)
      for (const number of begun) (shards[number] as { giver: unknown }).giver = undefined // a move takes no time
      rebalancer.plan()
    }
    return begun
  }
}

t.test("a node without entities in memory gives all at once", (t) => {
  const begun = giving(() => false)(0.1)
  t.ok(begun.length > 0.45 * count && begun.length < 0.55 * count, `${begun.length} shards`)
  t.end()
})

t.test(
  "a node with entities in memory gives six a second, those that are in use first and 120 a minute of them",
  (t) => {
    const after = giving((shard) => shard % 2 === 0)
    t.equal(after(0.9).length, 0, "none at first: who has just joined has enough to do")
    t.equal(after(0.2).length, 6)
    t.ok(after(0).every((shard) => shard % 2 === 0))
    const of = after(9)
    t.ok(of.length >= 54 && of.length <= 60, `${of.length} after ten seconds`)
    const inUse = after(45).filter((shard) => shard % 2 === 0).length
    t.equal(inUse, 120)
    t.end()
  },
)

t.test("a node that leaves does not wait", (t) => {
  const begun = giving((shard) => shard % 2 === 0, { leaves: true })(0.5)
  t.ok(begun.length > 0.9 * count, `${begun.length} shards`)
  t.end()
})

t.test("shards of a node that cannot be reached keep others waiting for nothing", (t) => {
  t.equal(giving(() => true, { others: [cid, bob] })(1.1).length, 6)
  t.equal(giving(() => true, { others: [cid] })(5).length, 0, "nobody is asked who is not there")
  t.end()
})
