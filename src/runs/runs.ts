/**
 * Runs of agents and topologies: begun, followed, cancelled, resumed.
 *
 * Invariants
 *   U1. A topology, a conversation and a command are journalled; an agent asked by itself without either is not, and
 *       costs no write.
 *   U2. The answer of a journalled run is durable before it is given.
 *   U3. An idempotency key of a caller belongs to one run: the same id again gives that run's answer, or joins it while it
 *       goes; with another question it is refused.
 *   U4. A run that was not ended when the process died is begun again by `resume`, from its log.
 *   U5. Where several nodes share the journal, one of them carries a run out (R2 of `open-runs.ts`), and who waits
 *       for it here goes on waiting when another takes it over.
 *   U6. Asked for under its idempotency key at another node, a run is followed where it is carried out. Where each node
 *       has a journal of its own, this holds for nodes that can be reached.
 *   U7. A failure that may pass is no answer, and neither is that its caller went away: who comes with the idempotency key
 *       again goes on with the run from its last finished step.
 *   U8. A run is seen, followed and cancelled in its tenant only.
 *   U9. A run that was refused before anything of it began leaves nothing; of the others so much is kept as `kept.ts`
 *       says.
 *   U10. A run is at most so many events ahead of the slowest of those that follow it: its model is not read on
 *        meanwhile.
 *   U11. A run that goes on here is told of from its begin to its end, whoever began it: a door, the program or
 *        `resume`.
 */
import type { Random } from "#actors/clock.js"
import { AgentOSError } from "#actors/errors.js"
import { checkName, joined } from "#actors/names.js"
import { checkNumbers, durationOrNever, wholeOrAll } from "#actors/numbers.js"
import type { Journal, PersistenceId } from "#actors/persistence/journal.js"
import { Table } from "#actors/table.js"
import { checkText } from "#actors/words.js"
import type { AgentManager } from "../agents/agent-manager.js"
import { checkContext } from "../agents/context-codec.js"
import { Cancellation, onCancel, throwIfCalledOff } from "../cancellation.js"
import { checkDecoding } from "../models/decoding/check-decoding.js"
import type { Message } from "../models/model.js"
import type { Embedder } from "../knowledge/knowledge.js"
import { PartQueue } from "../models/part-queue.js"
import type { RecordStore } from "../record-store.js"
import {
  checkRunOptions,
  type RunEvent,
  type RunListener,
  type RunResult,
  type Scope,
  type ScopedOptions,
} from "../run.js"
import type { Policy } from "../security/policy.js"
import type { Topology } from "../topologies/topology.js"
import { ActiveRun, type ActiveRunParts } from "./active-run.js"
import { carryOut, leaveOpen, type AskedRun, type CarryOutParts, type Course } from "./carry-out.js"
import { checkRequest, requestOf, runOfKey } from "./idempotency-key.js"
import { Conversations, type ConversationId } from "./conversations.js"
import { Definitions } from "./definitions.js"
import type { NamedFunction } from "./execute.js"
import { noteFromBefore } from "./from-before.js"
import { JournalLog } from "./journal-log.js"
import { Kept, type Retention } from "./kept.js"
import { OpenRuns } from "./open-runs.js"
import type { FollowedRun, OtherNodes } from "./other-nodes.js"
import { RecordedRuns, type RunStatus } from "./recorded-runs.js"
import { noLog, type RunLog, type StartedRun } from "./run-log.js"
import { Unrecorded } from "./unrecorded.js"

export interface RunsParts extends ActiveRunParts {
  readonly agents: Pick<AgentManager, "has" | "ask" | "definition">
  readonly topologies: ReadonlyMap<string, Topology>
  readonly functions: ReadonlyMap<string, NamedFunction>
  readonly policy: Policy
  readonly journal: Journal
  readonly records: RecordStore
  readonly embedder: Embedder
  readonly random: Random
  /** Milliseconds that a run may take unless it says otherwise. */
  readonly timeoutMs?: number
  /** What is kept of what has ended. */
  readonly retention: Retention
  /** The other nodes of a cluster. */
  readonly others?: OtherNodes | undefined
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
  readonly #recorded: RecordedRuns
  readonly #definitions: Definitions
  readonly #active = new Table<ActiveRun>()
  #begun = 0

