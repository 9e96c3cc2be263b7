import t from "tap"
import { z } from "zod"
import { systemClock } from "#actors/clock.js"
import { AgentOSError } from "#actors/errors.js"
import { memoryJournal } from "#actors/persistence/memory-journal.js"
import { defineAgent } from "#src/agents/agent.js"
import { memoryRecords } from "#src/record-store.js"
import type { RunEvent } from "#src/run.js"
import { chain, parallel, select } from "#src/topologies/topology.js"
import { defineTool } from "#src/tools/tool.js"
import { asked, type Script } from "#test/support/scripted-model.js"
import { thrownValues } from "#test/support/thrown-values.js"
import { smallNode } from "#test/support/small-node.js"

const agent = (name: string, more: object = {}) => defineAgent({ name, instructions: name, ...more })
const team = ["echo", "upper", "exclaim", "fails", "router", "judge"].map((name) => agent(name))

/** Small, certain agents. */
const script: Script = (request) => {
  const { agent, question } = asked(request)
  if (agent === "upper") return question.toUpperCase()
  if (agent === "exclaim") return `${question}!`
  if (agent === "fails") throw new AgentOSError("MODEL_UNAVAILABLE", "the server is away")
  if (agent === "router") return /\d/.test(question) ? "digits" : "nonsense"
  if (agent === "judge") return "The best is 2."
  return question
}

t.test("a chain hands what one says to the next, and the context tells who said what", async (t) => {
  const node = await smallNode({ agents: team, script, topologies: { shout: chain(["upper", "exclaim"]) } })
  const run = await node.runs.run("shout", "hello there")
  t.equal(run.output, "HELLO THERE!")
  t.strictSame(run.context.values, { upper: "HELLO THERE", exclaim: "HELLO THERE!" })
  t.strictSame(
    run.context.provenance.map(({ agent }) => agent),
    ["upper", "exclaim"],
  )
  t.strictSame(run.context.messages, [
    { role: "user", content: "hello there" },
    { role: "assistant", content: "HELLO THERE!" },
  ])
  t.equal(run.usage.completionTokens, 4)
  t.match(await node.runs.status(run.runId), { state: "finished", output: "HELLO THERE!", target: "shout" })
  await node.stop()
})

t.test("answers of parallel branches are joined as the topology says", async (t) => {
  const branches = ["upper", "exclaim", "upper"]
  const node = await smallNode({
    agents: team,
    script,
    functions: { longest: (_input, answers) => [...answers].sort((a, b) => b.length - a.length)[0] ?? "" },
    topologies: {
      all: parallel(branches),
      vote: parallel(branches, { reduce: "vote" }),
      best: parallel(branches, { reduce: { judge: "judge" } }),
      longest: parallel(branches, { reduce: { fn: "longest" } }),
    },
  })
  const said = async (target: string) => (await node.runs.run(target, "hi")).output
  t.equal(await said("all"), "HI\nhi!\nHI", "in the order of the branches")
  t.equal(await said("vote"), "HI")
  t.equal(await said("best"), "hi!")
  t.equal(await said("longest"), "hi!")
  await node.stop()
})

t.test("a failing branch fails the run, is ignored, or is tried again", async (t) => {
  let tries = 0
  const flaky: Script = (request) => {
    if (asked(request).agent === "fails" && ++tries % 3 !== 0)
      throw new AgentOSError("MODEL_UNAVAILABLE", "the server is away")
    return script({
      ...request,
      messages: request.messages.map((m) => (m.content === "fails" ? { ...m, content: "echo" } : m)),
    })
  }
  const branches = ["upper", "fails"]
  const node = await smallNode({
    agents: team,
    script: flaky,
    topologies: {
      strict: parallel(branches),
      lax: parallel(branches, { onError: "ignore" }),
      patient: parallel(branches, { onError: { retry: 2 } }),
      nothing: parallel(["fails"], { onError: "ignore" }),
    },
  })
  const failed = await node.runs.run("strict", "hi").catch((error: unknown) => error)
  t.match(failed, { code: "MODEL_UNAVAILABLE" })
  tries = 0
  t.equal((await node.runs.run("lax", "hi")).output, "HI")
  tries = 0
  t.equal((await node.runs.run("patient", "hi")).output, "HI\nhi")
  tries = 0
  await t.rejects(
    node.runs.run("nothing", "hi"),
    { code: "MODEL_UNAVAILABLE" },
    "when no branch is left, its error is told",
  )
  await node.stop()
})

