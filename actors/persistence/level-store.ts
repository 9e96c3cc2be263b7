/**
 * The one LevelDB of a node and its one writer.
 *
 * Invariants
 *   L1. A commit is one synced batch; while it is on its way to the disk, writes gather for the next (group commit). A commit takes at most half of
 *       what waits and was just acknowledged together, so that one half of many writers works while the other half is on its way to the disk.
 *   L2. A write resolves when the commit that holds it is on the disk; the writes of one commit are durable together or not at all.
 *   L3. After a failed commit the store refuses every later write: what is on the disk is unknown until it is opened again.
 */
import { mkdir } from "node:fs/promises"
import { Level } from "level"
import { AgentOSError } from "../errors.js"

/** A change of one key; a value of undefined deletes. */
export type Change = readonly [key: Buffer, value: Uint8Array | undefined]

interface Waiting {
  readonly changes: readonly Change[]
  readonly done: () => void
  readonly fail: (error: unknown) => void
}

export interface StoreCounters {
  commits: number
  changes: number
}

/** Bytes that LevelDB gathers before it sorts them into a table. With its own 4 MB a fast disk waits for the sorting; more takes longer to open. */
export const writeBufferSize = 16 * 1024 * 1024

export class LevelStore {
  readonly #db: Level<Buffer, Uint8Array>
  #waiting: Waiting[] = []
  #committing: Promise<void> | undefined
  #failed: AgentOSError | undefined
  readonly counters: StoreCounters = { commits: 0, changes: 0 }

  private constructor(db: Level<Buffer, Uint8Array>) {
    this.#db = db
  }

  /** @throws `LEVEL_LOCKED` when another process owns the folder, `STORE_FAILED` */
  static async open(folder: string): Promise<LevelStore> {
    await mkdir(folder, { recursive: true })
    const db = new Level<Buffer, Uint8Array>(folder, { keyEncoding: "buffer", valueEncoding: "view", writeBufferSize })
    try {
      await db.open()
    } catch (error) {
      throw storeError(error, folder)
    }
    return new LevelStore(db)
  }

  /** Writes changes together; resolves when they are durable (L2). */
  write(changes: readonly Change[]): Promise<void> {
    if (this.#failed !== undefined) return Promise.reject(this.#failed) // L3
    return new Promise((done, fail) => {
      this.#waiting.push({ changes, done, fail })
      this.#committing ??= this.#commit()
    })
  }

  async get(key: Buffer): Promise<Uint8Array | undefined> {
    return this.#db.get(key)
  }

  /** Records with `from` <= key < `to`, in order of keys, read a thousand at a time. */
  async *range(
    from: Buffer,
    to: Buffer,
    options: { readonly reverse?: boolean; readonly limit?: number } = {},
  ): AsyncGenerator<[Buffer, Uint8Array]> {
    const iterator = this.#db.iterator({
      gte: from,
      lt: to,
      reverse: options.reverse ?? false,
      limit: options.limit ?? -1,
    })
    try {
      for (;;) {
        const entries = await iterator.nextv(1000)
        if (entries.length === 0) return
        yield* entries as [Buffer, Uint8Array][]
      }
    } finally {
      await iterator.close()
    }
  }

  /** Waits for what is being written, then closes. */
  async close(): Promise<void> {
    while (this.#committing !== undefined) await this.#committing
    await this.#db.close()
  }

  async #commit(): Promise<void> {
    // What arrives in this turn of the event loop goes along.
    await Promise.resolve()
    let acknowledged = 0
    while (this.#waiting.length > 0) {
      const group = this.#waiting.splice(0, Math.ceil((this.#waiting.length + acknowledged) / 2))
      acknowledged = group.length
      if (this.#failed !== undefined) {
        for (const { fail } of group) fail(this.#failed)
        continue
      }
      const batch = this.#db.batch()
      for (const { changes } of group) {
        for (const [key, value] of changes) {
          if (value === undefined) batch.del(key)
          else batch.put(key, value)
        }
      }
      this.counters.commits += 1
      this.counters.changes += batch.length
      try {
        await batch.write({ sync: true }) // L1
        for (const { done } of group) done()
      } catch (error) {
        this.#failed = storeError(error, this.#db.location)
        for (const { fail } of group) fail(this.#failed)
      }
    }
    this.#committing = undefined
  }
}

function storeError(error: unknown, folder: string): AgentOSError {
  const codes: string[] = []
  for (
    let e = error as { code?: string; message?: string; cause?: unknown } | undefined;
    e !== undefined && e !== null;
    e = e.cause as typeof e
  )
    codes.push(`${e.code ?? ""} ${e.message ?? ""}`)
  const text = codes.join("; ")
  if (text.includes("LEVEL_LOCKED")) {
    return new AgentOSError(
      "LEVEL_LOCKED",
      `another process owns ${folder}: stop it, or give this one another data folder (--data)`,
      { cause: error },
    )
  }
  if (/ENOSPC|No space left/i.test(text))
    return new AgentOSError(
      "DISK_FULL",
      `the disk of ${folder} is full; free some room and start again: nothing acknowledged is lost`,
      { cause: error },
    )
  return new AgentOSError("STORE_FAILED", `the store in ${folder} failed: ${text}`, { cause: error })
}
