/**
 * Runs of agents and topologies: begun, followed, cancelled, resumed.
 *
 * Invariants
 *   U1. A topology, a conversation and a command are journalled; an agent asked by itself without either is not, and costs no write.
 *   U2. The answer of a journalled run is durable before it is given.
 *   U3. A command id belongs to one run: the same id again gives that run's answer, or joins it while it goes.
 *   U4. A run that was not ended when the process died is begun again by `resume`, from its log.
 *   U5. Where several nodes share the journal, one of them carries a run out (R2 of `open-runs.ts`), and who waits for it here goes on waiting when another takes it over.
 *   U6. Asked for under its command id at another node, a run is followed where it is carried out. Where each node has a journal of its own, this holds for nodes that can be
 *       reached.
 */
import { createHash } from "node:crypto"
import type { Clock, Random } from "#actors/clock.js"
import { AgentOSError } from "#actors/errors.js"
import { checkName } from "#actors/names.js"
import { checkNumbers, durationOrNever, wholeOrAll } from "#actors/numbers.js"
import type { Journal } from "#actors/persistence/journal.js"
import { Table } from "#actors/table.js"
import type { AgentManager } from "../agents/agent-manager.js"
import { checkContext } from "../agents/context-codec.js"
import { Cancellation, onCancel } from "../cancellation.js"
import type { Embedder } from "../knowledge/knowledge.js"
import { PartQueue } from "../models/part-queue.js"
import type { RecordStore } from "../record-store.js"
import type { RunEvent, RunOptions, RunResult } from "../run.js"
import type { Policy } from "../security/policy.js"
import type { Topology } from "../topologies/topology.js"
import { carryOut } from "./carry-out.js"
import { Conversations } from "./conversations.js"
import type { NamedFunction } from "./execute.js"
import { JournalLog } from "./journal-log.js"
import { OpenRuns } from "./open-runs.js"
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
  readonly policy: Policy
  readonly journal: Journal
  readonly records: RecordStore
  readonly embedder: Embedder
  readonly clock: Clock
  readonly random: Random
  /** Milliseconds that a run may take unless it says otherwise. */
  readonly timeoutMs?: number
  /** The other nodes of a cluster. */
  readonly others?: OtherNodes | undefined
}

/** What runs need to know of the other nodes. */
export interface OtherNodes {
  /** The name of this node. */
  readonly self: string
  /** Whether all of them share the journal. */
  readonly shared: boolean
  /** Whether a node of this name is a member, so that its runs are its own. */
  has(node: string): boolean
  /** The node that knows of a run, among those that can be reached. */
  find(runId: string): Promise<string | undefined>
  /**
   * Follows a run there.
   *
   * @returns undefined when it does not go on there, or cannot be followed any more
   * @throws what ended the run; `CANCELLED`, `DEADLINE_EXCEEDED`
   */
  follow(node: string, run: FollowedRun): Promise<RunResult | undefined>
}

export interface FollowedRun {
  readonly runId: string
  readonly listener: ((event: RunEvent) => void) | undefined
  readonly signal: AbortSignal | Cancellation | undefined
  readonly timeoutMs: number
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
/** Before a run is looked for again that goes from one node to another. */
const lookAgainMs = 200

export class Runs {
  readonly #parts: RunsParts
  readonly #conversations: Conversations
  readonly #open: OpenRuns
  readonly #active = new Table<Active>()

  constructor(parts: RunsParts) {
    this.#parts = parts
    this.#conversations = new Conversations(parts.journal, { shared: parts.others?.shared ?? false })
    this.#open = new OpenRuns(parts.records, parts.journal, this.#owner)
  }

  /** Who owns the runs of this node; undefined: nobody else could. */
  get #owner(): string | undefined {
    const { others } = this.#parts
    return others?.shared === true ? others.self : undefined
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

