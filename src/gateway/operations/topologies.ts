/** See topologies. */
import { z } from "zod"
import { llmagentos } from "#proto/agent.generated.js"
import { name, nothing } from "./forms.js"
import { operation } from "./operation.js"

const { v1 } = llmagentos

const topology = z
  .object({
    name: z.string(),
    description: z.string(),
    agents: z.array(z.string()).describe("Agents that it uses."),
    definition: z.unknown().optional().describe("The topology as data."),
  })
  .meta({ id: "Topology" })

export const topologies = {
  ListTopologies: operation({
    role: "user",
    tag: "topologies",
    summary: "Every topology.",
    rest: { method: "GET", path: "/v1/topologies" },
    input: nothing,
    output: z.object({ topologies: z.array(topology) }),
    errors: [],
    wire: { request: v1.ListRequest, reply: v1.TopologyList },
    handle: async (_input, _call, { parts }) => ({ topologies: await parts.backend.topologies.list() }),
  }),
  DescribeTopology: operation({
    role: "user",
    tag: "topologies",
    summary: "One topology, with its definition.",
    rest: { method: "GET", path: "/v1/topologies/:name" },
    input: z.strictObject({ name }),
    output: topology,
    errors: ["UNKNOWN_TOPOLOGY"],
    wire: { request: v1.Name, reply: v1.Topology },
    handle: (input, _call, { parts }) => parts.backend.topologies.describe(input.name),
  }),
}
