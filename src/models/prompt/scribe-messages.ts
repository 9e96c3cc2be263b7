/**
 * From the messages of a request to the embedded model's prompt. The system message's first word names the task; a tool result makes it the
 * second half of that task.
 */
import { AgentOSError } from "#actors/errors.js"
import type { Message } from "../model.js"
import { scribePrompt, scribeTasks, type ScribeTask, type Segment } from "./scribe.js"

/** @throws `INVALID_REQUEST` naming the tasks that there are */
export function scribeTaskOf(messages: readonly Message[]): ScribeTask {
  const system = messages.find(({ role }) => role === "system")?.content.trim() ?? ""
  const task = scribeTasks.find((name) => name === system.split(/\s+/)[0])
  if (task === undefined) {
    throw new AgentOSError(
      "INVALID_REQUEST",
      `the embedded model knows the tasks ${scribeTasks.join(", ")}; the instructions should begin with one of them, not with ${JSON.stringify(system.slice(0, 40))}`,
    )
  }
  return task
}

/**
 * @param fits whether a prompt of these segments fits the context; for `chat` the oldest turns are dropped until it does
 * @throws `INVALID_REQUEST`
 */
export function scribeSegments(
  messages: readonly Message[],
  fits: (segments: readonly Segment[]) => boolean,
): Segment[] {
  const task = scribeTaskOf(messages)
  const users = messages.filter(({ role }) => role === "user")
  const said = users.at(-1)?.content
  if (said === undefined || said.trim() === "")
    throw new AgentOSError("INVALID_REQUEST", "there is no user message to answer")
  const last = messages.at(-1)
  const result = last?.role === "tool" ? last.content : undefined
  switch (task) {
    case "route":
      return scribePrompt.route(said)
    case "math":
      return result === undefined ? scribePrompt.mathCall(said) : scribePrompt.mathAnswer(said, result)
    case "docs":
      return result === undefined ? scribePrompt.docsQuery(said) : scribePrompt.docsAnswer(result, said)
    case "time":
      return result === undefined ? scribePrompt.timeCall(said) : scribePrompt.timeAnswer(said, result)
    case "merge": {
      const [first = "", ...rest] = said.split("\n").filter((line) => line.trim() !== "")
      if (rest.length === 0)
        throw new AgentOSError("INVALID_REQUEST", "merge joins two answers, one a line; there is one")
      return scribePrompt.merge(first, rest.join(" "))
    }
    case "chat": {
      const turns = chatTurns(messages)
      let segments = scribePrompt.chat([], said)
      // From the newest back, so that what is looked at is bounded by what fits, not by what was ever said.
      for (let from = turns.length - 1; from >= 0; from--) {
        const longer = scribePrompt.chat(turns.slice(from), said)
        if (!fits(longer)) break
        segments = longer
      }
      return segments
    }
  }
}

/** Earlier turns as pairs; a user message without an answer is left out. */
function chatTurns(messages: readonly Message[]): { user: string; reply: string }[] {
  const turns: { user: string; reply: string }[] = []
  let user: string | undefined
  for (const message of messages) {
    if (message.role === "user") user = message.content
    else if (message.role === "assistant" && user !== undefined && message.content !== "") {
      turns.push({ user, reply: message.content })
      user = undefined
    }
  }
  return turns
}
