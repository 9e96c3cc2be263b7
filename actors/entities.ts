/**
 * Virtual actors: an entity is known by its key, becomes an actor with its first message, and is put to sleep when none came for a while or memory runs short.
 *
 * Invariants
 *   E1. At most one actor per entity is alive; a message that comes while it is being stopped waits for its successor.
 *   E2. Only an idle entity is passivated: one that has a message, a promise or a task open stays.
 *   E3. A known entity that sleeps costs its ref, and nothing here.
 */
import { getHeapStatistics } from "node:v8"
import { entityAddress, formatAddress } from "./address.js"
import { openAsk } from "./ask.js"
import type { Cause } from "./cause.js"
import type { Cell } from "./cell.js"
import type { Meta } from "./inbox.js"
import { Bag } from "./bag.js"
import type { Compiled } from "./compiled.js"
import { AddressedRef, Ref, type AskOptions, type OpenAsk } from "./ref.js"
import type { ActorSystem } from "./system.js"
import { Deadline } from "./timers.js"

/** Which entity an actor is: given to its state factory. */
export interface EntityId {
  readonly tenant: string
  readonly key: string
}

const defaultPassivateMs = 120_000
/** Above this part of memory, entities are put to sleep. */
const pressureLimit = 0.85
/** Residents looked at to find one that was not used for long. */
const looks = 8
/** How many wakings pass between two looks at memory. */
const wakingsPerLook = 256

/** How full the heap is, from 0 to 1. */
export function heapPressure(): number {
  const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics()
  return used / limit
}

/** The entities of one definition and tenant. */
interface Kind {
  readonly compiled: Compiled
  readonly tenant: string
  readonly passivateMs: number
  readonly residents: Map<string, Resident>
}

/** An entity in memory; its deadline is when to look whether it is still used. */
class Resident extends Deadline {
  readonly kind: Kind
  readonly key: string
  readonly cell: Cell
  readonly #entities: Entities
  lastUsed = 0
  place = 0
  /** Messages that came while it was being stopped (E1). */
  late: (() => void)[] | undefined = undefined

  constructor(entities: Entities, kind: Kind, key: string, cell: Cell) {
    super()
    this.#entities = entities
    this.kind = kind
    this.key = key
    this.cell = cell
  }

  override expired(): void {
    this.#entities.look(this)
  }
}

export class Entities {
  readonly #system: ActorSystem
  readonly #guardian: Cell
  readonly #maxResident: number
  readonly #memoryPressure: () => number
  readonly #kinds = new Map<Compiled, Map<string, Kind>>()
  readonly #residents = new Bag<Resident>()
  #untilLook = wakingsPerLook

  constructor(system: ActorSystem, guardian: Cell, maxResident: number, memoryPressure: () => number) {
    this.#system = system
    this.#guardian = guardian
    this.#maxResident = maxResident
    this.#memoryPressure = memoryPressure
  }

  /** Entities in memory. */
  get size(): number {
    return this.#residents.size
  }

