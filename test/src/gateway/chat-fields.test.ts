/** What becomes of each field of OpenAI's chat request, asked through OpenAI's own client. */
import OpenAI from "openai"
import t from "tap"
import { chatFields, type ChatField } from "#src/gateway/chat-fields.js"
import { openNode } from "#test/support/open-node.js"

type Body = OpenAI.ChatCompletionCreateParamsNonStreaming
const messages = [{ role: "user" as const, content: "hello there" }]

const node = await openNode()
t.teardown(() => node.stop())
const openai = new OpenAI({ baseURL: `${node.rest}/v1`, apiKey: "unused", maxRetries: 0 })
const ask = (fields: Record<string, unknown>, model = "echo") =>
  openai.chat.completions.create({ model, messages, ...fields } as Body)
const refusedAs = (param: string, message = /./) => ({
  status: 400,
  code: "INVALID_REQUEST",
  type: "invalid_request_error",
  param,
  message,
})

/** Values that ask for what an agent does anyway, and one that asks for something else. */
const samples: Readonly<Record<string, { readonly taken: readonly unknown[]; readonly refused: readonly unknown[] }>> =
  {
    model: { taken: ["echo"], refused: ["", 5, ["echo"]] },
    messages: {
      taken: [messages],
      refused: [
        [],
        "hello",
        [5],
        [{ role: "tool", tool_call_id: "1", content: "x" }, ...messages],
        [{ role: "assistant", content: "x" }],
      ],
    },
    stream: { taken: [false], refused: ["yes", 1] },
    stream_options: { taken: [], refused: [{ include_usage: true }, 5] },
    temperature: { taken: [0, 0.5, 2], refused: [-1, 2.1, "hot"] },
    top_p: { taken: [0, 0.5, 1], refused: [1.1, "all"] },
    max_tokens: { taken: [1, 100], refused: [0, -1, 1.5, "many"] },
    max_completion_tokens: { taken: [1, 100], refused: [0, 1.5] },
    stop: { taken: ["END", ["a", "b"], []], refused: ["", ["a", "b", "c", "d", "e"], 5, [5]] },
    seed: { taken: [0, -7, 42], refused: [1.5, "x"] },
    n: { taken: [1], refused: [2, 0] },
    tools: { taken: [[]], refused: [[{ type: "function", function: { name: "f", parameters: {} } }]] },
    tool_choice: { taken: ["none", "auto"], refused: ["required", { type: "function", function: { name: "f" } }] },
    parallel_tool_calls: { taken: [true, false], refused: ["yes"] },
    functions: { taken: [[]], refused: [[{ name: "f" }]] },
    function_call: { taken: ["none", "auto"], refused: [{ name: "f" }] },
    response_format: {
      taken: [{ type: "text" }],
      refused: [{ type: "json_object" }, { type: "json_schema", json_schema: { name: "x", schema: {} } }],
    },
    modalities: { taken: [["text"]], refused: [["audio"], ["text", "audio"]] },
    logprobs: { taken: [false], refused: [true] },
    top_logprobs: { taken: [0], refused: [5] },
    logit_bias: { taken: [{}], refused: [{ 50256: -100 }] },
    frequency_penalty: { taken: [0], refused: [0.5, -1] },
    presence_penalty: { taken: [0], refused: [0.5] },
    verbosity: { taken: ["medium"], refused: ["low", "high"] },
    store: { taken: [false], refused: [true] },
    metadata: { taken: [{}], refused: [{ a: "b" }] },
    service_tier: { taken: ["auto", "default"], refused: ["flex"] },
    reasoning_effort: { taken: [], refused: ["low", "high"] },
    prediction: { taken: [], refused: [{ type: "content", content: "x" }] },
    audio: { taken: [], refused: [{ voice: "alloy", format: "wav" }] },
    web_search_options: { taken: [], refused: [{}] },
    moderation: { taken: [], refused: [{}] },
    user: { taken: ["ada"], refused: [5] },
    safety_identifier: { taken: ["ada"], refused: [5] },
    prompt_cache_key: { taken: ["k"], refused: [5] },
    prompt_cache_options: { taken: [{}], refused: [5] },
    prompt_cache_retention: { taken: ["24h"], refused: [5] },
  }

t.test("every field that OpenAI's client knows has its place in the table, and no other", (t) => {
  const known: Record<keyof OpenAI.ChatCompletionCreateParams, ChatField> = chatFields
  const others: Exclude<keyof typeof chatFields, keyof OpenAI.ChatCompletionCreateParams>[] = []
  t.same(Object.keys(samples).sort(), Object.keys({ ...known, ...others }).sort())
  t.end()
})

