/** Values of this system as messages of proto/agent.proto. Pure. */
import type { ActorNode } from "#actors/telemetry.js"
import type { llmagentos } from "#proto/agent.generated.js"
import type { RunEvent, RunResult } from "../run.js"
import type { AgentView, ClusterView, RebalanceView, TopologyView } from "./backend.js"
import { runView } from "./views.js"

type RunRequestMessage = llmagentos.v1.IRunRequest

/** The fields of a message that were given: absent ones are null there and absent here. */
export function given<Message extends object>(
  message: Message,
): { [Field in keyof Message]: Exclude<Message[Field], null | undefined> } {
  return Object.fromEntries(Object.entries(message).filter(([, value]) => value !== null && value !== undefined)) as {
    [Field in keyof Message]: Exclude<Message[Field], null | undefined>
  }
}

/** A run request as the schema of both doors wants it. */
export function runRequest(message: RunRequestMessage): unknown {
  const { target, input, conversation, budgetTokens, includeContext } = message
  return {
    target,
    input,
    conversation: conversation ?? undefined,
    budgetTokens: budgetTokens ?? undefined,
    includeContext: includeContext ?? undefined,
  }
}

export function runReply(run: RunResult, includeContext: boolean): llmagentos.v1.IRunReply {
  const { context, sources, ...view } = runView(run, includeContext)
  const reply = { ...view, sources: [...sources] }
  return context === undefined ? reply : { ...reply, contextJson: JSON.stringify(context) }
}

/** An event; undefined for one that has no message (an error ends the call instead). */
export function runEvent(event: RunEvent, includeContext: boolean): llmagentos.v1.IRunEvent | undefined {
  switch (event.type) {
    case "start":
      return { start: event }
    case "step":
      if (event.status === "started") return { stepStarted: event }
      return event.status === "finished" ? { stepFinished: event } : { stepFailed: event }
    case "token":
      return { token: event }
    case "tool":
      if (event.status !== "called") return { toolEnded: event }
      return { toolCalled: { ...event, argumentsJson: JSON.stringify(event.arguments) } }
    case "end":
      return { end: runReply(event.run, includeContext) }
    case "error":
      return undefined
  }
}

export function agent(view: AgentView): llmagentos.v1.IAgent {
  return { ...view, tools: [...view.tools], nodes: [...(view.nodes ?? [])] }
}

/** Messages of protobuf own their arrays. */
export function actor({ children, ...node }: ActorNode): llmagentos.v1.IActor {
  return { ...node, children: children.map(actor) }
}

export function topology({ name, description, agents, definition }: TopologyView): llmagentos.v1.ITopology {
  const message = { name, description, agents: [...agents] }
  return definition === undefined ? message : { ...message, definitionJson: JSON.stringify(definition) }
}

export function cluster({ members, waitingFor, ...view }: ClusterView): llmagentos.v1.ICluster {
  return {
    ...view,
    waitingFor: [...waitingFor],
    members: members.map(({ roles, ...member }) => ({ ...member, roles: [...roles] })),
  }
}

export function plan({ shares, now, later, away, ...view }: RebalanceView): llmagentos.v1.IRebalancePlan {
  return { ...view, shares: [...shares], now: [...now], later: [...later], away: [...away] }
}
