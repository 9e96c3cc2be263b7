/**
 * One run from its beginning to its end: what is recorded of it, what it is given, and what it gives.
 *
 * Invariants are those of `runs.ts`.
 */
import type { Clock } from "#actors/clock.js"
import { AgentOSError, saying } from "#actors/errors.js"
import type { AgentManager } from "../agents/agent-manager.js"
import { emptyContext } from "../agents/context-codec.js"
import type { ContextVector } from "../agents/context-vector.js"
import type { AgentAnswer, AgentRequest } from "../agents/respond.js"
import type { Cancellation } from "../cancellation.js"
import type { Embedder } from "../knowledge/knowledge.js"
import type { Message } from "../models/model.js"
import type { RunListener, RunResult, ScopedOptions } from "../run.js"
import type { Policy } from "../security/policy.js"
import type { Topology } from "../topologies/topology.js"
import type { Conversations } from "./conversations.js"
import type { Definition, Definitions } from "./definitions.js"
import { execute, type ExecuteParts, type NamedFunction } from "./execute.js"
import { JournalLog } from "./journal-log.js"
import type { Unrecorded } from "./unrecorded.js"
import type { OpenRuns } from "./open-runs.js"
import type { EndedRun, RunLog, StartedRun } from "./run-log.js"

/** What is asked, and where it is recorded. */
export interface AskedRun {
  readonly runId: string
  readonly target: string
  readonly input: string
  readonly options: ScopedOptions
  /** What it was asked, as a hash, where somebody may ask for it again. */
  readonly request: string | undefined
  readonly log: JournalLog | Unrecorded
}

/** How a run goes on. */
export interface Course {
  readonly work: Cancellation
  readonly emit: RunListener
  /** It was begun before, by a process that left it open. */
  readonly resumed: boolean
  /** Whether it was called off only because nobody waits for it any more (U7). */
  readonly isLeft: () => boolean
}

export interface CarryOutParts {
  readonly agents: Pick<AgentManager, "has" | "ask">
  readonly functions: ReadonlyMap<string, NamedFunction>
  readonly conversations: Conversations
  readonly definitions: Definitions
  readonly policy: Policy
  readonly open: OpenRuns
  readonly embedder: Embedder
  readonly clock: Clock
  /** This node, where the journal is shared. */
  readonly owner: string | undefined
}

/**
 * What ends the carrying out of a run, and not the run: a store that failed cannot record it, a stop leaves it
 * open, to be resumed.
 */
export const leaveOpen: ReadonlySet<string> = new Set([
  "RUN_MOVED",
  "JOURNAL_FAILED",
  "STORE_FAILED",
  "DISK_FULL",
  "SYSTEM_STOPPED",
  "ACTOR_STOPPED",
  "MODEL_STOPPED",
])

/** What the steps of one run are carried out with. */
class Asking implements ExecuteParts {
  readonly runId: string
  readonly tenant: string
  readonly traceId: string
  readonly history: readonly Message[]
  readonly log: RunLog
  readonly clock: Clock
  readonly emit: RunListener
  readonly embedder: Embedder
  readonly budgetTokens: number | undefined
  readonly #options: ScopedOptions
  readonly #parts: CarryOutParts
  readonly #definition: Definition
  /** Agents that are asked as the run began with them; those of a run that begins are as they are. */
  readonly #pinned: Definition["agents"]
  readonly #began: number

  constructor(
    { runId, options, log }: AskedRun,
    parts: CarryOutParts,
    how: Pick<ExecuteParts, "emit" | "history" | "budgetTokens"> & {
      readonly definition: Definition
      readonly resumed: boolean
      readonly began: number
    },
  ) {
    this.runId = runId
    this.tenant = options.tenant
    this.traceId = options.traceId ?? ""
    this.history = how.history
    this.log = log
    this.clock = parts.clock
    this.emit = how.emit
    this.embedder = parts.embedder
    this.budgetTokens = how.budgetTokens
    this.#options = options
    this.#parts = parts
    this.#definition = how.definition
    this.#pinned = how.resumed ? how.definition.agents : ofUnrecorded.agents
    this.#began = how.began
  }

  permit(called: string): void {
    this.#parts.policy.require([this.#options.caller], "call", called)
  }

