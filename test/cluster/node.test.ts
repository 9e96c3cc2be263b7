import fc from "fast-check"
import t from "tap"
import { checkedCluster, checkedNode, incarnationOf, nodeId, type NodeDescription } from "#cluster/node.js"

const node: NodeDescription = {
  name: "a",
  incarnation: 1,
  address: "a:1",
  roles: ["entities"],
  capabilities: { models: ["scribe"], gpu: false, cores: 4, zone: "x" },
  capacity: 1,
  protocol: { min: 1, max: 2 },
}

t.test("name and incarnation are read back from an id (N1)", (t) => {
  const name = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/)
  fc.assert(
    fc.property(name, fc.maxSafeNat(), (name, incarnation) => {
      t.strictSame(incarnationOf(nodeId({ name, incarnation })), { name, incarnation })
    }),
  )
  for (const wrong of ["", "a", "a#", "#1", "a#b", "a#-1", "a#1.5", "a#1#2", "a b#1", "a#99999999999999999999"]) {
    t.equal(incarnationOf(wrong), undefined, wrong)
  }
  t.end()
})

t.test(
  "a description is taken as it is, or refused by the name of its field and with what would be right (N2)",
  (t) => {
    t.equal(checkedNode(node), node)
    t.ok(checkedNode({ ...node, address: "[::1]:7000", capacity: 0, protocol: { min: 2, max: 2 } }))
    const wrong: readonly (readonly [keyof NodeDescription, unknown, RegExp])[] = [
      ["name", "a#1", /letters/],
      ["name", "a".repeat(64), /1 to 63/],
      ["incarnation", 1.5, /whole/],
      ["address", "nowhere", /host:port/],
      ["roles", [1], /texts/],
      ["capabilities", { gpu: null }, /texts, numbers/],
      ["capabilities", { models: [1] }, /texts, numbers/],
      ["capabilities", { cores: NaN }, /texts, numbers/],
      ["capabilities", ["scribe"], /object/],
      ["capacity", -1, /0 or more/],
      ["capacity", Infinity, /0 or more/],
      ["protocol", { min: 2, max: 1 }, /min/],
      ["protocol", { min: 0.5, max: 1 }, /whole/],
    ]
    for (const [field, value, right] of wrong) {
      const described = { ...node, [field]: value } as NodeDescription
      const message = new RegExp(`^${field} of a node must be .*${right.source}`)
      t.throws(() => checkedNode(described), { code: "INVALID_NODE", message }, `${field} ${JSON.stringify(value)}`)
    }
    t.equal(checkedCluster("red-blue"), "red-blue")
    t.throws(() => checkedCluster("a/b"), { code: "INVALID_NODE", message: /cluster/ })
    t.end()
  },
)
