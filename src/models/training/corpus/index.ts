/**
 * The corpus that teaches the embedded model its tasks: endless, written by code, the same for the same seed.
 *
 * Invariants
 *   G1. The words, names, made-up words and longer numbers of an evaluation item stand in no training item, apart from a made-up word that
 *       happens to spell a common one, verbs, single digits, and dates and times.
 *   G2. A held-out phrasing stands in no training item.
 *   G3. The generator's whole state is one number: saving it and going on gives the same items.
 */
import { encodeSegments, marks, scribeAnswer, scribePrompt, type Segment } from "../../prompt/scribe.js"
import type { Tokenizer } from "../../tokenizer/tokenizer.js"
import { trainTokenizer } from "../../tokenizer/train-tokenizer.js"
import { fact } from "./facts.js"
import { capitalize, Dice, fill, Lexicon, type Split } from "./lexicon.js"
import { sum, written } from "./math.js"
import { documentQuestion, smallTalk, timeQuestion } from "./questions.js"
import { choose, talk } from "./talk.js"

export { Dice, type Split } from "./lexicon.js"

export const corpusTasks = [
  "route",
  "math-call",
  "math-answer",
  "docs-query",
  "docs-answer",
  "docs-answer-long",
  "time-call",
  "time-answer",
  "chat",
  "merge",
  "copy",
] as const
export type CorpusTask = (typeof corpusTasks)[number]

/** A prompt and the one right answer. */
export interface Example {
  readonly task: CorpusTask
  readonly prompt: readonly Segment[]
  readonly answer: readonly Segment[]
}

/** Shares of the tasks; `copy` has its own, which falls while training goes on. */
const shares: readonly (readonly [CorpusTask, number])[] = [
  ["route", 0.12],
  ["math-call", 0.11],
  ["math-answer", 0.07],
  ["docs-query", 0.21],
  ["docs-answer", 0.28],
  ["docs-answer-long", 0.03],
  ["time-call", 0.01],
  ["time-answer", 0.03],
  ["chat", 0.05],
  ["merge", 0.09],
]

/** Share of the copy curriculum at a point of training, 0 at its beginning and 1 at its end. */
const copyShare = (progress: number): number => (progress < 0.15 ? 0.4 : 0.25 * (1 - 0.8 * progress))

/** The next training item. @param progress 0 to 1 */
export function trainingExample(dice: Dice, progress: number): Example {
  const lexicon = new Lexicon(dice, "train")
  if (dice.chance(copyShare(progress))) return example("copy", lexicon)
  let r = dice.next()
  for (const [task, share] of shares) {
    r -= share
    if (r < 0) return example(task, lexicon)
  }
  return example("docs-answer", lexicon)
}

/** Items for evaluation: unseen values, in seen or held-out phrasing. */
export function evaluationExamples(
  task: CorpusTask,
  split: Exclude<Split, "train">,
  count: number,
  seed = 99,
): Example[] {
  const lexicon = new Lexicon(new Dice(seed + corpusTasks.indexOf(task) * 3 + (split === "seen" ? 0 : 1)), split)
  return Array.from({ length: count }, () => example(task, lexicon))
}

/** Prompt and answer as ids, the answer with its `<eos>`. */
export function encodeExample(
  tokenizer: Tokenizer,
  { prompt, answer }: Example,
): { readonly prompt: number[]; readonly answer: number[] } {
  return {
    prompt: encodeSegments(tokenizer, prompt),
    answer: [...encodeSegments(tokenizer, answer), tokenizer.special("<eos>")],
  }
}

/** The tokenizer of the embedded model: BPE over 30,000 items of the corpus. */
export function buildScribeTokenizer(size = 1152): Tokenizer {
  const dice = new Dice(1)
  const lexicon = new Lexicon(dice, "train")
  const texts: string[] = []
  for (let n = 0; n < 30_000; n++) {
    const task = corpusTasks[n % corpusTasks.length] ?? "route"
    const { prompt, answer } = example(task, lexicon)
    for (const segment of [...prompt, ...answer]) if ("text" in segment) texts.push(` ${segment.text}`)
  }
  return trainTokenizer(texts, { size, specials: marks })
}

