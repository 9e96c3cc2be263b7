import t from "tap"
import { z } from "zod"
import { systemClock } from "#actors/clock.js"
import { AgentOSError } from "#actors/errors.js"
import { memoryJournal } from "#actors/persistence/memory-journal.js"
import { defineAgent } from "#src/agents/agent.js"
import { Cancellation } from "#src/cancellation.js"
import { memoryRecords } from "#src/record-store.js"
import { chain, parallel, type Topology } from "#src/topologies/topology.js"
import { defineTool } from "#src/tools/tool.js"
import { asked, type Script } from "#test/support/scripted-model.js"
import { smallNode } from "#test/support/small-node.js"
import { until } from "#test/support/until.js"

const agent = (name: string, more: object = {}) => defineAgent({ name, instructions: name, ...more })
const never = (): Promise<never> => new Promise(() => undefined)
const errorOf = (run: Promise<unknown>) =>
  run.then(
    () => new Error("it ran"),
    (error: AgentOSError) => error,
  )
const tool = (name: string, idempotent: boolean, done: string[]) =>
  defineTool({
    name,
    description: name,
    idempotent,
    parameters: z.object({}),
    execute: () => `${name} ${done.push(name)}`,
  })

t.test("what a failed run says was done is what it did, however it ended", async (t) => {
  const done: string[] = []
  const lost = () => Promise.reject(new AgentOSError("MODEL_UNAVAILABLE", "the server is away"))
  const after =
    (call: string, then: () => Promise<string>): Script =>
    (request) =>
      asked(request).results.length === 0 ? { tool: call, arguments: {} } : then()
  const scripts: Record<string, Script> = {
    hangs: never,
    lost,
    "sent-hangs": after("send", never),
    "sent-lost": after("send", lost),
    "looked-hangs": after("look", never),
    "looked-lost": after("look", lost),
  }
  const names = Object.keys(scripts)
  const node = await smallNode({
    agents: names.map((name) => agent(name, { tools: ["send", "look"] })),
    tools: [tool("send", false, done), tool("look", true, done)],
    script: (request) => scripts[asked(request).agent]?.(request) ?? never(),
    topologies: Object.fromEntries(names.map((name) => [`in-${name}`, chain([name])])),
  })
  const ended = async (target: string, options: object) => {
    const { code, executed } = (await errorOf(node.runs.run(target, "go", options))) as AgentOSError
    return `${code} ${executed}`
  }
  for (const name of names) {
    const right = name.startsWith("sent") ? "yes" : "maybe"
    for (const target of [name, `in-${name}`]) {
      const waits = name.endsWith("hangs")
      const code = waits ? "DEADLINE_EXCEEDED" : "MODEL_UNAVAILABLE"
      t.equal(await ended(target, { timeoutMs: waits ? 100 : 10_000 }), `${code} ${right}`, target)
      if (!waits) continue
      const asks = node.model.requests.length + (name === "hangs" ? 1 : 2)
      const signal = new Cancellation()
      const called = ended(target, { signal })
      await until(() => node.model.requests.length === asks)
      signal.cancel(new AgentOSError("CANCELLED", "never mind"))
      t.equal(await called, `CANCELLED ${right}`, `${target}, cancelled`)
    }
  }
  t.equal(await ended("in-hangs", { budgetTokens: 0 }), "BUDGET_EXCEEDED no", "nothing was begun")
  await node.agents.stop("hangs")
  for (const target of ["hangs", "in-hangs"])
    t.equal(await ended(target, {}), "AGENT_STOPPED no", `${target}: its agent refused`)
  await node.stop()
})

t.test("the stored failure of a run says what was done, also after a restart and under its command id", async (t) => {
  const [journal, records, done] = [memoryJournal(systemClock), memoryRecords(), [] as string[]]
  const options = {
    agents: [agent("post", { tools: ["send"], limits: { steps: 1 } })],
    tools: [tool("send", false, done)],
    script: () => ({ tool: "send", arguments: {} }),
    topologies: { posts: chain(["post"]) },
    journal: { ...journal, close: async () => {} },
    records,
  }
  const first = await smallNode(options)
  const failed = await errorOf(first.runs.run("posts", "go", { idempotencyKey: "k" }))
  t.match(failed, { code: "BUDGET_EXCEEDED", executed: "yes" })
  await first.stop()
  const second = await smallNode(options)
  t.match(await errorOf(second.runs.run("posts", "go", { idempotencyKey: "k" })), {
    code: "BUDGET_EXCEEDED",
    executed: "yes",
  })
  t.strictSame(done, ["send"], "a final answer stays final")
  for await (const key of journal.keys("default", "run"))
    t.match(await second.runs.status(key), { state: "failed", error: { code: "BUDGET_EXCEEDED", executed: "yes" } })
  await second.stop()
})

