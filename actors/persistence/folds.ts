/**
 * Folds: what an event does to a state, at once. Nobody waits for one that goes on later: what it did then would be in
 * no order, and in no snapshot.
 */
import { types } from "node:util"
import { AgentOSError } from "../errors.js"
import { isPromise } from "../turns.js"

/**
 * @param where before the name of an event, for the error
 * @throws `INVALID_DEFINITION` for a fold that is no function, or an async one
 */
export function checkFolds(where: string, folds: object): void {
  for (const [event, fold] of Object.entries(folds)) {
    if (fold === undefined) continue
    if (typeof fold !== "function")
      throw new AgentOSError("INVALID_DEFINITION", `${where}${foldOf(event)} is of type ${typeof fold}, not a function`)
    if (types.isAsyncFunction(fold)) throw late(`${where}${foldOf(event)}`)
  }
}

const foldOf = (event: string): string => `the fold of ${JSON.stringify(event)}`

/** @param given by the fold of an event @throws `INVALID_DEFINITION` for a promise */
export function checkFolded(event: string, given: unknown): void {
  if (isPromise(given)) atOnce(foldOf(event), given)
}

/** @param what gives it, for the error @returns what is given @throws `INVALID_DEFINITION` for a promise */
export function atOnce<T>(what: string, given: T): T {
  if (!isPromise(given)) return given
  void Promise.resolve(given).catch(() => undefined) // what it is rejected with is nobody's
  throw late(what)
}

const late = (what: string): AgentOSError =>
  new AgentOSError("INVALID_DEFINITION", `${what} gives a promise, and nobody waits for it: it has to be done at once`)
