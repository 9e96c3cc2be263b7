/**
 * The one order of all events of a type in a tenant: each has an ordinal, counted from 1, in an index that is written
 * together with the events. A type is ordered from the moment that somebody asks for it, and stays so; until then its
 * appends cost nothing more.
 *
 * Invariants
 *   O1. Ordinals are given without gaps, in the order in which events become durable; an actor's events follow each
 *       other in it. One is given in the same step in which its event goes to the store, which takes writes in their
 *       order and none after one that failed (L3 of `level-store.ts`): so none is used up for nothing.
 *   O2. That a type is ordered is on the disk only when all its events are in the index: those stored before come
 *       first, actor by actor.
 *   O3. While the index is built up, appends to the type, and trims of it, wait.
 *   O4. Events that were trimmed before have used up ordinals, too: who reads the order can count them.
 *   O5. A type has one order in memory as long as anything depends on that (a head, a write that is under way, a
 *       reader, a listener); of those that nobody uses the last `unusedMost` are kept.
 */
import { joined } from "../names.js"
import { decodeValue, encodeValue } from "./checked-value.js"
import type { Change } from "./database.js"
import { decodeHead, eventsOf } from "./heads.js"
import { after, keyOf, numberOf, numbered, partsOf } from "./keys.js"
import type { LevelStore } from "./level-store.js"
import { Unread } from "./unread.js"

/** Where an ordinal leads. */
export interface Place {
  readonly ordinal: number
  readonly key: string
  readonly sequence: number
}

export class TypeOrder {
  readonly tenant: string
  readonly type: string
  readonly listeners = new Set<() => void>()
  readonly unread = new Unread(this)
  readonly #store: LevelStore
  readonly #index: Buffer
  /** The last ordinal given; undefined while the type is not ordered. */
  #last: number | undefined
  #known = false
  #settling: Promise<void> | undefined

  constructor(store: LevelStore, tenant: string, type: string) {
    this.#store = store
    this.tenant = tenant
    this.type = type
    this.#index = keyOf("order", tenant, type)
  }

  get ordered(): boolean {
    return this.#last !== undefined
  }

  /** The last ordinal given; 0 while the type is not ordered. */
  get last(): number {
    return this.#last ?? 0
  }

  /** Whether it is known if the type is ordered, and it is if it has to be: nobody need wait. */
  ready(ordered: boolean): boolean {
    return this.#known && this.#settling === undefined && (!ordered || this.#last !== undefined)
  }

  /** To be called until it is `ready`. */
  settle(ordered: boolean): Promise<void> {
    return (this.#settling ??= this.#settle(ordered).finally(() => (this.#settling = undefined)))
  }

  /** The index record of the next event (O1). */
  next(key: string, sequence: number): Change {
    this.#last = (this.#last as number) + 1
    return [numbered(this.#index, this.#last), encodeValue([key, sequence])]
  }

  /** What stands in the index after an ordinal, in pages. */
  async *places(afterOrdinal: number): AsyncGenerator<readonly Place[]> {
    for await (const entries of this.#store.pages(numbered(this.#index, afterOrdinal + 1), after(this.#index)))
      yield entries.map(([bytes, value]) => {
        const ordinal = numberOf(bytes)
        const where = (): string => `ordinal ${ordinal} of ${this.tenant}/${this.type}`
        const [key, sequence] = decodeValue(value, where) as [string, number]
        return { ordinal, key, sequence }
      })
  }

  async #settle(ordered: boolean): Promise<void> {
    const mark = keyOf("ordered", this.tenant, this.type)
    if (!this.#known) {
      if ((await this.#store.get(mark)) !== undefined) this.#last = await this.#lastOrdinal()
      this.#known = true
    }
    if (!ordered || this.#last !== undefined) return
    await this.#store.write([]) // appends that are on their way are found by what follows
    this.#last = await this.#buildUp()
    await this.#store.write([[mark, encodeValue(1)]]) // O2
  }

  async #lastOrdinal(): Promise<number> {
    for await (const [key] of this.#store.range(this.#index, after(this.#index), { reverse: true, limit: 1 }))
      return numberOf(key)
    return 0
  }

  /** @returns the last ordinal */
  async #buildUp(): Promise<number> {
    // What a build-up that was cut short has left.
    for await (const entries of this.#store.pages(this.#index, after(this.#index)))
      await this.#store.write(entries.map(([key]) => [key, undefined]))
    const events = keyOf("journal", this.tenant, this.type)
    let ordinal = await this.#allTrimmed()
    // leads to nothing, and keeps the count
    if (ordinal > 0) await this.#store.write([[numbered(this.#index, ordinal), encodeValue(["", 0])]])
    let [of, last]: [string | undefined, number] = [undefined, 0]
    for await (const entries of this.#store.pages(events, after(events)))
      await this.#store.write(
        entries.map(([bytes]) => {
          const key = partsOf(bytes.subarray(0, -8))[3] as string
          const sequence = numberOf(bytes)
          ordinal += sequence - (key === of ? last : 0) // O4
          ;[of, last] = [key, sequence]
          return [numbered(this.#index, ordinal), encodeValue([key, sequence])]
        }),
      )
    return ordinal
  }

  /** How many events the actors had of which none is left. */
  async #allTrimmed(): Promise<number> {
    const { tenant, type } = this
    const heads = keyOf("head", tenant, type)
    let count = 0
    for await (const [bytes, value] of this.#store.range(heads, after(heads))) {
      const actor = { tenant, type, key: partsOf(bytes)[3] as string }
      const { trimmed } = decodeHead(value, actor)
      if (trimmed > 0 && !(await this.#hasEvents(eventsOf(actor)))) count += trimmed
    }
    return count
  }

  async #hasEvents(prefix: Buffer): Promise<boolean> {
    for await (const _ of this.#store.range(prefix, after(prefix), { limit: 1 })) return true
    return false
  }
}

/** O5 */
const unusedMost = 1000

/** The orders of a store, by tenant and type. */
export class Orders {
  readonly #store: LevelStore
  /** Whoever uses one holds it; these only find it. */
  readonly #used = new Map<string, WeakRef<TypeOrder>>()
  readonly #unused = new FinalizationRegistry<string>((name) => {
    if (this.#used.get(name)?.deref() === undefined) this.#used.delete(name)
  })
  readonly #recent = new Map<string, TypeOrder>()
  readonly #followed = new Set<TypeOrder>()

  constructor(store: LevelStore) {
    this.#store = store
  }

  /** How many there are in memory. */
  get size(): number {
    return this.#used.size
  }

  of({ tenant, type }: { readonly tenant: string; readonly type: string }): TypeOrder {
    const name = joined(tenant, type)
    const recent = this.#recent.get(name)
    if (recent !== undefined) return recent
    const order = this.#used.get(name)?.deref() ?? this.#begin(name, tenant, type)
    if (this.#recent.size >= unusedMost) this.#recent.delete(this.#recent.keys().next().value as string)
    this.#recent.set(name, order)
    return order
  }

  #begin(name: string, tenant: string, type: string): TypeOrder {
    const order = new TypeOrder(this.#store, tenant, type)
    this.#used.set(name, new WeakRef(order))
    this.#unused.register(order, name)
    return order
  }

  /** Calls back whenever there are new events in an order. @returns ends it */
  follow(of: { readonly tenant: string; readonly type: string }, listener: () => void): () => void {
    const order = this.of(of)
    const own = (): void => listener()
    order.listeners.add(own)
    this.#followed.add(order)
    return () => {
      order.listeners.delete(own)
      if (order.listeners.size === 0) this.#followed.delete(order)
    }
  }
}
