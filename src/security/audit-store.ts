/**
 * Where the record of refusals and acts is kept, in the order of time, and for how long.
 *
 * Invariants
 *   S1. It holds what its limits say and at most `lookEvery` records more, and none that is a day older than they say.
 */
import type { Clock } from "#actors/clock.js"
import type { RecordStore } from "../record-store.js"
import type { AuditStore } from "./audit.js"

/** How much is kept; whatever is reached first counts. */
export interface AuditRetention {
  readonly days: number
  readonly count: number
  readonly megabytes: number
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
async function prune(records: RecordStore, { days, count, megabytes }: AuditRetention, now: number): Promise<void> {
  const found: { readonly key: string; readonly size: number }[] = []
  for await (const [key, record] of records.entries("")) found.push({ key, size: JSON.stringify(record).length })
  const oldest = timeKey(now - days * dayMs)
  let [first, size] = [found.length, 0]
  for (let i = found.length - 1; i >= Math.max(0, found.length - count); i--, first--) {
    const { key, size: its } = found[i] as (typeof found)[number]
    if (key < oldest || (size += its) > megabytes * 1e6) break
  }
  for (let from = 0; from < first; from += lookEvery) {
    const gone = found.slice(from, Math.min(first, from + lookEvery))
    await records.write(gone.map(({ key }) => [key, undefined]))
  }
}

const timeKey = (at: number): string => String(Math.max(0, Math.floor(at))).padStart(15, "0")
