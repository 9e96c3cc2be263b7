/**
 * Calls over gRPC: static code of proto/agent.proto on grpc-js.
 *
 * Invariants
 *   G1. `timeoutMs` of an input has no field: it is the call's deadline.
 *   G2. What no node told of may have been done, unless it is known that nothing was sent or begun.
 *   G3. An answer may be of any size: it was made, and to refuse it would not undo it.
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
import { AgentOSError, type Executed } from "#actors/errors.js"
import { wellFormed } from "../gateway/json-text.js"
import { operations } from "../gateway/operations.js"
import { answerForm, askForm, type Message } from "../gateway/wire.js"
import { traceparent } from "../monitoring/trace.js"
import type { ClientTls } from "./client.js"
import { tlsFault } from "./tls-faults.js"
import { rebuilt, type CallOptions, type Transport } from "./transport.js"

export function grpcTransport(host: string, apiKey: string | undefined, clock: Clock, tls?: ClientTls): Transport {
  const pem = (text: string | Buffer | undefined): Buffer | null => (text === undefined ? null : Buffer.from(text))
  const secured = tls && credentials.createSsl(pem(tls.ca), pem(tls.key), pem(tls.cert))
  const anySize = { "grpc.max_receive_message_length": -1 } // G3
  const channel = new Channel(host, secured ?? credentials.createInsecure(), anySize)

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
    const value = wellFormed(JSON.parse(JSON.stringify(input)) as object) // as over REST
    // Here, and not where grpc-js would take what is wrong for an error of its own.
    const message = Buffer.from(request.encode(askForm(operations[name]).toMessage(value)).finish())
    return [
      `/llmagentos.v1.AgentService/${name}`,
      (bytes: Buffer) => bytes,
      (bytes: Buffer) => reply.decode(bytes) as Message,
      message,
      ...head(input, options),
    ] as const
  }

  return {
    call(name, input, options = {}) {
      const answer = answerForm(operations[name])
      return new Promise((resolve, reject) => {
        const cancel = (): void => pending.cancel()
        const pending = channel.makeUnaryRequest<Buffer, Message>(...parts(name, input, options), (error, message) => {
          options.signal?.removeEventListener("abort", cancel)
          if (error !== null) reject(errorOf(error, host))
          else if (message === undefined) reject(new AgentOSError("INTERNAL", "the node sent no answer"))
          else resolve(answer.toValue(message) as never)
        })
        if (options.signal?.aborted === true) cancel()
        else options.signal?.addEventListener("abort", cancel, { once: true })
      })
    },
    async *follow(name, input, options = {}) {
      const answer = answerForm(operations[name])
      const events = channel.makeServerStreamRequest<Buffer, Message>(...parts(name, input, options))
      const cancel = (): void => events.cancel()
      if (options.signal?.aborted === true) cancel()
      else options.signal?.addEventListener("abort", cancel, { once: true })
      try {
        for await (const message of events as AsyncIterable<Message>) {
          const event = answer.toValue(message)
          if (event !== undefined) yield event as never
        }
      } catch (error) {
        throw errorOf(error as ServiceError, host)
      } finally {
        options.signal?.removeEventListener("abort", cancel)
        cancel()
      }
    },
    close: async () => channel.close(),
  }
}

/** The error as the node told it, or the nearest of ours when gRPC itself failed (G2). */
function errorOf(error: ServiceError, host: string): AgentOSError {
  const given = (name: string): string | undefined => {
    const [value] = error.metadata?.get(name) ?? []
    return value === undefined ? undefined : String(value)
  }
  const code = given("error-code")
  if (code === undefined) return ofGrpc(error, host)
  const [retryable, details] = [given("error-retryable"), given("error-details")]
  return rebuilt(
    {
      code,
      message: error.details,
      executed: given("error-executed") as Executed | undefined,
      retryable: retryable === undefined ? undefined : retryable === "true",
      details: details === undefined ? undefined : parsed(details),
    },
    error,
  )
}

function parsed(json: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return JSON.parse(json) as Record<string, unknown>
  } catch {
    return undefined // of another kind of server
  }
}

const codes: Readonly<Partial<Record<status, string>>> = {
  [status.UNAVAILABLE]: "UNREACHABLE",
  [status.CANCELLED]: "CANCELLED",
  [status.DEADLINE_EXCEEDED]: "DEADLINE_EXCEEDED",
  [status.UNIMPLEMENTED]: "UNKNOWN_OPERATION",
  [status.RESOURCE_EXHAUSTED]: "PAYLOAD_TOO_LARGE",
  [status.UNAUTHENTICATED]: "UNAUTHENTICATED",
  [status.PERMISSION_DENIED]: "FORBIDDEN",
  [status.INVALID_ARGUMENT]: "INVALID_REQUEST",
}

/** Those that say that no method was begun. */
const refusals = new Set([
  status.UNIMPLEMENTED,
  status.UNAUTHENTICATED,
  status.PERMISSION_DENIED,
  status.INVALID_ARGUMENT,
])

/** A failure that no node told of. */
function ofGrpc(error: ServiceError, host: string): AgentOSError {
  const refused = error.code === status.UNAVAILABLE ? tlsFault(host, error.details, error) : undefined
  if (refused !== undefined) return refused
  const unsent = /No connection established|Name resolution failed/.test(error.details)
  return new AgentOSError(codes[error.code] ?? "INTERNAL", error.details ?? error.message, {
    cause: error,
    executed: unsent || refusals.has(error.code) ? "no" : "maybe", // G2
  })
}
