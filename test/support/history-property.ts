/** What holds of every history that is fitted, as a function of the number of cases. */
import fc from "fast-check"
import { AgentOSError } from "#actors/errors.js"
import { fitHistory } from "#src/agents/history.js"
import type { Message } from "#src/models/model.js"

/** A message's text is the number of its tokens. */
const text = fc.integer({ min: 0, max: 50 }).map(String)
const count = ({ content }: Message): number => Number(content)

let calls = 0
const exchange = fc.tuple(text, fc.array(text, { minLength: 1, maxLength: 3 })).map(([content, results]): Message[] => {
  const toolCalls = results.map(() => ({ id: `call-${++calls}`, tool: "t", arguments: {} }))
  return [
    { role: "assistant", content, toolCalls },
    ...results.map((result, i): Message => ({
      role: "tool",
      toolCallId: toolCalls[i]?.id ?? "",
      tool: "t",
      content: result,
    })),
  ]
})
const question = text.map((content): Message[] => [{ role: "user", content }])
const exchanges = fc.array(exchange, { maxLength: 3 }).map((all) => all.flat())
const answer = fc
  .option(text, { nil: undefined })
  .map((content): Message[] => (content === undefined ? [] : [{ role: "assistant", content }]))
const turn = fc.tuple(question, exchanges, answer).map((parts) => parts.flat())
const system = fc
  .option(text, { nil: undefined })
  .map((content): Message[] => (content === undefined ? [] : [{ role: "system", content }]))

const history = fc
  .tuple(system, fc.array(turn, { maxLength: 6 }), question, exchanges)
  .map(([first, turns, asked, since]) => ({ messages: [...first, ...turns.flat(), ...asked, ...since] }))

export const historiesFit = (numRuns: number): void =>
  fc.assert(
    fc.property(
      history,
      fc.integer({ min: 1, max: 600 }),
      fc.integer({ min: 0, max: 100 }),
      ({ messages }, contextLength, reserve) => {
        const tokens = (of: readonly Message[]): number => of.reduce((sum, message) => sum + count(message), 0)
        const asked = messages.findLastIndex(({ role }) => role === "user")
        const last = Math.max(
          asked + 1,
          messages.findLastIndex(({ role }) => role === "assistant"),
        )
        const always = messages.filter(({ role }, i) => role === "system" || i === asked || i >= last)
        let fitted: readonly Message[]
        try {
          fitted = fitHistory(messages, { contextLength, reserve, count })
        } catch (error) {
          return error instanceof AgentOSError && error.code === "CONTEXT_TOO_LONG" && tokens(always) > contextLength
        }
        const places = fitted.map((message) => messages.indexOf(message))
        const dropped = messages.filter((message) => !fitted.includes(message))
        const unitsAt = (message: Message, i: number): boolean =>
          i <= asked ? message.role === "user" : message.role !== "tool"
        const units = messages.flatMap((message, i) => (message.role !== "system" && unitsAt(message, i) ? [i] : []))
        const lastDropped = Math.max(-1, ...dropped.map((message) => messages.indexOf(message)))
        const next = units.filter((i) => i <= lastDropped && i !== asked).at(-1)
        const unit = next === undefined ? [] : messages.slice(next, lastDropped + 1)
        return (
          places.every((place, i) => i === 0 || place > (places[i - 1] ?? 0)) && // in order, each once
          always.every((message) => fitted.includes(message)) &&
          // Calls and results stand together or not at all.
          fitted.every(
            (message) =>
              message.role !== "tool" ||
              fitted.some(
                (other) =>
                  other.role === "assistant" && (other.toolCalls ?? []).some(({ id }) => id === message.toolCallId),
              ),
          ) &&
          fitted.every(
            (message) =>
              message.role !== "assistant" ||
              (message.toolCalls ?? []).every(({ id }) =>
                fitted.some((other) => other.role === "tool" && other.toolCallId === id),
              ),
          ) &&
          // Whole turns: an answer has its question.
          (dropped.length === 0 || fitted.find(({ role }) => role !== "system")?.role === "user") &&
          (tokens(fitted) <= contextLength - reserve || fitted.length === always.length) &&
          // No more is dropped than must be.
          (dropped.length === 0 || tokens(fitted) + tokens(unit) > contextLength - reserve)
        )
      },
    ),
    { numRuns },
  )
