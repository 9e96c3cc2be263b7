import t, { type Test } from "tap"
import "#src/errors.js"
import { AgentOSError } from "#actors/errors.js"
import type { Message, Model, ModelPart, ModelRequest } from "#src/models/model.js"
import { openAiCompatible } from "#src/models/providers/openai-compatible.js"
import { calling, chunk, modelServer, refusing, saying, stream, type Answer } from "#test/support/model-server.js"
import { until } from "#test/support/until.js"

const server = await modelServer()
t.teardown(() => server.close())
process.env["BAD_SERVER_KEY"] = "sk-secret-1234"
const model = openAiCompatible("remote", { baseUrl: server.baseUrl, model: "some-model", apiKeyEnv: "BAD_SERVER_KEY" })
const hello: ModelRequest = { messages: [{ role: "user", content: "hello" }] }
const usage = { prompt_tokens: 7, completion_tokens: 2, total_tokens: 9 }

async function collect(request: ModelRequest = hello, of: Model = model): Promise<ModelPart[]> {
  const parts: ModelPart[] = []
  for await (const part of of.generate(request)) parts.push(part)
  return parts
}
async function failure(answer: Answer): Promise<AgentOSError> {
  server.answers(answer)
  const error = await collect().then(
    (parts) => new Error(`it answered ${JSON.stringify(parts)}`),
    (thrown: unknown) => thrown,
  )
  if (error instanceof AgentOSError) return error
  throw error
}

t.test("a server's refusal is told in its own words and not as something to try again", async (t) => {
  for (const status of [400, 401, 402, 403, 404, 405, 409, 410, 413, 415, 422, 451]) {
    const error = await failure(refusing(status))
    t.match(error, { code: "MODEL_REFUSED", retryable: false, details: { status } }, `${status}`)
    t.match(error.message, new RegExp(`answered ${status}: it is ${status}$`))
  }
  for (const status of [408, 429, 500, 501, 502, 503, 504, 529]) {
    const error = await failure(refusing(status))
    t.match(error, { code: "MODEL_UNAVAILABLE", retryable: true, details: { status } }, `${status}`)
    t.match(error.message, new RegExp(`answered ${status}: it is ${status}$`))
  }
})

t.test("words are found in bodies of any shape, clipped, without our key", async (t) => {
  const page =
    "<!doctype html><html><head><style>b{color:red}</style><title>502</title></head><body><b>Bad</b> gateway</body></html>"
  const long = await failure(refusing(400, { error: { message: "é".repeat(100_000) } }))
  t.ok(long.message.length < 700, "a long body is clipped")
  for (const [body, words] of [
    [page, "502 Bad gateway"],
    ["just text", "just text"],
    ["", "and says nothing"],
    [" \n ", "and says nothing"],
    ["{broken", "{broken"],
    [{ error: "one string" }, "one string"],
    [{ error: { message: "the usual" } }, "the usual"],
    [{ error: { error: { message: "nested" } } }, "nested"],
    [{ message: "bare" }, "bare"],
    [{ message: { error: { message: "odd" } } }, "odd"],
    [{ detail: "of FastAPI" }, "of FastAPI"],
    [{ detail: [{ loc: ["body"], msg: "of pydantic", type: "value_error" }] }, "of pydantic"],
    [[{ error: { code: 400, message: "in a list", status: "INVALID_ARGUMENT" } }], "in a list"],
    [{ error: { message: '{"error":{"message":"JSON in JSON"}}' } }, "JSON in JSON"],
    [{ object: "error", message: "of vLLM", code: 400 }, "of vLLM"],
    [{ unknown: 1 }, '{"unknown":1}'],
    [{ error: { message: "Incorrect API key provided: sk-secret-1234." } }, "Incorrect API key provided: (the key)."],
  ] as const) {
    const error = await failure(refusing(400, body))
    t.ok(error.message.endsWith(words), `${JSON.stringify(body)}: ${error.message}`)
    t.notMatch(error.message, "sk-secret-1234")
    t.equal(error.code, "MODEL_REFUSED")
  }
})

