/** The client over gRPC: static code of proto/agent.proto on grpc-js. */
import type { ActorNode } from "#actors/telemetry.js"
import { Client as Channel, credentials, Metadata, status, type CallOptions, type ServiceError } from "@grpc/grpc-js"
import type { Clock } from "#actors/clock.js"
import { AgentOSError } from "#actors/errors.js"
import { llmagentos } from "#proto/agent.generated.js"
import type {
  AgentOnNodeView,
  AgentView,
  ClusterView,
  MoveView,
  RebalanceView,
  RunStatus,
  TopologyView,
} from "../gateway/backend.js"
import { traceparent } from "../monitoring/trace.js"
import type { Answer, AnswerEvent, Askable, AskOptions, Client, ClientTls } from "./client.js"

const { v1 } = llmagentos

interface Codec<Plain, Message extends Plain = Plain> {
  encode(message: Plain): { finish(): Uint8Array }
  decode(bytes: Uint8Array): Message
}

export function grpcTransport(host: string, apiKey: string | undefined, clock: Clock, tls?: ClientTls): Client {
  const pem = (text: string | Buffer | undefined): Buffer | null => (text === undefined ? null : Buffer.from(text))
  const secured = tls && credentials.createSsl(pem(tls.ca), pem(tls.key), pem(tls.cert))
  const channel = new Channel(host, secured ?? credentials.createInsecure())

  function head({ idempotencyKey, traceId, timeoutMs }: AskOptions): [Metadata, CallOptions] {
    const metadata = new Metadata()
    if (apiKey !== undefined) metadata.set("authorization", `Bearer ${apiKey}`)
    if (idempotencyKey !== undefined) metadata.set("idempotency-key", idempotencyKey)
    if (traceId !== undefined) metadata.set("traceparent", traceparent(traceId))
    return [metadata, timeoutMs === undefined ? {} : { deadline: clock.wallTime() + timeoutMs }]
  }

  function call<Plain, Message extends Plain, ReplyPlain, Reply extends ReplyPlain>(
    operation: string,
    request: Codec<Plain, Message>,
    reply: Codec<ReplyPlain, Reply>,
    message: Plain,
    options: AskOptions = {},
  ): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const cancel = (): void => pending.cancel()
      const pending = channel.makeUnaryRequest(
        path(operation),
        (value: Plain) => Buffer.from(request.encode(value).finish()),
        (bytes) => reply.decode(bytes),
        message,
        ...head(options),
        (error, value) => {
          options.signal?.removeEventListener("abort", cancel)
          if (error !== null) reject(errorOf(error))
          else if (value === undefined) reject(new AgentOSError("INTERNAL", "the node sent no answer"))
          else resolve(value)
        },
      )
      if (options.signal?.aborted === true) cancel()
      else options.signal?.addEventListener("abort", cancel, { once: true })
    })
  }

  const steer = async (operation: string, name: string): Promise<AgentView> =>
    agentView(await call(operation, v1.Name, v1.Agent, { name }))

  const change = async (operation: string, node: string | undefined): Promise<ClusterView> =>
    clusterView(await call(operation, v1.NodeRequest, v1.Cluster, node === undefined ? {} : { node }))

  return {
    run: async (target, input, options = {}) =>
      answer(await call("Run", v1.RunRequest, v1.RunReply, runRequest(target, input, options), options)),

    async *stream(target, input, options = {}) {
      const events = channel.makeServerStreamRequest(
        path("StreamRun"),
        (value: llmagentos.v1.IRunRequest) => Buffer.from(v1.RunRequest.encode(value).finish()),
        (bytes) => v1.RunEvent.decode(bytes),
        runRequest(target, input, options),
        ...head(options),
      )
      const cancel = (): void => events.cancel()
      if (options.signal?.aborted === true) cancel()
      else options.signal?.addEventListener("abort", cancel, { once: true })
      try {
        for await (const message of events as AsyncIterable<llmagentos.v1.RunEvent>) {
          const event = eventOf(message)
          if (event !== undefined) yield event
        }
      } catch (error) {
        throw errorOf(error as ServiceError)
      } finally {
        options.signal?.removeEventListener("abort", cancel)
        cancel()
      }
    },

    async status(runId) {
      const { target, state, output, errorCode, errorMessage } = await call("GetRun", v1.RunId, v1.RunStatus, { runId })
      return {
        runId,
        target,
        state: state as RunStatus["state"],
        ...(output == null ? {} : { output }),
        ...(errorCode == null ? {} : { error: { code: errorCode, message: errorMessage ?? "" } }),
      }
    },
    cancel: async (runId) => (await call("CancelRun", v1.RunId, v1.CancelReply, { runId })).cancelled,
    agents: async () => (await call("ListAgents", v1.ListRequest, v1.AgentList, {})).agents.map(agentView),
    agent: (name) => steer("DescribeAgent", name),
    startAgent: (name) => steer("StartAgent", name),
    stopAgent: (name) => steer("StopAgent", name),
    restartAgent: (name) => steer("RestartAgent", name),
    replicateAgent: async (name, count) =>
      agentView(await call("ReplicateAgent", v1.ReplicateRequest, v1.Agent, { name, count })),
    topologies: async () =>
      (await call("ListTopologies", v1.ListRequest, v1.TopologyList, {})).topologies.map(topologyView),
    topology: async (name) => topologyView(await call("DescribeTopology", v1.Name, v1.Topology, { name })),
    async addDocument({ id, format, content }) {
      const bytes = typeof content === "string" ? Buffer.from(content) : content
      const { chunks, unchanged } = await call("AddDocument", v1.Document, v1.AddDocumentReply, {
        id,
        format,
        content: bytes,
      })
      return { chunks, unchanged }
    },
    async search(query, options = {}) {
      const { hits } = await call("SearchKnowledge", v1.SearchRequest, v1.SearchReply, { query, ...options })
      return hits.map(({ text, source, heading, score }) => ({
        text: text ?? "",
        source: source ?? "",
        score: score ?? 0,
        ...(heading == null || heading === "" ? {} : { heading }),
      }))
    },
    models: async () =>
      (await call("ListModels", v1.ListRequest, v1.ModelList, {})).models.map(({ id, kind }): Askable => ({
        id: id ?? "",
        kind: kind === "topology" ? "topology" : "agent",
      })),
    actors: async (options = {}) => actorNode(await call("ListActors", v1.ActorsRequest, v1.Actor, options)),
    cluster: async () => clusterView(await call("ClusterStatus", v1.ListRequest, v1.Cluster, {})),
    drainNode: (node) => change("DrainNode", node),
    undrainNode: (node) => change("UndrainNode", node),
    leaveCluster: (node) => change("LeaveCluster", node),
    rebalanceCluster: async ({ dryRun = false } = {}) =>
      rebalanceView(await call("RebalanceCluster", v1.RebalanceRequest, v1.RebalancePlan, { dryRun })),
    forgetNode: async (name) => clusterView(await call("ForgetNode", v1.Name, v1.Cluster, { name })),
    close: async () => channel.close(),
  }
}

