/**
 * The fields of OpenAI's chat request, and what becomes of each: the one table that requests are read by and that the documentation is made from.
 *
 * Invariants
 *   Q1. No field is ignored: it is honoured, or taken because it says nothing about the answer, or refused by its name (`param`). Null is absent.
 *   Q2. A field that says how words are chosen is honoured for an agent; the agents of a topology have their own, so that there it is refused.
 */
import { z } from "zod"
import { AgentOSError } from "#actors/errors.js"
import type { Decoding } from "../models/model.js"

export interface ChatField {
  /** `default`: only the value that asks for what happens anyway. `taken`: says nothing about the answer. */
  readonly fate: "honoured" | "decoding" | "default" | "taken" | "refused"
  readonly form: z.ZodType
  /** What it does, or why it is refused. */
  readonly says: string
}

const field = (fate: ChatField["fate"], form: z.ZodType, says: string): ChatField => ({ fate, form, says })
const refused = (says: string): ChatField => field("refused", z.undefined(), says)
const nothing = z.array(z.never()).max(0)

const textOnly = "is a text, or a list of parts of the type text: images, audio and files are not read"
const content = z.union([z.string(), z.array(z.strictObject({ type: z.literal("text"), text: z.string() }))], textOnly)
const noTools = "is not taken: an agent has its own tools, and says only what it says"
const said = z.strictObject({ role: z.enum(["system", "developer", "user"]), content }, { error: unknown(noTools) })
const answered = z.strictObject(
  { role: z.literal("assistant"), content: content.optional(), refusal: z.string().optional() },
  { error: unknown(noTools) },
)
const roles = "is system, developer, user or assistant: an agent has its own tools, and what others gave is not taken"

const chatMessage = z.discriminatedUnion("role", [said, answered], roles)
export type ChatMessage = z.output<typeof chatMessage>

const tokens = z.int().min(1).max(1_000_000_000)
const ownTools = "an agent has its own tools"
const oneAnswer = "an agent gives one answer, as text"

export const chatFields = {
  model: field("honoured", z.string().min(1).max(200), "The agent or topology that answers."),
  messages: field("honoured", z.array(chatMessage).min(1).max(1000), "Texts; the last is the user's question."),
  stream: field("honoured", z.boolean(), "The answer as it is written; of a topology, once it is known."),
  stream_options: field(
    "honoured",
    z.strictObject({ include_usage: z.boolean().optional(), include_obfuscation: z.literal(false).optional() }),
    "`include_usage`, with `stream`.",
  ),
  temperature: field("decoding", z.number().min(0).max(2), "0 takes the likeliest word."),
  top_p: field("decoding", z.number().min(0).max(1), "Only the likeliest words, of this share together."),
  max_tokens: field("decoding", tokens, "Most tokens of each turn of the agent's model."),
  max_completion_tokens: field("decoding", tokens, "The same, by its newer name."),
  stop: field(
    "decoding",
    z.union([z.string().min(1), z.array(z.string().min(1)).max(4)], "is a text or up to four, none of them empty"),
    "The answer ends before the first of these.",
  ),
  seed: field("decoding", z.int(), "The same seed and question, the same words, as far as the model can."),
  n: field("default", z.literal(1), oneAnswer),
  tools: field("default", nothing, ownTools),
  tool_choice: field("default", z.enum(["none", "auto"]), ownTools),
  parallel_tool_calls: field("taken", z.boolean(), "It is about `tools`, of which there are none."),
  functions: field("default", nothing, ownTools),
  function_call: field("default", z.enum(["none", "auto"]), ownTools),
  response_format: field("default", z.strictObject({ type: z.literal("text") }), oneAnswer),
  modalities: field("default", z.array(z.literal("text")).length(1), oneAnswer),
  logprobs: field("default", z.literal(false), "what a model thought likely is not told"),
  top_logprobs: field("default", z.literal(0), "what a model thought likely is not told"),
  logit_bias: field("default", z.strictObject({}), "models differ in their tokens"),
  frequency_penalty: field("default", z.literal(0), "not every model has it"),
  presence_penalty: field("default", z.literal(0), "not every model has it"),
  verbosity: field("default", z.literal("medium"), "how long an agent's answers are is in its instructions"),
  store: field("default", z.literal(false), "answers are not kept to be fetched; a `conversation` of `/v1/runs` is"),
  metadata: field("default", z.strictObject({}), "nothing is kept that it could be kept with"),
  service_tier: field("default", z.enum(["auto", "default"]), "all requests are of one kind"),
  reasoning_effort: refused("how much an agent thinks is up to its model"),
  prediction: refused("an answer is written anew"),
  audio: refused(oneAnswer),
  web_search_options: refused(ownTools),
  moderation: refused("filters are up to the agent's model"),
  user: field("taken", z.string().max(200), "Who asks is the API key."),
  safety_identifier: field("taken", z.string().max(200), "Who asks is the API key."),
  prompt_cache_key: field("taken", z.string(), "What is cached is up to the agent's model."),
  prompt_cache_options: field("taken", z.looseObject({}), "What is cached is up to the agent's model."),
  prompt_cache_retention: field("taken", z.string(), "What is cached is up to the agent's model."),
} as const satisfies Record<string, ChatField>

