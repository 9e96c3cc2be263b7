/**
 * The operations themselves, the same behind every door: policy, then the system.
 *
 * Invariants
 *   S1. What is asked goes on under the tenant and the caller that asked: keys and conversations of others do not exist.
 *   S2. A caller of role `user` sees and cancels only runs of its own; others do not exist for it.
 *   S3. A stream ends with an `end` event or throws; an `error` event is thrown.
 *   S4. A caller that hangs up calls its run off, unless the run has an idempotency key: it goes on, and who comes with
 *       the key again gets its answer.
 */
import type { Clock } from "#actors/clock.js"
import { AgentOSError } from "#actors/errors.js"
import type { Logger } from "#actors/telemetry.js"
import type { Cancellation } from "../cancellation.js"
import type { ContextVector } from "../agents/context-vector.js"
import type { Decoding } from "../models/model.js"
import type { Document, DocumentEntry, Fact, FactPattern, SearchHit } from "../knowledge/knowledge.js"
import { anyRecord, type Where } from "../knowledge/typed-records.js"
import type { Activity, ActivityFeed } from "../monitoring/activity.js"
import type { HealthRegistry } from "../monitoring/health.js"
import type { Metrics } from "../monitoring/metrics.js"
import type { RunEvent, RunResult, ScopedOptions } from "../run.js"
import type { Guard } from "../security/guard.js"
import { includes, type Caller } from "../security/roles.js"
import type { GatewayBackend, RunStatus } from "./backend.js"
import type { OpenCall, OpenCalls } from "./open-calls.js"

/** Facts and records that are found when no limit is given. */
const mostFound = 100

/** What a door knows about a request beside its body. */
export interface Call {
  readonly caller: Caller
  readonly traceId: string
  readonly operation: string
  readonly signal?: Cancellation | undefined
  readonly timeoutMs?: number | undefined
  readonly idempotencyKey?: string | undefined
}

export interface RunInput {
  readonly target: string
  readonly input: string
  readonly conversation?: string | undefined
  readonly budgetTokens?: number | undefined
  readonly decoding?: Decoding | undefined
  readonly context?: ContextVector | undefined
}

export interface ServiceParts {
  readonly backend: GatewayBackend
  readonly guard: Guard
  readonly calls: OpenCalls
  readonly metrics: Metrics
  readonly activity: ActivityFeed
  readonly health: HealthRegistry
  readonly logger: Logger
  readonly clock: Clock
}

export class Service {
  readonly parts: ServiceParts

  constructor(parts: ServiceParts) {
    this.parts = parts
  }

  async run(call: Call, input: RunInput): Promise<RunResult> {
    this.#permit(call, input.target)
    const open = this.#open(call)
    try {
      return await this.parts.backend.run(input.target, input.input, optionsOf(call, input, open.work))
    } catch (error) {
      this.#note(call, input.target, error)
      throw error
    } finally {
      open.end()
    }
  }

  /** @throws what `run` throws, here before the first event too (S3) */
  stream(call: Call, input: RunInput): AsyncIterable<RunEvent> {
    this.#permit(call, input.target)
    return this.#follow(call, input)
  }

