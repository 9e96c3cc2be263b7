/** The JSON Schema of a form: what checks requests, writes answers and stands in the OpenAPI document. */
import { z } from "zod"

export interface JsonSchema {
  readonly type?: string
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | JsonSchema
  readonly items?: JsonSchema
  readonly $ref?: string
  readonly anyOf?: readonly JsonSchema[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly title?: string
  readonly description?: string
  readonly definitions?: Readonly<Record<string, JsonSchema>>
  readonly [keyword: string]: unknown
}

const known = new WeakMap<z.ZodType, JsonSchema>()

/** Strict: nothing but what it names. Forms that have an id stand among its definitions. */
export function jsonSchema(form: z.ZodType): JsonSchema {
  let schema = known.get(form)
  if (schema === undefined) {
    const { $schema: _dialect, ...rest } = z.toJSONSchema(form, { target: "draft-7", io: "output" })
    known.set(form, (schema = rest as JsonSchema))
  }
  return schema
}

/** A schema itself, where there is only its name. */
export function resolved(schema: JsonSchema, definitions: JsonSchema["definitions"]): JsonSchema {
  return schema.$ref === undefined ? schema : (definitions?.[schema.$ref.replace("#/definitions/", "")] ?? {})
}
