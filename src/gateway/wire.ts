/**
 * Values of operations as messages of proto/agent.proto and back, by the schema of the value. Pure.
 *
 * Invariants
 *   W1. A property and its field have the same name in camel case. A property of any value at all, or of an object with
 *       any properties, has a field `NAMEJson` that holds it as JSON. Variants of a union are fields of a oneof, by
 *       their titles. What differs otherwise is a form of its own, built on the plain one.
 *   W2. A field that was not sent is an absent property where the property may be absent; where it may not, it is the
 *       constant that it must be, or proto3's default.
 *   W3. A value that is its message as it is is not copied.
 */
import type { z } from "zod"
import { readJson, wellFormed } from "./json-text.js"
import { jsonSchema, resolved, type JsonSchema } from "./json-schema.js"

/** What protobufjs generates for a message. */
export interface Codec {
  encode(message: object): { finish(): Uint8Array }
  decode(bytes: Uint8Array): object
}

export type Message = Readonly<Record<string, unknown>>

export interface Form {
  toMessage(value: unknown): Message
  /** Undefined for a variant that is not known here. */
  toValue(message: Message): unknown
}

/** The messages of an operation. */
export interface Wire {
  readonly request: Codec
  readonly reply: Codec
  /** Where the message has another form than the value (W1). */
  readonly ask?: (plain: Form) => Form
  readonly answer?: (plain: Form) => Form
}

interface Wired {
  readonly input: z.ZodType
  readonly output: z.ZodType
  readonly wire: Wire
}

export function askForm({ input, wire }: Wired): Form {
  const plain = plainForm(input, (text, field) => wellFormed(readJson(text, field)))
  return wire.ask?.(plain) ?? plain
}

export function answerForm({ output, wire }: Wired): Form {
  const plain = plainForm(output, (text) => JSON.parse(text) as unknown)
  return wire.answer?.(plain) ?? plain
}

type JsonReader = (text: string, field: string) => unknown

function plainForm(form: z.ZodType, read: JsonReader): Form {
  const schema = jsonSchema(form)
  const by = new BySchema(schema.definitions ?? {}, read)
  const same = !by.differs(schema)
  return {
    toMessage: (value) => (same ? value : by.toMessage(schema, value)) as Message, // W3
    toValue: (message) => by.toValue(schema, message),
  }
}

/** The message's field of a property (W1). */
export const fieldOf = (name: string, schema: JsonSchema): string => (isJson(schema) ? `${name}Json` : name)

const isJson = ({ type, properties, $ref, anyOf }: JsonSchema): boolean =>
  $ref === undefined && anyOf === undefined && (type === undefined || (type === "object" && properties === undefined))

/** Of proto3, by type (W2). */
const defaults: Readonly<Record<string, unknown>> = { string: "", integer: 0, number: 0, boolean: false }

class BySchema {
  readonly #definitions: Readonly<Record<string, JsonSchema>>
  readonly #read: JsonReader

  constructor(definitions: Readonly<Record<string, JsonSchema>>, read: JsonReader) {
    this.#definitions = definitions
    this.#read = read
  }

  /** Whether a value and its message are not the same. */
  differs(given: JsonSchema, seen = new Set<JsonSchema>()): boolean {
    const schema = resolved(given, this.#definitions)
    if (seen.has(schema)) return false
    seen.add(schema)
    if (isJson(schema) || schema.anyOf !== undefined) return true
    return [...Object.values(schema.properties ?? {}), ...(schema.items === undefined ? [] : [schema.items])].some(
      (part) => this.differs(part, seen),
    )
  }

  toMessage(given: JsonSchema, value: unknown): unknown {
    const schema = resolved(given, this.#definitions)
    if (Array.isArray(value)) return value.map((item) => this.toMessage(schema.items ?? {}, item))
    if (typeof value !== "object" || value === null) return value
    const variant = schema.anyOf?.find((one) => isOf(resolved(one, this.#definitions), value as Message))
    if (variant !== undefined)
      return { [titleOf(resolved(variant, this.#definitions))]: this.toMessage(variant, value) }
    const message: Record<string, unknown> = {}
    for (const [name, property] of Object.entries(schema.properties ?? {})) {
      const part = (value as Message)[name]
      if (part === undefined) continue
      if (isJson(property)) message[`${name}Json`] = JSON.stringify(part)
      else message[name] = this.toMessage(property, part)
    }
    return message
  }

  toValue(given: JsonSchema, field: unknown): unknown {
    const schema = resolved(given, this.#definitions)
    if (Array.isArray(field)) return field.map((item) => this.toValue(schema.items ?? {}, item))
    const message = (field ?? {}) as Message
    if (schema.anyOf !== undefined) {
      const variants = schema.anyOf.map((one) => resolved(one, this.#definitions))
      const variant = variants.find((one) => message[titleOf(one)] != null)
      return variant && this.toValue(variant, message[titleOf(variant)])
    }
    if (schema.type === "array") return []
    if (schema.properties === undefined) return field ?? schema.const ?? defaults[schema.type ?? ""]
    const value: Record<string, unknown> = {}
    for (const [name, property] of Object.entries(schema.properties)) {
      const at = fieldOf(name, property)
      const sent = Object.hasOwn(message, at) ? message[at] : undefined
      const absent = sent == null || (Array.isArray(sent) && sent.length === 0)
      if (absent && schema.required?.includes(name) !== true) continue // W2
      if (isJson(property)) value[name] = absent ? undefined : this.#read(String(sent), at)
      else value[name] = this.toValue(property, sent)
    }
    return value
  }
}

const titleOf = (variant: JsonSchema): string => variant.title ?? ""

/** Whether a value has the constants of a variant, and its words where it has any. */
function isOf({ properties = {} }: JsonSchema, value: Message): boolean {
  for (const name in properties) {
    const { const: constant, enum: words } = properties[name] as JsonSchema
    if (constant !== undefined && value[name] !== constant) return false
    const said = value[name]
    if (constant === undefined && words !== undefined && said !== undefined && !words.includes(said)) return false
  }
  return true
}
