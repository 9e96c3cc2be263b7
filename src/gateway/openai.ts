/** OpenAI's forms: what its clients call. They are of HTTP only; over gRPC the same is `Run`, `StreamRun` and `ListModels`. */
import type { FastifyInstance } from "fastify"
import { z } from "zod"
import { AgentOSError } from "#actors/errors.js"
import type { GatewayBackend } from "./backend.js"
import { ChunkWriter, completion, errorType, runOfChat } from "./chat.js"
import { chatRequest, readChat, type ChatRequest } from "./chat-fields.js"
import { compiledForText } from "./check.js"
import { wellFormed } from "./json-text.js"
import { errorBody, faceOf } from "./faces.js"
import type { JsonSchema } from "./json-schema.js"
import { model, modelView } from "./operations/agents.js"
import { count, name } from "./operations/forms.js"
import type { Contract } from "./operations/operation.js"
import { runFailures } from "./operations/runs.js"
import { callOf, hangUp } from "./rest.js"
import { pump, routeOptions } from "./routes.js"
import type { Service } from "./service.js"

const choice = z.object({
  index: count,
  message: z.object({ role: z.literal("assistant"), content: z.string(), refusal: z.null() }),
  logprobs: z.null(),
  finish_reason: z.enum(["stop", "length", "content_filter"]),
})

const chatCompletion = z
  .object({
    id: z.string(),
    object: z.literal("chat.completion"),
    created: count,
    model: z.string(),
    choices: z.array(choice),
    usage: z.object({
      prompt_tokens: count,
      completion_tokens: count,
      total_tokens: count,
      prompt_tokens_details: z.object({ cached_tokens: count }),
    }),
  })
  .meta({ id: "ChatCompletion" })

export const openai = {
  DescribeModel: {
    role: "user",
    tag: "OpenAI",
    summary: "One agent or topology as a model.",
    rest: { method: "GET", path: "/v1/models/:name" },
    input: z.strictObject({ name }),
    output: model,
    errors: ["UNKNOWN_TARGET"],
  },
  Chat: {
    role: "user",
    tag: "OpenAI",
    summary: "OpenAI's chat completions; `model` is an agent or topology. With `stream: true`, chunks as events.",
    rest: { method: "POST", path: "/v1/chat/completions" },
    input: chatRequest,
    output: chatCompletion,
    events: true,
    errors: runFailures,
  },
} as const satisfies Record<string, Contract>

export function addOpenAI(app: FastifyInstance, service: Service): void {
  const { clock, backend } = service.parts
  app.route<{ Params: { name: string } }>({
    ...routeOptions("DescribeModel", openai.DescribeModel),
    async handler(request) {
      const { name } = request.params
      const target = (await service.targets()).find(({ id }) => id === name)
      if (target !== undefined) return modelView(target)
      throw new AgentOSError("UNKNOWN_TARGET", `no agent or topology is called ${JSON.stringify(name)}`)
    },
  })
  app.route<{ Body: ChatRequest }>({
    ...routeOptions("Chat", openai.Chat),
    validatorCompiler: ({ schema, httpPart }) =>
      httpPart === "body"
        ? (body: unknown) => readBody(body, backend.kindOf)
        : compiledForText(schema as unknown as JsonSchema),
    async handler(request, reply) {
      const input = runOfChat(request.body)
      const call = callOf(request, hangUp(request))
      if (!request.body.stream) return completion(await service.run(call, input), clock.wallTime())
      const writer = new ChunkWriter(request.body, clock.wallTime())
      return pump(request, reply, service, {
        begin() {
          const events = service.stream(call, input)
          return (async function* () {
            for await (const event of events) yield* writer.follow(event)
          })()
        },
        failed: (error, traceId) => ({
          data: {
            error: { ...errorBody(error, traceId).error, type: errorType(faceOf(error.code).http), param: null },
          },
        }),
        last: "[DONE]",
      })
    },
  })
}

/** Fields of a chat request are refused in words of their own. */
function readBody(
  body: unknown,
  kindOf: GatewayBackend["kindOf"],
): { readonly value: ChatRequest } | { readonly error: Error } {
  try {
    return { value: readChat(wellFormed(body), kindOf) }
  } catch (error) {
    return { error: AgentOSError.from(error) }
  }
}
