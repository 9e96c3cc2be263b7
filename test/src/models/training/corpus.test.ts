import { createHash } from "node:crypto"
import { readFile } from "node:fs/promises"
import t from "tap"
import { encodeSegments, type Segment } from "#src/models/prompt/scribe.js"
import { Tokenizer } from "#src/models/tokenizer/tokenizer.js"
import {
  buildScribeTokenizer,
  corpusTasks,
  Dice,
  encodeExample,
  evaluationExamples,
  trainingExample,
  type Example,
} from "#src/models/training/corpus/index.js"
import { Lexicon, type Split } from "#src/models/training/corpus/lexicon.js"
import { documentQuestion } from "#src/models/training/corpus/questions.js"
import { sum } from "#src/models/training/corpus/math.js"

const root = new URL("../../../../../", import.meta.url)
const shipped: unknown = JSON.parse(await readFile(new URL("src/models/embedded/scribe/tokenizer.json", root), "utf8"))
const tokenizer = Tokenizer.fromJSON(shipped)

const written = (segments: readonly Segment[]): string =>
  segments.map((segment) => ("mark" in segment ? segment.mark : ` ${segment.text}`)).join("")
const textOf = (segments: readonly Segment[]): string =>
  segments
    .map((segment) => ("text" in segment ? segment.text : ""))
    .join(" ")
    .trim()
const training = (count: number, seed = 5): Example[] => {
  const dice = new Dice(seed)
  return Array.from({ length: count }, (_, n) => trainingExample(dice, n / count))
}
const eachTask = (split: "seen" | "held-out", count: number): Example[] =>
  corpusTasks.flatMap((task) => evaluationExamples(task, split, count))

t.test("the corpus is the one that the shipped checkpoint was trained on", async (t) => {
  // Whoever changes the corpus trains the model anew, and then writes the new digest here.
  const digest = createHash("sha256")
  for (const { prompt, answer } of training(5000)) digest.update(`${written(prompt)} => ${written(answer)}\n`)
  t.equal(digest.digest("hex").slice(0, 16), "dc7fceeca9f1ba53")
})

t.test("the shipped tokenizer is what training on the corpus gives", async (t) => {
  t.same(buildScribeTokenizer().toJSON(), shipped)
})

t.test("the generator goes on from its saved number (G3)", async (t) => {
  const dice = new Dice(9)
  for (let n = 0; n < 100; n++) trainingExample(dice, 0.5)
  const resumed = new Dice(dice.state)
  for (let n = 0; n < 100; n++) t.same(trainingExample(resumed, 0.5), trainingExample(dice, 0.5))
})

t.test("evaluation draws words, names, made-up words, numbers and sums that training never draws (G1)", async (t) => {
  const kinds: Readonly<Record<string, (lexicon: Lexicon) => string>> = {
    word: (lexicon) => lexicon.word(),
    "name from the list": (lexicon) => lexicon.personOrPlace(),
    "made-up word": (lexicon) => lexicon.pseudo(),
    number: (lexicon) => lexicon.number(3),
    sum: (lexicon) => {
      for (;;) {
        const { expression, value } = sum(lexicon)
        if (value !== undefined && expression.length >= 7) return expression
      }
    },
  }
  for (const [kind, draw] of Object.entries(kinds)) {
    const drawn = (split: Split): Set<string> => {
      const lexicon = new Lexicon(new Dice(1), split)
      return new Set(Array.from({ length: 5000 }, () => draw(lexicon)))
    }
    const trained = drawn("train")
    for (const split of ["seen", "held-out"] as const) {
      t.same(
        [...drawn(split)].filter((value) => trained.has(value)),
        [],
        `${kind}, ${split}`,
      )
    }
  }
})

