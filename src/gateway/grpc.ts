/**
 * The gRPC door: AgentService of proto/agent.proto over the service, with health and reflection.
 *
 * Invariants
 *   D1. The call's deadline becomes the run's `timeoutMs`, its end before the answer the call's signal.
 *   D2. A message that cannot be decoded is the caller's mistake (`INVALID_REQUEST`), never an internal error.
 *   D3. A failed call carries the same code as over REST, in the trailer `error-code`.
 *   D4. Nothing is read of a message before the call was admitted (`admission.ts`).
 */
import { readFile } from "node:fs/promises"
import type { Server as ListeningServer } from "node:net"
import type { Metadata } from "@grpc/grpc-js"
import {
  Server,
  ServerCredentials,
  type handleServerStreamingCall,
  type handleUnaryCall,
  type MethodDefinition,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
} from "@grpc/grpc-js"
import type { PackageDefinition } from "@grpc/proto-loader"
import type { Random } from "#actors/clock.js"
import { AgentOSError, thrownText } from "#actors/errors.js"
import { Cancellation } from "../cancellation.js"
import type { OperationMeter } from "../monitoring/metrics.js"
import { traceIdOf, TraceIds } from "../monitoring/trace.js"
import type { Caller, Role } from "../security/roles.js"
import { admission } from "./admission.js"
import { checkOf } from "./check.js"
import type { DoorTls } from "./door-tls.js"
import { askedHeader, ownUp, soften, statusOf } from "./grpc-status.js"
import { clipped } from "./faces.js"
import type { Inflow } from "./inflow.js"
import { jsonSchema } from "./json-schema.js"
import { everyOperation, isStream } from "./operations.js"
import type { Operation, StreamOperation } from "./operations/operation.js"
import { errorOf } from "./rest.js"
import type { Call, Service } from "./service.js"
import { answerForm, askForm, type Codec, type Message, type Wire } from "./wire.js"

/** Stands in for a message that could not be decoded (D2). */
class Malformed {
  readonly reason: string
  constructor(reason: string) {
    this.reason = reason
  }
}

export interface GrpcOptions {
  readonly service: Service
  readonly messageLimitBytes: number
  readonly inflow: Inflow
  readonly random: Random
}

type AnyCall = ServerUnaryCall<unknown, unknown> | ServerWritableStream<unknown, unknown>

export interface GrpcDoor {
  readonly server: Server
  /** What holds its connections, once it is bound. */
  readonly listening: readonly ListeningServer[]
  /** What health says of it. */
  setServing(serving: boolean): void
}

/** A gRPC server with AgentService, not bound to a port yet. */
export async function grpcDoor({ service, messageLimitBytes, inflow, random }: GrpcOptions): Promise<GrpcDoor> {
  const methods = new Methods(service, random)
  const server = new Server({
    interceptors: [
      ownUp(serviceName, () => methods.mintTrace()),
      admission({
        inflow,
        clock: service.parts.clock,
        admit: (path, metadata, traceId) => methods.admit(path, metadata, traceId),
        enter: () => service.parts.calls.enter(),
        errorOf,
        traceOf: (metadata) => methods.traceOf(metadata),
      }),
    ],
    "grpc.max_receive_message_length": messageLimitBytes,
    "grpc.max_concurrent_streams": 1000,
    "grpc.keepalive_time_ms": 20_000,
    "grpc.keepalive_timeout_ms": 10_000,
  })
  for (const [name, operation] of everyOperation) methods.add(name, operation)
  methods.addUnknown()
  const listening = soften(server, `/${serviceName}/${unknownMethod}`)
  server.addService(methods.definition, methods.handlers)
  // Their CommonJS code is needed by nobody else, so it is loaded with the door.
  const [{ ReflectionService }, { HealthImplementation }] = await Promise.all([
    import("@grpc/reflection"),
    import("grpc-health-check"),
  ])
  new ReflectionService(await describedPackage()).addToServer(server)
  const health = new HealthImplementation({ "": "SERVING", [serviceName]: "SERVING" })
  health.addToServer(server)
  return {
    server,
    listening,
    setServing(serving) {
      for (const name of ["", serviceName]) health.setStatus(name, serving ? "SERVING" : "NOT_SERVING")
    },
  }
}

const serviceName = "llmagentos.v1.AgentService"
/** Stands for every method that there is not. */
const unknownMethod = "Unknown"

