import type { z } from "zod"

/** What a tool may use while it works. */
export interface ToolContext {
  /** Aborts when the caller cancels or the tool's time is up. */
  readonly signal: AbortSignal
  readonly agent: string
  readonly tenant: string
  readonly traceId: string
  /** Stable over retries and restarts of the same call: hand it to servers as their idempotency key. */
  readonly callId: string
  /** Milliseconds that it has: its own limit, or what is left of its caller's time where that is less. */
  readonly timeoutMs: number
  /** What the agent was asked. */
  readonly question?: string
}

/**
 * Something an agent can do. Arguments are checked against `parameters` before `execute` runs; what it returns,
 * any value, the model reads as text.
 */
export interface Tool<Parameters extends z.ZodType = z.ZodType> {
  readonly name: string
  readonly description: string
  readonly parameters: Parameters
  /** Milliseconds before the call is given up; default 10,000. */
  readonly timeoutMs?: number
  /**
   * Whether running the same call twice does no harm; such a call is run again after a crash instead of being
   * reported as unresolved.
   */
  readonly idempotent?: boolean
  // A method, so that a tool of particular parameters is a tool.
  execute(args: z.output<Parameters>, context: ToolContext): unknown
}

/** Checks a tool's shape at compile time and infers its arguments from `parameters`. */
export function defineTool<Parameters extends z.ZodType>(tool: Tool<Parameters>): Tool<Parameters> {
  return tool
}

/** What became of a tool call. An error is text that the model can read and react to, not an exception. */
export type ToolOutcome =
  | {
      readonly kind: "ok"
      readonly text: string
      readonly sources?: readonly string[]
      /** What the tool gave, for programs; a run's log has the text only. */
      readonly value?: unknown
    }
  | { readonly kind: "error"; readonly code: string; readonly text: string }