t.test("how long a server wants to be left alone is read in seconds, dates and milliseconds", async (t) => {
  const inTwoMinutes = new Date(Date.now() + 120_000)
  for (const [headers, low, high] of [
    [{ "retry-after": "7" }, 7000, 7000],
    [{ "retry-after": "0" }, 0, 0],
    [{ "retry-after": "1.5" }, 1500, 1500],
    [{ "retry-after-ms": "250", "retry-after": "7" }, 250, 250],
    [{ "retry-after": inTwoMinutes.toUTCString() }, 110_000, 120_000],
    [{ "retry-after": "Wed, 21 Oct 2015 07:28:00 GMT" }, 0, 0],
    [{ "retry-after": "Wednesday, 21-Oct-15 07:28:00 GMT" }, 0, 0],
    [{ "retry-after": "9".repeat(300) }, 86_400_000, 86_400_000],
  ] as const) {
    const error = await failure(refusing(429, undefined, headers))
    const after = Number(error.details?.["retryAfterMs"])
    t.ok(after >= low && after <= high, `${JSON.stringify(headers)}: ${after}`)
  }
  for (const after of ["soon", "-5", "", "5 minutes", "NaN"])
    t.equal(
      (await failure(refusing(503, undefined, { "retry-after": after }))).details?.["retryAfterMs"],
      undefined,
      after,
    )
})

t.test("an error inside an answer of status 200 is told in its words and judged by what it names", async (t) => {
  for (const [said, code, words] of [
    [{ error: { message: "slow down", code: "rate_limit_exceeded" } }, "MODEL_UNAVAILABLE", "slow down"],
    [{ error: { message: "slow down", code: 429 } }, "MODEL_UNAVAILABLE", "slow down"],
    [{ error: { message: "no such model", code: 404 } }, "MODEL_REFUSED", "no such model"],
    [{ error: { message: "no", code: "400" } }, "MODEL_REFUSED", "no"],
    [{ error: { message: "too long", code: "context_length_exceeded" } }, "MODEL_REFUSED", "too long"],
    [{ error: { message: "bad", type: "invalid_request_error", code: null } }, "MODEL_REFUSED", "bad"],
    [{ error: { type: "overloaded_error", message: "Overloaded" }, type: "error" }, "MODEL_UNAVAILABLE", "Overloaded"],
    [{ error: { status: "RESOURCE_EXHAUSTED", message: "quota" } }, "MODEL_UNAVAILABLE", "quota"],
    [{ error: { error: { message: "deep", statusCode: 401 } } }, "MODEL_REFUSED", "deep"],
    [{ error: '{"error":{"code":400,"message":"JSON in JSON"}}' }, "MODEL_REFUSED", "JSON in JSON"],
    [{ error: "out of memory" }, "MODEL_UNAVAILABLE", "out of memory"],
    [{ error: ["a list"] }, "MODEL_UNAVAILABLE", "a list"],
    [{ message: "bare", status: 422 }, "MODEL_REFUSED", "bare"],
    [{ detail: "of FastAPI" }, "MODEL_UNAVAILABLE", "of FastAPI"],
    [
      { ...chunk({ content: "" }, "error"), error: { code: 502, message: "upstream died" } },
      "MODEL_UNAVAILABLE",
      "upstream died",
    ],
    ["plain words", "MODEL_UNAVAILABLE", "plain words"],
    ['"a JSON string"', "MODEL_UNAVAILABLE", "a JSON string"],
    [chunk({ content: 5 }), "MODEL_UNAVAILABLE", '"content":5'],
  ] as const) {
    for (const before of [[], [chunk({ role: "assistant", content: "Hel" })]]) {
      const error = await failure(stream(...before, said))
      t.equal(error.code, code, JSON.stringify(said))
      t.match(error.message, words)
      t.notMatch(error.message, "[object")
    }
  }
  for (const [body, words] of [
    [{ error: { message: "in the body", code: "invalid_api_key" } }, "in the body"],
    ["<html><body>Sign in</body></html>", "Sign in"],
    ["<html></html>", "says nothing"],
  ] as const)
    t.match((await failure(refusing(200, body))).message, words)
  t.match((await failure(stream())).message, /without a finish reason/)
})

/** Answers with these bytes, one write after the other. */
const bytes =
  (type: string, ...texts: readonly string[]): Answer =>
  (response) => {
    response.writeHead(200, { "content-type": type })
    const left = [...texts]
    const more = (): void => {
      const text = left.shift()
      if (text === undefined) response.end()
      else response.write(text, () => setImmediate(more))
    }
    more()
  }

