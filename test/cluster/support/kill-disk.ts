import type { Change, Database, Entry } from "#actors/persistence/database.js"
import { SortedBytes } from "#actors/simulation/sorted-bytes.js"

/** A disk in memory whose process can be killed at any write: that write is done or not, and nothing of the process is after it. */
export class KillDisk {
  #bytes = new SortedBytes()
  #process = 0
  /** Writes that the process has left; the next one kills it. */
  left = Infinity
  /** Whether the write that killed it reached the disk. */
  lastOneStays = false
  /** Entries in a page: few, so that every page has an end. */
  readonly page: number

  constructor(page = 5) {
    this.page = page
  }

  /** As `kill -9` does. */
  kill(): void {
    this.#process += 1
  }

  get killed(): boolean {
    return this.left < 0
  }

  /** As a new process does; the one before is dead. */
  open(): Database {
    const process = ++this.#process
    this.left = Infinity
    const alive = (): void => {
      if (process !== this.#process || this.killed) throw new Error("killed")
    }
    const bytes = this.#bytes
    const { page } = this
    return {
      location: "kill-disk",
      async get(key) {
        alive()
        return bytes.get(key.toString("latin1"))
      },
      async *range(from, to, { reverse = false, limit = Infinity } = {}) {
        alive()
        const all = bytes.look().slice(from.toString("latin1"), to.toString("latin1"), limit, reverse)
        for (let at = 0; at < all.length; at += page) {
          await Promise.resolve()
          alive()
          yield all.slice(at, at + page).map(([key, value]): Entry => [Buffer.from(key, "latin1"), value])
        }
      },
      write: async (changes) => {
        alive()
        this.left -= 1
        if (!this.killed || this.lastOneStays) this.#apply(changes)
        if (this.killed) throw new Error("killed")
      },
      async close() {},
    }
  }

  #apply(changes: readonly Change[]): void {
    for (const [key, value] of changes) this.#bytes.set(key.toString("latin1"), value && Buffer.from(value))
  }

  /** How many entries have a key with this prefix. */
  async entries(prefix: Buffer): Promise<number> {
    return this.#bytes.slice(prefix.toString("latin1"), `${prefix.toString("latin1")}\u00ff`, Infinity, false).length
  }

  /** Changes the last byte of the first entry with this prefix. */
  damage(prefix: Buffer): void {
    const [entry] = this.#bytes.slice(prefix.toString("latin1"), `${prefix.toString("latin1")}\u00ff`, 1, false)
    if (entry === undefined) throw new Error(`there is nothing under ${String(prefix)}`)
    const value = Buffer.from(entry[1])
    value[value.length - 1] = (value.at(-1) as number) ^ 1
    this.#bytes.set(entry[0], value)
  }
}
