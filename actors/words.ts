/**
 * What a word may be that a caller gives, where only some words mean anything. As with numbers (numbers.ts), it is checked where it enters: a misspelt one would change in silence what
 * happens.
 */
import { AgentOSError, thrownText } from "./errors.js"

/** Nothing given is no word. @param code @param what as for `checkNumber` @throws {AgentOSError} */
export function checkWord(code: string, what: string, value: unknown, words: readonly string[]): void {
  if (value === undefined || (typeof value === "string" && words.includes(value))) return
  const shown = typeof value === "string" ? JSON.stringify(value) : `of type ${typeof value}`
  const right = words.map((word) => JSON.stringify(word)).join(" or ")
  throw new AgentOSError(code, `${what} is ${shown.slice(0, 100)}; it is ${right}`)
}

/** Text of any kind. @throws {AgentOSError} */
export function checkText(code: string, what: string, value: unknown): void {
  if (value === undefined || typeof value === "string") return
  throw new AgentOSError(code, `${what} is of type ${typeof value} (${thrownText(value).slice(0, 100)}); it is text`)
}

/** What calls off what was begun. @throws {AgentOSError} */
export function checkSignal(code: string, what: string, value: unknown): void {
  if (value === undefined || value instanceof AbortSignal) return
  throw new AgentOSError(code, `${what} is of type ${typeof value}; it is an AbortSignal`)
}

/** An object of options: every one is known. @param known the names there are @throws {AgentOSError} */
export function checkOptions(code: string, where: string, given: object, known: Readonly<Record<string, true>>): void {
  const other = Object.keys(given).find((name) => !Object.hasOwn(known, name))
  if (other === undefined) return
  throw new AgentOSError(
    code,
    `${where}there is no option ${JSON.stringify(other).slice(0, 100)}; there are ${Object.keys(known).join(", ")}`,
  )
}
