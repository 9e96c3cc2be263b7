import fc from "fast-check"
import t from "tap"
import {
  DEFAULT_REBALANCE,
  DEFAULT_SHARDS,
  place,
  planRebalance,
  preference,
  shardOf,
  type Candidate,
  type Situation,
} from "#cluster/placement.js"

const node = (name: string, capacity = 1, roles: readonly string[] = []): Candidate => ({ name, capacity, roles })

/** Different names, with capacities from 1 to 4. */
const nodes = (minLength: number, maxLength: number) =>
  fc.uniqueArray(
    fc.record({ name: fc.string({ minLength: 1 }), capacity: fc.integer({ min: 1, max: 4 }), roles: fc.constant([]) }),
    {
      selector: ({ name }) => name,
      minLength,
      maxLength,
    },
  )

const held = (placed: readonly (string | undefined)[], name: string) => placed.filter((owner) => owner === name).length

t.test("shards of entities are the same in every process and release (P1, P2)", (t) => {
  t.equal(shardOf("default", "account", "alice"), 276)
  t.equal(shardOf("default", "account", "bob"), 81)
  t.equal(shardOf("acme", "account", "alice"), 529)
  t.equal(shardOf("default", "konto", "Zoë 🦆"), 141)
  t.equal(shardOf("default", "account", "alice", 64), 20)
  const three = [node("a"), node("b", 2), node("c")]
  t.equal(place(24, three).join(""), "babbbcbbbbcbaabbcbabbcbb")
  t.same(preference(7, three), ["b", "a", "c"])
  t.end()
})

t.test("parts of an entity's id do not run into each other (P1)", (t) => {
  const distinct = new Set([
    shardOf("a", "bc", "d", 2 ** 32),
    shardOf("ab", "c", "d", 2 ** 32),
    shardOf("a", "b", "cd", 2 ** 32),
    shardOf("", "abcd", "", 2 ** 32),
  ])
  t.equal(distinct.size, 4)
  t.end()
})

t.test("keys that differ in a digit spread evenly over the shards", (t) => {
  const counts = new Array<number>(DEFAULT_SHARDS).fill(0)
  for (let n = 0; n < 100 * DEFAULT_SHARDS; n++) counts[shardOf("default", "account", `user-${n}`)]! += 1
  // Chi squared over 1,023 degrees of freedom: mean 1,023, sigma 45.
  const chi = counts.reduce((sum, count) => sum + (count - 100) ** 2 / 100, 0)
  t.ok(chi < 1023 + 5 * 45, `chi squared ${chi}`)
  t.end()
})

t.test("a node has shards in proportion to its capacity, within five sigma (P3)", (t) => {
  fc.assert(
    fc.property(nodes(1, 12), (nodes) => {
      const placed = place(4096, nodes)
      const total = nodes.reduce((sum, { capacity }) => sum + capacity, 0)
      for (const { name, capacity } of nodes) {
        const p = capacity / total
        const sigma = Math.sqrt(4096 * p * (1 - p))
        if (Math.abs(held(placed, name) - 4096 * p) > 5 * sigma + 1) return false
      }
      return true
    }),
  )
  t.end()
})

t.test("a node that comes takes shards only for itself, at most 1.2 times its share with three nodes (P2)", (t) => {
  fc.assert(
    fc.property(nodes(3, 3), (three) => {
      const third = { ...three[2]!, capacity: three[0]!.capacity }
      const two = [{ ...three[0]! }, { ...three[1]!, capacity: three[0]!.capacity }]
      const [before, after] = [place(DEFAULT_SHARDS, two), place(DEFAULT_SHARDS, [...two, third])]
      const moved = after.filter((owner, shard) => owner !== before[shard])
      return moved.every((owner) => owner === third.name) && moved.length <= (1.2 * DEFAULT_SHARDS) / 3
    }),
  )
  t.end()
})

t.test(
  "when a node goes, only its own shards move, each to whom it preferred next; back again it has what it had (P2)",
  (t) => {
    fc.assert(
      fc.property(nodes(2, 10), fc.nat(), (nodes, pick) => {
        const gone = nodes[pick % nodes.length]!
        const rest = nodes.filter((other) => other !== gone)
        const [before, after] = [place(256, nodes), place(256, rest)]
        const right = after.every((owner, shard) =>
          before[shard] === gone.name ? owner === preference(shard, nodes)[1] : owner === before[shard],
        )
        return right && place(256, [gone, ...rest]).every((owner, shard) => owner === before[shard])
      }),
    )
    t.end()
  },
)

