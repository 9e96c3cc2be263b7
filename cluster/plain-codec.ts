/**
 * Plain data to bytes and back: what `payload.ts` lets through. A codec of our own rather than msgpackr's, since that one changes -0, lone surrogates and the key
 * `__proto__` on the way, and reads maps, sets and errors that are no plain data; and keys are interned here for as long as a session lasts.
 *
 *   0 undefined   1 null   2 false   3 true   4 varint   5 varint n for -1 - n   6 float64   7 text   8 bytes: varint and so many   9 typed array: kind, varint, bytes
 *   10 date: float64   11, 12 bigint, negative bigint: varint and so many bytes, the lowest first   13 array: varint and so many values
 *   14 object: varint and so many pairs of an interned key and a value   0x40 to 0x7f the numbers 0 to 63   from 0x80 a text of up to 127 characters below 128
 *
 * Invariants
 *   P1. What is read equals what was written, save that an object met twice is two, and a buffer of Node.js is a Uint8Array. Holes of an array are undefined.
 *   P2. What is read is plain data and nothing else; bytes that were made up are refused (B1), however deep they nest.
 *   P3. Bytes that were read keep at most `segment` bytes alive beside themselves. A view of the frame would keep all of that alive for one small payload; a copy of each would
 *       cost ten times as much as a view. So small ones are views of a copy of the part of the frame in which they lie, large ones are copied alone, and one that
 *       is most of its frame is a view.
 */
import { AgentOSError } from "#actors/errors.js"
import { ByteReader, refused, type ByteWriter } from "./bytes.js"
import type { TextsReceived, TextsSent } from "./interned.js"

const tag = {
  undefined: 0,
  null: 1,
  false: 2,
  true: 3,
  positive: 4,
  negative: 5,
  float: 6,
  text: 7,
  bytes: 8,
  typed: 9,
  date: 10,
  bigint: 11,
  negativeBigint: 12,
  array: 13,
  object: 14,
  small: 0x40,
  ascii: 0x80,
} as const

/** Values in values. */
const deepest = 1000
/** P3 */
const segment = 8192
const smallBytes = 4096

type TypedArrayConstructor = new (buffer: ArrayBuffer) => ArrayBufferView

/** Kinds of typed arrays; their numbers stand on the wire. */
const typedArrays: readonly TypedArrayConstructor[] = [
  DataView,
  Int8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
]
const elementSizes = [1, 1, 1, 2, 2, 4, 4, 4, 8, 8, 8]
const kindOf = new Map<unknown, number>(typedArrays.map((constructor, kind) => [constructor, kind]))

// --- writing -----------------------------------------------------------------------------------------------------------------------------------

/** @throws {AgentOSError} `INVALID_PAYLOAD` */
export function writePlain(out: ByteWriter, keys: TextsSent, value: unknown, depth = 0): void {
  switch (typeof value) {
    case "string":
      return writeText(out, value)
    case "number":
      return writeNumber(out, value)
    case "object":
      break
    case "undefined":
      return out.byte(tag.undefined)
    case "boolean":
      return out.byte(value ? tag.true : tag.false)
    case "bigint":
      return writeBigint(out, value)
    default:
      throw invalid(`a ${typeof value}`)
  }
  if (value === null) return out.byte(tag.null)
  if (ArrayBuffer.isView(value)) return writeBytes(out, value)
  if (value instanceof Date) {
    out.byte(tag.date)
    return out.float64(value.getTime())
  }
  if (depth >= deepest) throw invalid(`nested more than ${deepest} deep, or a circle`)
  if (Array.isArray(value)) {
    out.byte(tag.array)
    out.varint(value.length)
    for (let i = 0; i < value.length; i++) writePlain(out, keys, value[i], depth + 1)
    return
  }
  const names = Object.keys(value)
  out.byte(tag.object)
  out.varint(names.length)
  for (const name of names) {
    keys.write(out, name)
    writePlain(out, keys, (value as Record<string, unknown>)[name], depth + 1)
  }
}

const invalid = (what: string): AgentOSError =>
  new AgentOSError("INVALID_PAYLOAD", `a payload that is ${what} does not travel between nodes`)

export function writeText(out: ByteWriter, text: string): void {
  const { length } = text
  if (length < 0x80) {
    const before = out.at
    out.ensure(length + 1)
    out.byte(tag.ascii + length)
    if (out.asciiCharacters(text)) return
    out.at = before
  }
  out.byte(tag.text)
  out.text(text)
}

export function writeNumber(out: ByteWriter, value: number): void {
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
    if (value >= 0 && value < 0x40) return out.byte(tag.small + value)
    out.byte(value < 0 ? tag.negative : tag.positive)
    return out.varint(value < 0 ? -1 - value : value)
  }
  out.byte(tag.float)
  out.float64(value)
}

