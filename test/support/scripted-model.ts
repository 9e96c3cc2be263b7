import type { Model, ModelInfo, ModelPart, ModelRequest, ToolCall } from "#src/models/model.js"

/** What a scripted model does with a request: text, a tool call, all that a turn may hold, or a promise of one. */
export type Script = (request: ModelRequest) => Scripted | Promise<Scripted>
export type Scripted = string | Pick<ToolCall, "tool" | "arguments"> | ScriptedTurn
export interface ScriptedTurn {
  readonly text?: string
  readonly calls?: readonly Omit<ToolCall, "id">[]
  readonly finish?: Extract<ModelPart, { type: "finish" }>["reason"]
  /** Whether the model counts no tokens. */
  readonly uncounted?: boolean
}

/** A deterministic model for tests: it answers what its script says, one word a part, and counts a token a word. */
export function scriptedModel(
  script: Script,
  about: Partial<ModelInfo> = {},
): Model & { readonly requests: ModelRequest[] } {
  const requests: ModelRequest[] = []
  const words = (text: string): string[] => text.match(/\S+\s*/g) ?? []
  return {
    info: { id: "scripted", provider: "test", backend: "script", ...about },
    requests,
    async *generate(request): AsyncGenerator<ModelPart> {
      requests.push(request)
      const promptTokens = words(request.messages.map(({ content }) => content).join(" ")).length
      const cancelled = new Promise<"cancelled">((done) => {
        if (request.signal?.aborted === true) done("cancelled")
        request.signal?.addEventListener("abort", () => done("cancelled"), { once: true })
      })
      const said = await Promise.race([Promise.resolve(script(request)).then((value) => ({ value })), cancelled])
      const usage = { promptTokens, completionTokens: 0, cachedTokens: 0 }
      if (said === "cancelled") return yield { type: "finish", reason: "cancelled", usage }
      const { text = "", calls = [], finish, uncounted = false } = turnOf(said.value)
      for (const word of words(text)) yield { type: "text", text: word }
      for (const [i, call] of calls.entries())
        yield { type: "tool-call", call: { id: `call-${requests.length}${i === 0 ? "" : `-${i}`}`, ...call } }
      yield {
        type: "finish",
        reason: finish ?? (calls.length > 0 ? "tool-calls" : "stop"),
        usage: uncounted ? { ...usage, promptTokens: 0 } : { ...usage, completionTokens: words(text).length + calls.length },
      }
    },
    async stop() {},
  }
} // prettier-ignore

function turnOf(said: Scripted): ScriptedTurn {
  if (typeof said === "string") return { text: said }
  return "tool" in said ? { calls: [said] } : said
}

/** The text of the last user message, and of the tool results after it. */
export function asked(request: ModelRequest): {
  readonly agent: string
  readonly question: string
  readonly results: readonly string[]
} {
  const last = request.messages.findLastIndex(({ role }) => role === "user")
  return {
    agent: request.messages[0]?.content ?? "",
    question: request.messages[last]?.content ?? "",
    results: request.messages.slice(last + 1).flatMap((message) => (message.role === "tool" ? [message.content] : [])),
  }
}
