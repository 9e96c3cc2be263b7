import type { Model, ModelPart, ModelRequest, ToolCall } from "#src/models/model.js"

/** What a scripted model does with a request: text, a tool call, or a promise of either. */
export type Script = (request: ModelRequest) => Scripted | Promise<Scripted>
export type Scripted = string | { readonly tool: string; readonly arguments: ToolCall["arguments"] }

/** A deterministic model for tests: it answers what its script says, one word a part, and counts a token a word. */
export function scriptedModel(script: Script): Model & { readonly requests: ModelRequest[] } {
  const requests: ModelRequest[] = []
  const words = (text: string): string[] => text.match(/\S+\s*/g) ?? []
  return {
    info: { id: "scripted", provider: "test", backend: "script" },
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
      if (said === "cancelled") {
        yield { type: "finish", reason: "cancelled", usage }
      } else if (typeof said.value === "string") {
        for (const word of words(said.value)) yield { type: "text", text: word }
        yield { type: "finish", reason: "stop", usage: { ...usage, completionTokens: words(said.value).length } }
      } else {
        yield { type: "tool-call", call: { id: `call-${requests.length}`, ...said.value } }
        yield { type: "finish", reason: "tool-calls", usage: { ...usage, completionTokens: 1 } }
      }
    },
    async stop() {},
  }
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
