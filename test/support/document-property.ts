import fc from "fast-check"
import { systemClock } from "#actors/clock.js"
import { bytesOf } from "#src/knowledge/reading/document-bytes.js"
import { passageLength, type Passage } from "#src/knowledge/reading/passages.js"
import { DocumentReader } from "#src/knowledge/reading/reader.js"
import type { Document } from "#src/knowledge/knowledge.js"

/** The passages of a document, in their order. */
export async function readPassages(reader: DocumentReader, document: Document): Promise<readonly Passage[]> {
  const passages: Passage[] = []
  await reader.read(document, await bytesOf(document, "", systemClock), async (block) => void passages.push(...block))
  return passages
}

const word = fc.oneof(
  fc.stringMatching(/^[a-z]{1,30}$/),
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 9 }),
  fc.constantFrom("end.", "y".repeat(900), "\u{1f600}".repeat(500), "没有空格。".repeat(400)),
)
const paragraphs = fc.array(fc.array(word, { maxLength: 100 }), { maxLength: 4 })
const bare = (text: string): string => text.replace(/\s/gu, "")

/** No passage of a text is longer than it may be or cuts a character, and together they have all of its words. */
export async function documentsAreWhole(numRuns: number): Promise<void> {
  const reader = new DocumentReader(systemClock)
  try {
    await fc.assert(
      fc.asyncProperty(paragraphs, async (given) => {
        const content = given.map((words) => words.join(" ")).join("\n\n")
        const passages = await readPassages(reader, { id: "a", format: "text", content })
        const whole = bare(passages.map(({ text }) => text).join("")) === bare(content)
        return whole && passages.every(({ text }) => text.length <= passageLength && text.isWellFormed())
      }),
      { numRuns },
    )
  } finally {
    await reader.close()
  }
}