t.test("an evaluation word stands in no phrasing and no training item but by chance (G1)", async (t) => {
  const lexicon = new Lexicon(new Dice(1), "seen")
  const evaluated = new Set(Array.from({ length: 5000 }, () => lexicon.word()))
  t.ok(evaluated.size > 100)
  const times = new Map<string, number>()
  for (const { prompt, answer } of training(20_000)) {
    for (const word of textOf([...prompt, ...answer])
      .toLowerCase()
      .match(/[a-z]+/g) ?? [])
      if (evaluated.has(word)) times.set(word, (times.get(word) ?? 0) + 1)
  }
  // A made-up word may happen to spell one, and that happens now and then; a word of the phrasings would come hundreds of times.
  t.same(
    [...times].filter(([, count]) => count > 12),
    [],
  )
})

t.test("an answer from a sentence is a stretch of it, letter by letter", async (t) => {
  for (const { prompt, answer, task } of [...training(3000), ...eachTask("seen", 100)]) {
    if (task !== "docs-answer") continue
    if (!textOf(prompt).includes(textOf(answer))) t.fail(`${written(prompt)} => ${written(answer)}`)
  }
  t.pass("all are")
})

t.test("a phrasing is for training or held out, never both (G2)", async (t) => {
  class Recording extends Lexicon {
    readonly phrasings = new Set<string>()
    override phrasing(make: () => string): string {
      const text = super.phrasing(make)
      this.phrasings.add(text)
      return text
    }
  }
  const phrasings = (split: Split): Set<string> => {
    const lexicon = new Recording(new Dice(2), split)
    for (let n = 0; n < 5000; n++) {
      documentQuestion(lexicon)
      sum(lexicon)
    }
    return lexicon.phrasings
  }
  const [trained, heldOut] = [phrasings("train"), phrasings("held-out")]
  t.ok(trained.size > 3000, `thousands of phrasings, here ${trained.size}`)
  t.ok(heldOut.size > 500, `hundreds are held out, here ${heldOut.size}`)
  t.same(
    [...heldOut].filter((phrasing) => trained.has(phrasing)),
    [],
  )
})

t.test("what an answer copies stands in the prompt, letter by letter", async (t) => {
  for (const example of [...training(2000), ...eachTask("seen", 100), ...eachTask("held-out", 100)]) {
    if (!["docs-query", "docs-answer", "docs-answer-long", "copy"].includes(example.task)) continue
    const [prompt, answer] = [textOf(example.prompt).toLowerCase(), textOf(example.answer).toLowerCase()]
    if (!prompt.includes(answer)) t.fail(`${written(example.prompt)} => ${written(example.answer)}`)
  }
  t.pass("all do")
})

t.test("a stated sum is right", async (t) => {
  for (const { answer } of evaluationExamples("math-answer", "seen", 300)) {
    const [, a, operator, b, value] = /^(\d+) ([-+*/]) (\d+) = (\S+)$/.exec(textOf(answer)) ?? []
    const [x, y] = [Number(a), Number(b)]
    const right = operator === "+" ? x + y : operator === "-" ? x - y : operator === "*" ? x * y : y === 0 ? 0 : x / y
    if (Math.abs(Number(value) - right) > 1e-9 * Math.max(1, Math.abs(right))) t.fail(textOf(answer))
  }
  t.pass("all are")
})

t.test("every item fits the rows of training, and encodes to what it says", async (t) => {
  let longest = 0
  for (const example of [...training(5000), ...eachTask("seen", 100), ...eachTask("held-out", 100)]) {
    const { prompt, answer } = encodeExample(tokenizer, example)
    longest = Math.max(longest, prompt.length + answer.length)
    t.equal(answer.at(-1), tokenizer.special("<eos>"))
    if (
      tokenizer.decode(encodeSegments(tokenizer, example.answer)) !== written(example.answer.filter((s) => "text" in s))
    ) {
      t.fail(written(example.answer))
    }
  }
  t.ok(longest <= 256, `the longest has ${longest} tokens`)
})

t.test("the copy curriculum gives way as training goes on", async (t) => {
  const share = (progress: number): number => {
    const dice = new Dice(4)
    return (
      Array.from({ length: 2000 }, () => trainingExample(dice, progress)).filter(({ task }) => task === "copy").length /
      2000
    )
  }
  t.ok(share(0) > 0.35)
  t.ok(share(1) < 0.08)
})
