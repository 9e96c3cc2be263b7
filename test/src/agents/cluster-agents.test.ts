import t, { type Test } from "tap"
import { z } from "zod"
import { AgentOSError } from "#actors/errors.js"
import { defineAgent } from "#src/agents/agent.js"
import { Cancellation } from "#src/cancellation.js"
import type { RunEvent } from "#src/run.js"
import { chain } from "#src/topologies/topology.js"
import { defineTool } from "#src/tools/tool.js"
import { LinkedPeers } from "#test/support/linked-peers.js"
import { asked, type Script } from "#test/support/scripted-model.js"
import { smallNode, type SmallNodeOptions } from "#test/support/small-node.js"
import { until } from "#test/support/until.js"

const agent = (name: string, more: object = {}) => defineAgent({ name, instructions: name, ...more })
type Node = Awaited<ReturnType<typeof smallNode>>

/** Nodes that know each other's queues. */
async function cluster(t: Test, options: Readonly<Record<string, SmallNodeOptions>>) {
  const links = new LinkedPeers()
  const nodes: Record<string, Node> = {}
  for (const [name, more] of Object.entries(options)) {
    const node = (nodes[name] = await smallNode({ ...more, peers: links.join(name) }))
    t.teardown(() => node.stop())
  }
  const names = Object.keys(nodes)
  await until(() => Object.values(nodes).every(({ cluster }) => cluster?.list().every(({ nodes }) => nodes.length === names.length))) // prettier-ignore
  return { nodes: nodes as Readonly<Record<string, Node>>, links }
}

const request = (input: string, step = "0") => ({ runId: "r", step, input, history: [], tenant: "default", traceId: "trace" }) // prettier-ignore
const never = (): Promise<never> => new Promise(() => undefined)

t.test("a request goes to the node that has the model, with its events, and its run stays here", async (t) => {
  const tool = defineTool({ name: "look", description: "Looks.", parameters: z.object({}), execute: () => "a cat" })
  const options = { agents: [agent("seer", { tools: ["look"] })], tools: [tool], topologies: { see: chain(["seer"]) } }
  const script: Script = (request) => asked(request).results[0] ?? { tool: "look", arguments: {} }
  const { nodes } = await cluster(t, {
    a: { ...options, script: never, models: [] },
    b: { ...options, script },
  })
  const events: RunEvent[] = []
  for await (const event of nodes["a"]!.runs.stream("see", "what is it?", { traceId: "trace" })) events.push(event)
  t.strictSame(events.map(({ type }) => type), ["start", "step", "tool", "tool", "token", "token", "step", "end"]) // prettier-ignore
  t.match(events.at(-1), { run: { output: "a cat", context: { provenance: [{ agent: "seer", tools: ["look"] }] } } })
  const { runId } = events[0] as Extract<RunEvent, { type: "start" }>
  t.match(await nodes["a"]!.runs.status(runId), { state: "finished" })
  t.equal(nodes["a"]!.model.requests.length, 0)
  t.equal(await nodes["b"]!.runs.status(runId), undefined)
  t.match(nodes["b"]!.model.requests[0], { traceId: "trace" })
})

t.test("load spreads over the nodes that have the model, first to this one", async (t) => {
  const free: (() => void)[] = []
  const script: Script = () => new Promise((done) => free.push(() => done("done")))
  const options = { agents: [agent("one"), agent("two")], script }
  const { nodes } = await cluster(t, { a: options, b: options, c: options })
  const all = Array.from({ length: 30 }, (_, i) => nodes["a"]!.cluster!.ask(i % 2 === 0 ? "one" : "two", request("x", String(i)))) // prettier-ignore
  await until(() => free.length === 30)
  const each = Object.values(nodes).map(({ model }) => model.requests.length)
  t.ok(
    each.every((count) => count >= 8 && count <= 12),
    `${each} of 30`,
  )
  free.splice(0).forEach((finish) => finish())
  await Promise.all(all)
  const alone = nodes["b"]!.cluster!.ask("one", request("x"))
  await until(() => free.length === 1)
  t.equal(nodes["b"]!.model.requests.length, each[1]! + 1, "with nothing else to do it answers itself")
  free.pop()!()
  await alone
})

