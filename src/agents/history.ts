/**
 * What a model is given of what was said: as much as fits its context.
 *
 * Invariants
 *   H1. System messages, the newest turn's question and its last exchange with tools are always kept. Of the rest the
 *       oldest goes first: earlier turns whole, then exchanges of the newest turn, a call with all its results.
 *   H2. `CONTEXT_TOO_LONG` is said only when what is always kept does not fit alone.
 *   H3. No text is counted that is too long for the context whatever its tokens are.
 */
import { AgentOSError } from "#actors/errors.js"
import { estimatedTokens } from "../models/estimate.js"
import type { Message, Model, ToolSpec, Usage } from "../models/model.js"

export interface Fit {
  /** Tokens of prompt and answer together. */
  readonly contextLength: number
  /** Tokens kept free, for the answer and what else is sent. */
  readonly reserve: number
  readonly count: (message: Message) => number
}

/** The messages that fit, in their order. Pure. @throws `CONTEXT_TOO_LONG` (H2) */
export function fitHistory(messages: readonly Message[], { contextLength, reserve, count }: Fit): readonly Message[] {
  const places = [...messages.keys()]
  const roleAt = (place: number): string | undefined => messages[place]?.role
  const turns = parted(
    places.filter((place) => roleAt(place) !== "system"),
    (place) => roleAt(place) === "user",
  )
  const [question, ...after] = turns.pop() ?? []
  const exchanges = parted(after, (place) => roleAt(place) !== "tool")
  const kept = [question, ...(exchanges.pop() ?? []), ...places.filter((place) => roleAt(place) === "system")]
  const tokensOf = (of: readonly (number | undefined)[]): number =>
    of.reduce<number>((sum, place) => sum + (place === undefined ? 0 : count(messages[place] as Message)), 0)
  let tokens = tokensOf(kept)
  if (tokens > contextLength)
    throw new AgentOSError(
      "CONTEXT_TOO_LONG",
      `the newest turn alone has about ${Math.round(tokens)} tokens, more than the model reads`,
    )
  const dropped = new Set<number>()
  let full = false
  for (const unit of [...turns, ...exchanges].reverse()) {
    full ||= (tokens += tokensOf(unit)) > contextLength - reserve
    if (full) for (const place of unit) dropped.add(place)
  }
  return dropped.size === 0 ? messages : messages.filter((_, place) => !dropped.has(place))
}

function parted(places: readonly number[], begins: (place: number) => boolean): number[][] {
  const parts: number[][] = []
  for (const place of places) {
    if (begins(place) || parts.length === 0) parts.push([])
    parts.at(-1)?.push(place)
  }
  return parts
}

const textsOf = (message: Message): string[] =>
  message.role === "assistant" && message.toolCalls !== undefined
    ? [message.content, ...message.toolCalls.map((call) => `${call.tool} ${JSON.stringify(call.arguments)}`)]
    : [message.content]

/** What a server puts around each message. */
const perMessage = 4
/** More characters than this make up no token, on the average. */
const charactersPerToken = 8

const estimate = (message: Message): number =>
  textsOf(message).reduce((sum, text) => sum + estimatedTokens(text), perMessage)

const estimateAll = (messages: readonly Message[], tools: readonly ToolSpec[]): number =>
  messages.reduce(
    (sum, message) => sum + estimate(message),
    tools.length === 0 ? 0 : estimatedTokens(JSON.stringify(tools)),
  )

/** An estimate of fewer tokens is not corrected: what the server adds itself would weigh too much in its count. */
const leastEstimate = 256

/** Stands for a context of which nothing is known. */
const unknownLength = 1e9

/** What is known of a model's context beside what the model says itself, learned from its answers. */
export class ModelContext {
  static readonly #known = new Map<string, ModelContext>()
  readonly #counted = new WeakMap<Message, number>()
  /** Tokens by the server's count for each by ours. */
  #ratio = 1
  #corrected = false
  /** Tokens that a server took after it had refused more. */
  #most = Infinity

