/**
 * A block of passages in the form in which it is searched: which passages hold which terms, and a short vector for each
 * passage. Typed arrays of the size that is needed, since a map of terms takes ten times the memory of the text; made
 * once and never changed, so that a document is replaced by replacing its segments.
 *
 * Terms are known by a hash. Its first bits, a few less than there are postings in bits, choose a bucket; the next 16
 * stand beside each posting. So a term is taken for another in one of ten thousand segments.
 *
 * A posting is 8 bits: 5 for the passage, 3 for how much the term counts in it: once for each time it stands in the text,
 * one and a half times for each in the heading, half for each in the document's name.
 */
import { fnv1a, mix } from "#actors/hash.js"
import { blockLength, type Passage } from "../reading/passages.js"
import { termsOf } from "../terms.js"

export interface Segment {
  /** How many bits of a hash choose the bucket. */
  readonly bits: number
  /** Where the postings of each bucket begin; one more than there are buckets. */
  readonly starts: Uint16Array | Uint32Array
  /** The bits of each posting's hash after those of its bucket, ascending within a bucket. */
  readonly lows: Uint16Array
  readonly postings: Uint8Array
  /** Terms of each passage. */
  readonly lengths: Uint16Array
  /** 1 for a passage of code. */
  readonly code: Uint8Array
  /** The vectors of the passages, one after the other, each number times 127. */
  readonly vectors: Int8Array
}

/** How much a term counts, in halves, for each of the values that a posting has for it. */
const weights = [1, 2, 3, 4, 6, 8, 12, 20] as const
const weightBits = 3

export const termHash = (term: string): number => mix(fnv1a(term)) >>> 0

/** Used again for each segment: so much that is thrown away at once tears holes into the memory of the process. */
let keys = new Float64Array(64 * 1024)

/** @param vectors one for each passage, of unit length */
export function segmentOf(source: string, passages: readonly Passage[], vectors: readonly Float32Array[]): Segment {
  const lengths = new Uint16Array(passages.length)
  const ofSource = termsOf(source)
  let heading: string | undefined
  let ofHeading: readonly string[] = []
  let count = 0
  for (const [at, passage] of passages.entries()) {
    if (passage.heading !== heading) ofHeading = termsOf(passage.heading ?? "")
    heading = passage.heading
    const counted = new Map<number, number>()
    const weigh = (terms: readonly string[], weight: number): void => {
      for (const term of terms) {
        const hash = termHash(term)
        counted.set(hash, (counted.get(hash) ?? 0) + weight)
      }
    }
    const terms = termsOf(passage.text)
    weigh(terms, 2)
    weigh(ofHeading, 3)
    weigh(ofSource, 1)
    lengths[at] = terms.length + ofHeading.length
    if (count + counted.size > keys.length) {
      const larger = new Float64Array(2 * (count + counted.size))
      larger.set(keys)
      keys = larger
    }
    for (const [hash, weight] of counted) {
      let level = weights.length - 1
      while (level > 0 && (weights[level] as number) > weight) level -= 1
      keys[count++] = hash * 256 + (at << weightBits) + level
    }
  }
  const sorted = keys.subarray(0, count).sort()
  const bits = Math.min(16, Math.max(1, Math.floor(Math.log2(count + 1)) - 2))
  const starts = new (count < 65_536 ? Uint16Array : Uint32Array)(2 ** bits + 1)
  const lows = new Uint16Array(count)
  const postings = new Uint8Array(count)
  for (let at = 0; at < count; at++) {
    const key = sorted[at] as number
    const hash = Math.floor(key / 256)
    const bucket = hash >>> (32 - bits)
    starts[bucket + 1] = at + 1
    lows[at] = (hash >>> (16 - bits)) & 0xffff
    postings[at] = key % 256
  }
  for (let bucket = 1; bucket < starts.length; bucket++)
    if (starts[bucket] === 0) starts[bucket] = starts[bucket - 1] as number
  const dimensions = vectors[0]?.length ?? 0
  const packed = new Int8Array(passages.length * dimensions)
  for (const [at, vector] of vectors.entries())
    for (let i = 0; i < dimensions; i++) packed[at * dimensions + i] = Math.round((vector[i] as number) * 127)
  const code = Uint8Array.from(passages, ({ code }) => (code === true ? 1 : 0))
  return { bits, starts, lows, postings, lengths, code, vectors: packed }
}

/** Calls back for each passage that holds a term, with how much it counts there. */
export function eachHolder(
  { bits, starts, lows, postings }: Segment,
  hash: number,
  found: (passage: number, count: number) => void,
): void {
  const bucket = hash >>> (32 - bits)
  const low = (hash >>> (16 - bits)) & 0xffff
  for (let at = starts[bucket] as number; at < (starts[bucket + 1] as number); at++) {
    if (lows[at] !== low) continue
    const posting = postings[at] as number
    found(posting >>> weightBits, (weights[posting & (weights.length - 1)] as number) / 2)
  }
}

if (blockLength > 2 ** (8 - weightBits)) throw new Error("a posting has no room for the passages of a block")
