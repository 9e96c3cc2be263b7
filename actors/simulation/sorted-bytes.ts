/**
 * A map from keys to bytes in the order of its keys, which can be looked at as it was at a moment at the price of copying what is changed afterwards. Keys are bytes,
 * held as text of one character a byte. Values lie one behind the other in one piece of memory, so that a large map is no work for the garbage collector.
 */
interface Chunk {
  readonly keys: string[]
  /** Where each value begins: its length (4), then its bytes. */
  readonly values: number[]
  /** The look since which nobody else holds it. */
  age: number
}

export type Pair = readonly [key: string, value: Buffer]

/** Keys in a chunk before it is cut in two. */
const chunkSize = 128

const lengthSize = 4
const firstRoom = 16 * 1024

export class SortedBytes {
  #chunks: Chunk[] = [{ keys: [], values: [], age: 0 }]
  /** Counts looks; chunks that are older are shared with one. */
  #age = 0
  #chunksAge = 0

  #memory = Buffer.allocUnsafeSlow(firstRoom)
  #used = 0
  /** Bytes of values that are no more. */
  #garbage = 0

  get(key: string): Buffer | undefined {
    const chunk = this.#chunks[this.#chunkOf(key)] as Chunk
    const place = placeOf(chunk.keys, key)
    return chunk.keys[place] === key ? this.#read(chunk.values[place] as number) : undefined
  }

  /** @param value undefined deletes */
  set(key: string, value: Uint8Array | undefined): void {
    const at = this.#chunkOf(key)
    const known = this.#chunks[at] as Chunk
    const place = placeOf(known.keys, key)
    const there = known.keys[place] === key
    if (value === undefined && !there) return
    if (there) this.#garbage += lengthSize + this.#memory.readUInt32LE(known.values[place] as number)
    const where = value === undefined ? 0 : this.#write(value)
    const chunk = this.#own(at)
    if (value === undefined) {
      chunk.keys.splice(place, 1)
      chunk.values.splice(place, 1)
      if (chunk.keys.length === 0 && this.#chunks.length > 1) this.#chunks.splice(at, 1)
    } else if (there) {
      chunk.values[place] = where
    } else {
      chunk.keys.splice(place, 0, key)
      chunk.values.splice(place, 0, where)
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
          found.push([key, this.#read(values[place] as number)])
        }
      }
      return found
    }
    for (let at = this.#chunkOf(from); at < this.#chunks.length && found.length < most; at++) {
      const { keys, values } = this.#chunks[at] as Chunk
      for (let place = placeOf(keys, from); place < keys.length && found.length < most; place++) {
        const key = keys[place] as string
        if (key >= to) return found
        found.push([key, this.#read(values[place] as number)])
      }
    }
    return found
  }

  /** As it is now, whatever is changed later. */
  look(): SortedBytes {
    this.#age += 1
    const look = new SortedBytes()
    look.#chunks = this.#chunks
    look.#memory = this.#memory
    return look
  }

  #read(at: number): Buffer {
    const from = at + lengthSize
    return Buffer.from(this.#memory.subarray(from, from + this.#memory.readUInt32LE(at)))
  }

  /** @returns where the value begins */
  #write(value: Uint8Array): number {
    const size = lengthSize + value.length
    if (this.#used + size > this.#memory.length) this.#makeRoom(size)
    const at = this.#used
    this.#memory.writeUInt32LE(value.length, at)
    this.#memory.set(value, at + lengthSize)
    this.#used += size
    return at
  }

  /** Moves all values to a new piece of memory; a look keeps the old one. */
  #makeRoom(size: number): void {
    const old = this.#memory
    const live = this.#used - this.#garbage
    this.#memory = Buffer.allocUnsafeSlow(Math.max(firstRoom, 2 * (live + size)))
    this.#used = 0
    this.#garbage = 0
    for (let at = 0; at < this.#chunks.length; at++) {
      const { values } = this.#own(at)
      for (let place = 0; place < values.length; place++) {
        const from = values[place] as number
        const to = from + lengthSize + old.readUInt32LE(from)
        values[place] = this.#used
        this.#used += old.copy(this.#memory, this.#used, from, to)
      }
    }
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
