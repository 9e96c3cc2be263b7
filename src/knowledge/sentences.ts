/**
 * Sentences of a text in any language.
 *
 * Invariants
 *   S1. A line's end ends a sentence; no other white space does, except in Thai and Lao, which write no other mark.
 *   S2. Nothing but white space is lost.
 *   S3. The full stop of an abbreviation or of an ordinal number in German ends no sentence.
 *   S4. A mark that opens speech begins a sentence and ends none.
 */

const segmenter = new Intl.Segmenter("en", { granularity: "sentence" })

/** Sentences, by Unicode's rules and line ends; a name such as "Consul 1.8." does not end one. */
export function sentencesOf(text: string): string[] {
  return text
    .split("\n")
    .flatMap((line) => joinedAfterAbbreviations(Array.from(segmenter.segment(line), ({ segment }) => segment)))
    .flatMap((sentence) => (/[\u0e00-\u0eff]/.test(sentence) ? clausesOf(sentence) : [sentence]))
    .map((sentence) => sentence.trim())
    .filter((sentence) => sentence !== "")
}

/** Also one in quotes or parentheses, in the marks of any language, or by the ending that asks in Japanese. */
export const isQuestion = (sentence: string): boolean =>
  /(?:[?？؟;]|(?:です|ます|した|せん)か。?)["'”’»)\]」』）]*$/.test(sentence)

/** Longest sentence that is given as one, in letters: what is longer is a list, a log or a text without capitals. */
const longestSentence = 300

/** The same, where what is longer is cut: after full stops, whatever follows them, then as `piecesOf` does. */
export const shortSentencesOf = (text: string): string[] =>
  sentencesOf(text).flatMap((sentence) => {
    if (sentence.length <= longestSentence) return [sentence]
    const parts = joinedAfterAbbreviations(sentence.split(/(?<=[.!?…]["'”’)\]]?\s)/))
    return parts.flatMap((part) => piecesOf(part.trim(), longestSentence))
  })

/** Marks within a sentence, with the space that follows those that need one. */
const clauseEnd = /[;:,–—،؛]["'”’)\]]?\s|[、，；：。！？।॥]/g

/** A text in pieces of at most so many characters: cut after a mark, else between words, else between characters. */
export function piecesOf(text: string, length: number): string[] {
  const pieces: string[] = []
  let rest = text
  while (rest.length > length) {
    const head = rest.slice(0, length + 1)
    const marks = Array.from(head.matchAll(clauseEnd), ({ index, 0: mark }) => index + mark.trimEnd().length)
    const mark = marks.findLast((end) => end <= length) ?? 0
    const end = mark > length / 2 ? mark : head.lastIndexOf(" ")
    const cut = end > 0 ? end : endWithin(rest, length)
    pieces.push(rest.slice(0, cut))
    rest = rest.slice(cut).trimStart()
  }
  return [...pieces, rest]
}

/** Where the first so many characters end, or the one before, so that no pair is cut. */
export function endWithin(text: string, length: number): number {
  if (text.length <= length) return text.length
  const last = text.charCodeAt(length - 1)
  return last >= 0xd800 && last < 0xdc00 ? length - 1 : length
}

const titles =
  "Dr|Prof|Mr|Mrs|Ms|St|Nr|No|Hr|Fr|Abb|Str|Tel|Bd|bzw|ca|vgl|evtl|inkl|bzgl|sog|Mme|Mlle|env|Sr|Sra|Dott|Ing"
const phrases = "z|z\\. ?B|d|d\\. ?h|u|u\\. ?a|p|p\\. ?ex"
const days = "[Aa]m|[Vv]om|[Zz]um|[Bb]is|[Aa]b|[Dd]e[nmrs]|[Dd]ie|[Dd]as|[Ii]m|[Ss]eit|und|oder"
/** What is written before a name, a number or an example; and an ordinal number in German, after a small word. */
const abbreviation = new RegExp(`(?:^|[\\s(])(?:${titles}|${phrases}|(?:${days}) \\d{1,2})\\.\\s+$`, "u")
/** Speech in Japanese goes on after its quotation mark. */
const speech = /[。！？][」』]$/
/** Unicode's rules leave what opens the next sentence with the one before, where no space is between them. */
const opening = /(?<=[。！？][」』”’）》】]*)[「『（〈《【“‘]+$/

function joinedAfterAbbreviations(segments: readonly string[]): string[] {
  const joined: string[] = []
  for (const segment of segments) {
    const before = joined.at(-1)
    const [opened] = opening.exec(before ?? "") ?? []
    if (before !== undefined && opened !== undefined) {
      joined[joined.length - 1] = before.slice(0, -opened.length) // S4
      joined.push(opened + segment)
    } else if (before !== undefined && (abbreviation.test(before) || (speech.test(before) && segment.startsWith("と"))))
      joined[joined.length - 1] = before + segment
    else joined.push(segment)
  }
  return joined
}

/** Shortest clause of a script without marks that stands alone; shorter ones belong to the next. */
const shortestClause = 16

/** A space between two letters of Thai or Lao parts clauses, as a full stop does; one beside a number does not. */
function clausesOf(sentence: string): string[] {
  const clauses: string[] = []
  for (const piece of sentence.split(/(?<=[\u0e00-\u0e4e\u0e80-\u0ece])[ \u00a0]+(?=[\u0e00-\u0e4e\u0e80-\u0ece])/)) {
    const before = clauses.at(-1)
    if (before !== undefined && before.length < shortestClause) clauses[clauses.length - 1] = `${before} ${piece}`
    else clauses.push(piece)
  }
  return clauses
}
