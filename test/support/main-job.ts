/**
 * Questions of the main job with a folder to answer them from: random factors, and facts whose topics and values the embedded model never saw,
 * among other prose.
 */
import { mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { fact } from "#src/models/training/corpus/facts.js"
import { capitalize, Dice, Lexicon } from "#src/models/training/corpus/lexicon.js"

export interface MainJobItem {
  /** Such as "What is 48 * 17, and where is actor state kept?" */
  readonly question: string
  /** "816" */
  readonly product: string
  /** "LevelDB" */
  readonly value: string
}

export interface MainJob {
  readonly items: readonly MainJobItem[]
  /** Markdown documents by name; each fact stands in one sentence of one of them. */
  readonly files: Readonly<Record<string, string>>
}

const kept = ["kept", "stored", "saved", "held", "found", "located"]
const factsPerDocument = 3

/** The same items and documents for the same seed. */
export function mainJob(count: number, seed: number): MainJob {
  const dice = new Dice(seed)
  const lexicon = new Lexicon(dice, "seen")
  const topics = new Set<string>()
  const items: MainJobItem[] = []
  const sentences: string[] = []
  while (items.length < count) {
    const topic = `${lexicon.word()} ${lexicon.word()}`
    const [first = "", second = ""] = topic.split(" ")
    if (first === second || topics.has(topic)) continue
    topics.add(topic)
    const [a, b] = [dice.integer(11, 99), dice.integer(11, 99)]
    if (!lexicon.mine(`${a},${b}`)) {
      topics.delete(topic)
      continue
    }
    const how = dice.pick(kept)
    const value = dice.chance(0.5) ? lexicon.name() : lexicon.identifier()
    items.push({ question: `What is ${a} * ${b}, and where is ${topic} ${how}?`, product: String(a * b), value })
    sentences.push(`${capitalize(topic)} is ${how} in ${value}.`)
  }
  const files: Record<string, string> = {}
  for (let from = 0; from < count; from += factsPerDocument) {
    const paragraphs = sentences.slice(from, from + factsPerDocument).map((sentence) => {
      const prose = [fact(lexicon).sentence, fact(lexicon).sentence, fact(lexicon).sentence]
      prose.splice(dice.integer(0, prose.length), 0, sentence)
      return prose.join(" ")
    })
    files[`notes-${from / factsPerDocument + 1}.md`] =
      `# Notes on ${lexicon.word()} ${lexicon.word()}\n\n${paragraphs.join("\n\n")}\n`
  }
  return { items, files }
}

/** Whether an answer is fully right: the product and the value both stand in it, whole. */
export function fullyRight({ product, value }: MainJobItem, answer: string): boolean {
  const escaped = value.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")
  return (
    new RegExp(`(?<![\\d.])${product}(?!\\d)`).test(answer) &&
    new RegExp(`(?<![\\p{L}\\p{N}])${escaped}(?![\\p{L}\\p{N}])`, "u").test(answer)
  )
}

/** Writes the documents into a folder, for `--knowledge`. */
export async function writeKnowledge(folder: string, files: MainJob["files"]): Promise<void> {
  await mkdir(folder, { recursive: true })
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content)
}
