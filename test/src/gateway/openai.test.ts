import OpenAI from "openai"
import t from "tap"
import { createAgentOS } from "#src/os.js"
import { remainder } from "#src/gateway/chat.js"
import { modelServer, saying } from "#test/support/model-server.js"
import { openNode } from "#test/support/open-node.js"

const connect = (node: { rest: string }) => new OpenAI({ baseURL: `${node.rest}/v1`, apiKey: "unused", maxRetries: 0 })

t.test("OpenAI's own client lists agents and topologies as models", async (t) => {
  const node = await openNode()
  const openai = connect(node)
  const models = (await openai.models.list()).data.map(({ id }) => id)
  t.ok(models.includes("echo") && models.includes("twice"))
  t.match(await openai.models.retrieve("twice"), { id: "twice", object: "model" })
  await t.rejects(openai.models.retrieve("nobody"), { message: /^404/ })
  await node.stop()
})

t.test("an agent of one node is the model of an agent of another", async (t) => {
  const node = await openNode()
  const other = await createAgentOS({
    data: "memory",
    models: { far: { kind: "openai-compatible", baseUrl: `${node.rest}/v1`, model: "echo" } },
    agents: [{ name: "near", model: "far", instructions: "Say it again." }],
  })
  const tokens: string[] = []
  for await (const event of other.stream("near", "one two three")) {
    if (event.type === "token") tokens.push(event.text)
    if (event.type === "end") t.match(event.run, { output: "one two three", usage: { completionTokens: 3 } })
  }
  t.ok(tokens.length > 1, "tokens stream through both")
  await node.os.agents.stop("echo")
  await t.rejects(other.run("near", "again"))
  await other.stop()
  await node.stop()
})

t.test("OpenAI's own client chats; what was said before reaches the agent", async (t) => {
  const node = await openNode()
  const answer = await connect(node).chat.completions.create({
    model: "echo",
    temperature: 0,
    messages: [
      { role: "system", content: "Be brief." },
      { role: "user", content: "My name is Ada." },
      { role: "assistant", content: "Hello Ada." },
      { role: "user", content: [{ type: "text", text: "What is my name?" }] },
    ],
  })
  t.match(answer, {
    object: "chat.completion",
    model: "echo",
    choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content: "What is my name?" } }],
    usage: { completion_tokens: 4 },
  })
  t.equal(answer.usage?.total_tokens, (answer.usage?.prompt_tokens ?? 0) + 4)
  const heard = node.model.requests[0]?.messages.map(({ content }) => content)
  t.ok(heard?.includes("My name is Ada.") && heard.includes("Hello Ada."), "the history is part of the prompt")
  await node.stop()
})

t.test("OpenAI's own client streams: an agent word by word, a topology its answer, usage on request", async (t) => {
  const node = await openNode()
  const openai = connect(node)
  for (const [model, pieces] of [
    ["echo", 3],
    ["twice", 1],
  ] as const) {
    const stream = await openai.chat.completions.create({
      model,
      stream: true,
      stream_options: { include_usage: true },
      messages: [{ role: "user", content: "one two three" }],
    })
    const texts: string[] = []
    let usage: OpenAI.CompletionUsage | null | undefined
    let finish: string | null | undefined
    for await (const chunk of stream) {
      const text = chunk.choices[0]?.delta.content
      if (text) texts.push(text)
      finish = chunk.choices[0]?.finish_reason ?? finish
      usage = chunk.usage ?? usage
    }
    t.equal(texts.join(""), "one two three")
    t.equal(texts.length, pieces)
    t.equal(finish, "stop")
    t.ok((usage?.completion_tokens ?? 0) >= 3)
  }
  await node.stop()
})

