/**
 * Plain data to bytes and back, between nodes and in stores. A codec of our own beside msgpackr's, since that one
 * changes -0, lone surrogates, maps, bytes and the key `__proto__` on the way. What differs between a wire and a store
 * (whether keys are interned, how refs and errors go) is the `Texts` and the reader's subclass.
 *
 *   0 undefined   1 null   2 false   3 true   4 varint   5 varint n for -1 - n   6 float64   7 text   8 bytes: varint and so many   9 typed array: kind, varint, bytes
 *   10 date: float64   11, 12 bigint, negative bigint: varint and so many bytes, the lowest first   13 array: varint and so many values
 *   14 object: varint and so many pairs of a key and a value   15 map: varint and so many keys, each with its value   16 set: varint and so many values
 *   from 17 what only one kind of reader knows   0x40 to 0x7f the numbers 0 to 63   from 0x80 a text of up to 127 characters below 128
 *
 * Invariants
 *   P1. What is read equals what was written, save that a buffer of Node.js is a Uint8Array; between nodes an object
 *       met twice is two.
 *   P2. What is read is plain data and nothing else; bytes that were made up are refused (B1), however deep they nest.
 *   P3. Bytes that were read keep at most `segment` bytes alive beside themselves. A view of the frame would keep all
 *       of that alive for one small payload; a copy of each would cost ten times as much as a view. So small ones are
 *       views of a copy of the part of the frame in which they lie, large ones are copied alone, and one that is most
 *       of its frame is a view.
 */
import { AgentOSError } from "./errors.js"
import { ByteReader, refused, type ByteWriter } from "./bytes.js"
import { deepest, listOf, refill } from "./plain.js"

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
  map: 15,
  set: 16,
  small: 0x40,
  ascii: 0x80,
} as const

/** P3 */
const segment = 8192
const smallBytes = 4096

type Bytes = ArrayBufferView | ArrayBuffer
type BytesConstructor = new (buffer: ArrayBuffer) => Bytes

/** Kinds of bytes; their numbers stand on the wire and in stores. */
const bytesKinds: readonly BytesConstructor[] = [
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
  class {
    constructor(buffer: ArrayBuffer) {
      return buffer
    }
  } as BytesConstructor,
]
const elementSizes = [1, 1, 1, 2, 2, 4, 4, 4, 8, 8, 8, 1]
const arrayBufferKind = 11
const kindOf = new Map<unknown, number>(bytesKinds.map(({ prototype }, kind) => [prototype, kind]))
kindOf.set(ArrayBuffer.prototype, arrayBufferKind)

// --- writing -----------------------------------------------------------------------------------------------------------------------------------

/** How keys of objects are written; they are read by what `TextsRead` is its counterpart. */
export interface Texts {
  write(out: ByteWriter, text: string): void
  /** Writes objects, whatever they are, in place of `writeObject`. */
  object?(out: ByteWriter, value: object, depth: number): void
}

/** @throws {AgentOSError} `INVALID_PAYLOAD` */
export function writePlain(out: ByteWriter, keys: Texts, value: unknown, depth = 0): void {
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
  if (keys.object === undefined) writeObject(out, keys, value, depth)
  else keys.object(out, value, depth)
}

export function writeObject(out: ByteWriter, keys: Texts, value: object, depth: number): void {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === null) {
    checkDepth(depth)
    const names = Object.keys(value)
    out.byte(tag.object)
    out.varint(names.length)
    for (const name of names) {
      keys.write(out, name)
      writePlain(out, keys, (value as Record<string, unknown>)[name], depth + 1)
    }
  } else if (Array.isArray(value)) {
    checkDepth(depth)
    out.byte(tag.array)
    out.varint(value.length)
    for (let i = 0; i < value.length; i++) writePlain(out, keys, value[i], depth + 1)
  } else if (ArrayBuffer.isView(value)) writeBytes(out, value)
  else if (value instanceof Map || value instanceof Set) {
    checkDepth(depth)
    out.byte(value instanceof Map ? tag.map : tag.set)
    out.varint(value.size)
    for (const part of listOf(value)) writePlain(out, keys, part, depth + 1)
  } else if (value instanceof Date) {
    out.byte(tag.date)
    out.float64(value.getTime())
  } else if (value instanceof ArrayBuffer) writeBytes(out, value)
  else throw invalid(`an instance of ${value.constructor.name}`)
}

