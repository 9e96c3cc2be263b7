import t from "tap"
import "#src/errors.js"
import { AgentOSError } from "#actors/errors.js"
import type { ModelPart, ModelRequest } from "#src/models/model.js"
import { openAiCompatible } from "#src/models/providers/openai-compatible.js"
import { calling, chunk, modelServer, refusing, stream } from "#test/support/model-server.js"

const server = await modelServer()
t.teardown(() => server.close())
process.env["TEST_MODEL_KEY"] = "secret"
const options = { baseUrl: server.baseUrl, model: "some-model", apiKeyEnv: "TEST_MODEL_KEY" }
const model = openAiCompatible("remote", options)

async function collect(request: ModelRequest): Promise<ModelPart[]> {
  const parts: ModelPart[] = []
  for await (const part of model.generate(request)) parts.push(part)
  return parts
}
const hello: ModelRequest = { messages: [{ role: "user", content: "hello" }] }

t.test("text streams; usage and finish come last; the request is in the server's words", async (t) => {
  server.answers(
    stream(
      chunk({ role: "assistant", content: "Hel" }),
      chunk({ content: "lo." }),
      chunk({}, "stop", { prompt_tokens: 7, completion_tokens: 2, total_tokens: 9 }),
    ),
  )
  const parts = await collect({
    messages: [{ role: "system", content: "be kind" }, ...hello.messages],
    decoding: { maxTokens: 9, temperature: 0.5, topP: 0.9, stop: ["END"], seed: 3 },
  })
  t.same(parts, [
    { type: "text", text: "Hel" },
    { type: "text", text: "lo." },
    { type: "finish", reason: "stop", usage: { promptTokens: 7, completionTokens: 2, cachedTokens: 0 } },
  ])
  t.match(server.requests.at(-1), {
    model: "some-model",
    stream: true,
    max_tokens: 9,
    temperature: 0.5,
    top_p: 0.9,
    stop: ["END"],
    seed: 3,
    messages: [
      { role: "system", content: "be kind" },
      { role: "user", content: "hello" },
    ],
  })
  t.equal(server.authorizations.at(-1), "Bearer secret")
})

t.test("tools go and calls come with their own names, dots included", async (t) => {
  server.answers(
    stream(calling(0, "knowledge__search", '{"que'), calling(0, undefined, 'ry":"state"}'), chunk({}, "tool_calls")),
  )
  const parts = await collect({
    messages: [
      { role: "user", content: "find" },
      { role: "assistant", content: "", toolCalls: [{ id: "0", tool: "knowledge.search", arguments: { query: "a" } }] },
      { role: "tool", toolCallId: "0", tool: "knowledge.search", content: "nothing" },
    ],
    tools: [
      {
        name: "knowledge.search",
        description: "Looks up.",
        parameters: { type: "object", properties: { query: { type: "string" } }, required: ["query"] },
      },
    ],
  })
  t.same(parts[0], {
    type: "tool-call",
    call: { id: "call-0", tool: "knowledge.search", arguments: { query: "state" } },
  })
  t.match(parts[1], { type: "finish", reason: "tool-calls" })
  t.match(server.requests.at(-1), {
    tools: [{ type: "function", function: { name: "knowledge__search" } }],
    messages: [
      { role: "user" },
      { role: "assistant", tool_calls: [{ id: "0", function: { name: "knowledge__search", arguments: '{"query":"a"}' } }] },
      { role: "tool", tool_call_id: "0", content: "nothing" },
    ],
  }) // prettier-ignore
})

t.test("cancelling ends the stream with what was said, and the connection (P2)", async (t) => {
  const closed = new Promise<void>((done) => {
    server.answers((response, request) => {
      request.socket.once("close", () => done())
      response.writeHead(200, { "content-type": "text/event-stream" })
      response.write(`data: ${JSON.stringify(chunk({ role: "assistant", content: "Hel" }))}\n\n`)
    })
  })
  const stop = new AbortController()
  const parts: ModelPart[] = []
  for await (const part of model.generate({ ...hello, signal: stop.signal })) {
    parts.push(part)
    stop.abort()
  }
  t.match(parts, [
    { type: "text", text: "Hel" },
    { type: "finish", reason: "cancelled" },
  ])
  await closed
})

t.test("a server that is late, refuses, breaks off or is not there: an error with its code", async (t) => {
  const code = (request: ModelRequest, of = model): Promise<string> =>
    (async () => {
      for await (const _ of of.generate(request));
      return "no error"
    })().catch((error: unknown) => (error instanceof AgentOSError ? `${error.code} ${error.retryable}` : String(error)))
  server.answers(() => {})
  t.equal(await code({ ...hello, timeoutMs: 30 }), "DEADLINE_EXCEEDED true")
  server.answers(refusing(500))
  t.equal(await code(hello), "MODEL_UNAVAILABLE true")
  server.answers((response) => {
    response.writeHead(200, { "content-type": "text/event-stream" })
    response.write(`data: ${JSON.stringify(chunk({ content: "Hel" }))}\n\n`, () => response.destroy())
  })
  t.equal(await code(hello), "MODEL_UNAVAILABLE true")
  const nobody = openAiCompatible("nobody", { baseUrl: "http://127.0.0.1:9/v1", model: "m" })
  t.equal(await code(hello, nobody), "MODEL_UNAVAILABLE true")
  const keyless = openAiCompatible("keyless", { ...options, apiKeyEnv: "NO_SUCH_KEY" })
  t.equal(await code(hello, keyless), "PROVIDER_MISSING false")
}) // prettier-ignore
