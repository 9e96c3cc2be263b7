/**
 * Small durable records by key, for everything that is not an actor's journal: knowledge, keys, audit. Keys sort by their bytes.
 */
export interface RecordStore {
  get(key: string): Promise<unknown>
  /** Writes and deletes together or not at all; resolves when durable. A value of undefined deletes. */
  write(changes: readonly (readonly [key: string, value: unknown])[]): Promise<void>
  /** Every record whose key begins with the prefix, in order of keys. */
  entries(prefix: string): AsyncIterable<readonly [key: string, value: unknown]>
}

/** Keeps records in this process only. The shortest definition of the port. */
export function memoryRecords(): RecordStore {
  const records = new Map<string, unknown>()
  return {
    get: async (key) => records.get(key),
    async write(changes) {
      for (const [key, value] of changes) {
        if (value === undefined) records.delete(key)
        else records.set(key, structuredClone(value))
      }
    },
    async *entries(prefix) {
      for (const key of [...records.keys()].filter((key) => key.startsWith(prefix)).sort()) yield [key, records.get(key)]
    },
  }
}
