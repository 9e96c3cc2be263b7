/**
 * The gRPC door: AgentService of proto/agent.proto over the service, with health and reflection.
 *
 * Invariants
 *   D1. The call's deadline becomes the run's `timeoutMs`, its cancellation the run's signal.
 *   D2. A message that cannot be decoded is the caller's mistake (`INVALID_REQUEST`), never an internal error.
 *   D3. A failed call carries the same code as over REST, in the trailer `error-code`.
 */
import { readFile } from "node:fs/promises"
import {
  Metadata,
  Server,
  ServerCredentials,
  type handleServerStreamingCall,
  type handleUnaryCall,
  type MethodDefinition,
  type ServerUnaryCall,
  type ServerWritableStream,
} from "@grpc/grpc-js"
import type { PackageDefinition } from "@grpc/proto-loader"
import type { Random } from "#actors/clock.js"
import { AgentOSError, thrownText } from "#actors/errors.js"
import { llmagentos } from "#proto/agent.generated.js"
import { Cancellation } from "../cancellation.js"
import type { OperationMeter } from "../monitoring/metrics.js"
import { traceIdOf, traceparent, TraceIds } from "../monitoring/trace.js"
import type { Role } from "../security/roles.js"
import { ClusterOperations } from "./cluster-operations.js"
import type { DoorTls } from "./door-tls.js"
import { faceOf } from "./faces.js"
import * as messages from "./messages.js"
import { errorOf } from "./rest.js"
import { keyView } from "./routes.js"
import * as schemas from "./schemas.js"
import type { Call, Service } from "./service.js"

const { v1 } = llmagentos

/** What protobufjs generates for a message. */
interface Codec<Plain, Message extends Plain = Plain> {
  encode(message: Plain): { finish(): Uint8Array }
  decode(bytes: Uint8Array): Message
}

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
  readonly random: Random
}

type AnyCall = ServerUnaryCall<unknown, unknown> | ServerWritableStream<unknown, unknown>

/** A gRPC server with AgentService, not bound to a port yet. */
export async function grpcDoor({
  service,
  messageLimitBytes,
  random,
}: GrpcOptions): Promise<{ server: Server; setServing(serving: boolean): void }> {
  const server = new Server({
    "grpc.max_receive_message_length": messageLimitBytes,
    "grpc.max_concurrent_streams": 1000,
    "grpc.keepalive_time_ms": 20_000,
    "grpc.keepalive_timeout_ms": 10_000,
  })
  const methods = new Methods(service, random)
  addOperations(methods, service)
  addCluster(methods, service)
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
    setServing(serving) {
      for (const name of ["", serviceName]) health.setStatus(name, serving ? "SERVING" : "NOT_SERVING")
    },
  }
}

