import t from "tap"
import "#src/errors.js"
import { createClient } from "#src/client/index.js"
import { openNode } from "#test/support/open-node.js"

/** Calls that are wrong, whatever checks them. */
const wrong: readonly (readonly [string, unknown])[] = [
  ["Run", { target: "echo", input: "hi", foo: 1 }],
  ["Run", { target: "echo", input: 5 }],
  ["Run", { target: "echo", input: "hi", conversation: "\ud800" }],
  ...[-1, 0, 1.5, 2 ** 32 + 100, Number.NaN, "7", null].map(
    (budgetTokens) => ["Run", { target: "echo", input: "hi", budgetTokens }] as const,
  ),
  ...[Number.NaN, 0, -1, 0.5, 1e15, 1e18, Infinity, -Infinity].map(
    (timeoutMs) => ["Run", { target: "echo", input: "hi", timeoutMs }] as const,
  ),
  ["ReplicateAgent", { name: "echo", count: 2 ** 32 + 2 }],
  ["SearchKnowledge", { query: "x", unit: "sentence" }],
  ["FindFacts", { limit: 2 ** 32 + 1 }],
  ["ListAgents", { x: 1 }],
  ["ListAgents", undefined],
]

t.test("the client refuses what no operation takes before it is sent, whatever carries it", async (t) => {
  const node = await openNode()
  t.teardown(() => node.stop())
  for (const url of [node.rest, `grpc://${node.grpc}`]) {
    const client = createClient({ url })
    t.teardown(() => client.close())
    await client.run("echo", "a warm connection")
    const asked = node.model.requests.length
    for (const [name, input] of wrong)
      await t.rejects(client.call(name as "Run", input as never), { code: "INVALID_REQUEST", executed: "no" }, `${url} ${name} ${JSON.stringify(input)}`) // prettier-ignore
    const events = client.stream("echo", "hi", { timeoutMs: Number.NaN })[Symbol.asyncIterator]()
    await t.rejects(events.next(), { code: "INVALID_REQUEST", executed: "no" })
    for (const idempotencyKey of ["", "x".repeat(201), "a\nb", "日"])
      await t.rejects(client.run("echo", "hi", { idempotencyKey }), { code: "INVALID_REQUEST", executed: "no" })
    for (const name of ["NoSuch", "toString", "constructor", "StreamRun"])
      await t.rejects(client.call(name as "Run", {} as never), { code: "UNKNOWN_OPERATION", executed: "no" }, name)
    await t.rejects(
      client
        .follow("Run" as never, {} as never)
        [Symbol.asyncIterator]()
        .next(),
      {
        code: "UNKNOWN_OPERATION",
      },
    )
    const signal = AbortSignal.abort()
    await t.rejects(client.run("echo", "hi", { signal }), { code: "CANCELLED", executed: "no" })
    for (const apiKey of ["a\nb", "日", "a b"])
      t.throws(() => createClient({ url, apiKey }), { code: "INVALID_REQUEST", message: /apiKey/ })
    t.equal(node.model.requests.length, asked, "nothing was asked")
    t.equal((await client.agent("echo")).replicas, 1)
  }
})

t.test("half a surrogate pair is one U+FFFD at every door, and one run under one key", async (t) => {
  const node = await openNode()
  t.teardown(() => node.stop())
  const clients = [node.rest, `grpc://${node.grpc}`].map((url) => createClient({ url }))
  t.teardown(() => Promise.all(clients.map((client) => client.close())))
  for (const [n, input] of ["a\ud800b", "\udc00", "x \ud83d", "\udc00\ud800", "a 😀 \ud83d 😀"].entries()) {
    const asked = node.model.requests.length
    for (const client of clients) await client.run("echo", input, { idempotencyKey: `half-${n}` })
    t.equal(node.model.requests.length, asked + 1, "it was asked once")
    t.equal(node.model.requests.at(-1)?.messages.at(-1)?.content, input.toWellFormed())
  }
})

