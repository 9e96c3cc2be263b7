/** Ranking, as pure functions. */

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

/** Words of a text in lower case, without endings that only grammar puts there. */
export function termsOf(text: string): string[] {
  return (text.toLowerCase().match(/[\p{L}\p{N}]+(?:[_./-][\p{L}\p{N}]+)*/gu) ?? []).flatMap((word) => {
    const parts = word.split(/[_./-]/)
    return (parts.length > 1 ? [word, ...parts] : parts).map(stem)
  })
}

/** A light stemmer: plural and the commonest verb endings, and the mute e that comes and goes with them. */
export function stem(word: string): string {
  const bare = withoutEnding(word)
  return bare.length > 3 && bare.endsWith("e") ? bare.slice(0, -1) : bare
}

function withoutEnding(word: string): string {
  if (word.length > 4 && word.endsWith("ies")) return `${word.slice(0, -3)}y`
  if (word.length > 5 && word.endsWith("ing")) return word.slice(0, -3)
  if (word.length > 4 && word.endsWith("ed")) return word.slice(0, -2)
  if (word.length > 3 && word.endsWith("es") && /(s|x|z|ch|sh)es$/.test(word)) return word.slice(0, -2)
  if (word.length > 3 && word.endsWith("s") && !word.endsWith("ss")) return word.slice(0, -1)
  return word
}

/** Words that say nothing about what is asked, as their stems. */
const functionWords = new Set(
  "a an the is are was were be been do does did has have had of in on at to for by with from and or not it its this that these those what which who whom whose where when why how can could should would will may might must i you we they he she me my our your please tell show much many"
    .split(" ")
    .map(stem),
)

export interface Candidate {
  readonly text: string
  /** Text around it that tells what it is about, such as its heading. */
  readonly about?: string
}

/**
 * Scores sentences for a query: BM25 over the candidates, where a word counts by its rarity among them; words of the whole question count a
 * quarter of those of the query, words of the surroundings a third.
 */
export function scoreSentences(query: string, question: string, candidates: readonly Candidate[]): number[] {
  const documents = candidates.map(({ text, about }) => ({
    terms: termsOf(text),
    about: new Set(termsOf(about ?? "")),
  }))
  const average = documents.reduce((sum, { terms }) => sum + terms.length, 0) / Math.max(1, documents.length)
  const frequency = new Map<string, number>()
  for (const { terms } of documents)
    for (const term of new Set(terms)) frequency.set(term, (frequency.get(term) ?? 0) + 1)
  const weights = new Map<string, number>()
  const weigh = (text: string, factor: number): void => {
    for (const term of termsOf(text))
      if (!functionWords.has(term)) weights.set(term, Math.max(weights.get(term) ?? 0, factor))
  }
  weigh(query, 1)
  weigh(question, 0.25)
  return documents.map(({ terms, about }) => {
    let score = 0
    for (const [term, weight] of weights) {
      const count = terms.filter((other) => other === term).length
      const holds = frequency.get(term) ?? 0
      const rarity = Math.log(1 + (documents.length - holds + 0.5) / (holds + 0.5))
      if (count > 0)
        score += weight * rarity * ((count * 2.2) / (count + 1.2 * (0.25 + (0.75 * terms.length) / average)))
      else if (about.has(term)) score += (weight * rarity) / 3
    }
    return score
  })
}
