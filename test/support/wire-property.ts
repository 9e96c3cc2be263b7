/** Whatever an operation takes or answers comes through its messages as it was. */
import fc from "fast-check"
import { jsonSchema } from "#src/gateway/json-schema.js"
import { everyOperation } from "#src/gateway/operations.js"
import { answerForm, askForm, type Codec, type Form, type Message } from "#src/gateway/wire.js"
import { valuesOf } from "./from-schema.js"

/** What a message does not tell apart: an empty list and none. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== "object" || value === null) return value
  const kept = Object.entries(value).filter(
    ([, part]) => part !== undefined && !(Array.isArray(part) && part.length === 0),
  )
  return Object.fromEntries(
    kept.map(([name, part]) => [name, plain(part)] as const).sort(([a], [b]) => (a < b ? -1 : 1)),
  )
}

const text = (value: unknown): string => JSON.stringify(plain(JSON.parse(JSON.stringify(value))))

function through(codec: Codec, form: Form, value: unknown): unknown {
  return form.toValue(codec.decode(codec.encode(form.toMessage(value)).finish()) as Message)
}

/** @returns what did not come through, one line each */
export function lostOnTheWire(runs: number, seed: number): readonly string[] {
  const lost: string[] = []
  for (const [name, operation] of everyOperation) {
    const { wire, input, output } = operation
    const ways = [
      [`${name} takes`, wire.request, askForm(operation), jsonSchema(input)],
      [`${name} answers`, wire.reply, answerForm(operation), jsonSchema(output)],
    ] as const
    for (const [what, codec, form, schema] of ways) {
      for (const value of fc.sample(valuesOf(schema, schema.definitions), { numRuns: runs, seed })) {
        const sent = { ...(value as Record<string, unknown>) }
        if (what === "AddDocument takes") Object.assign(sent, { content: "text", encoding: "utf8", format: "html" }) // its bytes are told apart, not its words
        if (/Run takes/.test(what)) delete sent["timeoutMs"] // it is the call's deadline
        const come = through(codec, form, sent)
        if (text(come) !== text(sent))
          lost.push(`${what} ${text(sent).slice(0, 300)}, and ${text(come).slice(0, 300)} came`)
      }
    }
  }
  return lost
}
