/**
 * Stored values as bytes. What msgpackr gives back as it was (JSON, and `undefined`) is stored by it, as it is the
 * quicker one to read. All else is one extension of msgpack, of type "V", which holds the value by `plain-codec.ts`,
 * with what only a store has beside it:
 *
 *   17 an object met before: varint, its number among the objects in the order in which they ended   18 ref: text   19 error: a value, as `failureOf` makes it
 *
 * Invariants
 *   C1. What is read equals what was written: an object that was met twice is one again, too.
 *   C2. What is no plain data is refused with `INVALID_PAYLOAD`; reading made-up bytes throws, and does nothing else.
 *   C3. What earlier releases wrote is read as they read it: all by msgpackr, a `Map` as an extension of type "M" that
 *       holds its entries.
 */
import { addExtension, Packr, RESERVE_START_SPACE } from "msgpackr"
import { ByteWriter, refused, type ByteReader } from "../bytes.js"
import { metFirst, type Met } from "../met.js"
import { PlainReader, writeObject, writePlain, type Texts, type TextsRead } from "../plain-codec.js"
import { StoredRef } from "../ref.js"
import { failureOf, thrownOf, type Failure } from "../remote/failure.js"

const extension = { value: 0x56, map: 0x4d } as const
/** An extension of any length: this, the length (4, big-endian), its type. */
const extensionMark = 0xc9
const headerSize = 6

const tag = { again: 17, ref: 18, error: 19 } as const

/** Each value is written by itself: its keys are written out. */
class StoredTexts implements Texts {
  readonly #numbers = new Map<object, number>()

  write(out: ByteWriter, text: string): void {
    out.text(text)
  }

  object(out: ByteWriter, value: object, depth: number): void {
    const known = this.#numbers.get(value)
    if (known !== undefined) {
      out.byte(tag.again)
      return out.varint(known)
    }
    if (value instanceof StoredRef) {
      out.byte(tag.ref)
      out.text(value.address)
    } else if (value instanceof Error) {
      out.byte(tag.error)
      writePlain(out, new StoredTexts(), failureOf(value), depth + 1)
    } else writeObject(out, this, value, depth)
    this.#numbers.set(value, this.#numbers.size)
  }
}

const keys: TextsRead = { read: (from: ByteReader) => from.text() }

class StoredReader extends PlainReader {
  readonly #made: object[] = []

  override value(depth = 0): unknown {
    if (this.bytes[this.at] === tag.again && this.at < this.end) {
      this.byte()
      const made = this.#made[this.varint()]
      if (made === undefined) throw refused("an object was not met before")
      return made
    }
    const made = super.value(depth)
    if (typeof made === "object" && made !== null) this.#made.push(made)
    return made
  }

  protected override other(what: number, depth: number): unknown {
    if (what === tag.ref) return new StoredRef(this.text())
    if (what !== tag.error) return super.other(what, depth)
    const inner = new StoredReader(this.bytes, keys, this.at)
    const failure = inner.value(depth + 1)
    this.at = inner.at
    if (typeof failure !== "object" || failure === null || !("kind" in failure)) throw refused("an error is none")
    return thrownOf(failure as Failure)
  }

  /** Each alone: who reads it may keep it, and change it. */
  protected override someBytes(): Uint8Array {
    const length = this.varint()
    return new Uint8Array(this.copyOf(this.skip(length), length))
  }
}

function decodeOwn(bytes: Uint8Array): unknown {
  const from = new StoredReader(bytes, keys)
  const value = from.value()
  from.ended()
  return value
}

const out = new ByteWriter()

/** @throws {AgentOSError} `INVALID_PAYLOAD` (C2) */
function encodeOwn(value: unknown, space: number): Buffer {
  out.clear()
  out.ensure(space + headerSize)
  out.at = space
  out.byte(extensionMark)
  out.at = space + headerSize
  writePlain(out, new StoredTexts(), value)
  out.view.setUint32(space + 1, out.at - space - headerSize)
  out.view.setUint8(space + headerSize - 1, extension.value)
  return bufferOf(out.copy())
}

addExtension({ type: extension.value, unpack: decodeOwn })
addExtension({ type: extension.map, read: (entries: readonly (readonly [unknown, unknown])[]) => new Map(entries) })

const packr = new Packr({ useRecords: false, structuredClone: false, moreTypes: true, useBigIntExtension: true })

/** Most bytes that msgpackr leaves free before a value. */
const mostSpace = 0xff

/**
 * Plain data to bytes, each value by itself.
 * @param space bytes before it that the caller fills
 * @throws {AgentOSError} `INVALID_PAYLOAD` for what cannot be stored (C2)
 */
export function encodePayload(value: unknown, space = 0): Buffer {
  if (!isJson(value)) return encodeOwn(value, space)
  if (space <= mostSpace) return bufferOf(packr.pack(value, RESERVE_START_SPACE | space))
  const bytes = packr.pack(value)
  const all = Buffer.allocUnsafe(space + bytes.length)
  all.set(bytes, space)
  return all
}

/** @param bytes in which the value goes from `at` to the end */
export function decodePayload(bytes: Uint8Array, at = 0): unknown {
  const short = bytes.length - at <= 3 ? wholeNumber(bytes, at) : -1
  if (short >= 0) return short
  window.start = at
  window.end = bytes.length
  return packr.unpack(bytes, window)
}

/**
 * A number as msgpackr writes it, at a third of the price: that one makes a view of all that it reads.
 * @returns -1 for all else
 */
function wholeNumber(bytes: Uint8Array, at: number): number {
  const first = bytes[at] as number
  switch (bytes.length - at) {
    case 1:
      return first < 0x80 ? first : -1
    case 2:
      return first === 0xcc ? (bytes[at + 1] as number) : -1
    case 3:
      return first === 0xcd ? ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number) : -1
    default:
      return -1
  }
}

/** Where msgpackr is to read; one object for all reads. */
const window = { start: 0, end: 0 }

const bufferOf = (bytes: Uint8Array): Buffer =>
  bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)

/**
 * Whether msgpackr gives a value back as it was.
 * @param met the objects before this one, once there is more than one
 */
function isJson(value: unknown, met?: Met, depth = 0): boolean {
  if (typeof value !== "object" || value === null) return isJsonAtom(value)
  const isArray = Array.isArray(value)
  if (!isArray && Object.getPrototypeOf(value) !== Object.prototype) return false
  if (met?.again(value) === true || depth > 100) return false // C1
  let known = met
  const isGoodPart = (part: unknown): boolean =>
    typeof part !== "object" || part === null ? isJsonAtom(part) : isJson(part, (known ??= metFirst(value)), depth + 1)
  if (isArray) {
    for (const part of value as unknown[]) if (!isGoodPart(part)) return false
  } else {
    for (const name in value) {
      if (!goodNames.has(name) && !isGood(name)) return false
      if (!isGoodPart((value as Record<string, unknown>)[name])) return false
    }
  }
  return true
}

/** Names of properties that msgpackr changes, or takes for something else. */
const oddNames = new Set(["__proto__", "constructor", "toJSON"])

/** Names that were looked at and are not changed; most come again and again. */
const goodNames = new Set<string>()
const mostNames = 4096

function isGood(name: string): boolean {
  if (oddNames.has(name) || !name.isWellFormed()) return false
  if (goodNames.size < mostNames && name.length <= 64) goodNames.add(name)
  return true
}

function isJsonAtom(value: unknown): boolean {
  switch (typeof value) {
    case "string":
      return value.isWellFormed()
    case "number":
      return !Object.is(value, -0)
    case "boolean":
    case "undefined":
      return true
    default:
      return value === null
  }
}
