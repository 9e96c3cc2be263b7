/**
 * Virtual actors: an entity is known by its key, becomes an actor with its first message, and is put to sleep when none came for a while or memory runs short.
 *
 * Invariants
 *   E1. At most one actor per entity is alive; a message that comes while it is being stopped waits for its successor.
 *   E2. Only an idle entity is passivated: one that has a message, a promise or a task open stays.
 *   E3. A known entity that sleeps costs its ref, and nothing here.
 *   E4. Residents of a group know each other, so that to stop one group costs nothing for the others. What waits for a resident that is stopped with its group is given back.
 *   E5. One whose definition says `passivateAfterMs: Infinity` is never passivated.
 */
import { getHeapStatistics } from "node:v8"
import { entityAddress, formatAddress } from "./address.js"
import { openAsk, type Ask } from "./ask.js"
import type { Cause } from "./cause.js"
import type { Cell } from "./cell.js"
import type { AgentOSError } from "./errors.js"
import type { Meta, Waiting } from "./inbox.js"
import { Bag } from "./bag.js"
import type { Compiled } from "./compiled.js"
import type { PersistenceId } from "./persistence/journal.js"
import { AddressedRef, type AskOptions, type OpenAsk } from "./ref.js"
import type { ActorSystem } from "./system.js"
import { Deadline, Limit } from "./timers.js"

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
  /** Its neighbours in its group (E4). */
  group = -1
  next: Resident | undefined = undefined
  previous: Resident | undefined = undefined
  /** Messages that came while it was being stopped (E1). */
  late: Waiting[] | undefined = undefined

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

/** A message to an entity that was not handled. */
export interface GivenBack {
  readonly id: PersistenceId
  readonly type: string
  readonly payload: unknown
  readonly meta: Meta | undefined
}

/** Between two looks at residents that are not idle and are to be stopped with their group. */
const lookMs = 8

export class Entities {
  readonly #system: ActorSystem
  readonly #guardian: Cell
  readonly #maxResident: number
  readonly #memoryPressure: () => number
  readonly #kinds = new Map<Compiled, Map<string, Kind>>()
  readonly #residents = new Bag<Resident>()
  readonly #groupOf: ((id: PersistenceId) => number) | undefined
  /** The first resident of each group (E4). */
  readonly #groups: (Resident | undefined)[] = []
  #untilLook = wakingsPerLook

  constructor(
    system: ActorSystem,
    guardian: Cell,
    maxResident: number,
    memoryPressure: () => number,
    groupOf: ((id: PersistenceId) => number) | undefined,
  ) {
    this.#system = system
    this.#groupOf = groupOf
    this.#guardian = guardian
    this.#maxResident = maxResident
    this.#memoryPressure = memoryPressure
  }

  /** Entities in memory. */
  get size(): number {
    return this.#residents.size
  }

  ref(compiled: Compiled, tenant: string, key: string): EntityRef {
    return new EntityRef(this.#system, this, this.#kindOf(compiled, tenant), key)
  }

  #kindOf(compiled: Compiled, tenant: string): Kind {
    let tenants = this.#kinds.get(compiled)
    if (tenants === undefined) this.#kinds.set(compiled, (tenants = new Map()))
    let kind = tenants.get(tenant)
    if (kind === undefined) {
      const passivateMs = compiled.spec.passivateAfterMs ?? defaultPassivateMs
      tenants.set(tenant, (kind = { compiled, tenant, passivateMs, residents: new Map() }))
    }
    return kind
  }

