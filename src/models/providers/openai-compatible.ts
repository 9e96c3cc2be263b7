/**
 * A model on any server that speaks OpenAI's chat completions, through the Vercel AI SDK. The SDK is an optional peer, loaded on first use.
 *
 * Invariants
 *   C1. A turn is sent what was asked for and nothing else: no limit on tokens that nobody set.
 *   C2. A tool call is given once the turn has ended, and only if it was written to its end. Arguments that are no JSON object become `{}` and
 *       say so (`invalid`), so that what goes back to the server in the history is JSON.
 *   C3. What the model thought (reasoning) is counted and is not part of the answer.
 *   C4. A server that sends no counts is counted for: estimated by the characters, and marked so.
 *   C5. An answer without end is cut ("length"): what is read of one is bounded, in characters and in calls.
 */
import { systemClock, type Clock } from "#actors/clock.js"
import { AgentOSError, thrownText } from "#actors/errors.js"
import { estimatedTokens } from "../estimate.js"
import type { Model, ModelPart, ModelRequest, ToolCall, Usage } from "../model.js"
import { answerEvents } from "./answer-events.js"
import { answeredStatus, brokenOff, saidInStream, type Server } from "./told-errors.js"
import { toPrompt, type CallOptions, type LanguageModel, type StreamPart } from "./wire-messages.js"
import { wireNames, type WireNames } from "./wire-names.js"

export interface OpenAiCompatibleOptions {
  readonly baseUrl: string
  /** The model's name on the server. */
  readonly model: string
  /** Environment variable that holds the key. */
  readonly apiKeyEnv?: string | undefined
  readonly contextLength?: number | undefined
}

type Finish = Extract<StreamPart, { type: "finish" }>["finishReason"]
type Counted = Extract<StreamPart, { type: "finish" }>["usage"]
type WireCall = Pick<Extract<StreamPart, { type: "tool-call" }>, "toolCallId" | "toolName" | "input">

/** Characters that are read of an answer that is none. */
const mostOfRefusal = 8192

/** Characters that are read of an answer, what it thought and called included, and calls (C5). */
const mostWritten = 4 * 1024 * 1024
const mostCalls = 256

/** Banned texts, top-k and the repetition penalty have no words in this protocol; they are left out. */
export function openAiCompatible(id: string, options: OpenAiCompatibleOptions, clock: Clock = systemClock): Model {
  let opened: { readonly model: LanguageModel; readonly server: Server } | undefined
  return {
    info: {
      id,
      provider: options.baseUrl,
      backend: "remote",
      ...(options.contextLength === undefined ? {} : { contextLength: options.contextLength }),
    },
    async *generate(request: ModelRequest): AsyncGenerator<ModelPart> {
      const { model, server } = (opened ??= await open(options, clock))
      const names = wireNames(namesOf(request))
      const prompt = toPrompt(request.messages, names)
      const tools = (request.tools ?? []).map(({ name, description, parameters }) => ({
        type: "function" as const,
        name: names.toWire(name),
        description,
        inputSchema: parameters,
      }))
      const timeout = new AbortController()
      const signals = request.signal === undefined ? [timeout.signal] : [request.signal, timeout.signal]
      const timer = request.timeoutMs === undefined ? undefined : clock.timer(request.timeoutMs, () => timeout.abort())
      const calls: WireCall[] = []
      let begun = 0
      let written = ""
      let raw: unknown
      try {
        const { stream } = await model.doStream({
          prompt,
          tools,
          includeRawChunks: true,
          abortSignal: AbortSignal.any(signals),
          ...decodingOf(request),
        })
        for await (const part of stream) {
          if (part.type === "raw") raw = part.rawValue
          else if (part.type === "text-delta") {
            written += part.delta
            yield { type: "text", text: part.delta }
          } else if (part.type === "reasoning-delta" || part.type === "tool-input-delta")
            written += part.delta // C3
          else if (part.type === "tool-input-start") begun += 1
          else if (part.type === "tool-call") calls.push(part)
          else if (part.type === "error") throw ofStream(server, part.error, raw)
          else if (part.type === "finish") {
            const end = endOf(part.finishReason, server)
            const whole = end === "stop" ? calls : calls.filter(({ input }) => isObject(parsed(input)))
            for (const call of whole) yield { type: "tool-call", call: toCall(call, names) } // C2
            const reason = end === "stop" && whole.length > 0 ? "tool-calls" : end
            yield { type: "finish", reason, usage: usageOf(part.usage, request, written) }
          }
          if (written.length > mostWritten || begun > mostCalls)
            return yield { type: "finish", reason: "length", usage: usageOf({}, request, written) } // C5
        }
      } catch (error) {
        if (request.signal?.aborted === true) {
          yield { type: "finish", reason: "cancelled", usage: usageOf({}, request, written) }
          return
        }
        if (timeout.signal.aborted)
          throw new AgentOSError("DEADLINE_EXCEEDED", `${options.model} did not finish within ${request.timeoutMs} ms`)
        const { cause } = Object(error) as { readonly cause?: unknown } // the SDK wraps what breaks off at once
        throw [error, cause].find((one) => one instanceof AgentOSError) ?? brokenOff(server, thrownText(error), error)
      } finally {
        timer?.()
        timeout.abort() // a consumer that left early does not keep the connection
      }
    },
    async stop() {},
  }
}