/** What reflection serves: the descriptor that the build made of the contract. */
async function describedPackage(): Promise<PackageDefinition> {
  const descriptor = await readFile(new URL("../../proto/agent.generated.bin", import.meta.url))
  const serialize = (): Buffer => descriptor
  return {
    [serviceName]: {
      format: "Protocol Buffer 3 DescriptorProto",
      type: {},
      fileDescriptorProtos: [descriptor],
      serialize,
      deserialize: () => ({}),
    },
  }
}

/** Collects operations as grpc-js wants them: one definition and one handler each. */
class Methods {
  readonly definition: Record<string, MethodDefinition<unknown, unknown>> = {}
  readonly handlers: Record<string, handleUnaryCall<unknown, unknown> | handleServerStreamingCall<unknown, unknown>> =
    {}
  readonly #service: Service
  readonly #traceIds: TraceIds
  readonly #roles = new Map<string, Role>()
  readonly #admitted = new WeakMap<Metadata, { readonly caller: Caller; readonly traceId: string }>()

  constructor(service: Service, random: Random) {
    this.#service = service
    this.#traceIds = new TraceIds(random)
  }

  add(name: string, operation: Operation | StreamOperation): void {
    const meter = this.#service.parts.metrics.meter("grpc", name)
    this.#roles.set(name, operation.role)
    this.definition[name] = method(name, operation.wire, isStream(operation))
    this.handlers[name] = isStream(operation)
      ? this.#streaming(name, operation, meter)
      : this.#unary(name, operation, meter)
  }

