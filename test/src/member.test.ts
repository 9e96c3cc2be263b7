/** Nodes of LLMAgentOS as members of a cluster, in this process: real streams between them, state in a LevelDB each, a registry in memory. */
import { join } from "node:path"
import t, { type Test } from "tap"
import { definePersistentActor } from "#actors/index.js"
import { memoryCluster } from "#cluster/memory-cluster.js"
import { defineAgent } from "#src/agents/agent.js"
import { createClient } from "#src/client/index.js"
import { createAgentOS, type AgentOS, type AgentOSOptions } from "#src/os.js"
import { asked, scriptedModel } from "#test/support/scripted-model.js"
import { until } from "#test/support/until.js"

t.setTimeout(300_000)

const Counter = definePersistentActor({
  name: "counter",
  version: 1,
  state: () => ({ count: 0 }),
  events: { counted: (state, _by: null) => void (state.count += 1) },
}).receive({
  async count(ctx) {
    await ctx.persist("counted", null)
    return ctx.state.count
  },
})

const agent = (name: string, model: string) => defineAgent({ name, model, instructions: name })
const model = (name: string) => scriptedModel((request) => `${name} says ${asked(request).question}`)

function town(t: Test) {
  const shared = memoryCluster("town")
  const folder = t.testdir()
  return async (node: string, { cluster, ...more }: AgentOSOptions = {}): Promise<AgentOS> => {
    const os = await createAgentOS({
      data: join(folder, node),
      cluster: { node, name: "town", listen: "127.0.0.1:0", shards: 16, ...cluster },
      registry: shared.registry(),
      gateway: { port: 0, grpcPort: 0 },
      knowledge: { shipped: false },
      definitions: [Counter],
      agents: [agent("poet", "rhymes"), agent("clerk", "prose")],
      ...more,
    })
    t.teardown(() => os.stop())
    return os
  }
}

t.test("an agent answers on the node that has its model, whichever node is asked", async (t) => {
  const start = town(t)
  const a = await start("a", { models: { rhymes: model("a") } })
  const b = await start("b", { models: { prose: model("b") } })
  await Promise.all([a.cluster?.untilReady(), b.cluster?.untilReady()])
  for (const os of [a, b]) {
    t.equal((await os.run("poet", "hi")).output, "a says hi")
    t.equal((await os.run("clerk", "hi")).output, "b says hi")
  }
  t.match(b.cluster?.node.capabilities, { models: ["scribe", "prose"], gpu: false })

  t.equal(await a.actors.entity(Counter, "x").ask("count"), 1)
  t.equal(await b.actors.entity(Counter, "x").ask("count"), 2, "entities are the cluster's")

  const doors = await b.listen()
  const client = createClient({ url: doors.rest, apiKey: "" })
  const { nodes, replicas } = await client.agent("poet")
  t.match(nodes, [{ node: "a" }, { node: "b" }])
  t.equal(replicas, 2)
  t.equal((await fetch(`${doors.rest}/readyz`)).status, 200)

  const run = await a.run("poet", "remember me", { conversation: "c" })
  t.match(await b.status(run.runId), { state: "finished", output: "a says remember me" })
  t.equal((await b.conversation("poet", "c")).length, 2)
  await client.close()
})

t.test("a node that is stopped leaves, and nobody asks it any more", async (t) => {
  const start = town(t)
  const models = { rhymes: model("a"), prose: model("a") }
  const a = await start("a", { models })
  const b = await start("b", { models: { rhymes: model("b"), prose: model("b") }, cluster: { node: "b", listen: "127.0.0.1:0", shards: 16, name: "town", models: [] } }) // prettier-ignore
  await Promise.all([a.cluster?.untilReady(), b.cluster?.untilReady()])
  t.equal((await b.run("poet", "hi")).output, "a says hi", "it has the model and runs it for nobody")
  const [one, two] = await Promise.all([b.stop().then(() => b.ended), a.run("clerk", "go on")])
  t.equal(one, undefined, "it was not ended by its cluster")
  t.equal(two.output, "a says go on")
  await until(() => a.cluster?.view.members.size === 1)
  await t.rejects(b.run("poet", "hi"))
})

t.test("what is wrong with a node's part in a cluster is said", async (t) => {
  const start = town(t)
  await t.rejects(start("a", { cluster: { node: "a", listen: "127.0.0.1:0", models: ["none"] } }), { code: "INVALID_CONFIG", message: /has no model "none"/ }) // prettier-ignore
  await t.rejects(start("a", { data: "memory" }), { code: "INVALID_CONFIG", message: /not in memory/ })
  const a = await start("a")
  await a.cluster?.untilReady()
  await t.rejects(start("b", { cluster: { node: "b", name: "town", listen: "127.0.0.1:0", shards: 17 } }), { code: "SETTINGS_DIFFER" }) // prettier-ignore
  await t.rejects(a.run("poet", "hi"), { code: "NO_NODE_FOR_AGENT", message: /"rhymes"/ })
})
