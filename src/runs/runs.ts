/**
 * Runs of agents and topologies: begun, followed, cancelled, resumed.
 *
 * Invariants
 *   U1. A topology, a conversation and a command are journalled; an agent asked by itself without either is not, and costs no write.
 *   U2. The answer of a journalled run is durable before it is given.
 *   U3. A command id of a caller belongs to one run: the same id again gives that run's answer, or joins it while it
 *       goes; with another question it is refused.
 *   U4. A run that was not ended when the process died is begun again by `resume`, from its log.
 *   U5. Where several nodes share the journal, one of them carries a run out (R2 of `open-runs.ts`), and who waits for it here goes on waiting when another takes it over.
 *   U6. Asked for under its command id at another node, a run is followed where it is carried out. Where each node has a journal of its own, this holds for nodes that can be
 *       reached.
 *   U7. A failure that may pass is no answer, and neither is that its caller went away: who comes with the command id
 *       again goes on with the run from its last finished step.
 *   U8. A run is seen, followed and cancelled in its tenant only.
 *   U9. A run that was refused before anything of it began leaves nothing; of the others so much is kept as `kept.ts` says.
 *   U10. A run is at most so many events ahead of the slowest of those that follow it: its model is not read on meanwhile.
 *   U11. A run that goes on here is told of from its begin to its end, whoever began it: a door, the program or `resume`.
 */
import type { Clock, Random } from "#actors/clock.js"
import { AgentOSError } from "#actors/errors.js"
import { checkName } from "#actors/names.js"
import { checkNumbers, durationOrNever, wholeOrAll } from "#actors/numbers.js"
import type { Journal, PersistenceId } from "#actors/persistence/journal.js"
import { Table } from "#actors/table.js"
import { checkText } from "#actors/words.js"
import type { AgentManager } from "../agents/agent-manager.js"
import { checkContext } from "../agents/context-codec.js"
import { Cancellation, onCancel } from "../cancellation.js"
import { checkDecoding } from "../models/decoding/check-decoding.js"
import type { Message } from "../models/model.js"
import type { Embedder } from "../knowledge/knowledge.js"
import type { ActivityFeed } from "../monitoring/activity.js"
import type { Metrics } from "../monitoring/metrics.js"
import { PartQueue } from "../models/part-queue.js"
import type { RecordStore } from "../record-store.js"
import type { RunEvent, RunListener, RunResult, Scope, ScopedOptions } from "../run.js"
import type { Policy } from "../security/policy.js"
import type { Topology } from "../topologies/topology.js"
import { carryOut, leaveOpen, resultOf, type AskedRun, type CarryOutParts } from "./carry-out.js"
import { checkRequest, requestOf, runOfCommand } from "./command.js"
import { Conversations, type ConversationId } from "./conversations.js"
import { Definitions } from "./definitions.js"
import type { NamedFunction } from "./execute.js"
import { JournalLog } from "./journal-log.js"
import { Kept, type Retention } from "./kept.js"
import { Unrecorded } from "./unrecorded.js"
import { OpenRuns } from "./open-runs.js"
import { executedOf, noLog, type RunFailure, type RunLog, type RunState, type StartedRun } from "./run-log.js"

export interface RunStatus {
  readonly runId: string
  readonly target: string
  readonly state: "running" | "finished" | "failed" | "cancelled"
  readonly caller?: string
  readonly output?: string
  readonly error?: RunFailure
}

export interface RunsParts {
  readonly agents: Pick<AgentManager, "has" | "ask">
  readonly topologies: ReadonlyMap<string, Topology>
  readonly functions: ReadonlyMap<string, NamedFunction>
  readonly policy: Policy
  readonly journal: Journal
  readonly records: RecordStore
  readonly embedder: Embedder
  /** Are told of every run that goes on here (U11). */
  readonly activity: Pick<ActivityFeed, "note">
  readonly metrics: Pick<Metrics, "runStarted" | "runEnded">
  readonly clock: Clock
  readonly random: Random
  /** Milliseconds that a run may take unless it says otherwise. */
  readonly timeoutMs?: number
  /** What is kept of what has ended. */
  readonly retention: Retention
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
  /** What it was asked, as a hash, where it is looked for by command id. */
  readonly request: string | undefined
  readonly listener: RunListener | undefined
  readonly signal: AbortSignal | Cancellation | undefined
  readonly timeoutMs: number
}

