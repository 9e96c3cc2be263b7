/**
 * A payload on its way to another actor system. Most travel as they are; where a part is a ref or an error, a copy travels without it, and beside it
 * what stands where.
 *
 * Invariants
 *   R1. What is not plain data is refused by name before anything is sent.
 *   R2. The payload itself is never changed: it may still be read by its sender.
 *   R3. Bytes travel alone: not with the larger buffer they lie in, and never as memory that is shared.
 */
import { AgentOSError } from "../errors.js"
import { Ref } from "../ref.js"

/** A part of a payload that travels as something else, and where it stands. */
export type Part<Else> = readonly [path: readonly (string | number)[], is: Else]

export interface Packed<Else> {
  readonly value: unknown
  readonly parts: readonly Part<Else>[] | undefined
}

const nowhere: readonly (string | number)[] = []

/**
 * @param title names the payload in errors
 * @param replace what travels in place of a ref or an error
 * @throws {AgentOSError} `INVALID_PAYLOAD` (R1)
 */
export function pack<Else>(payload: unknown, title: () => string, replace: (part: Ref | Error) => Else): Packed<Else> {
  if (!checkPlain(payload, title)) return { value: payload, parts: undefined }
  const parts: Part<Else>[] = []
  const copies = new Map<object, unknown>()
  const copy = (value: unknown, path: readonly (string | number)[]): unknown => {
    if (typeof value !== "object" || value === null || value instanceof Date) return value
    if (value instanceof Ref || value instanceof Error) {
      parts.push([path, replace(value)])
      return undefined
    }
    if (ArrayBuffer.isView(value)) return isAlone(value) ? value : alone(value) // R3
    const known = copies.get(value)
    if (known !== undefined) return known
    const made: unknown[] | Record<string, unknown> = Array.isArray(value) ? [] : {}
    copies.set(value, made)
    if (Array.isArray(made)) for (const [i, part] of (value as unknown[]).entries()) made.push(copy(part, [...path, i]))
    else for (const [name, part] of Object.entries(value)) define(made, name, copy(part, [...path, name]))
    return made
  }
  return { value: copy(payload, nowhere), parts }
}

/** Puts back what travelled beside, where `pack` has left a place for it. @throws TypeError where it has not */
export function unpack<Else>(
  value: unknown,
  parts: readonly Part<Else>[] | undefined,
  restore: (is: Else) => unknown,
): unknown {
  if (parts === undefined) return value
  let whole = value
  for (const [path, is] of parts) {
    const part = restore(is)
    if (path.length === 0) whole = part
    else {
      let at = whole as Record<string | number, unknown>
      for (const step of path.slice(0, -1)) at = own(at, step)[step] as Record<string | number, unknown>
      const last = path[path.length - 1] as string | number
      define(own(at, last), last, part)
    }
  }
  return whole
}

/** What came from elsewhere may name any place: prototypes, which all objects share, are none. */
function own<T>(at: T, step: string | number): T {
  if (typeof at === "object" && at !== null && Object.hasOwn(at, step)) return at
  throw new TypeError(`a payload has no place ${JSON.stringify(step)} for what came beside it`)
}

/** Sets a property of whatever name, "__proto__", too. */
const define = (object: object, name: string | number, value: unknown): void =>
  void Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true })

/** A copy of what is as good as plain data but cannot be cloned (a Proxy, say). */
export function plainCopy(value: unknown): unknown {
  if (typeof value !== "object" || value === null || value instanceof Date || ArrayBuffer.isView(value)) return value
  if (Array.isArray(value)) return value.map(plainCopy)
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, plainCopy(part)]))
}

/**
 * R1
 * @returns whether it holds anything that cannot travel as it is
 */
export function checkPlain(payload: unknown, title: () => string): boolean {
  const found = looks(payload, undefined)
  if (found === refusable) refuse(payload, "the payload", title, new Set())
  return found === special
}

/** What a look at a value finds, the worse the higher. */
const plain = 0
const special = 1
const refusable = 2

/** @param seen the objects that were looked at before, once there is more than one */
function looks(value: unknown, seen: Set<object> | undefined): number {
  if (typeof value !== "object") return typeof value === "function" || typeof value === "symbol" ? refusable : plain
  if (value === null) return plain
  const prototype: unknown = Object.getPrototypeOf(value)
  const isArray = Array.isArray(value)
  if (prototype !== Object.prototype && !isArray && prototype !== null) return looksOdd(value)
  if (seen !== undefined) {
    if (seen.has(value)) return plain
    seen.add(value)
  }
  let worst = plain
  if (isArray) {
    for (let i = 0; i < value.length && worst < refusable; i++) {
      const part: unknown = value[i]
      if (isAtom(part)) continue
      seen ??= new Set<object>().add(value)
      worst = Math.max(worst, looks(part, seen))
    }
    return worst
  }
  for (const name in value) {
    const part = (value as Record<string, unknown>)[name]
    if (isAtom(part)) continue
    seen ??= new Set<object>().add(value)
    worst = Math.max(worst, looks(part, seen))
    if (worst === refusable) break
  }
  return worst
}

const isAtom = (value: unknown): boolean =>
  typeof value === "number" || typeof value === "string" || typeof value === "boolean" || value === null

/** Of neither an object literal nor an array. */
function looksOdd(value: object): number {
  if (value instanceof Ref || value instanceof Error) return special
  if (ArrayBuffer.isView(value)) return isAlone(value) ? plain : special
  return value instanceof Date ? plain : refusable
}

/** Says what and where. */
function refuse(value: unknown, path: string, title: () => string, seen: Set<unknown>): void {
  if (seen.has(value) || looks(value, undefined) !== refusable) return
  seen.add(value)
  if (Array.isArray(value)) for (const [i, part] of value.entries()) refuse(part, `${path}[${i}]`, title, seen)
  else if (typeof value === "object" && value !== null && looksLiteral(value))
    for (const [name, part] of Object.entries(value)) refuse(part, `${path}.${name}`, title, seen)
  const what = typeof value === "object" ? `an instance of ${value?.constructor.name}` : `a ${typeof value}`
  throw new AgentOSError("INVALID_PAYLOAD", `${title()}: ${path} is ${what}; a payload is plain data`)
}

const looksLiteral = (value: object): boolean =>
  Object.getPrototypeOf(value) === Object.prototype || Object.getPrototypeOf(value) === null

/** Empty ones count as not alone: their memory may have been given away. */
const isAlone = (view: ArrayBufferView): boolean =>
  view.byteLength === view.buffer.byteLength && view.byteLength > 0 && view.buffer instanceof ArrayBuffer

function alone(view: ArrayBufferView): ArrayBufferView {
  if (view instanceof DataView)
    return new DataView(new Uint8Array(view.buffer, view.byteOffset, view.byteLength).slice().buffer)
  const typed = Buffer.isBuffer(view) ? new Uint8Array(view.buffer, view.byteOffset, view.length) : (view as Uint8Array)
  return typed.byteLength === 0 ? new (typed.constructor as Uint8ArrayConstructor)(0) : typed.slice()
}
