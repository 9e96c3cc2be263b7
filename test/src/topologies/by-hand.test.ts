import t from "tap"
import { createAgentOS } from "#src/os.js"
import type { Topology } from "#src/topologies/topology.js"
import { scriptedModel } from "#test/support/scripted-model.js"

const a = { kind: "agent", agent: "a" }
const parallel = { kind: "parallel", branches: [a], reduce: "vote", onError: "fail" }
const select = { kind: "select", by: { rules: [{ matches: "x", to: "x" }] }, routes: { x: a } }
const circle: { kind: string; steps: unknown[] } = { kind: "chain", steps: [] }
circle.steps.push(circle)

t.test("a topology made by hand is checked as one in a file is", async (t) => {
  const odd: Record<string, unknown> = {
    nothing: null,
    "a text": "a",
    "no kind": { steps: [a] },
    "another kind": { ...parallel, kind: "both" },
    "an agent without a name": { kind: "agent" },
    "steps that are none": { kind: "chain", steps: a },
    "a step that is nothing": { kind: "chain", steps: [a, undefined] },
    "a step by name": { kind: "chain", steps: ["a"] },
    "another reduce": { ...parallel, reduce: "sum" },
    "no reduce": { ...parallel, reduce: undefined },
    "a reduce by nothing": { ...parallel, reduce: {} },
    "a function by value": { ...parallel, reduce: { fn: () => "x" } },
    "retry below 1": { ...parallel, onError: { retry: -1 } },
    "half a retry": { ...parallel, onError: { retry: 1.5 } },
    "retries without end": { ...parallel, onError: { retry: 1e9 } },
    "another policy": { ...parallel, onError: "whatever" },
    "inner, another policy": { kind: "chain", steps: [{ ...parallel, onError: "whatever" }] },
    "chosen by a function": { ...select, by: { fn: "pick" } },
    "chosen by nothing": { ...select, by: null },
    "rules that are none": { ...select, by: { rules: "x" } },
    "a rule without a label": { ...select, by: { rules: [{ matches: "x" }] } },
    "examples that are none": { ...select, by: { examples: { x: "x" } } },
    "no routes": { ...select, routes: undefined },
    "a route to nothing": { ...select, routes: { x: null } },
    "in itself": circle,
  }
  for (const [name, topology] of Object.entries(odd)) {
    const made = createAgentOS({
      data: "memory",
      knowledge: { shipped: false },
      models: { m: scriptedModel(() => "said") },
      agents: [{ name: "a", model: "m", instructions: "a" }],
      topologies: { odd: topology as Topology },
    })
    await t.rejects(made, { code: "INVALID_TOPOLOGY", message: /^topology odd:\n {2}- / }, name)
  }
})