const path = (operation: string): string => `/llmagentos.v1.AgentService/${operation}`

function runRequest(target: string, input: string, options: AskOptions): llmagentos.v1.IRunRequest {
  const { conversation, budgetTokens, includeContext } = options
  return {
    target,
    input,
    ...(conversation === undefined ? {} : { conversation }),
    ...(budgetTokens === undefined ? {} : { budgetTokens }),
    ...(includeContext === undefined ? {} : { includeContext }),
  }
}

function answer(reply: llmagentos.v1.IRunReply): Answer {
  return {
    runId: reply.runId ?? "",
    target: reply.target ?? "",
    output: reply.output ?? "",
    usage: usage(reply.usage),
    elapsedMs: reply.elapsedMs ?? 0,
    sources: reply.sources ?? [],
    ...(reply.contextJson == null ? {} : { context: JSON.parse(reply.contextJson) as unknown }),
  }
}

function usage(message: llmagentos.v1.IUsage | null | undefined): Answer["usage"] {
  return {
    promptTokens: message?.promptTokens ?? 0,
    completionTokens: message?.completionTokens ?? 0,
    cachedTokens: message?.cachedTokens ?? 0,
  }
}

/** A message as the event that REST sends; undefined for a kind that this client does not know yet. */
function eventOf(message: llmagentos.v1.RunEvent): AnswerEvent | undefined {
  const { start, stepStarted, stepFinished, stepFailed, token, toolCalled, toolEnded, end } = message
  if (token != null) return { type: "token", ...place(token), text: token.text ?? "" }
  if (start != null)
    return { type: "start", runId: start.runId ?? "", target: start.target ?? "", resumed: start.resumed ?? false }
  if (stepStarted != null) return { type: "step", ...place(stepStarted), status: "started" }
  if (stepFinished != null) {
    const { output, elapsedMs } = stepFinished
    return {
      type: "step",
      ...place(stepFinished),
      status: "finished",
      output: output ?? "",
      elapsedMs: elapsedMs ?? 0,
      usage: usage(stepFinished.usage),
    }
  }
  if (stepFailed != null) {
    const { code, message: text, elapsedMs } = stepFailed
    return {
      type: "step",
      ...place(stepFailed),
      status: "failed",
      code: code ?? "",
      message: text ?? "",
      elapsedMs: elapsedMs ?? 0,
    }
  }
  if (toolCalled != null) {
    const given = JSON.parse(toolCalled.argumentsJson ?? "{}") as Record<string, unknown>
    return {
      type: "tool",
      ...place(toolCalled),
      tool: toolCalled.tool ?? "",
      callId: toolCalled.callId ?? "",
      status: "called",
      arguments: given,
    }
  }
  if (toolEnded != null) {
    const { tool, callId, status: state, text, elapsedMs } = toolEnded
    const outcome = state === "ok" || state === "unresolved" ? state : "error"
    return {
      type: "tool",
      ...place(toolEnded),
      tool: tool ?? "",
      callId: callId ?? "",
      status: outcome,
      text: text ?? "",
      elapsedMs: elapsedMs ?? 0,
    }
  }
  return end == null ? undefined : { type: "end", ...answer(end) }
}