async function open(options: OpenAiCompatibleOptions, clock: Clock): Promise<{ model: LanguageModel; server: Server }> {
  const { baseUrl, apiKeyEnv } = options
  const apiKey = apiKeyEnv === undefined ? undefined : process.env[apiKeyEnv]
  if (apiKeyEnv !== undefined && apiKey === undefined)
    throw new AgentOSError(
      "PROVIDER_MISSING",
      `the environment variable ${apiKeyEnv} is not set; the model at ${baseUrl} needs its key there`,
    )
  const server = { model: options.model, baseUrl, apiKey }
  const sdk = await import("@ai-sdk/openai-compatible").catch((cause: unknown) => {
    throw new AgentOSError(
      "PROVIDER_MISSING",
      "models on servers need a package: npm install @ai-sdk/openai-compatible@2",
      { cause },
    )
  })
  const provider = sdk.createOpenAICompatible({
    name: "server",
    baseURL: baseUrl,
    includeUsage: true,
    fetch: async (url, init) => {
      const response = await fetch(url, init)
      const { ok, status, headers } = response
      if (!ok) throw answeredStatus(server, status, headers, await beginning(response), clock.wallTime())
      if (/html/i.test(headers.get("content-type") ?? "")) throw saidInStream(server, await beginning(response))
      const endless = (): AgentOSError => brokenOff(server, "a piece of its answer is too long")
      return new Response(response.body?.pipeThrough(answerEvents(mostWritten, endless)), { status, headers })
    },
    ...(apiKey === undefined ? {} : { apiKey }),
  })
  return { model: provider(options.model), server }
}

async function beginning({ body }: Response): Promise<string> {
  const decoder = new TextDecoder()
  let text = ""
  for await (const bytes of body ?? []) {
    text += decoder.decode(bytes as Uint8Array, { stream: true })
    if (text.length >= mostOfRefusal) break
  }
  return text.slice(0, mostOfRefusal)
}

function namesOf({ tools = [], messages }: ModelRequest): string[] {
  const called = messages.flatMap((message) => {
    if (message.role === "tool") return [message.tool]
    return message.role === "assistant" ? (message.toolCalls ?? []).map(({ tool }) => tool) : []
  })
  return [...tools.map(({ name }) => name), ...called]
}

/** All that is read of a request. */
function textOf({ messages, tools = [] }: ModelRequest): string {
  const calls = messages.flatMap((message) => (message.role === "assistant" ? (message.toolCalls ?? []) : []))
  const forms = [...calls.map((call) => call.arguments), ...tools]
  return [...messages.map(({ content }) => content), ...forms.map((form) => JSON.stringify(form))].join("")
}

function decodingOf({ decoding = {} }: ModelRequest): Partial<CallOptions> {
  const { maxTokens, temperature, topP, stop, seed } = decoding
  return {
    ...(maxTokens === undefined ? {} : { maxOutputTokens: maxTokens }), // C1
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { topP }),
    ...(stop === undefined ? {} : { stopSequences: [...stop] }),
    ...(seed === undefined ? {} : { seed }),
  }
}

/** Why a turn ended, of whoever says it how. @throws `MODEL_UNAVAILABLE` when it was given up */
function endOf({ unified, raw = "" }: Finish, server: Server): "stop" | "length" | "content-filter" {
  if (unified === "length" || unified === "content-filter") return unified
  if (unified !== "other") return "stop"
  if (/length|max.?tokens/i.test(raw)) return "length"
  if (/filter|safety|refus|recitation|blocklist|prohibited|sensitive/i.test(raw)) return "content-filter"
  if (/error|abort|insufficient|cancel/i.test(raw)) throw brokenOff(server, `it ended its answer with ${JSON.stringify(raw.slice(0, 100))}`) // prettier-ignore
  return "stop"
}

/** An error that came in the stream, with the piece that it came in; the SDK makes others of its own. */
function ofStream(server: Server, error: unknown, raw: unknown): AgentOSError {
  const { name, text } = (error ?? {}) as { readonly name?: unknown; readonly text?: unknown }
  if (name === "AI_InvalidResponseDataError") return brokenOff(server, thrownText(error), error)
  return saidInStream(server, raw ?? text ?? error)
}

function toCall({ toolCallId: id, toolName, input }: WireCall, names: WireNames): ToolCall {
  const call = { id, tool: names.fromWire(toolName), arguments: {} }
  const value = input.trim() === "" ? {} : parsed(input) // a tool without parameters
  if (isObject(value)) return { ...call, arguments: value }
  const shown = input.length > 200 ? `${input.slice(0, 200)}…`.toWellFormed() : input
  return { ...call, invalid: shown }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** @param written all that was written, calls and thoughts too (C4) */
function usageOf(counted: Partial<Counted>, request: ModelRequest, written: string): Usage {
  const prompt = counted.inputTokens?.total ?? 0
  const completion = counted.outputTokens?.total ?? 0
  const estimated = prompt === 0 || (completion === 0 && written !== "")
  return {
    promptTokens: prompt === 0 ? estimatedTokens(textOf(request)) : prompt,
    completionTokens: completion === 0 ? estimatedTokens(written) : completion,
    cachedTokens: counted.inputTokens?.cacheRead ?? 0,
    ...(estimated ? { estimated } : {}),
  }
}
