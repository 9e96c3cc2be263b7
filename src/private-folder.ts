/** A folder whose content is its owner's alone: it holds keys, conversations and the node's own token. */
import { chmod, mkdir, readdir, stat } from "node:fs/promises"
import { join } from "node:path"

/** What lies in a data folder and is written by the node. */
const parts = ["store", "logs"]

/**
 * Makes a folder that only its owner can enter (mode 700), and closes what is in it already to others (600). What
 * belongs to somebody else stays as it is: a volume may have its own rules.
 */
export async function keepPrivate(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await close(folder, 0o700)
  for (const part of parts.map((name) => join(folder, name))) {
    const names = await readdir(part).catch(() => undefined)
    if (names === undefined) continue
    await close(part, 0o700)
    await Promise.all(names.map((name) => close(join(part, name), 0o600)))
  }
}

async function close(path: string, mode: number): Promise<void> {
  try {
    const { mode: now } = await stat(path)
    if ((now & 0o077) !== 0) await chmod(path, mode)
  } catch {
    return
  }
}
