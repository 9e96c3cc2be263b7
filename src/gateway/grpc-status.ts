/**
 * How errors look over gRPC, and what grpc-js refuses by itself before an operation hears of it.
 *
 * Invariants
 *   T1. Every call that fails carries `error-code`, `error-executed`, `error-retryable` and `traceparent`, also where
 *       grpc-js ended it; `error-details` where there are any.
 *   T2. All that is told fits into 8 KiB, which every client takes: a longer head ends the connection of many.
 *   T3. A time limit that is longer than a timer counts is the longest that one counts.
 */
import type { Http2Server } from "node:http2"
import {
  Metadata,
  status,
  type Server,
  type ServerCredentials,
  type ServerInterceptingCall,
  type ServerInterceptor,
} from "@grpc/grpc-js"
import { AgentOSError } from "#actors/errors.js"
import { traceIdOf, traceparent } from "../monitoring/trace.js"
import { faceOf, told } from "./faces.js"

/** Bytes of the message, as a header holds it (T2). */
const mostMessage = 3_000

/** A failure as grpc-js reports it (T1). */
export function statusOf(error: AgentOSError, traceId: string) {
  const { code, message, executed, retryable, details } = told(error)
  const metadata = new Metadata()
  metadata.set("error-code", code)
  metadata.set("error-executed", executed)
  metadata.set("error-retryable", String(retryable))
  const json = details === undefined ? "" : asciiJson(details)
  if (json !== "" && json.length <= mostMessage) metadata.set("error-details", json)
  metadata.set("traceparent", traceparent(traceId))
  return { code: faceOf(code).grpc, message, details: forHeader(message), metadata }
}

/** One line, of so many bytes as `encodeURI` makes of it. */
function forHeader(message: string): string {
  const line = message.replace(/\s+/g, " ")
  let room = mostMessage
  let text = ""
  for (const character of line) {
    room -= encodeURI(character).length
    if (room < 0) return `${text}...`
    text += character
  }
  return text
}

const asciiJson = (value: unknown): string =>
  JSON.stringify(value).replace(/[^ -~]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`)

/** What grpc-js refuses by itself, under this system's codes (T1). */
function refusalOf({
  code,
  details,
}: {
  readonly code?: status | null
  readonly details?: string | null
}): AgentOSError {
  const text = details ?? ""
  if (code === status.RESOURCE_EXHAUSTED && text.startsWith("Received"))
    return new AgentOSError("PAYLOAD_TOO_LARGE", `the message is larger than \`gateway.bodyLimitBytes\`: ${text}`)
  if (code === status.DEADLINE_EXCEEDED)
    return new AgentOSError("DEADLINE_EXCEEDED", "the call's deadline passed", { executed: "maybe" })
  const ofRequest = /^(Invalid grpc-timeout|Failed to decompress|Error deserializing|Received message compressed)/
  return ofRequest.test(text)
    ? new AgentOSError("INVALID_REQUEST", text)
    : new AgentOSError("INTERNAL", text === "" ? "the call ended without a reason" : text)
}

/**
 * Adds to each status of a service what its operations say of theirs. The call itself is changed, and not wrapped:
 * grpc-js sends its own refusals past whatever is wrapped around it.
 */
export const ownUp =
  (service: string, mintTrace: () => string): ServerInterceptor =>
  ({ path }, call) => {
    if (!path.startsWith(`/${service}/`)) return call as ServerInterceptingCall
    const [start, send] = [call.start.bind(call), call.sendStatus.bind(call)]
    let traceId: string | undefined
    call.start = (listener) =>
      start({
        onReceiveMetadata(metadata) {
          traceId = traceIdOf(String(metadata.get("traceparent")[0]))
          listener.onReceiveMetadata(metadata)
        },
        onReceiveMessage: (message: unknown) => listener.onReceiveMessage(message),
        onReceiveHalfClose: () => listener.onReceiveHalfClose(),
        onCancel: () => listener.onCancel(),
      })
    call.sendStatus = (given) => {
      const whole = given.code === status.OK || (given.metadata?.get("error-code").length ?? 0) > 0
      send(whole ? given : statusOf(refusalOf(given), traceId ?? mintTrace()))
    }
    return call as ServerInterceptingCall
  }

/** The longest time that a timer counts. */
const longestMs = 2_147_483_647
const units: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 0.001, n: 0.000001 }

/** `grpc-timeout` as far as a timer counts it (T3). */
export function boundedTimeout(header: string): string {
  const [, count = "", unit = ""] = /^(\d{1,8})([HMSmun])$/.exec(header) ?? []
  return Number(count) * (units[unit] ?? 0) > longestMs ? `${Math.floor(longestMs / 3_600_000)}H` : header
}

/**
 * Lets grpc-js see heads that it can follow: a time limit that does not overflow its timer (T3), and of a method that
 * is none the one that says so.
 *
 * @param unknown the path of the method that answers for those that there are not
 * @returns what listens, once it is bound
 */
export function soften(server: Server, unknown: string): readonly Http2Server[] {
  const listening: Http2Server[] = []
  const inner = server as unknown as {
    readonly handlers: ReadonlyMap<string, unknown>
    createHttp2Server(credentials: ServerCredentials): Http2Server
  }
  const create = inner.createHttp2Server.bind(server)
  inner.createHttp2Server = (credentials) => {
    const made = create(credentials).prependListener("stream", (_stream, headers) => {
      const timeout = headers["grpc-timeout"]
      if (typeof timeout === "string") headers["grpc-timeout"] = boundedTimeout(timeout)
      const path = headers[":path"] ?? ""
      if (inner.handlers.has(path)) return
      headers[":path"] = unknown
      headers[askedHeader] = path
    })
    listening.push(made)
    return made
  }
  return listening
}

/** Metadata that holds the path which was asked for and is not there. */
export const askedHeader = "x-asked-path"
