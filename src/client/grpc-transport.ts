/**
 * Calls over gRPC: static code of proto/agent.proto on grpc-js.
 *
 * Invariants
 *   G1. `timeoutMs` of an input has no field: it is the call's deadline.
 */
import {
  Client as Channel,
  credentials,
  Metadata,
  status,
  type CallOptions as Grpc,
  type ServiceError,
} from "@grpc/grpc-js"
import type { Clock } from "#actors/clock.js"
import { AgentOSError } from "#actors/errors.js"
import { operations } from "../gateway/operations.js"
import { answerForm, askForm, type Message } from "../gateway/wire.js"
import { traceparent } from "../monitoring/trace.js"
import type { ClientTls } from "./client.js"
import type { CallOptions, Transport } from "./transport.js"

export function grpcTransport(host: string, apiKey: string | undefined, clock: Clock, tls?: ClientTls): Transport {
  const pem = (text: string | Buffer | undefined): Buffer | null => (text === undefined ? null : Buffer.from(text))
  const secured = tls && credentials.createSsl(pem(tls.ca), pem(tls.key), pem(tls.cert))
  const channel = new Channel(host, secured ?? credentials.createInsecure())

  function head(input: object, { idempotencyKey, traceId }: CallOptions): [Metadata, Grpc] {
    const metadata = new Metadata()
    if (apiKey !== undefined) metadata.set("authorization", `Bearer ${apiKey}`)
    if (idempotencyKey !== undefined) metadata.set("idempotency-key", idempotencyKey)
    if (traceId !== undefined) metadata.set("traceparent", traceparent(traceId))
    const { timeoutMs } = input as { readonly timeoutMs?: number }
    return [metadata, timeoutMs === undefined ? {} : { deadline: clock.wallTime() + timeoutMs }] // G1
  }

  /** What grpc-js wants of an operation and its input. */
  function parts(name: keyof typeof operations, input: object, options: CallOptions) {
    const { request, reply } = operations[name].wire
    const ask = askForm(operations[name])
    return [
      `/llmagentos.v1.AgentService/${name}`,
      (value: object) => Buffer.from(request.encode(ask.toMessage(value)).finish()),
      (bytes: Buffer) => reply.decode(bytes) as Message,
      input,
      ...head(input, options),
    ] as const
  }

  return {
    call(name, input, options = {}) {
      const answer = answerForm(operations[name])
      return new Promise((resolve, reject) => {
        const cancel = (): void => pending.cancel()
        const pending = channel.makeUnaryRequest<object, Message>(...parts(name, input, options), (error, message) => {
          options.signal?.removeEventListener("abort", cancel)
          if (error !== null) reject(errorOf(error))
          else if (message === undefined) reject(new AgentOSError("INTERNAL", "the node sent no answer"))
          else resolve(answer.toValue(message) as never)
        })
        if (options.signal?.aborted === true) cancel()
        else options.signal?.addEventListener("abort", cancel, { once: true })
      })
    },
    async *follow(name, input, options = {}) {
      const answer = answerForm(operations[name])
      const events = channel.makeServerStreamRequest<object, Message>(...parts(name, input, options))
      const cancel = (): void => events.cancel()
      if (options.signal?.aborted === true) cancel()
      else options.signal?.addEventListener("abort", cancel, { once: true })
      try {
        for await (const message of events as AsyncIterable<Message>) {
          const event = answer.toValue(message)
          if (event !== undefined) yield event as never
        }
      } catch (error) {
        throw errorOf(error as ServiceError)
      } finally {
        options.signal?.removeEventListener("abort", cancel)
        cancel()
      }
    },
    close: async () => channel.close(),
  }
}

/** The code that the node gave, or the nearest of ours when gRPC itself failed. */
function errorOf(error: ServiceError): AgentOSError {
  const given = error.metadata?.get("error-code")[0]
  return new AgentOSError(given === undefined ? codeOf(error.code) : String(given), error.details ?? error.message, {
    cause: error,
  })
}

function codeOf(code: status): string {
  if (code === status.UNAVAILABLE) return "UNREACHABLE"
  if (code === status.CANCELLED) return "CANCELLED"
  if (code === status.DEADLINE_EXCEEDED) return "ASK_TIMEOUT"
  if (code === status.UNIMPLEMENTED) return "UNKNOWN_OPERATION"
  return code === status.RESOURCE_EXHAUSTED ? "PAYLOAD_TOO_LARGE" : "INTERNAL"
}
