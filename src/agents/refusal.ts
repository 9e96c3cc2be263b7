/**
 * When an agent says that it cannot answer, instead of answering: for a model that knows little and takes every question for one of its own. A pure
 * decision over a question and what came of it.
 */
import type { Confidence, Message, ToolCall } from "../models/model.js"
import { readQuery, termsOf } from "../knowledge/terms.js"
import { mayBeSaid, type SmallTalk } from "./small-talk.js"
import { canAnswer, leadsTo } from "./look-up.js"
import { isExtract } from "./verify.js"
import { askedBesides, asks, isNoSum, spacedSum, sumsIn } from "./sums.js"

export interface Refusal {
  /** What it says. */
  readonly text: string
  /** The least probability that a token of an answer may have, where its model tells (`Confidence.least`); default 0. */
  readonly least?: number
  /** Words that its questions are made of, in lower case. Absent: any. */
  readonly words?: readonly string[]
  /**
   * What may stand in a question besides those words. `nothing`. `names`: those that the answer says again, and one more where nothing is asked. `sum`: the one that
   * the calculator is asked, and whatever stands in other clauses. `subject`: words that stand in what its tools found, all but a quarter of them; where there are none, a sentence that names all of the question before the answer.
   */
  readonly besides?: "nothing" | "names" | "sum" | "subject"
  /** What its answers are held to; it then reads only what it was told of a conversation. */
  readonly talk?: SmallTalk
}

/** One turn of a model, and what its tools found before. */
export interface JudgedTurn {
  readonly question: string
  readonly text: string
  readonly calls: readonly ToolCall[]
  readonly found: readonly string[]
  /** Earlier turns. */
  readonly history?: readonly Message[]
  readonly confidence?: Confidence
}

/** Whether a turn is to be answered with the refusal. */
export function isRefused(refusal: Refusal, turn: JudgedTurn): boolean {
  const { least = 0, talk } = refusal
  const { question, text, history = [] } = turn
  const answering = turn.calls.length === 0
  return (
    (answering &&
      ((turn.confidence?.least ?? 1) < least || (talk !== undefined && !mayBeSaid(talk, text, question, history)))) ||
    (answering && refusal.besides !== "sum" && refusal.words !== undefined && askedBesides(question).length > 1) ||
    (refusal.words !== undefined && !isFamiliar(new Set(refusal.words), refusal.besides ?? "nothing", turn))
  )
}

function isFamiliar(
  words: ReadonlySet<string>,
  besides: NonNullable<Refusal["besides"]>,
  { question, text, calls, found }: JudgedTurn,
): boolean {
  const strange = wordsOf(question).filter((word) => !words.has(word))
  switch (besides) {
    case "nothing":
      return strange.length === 0
    case "names": {
      const said = new Set(wordsOf(text))
      const known = wordsOf(question).length > strange.length
      const unsaid = strange.filter((word) => !said.has(word)).length
      return calls.length > 0 || (known && unsaid <= (asks.test(question) ? 0 : 1))
    }
    case "sum":
      if (isNoSum(question)) return false
      return calls.every(({ arguments: { expression } }) => {
        const sums = sumsIn(question)
        const called = spacedSum(String(expression))
        return (
          sums.length > 0 &&
          sums.every((sum) => sum.expression === called && sum.around.every((word) => words.has(word)))
        )
      })
    case "subject": {
      if (calls.length > 0) return true
      // Where the answer stands nowhere, its check says so.
      if (
        found.some((sentence) => isExtract(sentence, text)) &&
        !found.some((sentence) => canAnswer(question, sentence, text))
      )
        return false
      // A sum that is asked as well is asked of somebody else.
      const sums = new Set(sumsIn(question).flatMap(({ expression }) => wordsOf(expression)))
      const there = new Set(termsOf(found.join(" ")))
      const subject = strange.flatMap((word) => {
        const { terms } = readQuery(word)
        if (sums.has(word) || terms.length === 0) return []
        return [terms.some(({ forms, weight }) => weight === 1 && forms.some((form) => there.has(form)))]
      })
      if (subject.length === 0) return found.some((sentence) => leadsTo(question, sentence, text))
      return subject.filter((stands) => !stands).length <= subject.length / 4
    }
  }
}

const wordsOf = (text: string): string[] =>
  (text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []).filter((word) => word !== "s")
