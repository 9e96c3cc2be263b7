/**
 * OpenAI's chat completions in terms of runs. Pure.
 *
 * The last message is the input; what comes before it is the context that the run starts from. Of a topology only the answer is streamed,
 * because which of its steps will have the last word is known only at the end.
 *
 * @see https://platform.openai.com/docs/api-reference/chat
 */
import { AgentOSError } from "#actors/errors.js"
import type { ContextVector } from "../agents/context-vector.js"
import type { Message } from "../models/model.js"
import type { RunEvent, RunResult } from "../run.js"
import type { RunInput } from "./service.js"
import type { ChatRequest } from "./schemas.js"

/** The run that a chat request asks for. @throws `INVALID_REQUEST` */
export function runOfChat(request: ChatRequest): RunInput {
  if (Array.isArray(request["tools"]) && request["tools"].length > 0) {
    throw new AgentOSError("INVALID_REQUEST", "tools: an agent has its own tools; leave this field out")
  }
  const last = request.messages.at(-1)
  if (last?.role !== "user") throw new AgentOSError("INVALID_REQUEST", "messages: the last one must be the user's")
  const input = textOf(last.content)
  if (input.trim() === "") throw new AgentOSError("INVALID_REQUEST", "messages: the last one is empty")
  const before = request.messages.slice(0, -1).map(({ role, content }): Message => {
    return { role: role === "developer" ? "system" : role, content: textOf(content) }
  })
  if (before.length === 0) return { target: request.model, input }
  const context: ContextVector = { version: 1, messages: before, values: {}, provenance: [] }
  return { target: request.model, input, context }
}

function textOf(content: ChatRequest["messages"][number]["content"]): string {
  return typeof content === "string" ? content : content.map(({ text }) => text).join("")
}

/** The whole answer. */
export function completion(run: RunResult, createdMs: number) {
  return {
    ...head(run.runId, run.target, createdMs, "chat.completion"),
    choices: [
      {
        index: 0,
        message: { role: "assistant", content: run.output, refusal: null },
        logprobs: null,
        finish_reason: "stop",
      },
    ],
    usage: usageOf(run),
  }
}

/** Turns a run's events into the chunks of a streamed answer. One for each request. */
export class ChunkWriter {
  readonly #request: ChatRequest
  readonly #live: boolean
  readonly #createdMs: number
  #runId = ""
  #sent = ""

  /** @param live whether tokens are passed on as they come: for a lone agent */
  constructor(request: ChatRequest, live: boolean, createdMs: number) {
    this.#request = request
    this.#live = live
    this.#createdMs = createdMs
  }

  /** The chunks to send after one more event. */
  follow(event: RunEvent): readonly object[] {
    switch (event.type) {
      case "start":
        this.#runId = event.runId
        return [this.#chunk({ role: "assistant", content: "" })]
      case "token": {
        const text = this.#sent === "" ? event.text.trimStart() : event.text
        return this.#live && text !== "" ? [this.#text(text)] : []
      }
      case "end": {
        const rest = remainder(this.#sent, event.run.output)
        const wantsUsage = this.#request.stream_options?.include_usage === true
        return [
          ...(rest === "" ? [] : [this.#text(rest)]),
          this.#chunk({}, "stop"),
          ...(wantsUsage ? [{ ...this.#head(), choices: [], usage: usageOf(event.run) }] : []),
        ]
      }
      default:
        return []
    }
  }

  #text(content: string): object {
    this.#sent += content
    return this.#chunk({ content })
  }

  #chunk(delta: object, finish: "stop" | null = null): object {
    return { ...this.#head(), choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }] }
  }

  #head() {
    return head(this.#runId, this.#request.model, this.#createdMs, "chat.completion.chunk")
  }
}

/** What is still to send so that the reader ends up with the answer; an answer that was begun anew stands on a line of its own. */
export function remainder(sent: string, output: string): string {
  if (output.startsWith(sent)) return output.slice(sent.length)
  return sent.trim() === output.trim() ? "" : `\n${output}`
}

function head(runId: string, model: string, createdMs: number, object: string) {
  return { id: `chatcmpl-${runId}`, object, created: Math.floor(createdMs / 1000), model }
}

function usageOf({ usage }: RunResult) {
  return {
    prompt_tokens: usage.promptTokens,
    completion_tokens: usage.completionTokens,
    total_tokens: usage.promptTokens + usage.completionTokens,
    prompt_tokens_details: { cached_tokens: usage.cachedTokens },
  }
}

/** OpenAI's names for the kinds of errors, by HTTP status. */
export function errorType(http: number): string {
  if (http === 401) return "authentication_error"
  if (http === 403) return "permission_error"
  if (http === 429) return "rate_limit_error"
  return http < 500 ? "invalid_request_error" : "server_error"
}
