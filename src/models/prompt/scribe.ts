/**
 * What the embedded model reads and writes: a task token, text and marks between, `<sep>`, then the answer and `<eos>`.
 *
 * Invariants
 *   S1. Text is encoded without special tokens, so nothing a user writes becomes a mark.
 *   S2. Every stretch of text is trimmed and gets one leading space; marks have none.
 */
import type { Tokenizer } from "../tokenizer/tokenizer.js"

/** All marks, in the order of their ids. */
export const marks = [
  "<eos>",
  "<sep>",
  "<route>",
  "<math>",
  "<docs>",
  "<time>",
  "<chat>",
  "<merge>",
  "<copy>",
  "<q>",
  "<res>",
  "<a>",
  "<u>",
  "<calc>",
  "<know>",
  "<clock>",
] as const
export type Mark = (typeof marks)[number]

/** What the model was trained to do. An agent's instructions name one of these. */
export const scribeTasks = ["route", "math", "docs", "time", "chat", "merge"] as const
export type ScribeTask = (typeof scribeTasks)[number]

/** A mark, or text between marks. */
export type Segment = { readonly mark: Mark } | { readonly text: string }

const mark = (name: Mark): Segment => ({ mark: name })
const text = (content: string): Segment => ({ text: content })

/** Prompts by task, as segments. */
export const scribePrompt = {
  /** Which kind of question is this? */
  route: (question: string): Segment[] => [mark("<route>"), text(question), mark("<sep>")],
  /** Write the calculator call. */
  mathCall: (question: string): Segment[] => [mark("<math>"), text(question), mark("<sep>")],
  /** State the result. */
  mathAnswer: (question: string, result: string): Segment[] => [
    mark("<math>"),
    text(question),
    mark("<res>"),
    text(result),
    mark("<sep>"),
  ],
  /** Write the knowledge query. */
  docsQuery: (question: string): Segment[] => [mark("<docs>"), text(question), mark("<sep>")],
  /** Answer from a sentence. */
  docsAnswer: (sentence: string, question: string): Segment[] => [
    mark("<docs>"),
    text(sentence),
    mark("<q>"),
    text(question),
    mark("<sep>"),
  ],
  /** Ask the clock. */
  timeCall: (question: string): Segment[] => [mark("<time>"), text(question), mark("<sep>")],
  /** Tell what the clock said. */
  timeAnswer: (question: string, clock: string): Segment[] => [
    mark("<time>"),
    text(question),
    mark("<res>"),
    text(clock),
    mark("<sep>"),
  ],
  /** Reply; `history` is earlier turns, oldest first. */
  chat: (history: readonly { readonly user: string; readonly reply: string }[], said: string): Segment[] => [
    mark("<chat>"),
    ...history.flatMap(({ user, reply }) => [text(user), mark("<a>"), text(reply), mark("<u>")]),
    text(said),
    mark("<sep>"),
  ],
  /** Join two answers. */
  merge: (first: string, second: string): Segment[] => [
    mark("<merge>"),
    text(first),
    mark("<q>"),
    text(second),
    mark("<sep>"),
  ],
  /** Repeat, or look up; only in training. */
  copy: (source: string, asked?: string): Segment[] => [
    mark("<copy>"),
    text(source),
    ...(asked === undefined ? [] : [mark("<q>"), text(asked)]),
    mark("<sep>"),
  ],
}

/** Answers that are tool calls. */
export const scribeAnswer = {
  calculator: (expression: string): Segment[] => [mark("<calc>"), text(expression)],
  knowledge: (query: string): Segment[] => [mark("<know>"), text(query)],
  clock: (): Segment[] => [mark("<clock>")],
  text: (content: string): Segment[] => [text(content)],
}

/** The ids of a prompt or answer (S1, S2). */
export function encodeSegments(tokenizer: Tokenizer, segments: readonly Segment[]): number[] {
  return segments.flatMap((segment) =>
    "mark" in segment ? [tokenizer.special(segment.mark)] : tokenizer.encode(` ${segment.text.trim()}`),
  )
}

/** What the model asked for, read from its answer. */
export type ScribeOutput =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "call"; readonly tool: "calculator"; readonly arguments: { readonly expression: string } }
  | { readonly kind: "call"; readonly tool: "knowledge.search"; readonly arguments: { readonly query: string } }
  | { readonly kind: "call"; readonly tool: "clock"; readonly arguments: Readonly<Record<string, never>> }

/** Reads an answer's ids, without `<eos>`. A tool call is one mark and then its text. */
export function parseScribeOutput(tokenizer: Tokenizer, ids: readonly number[]): ScribeOutput {
  const first = ids[0]
  const rest = tokenizer.decode(ids.slice(1)).trim()
  if (first === tokenizer.special("<calc>"))
    return { kind: "call", tool: "calculator", arguments: { expression: rest } }
  if (first === tokenizer.special("<know>"))
    return { kind: "call", tool: "knowledge.search", arguments: { query: rest } }
  if (first === tokenizer.special("<clock>")) return { kind: "call", tool: "clock", arguments: {} }
  return { kind: "text", text: tokenizer.decode(ids).trim() }
}
