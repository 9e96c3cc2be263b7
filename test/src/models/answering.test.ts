/** What becomes of a run on the servers that its agents' models are on: well and badly, by the API and at the doors. */
import t from "tap"
import { z } from "zod"
import { createClient } from "#src/client/index.js"
import { createAgentOS, type AgentOSOptions } from "#src/os.js"
import { defineTool } from "#src/tools/tool.js"
import { calling, chunk, modelServer, refusing, saying, stream } from "#test/support/model-server.js"

const [server, spare] = [await modelServer(), await modelServer()]
t.teardown(() => {
  server.close()
  spare.close()
})
const at = (baseUrl: string) => ({ kind: "openai-compatible" as const, baseUrl, model: "m" })
const one = { name: "one", model: "first", instructions: "Answer.", decoding: { maxTokens: 50, temperature: 0.1 } }

async function node(agent: object = {}, options: AgentOSOptions = {}) {
  server.requests.length = spare.requests.length = 0
  return createAgentOS({
    data: "memory",
    models: { first: at(server.baseUrl), spare: at(spare.baseUrl) },
    agents: [{ ...one, ...agent }],
    topologies: { alone: { kind: "agent", agent: "one" } },
    gateway: { port: 0, grpcPort: 0 },
    ...options,
  })
}

t.test("a server that is busy once does not fail the run", async (t) => {
  const os = await node()
  server.answers(refusing(429, undefined, { "retry-after": "0" }), refusing(503), saying("Hello."))
  const run = await os.run("one", "hello")
  t.match(run, { output: "Hello.", finish: "stop", context: { provenance: [{ model: "first" }] } })
  t.equal(server.requests.length, 3)
  await os.stop()
})

t.test(
  "a run's provenance names the model that answered, which is the fallback where the first does not",
  async (t) => {
    spare.answers(saying("I am the other."))
    const os = await node({ fallbackModel: "spare" })
    for (const answer of [refusing(401), refusing(429, undefined, { "retry-after": "3600" })]) {
      server.answers(answer)
      t.match(await os.run("one", "hello"), {
        output: "I am the other.",
        context: { provenance: [{ model: "spare" }] },
      })
    }
    for await (const event of os.stream("alone", "hello"))
      if (event.type === "step" && event.status === "finished") t.equal(event.model, "spare")
    await os.stop()
    await t.rejects(node({ fallbackModel: "nobody" }), { code: "UNKNOWN_MODEL", message: /"nobody"/ })
  },
)

t.test("a refusal is told at the doors in the server's words, and how long to wait", async (t) => {
  const os = await node()
  const { rest, grpc } = await os.listen()
  const ask = (target: string) =>
    fetch(`${rest}/v1/runs`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ target, input: "hello", timeoutMs: 20_000 }),
    })
  for (const target of ["one", "alone"]) {
    server.answers(refusing(429, { error: "come back later" }, { "retry-after": "3600" }))
    const busy = await ask(target)
    t.equal(busy.status, 503)
    t.equal(busy.headers.get("retry-after"), "3600")
    t.match(await busy.json(), { error: { code: "MODEL_UNAVAILABLE", message: /come back later/, retryable: true } })
    server.answers(refusing(404, { error: { message: "there is no model m" } }))
    const refused = await ask(target)
    t.equal(refused.status, 502)
    t.match(await refused.json(), {
      error: { code: "MODEL_REFUSED", message: /there is no model m/, retryable: false },
    })
  }
  for (const url of [rest, `grpc://${grpc}`]) {
    const client = createClient({ url })
    const busy = {
      code: "MODEL_UNAVAILABLE",
      message: /come back later/,
      retryable: true,
      details: { retryAfterMs: 3_600_000 },
    }
    server.answers(refusing(429, { error: "come back later" }, { "retry-after": "3600" }))
    await t.rejects(client.run("one", "hello"), busy, url)
    server.answers(refusing(401, { error: { message: "who are you?" } }))
    const refused = { code: "MODEL_REFUSED", message: /who are you\?/, retryable: false, details: { status: 401 } }
    await t.rejects(client.run("one", "hello"), refused, url)
    await client.close()
  }
  await os.stop()
})

t.test(
  "a call whose arguments are no JSON is not run; the model and its server are told what can be read",
  async (t) => {
    let runs = 0
    const parameters = z.looseObject({})
    const sends = defineTool({ name: "send", description: "Sends.", parameters, execute: () => `sent ${++runs}` })
    const os = await node({ tools: ["send"] }, { tools: [sends] })
    for (const text of ['{"to":', "[1]", "null", "7"]) {
      server.answers(stream(calling(0, "send", text), chunk({}, "tool_calls")), saying("Sorry."))
      t.match(await os.run("one", "send it"), { output: "Sorry." })
      const { messages } = server.requests.at(-1) as { messages: { content: string }[] }
      t.match(messages.slice(2), [
        { role: "assistant", tool_calls: [{ function: { name: "send", arguments: "{}" } }] },
        { role: "tool", content: /was not run: its arguments are no JSON object/ },
      ])
      t.match(messages.at(-1)?.content, text)
    }
    server.answers(stream(calling(0, "send", '{"to":"Ad'), chunk({}, "length")))
    t.match(await os.run("one", "send it"), { output: "", finish: "length" })
    t.equal(runs, 0)
    await os.stop()
  },
)

t.test("how a run wants words chosen goes over the agent's own, and to no topology", async (t) => {
  const os = await node()
  server.answers(saying("Hello."))
  await os.run("one", "hello", { decoding: { temperature: 0.7, seed: 3, stop: ["END"] } })
  t.match(server.requests.at(-1), { temperature: 0.7, seed: 3, stop: ["END"], max_tokens: 50 })
  const kept = await os.run("one", "hello", { decoding: { topP: 0.5 }, idempotencyKey: "k" })
  t.match(server.requests.at(-1), { temperature: 0.1, top_p: 0.5 })
  t.same(await os.run("one", "hello", { decoding: { topP: 0.5 }, idempotencyKey: "k" }), kept)
  await t.rejects(os.run("one", "hello", { decoding: { topP: 0.6 }, idempotencyKey: "k" }), { code: "KEY_REUSED" })
  await t.rejects(os.run("alone", "hello", { decoding: { topP: 0.5 } }), {
    code: "INVALID_OPTION",
    message: /ask one agent/,
  })
  await os.stop()
})

t.test("both clients hear which model answered a step, and that tokens are estimated", async (t) => {
  const os = await node()
  const { rest, grpc } = await os.listen()
  server.answers(saying("Hello."))
  for (const url of [rest, `grpc://${grpc}`]) {
    const client = createClient({ url })
    for (const target of ["one", "alone"]) {
      const told: unknown[] = []
      for await (const event of client.stream(target, "hello"))
        if ((event.type === "step" && event.status === "finished") || event.type === "end") told.push(event)
      t.match(
        told,
        [
          { model: "first", usage: { estimated: true } },
          { type: "end", usage: { estimated: true } },
        ],
        url,
      )
    }
    await client.close()
  }
  await os.stop()
})
