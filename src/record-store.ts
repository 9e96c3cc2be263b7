import { decodeValue, encodeValue } from "#actors/persistence/checked-value.js"
import { after, keyOf, wellFormed } from "#actors/persistence/keys.js"
import type { LevelStore } from "#actors/persistence/level-store.js"

/**
 * Small durable records by key, for everything that is not an actor's journal: knowledge, keys, audit. Keys sort by their bytes; one that
 * is no well-formed Unicode could not be told from others and is refused (`INVALID_NAME`).
 */
export interface RecordStore {
  get(key: string): Promise<unknown>
  /** Writes and deletes together or not at all; resolves when durable. A value of undefined deletes. */
  write(changes: readonly (readonly [key: string, value: unknown])[]): Promise<void>
  /** Every record whose key begins with the prefix, in order of keys. */
  entries(prefix: string): AsyncIterable<readonly [key: string, value: unknown]>
  /**
   * Tells of records that have changed since, in other processes and in this one: their keys, or undefined when it may be all of them. Where one process owns the
   * store there is nobody to hear of, and nothing is told.
   *
   * @returns ends it, once nothing is missed any more
   */
  follow(heard: (keys: readonly string[] | undefined) => void): Promise<() => void>
}

const nobodyElse: RecordStore["follow"] = async () => () => undefined

/** Keeps records in this process only. The shortest definition of the port. */
export function memoryRecords(): RecordStore {
  const records = new Map<string, unknown>()
  return {
    get: async (key) => records.get(wellFormed(key)),
    async write(changes) {
      for (const [key] of changes) wellFormed(key)
      for (const [key, value] of changes) {
        if (value === undefined) records.delete(key)
        else records.set(key, structuredClone(value))
      }
    },
    async *entries(prefix) {
      for (const key of [...records.keys()].filter((key) => key.startsWith(prefix)).sort())
        yield [key, records.get(key)]
    },
    follow: nobodyElse,
  }
}

/** The value of a record, as `encodeValue` wrote it. @throws `RECORD_DAMAGED` */
export const recordOf = (room: string, key: string, bytes: Uint8Array): unknown =>
  decodeValue(bytes, () => `the record ${JSON.stringify(key)} of the room ${room}`)

/** Records in the node's LevelDB, in a room of their own: each with a checksum, which LevelDB does not ask of its tables. */
export function levelRecords(store: LevelStore, room: string): RecordStore {
  const prefix = keyOf(room)
  const full = (key: string): Buffer => Buffer.concat([prefix, Buffer.from(wellFormed(key))])
  return {
    async get(key) {
      const bytes = await store.get(full(key))
      return bytes === undefined ? undefined : recordOf(room, key, bytes)
    },
    write: (changes) =>
      store.write(changes.map(([key, value]) => [full(key), value === undefined ? undefined : encodeValue(value)])),
    async *entries(begin) {
      const from = full(begin)
      for await (const [bytes, value] of store.range(from, after(from))) {
        const key = bytes.subarray(prefix.length).toString()
        yield [key, recordOf(room, key, value)]
      }
    },
    follow: nobodyElse,
  }
}
