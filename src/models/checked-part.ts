/** What a model says is checked where it enters: it may be one of the program's own. */
import { z } from "zod"
import { AgentOSError, thrownText } from "#actors/errors.js"
import type { Model, ModelPart } from "./model.js"

const count = z.number().nonnegative()
const partSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("text"), text: z.string() }),
  z.object({
    type: z.literal("tool-call"),
    call: z.object({
      id: z.string(),
      tool: z.string(),
      arguments: z.record(z.string(), z.unknown()),
      invalid: z.string().optional(),
    }),
  }),
  z.object({
    type: z.literal("finish"),
    reason: z.enum(["stop", "length", "content-filter", "tool-calls", "cancelled"]),
    usage: z.object({ promptTokens: count, completionTokens: count, cachedTokens: count }),
    model: z.string().optional(),
    confidence: z.object({ least: z.number(), mean: z.number() }).optional(),
  }),
])

/** @throws `INVALID_ANSWER` saying what is wrong with a part of an answer */
export function checkPart(model: Model, part: ModelPart): void {
  if (isText(part)) return // most are
  const fault = faultOf(part)
  if (fault !== undefined)
    throw new AgentOSError("INVALID_ANSWER", `the model ${model.info.id} gave no part of an answer: ${fault}`)
}

const isText = (part: unknown): boolean =>
  typeof part === "object" && part !== null && "type" in part && part.type === "text" && "text" in part && typeof part.text === "string" // prettier-ignore

function faultOf(part: unknown): string | undefined {
  try {
    const { error } = partSchema.safeParse(part)
    return error === undefined ? undefined : z.prettifyError(error)
  } catch (cause) {
    return thrownText(cause) // it resists being looked at
  }
}