t.test("what is told of queues comes again while they change", async (t) => {
  const options = { agents: [agent("slow", { replicas: 2 })], script: never }
  const { nodes } = await cluster(t, { a: options, b: options })
  t.match(nodes["a"]!.cluster!.describe("slow"), { state: "running", replicas: 4, queued: 0, nodes: [{ node: "a", replicas: 2 }, { node: "b", replicas: 2 }] }) // prettier-ignore
  const work = new Cancellation()
  const asked = [1, 2].map(() => nodes["b"]!.agents.ask("slow", request("x"), { signal: work }).catch(() => undefined))
  await until(() => nodes["a"]!.cluster!.describe("slow").queued === 2)
  t.match(nodes["a"]!.cluster!.list()[0]?.nodes, [{ queued: 0 }, { node: "b", queued: 2 }])
  work.cancel(new AgentOSError("CANCELLED", "enough"))
  await Promise.all(asked)
  await until(() => nodes["a"]!.cluster!.describe("slow").queued === 0)
})

t.test("when a node goes, what it worked on is done on another, and no finished call is made again", async (t) => {
  const made: string[] = []
  let crash = (_name: string): void => undefined
  const agents = [agent("clerk", { tools: ["count"] })]
  for (const topologies of [{ job: chain(["clerk"]) }, {}]) {
    const node = (name: string, stuck: boolean, models = ["scribe"]): SmallNodeOptions => ({
      agents,
      topologies,
      models,
      tools: [
        defineTool({ name: "count", description: "Counts.", parameters: z.object({}), execute: () => `counted ${made.push(name)}` }), // prettier-ignore
      ],
      script: (request) => {
        const { results } = asked(request)
        if (results.length === 0) return { tool: "count", arguments: {} }
        if (!stuck) return results.join(", ")
        crash(name)
        return never()
      },
    })
    const target = "job" in topologies ? "job" : "clerk"

    const two = await cluster(t, { a: node("a", true, []), b: node("b", true), c: node("c", true, []) })
    crash = (name) => two.links.crash(name)
    await t.rejects(two.nodes["a"]!.runs.run(target, "go"), { code: "NODE_LOST" }, "no other node has the model")
    t.strictSame(made.splice(0), ["b"])

    // Of the three that have the model the first two that are asked go.
    const four = await cluster(t, {
      a: node("a", true, []),
      b: node("b", true),
      c: node("c", true),
      d: node("d", true),
    })
    const lost: string[] = []
    const last = new Promise<void>((done) => {
      crash = (name) => (lost.push(name) < 3 ? four.links.crash(name) : done())
    })
    const work = new Cancellation()
    const run = four.nodes["a"]!.runs.run(target, "go", { signal: work })
    await last
    work.cancel(new AgentOSError("CANCELLED", "enough"))
    await t.rejects(run, { code: "CANCELLED" })
    t.equal(new Set(lost).size, 3, "each node was asked once")
    t.equal(made.splice(0).length, 1, "and the finished call was made once")
  }
})

t.test("a call that was begun on a node that went is unresolved, not made again", async (t) => {
  let sent = 0
  let crash = (): void => undefined
  const send = defineTool({
    name: "send",
    description: "Sends.",
    parameters: z.object({}),
    execute: async () => {
      sent += 1
      crash()
      return never()
    },
  })
  const agents = [agent("postman", { tools: ["send"] })]
  const script: Script = (request) => asked(request).results[0] ?? { tool: "send", arguments: {} }
  const { nodes, links } = await cluster(t, {
    a: { agents, tools: [send], script: never, models: [] },
    b: { agents, tools: [send], script },
    c: { agents, tools: [send], script },
  })
  crash = () => links.crash(nodes["b"]!.model.requests.length > 0 ? "b" : "c")
  const { output } = await nodes["a"]!.runs.run("postman", "write")
  t.match(output, /whether it was carried out is unknown/)
  t.equal(sent, 1)
})

t.test("of a turn that a node began and did not end, another node makes the calls that had not begun", async (t) => {
  const made: string[] = []
  let crash = (_name: string): void => undefined
  const node = (name: string, models = ["scribe"]): SmallNodeOptions => ({
    agents: [agent("clerk", { tools: ["send"] })],
    models,
    tools: [
      defineTool({
        name: "send",
        description: "Sends.",
        parameters: z.object({ n: z.number() }),
        execute: ({ n }) => {
          made.push(`${n} at ${name}`)
          if (n !== 2) return `sent ${n}`
          crash(name)
          return never()
        },
      }),
    ],
    script: (request) => {
      const { results } = asked(request)
      if (results.length > 0) return results.join("; ")
      return { text: "three letters", calls: [1, 2, 3].map((n) => ({ tool: "send", arguments: { n } })) }
    },
  })
  const { nodes, links } = await cluster(t, { a: node("a", []), b: node("b"), c: node("c") })
  crash = (name) => links.crash(name)
  const { output } = await nodes["a"]!.runs.run("clerk", "go")
  t.match(output, /^sent 1; the call of send had begun .*; sent 3$/)
  t.strictSame(made.map((call) => call.slice(0, 1)), ["1", "2", "3"]) // prettier-ignore
  t.not(made[0]?.slice(-1), made[2]?.slice(-1), "on two nodes")
})

