import t from "tap"
import { parseConfigText } from "#src/config.js"
import "#src/errors.js"
import { parseTopology } from "#src/topologies/yaml.js"
import { readYaml } from "#src/yaml.js"
import { yamlIsRead } from "#test/support/yaml-property.js"

/** Nine times nine times ... of one anchor. */
const bomb = [`a: &a0 [lol]`, ...Array.from({ length: 9 }, (_, i) => `b${i}: &a${i + 1} [${Array(9).fill(`*a${i}`).join(", ")}]`)].join("\n") // prettier-ignore

t.test("a bomb, an unknown alias, a circle and a depth are faults of a file with line and column", async (t) => {
  const table: [what: string, text: string, line: number, column: number, message: RegExp][] = [
    ["an alias bomb", bomb, 6, 9, /more than 100000 parts/],
    [
      "an unknown alias",
      "name: x\ntopology: *nowhere",
      2,
      11,
      /unknown alias \*nowhere; set the anchor &nowhere before it/,
    ],
    ["an alias before its anchor", "name: *n\nother: &n x", 1, 7, /unknown alias/],
    ["a circle", "name: x\ntopology: &t\n  chain: [*t]", 3, 11, /the alias \*t stands within what it stands for/],
    ["a circle of maps", "a: &a\n  b: { c: *a }", 2, 11, /stands within/],
    ["brackets", `name: ${"[".repeat(100_000)}`, 1, 107, /nested deeper than 100 levels/],
    ["dashes", `name:\n  ${"- ".repeat(100_000)}`, 2, 203, /nested deeper/],
    ["an indentation", `name:\n${" ".repeat(300)}a: b`, 2, 1, /nested deeper/],
    ["a long text", `name: ${"x".repeat(250_000)}`, 1, 1, /has 250006 characters; at most 250000 are read/],
    ["an unclosed list", "name: [a\n", 2, 1, /./],
    ["many faults", "}\n".repeat(10_000), 1, 1, /./],
  ]
  for (const [what, text, line, column, message] of table) {
    const [fault, ...more] = readYaml(text).faults
    t.match(fault, { line, column, message }, what)
    t.ok(more.length < 20, what)
    t.throws(
      () => parseConfigText(text, "node.yaml"),
      { code: "INVALID_CONFIG", message: new RegExp(`^node\\.yaml has .*\\n  - line ${line}, column ${column}: `) },
      what,
    )
    t.throws(
      () => parseTopology(text, "team.yaml"),
      { code: "INVALID_TOPOLOGY", message: new RegExp(`^team\\.yaml:${line}:${column}: `) },
      what,
    )
  }
})

t.test("an alias stands for what its anchor is at", async (t) => {
  const text =
    "name: x\ndescription: &d both\ntopology:\n  chain:\n    - &p { parallel: { branches: [a, *d] } }\n    - *p"
  const { topology } = parseTopology(text, "team.yaml")
  const pair = { kind: "parallel", branches: [{ agent: "a" }, { agent: "both" }] }
  t.match(topology, { kind: "chain", steps: [pair, pair] })
  t.same(parseConfigText("", "node.yaml").name, "llmagentos")
})

t.test("any text is a value or has faults, and nothing is thrown", async () => yamlIsRead(1000))

t.test("what is wrong across fields is told with its line, beside what is wrong within others", async (t) => {
  const text = [
    "store: postgres://a/b",
    "storeEnv: URL",
    "gateway:",
    "  port: high",
    "  tls: { cert: a, key: b, requireClientCert: true }",
    "cluster: { node: a, listen: '0.0.0.0:1', leaveMs: -1, registry: { kind: static, nodes: [5, { name: b, address: 'b:1' }] } }",
  ].join("\n")
  const fault = (() => {
    try {
      return parseConfigText(text, "node.yaml")
    } catch (error) {
      return error as Error
    }
  })() as Error
  for (const [line, field] of [
    [2, "storeEnv"],
    [4, "gateway.port"],
    [5, "gateway.tls.ca"],
    [6, "cluster.advertise"],
    [6, "cluster.leaveMs"],
    [6, "cluster.registry.nodes"],
  ])
    t.match(fault.message, new RegExp(`line ${line}, column \\d+: ${field}: `))
  for (const odd of [
    "5",
    "[]",
    "cluster: 5",
    "gateway: { tls: 5 }",
    "cluster: { registry: 5 }",
    "cluster: { listen: 5 }",
  ])
    t.throws(() => parseConfigText(odd, "node.yaml"), { code: "INVALID_CONFIG" }, odd)
})
