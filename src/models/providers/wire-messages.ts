/** A conversation in the form that a server takes. Pure. */
import type { OpenAICompatibleProvider } from "@ai-sdk/openai-compatible"
import type { Message } from "../model.js"
import type { WireNames } from "./wire-names.js"

/** The low level of the Vercel AI SDK: one request, one stream, no retries. */
export type LanguageModel = ReturnType<OpenAICompatibleProvider["chatModel"]>
export type CallOptions = Parameters<LanguageModel["doStream"]>[0]
export type StreamPart =
  Awaited<ReturnType<LanguageModel["doStream"]>>["stream"] extends ReadableStream<infer Part> ? Part : never

/** Many servers take one system message and want it first; most refuse a turn that says nothing. */
export function toPrompt(messages: readonly Message[], names: WireNames): CallOptions["prompt"] {
  const system = messages.flatMap(({ role, content }) => (role === "system" && content.trim() !== "" ? [content] : []))
  const said = messages.filter(
    (message) =>
      message.role !== "system" &&
      (message.role !== "assistant" || message.content.trim() !== "" || (message.toolCalls ?? []).length > 0),
  )
  return [
    ...(system.length === 0 ? [] : [{ role: "system" as const, content: system.join("\n\n") }]),
    ...said.map((message) => toTurn(message, names)),
  ]
}

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
