/**
 * Stored values as bytes: 0xc1, a byte that msgpack never begins with, then the value by `plain-codec.ts`, with what only a store has beside it.
 *
 *   17 an object met before: varint, its number among the objects in the order in which they ended   18 ref: text   19 error: a value, as `failureOf` makes it
 *
 * Invariants
 *   C1. What is read equals what was written: an object that was met twice is one again, too.
 *   C2. What is no plain data is refused with `INVALID_PAYLOAD`; reading made-up bytes throws, and does nothing else.
 */
import { ByteWriter, refused, type ByteReader } from "../bytes.js"
import { PlainReader, writeObject, writePlain, type Texts, type TextsRead } from "../plain-codec.js"
import { StoredRef } from "../ref.js"
import { failureOf, thrownOf, type Failure } from "../remote/failure.js"

/** The first byte. */
export const ownMark = 0xc1

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

const out = new ByteWriter()

/** @throws {AgentOSError} `INVALID_PAYLOAD` (C2) */
export function encodeStored(value: unknown): Uint8Array {
  out.clear()
  out.byte(ownMark)
  writePlain(out, new StoredTexts(), value)
  return out.copy()
}

/** @param bytes from its mark on */
export function decodeStored(bytes: Uint8Array): unknown {
  const from = new StoredReader(bytes, keys, 1)
  const value = from.value()
  from.ended()
  return value
}

/** Whether msgpackr gives a value back as it was, so that it can be stored in its form, which is the quicker one to read: JSON, and `undefined`. */
export function isJson(value: unknown, seen?: Set<object>, depth = 0): boolean {
  if (typeof value !== "object") return isJsonAtom(value)
  if (value === null) return true
  const isArray = Array.isArray(value)
  if (!isArray && Object.getPrototypeOf(value) !== Object.prototype) return false
  if (seen?.has(value) === true || depth > 100) return false // C1
  seen?.add(value)
  const met = { seen }
  if (isArray) {
    for (const part of value as unknown[]) if (!isJsonPart(part, value, met, depth)) return false
  } else {
    for (const name in value) {
      if (oddNames.has(name) || !name.isWellFormed()) return false
      if (!isJsonPart((value as Record<string, unknown>)[name], value, met, depth)) return false
    }
  }
  return true
}

function isJsonPart(part: unknown, of: object, met: { seen: Set<object> | undefined }, depth: number): boolean {
  if (typeof part !== "object" || part === null) return isJsonAtom(part)
  met.seen ??= new Set<object>().add(of)
  return isJson(part, met.seen, depth + 1)
}

/** Names of properties that msgpackr changes, or takes for something else. */
const oddNames = new Set(["__proto__", "constructor", "toJSON"])

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
