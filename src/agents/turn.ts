/**
 * One turn of a model: asked with what fits its context, and heard to its end.
 *
 * Invariants
 *   N1. What a server refuses as too long is sent again with half of it, while nothing has come and something can be left out.
 *   N2. Tokens that a model does not count are estimated, so that no budget is unlimited.
 */
import { AgentOSError } from "#actors/errors.js"
import type { Cancellation } from "../cancellation.js"
import type { Message, Model, ModelPart, ModelRequest, ToolCall, Usage } from "../models/model.js"
import { estimatedTokens } from "../models/estimate.js"
import type { Finish } from "../run.js"
import { isTooLong, ModelContext } from "./history.js"

export interface Turn {
  readonly text: string
  readonly calls: readonly ToolCall[]
  readonly finish: Finish
  readonly usage: Usage
  /** The model that answered. */
  readonly model: string
}

/**
 * @param hear is told the text as it comes
 * @throws `CONTEXT_TOO_LONG` when the newest turn alone does not fit, and what the model throws
 */
export async function takeTurn(
  model: Model,
  request: Omit<ModelRequest, "signal">,
  work: Cancellation,
  hear: (text: string) => void,
): Promise<Turn> {
  const { messages: all, tools = [], decoding } = request
  const context = ModelContext.of(model)
  let most: number | undefined
  let messages: readonly Message[] = all
  for (;;) {
    messages = context.fit(model, all, tools, decoding?.maxTokens, most)
    const parts = model.generate({
      ...request,
      messages: [...messages],
      get signal() {
        return work.signal
      },
    })
    const heard: Heard = { text: "", calls: [], begun: false }
    try {
      const { reason, usage, model: answered = model.info.id } = await hearTurn(parts, heard, work, hear)
      context.heard(model, messages, tools, usage)
      if (most !== undefined) context.learn(most)
      const { text, calls } = heard
      const counted = usage.promptTokens + usage.completionTokens > 0 ? usage : estimated(messages, heard) // N2
      const finish = reason === "length" || reason === "content-filter" ? reason : "stop"
      return { text: text.trim(), calls, finish, usage: counted, model: answered }
    } catch (error) {
      if (heard.begun || !isTooLong(error)) throw error
      most = context.tokensOf(model, messages) / 2 // N1
      if (context.fit(model, all, tools, decoding?.maxTokens, most).length === messages.length) throw tooLong(model, error) // prettier-ignore
    }
  }
}

interface Heard {
  text: string
  readonly calls: ToolCall[]
  begun: boolean
}

type Finished = Extract<ModelPart, { type: "finish" }>

async function hearTurn(
  parts: AsyncIterable<ModelPart>,
  heard: Heard,
  work: Cancellation,
  hear: (text: string) => void,
): Promise<Finished> {
  let finish: Finished | undefined
  for await (const part of parts) {
    work.throwIfCancelled() // nobody waits for it any more
    heard.begun = true
    if (part.type === "text") {
      heard.text += part.text
      hear(part.text)
    } else if (part.type === "tool-call") heard.calls.push(part.call)
    else finish = part
  }
  work.throwIfCancelled()
  if (finish === undefined) throw new AgentOSError("MODEL_UNAVAILABLE", "the model's answer broke off: it did not say how it ended") // prettier-ignore
  if (finish.reason === "cancelled") throw new AgentOSError("CANCELLED", "the model's turn was cancelled")
  return finish
}

const estimated = (messages: readonly Message[], { text, calls }: Heard): Usage => ({
  promptTokens: messages.reduce((sum, { content }) => sum + estimatedTokens(content), 0),
  completionTokens: estimatedTokens(text) + (calls.length === 0 ? 0 : estimatedTokens(JSON.stringify(calls))),
  cachedTokens: 0,
  estimated: true,
})

function tooLong(model: Model, error: unknown): AgentOSError {
  const cause = AgentOSError.from(error)
  if (cause.code === "CONTEXT_TOO_LONG") return cause
  return new AgentOSError(
    "CONTEXT_TOO_LONG",
    `the newest turn alone does not fit the context of ${model.info.id}: ${cause.message}`,
    { cause },
  )
}
