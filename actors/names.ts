/**
 * What a name may be, and how several names become one: tenants, keys of entities, command ids, names of reminders, topics and children.
 *
 * Invariants
 *   N1. A name is 1 to 512 bytes of well-formed Unicode without control characters. What leads into the system is checked where it enters; inside, a name is a name.
 *   N2. Two different rows of names never become the same text. Nothing else makes a key of several names.
 */
import { AgentOSError } from "./errors.js"

/** Most bytes of a name, in UTF-8: four of them fit an index of PostgreSQL. */
export const MOST_NAME_BYTES = 512

/**
 * N1
 * @param what it names, for the error: "the key of an account"
 * @throws {AgentOSError} `INVALID_NAME`
 */
export function checkName(what: string, name: string): string {
  const fault = faultOf(name)
  if (fault === undefined) return name
  throw new AgentOSError(
    "INVALID_NAME",
    `${what} ${fault}; a name is 1 to ${MOST_NAME_BYTES} bytes of well-formed Unicode without control characters`,
  )
}

export const isName = (name: unknown): name is string => typeof name === "string" && faultOf(name) === undefined

function faultOf(name: unknown): string | undefined {
  if (typeof name !== "string") return `is ${name === null ? "null" : `of type ${typeof name}`}, not a text`
  if (name === "") return "is empty"
  if (!name.isWellFormed()) return `${clipped(name)} holds half of a surrogate pair`
  if (/\p{Cc}/u.test(name)) return `${clipped(name)} holds a control character`
  if (name.length > MOST_NAME_BYTES || (name.length * 3 > MOST_NAME_BYTES && Buffer.byteLength(name) > MOST_NAME_BYTES))
    return `${clipped(name)} has ${Buffer.byteLength(name)} bytes`
  return undefined
}

const clipped = (name: string): string => JSON.stringify(name.length > 60 ? `${name.slice(0, 60)}…` : name)

/** Several names as one text, readable where they are (N2). */
export function joined(...names: readonly string[]): string {
  let text = ""
  for (let i = 0; i < names.length; i++) text += `${i === 0 ? "" : "/"}${escaped(names[i] as string)}`
  return text
}

/** The names that were joined. */
export const parted = (text: string): string[] =>
  text.split("/").map((part) => part.replace(/%(25|2F)/g, (_, code) => (code === "25" ? "%" : "/")))

const escaped = (name: string): string =>
  /[%/]/.test(name) ? name.replace(/[%/]/g, (c) => (c === "%" ? "%25" : "%2F")) : name