t.test("the wish is the first preference, and more capacity never loses a shard (P2)", (t) => {
  fc.assert(
    fc.property(nodes(1, 8), fc.nat(), (nodes, pick) => {
      const grown = nodes[pick % nodes.length]!
      const [before, after] = [
        place(64, nodes),
        place(
          64,
          nodes.map((other) => (other === grown ? { ...other, capacity: other.capacity + 1 } : other)),
        ),
      ]
      return before.every(
        (owner, shard) =>
          owner === preference(shard, nodes)[0] && (owner !== grown.name || after[shard] === grown.name),
      )
    }),
  )
  t.end()
})

t.test("only nodes of the role that have capacity are given shards, and without one nobody is", (t) => {
  const some = [node("gpu", 1, ["gpu", "web"]), node("web", 5, ["web"]), node("full", 0, ["gpu"])]
  t.same(new Set(place(64, some, "gpu")), new Set(["gpu"]))
  t.same(new Set(place(64, some, "web")), new Set(["gpu", "web"]))
  t.same(place(2, some, "tpu"), [undefined, undefined])
  t.same(preference(0, [], "gpu"), [])
  t.end()
})

const situation = (given: Partial<Situation>): Situation => ({
  current: [],
  wished: [],
  alive: new Set(["a", "b", "c"]),
  leaving: new Set(),
  moving: new Set(),
  begunAt: [],
  stateIs: "shared",
  ...given,
})

t.test("what serves nobody moves first, then what must go, then what is better elsewhere (P4)", (t) => {
  const plan = planRebalance(
    situation({
      current: ["a", "c", "gone", undefined, "a"],
      wished: ["b", "b", "b", "b", "a"],
      leaving: new Set(["c"]),
    }),
    { perMinute: 0, atOnce: 1 },
    0,
  )
  t.same(plan.now, [
    { shard: 2, from: "gone", to: "b", why: "orphan" },
    { shard: 3, from: undefined, to: "b", why: "new" },
    { shard: 1, from: "c", to: "b", why: "leaving" },
  ])
  t.same(plan.later, [{ shard: 0, from: "a", to: "b", why: "level" }])
  t.same(Object.fromEntries(plan.shares), {
    a: { before: 2, after: 1 },
    b: { before: 0, after: 4 },
    c: { before: 1, after: 0 },
    gone: { before: 1, after: 0 },
  })
  t.end()
})

t.test("a shard whose state lies on a node that is away stays there (P5)", (t) => {
  const plan = planRebalance(
    situation({ current: ["gone", "a"], wished: ["a", "b"], stateIs: "on-the-node" }),
    DEFAULT_REBALANCE,
    0,
  )
  t.same(plan.away, [0])
  t.same(
    plan.now.map(({ shard }) => shard),
    [1],
  )
  t.end()
})

t.test("the node that has most to give is relieved first", (t) => {
  const plan = planRebalance(
    situation({ current: ["a", "b", "b", "b", "a", "b"], wished: ["c", "c", "c", "c", "c", "c"] }),
    { perMinute: 3, atOnce: 16 },
    0,
  )
  t.same(
    plan.now.map(({ from }) => from),
    ["b", "b", "a"],
  )
  t.equal(plan.minutes, 1)
  t.end()
})

t.test(
  "moves that nobody needs are bounded per minute and all moves at once, and every shard arrives in the end",
  (t) => {
    fc.assert(
      fc.property(
        nodes(2, 6),
        fc.record({ perMinute: fc.integer({ min: 1, max: 50 }), atOnce: fc.integer({ min: 1, max: 20 }) }),
        fc.array(fc.integer({ min: 2_000, max: 40_000 }), { minLength: 1, maxLength: 20 }),
        (nodes, limits, pauses) => {
          const current = [...place(128, nodes.slice(1))]
          const wished = place(128, nodes)
          const alive = new Set(nodes.map(({ name }) => name))
          const begunAt: number[] = []
          let now = 0
          for (let step = 0; step < 10_000; step++) {
            const plan = planRebalance(situation({ current, wished, alive, begunAt }), limits, now)
            if (plan.now.length + plan.later.length === 0)
              return current.every((owner, shard) => owner === wished[shard])
            if (plan.now.length > limits.atOnce) return false
            for (const { shard, to } of plan.now) {
              current[shard] = to
              begunAt.push(now)
            }
            if (begunAt.filter((at) => now - at < 60_000).length > limits.perMinute) return false
            now += pauses[step % pauses.length]!
          }
          return false
        },
      ),
      { numRuns: 50 },
    )
    t.end()
  },
)

t.test("a shard that moves is not planned again, and takes one of the places", (t) => {
  const plan = planRebalance(
    situation({ current: ["a", "a", "a"], wished: ["b", "b", "b"], moving: new Set([1]) }),
    { perMinute: 10, atOnce: 2 },
    0,
  )
  t.same(
    plan.now.map(({ shard }) => shard),
    [0],
  )
  t.same(
    plan.later.map(({ shard }) => shard),
    [2],
  )
  t.end()
})
