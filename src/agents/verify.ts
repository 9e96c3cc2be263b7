/** Checks of what a model wrote, against what it was given. Pure. */
import type { ToolCall } from "../models/model.js"

const numbersOf = (text: string): string[] => text.match(/\d+(?:\.\d+)?/g) ?? []
const wordsOf = (text: string): string[] =>
  (text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []).filter((word) => word.length > 1)

/** Whether every number and word of a tool call's arguments stands in the request. */
export function callStandsIn(request: string, call: ToolCall): boolean {
  const text = Object.values(call.arguments)
    .filter((value) => typeof value === "string")
    .join(" ")
  const numbers = new Set(numbersOf(request))
  const words = new Set(wordsOf(request))
  return (
    numbersOf(text).every((number) => numbers.has(number)) &&
    wordsOf(text).every((word) => words.has(word) || /^\d+$/.test(word))
  )
}

/** The calculator's last call with its result: "48 * 17 = 816". */
export function sumOf(calls: readonly ToolCall[], results: readonly string[]): string {
  return `${String(calls.at(-1)?.arguments["expression"])} = ${results.at(-1)}`
}

/** Whether an answer is a text, whatever the spacing and with or without a full stop. */
export function states(answer: string, text: string): boolean {
  return spaced(answer).replace(/\.$/, "") === spaced(text)
}

/** Whether every number and word of the input stands in the answer. */
export function isFaithful(input: string, answer: string): boolean {
  const count = (list: readonly string[]): Map<string, number> =>
    list.reduce((counts, item) => counts.set(item, (counts.get(item) ?? 0) + 1), new Map<string, number>())
  const there = count([...numbersOf(answer), ...wordsOf(answer)])
  for (const [item, times] of count([...numbersOf(input), ...wordsOf(input)]))
    if ((there.get(item) ?? 0) < times) return false
  return true
}

/** Whether an answer is a stretch of a text, whole words and names of it, whatever the case and spacing. */
export function isExtract(text: string, answer: string): boolean {
  const wanted = spaced(answer).replace(/[.!]$/, "")
  if (wanted === "") return false
  const escaped = wanted.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")
  // A stretch that ends or begins inside "2.0", "a/b" or "a_b" is not whole.
  return new RegExp(
    `(?<![\\p{L}\\p{N}_])(?<![\\p{L}\\p{N}][.,/_:-])${escaped}(?![\\p{L}\\p{N}_]|[.,/_:-][\\p{L}\\p{N}])`,
    "iu",
  ).test(spaced(text))
}

/** An answer that breaks off within a name or a number, such as "20" of "20.19", up to its end, where there is one. */
export function endedWhole(text: string, answer: string): string {
  const wanted = spaced(answer)
  if (wanted === "" || isExtract(text, answer)) return answer
  const escaped = wanted.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")
  const longer = new RegExp(
    `(?<![\\p{L}\\p{N}_])(?<![\\p{L}\\p{N}][.,/_:-])${escaped}(?:[.,/_:-][\\p{L}\\p{N}_]+)+(?![\\p{L}\\p{N}_])`,
    "giu",
  )
  const [only, ...others] = new Set(spaced(text).match(longer))
  return only !== undefined && others.length === 0 ? only : answer
}

const spaced = (text: string): string => text.replace(/\s+/g, " ").trim()
