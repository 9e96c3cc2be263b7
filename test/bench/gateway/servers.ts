/** The process of the servers: a node whose agent answers at once, bare Fastify and bare grpc-js. Idle ones cost nothing. */
import { mkdtemp } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Server, ServerCredentials } from "@grpc/grpc-js"
import fastify from "fastify"
import { systemClock, systemRandom } from "#actors/clock.js"
import { llmagentos } from "#proto/agent.generated.js"
import type { Model } from "#src/models/model.js"
import { createAgentOS } from "#src/os.js"
import type { PolicyRule } from "#src/security/policy.js"
import { ApiKeys } from "#src/security/keys.js"
import type { Doors } from "./bench.js"

const { v1 } = llmagentos
const answer = { runId: "2a3c0c1e-6c5e-4c6e-9a51-3d4d1f1f8a10", target: "echo", output: "hello", usage: { promptTokens: 3, completionTokens: 1, cachedTokens: 0 }, elapsedMs: 0.25, sources: [] } // prettier-ignore

/** A model that costs nothing. */
const instant: Model = {
  info: { id: "instant", provider: "bench", backend: "none" },
  async *generate() {
    yield { type: "text", text: "hello" }
    yield { type: "finish", reason: "stop", usage: { promptTokens: 3, completionTokens: 1, cachedTokens: 0 } }
  },
  async stop() {},
}

async function node(): Promise<Doors> {
  const data = await mkdtemp(join(tmpdir(), "gateway-bench-"))
  // A rule that does not match: the policy is asked, and lets everyone through.
  const policy: PolicyRule[] = [{ caller: "nobody", may: "call", target: "*", effect: "deny" }]
  const security = { policy, requireKeys: "always", requestsPerMinute: 1_000_000_000 } as const
  const agent = { name: "echo", model: "instant", instructions: "echo", memory: true }
  const os = await createAgentOS({
    data,
    models: { instant },
    agents: [agent],
    security,
    gateway: { port: 0, grpcPort: 0 },
  })
  const { key } = await (await ApiKeys.open(os.keys, systemClock, systemRandom)).create("bench")
  return { ...(await os.listen()), key }
}

async function bareFastify(): Promise<string> {
  const app = fastify()
  const text = { type: "string" }
  const number = { type: "number" }
  const usage = { type: "object", properties: { promptTokens: number, completionTokens: number, cachedTokens: number } }
  const reply = { type: "object", properties: { runId: text, target: text, output: text, usage, elapsedMs: number, sources: { type: "array", items: text } } } // prettier-ignore
  const body = {
    type: "object",
    required: ["target", "input"],
    properties: { target: text, input: text, conversation: text },
  }
  app.post("/v1/runs", { schema: { body, response: { 200: reply } } }, async () => answer)
  return app.listen({ host: "127.0.0.1", port: 0 })
}

function bareGrpc(): Promise<string> {
  const server = new Server()
  const run = {
    path: "/llmagentos.v1.AgentService/Run",
    requestStream: false,
    responseStream: false,
    requestSerialize: (value: object) => Buffer.from(v1.RunRequest.encode(value).finish()),
    requestDeserialize: (bytes: Buffer) => v1.RunRequest.decode(bytes),
    responseSerialize: (value: object) => Buffer.from(v1.RunReply.encode(value).finish()),
    responseDeserialize: (bytes: Buffer) => v1.RunReply.decode(bytes),
  } as const
  server.addService(
    { Run: run },
    { Run: (_call: unknown, callback: (error: null, value: object) => void) => callback(null, answer) },
  )
  return new Promise(
    (resolve, reject) =>
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => (error === null ? resolve(`127.0.0.1:${port}`) : reject(error))), // prettier-ignore
  )
}

process.once("message", async () => {
  const [doors, rest, grpc] = await Promise.all([node(), bareFastify(), bareGrpc()])
  const bare = { rest, grpc, key: doors.key }
  process.send?.({ node: doors, "node with memory": doors, "bare Fastify": bare, "bare grpc-js": bare })
})
process.send?.("ready")
