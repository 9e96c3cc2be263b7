/**
 * Calls over REST: fetch, and server-sent events for streams.
 *
 * Invariants
 *   P1. What stands in a path is one part of it: a name that a URL would read as a step up or as nothing is not sent.
 */
import { AgentOSError, thrownText } from "#actors/errors.js"
import type { Told } from "../gateway/faces.js"
import { operations } from "../gateway/operations.js"
import type { Contract } from "../gateway/operations/operation.js"
import { traceparent } from "../monitoring/trace.js"
import { readEvents } from "./event-reader.js"
import { tlsFault } from "./tls-faults.js"
import type { TlsFetch } from "./tls-fetch.js"
import { rebuilt, type CallOptions, type Transport } from "./transport.js"

type Input = Readonly<Record<string, unknown>>

export function restTransport(url: string, apiKey: string | undefined, secured?: TlsFetch): Transport {
  const { fetch } = secured ?? globalThis
  async function send(
    { rest }: Contract,
    input: Input,
    { signal, idempotencyKey, traceId }: CallOptions,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Response> {
    const { path, query, body } = requestOf(rest, input)
    const response = await fetch(url + path + query, {
      method: rest.method,
      headers: {
        ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...(idempotencyKey === undefined ? {} : { "idempotency-key": idempotencyKey }),
        ...(traceId === undefined ? {} : { traceparent: traceparent(traceId) }),
        ...headers,
      },
      ...(body === undefined ? {} : { body }),
      ...(signal === undefined ? {} : { signal }),
    }).catch((cause: unknown) => {
      throw unreachable(cause, url, signal)
    })
    if (response.ok) return response
    const told: unknown = await response.json().catch(() => undefined)
    throw errorOf(told, response.status, `${url}${path} answered ${response.status}`)
  }

  return {
    async call(name, input, options = {}) {
      const response = await send(operations[name], input as Input, options)
      return (await response.json().catch((cause: unknown) => {
        throw unreachable(cause, url, options.signal)
      })) as never
    },
    async *follow(name, input, options = {}) {
      const response = await send(operations[name], input as Input, options, { accept: "text/event-stream" })
      try {
        for await (const data of readEvents(response.body)) {
          const event = JSON.parse(data) as { readonly type?: string }
          if (event.type === "error") throw errorOf(event, 500, "the call failed")
          yield event as never
          if (event.type === "end") return
        }
      } catch (thrown) {
        throw thrown instanceof AgentOSError ? thrown : unreachable(thrown, url, options.signal)
      }
      throw new AgentOSError("UNREACHABLE", "the node ended the stream before the answer")
    },
    close: async () => secured?.close(),
  }
}

/** Where an input stands in a request. @throws `INVALID_REQUEST` (P1) */
function requestOf({ method, path }: Contract["rest"], input: Input) {
  const rest = new Map(Object.entries(input).filter(([, value]) => value !== undefined))
  const filled = path.replace(/:(\w+)/g, (_, name: string) => {
    const value = String(rest.get(name) ?? "")
    rest.delete(name)
    if (value !== "" && value !== "." && value !== "..") return encodeURIComponent(value.toWellFormed())
    throw new AgentOSError("INVALID_REQUEST", `${name} is ${JSON.stringify(value)}, which no URL can hold`)
  })
  if (method === "POST") return { path: filled, query: "", body: JSON.stringify(Object.fromEntries(rest)) }
  const query = new URLSearchParams(
    Object.fromEntries([...rest].map(([name, value]) => [name, String(value)])),
  ).toString()
  return { path: filled, query: query === "" ? "" : `?${query}` }
}

/** The error in a body, as the node told it; without one, what the status says. */
function errorOf(body: unknown, status: number, otherwise: string): AgentOSError {
  const { error } = (typeof body === "object" ? (body ?? {}) : {}) as { readonly error?: Partial<Told> }
  if (typeof error?.code !== "string") return new AgentOSError(codes[status] ?? "INTERNAL", otherwise)
  const { code, message, executed, retryable, details } = error
  return rebuilt({ code, message: message ?? otherwise, executed, retryable, details })
}

/** Of an answer that no node gave: what stands before one. */
const codes: Readonly<Record<number, string>> = {
  400: "INVALID_REQUEST",
  401: "UNAUTHENTICATED",
  403: "FORBIDDEN",
  404: "UNKNOWN_OPERATION",
  405: "METHOD_NOT_ALLOWED",
  413: "PAYLOAD_TOO_LARGE",
  415: "UNSUPPORTED_MEDIA_TYPE",
  429: "RATE_LIMITED",
  502: "UNREACHABLE",
  503: "UNREACHABLE",
  504: "UNREACHABLE",
}

/** Causes that come before anything was sent. */
const unsent = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH", "UND_ERR_CONNECT_TIMEOUT"]) // prettier-ignore

interface Fault {
  readonly code?: string
  readonly message?: string
}

function unreachable(cause: unknown, url: string, signal: AbortSignal | undefined): AgentOSError {
  if (signal?.aborted === true) return new AgentOSError("CANCELLED", "cancelled by the caller", { cause })
  const { code, cause: inner } = (cause ?? {}) as Fault & { readonly cause?: Fault }
  if (unsent.has(inner?.code ?? code ?? "") || inner?.message === "bad port")
    return new AgentOSError("UNREACHABLE", `no node answers at ${url}`, { cause, executed: "no" })
  const words = inner?.message ?? thrownText(cause)
  return (
    tlsFault(url, words, cause) ??
    new AgentOSError("UNREACHABLE", `the connection to ${url} ended before the answer: ${words}`, { cause })
  )
}