const serviceName = "llmagentos.v1.AgentService"

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

  constructor(service: Service, random: Random) {
    this.#service = service
    this.#traceIds = new TraceIds(random)
  }

  unary<RequestPlain, Request extends RequestPlain, Reply>(
    operation: string,
    role: Role,
    request: Codec<RequestPlain, Request>,
    reply: Codec<Reply>,
    handle: (message: Request, call: Call) => Promise<Reply>,
  ): void {
    this.definition[operation] = method(operation, request, reply, false)
    const meter = this.#service.parts.metrics.meter("grpc", operation)
    this.handlers[operation] = (call, callback) => {
      const began = this.#service.parts.clock.monotonic()
      const traceId = this.#trace(call)
      const over = { is: false }
      this.#admit(call, operation, role, traceId, over)
        .then((admitted) => handle(readable<Request>(call.request), admitted))
        .then(
          (message) => {
            over.is = true
            meter.observe("OK", this.#service.parts.clock.monotonic() - began)
            callback(null, message)
          },
          (thrown: unknown) => callback(this.#failure(thrown, operation, traceId, meter, began)),
        )
    }
  }

  streaming<RequestPlain, Request extends RequestPlain, Reply>(
    operation: string,
    role: Role,
    request: Codec<RequestPlain, Request>,
    reply: Codec<Reply>,
    handle: (message: Request, call: Call) => AsyncIterable<Reply>,
  ): void {
    this.definition[operation] = method(operation, request, reply, true)
    const meter = this.#service.parts.metrics.meter("grpc", operation)
    const { clock } = this.#service.parts
    this.handlers[operation] = (call: ServerWritableStream<unknown, unknown>) => {
      const began = clock.monotonic()
      const traceId = this.#trace(call)
      const over = { is: false }
      const pump = async () => {
        for await (const message of handle(
          readable<Request>(call.request),
          await this.#admit(call, operation, role, traceId, over),
        )) {
          if (call.cancelled) return
          if (!call.write(message)) await drained(call)
        }
        over.is = true
        meter.observe("OK", clock.monotonic() - began)
        call.end()
      }
      pump().catch((thrown: unknown) => call.emit("error", this.#failure(thrown, operation, traceId, meter, began)))
    }
  }

  #trace(call: AnyCall): string {
    return traceIdOf(text(call.metadata, "traceparent")) ?? this.#traceIds.mint()
  }

  /** @param over says when the call was answered */
  async #admit(call: AnyCall, operation: string, role: Role, traceId: string, over: { is: boolean }): Promise<Call> {
    const { guard, calls, clock } = this.#service.parts
    calls.checkTaking()
    const caller = guard.admit(
      text(call.metadata, "authorization") ?? text(call.metadata, "x-api-key"),
      text(call.metadata, "x-tenant"),
      operation,
      traceId,
    )
    guard.requireRole(caller, role, operation, traceId)
    const signal = new Cancellation()
    // D1. grpc-js says so of calls that were answered too; to abort after all is done costs more than the answer.
    call.on("cancelled", () => over.is || signal.cancel(new AgentOSError("CANCELLED", "the caller gave up")))
    const deadline = call.getDeadline()
    const timeoutMs = deadline === Infinity ? undefined : Math.max(1, Math.floor(Number(deadline) - clock.wallTime())) // D1
    const idempotencyKey = text(call.metadata, "idempotency-key")
    if (idempotencyKey !== undefined && (idempotencyKey.length < 1 || idempotencyKey.length > 200)) {
      throw new AgentOSError("INVALID_REQUEST", "idempotency-key: 1 to 200 characters")
    }
    return { caller, traceId, operation, signal, timeoutMs, idempotencyKey }
  }

  /** A thrown value as grpc-js reports it (D3). */
  #failure(thrown: unknown, operation: string, traceId: string, meter: OperationMeter, began: number) {
    const { logger, clock } = this.#service.parts
    const error = errorOf(thrown)
    if (error.code === "INTERNAL") logger.error({ err: thrown, traceId, operation }, "request failed")
    meter.observe(error.code, clock.monotonic() - began)
    const metadata = new Metadata()
    metadata.set("error-code", error.code)
    metadata.set("error-executed", error.executed)
    metadata.set("error-retryable", String(error.retryable))
    metadata.set("traceparent", traceparent(traceId))
    return {
      name: error.name,
      message: error.message,
      code: faceOf(error.code).grpc,
      details: error.message.replace(/[\r\n]+/g, " "),
      metadata,
    }
  }
}

function method<RequestPlain, Request extends RequestPlain, Reply>(
  operation: string,
  request: Codec<RequestPlain, Request>,
  reply: Codec<Reply>,
  streams: boolean,
): MethodDefinition<unknown, unknown> {
  return {
    path: `/${serviceName}/${operation}`,
    requestStream: false,
    responseStream: streams,
    requestSerialize: (message) => Buffer.from(request.encode(message as RequestPlain).finish()),
    requestDeserialize: (bytes) => {
      try {
        return request.decode(bytes)
      } catch (error) {
        return new Malformed(thrownText(error)) // D2
      }
    },
    responseSerialize: (message) => {
      const bytes = reply.encode(message as Reply).finish()
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    },
    responseDeserialize: (bytes) => reply.decode(bytes),
  }
}

