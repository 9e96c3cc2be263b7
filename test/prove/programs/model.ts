/**
 * What the runtime promises, as pure functions over what was seen. Each judge names the promise that it holds (S:
 * semantics.md, E: entities.ts, P: persisted-context.ts, J: journal.ts).
 */
import type { History } from "./history.js"
import type { Program } from "./program.js"
import { messages } from "./promises/messages.js"
import { records } from "./promises/records.js"
import { services } from "./promises/services.js"
import { View } from "./promises/view.js"

export interface Violation {
  readonly promise: string
  readonly text: string
}

const judges = { ...messages, ...records, ...services }

/** What is kept in one life of a cluster is not there in another: which of them counts is an operator's to say. */
const ofWhatIsKept: readonly string[] = [
  "answers (P2, P5)",
  "durable (P1)",
  "fresh (L1)",
  "carried out once (P5)",
  "delivered (B1)",
  "reminders (R2)",
] satisfies (keyof typeof judges)[]

const ends = "it runs to its end"

/** What breaks a promise. */
export function judge(program: Program, history: History, failure?: Error): readonly Violation[] {
  // Of a part nothing can be said.
  if (history.full) return [{ promise: ends, text: "it leads to more than a history holds" }]
  const view = new View(program, history)
  const found: Violation[] = []
  for (const [promise, broken] of Object.entries(judges))
    if (!view.parted || !ofWhatIsKept.includes(promise)) for (const text of broken(view)) found.push({ promise, text })
  if (failure !== undefined) found.push({ promise: ends, text: failure.message })
  return found
}
