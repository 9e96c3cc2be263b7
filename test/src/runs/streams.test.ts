import t from "tap"
import { credentials, Client as GrpcClient } from "@grpc/grpc-js"
import { llmagentos } from "#proto/agent.generated.js"
import { defineAgent } from "#src/agents/agent.js"
import type { Model, ModelPart } from "#src/models/model.js"
import { chain } from "#src/topologies/topology.js"
import { LinkedPeers } from "#test/support/linked-peers.js"
import { openNode } from "#test/support/open-node.js"
import { smallNode } from "#test/support/small-node.js"
import { until } from "#test/support/until.js"

const agent = defineAgent({ name: "talker", instructions: "talk", limits: { timeMs: 60_000 } })
const topologies = { talks: chain(["talker"]) }
const never = (): Promise<never> => new Promise(() => undefined)

/** A model that never ends, and counts what it was made to say. */
function endlessModel(size: number) {
  const said = { parts: 0, ended: false }
  const model: Model = {
    info: { id: "endless", provider: "test", backend: "script" },
    async *generate({ signal }): AsyncGenerator<ModelPart> {
      try {
        for (;;) {
          said.parts += 1
          if (said.parts % 16 === 0) await new Promise(setImmediate)
          if (signal?.aborted === true)
            return yield {
              type: "finish",
              reason: "cancelled",
              usage: { promptTokens: 1, completionTokens: 1, cachedTokens: 0 },
            }
          yield { type: "text", text: "x".repeat(size) }
        }
      } finally {
        said.ended = true
      }
    },
    async stop() {},
  }
  return { model, said }
}

/** Waits until a model says no more; @returns how much it has said. */
async function stillness(said: { readonly parts: number }): Promise<number> {
  let before = -1
  let still = 0
  await until(async () => {
    still = said.parts === before ? still + 1 : 0
    before = said.parts
    return said.parts > 0 && still > 10
  }, "the model to be held back")
  return before
}

t.test("a reader that reads no more holds the run back, and goes on where it was", async (t) => {
  for (const target of ["talker", "talks"]) {
    const { model, said } = endlessModel(1)
    const node = await smallNode({ agents: [agent], script: never, model, topologies })
    const stream = node.runs.stream(target, "go")
    await stream.next()
    t.ok((await stillness(said)) < 200, `${said.parts} parts ahead`)
    for (let i = 0; i < 500; i++) await stream.next()
    t.ok(said.parts > 490)
    t.ok((await stillness(said)) < 800)
    await stream.return(undefined)
    await until(() => said.ended, "its leaving to end the run")
    await node.stop()
  }
})

t.test("of several that follow a run the slowest holds it back; one that leaves does not", async (t) => {
  const { model, said } = endlessModel(1)
  const node = await smallNode({ agents: [agent], script: never, model, topologies })
  const slow = node.runs.stream("talks", "go", { idempotencyKey: "k" })
  await slow.next()
  const fast = node.runs.stream("talks", "go", { idempotencyKey: "k" })
  let read = 0
  void (async () => {
    for await (const _ of fast) read += 1
  })()
  await stillness(said)
  t.ok(read < 300)
  await slow.return(undefined)
  await until(() => read > 1000, "the other to be told on")
  await node.runs.drain(0)
  await node.stop()
})

t.test("a reader on one node holds an agent on another back", async (t) => {
  const links = new LinkedPeers()
  const { model, said } = endlessModel(1)
  const a = await smallNode({ agents: [agent], script: never, topologies, peers: links.join("a"), models: [] })
  const b = await smallNode({ agents: [agent], script: never, model, topologies, peers: links.join("b"), holdMs: 5000 })
  t.teardown(() => Promise.all([a.stop(), b.stop()]))
  await until(() => a.cluster?.describe("talker").nodes.length === 2)
  const stream = a.runs.stream("talks", "go", { idempotencyKey: "k" })
  await stream.next()
  t.ok((await stillness(said)) < 500, `${said.parts} parts ahead`)
  for (let i = 0; i < 1000; i++) await stream.next()
  t.ok(said.parts > 900)
  void (async () => {
    for await (const _ of stream);
  })()
  const follower = b.runs.stream("talks", "go", { idempotencyKey: "k" })
  await follower.next()
  await stillness(said)
  await follower.return(undefined)
  const before = said.parts
  await until(() => said.parts > before + 500)
  await a.runs.drain(0)
})

t.test("a client that reads no more holds the run back, over REST and gRPC", async (t) => {
  const { model, said } = endlessModel(10_000)
  const node = await openNode({
    models: { endless: model },
    agents: [{ ...agent, model: "endless" }],
    topologies: {},
  })
  t.teardown(() => node.stop())
  const control = new AbortController()
  const response = await fetch(`${node.rest}/v1/runs`, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "text/event-stream" },
    body: JSON.stringify({ target: "talker", input: "go" }),
    signal: control.signal,
  })
  await response.body?.getReader().read()
  t.ok((await stillness(said)) < 4000, `REST: ${said.parts} parts`)
  control.abort()
  await until(() => said.ended)
  Object.assign(said, { parts: 0, ended: false })

  const client = new GrpcClient(node.grpc, credentials.createInsecure())
  const { RunRequest, RunEvent } = llmagentos.v1
  const call = client.makeServerStreamRequest(
    "/llmagentos.v1.AgentService/StreamRun",
    (request: object) => Buffer.from(RunRequest.encode(request).finish()),
    (bytes) => RunEvent.decode(bytes),
    { target: "talker", input: "go" },
  )
  call.on("error", () => undefined)
  await new Promise((done) => call.once("data", done))
  call.pause()
  t.ok((await stillness(said)) < 4000, `gRPC: ${said.parts} parts`)
  call.cancel()
  await until(() => said.ended)
  client.close()
})
