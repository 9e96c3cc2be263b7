/**
 * Runs of agents and topologies: begun, followed, cancelled, resumed.
 *
 * Invariants
 *   U1. A topology, a conversation and a command are journalled; an agent asked by itself without either is not, and costs no write.
 *   U2. The answer of a journalled run is durable before it is given.
 *   U3. A command id belongs to one run: the same id again gives that run's answer, or joins it while it goes.
 *   U4. A run that was not ended when the process died is begun again by `resume`, from its log.
 */
import { createHash } from "node:crypto"
import type { Clock, Random } from "#actors/clock.js"
import { AgentOSError } from "#actors/errors.js"
import type { Journal } from "#actors/persistence/journal.js"
import { Table } from "#actors/table.js"
import type { AgentManager } from "../agents/agent-manager.js"
import { checkContext, emptyContext } from "../agents/context-codec.js"
import { Cancellation, onCancel } from "../cancellation.js"
import type { ContextVector } from "../agents/context-vector.js"
import type { Embedder } from "../knowledge/knowledge.js"
import { PartQueue } from "../models/part-queue.js"
import type { RecordStore } from "../record-store.js"
import type { RunEvent, RunOptions, RunResult } from "../run.js"
import type { Topology } from "../topologies/topology.js"
import { Conversations } from "./conversations.js"
import { execute, type NamedFunction } from "./execute.js"
import { JournalLog } from "./journal-log.js"
import { noLog, type RunLog, type StartedRun } from "./run-log.js"

export interface RunStatus {
  readonly runId: string
  readonly target: string
  readonly state: "running" | "finished" | "failed" | "cancelled"
  readonly caller?: string
  readonly output?: string
  readonly error?: { readonly code: string; readonly message: string }
}

export interface RunsParts {
  readonly agents: Pick<AgentManager, "has" | "ask">
  readonly topologies: ReadonlyMap<string, Topology>
  readonly functions: ReadonlyMap<string, NamedFunction>
  readonly journal: Journal
  readonly records: RecordStore
  readonly embedder: Embedder
  readonly clock: Clock
  readonly random: Random
  /** Milliseconds that a run may take unless it says otherwise. */
  readonly timeoutMs?: number
}

interface Active {
  readonly target: string
  readonly caller: string | undefined
  readonly work: Cancellation
  readonly log: RunLog
  listeners: readonly ((event: RunEvent) => void)[]
  readonly ended: Promise<RunResult>
  /** Callers that wait for it; when the last one gives up, it is cancelled. */
  followers: number
}

const defaultTimeoutMs = 300_000

export class Runs {
  readonly #parts: RunsParts
  readonly #conversations: Conversations
  readonly #active = new Table<Active>()

  constructor(parts: RunsParts) {
    this.#parts = parts
    this.#conversations = new Conversations(parts.journal)
  }

  /** Runs going on. */
  get open(): number {
    return this.#active.size
  }

  kindOf(target: string): "agent" | "topology" | undefined {
    return this.#parts.topologies.has(target) ? "topology" : this.#parts.agents.has(target) ? "agent" : undefined
  }

  /** The log and the listener of a run, for the agent that answers one of its steps. */
  of(runId: string): {
    readonly log: RunLog
    readonly caller: string | undefined
    readonly emit: (event: RunEvent) => void
  } {
    const active = this.#active.get(runId)
    return {
      log: active?.log ?? noLog,
      caller: active?.caller,
      emit: (event) => active?.listeners.forEach((listener) => listener(event)),
    }
  }

  /** @throws what ended the run; `UNKNOWN_AGENT` */
  async run(target: string, input: string, options: RunOptions = {}): Promise<RunResult> {
    return this.#follow(target, input, options, undefined)
  }

