/**
 * What a worker thread and the main thread say to each other beside the link: whether all is well, what is to be
 * logged, and when to end.
 */
import type { MessagePort } from "node:worker_threads"
import type { CodeSpec } from "../errors.js"
import type { DeadLetter } from "../telemetry.js"
import type { Failure } from "../remote/failure.js"

/** How a thread is started. */
export interface ThreadStart {
  /** Tells our threads from any others. */
  readonly llmagentos: "actors"
  readonly port: MessagePort
  /**
   * What is being handled: number of the definition, of the handler, of the incarnation. Shared memory, for when
   * nothing else can be read.
   */
  readonly board: Int32Array
  readonly system: string
  readonly node: string
  readonly shutdownTimeoutMs: number
  readonly errors: ReadonlyMap<string, CodeSpec>
  /** Whether anybody reads what is logged. */
  readonly logs: boolean
}

export type ToThread = { readonly kind: "ping" } | { readonly kind: "stop" }

export type FromThread =
  | { readonly kind: "ready" }
  | { readonly kind: "pong" }
  | { readonly kind: "stopped" }
  /** From now on the board may name it by its number, counted from 1. */
  | { readonly kind: "definition"; readonly name: string; readonly types: readonly string[] }
  | { readonly kind: "letter"; readonly letter: DeadLetter }
  | {
      readonly kind: "log"
      readonly level: "debug" | "info" | "warn" | "error"
      readonly fields: Readonly<Record<string, string | number | boolean>>
      readonly error: Failure | undefined
      readonly message: string
    }