t.test("a whole answer of a server that does not stream is read, whatever it calls its type", async (t) => {
  const answer = (message: object, finish_reason: string | null = "stop", more: object = {}) => ({
    id: "c1",
    object: "chat.completion",
    created: 1,
    model: "some-model",
    choices: [{ index: 0, message: { role: "assistant", ...message }, finish_reason }],
    usage,
    ...more,
  })
  const call = { id: "call-1", type: "function", function: { name: "send", arguments: '{"to":"Ada"}' } }
  const legacy = { content: null, function_call: { name: "send", arguments: '{"to":"Ada"}' } }
  const sends = [{ type: "tool-call", call: { tool: "send", arguments: { to: "Ada" } } }, { reason: "tool-calls" }]
  const long = "x".repeat(100_000)
  const counted = { promptTokens: 7, completionTokens: 2 }
  for (const [body, parts] of [
    [
      answer({ content: "Hello." }),
      [
        { type: "text", text: "Hello." },
        { reason: "stop", usage: counted },
      ],
    ],
    [answer({ content: "Hello." }, null, { error: null }), [{ text: "Hello." }, { reason: "stop" }]],
    [answer({ content: long }, "length"), [{ text: long }, { reason: "length" }]],
    [answer({ content: null, tool_calls: [call, { ...call, id: "call-2" }] }, "tool_calls"), [sends[0], ...sends]],
    [answer(legacy, "function_call"), sends],
    [answer(legacy, "stop"), sends],
  ] as const) {
    for (const type of ["application/json", "application/json; charset=utf-8", "text/plain", "text/event-stream"])
      for (const text of [JSON.stringify(body), JSON.stringify(body, undefined, 2), `\n${JSON.stringify(body)}\r\n`]) {
        server.answers(bytes(type, text.slice(0, 7), text.slice(7)))
        const read = await collect()
        t.match(read, parts)
        t.equal(read.length, parts.length)
      }
  }
  for (const type of ["application/json", "text/plain"])
    t.match(await failure(bytes(type, '{"error":{"message":"no such model","code":404}}')), { code: "MODEL_REFUSED", message: /no such model/ }) // prettier-ignore
  t.match(await failure(bytes("text/plain", "gone ", "away")), { code: "MODEL_UNAVAILABLE", message: /gone away/ })
  const endless = (response: Parameters<Answer>[0]): void => {
    response.writeHead(200, { "content-type": "application/json" })
    const more = (): void => void (response.destroyed || response.write("x".repeat(60_000), () => setImmediate(more)))
    more()
  }
  t.match(await failure(endless), { code: "MODEL_UNAVAILABLE", message: /too long/ })
})

t.test("an error that says nothing is none, in each piece of an answer", async (t) => {
  for (const error of [null, ""]) {
    server.answers(stream(...[chunk({ content: "Hel" }), chunk({ content: "lo." }), chunk({}, "stop", usage)].map((piece) => ({ ...piece, error })))) // prettier-ignore
    t.match(await collect(), [{ text: "Hel" }, { text: "lo." }, { type: "finish", reason: "stop" }])
  }
})

t.test("the older form of a tool call is read as one, in any pieces, on lines of any end", async (t) => {
  for (const calls of [undefined, null, []]) await readsOlder(t, calls)
})

async function readsOlder(t: Test, calls: unknown): Promise<void> {
  const called = (part: object) => chunk({ content: null, tool_calls: calls, function_call: part })
  const pieces = [called({ name: "send", arguments: "" }), called({ arguments: '{"to":' }), called({ arguments: '"Ada"}' })] // prettier-ignore
  for (const finish of ["function_call", "stop"])
    for (const end of ["\n", "\r\n", "\r"])
      for (const size of [1, 7, 100_000]) {
        const text = [...pieces, chunk({ function_call: null }, finish, usage), "[DONE]"]
          .map((piece) => `data: ${typeof piece === "string" ? piece : JSON.stringify(piece)}${end}${end}`)
          .join("")
        const parts = text.match(new RegExp(`[^]{1,${size}}`, "g")) ?? []
        server.answers(bytes("text/event-stream", ...parts))
        const read = await collect()
        t.match(read, [
          { type: "tool-call", call: { tool: "send", arguments: { to: "Ada" } } },
          { reason: "tool-calls" },
        ])
        t.equal(read.length, 2)
        const [part] = read
        t.ok(part?.type === "tool-call" && part.call.id !== "", "it has an id to be answered by")
      }
}

