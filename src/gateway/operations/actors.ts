/** See the actors of a node. */
import { z } from "zod"
import { llmagentos } from "#proto/agent.generated.js"
import { count } from "./forms.js"
import { operation } from "./operation.js"

const { v1 } = llmagentos

const actor = z
  .object({
    address: z.string(),
    name: z.string(),
    definition: z.string(),
    phase: z.enum(["running", "starting", "waiting", "stopping", "ended"]),
    waiting: count.describe("Messages in its mailbox."),
    restarts: count,
    get children() {
      return z.array(actor)
    },
    more: count.describe("Children that are left out."),
  })
  .meta({ id: "Actor" })

export const actors = {
  ListActors: operation({
    role: "operator",
    tag: "actors",
    summary: "The node's actors as their supervisors hold them, from the root on.",
    rest: { method: "GET", path: "/v1/actors" },
    input: z.strictObject({
      mostChildren: z.int().min(1).max(10_000).optional().describe("Most children told of each actor; default 100."),
    }),
    output: actor,
    errors: [],
    wire: { request: v1.ActorsRequest, reply: v1.Actor },
    handle: async ({ mostChildren = 100 }, _call, { parts }) => parts.backend.actors(mostChildren),
  }),
}
