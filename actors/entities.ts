/**
 * Virtual actors: an entity is known by its key, becomes an actor with its first message and is stopped when none came for a while.
 *
 * Invariants
 *   E1. At most one actor per entity is alive; a message that comes while it is being stopped waits for its successor.
 */
import { entityAddress, formatAddress } from "./address.js"
import type { Cause } from "./cause.js"
import { openAsk, type Cell, type Compiled, type Meta } from "./cell.js"
import { AgentOSError } from "./errors.js"
import { Ref, type OpenAsk } from "./ref.js"
import type { ActorSystem } from "./system.js"

/** Which entity an actor is: given to its state factory. */
export interface EntityId {
  readonly tenant: string
  readonly key: string
}

const defaultPassivateMs = 120_000

export class Entities {
  readonly #system: ActorSystem
  readonly #guardian: Cell
  readonly #alive = new Map<string, Cell>()
  readonly #stopping = new Map<string, (() => void)[]>()
  #sweeping: (() => void) | undefined

  constructor(system: ActorSystem, guardian: Cell) {
    this.#system = system
    this.#guardian = guardian
  }

  get size(): number {
    return this.#alive.size
  }

  /** Puts a message into an entity's mailbox, waking it when it sleeps. @param key what tells it from every other entity */
  deliver(
    compiled: Compiled,
    id: EntityId,
    key: string,
    type: string,
    payload: unknown,
    meta: Meta | undefined,
  ): boolean {
    const waiting = this.#stopping.size === 0 ? undefined : this.#stopping.get(key)
    const handler = compiled.indexes[type]
    if (handler === undefined)
      throw new AgentOSError(
        "UNKNOWN_MESSAGE",
        `${compiled.spec.name} has no handler ${JSON.stringify(type)}; it has: ${compiled.types.join(", ")}`,
      )
    if (waiting !== undefined) {
      waiting.push(() => this.deliver(compiled, id, key, type, payload, meta)) // E1
      return true
    }
    let cell = this.#alive.get(key)
    if (cell === undefined || !cell.alive) {
      cell = this.#system.spawnCell(this.#guardian, compiled, { init: id, kind: "transient" })
      this.#alive.set(key, cell)
      this.#sweep(compiled.spec.passivateAfterMs ?? defaultPassivateMs)
    }
    cell.lastUsed = this.#system.wheel.now
    return cell.put(handler, payload, meta, false)
  }

  /** Stops those that were idle for their time. */
  #sweep(after: number): void {
    if (this.#sweeping !== undefined) return
    const every = Math.min(10_000, Math.max(10, after / 4))
    this.#sweeping = this.#system.clock.timer(every, () => {
      this.#sweeping = undefined
      const now = this.#system.clock.monotonic()
      let shortest = Infinity
      for (const [key, cell] of this.#alive) {
        const limit = cell.compiled.spec.passivateAfterMs ?? defaultPassivateMs
        shortest = Math.min(shortest, limit)
        if (!cell.alive) this.#alive.delete(key)
        else if (cell.idle && now - cell.lastUsed >= limit) this.#passivate(key, cell)
      }
      if (this.#alive.size > 0 && !this.#system.stopping) this.#sweep(shortest)
    })
  }

  #passivate(key: string, cell: Cell): void {
    const waiting: (() => void)[] = []
    this.#stopping.set(key, waiting)
    void cell.stop().then(() => {
      this.#alive.delete(key)
      this.#stopping.delete(key)
      for (const deliver of waiting) deliver()
    })
  }

  close(): void {
    this.#sweeping?.()
  }
}

/** A ref to an entity, active or not. */
export class EntityRef extends Ref {
  readonly #system: ActorSystem
  readonly #entities: Entities
  readonly #compiled: Compiled
  readonly #id: EntityId
  readonly #key: string

  constructor(system: ActorSystem, entities: Entities, compiled: Compiled, id: EntityId) {
    super()
    this.#system = system
    this.#entities = entities
    this.#compiled = compiled
    this.#id = id
    this.#key = `${compiled.spec.name}\u0000${id.tenant}\u0000${id.key}`
  }

  get address(): string {
    return formatAddress(entityAddress(this.#system.name, this.#id.tenant, this.#compiled.spec.name, this.#id.key))
  }

  send(type: string, payload: unknown, cause: Cause | undefined): boolean {
    this.#system.checkRunning()
    return this.#entities.deliver(this.#compiled, this.#id, this.#key, type, payload, cause)
  }

  request(
    type: string,
    payload: unknown,
    cause: Cause | undefined,
    timeoutMs: number | undefined,
    serving: OpenAsk | undefined,
    asker: object | undefined,
  ): Promise<never> {
    this.#system.checkRunning()
    return openAsk(this.#system, this, type, cause, timeoutMs, serving, asker, (ask) =>
      this.#entities.deliver(this.#compiled, this.#id, this.#key, type, payload, ask),
    )
  }
}
