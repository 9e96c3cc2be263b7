/**
 * What a number may be that a caller gives: times, counts, rates.
 *
 * Invariants
 *   M1. A number is checked where it enters, before anything is begun; inside, a number is a number. Text that looks
 *       like one, a bigint and NaN are none.
 *   M2. A refusal names the number, what was given, and what would be right.
 */
import { AgentOSError, thrownText } from "./errors.js"
import { checkObject } from "./words.js"

/** What a number may be, and how that is said. */
export interface NumberKind {
  readonly says: string
  readonly fits: (value: number) => boolean
}

const kind = (says: string, fits: (value: number) => boolean): NumberKind => ({ says, fits })

/** Milliseconds that may be none. */
export const duration = kind("a number of milliseconds, 0 or more", (value) => value >= 0 && value < Infinity)
/** Milliseconds, or for ever. */
export const durationOrNever = kind("a number of milliseconds, 0 or more, or Infinity", (value) => value >= 0)
/** Milliseconds between one time and the next. */
export const period = kind("a number of milliseconds above 0", (value) => value > 0 && value < Infinity)
export const periodOrNever = kind("a number of milliseconds above 0, or Infinity", (value) => value > 0)
/** A moment on a clock. */
export const moment = kind("a moment in milliseconds", (value) => value === value)
export const count = kind("a positive integer", (value) => Number.isSafeInteger(value) && value > 0)
export const countOrAll = kind("a positive integer, or Infinity", (value) => value === Infinity || count.fits(value))
export const wholeNumber = kind("a whole number, 0 or more", (value) => Number.isSafeInteger(value) && value >= 0)
export const wholeOrAll = kind("a whole number, 0 or more, or Infinity", (value) => value === Infinity || wholeNumber.fits(value)) // prettier-ignore
export const amount = kind("a number, 0 or more", (value) => value >= 0 && value < Infinity)
export const amountOrAll = kind("a number, 0 or more, or Infinity", (value) => value >= 0)
export const positive = kind("a positive number", (value) => value > 0 && value < Infinity)
export const positiveOrAll = kind("a positive number, or Infinity", (value) => value > 0)
export const factor = kind("a number from 1 on", (value) => value >= 1 && value < Infinity)
export const factorOrAll = kind("a number from 1 on, or Infinity", (value) => value >= 1)
export const countUpTo = (most: number): NumberKind =>
  kind(`a whole number from 1 to ${most}`, (value) => count.fits(value) && value <= most)

/**
 * M1
 * @param code `INVALID_DEFINITION` for what is being defined or made, `INVALID_OPTION` for what one call is given
 * @param what names it: "timeoutMs"
 * @throws {AgentOSError}
 */
export function checkNumber(code: string, what: string, value: unknown, is: NumberKind): asserts value is number {
  if (typeof value === "number" && is.fits(value)) return
  const shown = typeof value === "number" ? `${value}` : `of type ${typeof value} (${thrownText(value).slice(0, 100)})`
  throw new AgentOSError(code, `${what} is ${shown}; it is ${is.says}`) // M2
}

/**
 * Several numbers of one object; those that were not given are not looked at.
 * @param where the object, before the names: 'actor "x": '
 * @throws {AgentOSError}
 */
export function checkNumbers<Given extends object>(
  code: string,
  where: string,
  given: Given | undefined,
  kinds: { readonly [Name in keyof Given]?: NumberKind },
): void {
  if (given === undefined) return
  checkObject(code, whose(where), given)
  for (const name in kinds) {
    const value = given[name]
    if (value !== undefined) checkNumber(code, `${where}${name}`, value, kinds[name] as NumberKind)
  }
}

/** 'actor "x": mailbox' of 'actor "x": mailbox.' */
const whose = (where: string): string => where.replace(/[.:] ?$/, "") || "the object of options"

/** All that one object holds: numbers of one kind. @throws {AgentOSError} */
export function checkEach(code: string, where: string, given: object | undefined, is: NumberKind): void {
  if (given === undefined) return
  checkObject(code, whose(where), given)
  for (const [name, value] of Object.entries(given))
    if (value !== undefined) checkNumber(code, `${where}${name}`, value, is)
}
