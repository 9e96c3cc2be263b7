/**
 * The pattern of a rule: JavaScript's syntax with the flags `iu`, on an engine without backtracking, since whoever
 * asks chooses the text.
 *
 * Invariants
 *   R1. A pattern that is taken says of a text what `new RegExp(source, "iu").test(text)` says; only \b takes
 *       the long s and the sign of the kelvin for no letters.
 *   R2. What the engine lacks is refused when the topology is read, with what would be right.
 *   R3. A test is over within some 30 ms. Where the automaton of a pattern has few states, all of them are made when
 *       it is compiled, and each character of a long text is looked up once. Where it has many, none is made: a
 *       character costs about as much as the pattern is large, and so much less of the text is read.
 *
 * @see Cox 2007, https://swtch.com/~rsc/regexp/regexp1.html
 */
import { RE2JS } from "re2js"
import { AgentOSError, thrownText } from "#actors/errors.js"

/** Characters of a text that a rule reads; what follows is not looked at (R3). */
export const ruleReads = 100_000
/** Characters that a rule reads whose automaton is large: so many at most, and in all times its instructions. */
export const largeReads = { most: 10_000, instructions: 1_000_000 }
/** States of a pattern's automaton, and looks at instructions that it takes to make them. */
const automatonLimits = { states: 1000, looks: 1_000_000 }
/** Instructions of a compiled pattern: about its letters, those in a counted repetition once for each time. */
const sizeLimit = 500
/** Longest pattern, in characters. */
const lengthLimit = 10_000
/** Patterns kept compiled. */
const cacheLimit = 1000
const compiled = new Map<string, Pattern>()

interface Pattern {
  readonly engine: RE2JS
  /** Characters that it reads. */
  readonly reads: number
}

/** Whether a text holds what a pattern says, in any case. @throws `INVALID_TOPOLOGY` as `checkPattern` */
export function matchesPattern(source: string, text: string): boolean {
  const { engine, reads } = compile(source)
  return engine.test(text.slice(0, reads))
}

/** @throws `INVALID_TOPOLOGY` saying what is wrong with a pattern */
export function checkPattern(source: string): void {
  compile(source)
}

function compile(source: string): Pattern {
  const known = compiled.get(source)
  if (known !== undefined) return known
  if (source.length > lengthLimit)
    throw refused(`this pattern has ${source.length} characters; at most ${lengthLimit} are taken`)
  try {
    new RegExp(source, "iu")
  } catch (cause) {
    throw refused(`not a regular expression: ${thrownText(cause)}`, cause)
  }
  const translated = translate(source)
  let engine: RE2JS
  try {
    engine = RE2JS.compile(translated, RE2JS.CASE_INSENSITIVE)
  } catch (cause) {
    throw refused(
      `this pattern is not taken (${thrownText(cause)}); repeat at most 1,000 times, or write it simpler`,
      cause,
    )
  }
  const size = engine.programSize()
  if (size > sizeLimit)
    throw refused(
      `this pattern is too large: ${size} instructions of at most ${sizeLimit}; ` +
        "count less often, or make several rules of it",
    )
  if (compiled.size >= cacheLimit) compiled.clear()
  const isLarge = !madeStates(engine)
  const reads = isLarge ? Math.min(largeReads.most, Math.floor(largeReads.instructions / size)) : ruleReads
  const pattern = { engine, reads }
  compiled.set(source, pattern)
  return pattern
}

/** What of the engine's automaton is needed to make its states before there is a text. */
interface Automaton {
  readonly prog: { readonly start: number }
  /** Whether the engine does without it. */
  failed: boolean
  /** Where one class of characters ends and the next begins. */
  readonly classBounds: Int32Array
  searchClass(character: number): number
  makeState(instructions: readonly number[], flags: number, ids: readonly number[]): State | null
  step(state: State, characters: number, character: number, anchor: number): State | null
}
interface State {
  readonly nfaStates: readonly number[]
}
const [textBegins, unanchored] = [5, 0]

/** Makes all states of the automaton where they are few; otherwise the engine does without it (R3). */
function madeStates(engine: RE2JS): boolean {
  const automaton = engine.re2().dfa as Automaton
  automaton.failed ||= !makeStates(automaton)
  return !automaton.failed
}

function makeStates(automaton: Automaton): boolean {
  const classes = [0, ...automaton.classBounds].map((first) => [automaton.searchClass(first), first] as const)
  const states = new Set<State>()
  const add = (state: State | null): boolean => state !== null && states.add(state).size <= automatonLimits.states
  if (!add(automaton.makeState([automaton.prog.start], textBegins, []))) return false
  let looks = 0
  for (const state of states)
    for (const [characters, first] of classes) {
      looks += 1 + state.nfaStates.length
      if (looks > automatonLimits.looks || !add(automaton.step(state, characters, first, unanchored))) return false
    }
  return true
}