interface Active {
  readonly target: string
  readonly scope: Scope
  readonly request: string | undefined
  readonly work: Cancellation
  /** Everybody who waited for it has left, and so it was called off (U7). */
  left: boolean
  readonly log: RunLog
  listeners: readonly RunListener[]
  readonly ended: Promise<RunResult>
  /** Callers that wait for it; when the last one gives up, it is cancelled. */
  followers: number
}

const defaultTimeoutMs = 300_000
/** Events that a run may be ahead of whoever reads its stream (U10). */
const eventsAhead = 64
/** Before a run is looked for again that goes from one node to another. */
const lookAgainMs = 200

export class Runs {
  readonly #parts: RunsParts
  /** Made with the first run: the agents are not there before. */
  #carriedOutBy: CarryOutParts | undefined
  readonly #conversations: Conversations
  readonly #open: OpenRuns
  readonly #kept: Kept
  readonly #definitions: Definitions
  readonly #active = new Table<Active>()
  #begun = 0

  constructor(parts: RunsParts) {
    this.#parts = parts
    const { records, journal, clock, others, retention } = parts
    const removed = (actor: PersistenceId): void => this.#conversations.forget(actor)
    this.#kept = new Kept({ records, journal, clock, retention, removed })
    this.#conversations = new Conversations({ journal, records, clock, kept: this.#kept, shared: others?.shared ?? false }) // prettier-ignore
    this.#open = new OpenRuns(records, journal, this.#kept, this.#owner)
    this.#definitions = new Definitions(parts.records)
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
    readonly emit: RunListener
  } {
    const active = this.#active.get(runId)
    return {
      log: active?.log ?? noLog,
      caller: active?.scope.caller,
      emit: (event) => tellAll(active?.listeners ?? [], event),
    }
  }

  /** @throws what ended the run; `UNKNOWN_AGENT` */
  run(target: string, input: string, options: ScopedOptions): Promise<RunResult> {
    return this.#follow(target, input, options, undefined)
  }