t.test(
  "a failure that may pass is not the answer: the next request under the key goes on from the last finished step",
  async (t) => {
    const shapes: Record<string, Topology> = {
      chained: chain(["first", "second"]),
      beside: parallel(["first", "second"]),
      inner: chain(["first", parallel(["second"])]),
    }
    for (const [name, topology] of Object.entries(shapes)) {
      const [journal, records] = [memoryJournal(systemClock), memoryRecords()]
      const asks: string[] = []
      let away = true
      const options = {
        agents: [agent("first"), agent("second")],
        script: async (request: Parameters<Script>[0]) => {
          const { agent } = asked(request)
          asks.push(agent)
          if (agent === "second") await until(() => asks.includes("first"))
          if (agent === "second" && away) throw new AgentOSError("MODEL_UNAVAILABLE", "the server is away")
          return agent
        },
        topologies: { job: topology },
        journal: { ...journal, close: async () => {} },
        records,
      }
      const first = await smallNode(options)
      for (let i = 0; i < 2; i++)
        t.match(
          await errorOf(first.runs.run("job", "go", { idempotencyKey: "k" })),
          { code: "MODEL_UNAVAILABLE" },
          name,
        )
      await first.stop()
      const second = await smallNode(options)
      t.strictSame(await second.runs.resume(), [], "its caller was told: nobody goes on by himself")
      away = false
      const both = await Promise.all([1, 2].map(() => second.runs.run("job", "go", { idempotencyKey: "k" })))
      t.match(both[1], both[0], "they join")
      t.match(both[0]?.output, /second$/)
      t.equal(asks.filter((agent) => agent === "first").length, 1, `${name}: what was finished is not repeated`)
      t.equal(asks.filter((agent) => agent === "second").length, 3)
      t.strictSame(await second.runs.run("job", "go", { idempotencyKey: "k" }), both[0], "and that is the answer")
      await second.stop()
    }
  },
)

t.test(
  "a run whose caller went away goes on when it comes back with its key; one that was cancelled does not",
  async (t) => {
    let held = true
    const node = await smallNode({
      agents: [agent("slow")],
      script: () => (held ? never() : "done"),
      topologies: { job: chain(["slow"]) },
    })
    const leave = async (idempotencyKey: string, how: (signal: Cancellation) => void) => {
      const asks = node.model.requests.length
      const signal = new Cancellation()
      const left = errorOf(node.runs.run("job", "go", { idempotencyKey, signal }))
      await until(() => node.model.requests.length > asks)
      how(signal)
      t.match(await left, { code: "CANCELLED", executed: "maybe" })
    }
    await leave("left", (signal) => signal.cancel(new AgentOSError("CANCELLED", "the line broke")))
    let runId = ""
    for await (const key of node.journal.keys("default", "run")) runId = key
    await leave("cancelled", () => {
      const find = async () => {
        for await (const key of node.journal.keys("default", "run")) if (key !== runId) node.runs.cancel(key)
      }
      void find()
    })
    held = false
    t.equal((await node.runs.run("job", "go", { idempotencyKey: "left" })).output, "done")
    t.match(await errorOf(node.runs.run("job", "go", { idempotencyKey: "cancelled" })), { code: "CANCELLED" })
    await node.stop()
  },
)

t.test("a key that comes with another target, input or options is refused; another caller's is another", async (t) => {
  const node = await smallNode({
    agents: [agent("one"), agent("two")],
    script: (request) => asked(request).question,
    topologies: { job: chain(["one"]) },
  })
  const context = { version: 1 as const, messages: [], values: { a: 1 }, provenance: [] }
  const key = { idempotencyKey: "k", conversation: "c", budgetTokens: 100, context }
  const first = await node.runs.run("job", "go", key)
  t.strictSame(await node.runs.run("job", "go", { ...key, timeoutMs: 5000, traceId: "other" }), first)
  const others = {
    target: node.runs.run("one", "go", key),
    input: node.runs.run("job", "gone", key),
    conversation: node.runs.run("job", "go", { ...key, conversation: "d" }),
    budget: node.runs.run("job", "go", { ...key, budgetTokens: 101 }),
    context: node.runs.run("job", "go", { ...key, context: { ...context, values: { a: 2 } } }),
    nothing: node.runs.run("job", "go", { idempotencyKey: "k" }),
  }
  for (const [name, run] of Object.entries(others))
    t.match(await errorOf(run), { code: "KEY_REUSED", executed: "no" }, name)
  for (const scope of [
    { caller: "ada" },
    { tenant: "else" },
    { caller: "a:b" },
    { caller: "a", idempotencyKey: "b:k" },
  ])
    t.not((await node.runs.run("two", "other", { ...key, ...scope })).runId, first.runId)
  await node.stop()
})
