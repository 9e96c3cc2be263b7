/**
 * Runs as their logs tell of them, whoever carried them out: how one stands, and what it gave.
 *
 * Invariants are those of `runs.ts`.
 */
import { AgentOSError } from "#actors/errors.js"
import { checkName } from "#actors/names.js"
import type { Journal } from "#actors/persistence/journal.js"
import { checkContext } from "../agents/context-codec.js"
import type { RunResult } from "../run.js"
import { resultOf } from "./carry-out.js"
import { checkRequest } from "./idempotency-key.js"
import type { Conversations } from "./conversations.js"
import { JournalLog } from "./journal-log.js"
import type { Kept } from "./kept.js"
import { executedOf, type RunFailure, type RunState } from "./run-log.js"

export interface RunStatus {
  readonly runId: string
  readonly target: string
  readonly state: "running" | "finished" | "failed" | "cancelled"
  readonly caller?: string
  readonly output?: string
  readonly error?: RunFailure
}

export class RecordedRuns {
  readonly #journal: Journal
  readonly #kept: Kept
  readonly #conversations: Conversations

  constructor(journal: Journal, kept: Kept, conversations: Conversations) {
    this.#journal = journal
    this.#kept = kept
    this.#conversations = conversations
  }

  logOf(tenant: string, runId: string): Promise<JournalLog> {
    checkName("a tenant", tenant)
    checkName("a run id", runId)
    return JournalLog.open(this.#journal, tenant, runId)
  }

  async status(tenant: string, runId: string): Promise<RunStatus | undefined> {
    const { state } = (await this.#endOf(tenant, runId)) ?? (await this.logOf(tenant, runId))
    const { started, ended } = state
    const failed = failureOf(state)
    if (started === undefined) return undefined
    const about = { runId, target: started.target, ...(started.caller === undefined ? {} : { caller: started.caller }) }
    if (ended !== undefined) return { ...about, state: "finished", output: ended.output }
    if (failed !== undefined)
      return { ...about, state: failed.code === "CANCELLED" ? "cancelled" : "failed", error: failed }
    return { ...about, state: "running" }
  }

  /**
   * The answer of a run.
   *
   * @param request what is asked, as a hash (U3)
   * @returns undefined when it has not ended
   * @throws what ended it; `KEY_REUSED`
   */
  async answer(
    tenant: string,
    runId: string,
    request: string | undefined,
    { state }: JournalLog,
  ): Promise<RunResult | undefined> {
    const { started, ended, failed } = state
    checkRequest(request, started?.request)
    if (failed !== undefined) {
      const { code, message, executed = executedOf(state), details } = failed
      throw new AgentOSError(code, message, { executed, ...(details === undefined ? {} : { details }) })
    }
    if (ended === undefined || started === undefined) return undefined
    if ("context" in ended) return { ...ended, finish: ended.finish ?? ("stop" as const) } // from before
    const { target, input, conversation, said, caller = "local", context, budgetTokens } = started
    const options = {
      ...(context === undefined ? {} : { context: checkContext(context) }),
      ...(budgetTokens === undefined ? {} : { budgetTokens }),
    }
    const heard =
      conversation === undefined
        ? undefined
        : await this.#conversations.history({ tenant, caller, target, id: conversation }, said)
    return resultOf({ runId, target, input, options }, ended, heard?.messages)
  }

  /** The end of a run's log, of one that has ended: enough to tell how it stands. */
  async #endOf(tenant: string, runId: string): Promise<JournalLog | undefined> {
    checkName("a tenant", tenant)
    checkName("a run id", runId)
    const { run } = (await this.#kept.noteOf({ tenant, type: "run", key: runId })) ?? {}
    if (run === undefined) return undefined
    const { sequence, ...started } = run
    const log = await JournalLog.open(this.#journal, tenant, runId, sequence - 1)
    log.state.started = { ...started, input: "" }
    return log
  }
}

/** Why a run failed, for good or for now. */
function failureOf(state: RunState): RunFailure | undefined {
  const failure = state.failed ?? state.interrupted
  return failure && { executed: executedOf(state), ...failure }
}
