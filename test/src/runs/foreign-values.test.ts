import t from "tap"
import { z } from "zod"
import { systemClock } from "#actors/clock.js"
import { AgentOSError } from "#actors/errors.js"
import { joined } from "#actors/names.js"
import { memoryJournal } from "#actors/persistence/memory-journal.js"
import { defineAgent } from "#src/agents/agent.js"
import type { Model } from "#src/models/model.js"
import { createAgentOS } from "#src/os.js"
import { memoryRecords } from "#src/record-store.js"
import type { NamedFunction } from "#src/runs/execute.js"
import { chain, parallel, select } from "#src/topologies/topology.js"
import { defineTool } from "#src/tools/tool.js"
import { asked, scriptedModel } from "#test/support/scripted-model.js"
import { smallNode } from "#test/support/small-node.js"
import { thrownValues } from "#test/support/thrown-values.js"
import { until } from "#test/support/until.js"

const agents = ["a", "b"].map((name) => defineAgent({ name, instructions: name }))
const errorOf = (run: Promise<unknown>) =>
  run.then(
    () => new Error("it ran"),
    (error: AgentOSError) => error,
  )
const topologies = {
  reduced: parallel(["a"], { reduce: { fn: "f" } }),
  passed: chain([parallel(["a", "b"], { reduce: { fn: "f" } }), "b"]),
  ruled: select({ by: { rules: [{ fn: "f", to: "one" }] }, routes: { one: chain(["a"]) }, otherwise: "b" }),
}
const noTexts: Record<string, unknown> = {
  undefined: undefined,
  null: null,
  number: 42,
  nan: NaN,
  boolean: true,
  bigint: 10n,
  symbol: Symbol("x"),
  object: { a: 1 },
  array: ["p", "q"],
  function: () => "x",
  later: Promise.resolve(undefined),
}

t.test("a function that gives no text fails its run with a code, and the node starts again on its data", async (t) => {
  const data = t.testdir()
  let given: unknown
  const open = () =>
    createAgentOS({
      data,
      monitoring: { level: "silent" },
      knowledge: { shipped: false },
      models: { m: scriptedModel(() => "said") },
      agents: agents.map((agent) => ({ ...agent, model: "m" })),
      topologies,
      functions: { f: (() => given) as NamedFunction },
    })
  const first = await open()
  for (const [name, value] of Object.entries(noTexts))
    for (const target of Object.keys(topologies)) {
      given = value
      const error = await errorOf(first.run(target, "hi", { idempotencyKey: `${name}-${target}` }))
      t.match(
        error,
        { code: "INVALID_ANSWER", retryable: false, message: /the function f gave .*; it gives text/ },
        `${name}, ${target}`,
      )
    }
  await first.stop()
  const second = await open()
  given = "fine"
  t.equal((await second.run("reduced", "hi")).output, "fine")
  t.match(await errorOf(second.run("reduced", "hi", { idempotencyKey: "null-reduced" })), { code: "INVALID_ANSWER" })
  await second.stop()
})

t.test(
  "whatever a function throws ends its run with a code, for good where it says so, and no other run",
  async (t) => {
    let make: () => unknown = () => undefined
    const data = t.testdir()
    const os = await createAgentOS({
      data,
      monitoring: { level: "silent" },
      knowledge: { shipped: false },
      models: { m: scriptedModel(() => "said") },
      agents: agents.map((agent) => ({ ...agent, model: "m" })),
      topologies,
      functions: {
        f: () => {
          throw make()
        },
      },
    })
    for (const [name, value] of Object.entries(thrownValues)) {
      make = value
      const error = await errorOf(os.run("reduced", "hi", { idempotencyKey: name.slice(0, 50) }))
      t.ok(error instanceof AgentOSError && error.code !== "", name)
    }
    let calls = 0
    make = () => new AgentOSError("INVALID_ANSWER", `no, ${++calls}`, { details: { of: () => 1, cycle: Symbol("s") } })
    t.match(await errorOf(os.run("reduced", "hi", { idempotencyKey: "k" })), { message: "no, 1" })
    await os.stop()
    const again = await createAgentOS({
      data,
      monitoring: { level: "silent" },
      knowledge: { shipped: false },
      models: { m: scriptedModel(() => "said") },
      agents: agents.map((agent) => ({ ...agent, model: "m" })),
      topologies,
      functions: { f: () => `called ${++calls}` },
    })
    t.match(await errorOf(again.run("reduced", "hi", { idempotencyKey: "k" })), { message: "no, 1" })
    await again.stop()
  },
)

