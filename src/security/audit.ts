/**
 * The record of what was refused and of what changes the node: who, what, why.
 *
 * Invariants
 *   A1. A flood of refusals cannot fill the disk: past `perSecond` records a second, further ones are only counted, and the count
 *       stands in the next record.
 *   A2. Writing it never fails a request; a store that fails is told to the log.
 */
import type { Clock } from "#actors/clock.js"
import type { Logger } from "#actors/telemetry.js"

export interface AuditRecord {
  /** Wall time in milliseconds. */
  readonly at: number
  readonly caller: string
  readonly operation: string
  readonly target?: string
  readonly outcome: "refused" | "done"
  /** Error code of a refusal. */
  readonly code?: string
  readonly traceId?: string
  /** Records dropped since the one before (A1). */
  readonly dropped?: number
}

/** Where records are kept. */
export interface AuditStore {
  append(record: AuditRecord): Promise<void>
}

export class AuditLog {
  readonly #store: AuditStore | undefined
  readonly #logger: Logger
  readonly #clock: Clock
  readonly #perSecond: number
  #second = 0
  #written = 0
  #dropped = 0

  constructor(options: { store?: AuditStore | undefined; logger: Logger; clock: Clock; perSecond?: number }) {
    this.#store = options.store
    this.#logger = options.logger
    this.#clock = options.clock
    this.#perSecond = options.perSecond ?? 50
  }

  record(entry: Omit<AuditRecord, "at" | "dropped">): void {
    const at = this.#clock.wallTime()
    const second = Math.floor(at / 1000)
    if (second !== this.#second) {
      this.#second = second
      this.#written = 0
    }
    if (++this.#written > this.#perSecond) {
      this.#dropped++ // A1
      return
    }
    const record: AuditRecord = { at, ...entry, ...(this.#dropped === 0 ? {} : { dropped: this.#dropped }) }
    this.#dropped = 0
    this.#logger.warn({ audit: record, traceId: record.traceId }, `${record.operation} ${record.outcome}`)
    this.#store
      ?.append(record)
      .catch((error: unknown) => this.#logger.error({ err: error }, "an audit record was not stored")) // A2
  }
}
