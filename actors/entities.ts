/**
 * Virtual actors: an entity is known by its key, becomes an actor with its first message, and is put to sleep when
 * none came for a while or memory runs short.
 *
 * Invariants
 *   E1. At most one actor per entity is alive. What comes for it while it is being stopped stays in its mailbox, and
 *       is its successor's, in order, when it has ended. So is what waits when it stops itself, unless it did so in
 *       `started`.
 *   E2. Only an idle entity is passivated, by whatever cause (T5 of turns.ts): one that has a message, a promise or a
 *       task open, owes an answer, has put something aside, has children or watches somebody stays. Timers keep nobody
 *       awake: they end with the life. Every message counts as use, those of its own timers and works too.
 *   E3. A known entity that sleeps costs its ref, and nothing here.
 *   E4. Residents of a group know each other, so that to stop one group costs nothing for the others. What waits for a
 *       resident that is stopped with its group is given back.
 *   E5. One whose definition says `passivateAfterMs: Infinity` is never passivated.
 *   E6. A tenant of which nobody is in memory costs nothing here.
 */
import { getHeapStatistics } from "node:v8"
import { entityAddress, formatAddress } from "./address.js"
import { openAsk, type Ask, type AskDoor } from "./ask.js"
import type { Cause } from "./cause.js"
import type { Cell } from "./cell.js"
import type { AgentOSError } from "./errors.js"
import type { EntityPlace, Sent, Waiting } from "./inbox.js"
import { Bag } from "./bag.js"
import type { Compiled } from "./compiled.js"
import type { PersistenceId } from "./persistence/journal.js"
import { AddressedRef, type AskOptions, type OpenAsk, type Ref } from "./ref.js"
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

/**
 * The entities of one definition and tenant; forgotten with the last that is in memory, save by those who hold a ref
 * (E6).
 */
interface Kind {
  readonly compiled: Compiled
  readonly tenant: string
  readonly passivateMs: number
  residents: Map<string, Resident>
}

/** Of a kind that is not known here: nobody is in memory. */
const nobody = new Map<string, Resident>()

/** An entity in memory; its deadline is when to look whether it is still used. */
class Resident extends Deadline implements EntityPlace {
  readonly kind: Kind
  readonly key: string
  readonly #entities: Entities
  #ref: Ref | undefined = undefined
  cell!: Cell
  lastUsed = 0
  place = 0
  /** Its neighbours in its group (E4). */
  group = -1
  next: Resident | undefined = undefined
  previous: Resident | undefined = undefined
  /** It was told to stop; what comes for it stays in its mailbox (E1). */
  stopping = false
  over: AgentOSError | undefined = undefined
  /** Who gets what it leaves; else its successor does. */
  heir: ((left: readonly Waiting[]) => void) | undefined = undefined
  /** Its successor is wanted even if nothing waits. */
  roused = false
  /** It did not want to live; a successor would not, either. */
  unwilling = false

  constructor(entities: Entities, kind: Kind, key: string) {
    super()
    this.#entities = entities
    this.kind = kind
    this.key = key
  }

