/** A long history, and a context that is too short for it. */
import t from "tap"
import { AgentOSError } from "#actors/errors.js"
import { defineAgent } from "#src/agents/agent.js"
import { isTooLong } from "#src/agents/history.js"
import type { Message } from "#src/models/model.js"
import { asked } from "#test/support/scripted-model.js"
import { smallNode } from "#test/support/small-node.js"
import { historiesFit } from "#test/support/history-property.js"

const agent = defineAgent({ name: "a", instructions: "a", tools: ["calculator"] })
const request = (input: string, history: readonly Message[] = []) => ({
  runId: input.slice(0, 20),
  step: "0",
  input,
  history,
  tenant: "default",
  traceId: "",
})
const turns = (count: number, text: string): Message[] =>
  Array.from({ length: count }, (_, i): Message[] => [
    { role: "user", content: `question ${i} ${text}` },
    { role: "assistant", content: `answer ${i} ${text}` },
  ]).flat()

t.test("what is kept of a history is whole, in order, the newest, and as much as fits", async () => historiesFit(300))

t.test("one long turn does not end a conversation: it is left out when it no longer fits", async (t) => {
  const node = await smallNode({
    agents: [agent],
    script: ({ messages }) => {
      const long = messages.reduce((sum, { content }) => sum + content.length, 0)
      if (long > 4 * 4000) throw new AgentOSError("MODEL_REFUSED", "maximum context length is 4000 tokens")
      return `read ${messages.length}`
    },
    about: { contextLength: 4000, id: "known" },
  })
  const said = async (input: string) => (await node.runs.run("a", input, { conversation: "c" })).output
  t.equal(await said("I am Ada. ".repeat(1000)), "read 2")
  t.equal(await said("And now? ".repeat(600)), "read 2", "the long turn does not fit beside it")
  t.equal(await said("And?"), "read 4", "the one before does")
  await t.rejects(said("x".repeat(20_000)), {
    code: "CONTEXT_TOO_LONG",
    message: /newest turn alone has about \d{4} tokens/,
  })
  t.equal(await said("And after that?"), "read 6")
  await node.stop()
})

t.test("texts of other alphabets are estimated wider", async (t) => {
  for (const [text, fits] of [
    ["word ".repeat(600), true],
    ["数据库备份每日进行".repeat(300), false],
    ["слово".repeat(600), false],
  ] as const) {
    const node = await smallNode({
      agents: [agent],
      script: ({ messages }) => `${messages.length}`,
      about: { contextLength: 3000, id: text },
    })
    t.equal((await node.agents.ask("a", request("go", turns(1, text)))).output === "4", fits, text.slice(0, 10))
    await node.stop()
  }
})

t.test("an estimate is corrected by what the server counts", async (t) => {
  // A server that counts four tokens a word, on a text that is estimated at one and a quarter.
  const node = await smallNode({
    agents: [agent],
    script: ({ messages }) => `${messages.length}`,
    about: { contextLength: 2000, id: "wide" },
  })
  const { generate } = node.model
  node.model.generate = async function* (given) {
    for await (const part of generate.call(node.model, given))
      yield part.type === "finish"
        ? { ...part, usage: { ...part.usage, promptTokens: part.usage.promptTokens * 4 } }
        : part
  }
  const read = async () => Number((await node.agents.ask("a", request("go", turns(20, "word ".repeat(20))))).output)
  const first = await read()
  const second = await read()
  t.ok(first > second && second > 5, `${first} messages, then ${second}`)
  await node.stop()
})

t.test("what a server adds to a short question does not make a longer one too long", async (t) => {
  const node = await smallNode({ agents: [agent], script: () => "ok", about: { contextLength: 1000, id: "adding" } })
  const { generate } = node.model
  node.model.generate = async function* (given) {
    for await (const part of generate.call(node.model, given))
      yield part.type === "finish"
        ? { ...part, usage: { ...part.usage, promptTokens: part.usage.promptTokens + 300 } }
        : part
  }
  await node.agents.ask("a", request("hello"))
  await node.agents.ask("a", request("word ".repeat(250)))
  t.equal((await node.agents.ask("a", request("words ".repeat(600)))).output, "ok")
  await node.stop()
})

