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
    else for (const [name, part] of Object.entries(value)) made[name] = copy(part, [...path, name])
    return made
  }
  return { value: copy(payload, nowhere), parts }
}

/** Puts back what travelled beside. */
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
      for (const step of path.slice(0, -1)) at = at[step] as Record<string | number, unknown>
      at[path[path.length - 1] as string | number] = part
    }
  }
  return whole
}

/** A copy of what is as good as plain data but cannot be cloned (a Proxy, say). */
export function plainCopy(value: unknown): unknown {
  if (typeof value !== "object" || value === null || value instanceof Date || ArrayBuffer.isView(value)) return value
  if (Array.isArray(value)) return value.map(plainCopy)
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, plainCopy(part)]))
}

export function isPlain(value: unknown): boolean {
  try {
    checkPlain(value, () => "")
    return true
  } catch {
    return false
  }
}

/**
 * R1
 * @returns whether it holds anything that cannot travel as it is
 */
export function checkPlain(payload: unknown, title: () => string): boolean {
  if (typeof payload !== "object") {
    if (typeof payload === "function" || typeof payload === "symbol") throw refused(title, "", `a ${typeof payload}`)
    return false
  }
  if (payload === null) return false
  return look(payload, "", title, undefined)
}

/** @param seen the objects on the way here and before, once there is more than one */
function look(value: object, path: string, title: () => string, seen: Set<object> | undefined): boolean {
  if (value instanceof Ref || value instanceof Error) return true
  if (ArrayBuffer.isView(value)) return !isAlone(value)
  if (value instanceof Date) return false
  if (seen !== undefined) {
    if (seen.has(value)) return false
    seen.add(value)
  }
  let special = false
  const visit = (part: unknown, at: string | number): void => {
    if (typeof part === "object") {
      if (part === null) return
      seen ??= new Set<object>().add(value)
      if (look(part, `${path}${typeof at === "number" ? `[${at}]` : `.${at}`}`, title, seen)) special = true
    } else if (typeof part === "function" || typeof part === "symbol")
      throw refused(title, `${path}${typeof at === "number" ? `[${at}]` : `.${at}`}`, `a ${typeof part}`)
  }
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) visit(value[i], i)
    return special
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null)
    throw refused(title, path, `an instance of ${value.constructor.name}`)
  for (const name of Object.keys(value)) visit((value as Record<string, unknown>)[name], name)
  return special
}

/** Empty ones count as not alone: their memory may have been given away. */
const isAlone = (view: ArrayBufferView): boolean =>
  view.byteLength === view.buffer.byteLength && view.byteLength > 0 && view.buffer instanceof ArrayBuffer

function alone(view: ArrayBufferView): ArrayBufferView {
  if (view instanceof DataView)
    return new DataView(new Uint8Array(view.buffer, view.byteOffset, view.byteLength).slice().buffer)
  const typed = Buffer.isBuffer(view) ? new Uint8Array(view.buffer, view.byteOffset, view.length) : (view as Uint8Array)
  return typed.byteLength === 0 ? new (typed.constructor as Uint8ArrayConstructor)(0) : typed.slice()
}

const refused = (title: () => string, path: string, what: string): AgentOSError =>
  new AgentOSError("INVALID_PAYLOAD", `${title()}: the payload${path} is ${what}; a payload is plain data`)
