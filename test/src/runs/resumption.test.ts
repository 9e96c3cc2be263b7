import t from "tap"
import { z } from "zod"
import { systemClock } from "#actors/clock.js"
import { memoryJournal } from "#actors/persistence/memory-journal.js"
import { defineAgent, type AgentDefinition } from "#src/agents/agent.js"
import { memoryRecords } from "#src/record-store.js"
import { chain, parallel, select, type Step, type Topology } from "#src/topologies/topology.js"
import { defineTool } from "#src/tools/tool.js"
import { asked, type Script } from "#test/support/scripted-model.js"
import { smallNode, type SmallNodeOptions } from "#test/support/small-node.js"
import { until } from "#test/support/until.js"

const agent = (name: string) => defineAgent({ name, instructions: name })
const agents = ["one", "two", "slow", "three"].map(agent)

/**
 * A process that is stopped while the agent `slow` is at work, and the next on the same store, with other
 * topologies.
 */
type Defined = Partial<Pick<SmallNodeOptions, "topologies" | "functions" | "agents" | "tools">>

async function restarted(before: Defined, after: Defined, target = "job") {
  const [journal, records] = [memoryJournal(systemClock), memoryRecords()]
  let held = true
  const asks: string[] = []
  const script: Script = (request) => {
    const { agent, question } = asked(request)
    asks.push(agent)
    return agent === "slow" && held ? new Promise<never>(() => undefined) : `${question} ${agent}`
  }
  const common = { agents, script, journal: { ...journal, close: async () => {} }, records }
  const first = await smallNode({ ...common, ...before })
  const broken = first.runs.run(target, "go", { idempotencyKey: "k" }).catch((error: unknown) => error)
  await until(() => asks.includes("slow"))
  await first.runs.drain(0)
  await broken
  await first.stop()
  held = false
  asks.length = 0
  const second = await smallNode({ ...common, ...after })
  const resumed = await second.runs.resume()
  return { asks, second, resumed, again: () => second.runs.run(target, "go", { idempotencyKey: "k" }) }
}

t.test("a run goes on with the topology that it began with, however that was changed meanwhile", async (t) => {
  const job = (...steps: Step[]): Topology => chain(steps)
  const changes: Record<string, Record<string, Topology>> = {
    "steps put before": { job: job("two", "two", "three") },
    "steps taken away": { job: job("two") },
    "another kind": { job: parallel(["one", "three"]), inner: job("three") },
    "what it names was changed": { job: job("one", "inner", "two"), inner: job("three", "three") },
    "what it names is gone": { job: job("one") },
  }
  for (const [name, topologies] of Object.entries(changes)) {
    const { again, second } = await restarted(
      { topologies: { job: job("one", "inner", "two"), inner: job("slow") } },
      { topologies },
    )
    t.equal((await again()).output, "go one slow two", name)
    t.not(
      (await second.runs.run("job", "go", { idempotencyKey: "new" })).output,
      "go one slow two",
      "the next one does not",
    )
    await second.stop()
  }
  const gone = await restarted({ topologies: { job: job("one", "slow") } }, {})
  t.equal(gone.resumed.length, 1, "it was removed, and what was begun ends")
  await until(async () => (await gone.second.runs.status(gone.resumed[0]!))?.state === "finished")
  t.match(await gone.second.runs.status(gone.resumed[0]!), { output: "go one slow" })
  await gone.second.stop()
})

const tools = [
  defineTool({
    name: "look",
    description: "Looks.",
    parameters: z.object({}),
    idempotent: true,
    execute: () => "seen",
  }),
]

t.test("a run goes on with the agents that it began with, however they were changed meanwhile", async (t) => {
  const job = chain(["slow", "inner"])
  const topologies = { job, inner: parallel(["three"], { reduce: { judge: "two" } }) }
  const changes: Record<string, readonly AgentDefinition[]> = {
    instructions: agents.map((one) => ({ ...one, instructions: "changed" })),
    tools: agents.map((one) => ({ ...one, tools: ["look"] })),
    decoding: agents.map((one) => ({ ...one, decoding: { temperature: 0.123 }, memory: false })),
  }
  for (const [name, changed] of Object.entries(changes))
    for (const target of ["job", "slow"]) {
      const { again, second, asks } = await restarted(
        { topologies, tools },
        { topologies, tools, agents: changed },
        target,
      )
      const begun = JSON.stringify(await again().catch((error: unknown) => error))
      t.strictSame(asks, target === "job" ? ["slow", "three", "two"] : ["slow"], `${name} of ${target}`)
      t.notMatch(begun, /changed/)
      const asked = JSON.stringify(second.model.requests)
      t.notMatch(asked, /look|0\.123|changed/, `${name} of ${target}: not as it is now`)
      await second.runs.run("slow", "go", { idempotencyKey: "new" })
      t.match(JSON.stringify(second.model.requests), /look|0\.123|changed/, "the next run does")
      await second.stop()
    }
})

t.test("a run that began with an agent or a tool that is gone fails saying so", async (t) => {
  const begun = agents.map((one) => ({ ...one, tools: ["look"] }))
  const topologies = { job: chain(["slow", "three"]) }
  const noTool = await restarted({ topologies, tools, agents: begun }, { topologies })
  await t.rejects(noTool.again(), { code: "UNKNOWN_TOOL", message: /look/ })
  await noTool.second.stop()
  const noAgent = await restarted(
    { topologies },
    { topologies: { job: chain(["one"]) }, agents: agents.filter(({ name }) => name !== "three") },
  )
  await t.rejects(noAgent.again(), { code: "UNKNOWN_AGENT", message: /three/ })
  await noAgent.second.stop()
})