t.test("a tokenizer is used where the model has one, and not on what cannot fit anyway", async (t) => {
  const node = await smallNode({
    agents: [agent],
    script: ({ messages }) => `${messages.length}`,
    about: { contextLength: 100 },
  })
  let counted = 0
  node.model.countTokens = (text) => ((counted += text.length), text.split(" ").length)
  t.equal((await node.agents.ask("a", request("go", turns(10, "one two three")))).output, String(2 + 2 * 7))
  t.ok(counted < 1000)
  counted = 0
  t.equal((await node.agents.ask("a", request("go", turns(2, "x".repeat(1_000_000))))).output, "2")
  t.ok(counted < 1000, `${counted} characters were counted`)
  await node.stop()
})

t.test("where the context is not known, what a server refuses is sent again with half of it", async (t) => {
  const refusals = {
    openai: "This model's maximum context length is 40 tokens. However, your messages resulted in 98 tokens.",
    llama: "the request exceeds the available context size. try increasing the context size or enable context shift",
    vllm: "The decoder prompt (length 98) is longer than the maximum model length of 40. Reduce the length of the messages or completion.",
    anthropic: "prompt is too long: 98 tokens > 40 maximum",
    gemini: "The input token count (98) exceeds the maximum number of tokens allowed (40).",
  }
  for (const [id, words] of Object.entries(refusals)) {
    const node = await smallNode({
      agents: [agent],
      script: ({ messages }) => {
        if (messages.length > 9)
          throw new AgentOSError("MODEL_REFUSED", `it answered 400: ${words}`, { details: { status: 400 } })
        return `${messages.length}`
      },
      about: { id },
    })
    const read = async (input: string) => Number((await node.agents.ask("a", request(input, turns(20, "word")))).output)
    t.ok((await read("first")) <= 9, id)
    const before = node.model.requests.length
    t.ok((await read("again")) <= 9, id)
    t.equal(node.model.requests.length, before + 1, "it is known from then on")
    await node.stop()
  }
})

t.test(
  "only when the newest turn alone is refused is the context too long; other refusals are told as they are",
  async (t) => {
    let words = "prompt is too long"
    const node = await smallNode({
      agents: [agent],
      script: () => {
        throw new AgentOSError("MODEL_REFUSED", words, { details: { status: 400 } })
      },
      about: { id: "refusing" },
    })
    const asks = () => node.agents.ask("a", request("go", turns(8, "word")))
    await t.rejects(asks(), { code: "CONTEXT_TOO_LONG", message: /newest turn alone .* prompt is too long/ })
    t.equal(node.model.requests.at(-1)?.messages.length, 2)
    const before = node.model.requests.length
    words = "max_tokens is too large: 5000. This model supports at most 4096 completion tokens"
    await t.rejects(asks(), { code: "MODEL_REFUSED" })
    t.equal(node.model.requests.length, before + 1)
    t.equal(node.model.requests.at(-1)?.messages.length, 18, "nothing was learned from what was never taken")
    t.notOk(
      isTooLong(new AgentOSError("MODEL_UNAVAILABLE", "too many tokens per minute", { details: { status: 429 } })),
    )
    await node.stop()
  },
)

t.test("tool results that pile up inside one answer are fitted, calls and results together", async (t) => {
  const node = await smallNode({
    agents: [defineAgent({ ...agent, limits: { steps: 12 } })],
    script: (given) => {
      const { messages } = given
      const length = messages.reduce((sum, { content }) => sum + content.length, 0)
      if (length > 2000) throw new AgentOSError("MODEL_REFUSED", "maximum context length exceeded")
      for (const [i, message] of messages.entries())
        if (message.role === "tool" && messages[i - 1]?.role !== "assistant") throw new Error("a result without a call")
      return node.model.requests.length > 10
        ? `done, ${asked(given).question}`
        : { tool: "calculator", arguments: { expression: `1${"0".repeat(600)}` } }
    },
    about: { contextLength: 500, id: "piling" },
  })
  t.equal((await node.agents.ask("a", request("go"))).output, "done, go")
  t.ok((node.model.requests.at(-1)?.messages.length ?? 0) < 8)
  await node.stop()
})
