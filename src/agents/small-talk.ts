/**
 * What a companion may say, and what of a conversation it reads.
 *
 * Invariants
 *   T1. It says a reply that it was trained to say, and nothing else. What it fills in is said whole: by the user now, or in
 *       a telling before, of the same kind.
 *   T2. It reads the last telling of each kind, since no other reply hangs on what was said before; so neither sums and
 *       look-ups nor a long conversation change what it says.
 */
import type { Message } from "../models/model.js"
import { isExtract } from "./verify.js"

export interface SmallTalk {
  /** Replies with nothing to fill in. */
  readonly replies: readonly string[]
  /** What is said to a telling, such as a name, and when it is asked for again; `{v}` is what was told. */
  readonly told: readonly { readonly reply: string; readonly recall: string }[]
}

/** T1 @param history turns before */
export function mayBeSaid(talk: SmallTalk, said: string, question: string, history: readonly Message[]): boolean {
  if (talk.replies.includes(said)) return true
  const before = tellingsIn(talk, history)
  return talk.told.some(({ reply, recall }) => {
    const now = filled(reply, said)
    if (now !== undefined) return isExtract(question, now)
    const again = filled(recall, said)
    return again !== undefined && before.some(({ content }) => filled(reply, content) === again)
  })
}

/** T2 @param history turns, each a question and its answer, oldest first */
export function tellingsIn({ told }: SmallTalk, history: readonly Message[]): Message[] {
  const lasts = told.flatMap(({ reply }) => {
    const last = history.findLastIndex(
      ({ role, content }, i) =>
        role === "assistant" && history[i - 1]?.role === "user" && filled(reply, content) !== undefined,
    )
    return last < 0 ? [] : [last]
  })
  return lasts.sort((a, b) => a - b).flatMap((last) => history.slice(last - 1, last + 1))
}

/** What stands in the gap of a reply. */
function filled(reply: string, said: string): string | undefined {
  const [before = "", after = ""] = reply.split("{v}")
  if (said.length <= before.length + after.length || !said.startsWith(before) || !said.endsWith(after)) return undefined
  return said.slice(before.length, said.length - after.length)
}