function example(task: CorpusTask, lexicon: Lexicon): Example {
  switch (task) {
    case "route":
      return route(lexicon)
    case "math-call": {
      const { question, expression } = sum(lexicon)
      return {
        task,
        prompt: scribePrompt.mathCall(maybeCompound(lexicon, question, "docs")),
        answer: scribeAnswer.calculator(expression),
      }
    }
    case "math-answer": {
      for (;;) {
        const { question, expression, value } = sum(lexicon)
        if (value === undefined) continue
        return {
          task,
          prompt: scribePrompt.mathAnswer(maybeCompound(lexicon, question, "docs"), String(value)),
          answer: scribeAnswer.text(`${expression} = ${value}`),
        }
      }
    }
    case "docs-query": {
      const { question, topic } = documentQuestion(lexicon)
      return {
        task,
        prompt: scribePrompt.docsQuery(maybeCompound(lexicon, question, "math")),
        answer: scribeAnswer.knowledge(topic),
      }
    }
    case "docs-answer": {
      const { sentence, question, value } = fact(lexicon)
      return {
        task,
        prompt: scribePrompt.docsAnswer(sentence, maybeCompound(lexicon, question, "math")),
        answer: scribeAnswer.text(value),
      }
    }
    case "docs-answer-long": {
      const asked = fact(lexicon)
      const sentences = [
        asked.sentence,
        ...Array.from({ length: lexicon.dice.integer(1, 2) }, () => fact(lexicon).sentence),
      ]
      const at = lexicon.dice.integer(0, sentences.length - 1)
      ;[sentences[0], sentences[at]] = [sentences[at] ?? "", sentences[0] ?? ""]
      return {
        task,
        prompt: scribePrompt.docsAnswer(sentences.join(" "), written(lexicon, asked.question)),
        answer: scribeAnswer.text(asked.value),
      }
    }
    case "time-call":
      return {
        task,
        prompt: scribePrompt.timeCall(written(lexicon, timeQuestion(lexicon).question)),
        answer: scribeAnswer.clock(),
      }
    case "time-answer":
      return timeAnswer(lexicon)
    case "chat": {
      const { history, said, reply } = talk(lexicon)
      return { task, prompt: scribePrompt.chat(history, said), answer: scribeAnswer.text(reply) }
    }
    case "merge":
      return merge(lexicon)
    case "copy":
      return copy(lexicon)
  }
}

/** The question alone or, in 45% of cases, beside one of the other kind, in either order. */
function maybeCompound(lexicon: Lexicon, question: string, other: "math" | "docs"): string {
  if (!lexicon.dice.chance(0.45)) return written(lexicon, question)
  return compound(lexicon, question, secondQuestion(lexicon, other))
}

function secondQuestion(lexicon: Lexicon, kind: "math" | "docs"): string {
  if (kind === "math") return sum(lexicon).question
  return lexicon.dice.chance(0.5) ? documentQuestion(lexicon).question : fact(lexicon).question
}

const joints = [
  "{x}, and {y}",
  "{x} and {y}",
  "{x}, and also {y}",
  "{x}? And {y}",
  "{x}. {Y}",
  "{x}? {Y}",
  "{x}, then {y}",
  "{x}; {y}",
  "{x}, plus {y}",
  "{x}? Also, {y}",
  "{x}, and then tell me {y}",
  "first {x}, then {y}",
]

function compound(lexicon: Lexicon, one: string, two: string): string {
  const [x, y] = lexicon.dice.chance(0.5) ? [one, two] : [two, one]
  return written(lexicon, fill(choose(lexicon, joints), { x, y, Y: capitalize(y) }))
}