  /** Events as they happen; the last is `end` or `error`. Leaving the loop early cancels the run, unless others wait for it too. */
  async *stream(target: string, input: string, options: RunOptions = {}): AsyncGenerator<RunEvent> {
    const queue = new PartQueue<RunEvent>()
    const left = new Cancellation()
    const stay = onCancel(options.signal, () => left.cancel(AgentOSError.from(options.signal?.reason, "CANCELLED")))
    void this.#follow(target, input, { ...options, signal: left }, (event) => queue.push(event)).then(
      (run) => {
        queue.push({ type: "end", run })
        queue.close()
      },
      (error: unknown) => {
        queue.push({ type: "error", error: AgentOSError.from(error, "RUN_FAILED") })
        queue.close()
      },
    )
    try {
      yield* queue
    } finally {
      stay()
      left.cancel(new AgentOSError("CANCELLED", "nobody listens any more"))
    }
  }

  /** @returns false when the run had already ended, or never was */
  cancel(runId: string): boolean {
    const active = this.#active.get(runId)
    active?.work.cancel(new AgentOSError("CANCELLED", `run ${runId} was cancelled`))
    return active !== undefined
  }

  async status(runId: string, tenant = "default"): Promise<RunStatus | undefined> {
    const active = this.#active.get(runId)
    if (active !== undefined)
      return {
        runId,
        target: active.target,
        state: "running",
        ...(active.caller === undefined ? {} : { caller: active.caller }),
      }
    const { state } = await JournalLog.open(this.#parts.journal, tenant, runId)
    const { started, ended, failed } = state
    if (started === undefined) return undefined
    const about = { runId, target: started.target, ...(started.caller === undefined ? {} : { caller: started.caller }) }
    if (ended !== undefined) return { ...about, state: "finished", output: ended.output }
    if (failed !== undefined)
      return { ...about, state: failed.code === "CANCELLED" ? "cancelled" : "failed", error: failed }
    return { ...about, state: "running" }
  }

  /** What was said in a conversation, oldest first. */
  conversation(target: string, id: string, tenant = "default"): ReturnType<Conversations["history"]> {
    return this.#conversations.history(tenant, target, id)
  }

  /** Begins again what the last process left unfinished (U4). @returns the ids of the runs */
  async resume(): Promise<readonly string[]> {
    const found: string[] = []
    for await (const [key] of this.#parts.records.entries("open\u0000")) {
      const [, tenant = "", runId = ""] = key.split("\u0000")
      const log = await JournalLog.open(this.#parts.journal, tenant, runId)
      const { started, ended, failed } = log.state
      if (
        started === undefined ||
        ended !== undefined ||
        failed !== undefined ||
        this.kindOf(started.target) === undefined
      ) {
        await this.#parts.records.write([[key, undefined]])
        continue
      }
      const { target, input, context, ...rest } = started
      const active = this.#begin(
        runId,
        target,
        input,
        { ...rest, tenant, ...(context === undefined ? {} : { context: checkContext(context) }) },
        log,
        true,
      )
      active.ended.catch(() => undefined)
      found.push(runId)
    }
    return found
  }

  /** Waits for what is going on, up to so many milliseconds; the rest is broken off and left open in the journal, to be resumed at the next start. */
  async drain(milliseconds: number): Promise<void> {
    const all = Promise.allSettled(this.#active.entries().map(([, { ended }]) => ended))
    const cancelTimer = this.#parts.clock.timer(milliseconds, () => {
      for (const [runId, { work }] of this.#active.entries())
        work.cancel(
          new AgentOSError(
            "SYSTEM_STOPPED",
            `the node stopped before run ${runId} ended; what is journalled goes on at the next start`,
          ),
        )
    })
    await all
    cancelTimer()
  }

  async #follow(
    target: string,
    input: string,
    options: RunOptions,
    listener: ((event: RunEvent) => void) | undefined,
  ): Promise<RunResult> {
    const { random, journal } = this.#parts
    const { tenant = "default", commandId } = options
    if (this.kindOf(target) === undefined)
      throw new AgentOSError("UNKNOWN_AGENT", `there is no agent or topology named ${JSON.stringify(target)}`)
    if (options.signal instanceof Cancellation) options.signal.throwIfCancelled()
    else options.signal?.throwIfAborted()
    const runId =
      commandId === undefined
        ? random.uuid()
        : createHash("sha256").update(`${tenant}\u0000${commandId}`).digest("hex").slice(0, 32) // U3
    const recorded = commandId !== undefined || options.conversation !== undefined || this.#parts.topologies.has(target) // U1
    let active = this.#active.get(runId)
    if (active === undefined) {
      const log = recorded && commandId !== undefined ? await JournalLog.open(journal, tenant, runId) : undefined
      if (log?.state.ended !== undefined) return log.state.ended
      if (log?.state.failed !== undefined) throw new AgentOSError(log.state.failed.code, log.state.failed.message)
      active =
        this.#active.get(runId) ??
        this.#begin(
          runId,
          target,
          input,
          options,
          log ?? (recorded ? JournalLog.begin(journal, tenant, runId) : noLog),
          log?.state.started !== undefined,
          listener,
        )
    }
    if (listener !== undefined && !active.listeners.includes(listener))
      active.listeners = [...active.listeners, listener]
    const { work } = active
    active.followers += 1
    const stay = onCancel(options.signal, () => {
      if (--active.followers === 0) work.cancel(AgentOSError.from(options.signal?.reason, "CANCELLED"))
    })
    try {
      return await active.ended
    } finally {
      stay()
      if (listener !== undefined) active.listeners = active.listeners.filter((other) => other !== listener)
    }
  }

  #begin(
    runId: string,
    target: string,
    input: string,
    options: RunOptions,
    log: RunLog,
    resumed: boolean,
    listener?: (event: RunEvent) => void,
  ): Active {
    const work = new Cancellation()
    const listeners = listener === undefined ? [] : [listener]
    const timeoutMs = options.timeoutMs ?? this.#parts.timeoutMs ?? defaultTimeoutMs
    const cancelTimer = this.#parts.clock.timer(timeoutMs, () =>
      work.cancel(new AgentOSError("DEADLINE_EXCEEDED", `run ${runId} did not end within ${timeoutMs} ms`)),
    )
    let settle: { resolve: (run: RunResult) => void; reject: (error: unknown) => void } | undefined
    const ended = new Promise<RunResult>((resolve, reject) => (settle = { resolve, reject }))
    const active: Active = { target, caller: options.caller, work, log, listeners, ended, followers: 0 }
    this.#active.set(runId, active)
    const forget = (): void => {
      cancelTimer()
      this.#active.delete(runId)
    }
    void this.#carryOut(runId, target, input, options, active, resumed).then(
      (run) => (forget(), settle?.resolve(run)),
      (error: unknown) => (forget(), settle?.reject(error)),
    )
    return active
  }

  async #carryOut(
    runId: string,
    target: string,
    input: string,
    options: RunOptions,
    active: Active,
    resumed: boolean,
  ): Promise<RunResult> {
    const { agents, topologies, functions, records, embedder, clock } = this.#parts
    const { tenant = "default", conversation, traceId = "" } = options
    const { log, work } = active
    const began = clock.monotonic()
    const emit = (event: RunEvent): void => active.listeners.forEach((listener) => listener(event))
    const openKey = `open\u0000${tenant}\u0000${runId}`
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
        }
        // Both are written before anything is done; the note goes first, so that no started run is ever without one.
        await Promise.all([records.write([[openKey, true]]), log.append({ name: "started", payload: started })])
      }
      const context = options.context ?? emptyContext
      const history = [
        ...context.messages,
        ...(conversation === undefined ? [] : await this.#conversations.history(tenant, target, conversation)),
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
      const run: RunResult = {
        runId,
        target,
        output: executed.output,
        context: after,
        usage: executed.usage,
        elapsedMs: clock.monotonic() - began,
      }
      if (conversation !== undefined)
        await this.#conversations.remember(tenant, target, conversation, { user: input, reply: executed.output, runId })
      if (log instanceof JournalLog) {
        await log.append({ name: "ended", payload: run }) // U2
        void records.write([[openKey, undefined]]).catch(() => undefined)
      }
      return run
    } catch (thrown) {
      const error = work.reason ?? AgentOSError.from(thrown, "RUN_FAILED")
      // A store that failed cannot record that it did; and a stop of the system leaves the run open, to be resumed.
      const open = [
        "JOURNAL_FAILED",
        "STORE_FAILED",
        "DISK_FULL",
        "SYSTEM_STOPPED",
        "ACTOR_STOPPED",
        "MODEL_STOPPED",
      ].includes(error.code)
      if (log instanceof JournalLog && !open) {
        await log
          .append({ name: "failed", payload: { code: error.code, message: error.message } })
          .catch(() => undefined)
        void records.write([[openKey, undefined]]).catch(() => undefined)
      }
      throw error
    }
  }
}

function least(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined) return b
  return b === undefined ? a : Math.min(a, b)
}
