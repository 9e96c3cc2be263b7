/**
 * How the answer of a command stands in the journal: as it is; or, for a command that was carried out and is to be
 * answered later, or whose answer was damaged, as a mark. An answer that looks like a mark is wrapped, so that no two
 * answers are stored alike.
 */

/** Stands for the answer that is not yet given, or is lost. */
export const UNANSWERED: unknown = Object.freeze({ $unanswered: true })

export const storedAnswer = (answer: unknown): unknown => (looksMarked(answer) ? { $answer: answer } : answer)

/** @returns undefined for a command that was not answered */
export function answerOf(stored: unknown): { readonly value: unknown } | undefined {
  if (!looksMarked(stored)) return { value: stored }
  return "$answer" in stored ? { value: stored["$answer"] } : undefined
}

function looksMarked(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false
  const names = Object.keys(value)
  return names.length === 1 && (names[0] === "$unanswered" || names[0] === "$answer")
}
