/**
 * An error, or the end of an actor by one, on its way to another actor system: code, message and causes stay; the
 * stack does not travel.
 *
 * Invariants
 *   V1. Whatever was thrown becomes a failure, and every failure can travel: what cannot is left out, or its text
 *       stands for it.
 */
import { AgentOSError, thrownText, type Executed } from "../errors.js"
import { checkPlain, found, keptCopy } from "../plain.js"
import type { Exit } from "../supervision.js"

export type Failure =
  | {
      readonly kind: "error"
      readonly name: string
      readonly message: string
      readonly code?: string | number
      readonly node?: string
      readonly executed?: Executed
      readonly details?: unknown
      readonly cause?: Failure
    }
  /** Something was thrown that is no error. */
  | { readonly kind: "value"; readonly value: unknown }

/** How an actor has ended. */
export type FarExit = { readonly kind: "stopped" } | { readonly kind: "crashed"; readonly failure: Failure }

/** Causes of causes that travel. */
const deepest = 8

/** V1 */
export function failureOf(thrown: unknown): Failure {
  return failureBelow(thrown, [])
}

/** @param above those that it is the cause of, the outermost first: a chain may be a circle */
function failureBelow(thrown: unknown, above: readonly unknown[]): Failure {
  const text = thrownText(thrown)
  if (!isError(thrown)) {
    const plain = typeof thrown === "string" ? undefined : travelling(thrown)
    return { kind: "value", value: plain === undefined ? text : plain.is }
  }
  const [name, message, code, node, details, cause] = parts.map((part) => read(thrown, part))
  const plain = travelling(details)
  const chain = [...above, thrown]
  return {
    kind: "error",
    name: typeof name === "string" ? name.toWellFormed() : "Error",
    message: message === "" ? message : text,
    ...(typeof code === "number" ? { code } : typeof code === "string" ? { code: code.toWellFormed() } : {}),
    ...(typeof node === "string" && thrown instanceof AgentOSError ? { node } : {}),
    ...(thrown instanceof AgentOSError ? { executed: thrown.executed } : {}),
    ...(plain?.is === undefined ? {} : { details: plain.is }),
    ...(cause === undefined || chain.length > deepest || chain.includes(cause)
      ? {}
      : { cause: failureBelow(cause, chain) }),
  }
}

const parts = ["name", "message", "code", "node", "details", "cause"] as const

function isError(thrown: unknown): thrown is Error {
  try {
    return thrown instanceof Error
  } catch {
    return false
  }
}

/** A part that cannot be read is none. */
function read(error: Error, part: (typeof parts)[number]): unknown {
  try {
    return (error as Partial<Record<(typeof parts)[number], unknown>>)[part]
  } catch {
    return undefined
  }
}

/** Plain data as it can travel; undefined for what cannot. */
function travelling(value: unknown): { readonly is: unknown } | undefined {
  try {
    const title = (): string => "what was thrown"
    if (checkPlain(value, title) !== found.plain) return undefined
    return { is: typeof value === "string" ? value.toWellFormed() : keptCopy(value, title) }
  } catch {
    return undefined
  }
}

export function thrownOf(failure: Failure): unknown {
  if (failure.kind === "value") return failure.value
  const { name, message, code, node, executed, details } = failure
  const cause = failure.cause === undefined ? undefined : thrownOf(failure.cause)
  const error =
    name === "AgentOSError" && typeof code === "string"
      ? new AgentOSError(code, message, {
          cause,
          ...(node === undefined ? {} : { node }),
          ...(executed === undefined ? {} : { executed }),
          ...(details === undefined ? {} : { details: details as Readonly<Record<string, unknown>> }),
        })
      : Object.assign(
          Object.defineProperty(new Error(message, cause === undefined ? undefined : { cause }), "name", hidden(name)),
          { ...(code === undefined ? {} : { code }), ...(details === undefined ? {} : { details }) },
        )
  // The stack of this function would mislead.
  return Object.defineProperty(error, "stack", hidden(`${name}: ${message}\n    at another actor system`))
}

export const farExit = (exit: Exit): FarExit =>
  exit.kind === "stopped" ? exit : { kind: "crashed", failure: failureOf(exit.error) }

export const exitOf = (exit: FarExit): Exit =>
  exit.kind === "stopped" ? exit : { kind: "crashed", error: thrownOf(exit.failure) }

const hidden = (value: string): PropertyDescriptor => ({ value, configurable: true, writable: true })
