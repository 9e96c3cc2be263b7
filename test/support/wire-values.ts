/** Plain data and batches of every kind, for property tests. */
import fc from "fast-check"
import { AgentOSError } from "#actors/errors.js"
import { op } from "#actors/remote/protocol.js"

const anyText = fc.oneof(
  fc.string(),
  fc.string({ unit: "grapheme", maxLength: 300 }),
  fc.string({ unit: "binary", maxLength: 60 }),
  // Lone surrogates, among other things.
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 50 }).map((codes) => String.fromCharCode(...codes)),
  fc.constantFrom(
    "",
    "__proto__",
    "constructor",
    "toJSON",
    "a".repeat(127),
    "a".repeat(128),
    "é".repeat(127),
    "\ud800",
    "x".repeat(600),
  ),
)

const typedArrays = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc.uint8ClampedArray(),
  fc.int8Array(),
  fc.int16Array(),
  fc.uint16Array(),
  fc.int32Array(),
  fc.uint32Array(),
  fc.float32Array(),
  fc.float64Array(),
  fc.bigInt64Array(),
  fc.bigUint64Array(),
  fc.uint8Array({ maxLength: 20 }).map((bytes) => new DataView(bytes.slice().buffer)),
  fc.uint8Array({ maxLength: 20 }).map((bytes) => bytes.slice().buffer),
  fc.constantFrom(
    new Uint8Array(4096),
    new Uint8Array(4097).fill(3),
    new Uint8Array(100_000).fill(9),
    new Float32Array(10_000),
  ),
)

const atom = fc.oneof(
  fc.constantFrom(
    undefined,
    null,
    true,
    false,
    -0,
    NaN,
    Infinity,
    -Infinity,
    63,
    64,
    -1,
    2 ** 31,
    -(2 ** 31),
    2 ** 53,
    -(2 ** 53) + 1,
  ),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double(),
  anyText,
  fc.bigInt(),
  fc.constantFrom(0n, -1n, 2n ** 64n, -(2n ** 64n), 2n ** 500n, 255n, 256n, -256n, -257n),
  fc.date({ noInvalidDate: false }),
  typedArrays,
)

/** Whatever may be a payload and is no ref. */
export const plainValues: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    atom,
    fc.array(tie("value"), { maxLength: 8 }),
    // Made by its entries, as "__proto__" is a key like any other.
    fc.array(fc.tuple(anyText, tie("value")), { maxLength: 8 }).map((entries) => Object.fromEntries(entries)),
    fc.array(fc.tuple(tie("value"), tie("value")), { maxLength: 5 }).map((entries) => new Map(entries)),
    fc.array(tie("value"), { maxLength: 5 }).map((members) => new Set(members)),
  ),
})).value

const number = fc.nat({ max: 1_000_000 })
const name = fc.oneof(
  fc.constantFrom("actor://test/a%231/pinger-1#1", "entity://test/default/account/alice", "service:shards"),
  anyText,
)
const failure: fc.Arbitrary<object> = fc.letrec((tie) => ({
  failure: fc.oneof(
    { maxDepth: 3 },
    plainValues.map((value) => ({ kind: "value", value })),
    fc.record({ kind: fc.constant("error"), name: anyText, message: anyText }),
    fc.record({
      kind: fc.constant("error"),
      name: anyText,
      message: anyText,
      code: fc.oneof(anyText, fc.integer()),
      node: anyText,
      details: fc.oneof(fc.dictionary(fc.string(), plainValues), plainValues),
      cause: tie("failure"),
    }),
  ),
})).failure as fc.Arbitrary<object>

