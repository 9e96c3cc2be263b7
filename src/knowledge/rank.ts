/** Ranking, as pure functions. */
import { termsOf, type Query, type Term } from "./terms.js"

/**
 * Reciprocal rank fusion: an item's score is the sum of 1 / (k + rank) over the lists it stands in.
 *
 * @see Cormack et al. 2009, https://doi.org/10.1145/1571941.1572114
 */
export function fuseRanks(lists: readonly (readonly string[])[], k = 60): Map<string, number> {
  const scores = new Map<string, number>()
  for (const list of lists) list.forEach((id, rank) => scores.set(id, (scores.get(id) ?? 0) + 1 / (k + rank + 1)))
  return scores
}

export interface Candidate {
  readonly text: string
  /** Text around it that tells what it is about, such as its heading. */
  readonly about?: string
}

/** What a part of a compound, or the compound of a part, counts of the word itself. */
const partOfCompound = 0.5
/** Shortest word looked for in compounds, and what a compound has more. */
const [shortestPart, restOfCompound] = [5, 3]

/**
 * Scores sentences for a query: BM25 over the candidates, where a word counts by its rarity among them; words of the
 * whole question count a quarter of those of the query, words of the surroundings a third.
 *
 * Cost: the words of the candidates, and the query's terms (which are few) times the candidates.
 */
export function scoreSentences(query: Query, question: Query, candidates: readonly Candidate[]): number[] {
  const documents = candidates.map(({ text, about }) => {
    const terms = termsOf(text)
    const counts = new Map<string, number>()
    for (const term of terms) counts.set(term, (counts.get(term) ?? 0) + 1)
    return { length: terms.length, counts, about: new Set(termsOf(about ?? "")) }
  })
  const average = documents.reduce((sum, { length }) => sum + length, 0) / Math.max(1, documents.length)
  const frequency = new Map<string, number>()
  for (const { counts } of documents)
    for (const term of counts.keys()) frequency.set(term, (frequency.get(term) ?? 0) + 1)
  const rarity = (holds: number): number => Math.log(1 + (documents.length - holds + 0.5) / (holds + 0.5))
  const sought = new Map<
    string,
    { readonly forms: readonly string[]; readonly weight: number; readonly rarity: number }
  >()
  const seek = ({ forms, weight }: Term): void => {
    const rarest = rarity(Math.max(...forms.map((form) => frequency.get(form) ?? 0)))
    sought.set(forms.join(" "), { forms, weight, rarity: rarest })
  }
  for (const { forms, weight } of question.terms) seek({ forms, weight: weight / 4 })
  for (const term of query.terms) seek(term)
  if (query.compounds && question.compounds)
    for (const { forms, weight } of [...sought.values()])
      for (const other of compounds(forms, frequency.keys()))
        if (!sought.has(other)) seek({ forms: [other], weight: weight * partOfCompound })
  return documents.map(({ length, counts, about }) => {
    let score = 0
    for (const { forms, weight, rarity } of sought.values()) {
      const count = Math.max(...forms.map((form) => counts.get(form) ?? 0))
      if (count > 0) score += weight * rarity * ((count * 2.2) / (count + 1.2 * (0.25 + (0.75 * length) / average)))
      else if (forms.some((form) => about.has(form))) score += (weight * rarity) / 3
    }
    return score
  })
}

/** Words that a word begins or ends, or that begin or end it: Sicherung, Datenbanksicherung. */
function compounds(forms: readonly string[], vocabulary: Iterable<string>): string[] {
  const long = forms.filter((form) => form.length >= shortestPart)
  const found: string[] = []
  if (long.length === 0) return found
  for (const other of vocabulary) {
    const joins = (form: string): boolean => {
      const [part, whole] = other.length < form.length ? [other, form] : [form, other]
      if (part.length < shortestPart || whole.length - part.length < restOfCompound) return false
      return whole.startsWith(part) || whole.endsWith(part)
    }
    if (long.some(joins)) found.push(other)
  }
  return found
}
