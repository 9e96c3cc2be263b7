/**
 * Plain data: the one set of values that a message, an answer, an event, a delivery, a reminder and a state may hold.
 * All of it survives a copy to another thread, node or disk, and comes back as it was.
 *
 * Invariants
 *   V1. The set is `undefined`, `null`, booleans, numbers, texts, bigints, dates, bytes (typed arrays, DataView,
 *       ArrayBuffer), refs, errors, and arrays, maps, sets and object literals of these. All else is refused by name,
 *       with its place: functions, symbols, instances of classes, arrays with holes, shared memory. Of a literal its
 *       own enumerable properties count, but symbols.
 *   V2. Values are nested at most `deepest` deep, so that no walk through them overflows the stack.
 *   V3. What is looked at is never changed, and what cannot be read (a getter that throws) is refused, too.
 *   V4. One walk, `copied`, says what is refused and makes every copy; `checkPlain` only spares it where there is
 *       nothing to be said.
 */
import { AgentOSError, thrownText } from "./errors.js"
import { metFirst, type Met } from "./met.js"
import { Ref, StoredRef } from "./ref.js"

declare const refMark: unique symbol

/** What marks a ref in the eyes of the types. */
export interface RefMark {
  readonly [refMark]?: true
}

type Atom =
  | string
  | number
  | bigint
  | boolean
  | null
  | undefined
  | Date
  | ArrayBuffer
  | DataView
  | Uint8Array
  | Uint8ClampedArray
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array

/**
 * What stands in place of a payload type that cannot travel: nothing is assignable to it, and its name is the
 * explanation.
 */
export interface NotPlain<Reason extends string> {
  readonly [refMark]: Reason
}

/**
 * `T` itself when it is plain data, else a type that nothing fits. A class instance is seen by its methods; one
 * without methods passes, as it would survive the copy.
 */
export type Plain<T> = unknown extends T
  ? T
  : T extends Atom | RefLike
    ? T
    : T extends (...input: never[]) => unknown
      ? NotPlain<"a payload holds no functions">
      : T extends symbol
        ? NotPlain<"a payload holds no symbols">
        : T extends ReadonlyMap<infer Key, infer Value>
          ? [Key, Value] extends [Plain<Key>, Plain<Value>]
            ? T
            : NotPlain<"a map in a payload holds plain data">
          : T extends ReadonlySet<infer Member>
            ? [Member] extends [Plain<Member>]
              ? T
              : NotPlain<"a set in a payload holds plain data">
            : T extends { [K in keyof T]: Plain<T[K]> }
              ? T
              : NotPlain<"a payload is plain data: no functions, no class instances">

/** Any ref, whatever it understands. */
interface RefLike extends RefMark {
  readonly address: string
  with(options: never): unknown
}

// --- the set --------------------------------------------------------------------------------------------------------

/** V2 */
export const deepest = 1000

/** What stands for an actor or an error; each kind of copy does with it as it must. */
export type Special = Ref | StoredRef | Error

/**
 * Where a part stands: names of properties, places in arrays and sets; a map counts as the list of its keys and
 * values, each key before its value.
 */
export type Path = readonly (string | number)[]

const kind = { literal: 0, array: 1, map: 2, set: 3, date: 4, bytes: 5, special: 6, refused: 7 } as const

const bytePrototypes = new Set<unknown>(
  [
    ...[ArrayBuffer, DataView, Buffer, Uint8Array, Uint8ClampedArray, Int8Array, Uint16Array, Int16Array],
    ...[Uint32Array, Int32Array, Float32Array, Float64Array, BigUint64Array, BigInt64Array],
  ].map(({ prototype }): unknown => prototype),
)

/** V1 */
function kindOf(value: object): number {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Array.prototype) return Array.isArray(value) ? kind.array : kind.refused
  if (prototype === Object.prototype || prototype === null) return kind.literal
  if (prototype === Map.prototype) return kind.map
  if (prototype === Set.prototype) return kind.set
  if (prototype === Date.prototype) return kind.date
  if (bytePrototypes.has(prototype)) return kind.bytes
  return value instanceof Ref || value instanceof Error || value instanceof StoredRef ? kind.special : kind.refused
}

const isAtom = (value: unknown): boolean =>
  typeof value === "number" || typeof value === "string" || typeof value === "boolean" || value === null

// --- a look ---------------------------------------------------------------------------------------------------------

/** What a look at a value finds, the worse the higher. */
export const found = {
  plain: 0,
  /** An object stands in it twice, or in itself. */
  shared: 1,
  /** It holds a ref, an error, or bytes that are a part of a larger buffer. */
  special: 2,
  /** It holds a ref as it lies in a store. */
  stored: 3,
  refused: 4,
} as const

