/** The form of every request, once for both doors: REST checks it compiled from JSON Schema, gRPC with zod itself. */
import { z } from "zod"
import { AgentOSError } from "#actors/errors.js"
import { roles, tenantForm } from "../security/roles.js"

const name = z.string().min(1).max(200)

export const runRequest = z.strictObject({
  target: name.describe("The agent or topology that answers."),
  input: z.string().min(1).describe("What to ask."),
  conversation: name.optional().describe("Remembers what is said under this id."),
  timeoutMs: z.int().min(1).max(86_400_000).optional().describe("Milliseconds the run may take."),
  budgetTokens: z.int().min(1).max(1_000_000_000).optional().describe("Tokens that the whole run may spend."),
  includeContext: z.boolean().optional().describe("Adds the context vector to the answer."),
})
export type RunRequest = z.output<typeof runRequest>

export const replicateRequest = z.strictObject({
  count: z.int().min(1).max(64).describe("Copies that share the load."),
})

export const documentRequest = z.strictObject({
  id: name.describe("Names the document for ever: adding it again replaces what was there."),
  format: z.enum(["text", "markdown", "html", "pdf"]),
  content: z.string().describe("The text; for a PDF, its bytes in base64."),
})

export const searchRequest = z.strictObject({
  query: z.string().min(1).max(10_000),
  limit: z.int().min(1).max(100).optional().describe("Most hits; default 5."),
})

export const keyRequest = z.strictObject({
  name: name.describe("What the key is for."),
  role: z.enum(roles).optional(),
  tenant: z.string().regex(tenantForm).optional().describe("Whose runs, conversations and knowledge it is for."),
  requestsPerMinute: z.int().min(1).max(1_000_000_000).optional(),
})

const textPart = z.looseObject({ type: z.literal("text"), text: z.string() })
const chatMessage = z.looseObject({
  role: z.enum(["system", "developer", "user", "assistant"]),
  content: z.union([z.string(), z.array(textPart)]),
})

/** OpenAI's form. Fields that are not named here are accepted and have no effect: an agent decides how it samples. */
export const chatRequest = z.looseObject({
  model: name.describe("An agent or topology."),
  messages: z.array(chatMessage).min(1).max(1000),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().optional() }).nullish(),
  n: z.literal(1).nullish().describe("An agent gives one answer."),
  user: z.string().max(200).nullish(),
})
export type ChatRequest = z.output<typeof chatRequest>

const usage = z.object({ promptTokens: z.number(), completionTokens: z.number(), cachedTokens: z.number() })

export const runReply = z.object({
  runId: z.string(),
  target: z.string(),
  output: z.string(),
  usage,
  elapsedMs: z.number(),
  sources: z.array(z.string()),
  context: z.unknown().optional(),
})

export const errorReply = z.object({
  error: z.looseObject({
    code: z.string(),
    message: z.string(),
    retryable: z.boolean(),
    executed: z.enum(["no", "maybe", "yes"]),
    traceId: z.string(),
  }),
})

/** In a URL everything is text. */
export const actorsQuery = z.object({
  mostChildren: z.string().regex(/^\d+$/).optional().describe("Most children told of each actor; default 100."),
})

export const actorsRequest = z.object({
  mostChildren: z.coerce.number().int().min(1).max(10_000).default(100),
})

export const nodeRequest = z.strictObject({
  node: name.optional().describe("The node it is about; absent: the one that is asked."),
})

export const rebalanceRequest = z.strictObject({
  dryRun: z.boolean().optional().describe("Only tells what would be moved."),
})

export const forgetRequest = z.strictObject({
  node: name.describe("A node that is down and will not come back."),
})

const member = z.object({
  name: z.string(),
  incarnation: z.number(),
  address: z.string(),
  status: z.enum(["joining", "up", "unreachable", "leaving", "down"]),
  roles: z.array(z.string()),
  capacity: z.number(),
  shards: z.number(),
  queued: z.number().optional(),
})

export const clusterReply = z.object({
  name: z.string(),
  node: z.string().describe("The node that says so."),
  ready: z.boolean(),
  waitingFor: z.array(z.string()).describe("Why it is not ready, or what troubles it nevertheless."),
  registry: z.boolean().describe("Whether the registry answers this node."),
  shards: z.number(),
  unowned: z.number(),
  moving: z.number(),
  members: z.array(member),
})

const move = z.object({
  shard: z.number(),
  from: z.string().optional(),
  to: z.string(),
  why: z.enum(["new", "orphan", "leaving", "level"]),
})

export const rebalanceReply = z.object({
  dryRun: z.boolean(),
  shares: z.array(z.object({ node: z.string(), before: z.number(), after: z.number() })),
  now: z.array(move),
  later: z.array(move),
  away: z.array(z.number()).describe("Shards that stay where nobody answers."),
  minutes: z.number(),
})

/** A schema as REST and its documentation need it. */
export function jsonSchema(schema: z.ZodType): Record<string, unknown> {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { target: "draft-7", io: "input" })
  return rest
}

/** Checks a value that did not come through REST. @throws `INVALID_REQUEST` naming the fields */
export function check<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const faults = result.error.issues.map(({ path, message }) =>
    path.length === 0 ? message : `${path.join(".")}: ${message}`,
  )
  throw new AgentOSError("INVALID_REQUEST", faults.join("; "))
}
