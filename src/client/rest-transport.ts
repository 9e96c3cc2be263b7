/** The client over REST: fetch, and server-sent events for streams. */
import type { ActorNode } from "#actors/telemetry.js"
import { AgentOSError } from "#actors/errors.js"
import type { AgentView, ClusterView, RebalanceView, RunStatus, TopologyView } from "../gateway/backend.js"
import type { SearchHit } from "../knowledge/knowledge.js"
import { traceparent } from "../monitoring/trace.js"
import type { Answer, AnswerEvent, Askable, AskOptions, Client, ClientTls } from "./client.js"
import { readEvents } from "./event-reader.js"
import { tlsFetch } from "./tls-fetch.js"

interface Request {
  readonly method?: "GET" | "POST" | "DELETE"
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal | undefined
}

export function restTransport(url: string, apiKey: string | undefined, tls?: ClientTls): Client {
  const secured = tls && tlsFetch(tls)
  const fetch = secured?.fetch ?? globalThis.fetch
  async function send(path: string, { method = "GET", body, headers, signal }: Request = {}): Promise<Response> {
    const response = await fetch(url + path, {
      method,
      headers: {
        ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    }).catch((cause: unknown) => {
      throw unreachable(cause, url, signal)
    })
    if (response.ok) return response
    throw errorOf(await response.json().catch(() => undefined), `${url}${path} answered ${response.status}`)
  }
  async function call<Value>(path: string, request?: Request): Promise<Value> {
    return (await (await send(path, request)).json()) as Value
  }
  const named = (path: string, name: string, rest = ""): string => `${path}/${encodeURIComponent(name)}${rest}`
  const steer = (name: string, verb: string, body: object = {}): Promise<AgentView> =>
    call(named("/v1/agents", name, `/${verb}`), { method: "POST", body })

  const change = <Value>(verb: string, body: object): Promise<Value> =>
    call(`/v1/cluster/${verb}`, { method: "POST", body })

  return {
    run: (target, input, options = {}) => call<Answer>("/v1/runs", ask(target, input, options)),
    async *stream(target, input, options = {}) {
      const request = ask(target, input, options)
      const response = await send("/v1/runs", {
        ...request,
        headers: { ...request.headers, accept: "text/event-stream" },
      })
      try {
        for await (const data of readEvents(response.body)) {
          const event = JSON.parse(data) as AnswerEvent | { readonly type: "error" }
          if (event.type === "error") throw errorOf(event, "the run failed")
          yield event
          if (event.type === "end") return
        }
      } catch (thrown) {
        throw thrown instanceof AgentOSError ? thrown : unreachable(thrown, url, options.signal)
      }
      throw new AgentOSError("INTERNAL", "the node ended the stream before the answer")
    },
    status: (runId) => call<RunStatus>(named("/v1/runs", runId)),
    cancel: async (runId) =>
      (await call<{ cancelled: boolean }>(named("/v1/runs", runId), { method: "DELETE" })).cancelled,
    agents: async () => (await call<{ agents: AgentView[] }>("/v1/agents")).agents,
    agent: (name) => call<AgentView>(named("/v1/agents", name)),
    startAgent: (name) => steer(name, "start"),
    stopAgent: (name) => steer(name, "stop"),
    restartAgent: (name) => steer(name, "restart"),
    replicateAgent: (name, count) => steer(name, "replicate", { count }),
    topologies: async () => (await call<{ topologies: TopologyView[] }>("/v1/topologies")).topologies,
    topology: (name) => call<TopologyView>(named("/v1/topologies", name)),
    addDocument({ id, format, content }) {
      const bytes = typeof content === "string" ? Buffer.from(content) : Buffer.from(content)
      const text = format === "pdf" ? bytes.toString("base64") : bytes.toString("utf8")
      return call("/v1/knowledge/documents", { method: "POST", body: { id, format, content: text } })
    },
    search: async (query, options = {}) =>
      (await call<{ hits: SearchHit[] }>("/v1/knowledge/search", { method: "POST", body: { query, ...options } })).hits,
    models: async () => (await call<{ data: Askable[] }>("/v1/models")).data.map(({ id, kind }) => ({ id, kind })),
    actors: ({ mostChildren = 100 } = {}) => call<ActorNode>(`/v1/actors?mostChildren=${mostChildren}`),
    cluster: () => call<ClusterView>("/v1/cluster"),
    drainNode: (node) => change("drain", { node }),
    undrainNode: (node) => change("undrain", { node }),
    leaveCluster: (node) => change("leave", { node }),
    rebalanceCluster: ({ dryRun = false } = {}) => change<RebalanceView>("rebalance", { dryRun }),
    forgetNode: (node) => change("forget", { node }),
    close: async () => secured?.close(),
  }
}

function ask(target: string, input: string, options: AskOptions): Request {
  const { signal, idempotencyKey, traceId, ...rest } = options
  return {
    method: "POST",
    body: { target, input, ...rest },
    signal,
    headers: {
      ...(idempotencyKey === undefined ? {} : { "idempotency-key": idempotencyKey }),
      ...(traceId === undefined ? {} : { traceparent: traceparent(traceId) }),
    },
  }
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