t.test("a node whose asker went makes no more calls", async (t) => {
  let calls = 0
  let go = (): void => undefined
  const tool = defineTool({ name: "act", description: "Acts.", parameters: z.object({}), execute: () => `${++calls}` })
  const agents = [agent("actor", { tools: ["act"] })]
  const began: Promise<void>[] = []
  const { nodes, links } = await cluster(t, {
    a: { agents, tools: [tool], script: never, models: [] },
    b: {
      agents,
      tools: [tool],
      script: () => {
        const wait = new Promise<void>((done) => (go = done))
        began.push(wait)
        return wait.then(() => ({ tool: "act", arguments: {} }))
      },
    },
  })
  const lost = t.rejects(nodes["a"]!.runs.run("actor", "go"), { code: "NODE_LOST" })
  await until(() => began.length === 1)
  links.crash("a")
  await lost
  go()
  await until(() => nodes["b"]!.agents.describe("actor").queued === 0)
  t.equal(calls, 0)
})

t.test("a cancellation reaches the node that works, and the deadline too", async (t) => {
  const agents = [agent("slow", { limits: { timeMs: 60_000 } })]
  const { nodes } = await cluster(t, { a: { agents, script: never, models: [] }, b: { agents, script: never } })
  const work = new Cancellation()
  const cancelled = t.rejects(nodes["a"]!.runs.run("slow", "go", { signal: work }), { code: "CANCELLED" })
  await until(() => nodes["b"]!.agents.describe("slow").queued === 1)
  work.cancel(new AgentOSError("CANCELLED", "enough"))
  await cancelled
  await until(() => nodes["b"]!.agents.describe("slow").queued === 0)
  await t.rejects(nodes["a"]!.cluster!.ask("slow", request("x"), { timeoutMs: 50 }), { code: "ASK_TIMEOUT" })
  await until(() => nodes["b"]!.agents.describe("slow").queued === 0)
})

t.test("a node that is full, stopped or leaving passes its requests on", async (t) => {
  const agents = [agent("busy")]
  const script: Script = () => "done"
  const { nodes } = await cluster(t, {
    a: { agents, script, limits: { maxOpen: 1 } },
    b: { agents, script: never, limits: { maxOpen: 1 } },
    c: { agents, script },
  })
  const held = nodes["b"]!.agents.ask("busy", request("x")).catch(() => undefined)
  t.match(await Promise.all([1, 2, 3, 4, 5].map((i) => nodes["b"]!.cluster!.ask("busy", request("x", String(i))))), [{ output: "done" }]) // prettier-ignore
  nodes["a"]!.cluster!.leave()
  await until(() => nodes["c"]!.cluster!.list()[0]!.nodes.length === 3)
  await nodes["b"]!.agents.stop("busy")
  await held
  t.match(await nodes["b"]!.cluster!.ask("busy", request("x")), { output: "done" })
  await nodes["c"]!.agents.stop("busy")
  await until(async () => (await nodes["b"]!.cluster!.ask("busy", request("x")).catch((error: AgentOSError) => error.code)) === "NO_NODE_FOR_AGENT") // prettier-ignore
})

t.test("an agent is steered on every node", async (t) => {
  const agents = [agent("one")]
  const { nodes } = await cluster(t, { a: { agents, script: () => "x" }, b: { agents, script: () => "x" } })
  await nodes["a"]!.cluster!.steer("one", { replicate: 3 })
  t.equal(nodes["b"]!.agents.describe("one").replicas, 3)
  await nodes["b"]!.cluster!.steer("one", "stop")
  t.match(nodes["a"]!.agents.describe("one"), { state: "stopped" })
  await until(() => nodes["a"]!.cluster!.describe("one").state === "stopped")
  await nodes["a"]!.cluster!.steer("one", "start")
  t.match(nodes["b"]!.agents.describe("one"), { state: "running", replicas: 3 })
  await t.rejects(nodes["a"]!.cluster!.steer("nobody", "stop"), { code: "UNKNOWN_AGENT" })
})
