/** Changes of whole folders. */
import { open, rename, stat } from "node:fs/promises"
import { dirname, resolve } from "node:path"

/** Makes a change of names in a folder durable. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Where a store that was made anew stands, whole, until the old one has been moved away. */
export const renewedOf = (folder: string): string => `${resolve(folder)}.renewed`

/**
 * Puts a store that was made anew into its place, also when the process died just before; while the old one is there
 * it does nothing.
 */
export async function settleRenewed(folder: string): Promise<void> {
  const renewed = renewedOf(folder)
  if ((await isThere(folder)) || !(await isThere(renewed))) return
  await rename(renewed, folder)
  await syncFolder(dirname(renewed))
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )
