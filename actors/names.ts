/**
 * What a name may be, and how several names become one: tenants, keys of entities, command ids, names of reminders,
 * topics and children.
 *
 * Invariants
 *   N1. A name is 1 to 512 bytes of well-formed Unicode without control characters. What leads into the system is
 *       checked where it enters; inside, a name is a name.
 *   N2. Two different rows of names never become the same text. Nothing else makes a key of several names.
 *   N3. What is looked up by a name from outside is a Map, or an object without a prototype (`byName`): "constructor"
 *       is a name like any other.
 */
import { createHash } from "node:crypto"
import { AgentOSError } from "./errors.js"

/** Most bytes of a name, in UTF-8: four of them fit an index of PostgreSQL. */
export const MOST_NAME_BYTES = 512

/**
 * N1
 * @param what it names, for the error: "the key of an account"
 * @throws {AgentOSError} `INVALID_NAME`
 */
export function checkName(what: string, name: string): string {
  if (isOrdinary(name)) return name
  const fault = faultOf(name)
  if (fault === undefined) return name
  throw new AgentOSError(
    "INVALID_NAME",
    `${what} ${fault}; a name is 1 to ${MOST_NAME_BYTES} bytes of well-formed Unicode without control characters`,
  )
}

export const isName = (name: unknown): name is string => isOrdinary(name) || faultOf(name) === undefined

/** A short name of printable ASCII, as most are: found out without a regular expression, for refs are made often. */
function isOrdinary(name: unknown): boolean {
  if (typeof name !== "string" || name.length > 64) return false
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i)
    if (code < 0x20 || code > 0x7e) return false
  }
  return name.length > 0
}

/** What is wrong with a name; undefined for one that is right. */
export function faultOf(name: unknown): string | undefined {
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

/**
 * The id of a command that is sent for the n-th thing an entity has promised. Its key stands in it as it is: neither a
 * tenant here nor a type holds a slash, so that it can be read back (N2), and ids that stand in stores for keys with
 * slashes go on to be known.
 */
export const numberedIn = (tenant: string, type: string, key: string, n: number): string =>
  asName(`${joined(tenant, type)}/${key}#${n}`)

/** What the runtime's own ids look like: of a delivery, of a reminder (here and in stores from before), a hash. */
const ofRuntime = /^=*(?:[^/]+\/[A-Za-z][\w.-]*\/.*#\d+|reminder\/[^/]+\/\d+\/[^/]+|reminder:\[.*|~[\w-]{43})$/s

/**
 * The id of a caller's command: none that the runtime makes, so that nobody's command takes the place of a delivery or
 * a reminder. One that looks like theirs becomes another, and no two become the same.
 */
export const callersId = (id: string): string => (ofRuntime.test(id) ? asName(`=${id}`) : id)

/**
 * A text that is too long for a name as one: its hash stands for it. (N2: so it does for a text that looks like such a
 * hash.)
 */
export const asName = (text: string): string =>
  text.startsWith("~") || Buffer.byteLength(text) > MOST_NAME_BYTES
    ? `~${createHash("sha256").update(text).digest("base64url")}`
    : text

/** The same properties without a prototype (N3). */
export const byName = <T>(given: { readonly [name: string]: T }): { readonly [name: string]: T } =>
  Object.assign(Object.create(null) as { [name: string]: T }, given)

/** The names that were joined. */
export const parted = (text: string): string[] =>
  text.split("/").map((part) => part.replace(/%(25|2F)/g, (_, code) => (code === "25" ? "%" : "/")))

const escaped = (name: string): string =>
  /[%/]/.test(name) ? name.replace(/[%/]/g, (c) => (c === "%" ? "%25" : "%2F")) : name