t.test("a function that never ends does not hold a run that is called off or has no time left", async (t) => {
  let held = 0
  const f = (): Promise<string> => new Promise(() => held++)
  const node = await smallNode({ agents, script: () => "said", topologies, functions: { f } })
  for (const target of ["reduced", "passed", "ruled"]) {
    t.match(await errorOf(node.runs.run(target, "hi", { timeoutMs: 50 })), { code: "DEADLINE_EXCEEDED" }, target)
    const left = new AbortController()
    const before = held
    const run = errorOf(node.runs.run(target, "hi", { signal: left.signal }))
    await until(() => held > before)
    left.abort(new AgentOSError("CANCELLED", "never mind"))
    t.match(await run, { code: "CANCELLED" }, target)
  }
  await node.stop()
})

t.test("no content of a run's log stops a start: it is passed over, and the others go on", async (t) => {
  const [journal, records] = [memoryJournal(systemClock), memoryRecords()]
  const started = { target: "a", input: "hi", caller: "local" }
  const odd: [name: string, payload: unknown][] = [
    ["ended", {}],
    ["ended", { output: null, usage: {} }],
    ["ended", { output: 42 }],
    ["ended", undefined],
    ["step-finished", { step: "0", result: { agent: "a", output: { a: 1 } } }],
    ["step-finished", { step: "0" }],
    ["decided", { step: "0.reduce" }],
    ["turn-claimed", {}],
    ["tool-finished", null],
    ["failed", undefined],
    ["never heard of", 1],
  ]
  for (const [i, [name, payload]] of odd.entries()) {
    const runId = `0-${i}`
    const events = [
      { name: "started", payload: started, version: 1 },
      { name, payload, version: 1 },
    ]
    await journal.append({ tenant: "default", type: "run", key: runId }, 0, 0, events)
    await records.write([[joined("open", "default", runId), true]])
  }
  await journal.append({ tenant: "default", type: "run", key: "9" }, 0, 0, [
    { name: "started", payload: started, version: 1 },
  ])
  await records.write([[joined("open", "default", "9"), true]])
  const node = await smallNode({ agents, script: () => "said", journal, records })
  t.ok((await node.runs.resume()).includes("9"))
  await until(async () => (await node.runs.status("9"))?.state === "finished")
  t.equal((await node.runs.status("0-2"))?.output, "42", "what was stored is read as text")
  await node.stop()
})

