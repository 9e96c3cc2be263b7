import fc from "fast-check"
import { sentencesOf, shortSentencesOf } from "#src/knowledge/sentences.js"
import { readQuery, termsOf } from "#src/knowledge/terms.js"

/** Text of any script, well-formed or not. */
const anyText = fc
  .array(
    fc.oneof(
      fc.string({ unit: "grapheme", maxLength: 12 }),
      fc.string({ unit: "binary", maxLength: 12 }),
      fc.constantFrom(
        "die Straße ",
        "l'armoire ",
        "サーバー",
        "ｻｰﾊﾞ",
        "数据库",
        "도서관은 ",
        "ห้องน้ำ ",
        "البَيْتُ ",
        "क़लम ",
        "a.b-c ",
        "。",
        "।",
        "? ",
        "\n",
        " ",
      ),
    ),
    { maxLength: 20 },
  )
  .map((parts) => parts.join(""))

/** Spelling hides no word, a text is found by its own words, and its sentences lose nothing but white space. */
export function languagesHold(numRuns: number): void {
  fc.assert(
    fc.property(anyText, (text) => {
      const terms = termsOf(text)
      const known = new Set(terms)
      const { terms: asked } = readQuery(text)
      const same = (other: string): boolean => JSON.stringify(termsOf(other)) === JSON.stringify(terms)
      const without = (space: string): string => space.replace(/\s/gu, "")
      return (
        same(text.normalize("NFD")) &&
        same(text.normalize("NFC")) &&
        same(text.normalize("NFKC")) &&
        terms.every((term) => term !== "") &&
        asked.length <= 64 &&
        asked.every(({ forms, weight }) => forms.some((form) => known.has(form)) && weight > 0 && weight <= 1) &&
        [sentencesOf, shortSentencesOf].every((cut) => without(cut(text).join("")) === without(text))
      )
    }),
    { numRuns },
  )
}