const maybe = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(of, { nil: undefined })
const part = fc.oneof(
  fc.record({ ref: name, kind: fc.constantFrom(undefined, 0) }),
  failure.map((found) => ({ failure: found })),
)
const path = fc.array(fc.oneof(anyText, fc.nat({ max: 100 })), { maxLength: 4 })
const parts = fc.array(fc.tuple(path, part), { minLength: 1, maxLength: 4 })
const cause = fc.record({
  traceId: maybe(anyText),
  caller: maybe(name),
  tenant: name,
  left: maybe(fc.double({ noNaN: true })),
  signal: maybe(number),
  commandId: maybe(anyText),
  chain: fc.array(name, { maxLength: 3 }),
})
const beside = fc.record({
  parts: maybe(parts),
  cause: maybe(cause),
  askers: maybe(fc.array(name)),
  waits: fc.boolean(),
})
const type = fc.oneof(fc.constantFrom(0, 1), anyText)
const exit = fc.oneof(
  fc.constant({ kind: "stopped" }),
  failure.map((found) => ({ kind: "crashed", failure: found })),
)

const operation: fc.Arbitrary<readonly unknown[]> = fc.oneof(
  fc.tuple(fc.constant(op.tell), name, type, plainValues),
  fc.tuple(fc.constant(op.send), name, type, plainValues, beside),
  fc.tuple(fc.constant(op.ask), number, name, type, plainValues, fc.double({ noNaN: true }), maybe(beside)),
  fc.tuple(fc.constant(op.reply), number, plainValues, maybe(parts)),
  fc.tuple(fc.constant(op.fail), number, failure),
  fc.tuple(fc.constant(op.credit), name, number),
  fc.tuple(fc.constant(op.name), anyText),
  fc.tuple(fc.constant(op.abort), number, failure),
  fc.tuple(fc.constant(op.forget), number),
  fc.tuple(fc.constant(op.fate), fc.constantFrom("observe", "stop"), name, fc.constant(undefined)),
  fc.tuple(fc.constant(op.fate), fc.constant("ended"), name, exit),
  fc.tuple(fc.constant(op.fate), fc.constant("crashed"), name, failure),
  fc.tuple(fc.constant(op.fate), fc.constant("linked-crash"), name, fc.record({ other: name, failure })),
)

/** What names the types 0 and 1 and the definition 0: it comes first. */
export const introduction: readonly unknown[] = [
  ...[op.name, "ping", op.name, "note", op.kind],
  { name: "pinger", types: ["ping", "note"], reentrant: ["note"], urgent: ["ping"], capacity: 1024 },
]

export const batches: fc.Arbitrary<readonly unknown[]> = fc.array(operation, { maxLength: 6 }).map((all) => all.flat())

/** A value as text by its kinds and bits: unlike a comparison by parts it tells -0 from 0, and knows lone surrogates. @param strict the order of keys and the prototype count, too */
export function shape(value: unknown, strict = true): unknown {
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : `n${value}`
  if (typeof value === "bigint") return `${value}n`
  if (typeof value === "string") return `s${Buffer.from(value, "utf16le").toString("base64")}`
  if (typeof value !== "object" || value === null) return String(value)
  if (value instanceof Date) return `date ${value.getTime()}`
  if (value instanceof ArrayBuffer) return `buffer ${Buffer.from(value).toString("base64")}`
  if (value instanceof Map) return { map: [...value].map(([key, of]) => [shape(key, strict), shape(of, strict)]) }
  if (value instanceof Set) return { set: [...value].map((member) => shape(member, strict)) }
  if (ArrayBuffer.isView(value)) {
    const kind = Buffer.isBuffer(value) ? "Uint8Array" : value.constructor.name
    return `${kind} ${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64")}`
  }
  if (value instanceof Error) {
    const { name, message, code, details, cause } = value as Partial<AgentOSError>
    return { error: value instanceof AgentOSError, parts: shape([name, message, code, details, cause], strict) }
  }
  if (Array.isArray(value)) return value.map((part) => shape(part, strict))
  const entries = Object.entries(value).map(([name, part]) => [shape(name), shape(part, strict)])
  if (strict) return { plain: Object.getPrototypeOf(value) === Object.prototype, entries }
  return { entries: entries.filter(([, part]) => part !== "undefined").sort() }
}