/** @throws `INVALID_REQUEST` for a message that was not one (D2) */
function readable<Message>(message: unknown): Message {
  if (message instanceof Malformed)
    throw new AgentOSError("INVALID_REQUEST", `the message cannot be decoded: ${message.reason}`)
  return message as Message
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

function addOperations(methods: Methods, service: Service): void {
  const { backend, guard } = service.parts

  methods.unary("Run", "user", v1.RunRequest, v1.RunReply, async (request, call) => {
    const { includeContext, ...input } = schemas.check(schemas.runRequest, messages.runRequest(request))
    return messages.runReply(await service.run(call, input), includeContext === true)
  })
  methods.streaming("StreamRun", "user", v1.RunRequest, v1.RunEvent, async function* (request, call) {
    const { includeContext, ...input } = schemas.check(schemas.runRequest, messages.runRequest(request))
    for await (const event of service.stream(call, input)) {
      const message = messages.runEvent(event, includeContext === true)
      if (message !== undefined) yield message
    }
  })
  methods.unary("GetRun", "user", v1.RunId, v1.RunStatus, async ({ runId }, call) => {
    const { error, ...rest } = await service.status(call, runId)
    return { ...rest, errorCode: error?.code ?? null, errorMessage: error?.message ?? null }
  })
  methods.unary("CancelRun", "user", v1.RunId, v1.CancelReply, async ({ runId }, call) => ({
    cancelled: await service.cancel(call, runId),
  }))

  methods.unary("ListAgents", "user", v1.ListRequest, v1.AgentList, async () => ({
    agents: (await backend.agents.list()).map(messages.agent),
  }))
  methods.unary("DescribeAgent", "user", v1.Name, v1.Agent, async ({ name }) =>
    messages.agent(await backend.agents.describe(name)),
  )
  methods.unary("StartAgent", "operator", v1.Name, v1.Agent, async ({ name }, call) =>
    messages.agent(await service.steer(call, name, "start")),
  )
  methods.unary("StopAgent", "operator", v1.Name, v1.Agent, async ({ name }, call) =>
    messages.agent(await service.steer(call, name, "stop")),
  )
  methods.unary("RestartAgent", "operator", v1.Name, v1.Agent, async ({ name }, call) =>
    messages.agent(await service.steer(call, name, "restart")),
  )
  methods.unary("ReplicateAgent", "operator", v1.ReplicateRequest, v1.Agent, async ({ name, count }, call) => {
    const { count: replicate } = schemas.check(schemas.replicateRequest, { count })
    return messages.agent(await service.steer(call, name, { replicate }))
  })

  methods.unary("ListTopologies", "user", v1.ListRequest, v1.TopologyList, async () => ({
    topologies: (await backend.topologies.list()).map(messages.topology),
  }))
  methods.unary("DescribeTopology", "user", v1.Name, v1.Topology, async ({ name }) =>
    messages.topology(await backend.topologies.describe(name)),
  )

  methods.unary("AddDocument", "operator", v1.Document, v1.AddDocumentReply, async ({ id, format, content }, call) => {
    const document = schemas.check(schemas.documentRequest, { id, format, content: "" })
    const body = document.format === "pdf" ? new Uint8Array(content) : Buffer.from(content).toString("utf8")
    return service.addDocument(call, { id: document.id, format: document.format, content: body })
  })
  methods.unary("SearchKnowledge", "user", v1.SearchRequest, v1.SearchReply, async (request, call) => {
    const { query, limit } = schemas.check(schemas.searchRequest, messages.given(request))
    const hits = await service.search(call, query, limit)
    return { hits: hits.map((hit) => ({ ...hit })) }
  })

  methods.unary("ListModels", "user", v1.ListRequest, v1.ModelList, async () => ({
    models: [...(await service.targets())],
  }))

  methods.unary("ListActors", "operator", v1.ActorsRequest, v1.Actor, async (request) => {
    const { mostChildren } = schemas.check(schemas.actorsRequest, messages.given(request))
    return messages.actor(backend.actors(mostChildren))
  })

  methods.unary("CreateKey", "admin", v1.CreateKeyRequest, v1.NewKey, async (request, call) => {
    const { name, ...rest } = schemas.check(schemas.keyRequest, messages.given(request))
    const { key, record } = await guard.keys.create(name, { tenant: call.caller.tenant, ...messages.given(rest) })
    guard.done(call.caller, call.operation, record.id, call.traceId)
    return { key, record: keyView(record) }
  })
  methods.unary("ListKeys", "admin", v1.ListRequest, v1.KeyList, async () => ({ keys: guard.keys.list().map(keyView) }))
  methods.unary("RevokeKey", "admin", v1.KeyId, v1.Key, async ({ id }, call) => {
    const record = await guard.keys.revoke(id)
    guard.done(call.caller, call.operation, id, call.traceId)
    return keyView(record)
  })
}

function addCluster(methods: Methods, { parts }: Service): void {
  const cluster = new ClusterOperations(parts)
  methods.unary("ClusterStatus", "admin", v1.ListRequest, v1.Cluster, async () =>
    messages.cluster(await cluster.status()),
  )
  methods.unary("DrainNode", "admin", v1.NodeRequest, v1.Cluster, async (request, call) => {
    const { node } = schemas.check(schemas.nodeRequest, messages.given(request))
    return messages.cluster(await cluster.drain(call, node))
  })
  methods.unary("UndrainNode", "admin", v1.NodeRequest, v1.Cluster, async (request, call) => {
    const { node } = schemas.check(schemas.nodeRequest, messages.given(request))
    return messages.cluster(await cluster.undrain(call, node))
  })
  methods.unary("LeaveCluster", "admin", v1.NodeRequest, v1.Cluster, async (request, call) => {
    const { node } = schemas.check(schemas.nodeRequest, messages.given(request))
    return messages.cluster(await cluster.leave(call, node))
  })
  methods.unary("RebalanceCluster", "admin", v1.RebalanceRequest, v1.RebalancePlan, async ({ dryRun }, call) =>
    messages.plan(await cluster.rebalance(call, { dryRun })),
  )
  methods.unary("ForgetNode", "admin", v1.Name, v1.Cluster, async ({ name }, call) => {
    const { node } = schemas.check(schemas.forgetRequest, { node: name })
    return messages.cluster(await cluster.forget(call, node))
  })
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
