import { DEFAULT_TENANT } from "#actors/cause.js"
import type { AgentOSError } from "#actors/errors.js"
import { checkOptions } from "#actors/words.js"
import type { ContextVector } from "./agents/context-vector.js"
import type { Cancellation } from "./cancellation.js"
import type { Decoding, Usage } from "./models/model.js"

/**
 * Why an answer ends where it ends: the model was done, or it was cut off by length or by a filter of its provider.
 */
export type Finish = "stop" | "length" | "content-filter"

/** Whose runs, conversations and idempotency keys they are. */
export interface Scope {
  readonly tenant: string
  /** The id of an API key, "local" for a program of this machine, ... */
  readonly caller: string
}

/** What became of a run: the text, the whole context, the tokens spent. Plain data. */
export interface RunResult {
  readonly runId: string
  /** The agent or topology that ran. */
  readonly target: string
  readonly output: string
  /** Of the step that had the last word. */
  readonly finish: Finish
  readonly context: ContextVector
  readonly usage: Usage
  /** Wall time in milliseconds. */
  readonly elapsedMs: number
}

/**
 * What a run tells while it goes. `step` is the path of the step in the topology ("0", "1.0", ...), unique in a run.
 * The last event is `end` or `error`.
 */
export type RunEvent =
  | { readonly type: "start"; readonly runId: string; readonly target: string; readonly resumed: boolean }
  | { readonly type: "step"; readonly step: string; readonly agent: string; readonly status: "started" }
  | {
      readonly type: "step"
      readonly step: string
      readonly agent: string
      readonly status: "finished"
      readonly output: string
      /** Absent from nodes that do not tell. */
      readonly finish?: Finish
      /** The model that answered. Absent from nodes that do not tell. */
      readonly model?: string
      readonly elapsedMs: number
      readonly usage: Usage
    }
  | {
      readonly type: "step"
      readonly step: string
      readonly agent: string
      readonly status: "failed"
      readonly code: string
      readonly message: string
      readonly elapsedMs: number
    }
  | { readonly type: "token"; readonly step: string; readonly agent: string; readonly text: string }
  | {
      readonly type: "tool"
      readonly step: string
      readonly agent: string
      readonly tool: string
      readonly callId: string
      readonly status: "called"
      readonly arguments: Readonly<Record<string, unknown>>
    }
  | {
      readonly type: "tool"
      readonly step: string
      readonly agent: string
      readonly tool: string
      readonly callId: string
      readonly status: "ok" | "error" | "unresolved"
      readonly text: string
      readonly elapsedMs: number
    }
  | { readonly type: "end"; readonly run: RunResult }
  | { readonly type: "error"; readonly error: AgentOSError }

/** Hears of a run's events. What it returns says when to go on: a slow one holds the run back. */
export type RunListener = (event: RunEvent) => Promise<void> | undefined

export interface RunOptions {
  /** Remembers what was said under this id; absent: nothing is remembered. */
  readonly conversation?: string
  /**
   * The same id again gives the first run's answer instead of a second run; one that failed for now goes on. It
   * belongs to tenant and caller, and to one question: with another it is refused (`KEY_REUSED`).
   */
  readonly idempotencyKey?: string
  /** Default: "default". */
  readonly tenant?: string
  /** Who asks: the id of an API key; default "local". */
  readonly caller?: string
  readonly traceId?: string
  readonly timeoutMs?: number
  /** Calls the run off. */
  readonly signal?: AbortSignal | Cancellation
  /** Tokens that the whole run may spend. */
  readonly budgetTokens?: number
  /** How the agent's model chooses its words, over the agent's own; only of an agent that is asked by itself. */
  readonly decoding?: Decoding
  /** Start from this context instead of an empty one. */
  readonly context?: ContextVector
}

/** Every option there is. */
const known: Readonly<Record<keyof RunOptions, true>> = {
  conversation: true,
  idempotencyKey: true,
  tenant: true,
  caller: true,
  traceId: true,
  timeoutMs: true,
  signal: true,
  budgetTokens: true,
  decoding: true,
  context: true,
}

/** @throws `INVALID_OPTION` for one that there is not */
export const checkRunOptions = (options: unknown): void =>
  checkOptions("INVALID_OPTION", "the options of a run", options, known)

/** Options below the doors: whose a run is, is never left open. */
export type ScopedOptions = RunOptions & Scope

/** Whose runs are those of a program that does not say. */
export const scopeOf = ({
  tenant = DEFAULT_TENANT,
  caller = "local",
}: { readonly tenant?: string | undefined; readonly caller?: string | undefined } = {}): Scope => ({ tenant, caller })
