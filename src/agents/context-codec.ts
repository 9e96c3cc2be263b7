/** The context vector as bytes, and the check of one that came from outside. */
import { Packr } from "msgpackr"
import { z } from "zod"
import { AgentOSError } from "#actors/errors.js"
import type { ContextVector } from "./context-vector.js"

/** Most bytes of an encoded context. */
export const contextLimitBytes = 1024 * 1024

const text = z.string()
const call = z.object({ id: text, tool: text, arguments: z.record(text, z.unknown()) })
const message = z.discriminatedUnion("role", [
  z.object({ role: z.literal("system"), content: text }),
  z.object({ role: z.literal("user"), content: text }),
  z.object({ role: z.literal("assistant"), content: text, toolCalls: z.array(call).exactOptional() }),
  z.object({ role: z.literal("tool"), toolCallId: text, tool: text, content: text }),
])
/** What a context vector of version 1 is; unknown fields are ignored, so that a newer node can talk to this one. */
export const contextSchema = z.object({
  version: z.literal(1, { error: "this node reads context vectors of version 1" }),
  messages: z.array(message),
  values: z.record(text, z.unknown()),
  embedding: z.object({ model: text, vector: z.instanceof(Float32Array) }).exactOptional(),
  provenance: z.array(
    z.object({
      agent: text,
      model: text.exactOptional(),
      tools: z.array(text).exactOptional(),
      sources: z.array(text).exactOptional(),
      trusted: z.boolean(),
      refused: z.boolean().exactOptional(),
    }),
  ),
  budgetTokens: z.number().exactOptional(),
  deadlineMs: z.number().exactOptional(),
})

const packr = new Packr({ useRecords: false, moreTypes: true })

export const emptyContext: ContextVector = { version: 1, messages: [], values: {}, provenance: [] }

/** @throws `INVALID_CONTEXT` when it is too large */
export function encodeContext(context: ContextVector): Uint8Array {
  const bytes = packr.pack(context)
  if (bytes.length > contextLimitBytes)
    throw new AgentOSError(
      "INVALID_CONTEXT",
      `the context takes ${bytes.length} bytes; at most ${contextLimitBytes} may travel. Drop old messages or large values.`,
    )
  return bytes
}

/** @throws `INVALID_CONTEXT` naming what is wrong */
export function decodeContext(bytes: Uint8Array): ContextVector {
  if (bytes.length > contextLimitBytes)
    throw new AgentOSError(
      "INVALID_CONTEXT",
      `${bytes.length} bytes are too many for a context; at most ${contextLimitBytes}`,
    )
  let value: unknown
  try {
    value = packr.unpack(bytes)
  } catch (cause) {
    throw new AgentOSError("INVALID_CONTEXT", "the bytes are not a context vector", { cause })
  }
  return checkContext(value)
}

/** @throws `INVALID_CONTEXT` naming what is wrong */
export function checkContext(value: unknown): ContextVector {
  const parsed = contextSchema.safeParse(value)
  if (!parsed.success)
    throw new AgentOSError("INVALID_CONTEXT", `not a context vector: ${z.prettifyError(parsed.error)}`)
  return parsed.data
}
