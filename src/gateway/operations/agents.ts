/** See and steer agents, and see what can be asked. */
import { z } from "zod"
import { llmagentos } from "#proto/agent.generated.js"
import type { Code } from "../faces.js"
import { modelsForm } from "../messages.js"
import { count, name, nothing } from "./forms.js"
import { ofStores, operation } from "./operation.js"

const { v1 } = llmagentos

const state = z.enum(["running", "stopped"])

const agent = z
  .object({
    name: z.string(),
    description: z.string(),
    model: z.string(),
    state,
    replicas: count,
    queued: count.describe("Requests that wait or are being worked on."),
    tools: z.array(z.string()),
    nodes: z
      .array(z.object({ node: z.string(), state, replicas: count, queued: count }))
      .exactOptional()
      .describe("In a cluster: how it stands on each node; replicas and queued are those of all nodes."),
  })
  .meta({ id: "Agent" })

const byName = z.strictObject({ name })
const steered: readonly Code[] = ["UNKNOWN_AGENT", "AGENT_STOPPED", "NODE_UNREACHABLE", "NO_NODE_FOR_AGENT", ...ofStores] // prettier-ignore

const steering = <const Verb extends "start" | "stop" | "restart">(verb: Verb, summary: string) =>
  operation({
    role: "operator",
    tag: "agents",
    summary,
    rest: { method: "POST", path: `/v1/agents/:name/${verb}` },
    input: byName,
    output: agent,
    errors: steered,
    wire: { request: v1.Name, reply: v1.Agent },
    handle: (input, call, service) => service.steer(call, input.name, verb),
  })

/** OpenAI's form of what can be asked. */
export const model = z
  .object({
    id: z.string().describe("An agent or topology, as `target` and as OpenAI's `model` name it."),
    object: z.literal("model"),
    created: z.literal(0),
    owned_by: z.literal("llmagentos"),
    kind: z.enum(["agent", "topology"]),
    description: z.string(),
  })
  .meta({ id: "Model" })

/** What can be asked, as OpenAI's clients know it. */
export const modelView = <Target extends { readonly id: string }>(target: Target) =>
  ({ ...target, object: "model", created: 0, owned_by: "llmagentos" }) as const

export const agents = {
  ListAgents: operation({
    role: "user",
    tag: "agents",
    summary: "Every agent with its state.",
    rest: { method: "GET", path: "/v1/agents" },
    input: nothing,
    output: z.object({ agents: z.array(agent) }),
    errors: ["NODE_UNREACHABLE"],
    wire: { request: v1.ListRequest, reply: v1.AgentList },
    handle: async (_input, _call, { parts }) => ({ agents: await parts.backend.agents.list() }),
  }),
  DescribeAgent: operation({
    role: "user",
    tag: "agents",
    summary: "One agent.",
    rest: { method: "GET", path: "/v1/agents/:name" },
    input: byName,
    output: agent,
    errors: ["UNKNOWN_AGENT", "NODE_UNREACHABLE"],
    wire: { request: v1.Name, reply: v1.Agent },
    handle: (input, _call, { parts }) => parts.backend.agents.describe(input.name),
  }),
  StartAgent: steering("start", "Makes an agent start."),
  StopAgent: steering("stop", "Makes an agent stop."),
  RestartAgent: steering("restart", "Makes an agent restart."),
  ReplicateAgent: operation({
    role: "operator",
    tag: "agents",
    summary: "Sets how many copies share an agent's load.",
    rest: { method: "POST", path: "/v1/agents/:name/replicate" },
    input: z.strictObject({ name, count: z.int().min(1).max(64).describe("Copies that share the load.") }),
    output: agent,
    errors: steered,
    wire: { request: v1.ReplicateRequest, reply: v1.Agent },
    handle: (input, call, service) => service.steer(call, input.name, { replicate: input.count }),
  }),
  ListModels: operation({
    role: "user",
    tag: "OpenAI",
    summary: "What can be asked: every agent and topology is a model.",
    rest: { method: "GET", path: "/v1/models" },
    input: nothing,
    output: z.object({ object: z.literal("list"), data: z.array(model) }),
    errors: ["NODE_UNREACHABLE"],
    wire: { request: v1.ListRequest, reply: v1.ModelList, answer: modelsForm },
    handle: async (_input, _call, service) => ({
      object: "list" as const,
      data: (await service.targets()).map(modelView),
    }),
  }),
}
