import t, { type Test } from "tap"
import { z } from "zod"
import { systemClock } from "#actors/clock.js"
import { memoryJournal } from "#actors/persistence/memory-journal.js"
import { defineAgent } from "#src/agents/agent.js"
import { memoryRecords } from "#src/record-store.js"
import type { RunEvent } from "#src/run.js"
import { chain } from "#src/topologies/topology.js"
import { defineTool } from "#src/tools/tool.js"
import { LinkedPeers } from "#test/support/linked-peers.js"
import { asked, type Script } from "#test/support/scripted-model.js"
import { smallNode, type SmallNodeOptions } from "#test/support/small-node.js"
import { until } from "#test/support/until.js"

const agent = (name: string, more: object = {}) => defineAgent({ name, instructions: name, ...more })
const never = (): Promise<never> => new Promise(() => undefined)
const pause = (milliseconds: number) => new Promise((done) => setTimeout(done, milliseconds))

/**
 * Nodes that share a journal and know each other; a node that crashed goes on in the dark, as one that is cut off
 * does.
 */
class Town {
  readonly links = new LinkedPeers()
  readonly journal = memoryJournal(systemClock)
  readonly records = memoryRecords()
  members: readonly string[] = []

  constructor(readonly t: Test) {}

  async node(name: string, options: Omit<SmallNodeOptions, "peers" | "members">) {
    if (!this.members.includes(name)) this.members = [...this.members, name]
    const peers = this.links.join(name)
    const members = (): readonly string[] => this.members
    const node = await smallNode({
      journal: { ...this.journal, close: async () => {} },
      records: this.records,
      ...options,
      peers,
      members,
    })
    this.t.teardown(() => node.stop())
    return node
  }

  crash(name: string): void {
    this.links.crash(name)
    this.members = this.members.filter((other) => other !== name)
  }
}

t.test("any node tells how a run stands, and cancels it, wherever it lives", async (t) => {
  const town = new Town(t)
  const options = { agents: [agent("slow")], script: never, topologies: { job: chain(["slow"]) } }
  const [a, b, c] = [await town.node("a", options), await town.node("b", options), await town.node("c", options)]
  for (const target of ["slow", "job"]) {
    const stream = a.runs.stream(target, "go", { caller: "ada" })
    const first = await stream.next()
    const { runId } = first.value as Extract<RunEvent, { type: "start" }>
    await until(async () => (await b.clusterRuns?.status(runId)) !== undefined)
    t.match(await b.clusterRuns?.status(runId), { state: "running", target, caller: "ada" })
    t.equal(await c.clusterRuns?.cancel(runId), true)
    let last: RunEvent | undefined
    for await (const event of stream) last = event
    t.match(last, { type: "error", error: { code: "CANCELLED" } })
    t.equal(await b.clusterRuns?.cancel(runId), false, "it has ended")
  }
  t.equal(await b.clusterRuns?.status("never-was"), undefined)
  t.equal(await b.clusterRuns?.cancel("never-was"), false)
})

t.test("a command that comes to two nodes at once is carried out once, and both tell of it", async (t) => {
  const town = new Town(t)
  let answers = 0
  let go = (): void => undefined
  const gone = new Promise<void>((done) => (go = done))
  const options = {
    agents: [agent("one")],
    script: () => gone.then(() => `answer ${++answers}`),
    topologies: { job: chain(["one"]) },
  }
  const nodes = [await town.node("a", options), await town.node("b", options), await town.node("c", options)]
  const told = nodes.map(async ({ runs }) => {
    const events: RunEvent[] = []
    for await (const event of runs.stream("job", "go", { idempotencyKey: "k" })) events.push(event)
    return events
  })
  await pause(300)
  go()
  const all = await Promise.all(told)
  t.equal(answers, 1)
  for (const events of all) {
    t.match(events.at(-1), { type: "end", run: { output: "answer 1" } })
    t.match(
      events.filter(({ type }) => type === "token").map((event) => "text" in event && event.text),
      ["answer ", "1"],
    )
  }
  t.equal((await nodes[1]!.runs.run("job", "go", { idempotencyKey: "k" })).output, "answer 1", "and later")
})

const count = (made: string[], node: string) =>
  defineTool({
    name: "count",
    description: "Counts.",
    parameters: z.object({}),
    execute: () => `${node} ${made.push(node)}`,
  })
const job = { job: chain(["first", "second"]) }
const clerks = [agent("first", { tools: ["count"] }), agent("second", { tools: ["count"] })]
/** Two steps with a call each; the first node gets stuck after the call of the second. */
const clerk =
  (stuck: () => Promise<unknown> | undefined): Script =>
  async (request) => {
    const { agent, question, results } = asked(request)
    if (results.length === 0) return { tool: "count", arguments: {} }
    if (agent === "second") await stuck()
    return agent === "second" ? `${question}, ${results[0]}` : results[0]!
  }

t.test("a run whose node goes ends on one other node, and no call that was finished is made again", async (t) => {
  const town = new Town(t)
  const made: string[] = []
  let wake = (): void => undefined
  const asleep = new Promise<void>((done) => (wake = done))
  const node = (name: string, stuck: () => Promise<unknown> | undefined) =>
    town.node(name, { agents: clerks, tools: [count(made, name)], script: clerk(stuck), topologies: job })
  const a = await node("a", () => asleep)
  const [b, c] = [await node("b", () => undefined), await node("c", () => undefined)]
  const lost = a.runs.run("job", "go", { idempotencyKey: "k" })
  const waits = b.runs.run("job", "go", { idempotencyKey: "k" }) // is followed there, then wherever it goes
  await until(() => made.length === 2)
  town.crash("a")
  t.equal((await waits).output, "a 1, a 2")
  t.equal((await c.runs.run("job", "go", { idempotencyKey: "k" })).output, "a 1, a 2")
  t.strictSame(made, ["a", "a"], "both calls were made by the node that is gone")
  wake()
  t.match(await lost, { output: "a 1, a 2" }, "the node that was cut off finds the answer of the other")
  await until(async () => {
    const notes: string[] = []
    for await (const [key] of town.records.entries("open")) notes.push(key)
    return notes.length === 0
  }, "the notes of the run to be struck")
})