t.test("a field that an operation does not know is refused in the query and the body of every method", async (t) => {
  const node = await openNode()
  t.teardown(() => node.stop())
  const asked = (method: string, path: string, body?: object) =>
    fetch(node.rest + path, {
      method,
      ...(body === undefined ? {} : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
    })
  const run = { target: "echo", input: "hi" }
  const chat = { model: "echo", messages: [{ role: "user", content: "hi" }] }
  for (const [method, path, body] of [
    ["POST", "/v1/runs?timeoutMs=100", run],
    ["POST", "/v1/agents/echo/start?foo=1", {}],
    ["POST", "/v1/chat/completions?foo=1", chat],
    ["POST", "/v1/knowledge/search?limit=1", { query: "x" }],
    ["GET", "/v1/agents?x=1", undefined],
    ["DELETE", "/v1/runs/x?foo=1", undefined],
    ["DELETE", "/v1/runs/x", { runId: "y" }],
    ["DELETE", "/v1/knowledge/documents/x", { id: "y" }],
  ] as const) {
    const answer = await asked(method, path, body)
    t.equal(answer.status, 400, `${method} ${path}`)
    t.match(await answer.json(), { error: { code: "INVALID_REQUEST" } })
  }
  t.equal((await asked("POST", "/v1/chat/completions", chat)).status, 200)
  t.equal((await asked("DELETE", "/v1/knowledge/documents/x")).status, 200)
})

t.test("a name of too many bytes is refused with the limit that it meets", async (t) => {
  const node = await openNode()
  t.teardown(() => node.stop())
  for (const url of [node.rest, `grpc://${node.grpc}`]) {
    const client = createClient({ url })
    t.teardown(() => client.close())
    t.equal((await client.run("echo", "hi", { conversation: "日".repeat(170) })).output, "hi")
    for (const conversation of ["日".repeat(171), "😀".repeat(99) + "é".repeat(70)])
      await t.rejects(client.run("echo", "hi", { conversation }), { code: "INVALID_REQUEST", message: /conversation .* bytes; at most 512 bytes/ }) // prettier-ignore
  }
})

t.test("base64 that is none is refused, and the document that it would replace stays", async (t) => {
  const node = await openNode({ knowledge: { shipped: false } })
  t.teardown(() => node.stop())
  for (const url of [node.rest, `grpc://${node.grpc}`]) {
    const client = createClient({ url })
    t.teardown(() => client.close())
    await client.addDocument({ id: "keep", format: "text", content: "The harbor is old." })
    for (const content of ["!!!", "@@@###", "aGVsbG8*", "a", "aGVs=bG8=", "aGVsbG8\ud83d"])
      await t.rejects(client.call("AddDocument", { id: "keep", format: "text", content, encoding: "base64" }), { code: "DOCUMENT_UNREADABLE", executed: "no" }, content) // prettier-ignore
    t.match(await client.search("harbor"), [{ text: "The harbor is old." }])
    for (const content of ["VGhlIG1lYWRvdyBpcyBncmVlbi4=", "VGhlIG1lYWRvdyBp\r\ncyBncmVlbi4\n"])
      t.match(await client.call("AddDocument", { id: "other", format: "text", content, encoding: "base64" }), { chunks: 1 }) // prettier-ignore
    t.match(await client.search("meadow"), [{ text: "The meadow is green." }])
    await t.rejects(client.addDocument({ id: "p", format: "pdf", content: "not base64!" }), { code: "DOCUMENT_UNREADABLE" }) // prettier-ignore
    for (const id of [".", ".."])
      await t.rejects(client.addDocument({ id, format: "text", content: "x" }), { code: "INVALID_NAME" }, id)
  }
})

t.test(
  "a body or message that is too large is refused with its limit by every door, and nothing was done",
  async (t) => {
    const node = await openNode({ knowledge: { shipped: false } })
    t.teardown(() => node.stop())
    const content = "The harbor is old. ".repeat((31 * 2 ** 20) / 19)
    for (const url of [node.rest, `grpc://${node.grpc}`]) {
      const client = createClient({ url })
      t.teardown(() => client.close())
      await t.rejects(client.addDocument({ id: "big", format: "text", content }), {
        code: "PAYLOAD_TOO_LARGE",
        message: /gateway.bodyLimitBytes/,
        executed: "no",
      })
      t.same(await client.documents(), [])
    }
  },
)

t.test(
  "an agent that would have too many replicas keeps those it has, and the refusal says that nothing was done",
  async (t) => {
    const node = await openNode({ limits: { maxReplicas: 10 } })
    t.teardown(() => node.stop())
    for (const url of [node.rest, `grpc://${node.grpc}`]) {
      const client = createClient({ url })
      t.teardown(() => client.close())
      await t.rejects(client.replicateAgent("echo", 60), { code: "BUDGET_EXCEEDED", executed: "no" })
      t.match(await client.agent("echo"), { replicas: 1 })
    }
  },
)
