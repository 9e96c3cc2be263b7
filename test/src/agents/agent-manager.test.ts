import t from "tap"
import { AgentOSError } from "#actors/errors.js"
import { defineAgent } from "#src/agents/agent.js"
import { Cancellation } from "#src/cancellation.js"
import { asked } from "#test/support/scripted-model.js"
import { smallNode } from "#test/support/small-node.js"

const echo = defineAgent({ name: "echo", instructions: "echo" })
const request = (input: string) => ({ runId: input, step: "0", input, history: [], tenant: "default", traceId: "" })

/** Scripts that wait until they are told to go on. */
function held() {
  const waiting: { question: string; go: () => void }[] = []
  return {
    waiting,
    script: (given: Parameters<typeof asked>[0]) =>
      new Promise<string>((done) =>
        waiting.push({ question: asked(given).question, go: () => done(asked(given).question) }),
      ),
  }
}

const until = async (condition: () => boolean) => {
  while (!condition()) await new Promise((done) => setTimeout(done, 1))
}

t.test("requests spread over the replicas, and what waits is counted", async (t) => {
  const { script, waiting } = held()
  const node = await smallNode({ agents: [{ ...echo, replicas: 2 }], script, limits: { concurrency: 1 } })
  const answers = ["a", "b", "c", "d"].map((input) => node.agents.ask("echo", request(input)))
  await until(() => waiting.length === 2)
  t.match(node.agents.describe("echo"), { state: "running", replicas: 2, queued: 4 })
  t.strictSame(waiting.map(({ question }) => question).sort(), ["a", "b"], "each replica works on one")
  waiting.splice(0).forEach(({ go }) => go())
  await until(() => waiting.length === 2)
  waiting.splice(0).forEach(({ go }) => go())
  t.strictSame(
    (await Promise.all(answers)).map(({ output }) => output),
    ["a", "b", "c", "d"],
  )
  t.equal(node.agents.describe("echo").queued, 0)
  await node.stop()
})

t.test("a stopped agent refuses requests until it is started again", async (t) => {
  const node = await smallNode({ agents: [echo], script: (given) => asked(given).question })
  await node.agents.stop("echo")
  t.equal(node.agents.describe("echo").state, "stopped")
  await t.rejects(node.agents.ask("echo", request("a")), { code: "AGENT_STOPPED" })
  await node.agents.start("echo")
  t.equal((await node.agents.ask("echo", request("a"))).output, "a")
  await node.agents.restart("echo")
  t.equal((await node.agents.ask("echo", request("b"))).output, "b")
  await node.stop()
})

t.test(
  "a request that was called off before it was sent is refused, and nobody works on it",
  { timeout: 5000 },
  async (t) => {
    const { script, waiting } = held()
    const node = await smallNode({ agents: [echo], script })
    const work = new Cancellation()
    work.cancel(new AgentOSError("CANCELLED", "too late"))
    await t.rejects(node.agents.ask("echo", request("a"), { signal: work }), { code: "CANCELLED" })
    t.equal(node.agents.describe("echo").queued, 0)
    t.equal(waiting.length, 0, "the model was not asked")
    await node.stop()
  },
)

t.test("a process that is larger than it may be takes no more requests", async (t) => {
  const node = await smallNode({ agents: [echo], script: (given) => asked(given).question, limits: { maxMemoryMb: 1 } })
  await t.rejects(node.agents.ask("echo", request("a")), { code: "MEMORY_FULL", message: /above 1 MB/ })
  t.equal(node.agents.describe("echo").queued, 0)
  await node.stop()
})

t.test("replicas and open requests have a limit, told with its figure", async (t) => {
  const { script, waiting } = held()
  const node = await smallNode({ agents: [echo], script, limits: { maxReplicas: 3, maxOpen: 1 } })
  await t.rejects(node.agents.replicate("echo", 4), { code: "BUDGET_EXCEEDED", executed: "no", message: /holds 3/ })
  t.equal(node.agents.describe("echo").replicas, 1, "a refused number changes nothing")
  await node.agents.replicate("echo", 3)
  await node.agents.replicate("echo", 2)
  t.equal(node.agents.describe("echo").replicas, 2)
  const first = node.agents.ask("echo", request("a"))
  await t.rejects(node.agents.ask("echo", request("b")), { code: "MAILBOX_FULL" })
  await until(() => waiting.length === 1)
  waiting[0]?.go()
  t.equal((await first).output, "a")
  t.throws(() => node.agents.register({ ...echo, name: "crowd", replicas: 2 }), { code: "BUDGET_EXCEEDED" })
  t.notOk(node.agents.has("crowd"))
  await node.stop()
})

t.test("an agent that generates still takes cancel, and goes on with the next request", async (t) => {
  const { script, waiting } = held()
  const node = await smallNode({ agents: [echo], script, limits: { concurrency: 1 } })
  const control = new AbortController()
  const cancelled = node.agents.ask("echo", request("a"), { signal: control.signal })
  const next = node.agents.ask("echo", request("b"))
  await until(() => waiting.length === 1)
  const refused = t.rejects(cancelled, { code: "CANCELLED" })
  control.abort(new Error("no longer wanted"))
  await refused
  await until(() => waiting.length === 2)
  waiting[1]?.go()
  t.equal((await next).output, "b", "the cancelled request has made room")
  await node.stop()
})

t.test("an unknown agent is refused with the names that there are", async (t) => {
  const node = await smallNode({ agents: [echo], script: () => "" })
  await t.rejects(node.agents.ask("ecco", request("a")), { code: "UNKNOWN_AGENT", message: /echo/ })
  t.throws(() => node.agents.register(echo), { code: "NAME_TAKEN" })
  t.throws(() => defineAgent({ name: "Bad Name", instructions: "x" }), { code: "INVALID_AGENT" })
  t.throws(() => defineAgent({ name: "x", instructions: " " }), { code: "INVALID_AGENT" })
  t.throws(() => defineAgent({ name: "x", instructions: "x", limits: { steps: 0 } }), {
    code: "INVALID_AGENT",
    message: /steps is 0/,
  })
  await node.stop()
})