t.test("nobody waits for it, and it ends all the same", async (t) => {
  const town = new Town(t)
  const made: string[] = []
  const node = (name: string, stuck: () => Promise<unknown> | undefined) =>
    town.node(name, { agents: clerks, tools: [count(made, name)], script: clerk(stuck), topologies: job })
  const a = await node("a", never)
  const [b, c] = [await node("b", () => undefined), await node("c", () => undefined)]
  const started: string[] = []
  const stream = a.runs.stream("job", "go")
  const first = await stream.next()
  const { runId } = first.value as Extract<RunEvent, { type: "start" }>
  void stream.next().catch(() => undefined)
  await until(() => made.length === 2)
  town.crash("a")
  await until(async () => (await b.clusterRuns?.status(runId))?.state === "finished")
  t.match(await c.clusterRuns?.status(runId), { output: "a 1, a 2" })
  for await (const page of town.journal.read({ tenant: "default", type: "run", key: runId }))
    for (const { name, payload } of page)
      started.push(name === "taken-over" ? `taken over by ${(payload as { node: string }).node}` : name)
  t.equal(started.filter((name) => name.startsWith("taken over")).length, 1)
  t.equal(started.filter((name) => name === "tool-claimed").length, 2)
})

t.test("a node that comes back goes on with its own runs; the process from before can do no more", async (t) => {
  const town = new Town(t)
  const made: string[] = []
  let wake = (): void => undefined
  const asleep = new Promise<void>((done) => (wake = done))
  const script =
    (stuck: () => Promise<unknown> | undefined): Script =>
    async (request) => {
      const { agent, results } = asked(request)
      if (agent === "first") return "first"
      await stuck()
      return results[0] ?? { tool: "count", arguments: {} }
    }
  const options = (name: string, stuck: () => Promise<unknown> | undefined) => ({
    agents: clerks,
    tools: [count(made, name)],
    script: script(stuck),
    topologies: job,
  })
  const before = await town.node(
    "a",
    options("before", () => asleep),
  )
  const stuck = before.runs.run("job", "go", { idempotencyKey: "k" })
  await until(() => before.model.requests.length === 2)
  town.links.crash("a")
  const after = await town.node(
    "a",
    options("after", () => undefined),
  )
  t.equal((await after.runs.run("job", "go", { idempotencyKey: "k" })).output, "after 1")
  wake()
  t.equal((await stuck).output, "after 1")
  t.strictSame(made, ["after"], "the old process was refused its claim before it made the call")
})

t.test("a run that nobody carries out at the moment can be cancelled", async (t) => {
  const town = new Town(t)
  const options = { agents: clerks, tools: [count([], "x")], script: never, topologies: job }
  const a = await town.node("a", options)
  const b = await town.node("b", options)
  const stream = a.runs.stream("job", "go")
  const { runId } = (await stream.next()).value as Extract<RunEvent, { type: "start" }>
  void stream.next().catch(() => undefined)
  await until(() => a.model.requests.length === 1)
  town.links.crash("a") // and is still a member
  t.equal(await b.clusterRuns?.cancel(runId), true)
  t.match(await b.clusterRuns?.status(runId), { state: "cancelled" })
  t.equal(await b.clusterRuns?.cancel(runId), false)
})

t.test("a conversation goes on at any node", async (t) => {
  const town = new Town(t)
  const recall: Script = (request) =>
    request.messages
      .filter(({ role }) => role === "user")
      .map(({ content }) => content)
      .join(" / ")
  const options = { agents: [agent("echo")], script: recall }
  const [a, b] = [await town.node("a", options), await town.node("b", options)]
  const say = async (node: typeof a, text: string) => (await node.runs.run("echo", text, { conversation: "c" })).output
  t.equal(await say(a, "one"), "one")
  t.equal(await say(b, "two"), "one / two")
  t.equal(await say(a, "three"), "one / two / three")
  await Promise.all([say(a, "four"), say(b, "five"), say(a, "six"), say(b, "seven")])
  const said = (await b.clusterRuns!.conversation("echo", "c")).filter(({ role }) => role === "user")
  t.equal(said.length, 7, "those that were said at once are all there")
  t.strictSame(await a.clusterRuns?.conversation("echo", "c"), await b.clusterRuns?.conversation("echo", "c"))
})

t.test("where each node has a journal of its own, runs and conversations are found at the others", async (t) => {
  const links = new LinkedPeers()
  const options = { agents: [agent("echo")], script: () => "hello" }
  const a = await smallNode({ ...options, peers: links.join("a") })
  const b = await smallNode({ ...options, peers: links.join("b") })
  t.teardown(() => Promise.all([a.stop(), b.stop()]))
  await pause(20)
  const { runId } = await a.runs.run("echo", "hi", { conversation: "c" })
  t.match(await b.clusterRuns?.status(runId), { state: "finished", output: "hello" })
  t.equal((await b.clusterRuns?.conversation("echo", "c"))?.length, 2)
  t.strictSame(await b.clusterRuns?.conversation("echo", "other"), [])
  const one = await a.runs.run("echo", "hi", { idempotencyKey: "k" })
  t.strictSame(await b.runs.run("echo", "hi", { idempotencyKey: "k" }), one, "a command is carried out once")
  t.equal(b.model.requests.length, 0)
})