  get ref(): Ref {
    return (this.#ref ??= this.#entities.refOf(this))
  }

  used(): void {
    this.#entities.use(this)
  }

  refused(): void {
    this.unwilling = true
  }

  ended(): void {
    this.#entities.ended(this)
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
  readonly meta: Sent | undefined
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

  /** Tenants and definitions of which entities are in memory (E6). */
  get tenants(): number {
    let count = 0
    for (const tenants of this.#kinds.values()) count += tenants.size
    return count
  }

  ref(compiled: Compiled, tenant: string, key: string): EntityRef {
    return new EntityRef(this.#system, this, this.#kindOf(compiled, tenant), key)
  }

  /** The ref of an entity of this process, wherever it may live later. */
  refOf({ kind: { compiled, tenant }, key }: Resident): Ref {
    return this.#system.entityAt(tenant, compiled.spec.name, key)
  }

  #kindOf(compiled: Compiled, tenant: string): Kind {
    const known = this.#kinds.get(compiled)?.get(tenant)
    if (known !== undefined) return known
    const passivateMs = compiled.spec.passivateAfterMs ?? defaultPassivateMs
    return { compiled, tenant, passivateMs, residents: nobody }
  }

  /**
   * A resident that the map of its kind does not name: a ref may have been made before others of its kind came (E6).
   */
  #known(kind: Kind, key: string): Resident | undefined {
    const known = this.#kinds.get(kind.compiled)?.get(kind.tenant)
    if (known === undefined || known === kind) return undefined
    kind.residents = known.residents
    return kind.residents.get(key)
  }

  /** Puts a message into an entity's mailbox, waking it when it sleeps. */
  deliver(
    kind: Kind,
    key: string,
    handler: number,
    payload: unknown,
    meta: Sent | undefined,
    promised = false,
  ): boolean {
    if (this.#system.stopping) {
      const ref = new EntityRef(this.#system, this, kind, key)
      return this.#system.deadLetter(ref, kind.compiled.typeOf(handler), meta, "stopped")
    }
    const resident = kind.residents.get(key) ?? this.#known(kind, key) ?? this.#wake(kind, key)
    resident.lastUsed = this.#system.wheel.now
    return resident.cell.put(handler, payload, meta, promised) // E1
  }

  /** Starts an entity without a message, unless it is awake. */
  rouse(compiled: Compiled, tenant: string, key: string): void {
    if (this.#system.stopping) return
    const kind = this.#kindOf(compiled, tenant)
    const resident = kind.residents.get(key)
    if (resident === undefined) this.#wake(kind, key)
    else if (resident.stopping || resident.cell.stopping) resident.roused = true
  }

  use(resident: Resident): void {
    resident.lastUsed = this.#system.wheel.now
  }

  #wake(kind: Kind, key: string): Resident {
    this.#makeRoom()
    const id: EntityId = { tenant: kind.tenant, key }
    const resident = new Resident(this, kind, key)
    const cell = this.#system.cellUnder(this.#guardian, kind.compiled, {
      init: id,
      kind: "transient",
      entity: resident,
    })
    resident.cell = cell
    resident.lastUsed = this.#system.wheel.now
    this.#enter(resident)
    if (kind.passivateMs < Infinity) this.#system.wheel.add(resident, kind.passivateMs)
    cell.start()
    return resident
  }

  /** Its deadline has come: sleeps if nobody used it meanwhile, else is looked at again (E2). */
  look(resident: Resident): void {
    const { cell, kind, lastUsed } = resident
    const { wheel } = this.#system
    const until = lastUsed + kind.passivateMs
    if (until <= wheel.now && cell.idle) this.#stop(resident)
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
      if (resident === undefined || resident.stopping || resident.kind.passivateMs === Infinity) continue // E5
      if (found !== undefined && resident.lastUsed >= found.lastUsed) continue
      if (resident.cell.idle) found = resident
    }
    if (found !== undefined) this.#stop(found)
  }

