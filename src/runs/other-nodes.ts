/** What runs need to know of the other nodes. */
import type { Cancellation } from "../cancellation.js"
import type { RunListener, RunResult } from "../run.js"

export interface OtherNodes {
  /** The name of this node. */
  readonly self: string
  /** Whether all of them share the journal. */
  readonly shared: boolean
  /** Whether a node of this name is a member, so that its runs are its own. */
  has(node: string): boolean
  /** The node that knows of a run, among those that can be reached. */
  find(tenant: string, runId: string): Promise<string | undefined>
  /**
   * Follows a run there.
   *
   * @returns undefined when it does not go on there, or cannot be followed any more
   * @throws what ended the run; `CANCELLED`, `DEADLINE_EXCEEDED`
   */
  follow(node: string, run: FollowedRun): Promise<RunResult | undefined>
}

export interface FollowedRun {
  readonly tenant: string
  readonly runId: string
  /** What it was asked, as a hash, where it is looked for by idempotency key. */
  readonly request: string | undefined
  readonly listener: RunListener | undefined
  readonly signal: AbortSignal | Cancellation | undefined
  readonly timeoutMs: number
}
