/** What an agent answers when models and tools are those of real life. */
import t from "tap"
import { z } from "zod"
import { systemClock } from "#actors/clock.js"
import { AgentOSError } from "#actors/errors.js"
import { memoryJournal } from "#actors/persistence/memory-journal.js"
import type { AgentRequest } from "#src/agents/respond.js"
import { defineAgent } from "#src/agents/agent.js"
import { optionsOf } from "#src/cli/settings.js"
import { parseConfig } from "#src/config.js"
import type { Message } from "#src/models/model.js"
import { memoryRecords } from "#src/record-store.js"
import { defineTool, type ToolContext } from "#src/tools/tool.js"
import { chain } from "#src/topologies/topology.js"
import { HandClock } from "#test/support/hand-clock.js"
import { asked, type Script, type Scripted } from "#test/support/scripted-model.js"
import { smallNode } from "#test/support/small-node.js"

const agent = (name: string, more: object = {}) => defineAgent({ name, instructions: name, ...more })
const tool = (name: string, execute: (args: { n?: number }, context: ToolContext) => unknown, more: object = {}) =>
  defineTool({ name, description: name, parameters: z.object({ n: z.number().optional() }), execute, ...more })
const request = (input: string, more: Partial<AgentRequest> = {}): AgentRequest => ({
  runId: input, step: "0", input, history: [], tenant: "default", traceId: "", ...more,
}) // prettier-ignore
const calls = (name: string, ...numbers: readonly number[]): Scripted => ({
  calls: numbers.map((n) => ({ tool: name, arguments: { n } })),
})

t.test("a turn that was cut off while it called tools runs none of them, and the answer says so", async (t) => {
  let ran = 0
  for (const finish of ["length", "content-filter"] as const) {
    const node = await smallNode({
      agents: [agent("cut", { tools: ["send"] }), agent("checked", { tools: ["send"], verify: "request" })],
      script: () => ({ text: "I will send", calls: [{ tool: "send", arguments: { n: 1 } }], finish }),
      tools: [tool("send", () => ++ran)],
    })
    t.match(await node.agents.ask("cut", request("go")), { output: "I will send", finish })
    await t.rejects(node.agents.ask("checked", request("go")), { code: "OUTPUT_REJECTED", message: /cut off/ })
    await node.stop()
  }
  t.equal(ran, 0)
})

t.test("a text that was cut is the answer, and says why it ends", async (t) => {
  for (const finish of ["length", "content-filter", "stop"] as const) {
    const node = await smallNode({ agents: [agent("a")], script: () => ({ text: "once upon a", finish }) })
    t.match(await node.agents.ask("a", request("go")), { output: "once upon a", finish })
    await node.stop()
  }
})

t.test("a model is sent no limit on tokens that nobody asked for", async (t) => {
  const sent = async (more: object, asking: Partial<AgentRequest> = {}) => {
    const node = await smallNode({ agents: [agent("a", more)], script: () => "ok" })
    await node.agents.ask("a", request("go", asking))
    await node.stop()
    return node.model.requests[0]?.decoding?.maxTokens
  }
  t.equal(await sent({}), undefined)
  t.equal(await sent({ decoding: { maxTokens: 1000 } }), 1000)
  t.equal(await sent({}, { budgetTokens: 500 }), 490, "less what the prompt takes")
  t.equal(await sent({ limits: { tokens: 300 } }, { budgetTokens: 500 }), 290)
})

t.test("tokens that a model does not count are estimated, and use up a budget", async (t) => {
  const node = await smallNode({
    agents: [agent("a", { tools: ["again"], limits: { steps: 100 } })],
    script: () => ({ text: "x".repeat(400), calls: [{ tool: "again", arguments: {} }], uncounted: true }),
    tools: [tool("again", () => "again")],
  })
  await t.rejects(node.agents.ask("a", request("go", { budgetTokens: 1000 })), { code: "BUDGET_EXCEEDED" })
  t.ok(node.model.requests.length < 10, `${node.model.requests.length} turns`)
  await node.stop()
})

t.test("an answer of a model that broke off without an end is a failure", async (t) => {
  const node = await smallNode({ agents: [agent("a")], script: () => "ok" })
  node.model.generate = async function* () {
    yield { type: "text", text: "half a sent" }
  }
  await t.rejects(node.agents.ask("a", request("go")), { code: "MODEL_UNAVAILABLE", message: /broke off/ })
  await node.stop()
})

