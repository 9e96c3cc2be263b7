/** What carries calls to a node: one way for every operation of the table, so that a new one costs no line here. */
import type { InputOf, OutputOf, StreamName, UnaryName } from "../gateway/operations.js"

/** What goes with a call beside its input. */
export interface CallOptions {
  /** Calls it off. */
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
