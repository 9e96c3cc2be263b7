/** Forms that operations share. */
import { z } from "zod"
import { executions } from "#actors/errors.js"
import { MOST_NAME_BYTES } from "#actors/names.js"

/**
 * What something is called, wherever it is: as the runtime's names (`actors/names.ts`), of at most 200 characters. The
 * pattern is for whoever reads it; half a surrogate pair, which no pattern tells in every language, and the bytes are
 * the format's.
 */
export const name = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[^\u0000-\u001f\u007f-\u009f]+$/u)
  .meta({ format: "name", "x-maxBytes": MOST_NAME_BYTES })

/** Text of one line. It begins with a letter, so that it is not blank. */
export const line = (most: number) =>
  z
    .string()
    .min(1)
    .max(most)
    .regex(/^[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$/u)
    .meta({ format: "well-formed" })

export const count = z.int().min(0)

export const usage = z
  .object({
    promptTokens: count,
    completionTokens: count,
    cachedTokens: count,
    estimated: z.boolean().exactOptional().describe("The model's server does not count: by the characters."),
  })
  .meta({ id: "Usage" })

/** Nothing is asked for. */
export const nothing = z.strictObject({})

export const executed = z.enum(executions)

/** What every door says of an error. */
export const errorReply = z.object({
  error: z
    .looseObject({
      code: z.string(),
      message: z.string(),
      retryable: z.boolean().describe("May the same call succeed later with nothing changed by the caller?"),
      executed: executed.describe("Was the work done?"),
      traceId: z.string(),
      details: z.record(z.string(), z.unknown()).exactOptional().describe("What programs may want to know of it."),
    })
    .meta({ id: "Error" }),
})
