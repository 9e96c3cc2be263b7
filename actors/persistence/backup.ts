/**
 * A copy of a store that is in use.
 *
 * Invariants
 *   K1. The copy is the store as it was at one moment, whatever is written meanwhile.
 *   K2. The folder appears when the copy is whole and on the disk; one that was cut short leaves at most a folder that ends in `.partial`.
 */
import { mkdir, rename, rm } from "node:fs/promises"
import { dirname, resolve } from "node:path"
import { AgentOSError } from "../errors.js"
import { openLevelDatabase, storeError, wholeRange } from "./database.js"
import { isFree, syncFolder } from "./folders.js"
import type { LevelStore } from "./level-store.js"

/** Told how many records of how many are done. */
export type StoreProgress = (done: number, total: number) => void

/**
 * Copies an open store into a folder that is empty or not there.
 *
 * @returns how many records were copied
 * @throws `STORE_REFUSED` when the folder holds anything or is a file, `DISK_FULL`, `STORE_FAILED`
 */
export async function backupStore(
  store: LevelStore,
  folder: string,
  { progress }: { readonly progress?: StoreProgress } = {},
): Promise<number> {
  if (!(await isFree(folder)))
    throw new AgentOSError("STORE_REFUSED", `${folder} is a file, or a folder that is not empty: give a backup a folder of its own`) // prettier-ignore
  const partial = `${resolve(folder)}.partial`
  try {
    await mkdir(dirname(partial), { recursive: true })
    await rm(partial, { recursive: true, force: true })
    const total = progress === undefined ? 0 : await countRecords(store)
    const copy = await openLevelDatabase(partial)
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
    await rm(folder, { recursive: true, force: true })
    await rename(partial, folder) // K2
    await syncFolder(dirname(partial))
    return done
  } catch (error) {
    await rm(partial, { recursive: true, force: true }).catch(() => undefined)
    throw storeError(error, folder)
  }
}

/** How many records a store holds now: for progress. */
export async function countRecords(store: LevelStore): Promise<number> {
  let count = 0
  for await (const entries of store.pages(...wholeRange)) count += entries.length
  return count
}