  /** Puts a message into an entity's mailbox, waking it when it sleeps. */
  deliver(
    kind: Kind,
    key: string,
    handler: number,
    payload: unknown,
    meta: Meta | undefined,
    promised = false,
  ): boolean {
    if (this.#system.stopping) {
      const ref = new EntityRef(this.#system, this, kind, key)
      return this.#system.deadLetter(ref, kind.compiled.typeOf(handler), meta, "stopped")
    }
    let resident = kind.residents.get(key)
    if (resident?.late !== undefined) {
      resident.late.push({ handler, payload, meta }) // E1
      return true
    }
    if (resident === undefined || !resident.cell.alive) {
      if (resident !== undefined) this.#forget(resident)
      resident = this.#wake(kind, key)
    }
    resident.lastUsed = this.#system.wheel.now
    return resident.cell.put(handler, payload, meta, promised)
  }

  /** Starts an entity without a message, unless it is awake. */
  rouse(compiled: Compiled, tenant: string, key: string): void {
    const kind = this.#kindOf(compiled, tenant)
    const resident = kind.residents.get(key)
    if (this.#system.stopping || resident?.late !== undefined || resident?.cell.alive === true) return
    if (resident !== undefined) this.#forget(resident)
    this.#wake(kind, key).lastUsed = this.#system.wheel.now
  }

  #wake(kind: Kind, key: string): Resident {
    this.#makeRoom()
    const id: EntityId = { tenant: kind.tenant, key }
    const cell = this.#system.spawnCell(this.#guardian, kind.compiled, { init: id, kind: "transient" })
    const resident = new Resident(this, kind, key, cell)
    kind.residents.set(key, resident)
    this.#residents.add(resident)
    if (this.#groupOf !== undefined)
      this.#join(resident, this.#groupOf({ tenant: kind.tenant, type: kind.compiled.spec.name, key }))
    if (kind.passivateMs < Infinity) this.#system.wheel.add(resident, kind.passivateMs)
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
      if (resident.kind.passivateMs === Infinity) continue // E5
      if (found === undefined || resident.lastUsed < found.lastUsed) found = resident
    }
    if (found !== undefined) this.#passivate(found)
  }

  #passivate(resident: Resident): void {
    void this.#stop(resident).then((late) => {
      for (const { handler, payload, meta } of late)
        this.deliver(resident.kind, resident.key, handler, payload, meta, true)
    })
  }

  /** @returns what came meanwhile */
  async #stop(resident: Resident): Promise<readonly Waiting[]> {
    const late: Waiting[] = (resident.late = [])
    await resident.cell.stop()
    this.#forget(resident)
    return late
  }

  /** Whether no entity of a group is in memory. */
  isEmpty(group: number): boolean {
    return this.#groups[group] === undefined
  }

  /**
   * Stops the residents of a group. Those that have something to do go on with it for a while; whoever calls sees to it that nothing new comes.
   * @param limitMs after so long they are told to stop with what they are doing, which they may end within their own time for that
   * @returns what they did not handle, each one's in its order
   */
  async release(group: number, limitMs: number): Promise<readonly GivenBack[]> {
    const { wheel } = this.#system
    const givenBack: GivenBack[] = []
    const stopping = new Set<Resident>()
    const until = wheel.now + limitMs
    while (this.#groups[group] !== undefined) {
      const overdue = wheel.now >= until
      for (const resident of this.#membersOf(group)) {
        if (!resident.cell.alive && resident.late === undefined) this.#forget(resident)
        else if (resident.late === undefined && (overdue || resident.cell.idle)) {
          stopping.add(resident)
          for (const waiting of resident.cell.takeAll()) givenBack.push(backOf(resident, waiting))
          void this.#stop(resident).then((late) => {
            stopping.delete(resident)
            for (const waiting of late) givenBack.push(backOf(resident, waiting))
          })
        }
      }
      if (this.#groups[group] === undefined) break
      await new Promise<void>((look) => wheel.add(new Limit(look), lookMs))
      if (this.#system.stopping) break
    }
    return givenBack
  }

  /**
   * Ends the residents of a group at once; what they began is heard no more.
   * @param why told to those whom they owe an answer
   * @returns what they had not begun to handle
   */
  abandon(group: number, why: AgentOSError): readonly GivenBack[] {
    const givenBack: GivenBack[] = []
    for (const resident of this.#membersOf(group)) {
      for (const waiting of resident.cell.takeAll()) givenBack.push(backOf(resident, waiting))
      for (const waiting of resident.late?.splice(0) ?? []) givenBack.push(backOf(resident, waiting))
      this.#forget(resident)
      resident.cell.abandon(why)
    }
    return givenBack
  }

  #membersOf(group: number): readonly Resident[] {
    const members: Resident[] = []
    for (let resident = this.#groups[group]; resident !== undefined; resident = resident.next) members.push(resident)
    return members
  }

  #join(resident: Resident, group: number): void {
    const first = this.#groups[group]
    resident.group = group
    resident.next = first
    if (first !== undefined) first.previous = resident
    this.#groups[group] = resident
  }

  #part(resident: Resident): void {
    const { group, next, previous } = resident
    if (group === -1) return
    if (previous === undefined) this.#groups[group] = next
    else previous.next = next
    if (next !== undefined) next.previous = previous
    resident.group = -1
    resident.next = resident.previous = undefined
  }

  #forget(resident: Resident): void {
    this.#system.wheel.remove(resident)
    this.#residents.remove(resident)
    this.#part(resident)
    const { residents } = resident.kind
    if (residents.get(resident.key) === resident) residents.delete(resident.key)
  }
}

const backOf = ({ kind, key }: Resident, { handler, payload, meta }: Waiting): GivenBack => ({
  id: { tenant: kind.tenant, type: kind.compiled.spec.name, key },
  type: kind.compiled.typeOf(handler),
  payload,
  meta,
})

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

  /**
   * Puts a message with what lies beside it: its cause, or an ask that is open already.
   * @param promised it was accepted before, and goes past the capacity of the mailbox
   */
  put(type: string, payload: unknown, meta: Meta | undefined, promised: boolean): boolean {
    return this.#entities.deliver(this.#kind, this.#key, this.#kind.compiled.number(type), payload, meta, promised)
  }

  /**
   * Opens an ask, and gives it to whoever will put it.
   * @param put false, or a throw, when nobody takes it
   */
  open(
    type: string,
    cause: Cause | undefined,
    options: AskOptions | undefined,
    serving: OpenAsk | undefined,
    asker: object | undefined,
    put: (ask: Ask) => boolean,
  ): Promise<never> {
    return openAsk(this.#system, this, this.#kind.compiled, type, cause, options, serving, asker, put)
  }

  /** What it understands: for a ref to the same entity elsewhere. */
  get compiled(): Compiled {
    return this.#kind.compiled
  }

  /** @throws {AgentOSError} `UNKNOWN_MESSAGE` */
  checkType(type: string): void {
    this.#kind.compiled.number(type)
  }
}
