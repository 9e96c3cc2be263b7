import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import t from "tap"
import "#src/errors.js"
import { AgentOSError } from "#actors/errors.js"
import type { ModelPart, ModelRequest } from "#src/models/model.js"
import { openAiCompatible } from "#src/models/providers/openai-compatible.js"

/** What the server was sent, and how it answers: a server of the other kind, made by hand from OpenAI's documentation. */
let received: Record<string, unknown> = {}
let authorization: string | undefined
let answer: (response: ServerResponse, request: IncomingMessage) => void = () => {}

const server = createServer((request, response) => {
  let body = ""
  request.on("data", (chunk: Buffer) => (body += chunk.toString()))
  request.on("end", () => {
    received = JSON.parse(body) as Record<string, unknown>
    authorization = request.headers.authorization
    answer(response, request)
  })
})
await new Promise<void>((done) => server.listen(0, "127.0.0.1", done))
t.teardown(() => {
  server.closeAllConnections()
  server.close()
})
const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
process.env["TEST_MODEL_KEY"] = "secret"
const model = openAiCompatible("remote", { baseUrl, model: "some-model", apiKeyEnv: "TEST_MODEL_KEY" })

const events = (...chunks: readonly unknown[]): string =>
  [...chunks.map((chunk) => JSON.stringify(chunk)), "[DONE]"].map((data) => `data: ${data}\n\n`).join("")
const chunk = (delta: unknown, finish: string | null = null, usage?: unknown) => ({
  id: "c1",
  object: "chat.completion.chunk",
  created: 1,
  model: "some-model",
  choices: [{ index: 0, delta, finish_reason: finish }],
  ...(usage === undefined ? {} : { usage }),
})
function stream(...chunks: readonly unknown[]): typeof answer {
  return (response) => {
    response.writeHead(200, { "content-type": "text/event-stream" })
    response.end(events(...chunks))
  }
}
async function collect(request: ModelRequest): Promise<ModelPart[]> {
  const parts: ModelPart[] = []
  for await (const part of model.generate(request)) parts.push(part)
  return parts
}
const hello: ModelRequest = { messages: [{ role: "user", content: "hello" }] }

t.test("text streams; usage and finish come last; the request is in the server's words", async (t) => {
  answer = stream(
    chunk({ role: "assistant", content: "Hel" }),
    chunk({ content: "lo." }),
    chunk({}, "stop", { prompt_tokens: 7, completion_tokens: 2, total_tokens: 9 }),
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
  t.match(received, {
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
  t.equal(authorization, "Bearer secret")
})

t.test("tools go and calls come with their own names, dots included", async (t) => {
  answer = stream(
    chunk({ tool_calls: [{ index: 0, id: "call-1", type: "function", function: { name: "knowledge__search", arguments: '{"que' } }] }), // prettier-ignore
    chunk({ tool_calls: [{ index: 0, function: { arguments: 'ry":"state"}' } }] }),
    chunk({}, "tool_calls"),
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
    call: { id: "call-1", tool: "knowledge.search", arguments: { query: "state" } },
  })
  t.match(parts[1], { type: "finish", reason: "tool-calls" })
  t.match(received, {
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
    answer = (response, request) => {
      request.socket.once("close", () => done())
      response.writeHead(200, { "content-type": "text/event-stream" })
      response.write(`data: ${JSON.stringify(chunk({ role: "assistant", content: "Hel" }))}\n\n`)
    }
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
  answer = () => {}
  t.equal(await code({ ...hello, timeoutMs: 30 }), "DEADLINE_EXCEEDED true")
  answer = (response) => response.writeHead(500, { "content-type": "application/json" }).end('{"error":{"message":"no"}}')
  t.equal(await code(hello), "MODEL_UNAVAILABLE true")
  answer = (response) => {
    response.writeHead(200, { "content-type": "text/event-stream" })
    response.write(`data: ${JSON.stringify(chunk({ content: "Hel" }))}\n\n`, () => response.destroy())
  }
  t.equal(await code(hello), "MODEL_UNAVAILABLE true")
  const nobody = openAiCompatible("nobody", { baseUrl: "http://127.0.0.1:9/v1", model: "m" })
  t.equal(await code(hello, nobody), "MODEL_UNAVAILABLE true")
  const keyless = openAiCompatible("keyless", { baseUrl, model: "m", apiKeyEnv: "NO_SUCH_KEY" })
  t.equal(await code(hello, keyless), "PROVIDER_MISSING false")
}) // prettier-ignore