t.test(
  "a select goes by rule, by an agent's label, or by likeness to examples, and hands on the original input",
  async (t) => {
    const routes = { digits: "exclaim", words: "upper" }
    const node = await smallNode({
      agents: team,
      script,
      functions: { short: (input) => String(input.length < 4) },
      topologies: {
        rule: select({
          by: {
            rules: [
              { matches: "\\d", to: "digits" },
              { fn: "short", to: "words" },
            ],
          },
          routes,
        }),
        label: select({ by: { agent: "router" }, routes, otherwise: "echo" }),
        likeness: select({
          by: {
            examples: {
              digits: ["what is 4 plus 5", "17 times 3"],
              words: ["who wrote this letter", "tell me a story"],
            },
          },
          routes,
        }),
      },
    })
    const said = async (target: string, input: string) => (await node.runs.run(target, input)).output
    t.equal(await said("rule", "room 7"), "room 7!")
    t.equal(await said("rule", "abc"), "ABC")
    await t.rejects(said("rule", "abcdef"), { code: "NO_ROUTE", message: /digits, words/ })
    t.equal(await said("label", "room 7"), "room 7!")
    t.equal(await said("label", "abc"), "abc", "an unknown label takes the branch otherwise")
    t.equal(await said("likeness", "what is 12 plus 5"), "what is 12 plus 5!")
    t.equal(await said("likeness", "tell me the story"), "TELL ME THE STORY")
    await node.stop()
  },
)

t.test("a run tells its steps, tokens and tools as they happen, and ends with the result", async (t) => {
  const sums: Script = (request) => {
    const { question, results } = asked(request)
    return results.length === 0
      ? { tool: "calculator", arguments: { expression: question } }
      : `${question} = ${results[0]}`
  }
  const node = await smallNode({ agents: [agent("sums", { tools: ["calculator"], verify: "request" })], script: sums })
  const events: RunEvent[] = []
  for await (const event of node.runs.stream("sums", "48 * 17")) events.push(event)
  t.strictSame(
    events.map((event) => [event.type, "status" in event ? event.status : ""].join(" ").trim()),
    [
      "start",
      "step started",
      "tool called",
      "tool ok",
      "token",
      "token",
      "token",
      "token",
      "token",
      "step finished",
      "end",
    ],
  )
  t.match(events.at(-1), {
    run: { output: "48 * 17 = 816", context: { provenance: [{ agent: "sums", tools: ["calculator"] }] } },
  })
  await node.stop()
})

t.test("a call whose numbers are not in the request is tried again, then refused", async (t) => {
  let good = 2
  const node = await smallNode({
    agents: [agent("sums", { tools: ["calculator"], verify: "request" })],
    script: (request) =>
      asked(request).results[0] ?? { tool: "calculator", arguments: { expression: --good >= 0 ? "4 * 71" : "4 * 17" } },
  })
  t.equal((await node.runs.run("sums", "what is 4 * 17?")).output, "68")
  t.match(node.model.requests[1]?.decoding, { temperature: 0.7 }, "the second attempt samples")
  good = 10
  await t.rejects(node.runs.run("sums", "what is 4 * 17?"), { code: "OUTPUT_REJECTED", message: /4 \* 71/ })
  await node.stop()
})

t.test("limits on steps, tokens and time end an answer with a clear error", async (t) => {
  const loop: Script = () => ({ tool: "calculator", arguments: { expression: "1+1" } })
  const node = await smallNode({
    agents: [
      agent("steps", { tools: ["calculator"], limits: { steps: 3 } }),
      agent("tokens", { tools: ["calculator"], limits: { tokens: 4 } }),
      agent("time", { limits: { timeMs: 20 } }),
    ],
    script: (request) => (asked(request).agent === "time" ? new Promise<string>(() => {}) : loop(request)),
  })
  await t.rejects(node.runs.run("steps", "go"), { code: "BUDGET_EXCEEDED", message: /3 turns/ })
  await t.rejects(node.runs.run("tokens", "go"), { code: "BUDGET_EXCEEDED", message: /4 tokens/ })
  await t.rejects(node.runs.run("time", "go", { timeoutMs: 50 }), { code: "DEADLINE_EXCEEDED" })
  await t.rejects(node.runs.run("steps", "go", { budgetTokens: 1 }), { code: "BUDGET_EXCEEDED" })
  await node.stop()
})

