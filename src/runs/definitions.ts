/**
 * The definitions that runs began with, kept by their content: a topology may be changed while runs of it are open.
 *
 * Invariants
 *   F1. A definition is durable before a run names it. It holds the topologies that it names, and those that they name.
 */
import { createHash } from "node:crypto"
import { joined } from "#actors/names.js"
import type { RecordStore } from "../record-store.js"
import { agentsOf, type Topology } from "../topologies/topology.js"

/** Topologies by name. */
export type Definition = Readonly<Record<string, Topology>>

export class Definitions {
  readonly #records: RecordStore
  readonly #kept = new Map<string, Promise<void>>()

  constructor(records: RecordStore) {
    this.#records = records
  }

  /** @returns the hash of its content (F1) */
  async keep(definition: Definition): Promise<string> {
    const hash = createHash("sha256").update(JSON.stringify(definition)).digest("hex").slice(0, 32)
    let kept = this.#kept.get(hash)
    if (kept === undefined) {
      kept = this.#records.write([[joined("definition", hash), definition]])
      this.#kept.set(hash, kept)
      kept.catch(() => this.#kept.delete(hash))
    }
    await kept
    return hash
  }

  async get(hash: string): Promise<Definition | undefined> {
    return (await this.#records.get(joined("definition", hash))) as Definition | undefined
  }
}

/** A topology and all that it names. @param named the topology of a name; undefined where it is an agent's */
export function definitionOf(target: string, named: (name: string) => Topology | undefined): Definition {
  const found = new Map<string, Topology>()
  const visit = (name: string): void => {
    const topology = found.has(name) ? undefined : named(name)
    if (topology === undefined) return
    found.set(name, topology)
    agentsOf(topology).forEach(visit)
  }
  visit(target)
  return Object.fromEntries(found)
}
