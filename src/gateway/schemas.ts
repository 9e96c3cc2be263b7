/** OpenAI's form of a chat request. */
import { z } from "zod"
import { name } from "./operations/forms.js"

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
