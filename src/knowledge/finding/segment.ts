/**
 * A block of passages in the form in which it is searched: a sorted list of the hashes of its terms, with the passages
 * that hold each, and a short vector for each passage. Typed arrays, since a map of terms takes ten times the memory of
 * the text; made once and never changed, so that a document is replaced by replacing its segments.
 *
 * A posting is 16 bits: 6 for the passage, 10 for how often it holds the term, in halves. A term in a heading counts one
 * and a half times, in the document's name half.
 */
import { fnv1a, mix } from "#actors/hash.js"
import { termsOf } from "../terms.js"
import type { Passage } from "../reading/passages.js"

export interface Segment {
  readonly hashes: Uint32Array
  /** Where the postings of each term begin; one more than there are terms. */
  readonly starts: Uint32Array
  readonly postings: Uint16Array
  /** Terms of each passage. */
  readonly lengths: Uint16Array
  /** 1 for a passage of code. */
  readonly code: Uint8Array
  /** The vectors of the passages, one after the other, each number times 127. */
  readonly vectors: Int8Array
}

const mostWeight = 1023

export const termHash = (term: string): number => mix(fnv1a(term)) >>> 0

/** @param vectors one for each passage, of unit length */
export function segmentOf(source: string, passages: readonly Passage[], vectors: readonly Float32Array[]): Segment {
  const keys: number[] = []
  const lengths = new Uint16Array(passages.length)
  const ofSource = termsOf(source)
  let heading: string | undefined
  let ofHeading: readonly string[] = []
  for (const [at, passage] of passages.entries()) {
    if (passage.heading !== heading) ofHeading = termsOf(passage.heading ?? "")
    heading = passage.heading
    const weights = new Map<number, number>()
    const weigh = (terms: readonly string[], weight: number): void => {
      for (const term of terms) {
        const hash = termHash(term)
        weights.set(hash, (weights.get(hash) ?? 0) + weight)
      }
    }
    const terms = termsOf(passage.text)
    weigh(terms, 2)
    weigh(ofHeading, 3)
    weigh(ofSource, 1)
    lengths[at] = terms.length + ofHeading.length
    for (const [hash, weight] of weights) keys.push(hash * 65_536 + at * 1024 + Math.min(weight, mostWeight))
  }
  const sorted = Float64Array.from(keys).sort()
  const hashes = new Uint32Array(sorted.length)
  const starts = new Uint32Array(sorted.length + 1)
  const postings = new Uint16Array(sorted.length)
  let terms = 0
  for (const [at, key] of sorted.entries()) {
    const hash = Math.floor(key / 65_536)
    if (terms === 0 || hashes[terms - 1] !== hash) {
      hashes[terms] = hash
      starts[terms] = at
      terms += 1
    }
    postings[at] = key % 65_536
  }
  starts[terms] = sorted.length
  const dimensions = vectors[0]?.length ?? 0
  const packed = new Int8Array(passages.length * dimensions)
  for (const [at, vector] of vectors.entries())
    for (let i = 0; i < dimensions; i++) packed[at * dimensions + i] = Math.round((vector[i] as number) * 127)
  return {
    hashes: hashes.slice(0, terms),
    starts: starts.slice(0, terms + 1),
    postings,
    lengths,
    code: Uint8Array.from(passages, ({ code }) => (code === true ? 1 : 0)),
    vectors: packed,
  }
}

/** The number of a term in a segment; -1 when no passage holds it. */
export function termIn({ hashes }: Segment, hash: number): number {
  let low = 0
  let high = hashes.length - 1
  while (low <= high) {
    const middle = (low + high) >>> 1
    const found = hashes[middle] as number
    if (found === hash) return middle
    if (found < hash) low = middle + 1
    else high = middle - 1
  }
  return -1
}
