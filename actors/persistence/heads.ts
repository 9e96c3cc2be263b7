/**
 * Where each actor's events end. A head is read once and then kept in memory: the store has one owner process.
 *
 * The events themselves say where they end. Beside them every actor has one head record, written with its first event,
 * so that the entities of a type are found without a look at their events; it is written again when there is something
 * that the events do not say.
 *
 * Invariants
 *   H1. What a head record says of sequence and epoch is never more than was used, and may be less.
 *   H2. What it says of trimmed events is durable before the first of them is deleted.
 *   H3. An actor that has events has a head record. Stores from before head records get them when they are first
 *       opened.
 */
import { joined } from "../names.js"
import { decodeValue, encodeValue } from "./checked-value.js"
import type { Change } from "./database.js"
import type { PersistenceId, StoredEvent } from "./journal.js"
import { titleOf } from "./journal-checks.js"
import { after, keyOf, numberOf, partsOf } from "./keys.js"
import type { LevelStore } from "./level-store.js"
import type { Orders, TypeOrder } from "./order.js"
import { actorNames, decodeEvent } from "./record.js"
import { decodePayload } from "./stored-codec.js"

/** What a head record says. */
export interface HeadRecord {
  readonly sequence: number
  readonly epoch: number
  /** Events up to this one are deleted, or about to be. */
  readonly trimmed: number
}

/** A head in memory. */
export interface Head {
  sequence: number
  epoch: number
  trimmed: number
  readonly order: TypeOrder
  /** It has a head record (H3). */
  recorded: boolean
  /** It stands in the index of shards. */
  indexed: boolean
  /** The key that leads the actor's events. */
  readonly prefix: Buffer
  /** What every record of the actor begins with. */
  readonly names: Buffer
}

export const eventsOf = ({ tenant, type, key }: PersistenceId): Buffer => keyOf("journal", tenant, type, key)
export const headKeyOf = ({ tenant, type, key }: PersistenceId): Buffer => keyOf("head", tenant, type, key)
export const snapshotKeyOf = ({ tenant, type, key }: PersistenceId): Buffer => keyOf("snapshot", tenant, type, key)
export const commandKeyOf = ({ tenant, type, key }: PersistenceId, id: string): Buffer =>
  keyOf("command", tenant, type, key, id)
/** An event's name for messages, from its key. */
export const eventTitle = (actor: PersistenceId, key: Uint8Array): string =>
  `event ${numberOf(key)} of ${titleOf(actor)}`

/** Heads kept in memory; the least recently used goes first and is read again when needed. */
const headLimit = 100_000
/** Changes written at once while head records are made for a store from before. */
const fillPage = 1000
/** Says that every actor with events has a head record. */
export const filledKey = keyOf("store", "heads")
/**
 * Says that every actor with a head record stands in the index of shards, and for how many shards it was made; below
 * 0: one may be missing (`cluster/shard-index.ts`).
 */
export const shardsKey = keyOf("store", "shards")

export class Heads {
  readonly #store: LevelStore
  readonly #orders: Orders
  readonly #heads = new Map<string, Head>()
  readonly #names = new WeakMap<PersistenceId, string>()
  /** Heads on their way from the disk: appends that wait for one go on in the order they came. */
  readonly #loading = new Map<string, Promise<Head>>()
  readonly beside: ((actor: PersistenceId) => Change) | undefined
  #filled: Promise<void> | undefined

  /**
   * @param beside what is written beside the first append of each actor that goes under a fence: an index of such
   * actors
   */
  constructor(store: LevelStore, orders: Orders, beside?: (actor: PersistenceId) => Change) {
    this.#store = store
    this.#orders = orders
    this.beside = beside
  }

  /** The head, if it is in memory and nobody waits for it. */
  known(actor: PersistenceId): Head | undefined {
    const name = this.#nameOf(actor)
    return this.#loading.size > 0 && this.#loading.has(name) ? undefined : this.#heads.get(name)
  }

  /** The head of an actor that cannot have events. */
  begin(actor: PersistenceId): Head {
    return this.#keep(this.#nameOf(actor), this.#fresh(actor))
  }

  /**
   * What the store says of an actor was changed by somebody else than the journal: it is read anew. No append to the
   * actor is under way.
   */
  forget(actor: PersistenceId): void {
    this.#heads.delete(this.#nameOf(actor))
  }

