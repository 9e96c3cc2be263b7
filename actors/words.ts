/**
 * What a word may be that a caller gives, where only some words mean anything. As with numbers (numbers.ts), it is
 * checked where it enters: a misspelt one would change in silence what happens.
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

/** An object, of whatever class; nothing given is none. @throws {AgentOSError} */
export function checkObject(code: string, what: string, value: unknown): void {
  if (value === undefined || (typeof value === "object" && value !== null && !Array.isArray(value))) return
  const shown = value === null ? "null" : Array.isArray(value) ? "an array" : `of type ${typeof value}`
  throw new AgentOSError(code, `${what} is ${shown}; it is an object`)
}

/**
 * An object of options: every one is known. Nothing given is none.
 * @param what they are: "the options of a router"
 * @param known an object that has all names there are
 * @throws {AgentOSError}
 */
export function checkOptions(code: string, what: string, given: unknown, known: object): void {
  if (given === undefined) return
  checkObject(code, what, given)
  for (const name in given as object)
    // makes no list: some are looked at for each actor
    if (!Object.hasOwn(known, name) && Object.hasOwn(given as object, name)) {
      const shown = JSON.stringify(name).slice(0, 100)
      throw new AgentOSError(code, `${what}: there is no option ${shown}; there are ${Object.keys(known).join(", ")}`)
    }
}
