import { isDeepStrictEqual } from "node:util"
import fc from "fast-check"
import t from "tap"
import { stringify } from "yaml"
import { AgentOSError } from "#actors/errors.js"
import "#src/errors.js"
import { agentsOf, chain, parallel, select, type Topology } from "#src/topologies/topology.js"
import { checkTopology, faultsOf, nearest, type Known } from "#src/topologies/validate.js"
import { parseTopology } from "#src/topologies/yaml.js"

const known: Known = {
  agents: new Set(["researcher", "critic", "checker", "writer"]),
  functions: new Set(["longest"]),
  topologies: new Map(),
}

const name = fc.constantFrom(...known.agents)
const label = fc.constantFrom("math", "docs", "chat", "no", "1", "constructor")
const { topology } = fc.letrec<{ topology: Topology }>((tie) => {
  const child = tie("topology")
  const routes = fc.dictionary(label, child, { minKeys: 1, maxKeys: 3, noNullPrototype: true })
  return {
    topology: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      name.map((agent) => ({ kind: "agent" as const, agent })),
      fc.array(child, { minLength: 1, maxLength: 3 }).map((steps) => chain(steps)),
      fc
        .record({
          branches: fc.array(child, { minLength: 1, maxLength: 3 }),
          reduce: fc.oneof(
            fc.constantFrom("concatenate" as const, "vote" as const),
            fc.constant({ fn: "longest" }),
            name.map((judge) => ({ judge })),
          ),
          onError: fc.oneof(
            fc.constantFrom("fail" as const, "ignore" as const),
            fc.integer({ min: 1, max: 5 }).map((retry) => ({ retry })),
          ),
        })
        .map(({ branches, reduce, onError }) => parallel(branches, { reduce, onError })),
      routes.chain((given) => {
        const to = fc.constantFrom(...Object.keys(given))
        return fc
          .oneof(
            name.map((agent) => ({ agent })),
            fc
              .array(
                fc.oneof(
                  fc.record({ matches: fc.constantFrom("\\d+", "where|when"), to }, { noNullPrototype: true }),
                  fc.record({ fn: fc.constant("longest"), to }, { noNullPrototype: true }),
                ),
                { maxLength: 2 },
              )
              .map((rules) => ({ rules })),
            fc
              .dictionary(to, fc.array(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 2 }), {
                noNullPrototype: true,
              })
              .map((examples) => ({ examples })),
          )
          .map((by) => select({ by, routes: given, otherwise: "writer" }))
      }),
    ),
  }
})

/** The form that a file has. */
function written(node: Topology): unknown {
  switch (node.kind) {
    case "agent":
      return node.agent
    case "chain":
      return { chain: node.steps.map(written) }
    case "parallel":
      return { parallel: { branches: node.branches.map(written), reduce: node.reduce, onError: node.onError } }
    case "select":
      return {
        select: {
          by: node.by,
          routes: Object.fromEntries(Object.entries(node.routes).map(([to, child]) => [to, written(child)])),
          ...(node.otherwise === undefined ? {} : { otherwise: written(node.otherwise) }),
        },
      }
  }
}

t.test("a YAML file and the builder give the same validated value", async (t) => {
  fc.assert(
    fc.property(topology, (built) => {
      const text = stringify({ name: "team", description: "A team.", topology: written(built) })
      const read = parseTopology(text, "team.yaml", known).topology
      if (!isDeepStrictEqual(read, built)) t.strictSame(read, built, text)
      checkTopology("team", built, known)
    }),
    { numRuns: 300 },
  )
})

t.test("agents can be given as definitions, names or topologies, and are listed once each", async (t) => {
  const writer = { name: "writer", instructions: "write" }
  const team = chain(["researcher", parallel(["critic", writer], { reduce: { judge: "checker" } }), writer])
  t.strictSame(agentsOf(team), ["researcher", "critic", "writer", "checker"])
})

const refusal = (text: string): string => {
  try {
    parseTopology(text, "team.yaml", known)
  } catch (error) {
    if (error instanceof AgentOSError && error.code === "INVALID_TOPOLOGY") return error.message
    throw error
  }
  return "nothing was refused"
}

