import t from "tap"
import { z } from "zod"
import { systemClock } from "#actors/clock.js"
import { AgentOSError } from "#actors/errors.js"
import { memoryJournal } from "#actors/persistence/memory-journal.js"
import { defineAgent } from "#src/agents/agent.js"
import type { Model, ModelPart, Usage } from "#src/models/model.js"
import { memoryRecords } from "#src/record-store.js"
import { chain, parallel } from "#src/topologies/topology.js"
import { defineTool } from "#src/tools/tool.js"
import { asked } from "#test/support/scripted-model.js"
import { smallNode } from "#test/support/small-node.js"
import { until } from "#test/support/until.js"

const agent = (name: string, more: object = {}) => defineAgent({ name, instructions: name, ...more })
const errorOf = (run: Promise<unknown>) =>
  run.then(
    () => new Error("it ran"),
    (error: AgentOSError) => error,
  )
const total = ({ promptTokens, completionTokens }: Usage) => promptTokens + completionTokens
const usageOf = (completionTokens: number) => ({ promptTokens: 10, completionTokens, cachedTokens: 0 })
const topologies = {
  job: chain(["one"]),
  beside: parallel(["one", "one"]),
  passed: chain(["two", "one"]),
  again: parallel(["one"], { onError: { retry: 20 } }),
}

t.test(
  "what tries before a resumption have spent counts against the budget, and stands in the usage of the answer",
  async (t) => {
    for (const target of ["one", ...Object.keys(topologies)]) {
      const given: number[] = []
      let away = true
      const model: Model = {
        info: { id: "m", provider: "test", backend: "none" },
        async *generate({ messages, decoding }): AsyncGenerator<ModelPart> {
          if (messages[0]?.content === "one") {
            given.push(decoding?.maxTokens ?? Infinity)
            if (away) {
              yield { type: "text", text: "x".repeat(200) } // 50 tokens, as the node counts them
              throw new AgentOSError("MODEL_UNAVAILABLE", "it broke off")
            }
          }
          yield { type: "text", text: "done" }
          yield { type: "finish", reason: "stop", usage: usageOf(5) }
        },
        async stop() {},
      }
      const parts = { agents: [agent("one"), agent("two")], script: () => "", model, topologies }
      const node = await smallNode(parts)
      const ask = (key: string) => node.runs.run(target, "go", { idempotencyKey: key, budgetTokens: 400 })
      for (let i = 0; i < 2; i++)
        t.match(await errorOf(ask("k")), { code: target === "again" ? "BUDGET_EXCEEDED" : "MODEL_UNAVAILABLE" }, target)
      if (target !== "again") {
        t.ok(given.at(-1)! <= 400 - 50 * (given.length - 1), `${target}: ${given.join()}`)
        away = false
        const { usage } = await ask("k")
        t.ok(total(usage) >= 100 + 15, `${target}: ${JSON.stringify(usage)}`)
        away = true
      }
      const before = given.length
      let last: AgentOSError | undefined
      for (let i = 0; i < 20 && last?.code !== "BUDGET_EXCEEDED"; i++) last = (await errorOf(ask("k2"))) as AgentOSError
      t.equal(last?.code, "BUDGET_EXCEEDED", target)
      t.ok((given.length - before) * 50 <= 450, `${target}: ${given.length - before} tries`)
      await node.stop()
    }
  },
)

t.test("what the turns before a crash have spent counts against the budget, and stands in the usage", async (t) => {
  for (const target of ["one", "job"])
    for (const count of [1, 2]) {
      const [journal, records] = [memoryJournal(systemClock), memoryRecords()]
      const note = defineTool({ name: "note", description: "n", parameters: z.object({}), execute: () => "noted" })
      let held = true
      const parts = {
        agents: [agent("one", { tools: ["note"] })],
        tools: [note],
        topologies,
        journal: { ...journal, close: async () => {} },
        records,
        script: (request: Parameters<typeof asked>[0]) => {
          const calls = Array.from({ length: count }, () => ({ tool: "note", arguments: {} }))
          if (asked(request).results.length === 0) return { text: "word ".repeat(80), calls }
          return held ? new Promise<never>(() => undefined) : "finally"
        },
      }
      const killed = await smallNode(parts)
      void killed.runs.run(target, "go", { idempotencyKey: "k", budgetTokens: 400 }).catch(() => undefined)
      await until(() => killed.model.requests.length === 2)
      held = false
      const next = await smallNode(parts)
      const { usage, output } = await next.runs.run(target, "go", { idempotencyKey: "k", budgetTokens: 400 })
      t.equal(output, "finally")
      t.equal(next.model.requests.length, 1)
      const most = next.model.requests[0]?.decoding?.maxTokens ?? Infinity
      t.ok(most < 400 - 80, `${most} are left`)
      t.ok(usage.completionTokens > 80, JSON.stringify(usage))
      await killed.stop()
      await next.stop()
    }
})

t.test(
  "a turn whose prompt does not fit what is left of the budget is not begun; the rest is for its answer",
  async (t) => {
    const long = "word ".repeat(800) // 1,000 tokens
    const tool = defineTool({
      name: "note",
      description: "n ".repeat(2000),
      parameters: z.object({}),
      execute: () => long,
    })
    const node = await smallNode({
      agents: [
        agent("one"),
        agent("two"),
        agent("tool", { tools: ["note"] }),
        agent("small", { limits: { tokens: 100 } }),
      ],
      tools: [tool],
      topologies: { both: parallel(["one", "two"]), passed: chain(["one", "two"]) },
      script: () => "fine",
    })
    const { requests } = node.model
    for (const target of ["one", "both", "passed", "small"]) {
      const error = await errorOf(node.runs.run(target, long, { budgetTokens: 900 }))
      t.match(error, { code: "BUDGET_EXCEEDED", message: /prompt has about 10\d\d tokens/ }, target)
    }
    t.match(
      await errorOf(node.runs.run("tool", "hi", { budgetTokens: 900 })),
      { code: "BUDGET_EXCEEDED" },
      "its tools count",
    )
    const messages = [
      { role: "user" as const, content: long },
      { role: "assistant" as const, content: "yes" },
    ]
    const context = { version: 1 as const, messages, values: {}, provenance: [] }
    t.match(
      await errorOf(node.runs.run("one", "hi", { budgetTokens: 900, context })),
      { code: "BUDGET_EXCEEDED" },
      "what was said before counts",
    )
    t.equal(requests.length, 0, "nobody was asked")
    await node.runs.run("one", long, { budgetTokens: 1500 })
    const most = requests[0]?.decoding?.maxTokens ?? Infinity
    t.ok(most > 400 && most < 500, `${most}`)
    await node.stop()
  },
)
