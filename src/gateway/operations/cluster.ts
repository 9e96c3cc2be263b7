/**
 * The operations of a cluster, for administrators. Which node one is about is settled here: the one that is asked,
 * unless another is named.
 *
 * Invariants
 *   C1. What changed the cluster stands on the audit record, under the node it was done to; a look at it does not.
 *   C2. A node that leaves is answered for before it stops (see `ClusterBackend`).
 */
import { z } from "zod"
import { AgentOSError } from "#actors/errors.js"
import { llmagentos } from "#proto/agent.generated.js"
import type { ClusterBackend, ClusterView } from "../backend.js"
import { forgetForm } from "../messages.js"
import type { Code } from "../faces.js"
import type { Call, ServiceParts } from "../service.js"
import { count, name, nothing } from "./forms.js"
import { operation } from "./operation.js"

const { v1 } = llmagentos

const cluster = z
  .object({
    name: z.string(),
    node: z.string().describe("The node that says so: what it sees need not be what the others see."),
    ready: z.boolean().describe("It owns the shards that it should, and none is on its way to it."),
    waitingFor: z.array(z.string()).describe("Why it is not ready, or what troubles it nevertheless."),
    registry: z.boolean().describe("Whether the registry answers this node."),
    shards: count.describe("Shards of the whole cluster."),
    unowned: count.describe("Those of them that nobody owns."),
    moving: count.describe("Those of them that are on the move."),
    members: z.array(
      z
        .object({
          name: z.string(),
          incarnation: z.number().describe("Higher with each start."),
          address: z.string().describe("Where its peers reach it: host:port."),
          status: z.enum(["joining", "up", "unreachable", "leaving", "down"]),
          roles: z.array(z.string()),
          capacity: z.number(),
          shards: count,
          queued: count.exactOptional().describe("Requests that its agents hold, as last heard."),
        })
        .meta({ id: "Member" }),
    ),
  })
  .meta({ id: "Cluster" })

const move = z
  .object({
    shard: count,
    from: z.string().exactOptional().describe("Absent: there is nobody to take it from."),
    to: z.string(),
    why: z.enum(["new", "orphan", "leaving", "level"]),
  })
  .meta({ id: "Move" })

const about = z.strictObject({ node: name.optional().describe("The node it is about; absent: the one that is asked.") })
const failures: readonly Code[] = ["NOT_CLUSTERED", "UNKNOWN_NODE", "NODE_UNREACHABLE", "NODE_LOST", "UNAVAILABLE", "ASK_TIMEOUT"] // prettier-ignore

const changing = (path: string, summary: string, change: (cluster: ClusterBackend, node: string) => Promise<void>) =>
  operation({
    role: "admin",
    tag: "cluster",
    summary,
    rest: { method: "POST", path: `/v1/cluster/${path}` },
    input: about,
    output: cluster,
    errors: failures,
    wire: { request: v1.NodeRequest, reply: v1.Cluster },
    handle: ({ node }, call, { parts }) => changed(parts, call, node, change),
  })

export const clusters = {
  ClusterStatus: operation({
    role: "admin",
    tag: "cluster",
    summary: "The cluster as this node sees it.",
    rest: { method: "GET", path: "/v1/cluster" },
    input: nothing,
    output: cluster,
    errors: failures,
    wire: { request: v1.ListRequest, reply: v1.Cluster },
    handle: async (_input, _call, { parts }) => clusterOf(parts).status(),
  }),
  DrainNode: changing("drain", "Gives all shards of a node to the others; answers when it has none.", (to, node) =>
    to.drain(node),
  ),
  UndrainNode: changing("undrain", "Lets a node take shards again.", (to, node) => to.undrain(node)),
  LeaveCluster: changing("leave", "Drains a node and ends it.", (to, node) => to.leave(node)), // C2
  RebalanceCluster: operation({
    role: "admin",
    tag: "cluster",
    summary: "Moves shards to where they should be, or tells which would move.",
    rest: { method: "POST", path: "/v1/cluster/rebalance" },
    input: z.strictObject({ dryRun: z.boolean().optional().describe("Only tells what would be moved.") }),
    output: z
      .object({
        dryRun: z.boolean().describe("Nothing was moved."),
        shares: z.array(z.object({ node: z.string(), before: count, after: count })),
        now: z.array(move).describe("Moves to begin now, in this order."),
        later: z.array(move).describe("Moves to begin later, in this order."),
        away: z.array(count).describe("Shards that stay where nobody answers."),
        minutes: count.describe("Minutes at most until the last move begins."),
      })
      .meta({ id: "RebalancePlan" }),
    errors: failures,
    wire: { request: v1.RebalanceRequest, reply: v1.RebalancePlan },
    async handle({ dryRun = false }, call, { parts }) {
      const to = clusterOf(parts)
      const plan = await to.rebalance({ dryRun })
      if (!dryRun) noted(parts, call, to.node) // C1
      return plan
    },
  }),
  ForgetNode: operation({
    role: "admin",
    tag: "cluster",
    summary: "Declares a node lost for good, and what lies only there.",
    rest: { method: "POST", path: "/v1/cluster/forget" },
    input: z.strictObject({ node: name.describe("A node that is down and will not come back.") }),
    output: cluster,
    errors: [...failures, "NODE_ALIVE"],
    wire: { request: v1.Name, reply: v1.Cluster, ask: forgetForm },
    handle: ({ node }, call, { parts }) => changed(parts, call, node, (to, lost) => to.forget(lost)),
  }),
}

async function changed(
  parts: ServiceParts,
  call: Call,
  node: string | undefined,
  change: (cluster: ClusterBackend, node: string) => Promise<void>,
): Promise<ClusterView> {
  const to = clusterOf(parts)
  const about = node ?? to.node
  await change(to, about)
  noted(parts, call, about) // C1
  return to.status()
}

function noted({ guard }: ServiceParts, { caller, operation, traceId }: Call, node: string): void {
  guard.done(caller, operation, node, traceId)
}

function clusterOf({ backend }: ServiceParts): ClusterBackend {
  if (backend.cluster !== undefined) return backend.cluster
  throw new AgentOSError(
    "NOT_CLUSTERED",
    "this node is in no cluster; give it a section `cluster:` in its configuration and start it again",
  )
}