  /**
   * Begins again what is left unfinished (U4): by the last process of this node, or what else is `wanted`.
   *
   * @param wanted of the runs of a node, by its name; empty: of one that shared its journal with nobody
   * @returns the ids of the runs
   */
  async resume(
    wanted?: (run: { readonly runId: string; readonly node: string }) => boolean,
  ): Promise<readonly string[]> {
    const self = this.#owner
    const found: string[] = []
    for await (const run of this.#open.all()) {
      const { tenant, runId, node } = run
      const mayTake = (owner: string): boolean => wanted?.({ runId, node: owner }) ?? (owner === "" || owner === self) // prettier-ignore
      if (this.#active.get(runId) !== undefined || (!mayTake(node) && node !== self)) continue
      const log = await this.#open.claim(run, mayTake)
      const { started } = log?.state ?? {}
      if (log === undefined || started === undefined) continue
      if (this.kindOf(started.target) === undefined) {
        await this.#open.strike(tenant, runId)
        continue
      }
      this.#resume(tenant, runId, started, log).ended.catch(() => undefined)
      found.push(runId)
    }
    return found
  }

  /** Follows a run that goes on here, or has ended. @returns undefined when it is neither @throws what ended it */
  async join(
    runId: string,
    listener: ((event: RunEvent) => void) | undefined,
    signal: AbortSignal | Cancellation | undefined,
    tenant = "default",
  ): Promise<RunResult | undefined> {
    const active = this.#active.get(runId)
    if (active !== undefined) return this.#attach(active, signal, listener)
    return answerOf(await JournalLog.open(this.#parts.journal, tenant, runId))
  }

  /** Ends a run that nobody carries out at the moment, where the journal is shared. @returns false when it had ended, or never was */
  async cancelOpen(runId: string, tenant = "default"): Promise<boolean> {
    const node = this.#owner
    if (node === undefined) return false
    const log = await this.#open.claim({ tenant, runId, node }, () => true)
    await log?.append({ name: "failed", payload: { code: "CANCELLED", message: `run ${runId} was cancelled` } })
    if (log !== undefined) await this.#open.strike(tenant, runId)
    return log !== undefined
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
    checkName("a tenant", tenant)
    if (commandId !== undefined) checkName("a command id", commandId)
    if (options.conversation !== undefined) checkName("a conversation", options.conversation)
    checkNumbers("INVALID_OPTION", "", options, { timeoutMs: durationOrNever, budgetTokens: wholeOrAll })
    if (this.kindOf(target) === undefined)
      throw new AgentOSError("UNKNOWN_AGENT", `there is no agent or topology named ${JSON.stringify(target)}`)
    this.#parts.policy.require([options.caller ?? "local"], "call", target)
    if (options.signal instanceof Cancellation) options.signal.throwIfCancelled()
    else options.signal?.throwIfAborted()
    const runId =
      commandId === undefined
        ? random.uuid()
        : createHash("sha256").update(`${tenant}\u0000${commandId}`).digest("hex").slice(0, 32) // U3
    const recorded = commandId !== undefined || options.conversation !== undefined || this.#parts.topologies.has(target) // U1
    const { clock } = this.#parts
    const until = clock.monotonic() + (options.timeoutMs ?? this.#parts.timeoutMs ?? defaultTimeoutMs)
    let isNew = commandId === undefined
    for (;;) {
      try {
        const log = !recorded ? noLog : isNew ? JournalLog.begin(journal, tenant, runId) : await JournalLog.open(journal, tenant, runId) // prettier-ignore
        let active = this.#active.get(runId)
        if (active === undefined && !isNew && log instanceof JournalLog) {
          const timeoutMs = until - clock.monotonic()
          const run = answerOf(log) ?? (await this.#elsewhere(log, tenant, { runId, listener, signal: options.signal, timeoutMs })) // prettier-ignore
          if (run !== undefined) return run
          active = this.#active.get(runId)
        }
        active ??= this.#begin(runId, target, input, options, log, !isNew && log instanceof JournalLog && log.state.started !== undefined, listener) // prettier-ignore
        return await this.#attach(active, options.signal, listener)
      } catch (error) {
        const moved = AgentOSError.from(error).code === "RUN_MOVED" // U5
        if (!moved || clock.monotonic() >= until) throw error
        isNew = false
        await new Promise<void>((done) => clock.timer(lookAgainMs, done))
        if (options.signal instanceof Cancellation) options.signal.throwIfCancelled()
        else options.signal?.throwIfAborted()
      }
    }
  }

  /**
   * What other nodes have to do with a run that is not carried out here.
   *
   * @returns its answer, when one of them gives it; otherwise it is this node's
   * @throws what ended it; `RUN_MOVED`: it is to be looked for again
   */
  async #elsewhere(log: JournalLog, tenant: string, run: FollowedRun): Promise<RunResult | undefined> {
    const { others } = this.#parts
    const { started, owner = "" } = log.state
    if (others === undefined || others.shared !== (started !== undefined)) return undefined
    const owned = others.shared && (owner === others.self || !others.has(owner))
    const node = others.shared ? owner : await others.find(run.runId)
    if (!owned && node !== undefined) {
      const answer = await others.follow(node, run)
      if (answer !== undefined) return answer
      throw new AgentOSError("RUN_MOVED", `run ${run.runId} does not go on at node ${node} any more`)
    }
    if (!owned) return undefined
    await log.takeOver(others.self)
    await this.#open.note(tenant, run.runId)
    return undefined
  }

  async #attach(
    active: Active,
    signal: AbortSignal | Cancellation | undefined,
    listener: ((event: RunEvent) => void) | undefined,
  ): Promise<RunResult> {
    if (listener !== undefined && !active.listeners.includes(listener))
      active.listeners = [...active.listeners, listener]
    const { work } = active
    active.followers += 1
    let stay = (): void => undefined
    try {
      // Who gives up is not held by a run that goes on for others.
      return await new Promise<RunResult>((resolve, reject) => {
        stay = onCancel(signal, () => {
          const reason = AgentOSError.from(signal?.reason, "CANCELLED")
          if (--active.followers === 0) work.cancel(reason)
          else reject(reason)
        })
        active.ended.then(resolve, reject)
      })
    } finally {
      stay()
      if (listener !== undefined) active.listeners = active.listeners.filter((other) => other !== listener)
    }
  }

  #resume(tenant: string, runId: string, { target, input, context, ...rest }: StartedRun, log: RunLog): Active {
    const options = { ...rest, tenant, ...(context === undefined ? {} : { context: checkContext(context) }) }
    return this.#begin(runId, target, input, options, log, true)
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
    const emit = (event: RunEvent): void => active.listeners.forEach((listener) => listener(event))
    const parts = { ...this.#parts, conversations: this.#conversations, open: this.#open, owner: this.#owner }
    void carryOut({ runId, target, input, options, log, work, emit, resumed }, parts).then(
      (run) => (forget(), settle?.resolve(run)),
      (error: unknown) => (forget(), settle?.reject(error)),
    )
    return active
  }
}

/** The answer of a run that has ended. @throws what ended it otherwise */
function answerOf({ state: { ended, failed } }: JournalLog): RunResult | undefined {
  if (failed !== undefined) throw new AgentOSError(failed.code, failed.message)
  return ended
}
