/**
 * Maps in stored values. Msgpack has one kind of map, which becomes an object again; a `Map` is stored as its entries, marked by an extension, so that a state
 * that keeps one finds it again.
 */
import { addExtension } from "msgpackr"

type Entries = readonly (readonly [unknown, unknown])[]

/** What stands for a map while it is encoded. */
class StoredMap {
  readonly entries: Entries

  constructor(entries: Entries) {
    this.entries = entries
  }
}

addExtension({
  Class: StoredMap,
  type: 0x4d, // "M"; it stands in stored values: never another
  write: ({ entries }: StoredMap) => entries,
  read: (entries: Entries) => new Map(entries),
})

/** The value with its maps made ready to be encoded; the value itself when it holds none. What has no maps is not copied. */
export function storable(value: unknown): unknown {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value
  if (value instanceof Map)
    return new StoredMap(Array.from(value, ([key, of]) => [storable(key), storable(of)] as const))
  if (value instanceof Set) {
    const members = [...value]
    const made = storable(members) as unknown[]
    return made === members ? value : new Set(made)
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null && !Array.isArray(value)) return value
  let copy: Record<string, unknown> | undefined
  for (const [name, part] of Object.entries(value)) {
    const made = storable(part)
    if (made === part) continue
    copy ??= (Array.isArray(value) ? [...(value as unknown[])] : { ...value }) as Record<string, unknown>
    copy[name] = made
  }
  return copy ?? value
}
