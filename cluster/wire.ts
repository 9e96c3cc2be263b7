/**
 * Batches of a link (`actors/remote/protocol.ts`) to bytes and back, for one session: what was interned on one side is
 * known on the other, so all bytes of a session are read once, in the order in which they were written (`session.ts`).
 * An operation is its number in a byte, then its fields; two texts of operations put one behind the other are one
 * text.
 *
 *   to        interned                                  names, tenants, callers and chains too
 *   type      varint: 2 * number, or 1 and a text
 *   payload   `plain-codec.ts`
 *   beside    varint of flags, then what they say is there
 *   failure   varint of flags, then what they say is there
 *
 * Invariants
 *   W1. A batch that cannot be written leaves no trace: neither bytes nor interned texts.
 *   W2. Reading throws `FRAME_REFUSED` and nothing else, and gives a batch only if all of it is of the protocol: known
 *       operations, each with all of its fields, numbers of types and definitions that were named. Seats do not travel
 *       between nodes: no actor of one stands in the tree of another.
 */
import type { Fate } from "#actors/remote/protocol.js"

/** Names of actors and keys of objects that are kept on both sides of a session. */
export const namePlaces = 16_384
export const keyPlaces = 4096

export const besideFlag = { parts: 1, cause: 2, askers: 4, waits: 8 } as const
export const causeFlag = { traceId: 1, caller: 2, left: 4, signal: 8, commandId: 16, untrusted: 32 } as const
export const failureFlag = { error: 1, code: 2, node: 4, details: 8, cause: 16, number: 32, executed: 64 } as const
export const fates = ["observe", "ended", "crashed", "linked-crash", "stop"] as const satisfies readonly Fate["what"][]
