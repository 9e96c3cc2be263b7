/**
 * A payload on its way to another actor system. Where a part is a ref or an error, a copy travels without it, and beside it what stands where.
 *
 * Invariants
 *   R1. What is not plain data is refused by name before anything is sent.
 *   R2. The payload itself is never changed: it may still be read by its sender.
 *   R3. Bytes travel alone: not with the larger buffer they lie in, and never as memory that is shared.
 */
import { checkPlain, copied, define, found, listOf, refill, type Path } from "../plain.js"
import { StoredRef, type Ref } from "../ref.js"

/** A part of a payload that travels as something else, and where it stands. */
export type Part<Else> = readonly [path: Path, is: Else]

export interface Packed<Else> {
  readonly value: unknown
  readonly parts: readonly Part<Else>[] | undefined
}

export interface Packing<Else> {
  /** What travels in place of a ref or an error. */
  readonly replace: (part: Ref | Error) => Else
  /** Whether all of it is copied now; otherwise only what cannot travel as it is. */
  readonly copies?: boolean
  /** Whether an object that stands in itself is refused. */
  readonly refusesCircles?: boolean
}

/**
 * @param title names the payload in errors
 * @throws {AgentOSError} `INVALID_PAYLOAD` (R1)
 */
export function pack<Else>(payload: unknown, title: () => string, packing: Packing<Else>): Packed<Else> {
  const { replace, copies = false, refusesCircles = false } = packing
  if (!copies) {
    const looked = checkPlain(payload, title)
    if (looked === found.plain || (looked === found.shared && !refusesCircles))
      return { value: payload, parts: undefined }
  }
  const parts: Part<Else>[] = []
  const value = copied(payload, title, {
    refusesCircles,
    special(part, path) {
      if (part instanceof StoredRef) return part
      parts.push([[...path], replace(part)])
      return {} // one of its own: members of a set and keys of a map must not become one
    },
  })
  return { value, parts: parts.length === 0 ? undefined : parts }
}

/** Puts back what travelled beside, where `pack` has left a place for it. @throws TypeError where it has not */
export function unpack<Else>(
  value: unknown,
  parts: readonly Part<Else>[] | undefined,
  restore: (is: Else) => unknown,
): unknown {
  if (parts === undefined) return value
  let whole = value
  /** Maps and sets on the way, as the lists that paths count in. */
  const lists = new Map<Map<unknown, unknown> | Set<unknown>, unknown[]>()
  const within = (at: unknown, step: string | number): Record<string | number, unknown> => {
    let place = at
    if (at instanceof Map || at instanceof Set) {
      place = lists.get(at) ?? listOf(at)
      lists.set(at, place as unknown[])
    }
    return own(place as Record<string | number, unknown>, step)
  }
  for (const [path, is] of parts) {
    const part = restore(is)
    if (path.length === 0) whole = part
    else {
      let at = whole
      for (const step of path.slice(0, -1)) at = within(at, step)[step]
      const last = path[path.length - 1] as string | number
      define(within(at, last), last, part)
    }
  }
  for (const [of, list] of lists) refill(of, list)
  return whole
}

/** What came from elsewhere may name any place: prototypes, which all objects share, are none. */
function own<T>(at: T, step: string | number): T {
  if (typeof at === "object" && at !== null && Object.hasOwn(at, step)) return at
  throw new TypeError(`a payload has no place ${JSON.stringify(step)} for what came beside it`)
}
