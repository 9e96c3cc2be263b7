/**
 * A map from keys to bytes in the order of its keys, which can be looked at as it was at a moment at the price of copying what is changed afterwards. Keys are bytes,
 * held as text of one character a byte.
 */
interface Chunk {
  readonly keys: string[]
  readonly values: Uint8Array[]
  /** The look since which nobody else holds it. */
  age: number
}

export type Pair = readonly [key: string, value: Uint8Array]

/** Keys in a chunk before it is cut in two. */
const chunkSize = 128

const first = (): Chunk => ({ keys: [], values: [], age: 0 })

export class SortedBytes {
  #chunks: Chunk[]
  /** Counts looks; chunks that are older are shared with one. */
  #age = 0
  #chunksAge = 0

  constructor(chunks: Chunk[] = [first()], age = 0) {
    this.#chunks = chunks
    this.#age = age
    this.#chunksAge = age
  }

  get(key: string): Uint8Array | undefined {
    const chunk = this.#chunks[this.#chunkOf(key)] as Chunk
    const place = placeOf(chunk.keys, key)
    return chunk.keys[place] === key ? chunk.values[place] : undefined
  }

  /** @param value undefined deletes */
  set(key: string, value: Uint8Array | undefined): void {
    const at = this.#chunkOf(key)
    const known = this.#chunks[at] as Chunk
    const place = placeOf(known.keys, key)
    const there = known.keys[place] === key
    if (value === undefined && !there) return
    const chunk = this.#own(at)
    if (value === undefined) {
      chunk.keys.splice(place, 1)
      chunk.values.splice(place, 1)
      if (chunk.keys.length === 0 && this.#chunks.length > 1) this.#chunks.splice(at, 1)
    } else if (there) {
      chunk.values[place] = value
    } else {
      chunk.keys.splice(place, 0, key)
      chunk.values.splice(place, 0, value)
      if (chunk.keys.length > chunkSize) this.#cut(at, chunk)
    }
  }

  /** At most so many pairs with `from` <= key < `to`, in order or from the end. */
  slice(from: string, to: string, most: number, reverse = false): Pair[] {
    const found: Pair[] = []
    if (reverse) {
      for (let at = this.#chunkOf(to); at >= 0 && found.length < most; at--) {
        const { keys, values } = this.#chunks[at] as Chunk
        for (let place = placeOf(keys, to) - 1; place >= 0 && found.length < most; place--) {
          const key = keys[place] as string
          if (key < from) return found
          found.push([key, values[place] as Uint8Array])
        }
      }
      return found
    }
    for (let at = this.#chunkOf(from); at < this.#chunks.length && found.length < most; at++) {
      const { keys, values } = this.#chunks[at] as Chunk
      for (let place = placeOf(keys, from); place < keys.length && found.length < most; place++) {
        const key = keys[place] as string
        if (key >= to) return found
        found.push([key, values[place] as Uint8Array])
      }
    }
    return found
  }

  /** As it is now, whatever is changed later. */
  look(): SortedBytes {
    this.#age += 1
    return new SortedBytes(this.#chunks, this.#age)
  }

  /** The last chunk that may hold the key. */
  #chunkOf(key: string): number {
    let low = 0
    let high = this.#chunks.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (((this.#chunks[middle] as Chunk).keys[0] as string) <= key) low = middle
      else high = middle - 1
    }
    return low
  }

  /** The chunk, not shared with any look. */
  #own(at: number): Chunk {
    if (this.#chunksAge !== this.#age) {
      this.#chunks = this.#chunks.slice()
      this.#chunksAge = this.#age
    }
    const chunk = this.#chunks[at] as Chunk
    if (chunk.age === this.#age) return chunk
    return (this.#chunks[at] = { keys: chunk.keys.slice(), values: chunk.values.slice(), age: this.#age })
  }

  #cut(at: number, { keys, values, age }: Chunk): void {
    // Keys come in order more often than not: the first part stays nearly full.
    const half = Math.floor(chunkSize * 0.75)
    this.#chunks.splice(at + 1, 0, { keys: keys.splice(half), values: values.splice(half), age })
  }
}

/** Where the key stands, or would stand. */
function placeOf(keys: readonly string[], key: string): number {
  let low = 0
  let high = keys.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((keys[middle] as string) < key) low = middle + 1
    else high = middle
  }
  return low
}
