/** Values of a JSON Schema of our OpenAPI document, and values that are nearly so. */
import fc from "fast-check"
import type { JsonSchema } from "#src/gateway/json-schema.js"

type Definitions = Readonly<Record<string, JsonSchema>>

/** Names that mean something to the node of `openNode`. */
const known = fc.constantFrom("echo", "sums", "twice", "nobody")

/** Values that a schema takes. */
export function valuesOf(given: JsonSchema, definitions: Definitions = {}, depth = 0): fc.Arbitrary<unknown> {
  const schema = given.$ref === undefined ? given : (definitions[given.$ref.split("/").at(-1) ?? ""] ?? {})
  const { type, properties = {}, required = [], items = {} } = schema
  if (schema.const !== undefined) return fc.constant(schema.const)
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum)
  const variants = schema.anyOf ?? (schema["oneOf"] as readonly JsonSchema[] | undefined)
  if (variants !== undefined) return fc.oneof(...variants.map((variant) => valuesOf(variant, definitions, depth)))
  if (type === "object") {
    const shape = Object.entries(properties).map(
      ([name, property]) => [name, valuesOf(property, definitions, depth)] as const,
    )
    return fc.record(Object.fromEntries(shape), { requiredKeys: [...required] as never })
  }
  const limit = (name: string, otherwise: number): number => (schema[name] as number | undefined) ?? otherwise
  if (type === "array" && depth > 3) return fc.constant([]) // of a schema that holds itself
  if (type === "array")
    return fc.array(valuesOf(items, definitions, depth + 1), { minLength: limit("minItems", 0), maxLength: Math.min(3, limit("maxItems", 3)) }) // prettier-ignore
  if (type === "integer")
    return fc.integer({ min: limit("minimum", 0), max: Math.min(limit("maximum", 1000), 100_000) })
  if (type === "number") return fc.double({ min: limit("minimum", 0), max: limit("maximum", 1), noNaN: true })
  if (type === "boolean") return fc.boolean()
  if (type === "null") return fc.constant(null)
  if (type === undefined) return fc.jsonValue()
  const pattern = typeof schema["pattern"] === "string" ? new RegExp(schema["pattern"], "u") : /^/u
  const text = fc.string({ minLength: limit("minLength", 0), maxLength: Math.min(limit("maxLength", 30), 30), unit: "grapheme" }) // prettier-ignore
  const right = text.filter((value) => pattern.test(value) && [...value].length >= limit("minLength", 0))
  return schema["format"] === "name" ? fc.oneof(known, right) : right
}

const odd = fc.constantFrom<unknown>(null, true, 0, -1, 1.5, 1e300, "", "x".repeat(20_000), "\u0000", "\ud800", [], {}, [[]], { a: {} }) // prettier-ignore

/** Values of an object's schema with one property made odd, left out or added; some are right by chance. */
export function nearlyOf(schema: JsonSchema, definitions: Definitions = {}): fc.Arbitrary<unknown> {
  const names = [...Object.keys(schema.properties ?? {}), "unknown"]
  const changed = fc.tuple(valuesOf(schema, definitions), fc.constantFrom(...names), fc.option(odd, { nil: undefined }))
  return fc.oneof(
    { weight: 8, arbitrary: changed.map(([value, name, other]) => ({ ...(value as object), [name]: other })) },
    { weight: 1, arbitrary: odd },
  )
}
