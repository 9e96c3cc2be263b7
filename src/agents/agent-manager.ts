/**
 * The agents of a node: each one or more replicas, every replica a supervised actor.
 *
 * Invariants
 *   M1. A request goes to the replica with the fewest requests open; ties go to the older one.
 *   M2. No more than `maxReplicas` actors and `maxOpen` requests exist at a time, all agents together, and none is begun while the process is larger
 *       than `maxMemoryMb`.
 *   M3. A stopped agent keeps its definition and refuses requests until it is started.
 *   M4. What was started, stopped and replicated stays so over a restart of the node, until the agent's definition
 *       asks for another number of replicas.
 */
import { AgentOSError } from "#actors/errors.js"
import type { ActorSystem } from "#actors/system.js"
import type { RefOf } from "#actors/actor.js"
import type { RecordStore } from "../record-store.js"
import { onCancel, type Cancellation } from "../cancellation.js"
import { defineAgent, type AgentDefinition } from "./agent.js"
import { LlmAgent, type Responder } from "./llm-agent.js"
import type { AgentAnswer, AgentRequest } from "./respond.js"

export interface AgentManagerLimits {
  /** Replicas of all agents together; default 1,000. */
  readonly maxReplicas: number
  /** Requests open at a time, all agents together; default 10,000. */
  readonly maxOpen: number
  /** Requests that one replica works on at a time; default 16. */
  readonly concurrency: number
  /** Resident memory of the process above which requests are refused, in MB; default none. */
  readonly maxMemoryMb: number
}

export const defaultLimits: AgentManagerLimits = {
  maxReplicas: 1000,
  maxOpen: 10_000,
  concurrency: 16,
  maxMemoryMb: Infinity,
}
/** How often the memory is looked at. */
const memoryEveryMs = 100

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
  replicas: Replica[]
  /** How many it is to have while it runs. */
  wanted: number
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
  readonly tenant?: string
}

/** Longer than any agent's own limit: the limit answers with a better error than the ask's deadline. */
const askGraceMs = 2000

export class AgentManager {
  readonly #system: ActorSystem
  readonly #respond: Responder
  readonly #limits: AgentManagerLimits
  readonly #agents = new Map<string, Entry>()
  #open = 0
  #incarnation = 0
  #tickets = 0
  #memoryMb = 0
  #memoryAt = -Infinity
  #records: RecordStore | undefined

  constructor(system: ActorSystem, respond: Responder, limits: Partial<AgentManagerLimits> = {}) {
    this.#system = system
    this.#respond = respond
    this.#limits = { ...defaultLimits, ...limits }
  }

  /** Takes in an agent and starts it. @throws `INVALID_AGENT`, `NAME_TAKEN`, `BUDGET_EXCEEDED` */
  register(definition: AgentDefinition): void {
    defineAgent(definition)
    if (this.#agents.has(definition.name))
      throw new AgentOSError("NAME_TAKEN", `there is an agent named ${definition.name} already`)
    const entry: Entry = { definition, replicas: [], wanted: definition.replicas ?? 1 }
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
    return { open: this.#open, width: replicas * this.#limits.concurrency }
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

  /** Asks the replica that has least to do. @throws what the agent throws; `UNKNOWN_AGENT`, `AGENT_STOPPED`, `BUDGET_EXCEEDED` */
  async ask(name: string, request: AgentRequest, options: AskOptions = {}): Promise<AgentAnswer> {
    const { replicas, definition } = this.#entry(name)
    let replica = replicas[0]
    if (replica === undefined) throw new AgentOSError("AGENT_STOPPED", `agent ${name} is stopped; start it first`)
    for (const other of replicas) if (other.open < replica.open) replica = other // M1
    if (this.#open >= this.#limits.maxOpen)
      throw new AgentOSError(
        "MAILBOX_FULL",
        `${this.#open} requests are open at this node's agents; it takes no more for now`,
      )
    this.#checkMemory()
    this.#open += 1
    replica.open += 1
    const ticket = ++this.#tickets
    const { ref } = replica
    let stay = (): void => undefined
    try {
      const limit = (definition.limits?.timeMs ?? 60_000) + askGraceMs
      const { timeoutMs = limit, traceId, caller, tenant = "default" } = options
      const answer = ref
        .with({ timeoutMs: Math.min(timeoutMs, limit), cause: { traceId, caller, tenant } })
        .ask("respond", { ticket, request })
      // After the request, so that a cancellation that is there already follows it into the mailbox.
      stay = onCancel(options.signal, () => ref.tell("cancel", ticket))
      return await answer
    } catch (error) {
      ref.tell("cancel", ticket) // nobody waits for it any more
      throw error
    } finally {
      stay()
      this.#open -= 1
      replica.open -= 1
    }
  }

  /** @throws `MEMORY_FULL` (M2) */
  #checkMemory(): void {
    const { maxMemoryMb } = this.#limits
    if (maxMemoryMb === Infinity) return
    const { now } = this.#system.wheel
    if (now - this.#memoryAt >= memoryEveryMs) {
      this.#memoryAt = now
      this.#memoryMb = Math.round(process.memoryUsage.rss() / 2 ** 20)
    }
    if (this.#memoryMb > maxMemoryMb)
      throw new AgentOSError(
        "MEMORY_FULL",
        `the node uses ${this.#memoryMb} MB; above ${maxMemoryMb} MB it takes no more requests for now`,
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
