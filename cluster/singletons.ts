/**
 * One actor of a definition in the whole cluster. It is an entity with a key of its own, that is started as soon as its shard is served and never sleeps; so it moves, recovers
 * and is fenced as every entity, and a ref to it reaches it wherever it is.
 *
 * Invariants
 *   G1. There is never more than one that acts: as for every entity, its owner is the only one whose answers and events count.
 *   G2. It runs without being sent anything: within `lookMs` after its shard is served, and again when it has ended.
 *   G3. While nobody serves its shard (the owner is gone, and another is about to take over) there is none, and its ref says `UNAVAILABLE` or holds what is sent, as for every
 *       entity.
 */
import type { ActorDefinition, AnyDefinition } from "#actors/actor.js"
import { DEFAULT_TENANT } from "#actors/cause.js"
import type { Clock } from "#actors/clock.js"
import type { EntityId } from "#actors/entities.js"
import { AgentOSError } from "#actors/errors.js"
import type { PersistenceId } from "#actors/persistence/journal.js"
import type { ActorRef } from "#actors/ref.js"
import type { ActorSystem } from "#actors/system.js"

const key = "singleton"
/** Between two looks at whether they run. */
const lookMs = 1000

/** The definition of one that never sleeps. */
export function neverAsleep<D extends AnyDefinition>(definition: D): D {
  return { ...definition, spec: { ...definition.spec, passivateAfterMs: Infinity } }
}

export interface SingletonPorts {
  readonly system: ActorSystem
  readonly clock: Clock
  /** Whether this node serves an entity now. */
  serves(id: PersistenceId): boolean
}

export class Singletons {
  readonly #ports: SingletonPorts
  readonly #names: ReadonlySet<string>
  #cancel: (() => void) | undefined

  /** @param definitions those that were given to the system through `neverAsleep` */
  constructor(definitions: readonly AnyDefinition[], ports: SingletonPorts) {
    this.#ports = ports
    this.#names = new Set(definitions.map(({ name }) => name))
    if (this.#names.size > 0) this.look()
  }

  /** A ref that always reaches it. @throws {AgentOSError} `UNKNOWN_DEFINITION` */
  ref<P>(definition: ActorDefinition<P, EntityId> | ActorDefinition<P>): ActorRef<P> {
    const { name } = definition
    if (this.#names.has(name)) return this.#ports.system.entity(definition, key)
    const message = `${name} is not among the singletons that the node has joined with; give it as \`singletons: [...]\`, the same on every node`
    throw new AgentOSError("UNKNOWN_DEFINITION", message)
  }

  /** Starts those that should run here (G2); called also when a shard begins to be served. */
  look(): void {
    const { system, clock, serves } = this.#ports
    this.#cancel?.()
    this.#cancel = clock.timer(lookMs, () => this.look())
    for (const type of this.#names) {
      const id = { tenant: DEFAULT_TENANT, type, key }
      if (serves(id)) system.rouseEntity(id)
    }
  }

  close(): void {
    this.#cancel?.()
    this.#cancel = undefined
  }
}
