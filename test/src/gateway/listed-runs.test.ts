/** `ListRuns` at every door: each run that goes on, however it was begun, and those of late. */
import { join } from "node:path"
import t from "tap"
import { createClient } from "#src/client/index.js"
import { createAgentOS } from "#src/os.js"
import { cli } from "#test/support/command-line.js"
import { asked, scriptedModel } from "#test/support/scripted-model.js"
import { until } from "#test/support/until.js"

interface Listed {
  readonly runId: string
  readonly state: string
  readonly target: string
  readonly caller: string
  readonly code?: string
}

/** A node on a data folder, whose agent `slow` answers what it is asked only when it is let go. */
async function node(data: string) {
  const held: (() => void)[] = []
  const model = scriptedModel(async (request) => {
    const { agent, question } = asked(request)
    if (agent === "slow") await new Promise<void>((go) => held.push(go))
    return question
  })
  const agent = (name: string) => ({ name, instructions: name, model: "scripted", memory: false })
  const os = await createAgentOS({
    data,
    knowledge: { shipped: false },
    models: { scripted: model },
    agents: [agent("slow"), agent("quick")],
    gateway: { port: 0, grpcPort: 0, drainMs: 50 },
  })
  const doors = await os.listen()
  return {
    os,
    held,
    rest: createClient({ url: doors.rest }),
    grpc: createClient({ url: `grpc://${doors.grpc}` }),
    url: doors.rest,
  }
}

t.test(
  "every run that goes on is listed with its id at every door, also one that went on after a restart",
  async (t) => {
    const folder = t.testdir({ "llmagentos.yaml": "knowledge: { shipped: false }\n" })
    const first = await node(join(folder, "data"))
    const keyed = first.rest.run("slow", "one", { idempotencyKey: "k" }).catch((error: unknown) => error)
    await until(() => first.held.length === 1)
    const [before] = await first.rest.call("ListRuns", {}).then(({ runs }) => runs as readonly Listed[])
    t.match(before, { runId: /./, state: "running", target: "slow" }, "one with a key, while it goes on")
    await first.os.stop()
    await keyed
    for (const client of [first.rest, first.grpc]) client.close()

    const second = await node(join(folder, "data"))
    t.teardown(async () => {
      for (const client of [second.rest, second.grpc]) client.close()
      await second.os.stop()
    })
    await until(() => second.held.length === 1)
    const ways: Record<string, () => Promise<readonly Listed[]>> = {
      REST: async () => ((await (await fetch(`${second.url}/v1/runs`)).json()) as { runs: Listed[] }).runs,
      "REST's client": async () => (await second.rest.call("ListRuns", {})).runs as readonly Listed[],
      "gRPC's client": async () => (await second.grpc.call("ListRuns", {})).runs as readonly Listed[],
      program: async () => second.os.runs(),
      "command line": async () => JSON.parse((await cli(folder, ["runs", "--json"])).out) as readonly Listed[],
    }
    const { runId } = before as Listed
    for (const [way, list] of Object.entries(ways))
      t.match(await list(), [{ runId, state: "running", target: "slow" }], `${way}, of a run that was resumed`)
    t.match((await cli(folder, ["runs"])).out, new RegExp(`^${runId} running slow, asked by `))

    const own = second.os.run("slow", "two")
    const streamed = second.grpc.stream("slow", "three")[Symbol.asyncIterator]()
    await streamed.next()
    await until(() => second.held.length === 3)
    for (let i = 0; i < 150; i++) await second.os.run("quick", "hello")
    for (const [way, list] of Object.entries(ways)) {
      const runs = await list()
      t.equal(
        runs.filter(({ state }) => state === "running").length,
        3,
        `${way}: whoever began it, however many ended since`,
      )
      t.equal(runs.filter(({ state }) => state === "finished").length, 100, `${way}: and those of late`)
      t.equal(new Set(runs.map(({ runId }) => runId)).size, 103, `${way}: each has an id of its own`)
    }
    for (const go of second.held) go()
    await own
    for (;;) if ((await streamed.next()).done === true) break
    await until(() => second.os.runs().every(({ state }) => state === "finished"), "the end of all")
    t.match(await second.rest.call("ListRuns", {}), { runs: { 99: { state: "finished" } } })
  },
)

t.test(
  "who asks with the key of a run that goes on, or has ended, adds no run to the list and no tokens to the count",
  async (t) => {
    const one = await node(t.testdir())
    t.teardown(async () => {
      for (const client of [one.rest, one.grpc]) client.close()
      await one.os.stop()
    })
    const twice = [one.rest, one.grpc].map((client) => client.run("slow", "one", { idempotencyKey: "k" }))
    await until(() => one.held.length === 1)
    t.equal(one.os.runs().length, 1)
    for (const go of one.held) go()
    await Promise.all(twice)
    await one.rest.run("slow", "one", { idempotencyKey: "k" })
    await t.rejects(one.rest.run("slow", "other", { idempotencyKey: "k" }), { code: "KEY_REUSED" })
    t.match(one.os.runs(), [{ state: "finished", runId: /./ }])
    t.equal(one.os.runs().length, 1)
    const metrics = await (await fetch(`${one.url}/metrics`)).text()
    t.match(metrics, /^llmagentos_tokens_total{target="slow",kind="completion"} 1$/m)
    t.match(metrics, /^llmagentos_runs_in_flight 0$/m)
  },
)
