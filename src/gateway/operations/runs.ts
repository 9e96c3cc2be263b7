/** Ask, follow, look after and cancel runs. */
import { z } from "zod"
import { actorErrors } from "#actors/errors.js"
import { clusterErrors } from "#cluster/errors.js"
import { llmagentos } from "#proto/agent.generated.js"
import { knowledgeErrors } from "../../knowledge/errors.js"
import { modelErrors } from "../../models/errors.js"
import { toolErrors } from "../../tools/errors.js"
import { runErrors } from "../../topologies/errors.js"
import type { Code } from "../faces.js"
import { runStatusForm } from "../messages.js"
import type { Call } from "../service.js"
import { eventView, runView } from "../views.js"
import { count, executed, name, nothing, usage } from "./forms.js"
import { everywhere, ofStores, operation, streamOperation } from "./operation.js"

const { v1 } = llmagentos

/** A run ends with whatever its agents, models and tools meet. */
export const runFailures = [
  { ...actorErrors, ...clusterErrors, ...runErrors, ...modelErrors, ...toolErrors, ...knowledgeErrors },
]
  .flatMap((table) => Object.keys(table) as Code[])
  .concat("UNKNOWN_TARGET")
  .filter((code) => !(everywhere as readonly Code[]).includes(code))

const runRequest = z.strictObject({
  target: name.describe("The agent or topology that answers."),
  input: z.string().min(1).describe("What to ask."),
  conversation: name.optional().describe("Remembers what is said under this id."),
  timeoutMs: z.int().min(1).max(86_400_000).optional().describe("Milliseconds the run may take."),
  budgetTokens: z.int().min(1).max(1_000_000_000).optional().describe("Tokens that the whole run may spend."),
  includeContext: z.boolean().optional().describe("Adds the context vector to the answer."),
})

const finish = z.enum(["stop", "length", "content-filter"])

const run = {
  runId: z.string(),
  target: z.string(),
  output: z.string(),
  finish: finish.describe("How the answer ended: `length` when it was cut, `content-filter` when it was withheld."),
  usage,
  elapsedMs: z.number(),
  sources: z.array(z.string()).describe("Where the answer's passages stand."),
  context: z.unknown().optional().describe("The context vector, where it was asked for."),
}

const step = { step: z.string(), agent: z.string() }
const tool = { type: z.literal("tool"), ...step, tool: z.string(), callId: z.string() }
const elapsedMs = z.number()
const variant = <const Shape extends z.core.$ZodLooseShape>(title: string, shape: Shape) =>
  z.object(shape).meta({ title })
const stepIs = <const Status extends string>(status: Status) => ({ type: z.literal("step"), ...step, status: z.literal(status) }) // prettier-ignore

/** What a run tells while it goes; each variant is the field of its title in the message. */
const runEvent = z
  .union([
    variant("start", { type: z.literal("start"), runId: z.string(), target: z.string(), resumed: z.boolean() }),
    variant("stepStarted", stepIs("started")),
    variant("stepFinished", {
      ...stepIs("finished"),
      output: z.string(),
      finish: finish.exactOptional(),
      model: z.string().exactOptional().describe("The model that answered."),
      elapsedMs,
      usage,
    }),
    variant("stepFailed", { ...stepIs("failed"), code: z.string(), message: z.string(), elapsedMs }),
    variant("token", { type: z.literal("token"), ...step, text: z.string() }),
    variant("toolCalled", { ...tool, status: z.literal("called"), arguments: z.record(z.string(), z.unknown()) }),
    variant("toolEnded", { ...tool, status: z.enum(["ok", "error", "unresolved"]), text: z.string(), elapsedMs }),
    variant("end", { type: z.literal("end"), ...run }),
  ])
  .meta({ id: "RunEvent" })

const byId = z.strictObject({ runId: name })

const activity = z
  .object({
    id: count.describe("A number of its own, one higher for each run."),
    runId: z.string(),
    target: z.string(),
    caller: z.string(),
    state: z.enum(["running", "finished", "failed"]),
    startedAt: z.number().describe("Wall time in milliseconds since 1970."),
    elapsedMs: z.number().exactOptional(),
    code: z.string().exactOptional().describe("Of its error, if it failed."),
  })
  .meta({ id: "Activity" })

