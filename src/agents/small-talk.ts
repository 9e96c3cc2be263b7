/**
 * What a companion may say, and what of a conversation it reads.
 *
 * Invariants
 *   T1. It says a reply that it was trained to say, and nothing else. What it fills in is what the user tells now, in
 *       one of the forms of such a telling and nothing beside it, or has told before and not spoken of since: that may
 *       have been another word on it.
 *   T2. It reads the last telling of each kind, since no other reply hangs on what was said before; so neither sums and
 *       look-ups nor a long conversation change what it says.
 */
import type { Message } from "../models/model.js"
import { isExtract } from "./verify.js"

export interface SmallTalk {
  /** Replies with nothing to fill in. */
  readonly replies: readonly string[]
  /** Forms of a telling, such as of a name, in lower case, what is said to it, and when it is asked for again; `{v}` is what was told. */
  readonly told: readonly { readonly says: readonly string[]; readonly reply: string; readonly recall: string }[]
}

/** T1 @param history turns before */
export function mayBeSaid(talk: SmallTalk, said: string, question: string, history: readonly Message[]): boolean {
  if (talk.replies.includes(said)) return true
  const before = tellingsIn(talk, history)
  return talk.told.some(({ says, reply, recall }) => {
    const now = filled(reply, said)
    if (now !== undefined) return isTold(says, now, question)
    const again = filled(recall, said)
    const telling = before.find(({ content }) => again !== undefined && filled(reply, content) === again)
    if (again === undefined || telling === undefined) return false
    const since = history.slice(history.lastIndexOf(telling) + 1)
    return !since.some(({ role, content }) => role === "user" && isExtract(content, again))
  })
}

/** Whether somebody tells this. A word after "I am" may be anything; a name has a capital. */
function isTold(says: readonly string[], told: string, question: string): boolean {
  const words = question.trim().replace(/[.!]+$/, "")
  if (!words.endsWith(told) || unsaying.test(told)) return false
  const form = `${words.slice(0, words.length - told.length)}{v}`.toLowerCase().replace(/^(?:hello|hi|hey)\b[,.!]?\s*|\bi['’]m\b/g, (part) => (part.startsWith("i") ? "i am" : "")) // prettier-ignore
  return says.includes(form) && (!/\bi am \{v\}$/.test(form) || /^\p{Lu}/u.test(told))
}

const unsaying = /^(?:not|no|nothing|nobody|nowhere|never|none)\b/i

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
