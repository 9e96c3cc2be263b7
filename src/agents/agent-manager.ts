/**
 * The agents of a node: each one or more replicas, every replica a supervised actor.
 *
 * Invariants
 *   M1. A request goes to the replica with the fewest requests open; ties go to the older one.
 *   M2. No more than `maxReplicas` actors and `maxOpen` requests exist at a time, all agents together, and none is
 *       begun while the process is larger than `maxMemoryMb`.
 *   M3. A stopped agent keeps its definition and refuses requests until it is started.
 *   M4. What was started, stopped and replicated stays so over a restart of the node, until the agent's definition
 *       asks for another number of replicas.
 *   M5. A caller, a tenant and an agent have each their share of `maxOpen` (`shares.ts`), and of the places of a
 *       replica (`slots.ts`): none of them keeps the others out. A run that goes on without its caller counts for it.
 */
import { AgentOSError } from "#actors/errors.js"
import { joined } from "#actors/names.js"
import type { ActorSystem } from "#actors/system.js"
import type { RefOf } from "#actors/actor.js"
import type { RecordStore } from "../record-store.js"
import { onCancel, throwIfCalledOff, type Cancellation } from "../cancellation.js"
import { defineAgent, type AgentDefinition } from "./agent.js"
import { LlmAgent, type Responder } from "./llm-agent.js"
import { MemoryUse } from "../monitoring/memory-use.js"
import type { AgentAnswer, AgentRequest } from "./respond.js"
import { Holder, Holders, Shares } from "../shares.js"

/**
 * How the places are shared (`shares.ts`): a caller leaves more free than its tenant and its agent, which others
 * use too.
 */
const [callersTimes, othersTimes] = [1, 3]

export interface AgentManagerLimits {
  /** Replicas of all agents together; default 1,000. */
  readonly maxReplicas: number
  /** Requests open at a time, all agents together; default 10,000. */
  readonly maxOpen: number
  /** Requests that one replica works on at a time; default 16. */
  readonly concurrency: number
  /** Memory above which requests are refused, in MB, as `memory-use.ts` measures it; default none. */
  readonly maxMemoryMb: number
}

export const defaultLimits: AgentManagerLimits = {
  maxReplicas: 1000,
  maxOpen: 10_000,
  concurrency: 16,
  maxMemoryMb: Infinity,
}

export interface AgentDescription {
  readonly name: string
  readonly description: string
  readonly model: string
  readonly state: "running" | "stopped"
  readonly replicas: number
  /** Requests that wait or are being worked on. */
  readonly queued: number
  readonly tools: readonly string[]
}

interface Replica {
  readonly ref: RefOf<typeof LlmAgent>
  open: number
}

interface Entry {
  readonly definition: AgentDefinition
  /** Among those who share the places (M5). */
  readonly holder: Holder
  replicas: Replica[]
  /** How many it is to have while it runs. */
  wanted: number
}

/** A tenant among those who share the places, with its callers (M5). */
class Tenant extends Holder {
  readonly callers: Holders

  constructor(tenant: string) {
    super(`tenant ${tenant}`)
    this.callers = new Holders((caller) => new Holder(`caller ${joined(tenant, caller)}`))
  }
}

/** How an agent was steered last (M4). */
interface Steered {
  readonly running: boolean
  readonly wanted: number
  /** How many its definition asked for then. */
  readonly defined: number
}

/** How a request reaches its agent: who asks, and how to call it off. */
export interface AskOptions {
  readonly signal?: AbortSignal | Cancellation
  readonly timeoutMs?: number
  readonly traceId?: string
  readonly caller?: string
}

/** Longer than any agent's own limit: the limit answers with a better error than the ask's deadline. */
const askGraceMs = 2000

export class AgentManager {
  readonly #system: ActorSystem
  readonly #respond: Responder
  readonly #limits: AgentManagerLimits
  readonly #places: Shares
  readonly #tenants = new Holders((tenant) => new Tenant(tenant))
  readonly #memory: MemoryUse
  readonly #agents = new Map<string, Entry>()
  #incarnation = 0
  #tickets = 0
  #records: RecordStore | undefined

  constructor(system: ActorSystem, respond: Responder, limits: Partial<AgentManagerLimits> = {}) {
    this.#system = system
    this.#respond = respond
    this.#limits = { ...defaultLimits, ...limits }
    this.#places = new Shares(this.#limits.maxOpen)
    this.#memory = new MemoryUse(this.#limits.maxMemoryMb, () => system.wheel.now)
  }

