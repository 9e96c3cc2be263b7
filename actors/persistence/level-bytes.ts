/** What LevelDB's files are made of: numbers of variable length, and changes that are numbered. */

/**
 * One change of a key; a value of undefined deletes it. Of the changes of a key, the one with the highest number
 * holds.
 */
export interface Versioned {
  readonly key: Buffer
  readonly number: number
  readonly value: Buffer | undefined
}

/** Reads from the beginning to the end. @throws RangeError where it would read past it */
export class Reader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length
  }

  take(count: number): Buffer {
    if (this.#at + count > this.#bytes.length) throw new RangeError("it ends before its content")
    return this.#bytes.subarray(this.#at, (this.#at += count))
  }

  /** Little-endian, of up to four bytes. */
  number(bytes: number): number {
    return this.take(bytes).readUIntLE(0, bytes)
  }

  varint(): number {
    for (let value = 0, scale = 1; ; scale *= 128) {
      const byte = this.number(1)
      value += (byte & 127) * scale
      if (byte < 128) return value
    }
  }

  /** Bytes after their count. */
  slice(): Buffer {
    return this.take(this.varint())
  }
}

/** After a key in a table stand its kind (1) and the number of its change (7). */
const suffix = 8
export const kindOf = { deleted: 0, put: 1 }

/** The key of the store in a key of a table. @throws RangeError when it is none */
export function ownKey(key: Buffer): Buffer {
  if (key.length < suffix) throw new RangeError("a key is too short")
  return key.subarray(0, -suffix)
}

/** @throws RangeError when it is no change */
export function versioned(key: Buffer, value: Buffer): Versioned {
  const own = ownKey(key)
  const kind = key[own.length] as number
  if (kind > kindOf.put) throw new RangeError("a key is of no kind that there is")
  const number = key.readUIntLE(own.length + 1, 6) + (key[key.length - 1] as number) * 2 ** 48
  return { key: own, number, value: kind === kindOf.put ? value : undefined }
}
