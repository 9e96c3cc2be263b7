import fc from "fast-check"
import { AgentOSError } from "#actors/errors.js"
import { matchesPattern } from "#src/topologies/pattern.js"

const letters = [..."abBzßſKé數한😀5٣_- \n\r\u212a\u2028\u00a0"]
const atom = fc.constantFrom(
  ..."a B s k K ſ ß é 数 😀 5 _ - / . ^ $ \\b \\B \\d \\D \\s \\S \\w \\W \\. \\/ \\[ \\] \\{".split(" "),
  ..."\\p{L} \\P{L} \\p{Lu} \\p{Ll} \\P{Lu} \\p{Letter} \\p{Script=Han} \\p{sc=Hang} \\p{N} \\p{Emoji} \\p{Alphabetic}".split(
    " ",
  ),
  ..."\\x41 \\u0062 \\u{1F600} \\ud83d\\ude00 \\cJ \\0 \\t \\n [\\ud83d\\ude00-\\ud83d\\ude02] [😀é]".split(" "),
  ..."[a-c] [^a-c] [\\s\\d] [^\\s] [^\\W] [[:a] [-a] [a-] [\\-a] [\\b] [^] [] [.] [K-\\u{212b}] [\\p{Lu}5] [^\\p{Ll}]".split(
    " ",
  ),
)
const pattern = fc.letrec<{ pattern: string; piece: string }>((tie) => ({
  piece: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    atom,
    fc.tuple(fc.constantFrom("(", "(?:", "(?<n>"), tie("pattern")).map(([open, inner]) => `${open}${inner})`),
    fc.tuple(atom, fc.constantFrom("*", "+", "?", "*?", "{2}", "{1,3}", "{2,}")).map(([one, times]) => one + times),
  ),
  pattern: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    tie("piece"),
    fc.tuple(tie("piece"), tie("pattern")).map((parts) => parts.join("")),
    fc.tuple(tie("piece"), tie("pattern")).map((parts) => parts.join("|")),
  ),
})).pattern
const text = fc.array(fc.oneof(fc.constantFrom(...letters), fc.string({ unit: "grapheme", maxLength: 2 })), {
  maxLength: 8,
})

/** A pattern that is taken says of any text what JavaScript's own engine says (R1). */
export function patternsAgree(numRuns: number): void {
  fc.assert(
    fc.property(
      pattern,
      fc.array(
        text.map((parts) => parts.join("")),
        { minLength: 1, maxLength: 4 },
      ),
      (source, texts) => {
        let own: RegExp
        try {
          own = new RegExp(source, "iu")
        } catch {
          return true
        }
        return texts.every((given) => {
          const one = /\\b/i.test(source) ? given.replace(/[ſ\u212a]/g, "s") : given
          try {
            return matchesPattern(source, one) === own.test(one)
          } catch (error) {
            return error instanceof AgentOSError && error.code === "INVALID_TOPOLOGY"
          }
        })
      },
    ),
    { numRuns },
  )
}