/** @param met the objects that were looked at before, once there is more than one */
function looks(value: unknown, met: Met | undefined, depth: number): number {
  if (typeof value !== "object")
    return typeof value === "function" || typeof value === "symbol" ? found.refused : found.plain
  if (value === null) return found.plain
  const what = kindOf(value)
  if (what > kind.set) return looksWhole(value, what)
  if (met?.again(value) === true) return found.shared
  if (depth === deepest) return found.refused
  let worst: number = found.plain
  if (what === kind.literal) {
    for (const name in value) {
      const part = (value as Record<string, unknown>)[name]
      if (isAtom(part)) continue
      met ??= metFirst(value)
      worst = Math.max(worst, looks(part, met, depth + 1))
      if (worst === found.refused) break
    }
    return worst
  }
  const parts = what === kind.array ? (value as unknown[]) : listOf(value as Map<unknown, unknown> | Set<unknown>)
  for (let i = 0; i < parts.length && worst < found.refused; i++) {
    const part = parts[i]
    if (isAtom(part)) continue
    if (part === undefined && !(i in parts)) return found.refused
    met ??= metFirst(value)
    worst = Math.max(worst, looks(part, met, depth + 1))
  }
  return worst
}

function looksWhole(value: object, what: number): number {
  if (what === kind.refused) return found.refused
  if (what === kind.bytes) return isAlone(value as ArrayBufferView | ArrayBuffer) ? found.plain : found.special
  if (what === kind.date) (value as Date).getTime() // V3: what only looks like one has none
  if (what !== kind.special) return found.plain
  return value instanceof StoredRef ? found.stored : found.special
}

/** Empty ones count as not alone: their memory may have been given away. */
const isAlone = (bytes: ArrayBufferView | ArrayBuffer): boolean =>
  bytes instanceof ArrayBuffer ||
  (bytes.byteLength === bytes.buffer.byteLength && bytes.byteLength > 0 && bytes.buffer instanceof ArrayBuffer)

/** What is found in a value. */
export function lookAt(value: unknown): number {
  if (isAtom(value)) return found.plain
  try {
    return looks(value, undefined, 0)
  } catch {
    return found.refused // V3
  }
}

/**
 * @returns what a look finds, `refused` never
 * @throws {AgentOSError} `INVALID_PAYLOAD` (V1)
 */
export function checkPlain(payload: unknown, title: () => string): number {
  const worst = lookAt(payload)
  if (worst < found.refused) return worst
  copied(payload, title, itself)
  return found.special // a getter that threw once
}

// --- the walk -------------------------------------------------------------------------------------------------------

export interface Copying {
  /** What stands in the copy for a ref or an error. */
  readonly special: (part: Special, path: Path) => unknown
  /** Whether nobody can change the copy; bytes, dates, maps and sets cannot be frozen. */
  readonly frozen?: boolean
  /** Whether an object that stands in itself is refused. */
  readonly refusesCircles?: boolean
}

const itself: Copying = { special: (part) => part }

/**
 * A deep copy that shares nothing with its original, and in which an object that is met twice is one again (V4).
 * @param title names the value in errors
 * @throws {AgentOSError} `INVALID_PAYLOAD` naming the part that is not plain data
 */
export function copied(value: unknown, title: () => string, how: Copying): unknown {
  const { special, frozen = false, refusesCircles = false } = how
  const copies = new Map<object, unknown>()
  /** In which the part stands that is copied. */
  const above: object[] = []
  const path: (string | number)[] = []
  const refuse = (what: string, cause?: unknown): AgentOSError =>
    new AgentOSError("INVALID_PAYLOAD", `${title()}: ${pathText(path)} is ${what}; a payload is plain data`, { cause })
  const at = (step: string | number, part: unknown): unknown => {
    path.push(step)
    const made = copy(part)
    path.pop()
    return made
  }
  const copy = (part: unknown): unknown => {
    if (typeof part === "function" || typeof part === "symbol") throw refuse(`a ${typeof part}`)
    if (typeof part !== "object" || part === null) return part
    const known = copies.get(part)
    if (known !== undefined) {
      if (refusesCircles && above.includes(part)) throw refuse("a part of itself")
      return known
    }
    const what = kindOf(part)
    if (what === kind.refused) throw refuse(nameOf(part))
    if (what === kind.special) return special(part as Special, path)
    if (what > kind.set) {
      const made = what === kind.date ? new Date((part as Date).getTime()) : ownBytes(part as ArrayBuffer, refuse)
      copies.set(part, made)
      return made
    }
    if (path.length === deepest) throw refuse(`nested more than ${deepest} deep`)
    const made: object =
      what === kind.array ? [] : what === kind.literal ? {} : what === kind.map ? new Map() : new Set()
    copies.set(part, made)
    above.push(part)
    if (what === kind.array) {
      const from = part as unknown[]
      for (let i = 0; i < from.length; i++) {
        if (!(i in from)) throw refuse("an array with holes")
        ;(made as unknown[]).push(at(i, from[i]))
      }
    } else if (what === kind.literal) {
      for (const name of Object.keys(part)) define(made, name, at(name, (part as Record<string, unknown>)[name]))
    } else refill(made as Map<unknown, unknown>, listOf(part as Map<unknown, unknown>).map((of, i) => at(i, of))) // prettier-ignore
    above.pop()
    return frozen ? Object.freeze(made) : made
  }
  try {
    return copy(value)
  } catch (error) {
    if (error instanceof AgentOSError && error.code === "INVALID_PAYLOAD") throw error
    throw refuse(`something that cannot be read (${thrownText(error)})`, error) // V3
  }
}