  ask(agent: string, request: AgentRequest, work: Cancellation): Promise<AgentAnswer> {
    const { decoding, timeoutMs, caller } = this.#options
    let asked = decoding === undefined ? request : { ...request, decoding }
    if (timeoutMs !== undefined && timeoutMs !== Infinity)
      asked = { ...asked, timeoutMs: Math.max(0, timeoutMs - (this.clock.monotonic() - this.#began)) }
    const definition = Object.hasOwn(this.#pinned, agent) ? this.#pinned[agent] : undefined
    if (definition !== undefined) asked = { ...asked, definition }
    return this.#parts.agents.ask(agent, asked, { signal: work, traceId: this.traceId, caller })
  }

  topology(name: string): Topology | undefined {
    const { topologies } = this.#definition
    return Object.hasOwn(topologies, name) ? topologies[name] : undefined
  }

  fn(name: string): NamedFunction {
    const { functions } = this.#parts
    const found = functions.get(name)
    if (found !== undefined) return found
    const known = [...functions.keys()].join(", ") || "none"
    throw new AgentOSError(
      "UNKNOWN_FUNCTION",
      `no function is registered as ${JSON.stringify(name)}; there are: ${known}`,
    )
  }
}

/** @throws what ended the run; it says what of the run was done */
export async function carryOut(
  run: AskedRun,
  { work, emit, resumed, isLeft }: Course,
  parts: CarryOutParts,
): Promise<RunResult> {
  const { runId, target, input, options, log } = run
  const { clock, conversations, open } = parts
  const { tenant, conversation } = options
  const began = clock.monotonic()
  void emit({ type: "start", runId, target, resumed })
  try {
    const heard =
      conversation === undefined
        ? undefined
        : await conversations.history({ ...options, target, id: conversation }, log.state.started?.said)
    const recorded = log instanceof JournalLog ? log : undefined
    const definition = recorded === undefined ? ofUnrecorded : await pinned(target, recorded, parts)
    if (recorded !== undefined && recorded.state.started === undefined) await begin(run, recorded, parts, heard?.said)
    const context = options.context ?? emptyContext
    const history = [...context.messages, ...(heard?.messages ?? [])]
    const budgetTokens = least(options.budgetTokens, context.budgetTokens)
    const asking = new Asking(run, parts, { emit, history, definition, resumed, budgetTokens, began })
    const whole = asking.topology(target) ?? { kind: "agent", agent: target }
    const executed = await execute(whole, input, asking, work)
    const ended: EndedRun = { elapsedMs: clock.monotonic() - began, ...executed }
    if (conversation !== undefined)
      await conversations.remember(
        { ...options, target, id: conversation },
        { user: input, reply: executed.output, runId },
      )
    if (recorded !== undefined) {
      await recorded.append({ name: "ended", payload: ended }) // U2
      void open.strike(tenant, runId, recorded)
    }
    return resultOf(run, ended, heard?.messages)
  } catch (thrown) {
    const error = ofRun(work.reason ?? AgentOSError.from(thrown, "RUN_FAILED"), log)
    const { code, message, executed, details } = error
    if (log instanceof JournalLog && !leaveOpen.has(code)) {
      const failure = { code, message, executed }
      const payload = details === undefined ? failure : { ...failure, details }
      const mayPass = error.retryable || isLeft() // U7
      const isRefused = executed === "no" && (code !== "CANCELLED" || isLeft()) // U9
      const name = mayPass ? "interrupted" : "failed"
      await log
        .append({ name, payload })
        .catch(() => log.append({ name, payload: failure })) // details of the program's own may be nothing that is stored
        .then(() => (isRefused ? open.forget(tenant, runId) : open.strike(tenant, runId, log)))
        .catch(() => undefined)
    }
    throw error
  }
}

/**
 * The same error, as one of the run: what it says was done is what the run has done, or may do, when it is left
 * open. Whoever comes again with the key of one that is left open gets its answer.
 */
function ofRun(error: AgentOSError, log: JournalLog | Unrecorded): AgentOSError {
  const goesOn = leaveOpen.has(error.code) && log.state.started !== undefined
  const executed = goesOn && log.executed() === "no" ? "maybe" : log.executed()
  const retryable = error.retryable || (goesOn && log.state.started?.request !== undefined)
  return executed === error.executed && retryable === error.retryable ? error : saying(error, executed, retryable)
}

/** An agent by itself. */
const ofUnrecorded: Definition = { topologies: {}, agents: {} }

/** What the run is carried out by: what it began with, where that is known (F1 of `definitions.ts`). */
async function pinned(target: string, { state }: JournalLog, { definitions }: CarryOutParts): Promise<Definition> {
  const { definition } = state.started ?? {}
  const known = definition === undefined ? undefined : await definitions.get(definition)
  return known ?? definitions.of(target)
}

/**
 * Both are written before anything is done; the note goes first, so that no started run is ever without one. A
 * store of this node alone keeps that order.
 */
async function begin(
  { runId, target, input, options, request }: AskedRun,
  log: JournalLog,
  { owner, open, clock, definitions }: CarryOutParts,
  said: number | undefined,
): Promise<void> {
  const { tenant, caller, conversation, traceId, budgetTokens, decoding, context, timeoutMs = Infinity } = options
  const definition = await definitions.keep(target)
  const started: StartedRun = {
    target,
    input,
    caller,
    ...(conversation === undefined ? {} : { conversation }),
    ...(said === undefined ? {} : { said }),
    ...(traceId === undefined ? {} : { traceId }),
    ...(budgetTokens === undefined ? {} : { budgetTokens }),
    ...(decoding === undefined ? {} : { decoding }),
    ...(context === undefined ? {} : { context }),
    ...(timeoutMs === Infinity ? {} : { until: clock.wallTime() + timeoutMs }),
    ...(request === undefined ? {} : { request }),
    definition,
    ...(owner === undefined ? {} : { node: owner }),
  }
  const noted = open.note(tenant, runId, definition)
  if (owner !== undefined) await noted
  await Promise.all([noted, log.append({ name: "started", payload: started })])
}

/** What a run gave, whole. @param heard what its conversation held before it */
export function resultOf(
  run: Pick<AskedRun, "runId" | "target" | "input"> & {
    readonly options: Pick<ScopedOptions, "context" | "budgetTokens">
  },
  { output, finish, usage, elapsedMs, values, provenance }: EndedRun,
  heard: readonly Message[] = [],
): RunResult {
  const { runId, target, input, options } = run
  const { context = emptyContext } = options
  const budgetTokens = least(options.budgetTokens, context.budgetTokens)
  const after: ContextVector = {
    ...context,
    messages: [...context.messages, ...heard, { role: "user", content: input }, { role: "assistant", content: output }],
    values: { ...context.values, ...values },
    provenance: [...context.provenance, ...provenance],
    ...(budgetTokens === undefined ? {} : { budgetTokens: budgetTokens - usage.promptTokens - usage.completionTokens }),
  }
  return { runId, target, output, finish, context: after, usage, elapsedMs }
}

function least(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined) return b
  return b === undefined ? a : Math.min(a, b)
}