function checkDepth(depth: number): void {
  if (depth >= deepest) throw invalid(`nested more than ${deepest} deep, or a circle`)
}

const invalid = (what: string): AgentOSError =>
  new AgentOSError("INVALID_PAYLOAD", `a payload that is ${what} does not travel`)

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

function writeBytes(out: ByteWriter, bytes: Bytes): void {
  const { byteLength } = bytes
  if (bytes instanceof Uint8Array) out.byte(tag.bytes)
  else {
    const kind = kindOf.get(Object.getPrototypeOf(bytes))
    if (kind === undefined) throw invalid(`an instance of ${bytes.constructor.name}`)
    out.byte(tag.typed)
    out.byte(kind)
  }
  out.varint(byteLength)
  out.raw(ArrayBuffer.isView(bytes) ? bytes : new Uint8Array(bytes))
}

function writeBigint(out: ByteWriter, value: bigint): void {
  out.byte(value < 0n ? tag.negativeBigint : tag.bigint)
  const digits = (value < 0n ? -1n - value : value).toString(16)
  const bytes = Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, "hex").reverse()
  out.varint(bytes.length)
  out.raw(bytes)
}

// --- reading -----------------------------------------------------------------------------------------------------------------------------------

export interface TextsRead {
  read(from: ByteReader): string
}

/** Reads the values of one frame. */
export class PlainReader extends ByteReader {
  readonly #keys: TextsRead
  /** A copy of the part of the frame that small payloads are views of (P3), and where it lies. */
  #segment: ArrayBuffer | undefined
  #segmentFrom = 0
  #segmentEnd = 0

  constructor(bytes: Uint8Array, keys: TextsRead, at = 0) {
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
        return this.someBytes()
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
      case tag.map:
        return this.#collection(new Map(), 2, depth)
      case tag.set:
        return this.#collection(new Set(), 1, depth)
      default:
        return this.other(what, depth)
    }
  }

  /** What stands behind a tag that not every reader knows. */
  protected other(what: number, _depth: number): unknown {
    throw refused(`a value has the unknown tag ${what}`)
  }

  /** @param each values of a member */
  #collection(made: Map<unknown, unknown> | Set<unknown>, each: number, depth: number): unknown {
    if (depth >= deepest) throw refused(`values are nested more than ${deepest} deep`)
    const list: unknown[] = []
    for (let count = each * this.count(); list.length < count;) list.push(this.value(depth + 1))
    refill(made, list)
    return made
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
  protected someBytes(): Uint8Array {
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
    return new Uint8Array(this.copyOf(from, length))
  }

  #cut(from: number): void {
    const length = Math.min(segment, this.end - from)
    this.#segment = this.copyOf(from, length)
    this.#segmentFrom = from
    this.#segmentEnd = from + length
  }

  protected copyOf(from: number, length: number): ArrayBuffer {
    const { buffer, byteOffset } = this.bytes
    return buffer.slice(byteOffset + from, byteOffset + from + length) as ArrayBuffer
  }

  #typed(): Bytes {
    const kind = this.byte()
    const constructor = bytesKinds[kind]
    const size = elementSizes[kind]
    const length = this.varint()
    if (constructor === undefined || size === undefined || length % size !== 0)
      throw refused(`${length} bytes are no bytes of kind ${kind}`)
    return new constructor(this.copyOf(this.skip(length), length)) // a copy begins where any element may
  }

  #bigint(): bigint {
    const length = this.varint()
    const from = this.skip(length)
    if (length === 0) throw refused("a bigint has no digits")
    return BigInt(`0x${Buffer.from(this.bytes.subarray(from, this.at)).reverse().toString("hex")}`)
  }
}
