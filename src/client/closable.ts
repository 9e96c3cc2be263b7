/**
 * A transport that ends with its client, whatever carries the calls.
 *
 * Invariants
 *   X1. After `close` no call is made: `CLIENT_CLOSED`, and nothing was done.
 *   X2. A call that goes on when its client is closed is called off: `CLIENT_CLOSED`, and it may have been done.
 */
import { AgentOSError, type Executed } from "#actors/errors.js"
import { Cancellation, onCancel } from "../cancellation.js"
import type { CallOptions, Transport } from "./transport.js"

export function closable(transport: Transport): Transport {
  const closing = new Cancellation()
  return {
    async call(name, input, options) {
      const open = begin(closing, options)
      try {
        return await transport.call(name, input, open.options)
      } catch (error) {
        throw open.reasonOf(error)
      } finally {
        open.end()
      }
    },
    async *follow(name, input, options) {
      const open = begin(closing, options)
      try {
        yield* transport.follow(name, input, open.options)
      } catch (error) {
        throw open.reasonOf(error)
      } finally {
        open.end()
      }
    },
    async close() {
      closing.cancel(closed("maybe")) // X2
      await transport.close()
    },
  }
}

/** @throws `CLIENT_CLOSED` (X1) */
function begin(closing: Cancellation, options: CallOptions = {}) {
  if (closing.cancelled) throw closed("no")
  const call = new AbortController()
  const ends = [closing, options.signal].map((source) => onCancel(source, () => call.abort(source?.reason)))
  return {
    options: { ...options, signal: call.signal },
    /** Why a call failed. */
    reasonOf: (error: unknown): unknown => (call.signal.reason === closing.reason ? (closing.reason ?? error) : error),
    end(): void {
      for (const end of ends) end()
    },
  }
}

const closed = (executed: Executed): AgentOSError =>
  new AgentOSError("CLIENT_CLOSED", "this client was closed; make another with createClient()", { executed })
