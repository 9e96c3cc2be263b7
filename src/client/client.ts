/**
 * The typed client of a node, the same over REST and gRPC. Failures are thrown as `AgentOSError` with the code that the node gave.
 */
import { systemClock, type Clock } from "#actors/clock.js"
import { AgentOSError } from "#actors/errors.js"
import type { ActorNode } from "#actors/telemetry.js"
import "../errors.js"
import type { AgentView, ClusterView, RebalanceView, RunStatus, TopologyView } from "../gateway/backend.js"
import type { InputOf, OutputOf } from "../gateway/operations.js"
import type { EventView, RunView } from "../gateway/views.js"
import type { Added, Document, DocumentEntry, Fact, SearchHit } from "../knowledge/knowledge.js"
import { checked } from "./checked.js"
import { closable } from "./closable.js"
import { grpcTransport } from "./grpc-transport.js"
import { restTransport } from "./rest-transport.js"
import { checkTls } from "./tls-faults.js"
import { tlsFetch } from "./tls-fetch.js"
import type { CallOptions, Transport } from "./transport.js"

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

export interface AskOptions extends CallOptions {
  /** Remembers what is said under this id. */
  readonly conversation?: string | undefined
  /** Tokens that the whole run may spend. */
  readonly budgetTokens?: number | undefined
  /** Milliseconds the run may take. */
  readonly timeoutMs?: number | undefined
  /** Adds the context vector, as JSON, to the answer. */
  readonly includeContext?: boolean | undefined
}

/** A run's answer. */
export type Answer = RunView

/** What a run tells while it goes; a failure is thrown instead. */
export type AnswerEvent = EventView

/** Something that can be asked. */
export interface Askable {
  readonly id: string
  readonly kind: "agent" | "topology"
  readonly description: string
}

export interface Client {
  /** Asks an agent or topology and waits for the answer. */
  run(target: string, input: string, options?: AskOptions): Promise<Answer>
  /** The same, telling what happens while it goes. Leaving the loop cancels the run, unless it has an idempotency key. */
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
  addDocument(document: Document): Promise<Added>
  documents(): Promise<readonly DocumentEntry[]>
  /** False when there was none. */
  removeDocument(id: string): Promise<boolean>
  search(query: string, options?: { readonly limit?: number }): Promise<readonly SearchHit[]>
  assertFact(fact: Fact): Promise<void>
  /** False when there was none. */
  retractFact(fact: Fact): Promise<boolean>
  /** Facts that have every part that is given; at most 100, unless a limit is given. */
  facts(pattern?: InputOf<"FindFacts">): Promise<readonly Fact[]>
  /** Records of a type that hold what is asked for; at most 100, unless a limit is given. */
  records(type: string, options?: Omit<InputOf<"FindRecords">, "type">): Promise<OutputOf<"FindRecords">["records"]>
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
  /** Any operation of the node by its name, those above included. */
  readonly call: Transport["call"]
  /** Any operation that streams. Leaving the loop calls it off. */
  readonly follow: Transport["follow"]
  /** Closes the connection. Calls that go on then, and later ones, end with `CLIENT_CLOSED`. */
  close(): Promise<void>
}

/** Makes a client; the connection is opened by the first call. @throws `INVALID_REQUEST` for a URL of another kind; `INVALID_CERTIFICATE` */
export function createClient(options: ClientOptions): Client {
  const transport = closable(checked(transportOf(options)))
  const { call, follow } = transport
  return {
    run: (target, input, options = {}) => call("Run", ...asked(target, input, options)),
    stream: (target, input, options = {}) => follow("StreamRun", ...asked(target, input, options)),
    status: (runId) => call("GetRun", { runId }),
    cancel: async (runId) => (await call("CancelRun", { runId })).cancelled,
    agents: async () => (await call("ListAgents", {})).agents,
    agent: (name) => call("DescribeAgent", { name }),
    startAgent: (name) => call("StartAgent", { name }),
    stopAgent: (name) => call("StopAgent", { name }),
    restartAgent: (name) => call("RestartAgent", { name }),
    replicateAgent: (name, count) => call("ReplicateAgent", { name, count }),
    topologies: async () => (await call("ListTopologies", {})).topologies,
    topology: (name) => call("DescribeTopology", { name }),
    addDocument: ({ content, ...document }) =>
      call("AddDocument", {
        ...document,
        ...(content instanceof Uint8Array
          ? { content: Buffer.from(content).toString("base64"), encoding: "base64" }
          : { content }),
      }),
    documents: async () => (await call("ListDocuments", {})).documents,
    removeDocument: async (id) => (await call("RemoveDocument", { id })).removed,
    assertFact: async (fact) => void (await call("AssertFact", fact)),
    retractFact: async ({ subject, relation, object }) =>
      (await call("RetractFact", { subject, relation, object })).removed,
    facts: async (pattern = {}) => (await call("FindFacts", pattern)).facts,
    records: async (type, options = {}) => (await call("FindRecords", { type, ...options })).records,
    search: async (query, options = {}) => (await call("SearchKnowledge", { query, ...options })).hits,
    models: async () => (await call("ListModels", {})).data,
    actors: (options = {}) => call("ListActors", options),
    cluster: () => call("ClusterStatus", {}),
    drainNode: (node) => call("DrainNode", { node }),
    undrainNode: (node) => call("UndrainNode", { node }),
    leaveCluster: (node) => call("LeaveCluster", { node }),
    rebalanceCluster: (options = {}) => call("RebalanceCluster", options),
    forgetNode: (node) => call("ForgetNode", { node }),
    call,
    follow,
    close: () => transport.close(),
  }
}

/** Options that go with the call, and those that are part of what is asked. */
function asked(target: string, input: string, options: AskOptions): [InputOf<"Run">, CallOptions] {
  const { signal, idempotencyKey, traceId, ...rest } = options
  return [
    { target, input, ...rest },
    { signal, idempotencyKey, traceId },
  ]
}

function transportOf({ url, apiKey, tls, clock = systemClock }: ClientOptions): Transport {
  const { protocol, host } = parse(url)
  if (apiKey !== undefined && !/^[\x21-\x7e]*$/.test(apiKey))
    throw new AgentOSError("INVALID_REQUEST", "apiKey holds what no key has: only printable ASCII, without spaces")
  if (tls !== undefined) checkTls(tls)
  if (protocol === "grpc:") return grpcTransport(host, apiKey, clock)
  if (protocol === "grpcs:") return grpcTransport(host, apiKey, clock, tls ?? {})
  if (protocol === "http:" || protocol === "https:")
    return restTransport(
      `${protocol}//${host}`,
      apiKey,
      protocol === "https:" && tls !== undefined ? tlsFetch(tls) : undefined,
    )
  throw unusable(url)
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