const refused = (message: string, cause?: unknown): AgentOSError =>
  new AgentOSError("INVALID_TOPOLOGY", message, { cause })

const lookAround = /^\(\?(?:<?[=!])/
const groupName = /^\(\?<[^=!][^>]*>/
const backReference = /^\\(?:[1-9]|k<)/
const escape = /^\\(?:u\{[0-9a-f]+\}|u[0-9a-f]{4}|x[0-9a-f]{2}|c[a-z]|[pP]\{[^}]*\}|[^])/i

/** A valid pattern of JavaScript (R1) in the engine's syntax. @throws `INVALID_TOPOLOGY` for what it lacks (R2) */
function translate(source: string): string {
  let out = ""
  let inClass = false
  for (let at = 0; at < source.length;) {
    const rest = source.slice(at)
    const [escaped] = escape.exec(rest) ?? []
    let length = 1
    if (escaped !== undefined) {
      if (!inClass && backReference.test(rest))
        throw refused(
          "back-references (\\1, \\k<name>) are not taken; write what is repeated, or name a function with fn",
        )
      length = escaped.length
      // Two halves of one character beyond the first plane.
      const pair = /^\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})/i.exec(rest)
      if (pair !== null) length = pair[0].length
      out += pair === null ? escapeOf(escaped, inClass) : codePoint(pairOf(pair[1] ?? "", pair[2] ?? ""))
    } else if (inClass) {
      inClass = rest[0] !== "]"
      out += rest[0] === "[" ? "\\[" : rest[0]
    } else if (rest.startsWith("[^]")) {
      length = 3
      out += anything
    } else if (rest.startsWith("[]")) {
      length = 2
      out += nothing
    } else if (rest[0] === "[") {
      inClass = true
      if (rest[1] === "^") length = 2
      out += rest.slice(0, length)
    } else if (lookAround.test(rest)) {
      throw refused("look-around ((?=, (?!, (?<=, (?<!) is not taken; make two rules of it, or name a function with fn")
    } else {
      const [named] = groupName.exec(rest) ?? []
      length = named?.length ?? 1
      out += named !== undefined ? "(?:" : rest[0] === "." ? "[^\\n\\r\\x{2028}\\x{2029}]" : rest[0]
    }
    at += length
  }
  return out
}

const anything = "[\\x{0}-\\x{10FFFF}]"
const nothing = "[^\\x{0}-\\x{10FFFF}]"
const codePoint = (value: number): string => `\\x{${value.toString(16)}}`
const pairOf = (high: string, low: string): number =>
  String.fromCharCode(parseInt(high, 16), parseInt(low, 16)).codePointAt(0) ?? 0

function escapeOf(escaped: string, inClass: boolean): string {
  const [, letter = ""] = escaped
  if (/^\\[dDBfnrtv]$/.test(escaped) || (escaped === "\\b" && !inClass)) return escaped
  if (/^\\p\{(?:L|N|P|S|Z)\}$/.test(escaped)) return escaped
  if (/^\\[sSwWpP]/.test(escaped)) return inClass ? rangesOf(escaped) : `[${rangesOf(escaped)}]`
  if (letter === "c") return codePoint((escaped.charCodeAt(2) & 31) % 32)
  const hex = /^\\[ux]\{?([0-9a-f]+)\}?$/i.exec(escaped)?.[1]
  if (hex !== undefined) return codePoint(parseInt(hex, 16))
  return codePoint(escaped === "\\b" ? 8 : escaped === "\\0" ? 0 : letter.charCodeAt(0))
}

const ranges = new Map<string, string>()

/** The characters of a class that the engine knows by no name or by another extent, as JavaScript knows them. */
function rangesOf(escaped: string): string {
  let found = ranges.get(escaped)
  if (found === undefined) {
    const stretch = new RegExp(`${escaped}+`, "giu")
    found = everyCharacter()
      .flatMap((characters) => [...characters.matchAll(stretch)])
      .map(
        ([run]) => `${codePoint(run.codePointAt(0) ?? 0)}-${codePoint([...run.slice(-2)].at(-1)?.codePointAt(0) ?? 0)}`,
      )
      .join("")
    ranges.set(escaped, found)
  }
  return found
}

/** All code points in their order, halves of pairs apart, since two of them in a row would be a pair. */
const everyCharacter = (): string[] => [charactersOf(0, 0xd7ff), charactersOf(0xe000, 0x10ffff)]

function charactersOf(from: number, to: number): string {
  const parts: string[] = []
  for (let first = from; first <= to; first += 4096)
    parts.push(String.fromCodePoint(...Array.from({ length: Math.min(4096, to - first + 1) }, (_, i) => first + i)))
  return parts.join("")
}