const within = (call: Call, timeoutMs: number | undefined): Call =>
  timeoutMs === undefined ? call : { ...call, timeoutMs }

export const runs = {
  Run: operation({
    role: "user",
    tag: "runs",
    summary: "Asks an agent or topology and waits for the answer.",
    rest: { method: "POST", path: "/v1/runs" },
    input: runRequest,
    output: z.object(run).meta({ id: "Run" }),
    errors: runFailures,
    wire: { request: v1.RunRequest, reply: v1.RunReply },
    async handle({ timeoutMs, includeContext, ...input }, call, service) {
      return runView(await service.run(within(call, timeoutMs), input), includeContext)
    },
  }),
  StreamRun: streamOperation({
    role: "user",
    tag: "runs",
    summary: "The same, telling what happens while it goes; the last event is `end`, or an error.",
    rest: { method: "POST", path: "/v1/runs" },
    input: runRequest,
    output: runEvent,
    errors: runFailures,
    wire: { request: v1.RunRequest, reply: v1.RunEvent },
    eventOf: ({ type }) => type,
    follow({ timeoutMs, includeContext, ...input }, call, service) {
      const events = service.stream(within(call, timeoutMs), input)
      return (async function* () {
        for await (const event of events) yield eventView(event, includeContext === true)
      })()
    },
  }),
  GetRun: operation({
    role: "user",
    tag: "runs",
    summary: "How far a run is.",
    rest: { method: "GET", path: "/v1/runs/:runId" },
    input: byId,
    output: z
      .object({
        runId: z.string(),
        target: z.string(),
        state: z.enum(["running", "finished", "failed", "cancelled"]),
        caller: z.string().exactOptional().describe("Who began it, if that is known."),
        output: z.string().exactOptional(),
        error: z
          .object({
            code: z.string(),
            message: z.string(),
            retryable: z.boolean().exactOptional(),
            executed: executed.exactOptional(),
            details: z.record(z.string(), z.unknown()).exactOptional(),
          })
          .exactOptional(),
      })
      .meta({ id: "RunStatus" }),
    errors: ["UNKNOWN_RUN", ...ofStores, "RECORD_DAMAGED", "NODE_UNREACHABLE"],
    wire: { request: v1.RunId, reply: v1.RunStatus, answer: runStatusForm },
    handle: ({ runId }, call, service) => service.status(call, runId),
  }),
  CancelRun: operation({
    role: "user",
    tag: "runs",
    summary: "Cancels a run.",
    rest: { method: "DELETE", path: "/v1/runs/:runId" },
    input: byId,
    output: z.object({ cancelled: z.boolean().describe("False when the run had already ended.") }),
    errors: ["UNKNOWN_RUN", ...ofStores, "RECORD_DAMAGED", "NODE_UNREACHABLE"],
    wire: { request: v1.RunId, reply: v1.CancelReply },
    handle: async ({ runId }, call, service) => ({ cancelled: await service.cancel(call, runId) }),
  }),
  ListRuns: operation({
    role: "operator",
    tag: "runs",
    summary: "Every run that goes on at this node, and those of late.",
    rest: { method: "GET", path: "/v1/runs" },
    input: nothing,
    output: z.object({ runs: z.array(activity) }),
    errors: [],
    wire: { request: v1.ListRequest, reply: v1.RunList },
    handle: async (_input, { caller }, { parts }) => ({ runs: parts.activity.recent(caller.tenant) }),
  }),
  WatchRuns: streamOperation({
    role: "operator",
    tag: "runs",
    summary: "The same, and every change.",
    rest: { method: "GET", path: "/v1/runs/live" },
    input: nothing,
    output: activity,
    errors: [],
    wire: { request: v1.ListRequest, reply: v1.Activity },
    eventOf: () => "run",
    follow: (_input, call, service) => service.watch(call),
  }),
}
