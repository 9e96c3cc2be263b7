/**
 * A copy of a store that is in use.
 *
 * Invariants
 *   K1. The copy is the store as it was at one moment, whatever is written meanwhile.
 *   K2. The folder appears when the copy is whole and on the disk (`whole-folder.ts`); of two backups into one folder
 *       at the same time one is refused.
 */
import { openLevelDatabase, storeError, wholeRange } from "./database.js"
import type { LevelStore } from "./level-store.js"
import { telling, type StoreProgress, progressOf, type ProgressOptions } from "./store-progress.js"
import { madeWhole } from "./whole-folder.js"

/**
 * Copies an open store into a folder that is empty or not there.
 *
 * @returns how many records were copied
 * @throws `STORE_REFUSED` when the folder holds anything or is a file, `DISK_FULL`, `STORE_FAILED`; what `progress`
 * throws
 */
export function backupStore(store: LevelStore, folder: string, options: ProgressOptions = {}): Promise<number> {
  const progress = progressOf("a backup", options)
  return telling(progress, async (tell) => {
    try {
      return await madeWhole(folder, "a backup", (partial) => copied(store, partial, tell))
    } catch (error) {
      throw storeError(error, folder)
    }
  })
}

async function copied(store: LevelStore, folder: string, progress: StoreProgress | undefined): Promise<number> {
  const total = progress === undefined ? 0 : await countRecords(store)
  const copy = await openLevelDatabase(folder)
  let done = 0
  try {
    for await (const entries of store.pages(...wholeRange)) {
      await copy.write(entries)
      done += entries.length
      progress?.(done, Math.max(done, total))
    }
  } finally {
    await copy.close()
  }
  return done
}

/** How many records a store holds now: for progress. */
export async function countRecords(store: LevelStore): Promise<number> {
  let count = 0
  for await (const entries of store.pages(...wholeRange)) count += entries.length
  return count
}