  async *#follow(call: Call, input: RunInput): AsyncGenerator<RunEvent> {
    const open = this.#open(call)
    const options = optionsOf(call, input, open.work)
    try {
      for await (const event of this.parts.backend.stream(input.target, input.input, options)) {
        if (event.type === "error") throw event.error
        yield event
      }
    } catch (error) {
      this.#note(call, input.target, error)
      throw error
    } finally {
      open.end()
    }
  }

  /** The runs that go on, those of late and every change. It has no end of its own. */
  watch(call: Call): AsyncIterable<Activity> {
    const open = this.parts.calls.begin(call, { endless: true })
    const changes = this.parts.activity.follow(call.caller.tenant, open.work)
    return (async function* () {
      try {
        yield* changes
        open.work.throwIfCancelled()
      } finally {
        open.end()
      }
    })()
  }

  /** @throws `UNKNOWN_RUN` */
  async status(call: Call, runId: string): Promise<RunStatus> {
    const status = await this.parts.backend.status(call.caller.tenant, runId)
    const visible =
      status?.caller === undefined || status.caller === call.caller.id || includes(call.caller.role, "operator")
    if (status === undefined || !visible) throw new AgentOSError("UNKNOWN_RUN", `no run has the id ${runId}`) // S2
    return status
  }

  /** @returns false when the run had already ended. @throws `UNKNOWN_RUN` */
  async cancel(call: Call, runId: string): Promise<boolean> {
    await this.status(call, runId)
    return this.parts.backend.cancel(call.caller.tenant, runId)
  }

  /** What can be asked. */
  async targets(): Promise<readonly { id: string; kind: "agent" | "topology"; description: string }[]> {
    const { agents, topologies } = this.parts.backend
    const [some, others] = await Promise.all([agents.list(), topologies.list()])
    return [
      ...some.map(({ name, description }) => ({ id: name, kind: "agent" as const, description })),
      ...others.map(({ name, description }) => ({ id: name, kind: "topology" as const, description })),
    ]
  }

  /** Steers an agent and tells what became of it. */
  async steer(call: Call, name: string, verb: "start" | "stop" | "restart" | { replicate: number }) {
    const { agents } = this.parts.backend
    if (typeof verb === "string") await agents[verb](name)
    else await agents.replicate(name, verb.replicate)
    this.parts.guard.done(call.caller, call.operation, name, call.traceId)
    return agents.describe(name)
  }

  async addDocument(call: Call, document: Document) {
    const added = await this.#knowledge(call).add(document)
    this.parts.guard.done(call.caller, call.operation, added.id, call.traceId)
    return added
  }

  /** The same as the tool `knowledge.search`, so its rules count here too. */
  async search(call: Call, query: string, limit?: number): Promise<readonly SearchHit[]> {
    this.parts.guard.require(call.caller, "use", "knowledge.search", call.operation, call.traceId)
    const options = limit === undefined ? {} : { limit }
    return this.#knowledge(call).search(query, options)
  }

  documents(call: Call): Promise<readonly DocumentEntry[]> {
    return this.#knowledge(call).documents()
  }

  async removeDocument(call: Call, id: string): Promise<boolean> {
    const removed = await this.#knowledge(call).remove(id)
    this.parts.guard.done(call.caller, call.operation, id, call.traceId)
    return removed
  }

  async assertFact(call: Call, fact: Fact): Promise<Fact> {
    await this.#knowledge(call).assert(fact)
    this.parts.guard.done(call.caller, call.operation, fact.subject, call.traceId)
    return fact
  }

  async retractFact(call: Call, fact: Fact): Promise<boolean> {
    const removed = await this.#knowledge(call).retract(fact)
    this.parts.guard.done(call.caller, call.operation, fact.subject, call.traceId)
    return removed
  }

  /** The same as the tool `knowledge.facts`, so its rules count here too. */
  async facts(call: Call, pattern: FactPattern, limit = mostFound): Promise<readonly Fact[]> {
    this.parts.guard.require(call.caller, "use", "knowledge.facts", call.operation, call.traceId)
    return this.#knowledge(call).facts(pattern, { limit })
  }

  /** The same as the tool `knowledge.records`, so its rules count here too. */
  async records(call: Call, type: string, where: Where<Readonly<Record<string, unknown>>> = {}, limit = mostFound) {
    this.parts.guard.require(call.caller, "use", "knowledge.records", call.operation, call.traceId)
    const found = await this.#knowledge(call).records(type, anyRecord).find(where, { limit })
    return found.map(([id, record]) => ({ id, record }))
  }

  #knowledge(call: Call): ReturnType<GatewayBackend["knowledgeOf"]> {
    return this.parts.backend.knowledgeOf(call.caller.tenant)
  }

  #permit(call: Call, target: string): void {
    if (this.parts.backend.kindOf(target) === undefined) {
      throw new AgentOSError("UNKNOWN_TARGET", `no agent or topology is called ${JSON.stringify(target)}`)
    }
    this.parts.guard.require(call.caller, "call", target, call.operation, call.traceId)
  }

  /** S4 */
  #open({ caller, signal, idempotencyKey }: Call): OpenCall {
    return this.parts.calls.begin(idempotencyKey === undefined ? { caller, signal } : { caller })
  }

  /** Policy may refuse a step of a run, long after its door let it in. */
  #note(call: Call, target: string, error: unknown): void {
    const { code } = AgentOSError.from(error, "INTERNAL")
    if (code === "FORBIDDEN") this.parts.guard.refused(code, call.operation, call.traceId, call.caller.id, target)
  }
}

function optionsOf(call: Call, input: RunInput, signal: Cancellation): ScopedOptions {
  const options: { -readonly [Key in keyof ScopedOptions]: ScopedOptions[Key] } = {
    tenant: call.caller.tenant,
    caller: call.caller.id,
    traceId: call.traceId,
    signal,
  }
  if (call.timeoutMs !== undefined) options.timeoutMs = call.timeoutMs
  if (call.idempotencyKey !== undefined) options.idempotencyKey = call.idempotencyKey
  if (input.conversation !== undefined) options.conversation = input.conversation
  if (input.budgetTokens !== undefined) options.budgetTokens = input.budgetTokens
  if (input.decoding !== undefined) options.decoding = input.decoding
  if (input.context !== undefined) options.context = input.context
  return options
}
