/**
 * Where an actor lives. An address is made by the system or parsed once, here; inside it is never checked again.
 *
 *   actor://system/node/path/of/names#incarnation    one incarnation: its successor of the same path has another number
 *   entity://system/tenant/type/key                  a virtual actor, wherever it is active at the moment
 */
import { AgentOSError } from "./errors.js"
import { isName } from "./names.js"

declare const minted: unique symbol

export interface ActorAddress {
  readonly kind: "actor"
  readonly system: string
  readonly node: string
  /** Names from the top-level actor down. */
  readonly path: readonly string[]
  readonly incarnation: number
  readonly [minted]: true
}

export interface EntityAddress {
  readonly kind: "entity"
  readonly system: string
  readonly tenant: string
  readonly type: string
  readonly key: string
  readonly [minted]: true
}

export type Address = ActorAddress | EntityAddress

/** The address of one incarnation, from parts that the system made itself. */
export function actorAddress(system: string, node: string, path: readonly string[], incarnation: number): ActorAddress {
  return { kind: "actor", system, node, path, incarnation } as ActorAddress
}

/** The address of an entity. */
export function entityAddress(system: string, tenant: string, type: string, key: string): EntityAddress {
  return { kind: "entity", system, tenant, type, key } as EntityAddress
}

/** The text form; `parseAddress` reads it back. Never throws: addresses are asked for where errors are told. */
export function formatAddress(address: Address): string {
  if (address.kind === "entity") {
    const { system, tenant, type, key } = address
    return `entity://${[system, tenant, type, key].map(encoded).join("/")}`
  }
  const { system, node, path, incarnation } = address
  return `actor://${[system, node, ...path].map(encoded).join("/")}#${incarnation}`
}

const encoded = (part: string): string => encodeURIComponent(part.toWellFormed())

/**
 * Reads an address.
 * @throws {AgentOSError} `INVALID_ADDRESS` naming the text and the form it should have
 */
export function parseAddress(text: string): Address {
  const match = /^(actor|entity):\/\/([^#]*)(?:#([1-9][0-9]{0,14}))?$/.exec(text)
  const parts = (match?.[2] ?? "").split("/").map(decode)
  if (match !== null && parts.every(isName)) {
    const [system = "", second = "", third = "", fourth = "", ...rest] = parts
    if (match[1] === "actor" && match[3] !== undefined && third !== "") {
      return actorAddress(system, second, parts.slice(2), Number(match[3]))
    }
    if (match[1] === "entity" && match[3] === undefined && fourth !== "" && rest.length === 0) {
      return entityAddress(system, second, third, fourth)
    }
  }
  throw new AgentOSError(
    "INVALID_ADDRESS",
    `${JSON.stringify(text)} is not an address; it should read actor://system/node/path#incarnation or entity://system/tenant/type/key, of names that are well formed`,
  )
}

function decode(part: string): string | undefined {
  try {
    return decodeURIComponent(part)
  } catch {
    return undefined
  }
}
