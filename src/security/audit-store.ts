/**
 * Where the record of refusals and acts is kept, in the order of time, and for how long.
 *
 * Invariants
 *   S1. It holds at most `auditRecords` records and `lookEvery` more, and none that is older than `auditDays` and a day.
 */
import type { Clock } from "#actors/clock.js"
import type { RecordStore } from "../record-store.js"
import type { AuditStore } from "./audit.js"

export interface AuditRetention {
  readonly auditRecords: number
  readonly auditDays: number
}

/** Records between two looks at what is too many. */
const lookEvery = 1000
const dayMs = 86_400_000

/** @param node makes the keys of nodes that share a store differ */
export function auditStore(records: RecordStore, node: string, retention: AuditRetention, clock: Clock): AuditStore {
  let count = 0
  let looks: Promise<void> = Promise.resolve()
  let lookedAt = -Infinity
  return {
    async append(record) {
      const now = clock.wallTime()
      const key = `${timeKey(record.at)}-${node}-${++count}`
      await records.write([[key, record]])
      if (count % lookEvery !== 1 && now - lookedAt < dayMs) return
      lookedAt = now
      looks = looks.then(() => prune(records, retention, now))
      await looks
    },
  }
}

/** S1 */
async function prune(records: RecordStore, { auditRecords, auditDays }: AuditRetention, now: number): Promise<void> {
  const keys: string[] = []
  for await (const [key] of records.entries("")) keys.push(key)
  const oldest = timeKey(now - auditDays * dayMs)
  const kept = keys.slice(-auditRecords).findIndex((key) => key >= oldest)
  const surplus = Math.max(0, keys.length - auditRecords)
  const gone = keys.slice(0, kept < 0 ? keys.length : surplus + kept)
  for (let from = 0; from < gone.length; from += lookEvery)
    await records.write(gone.slice(from, from + lookEvery).map((key) => [key, undefined]))
}

const timeKey = (at: number): string => String(Math.max(0, Math.floor(at))).padStart(15, "0")
