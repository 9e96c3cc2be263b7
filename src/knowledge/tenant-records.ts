/**
 * The records of one tenant's knowledge: their keys are rows of names, the tenant's first.
 *
 * Invariants
 *   K1. The tenant and the names are joined as the runtime joins names, so no two rows share a record.
 *   K2. Keys were once joined by zero bytes. What stands under such keys is moved when the tenant's records are first
 *       looked at; afterwards that look finds nothing and costs nothing.
 */
import { checkName, joined, parted } from "#actors/names.js"
import type { RecordStore } from "../record-store.js"

export interface TenantRecords {
  get(names: readonly string[]): Promise<unknown>
  /** As `RecordStore.write`: together or not at all. */
  write(changes: readonly (readonly [names: readonly string[], value: unknown])[]): Promise<void>
  /** Every record whose names begin with these. */
  values(...names: readonly string[]): AsyncIterable<unknown>
}

/** @throws `INVALID_NAME` for a tenant that is none */
export function tenantRecords(records: RecordStore, tenant: string): TenantRecords {
  checkName("a tenant", tenant)
  const keyOf = (names: readonly string[]): string => joined(tenant, ...names)
  let moving: Promise<void> | undefined
  const moved = (): Promise<void> => {
    moving ??= moveOld(records, tenant)
    moving.catch(() => (moving = undefined))
    return moving
  }
  return {
    async get(names) {
      await moved()
      return records.get(keyOf(names))
    },
    async write(changes) {
      await moved()
      await records.write(changes.map(([names, value]) => [keyOf(names), value]))
    },
    async *values(...names) {
      await moved()
      for await (const [, value] of records.entries(`${keyOf(names)}/`)) yield value
    },
  }
}

/** The names of a record's key, the tenant's first; undefined for a key of before (K2). */
export const namesOf = (key: string): readonly string[] | undefined =>
  key.includes("\u0000") ? undefined : parted(key)

async function moveOld(records: RecordStore, tenant: string): Promise<void> {
  for await (const [key, value] of records.entries(`${tenant}\u0000`))
    await records.write([
      [key, undefined],
      [joined(...key.replace(/\u0000$/, "").split("\u0000")), value],
    ])
}