t.test("each field is honoured, taken or refused by its name", async (t) => {
  for (const [name, { taken, refused }] of Object.entries(samples)) {
    for (const value of taken)
      t.match(await ask({ [name]: value }), { object: "chat.completion" }, `${name} ${JSON.stringify(value)}`)
    for (const value of refused) {
      const param = new RegExp(`^${name}`) as unknown as string
      await t.rejects(
        ask({ [name]: value }),
        refusedAs(param, new RegExp(`400 ${name}`)),
        `${name} ${JSON.stringify(value)}`,
      )
    }
    if (name !== "model" && name !== "messages")
      t.match(await ask({ [name]: null }), { object: "chat.completion" }, `${name} null`)
  }
  for (const name of ["temprature", "top_k", "__proto__x", "x".repeat(500)])
    await t.rejects(ask({ [name]: 1 }), refusedAs(name.slice(0, 60), /is no field of a chat request/))
  await t.rejects(ask({ messages: undefined }), refusedAs("messages", /is missing/))
  await t.rejects(ask({ max_tokens: 5, max_completion_tokens: 6 }), refusedAs("max_tokens"))
})

t.test(
  "an agent's model is asked with what the request says, over the agent's own; a topology refuses it by name",
  async (t) => {
    await ask({ temperature: 0.5, top_p: 0.9, max_completion_tokens: 9, stop: "END", seed: 3 })
    t.same(node.model.requests.at(-1)?.decoding, { temperature: 0.5, topP: 0.9, maxTokens: 9, stop: ["END"], seed: 3 })
    await ask({ max_tokens: 7, stop: ["a", "b"] })
    t.same(node.model.requests.at(-1)?.decoding, { maxTokens: 7, stop: ["a", "b"] })
    await ask({})
    t.same(node.model.requests.at(-1)?.decoding, {})
    const decoding = Object.entries<ChatField>(chatFields).filter(([, { fate }]) => fate === "decoding")
    t.equal(decoding.length, 6)
    for (const [name] of decoding) {
      const [value] = samples[name]?.taken ?? []
      await t.rejects(ask({ [name]: value }, "twice"), refusedAs(name, /ask one agent/))
      t.match(await ask({ [name]: null }, "twice"), { object: "chat.completion" })
    }
    for await (const chunk of await openai.chat.completions.create({
      model: "echo",
      messages,
      stream: true,
      temperature: 1,
    }))
      t.ok(chunk)
    t.same(node.model.requests.at(-1)?.decoding, { temperature: 1 })
    await t.rejects(
      openai.chat.completions.create({ model: "echo", messages, stream: true, top_logprobs: 5 }),
      refusedAs("top_logprobs"),
    )
  },
)

t.test("what a message holds beside text is refused by its place", async (t) => {
  const call = { id: "1", type: "function", function: { name: "f", arguments: "{}" } }
  for (const [message, param] of [
    [{ role: "user", content: [{ type: "image_url", image_url: { url: "data:," } }] }, "messages[0].content"],
    [
      {
        role: "user",
        content: [
          { type: "text", text: "a" },
          { type: "input_audio", input_audio: {} },
        ],
      },
      "messages[0].content",
    ],
    [{ role: "user", content: null }, "messages[0].content"],
    [{ role: "user" }, "messages[0].content"],
    [{ role: "user", content: "a", name: "ada" }, "messages[0].name"],
    [{ role: "assistant", content: null, tool_calls: [call] }, "messages[0].tool_calls"],
    [{ role: "assistant", content: "a", function_call: { name: "f", arguments: "" } }, "messages[0].function_call"],
    [{ role: "assistant", audio: { id: "x" } }, "messages[0].audio"],
    [{ role: "tool", tool_call_id: "1", content: "a" }, "messages[0].role"],
    [{ role: "function", name: "f", content: "a" }, "messages[0].role"],
    [{ role: "nobody", content: "a" }, "messages[0].role"],
    ["text", "messages[0]"],
  ] as const)
    await t.rejects(ask({ messages: [message, ...messages] }), refusedAs(param), JSON.stringify(message))
  const empty = {
    role: "assistant",
    content: "Hi.",
    refusal: null,
    tool_calls: [],
    annotations: [],
    audio: null,
    function_call: null,
  }
  await ask({
    messages: [
      { role: "developer", content: "Be brief." },
      { role: "user", content: "a" },
      empty,
      { role: "assistant", content: null },
      ...messages,
    ],
  })
  const heard = node.model.requests
    .at(-1)
    ?.messages.map(({ role, content }) => `${role}: ${content}`)
    .join("\n")
  t.match(heard, /Be brief\.[^]*user: a\nassistant: Hi\.\nuser: hello there/)
})