t.test("a run that is cancelled ends, and says so", async (t) => {
  const node = await smallNode({
    agents: team,
    script: () => new Promise<string>(() => {}),
    topologies: { one: chain(["echo"]) },
  })
  const stream = node.runs.stream("one", "hi")[Symbol.asyncIterator]()
  const first = await stream.next()
  const { runId } = first.value as Extract<RunEvent, { type: "start" }>
  t.match(await node.runs.status(runId), { state: "running" })
  t.ok(node.runs.cancel(runId))
  let last: RunEvent | undefined
  for (let next = await stream.next(); next.done !== true; next = await stream.next()) last = next.value
  t.match(last, { type: "error", error: { code: "CANCELLED" } })
  t.match(await node.runs.status(runId), { state: "cancelled" })
  t.notOk(node.runs.cancel(runId), "it has ended")
  t.equal(await node.runs.status("never-was"), undefined)
  await node.stop()
})

t.test("a conversation is remembered, also by the next process", async (t) => {
  const journal = memoryJournal(systemClock)
  const recall: Script = (request) =>
    request.messages
      .filter(({ role }) => role === "user")
      .map(({ content }) => content)
      .join(" / ")
  const first = await smallNode({ agents: team, script: recall, journal })
  await first.runs.run("echo", "I am Ada.", { conversation: "c" })
  t.equal((await first.runs.run("echo", "Who am I?", { conversation: "c" })).output, "I am Ada. / Who am I?")
  await first.stop()
  const second = await smallNode({ agents: team, script: recall, journal })
  t.equal((await second.runs.run("echo", "Really?", { conversation: "c" })).output, "I am Ada. / Who am I? / Really?")
  t.equal((await second.runs.run("echo", "Hm?", { conversation: "other" })).output, "Hm?")
  t.equal(
    (await second.runs.run("echo", "Hm?", { conversation: "c", tenant: "else" })).output,
    "Hm?",
    "another tenant, another conversation",
  )
  t.equal((await second.runs.conversation("echo", "c")).length, 6)
  await second.stop()
})

t.test("the same command id gives the first answer, while it goes and after a restart", async (t) => {
  const journal = memoryJournal(systemClock)
  let asks = 0
  const options = { agents: team, script: () => `answer ${++asks}`, journal, topologies: { one: chain(["echo"]) } }
  const first = await smallNode(options)
  const both = await Promise.all([
    first.runs.run("one", "hi", { idempotencyKey: "k" }),
    first.runs.run("one", "hi", { idempotencyKey: "k" }),
  ])
  t.strictSame(
    both.map(({ output }) => output),
    ["answer 1", "answer 1"],
  )
  await first.stop()
  const second = await smallNode(options)
  t.equal((await second.runs.run("one", "hi", { idempotencyKey: "k" })).output, "answer 1")
  t.equal((await second.runs.run("one", "hi", { idempotencyKey: "other" })).output, "answer 2")
  await second.stop()
})

t.test("an agent that is asked by itself writes nothing to the journal", async (t) => {
  const journal = memoryJournal(systemClock)
  let writes = 0
  const counted = {
    ...journal,
    append: (...args: Parameters<typeof journal.append>) => (writes++, journal.append(...args)),
  }
  const node = await smallNode({ agents: team, script, journal: counted })
  t.equal((await node.runs.run("echo", "hi")).output, "hi")
  t.equal(writes, 0)
  await node.stop()
})

t.test("a run that a stop breaks off goes on at the next start", async (t) => {
  const journal = memoryJournal(systemClock)
  const records = memoryRecords()
  let held = true
  const asks: string[] = []
  const options = {
    agents: team,
    script: (request: Parameters<Script>[0]) => {
      const { agent } = asked(request)
      asks.push(agent)
      return agent === "exclaim" && held ? new Promise<string>(() => {}) : script(request)
    },
    journal,
    records,
    topologies: { shout: chain(["upper", "exclaim"]) },
  }
  const first = await smallNode(options)
  const told = { code: "SYSTEM_STOPPED", executed: "maybe" }
  const broken = Promise.all([
    t.rejects(first.runs.run("shout", "hi", { idempotencyKey: "k" }), { ...told, retryable: true }),
    t.rejects(first.runs.run("exclaim", "hi"), { ...told, retryable: false }),
  ])
  while (asks.length < 3) await new Promise((done) => setTimeout(done, 1))
  await first.runs.drain(5)
  await broken
  await first.stop()
  held = false
  const second = await smallNode(options)
  t.equal((await second.runs.resume()).length, 1)
  t.equal((await second.runs.run("shout", "hi", { idempotencyKey: "k" })).output, "HI!")
  t.strictSame(
    asks.filter((name) => name === "upper"),
    ["upper"],
    "the completed step is not repeated",
  )
  t.strictSame(await second.runs.resume(), [], "nothing is left open")
  await second.stop()
})

