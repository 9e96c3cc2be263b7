/** The node's own token: whoever may read this file may steer the node. That is how the command line on the same machine gets in. */
import { chmod, readFile } from "node:fs/promises"
import type { Random } from "#actors/clock.js"
import { writePrivate } from "../private-folder.js"

const form = /^lat_[A-Za-z0-9_-]{43}$/

/** The token in a file, for a client; undefined when there is none. */
export async function readTokenFile(path: string): Promise<string | undefined> {
  const text = (await readFile(path, "utf8").catch(() => "")).trim()
  return form.test(text) ? text : undefined
}

/** The token of a node, made when there is none yet or it is damaged. Only the owner of its file can read it (mode 600). @throws `INVALID_CONFIG` when it cannot be written */
export async function ensureTokenFile(path: string, random: Random): Promise<string> {
  const existing = await readTokenFile(path)
  if (existing !== undefined) {
    await chmod(path, 0o600)
    return existing
  }
  const token = `lat_${Buffer.from(random.bytes(32)).toString("base64url")}`
  await writePrivate(path, `${token}\n`)
  return token
}