function route(lexicon: Lexicon): Example {
  const { dice } = lexicon
  const kind = dice.pick(["math", "docs", "docs", "both", "both", "time", "chat", "chat"] as const)
  const docs = (): string => secondQuestion(lexicon, "docs")
  const question =
    kind === "math" ? written(lexicon, sum(lexicon).question)
    : kind === "docs" ? written(lexicon, docs())
    : kind === "both" ? compound(lexicon, sum(lexicon).question, docs())
    : kind === "time" ? written(lexicon, timeQuestion(lexicon).question)
    : written(lexicon, fill(choose(lexicon, smallTalk), { n: lexicon.name(), w: lexicon.word() })) // prettier-ignore
  return { task: "route", prompt: scribePrompt.route(question), answer: scribeAnswer.text(kind) }
}

const days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
const months = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
]

function timeAnswer(lexicon: Lexicon): Example {
  const { dice } = lexicon
  const { question, moment } = timeQuestion(lexicon)
  const day = dice.pick(days)
  const month = dice.pick(months)
  const year = String(dice.integer(2020, 2049))
  const date = `${dice.integer(1, 31)} ${month} ${year}`
  const hour = `${String(dice.integer(0, 23)).padStart(2, "0")}:${String(dice.integer(0, 59)).padStart(2, "0")}`
  const told = { hour, date: `${day}, ${date}`, day, month, year }[moment]
  return {
    task: "time-answer",
    prompt: scribePrompt.timeAnswer(written(lexicon, question), `${day}, ${date}, ${hour}`),
    answer: scribeAnswer.text(`It is ${told}.`),
  }
}

/** Two statements become one sentence; where one is a bare value, a semicolon joins them. */
function merge(lexicon: Lexicon): Example {
  const { dice } = lexicon
  const one = (): { readonly text: string; readonly bare: boolean } => {
    const r = dice.next()
    if (r < 0.45) return { text: `${sum(lexicon).expression} = ${lexicon.number(dice.integer(1, 6))}`, bare: false }
    if (r < 0.8) return { text: dice.chance(0.5) ? lexicon.value() : lexicon.place(), bare: true }
    for (;;) {
      const { sentence } = fact(lexicon)
      if (sentence.length < 60) return { text: sentence, bare: false }
    }
  }
  const [first, second] = [one(), one()]
  const [a, b] = [first.text.replace(/\.$/, ""), second.text.replace(/\.$/, "")]
  const joined =
    first.bare || second.bare
      ? `${a}; ${b}.`
      : `${a}, and ${/^(According|As|At|By|Every|For|In|Its|Note|On|Set|Since|The|There|Today|Unless|Use|We|You)\b/.test(b) ? b.charAt(0).toLowerCase() + b.slice(1) : b}.`
  return { task: "merge", prompt: scribePrompt.merge(first.text, second.text), answer: scribeAnswer.text(joined) }
}

/** Repeats a list, or gives the value that stands beside a key: what every other task is made of. */
function copy(lexicon: Lexicon): Example {
  const { dice } = lexicon
  const item = (): string => {
    const r = dice.next()
    if (r < 0.3) return lexicon.pseudo()
    if (r < 0.5) return capitalize(lexicon.pseudo())
    if (r < 0.7) return lexicon.word()
    if (r < 0.8) return lexicon.number()
    return r < 0.9 ? lexicon.identifier() : lexicon.name()
  }
  if (dice.chance(0.33)) {
    const list = Array.from({ length: dice.integer(2, 8) }, item).join(" ")
    return { task: "copy", prompt: scribePrompt.copy(list), answer: scribeAnswer.text(list) }
  }
  const keys = [...new Set(Array.from({ length: dice.integer(2, 6) }, item))]
  const values = keys.map(() => (dice.chance(0.6) ? item() : `${item()} ${item()}`))
  const at = dice.integer(0, keys.length - 1)
  return {
    task: "copy",
    prompt: scribePrompt.copy(keys.map((key, i) => `${key} : ${values[i]}`).join(" ; "), keys[at] ?? ""),
    answer: scribeAnswer.text(values[at] ?? ""),
  }
}