  ref(compiled: Compiled, tenant: string, key: string): Ref {
    let tenants = this.#kinds.get(compiled)
    if (tenants === undefined) this.#kinds.set(compiled, (tenants = new Map()))
    let kind = tenants.get(tenant)
    if (kind === undefined) {
      const passivateMs = compiled.spec.passivateAfterMs ?? defaultPassivateMs
      tenants.set(tenant, (kind = { compiled, tenant, passivateMs, residents: new Map() }))
    }
    return new EntityRef(this.#system, this, kind, key)
  }

  /** Puts a message into an entity's mailbox, waking it when it sleeps. */
  deliver(kind: Kind, key: string, handler: number, payload: unknown, meta: Meta | undefined): boolean {
    if (this.#system.stopping) {
      const ref = new EntityRef(this.#system, this, kind, key)
      return this.#system.deadLetter(ref, kind.compiled.typeOf(handler), meta, "stopped")
    }
    let resident = kind.residents.get(key)
    if (resident?.late !== undefined) {
      resident.late.push(() => this.deliver(kind, key, handler, payload, meta)) // E1
      return true
    }
    if (resident === undefined || !resident.cell.alive) {
      if (resident !== undefined) this.#forget(resident)
      resident = this.#wake(kind, key)
    }
    resident.lastUsed = this.#system.wheel.now
    return resident.cell.put(handler, payload, meta, false)
  }

  #wake(kind: Kind, key: string): Resident {
    this.#makeRoom()
    const id: EntityId = { tenant: kind.tenant, key }
    const cell = this.#system.spawnCell(this.#guardian, kind.compiled, { init: id, kind: "transient" })
    const resident = new Resident(this, kind, key, cell)
    kind.residents.set(key, resident)
    this.#residents.add(resident)
    this.#system.wheel.add(resident, kind.passivateMs)
    return resident
  }

  /** Its deadline has come: sleeps if nobody used it meanwhile, else is looked at again (E2). */
  look(resident: Resident): void {
    const { cell, kind, lastUsed } = resident
    const { wheel } = this.#system
    if (!cell.alive) return this.#forget(resident)
    const until = lastUsed + kind.passivateMs
    if (until <= wheel.now && cell.idle) this.#passivate(resident)
    else wheel.addAt(resident, Math.max(until, wheel.now + Math.min(kind.passivateMs, 1000)))
  }

  /** Lets the least recently used of some residents sleep when there are too many, or memory runs short. */
  #makeRoom(): void {
    if (this.#residents.size >= this.#maxResident) this.#passivateOne()
    if (--this.#untilLook > 0) return
    this.#untilLook = wakingsPerLook
    if (this.#memoryPressure() > pressureLimit) for (let n = 0; n < 2 * wakingsPerLook; n++) this.#passivateOne()
  }

  #passivateOne(): void {
    let found: Resident | undefined
    for (let n = 0; n < looks; n++) {
      const resident = this.#residents.at(Math.floor(this.#system.random.float() * this.#residents.size))
      if (resident === undefined || resident.late !== undefined || !resident.cell.idle) continue
      if (found === undefined || resident.lastUsed < found.lastUsed) found = resident
    }
    if (found !== undefined) this.#passivate(found)
  }

  #passivate(resident: Resident): void {
    const late: (() => void)[] = (resident.late = [])
    void resident.cell.stop().then(() => {
      this.#forget(resident)
      for (const deliver of late) deliver()
    })
  }

  #forget(resident: Resident): void {
    this.#system.wheel.remove(resident)
    this.#residents.remove(resident)
    const { residents } = resident.kind
    if (residents.get(resident.key) === resident) residents.delete(resident.key)
  }
}

/** A ref to an entity, active or not. */
export class EntityRef extends AddressedRef {
  readonly #system: ActorSystem
  readonly #entities: Entities
  readonly #kind: Kind
  readonly #key: string

  constructor(system: ActorSystem, entities: Entities, kind: Kind, key: string) {
    super()
    this.#system = system
    this.#entities = entities
    this.#kind = kind
    this.#key = key
  }

  get address(): string {
    const { tenant, compiled } = this.#kind
    return formatAddress(entityAddress(this.#system.name, tenant, compiled.spec.name, this.#key))
  }

  send(type: string, payload: unknown, cause: Cause | undefined): boolean {
    return this.#entities.deliver(this.#kind, this.#key, this.#kind.compiled.number(type), payload, cause)
  }

  request(
    type: string,
    payload: unknown,
    cause: Cause | undefined,
    options: AskOptions | undefined,
    serving: OpenAsk | undefined,
    asker: object | undefined,
  ): Promise<never> {
    if (this.#system.stopping) return Promise.reject(this.#system.stopped)
    const { compiled } = this.#kind
    return openAsk(this.#system, this, compiled, type, cause, options, serving, asker, (ask) =>
      this.#entities.deliver(this.#kind, this.#key, compiled.number(type), payload, ask),
    )
  }

  override check(type: string, payload: unknown): unknown {
    return this.#kind.compiled.checked(type, payload)
  }
}
