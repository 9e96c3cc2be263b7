/**
 * An idempotency key (the doors' idempotency key): which run it names, and whether it comes with the same question (U3 of
 * `runs.ts`).
 */
import { createHash } from "node:crypto"
import { AgentOSError } from "#actors/errors.js"
import { encodePayload } from "#actors/persistence/stored-codec.js"
import type { ScopedOptions } from "../run.js"

/** The run of a command. A caller's name has no colon here, so that no two commands are the same (U3). */
export const runOfKey = (tenant: string, caller: string, idempotencyKey: string): string =>
  hashOf(`${tenant}\u0000${encodeURIComponent(caller)}:${idempotencyKey}`)

/** What a run is asked, all of it, as a hash. */
export function requestOf(target: string, input: string, options: ScopedOptions): string {
  const { conversation, budgetTokens, context, decoding } = options
  const asked = [target, input, conversation ?? null, budgetTokens ?? null, context ?? null]
  return hashOf(encodePayload(decoding === undefined ? asked : [...asked, decoding]))
}

const hashOf = (of: string | Uint8Array): string => createHash("sha256").update(of).digest("hex").slice(0, 32)

/** @throws `KEY_REUSED` */
export function checkRequest(asked: string | undefined, begun: string | undefined): void {
  if (asked === undefined || begun === undefined || asked === begun) return
  throw new AgentOSError(
    "KEY_REUSED",
    "this idempotency key was used for another target, input or options; use a new key for a new request",
  )
}