t.test("a model gets one system message, and no empty turns of its own", async (t) => {
  const node = await smallNode({ agents: [agent("first")], script: () => "ok" })
  const history: Message[] = [
    { role: "system", content: "second" },
    { role: "user", content: "hello" },
    { role: "assistant", content: " \n" },
    { role: "user", content: "and?" },
    { role: "assistant", content: "", toolCalls: [{ id: "1", tool: "x", arguments: {} }] },
    { role: "tool", toolCallId: "1", tool: "x", content: "" },
    { role: "system", content: "third" },
  ]
  await node.agents.ask("first", request("go", { history }))
  t.strictSame(node.model.requests[0]?.messages, [
    { role: "system", content: "first\n\nsecond\n\nthird" },
    history[1],
    ...history.slice(3, 6),
    { role: "user", content: "go" },
  ])
  await node.stop()
})

t.test("an agent's time bounds its answer while a tool or a model hangs, and it says what was done", async (t) => {
  const clock = new HandClock()
  // Neither looks at its signal; their time passes once they hang.
  const hang = () => new Promise<never>(() => setImmediate(() => clock.wind(60)))
  const node = await smallNode({
    agents: ["model", "hangs", "sends", "looks"].map((name) =>
      agent(name, { limits: { timeMs: 60 }, tools: name === "model" ? [] : [name] }),
    ),
    script: () => "",
    tools: [
      tool("hangs", hang, { timeoutMs: 60_000 }),
      tool("sends", () => "sent"),
      tool("looks", () => "seen", { idempotent: true }),
    ],
    clock,
  })
  node.model.generate = async function* ({ messages }) {
    const { agent, results } = asked({ messages })
    if (agent === "model" || results.length > 0) await hang()
    yield { type: "tool-call", call: { id: "1", tool: agent, arguments: {} } }
    yield { type: "finish", reason: "tool-calls", usage: { promptTokens: 3, completionTokens: 1, cachedTokens: 0 } }
  }
  const spent: number[] = []
  for (const [name, executed] of [["model", "maybe"], ["hangs", "maybe"], ["looks", "maybe"], ["sends", "yes"]] as const) {
    const error = (await node.agents.ask(name, request(name)).catch((error: unknown) => error)) as AgentOSError
    t.match(error, { code: "DEADLINE_EXCEEDED", executed, message: /its 60 ms/ }, name)
    spent.push((error.details as { usage: { promptTokens: number } }).usage.promptTokens)
  }
  t.ok(spent[3]! > 3 + 3, "what was spent includes the turn that hangs")
  t.equal(node.agents.describe("hangs").queued, 0)
  await node.stop()
}) // prettier-ignore

t.test("a tool is told how much time it has: its own, or what the answer has left", async (t) => {
  const seen: number[] = []
  const look = tool("look", (_, { timeoutMs }) => seen.push(timeoutMs), { timeoutMs: 5000 })
  const node = await smallNode({
    agents: [agent("long", { tools: ["look"] }), agent("short", { tools: ["look"], limits: { timeMs: 2000 } })],
    script: (given) => asked(given).results[0] ?? { tool: "look", arguments: {} },
    tools: [look],
    clock: new HandClock(),
  })
  await node.agents.ask("long", request("a"))
  await node.agents.ask("short", request("b"))
  await node.agents.ask("long", request("c", { timeoutMs: 1000 }))
  t.strictSame(seen, [5000, 2000, 1000])
  await node.stop()
})

t.test("calls beyond those that a turn or an answer may make are not run, and the model is told", async (t) => {
  let ran = 0
  const many = Array.from({ length: 70 }, (_, n) => n)
  const node = await smallNode({
    agents: [agent("turn", { tools: ["count"] }), agent("answer", { tools: ["count"], limits: { calls: 20, callsPerTurn: 15 } })], // prettier-ignore
    script: (given) => (given.messages.filter(({ role }) => role === "assistant").length < 2 ? calls("count", ...many) : "done"), // prettier-ignore
    tools: [tool("count", () => ++ran)],
  })
  await node.agents.ask("turn", request("a"))
  t.equal(ran, 32, "16 a turn")
  const results = asked(node.model.requests[1] ?? { messages: [] }).results
  t.strictSame(
    [results.length, results[15], results[16]],
    [70, "16", "count was not run: a turn makes 16 calls at most"],
  )
  ran = 0
  await node.agents.ask("answer", request("b"))
  t.equal(ran, 20)
  await node.stop()
})

t.test("the limits of an agent may stand in a configuration", async (t) => {
  const limits = { steps: 3, timeMs: 300_000, callsPerTurn: 4, calls: 8 }
  const read = (given: object) => optionsOf(parseConfig({ agents: [{ name: "a", instructions: "a", limits: given }] }))
  t.strictSame(read(limits).agents?.[0]?.limits, limits)
  t.throws(() => read({ calls: 0 }), { code: "INVALID_CONFIG", message: /limits\.calls/ })
})