function writeBytes(out: ByteWriter, view: ArrayBufferView): void {
  const { byteLength } = view
  if (view instanceof Uint8Array) out.byte(tag.bytes)
  else {
    const kind = kindOf.get(view.constructor)
    if (kind === undefined) throw invalid(`a ${view.constructor.name}`)
    out.byte(tag.typed)
    out.byte(kind)
  }
  out.varint(byteLength)
  out.raw(view)
}

function writeBigint(out: ByteWriter, value: bigint): void {
  out.byte(value < 0n ? tag.negativeBigint : tag.bigint)
  const digits = (value < 0n ? -1n - value : value).toString(16)
  const bytes = Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, "hex").reverse()
  out.varint(bytes.length)
  out.raw(bytes)
}

// --- reading -----------------------------------------------------------------------------------------------------------------------------------

/** Reads the values of one frame. */
export class PlainReader extends ByteReader {
  readonly #keys: TextsReceived
  /** A copy of the part of the frame that small payloads are views of (P3), and where it lies. */
  #segment: ArrayBuffer | undefined
  #segmentFrom = 0
  #segmentEnd = 0

  constructor(bytes: Uint8Array, keys: TextsReceived, at = 0) {
    super(bytes, at)
    this.#keys = keys
  }

  value(depth = 0): unknown {
    const what = this.byte()
    if (what >= tag.ascii) return this.ascii(what - tag.ascii)
    if (what >= tag.small) return what - tag.small
    switch (what) {
      case tag.undefined:
        return undefined
      case tag.null:
        return null
      case tag.false:
        return false
      case tag.true:
        return true
      case tag.positive:
        return this.varint()
      case tag.negative:
        return -1 - this.varint()
      case tag.float:
        return this.float64()
      case tag.text:
        return this.text()
      case tag.bytes:
        return this.#bytes()
      case tag.typed:
        return this.#typed()
      case tag.date:
        return new Date(this.float64())
      case tag.bigint:
        return this.#bigint()
      case tag.negativeBigint:
        return -1n - this.#bigint()
      case tag.array:
        return this.#array(depth)
      case tag.object:
        return this.#object(depth)
      default:
        throw refused(`a value has the unknown tag ${what}`)
    }
  }

  #array(depth: number): unknown[] {
    if (depth >= deepest) throw refused(`values are nested more than ${deepest} deep`)
    const count = this.count()
    const made: unknown[] = []
    for (let i = 0; i < count; i++) made.push(this.value(depth + 1))
    return made
  }

  #object(depth: number): Record<string, unknown> {
    if (depth >= deepest) throw refused(`values are nested more than ${deepest} deep`)
    const count = this.count()
    const made: Record<string, unknown> = {}
    for (let i = 0; i < count; i++) {
      const name = this.#keys.read(this)
      const value = this.value(depth + 1)
      if (name !== "__proto__") made[name] = value
      else Object.defineProperty(made, name, { value, enumerable: true, configurable: true, writable: true })
    }
    return made
  }

  /** P3 */
  #bytes(): Uint8Array {
    const length = this.varint()
    const from = this.skip(length)
    if (length <= smallBytes) {
      if (from < this.#segmentFrom || from + length > this.#segmentEnd) this.#cut(from)
      return new Uint8Array(this.#segment as ArrayBuffer, from - this.#segmentFrom, length)
    }
    if (2 * length > this.end) {
      const { buffer, byteOffset } = this.bytes
      return new Uint8Array(buffer, byteOffset + from, length)
    }
    return new Uint8Array(this.#copy(from, length))
  }

  #cut(from: number): void {
    const length = Math.min(segment, this.end - from)
    this.#segment = this.#copy(from, length)
    this.#segmentFrom = from
    this.#segmentEnd = from + length
  }

  #copy(from: number, length: number): ArrayBuffer {
    const { buffer, byteOffset } = this.bytes
    return buffer.slice(byteOffset + from, byteOffset + from + length) as ArrayBuffer
  }

  #typed(): ArrayBufferView {
    const kind = this.byte()
    const constructor = typedArrays[kind]
    const size = elementSizes[kind]
    const length = this.varint()
    if (constructor === undefined || size === undefined || length % size !== 0)
      throw refused(`${length} bytes are no typed array of kind ${kind}`)
    return new constructor(this.#copy(this.skip(length), length)) // a copy begins where any element may
  }

  #bigint(): bigint {
    const length = this.varint()
    const from = this.skip(length)
    if (length === 0) throw refused("a bigint has no digits")
    return BigInt(`0x${Buffer.from(this.bytes.subarray(from, this.at)).reverse().toString("hex")}`)
  }
}
