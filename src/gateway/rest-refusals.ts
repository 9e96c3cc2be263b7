/**
 * What Node and Fastify refuse by themselves, in the form of this door: bytes that are no HTTP, URLs that are none,
 * paths and methods that are no operation.
 */
import type { Socket } from "node:net"
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify"
import { AgentOSError } from "#actors/errors.js"
import { traceparent } from "../monitoring/trace.js"
import { clipped, errorBody, faceOf } from "./faces.js"

/** Answers on a connection whose request cannot be read, unless an answer is already on its way there. */
export function refuseBytes(
  error: { readonly code?: string; readonly message: string },
  socket: Socket,
  traceId: string,
): void {
  if (error.code === "ECONNRESET" || socket.destroyed) return
  const { _httpMessage: answer } = socket as { _httpMessage?: { readonly headersSent: boolean } | null }
  if (socket.writable && answer?.headersSent !== true) socket.write(whole(refusalOf(error), traceId))
  socket.destroySoon()
}

function refusalOf({ code, message }: { readonly code?: string; readonly message: string }): AgentOSError {
  if (code === "HPE_HEADER_OVERFLOW") return new AgentOSError("HEADERS_TOO_LARGE", "the head is larger than 16 KiB")
  if (code === "ERR_HTTP_REQUEST_TIMEOUT")
    return new AgentOSError("REQUEST_TIMEOUT", "the request did not come whole in time")
  if (code === "HPE_CHUNK_EXTENSIONS_OVERFLOW")
    return new AgentOSError("PAYLOAD_TOO_LARGE", "the chunks' extensions are too large")
  return new AgentOSError("INVALID_REQUEST", `this is not HTTP/1.1: ${clipped(message, 200)}`)
}

/** An answer as bytes. */
function whole(error: AgentOSError, traceId: string): string {
  const body = JSON.stringify(errorBody(error, traceId))
  const { http } = faceOf(error.code)
  return [
    `HTTP/1.1 ${http} ${reasons[http] ?? "Refused"}`,
    "content-type: application/json; charset=utf-8",
    `content-length: ${Buffer.byteLength(body)}`,
    `traceparent: ${traceparent(traceId)}`,
    "connection: close",
    "",
    body,
  ].join("\r\n")
}

const reasons: Readonly<Record<number, string>> = {
  400: "Bad Request",
  404: "Not Found",
  408: "Request Timeout",
  413: "Payload Too Large",
  431: "Request Header Fields Too Large",
}

/** Lets heads through that Node would answer itself, and answers what it would only hang up on. */
export function takeAllHeads(
  { server, routing }: Pick<FastifyInstance, "server" | "routing">,
  mintTrace: () => string,
): void {
  server.on("checkExpectation", (request, response) => routing(request, response))
  server.on("connect", (_request, socket) => {
    socket.end(whole(new AgentOSError("UNKNOWN_OPERATION", "CONNECT is not an operation"), mintTrace()))
  })
}

/** What there is at a path: knows every route that was added after it was made. */
export class Places {
  readonly #places: { readonly form: RegExp; readonly literal: boolean; readonly methods: Set<string> }[] = []

  add(path: string, methods: readonly string[]): void {
    const form = new RegExp(`^${path.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replace(/:\w+/g, "[^/]+")}/?$`)
    const place = this.#places.find((one) => one.form.source === form.source)
    if (place === undefined) this.#places.push({ form, literal: !path.includes(":"), methods: new Set(methods) })
    else for (const method of methods) place.methods.add(method)
  }

  /** Why a request has no route. */
  refusal({ method, url }: FastifyRequest, reply: FastifyReply): AgentOSError {
    const path = url.split("?", 1)[0] ?? ""
    const fitting = this.#places.filter(({ form }) => form.test(path))
    const exact = fitting.filter(({ literal }) => literal)
    const methods = (exact.length > 0 ? exact : fitting).flatMap((place) => [...place.methods])
    if (methods.length === 0)
      return new AgentOSError("UNKNOWN_OPERATION", `${method} ${clipped(url, 200)} is not an operation`)
    const allowed = [...new Set(methods)].join(", ")
    reply.header("allow", allowed)
    return new AgentOSError(
      "METHOD_NOT_ALLOWED",
      `${method} is not a method of ${clipped(path, 200)}; it has ${allowed}`,
    )
  }
}
