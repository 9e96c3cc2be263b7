import { fnv1a } from "#actors/hash.js"
import type { Embedder } from "./knowledge.js"
import { scriptOf, wordsOf } from "./words.js"

/** Characters of a text that are read. */
const textReads = 10_000

/**
 * Vectors from the hashes of words and of three-letter stretches (of single characters and pairs where a character is a
 * syllable or a word), each with a sign, of unit length. It knows spelling, not meaning: "kept" and "keeps" are near,
 * "kept" and "stored" are not. It needs no model and no training.
 *
 * @see Weinberger et al. 2009, feature hashing, https://arxiv.org/abs/0902.2206
 */
export function hashedNgrams(dimensions = 256): Embedder {
  return {
    id: `hashed-ngrams-2-${dimensions}`,
    dimensions,
    embed: async (texts) => texts.map((text) => embed(text, dimensions)),
  }
}

function embed(text: string, dimensions: number): Float32Array {
  const vector = new Float32Array(dimensions)
  for (const joined of wordsOf(text.slice(0, textReads))) {
    const script = scriptOf(joined)
    if (script === "han" || script === "hangul" || script === "hiragana" || script === "katakana") {
      const characters = [...joined]
      characters.forEach((character, i) => {
        put(vector, character, 0.5)
        if (i > 0) put(vector, `${characters[i - 1]}${character}`, 1)
      })
      continue
    }
    for (const word of joined.split(/[_./-]/)) {
      put(vector, word, 1)
      const padded = ` ${word} `
      for (let i = 0; i + 3 <= padded.length; i++) put(vector, padded.slice(i, i + 3), 0.5)
    }
  }
  const norm = Math.hypot(...vector)
  return norm === 0 ? vector : vector.map((x) => x / norm)
}

function put(vector: Float32Array, feature: string, weight: number): void {
  let h = fnv1a(feature)
  h ^= h >>> 15
  h = Math.imul(h, 0x2c1b3c6d)
  h ^= h >>> 12
  const at = (h >>> 1) % vector.length
  vector[at] = (vector[at] as number) + (h & 1 ? weight : -weight)
}
