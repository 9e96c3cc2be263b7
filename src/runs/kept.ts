/**
 * What is kept of runs that have ended, and of conversations: by age, by number and by size.
 *
 * Invariants
 *   K1. A run that has ended, and a conversation, has a record that says how large it is and when it was last
 *       written. An open run has none: it is not let go.
 *   K2. What was written last is kept longest. The record goes after what it stands for.
 *   K3. It is looked through some time after something was noted, and at once when much was.
 */
import type { CancelTimer, Clock } from "#actors/clock.js"
import { joined, parted } from "#actors/names.js"
import type { Journal, PersistenceId } from "#actors/persistence/journal.js"
import type { RecordStore } from "../record-store.js"

/** How much of one kind is kept; whatever is reached first counts. */
export interface Limits {
  readonly days: number
  readonly count: number
  readonly megabytes: number
}

export interface Retention {
  readonly runs: Limits
  readonly conversations: Limits
}

/** What is noted of one: plain data. */
export interface Note {
  /** Wall time. */
  readonly at: number
  /** In letters, about. */
  readonly size: number
  /** Of a run: where its log says how it ended, and whose it is. */
  readonly run?: { readonly sequence: number; readonly target: string; readonly caller?: string }
}

export const kinds = { runs: ["run"], conversations: ["conversation", "conversation-of"] } as const
const lookEveryMs = 60_000
/** Part of a limit that may be noted before it is looked at once (K3). */
const much = 0.05
/** Removed at a time. */
const together = 64
const dayMs = 86_400_000

export interface KeptParts {
  readonly records: RecordStore
  readonly journal: Journal
  readonly clock: Clock
  readonly retention: Retention
  /** Is told of what is gone. */
  readonly removed: (actor: PersistenceId) => void
  /** What else is looked through, before; it ends early once this is closed. */
  readonly before: (closed: () => boolean) => Promise<void>
}

export class Kept {
  readonly #parts: KeptParts
  #cancelTimer: CancelTimer | undefined
  #sweeping: Promise<void> | undefined
  #noted = { count: 0, size: 0 }
  #closed = false

  constructor(parts: KeptParts) {
    this.#parts = parts
  }

  /** The change of records that notes it, or strikes what was noted. */
  change(actor: PersistenceId, note: Omit<Note, "at"> | undefined): readonly [key: string, value: unknown] {
    if (note === undefined) return [keptKey(actor), undefined]
    this.#noted.count += 1
    this.#noted.size += note.size
    this.look()
    return [keptKey(actor), { at: this.#parts.clock.wallTime(), ...note } satisfies Note]
  }

  async noteOf(actor: PersistenceId): Promise<Note | undefined> {
    return (await this.#parts.records.get(keptKey(actor))) as Note | undefined
  }

  /** Looks through what is kept before long (K3). */
  look(): void {
    if (this.#closed || this.#sweeping !== undefined) return
    const { runs, conversations } = this.#parts.retention
    const count = Math.min(runs.count, conversations.count) * much
    const size = Math.min(runs.megabytes, conversations.megabytes) * 2 ** 20 * much
    if (this.#noted.count > count || this.#noted.size > size) return void this.sweep()
    this.#cancelTimer ??= this.#parts.clock.timer(lookEveryMs, () => void this.sweep())
  }

  /** Lets go of what is beyond its limits. */
  sweep(): Promise<void> {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    this.#noted = { count: 0, size: 0 }
    this.#sweeping ??= this.#sweep()
      .catch(() => undefined) // the store says elsewhere that it failed; it is tried again
      .finally(() => (this.#sweeping = undefined))
    return this.#sweeping
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#cancelTimer?.()
    await this.#sweeping
  }

  async #sweep(): Promise<void> {
    const { records, clock, retention, before } = this.#parts
    await before(() => this.#closed)
    for (const kind of ["runs", "conversations"] as const) {
      const { days, count, megabytes } = retention[kind]
      const since = clock.wallTime() - days * dayMs
      const found: { readonly key: string; readonly at: number; readonly size: number }[] = []
      for (const type of kinds[kind])
        for await (const [key, value] of records.entries(`${joined("kept", type)}/`)) {
          const { at, size } = value as Note
          found.push({ key, at, size })
        }
      found.sort((a, b) => b.at - a.at) // K2
      let size = 0
      const over = found.filter((one, i) => (size += one.size) > megabytes * 2 ** 20 || i >= count || one.at < since)
      for (let i = 0; i < over.length && !this.#closed; i += together)
        await Promise.all(over.slice(i, i + together).map(({ key, at }) => this.#remove(key, at)))
    }
  }

  async #remove(key: string, at: number): Promise<void> {
    const { records, journal, removed } = this.#parts
    if (((await records.get(key)) as Note | undefined)?.at !== at) return // it is in use again
    const [, type = "", tenant = "", name = ""] = parted(key)
    const actor = { tenant, type, key: name }
    await journal.remove(actor)
    removed(actor)
    await records.write([[key, undefined]])
  }
}

/** Of the note of one. */
export const keptKey = ({ tenant, type, key }: PersistenceId): string => joined("kept", type, tenant, key)
