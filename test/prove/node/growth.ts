/**
 * A day of strangers, of refused runs and of one long conversation, in minutes: what a node keeps of it on the disk and
 * in memory.
 */
import { readdir, stat } from "node:fs/promises"
import { join } from "node:path"
import { startWatched } from "./watched.js"

export interface Growth {
  readonly what: string
  /** Requests that were made. */
  readonly requests: number
  /** What they held, in MB. */
  readonly sentMb: number
  readonly diskMb: number
  readonly memoryMb: number
}

/** How many requests of each kind. */
export interface Day {
  readonly strangers: number
  readonly refused: number
  /** Turns of one conversation, and letters of each. */
  readonly turns: number
  readonly letters: number
  /** Conversations of one turn each. */
  readonly conversations: number
}

/** Requests under way at a time. */
const width = 32

export async function grow(folder: string, day: Day, progress: (text: string) => void): Promise<readonly Growth[]> {
  const node = await startWatched(folder, { limits: { maxOpen: 100_000 } })
  const post = async (body: object, key: string | undefined): Promise<number> => {
    const response = await fetch(`${node.rest}/v1/runs`, {
      method: "POST",
      headers: { "content-type": "application/json", ...(key === undefined ? {} : { authorization: `Bearer ${key}` }) },
      body: JSON.stringify(body),
    })
    await response.arrayBuffer()
    return response.status
  }
  const { user } = node.keys
  /** Makes so many requests; each must be answered with this status. */
  const all = async (
    count: number,
    wide: number,
    status: number,
    one: (n: number) => Promise<number>,
  ): Promise<void> => {
    let next = 0
    const worker = async (): Promise<void> => {
      while (next < count) {
        const got = await one(next++)
        if (got !== status) throw new Error(`answered ${got}, not ${status}`)
      }
    }
    await Promise.all(Array.from({ length: wide }, worker))
  }
  const found: Growth[] = []
  const measured = async (what: string, requests: number, sentMb: number, work: () => Promise<void>): Promise<void> => {
    progress(what)
    const before = await used()
    await work()
    await node.settle(before.memoryMb + 20)
    const after = await used()
    found.push({
      what,
      requests,
      sentMb,
      diskMb: after.diskMb - before.diskMb,
      memoryMb: after.memoryMb - before.memoryMb,
    })
  }
  const used = async () => ({ diskMb: await sizeOf(folder), memoryMb: (await node.look()).rssMb })
  const hello = { target: "echo", input: "hello" }
  const said = "All work and no play makes Jack a dull boy. ".repeat(day.letters).slice(0, day.letters)
  try {
    await all(500, width, 200, () => post(hello, user))
    await measured("strangers", day.strangers, 0, () => all(day.strangers, width, 401, () => post(hello, undefined)))
    await measured("wrong keys", day.strangers, 0, () =>
      all(day.strangers, width, 401, (n) => post(hello, `lao_${String(n).padStart(16, "0")}_${"x".repeat(43)}`)),
    )
    await measured("refused runs", day.refused, 0, () =>
      all(day.refused, width, 404, (n) => post({ target: `nobody-${n}`, input: "hello", conversation: `c${n}` }, user)),
    )
    await measured("one long conversation", day.turns, (day.turns * day.letters) / 1e6, () =>
      all(day.turns, 1, 200, () => post({ target: "echo", input: said, conversation: "long" }, user)),
    )
    await measured("many conversations", day.conversations, (day.conversations * day.letters) / 1e6, () =>
      all(day.conversations, width, 200, (n) => post({ target: "echo", input: said, conversation: `many-${n}` }, user)),
    )
    return found
  } finally {
    await node.stop()
  }
}

/** Of all files of a folder, in MB. A file that is gone meanwhile counts nothing. */
async function sizeOf(folder: string): Promise<number> {
  let bytes = 0
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name)).catch(() => undefined))?.size ?? 0
  return bytes / 1e6
}