  constructor(parts: RunsParts) {
    this.#parts = parts
    const { records, journal, clock, others, retention } = parts
    const removed = (actor: PersistenceId): void => this.#conversations.forget(actor)
    const before = (closed: () => boolean): Promise<void> => this.#lookThrough(closed)
    const kept = new Kept({ records, journal, clock, retention, removed, before })
    this.#kept = kept
    this.#conversations = new Conversations({ journal, records, clock, kept, shared: others?.shared ?? false })
    this.#open = new OpenRuns(records, journal, kept, this.#owner)
    this.#recorded = new RecordedRuns(journal, kept, this.#conversations)
    this.#definitions = new Definitions(parts)
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
      emit: (event) => active?.emit(event),
    }
  }

  /** @throws what ended the run; `UNKNOWN_AGENT` */
  run(target: string, input: string, options: ScopedOptions): Promise<RunResult> {
    return this.#follow(target, input, options, undefined)
  }

  /**
   * Events as they happen; the last is `end` or `error`. Leaving the loop early cancels the run, unless others wait
   * for it too.
   */
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
    active.cancel(new AgentOSError("CANCELLED", `run ${runId} was cancelled`))
    return true
  }

  async status(tenant: string, runId: string): Promise<RunStatus | undefined> {
    const active = this.#activeOf(tenant, runId)
    if (active !== undefined) return { runId, target: active.target, state: "running", caller: active.scope.caller }
    return this.#recorded.status(tenant, runId)
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
      const mayTake = (owner: string): boolean => wanted?.({ runId, node: owner }) ?? (owner === "" || owner === self)
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
      return active.follow(signal, listener)
    }
    return this.#recorded.answer(tenant, runId, request, await this.#recorded.logOf(tenant, runId))
  }

  /**
   * Ends a run that nobody carries out at the moment, where the journal is shared.
   *
   * @returns false when it had ended, or never was
   */
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

  /**
   * Waits for what is going on, up to so many milliseconds; the rest is broken off and left open in the journal, to
   * be resumed at the next start.
   */
  async drain(milliseconds: number): Promise<void> {
    const all = Promise.allSettled(this.#active.entries().map(([, { ended }]) => ended))
    const cancelTimer = this.#parts.clock.timer(milliseconds, () => {
      for (const [runId, active] of this.#active.entries()) {
        const goesOn = "what is journalled goes on at the next start"
        active.cancel(new AgentOSError("SYSTEM_STOPPED", `the node stopped before run ${runId} ended; ${goesOn}`))
      }
    })
    await all
    cancelTimer()
    await this.#kept.close()
  }

  /** Lets go at once of what is not to be kept any more. */
  sweep(): Promise<void> {
    return this.#kept.sweep()
  }

  /** U9 */
  async #lookThrough(closed: () => boolean): Promise<void> {
    const { retention } = this.#parts
    const open = new Set<string>()
    const definitions = new Set<string | undefined>()
    for await (const { tenant, runId, definition } of this.#open.all()) {
      open.add(joined(tenant, runId))
      definitions.add(definition)
    }
    const isOpen = ({ tenant, type, key }: PersistenceId): boolean => type === "run" && open.has(joined(tenant, key))
    await noteFromBefore(this.#parts, isOpen, closed)
    // A note from before says no definition; it is read again when its run has ended.
    if (!definitions.has(undefined)) await this.#definitions.sweep(definitions, retention.runs.days)
  }

  async #follow(
    target: string,
    input: string,
    options: ScopedOptions,
    listener: RunListener | undefined,
  ): Promise<RunResult> {
    const { random, journal, clock } = this.#parts
    const { tenant, caller, idempotencyKey } = options
    checkRunOptions(options)
    checkScope(options)
    checkName("a target", target)
    if (idempotencyKey !== undefined) checkName("an idempotency key", idempotencyKey)
    if (options.conversation !== undefined) checkName("a conversation", options.conversation)
    checkText("INVALID_OPTION", "the input of a run", input ?? null)
    if (options.context !== undefined) checkContext(options.context)
    checkDecoding("INVALID_OPTION", options.decoding)
    checkNumbers("INVALID_OPTION", "", options, { timeoutMs: durationOrNever, budgetTokens: wholeOrAll })
    const kind = this.kindOf(target)
    if (kind === undefined && idempotencyKey === undefined) throw unknownTarget(target)
    if (options.decoding !== undefined && kind === "topology")
      throw new AgentOSError("INVALID_OPTION", `decoding: the agents of ${target} have their own; ask one agent`)
    this.#parts.policy.require([caller], "call", target)
    throwIfCalledOff(options.signal)
    const runId = idempotencyKey === undefined ? random.uuid() : runOfKey(tenant, caller, idempotencyKey) // U3
    const request = idempotencyKey === undefined ? undefined : requestOf(target, input, options)
    const recorded = idempotencyKey !== undefined || options.conversation !== undefined || kind === "topology" // U1
    const until = clock.monotonic() + (options.timeoutMs ?? this.#parts.timeoutMs ?? defaultTimeoutMs)
    let isNew = idempotencyKey === undefined
    for (;;) {
      try {
        const log = !recorded
          ? new Unrecorded()
          : isNew
            ? JournalLog.begin(journal, tenant, runId)
            : await this.#recorded.logOf(tenant, runId)
        let active = this.#active.get(runId)
        if (active !== undefined) checkRequest(request, active.request)
        else if (!isNew && log instanceof JournalLog) {
          const timeoutMs = until - clock.monotonic()
          const followed = { tenant, runId, request, listener, signal: options.signal, timeoutMs }
          const run =
            (await this.#recorded.answer(tenant, runId, request, log)) ?? (await this.#elsewhere(log, followed))
          if (run !== undefined) return run
          if (log.state.interrupted !== undefined) await this.#takeOver(log, tenant, runId) // U7
          active = this.#active.get(runId)
        }
        if (active !== undefined) return await active.follow(options.signal, listener, until - clock.monotonic())
        // One that was begun is carried out by what it began with.
        if (kind === undefined && log.state.started === undefined) throw unknownTarget(target)
        const begun = this.#begin({ runId, target, input, options, request, log }, listener)
        return await begun.follow(options.signal, listener)
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
    await this.#open.note(tenant, runId, log.state.started?.definition, true)
  }

  #activeOf(tenant: string, runId: string): ActiveRun | undefined {
    const active = this.#active.get(runId)
    return active?.scope.tenant === tenant ? active : undefined // U8
  }

  #resume(tenant: string, runId: string, started: StartedRun, log: JournalLog | Unrecorded): ActiveRun {
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

  #begin(run: AskedRun, listener?: RunListener): ActiveRun {
    const { runId, options } = run
    const timeoutMs = options.timeoutMs ?? this.#parts.timeoutMs ?? defaultTimeoutMs
    this.#carriedOutBy ??= {
      ...this.#parts,
      conversations: this.#conversations,
      definitions: this.#definitions,
      open: this.#open,
      owner: this.#owner,
    }
    const parts = this.#carriedOutBy
    const begin = {
      id: ++this.#begun,
      timeoutMs,
      carryOut: (course: Course) => carryOut(run, course, parts),
      over: () => this.#active.delete(runId),
    }
    const active = new ActiveRun(run, begin, this.#parts, listener)
    this.#active.set(runId, active)
    return active
  }
}

const unknownTarget = (target: string): AgentOSError =>
  new AgentOSError("UNKNOWN_AGENT", `there is no agent or topology named ${JSON.stringify(target)}`)

function checkScope({ tenant, caller }: Scope): void {
  checkName("a tenant", tenant)
  checkName("a caller", caller)
}
