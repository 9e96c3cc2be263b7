/**
 * The REST door: Fastify routes over the service.
 *
 * Invariants
 *   R1. Nothing is read of a body before the request was admitted: origin, key, rate and role are judged from the head.
 *   R2. A POST is JSON or it is refused, so that no form of a foreign page can make one.
 */
import type { IncomingMessage } from "node:http"
import type { Socket } from "node:net"
import fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerOptions,
} from "fastify"
import type { Random } from "#actors/clock.js"
import { AgentOSError } from "#actors/errors.js"
import { Cancellation } from "../cancellation.js"
import type { OperationMeter } from "../monitoring/metrics.js"
import { traceIdOf, traceparent, TraceIds } from "../monitoring/trace.js"
import { judgeOrigin, type OwnNames } from "../security/origin.js"
import type { Caller, Role } from "../security/roles.js"
import { errorType } from "./chat.js"
import { compiled, compiledForText, fault } from "./check.js"
import type { DoorTls } from "./door-tls.js"
import { errorBody, faceOf } from "./faces.js"
import type { Inflow } from "./inflow.js"
import type { JsonSchema } from "./json-schema.js"
import { Places, refuseBytes, takeAllHeads } from "./rest-refusals.js"
import { readJson } from "./json-text.js"
import type { Service, Call } from "./service.js"

declare module "fastify" {
  interface FastifyRequest {
    caller: Caller
    began: number
    outcome: string
  }
  interface FastifyContextConfig {
    /** Name of the operation, the same as over gRPC. */
    operation?: string
    /** Role it needs; absent: it is open to everyone. */
    role?: Role
    meter?: OperationMeter
    /** Whether it answers HTTP/1.0 without `Host`, as load balancers speak it. No browser does. */
    probe?: boolean
  }
}

export interface RestOptions {
  readonly service: Service
  readonly own: OwnNames
  readonly bodyLimitBytes: number
  readonly inflow: Inflow
  readonly random: Random
  /** Certificates, for a door that speaks TLS. */
  readonly tls?: DoorTls | undefined
}

/** A Fastify instance with the rules of this door and no routes yet. */
export function restDoor({ service, own, bodyLimitBytes, inflow, random, tls }: RestOptions): FastifyInstance {
  const { guard, calls, clock, logger, metrics } = service.parts
  const traceIds = new TraceIds(random)
  // Node would answer a request without `Host` by itself, and without an error of this door's form.
  const timeouts = { headersTimeout: 5_000, connectionsCheckingInterval: 500, requireHostHeader: false }
  const places = new Places()
  const settings = {
    bodyLimit: bodyLimitBytes,
    requestTimeout: 30_000,
    // A name is checked by its operation; heads are bounded by Node.
    routerOptions: { maxParamLength: 65_536 },
    clientErrorHandler: (error: Error & { code?: string }, socket: Socket) =>
      refuseBytes(error, socket, traceIds.mint()),
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) => {
      reply.header("traceparent", traceparent(request.id))
      return sendError(errorOf(error), request, reply)
    },
    // The request id is the trace id: one name for a request in every log of every node.
    genReqId: (request: IncomingMessage) => traceIdOf(header(request.headers["traceparent"])) ?? traceIds.mint(),
    return503OnClosing: false, // the hook below says so in the form of this door
  }
  const app = tls === undefined ? fastify({ ...settings, http: timeouts }) : secured(tls, settings, timeouts)
  takeAllHeads(app, () => traceIds.mint())
  app.removeContentTypeParser("text/plain")
  app.removeContentTypeParser("application/json")
  // Many clients name a content type without sending a body; what needs one says so when it is checked.
  app.addContentTypeParser<string>("application/json", { parseAs: "string" }, (_request, body, done) => {
    if (body === "") return done(null, undefined)
    let value: unknown
    try {
      value = readJson(body, "the body")
    } catch (error) {
      return done(AgentOSError.from(error))
    }
    done(null, value)
  })
  app.setValidatorCompiler<JsonSchema>(({ schema, httpPart }) =>
    httpPart === "querystring" ? compiledForText(schema) : compiled(schema),
  )
  app.setSchemaErrorFormatter(fault)
  app.decorateRequest("caller", undefined as unknown as Caller)
  app.decorateRequest("began", 0)
  app.decorateRequest("outcome", "OK")

  app.addHook("onRoute", (route) => {
    const { config, method, url } = route
    places.add(url, typeof method === "string" ? [method] : method)
    if (config?.operation !== undefined && config.meter === undefined)
      config.meter = metrics.meter("rest", config.operation)
  })

  app.addHook("onRequest", (request, reply, done) => {
    const { headers } = request
    const { config } = request.routeOptions
    const operation = config.operation ?? "Unknown"
    request.began = clock.monotonic()
    reply.header("traceparent", traceparent(request.id))
    const probes = config.probe === true && headers.host === undefined && request.raw.httpVersion === "1.0"
    const verdict = probes ? "own" : judgeOrigin(own, headers.host, headers.origin)
    if (verdict !== "own") {
      const code = verdict === "foreign-host" ? "FOREIGN_HOST" : "FOREIGN_ORIGIN"
      guard.refused(code, operation, request.id)
      return done(
        new AgentOSError(
          code,
          verdict === "foreign-host"
            ? "this node has another name; see `gateway.publicHosts`"
            : "requests of other web pages are refused",
        ),
      )
    }
    if (request.is404) return done(places.refusal(request, reply))
    try {
      if (config.role !== undefined) {
        calls.checkTaking()
        const key = headers.authorization ?? header(headers["x-api-key"])
        request.caller = guard.admit(key, header(headers["x-tenant"]), operation, request.id)
        guard.requireRole(request.caller, config.role, operation, request.id)
        expect(request, inflow, bodyLimitBytes)
      }
    } catch (error) {
      return done(AgentOSError.from(error, "INTERNAL"))
    }
    if (request.method === "POST" && !/^application\/json\s*(?:;|$)/i.test(headers["content-type"] ?? "")) {
      return done(new AgentOSError("UNSUPPORTED_MEDIA_TYPE", "send `Content-Type: application/json`")) // R2
    }
    done()
  })

  // Counted when the answer is handed over: waiting for the last byte would cost each request a pair of listeners. Streams count themselves.
  app.addHook("onSend", (request, reply, payload, done) => {
    if (calls.closing) reply.header("connection", "close")
    count(request, clock.monotonic())
    done(null, payload)
  })

  app.setErrorHandler((thrown, request, reply) => {
    const error = errorOf(thrown)
    if (error.code === "INTERNAL")
      logger.error(
        { err: thrown, traceId: request.id, operation: request.routeOptions.config.operation },
        "request failed",
      )
    request.outcome = error.code
    return sendError(error, request, reply)
  })
  return app
}