  #stop(resident: Resident): void {
    resident.stopping = true
    this.#system.wheel.remove(resident)
    void resident.cell.stop()
  }

  /** One has ended: what waits for it is its successor's, in the same turn, so that nothing overtakes it (E1). */
  ended(resident: Resident): void {
    const { kind, key, cell, heir } = resident
    if (kind.residents.get(key) !== resident) return // abandoned
    this.#forget(resident)
    if (this.#system.stopping || resident.unwilling) return
    const left = cell.takeAll()
    if (heir !== undefined) return heir(left)
    if (left.length === 0 && !resident.roused) return
    const successor = this.#known(kind, key) ?? this.#wake(kind, key)
    for (const { handler, payload, meta } of left) successor.cell.put(handler, payload, meta, true)
  }

  /** Whether no entity of a group is in memory. */
  isEmpty(group: number): boolean {
    return this.#groups[group] === undefined
  }

  /**
   * Stops the residents of a group. Those that have something to do go on with it for a while; whoever calls sees to
   * it that nothing new comes.
   * @param limitMs after so long they are told to stop with what they are doing, which they may end within their own
   * time for that
   * @param why told to those whom they still owe an answer then
   * @returns what they did not handle, each one's in its order
   */
  async release(group: number, limitMs: number, why: AgentOSError): Promise<readonly GivenBack[]> {
    const { wheel } = this.#system
    const givenBack: GivenBack[] = []
    const until = wheel.now + limitMs
    while (this.#groups[group] !== undefined) {
      const overdue = wheel.now >= until
      for (const resident of this.#membersOf(group)) {
        resident.heir ??= (left) => givenBack.push(...left.map((waiting) => backOf(resident, waiting)))
        resident.over ??= why
        if (!resident.stopping && (overdue || resident.cell.idle)) this.#stop(resident)
      }
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
      this.#forget(resident)
      resident.cell.abandon(why)
      for (const waiting of resident.cell.takeAll()) givenBack.push(backOf(resident, waiting))
    }
    return givenBack
  }

  #membersOf(group: number): readonly Resident[] {
    const members: Resident[] = []
    for (let resident = this.#groups[group]; resident !== undefined; resident = resident.next) members.push(resident)
    return members
  }

  #enter(resident: Resident): void {
    const { kind, key } = resident
    const { compiled, tenant } = kind
    let tenants = this.#kinds.get(compiled)
    if (tenants === undefined) this.#kinds.set(compiled, (tenants = new Map()))
    if (!tenants.has(tenant)) {
      tenants.set(tenant, kind)
      if (kind.residents === nobody) kind.residents = new Map()
    }
    kind.residents.set(key, resident)
    this.#residents.add(resident)
    if (this.#groupOf !== undefined) this.#join(resident, this.#groupOf({ tenant, type: compiled.spec.name, key }))
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
    const { kind, key } = resident
    this.#system.wheel.remove(resident)
    this.#residents.remove(resident)
    this.#part(resident)
    kind.residents.delete(key)
    if (kind.residents.size > 0) return
    const tenants = this.#kinds.get(kind.compiled)
    tenants?.delete(kind.tenant) // E6
    if (tenants?.size === 0) this.#kinds.delete(kind.compiled)
  }
}

const backOf = ({ kind, key }: Resident, { handler, payload, meta }: Waiting): GivenBack => ({
  id: { tenant: kind.tenant, type: kind.compiled.spec.name, key },
  type: kind.compiled.typeOf(handler),
  payload,
  meta,
})

/** A ref to an entity, active or not. */
export class EntityRef extends AddressedRef implements AskDoor {
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

  get tenant(): string {
    return this.#kind.tenant
  }

  get type(): string {
    return this.#kind.compiled.spec.name
  }

  get key(): string {
    return this.#key
  }

  get address(): string {
    return formatAddress(entityAddress(this.#system.name, this.tenant, this.type, this.#key))
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
    return this.open(type, payload, cause, options, serving, asker, this)
  }

  putAsk(type: string, payload: unknown, ask: Ask): boolean {
    return this.put(type, payload, ask, false)
  }

  override check(type: string, payload: unknown): unknown {
    return this.#kind.compiled.checked(type, payload)
  }

  /**
   * Puts a message with what lies beside it: its cause, or an ask that is open already.
   * @param promised it was accepted before, and goes past the capacity of the mailbox
   */
  put(type: string, payload: unknown, meta: Sent | undefined, promised: boolean): boolean {
    return this.#entities.deliver(this.#kind, this.#key, this.#kind.compiled.number(type), payload, meta, promised)
  }

  /** Opens an ask, and puts it into another door than its own. */
  open(
    type: string,
    payload: unknown,
    cause: Cause | undefined,
    options: AskOptions | undefined,
    serving: OpenAsk | undefined,
    asker: object | undefined,
    door: AskDoor,
  ): Promise<never> {
    if (this.#system.stopping) return Promise.reject(this.#system.stopped)
    return openAsk(this.#system, this, this.#kind.compiled, type, payload, cause, options, serving, asker, door)
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
