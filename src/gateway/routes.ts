/**
 * The operations as REST routes.
 *
 * Invariants
 *   H1. Path, query and body of a request are checked by parts of the one schema that its operation takes. A part that
 *       has no field of it is empty.
 *   H2. Operations that share a method and a path are one route: who accepts `text/event-stream` gets the one that
 *       streams.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify"
import type { AgentOSError } from "#actors/errors.js"
import { traceparent } from "../monitoring/trace.js"
import { EventStream } from "./event-stream.js"
import { errorBody } from "./faces.js"
import { jsonSchema, type JsonSchema } from "./json-schema.js"
import { wellFormed } from "./json-text.js"
import { everyOperation, isStream } from "./operations.js"
import type { Contract, Operation, StreamOperation } from "./operations/operation.js"
import { callOf, count, errorOf, hangUp } from "./rest.js"
import type { Service } from "./service.js"

/** Adds every operation of the table to a door. */
export function addRoutes(app: FastifyInstance, service: Service): void {
  const routes = new Map<string, { name: string; one?: Operation; stream?: StreamOperation }>()
  for (const [name, operation] of everyOperation) {
    const at = `${operation.rest.method} ${operation.rest.path}`
    const route = routes.get(at) ?? { name }
    routes.set(at, isStream(operation) ? { ...route, stream: operation } : { ...route, one: operation }) // H2
  }
  for (const route of routes.values()) addRoute(app, service, route)
}

function addRoute(
  app: FastifyInstance,
  service: Service,
  { name, one, stream }: { readonly name: string; readonly one?: Operation; readonly stream?: StreamOperation },
): void {
  const contract = one ?? stream
  if (contract === undefined) return
  const inputOf = inputReader(contract)
  const wantsEvents = (request: FastifyRequest): boolean =>
    one === undefined || (stream !== undefined && request.headers.accept?.includes("text/event-stream") === true)
  app.route({
    ...routeOptions(name, contract),
    handler: (request, reply) => {
      const call = callOf(request, hangUp(request))
      if (stream === undefined || !wantsEvents(request)) return one?.handle(inputOf(request), call, service)
      return pump(request, reply, service, {
        begin: () => stream.follow(inputOf(request), call, service),
        nameOf: (event) => stream.eventOf(event as never),
        failed: (error, traceId) => ({ data: { type: "error", ...errorBody(error, traceId) }, name: "error" }),
      })
    },
  })
}

/** What every route of a contract has: its name, role and forms. */
export function routeOptions(operation: string, { role, rest, input, output, answers = {}, media }: Contract) {
  const {
    params,
    querystring = empty,
    body = rest.method === "DELETE" ? empty : undefined,
  } = requestParts(rest, jsonSchema(input))
  return {
    method: rest.method,
    url: rest.path,
    config: { operation, ...(role === undefined ? {} : { role }) },
    ...(body?.required?.length === 0 ? { preValidation: emptyBody } : {}),
    schema: {
      ...(params === undefined ? {} : { params }),
      querystring,
      ...(body === undefined ? {} : { body }),
      ...(media === undefined ? { response: answerSchemas({ 200: output, ...answers }) } : {}),
    },
  }
}

const empty: JsonSchema = { type: "object", properties: {}, required: [], additionalProperties: false } // H1

/** Who needs nothing may send nothing. */
function emptyBody(request: FastifyRequest, _reply: FastifyReply, done: () => void): void {
  if (request.body === undefined) request.body = {}
  done()
}

const answerSchemas = (answers: NonNullable<Contract["answers"]>): Readonly<Record<string, JsonSchema>> =>
  Object.fromEntries(Object.entries(answers).map(([status, form]) => [status, jsonSchema(form)]))

/** Where the properties of an input stand in a request (H1). */
export function requestParts(
  { method, path }: Contract["rest"],
  { properties = {}, required = [], ...rest }: JsonSchema,
): { readonly params?: JsonSchema; readonly querystring?: JsonSchema; readonly body?: JsonSchema } {
  const names = pathNames(path)
  const part = (wanted: (name: string) => boolean): JsonSchema => ({
    ...rest,
    properties: Object.fromEntries(Object.entries(properties).filter(([name]) => wanted(name))),
    required: required.filter(wanted),
  })
  const others = part((name) => !names.includes(name))
  return {
    ...(names.length === 0 ? {} : { params: part((name) => names.includes(name)) }),
    ...(method === "POST" ? { body: others } : { querystring: others }),
  }
}

export const pathNames = (path: string): readonly string[] => [...path.matchAll(/:(\w+)/g)].map(([, name = ""]) => name)

function inputReader({ rest }: Contract): (request: FastifyRequest) => never {
  if (rest.method === "POST" && pathNames(rest.path).length === 0) return ({ body }) => wellFormed(body) as never
  return ({ params, query, body }) =>
    wellFormed({ ...(query as object), ...(params as object), ...(body as object) }) as never
}

/** What is sent as server-sent events. */
export interface Feed {
  /** Throws what can be known before the first event; the answer is then an ordinary error. */
  begin(): AsyncIterable<unknown>
  /** The name of an event; absent: it has none. */
  nameOf?(event: unknown): string
  /** An error after the first event. */
  failed(error: AgentOSError, traceId: string): { readonly data: object; readonly name?: string }
  /** What is sent after the last event. */
  readonly last?: string
}

/** Sends events until they end. */
export async function pump(
  request: FastifyRequest,
  reply: FastifyReply,
  { parts }: Service,
  feed: Feed,
): Promise<FastifyReply> {
  if (request.method === "HEAD") return reply.type("text/event-stream; charset=utf-8").send()
  const events = feed.begin()
  reply.hijack()
  reply.raw.once("close", () => count(request, parts.clock.monotonic()))
  const stream = new EventStream(reply.raw, parts.clock, { traceparent: traceparent(request.id) })
  try {
    for await (const event of events) {
      const wait = stream.send(event, feed.nameOf?.(event))
      if (wait !== undefined) await wait
    }
    if (feed.last !== undefined) void stream.send(feed.last)
  } catch (thrown) {
    const error = errorOf(thrown)
    request.outcome = error.code
    const { data, name } = feed.failed(error, request.id)
    void stream.send(data, name)
  }
  stream.end()
  return reply
}