t.test("what a model of the program's own gives is checked where it enters", async (t) => {
  const usage = { promptTokens: 1, completionTokens: 1, cachedTokens: 0 }
  const finish = { type: "finish", reason: "stop", usage }
  const text = { type: "text", text: "hello" }
  const call = { id: "1", tool: "calculator", arguments: {} }
  const odd: Record<string, unknown[]> = {
    "no part": [undefined, finish],
    null: [null, finish],
    "a text": ["hello", finish],
    "a number as text": [{ type: "text", text: 42 }, finish],
    "no text": [{ type: "text" }, finish],
    "another kind": [{ type: "thought", text: "hm" }],
    "no call": [{ type: "tool-call" }, finish],
    "a call without a tool": [{ type: "tool-call", call: { ...call, tool: undefined } }, finish],
    "a call by number": [{ type: "tool-call", call: { ...call, id: 7 } }, finish],
    "arguments as text": [{ type: "tool-call", call: { ...call, arguments: "{}" } }, finish],
    "no arguments": [{ type: "tool-call", call: { ...call, arguments: null } }, finish],
    "no usage": [text, { type: "finish", reason: "stop" }],
    "usage that is no number": [text, { ...finish, usage: { ...usage, completionTokens: NaN } }],
    "usage below 0": [text, { ...finish, usage: { ...usage, promptTokens: -5 } }],
    "half a usage": [text, { ...finish, usage: { promptTokens: 1 } }],
    "another reason": [text, { ...finish, reason: "because" }],
  }
  let parts: unknown[] = []
  const info = { id: "own", provider: "mine", backend: "none" }
  const model = {
    info,
    async *generate() {
      yield* parts
    },
    async stop() {},
  } as unknown as Model
  const node = await smallNode({ agents, script: () => "", model, topologies: { both: chain(["a", "b"]) } })
  for (const [name, given] of Object.entries(odd))
    for (const target of ["a", "both"]) {
      parts = given
      t.match(await errorOf(node.runs.run(target, "hi")), { code: "INVALID_ANSWER", message: /the model own/ }, name)
    }
  parts = [text, finish]
  t.equal((await node.runs.run("a", "hi")).output, "hello")
  await node.stop()
  const broken: Record<string, () => unknown> = {
    "gives nothing": () => undefined,
    "throws a Symbol": () => {
      throw Symbol("x")
    },
  }
  for (const [name, generate] of Object.entries(broken)) {
    const other = await smallNode({
      agents,
      script: () => "",
      model: { info, generate, stop: async () => {} } as unknown as Model,
    })
    const error = await errorOf(other.runs.run("a", "hi"))
    t.ok(error instanceof AgentOSError, name)
    await other.stop()
  }
})

t.test("a tool call whose arguments no log can hold is answered with why, and the run goes on", async (t) => {
  const nested = (deep: number): unknown => (deep === 0 ? 1 : [nested(deep - 1)])
  const circle: Record<string, unknown> = {}
  circle["of"] = circle
  const ran: unknown[] = []
  const note = defineTool({
    name: "note",
    description: "n",
    parameters: z.looseObject({}),
    execute: (args) => `noted ${ran.push(args)}`,
  })
  const odd: Record<string, Record<string, unknown>> = {
    deep: { v: nested(6000) },
    circle,
    function: { v: () => 1 },
    bigint: { v: [10n] },
    symbol: { v: Symbol("s") },
    "no number": { v: NaN },
  }
  for (const [name, args] of Object.entries(odd))
    for (const target of ["a", "in"])
      for (const beside of [false, true]) {
        const call = { tool: "note", arguments: args }
        const node = await smallNode({
          agents: [defineAgent({ name: "a", instructions: "a", tools: ["note"] })],
          tools: [note],
          topologies: { in: chain(["a"]) },
          script: (request) => {
            const { results } = asked(request)
            JSON.stringify(request.messages)
            if (results.length > 0) return results.join(" | ")
            return beside ? { calls: [call, { tool: "note", arguments: { v: 1 } }] } : call
          },
        })
        const before = ran.length
        const { output } = await node.runs.run(target, "go", { idempotencyKey: "k" })
        t.match(output, /note was not run: its arguments are no JSON object: they/, `${name}, ${target}`)
        t.equal(ran.length - before, beside ? 1 : 0, "what was called beside it is run")
        await node.stop()
      }
})

t.test(
  "who asked an agent that is stopped meanwhile is told that the run may go on, as it does with its key",
  async (t) => {
    for (const target of ["a", "in"]) {
      let held = true
      const topologies = { in: chain(["a"]) }
      const node = await smallNode({
        agents,
        topologies,
        script: () => (held ? new Promise<never>(() => undefined) : "went on"),
      })
      const run = errorOf(node.runs.run(target, "go", { idempotencyKey: "k" }))
      await until(() => node.model.requests.length === 1)
      held = false
      await node.agents.restart("a")
      t.match(await run, { code: "ACTOR_STOPPED", retryable: true }, target)
      t.equal((await node.runs.run(target, "go", { idempotencyKey: "k" })).output, "went on")
      await node.stop()
    }
  },
)
