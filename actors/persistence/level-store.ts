/**
 * The one database of a node and its one writer.
 *
 * Invariants
 *   L1. A commit is one synced batch; while it is on its way to the disk, writes gather for the next (group commit). A commit takes at most half of
 *       what waits and was just acknowledged together, so that one half of many writers works while the other half is on its way to the disk.
 *   L2. A write resolves when the commit that holds it is on the disk; the writes of one commit are durable together or not at all.
 *   L3. After a failed commit the store refuses every later write: what is on the disk is unknown until it is opened again.
 */
import type { AgentOSError } from "../errors.js"
import {
  openLevelDatabase,
  storeError,
  type Change,
  type Database,
  type Entry,
  type LostCommits,
  type OpenOptions,
  type RangeOptions,
} from "./database.js"

export { writeBufferSize } from "./database.js"

interface Waiting {
  readonly changes: readonly Change[]
  readonly done: () => void
  readonly fail: (error: unknown) => void
}

export interface StoreCounters {
  commits: number
  changes: number
}

export class LevelStore {
  readonly #database: Database
  #waiting: Waiting[] = []
  #committing: Promise<void> | undefined
  #failed: AgentOSError | undefined
  readonly counters: StoreCounters = { commits: 0, changes: 0 }

  constructor(database: Database) {
    this.#database = database
  }

  /** A store in a LevelDB. @throws `LEVEL_LOCKED` when another process owns the folder, `RECORD_DAMAGED` when it lacks what was acknowledged, `DISK_FULL`, `STORE_FAILED` */
  static async open(folder: string, options?: OpenOptions): Promise<LevelStore> {
    return new LevelStore(await openLevelDatabase(folder, options))
  }

  /** Commits that were acknowledged and are not here. */
  get lost(): LostCommits | undefined {
    return this.#database.lost
  }

  /** For messages: the folder. */
  get location(): string {
    return this.#database.location
  }

  /** Writes changes together; resolves when they are durable (L2). */
  write(changes: readonly Change[]): Promise<void> {
    if (this.#failed !== undefined) return Promise.reject(this.#failed) // L3
    return new Promise((done, fail) => {
      this.#waiting.push({ changes, done, fail })
      this.#committing ??= this.#commit()
    })
  }

  get(key: Buffer): Promise<Uint8Array | undefined> {
    return this.#database.get(key)
  }

  /** Entries with `from` <= key < `to`, in order of keys, a page at a time. */
  pages(from: Buffer, to: Buffer, options?: RangeOptions): AsyncIterable<readonly Entry[]> {
    return this.#database.range(from, to, options)
  }

  /** The same, one by one. */
  async *range(from: Buffer, to: Buffer, options?: RangeOptions): AsyncGenerator<Entry> {
    for await (const entries of this.pages(from, to, options)) yield* entries
  }

  async compact(): Promise<void> {
    await this.#database.compact?.()
  }

  /** Waits for what is being written, then closes. */
  async close(): Promise<void> {
    while (this.#committing !== undefined) await this.#committing
    await this.#database.close()
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
      const all: Change[] = []
      for (const { changes } of group) for (const change of changes) all.push(change)
      this.counters.commits += 1
      this.counters.changes += all.length
      try {
        await this.#database.write(all) // L1
        for (const { done } of group) done()
      } catch (error) {
        this.#failed = storeError(error, this.#database.location)
        for (const { fail } of group) fail(this.#failed)
      }
    }
    this.#committing = undefined
  }
}
