/**
 * An error, or the end of an actor by one, on its way to another actor system: code, message and causes stay; the stack does not travel.
 *
 * Invariants
 *   V1. Whatever was thrown becomes a failure, and every failure can travel: what cannot is left out, or its text stands for it.
 */
import { AgentOSError, thrownText } from "../errors.js"
import { checkPlain, found, keptCopy } from "../plain.js"
import type { Exit } from "../supervision.js"

export type Failure =
  | {
      readonly kind: "error"
      readonly name: string
      readonly message: string
      readonly code?: string
      readonly node?: string
      readonly details?: Readonly<Record<string, unknown>>
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
  try {
    if (thrown instanceof Error) {
      const { name, cause } = thrown as { readonly name: unknown; readonly cause: unknown }
      const more = thrown instanceof AgentOSError ? thrown : undefined
      const details = travelling(more?.details)
      const chain = [...above, thrown]
      return {
        kind: "error",
        name: typeof name === "string" ? name : "Error",
        message: text,
        ...(more === undefined ? {} : { code: more.code }),
        ...(typeof more?.node === "string" ? { node: more.node } : {}),
        ...(details === undefined ? {} : { details }),
        ...(cause === undefined || chain.length > deepest || chain.includes(cause)
          ? {}
          : { cause: failureBelow(cause, chain) }),
      }
    }
  } catch {
    // It is not what it looks like.
  }
  return { kind: "value", value: isAtom(thrown) ? thrown : text }
}

const isAtom = (value: unknown): boolean =>
  value === null || ["undefined", "number", "bigint", "boolean"].includes(typeof value)

/** Details as they can travel; none where a part of them cannot. */
function travelling(details: AgentOSError["details"]): AgentOSError["details"] {
  try {
    return details === undefined || checkPlain(details, () => "details") !== found.plain
      ? undefined
      : (keptCopy(details, () => "details") as AgentOSError["details"])
  } catch {
    return undefined
  }
}

export function thrownOf(failure: Failure): unknown {
  if (failure.kind === "value") return failure.value
  const { name, message, code, node, details } = failure
  const cause = failure.cause === undefined ? undefined : thrownOf(failure.cause)
  const error =
    code === undefined
      ? Object.defineProperty(new Error(message, cause === undefined ? undefined : { cause }), "name", hidden(name))
      : new AgentOSError(code, message, {
          cause,
          ...(node === undefined ? {} : { node }),
          ...(details === undefined ? {} : { details }),
        })
  // The stack of this function would mislead.
  return Object.defineProperty(error, "stack", hidden(`${name}: ${message}\n    at another actor system`))
}

export const farExit = (exit: Exit): FarExit =>
  exit.kind === "stopped" ? exit : { kind: "crashed", failure: failureOf(exit.error) }

export const exitOf = (exit: FarExit): Exit =>
  exit.kind === "stopped" ? exit : { kind: "crashed", error: thrownOf(exit.failure) }

const hidden = (value: string): PropertyDescriptor => ({ value, configurable: true, writable: true })