  static of({ info }: Model): ModelContext {
    const key = `${info.provider} ${info.id}`
    let context = this.#known.get(key)
    if (context === undefined) this.#known.set(key, (context = new ModelContext()))
    return context
  }

  /**
   * @param most tokens that are to be sent at most, where the server has refused more
   * @throws `CONTEXT_TOO_LONG`
   */
  fit(
    model: Model,
    messages: readonly Message[],
    tools: readonly ToolSpec[],
    maxTokens: number | undefined,
    most = this.#most,
  ): readonly Message[] {
    const { contextLength = unknownLength } = model.info
    if (contextLength === unknownLength && most === Infinity) return messages
    const answer = Math.min(maxTokens ?? contextLength / 4, contextLength / 2)
    const count = (message: Message): number => this.#count(model, message)
    const reserve = Math.max(answer, contextLength - most)
    // A model that counts makes its prompt itself, and tells of tools what it must.
    if (model.countTokens !== undefined) return fitHistory(messages, { contextLength, reserve, count })
    // What is only thought to be too long is for the server to refuse: the correction is of other texts.
    const doubt = contextLength * Math.max(0, this.#ratio - 1)
    const specs = estimateAll([], tools) * this.#ratio
    return fitHistory(messages, { contextLength: contextLength + doubt, reserve: reserve + doubt + specs, count })
  }

  /** What the server counted for what it was sent. */
  heard(model: Model, messages: readonly Message[], tools: readonly ToolSpec[], usage: Usage): void {
    if (model.countTokens !== undefined || usage.estimated === true || usage.promptTokens === 0) return
    if (model.info.contextLength === undefined && this.#most === Infinity) return
    const estimate = estimateAll(messages, tools)
    if (estimate < leastEstimate) return
    const ratio = Math.min(10, Math.max(0.2, usage.promptTokens / estimate))
    this.#ratio = this.#corrected ? (this.#ratio + ratio) / 2 : ratio
    this.#corrected = true
  }

  /** Tokens of what was sent. */
  tokensOf(model: Model, messages: readonly Message[]): number {
    return messages.reduce((sum, message) => sum + this.#count(model, message), 0)
  }

  /** Tokens that a request is counted for, about. */
  promptTokens(model: Model, messages: readonly Message[], tools: readonly ToolSpec[]): number {
    const specs = model.countTokens === undefined ? estimateAll([], tools) * this.#ratio : 0
    return Math.ceil(this.tokensOf(model, messages) + specs)
  }

  /** A server took so many after it had refused more. */
  learn(most: number): void {
    this.#most = Math.min(this.#most, most)
  }

  #count(model: Model, message: Message): number {
    if (model.countTokens === undefined) return estimate(message) * this.#ratio
    let tokens = this.#counted.get(message)
    if (tokens === undefined) {
      const texts = textsOf(message)
      const most = (model.info.contextLength ?? Infinity) * charactersPerToken
      const tooLong = texts.reduce((sum, text) => sum + text.length, 0) > most // H3
      tokens = tooLong ? Infinity : texts.reduce((sum, text) => sum + (model.countTokens?.(text) ?? 0), 0)
      this.#counted.set(message, tokens)
    }
    return tokens
  }
}

const tooLong =
  /context.{0,15}(length|window|size|limit)|maximum (context|input|prompt|number of (input )?tokens)|too many (input |prompt )?tokens|(prompt|input|request|messages?|conversation)\b.{0,30}(too long|exceed)|exceeds? .{0,40}context|reduce the length of the (messages|prompt|input)/i

/** Whether a server refused a request because it is too long, as far as its words tell. */
export function isTooLong(error: unknown): boolean {
  if (!(error instanceof AgentOSError)) return false
  const { code, message, details } = error
  if (code === "CONTEXT_TOO_LONG") return true
  if (!["MODEL_REFUSED", "MODEL_UNAVAILABLE"].includes(code) || details?.["status"] === 429) return false
  return (
    details?.["status"] === 413 || tooLong.test(`${message} ${String(details?.["said"] ?? "").replaceAll("_", " ")}`)
  )
}