t.test("OpenAI's own client is told why an answer ends, streamed or not", async (t) => {
  const server = await modelServer()
  const node = await openNode({
    models: { far: { kind: "openai-compatible", baseUrl: server.baseUrl, model: "m" } },
    agents: [{ name: "near", model: "far", instructions: "Answer." }],
    topologies: { alone: { kind: "agent", agent: "near" } },
  })
  const openai = connect(node)
  const messages = [{ role: "user" as const, content: "hello" }]
  for (const reason of ["stop", "length", "content_filter"]) {
    server.answers(saying("Hel", reason))
    for (const model of ["near", "alone"]) {
      const answer = await openai.chat.completions.create({ model, messages })
      t.match(answer.choices, [{ finish_reason: reason, message: { content: "Hel" } }])
      const reasons: (string | null | undefined)[] = []
      for await (const { choices } of await openai.chat.completions.create({ model, messages, stream: true }))
        reasons.push(choices[0]?.finish_reason)
      t.same(reasons, [...reasons.slice(0, -1).map(() => null), reason])
    }
  }
  await node.stop()
  server.close()
})

t.test("a stream that is asked for again with its idempotency key reads as it did at first", async (t) => {
  const node = await openNode()
  const openai = connect(node)
  for (const model of ["echo", "twice"]) {
    const read = async () => {
      const messages = [{ role: "user" as const, content: "one two three" }]
      const stream = await openai.chat.completions.create(
        { model, messages, stream: true, stream_options: { include_usage: true } },
        { headers: { "Idempotency-Key": `again-${model}` } },
      )
      const chunks: OpenAI.ChatCompletionChunk[] = []
      for await (const chunk of stream) chunks.push(chunk)
      const deltas = chunks.flatMap(({ choices }) => choices.map(({ delta }) => delta))
      return {
        ids: [...new Set(chunks.map(({ id }) => id))],
        first: deltas[0],
        text: deltas.map(({ content }) => content ?? "").join(""),
        roles: deltas.filter(({ role }) => role !== undefined).length,
        usage: chunks.at(-1)?.usage,
      }
    }
    const first = await read()
    t.match(first, { ids: [/^chatcmpl-.+$/], first: { role: "assistant" }, text: "one two three", roles: 1 })
    t.strictSame(await read(), first)
  }
  await node.stop()
})

t.test("OpenAI's own client understands what goes wrong", async (t) => {
  const node = await openNode()
  const openai = connect(node)
  const hello = [{ role: "user" as const, content: "hello" }]
  await t.rejects(openai.chat.completions.create({ model: "nobody", messages: hello }), {
    status: 404,
    code: "model_not_found",
    param: "model",
    type: "invalid_request_error",
  })
  await t.rejects(openai.chat.completions.create({ model: "echo", messages: [] }), {
    status: 400,
    code: "INVALID_REQUEST",
  })
  await t.rejects(openai.chat.completions.create({ model: "echo", messages: hello, n: 2 }), { message: /^400/ })
  await t.rejects(openai.chat.completions.create({ model: "echo", messages: [{ role: "assistant", content: "hi" }] }), {
    message: /^400/,
  })
  const tools = [{ type: "function" as const, function: { name: "f", parameters: {} } }]
  await t.rejects(openai.chat.completions.create({ model: "echo", messages: hello, tools }), {
    status: 400,
    message: /own tools/,
  })
  const failing = await openai.chat.completions.create({ model: "fails", messages: hello, stream: true })
  await t.rejects(
    async () => {
      for await (const chunk of failing) t.ok(chunk)
    },
    { message: "the model is broken" },
  )
  const wrong = new OpenAI({ baseURL: `${node.rest}/v1`, apiKey: "lao_0123456789abcdef_wrong", maxRetries: 0 })
  await t.rejects(wrong.models.list(), { message: /^401/ })
  await node.stop()
})

t.test("what is left to send always completes the answer", (t) => {
  t.equal(remainder("", "all of it"), "all of it")
  t.equal(remainder("all ", "all of it"), "of it")
  t.equal(remainder("all of it \n", "all of it"), "")
  t.equal(remainder("a wrong start", "all of it"), "\nall of it")
  t.end()
})