/** @param from of neither a function nor a literal */
function nameOf(from: object): string {
  const prototype = Object.getPrototypeOf(from) as { readonly constructor?: { readonly name?: unknown } } | null
  return `an instance of ${String(prototype?.constructor?.name ?? "no class")}`
}

function pathText(path: Path): string {
  const steps = path.length > 20 ? [...path.slice(0, 10), "...", ...path.slice(-5)] : path
  const names = steps.map((step) => (typeof step === "number" ? `[${step}]` : `.${step.slice(0, 100)}`))
  return `the payload${names.join("")}`
}

/** Bytes by themselves: not with the larger buffer they lie in, and not as memory that is shared. */
function ownBytes(
  bytes: ArrayBufferView | ArrayBuffer,
  refuse: (what: string) => AgentOSError,
): ArrayBufferView | ArrayBuffer {
  if (bytes instanceof ArrayBuffer) return bytes.slice(0)
  if (!ArrayBuffer.isView(bytes)) throw refuse(nameOf(bytes))
  const { buffer, byteOffset, byteLength } = bytes
  const own = byteLength === 0 ? new Uint8Array(0) : new Uint8Array(new Uint8Array(buffer, byteOffset, byteLength))
  if (bytes instanceof Uint8Array) return own
  return new (bytes.constructor as new (of: ArrayBuffer) => ArrayBufferView)(own.buffer)
}

/** Sets a property of whatever name, "__proto__", too. */
export function define(object: object, name: string | number, value: unknown): void {
  if (name !== "__proto__") (object as Record<string | number, unknown>)[name] = value
  else Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true })
}

/** The members of a set, or the keys and values of a map, each key before its value. */
export const listOf = (of: ReadonlyMap<unknown, unknown> | ReadonlySet<unknown>): unknown[] =>
  of instanceof Map ? [...of].flat(1) : [...(of as ReadonlySet<unknown>)]

/** Fills a map or a set with what `listOf` gave. */
export function refill(made: Map<unknown, unknown> | Set<unknown>, list: readonly unknown[]): void {
  made.clear()
  if (made instanceof Set) for (const member of list) made.add(member)
  else for (let i = 0; i < list.length; i += 2) made.set(list[i], list[i + 1])
}

/**
 * A deep copy that shares nothing with its original; refs and errors stay as they are.
 * @throws {AgentOSError} `INVALID_PAYLOAD`
 */
export const keptCopy = (value: unknown, title: () => string): unknown =>
  isAtom(value) || value === undefined ? value : (flatCopy(value) ?? copied(value, title, itself))

/**
 * Most payloads are a literal of a few atoms, which costs a tenth to copy.
 * @returns undefined for all else, and for what cannot be read (V3)
 */
export function flatCopy(value: unknown): object | undefined {
  try {
    if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype)
      return undefined
    for (const name in value) if (!isAtom((value as Record<string, unknown>)[name])) return undefined
    const copy = { ...value }
    for (const name in copy) if (!isAtom((copy as Record<string, unknown>)[name])) return undefined // a getter
    return Object.getOwnPropertySymbols(copy).length === 0 ? copy : undefined
  } catch {
    return undefined
  }
}

/** The same, and nobody can change it. */
export const frozenCopy = (value: unknown, title: () => string): unknown =>
  isAtom(value) || value === undefined ? value : copied(value, title, { ...itself, frozen: true })

// --- its weight -----------------------------------------------------------------------------------------------------

/** What an object costs beside what it holds, roughly. */
const objectBytes = 16
const numberBytes = 8

/**
 * Roughly how many bytes a payload takes in memory: for limits, not for accounts. Refs count as a pointer. Looks at
 * 10,000 values at most, so that a large payload costs no more to weigh than to send.
 */
export function bytesOf(payload: unknown): number {
  if (typeof payload === "string") return objectBytes + payload.length
  if (typeof payload !== "object" || payload === null) return numberBytes
  let bytes = 0
  const open: unknown[] = [payload]
  for (let looked = 0; open.length > 0 && looked < 10_000; looked++) {
    const value = open.pop()
    if (typeof value === "string") bytes += objectBytes + value.length
    else if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) bytes += objectBytes + value.byteLength
    else if (typeof value === "object" && value !== null && !(value instanceof Ref)) {
      bytes += objectBytes
      const parts = value instanceof Map || value instanceof Set ? listOf(value) : Object.values(value)
      for (const part of parts) open.push(part)
    } else bytes += numberBytes
  }
  return bytes
}
