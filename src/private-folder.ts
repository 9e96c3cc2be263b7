/** A folder whose content is its owner's alone: it holds keys, conversations and the node's own token. */
import { existsSync, lstatSync, mkdirSync } from "node:fs"
import { chmod, mkdtemp, readdir, rename, rm, rmdir, stat, writeFile } from "node:fs/promises"
import { dirname, join, resolve } from "node:path"
import { AgentOSError, thrownText } from "#actors/errors.js"

/** What lies in a data folder and is written by the node. */
const parts = ["store", "logs"]

/**
 * Makes a folder that only its owner can enter (mode 700), and closes what is in it already to others (600). What
 * belongs to somebody else stays as it is: a volume may have its own rules.
 *
 * @throws `INVALID_CONFIG` when it cannot be made or written
 */
export async function keepPrivate(folder: string): Promise<void> {
  await makeWritable(folder, "data")
  await close(folder, 0o700)
  for (const part of parts.map((name) => join(folder, name))) {
    const names = await readdir(part).catch(() => undefined)
    if (names === undefined) continue
    await close(part, 0o700)
    await Promise.all(names.map((name) => close(join(part, name), 0o600)))
  }
}

/**
 * Makes a folder where there is none, and tries whether it can be written.
 *
 * @param field names it in the configuration or on the command line
 * @throws `INVALID_CONFIG`
 */
export async function makeWritable(folder: string, field: string): Promise<void> {
  try {
    makeFolder(folder)
    await rmdir(await mkdtemp(join(folder, ".writable-")))
  } catch (cause) {
    throw new AgentOSError(
      "INVALID_CONFIG",
      `${field}: the folder ${folder} cannot be made or written (${thrownText(cause)}); name one that this user may write`,
      { cause },
    )
  }
}

/**
 * Makes a folder and those above it, one by one: Node's own `recursive` never ends where a folder takes none, as in
 * `/proc`.
 */
export function makeFolder(folder: string): void {
  const absent: string[] = []
  for (let at = resolve(folder); !existsSync(at); at = dirname(at)) absent.unshift(at)
  for (const at of absent) {
    try {
      mkdirSync(at, { mode: 0o700 })
    } catch (error) {
      if (existsSync(at)) continue // somebody else has made it since
      const isLink = lstatSync(at, { throwIfNoEntry: false })?.isSymbolicLink() === true
      throw isLink ? new Error(`${at} is a link that leads to nothing`, { cause: error }) : error
    }
  }
}

/**
 * Writes a file whole that only its owner can read (mode 600): one that was there keeps neither its content nor its
 * mode.
 *
 * @throws `INVALID_CONFIG` when it cannot be written
 */
export async function writePrivate(path: string, content: string): Promise<void> {
  const made = `${path}.new`
  try {
    makeFolder(dirname(path))
    await rm(made, { force: true })
    await writeFile(made, content, { mode: 0o600, flag: "wx" })
    await rename(made, path)
  } catch (cause) {
    await rm(made, { force: true }).catch(() => undefined)
    throw new AgentOSError(
      "INVALID_CONFIG",
      `data: the file ${path} cannot be written (${thrownText(cause)}); move away what stands there, or name another folder`,
      { cause },
    )
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
