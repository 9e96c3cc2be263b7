/**
 * Plain data: what a message may carry. It survives a copy to another thread, process or disk: JSON values, bigint, Date, bytes and typed arrays,
 * refs, and objects and arrays of these.
 */
import { AgentOSError } from "./errors.js"

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
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array

/** What stands in place of a payload type that cannot travel: nothing is assignable to it, and its name is the explanation. */
export interface NotPlain<Reason extends string> {
  readonly [refMark]: Reason
}

/**
 * `T` itself when it is plain data, else a type that nothing fits. A class instance is seen by its methods; one without methods passes, as it
 * would survive the copy.
 */
export type Plain<T> = unknown extends T
  ? T
  : T extends Atom | RefLike
    ? T
    : T extends (...input: never[]) => unknown
      ? NotPlain<"a payload holds no functions">
      : T extends symbol
        ? NotPlain<"a payload holds no symbols">
        : T extends { [K in keyof T]: Plain<T[K]> }
          ? T
          : NotPlain<"a payload is plain data: no functions, no class instances">

/** Any ref, whatever it understands. */
interface RefLike extends RefMark {
  readonly address: string
  with(options: never): unknown
}

/**
 * A deep copy that nobody can change; refs stay refs, and errors stay as they are. Typed arrays are copied, but cannot be frozen.
 * @param title names the payload in errors
 * @throws `INVALID_PAYLOAD` naming the part that is not plain data
 */
export function frozenCopy(payload: unknown, title: () => string): unknown {
  const copies = new Map<object, unknown>()
  const copy = (value: unknown, path: string): unknown => {
    const refuse = (what: string) =>
      new AgentOSError("INVALID_PAYLOAD", `${title()}: ${path} is ${what}; a payload is plain data`)
    if (typeof value === "function" || typeof value === "symbol") throw refuse(`a ${typeof value}`)
    if (typeof value !== "object" || value === null || isRef(value) || value instanceof Error) return value
    const known = copies.get(value)
    if (known !== undefined) return known
    if (ArrayBuffer.isView(value) || value instanceof Date) {
      const made: unknown = structuredClone(value)
      copies.set(value, made)
      return made
    }
    const prototype: unknown = Object.getPrototypeOf(value)
    if (Array.isArray(value)) {
      const made: unknown[] = []
      copies.set(value, made)
      for (let i = 0; i < value.length; i++) made.push(copy(value[i], `${path}[${i}]`))
      return Object.freeze(made)
    }
    if (prototype !== Object.prototype && prototype !== null) throw refuse(`an instance of ${value.constructor.name}`)
    const made: Record<string, unknown> = {}
    copies.set(value, made)
    for (const [name, part] of Object.entries(value)) made[name] = copy(part, `${path}.${name}`)
    return Object.freeze(made)
  }
  return copy(payload, "the payload")
}

/**
 * A deep copy that shares nothing with its original, of what may be kept: plain data. Refs stay refs. What a persistent actor stores is copied so when it is persisted,
 * so that nobody changes it afterwards.
 * @param title names the value in errors
 * @throws `INVALID_PAYLOAD` naming the part that cannot be kept
 */
export function keptCopy(value: unknown, title: () => string): unknown {
  if (typeof value !== "object" || value === null) {
    if (typeof value !== "function" && typeof value !== "symbol") return value
  }
  const copies = new Map<object, unknown>()
  const copy = (part: unknown, path: string): unknown => {
    const refuse = (what: string) =>
      new AgentOSError("INVALID_PAYLOAD", `${title()}: ${path} is ${what}; what is kept is plain data`)
    if (typeof part === "function" || typeof part === "symbol") throw refuse(`a ${typeof part}`)
    if (typeof part !== "object" || part === null || isRef(part)) return part
    const known = copies.get(part)
    if (known !== undefined) return known
    if (ArrayBuffer.isView(part) || part instanceof Date) {
      const made: unknown = structuredClone(part)
      copies.set(part, made)
      return made
    }
    if (Array.isArray(part)) {
      const made: unknown[] = []
      copies.set(part, made)
      for (let i = 0; i < part.length; i++) made.push(copy(part[i], `${path}[${i}]`))
      return made
    }
    if (part instanceof Map) {
      const made = new Map<unknown, unknown>()
      copies.set(part, made)
      for (const [key, of] of part) made.set(copy(key, `a key of ${path}`), copy(of, `a value of ${path}`))
      return made
    }
    if (part instanceof Set) {
      const made = new Set<unknown>()
      copies.set(part, made)
      for (const member of part) made.add(copy(member, `a member of ${path}`))
      return made
    }
    const prototype: unknown = Object.getPrototypeOf(part)
    if (prototype !== Object.prototype && prototype !== null) throw refuse(`an instance of ${part.constructor.name}`)
    const made: Record<string, unknown> = {}
    copies.set(part, made)
    for (const [name, of] of Object.entries(part))
      Object.defineProperty(made, name, {
        value: copy(of, `${path}.${name}`),
        enumerable: true,
        configurable: true,
        writable: true,
      })
    return made
  }
  return copy(value, "the value")
}

/** What an object costs beside what it holds, roughly. */
const objectBytes = 16
const numberBytes = 8

/**
 * Roughly how many bytes a payload takes in memory: for limits, not for accounts. Refs count as a pointer. Looks at 10,000 values at most, so that a large payload costs
 * no more to weigh than to send.
 */
export function bytesOf(payload: unknown): number {
  if (typeof payload === "string") return objectBytes + payload.length
  if (typeof payload !== "object" || payload === null) return numberBytes
  let bytes = 0
  const open: unknown[] = [payload]
  for (let looked = 0; open.length > 0 && looked < 10_000; looked++) {
    const value = open.pop()
    if (typeof value === "string") bytes += objectBytes + value.length
    else if (ArrayBuffer.isView(value)) bytes += objectBytes + value.byteLength
    else if (typeof value === "object" && value !== null && !isRef(value)) {
      bytes += objectBytes
      for (const part of Object.values(value)) open.push(part)
    } else bytes += numberBytes
  }
  return bytes
}

const isRef = (value: object): boolean => "address" in value && "with" in value
