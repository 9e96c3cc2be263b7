/**
 * Whether a stretch of a sentence can be the answer to a question, by the forms of English. Pure.
 *
 * Invariants
 *   L1. It says more than the question does.
 *   L2. The sentence, as far as the stretch, denies what the question denies, and nothing else.
 *   L3. Of clauses that are joined, its own names whatever of the question the sentence names: another's is about another thing.
 *   L4. It is of the kind that the question word asks for; a question for yes or no has no such stretch.
 *   L5. A preposition that ends the question ends what stands before it, where the sentence has it.
 *   L6. Numbers in words between the words of a sum are no question for documents.
 *   L7. It is no name of a column, and what answers "where" stands after a word of place, or before a word of holding.
 *   L8. It is no whole sentence, unless the question asks how.
 *   L9. The sentence says it of now and as a fact: that it was so, may be so, is so on a condition or is what somebody
 *       says answers a question only that says as much.
 *   L10. It goes no further than the question's own words: "Rome with his sister" is about his sister no more.
 */
import { readQuery, termsOf } from "../knowledge/terms.js"

export function canAnswer(question: string, sentence: string, answer: string): boolean {
  if (spelledSum.test(question)) return false // L6
  const at = sentence.toLowerCase().indexOf(answer.toLowerCase())
  if (at < 0) return false
  const before = sentence.slice(0, at)
  const after = sentence.slice(at + answer.length)
  const own =
    (before.split(joint).at(-1) ?? "") + sentence.slice(at, at + answer.length) + (after.split(joint)[0] ?? "")
  const [asked, there, named] = [termsOf(question), termsOf(sentence), termsOf(own)].map((terms) => new Set(terms))
  return (
    meant(answer).some((forms) => !forms.some((form) => asked?.has(form))) && // L1
    isDenied(question) === isDenied(before + (after.split(contrast)[0] ?? "")) && // L2
    meant(question).every(
      (forms) => !forms.some((form) => there?.has(form)) || forms.some((form) => named?.has(form)),
    ) && // L3
    followsLast(question, before, sentence) && // L5
    isFirm(question, before, after) && // L9
    !meant(/\swith\s(.*)/is.exec(answer)?.[1] ?? "").some((forms) => forms.some((form) => asked?.has(form))) && // L10
    !columnName.test(answer) && // L7
    (/[\p{L}\p{N}]/u.test(before + after) || /\bhow\b/i.test(question)) && // L8
    isOfKind(
      question,
      before
        .split(/[\s"(]+/)
        .filter((word) => !/^(?:|an?|the)$/i.test(word))
        .at(-1) ?? "",
      sentence.slice(at, at + answer.length),
      holds.test(after),
    ) // L4, L7
  )
}

const spelledSum = /(?<!\d\s|many\s)\b(?:plus|minus|times|(?:divided|multiplied) by)\s\p{L}/iu

function followsLast(question: string, before: string, sentence: string): boolean {
  const last = /\s(as|on|in|to|with|from|at|for|by)\W*$/i.exec(question)?.[1]
  if (last === undefined || !new RegExp(`\\b${last}\\b`, "i").test(sentence)) return true
  const asked = new Set(termsOf(question))
  const between = new RegExp(`.*\\b${last}\\b(.*)$`, "is").exec(before)?.[1]
  return between !== undefined && meant(between).every((forms) => forms.some((form) => asked.has(form)))
}

/** Whether a sentence names what a question does, more than one word, and nothing else before the answer. */
export function leadsTo(question: string, sentence: string, answer: string): boolean {
  const before = sentence.slice(0, Math.max(0, sentence.toLowerCase().indexOf(answer.toLowerCase())))
  const [asked, said] = [meant(question), meant(before)]
  const [named, there] = [new Set(termsOf(question)), new Set(termsOf(before))]
  return (
    asked.length > 1 &&
    asked.every((forms) => forms.some((form) => there.has(form))) &&
    said.every((forms) => forms.some((form) => named.has(form)))
  )
}

/** The forms of each word that says something. */
const meant = (text: string): (readonly string[])[] =>
  readQuery(text).terms.flatMap(({ forms, weight }) => (weight === 1 ? [forms] : []))

const joint = /;|,?\s(?:and|but|while|whereas)\s/i
const contrast = /,?\s(?:and|but) not\s/i
const isDenied = (text: string): boolean =>
  /\b(?:not|no|never|none|nor|neither|nobody|nothing|nowhere|without|unlike|except|cannot)\b|n['’]t\b/i.test(text)

/** L9 */
function isFirm(question: string, before: string, after: string): boolean {
  const doubts = `${before} ${after}`.match(doubt) ?? []
  const asked = question.toLowerCase()
  if (doubts.some((word) => !asked.includes(word.toLowerCase()))) return false
  const own = before.split(joint).at(-1) ?? ""
  return !(/\b(?:is|are)\b/i.test(question) && /\b(?:was|were)\b/i.test(own) && !/\b(?:is|are)\b/i.test(own))
}

const doubt =
  /\bmay\b|\b(?:[Uu]sed to|[Nn]o longer|[Ff]ormerly|[Pp]reviously|[Mm]ight|[Mm]aybe|[Pp]erhaps|[Pp]ossibly|[Pp]robably|[Ss]upposedly|[Aa]llegedly|[Rr]umou?rs?|[Mm]yth|wrong|untrue|[Cc]laim(?:s|ed)?|sa(?:id|ys)|th(?:inks?|ought)|believes?d?|[Uu]ntil|[Ii]f|[Uu]nless)\b/g

const columnName = /(?:^|;\s)[^;:]{1,40}:\s/
const holds = /^\s(?:holds?|keeps?|contains?|stores?|ha(?:s|ve)|defines?|describes?|documents?|sets?|gets?)\b/i

/**
 * @param word the one before the answer, but for an article
 * @param isHolder whether what follows says that the answer holds something
 */
function isOfKind(question: string, word: string, answer: string, isHolder: boolean): boolean {
  const kind = /\b(?:who|whom|whose|why|where|when|how(?: (?:long|many|much|big|old|far|often))?|what|which)\b/i.exec(question)?.[0].toLowerCase() // prettier-ignore
  const holdsName = /(?<!\p{L})\p{Lu}/u.test(answer.replace(/^(?:an?|the)\s/i, ""))
  const holdsNumber = /\p{N}/u.test(answer)
  const inPlace = /^(?:in|at|on|under|inside|near|into|behind|beside)$/i.test(word)
  switch (kind) {
    case undefined:
      return !/^\W*(?:is|are|was|were|am|do|does|did|has|have|had|should|may|must)\b/i.test(question)
    case "why":
      return false
    case "who":
    case "whom":
    case "whose":
      return holdsName && !/^(?:on|at|under|inside|near|into|behind|beside)$/i.test(word)
    case "when":
      return holdsNumber || (holdsName && /^(?:on|in|at|since|until|after|before|by|every|is)$/i.test(word))
    case "where":
      return (
        inPlace ||
        isHolder ||
        /^(?:by|to|is|are|file|above|below|between|over|within)$/i.test(word) ||
        /\bfrom\W*$/i.test(question)
      )
    case "what":
    case "which":
      return true
    case "how":
      return !inPlace
    default:
      return holdsNumber || /\b(?:one|two|three|four|five|six|seven|eight|nine|ten|twelve|a|an)\b/i.test(answer)
  }
}
