/** What holds of tools for any value: as functions of the number of cases, for `npm test` and `npm run prove`. */
import fc from "fast-check"
import { z } from "zod"
import { systemClock } from "#actors/clock.js"
import { defineTool } from "#src/tools/tool.js"
import { ToolKit } from "#src/tools/toolkit.js"
import { thrownValues } from "./thrown-values.js"

/** Characters of a result that a model is given, and the words that say it was cut. */
const most = 16_000 + " [cut]".length

const anything = fc.anything({
  withBigInt: true,
  withBoxedValues: true,
  withDate: true,
  withMap: true,
  withNullPrototype: true,
  withObjectString: true,
  withSet: true,
  withSparseArray: true,
  withTypedArray: true,
})

/** Values that JSON has no words for, too, and values that stand in themselves; made late, as some cannot be held. */
export const anyValue: fc.Arbitrary<() => unknown> = fc.oneof(
  { weight: 4, arbitrary: anything.map((value) => () => value) },
  fc.constantFrom(...Object.values(thrownValues)),
  fc.string({ unit: "binary", maxLength: 40 }).map((text) => () => text.repeat(2000)),
  fc.tuple(anything, fc.constantFrom("list", "map", "set", "object")).map(
    ([part, kind]) =>
      () =>
        circle(part, kind),
  ),
)

function circle(part: unknown, kind: "list" | "map" | "set" | "object"): unknown {
  if (kind === "object") {
    const made: Record<string, unknown> = { part }
    return (made["self"] = made)
  }
  if (kind === "map") {
    const made = new Map<unknown, unknown>([["part", part]])
    return made.set("self", made)
  }
  if (kind === "set") {
    const made = new Set<unknown>([part])
    return made.add(made)
  }
  const made = [part]
  made.push(made)
  return made
}

const kitOf = (execute: () => unknown): ToolKit =>
  new ToolKit(systemClock, [defineTool({ name: "t", description: "", parameters: z.looseObject({}), execute })])

/** Whatever a tool gives is text that a model can read, and plain data is JSON. */
export const resultsAreText = (numRuns: number): Promise<void> =>
  fc.assert(
    fc.asyncProperty(anyValue, async (made) => {
      const { text } = await kitOf(made).call("t", {})
      return text.isWellFormed() && text.length <= most
    }),
    { numRuns },
  )

export const plainResultsAreJson = (numRuns: number): Promise<void> =>
  fc.assert(
    fc.asyncProperty(fc.jsonValue({ maxDepth: 6 }), async (value) => {
      const { text } = await kitOf(() => value).call("t", {})
      return typeof value === "string" || text.endsWith("[cut]") || text === JSON.stringify(value)
    }),
    { numRuns },
  )

/** Whatever a tool throws is an error in words. */
export const failuresAreText = (numRuns: number): Promise<void> =>
  fc.assert(
    fc.asyncProperty(anyValue, fc.boolean(), async (made, late) => {
      const throws = (): never => {
        throw made()
      }
      const outcome = await kitOf(late ? async () => throws() : throws).call("t", {})
      return (
        outcome.kind === "error" && outcome.text !== "" && outcome.text.isWellFormed() && outcome.text.length <= most
      )
    }),
    { numRuns },
  )
