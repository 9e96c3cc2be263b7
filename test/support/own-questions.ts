/** Questions of the kinds that the embedded model was made for, in words and phrasing that it never saw, with documents for those that need one. */
import { fact } from "#src/models/training/corpus/facts.js"
import { Dice, Lexicon } from "#src/models/training/corpus/lexicon.js"
import { sum, written } from "#src/models/training/corpus/math.js"
import { timeQuestion } from "#src/models/training/corpus/questions.js"
import { talk } from "#src/models/training/corpus/talk.js"

export interface OwnQuestion {
  readonly kind: "sum" | "look-up" | "time" | "small talk"
  readonly question: string
  /** How a right answer reads. */
  readonly right: RegExp
}

export interface OwnQuestions {
  readonly items: readonly OwnQuestion[]
  /** Markdown documents by name. */
  readonly files: Readonly<Record<string, string>>
}

/** What small talk that has no better reply is answered with: the shipped companion refuses instead. */
const noReply = "I can calculate, look things up and tell the time."

/** The same items and documents for the same seed. @param count of each kind */
export function ownQuestions(count: number, seed: number, split: "seen" | "held-out" = "held-out"): OwnQuestions {
  const lexicon = new Lexicon(new Dice(seed), split)
  const times = <T>(make: () => T | undefined): T[] => {
    const made: T[] = []
    while (made.length < count) {
      const item = make()
      if (item !== undefined) made.push(item)
    }
    return made
  }
  const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")
  const exactly = (text: string): RegExp => new RegExp(`^${escaped(text)}\\.?$`, "i")
  const sums = times((): OwnQuestion | undefined => {
    const { question, expression, value } = sum(lexicon)
    if (/\/ 0\b/.test(expression)) return undefined
    const result = value === undefined ? "-?[\\d.e+-]+" : escaped(String(value))
    return { kind: "sum", question: written(lexicon, question), right: new RegExp(`^${escaped(expression)} = ${result}$`) } // prettier-ignore
  })
  const facts = times(() => fact(lexicon))
  const prose = facts.map(({ sentence }) => [fact(lexicon).sentence, sentence, fact(lexicon).sentence].join(" "))
  const lookUps = facts.map(({ question, value }): OwnQuestion => ({
    kind: "look-up",
    question: written(lexicon, question),
    right: exactly(value),
  }))
  const moments = times((): OwnQuestion => ({ kind: "time", question: written(lexicon, timeQuestion(lexicon).question), right: /^It is .+\.$/ })) // prettier-ignore
  const talks = times((): OwnQuestion | undefined => {
    const { history, said, reply } = talk(lexicon)
    if (history.length > 0 || reply === noReply) return undefined
    return { kind: "small talk", question: said, right: exactly(reply.replace(/\.$/, "")) }
  })
  const files: Record<string, string> = {}
  for (let from = 0; from < prose.length; from += 3)
    files[`facts-${from / 3 + 1}.md`] = `# Notes on ${lexicon.word()}\n\n${prose.slice(from, from + 3).join("\n\n")}\n`
  return { items: [...sums, ...lookUps, ...moments, ...talks], files }
}
