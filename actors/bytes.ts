/**
 * Bytes that are written and read from front to back: the numbers and texts that all frames between nodes are made of.
 *
 *   varint   7 bits a byte, the lowest first, the highest bit set in all but the last; whole numbers up to 2^53 - 1
 *   text     varint of 4 * length + form, then the text: form 0, one byte a character (all below 128); 1, UTF-8, length in bytes; 2, UTF-16, for texts that are
 *            not well-formed and must arrive as they are
 *
 * Invariants
 *   B1. Reading throws `FRAME_REFUSED` and nothing else, whatever the bytes are, and allocates no more than they can hold.
 *   B2. A text arrives as it was, lone surrogates too.
 */
import { AgentOSError } from "./errors.js"

const form = { ascii: 0, utf8: 1, utf16: 2 } as const
/** Texts up to this length are read and written here; for longer ones the call out of JavaScript pays. */
const shortText = 40
const firstSize = 4096
/** A buffer that grew beyond this is not kept. */
const keptSize = 2 ** 20

/** What is thrown for bytes that are not of the protocol. */
export function refused(what: string): AgentOSError {
  return new AgentOSError("FRAME_REFUSED", `bytes from another node are refused: ${what}`)
}

const isWellFormed = (text: string): boolean => (text as string & { isWellFormed(): boolean }).isWellFormed()

export class ByteWriter {
  bytes: Buffer = Buffer.allocUnsafeSlow(firstSize)
  view = new DataView(this.bytes.buffer)
  at = 0
  #most = Infinity
  /** Up to here there is room, and may be written. */
  #limit = firstSize

  /** From here, so many bytes may be written; what would go beyond is refused. */
  allow(count: number): void {
    this.#most = this.at + count
    this.#limit = Math.min(this.#most, this.bytes.length)
  }

  /** Makes room for so many bytes. @throws {AgentOSError} `INVALID_PAYLOAD` for more than is allowed */
  ensure(count: number): void {
    if (this.at + count > this.#limit) this.#grow(count)
  }

  #grow(count: number): void {
    const needed = this.at + count
    if (needed > this.#most)
      throw new AgentOSError("INVALID_PAYLOAD", "a message is larger than the limit of one message between nodes")
    if (needed <= this.bytes.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.bytes.length))
    this.bytes.copy(grown, 0, 0, this.at)
    this.#use(grown)
  }

  #use(bytes: Buffer): void {
    this.bytes = bytes
    this.view = new DataView(bytes.buffer)
    this.#limit = Math.min(this.#most, bytes.length)
  }

  /** Begins anew. */
  clear(): void {
    this.at = 0
    if (this.bytes.length > keptSize) this.#use(Buffer.allocUnsafeSlow(keptSize))
  }

  /** A copy of what was written. */
  copy(): Uint8Array {
    return Uint8Array.prototype.slice.call(this.bytes, 0, this.at)
  }

  byte(value: number): void {
    this.ensure(1)
    this.bytes[this.at++] = value
  }

  /** @param value a whole number from 0 to 2^53 - 1 */
  varint(value: number): void {
    if (value < 0x80) return this.byte(value)
    this.ensure(8)
    const { bytes } = this
    let at = this.at
    while (value >= 0x80) {
      if (value < 0x80000000) {
        bytes[at++] = (value & 0x7f) | 0x80
        value >>>= 7
      } else {
        bytes[at++] = (value % 0x80) | 0x80
        value = Math.floor(value / 0x80)
      }
    }
    bytes[at++] = value
    this.at = at
  }

  float64(value: number): void {
    this.ensure(8)
    this.view.setFloat64(this.at, value, true)
    this.at += 8
  }

  raw(view: ArrayBufferView): void {
    const { byteLength } = view
    this.ensure(byteLength)
    const source = view instanceof Uint8Array ? view : new Uint8Array(view.buffer, view.byteOffset, byteLength)
    this.bytes.set(source, this.at)
    this.at += byteLength
  }

  text(text: string): void {
    const { length } = text
    if (length <= shortText && this.#ascii(text)) return
    const size = Buffer.byteLength(text)
    if (size === length) {
      this.varint(4 * size + form.ascii)
      this.ensure(size)
      this.at += this.bytes.write(text, this.at, "latin1")
    } else if (isWellFormed(text)) {
      this.varint(4 * size + form.utf8)
      this.ensure(size)
      this.at += this.bytes.write(text, this.at, "utf8")
    } else {
      this.varint(4 * length + form.utf16)
      this.ensure(2 * length)
      this.at += this.bytes.write(text, this.at, "utf16le") // B2
    }
  }

  /** @returns false, with nothing written, for a text with other characters */
  #ascii(text: string): boolean {
    const { length } = text
    this.ensure(length + 2)
    const before = this.at
    this.varint(4 * length + form.ascii)
    if (this.asciiCharacters(text)) return true
    this.at = before
    return false
  }

  /** Writes a short text without its length; there is room. @returns false, with nothing written, for a text with other characters */
  asciiCharacters(text: string): boolean {
    const { bytes, at } = this
    const { length } = text
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i)
      if (code > 0x7f) return false
      bytes[at + i] = code
    }
    this.at = at + length
    return true
  }
}

