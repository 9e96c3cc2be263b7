/**
 * The typed client of a node, the same over REST and gRPC. Failures are thrown as `AgentOSError` with the code that the node gave.
 */
import { systemClock, type Clock } from "#actors/clock.js"
import { AgentOSError } from "#actors/errors.js"
import type { ActorNode } from "#actors/telemetry.js"
import "../errors.js"
import type { AgentView, ClusterView, RebalanceView, RunStatus, TopologyView } from "../gateway/backend.js"
import type { RunView } from "../gateway/views.js"
import type { Document, SearchHit } from "../knowledge/knowledge.js"
import type { RunEvent } from "../run.js"
import { grpcTransport } from "./grpc-transport.js"
import { restTransport } from "./rest-transport.js"

/** Certificates in PEM form. */
export interface ClientTls {
  /** Of the authority that signed the node's certificate; default: those that everybody trusts. */
  readonly ca?: string | Buffer
  /** One's own certificate and its key, for a node that wants to see one. */
  readonly cert?: string | Buffer
  readonly key?: string | Buffer
}

export interface ClientOptions {
  /** `http://HOST:PORT` or `https://...` for REST, `grpc://HOST:PORT` or `grpcs://...` for gRPC. */
  readonly url: string
  /** An API key, or the node's own token; may be left out on loopback. */
  readonly apiKey?: string
  /** Certificates, over `https:` and `grpcs:`. */
  readonly tls?: ClientTls
  /** Tells when a deadline is; default the system's clock. */
  readonly clock?: Clock
}

export interface AskOptions {
  /** Remembers what is said under this id. */
  readonly conversation?: string
  /** Tokens that the whole run may spend. */
  readonly budgetTokens?: number
  /** Milliseconds the run may take. */
  readonly timeoutMs?: number
  /** Cancels the run. */
  readonly signal?: AbortSignal
  /** The same key again gives the first run's answer instead of a second run. */
  readonly idempotencyKey?: string
  /** A W3C trace id, 32 hexadecimal digits, to find the run under in the node's log. */
  readonly traceId?: string
  /** Adds the context vector, as JSON, to the answer. */
  readonly includeContext?: boolean
}

/** A run's answer. */
export type Answer = RunView

/** What a run tells while it goes; a failure is thrown instead. */
export type AnswerEvent = Exclude<RunEvent, { type: "end" } | { type: "error" }> | ({ readonly type: "end" } & Answer)

/** Something that can be asked. */
export interface Askable {
  readonly id: string
  readonly kind: "agent" | "topology"
}

export interface Client {
  /** Asks an agent or topology and waits for the answer. */
  run(target: string, input: string, options?: AskOptions): Promise<Answer>
  /** The same, telling what happens while it goes. Leaving the loop cancels the run. */
  stream(target: string, input: string, options?: AskOptions): AsyncIterable<AnswerEvent>
  status(runId: string): Promise<RunStatus>
  /** False when the run had already ended. */
  cancel(runId: string): Promise<boolean>
  agents(): Promise<readonly AgentView[]>
  agent(name: string): Promise<AgentView>
  startAgent(name: string): Promise<AgentView>
  stopAgent(name: string): Promise<AgentView>
  restartAgent(name: string): Promise<AgentView>
  /** Sets how many copies share an agent's load. */
  replicateAgent(name: string, count: number): Promise<AgentView>
  topologies(): Promise<readonly TopologyView[]>
  topology(name: string): Promise<TopologyView>
  addDocument(document: Document): Promise<{ readonly chunks: number; readonly unchanged: boolean }>
  search(query: string, options?: { readonly limit?: number }): Promise<readonly SearchHit[]>
  models(): Promise<readonly Askable[]>
  /** The node's actors as their supervisors hold them, from the root on. */
  actors(options?: { readonly mostChildren?: number }): Promise<ActorNode>
  /** The cluster as this node sees it. @throws `NOT_CLUSTERED`, as the five that follow */
  cluster(): Promise<ClusterView>
  /** Gives all shards of a node (default: the one that is asked) to the others; answers when it has none. */
  drainNode(node?: string): Promise<ClusterView>
  /** Lets a node that was drained take shards again. */
  undrainNode(node?: string): Promise<ClusterView>
  /** Drains a node (default: the one that is asked) and ends it. */
  leaveCluster(node?: string): Promise<ClusterView>
  /** Moves shards to where they should be, or only tells which would move. */
  rebalanceCluster(options?: { readonly dryRun?: boolean }): Promise<RebalanceView>
  /** Declares a node lost for good, and what lies only there. */
  forgetNode(node: string): Promise<ClusterView>
  /** Closes the connection. */
  close(): Promise<void>
}

/** Makes a client; the connection is opened by the first call. @throws `INVALID_REQUEST` for a URL of another kind */
export function createClient(options: ClientOptions): Client {
  const clock = options.clock ?? systemClock
  const { protocol, host } = parse(options.url)
  const { apiKey, tls } = options
  if (protocol === "grpc:") return grpcTransport(host, apiKey, clock)
  if (protocol === "grpcs:") return grpcTransport(host, apiKey, clock, tls ?? {})
  if (protocol === "http:" || protocol === "https:")
    return restTransport(`${protocol}//${host}`, apiKey, protocol === "https:" ? tls : undefined)
  throw unusable(options.url)
}

function parse(url: string): URL {
  if (URL.canParse(url)) return new URL(url)
  throw unusable(url)
}

function unusable(url: string): AgentOSError {
  return new AgentOSError(
    "INVALID_REQUEST",
    `${JSON.stringify(url)} is not the URL of a node: give http://HOST:PORT or grpc://HOST:PORT, with TLS https: or grpcs:`,
  )
}
