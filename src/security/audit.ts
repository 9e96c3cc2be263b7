/**
 * The record of what was refused and of what changes the node: who, what, why.
 *
 * Invariants
 *   A1. A flood of refusals fills neither disk nor memory: of those that are alike (caller, operation, code) the first of
 *       anX
 *   A2. Every act that changes the node has a record of its own.
 *   A3. Writing it never fails a request; a store that fails is told to the log.
 */
import type { CancelTimer, Clock } from "#actors/clock.js"
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
  /** How many refusals of this kind there were since the one that was kept (A1). */
  readonly more?: number
}

/** Where records are kept. */
export interface AuditStore {
  append(record: AuditRecord): Promise<void>
}

const hourMs = 3_600_000
/** Kinds of refusals that are told apart in an hour. */
const mostKinds = 200

type Refusal = Omit<AuditRecord, "at" | "more">

export class AuditLog {
  readonly #store: AuditStore | undefined
  readonly #logger: Logger
  readonly #clock: Clock
  /** Refusals of this hour by kind, each with how many there were beside the first. */
  readonly #kinds = new Map<string, { readonly first: Refusal; more: number }>()
  readonly #others: { readonly first: Refusal; more: number } = {
    first: { caller: "others", operation: "others", outcome: "refused" },
    more: 0,
  }
  readonly #open = new Set<Promise<void> | undefined>()
  #cancelTimer: CancelTimer | undefined

  constructor(options: { store?: AuditStore | undefined; logger: Logger; clock: Clock }) {
    this.#store = options.store
    this.#logger = options.logger
    this.#clock = options.clock
  }

  record(entry: Refusal): void {
    if (entry.outcome === "done") return this.#keep(entry) // A2
    const known = this.#kinds.get(kindOf(entry)) ?? (this.#kinds.size < mostKinds ? undefined : this.#others)
    if (known !== undefined) return void (known.more += 1)
    this.#cancelTimer ??= this.#clock.timer(hourMs, () => this.#sum())
    this.#kinds.set(kindOf(entry), { first: entry, more: 0 })
    this.#keep(entry)
  }

  /** Keeps what was only counted so far; resolves when all is kept. */
  async close(): Promise<void> {
    this.#cancelTimer?.()
    this.#sum()
    await Promise.all(this.#open)
  }

  /** The hour is over (A1). */
  #sum(): void {
    this.#cancelTimer = undefined
    for (const { first, more } of [...this.#kinds.values(), this.#others]) {
      const { traceId: _one, ...kind } = first
      if (more > 0) this.#keep({ ...kind, more })
    }
    this.#kinds.clear()
    this.#others.more = 0
  }

  #keep(entry: Omit<AuditRecord, "at">): void {
    const record: AuditRecord = { at: this.#clock.wallTime(), ...entry }
    const { operation, outcome, traceId } = record
    this.#logger.warn({ audit: record, traceId }, `${operation} ${outcome}`)
    const stored = this.#store
      ?.append(record)
      .catch((error: unknown) => this.#logger.error({ err: error }, "an audit record was not stored")) // A3
      .finally(() => this.#open.delete(stored))
    this.#open.add(stored)
  }
}

const kindOf = ({ caller, operation, code = "" }: Refusal): string => JSON.stringify([caller, operation, code])
