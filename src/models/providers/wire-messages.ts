/** A conversation in the form that a server takes. Pure. */
import type { OpenAICompatibleProvider } from "@ai-sdk/openai-compatible"
import type { Message } from "../model.js"
import type { WireNames } from "./wire-names.js"

/** The low level of the Vercel AI SDK: one request, one stream, no retries. */
export type LanguageModel = ReturnType<OpenAICompatibleProvider["chatModel"]>
export type CallOptions = Parameters<LanguageModel["doStream"]>[0]
export type StreamPart =
  Awaited<ReturnType<LanguageModel["doStream"]>>["stream"] extends ReadableStream<infer Part> ? Part : never

/**
 * Many servers take one system message and want it first, refuse a turn that says nothing, and want user and assistant to take turns: what is to be
 * said by one of them in a row is one message.
 */
export function toPrompt(messages: readonly Message[], names: WireNames): CallOptions["prompt"] {
  const system = messages.flatMap(({ role, content }) => (role === "system" && content.trim() !== "" ? [content] : []))
  const turns: Message[] = system.length === 0 ? [] : [{ role: "system", content: system.join("\n\n") }]
  for (const message of messages) {
    const last = turns.at(-1)
    const isEmpty = message.role === "assistant" && isPlain(message) && message.content.trim() === ""
    if (message.role === "system" || isEmpty) continue
    if (isPlain(message) && last?.role === message.role && isPlain(last))
      turns[turns.length - 1] = { role: message.role, content: `${last.content}\n\n${message.content}` }
    else turns.push(message)
  }
  return turns.map((message) => toTurn(message, names))
}

/** Whether a turn is text and nothing else. */
const isPlain = (message: Message): message is Extract<Message, { role: "user" | "assistant" }> =>
  message.role === "user" || (message.role === "assistant" && (message.toolCalls ?? []).length === 0)

function toTurn(message: Message, names: WireNames): CallOptions["prompt"][number] {
  switch (message.role) {
    case "system":
      return message
    case "user":
      return { role: "user", content: [{ type: "text", text: message.content }] }
    case "assistant":
      return {
        role: "assistant",
        content: [
          ...(message.content === "" ? [] : [{ type: "text" as const, text: message.content }]),
          ...(message.toolCalls ?? []).map(({ id, tool, arguments: input }) => ({
            type: "tool-call" as const,
            toolCallId: id,
            toolName: names.toWire(tool),
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
            toolName: names.toWire(message.tool),
            output: { type: "text", value: message.content },
          },
        ],
      }
  }
}
