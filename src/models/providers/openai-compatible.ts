/**
 * A model on any server that speaks OpenAI's chat completions, through the Vercel AI SDK. The SDK is an optional peer, loaded on first use.
 */
import type * as Ai from "ai"
import type { LanguageModel, ModelMessage, ToolSet } from "ai"
import { systemClock, type Clock } from "#actors/clock.js"
import { AgentOSError, thrownText } from "#actors/errors.js"
import type { FinishReason, Message, Model, ModelPart, ModelRequest } from "../model.js"

export interface OpenAiCompatibleOptions {
  readonly baseUrl: string
  /** The model's name on the server. */
  readonly model: string
  /** Environment variable that holds the key. */
  readonly apiKeyEnv?: string | undefined
  readonly contextLength?: number | undefined
}

interface Sdk {
  readonly ai: typeof Ai
  readonly model: LanguageModel
}

/** Banned texts and the repetition penalty have no words in this protocol; they are left out. */
export function openAiCompatible(id: string, options: OpenAiCompatibleOptions, clock: Clock = systemClock): Model {
  let sdk: Sdk | undefined
  return {
    info: {
      id,
      provider: options.baseUrl,
      backend: "remote",
      ...(options.contextLength === undefined ? {} : { contextLength: options.contextLength }),
    },
    async *generate(request: ModelRequest): AsyncGenerator<ModelPart> {
      const { ai, model } = (sdk ??= await loadSdk(options))
      const { decoding = {} } = request
      const timeout = new AbortController()
      const signals = request.signal === undefined ? [timeout.signal] : [request.signal, timeout.signal]
      const timer = request.timeoutMs === undefined ? undefined : clock.timer(request.timeoutMs, () => timeout.abort())
      const tools = Object.fromEntries(
        (request.tools ?? []).map(({ name, description, parameters }) => [
          toWire(name),
          ai.tool({ description, inputSchema: ai.jsonSchema(parameters) }),
        ]),
      ) as unknown as ToolSet
      const result = ai.streamText({
        model,
        messages: request.messages.map(toModelMessage),
        tools,
        allowSystemInMessages: true, // they are the agent's own instructions
        maxRetries: 0,
        abortSignal: AbortSignal.any(signals),
        onError: () => {},
        ...(decoding.maxTokens === undefined ? {} : { maxOutputTokens: decoding.maxTokens }),
        ...(decoding.temperature === undefined ? {} : { temperature: decoding.temperature }),
        ...(decoding.topK === undefined ? {} : { topK: decoding.topK }),
        ...(decoding.topP === undefined ? {} : { topP: decoding.topP }),
        ...(decoding.stop === undefined ? {} : { stopSequences: [...decoding.stop] }),
        ...(decoding.seed === undefined ? {} : { seed: decoding.seed }),
      })
      let called = false
      let completion = 0
      try {
        for await (const part of result.fullStream) {
          if (part.type === "text-delta") {
            completion += 1
            yield { type: "text", text: part.text }
          } else if (part.type === "tool-call") {
            called = true
            yield {
              type: "tool-call",
              call: {
                id: part.toolCallId,
                tool: fromWire(part.toolName, request),
                arguments: part.input as Record<string, unknown>,
              },
            }
          } else if (part.type === "error") throw unavailable(options, part.error)
          else if (part.type === "abort") {
            if (timeout.signal.aborted)
              throw new AgentOSError(
                "DEADLINE_EXCEEDED",
                `${options.model} did not finish within ${request.timeoutMs} ms`,
              )
            yield {
              type: "finish",
              reason: "cancelled",
              usage: { promptTokens: 0, completionTokens: completion, cachedTokens: 0 },
            }
            return
          } else if (part.type === "finish") {
            const reasons: Readonly<Record<string, FinishReason>> = {
              stop: "stop",
              length: "length",
              "content-filter": "content-filter",
              "tool-calls": "tool-calls",
            }
            const { inputTokens = 0, outputTokens = 0 } = part.totalUsage
            yield {
              type: "finish",
              reason: reasons[part.finishReason] ?? (called ? "tool-calls" : "stop"),
              usage: {
                promptTokens: inputTokens,
                completionTokens: outputTokens,
                cachedTokens: part.totalUsage.cachedInputTokens ?? 0,
              },
            }
          }
        }
      } catch (error) {
        throw error instanceof AgentOSError ? error : unavailable(options, error) // the connection broke off
      } finally {
        timer?.()
        timeout.abort() // a consumer that left early does not keep the connection
      }
    },
    async stop() {},
  }
}

async function loadSdk(options: OpenAiCompatibleOptions): Promise<Sdk> {
  try {
    const [ai, provider] = await Promise.all([import("ai"), import("@ai-sdk/openai-compatible")])
    const apiKey = options.apiKeyEnv === undefined ? undefined : process.env[options.apiKeyEnv]
    if (options.apiKeyEnv !== undefined && apiKey === undefined)
      throw new AgentOSError(
        "PROVIDER_MISSING",
        `the environment variable ${options.apiKeyEnv} is not set; the model at ${options.baseUrl} needs its key there`,
      )
    const server = provider.createOpenAICompatible({
      name: "server",
      baseURL: options.baseUrl,
      includeUsage: true,
      ...(apiKey === undefined ? {} : { apiKey }),
    })
    return { ai, model: server(options.model) }
  } catch (cause) {
    if (cause instanceof AgentOSError) throw cause
    throw new AgentOSError(
      "PROVIDER_MISSING",
      "models on servers need two packages: npm install ai@6 @ai-sdk/openai-compatible@2",
      { cause },
    )
  }
}

/** OpenAI allows no dots in the names of tools. */
const toWire = (name: string): string => name.replaceAll(".", "__")
const fromWire = (name: string, { tools = [] }: ModelRequest): string =>
  tools.find((tool) => toWire(tool.name) === name)?.name ?? name

function toModelMessage(message: Message): ModelMessage {
  switch (message.role) {
    case "system":
    case "user":
      return { role: message.role, content: message.content }
    case "assistant":
      return {
        role: "assistant",
        content: [
          ...(message.content === "" ? [] : [{ type: "text" as const, text: message.content }]),
          ...(message.toolCalls ?? []).map(({ id, tool, arguments: input }) => ({
            type: "tool-call" as const,
            toolCallId: id,
            toolName: toWire(tool),
            input,
          })),
        ],
      }
    case "tool":
      return {
        role: "tool",
        content: [
          {
            type: "tool-result",
            toolCallId: message.toolCallId,
            toolName: toWire(message.tool),
            output: { type: "text", value: message.content },
          },
        ],
      }
  }
}

function unavailable({ baseUrl, model }: OpenAiCompatibleOptions, error: unknown): AgentOSError {
  const status = (error as { statusCode?: number } | undefined)?.statusCode
  const text = thrownText(error)
  return new AgentOSError(
    "MODEL_UNAVAILABLE",
    `${model} at ${baseUrl}${status === undefined ? "" : ` answered ${status}`}: ${text}`,
    { cause: error },
  )
}