t.test("a tool call that had begun is reported as unresolved after a crash, not run again", async (t) => {
  const inner = memoryJournal(systemClock)
  const records = memoryRecords()
  let sent = 0
  let down = false
  const send = defineTool({
    name: "send",
    description: "Sends a letter.",
    parameters: z.object({ to: z.string() }),
    execute: () => `sent ${++sent}`,
  })
  const journal = {
    ...inner,
    append: async (...args: Parameters<typeof inner.append>) => {
      if (args[3].some(({ name }) => name === "tool-finished")) down = true
      if (down) throw new AgentOSError("STORE_FAILED", "the process is gone")
      return inner.append(...args)
    },
  }
  const options = {
    agents: [agent("postman", { tools: ["send"] })],
    script: (request: Parameters<Script>[0]) => asked(request).results[0] ?? { tool: "send", arguments: { to: "Ada" } },
    tools: [send],
    records,
    topologies: { post: chain(["postman"]) },
  }
  const first = await smallNode({ ...options, journal })
  await t.rejects(first.runs.run("post", "write to Ada", { idempotencyKey: "k" }), { code: "STORE_FAILED" })
  await first.stop()
  const second = await smallNode({ ...options, journal: inner })
  const events: RunEvent[] = []
  for await (const event of second.runs.stream("post", "write to Ada", { idempotencyKey: "k" })) events.push(event)
  t.equal(sent, 1)
  t.match(
    events.find((event) => event.type === "tool" && event.status !== "called"),
    { status: "unresolved", tool: "send" },
  )
  t.match(events.at(-1), { type: "end", run: { output: /send had begun and was broken off/ } })
  await second.stop()
})

t.test("whatever a function of a topology throws, the run fails in words, and the next one runs", async (t) => {
  const values = Object.values(thrownValues)
  let left = values.length
  const node = await smallNode({
    agents: team,
    script,
    functions: {
      odd: () => {
        const made = values[--left]
        if (made === undefined) return "fine"
        throw made()
      },
    },
    topologies: { all: parallel(["upper"], { reduce: { fn: "odd" } }) },
  })
  for (const _ of values) {
    const error: unknown = await node.runs.run("all", "hi").then(
      () => t.fail("it ran"),
      (error: unknown) => error,
    )
    t.ok(error instanceof AgentOSError)
  }
  t.equal((await node.runs.run("all", "hi")).output, "fine")
  await node.stop()
})

t.test(
  "a call that was broken off by a stop of its agent is told as such, and not as one before a restart",
  async (t) => {
    let begun = () => undefined as void
    const inside = new Promise<void>((done) => (begun = done))
    const hold = defineTool({
      name: "hold",
      description: "Holds.",
      parameters: z.object({}),
      execute: (_, { signal }) =>
        new Promise((_done, fail) => {
          begun()
          signal.addEventListener("abort", () => fail(new Error("called off")))
        }),
    })
    const node = await smallNode({
      agents: [defineAgent({ name: "a", instructions: "a", tools: ["hold"] })],
      script: (request) => asked(request).results[0] ?? { tool: "hold", arguments: {} },
      tools: [hold],
    })
    const first = node.runs.run("a", "go", { idempotencyKey: "k" })
    await inside
    await node.agents.stop("a")
    t.match(await first.catch((error: unknown) => error), { retryable: true, executed: "maybe" })
    await node.agents.start("a")
    const { output } = await node.runs.run("a", "go", { idempotencyKey: "k" })
    t.match(output, /hold had begun and was broken off/)
    t.notMatch(output, /restart/)
    await node.stop()
  },
)

t.test("a select without a route says why, and what of its run was done", async (t) => {
  const routes = { letter: chain(["a"]), bill: chain(["a"]) }
  const node = await smallNode({
    agents: [defineAgent({ name: "a", instructions: "a" })],
    script: () => "something else",
    functions: { never: () => "false" },
    topologies: {
      pattern: select({ by: { rules: [{ matches: "x", to: "letter" }] }, routes }),
      function: select({ by: { rules: [{ fn: "never", to: "bill" }] }, routes }),
      agent: select({ by: { agent: "a" }, routes }),
    },
  })
  const none = /found no route for its input: none of its rules holds, its routes are letter, bill/
  const table = [
    ["pattern", none, "no"],
    ["function", none, "maybe"],
    ["agent", /it chose "something else", its routes are letter, bill/, "maybe"],
  ] as const
  for (const [name, message, executed] of table)
    for (const options of [{}, { idempotencyKey: `k ${name}` }])
      await t.rejects(node.runs.run(name, "hello", options), { code: "NO_ROUTE", message, executed }, name)
  await node.stop()
})
