/**
 * Values on their way into a store and back. What is stored is a copy that shares nothing with what was given, with the address of each entity in place of its ref and
 * errors as they travel: so what is folded before a restart is what is folded after it.
 *
 * Invariants
 *   T1. What cannot come back is refused by name when it is given: what is not plain data, refs to actors that are no entities (only those are found again), circles.
 *   T2. Journals know no actors: they keep a `StoredRef` as they keep a date.
 */
import { parseAddress, type Address } from "../address.js"
import { AgentOSError } from "../errors.js"
import { copied, flatCopy, found, lookAt } from "../plain.js"
import { StoredRef, type AnyRef, type Ref } from "../ref.js"
import { failureOf, thrownOf } from "../remote/failure.js"

/** Who makes refs of addresses again. */
export interface Entities {
  entityAt(tenant: string, type: string, key: string): AnyRef
}

/** @param title names the value in errors @throws {AgentOSError} `INVALID_PAYLOAD` (T1) */
export function toStored(value: unknown, title: () => string): unknown {
  if (typeof value !== "object" && typeof value !== "function" && typeof value !== "symbol") return value
  const flat = flatCopy(value)
  if (flat !== undefined) return flat
  return copied(value, title, {
    refusesCircles: true,
    special(part, path) {
      if (part instanceof StoredRef) return part
      if (part instanceof Error) return thrownOf(failureOf(part))
      return new StoredRef(entityAddressOf(part, title, path.join(".")))
    },
  })
}

function entityAddressOf({ address }: Ref, title: () => string, place: string): string {
  let parsed: Address | undefined
  try {
    parsed = parseAddress(address)
  } catch {
    // The ref of a service, say.
  }
  if (parsed?.kind === "entity") return address
  const where = place === "" ? "the payload" : `the payload.${place}`
  throw new AgentOSError(
    "INVALID_PAYLOAD",
    `${title()}: ${where} is a ref to ${address}; of what is stored only refs to entities are found again`,
  )
}

/** What was stored, with refs that work in this system; the value itself when it holds none. @throws `UNKNOWN_DEFINITION` */
export function fromStored(value: unknown, system: Entities): unknown {
  if (lookAt(value) !== found.stored) return value
  return copied(value, () => "what was stored", {
    special(part) {
      if (!(part instanceof StoredRef)) return part
      const address = parseAddress(part.address)
      return address.kind === "entity" ? system.entityAt(address.tenant, address.type, address.key) : part
    },
  })
}