  /** Events as they happen; the last is `end` or `error`. Leaving the loop early cancels the run, unless others wait for it too. */
  async *stream(target: string, input: string, options: ScopedOptions): AsyncGenerator<RunEvent> {
    const queue = new PartQueue<RunEvent>(eventsAhead)
    const left = new Cancellation()
    const stay = onCancel(options.signal, () => left.cancel(AgentOSError.from(options.signal?.reason, "CANCELLED")))
    void this.#follow(target, input, { ...options, signal: left }, (event) => queue.push(event)).then(
      (run) => {
        void queue.push({ type: "end", run })
        queue.close()
      },
      (error: unknown) => {
        void queue.push({ type: "error", error: AgentOSError.from(error, "RUN_FAILED") })
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
  cancel(tenant: string, runId: string): boolean {
    const active = this.#activeOf(tenant, runId)
    if (active === undefined) return false
    active.work.cancel(new AgentOSError("CANCELLED", `run ${runId} was cancelled`))
    return true
  }

  async status(tenant: string, runId: string): Promise<RunStatus | undefined> {
    const active = this.#activeOf(tenant, runId)
    if (active !== undefined) return { runId, target: active.target, state: "running", caller: active.scope.caller }
    const { state } = (await this.#endOf(tenant, runId)) ?? (await this.#logOf(tenant, runId))
    const { started, ended } = state
    const failed = failureOf(state)
    if (started === undefined) return undefined
    const about = { runId, target: started.target, ...(started.caller === undefined ? {} : { caller: started.caller }) }
    if (ended !== undefined) return { ...about, state: "finished", output: ended.output }
    if (failed !== undefined)
      return { ...about, state: failed.code === "CANCELLED" ? "cancelled" : "failed", error: failed }
    return { ...about, state: "running" }
  }

  /** What was said in a conversation, oldest first. */
  async conversation(of: ConversationId): Promise<readonly Message[]> {
    checkScope(of)
    checkName("a conversation", of.id)
    return (await this.#conversations.history(of)).messages
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
    this.#kept.look()
    for await (const run of this.#open.all()) {
      const { tenant, runId, node } = run
      const mayTake = (owner: string): boolean => wanted?.({ runId, node: owner }) ?? (owner === "" || owner === self) // prettier-ignore
      if (this.#active.get(runId) !== undefined || (!mayTake(node) && node !== self)) continue
      try {
        const log = await this.#open.claim(run, mayTake)
        const { started } = log?.state ?? {}
        if (log === undefined || started === undefined) continue
        if (started.definition === undefined && this.kindOf(started.target) === undefined) {
          await this.#open.strike(tenant, runId, log)
          continue
        }
        this.#resume(tenant, runId, started, log).ended.catch(() => undefined)
        found.push(runId)
      } catch (error) {
        if (leaveOpen.has(AgentOSError.from(error, "RUN_FAILED").code)) throw error
        // Its log cannot be read, as whoever asks for it is told; the others go on.
      }
    }
    return found
  }

  /** Follows a run that goes on here, or has ended. @returns undefined when it is neither @throws what ended it */
  async join({
    tenant,
    runId,
    request,
    listener,
    signal,
  }: Omit<FollowedRun, "timeoutMs">): Promise<RunResult | undefined> {
    const active = this.#activeOf(tenant, runId)
    if (active !== undefined) {
      checkRequest(request, active.request)
      return this.#attach(runId, active, signal, listener)
    }
    return this.#answerOf(tenant, runId, request, await this.#logOf(tenant, runId))
  }

  /** Ends a run that nobody carries out at the moment, where the journal is shared. @returns false when it had ended, or never was */
  async cancelOpen(tenant: string, runId: string): Promise<boolean> {
    const node = this.#owner
    if (node === undefined) return false
    const log = await this.#open.claim({ tenant, runId, node }, () => true)
    if (log === undefined) return false
    const payload = { code: "CANCELLED", message: `run ${runId} was cancelled`, executed: log.executed() }
    await log.append({ name: "failed", payload })
    await this.#open.strike(tenant, runId, log)
    return true
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
    await this.#kept.close()
  }

  /** Lets go at once of what is not to be kept any more. */
  sweep(): Promise<void> {
    return this.#kept.sweep()
  }

  async #follow(
    target: string,
    input: string,
    options: ScopedOptions,
    listener: RunListener | undefined,
  ): Promise<RunResult> {
    const { random, journal, clock } = this.#parts
    const { tenant, caller, commandId } = options
    checkScope(options)
    checkName("a target", target)
    if (commandId !== undefined) checkName("a command id", commandId)
    if (options.conversation !== undefined) checkName("a conversation", options.conversation)
    checkText("INVALID_OPTION", "the input of a run", input ?? null)
    if (options.context !== undefined) checkContext(options.context)
    checkDecoding("INVALID_OPTION", options.decoding)
    checkNumbers("INVALID_OPTION", "", options, { timeoutMs: durationOrNever, budgetTokens: wholeOrAll })
    if (this.kindOf(target) === undefined)
      throw new AgentOSError("UNKNOWN_AGENT", `there is no agent or topology named ${JSON.stringify(target)}`)
    if (options.decoding !== undefined && this.kindOf(target) === "topology")
      throw new AgentOSError("INVALID_OPTION", `decoding: the agents of ${target} have their own; ask one agent`)
    this.#parts.policy.require([caller], "call", target)
    throwIfCalledOff(options.signal)
    const runId = commandId === undefined ? random.uuid() : runOfCommand(tenant, caller, commandId) // U3
    const request = commandId === undefined ? undefined : requestOf(target, input, options)
    const recorded = commandId !== undefined || options.conversation !== undefined || this.#parts.topologies.has(target) // U1
    const until = clock.monotonic() + (options.timeoutMs ?? this.#parts.timeoutMs ?? defaultTimeoutMs)
    let isNew = commandId === undefined
    for (;;) {
      try {
        const log = !recorded ? new Unrecorded() : isNew ? JournalLog.begin(journal, tenant, runId) : await this.#logOf(tenant, runId) // prettier-ignore
        let active = this.#active.get(runId)
        if (active !== undefined) checkRequest(request, active.request)
        else if (!isNew && log instanceof JournalLog) {
          const timeoutMs = until - clock.monotonic()
          const followed = { tenant, runId, request, listener, signal: options.signal, timeoutMs }
          const run = (await this.#answerOf(tenant, runId, request, log)) ?? (await this.#elsewhere(log, followed))
          if (run !== undefined) return run
          if (log.state.interrupted !== undefined) await this.#takeOver(log, tenant, runId) // U7
          active = this.#active.get(runId)
        }
        active ??= this.#begin({ runId, target, input, options, request, log }, listener)
        return await this.#attach(runId, active, options.signal, listener)
      } catch (error) {
        const moved = AgentOSError.from(error).code === "RUN_MOVED" // U5
        if (!moved || clock.monotonic() >= until) throw error
        isNew = false
        await new Promise<void>((done) => clock.timer(lookAgainMs, done))
        throwIfCalledOff(options.signal)
      }
    }
  }

  /**
   * What other nodes have to do with a run that is not carried out here.
   *
   * @returns its answer, when one of them gives it; otherwise it is this node's
   * @throws what ended it; `RUN_MOVED`: it is to be looked for again
   */
  async #elsewhere(log: JournalLog, run: FollowedRun): Promise<RunResult | undefined> {
    const { others } = this.#parts
    const { started, interrupted, owner = "" } = log.state
    if (others === undefined || others.shared !== (started !== undefined) || interrupted !== undefined) return undefined
    const owned = others.shared && (owner === others.self || !others.has(owner))
    const node = others.shared ? owner : await others.find(run.tenant, run.runId)
    if (!owned && node !== undefined) {
      const answer = await others.follow(node, run)
      if (answer !== undefined) return answer
      throw new AgentOSError("RUN_MOVED", `run ${run.runId} does not go on at node ${node} any more`)
    }
    if (owned) await this.#takeOver(log, run.tenant, run.runId)
    return undefined
  }

  async #takeOver(log: JournalLog, tenant: string, runId: string): Promise<void> {
    await log.takeOver(this.#owner ?? "")
    await this.#open.note(tenant, runId, true)
  }

  #activeOf(tenant: string, runId: string): Active | undefined {
    const active = this.#active.get(runId)
    return active?.scope.tenant === tenant ? active : undefined // U8
  }

  /** The end of a run's log, of one that has ended: enough to tell how it stands. */
  async #endOf(tenant: string, runId: string): Promise<JournalLog | undefined> {
    checkName("a tenant", tenant)
    checkName("a run id", runId)
    const { run } = (await this.#kept.noteOf({ tenant, type: "run", key: runId })) ?? {}
    if (run === undefined) return undefined
    const { sequence, ...started } = run
    const log = await JournalLog.open(this.#parts.journal, tenant, runId, sequence - 1)
    log.state.started = { ...started, input: "" }
    return log
  }

  #logOf(tenant: string, runId: string): Promise<JournalLog> {
    checkName("a tenant", tenant)
    checkName("a run id", runId)
    return JournalLog.open(this.#parts.journal, tenant, runId)
  }

  async #attach(
    runId: string,
    active: Active,
    signal: AbortSignal | Cancellation | undefined,
    listener: RunListener | undefined,
  ): Promise<RunResult> {
    const { work, target } = active
    if (listener !== undefined && !active.listeners.includes(listener)) {
      void listener({ type: "start", runId, target, resumed: true }) // it goes on from where it is
      active.listeners = [...active.listeners, listener]
    }
    active.followers += 1
    let stay = (): void => undefined
    try {
      // Who gives up is not held by a run that goes on for others.
      return await new Promise<RunResult>((resolve, reject) => {
        stay = onCancel(signal, () => {
          const reason = AgentOSError.from(signal?.reason, "CANCELLED")
          if (--active.followers > 0) return reject(reason)
          active.left ||= !work.cancelled
          work.cancel(reason)
        })
        active.ended.then(resolve, reject)
      })
    } finally {
      stay()
      if (listener !== undefined) active.listeners = active.listeners.filter((other) => other !== listener)
    }
  }

  #resume(tenant: string, runId: string, started: StartedRun, log: JournalLog | Unrecorded): Active {
    const { target, input, request, until, context, caller = "local", ...rest } = started
    const options = {
      ...rest,
      tenant,
      caller,
      ...(context === undefined ? {} : { context: checkContext(context) }),
      ...(until === undefined ? {} : { timeoutMs: Math.max(0, until - this.#parts.clock.wallTime()) }),
    }
    return this.#begin({ runId, target, input, options, request, log })
  }

  #begin(run: AskedRun, listener?: RunListener): Active {
    const { runId, target, options, request, log } = run
    const work = new Cancellation()
    const listeners = listener === undefined ? [] : [listener]
    const timeoutMs = options.timeoutMs ?? this.#parts.timeoutMs ?? defaultTimeoutMs
    const cancelTimer = this.#parts.clock.timer(timeoutMs, () =>
      work.cancel(new AgentOSError("DEADLINE_EXCEEDED", `run ${runId} did not end within ${timeoutMs} ms`)),
    )
    let settle: { resolve: (run: RunResult) => void; reject: (error: unknown) => void } | undefined
    const ended = new Promise<RunResult>((resolve, reject) => (settle = { resolve, reject }))
    const active: Active = {
      target,
      scope: options,
      request,
      work,
      left: false,
      log,
      listeners,
      ended,
      followers: 0,
    }
    this.#active.set(runId, active)
    const noteEnd = this.#noteBegin(run)
    const forget = (outcome: RunResult | AgentOSError): void => {
      cancelTimer()
      this.#active.delete(runId)
      noteEnd(outcome)
    }
    const emit: RunListener = (event) => tellAll(active.listeners, event)
    const resumed = log.state.started !== undefined
    this.#carriedOutBy ??= {
      ...this.#parts,
      conversations: this.#conversations,
      definitions: this.#definitions,
      open: this.#open,
      owner: this.#owner,
    }
    void carryOut(run, { work, emit, resumed, isLeft: () => active.left }, this.#carriedOutBy).then(
      (run) => (forget(run), settle?.resolve(run)),
      (error: unknown) => (forget(AgentOSError.from(error, "RUN_FAILED")), settle?.reject(error)),
    )
    return active
  }

  /** U11 */
  #noteBegin({ runId, target, options }: AskedRun): (outcome: RunResult | AgentOSError) => void {
    const { activity, metrics, clock } = this.#parts
    const { tenant, caller } = options
    const startedAt = clock.wallTime()
    const about = { id: ++this.#begun, runId, target, caller, startedAt }
    metrics.runStarted()
    activity.note(tenant, { ...about, state: "running" })
    return (outcome) => {
      const failed = outcome instanceof AgentOSError
      const elapsedMs = clock.wallTime() - startedAt
      metrics.runEnded(target, failed ? undefined : outcome.usage)
      const end = failed ? ({ state: "failed", code: outcome.code } as const) : ({ state: "finished" } as const)
      activity.note(tenant, { ...about, ...end, elapsedMs })
    }
  }

  /** The answer of a run that has ended. @throws what ended it otherwise; `KEY_REUSED` */
  async #answerOf(
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
    const heard = conversation === undefined ? undefined : await this.#conversations.history({ tenant, caller, target, id: conversation }, said) // prettier-ignore
    return resultOf({ runId, target, input, options }, ended, heard?.messages)
  }
}

/** Why a run failed, for good or for now. */
function failureOf(state: RunState): RunFailure | undefined {
  const failure = state.failed ?? state.interrupted
  return failure && { executed: executedOf(state), ...failure }
}

/** U10 */
function tellAll(listeners: readonly RunListener[], event: RunEvent): Promise<void> | undefined {
  let all: Promise<unknown> | undefined
  for (const listener of listeners) {
    const wait = listener(event)
    if (wait !== undefined) all = all === undefined ? wait : Promise.all([all, wait])
  }
  return all?.then(() => undefined)
}

function checkScope({ tenant, caller }: Scope): void {
  checkName("a tenant", tenant)
  checkName("a caller", caller)
}

function throwIfCalledOff(signal: AbortSignal | Cancellation | undefined): void {
  if (signal instanceof Cancellation) signal.throwIfCancelled()
  else signal?.throwIfAborted()
}