t.test("a turn is sent no limit that nobody asked for", async (t) => {
  server.answers(saying("Hello."))
  await collect()
  const sent = server.requests.at(-1) ?? {}
  t.same(Object.keys(sent).sort(), ["messages", "model", "stream", "stream_options"])
})

t.test("why a turn ended reaches the caller, whatever the server calls it", async (t) => {
  for (const [raw, reason] of [
    ["stop", "stop"],
    ["length", "length"],
    ["max_tokens", "length"],
    ["model_length", "length"],
    ["content_filter", "content-filter"],
    ["SAFETY", "content-filter"],
    ["eos", "stop"],
    ["tool_calls", "stop"],
  ] as const) {
    server.answers(stream(chunk({ content: "Hel" }), chunk({}, raw, usage)))
    t.match((await collect()).at(-1), { type: "finish", reason }, raw)
  }
  server.answers(stream(chunk({ refusal: "I will not." }), chunk({}, "stop")))
  t.match(await collect(), [{ type: "text", text: "I will not." }, { reason: "content-filter" }])
  t.match(await failure(stream(chunk({ content: "Hel" }), chunk({}, "error"))), { code: "MODEL_UNAVAILABLE" })
})

t.test("a call that was cut off is not given; one that was written to its end is", async (t) => {
  for (const raw of ["length", "content_filter"]) {
    for (const cut of ['{"a":1', '{"a":"b', "", "{", '{"a":1}}', "1"]) {
      server.answers(
        stream(calling(0, "send", '{"to":'), calling(0, undefined, '"Ada"}'), calling(1, "send", cut), chunk({}, raw)),
      )
      const parts = await collect()
      t.match(parts, [{ type: "tool-call", call: { arguments: { to: "Ada" } } }, { type: "finish" }], `${raw} ${cut}`)
      t.equal(parts.length, 2)
      t.match(parts.at(-1), { reason: raw.replace("_", "-") })
    }
  }
  for (const raw of ["tool_calls", "stop", "function_call"]) {
    server.answers(stream(calling(0, "send", '{"to":"Ada"}'), calling(1, "list", ""), chunk({}, raw)))
    t.match(await collect(), [
      { call: { tool: "send", arguments: { to: "Ada" } } },
      { call: { tool: "list", arguments: {}, invalid: undefined } },
      { reason: "tool-calls" },
    ])
  }
})

t.test("arguments that are no JSON object become {} and a mark, and go back as {}", async (t) => {
  for (const text of [
    '{"a":',
    "send it",
    "[1,2]",
    "7",
    "null",
    "true",
    '"{\\"a\\":1}"',
    "{'a':1}",
    '{"a":1}{"b":2}',
    "NaN",
  ]) {
    server.answers(stream(calling(0, "send", text), chunk({}, "tool_calls")))
    const [part] = await collect()
    t.match(part, { type: "tool-call", call: { tool: "send", arguments: {}, invalid: text } }, text)
    if (part?.type !== "tool-call") continue
    server.answers(saying("ok"))
    await collect({
      messages: [
        ...hello.messages,
        { role: "assistant", content: "", toolCalls: [part.call] },
        { role: "tool", toolCallId: part.call.id, tool: "send", content: part.call.invalid ?? "" },
      ],
    })
    t.match(server.requests.at(-1), {
      messages: [{}, { tool_calls: [{ function: { name: "send", arguments: "{}" } }] }, {}],
    })
  }
})

t.test("one system message is sent, first, no turn that says nothing, and turns take turns", async (t) => {
  server.answers(saying("ok"))
  const messages: readonly Message[] = [
    { role: "system", content: "Be kind." },
    { role: "user", content: "one" },
    { role: "assistant", content: "" },
    { role: "system", content: "Be brief." },
    { role: "assistant", content: " \n" },
    { role: "user", content: "two" },
    { role: "assistant", content: "", toolCalls: [] },
    { role: "assistant", content: "so" },
    { role: "system", content: "" },
  ]
  await collect({ messages })
  t.same(server.requests.at(-1)?.["messages"], [
    { role: "system", content: "Be kind.\n\nBe brief." },
    { role: "user", content: "one\n\ntwo" },
    { role: "assistant", content: "so" },
  ])
})

