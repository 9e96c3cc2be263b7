/** An error, or the end of an actor by one, on its way to another actor system: code, message and causes stay; the stack does not travel. */
import { AgentOSError } from "../errors.js"
import type { Exit } from "../supervision.js"
import { isPlain } from "./payload.js"

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

export function failureOf(thrown: unknown, depth = 0): Failure {
  if (!(thrown instanceof Error))
    return { kind: "value", value: typeof thrown !== "object" && isPlain(thrown) ? thrown : String(thrown) }
  const { name, message, cause } = thrown
  const more = thrown instanceof AgentOSError ? thrown : undefined
  return {
    kind: "error",
    name,
    message,
    ...(more === undefined ? {} : { code: more.code }),
    ...(more?.node === undefined ? {} : { node: more.node }),
    ...(more?.details !== undefined && isPlain(more.details) ? { details: more.details } : {}),
    ...(cause === undefined || depth === deepest ? {} : { cause: failureOf(cause, depth + 1) }),
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
