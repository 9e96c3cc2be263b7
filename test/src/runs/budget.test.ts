import t from "tap"
import { defineAgent } from "#src/agents/agent.js"
import { parallel } from "#src/topologies/topology.js"
import { smallNode } from "#test/support/small-node.js"
import { budgetHolds } from "#test/support/budget-property.js"

t.test("no interleaving of branches spends more than the run's budget", async (t) => {
  await t.resolves(budgetHolds(100))
})

t.test("branches share what is left, and what one did not need is there for the steps after", async (t) => {
  const given: number[] = []
  const node = await smallNode({
    agents: ["one", "two", "last"].map((name) => defineAgent({ name, instructions: name })),
    script: (request) => {
      given.push(request.decoding?.maxTokens ?? 0)
      return "ok"
    },
    topologies: { team: { kind: "chain", steps: [parallel(["one", "two"]), { kind: "agent", agent: "last" }] } },
  })
  await node.runs.run("team", "go", { budgetTokens: 100 })
  t.ok(given[0] !== undefined && given[0] <= 50, "a half each")
  t.ok(given[1] !== undefined && given[1] <= 50)
  t.ok(given[2] !== undefined && given[2] > 80, "and the rest for the last")
  t.match(await node.runs.run("team", "go", { budgetTokens: 3 }).catch((error: unknown) => error), {
    code: "BUDGET_EXCEEDED",
  })
  await node.stop()
})