export class ByteReader {
  readonly bytes: Buffer
  readonly view: DataView
  readonly end: number
  at: number

  constructor(bytes: Uint8Array, at = 0) {
    const { buffer, byteOffset, byteLength } = bytes
    this.bytes = bytes instanceof Buffer ? bytes : Buffer.from(buffer, byteOffset, byteLength)
    this.view = new DataView(buffer, byteOffset, byteLength)
    this.at = at
    this.end = byteLength
  }

  get left(): number {
    return this.end - this.at
  }

  byte(): number {
    if (this.at >= this.end) throw tooShort()
    return this.bytes[this.at++] as number
  }

  varint(): number {
    const { bytes, end } = this
    let at = this.at
    if (at >= end) throw tooShort()
    let byte = bytes[at++] as number
    let value = byte & 0x7f
    for (let scale = 0x80; byte >= 0x80; scale *= 0x80) {
      if (at >= end) throw tooShort()
      if (scale > 2 ** 49) throw refused("a number has more than 8 bytes")
      byte = bytes[at++] as number
      value += (byte & 0x7f) * scale
    }
    if (value > Number.MAX_SAFE_INTEGER) throw refused("a number is beyond 2^53")
    this.at = at
    return value
  }

  /** A number of things that take a byte each at least. */
  count(): number {
    const count = this.varint()
    if (count > this.end - this.at) throw tooShort() // B1
    return count
  }

  float64(): number {
    if (this.left < 8) throw tooShort()
    const value = this.view.getFloat64(this.at, true)
    this.at += 8
    return value
  }

  /** Where so many bytes begin; they are passed over. */
  skip(count: number): number {
    const from = this.at
    if (count > this.end - from) throw tooShort()
    this.at = from + count
    return from
  }

  text(): string {
    const header = this.varint()
    const length = Math.floor(header / 4)
    switch (header % 4) {
      case form.ascii:
        return this.ascii(length)
      case form.utf8: {
        const from = this.skip(length)
        return this.bytes.toString("utf8", from, this.at)
      }
      case form.utf16: {
        const from = this.skip(2 * length)
        return this.bytes.toString("utf16le", from, this.at)
      }
      default:
        throw refused("a text has an unknown form")
    }
  }

  ascii(length: number): string {
    const from = this.skip(length)
    if (length > 12) return this.bytes.toString("latin1", from, this.at)
    let text = ""
    for (let i = from; i < this.at; i++) text += String.fromCharCode(this.bytes[i] as number)
    return text
  }

  /** Nothing may be left. */
  ended(): void {
    if (this.at !== this.end) throw refused(`${this.end - this.at} bytes are left over`)
  }
}

const tooShort = (): AgentOSError => refused("they end too soon")