t.test("a call whose arguments could not be read is not run, and the model is told why", async (t) => {
  let ran = 0
  const node = await smallNode({
    agents: [agent("a", { tools: ["send"] })],
    script: (given) =>
      asked(given).results[0] ?? { calls: [{ tool: "send", arguments: {}, invalid: "no closing bracket" }] },
    tools: [tool("send", () => ++ran)],
    topologies: { one: chain(["a"]) },
  })
  t.match(await node.runs.run("one", "go"), { output: /send was not run: .*no closing bracket/ })
  t.equal(ran, 0)
  await node.stop()
})

/** A node whose journal fails from the first write on that `dies` says. */
function crashing(dies: (names: readonly string[], payload: unknown) => boolean) {
  const inner = memoryJournal(systemClock)
  let down = false
  const journal = {
    ...inner,
    append: async (...args: Parameters<typeof inner.append>) => {
      down ||= dies(args[3].map(({ name }) => name), args[3][0]?.payload) // prettier-ignore
      if (down) throw new AgentOSError("STORE_FAILED", "the process is gone")
      return inner.append(...args)
    },
  }
  return { inner, journal }
}

t.test("after a crash in the second call of a turn the third is still made, and none is made twice", async (t) => {
  for (const [dying, second] of [["tool-claimed", "2"], ["tool-finished", "had begun and was broken off"]] as const) {
    const ran: (number | undefined)[] = []
    const { inner, journal } = crashing(
      (names, payload) => names.includes(dying) && (payload as { callId: string }).callId.endsWith("/1"),
    )
    let turns = 0
    const options = {
      agents: [agent("a", { tools: ["send"] })],
      script: (given: Parameters<Script>[0]) => {
        const { results } = asked(given)
        if (results.length > 0) return results.join("; ")
        turns += 1
        return { ...(calls("send", 1, 2, 3) as object), text: "now three" }
      },
      tools: [tool("send", ({ n }) => (ran.push(n), n))],
      records: memoryRecords(),
      topologies: { one: chain(["a"]) },
    }
    const first = await smallNode({ ...options, journal })
    await t.rejects(first.runs.run("one", "go", { idempotencyKey: "k" }), { code: "STORE_FAILED" })
    await first.stop()
    const again = await smallNode({ ...options, journal: inner })
    t.match(await again.runs.run("one", "go", { idempotencyKey: "k" }), { output: new RegExp(`^1; .*${second}.*; 3$`) }, dying)
    t.strictSame(ran, [1, 2, 3], dying)
    t.equal(turns, 1, "the model is not asked again what to call")
    t.match(again.model.requests[0]?.messages[2], { content: "now three", toolCalls: [{ id: "call-1" }, { id: "call-1-1" }, { id: "call-1-2" }] }) // prettier-ignore
    await again.stop()
  }
}) // prettier-ignore

t.test("a call that did not run stands in the record, so that those after it are found again", async (t) => {
  const ran: string[] = []
  const { inner, journal } = crashing((names) => names.includes("step-finished"))
  const options = {
    agents: [agent("a", { tools: ["send"] })],
    script: (given: Parameters<Script>[0]): Scripted =>
      [{ tool: "other", arguments: {} }, { tool: "send", arguments: {} }, "done"][asked(given).results.length] ?? "",
    tools: [tool("send", () => ran.push("sent"))],
    records: memoryRecords(),
    topologies: { one: chain(["a"]) },
  }
  const first = await smallNode({ ...options, journal })
  await t.rejects(first.runs.run("one", "go", { idempotencyKey: "k" }), { code: "STORE_FAILED" })
  await first.stop()
  const again = await smallNode({ ...options, journal: inner })
  t.match(await again.runs.run("one", "go", { idempotencyKey: "k" }), { output: "done" })
  t.strictSame(ran, ["sent"])
  t.equal(again.model.requests.length, 1)
  await again.stop()
})

t.test("a call that the answer's time ended is not recorded as finished", async (t) => {
  const inner = memoryJournal(systemClock)
  const finished: unknown[] = []
  const journal = {
    ...inner,
    append: (...args: Parameters<typeof inner.append>) => {
      finished.push(...args[3].filter(({ name }) => name === "tool-finished"))
      return inner.append(...args)
    },
  }
  const clock = new HandClock()
  const node = await smallNode({
    agents: [agent("a", { tools: ["slow"], limits: { timeMs: 30 } })],
    script: (given) => asked(given).results[0] ?? { tool: "slow", arguments: {} },
    tools: [tool("slow", () => new Promise(() => setImmediate(() => clock.wind(30))))],
    journal,
    clock,
    topologies: { one: chain(["a"]) },
  })
  await t.rejects(node.runs.run("one", "go"), { code: "DEADLINE_EXCEEDED" })
  t.strictSame(finished, [])
  await node.stop()
})
