/**
 * Makes a failing program short: leaves out what it fails without. What is left out is data, so that every smaller
 * program is one, too.
 *
 * @see Zeller and Hildebrandt, Simplifying and isolating failure-inducing input, 2002 (delta debugging)
 */
import type { Violation } from "./model.js"
import type { Handler, Kind, Place, Program, Step } from "./program.js"

/**
 * What two violations have in common that are the same: the promise, and the sentence without what varies from run to
 * run.
 */
export const formOf = ({ promise, text }: Violation): string =>
  `${promise}: ${text
    .replace(/\[".*?"\]|\{.*\}/g, "…")
    .replace(/\d+(\.\d+)?/g, "0")
    .slice(0, 40)}`

export interface Shortened {
  readonly program: Program
  readonly violation: Violation
  readonly runs: number
}

/** @param fails what is wrong with a program */
export async function shorten(
  program: Program,
  violation: Violation,
  fails: (program: Program) => Promise<readonly Violation[]>,
  mostRuns = 400,
): Promise<Shortened> {
  const form = formOf(violation)
  let best: Shortened = { program, violation, runs: 0 }
  let runs = 0
  const tries = async (candidate: Program): Promise<boolean> => {
    if (runs >= mostRuns) return false
    runs += 1
    const same = (await fails(candidate)).find((found) => formOf(found) === form)
    if (same === undefined) return false
    best = { program: candidate, violation: same, runs }
    return true
  }
  for (let smaller = true; smaller && runs < mostRuns;) {
    smaller = false
    for (const parts of [2, 4, 8, 16, 64]) smaller = (await withoutSome(() => best.program, parts, tries)) || smaller
    for (let n = 0; runs < mostRuns; n++) {
      const candidate = nth(candidates(best.program), n)
      if (candidate === undefined) break
      if (await tries(candidate)) {
        smaller = true
        n -= 1 // what was the next candidate has this one's place now
      }
    }
  }
  return { ...best, runs }
}

/** Leaves out one part of the acts after the other. */
async function withoutSome(
  program: () => Program,
  parts: number,
  tries: (program: Program) => Promise<boolean>,
): Promise<boolean> {
  let smaller = false
  const size = Math.ceil(program().acts.length / parts)
  for (let from = 0; size > 0 && from < program().acts.length;) {
    const { acts, ...rest } = program()
    if (await tries({ ...rest, acts: [...acts.slice(0, from), ...acts.slice(from + size)] })) smaller = true
    else from += size
  }
  return smaller
}

function nth<T>(items: Iterable<T>, n: number): T | undefined {
  for (const item of items) if (n-- === 0) return item
  return undefined
}

/** Programs with one thing less. */
function* candidates(program: Program): Iterable<Program> {
  const { kinds, acts, faults, names } = program
  for (let n = 0; n < faults.length; n++) yield { ...program, faults: without(faults, n) }
  if (program.cluster !== undefined) for (const cluster of smallerPlaces(program.cluster)) yield { ...program, cluster }
  for (const key of ["maxResident", "isolated"] as const) if (program[key] !== undefined) yield omit(program, key)
  if (program.adapter === "level") yield { ...program, adapter: "memory" }
  for (const list of ["kinds", "names"] as const)
    if (isUnused(program, list)) yield { ...program, [list]: program[list].slice(0, -1) }
  for (const [n, kind] of kinds.entries())
    for (const smaller of smallerKinds(kind)) yield { ...program, kinds: kinds.with(n, smaller) }
  for (const [n, act] of acts.entries())
    for (const smaller of smallerParts(act, ["commandId", "timeoutMs", "cancelAfterMs", "patient"]))
      yield { ...program, acts: acts.with(n, smaller) }
  for (const [n, act] of acts.entries())
    if ("again" in act && act.again > 0) yield { ...program, acts: acts.with(n, { ...act, again: 0 }) }
  for (const [n, { tenant, key }] of names.entries())
    if (tenant !== "default" || !/^[a-z]$/.test(key))
      yield { ...program, names: names.with(n, { tenant: "default", key: String.fromCharCode(97 + n) }) }
  if (acts.some(({ at }) => at > 0)) yield { ...program, acts: acts.map((act) => ({ ...act, at: 0 })) }
}

/** Nobody speaks of the last one. */
const isUnused = (program: Program, list: "kinds" | "names"): boolean =>
  program[list].length > 1 &&
  !JSON.stringify([program.kinds, program.acts]).includes(`"${list.slice(0, -1)}":${program[list].length - 1}`)

function* smallerKinds(kind: Kind): Iterable<Kind> {
  if (kind.handlers.length > 1) yield { ...kind, handlers: kind.handlers.slice(0, -1) }
  for (const key of [
    "started",
    "passivateAfterMs",
    "snapshotEvery",
    "keepEvents",
    "keepCommandsMs",
    "handlerTimeoutMs",
    "capacity",
  ] as const)
    if (kind[key] !== undefined) yield omit(kind, key)
  for (const [n, handler] of kind.handlers.entries())
    for (const smaller of smallerHandlers(handler)) yield { ...kind, handlers: kind.handlers.with(n, smaller) }
}

function* smallerHandlers(handler: Handler): Iterable<Handler> {
  if (handler.steps.length > 1) yield { steps: [] }
  for (const key of ["reentrant", "urgent"] as const) if (handler[key] !== undefined) yield omit(handler, key)
  for (const steps of smallerSteps(handler.steps)) yield { ...handler, steps }
}

function* smallerSteps(steps: readonly Step[]): Iterable<readonly Step[]> {
  for (let n = 0; n < steps.length; n++) yield without(steps, n)
  for (const [n, step] of steps.entries()) {
    for (const smaller of smallerParts(step, ["commandId", "timeoutMs", "detached"])) yield steps.with(n, smaller)
    if (step.do === "run") for (const inner of smallerSteps(step.steps)) yield steps.with(n, { ...step, steps: inner })
    if (step.do === "persist" && step.events.length > 1)
      for (let e = 0; e < step.events.length; e++) yield steps.with(n, { ...step, events: without(step.events, e) })
    if (step.do === "persist" && step.deliver !== undefined) yield steps.with(n, omit(step, "deliver"))
    if ("ms" in step && step.ms > 0) yield steps.with(n, { ...step, ms: 0 })
  }
}

function* smallerPlaces(place: Place): Iterable<Place> {
  for (let n = 0; n < place.faults.length; n++) yield { ...place, faults: without(place.faults, n) }
  const [last] = place.nodes.slice(-1)
  const befallen = place.faults.some(({ nodes }) => nodes.includes(last as string))
  if (place.nodes.length > 2 && !befallen) yield { ...place, nodes: place.nodes.slice(0, -1) }
}

/** Without an option, or with a simple value. */
function* smallerParts<T extends object>(part: T, options: readonly string[]): Iterable<T> {
  for (const key of options) if (key in part && part[key as keyof T] !== undefined) yield omit(part, key as never)
  if ("value" in part && typeof part.value !== "number") yield { ...part, value: 1 }
}

const without = <T>(list: readonly T[], n: number): T[] => [...list.slice(0, n), ...list.slice(n + 1)]

function omit<T extends object, K extends keyof T>(from: T, key: K): T {
  const { [key]: _, ...rest } = from
  return rest as T
}
