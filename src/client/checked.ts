/**
 * A transport that sends only what its operation takes, so that a call is refused alike, whatever carries it: a message
 * of gRPC has no room for a field that is not known, and its numbers wrap.
 */
import { AgentOSError } from "#actors/errors.js"
import { checkOf } from "../gateway/check.js"
import { jsonSchema } from "../gateway/json-schema.js"
import { everyOperation, isStream } from "../gateway/operations.js"
import type { CallOptions, Transport } from "./transport.js"

const takes = new Map(
  everyOperation.map(([name, operation]) => [
    name,
    { streams: isStream(operation), check: checkOf(jsonSchema(operation.input)) },
  ]),
)

export function checked(transport: Transport): Transport {
  return {
    async call(name, input, options) {
      checkCall(name, false, input, options)
      return transport.call(name, input, options)
    },
    async *follow(name, input, options) {
      checkCall(name, true, input, options)
      yield* transport.follow(name, input, options)
    },
    close: () => transport.close(),
  }
}

/** @throws `UNKNOWN_OPERATION`, `INVALID_REQUEST`, `CANCELLED` */
function checkCall(name: string, streams: boolean, input: object, { idempotencyKey, signal }: CallOptions = {}): void {
  const operation = takes.get(name)
  if (operation === undefined)
    throw new AgentOSError("UNKNOWN_OPERATION", `there is no operation ${JSON.stringify(name)}`)
  if (operation.streams !== streams)
    throw new AgentOSError("UNKNOWN_OPERATION", `${name} is asked for with ${streams ? "call" : "follow"}`)
  operation.check(input)
  if (signal?.aborted === true)
    throw new AgentOSError("CANCELLED", "cancelled by the caller before it was sent", { executed: "no" })
  if (idempotencyKey !== undefined && !/^[\x21-\x7e](?:[\x20-\x7e]{0,198}[\x21-\x7e])?$/.test(idempotencyKey))
    throw new AgentOSError("INVALID_REQUEST", "idempotencyKey: 1 to 200 printable characters of ASCII")
}
