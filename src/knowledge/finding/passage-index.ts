/**
 * The passages of one tenant's documents, found by words (BM25) and by vectors (cosine). Not the texts: these stay in
 * the store.
 *
 * Invariants
 *   X1. A document is found as a whole or not at all: its segments are staged one by one and take the place of those
 *       before in one step.
 *   X2. A search looks at every segment, so its cost grows with what there is; it runs where that holds nobody up.
 */
import { hashedNgrams } from "../hashed-ngrams.js"
import type { Embedder } from "../knowledge.js"
import { fuseRanks } from "../rank.js"
import { blockLength, type Passage } from "../reading/passages.js"
import { queryReads, readQuery, type Query } from "../terms.js"
import { eachHolder, segmentOf, termHash, type Segment } from "./segment.js"

/** A passage that was found, by its place in its document. */
export interface Place {
  readonly document: string
  /** Which of the document's contents it stands in. */
  readonly version: string
  readonly passage: number
  readonly score: number
}

export interface PlaceQuery {
  readonly query: string
  /** The question that the query was taken from, or "". */
  readonly question: string
  /** Most places. */
  readonly limit: number
  /** Code is no answer. */
  readonly proseOnly: boolean
}

interface Segments {
  readonly version: string
  readonly segments: Segment[]
}

/** BM25: how soon more of a term counts no more, and how much a passage's length counts. */
const [k1, b] = [1.2, 0.7]
/** Vectors that are less alike say nothing. */
const leastCosine = 0.05
/** Places of each list that are put together, at least. */
const leastRanked = 24

export class PassageIndex {
  readonly #embedder: Embedder
  readonly #documents = new Map<string, Segments>()
  readonly #staged = new Map<string, Segments>()

  constructor(embedder: Embedder = hashedNgrams()) {
    this.#embedder = embedder
  }

  /** Takes in a block of a document that is not found yet (X1). */
  async stage(document: string, version: string, passages: readonly Passage[]): Promise<void> {
    const vectors = await this.#embedder.embed(passages.map(({ heading, text }) => `${heading ?? ""} ${text}`))
    const segment = segmentOf(document, passages, vectors)
    const before = this.#staged.get(document)
    if (before?.version === version) before.segments.push(segment)
    else this.#staged.set(document, { version, segments: [segment] })
  }

  /** From now on a document is what was staged of it; nothing, when nothing was (X1). */
  commit(document: string): void {
    const staged = this.#staged.get(document)
    this.#staged.delete(document)
    if (staged === undefined) this.#documents.delete(document)
    else this.#documents.set(document, staged)
  }

  /** The places that match best, best first. */
  async search({ query, question, limit, proseOnly }: PlaceQuery): Promise<readonly Place[]> {
    const all = [...this.#documents].flatMap(([document, { version, segments }]) =>
      segments.map((segment, number) => ({ document, version, segment, number })),
    )
    const most = Math.max(leastRanked, 2 * limit)
    const segments = all.map(({ segment }) => segment)
    const [vector] = await this.#embedder.embed([query.slice(0, queryReads)])
    const words = byWords(segments, readQuery(query), proseOnly, most)
    // Words count twice: the vectors know spelling, not what is rare.
    const lists = [words, words, byVector(segments, vector as Float32Array, proseOnly, most)]
    if (question !== "") lists.push(byWords(segments, readQuery(question), proseOnly, most / 2))
    const ranked = [...fuseRanks(lists.map((list) => list.map(String)))]
    return ranked
      .map(([key, score]): Place => {
        const { document, version, number } = all[Math.floor(Number(key) / blockLength)] as (typeof all)[number]
        return { document, version, passage: number * blockLength + (Number(key) % blockLength), score }
      })
      .sort((one, other) => other.score - one.score) // what the words found first stays first where the ranks are even
      .slice(0, limit)
  }
}

/** Passages, each as its segment's number times `blockLength` and its own, by how well they match, best first. */
function byWords(segments: readonly Segment[], query: Query, proseOnly: boolean, most: number): number[] {
  const sought = new Map(query.terms.flatMap(({ forms, weight }) => forms.map((form) => [termHash(form), weight])))
  const [hashes, weights] = [[...sought.keys()], [...sought.values()]]
  let passages = 0
  let words = 0
  const holders = hashes.map(() => 0)
  for (const segment of segments) {
    passages += segment.lengths.length
    for (const length of segment.lengths) words += length
    for (const [at, hash] of hashes.entries())
      eachHolder(segment, hash, () => (holders[at] = (holders[at] as number) + 1))
  }
  const worth = holders.map(
    (holds, at) => (weights[at] as number) * Math.log(1 + (passages - holds + 0.5) / (holds + 0.5)),
  )
  const average = Math.max(1, words / Math.max(1, passages))
  const best = new Best(most)
  const scores = new Float64Array(blockLength)
  for (const [number, segment] of segments.entries()) {
    scores.fill(0)
    for (const [at, hash] of hashes.entries())
      eachHolder(segment, hash, (passage, count) => {
        const length = segment.lengths[passage] as number
        const share = (count * (k1 + 1)) / (count + k1 * (1 - b + (b * length) / average))
        scores[passage] = (scores[passage] as number) + (worth[at] as number) * share
      })
    for (let passage = 0; passage < segment.lengths.length; passage++)
      if ((scores[passage] as number) > 0 && !(proseOnly && segment.code[passage] === 1))
        best.offer(number * blockLength + passage, scores[passage] as number)
  }
  return best.keys()
}

function byVector(segments: readonly Segment[], vector: Float32Array, proseOnly: boolean, most: number): number[] {
  const best = new Best(most)
  const dimensions = vector.length
  for (const [number, { vectors, lengths, code }] of segments.entries()) {
    for (let passage = 0; passage < lengths.length; passage++) {
      if (proseOnly && code[passage] === 1) continue
      const from = passage * dimensions
      let dot = 0
      for (let i = 0; i < dimensions; i++) dot += (vector[i] as number) * (vectors[from + i] as number)
      if (dot > leastCosine * 127) best.offer(number * blockLength + passage, dot)
    }
  }
  return best.keys()
}

/** The best of many, with little room. */
class Best {
  readonly #most: number
  readonly #kept: { readonly key: number; readonly score: number }[] = []

  constructor(most: number) {
    this.#most = most
  }

  offer(key: number, score: number): void {
    const kept = this.#kept
    if (kept.length === this.#most && score <= (kept.at(-1) as { score: number }).score) return
    let at = kept.length
    while (at > 0 && (kept[at - 1] as { score: number }).score < score) at -= 1
    kept.splice(at, 0, { key, score })
    if (kept.length > this.#most) kept.pop()
  }

  keys(): number[] {
    return this.#kept.map(({ key }) => key)
  }
}
