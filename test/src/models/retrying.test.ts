import t from "tap"
import "#src/errors.js"
import { systemClock, type Clock } from "#actors/clock.js"
import type { AgentOSError } from "#actors/errors.js"
import type { Model, ModelPart, ModelRequest } from "#src/models/model.js"
import { openAiCompatible } from "#src/models/providers/openai-compatible.js"
import { retrying } from "#src/models/retrying.js"
import { chunk, modelServer, refusing, saying, stream, type Answer } from "#test/support/model-server.js"

/** A clock on which pauses pass at once. */
class Pauses implements Clock {
  readonly taken: number[] = []
  #now = 0
  wallTime = systemClock.wallTime
  monotonic = (): number => this.#now
  soon = systemClock.soon
  afterInputOutput = systemClock.afterInputOutput
  timer(milliseconds: number, callback: () => void): () => void {
    this.taken.push(milliseconds)
    this.#now += milliseconds
    return systemClock.timer(0, callback)
  }
}

const chance = (...floats: readonly number[]) => {
  let at = 0
  return { float: () => floats[at++ % floats.length] ?? 0, bytes: () => new Uint8Array(), uuid: () => "" }
}

const [server, spare] = [await modelServer(), await modelServer()]
t.teardown(() => {
  server.close()
  spare.close()
})
const first = openAiCompatible("first", { baseUrl: server.baseUrl, model: "m" })
const second = openAiCompatible("second", { baseUrl: spare.baseUrl, model: "m" })
const hello: ModelRequest = { messages: [{ role: "user", content: "hello" }], timeoutMs: 30_000 }
const brokenOff: Answer = (response) => {
  response.writeHead(200, { "content-type": "text/event-stream" })
  response.write(`data: ${JSON.stringify(chunk({ content: "Hel" }))}\n\n`, () => response.destroy())
}

async function ask(answers: readonly Answer[], { request = hello, fallback = false, floats = [0.5] } = {}) {
  server.requests.length = spare.requests.length = 0
  server.answers(...answers)
  const clock = new Pauses()
  const model = retrying(first, {
    clock,
    random: chance(...floats),
    fallback: fallback ? async () => second : undefined,
  })
  const parts: ModelPart[] = []
  let error: unknown
  try {
    for await (const part of model.generate(request)) parts.push(part)
  } catch (thrown) {
    error = thrown
  }
  const text = parts.map((part) => (part.type === "text" ? part.text : "")).join("")
  return { text, parts, pauses: clock.taken, sent: server.requests.length, error: error as AgentOSError | undefined }
}

t.test("a busy server is asked again, after pauses that double and are never the same", async (t) => {
  const found = await ask([refusing(429), refusing(503), refusing(500), saying("Hello.")], { floats: [0, 0.5, 1] })
  t.match(found, { text: "Hello.", sent: 4, pauses: [250, 750, 2000] })
  t.match(await ask([(response) => void response.destroy(), saying("Hello.")]), { text: "Hello.", sent: 2 })
  t.match(await ask([stream({ error: { message: "busy", code: 529 } }), saying("Hi.")]), { text: "Hi.", sent: 2 })
  const busy = await ask([refusing(503)])
  t.match(busy, { sent: 4, error: { code: "MODEL_UNAVAILABLE", message: /it is 503/ } })
})

t.test("a server's Retry-After is kept to, if it ends within the time that the request has", async (t) => {
  const wait = refusing(429, undefined, { "retry-after": "7" })
  t.match(await ask([wait, saying("Hello.")]), { text: "Hello.", sent: 2, pauses: [7375] })
  const late = await ask([wait], { request: { ...hello, timeoutMs: 5000 } })
  t.match(late, { sent: 1, pauses: [], error: { code: "MODEL_UNAVAILABLE", details: { retryAfterMs: 7000 } } })
  const long = await ask([refusing(503, undefined, { "retry-after": "3600" })])
  t.match(long, { sent: 1, error: { code: "MODEL_UNAVAILABLE", details: { retryAfterMs: 3_600_000 } } })
  const unlimited = await ask([refusing(503, undefined, { "retry-after": "3600" })], {
    request: { messages: hello.messages },
  })
  t.match(unlimited, { sent: 1, error: { code: "MODEL_UNAVAILABLE" } })
})

t.test("what is refused, late or begun is not tried again", async (t) => {
  for (const status of [400, 401, 404, 413])
    t.match(await ask([refusing(status), saying("Hello.")]), { sent: 1, error: { code: "MODEL_REFUSED" } })
  t.match(await ask([brokenOff, saying("Hello.")]), { text: "Hel", sent: 1, error: { code: "MODEL_UNAVAILABLE" } })
  const silent: Answer = () => {}
  const late = await ask([silent], { request: { ...hello, timeoutMs: 40 }, fallback: true })
  t.match(late, { sent: 1, error: { code: "DEADLINE_EXCEEDED" } })
  t.equal(spare.requests.length, 0)
})

t.test("another model answers when the first does not, and says that it did", async (t) => {
  spare.answers(saying("I am the other."))
  const other = { text: "I am the other.", error: undefined }
  for (const [answer, sent] of [
    [refusing(503), 4],
    [refusing(401), 1],
    [refusing(404), 1],
    [refusing(429, undefined, { "retry-after": "20" }), 1],
  ] as const) {
    const found = await ask([answer], { fallback: true })
    t.match(found, { ...other, sent })
    t.match(found.parts.at(-1), { type: "finish", model: "second" })
  }
  t.match((await ask([saying("Hello.")], { fallback: true })).parts.at(-1), { type: "finish", model: undefined })
  t.match(await ask([brokenOff], { fallback: true }), { text: "Hel", error: { code: "MODEL_UNAVAILABLE" } })
  t.match(await ask([refusing(429, undefined, { "retry-after": "2" }), saying("Hello.")], { fallback: true }), {
    text: "Hello.",
  })
})

t.test("when both fail, both are told of", async (t) => {
  spare.answers(refusing(403, { error: "not you" }))
  const found = await ask([refusing(503, "gone fishing")], { fallback: true })
  t.match(found.error, {
    code: "MODEL_REFUSED",
    message: /not you; before that, .*gone fishing/,
    details: { status: 403 },
  })
})

t.test("a request that is called off while it pauses ends as cancelled, and is sent no more", async (t) => {
  server.requests.length = 0
  server.answers(refusing(503, undefined, { "retry-after": "20" }))
  const stop = new AbortController()
  const clock: Clock = { ...systemClock, timer: (ms, callback) => (stop.abort(), systemClock.timer(ms, callback)) }
  const parts: ModelPart[] = []
  const model: Model = retrying(first, { clock, random: chance(0.5) })
  for await (const part of model.generate({ ...hello, signal: stop.signal })) parts.push(part)
  t.match(parts, [{ type: "finish", reason: "cancelled" }])
  t.equal(server.requests.length, 1)
})
