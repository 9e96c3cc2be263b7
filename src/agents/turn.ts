/**
 * One turn of a model: asked with what fits its context, and heard to its end.
 *
 * Invariants
 *   N1. What a server refuses as too long is sent again with half of it, while nothing has come and something can be
 *       left out.
 *   N2. Tokens that a model does not count are estimated, so that no budget is unlimited.
 *   N3. A model is not read on while whoever hears it says to wait.
 *   N4. A model may be one of the program's own: each part is checked before anything is made of it.
 *   N5. A turn is begun only if its prompt leaves tokens for an answer, and the answer gets no more than those.
 */
import { AgentOSError } from "#actors/errors.js"
import type { Cancellation } from "../cancellation.js"
import type { Confidence, Message, Model, ModelPart, ModelRequest, ToolCall, Usage } from "../models/model.js"
import { checkPart } from "../models/checked-part.js"
import { estimatedTokens } from "../models/estimate.js"
import { bothUsages, noUsage, tokensOf } from "../models/usage.js"
import type { Finish } from "../run.js"
import { isTooLong, ModelContext } from "./history.js"

export interface Turn {
  readonly text: string
  readonly calls: readonly ToolCall[]
  readonly finish: Finish
  /** The model that answered. */
  readonly model: string
  /** How sure it was, where that was asked for and it can tell. */
  readonly confidence?: Confidence
}

/** What an answer has spent so far, an unfinished turn included. */
export class Meter {
  #spent: Usage
  #open: (() => Usage) | undefined

  /** @param spent by earlier tries */
  constructor(spent = noUsage) {
    this.#spent = spent
  }

  get spent(): Usage {
    return this.#open === undefined ? this.#spent : bothUsages(this.#spent, this.#open())
  }

  get tokens(): number {
    return tokensOf(this.#spent)
  }

  /** What an earlier try had spent when a turn of it had ended. */
  recall(spent: Usage): void {
    if (tokensOf(spent) > this.tokens) this.#spent = spent
  }

  /** A turn begins. @param estimate what it has spent until it has ended */
  begin(estimate: () => Usage): void {
    this.#open = estimate
  }

  /** The turn has ended. @param usage what it has spent, where that is known */
  end(usage = this.#open?.()): void {
    if (usage !== undefined) this.#spent = bothUsages(this.#spent, usage)
    this.#open = undefined
  }
}

/**
 * @param tokens that the meter may show when the turn has ended
 * @param hear is told the text as it comes
 * @throws `BUDGET_EXCEEDED` (N5); `CONTEXT_TOO_LONG` when the newest turn alone does not fit, and what the model throws
 */
export async function takeTurn(
  model: Model,
  request: Omit<ModelRequest, "signal">,
  work: Cancellation,
  meter: Meter,
  tokens: number,
  hear: (text: string) => Promise<void> | undefined,
): Promise<Turn> {
  const { messages: all, tools = [], decoding } = request
  const context = ModelContext.of(model)
  const fit = (most?: number): readonly Message[] => context.fit(model, all, tools, decoding?.maxTokens, most)
  let most: number | undefined
  let messages = fit()
  for (;;) {
    const sent = messages
    const heard: Heard = { text: "", calls: [], begun: false }
    const bounded = tokens === Infinity ? decoding : { ...decoding, maxTokens: answerTokens(sent) } // N5
    meter.begin(() => estimated(sent, heard))
    try {
      const asked = { ...request, ...(bounded && { decoding: bounded }), messages: [...sent], get signal() { return work.signal } } // prettier-ignore
      const {
        reason,
        usage,
        confidence,
        model: answered = model.info.id,
      } = await hearTurn(model, model.generate(asked), heard, work, hear)
      meter.end(usage.promptTokens + usage.completionTokens > 0 ? usage : undefined) // N2
      context.heard(model, sent, tools, usage)
      if (most !== undefined) context.learn(most)
      const finish = reason === "length" || reason === "content-filter" ? reason : "stop"
      return { text: heard.text.trim(), calls: heard.calls, finish, model: answered, ...(confidence && { confidence }) }
    } catch (error) {
      const unread = !heard.begun && ["MODEL_REFUSED", "CONTEXT_TOO_LONG"].includes(AgentOSError.from(error).code)
      meter.end(unread ? noUsage : undefined)
      if (heard.begun || !isTooLong(error)) throw error
      most = context.tokensOf(model, sent) / 2 // N1
      messages = fit(most)
      if (messages.length === sent.length) throw tooLong(model, error)
    }
  }

  function answerTokens(sent: readonly Message[]): number {
    const prompt = context.promptTokens(model, sent, tools)
    const left = tokens - meter.tokens - prompt
    if (left > 0) return Math.min(left, decoding?.maxTokens ?? Infinity)
    throw new AgentOSError(
      "BUDGET_EXCEEDED",
      `of the ${tokens} tokens that may be spent ${tokens - meter.tokens} are left, and the next prompt has about ${prompt} tokens`,
    )
  }
}

interface Heard {
  text: string
  readonly calls: ToolCall[]
  begun: boolean
}

type Finished = Extract<ModelPart, { type: "finish" }>

async function hearTurn(
  model: Model,
  parts: AsyncIterable<ModelPart>,
  heard: Heard,
  work: Cancellation,
  hear: (text: string) => Promise<void> | undefined,
): Promise<Finished> {
  let finish: Finished | undefined
  for await (const part of parts) {
    work.throwIfCancelled() // nobody waits for it any more
    checkPart(model, part) // N4
    heard.begun = true
    if (part.type === "text") {
      heard.text += part.text
      const wait = hear(part.text)
      if (wait !== undefined) await wait // N3
    } else if (part.type === "tool-call") heard.calls.push(part.call)
    else finish = part
  }
  work.throwIfCancelled()
  if (finish === undefined)
    throw new AgentOSError("MODEL_UNAVAILABLE", "the model's answer broke off: it did not say how it ended")
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
