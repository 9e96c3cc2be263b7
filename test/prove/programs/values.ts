/** Values of every kind as data: a program holds them so that it can be made short and printed. */
import type { SeededRandom } from "#actors/simulation/index.js"

const atoms = {
  undefined: () => undefined,
  null: () => null,
  true: () => true,
  one: () => 1,
  nan: () => NaN,
  minusZero: () => -0,
  infinity: () => Infinity,
  empty: () => "",
  text: () => "grüße 🙂",
  // What a filter for markup would look for; nothing here may.
  odd: () => "a/b%2F#\u0000__proto__",
  bigint: () => 2n ** 70n,
  date: () => new Date(1_700_000_000_000),
  bytes: () => Uint8Array.of(0, 1, 255),
  int8: () => Int8Array.of(-1, 7),
  int16: () => Int16Array.of(-300, 7),
  uint32: () => Uint32Array.of(4_000_000_000),
  float32: () => Float32Array.of(1.5, -0),
  float64: () => Float64Array.of(Math.PI, NaN),
  bigint64: () => BigInt64Array.of(-5n, 2n ** 62n),
  proto: () => JSON.parse('{"__proto__": 1, "constructor": 2}') as unknown,
} as const satisfies Record<string, () => unknown>

/** What no store can give back: it is refused by name. */
const refused = {
  function: () => () => 1,
  symbol: () => Symbol("s"),
  instance: () => new (class Thing {
    readonly part = 1
  })(),
} as const satisfies Record<string, () => unknown> // prettier-ignore

export type Atom = keyof typeof atoms
export type Refused = keyof typeof refused

export type Value =
  | { readonly is: Atom | Refused | "ref" }
  | number
  | { readonly is: "array" | "set" | "map" | "object"; readonly of: readonly Value[] }

export const isRefused = (value: Value): boolean =>
  typeof value !== "number" && (value.is in refused || ("of" in value && value.of.some((part) => isRefused(part))))

/** The value itself. @param ref what stands for a ref */
export function made(value: Value, ref: unknown): unknown {
  if (typeof value === "number") return value
  if (!("of" in value)) {
    if (value.is === "ref") return ref
    return value.is in atoms ? atoms[value.is as Atom]() : refused[value.is as Refused]()
  }
  const parts = value.of.map((part) => made(part, ref))
  if (value.is === "array") return parts
  if (value.is === "set") return new Set(parts)
  if (value.is === "map") return new Map(parts.map((part, i) => [i === 0 ? "first" : i, part]))
  return Object.fromEntries(parts.map((part, i) => [`part${i}`, part]))
}

/** What tells two values apart that differ, and not two that do not. */
export function canon(value: unknown): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value)
    case "number":
      return Object.is(value, -0) ? "-0" : String(value)
    case "bigint":
      return `${value}n`
    case "object":
      return value === null ? "null" : canonOf(value)
    default:
      return typeof value === "symbol" ? "symbol" : typeof value === "function" ? "function" : String(value)
  }
}

function canonOf(value: object): string {
  if (value instanceof Date) return `Date(${value.getTime()})`
  if (value instanceof Error) return `Error(${textOf(value)})`
  if (ArrayBuffer.isView(value)) {
    const name = value instanceof Uint8Array ? "Uint8Array" : value.constructor.name
    return `${name}[${Array.from(value as unknown as Iterable<unknown>, canon).join()}]`
  }
  if (Array.isArray(value)) return `[${Array.from(value, canon).join()}]`
  if (value instanceof Map) return `Map{${[...value].map(([key, part]) => `${canon(key)}=>${canon(part)}`).join()}}`
  if (value instanceof Set) return `Set{${[...value].map(canon).join()}}`
  if ("address" in value && "with" in value) return `ref(${String(value.address)})`
  const keys = Object.keys(value).sort()
  // As a journal holds it.
  if (keys.join() === "address" && "address" in value) return `ref(${String(value.address)})`
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canon((value as Record<string, unknown>)[key])}`).join()}}`
}

/** What was thrown, as text, whatever it is; not the runtime's own function for that, which may be wrong. */
export function textOf(thrown: unknown): string {
  try {
    return thrown instanceof Error ? thrown.message : String(thrown)
  } catch {
    return "a value that has no text"
  }
}

const kinds = Object.keys(atoms) as readonly Atom[]
const refusedKinds = Object.keys(refused) as readonly Refused[]

/** @param odd how many of a hundred are of the kinds that are refused */
export function randomValue(random: SeededRandom, depth = 2, odd = 0): Value {
  if (random.int(100) < odd) return { is: random.pick(refusedKinds) }
  if (random.chance(0.35)) return random.int(10)
  if (depth > 0 && random.chance(0.3)) {
    const of = Array.from({ length: random.int(3) }, () => randomValue(random, depth - 1, odd))
    return { is: random.pick(["array", "set", "map", "object"] as const), of }
  }
  return random.chance(0.08) ? { is: "ref" } : { is: random.pick(kinds) }
}

/** What handlers throw. */
const thrown = {
  error: () => new Error("thrown"),
  text: () => "thrown",
  null: () => null,
  undefined: () => undefined,
  symbol: () => Symbol("thrown"),
  bare: () => Object.create(null) as unknown,
  texts: () => ({ toString: () => { throw new Error("no text") } }),
  message: () => Object.defineProperty(new Error(), "message", { get: () => { throw new Error("no message") } }),
  number: () => 5,
} as const satisfies Record<string, () => unknown> // prettier-ignore

export type Thrown = keyof typeof thrown
export const thrownKinds = Object.keys(thrown) as readonly Thrown[]
export const throwable = (kind: Thrown): unknown => thrown[kind]()
