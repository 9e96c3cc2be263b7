/**
 * What a tool gave, as text that a model can read: JSON where the value is plain data, and something like it for all
 * else.
 *
 * Invariants
 *   B1. Whatever the value is, there is text, and nothing is thrown: what cannot be read says so in its place.
 *   B2. The work is bounded by the length that is wanted, not by the size of the value.
 *   B3. Text is well-formed and cut between characters as readers see them.
 */
import { thrownText } from "#actors/errors.js"

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" })
/** How far around a cut is looked for the character that it would split. */
const around = 64

/** At most so many code units of a text, well-formed (B3). */
export function clipped(text: string, limit: number): string {
  if (text.length <= limit) return text.toWellFormed()
  const from = Math.max(0, limit - around)
  const split = graphemes.segment(text.slice(from, limit + around)).containing(limit - from)
  // A character longer than all that is looked at is split between its code points.
  const inPair = /[\ud800-\udbff][\udc00-\udfff]/.test(text.slice(limit - 1, limit + 1))
  const end = split !== undefined && split.index > 0 ? from + split.index : limit - (inPair ? 1 : 0)
  return text.slice(0, end).toWellFormed()
}

/** A text as a model is given it: at most so long, and it says when it was cut. */
export const cut = (text: string, limit: number): string =>
  text.length <= limit ? text.toWellFormed() : `${clipped(text, limit)} [cut]`

/** Any value as text (B1). */
export function readable(value: unknown, limit: number): string {
  if (value === undefined) return "done"
  if (typeof value === "string") return cut(value, limit)
  const writer = new Writer(limit)
  writer.whole(value)
  return cut(writer.text, limit)
}

/** Values are nested at most so deep. */
const deepest = 100
/** A bigint of more digits is not written: that takes time by the square of their number. */
const mostBigInt = 10n ** 16_000n

class Writer {
  text = ""
  readonly #limit: number
  /** What the value that is being written stands in. */
  readonly #above = new Set<object>()

  constructor(limit: number) {
    this.#limit = limit
  }

  /** The value that the tool gave: what is text stands there without quotes. */
  whole(value: unknown): void {
    try {
      this.text = this.#textOf(value) ?? ""
      if (this.text === "") this.#write(value)
    } catch (error) {
      this.text += unreadable(error)
    }
  }

  /** B2 */
  get #full(): boolean {
    return this.text.length > this.#limit
  }

  #write(value: unknown): void {
    if (value === null || value === undefined) this.text += "null"
    else if (typeof value === "number" || typeof value === "boolean") this.text += String(value)
    else if (typeof value === "bigint") this.text += bigintText(value)
    else {
      const text = this.#textOf(value)
      if (text !== undefined) this.#quote(text)
      else this.#object(value)
    }
  }

  #quote(text: string): void {
    this.text += JSON.stringify(text.slice(0, this.#limit + 1))
  }

  /** A part, which may be one that cannot be read. */
  #part(read: () => unknown): void {
    try {
      this.#write(read())
    } catch (error) {
      this.#quote(unreadable(error))
    }
  }

  /** What is said in words; undefined: it is written part by part. */
  #textOf(value: unknown): string | undefined {
    switch (typeof value) {
      case "string":
        return value
      case "bigint":
        return bigintText(value)
      case "symbol":
        return String(value)
      case "function":
        return `[function ${value.name}]`
      case "object":
        return value === null ? undefined : textOfObject(value)
      default:
        return undefined
    }
  }

  #object(value: object): void {
    if (this.#above.has(value)) return this.#quote("[a part of itself]")
    if (this.#above.size >= deepest) return this.#quote(`[nested more than ${deepest} deep]`)
    this.#above.add(value)
    try {
      this.#parts(value)
    } finally {
      this.#above.delete(value)
    }
  }

  #parts(value: object): void {
    if (Array.isArray(value)) {
      this.#list(value.length, (i) => value[i] as unknown)
    } else if (value instanceof Map) {
      this.#pairs(value.keys(), (key) => value.get(key) as unknown)
    } else if (ArrayBuffer.isView(value)) {
      const numbers = value as Uint8Array
      this.#list(numbers.length, (i) => numbers[i])
    } else {
      const { toJSON } = value as { readonly toJSON?: unknown }
      const said: unknown = typeof toJSON === "function" ? toJSON.call(value, "") : value
      if (said !== value) this.#write(said)
      else if (isIterable(value)) this.#members(value)
      else this.#pairs(Object.keys(value), (key) => (value as Readonly<Record<string, unknown>>)[key as string])
    }
  }

  #list(length: number, at: (i: number) => unknown): void {
    this.text += "["
    for (let i = 0; i < length && !this.#full; i++) {
      if (i > 0) this.text += ","
      this.#part(() => at(i))
    }
    this.text += "]"
  }

  #members(value: Iterable<unknown>): void {
    this.text += "["
    let first = true
    for (const member of value) {
      if (!first) this.text += ","
      first = false
      this.#part(() => member)
      if (this.#full) break
    }
    this.text += "]"
  }

  #pairs(keys: Iterable<unknown>, at: (key: unknown) => unknown): void {
    this.text += "{"
    let first = true
    for (const key of keys) {
      if (this.#full) break
      let failure: string | undefined
      let value: unknown
      try {
        value = at(key)
      } catch (error) {
        failure = unreadable(error)
      }
      if (value === undefined && failure === undefined) continue // as in JSON
      if (!first) this.text += ","
      first = false
      this.#quote(typeof key === "string" ? key : readable(key, this.#limit))
      this.text += ":"
      this.#part(() => failure ?? value)
    }
    this.text += "}"
  }
}

/** Of objects that are no lists of parts. */
function textOfObject(value: object): string | undefined {
  if (value instanceof Error) {
    const [name, message] = [nameOf(value), thrownText(value)]
    return message.startsWith(name) ? message : `${name}: ${message}`
  }
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString()
  if (value instanceof String) return value.valueOf()
  if (value instanceof ArrayBuffer || value instanceof DataView || value instanceof SharedArrayBuffer)
    return `[${value.byteLength} bytes]`
  if (Array.isArray(value) || value instanceof Map || isIterable(value) || "toJSON" in value) return undefined
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === null || Object.keys(value).length > 0) return undefined
  const { toString } = value
  if (toString !== Object.prototype.toString) return String(value)
  return `[${String((prototype as { constructor?: { name?: unknown } }).constructor?.name)}]`
}

function nameOf(error: Error): string {
  try {
    return String(error.name)
  } catch {
    return "Error"
  }
}

const isIterable = (value: object): value is Iterable<unknown> =>
  typeof (value as { readonly [Symbol.iterator]?: unknown })[Symbol.iterator] === "function"

const bigintText = (value: bigint): string =>
  value < mostBigInt && value > -mostBigInt ? String(value) : "[a whole number of more than 16,000 digits]"

const unreadable = (error: unknown): string => `[cannot be read: ${clipped(thrownText(error), 200)}]`
