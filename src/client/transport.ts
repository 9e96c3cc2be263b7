/** What carries calls to a node: one way for every operation of the table, so that a new one costs no line here. */
import { AgentOSError } from "#actors/errors.js"
import type { Told } from "../gateway/faces.js"
import type { InputOf, OutputOf, StreamName, UnaryName } from "../gateway/operations.js"

/** What goes with a call beside its input. */
export interface CallOptions {
  /** Calls it off; a run with an idempotency key goes on. */
  readonly signal?: AbortSignal | undefined
  /** The same key again gives the first answer instead of a second run. */
  readonly idempotencyKey?: string | undefined
  /** A W3C trace id, 32 hexadecimal digits, to find the call under in the node's log. */
  readonly traceId?: string | undefined
}

export interface Transport {
  call<Name extends UnaryName>(name: Name, input: InputOf<Name>, options?: CallOptions): Promise<OutputOf<Name>>
  /** Leaving the loop calls it off. */
  follow<Name extends StreamName>(
    name: Name,
    input: InputOf<Name>,
    options?: CallOptions,
  ): AsyncIterable<OutputOf<Name>>
  close(): Promise<void>
}

/** An error as the node told it: what was done of this call, and whether it may be tried again, is its word. */
export function rebuilt(
  { code, message, executed, retryable, details }: { readonly [Part in keyof Told]?: Told[Part] | undefined },
  cause?: unknown,
): AgentOSError {
  return new AgentOSError(code ?? "INTERNAL", message ?? "the call failed", {
    ...(cause === undefined ? {} : { cause }),
    ...(executed === undefined ? {} : { executed }),
    ...(typeof retryable === "boolean" ? { retryable } : {}),
    ...(details === undefined ? {} : { details }),
  })
}