function place({ step, agent }: { step?: string | null; agent?: string | null }): { step: string; agent: string } {
  return { step: step ?? "", agent: agent ?? "" }
}

function agentView(message: llmagentos.v1.IAgent): AgentView {
  return {
    name: message.name ?? "",
    description: message.description ?? "",
    model: message.model ?? "",
    state: message.state === "stopped" ? "stopped" : "running",
    replicas: message.replicas ?? 0,
    queued: message.queued ?? 0,
    tools: message.tools ?? [],
    ...(message.nodes == null || message.nodes.length === 0 ? {} : { nodes: message.nodes.map(agentOnNode) }),
  }
}

function agentOnNode(message: llmagentos.v1.IAgentOnNode): AgentOnNodeView {
  return {
    node: message.node ?? "",
    state: message.state === "stopped" ? "stopped" : "running",
    replicas: message.replicas ?? 0,
    queued: message.queued ?? 0,
  }
}

function actorNode(message: llmagentos.v1.IActor): ActorNode {
  return {
    address: message.address ?? "",
    name: message.name ?? "",
    definition: message.definition ?? "",
    phase: message.phase as ActorNode["phase"],
    waiting: message.waiting ?? 0,
    restarts: message.restarts ?? 0,
    children: (message.children ?? []).map(actorNode),
    more: message.more ?? 0,
  }
}

function topologyView(message: llmagentos.v1.ITopology): TopologyView {
  const view = { name: message.name ?? "", description: message.description ?? "", agents: message.agents ?? [] }
  return message.definitionJson == null ? view : { ...view, definition: JSON.parse(message.definitionJson) as unknown }
}

function clusterView(message: llmagentos.v1.ICluster): ClusterView {
  const { name, node, ready, registry, shards, unowned, moving } = message
  return {
    name: name ?? "",
    node: node ?? "",
    ready: ready ?? false,
    waitingFor: message.waitingFor ?? [],
    registry: registry ?? false,
    shards: shards ?? 0,
    unowned: unowned ?? 0,
    moving: moving ?? 0,
    members: (message.members ?? []).map(({ queued, ...member }) => ({
      name: member.name ?? "",
      incarnation: member.incarnation ?? 0,
      address: member.address ?? "",
      status: member.status as ClusterView["members"][number]["status"],
      roles: member.roles ?? [],
      capacity: member.capacity ?? 0,
      shards: member.shards ?? 0,
      ...(queued == null ? {} : { queued }),
    })),
  }
}

function rebalanceView({ dryRun, minutes, ...message }: llmagentos.v1.IRebalancePlan): RebalanceView {
  return {
    dryRun: dryRun ?? false,
    shares: (message.shares ?? []).map(({ node, before, after }) => ({
      node: node ?? "",
      before: before ?? 0,
      after: after ?? 0,
    })),
    now: (message.now ?? []).map(moveView),
    later: (message.later ?? []).map(moveView),
    away: message.away ?? [],
    minutes: minutes ?? 0,
  }
}

function moveView({ shard, from, to, why }: llmagentos.v1.IShardMove): MoveView {
  return { shard: shard ?? 0, ...(from == null ? {} : { from }), to: to ?? "", why: why as MoveView["why"] }
}

/** The code that the node gave, or the nearest of ours when gRPC itself failed. */
function errorOf(error: ServiceError): AgentOSError {
  const given = error.metadata?.get("error-code")[0]
  return new AgentOSError(given === undefined ? codeOf(error.code) : String(given), error.details ?? error.message, {
    cause: error,
  })
}

function codeOf(code: status): string {
  if (code === status.UNAVAILABLE) return "UNREACHABLE"
  if (code === status.CANCELLED) return "CANCELLED"
  if (code === status.DEADLINE_EXCEEDED) return "ASK_TIMEOUT"
  if (code === status.UNIMPLEMENTED) return "UNKNOWN_OPERATION"
  return code === status.RESOURCE_EXHAUSTED ? "PAYLOAD_TOO_LARGE" : "INTERNAL"
}
