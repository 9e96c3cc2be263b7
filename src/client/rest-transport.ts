/**
 * Calls over REST: fetch, and server-sent events for streams.
 *
 * Invariants
 *   P1. What stands in a path is one part of it: a name that a URL would read as a step up or as nothing is not sent.
 */
import { AgentOSError } from "#actors/errors.js"
import { operations } from "../gateway/operations.js"
import type { Contract } from "../gateway/operations/operation.js"
import { traceparent } from "../monitoring/trace.js"
import type { ClientTls } from "./client.js"
import { readEvents } from "./event-reader.js"
import { tlsFetch } from "./tls-fetch.js"
import type { CallOptions, Transport } from "./transport.js"

type Input = Readonly<Record<string, unknown>>

export function restTransport(url: string, apiKey: string | undefined, tls?: ClientTls): Transport {
  const secured = tls && tlsFetch(tls)
  const fetch = secured?.fetch ?? globalThis.fetch
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
    throw errorOf(await response.json().catch(() => undefined), `${url}${path} answered ${response.status}`)
  }

  return {
    async call(name, input, options = {}) {
      const response = await send(operations[name], input as Input, options)
      return (await response.json()) as never
    },
    async *follow(name, input, options = {}) {
      const response = await send(operations[name], input as Input, options, { accept: "text/event-stream" })
      try {
        for await (const data of readEvents(response.body)) {
          const event = JSON.parse(data) as { readonly type?: string }
          if (event.type === "error") throw errorOf(event, "the run failed")
          yield event as never
          if (event.type === "end") return
        }
      } catch (thrown) {
        throw thrown instanceof AgentOSError ? thrown : unreachable(thrown, url, options.signal)
      }
      throw new AgentOSError("INTERNAL", "the node ended the stream before the answer")
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

/** The error in a body, under the code that the node gave. */
function errorOf(body: unknown, otherwise: string): AgentOSError {
  const { error } = (body ?? {}) as { error?: { code?: string; message?: string; details?: Record<string, unknown> } }
  const details = error?.details === undefined ? {} : { details: error.details }
  return new AgentOSError(error?.code ?? "INTERNAL", error?.message ?? otherwise, details)
}

function unreachable(cause: unknown, url: string, signal: AbortSignal | undefined): AgentOSError {
  if (signal?.aborted === true) return new AgentOSError("CANCELLED", "cancelled by the caller", { cause })
  return new AgentOSError("UNREACHABLE", `no node answers at ${url}`, { cause })
}