  /** Takes in an agent and starts it. @throws `INVALID_AGENT`, `NAME_TAKEN`, `BUDGET_EXCEEDED` */
  register(definition: AgentDefinition): void {
    defineAgent(definition)
    if (this.#agents.has(definition.name))
      throw new AgentOSError("NAME_TAKEN", `there is an agent named ${definition.name} already`)
    const { name, replicas = 1 } = definition
    const entry: Entry = { definition, holder: new Holder(`agent ${name}`), replicas: [], wanted: replicas }
    void this.#fit(entry)
    this.#agents.set(definition.name, entry)
  }

  has(name: string): boolean {
    return this.#agents.has(name)
  }

  /** Makes every agent as it was steered last, and keeps from now on how it is steered (M4). */
  async remember(records: RecordStore): Promise<void> {
    this.#records = records
    for await (const [name, kept] of records.entries("")) {
      const { running, wanted, defined } = kept as Steered
      const entry = this.#agents.get(name)
      if (entry === undefined || defined !== replicasOf(entry)) continue
      const before = entry.wanted
      entry.wanted = wanted
      if (!running) await this.#shrink(entry, 0)
      else if (this.#overfull(entry) === undefined) await this.#fit(entry)
      else entry.wanted = before // this node may hold fewer than it did
    }
  }

  definitions(): readonly AgentDefinition[] {
    return [...this.#agents.values()].map(({ definition }) => definition)
  }

  /** @throws `UNKNOWN_AGENT` */
  definition(name: string): AgentDefinition {
    return this.#entry(name).definition
  }

  /** Requests that are open at all agents, and how many of them all agents work on at a time. */
  occupation(): { readonly open: number; readonly width: number } {
    let replicas = 0
    for (const entry of this.#agents.values()) replicas += entry.replicas.length
    return { open: this.#places.taken, width: replicas * this.#limits.concurrency }
  }

  list(): readonly AgentDescription[] {
    return [...this.#agents.values()].map(describe)
  }

  /** @throws `UNKNOWN_AGENT` */
  describe(name: string): AgentDescription {
    return describe(this.#entry(name))
  }

  async start(name: string): Promise<void> {
    const entry = this.#entry(name)
    await this.#fit(entry)
    await this.#keep(entry)
  }

  /** Stops its replicas; what they work on is cancelled. */
  async stop(name: string): Promise<void> {
    const entry = this.#entry(name)
    await this.#shrink(entry, 0) // M3
    await this.#keep(entry)
  }

  async restart(name: string): Promise<void> {
    await this.#shrink(this.#entry(name), 0)
    await this.start(name)
  }

  /** @throws `BUDGET_EXCEEDED` (M2) */
  async replicate(name: string, count: number): Promise<void> {
    if (!Number.isInteger(count) || count < 1)
      throw new AgentOSError("INVALID_AGENT", `an agent has a positive number of replicas, not ${count}`)
    const entry = this.#entry(name)
    const before = entry.wanted
    entry.wanted = count
    const refusal = this.#overfull(entry)
    if (refusal !== undefined) {
      entry.wanted = before
      throw refusal
    }
    await this.#fit(entry)
    await this.#keep(entry)
  }

  /**
   * Asks the replica that has least to do.
   *
   * @throws what the agent throws; `UNKNOWN_AGENT`, `AGENT_STOPPED`, `BUDGET_EXCEEDED`
   */
  async ask(name: string, request: AgentRequest, options: AskOptions = {}): Promise<AgentAnswer> {
    if (this.#memory.isAbove) await this.#checkMemory()
    throwIfCalledOff(options.signal)
    const { replicas, definition, holder: agent } = this.#entry(name)
    let replica = replicas[0]
    if (replica === undefined) throw new AgentOSError("AGENT_STOPPED", `agent ${name} is stopped; start it first`)
    for (const other of replicas) if (other.open < replica.open) replica = other // M1
    const { tenant } = request
    const { caller = "local" } = options
    const itsTenant = this.#tenants.enter(tenant)
    const itsCaller = itsTenant.callers.enter(caller)
    const holders = [itsCaller, itsTenant, agent]
    const refusal = this.#refusal(holders)
    if (refusal !== undefined) {
      this.#leave(tenant, caller, itsTenant, itsCaller)
      throw refusal
    }
    this.#places.take(holders)
    replica.open += 1
    const ticket = ++this.#tickets
    const { ref } = replica
    let stay = (): void => undefined
    try {
      const limit = ((request.definition ?? definition).limits?.timeMs ?? 60_000) + askGraceMs
      const { timeoutMs = limit, traceId } = options
      const answer = ref
        .with({ timeoutMs: Math.min(timeoutMs, limit), cause: { traceId, caller: options.caller, tenant } })
        .ask("respond", { ticket, request, holder: itsCaller.name })
      stay = onCancel(options.signal, () => ref.tell("cancel", ticket))
      return await answer
    } catch (error) {
      ref.tell("cancel", ticket) // nobody waits for it any more
      throw error
    } finally {
      stay()
      this.#places.give(holders)
      this.#leave(tenant, caller, itsTenant, itsCaller)
      replica.open -= 1
    }
  }

  /** Why it takes hardly a request at the moment, whoever asks; undefined when it does. */
  get full(): string | undefined {
    if (this.#places.scarce) return `${this.#places.taken} requests are open at this node's agents`
    return this.#memory.isAbove ? `the node uses ${this.#memory.usedMb} MB` : undefined
  }

  /** @throws `MEMORY_FULL` (M2) */
  async #checkMemory(): Promise<void> {
    if (!(await this.#memory.staysAbove())) return
    throw new AgentOSError(
      "MEMORY_FULL",
      `the node uses ${this.#memory.usedMb} MB; above ${this.#limits.maxMemoryMb} MB it takes no more requests for now`,
    )
  }

  #leave(tenant: string, caller: string, itsTenant: Tenant, itsCaller: Holder): void {
    itsTenant.callers.leave(caller, itsCaller)
    this.#tenants.leave(tenant, itsTenant)
  }

  /** Why there is no place for another request: `MAILBOX_FULL` (M2), `SHARE_SPENT` (M5). */
  #refusal(holders: readonly Holder[]): AgentOSError | undefined {
    const { taken, full } = this.#places
    if (full)
      return new AgentOSError(
        "MAILBOX_FULL",
        `${taken} requests are open at this node's agents; it takes no more for now`,
      )
    const spent = holders.find((holder, i) => !this.#places.mayTake(holder, i === 0 ? callersTimes : othersTimes))
    if (spent === undefined) return undefined
    return new AgentOSError(
      "SHARE_SPENT",
      `of the ${taken} requests that are open at this node's agents, ${spent.name} has its share`,
    )
  }

  #entry(name: string): Entry {
    const entry = this.#agents.get(name)
    if (entry === undefined)
      throw new AgentOSError(
        "UNKNOWN_AGENT",
        `there is no agent named ${JSON.stringify(name)}; there are: ${[...this.#agents.keys()].join(", ")}`,
      )
    return entry
  }

  /** Why an agent cannot have as many replicas as it wants, if it cannot (M2). */
  #overfull({ wanted, replicas, definition }: Entry): AgentOSError | undefined {
    const all = [...this.#agents.values()].reduce((sum, entry) => sum + entry.replicas.length, 0)
    const total = all - replicas.length + wanted
    const { maxReplicas } = this.#limits
    if (total <= maxReplicas) return undefined
    return new AgentOSError(
      "BUDGET_EXCEEDED",
      `${wanted} replicas of ${definition.name} would make ${total} agents; this node holds ${maxReplicas}`,
      { executed: "no" },
    )
  }

  /** Gives an agent as many replicas as it wants. @throws `BUDGET_EXCEEDED` (M2) */
  #fit(entry: Entry): Promise<void> {
    const refusal = this.#overfull(entry)
    if (refusal !== undefined) throw refusal
    while (entry.replicas.length < entry.wanted) {
      const ref = this.#system.spawn(LlmAgent, {
        name: `${entry.definition.name}-${++this.#incarnation}`,
        kind: "permanent",
        init: { agent: entry.definition, respond: this.#respond, concurrency: this.#limits.concurrency },
      })
      entry.replicas.push({ ref, open: 0 })
    }
    return this.#shrink(entry, entry.wanted)
  }

  /** Stops the replicas past so many. */
  async #shrink(entry: Entry, count: number): Promise<void> {
    await Promise.all(entry.replicas.splice(count).map(({ ref }) => this.#system.stopActor(ref)))
  }

  async #keep(entry: Entry): Promise<void> {
    const steered: Steered = {
      running: entry.replicas.length > 0,
      wanted: entry.wanted,
      defined: replicasOf(entry),
    }
    await this.#records?.write([[entry.definition.name, steered]])
  }
}

const replicasOf = ({ definition: { replicas = 1 } }: Entry): number => replicas

function describe({ definition, replicas, wanted }: Entry): AgentDescription {
  return {
    name: definition.name,
    description: definition.description ?? "",
    model: definition.model ?? "scribe",
    state: replicas.length === 0 ? "stopped" : "running",
    replicas: replicas.length === 0 ? wanted : replicas.length,
    queued: replicas.reduce((sum, { open }) => sum + open, 0),
    tools: definition.tools ?? [],
  }
}