/** The form that the documentation of the API shows: what may be sent. */
export const chatRequest = z.strictObject({
  ...Object.fromEntries(
    Object.entries<ChatField>(chatFields)
      .filter(([, { fate }]) => fate !== "refused")
      .map(([name, { form, says }]) => [name, form.nullish().describe(says)]),
  ),
  model: chatFields.model.form.describe(chatFields.model.says),
  messages: chatFields.messages.form.describe(chatFields.messages.says),
})

export type Kind = "agent" | "topology"

/** A chat request that was read. */
export interface ChatRequest {
  readonly model: string
  /** What the model is. */
  readonly kind: Kind
  readonly messages: readonly ChatMessage[]
  readonly stream: boolean
  readonly includeUsage: boolean
  /** How words are to be chosen, where the request says so. */
  readonly decoding: Decoding | undefined
}

interface Read {
  readonly model: string
  readonly messages: readonly ChatMessage[]
  readonly stream?: boolean
  readonly stream_options?: { readonly include_usage?: boolean }
  readonly temperature?: number
  readonly top_p?: number
  readonly max_tokens?: number
  readonly max_completion_tokens?: number
  readonly stop?: string | readonly string[]
  readonly seed?: number
}

/** @throws `UNKNOWN_TARGET`; `INVALID_REQUEST` naming the field, in `details.param` too (Q1, Q2) */
export function readChat(body: unknown, kindOf: (name: string) => Kind | undefined): ChatRequest {
  if (typeof body !== "object" || body === null || Array.isArray(body))
    throw new AgentOSError("INVALID_REQUEST", "the request is no JSON object")
  const fields = present(body)
  const { messages } = fields
  const given = { ...fields, ...(Array.isArray(messages) ? { messages: messages.map(withoutEmpty) } : {}) }
  for (const name of ["model", "messages"]) if (!Object.hasOwn(given, name)) throw refusal(name, "is missing")
  for (const [name, value] of Object.entries(given)) check(name, value)
  const read = given as unknown as Read
  const kind = kindOf(read.model)
  if (kind === undefined)
    throw new AgentOSError("UNKNOWN_TARGET", `no agent or topology is called ${JSON.stringify(read.model)}`)
  const decoding = Object.keys(given).find((name) => fieldOf(name)?.fate === "decoding")
  if (kind === "topology" && decoding !== undefined)
    throw refusal(
      decoding,
      `is not taken: the agents of ${read.model} choose their words as they were made; ask one agent`,
    )
  const { temperature, top_p: topP, max_tokens: most, max_completion_tokens: maxTokens = most, stop, seed } = read
  if (most !== undefined && most !== maxTokens)
    throw refusal("max_tokens", "differs from max_completion_tokens; give one of them")
  if (read.stream_options !== undefined && read.stream !== true)
    throw refusal("stream_options", "is for a streamed answer; set `stream` too")
  return {
    model: read.model,
    kind,
    messages: read.messages,
    stream: read.stream === true,
    includeUsage: read.stream_options?.include_usage === true,
    decoding:
      decoding === undefined
        ? undefined
        : {
            ...(temperature === undefined ? {} : { temperature }),
            ...(topP === undefined ? {} : { topP }),
            ...(maxTokens === undefined ? {} : { maxTokens }),
            ...(stop === undefined ? {} : { stop: [stop].flat() }),
            ...(seed === undefined ? {} : { seed }),
          },
  }
}

/** A refusal of one field. */
export function refusal(param: string, why: string): AgentOSError {
  return new AgentOSError("INVALID_REQUEST", `${param} ${why}`, { details: { param } })
}

function check(name: string, value: unknown): void {
  const known = fieldOf(name)
  if (known === undefined) throw refusal(name.slice(0, 60), "is no field of a chat request")
  const result = known.form.safeParse(value)
  if (result.success) return
  const { fate, says } = known
  if (fate === "refused" || fate === "default") throw refusal(name, `is not taken: ${says}`)
  const [first] = result.error.issues
  const path = (first?.path ?? []).map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`)).join("")
  const more = first?.code === "unrecognized_keys" ? `.${first.keys[0]?.slice(0, 60)}` : ""
  throw refusal(`${name}${path}${more}`, first?.message ?? "is not of its form")
}

const fieldOf = (name: string): ChatField | undefined =>
  Object.hasOwn(chatFields, name) ? chatFields[name as keyof typeof chatFields] : undefined

/** Null is absent (Q1). */
const present = (value: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(value).filter(([, part]) => part !== null && part !== undefined))

/** A message without what it has none of; clients send their answers back with all fields. */
const withoutEmpty = (message: unknown): unknown =>
  typeof message !== "object" || message === null || Array.isArray(message)
    ? message
    : Object.fromEntries(
        Object.entries(present(message)).filter(
          ([name, part]) => name === "content" || !Array.isArray(part) || part.length > 0,
        ),
      )

function unknown(says: string) {
  return ({ code }: { readonly code?: string }): string | undefined => (code === "unrecognized_keys" ? says : undefined)
}