  /** Makes the head records of a store from before. */
  fill(): Promise<void> {
    return (this.#filled ??= this.#fill())
  }

  /** Reads the head, and whether its type is ordered. @param ordered it has to be */
  load(actor: PersistenceId, ordered = false): Promise<Head> {
    const name = this.#nameOf(actor)
    const known = this.#loading.get(name)
    if (known !== undefined) return known
    const head = this.#load(actor, name, ordered)
    this.#loading.set(name, head)
    const loaded = (): unknown => this.#loading.delete(name)
    head.then(loaded, loaded) // the first to hear of it: whoever comes later finds the head, or the end of the queue
    return head
  }

  async #load(actor: PersistenceId, name: string, ordered: boolean): Promise<Head> {
    const known = this.#heads.get(name)
    const head = known ?? this.#fresh(actor)
    if (!head.order.ready(ordered)) await head.order.settle(ordered)
    if (known !== undefined) return known
    const index = this.beside && this.#store.get(this.beside(actor)[0])
    const [record, last, indexed] = await Promise.all([this.record(actor), this.#lastEvent(actor), index])
    head.indexed = indexed !== undefined
    head.recorded = record !== undefined
    head.sequence = Math.max(record?.sequence ?? 0, last?.sequence ?? 0)
    head.epoch = Math.max(record?.epoch ?? 0, last?.epoch ?? 0)
    head.trimmed = record?.trimmed ?? 0
    return this.#keep(name, head)
  }

  async #lastEvent(actor: PersistenceId): Promise<StoredEvent | undefined> {
    const prefix = eventsOf(actor)
    for await (const [key, value] of this.#store.range(prefix, after(prefix), { reverse: true, limit: 1 }))
      return decodeEvent(value, actorNames(actor), () => eventTitle(actor, key))
    return undefined
  }

  /** What the head record says. */
  async record(actor: PersistenceId): Promise<HeadRecord | undefined> {
    await this.fill()
    const value = await this.#store.get(headKeyOf(actor))
    return value === undefined ? undefined : decodeHead(value, actor)
  }

  /** The change that writes a head record. */
  recordOf(actor: PersistenceId, { sequence, epoch, trimmed }: HeadRecord): Change {
    return [headKeyOf(actor), encodeValue([sequence, epoch, trimmed])]
  }

  /** Keys of the entities of a type that have events, in order. */
  async *keys(tenant: string, type: string): AsyncGenerator<string> {
    await this.fill()
    const prefix = keyOf("head", tenant, type)
    for await (const [bytes, value] of this.#store.range(prefix, after(prefix))) {
      const key = partsOf(bytes)[3] as string
      if (decodeHead(value, { tenant, type, key }).sequence > 0) yield key
    }
  }

  /** Makes the head records of a store from before (H3), which kept epochs without events in a room of their own. */
  async #fill(): Promise<void> {
    if ((await this.#store.get(filledKey)) !== undefined) return
    let changes: Change[] = []
    const add = async (...more: readonly Change[]): Promise<void> => {
      changes.push(...more)
      if (changes.length < fillPage) return
      await this.#store.write(changes)
      changes = []
    }
    const [events, epochs] = [keyOf("journal"), keyOf("epoch")]
    for await (const [key, value] of this.#store.range(epochs, after(epochs))) {
      const actor = actorOf(key)
      const last = await this.#lastEvent(actor)
      const epoch = Math.max(last?.epoch ?? 0, decodePayload(value) as number)
      await add(this.recordOf(actor, { sequence: last?.sequence ?? 0, epoch, trimmed: 0 }), [key, undefined])
    }
    await this.#store.write(changes.splice(0))
    for (let from = events; ;) {
      let key: Buffer | undefined
      for await (const [found] of this.#store.range(from, after(events), { limit: 1 })) key = found
      if (key === undefined) break
      const actor = actorOf(key.subarray(0, -8))
      if ((await this.#store.get(headKeyOf(actor))) === undefined)
        await add(this.recordOf(actor, { sequence: numberOf(key), epoch: 0, trimmed: 0 }))
      from = after(eventsOf(actor))
    }
    await this.#store.write([...changes, [filledKey, encodeValue(1)]])
  }

  #nameOf(actor: PersistenceId): string {
    let name = this.#names.get(actor)
    if (name === undefined) {
      name = joined(actor.tenant, actor.type, actor.key)
      this.#names.set(actor, name)
    }
    return name
  }

  #fresh(actor: PersistenceId): Head {
    const order = this.#orders.of(actor)
    return { sequence: 0, epoch: 0, trimmed: 0, order, recorded: false, indexed: false, prefix: eventsOf(actor), names: actorNames(actor) } // prettier-ignore
  }

  #keep(name: string, head: Head): Head {
    if (this.#heads.size >= headLimit) this.#heads.delete(this.#heads.keys().next().value as string)
    this.#heads.set(name, head)
    return head
  }
}

export function decodeHead(value: Uint8Array, actor: PersistenceId): HeadRecord {
  const where = (): string => `the head of ${titleOf(actor)}`
  const [sequence = 0, epoch = 0, trimmed = 0] = decodeValue(value, where) as number[]
  return { sequence, epoch, trimmed }
}

/** @param bytes a key whose parts are a room, tenant, type and key */
export function actorOf(bytes: Uint8Array): PersistenceId {
  const [, tenant = "", type = "", key = ""] = partsOf(bytes)
  return { tenant, type, key }
}
