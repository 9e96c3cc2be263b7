/**
 * OpenAI's chat completions in terms of runs. Pure.
 *
 * The last message is the input; what comes before it is the context that the run starts from. Of a topology only the answer is streamed,
 * because which of its steps will have the last word is known only at the end.
 *
 * @see https://platform.openai.com/docs/api-reference/chat
 */
import type { ContextVector } from "../agents/context-vector.js"
import type { Message } from "../models/model.js"
import type { Finish, RunEvent, RunResult } from "../run.js"
import { refusal, type ChatMessage, type ChatRequest } from "./chat-fields.js"
import type { RunInput } from "./service.js"

/** The run that a chat request asks for. @throws `INVALID_REQUEST` */
export function runOfChat({ model: target, messages, decoding }: ChatRequest): RunInput {
  const last = messages.at(-1)
  const where = `messages[${messages.length - 1}]`
  if (last?.role !== "user") throw refusal(`${where}.role`, "is to be user: the last message is the question")
  const input = textOf(last)
  if (input.trim() === "") throw refusal(`${where}.content`, "is empty: the last message is the question")
  const before = messages.slice(0, -1).map((message): Message => {
    return { role: message.role === "developer" ? "system" : message.role, content: textOf(message) }
  })
  const context: ContextVector = { version: 1, messages: before, values: {}, provenance: [] }
  return {
    target,
    input,
    ...(decoding === undefined ? {} : { decoding }),
    ...(before.length === 0 ? {} : { context }),
  }
}

function textOf(message: ChatMessage): string {
  const { content = message.role === "assistant" ? (message.refusal ?? "") : "" } = message
  return typeof content === "string" ? content : content.map(({ text }) => text).join("")
}

const finishReasons: Readonly<Record<Finish, string>> = {
  stop: "stop",
  length: "length",
  "content-filter": "content_filter",
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
        finish_reason: finishReasons[run.finish],
      },
    ],
    usage: usageOf(run),
  }
}

/** Turns a run's events into the chunks of a streamed answer. One for each request. */
export class ChunkWriter {
  readonly #request: ChatRequest
  readonly #createdMs: number
  #runId = ""
  #sent = ""

  constructor(request: ChatRequest, createdMs: number) {
    this.#request = request
    this.#createdMs = createdMs
  }

  /** The chunks to send after one more event. */
  follow(event: RunEvent): readonly object[] {
    switch (event.type) {
      case "start":
        return this.#begin(event.runId)
      case "token": {
        const text = this.#sent === "" ? event.text.trimStart() : event.text
        return this.#request.kind === "agent" && text !== "" ? [this.#text(text)] : []
      }
      case "end": {
        const rest = remainder(this.#sent, event.run.output)
        return [
          ...this.#begin(event.run.runId), // the only event of a run that had ended before
          ...(rest === "" ? [] : [this.#text(rest)]),
          this.#chunk({}, finishReasons[event.run.finish]),
          ...(this.#request.includeUsage ? [{ ...this.#head(), choices: [], usage: usageOf(event.run) }] : []),
        ]
      }
      default:
        return []
    }
  }

  #begin(runId: string): readonly object[] {
    if (this.#runId !== "") return []
    this.#runId = runId
    return [this.#chunk({ role: "assistant", content: "" })]
  }

  #text(content: string): object {
    this.#sent += content
    return this.#chunk({ content })
  }

  #chunk(delta: object, finish: string | null = null): object {
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