t.test("a fault is told with file, line, column and what would be right", async (t) => {
  const top = "name: team\ntopology:\n"
  const table: readonly (readonly [what: string, yaml: string, message: RegExp])[] = [
    [
      "an unknown agent",
      `${top}  chain:\n    - resercher\n    - writer\n`,
      /^team\.yaml:4:7: there is no agent "resercher"; did you mean "researcher"\?$/,
    ],
    [
      "an agent unlike any other",
      `${top}  zebra\n`,
      /^team\.yaml:\d+:\d+: there is no agent "zebra"; there are: researcher, /,
    ],
    ["an empty chain", `${top}  chain: []\n`, /^team\.yaml:3:3: an empty chain answers nothing/],
    ["an empty branch list", `${top}  parallel:\n    branches: []\n`, /^team\.yaml:4:5: there is no branch/],
    ["a wrong type", `${top}  chain: writer\n`, /^team\.yaml:3:3: expected a list, found/],
    [
      "a number for an agent",
      `${top}  chain: [7]\n`,
      /^team\.yaml:3:11: expected the name of an agent, or chain, parallel or select; found the number 7$/,
    ],
    [
      "an unknown key",
      `${top}  parallel: { branches: [critic], reduse: vote }\n`,
      /^team\.yaml:3:35: unknown key "reduse"; allowed are branches, reduce, onError$/,
    ],
    [
      "an unknown function",
      `${top}  parallel: { branches: [critic], reduce: { fn: longst } }\n`,
      /there is no function "longst"; did you mean "longest"\?$/,
    ],
    [
      "a rule to nowhere",
      `${top}  select:\n    by: { rules: [{ matches: a, to: maths }] }\n    routes: { math: writer }\n`,
      /no route "maths"; did you mean "math"\?$/,
    ],
    [
      "a broken regular expression",
      `${top}  select:\n    by: { rules: [{ matches: "(", to: math }] }\n    routes: { math: writer }\n`,
      /^team\.yaml:4:\d+: not a regular expression/,
    ],
    [
      "a pattern that the engine of rules has no words for",
      `${top}  select:\n    by: { rules: [{ matches: "a(?=b)", to: math }] }\n    routes: { math: writer }\n`,
      /^team\.yaml:4:\d+: look-around .* is not taken; make two rules of it/,
    ],
    ["two forms at once", `${top}  chain: [writer]\n  select: {}\n`, /^team\.yaml:\d+:\d+: expected exactly one of/],
    ["a tab or another slip of YAML", "name: team\ntopology: [a\n", /^team\.yaml:\d+:\d+: /],
    ["a key given twice", "name: a\nname: b\ntopology: writer\n", /^team\.yaml:2:1: .*unique/],
  ]
  for (const [what, yaml, message] of table) t.match(refusal(yaml), message, what)
})

t.test("all faults of a file are told at once", async (t) => {
  const lines = refusal(
    "name: team\ntopology:\n  chain:\n    - resercher\n    - parallel: { branches: [kritic], reduce: { judge: cheker } }\n",
  ).split("\n")
  t.equal(lines.length, 3)
  t.ok(lines.every((line) => /^team\.yaml:\d+:\d+: there is no agent .*did you mean/.test(line)))
})

t.test("topologies that name each other in a circle are refused with the circle", async (t) => {
  const a = chain(["b"])
  const b = chain(["writer", "a"])
  const topologies = new Map([
    ["a", a],
    ["b", b],
  ] as const)
  t.match(faultsOf(a, { ...known, topologies }, "a"), [{ message: "a circle: a → b → a" }])
  const knot = chain(["writer"]) as { steps: Topology[] } & Topology
  knot.steps.push(knot)
  t.match(faultsOf(knot, known), [{ message: /does it contain itself/ }])
})

t.test("a near name is one of which at most a third differs", async (t) => {
  t.equal(nearest("wirter", ["writer", "critic"]), "writer")
  t.equal(nearest("zebra", ["writer", "critic"]), undefined)
})

t.test("text of any kind gives a topology or a clear error", async () => {
  const whole = stringify({
    name: "team",
    topology: written(
      chain([
        "researcher",
        parallel(["critic", "checker"], { reduce: "vote" }),
        select({ by: { agent: "critic" }, routes: { a: "writer" } }),
      ]),
    ),
  })
  const mangled = fc
    .tuple(
      fc.nat(whole.length),
      fc.nat(4),
      fc.string({ unit: fc.constantFrom(..."[]{}:-&*!|>'\"#\n\t ab0~"), maxLength: 4 }),
    )
    .map(([at, drop, put]) => whole.slice(0, at) + put + whole.slice(at + drop))
  fc.assert(
    fc.property(fc.oneof(fc.string(), mangled), (text) => {
      try {
        parseTopology(text, "team.yaml", known)
        return true
      } catch (error) {
        return error instanceof AgentOSError && error.code === "INVALID_TOPOLOGY" && error.message !== ""
      }
    }),
    { numRuns: 1500 },
  )
})

t.test("a topology made by hand that is none is refused before anything of it runs", async (t) => {
  const agent = { kind: "agent", agent: "writer" }
  const wrong: readonly unknown[] = [
    parallel(["writer"], { reduce: "sum" as never }),
    ...[null, 7, {}, { judge: 7 }, ["vote"]].map((reduce) => ({ ...parallel(["writer"]), reduce })),
    ...[{ retry: -1 }, { retry: 0 }, { retry: 1.5 }, { retry: 1e9 }, { retry: "3" }, "whatever", null].map((onError) =>
      parallel(["writer"], { onError: onError as never }).kind === "parallel"
        ? { ...parallel(["writer"]), onError }
        : undefined,
    ),
    { kind: "loop", steps: [agent] },
    { kind: "agent" },
    { kind: "chain" },
    { kind: "chain", steps: [undefined] },
    { kind: "parallel", branches: "writer", reduce: "vote", onError: "fail" },
    { kind: "select", by: "writer", routes: { a: agent } },
    { kind: "select", by: { rules: [{ matches: 7, to: "a" }] }, routes: { a: agent } },
    { kind: "select", by: { examples: { a: "one" } }, routes: { a: agent } },
    { kind: "select", by: { agent: "writer" } },
    null,
    [],
  ]
  for (const topology of wrong)
    t.throws(() => checkTopology("team", topology as Topology, known), { code: "INVALID_TOPOLOGY" }, JSON.stringify(topology)) // prettier-ignore
  t.doesNotThrow(() => checkTopology("team", parallel(["writer"], { onError: { retry: 100 } }), known))
})
