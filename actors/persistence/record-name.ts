/** What a record of a store is called, from its key: for people. */
import { actorOf, eventTitle } from "./heads.js"
import { numberOf, partsOf } from "./keys.js"

/** What a record is, from its key. */
export function nameOf(key: Buffer): string {
  const room = roomOf(key)
  try {
    const kept = keptKey(key)
    if (kept !== undefined) return `${nameOf(kept)} (${room === "staged" ? "arriving" : "set aside"})`
    if (room === "journal") return eventTitle(actorOf(key.subarray(0, -8)), key)
    if (room === "order") {
      const [, tenant, type] = partsOf(key.subarray(0, -8))
      return `ordinal ${numberOf(key)} of ${tenant}/${type}`
    }
    const [, tenant, type, of = "", command] = partsOf(key)
    if (room === "head" || room === "snapshot") return `the ${room} of ${tenant}/${type}/${of}`
    if (room === "command") return `the answer to command ${command} of ${tenant}/${type}/${of}`
  } catch {
    // A key that is not as its room has them is called as it is.
  }
  return `the record ${JSON.stringify(key.toString().replaceAll("\u0000", "/"))}`
}

/** The room of a key. */
export const roomOf = (key: Buffer): string => key.toString("latin1", 0, Math.max(0, key.indexOf(0)))

/**
 * Rooms that keep records of others under their own keys, after so many parts: what arrives from another node, and
 * what was set aside.
 */
const keepers: Readonly<Record<string, number>> = { staged: 2, aside: 3 }

/** The key that a record has in its own room. */
export function keptKey(key: Buffer): Buffer | undefined {
  let from = 0
  for (let parts = keepers[roomOf(key)] ?? 0; parts > 0; parts--) from = key.indexOf(0, from) + 1
  return from === 0 ? undefined : key.subarray(from)
}
