/** Records of one type: their form is checked when they are written, and found by what stands in them. */
import { isDeepStrictEqual } from "node:util"
import { z } from "zod"
import { AgentOSError } from "#actors/errors.js"
import { checkName } from "#actors/names.js"
import type { TenantRecords } from "./tenant-records.js"

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
  /** Records that hold all of it, by id; reads every record of the type. @throws `INVALID_RECORD` for what is no condition */
  find(where?: Where<T>, options?: { readonly limit?: number }): Promise<readonly (readonly [id: string, record: T])[]>
}

/** A record of any form, for whoever only reads. */
export const anyRecord = z.looseObject({})

/** @throws `INVALID_NAME` for a type that is none; `INVALID_RECORD` for a form with values that JSON does not keep */
export function typedRecords<T extends object>(
  records: TenantRecords,
  type: string,
  schema: z.ZodType<T>,
): TypedRecords<T> {
  checkName("a type of records", type)
  checkKept(type, schema)
  const namesOf = (id: string): readonly string[] => ["record", type, id]
  return {
    async put(id, record) {
      const checked = schema.safeParse(record)
      if (!checked.success)
        throw new AgentOSError("INVALID_RECORD", `${type} ${JSON.stringify(id)}: ${z.prettifyError(checked.error)}`)
      checkName(`the id of a ${type}`, id)
      await records.write([[namesOf(id), { id, record: checked.data }]])
    },
    async get(id) {
      return ((await records.get(namesOf(id))) as { record: T } | undefined)?.record
    },
    async remove(id) {
      if ((await records.get(namesOf(id))) === undefined) return false
      await records.write([[namesOf(id), undefined]])
      return true
    },
    async find(where = {}, { limit = Infinity } = {}) {
      checkFields(type, schema, where)
      const found: (readonly [string, T])[] = []
      for await (const value of records.values("record", type)) {
        const { id, record } = value as { id: string; record: T }
        if (found.length >= limit) break
        if (Object.entries(where).every(([field, condition]) => holds(field, record[field as keyof T], condition)))
          found.push([id, record])
      }
      return found
    },
  }
}

/** What would be read back as another value than was written, by zod's names. */
const lost: ReadonlySet<string> = new Set(["date", "bigint", "map", "set", "symbol", "nan", "function", "file"])

/** @throws `INVALID_RECORD` */
function checkKept(type: string, schema: z.ZodType): void {
  z.toJSONSchema(schema, {
    unrepresentable: "any",
    override({ zodSchema, path }) {
      const kind = zodSchema._zod.def.type
      if (!lost.has(kind)) return
      const where = path.filter((name) => name !== "properties").join(".")
      throw new AgentOSError(
        "INVALID_RECORD",
        `${type}: ${where} is a ${kind}, which a store does not give back; use a text or a number`,
      )
    },
  })
}

/** @throws `INVALID_RECORD` for a field that no record of the type has */
function checkFields(type: string, schema: z.ZodType, where: object): void {
  if (!(schema instanceof z.ZodObject)) return
  const { catchall } = schema.def
  if (catchall !== undefined && !(catchall instanceof z.ZodNever)) return
  const unknown = Object.keys(where).find((field) => !Object.hasOwn(schema.shape, field))
  if (unknown === undefined) return
  const known = Object.keys(schema.shape).join(", ")
  throw new AgentOSError("INVALID_RECORD", `a ${type} has no ${JSON.stringify(unknown.slice(0, 60))}; it has ${known}`)
}

/** @throws `INVALID_RECORD` for what is no condition of a number or a text */
function holds(field: string, value: unknown, condition: unknown): boolean {
  if (condition === undefined) return true
  const isOrdered = typeof value === "number" || typeof value === "string"
  if (!isOrdered || typeof condition !== "object" || condition === null) return isDeepStrictEqual(value, condition)
  const bounds = Object.entries(condition)
  if (bounds.length === 0 || bounds.some(([name, bound]) => !isBound(name, bound)))
    throw new AgentOSError(
      "INVALID_RECORD",
      `${field}: ${clipped(condition)} is no condition; give a value, or numbers or texts as { min, max }`,
    )
  return bounds.every(
    ([name, bound]) => typeof bound === typeof value && (name === "min" ? value >= bound : value <= bound),
  )
}

const isBound = (name: string, bound: unknown): boolean =>
  (name === "min" || name === "max") && (typeof bound === "number" || typeof bound === "string")

const clipped = (condition: object): string => JSON.stringify(condition).slice(0, 100)
