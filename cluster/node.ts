/**
 * What a node says of itself: one description for the registry, for membership and for placement. It says nothing of
 * how the node fares.
 *
 * Invariants
 *   N1. `name#incarnation` names one process, from its start to its end, and both parts can be read back from it.
 *   N2. A description that was checked can be registered anywhere, but for limits that a registry has of its own.
 */
import { inspect } from "node:util"
import { AgentOSError } from "#actors/errors.js"

/**
 * The protocol versions that a node speaks, both inclusive. A release speaks its own and the one before, so that an
 * upgrade can roll.
 */
export interface ProtocolRange {
  readonly min: number
  readonly max: number
}

export type Capabilities = Readonly<Record<string, string | number | boolean | readonly string[]>>

/** What a node says of itself; the registry and its peers pass it on unchanged. */
export interface NodeDescription {
  /** The same after a restart; placement knows a node by it. 1 to 63 letters, digits, `-`, `_` and `.`. */
  readonly name: string
  /** Higher with each start: wall time at the start, or one more than the last or the removed one. */
  readonly incarnation: number
  /** Where its peers reach it: `host:port`. */
  readonly address: string
  readonly roles: readonly string[]
  /** What it can do, for instance `{ models: ["scribe"], gpu: false }`. */
  readonly capabilities: Capabilities
  /**
   * Its share of the shards, relative to the others': a node of 2 gets twice the shards of a node of 1; one of 0 gets
   * none.
   */
  readonly capacity: number
  readonly protocol: ProtocolRange
}

/** One process that bears the name of a node. */
export type Incarnation = Pick<NodeDescription, "name" | "incarnation">

/** `name#incarnation` (N1). */
export type NodeId = string

export function nodeId({ name, incarnation }: Incarnation): NodeId {
  return `${name}#${incarnation}`
}

/** The name in an id (N1). */
export const nameOf = (id: NodeId): string => id.slice(0, id.lastIndexOf("#"))

/** @returns undefined for a text that is no id of a node */
export function incarnationOf(id: NodeId): Incarnation | undefined {
  const [, name, digits] = /^([^#]+)#([0-9]+)$/.exec(id) ?? []
  if (name === undefined || !namePattern.test(name) || !isWhole(Number(digits))) return undefined
  return { name, incarnation: Number(digits) }
}

/** The highest version that both speak, or undefined when there is none. */
export function negotiate(a: ProtocolRange, b: ProtocolRange): number | undefined {
  const version = Math.min(a.max, b.max)
  return version >= Math.max(a.min, b.min) ? version : undefined
}

const namePattern = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/
const addressPattern = /^(\[[0-9A-Fa-f:.]+\]|[^\s:[\]/]+):[0-9]{1,5}$/
const namePhrase = "1 to 63 letters, digits, '-', '_' or '.', the first a letter or digit"

const isWhole = (number: number): boolean => Number.isSafeInteger(number) && number >= 0
const isText = (value: unknown): boolean => typeof value === "string"
const isListOfTexts = (value: unknown): boolean => Array.isArray(value) && value.every(isText)
const isCapability = (value: unknown): boolean =>
  isText(value) || Number.isFinite(value) || typeof value === "boolean" || isListOfTexts(value)

/** What each field must be, in words and as a test. */
const fields: { readonly [F in keyof NodeDescription]: readonly [string, (value: NodeDescription[F]) => boolean] } = {
  name: [namePhrase, (name) => isText(name) && namePattern.test(name)],
  incarnation: ["a whole number", isWhole],
  address: ["host:port", (address) => isText(address) && addressPattern.test(address)],
  roles: ["a list of texts", isListOfTexts],
  capabilities: ["an object of texts, numbers, booleans and lists of texts", isCapabilities],
  capacity: ["a number, 0 or more", (capacity) => Number.isFinite(capacity) && capacity >= 0],
  protocol: ["two whole numbers, min not above max", ({ min, max }) => isWhole(min) && isWhole(max) && min <= max],
}

function isCapabilities(value: unknown): boolean {
  return (
    typeof value === "object" && value !== null && !Array.isArray(value) && Object.values(value).every(isCapability)
  )
}

/** @returns the first field that is wrong, and what would be right */
function fault(node: NodeDescription): readonly [keyof NodeDescription, string] | undefined {
  const check = <F extends keyof NodeDescription>(field: F): boolean => fields[field][1](node[field])
  const wrong = (Object.keys(fields) as (keyof NodeDescription)[]).find((field) => !check(field))
  return wrong === undefined ? undefined : [wrong, fields[wrong][0]]
}

export function isNode(node: NodeDescription): boolean {
  return fault(node) === undefined
}

/** @returns the description as it was given (N2) @throws AgentOSError `INVALID_NODE` */
export function checkedNode(node: NodeDescription): NodeDescription {
  const found = fault(node)
  if (found === undefined) return node
  const [field, right] = found
  throw new AgentOSError("INVALID_NODE", `${field} of a node must be ${right}, not ${shown(node[field])}`)
}

/** Whatever it is: a bigint and NaN, too, which JSON knows nothing of. */
const shown = (value: unknown): string =>
  inspect(value, { depth: 3, breakLength: Infinity, customInspect: false }).slice(0, 200)

/** @returns the name as it was given @throws AgentOSError `INVALID_NODE` */
export function checkedCluster(name: string): string {
  if (isText(name) && namePattern.test(name)) return name
  throw new AgentOSError("INVALID_NODE", `the name of a cluster must be ${namePhrase}, not ${shown(name)}`)
}