t.test("what functions have decided is decided once", async (t) => {
  let calls = 0
  const functions = { once: () => `${++calls === 1}`, join: () => `joined ${++calls}` }
  const routes = { right: chain(["slow"]), wrong: chain(["three"]) }
  const shapes: Record<string, Topology> = {
    rule: select({ by: { rules: [{ fn: "once", to: "right" }] }, routes, otherwise: "three" }),
    second: select({
      by: {
        rules: [
          { matches: "never", to: "wrong" },
          { fn: "once", to: "right" },
        ],
      },
      routes,
      otherwise: "three",
    }),
    likeness: select({ by: { examples: { right: ["go"], wrong: ["a letter of my aunt"] } }, routes }),
    reduce: chain([parallel(["one", "two"], { reduce: { fn: "join" } }), "slow"]),
  }
  for (const [name, job] of Object.entries(shapes)) {
    calls = 0
    const { again, asks, second } = await restarted(
      { topologies: { job }, functions },
      { topologies: { job }, functions },
    )
    t.match((await again()).output, name === "reduce" ? "joined 1 slow" : "go slow", name)
    t.ok(calls <= 1, name)
    t.strictSame(asks, ["slow"], name)
    await second.stop()
  }
})

t.test("a run that is resumed has the time that its caller gave it, and not that anew", async (t) => {
  const topologies = { job: chain(["one", "slow"]) }
  const [journal, records] = [memoryJournal(systemClock), memoryRecords()]
  const options = {
    agents,
    script: () => new Promise<never>(() => undefined),
    topologies,
    journal: { ...journal, close: async () => {} },
    records,
  }
  const first = await smallNode(options)
  const broken = first.runs.run("job", "go", { timeoutMs: 400 }).catch((error: unknown) => error)
  await until(() => first.model.requests.length === 1)
  await first.runs.drain(0)
  t.match(await broken, { code: "SYSTEM_STOPPED", executed: "maybe" })
  await first.stop()
  const second = await smallNode(options)
  const [runId = ""] = await second.runs.resume()
  await until(async () => (await second.runs.status(runId))?.state === "failed", "its end", 5000)
  t.match(await second.runs.status(runId), { error: { code: "DEADLINE_EXCEEDED", executed: "maybe" } })
  await second.stop()
})

t.test(
  "an agent that stands in a topology more than once has a value for each time, in the order of the topology",
  async (t) => {
    let turn = 0
    const node = await smallNode({
      agents,
      script: async (request) => {
        const mine = ++turn
        await new Promise((done) => setTimeout(done, 30 - 10 * mine)) // later ones end earlier
        return `${asked(request).agent} ${mine}`
      },
      topologies: {
        chained: chain(["one", "two", "one"]),
        beside: parallel(["one", "one", "two"]),
      },
    })
    const values = async (target: string) => {
      turn = 0
      const { context } = await node.runs.run(target, "go")
      return [context.values, context.provenance.map(({ agent }) => agent)]
    }
    t.strictSame(await values("chained"), [{ one: "one 1", two: "two 2", "one#2": "one 3" }, ["one", "two", "one"]])
    t.strictSame(await values("beside"), [{ one: "one 1", "one#2": "one 2", two: "two 3" }, ["one", "one", "two"]])
    await node.stop()
  },
)

t.test("who asks with the key of a run hears of it, also where its topology is gone", async (t) => {
  const ended = await restarted({ topologies: { job: chain(["one", "slow"]) } }, { topologies: {} })
  t.equal((await ended.again()).output, "go one slow", "the run that went on")
  await t.rejects(ended.second.runs.run("job", "go", { idempotencyKey: "new" }), {
    code: "UNKNOWN_AGENT",
    executed: "no",
  })
  await ended.second.stop()
})

t.test("who joins a run waits for it no longer than it said, and the run goes on", async (t) => {
  let answer = (_text: string): void => undefined
  const script: Script = () => new Promise((resolve) => (answer = resolve))
  const node = await smallNode({ agents: [agent("slow")], script })
  const begun = node.runs.run("slow", "go", { idempotencyKey: "k" })
  const joins = { idempotencyKey: "k", timeoutMs: 50 }
  await t.rejects(node.runs.run("slow", "go", joins), {
    code: "DEADLINE_EXCEEDED",
    executed: "maybe",
    message: /goes on/,
  })
  for await (const event of node.runs.stream("slow", "go", joins)) {
    if (event.type === "error") t.equal(event.error.code, "DEADLINE_EXCEEDED")
    else t.equal(event.type, "start")
  }
  answer("done")
  t.equal((await begun).output, "done")
  t.equal((await node.runs.run("slow", "go", joins)).output, "done")
  await node.stop()
})

t.test("an option of a run that there is not is refused by name", async (t) => {
  const node = await smallNode({ agents: [agent("one")], script: () => "done" })
  for (const name of ["commandId", "conversaton", "timeout", "budgettokens", "constructor"])
    await t.rejects(node.runs.run("one", "go", { [name]: "k" }), {
      code: "INVALID_OPTION",
      executed: "no",
      message: new RegExp(`"${name}"; there are conversation, idempotencyKey`),
    })
  await node.stop()
})