/** Bodies that are smaller cost less than their connection. */
const smallBytes = 16_384

/** Counts a body that is to come. Node ends a request that does not arrive in time. @throws `UPLOADS_FULL` */
function expect({ raw, caller }: FastifyRequest, inflow: Inflow, bodyLimitBytes: number): void {
  const { "content-length": length, "transfer-encoding": encoding } = raw.headers
  const bytes = encoding === undefined ? Number(length ?? 0) : bodyLimitBytes
  if (!(bytes > smallBytes) || bytes > bodyLimitBytes) return // too large a one is refused unread
  const arrival = inflow.begin(caller.id, () => undefined)
  try {
    arrival.add(bytes)
    raw.once("close", () => arrival.end())
  } catch (error) {
    arrival.end()
    throw error
  }
}

/** The same over TLS. To its routes it is no other; only the type of its server differs. */
function secured(tls: DoorTls, settings: FastifyServerOptions, timeouts: object): FastifyInstance {
  const app = fastify({ ...(settings as object), https: { ...tls.https, ...timeouts } })
  tls.follow(app.server)
  return app as unknown as FastifyInstance
}

function sendError(error: AgentOSError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { http } = faceOf(error.code)
  const body = errorBody(error, request.id)
  const retryAfterMs = error.details?.["retryAfterMs"]
  if (typeof retryAfterMs === "number") reply.header("retry-after", String(Math.ceil(retryAfterMs / 1000)))
  // Who still sends what is too large reads the answer only if it may send to the end; Node reads that and throws it away.
  if (error.code === "PAYLOAD_TOO_LARGE") reply.removeHeader("connection")
  if (http === 401) reply.header("www-authenticate", "Bearer")
  // OpenAI's clients read `type` and `param`; the code for a missing model is the one that they know.
  if (request.routeOptions.config.operation === "Chat") {
    const code = error.code === "UNKNOWN_TARGET" ? "model_not_found" : error.code
    return reply.code(http).send({
      error: {
        ...body.error,
        code,
        type: errorType(http),
        param: error.code === "UNKNOWN_TARGET" ? "model" : (error.details?.["param"] ?? null),
      },
    })
  }
  return reply.code(http).send(body)
}

/** Fastify's own refusals under this system's codes. */
export function errorOf(thrown: unknown): AgentOSError {
  if (thrown instanceof AgentOSError) return thrown
  const { code, statusCode, message } = (thrown ?? {}) as { code?: string; statusCode?: number; message?: string }
  if (code === "FST_ERR_CTP_BODY_TOO_LARGE")
    return new AgentOSError("PAYLOAD_TOO_LARGE", "the body is larger than `gateway.bodyLimitBytes`", { cause: thrown })
  if (code === "FST_ERR_CTP_INVALID_MEDIA_TYPE")
    return new AgentOSError("UNSUPPORTED_MEDIA_TYPE", "send `Content-Type: application/json`", { cause: thrown })
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return new AgentOSError("INVALID_REQUEST", message ?? "malformed request", { cause: thrown })
  return new AgentOSError("INTERNAL", "an internal error; the log has it under the trace id", { cause: thrown })
}

/** What the service needs to know about a request. */
export function callOf(request: FastifyRequest, signal?: Cancellation): Call {
  return {
    caller: request.caller,
    traceId: request.id,
    operation: request.routeOptions.config.operation ?? "Unknown",
    signal,
    idempotencyKey: idempotencyKey(request),
  }
}

/** @throws `INVALID_REQUEST` */
export function idempotencyKey(request: FastifyRequest): string | undefined {
  const key = header(request.headers["idempotency-key"])
  if (key === undefined) return undefined
  if (key.length >= 1 && key.length <= 200) return key
  throw new AgentOSError("INVALID_REQUEST", "Idempotency-Key: 1 to 200 characters")
}

/** Counts a request under its operation. */
export function count(request: FastifyRequest, now: number): void {
  request.routeOptions.config.meter?.observe(request.outcome, now - request.began)
}

const connections = new WeakMap<Socket, Cancellation>()

/** Calls off when the caller hangs up. All requests of a connection share one: it ends for all of them at once. */
export function hangUp({ raw: { socket } }: FastifyRequest): Cancellation {
  let connection = connections.get(socket)
  if (connection === undefined) {
    const begun = (connection = new Cancellation())
    connections.set(socket, begun)
    socket.once("close", () => begun.cancel(new AgentOSError("CANCELLED", "the caller hung up")))
  }
  return connection
}

function header(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value
}
