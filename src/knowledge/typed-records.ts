/** Records of one type: their form is checked when they are written, and found by what stands in them. */
import { z } from "zod"
import { AgentOSError } from "#actors/errors.js"
import type { RecordStore } from "../record-store.js"

/** What a field is to be: a value, or a number or text within bounds, both included. */
export type Condition<T> = T | { readonly min?: T; readonly max?: T }

/** What a record is to hold, field by field. */
export type Where<T> = { readonly [Field in keyof T]?: Condition<T[Field]> }

export interface TypedRecords<T extends object> {
  /** Writes a record, or replaces it. @throws `INVALID_RECORD` naming every fault */
  put(id: string, record: T): Promise<void>
  get(id: string): Promise<T | undefined>
  /** @returns false when there was none */
  remove(id: string): Promise<boolean>
  /** Records that hold all of it, by id; reads every record of the type. */
  find(where?: Where<T>, options?: { readonly limit?: number }): Promise<readonly (readonly [id: string, record: T])[]>
}

/** @param prefix leads the keys of all records of the type */
export function typedRecords<T extends object>(
  records: RecordStore,
  type: string,
  schema: z.ZodType<T>,
  prefix: string,
): TypedRecords<T> {
  const keyOf = (id: string): string => prefix + id
  return {
    async put(id, record) {
      const checked = schema.safeParse(record)
      if (!checked.success)
        throw new AgentOSError("INVALID_RECORD", `${type} ${JSON.stringify(id)}: ${z.prettifyError(checked.error)}`)
      if (id === "") throw new AgentOSError("INVALID_RECORD", `a ${type} needs an id`)
      await records.write([[keyOf(id), { id, record: checked.data }]])
    },
    async get(id) {
      return ((await records.get(keyOf(id))) as { record: T } | undefined)?.record
    },
    async remove(id) {
      if ((await records.get(keyOf(id))) === undefined) return false
      await records.write([[keyOf(id), undefined]])
      return true
    },
    async find(where = {}, { limit = Infinity } = {}) {
      const found: (readonly [string, T])[] = []
      for await (const [, value] of records.entries(prefix)) {
        const { id, record } = value as { id: string; record: T }
        if (found.length >= limit) break
        if (Object.entries(where).every(([field, condition]) => holds(record[field as keyof T], condition)))
          found.push([id, record])
      }
      return found
    },
  }
}

function holds(value: unknown, condition: unknown): boolean {
  if (typeof condition !== "object" || condition === null) return condition === undefined || value === condition
  const { min, max } = condition as { min?: number | string; max?: number | string }
  if (typeof value !== "number" && typeof value !== "string") return false
  return (min === undefined || value >= min) && (max === undefined || value <= max)
}
