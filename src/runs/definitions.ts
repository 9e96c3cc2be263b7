/**
 * The definitions that runs began with, kept by their content: topologies and agents may be changed while runs are
 * open.
 *
 * Invariants
 *   F1. A definition is durable before a run names it. It holds the topology of the run, those that it names, and the
 *       agents of all of them. What agents name (tools, models, functions) is code, and is as it is now.
 *   F2. The agents and topologies of a node stay as they are as long as it runs, so each target is looked through
 *       once.
 *   F3. A definition is let go once no open run names it, and so long after it was used last that no interrupted one
 *       can. One in use is written again each day; another process on this store may count on it meanwhile.
 */
import { createHash } from "node:crypto"
import type { Clock } from "#actors/clock.js"
import { joined } from "#actors/names.js"
import type { AgentManager } from "../agents/agent-manager.js"
import type { AgentDefinition } from "../agents/agent.js"
import type { RecordStore } from "../record-store.js"
import { agentsOf, type Topology } from "../topologies/topology.js"

/** What a target is carried out by, each by its name. Plain data. */
export interface Definition {
  readonly topologies: Readonly<Record<string, Topology>>
  readonly agents: Readonly<Record<string, AgentDefinition>>
}

export interface DefinitionsParts {
  readonly agents: Pick<AgentManager, "has" | "definition">
  readonly topologies: ReadonlyMap<string, Topology>
  readonly records: RecordStore
  readonly clock: Clock
}

/** As it is stored; those from before are the topologies alone, and say no time. */
interface Stored extends Definition {
  /** Wall time of its last use, to a day. */
  readonly at: number
}

interface Current {
  readonly definition: Definition
  readonly hash: string
  at: number
  kept: Promise<void>
}

const dayMs = 86_400_000

export class Definitions {
  readonly #parts: DefinitionsParts
  /** By target (F2). */
  readonly #current = new Map<string, Current>()

  constructor(parts: DefinitionsParts) {
    this.#parts = parts
  }

  /** What this node carries a target out by now. */
  of(target: string): Definition {
    return this.#of(target).definition
  }

  /** @returns the hash under which the definition of a target is kept (F1) */
  async keep(target: string): Promise<string> {
    const current = this.#of(target)
    const { hash, definition } = current
    const now = this.#parts.clock.wallTime()
    if (now - current.at >= dayMs) {
      current.at = now
      current.kept = this.#write(hash, definition)
      current.kept.catch(() => (current.at = -Infinity))
    }
    await current.kept
    return hash
  }

  async get(hash: string): Promise<Definition | undefined> {
    const { records, clock } = this.#parts
    const stored = (await records.get(keyOf(hash))) as Stored | Definition["topologies"] | undefined
    if (stored === undefined) return undefined
    if (!isStored(stored)) return { topologies: stored, agents: {} }
    if (clock.wallTime() - stored.at >= dayMs) await this.#write(hash, stored)
    return stored
  }

  /**
   * Lets go of what no run can go on with (F3).
   *
   * @param open what open runs name
   * @param days how long others are kept
   */
  async sweep(open: ReadonlySet<string | undefined>, days: number): Promise<void> {
    const { records, clock } = this.#parts
    const since = clock.wallTime() - (days + 2) * dayMs
    for await (const [key, value] of records.entries(keyOf(""))) {
      const hash = key.slice(keyOf("").length)
      const stored = value as Stored | Definition["topologies"]
      if (!isStored(stored)) await this.#write(hash, { topologies: stored, agents: {} })
      else if (stored.at < since && !open.has(hash)) await records.write([[key, undefined]])
    }
  }

  #of(target: string): Current {
    let current = this.#current.get(target)
    if (current === undefined) {
      const definition = definitionOf(target, this.#parts)
      const hash = createHash("sha256").update(JSON.stringify(definition)).digest("hex").slice(0, 32)
      current = { definition, hash, at: -Infinity, kept: Promise.resolve() }
      this.#current.set(target, current)
    }
    return current
  }

  #write(hash: string, { topologies, agents }: Definition): Promise<void> {
    const { records, clock } = this.#parts
    return records.write([[keyOf(hash), { at: clock.wallTime(), topologies, agents } satisfies Stored]])
  }
}

const keyOf = (hash: string): string => `${joined("definition")}/${hash}`
const isStored = (value: Stored | Definition["topologies"]): value is Stored => typeof value["at"] === "number"

/** A target, and all that it names. */
function definitionOf(target: string, { agents, topologies }: DefinitionsParts): Definition {
  const found = { topologies: new Map<string, Topology>(), agents: new Map<string, AgentDefinition>() }
  const visit = (name: string): void => {
    if (agents.has(name)) return void found.agents.set(name, agents.definition(name))
    const topology = found.topologies.has(name) ? undefined : topologies.get(name)
    if (topology === undefined) return
    found.topologies.set(name, topology)
    agentsOf(topology).forEach(visit)
  }
  visit(target)
  return { topologies: Object.fromEntries(found.topologies), agents: Object.fromEntries(found.agents) }
}