  /** Answers for every method that there is not. */
  addUnknown(): void {
    const bytes = { encode: () => ({ finish: () => new Uint8Array() }), decode: () => ({}) }
    this.definition[unknownMethod] = method(unknownMethod, { request: bytes, reply: bytes }, false)
    this.handlers[unknownMethod] = (call: ServerUnaryCall<unknown, unknown>, callback: sendUnaryData<unknown>) => {
      const asked = JSON.stringify(clipped(text(call.metadata, askedHeader) ?? unknownMethod, 200))
      const refusal = new AgentOSError(
        "UNKNOWN_OPERATION",
        `there is no method ${asked}; reflection tells which there are, as /${serviceName}/Run`,
      )
      callback({ name: refusal.name, ...statusOf(refusal, this.#trace(call)) })
    }
  }

  #unary(name: string, operation: Operation, meter: OperationMeter): handleUnaryCall<unknown, unknown> {
    const { clock } = this.#service.parts
    const [read, answer] = [inputReader(operation), answerForm(operation)]
    return (call, callback) => {
      const began = clock.monotonic()
      const traceId = this.#trace(call)
      const over = { is: false }
      this.#callOf(call, name, over)
        .then((admitted) => operation.handle(read(call.request), admitted, this.#service))
        .then(
          (value) => {
            over.is = true
            meter.observe("OK", clock.monotonic() - began)
            callback(null, answer.toMessage(value))
          },
          (thrown: unknown) => callback(this.#failure(thrown, name, traceId, meter, began)),
        )
    }
  }

  #streaming(
    name: string,
    operation: StreamOperation,
    meter: OperationMeter,
  ): handleServerStreamingCall<unknown, unknown> {
    const { clock } = this.#service.parts
    const [read, answer] = [inputReader(operation), answerForm(operation)]
    return (call) => {
      const began = clock.monotonic()
      const traceId = this.#trace(call)
      const over = { is: false }
      const pump = async () => {
        const admitted = await this.#callOf(call, name, over)
        for await (const event of operation.follow(read(call.request), admitted, this.#service)) {
          // What goes on without its caller is read on (S4 of `service.ts`).
          if (!call.cancelled && !call.write(answer.toMessage(event))) await drained(call)
        }
        over.is = true
        meter.observe("OK", clock.monotonic() - began)
        call.end()
      }
      pump().catch((thrown: unknown) => call.emit("error", this.#failure(thrown, name, traceId, meter, began)))
    }
  }

  #trace(call: AnyCall): string {
    return this.#admitted.get(call.metadata)?.traceId ?? this.traceOf(call.metadata)
  }

  traceOf(metadata: Metadata): string {
    return traceIdOf(text(metadata, "traceparent")) ?? this.#traceIds.mint()
  }

  mintTrace(): string {
    return this.#traceIds.mint()
  }

  /**
   * Who calls a method, judged by the metadata alone (D4); health and reflection are open to everyone.
   *
   * @throws `NODE_STOPPING`, `UNAUTHENTICATED`, `RATE_LIMITED`, `FORBIDDEN`
   */
  admit(path: string, metadata: Metadata, traceId: string): string | undefined {
    const name = path.slice(path.lastIndexOf("/") + 1)
    const role = path.startsWith(`/${serviceName}/`) ? this.#roles.get(name) : undefined
    if (role === undefined) return undefined
    const { guard, calls, metrics } = this.#service.parts
    try {
      calls.checkTaking()
      const key = text(metadata, "authorization") ?? text(metadata, "x-api-key")
      const caller = guard.admit(key, text(metadata, "x-tenant"), name, traceId)
      guard.requireRole(caller, role, name, traceId)
      this.#admitted.set(metadata, { caller, traceId })
      return caller.id
    } catch (error) {
      metrics.meter("grpc", name).observe(errorOf(error).code, 0)
      throw error
    }
  }

  /** @param over says when the call was answered */
  async #callOf(call: AnyCall, operation: string, over: { is: boolean }): Promise<Call> {
    const { clock } = this.#service.parts
    const admitted = this.#admitted.get(call.metadata)
    if (admitted === undefined) throw new AgentOSError("UNAUTHENTICATED", "this call was not admitted")
    const signal = new Cancellation()
    // D1. grpc-js says so of calls that were answered too; to abort after all is done costs more than the answer.
    call.on("cancelled", () => over.is || signal.cancel(new AgentOSError("CANCELLED", "the caller gave up")))
    const deadline = call.getDeadline()
    const timeoutMs = deadline === Infinity ? undefined : Math.max(1, Math.floor(Number(deadline) - clock.wallTime())) // D1
    const idempotencyKey = text(call.metadata, "idempotency-key")
    if (idempotencyKey !== undefined && (idempotencyKey.length < 1 || idempotencyKey.length > 200)) {
      throw new AgentOSError("INVALID_REQUEST", "idempotency-key: 1 to 200 characters")
    }
    return { ...admitted, operation, signal, timeoutMs, idempotencyKey }
  }

  /** A thrown value as grpc-js reports it (D3). */
  #failure(thrown: unknown, operation: string, traceId: string, meter: OperationMeter, began: number) {
    const { logger, clock } = this.#service.parts
    const error = errorOf(thrown)
    if (error.code === "INTERNAL") logger.error({ err: thrown, traceId, operation }, "request failed")
    meter.observe(error.code, clock.monotonic() - began)
    return { name: error.name, ...statusOf(error, traceId) }
  }
}

function method(name: string, { request, reply }: Wire, streams: boolean): MethodDefinition<unknown, unknown> {
  return {
    path: `/${serviceName}/${name}`,
    requestStream: false,
    responseStream: streams,
    requestSerialize: (message) => bytesOf(request, message as object),
    requestDeserialize: (bytes) => {
      try {
        return request.decode(bytes)
      } catch (error) {
        return new Malformed(thrownText(error)) // D2
      }
    },
    responseSerialize: (message) => bytesOf(reply, message as object),
    responseDeserialize: (bytes) => reply.decode(bytes),
  }
}

function bytesOf(codec: Codec, message: object): Buffer {
  const bytes = codec.encode(message).finish()
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** @throws `INVALID_REQUEST` for a message that was not one (D2), or has not the form of its operation */
function inputReader(operation: Operation | StreamOperation): (message: unknown) => never {
  const form = askForm(operation)
  const check = checkOf(jsonSchema(operation.input))
  return (message) => {
    if (message instanceof Malformed)
      throw new AgentOSError("INVALID_REQUEST", `the message cannot be decoded: ${message.reason}`)
    return check(form.toValue(message as Message)) as never
  }
}

function drained(call: ServerWritableStream<unknown, unknown>): Promise<void> {
  return new Promise((resolve) => {
    const go = () => {
      call.off("drain", go).off("cancelled", go)
      resolve()
    }
    call.on("drain", go).on("cancelled", go)
  })
}

function text(metadata: Metadata, name: string): string | undefined {
  const value = metadata.get(name)[0]
  return value === undefined ? undefined : String(value)
}

/** Binds a server. @returns the port it got. @throws when the port is taken */
export function bind(server: Server, host: string, port: number, tls: DoorTls | undefined): Promise<number> {
  const address = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`
  return new Promise((resolve, reject) => {
    server.bindAsync(address, tls?.grpc ?? ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    )
  })
}
