/**
 * A folder that appears when all of it is made and on the disk, or not at all.
 *
 * Invariants
 *   A1. It is made beside its place, in a folder of its own whose name ends in `.partial`: nobody else works in that.
 *       One that was cut short stays until somebody deletes it.
 *   A2. It is put over nothing. Of several that are made for one place at the same time, the first that is whole is
 *       there; the others are refused.
 *   A3. It is not made in the folder of a store, whose files are its own.
 */
import { mkdir, readdir, readFile, realpath, rename, rm, rmdir } from "node:fs/promises"
import { basename, dirname, join, resolve } from "node:path"
import { AgentOSError } from "../errors.js"
import { syncFolder } from "./folders.js"

/**
 * @param what the folder is for, for messages: "a backup"
 * @param make fills the folder that it is given
 * @throws `STORE_REFUSED` when there is anything in the folder, it is a file, or lies in a store; what `make` throws
 */
export async function madeWhole<T>(folder: string, what: string, make: (partial: string) => Promise<T>): Promise<T> {
  const refused = (): AgentOSError =>
    new AgentOSError(
      "STORE_REFUSED",
      `${folder} is a file, or a folder that is not empty: give ${what} a folder of its own`,
    )
  if (folder === "") throw new AgentOSError("STORE_REFUSED", `${what} needs a folder, and was given an empty name`)
  if (!(await isFree(folder))) throw refused()
  const place = await realPath(resolve(folder))
  const around = await storeAround(place)
  if (around !== undefined)
    throw new AgentOSError(
      "STORE_REFUSED",
      `${folder} lies in ${around}, which is a store: give ${what} a folder outside of it`,
    )
  const partial = await ownFolder(place)
  try {
    const made = await make(partial)
    if (!(await moved(partial, place))) throw refused()
    await syncFolder(dirname(place))
    return made
  } catch (error) {
    await rm(partial, { recursive: true, force: true }).catch(() => undefined)
    throw error
  }
}

/** Where a path leads, past all links; its end need not be there. */
async function realPath(path: string): Promise<string> {
  const parent = dirname(path)
  return realpath(path).catch(async () => (parent === path ? path : join(await realPath(parent), basename(path))))
}

/** A3. The store in whose folder a path lies: LevelDB names the list of its files there. */
async function storeAround(path: string): Promise<string | undefined> {
  const parent = dirname(path)
  if (parent === path) return undefined
  const current = await readFile(join(parent, "CURRENT"), "latin1").catch(() => "")
  return current.startsWith("MANIFEST-") ? parent : storeAround(parent)
}

/** A1 */
async function ownFolder(place: string): Promise<string> {
  await mkdir(dirname(place), { recursive: true })
  for (let n = 1; ; n++) {
    const partial = `${place}${n === 1 ? "" : `-${n}`}.partial`
    if (await unless("EEXIST", mkdir(partial))) return partial
  }
}

/** A2. Neither call does anything to a folder with something in it. */
async function moved(partial: string, place: string): Promise<boolean> {
  const free = await unless("ENOTEMPTY EEXIST ENOTDIR", rmdir(place).catch(unlessGone))
  return free && (await unless("ENOTEMPTY EEXIST ENOTDIR", rename(partial, place)))
}

/** Whether a path may be taken: nothing is there, or a folder that is empty. */
async function isFree(path: string): Promise<boolean> {
  try {
    return (await readdir(path)).length === 0
  } catch (error) {
    if (codeOf(error) === "ENOENT") return true
    if (codeOf(error) === "ENOTDIR") return false
    throw error
  }
}

/** @returns whether it was done; false when it failed with one of the codes */
const unless = (codes: string, change: Promise<unknown>): Promise<boolean> =>
  change.then(
    () => true,
    (error: unknown) => {
      if (codes.split(" ").includes(codeOf(error))) return false
      throw error
    },
  )

const unlessGone = (error: unknown): void => {
  if (codeOf(error) !== "ENOENT") throw error
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? ""