t.test("tokens are estimated where the server does not count them; what it thought is no text", async (t) => {
  const thought = chunk({ reasoning_content: "x".repeat(40) })
  for (const none of [undefined, null, { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }, {}]) {
    server.answers(stream(thought, chunk({ content: "y".repeat(40) }), chunk({}, "stop", none)))
    const parts = await collect({ messages: [{ role: "user", content: "z".repeat(400) }] })
    t.same(parts, [
      { type: "text", text: "y".repeat(40) },
      {
        type: "finish",
        reason: "stop",
        usage: { promptTokens: 100, completionTokens: 20, cachedTokens: 0, estimated: true },
      },
    ])
  }
  server.answers(stream(thought, chunk({}, "stop", usage)))
  t.same(await collect(), [
    { type: "finish", reason: "stop", usage: { promptTokens: 7, completionTokens: 2, cachedTokens: 0 } },
  ])
})

t.test("no answer is lost to counts that are none, nor to `choices` that are null", async (t) => {
  const text = { type: "text", text: "y".repeat(40) }
  const finish = { type: "finish", reason: "stop" }
  const estimated = { promptTokens: 100, completionTokens: 10, cachedTokens: 0, estimated: true }
  const request: ModelRequest = { messages: [{ role: "user", content: "z".repeat(400) }] }
  const said = chunk({ content: text.text })
  const counts = (prompt: unknown, completion: unknown, more: object = {}): object => ({
    prompt_tokens: prompt,
    completion_tokens: completion,
    ...more,
  })
  const odd = [
    ...[-5, 1e12, 1.5, "x", "7", true, [], {}].map((count) => counts(count, count, { total_tokens: "x" })),
    counts(-1, -1, { prompt_tokens_details: { cached_tokens: -3 }, completion_tokens_details: "none" }),
    ...["none", 7, [], true],
  ]
  for (const given of odd) {
    server.answers(stream(said, chunk({}, "stop", given as never)))
    t.same(await collect(request), [text, { ...finish, usage: estimated }], JSON.stringify(given))
  }
  server.answers(stream(said, chunk({}, "stop", counts(7, -2) as never)))
  t.match((await collect(request)).at(-1), { usage: { promptTokens: 7, completionTokens: 10, estimated: true } })
  const counted = { promptTokens: 7, completionTokens: 2, cachedTokens: 0 }
  for (const last of [{ choices: null, usage }, { usage }, { choices: [], usage }]) {
    server.answers(stream({ choices: null }, said, { choices: null }, chunk({}, "stop"), last))
    t.same(await collect(request), [text, { ...finish, usage: counted }], JSON.stringify(last))
  }
})

t.test("an answer without end is cut, whatever it goes on with, and its server is heard no more", async (t) => {
  const endless: Record<string, (n: number) => unknown> = {
    text: () => chunk({ content: "x".repeat(60_000) }),
    thought: () => chunk({ reasoning_content: "x".repeat(60_000) }),
    "one call": (n) => calling(0, n === 0 ? "note" : undefined, n === 0 ? '{"v":"' : "x".repeat(60_000)),
    "many calls": (n) => calling(n, "note", '{"v":1}'),
  }
  for (const [name, piece] of Object.entries(endless)) {
    let hungUp = false
    server.answers((response) => {
      response.writeHead(200, { "content-type": "text/event-stream" })
      response.on("close", () => (hungUp = true))
      let sent = 0
      const more = (): void => {
        if (!hungUp) response.write(`data: ${JSON.stringify(piece(sent++))}\n\n`, () => setImmediate(more))
      }
      more()
    })
    const parts = await collect()
    t.match(parts.at(-1), { type: "finish", reason: "length", usage: { estimated: true } }, name)
    t.notOk(
      parts.some(({ type }) => type === "tool-call"),
      name,
    )
    t.ok(parts.reduce((sum, part) => sum + (part.type === "text" ? part.text.length : 0), 0) < 5_000_000, name)
    await until(() => hungUp)
  }
})
