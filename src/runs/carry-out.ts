/**
 * One run from its beginning to its end: what is recorded of it, what it is given, and what it gives.
 *
 * Invariants are those of `runs.ts`.
 */
import type { Clock } from "#actors/clock.js"
import { AgentOSError } from "#actors/errors.js"
import type { AgentManager } from "../agents/agent-manager.js"
import { emptyContext } from "../agents/context-codec.js"
import type { ContextVector } from "../agents/context-vector.js"
import type { Cancellation } from "../cancellation.js"
import type { Embedder } from "../knowledge/knowledge.js"
import type { RunEvent, RunOptions, RunResult } from "../run.js"
import type { Policy } from "../security/policy.js"
import type { Topology } from "../topologies/topology.js"
import type { Conversations } from "./conversations.js"
import { execute, type NamedFunction } from "./execute.js"
import { JournalLog } from "./journal-log.js"
import type { OpenRuns } from "./open-runs.js"
import type { RunLog, StartedRun } from "./run-log.js"

export interface BegunRun {
  readonly runId: string
  readonly target: string
  readonly input: string
  readonly options: RunOptions
  readonly log: RunLog
  readonly work: Cancellation
  readonly emit: (event: RunEvent) => void
  /** It was begun before, by a process that left it open. */
  readonly resumed: boolean
}

export interface CarryOutParts {
  readonly agents: Pick<AgentManager, "has" | "ask">
  readonly topologies: ReadonlyMap<string, Topology>
  readonly functions: ReadonlyMap<string, NamedFunction>
  readonly conversations: Conversations
  readonly policy: Policy
  readonly open: OpenRuns
  readonly embedder: Embedder
  readonly clock: Clock
  /** This node, where the journal is shared. */
  readonly owner: string | undefined
}

/** @throws what ended the run */
export async function carryOut(run: BegunRun, parts: CarryOutParts): Promise<RunResult> {
  const { runId, target, input, options, log, work, emit, resumed } = run
  const { agents, topologies, functions, embedder, clock, owner, conversations, open, policy } = parts
  const { tenant = "default", conversation, traceId = "" } = options
  const began = clock.monotonic()
  emit({ type: "start", runId, target, resumed })
  try {
    if (log instanceof JournalLog && log.state.started === undefined) {
      const started: StartedRun = {
        target,
        input,
        ...(conversation === undefined ? {} : { conversation }),
        ...(options.caller === undefined ? {} : { caller: options.caller }),
        ...(options.traceId === undefined ? {} : { traceId: options.traceId }),
        ...(options.budgetTokens === undefined ? {} : { budgetTokens: options.budgetTokens }),
        ...(options.context === undefined ? {} : { context: options.context }),
        ...(owner === undefined ? {} : { node: owner }),
      }
      // Both are written before anything is done; the note goes first, so that no started run is ever without one. A store of this node alone keeps that order.
      const noted = open.note(tenant, runId)
      if (owner !== undefined) await noted
      await Promise.all([noted, log.append({ name: "started", payload: started })])
    }
    const context = options.context ?? emptyContext
    const history = [
      ...context.messages,
      ...(conversation === undefined ? [] : await conversations.history(tenant, target, conversation)),
    ]
    const budgetTokens = least(options.budgetTokens, context.budgetTokens)
    const executed = await execute(
      topologies.get(target) ?? { kind: "agent", agent: target },
      input,
      {
        runId,
        tenant,
        traceId,
        history,
        log,
        clock,
        emit,
        embedder,
        budgetTokens,
        permit: (called) => policy.require([options.caller ?? "local"], "call", called),
        ask: (agent, request, step) =>
          agents.ask(agent, request, {
            signal: step,
            traceId,
            tenant,
            ...(options.caller === undefined ? {} : { caller: options.caller }),
          }),
        topology: (name) => (agents.has(name) ? undefined : topologies.get(name)),
        fn: (name) => {
          const found = functions.get(name)
          if (found === undefined)
            throw new AgentOSError(
              "UNKNOWN_FUNCTION",
              `no function is registered as ${JSON.stringify(name)}; there are: ${[...functions.keys()].join(", ") || "none"}`,
            )
          return found
        },
      },
      work,
    )
    const after: ContextVector = {
      ...context,
      messages: [...history, { role: "user", content: input }, { role: "assistant", content: executed.output }],
      values: { ...context.values, ...executed.values },
      provenance: [...context.provenance, ...executed.provenance],
      ...(budgetTokens === undefined
        ? {}
        : { budgetTokens: budgetTokens - executed.usage.promptTokens - executed.usage.completionTokens }),
    }
    const result: RunResult = {
      runId,
      target,
      output: executed.output,
      context: after,
      usage: executed.usage,
      elapsedMs: clock.monotonic() - began,
    }
    if (conversation !== undefined)
      await conversations.remember(tenant, target, conversation, { user: input, reply: executed.output, runId })
    if (log instanceof JournalLog) {
      await log.append({ name: "ended", payload: result }) // U2
      void open.strike(tenant, runId)
    }
    return result
  } catch (thrown) {
    const error = work.reason ?? AgentOSError.from(thrown, "RUN_FAILED")
    // A store that failed cannot record that it did; and a stop of the system leaves the run open, to be resumed.
    const leftOpen = [
      "RUN_MOVED",
      "JOURNAL_FAILED",
      "STORE_FAILED",
      "DISK_FULL",
      "SYSTEM_STOPPED",
      "ACTOR_STOPPED",
      "MODEL_STOPPED",
    ].includes(error.code)
    if (log instanceof JournalLog && !leftOpen) {
      await log.append({ name: "failed", payload: { code: error.code, message: error.message } }).catch(() => undefined)
      void open.strike(tenant, runId)
    }
    throw error
  }
}

function least(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined) return b
  return b === undefined ? a : Math.min(a, b)
}
