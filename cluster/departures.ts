/**
 * What the order of a type on one node makes of events that leave and come back: T4 to T6 of `shard-state.ts`.
 *
 * For each actor of an ordered type that has left, `left/<actor>` says up to which sequence its events have ordinals
 * here.
 */
import { decodeValue, encodeValue } from "#actors/persistence/checked-value.js"
import type { Change, Entry } from "#actors/persistence/database.js"
import type { PersistenceId, Snapshot } from "#actors/persistence/journal.js"
import { after, keyOf, numbered, numberOf } from "#actors/persistence/keys.js"
import type { JournalParts } from "#actors/persistence/level-journal.js"
import type { LevelStore } from "#actors/persistence/level-store.js"
import type { TypeOrder } from "#actors/persistence/order.js"
import { actorOf } from "#actors/persistence/heads.js"
import { roomOf } from "#actors/persistence/record-name.js"

interface Left {
  readonly sequence: number
  readonly born: number
  /** The epoch in which it left. */
  readonly epoch: number
}

const leftKey = ({ tenant, type, key }: PersistenceId): Buffer => keyOf("left", tenant, type, key)

export class Departures {
  readonly #store: LevelStore
  readonly #parts: JournalParts

  constructor(store: LevelStore, parts: JournalParts) {
    this.#store = store
    this.#parts = parts
  }

  /** Writes records that have arrived, their events with ordinals. @param beside written with them */
  async arrive(records: readonly Entry[], born: number, beside: readonly Change[]): Promise<void> {
    const events = records.filter(([key]) => roomOf(key) === "journal")
    /** Of each actor in the page, by the key that leads its events. */
    const actors = new Map<string, { readonly actor: PersistenceId; readonly order: TypeOrder; from: number }>()
    for (const [key] of events) {
      const name = key.toString("latin1", 0, key.length - 8)
      if (actors.has(name)) continue
      const actor = actorOf(key.subarray(0, -8))
      const order = this.#parts.orders.of(actor)
      while (!order.ready(false)) await order.settle(false)
      actors.set(name, { actor, order, from: order.ordered ? await this.#first(actor, born) : 0 })
    }
    // A type may have been asked for its order meanwhile: what builds it up finds the events that were written before, and waits for nobody after.
    for (const { order } of actors.values()) while (!order.ready(false)) await order.settle(false)
    const changes: Change[] = [...records, ...beside]
    const orders = new Set<TypeOrder>()
    for (const [key] of events) {
      const { actor, order, from } = actors.get(key.toString("latin1", 0, key.length - 8)) as { actor: PersistenceId; order: TypeOrder; from: number } // prettier-ignore
      const sequence = numberOf(key)
      if (!order.ordered || sequence < from) continue
      changes.push(order.next(actor.key, sequence))
      orders.add(order)
    }
    await this.#store.write(changes)
    for (const { listeners } of orders) for (const listener of listeners) listener()
  }

  /** Notes how far the events of actors that leave have ordinals that count; the others are struck out (T5). */
  async leave(
    actors: readonly PersistenceId[],
    belongs: (actor: PersistenceId) => boolean,
    { born, epoch }: { readonly born: number; readonly epoch: number },
  ): Promise<void> {
    const unread = new Map<TypeOrder, Map<string, { least: number; readonly places: Buffer[] }>>()
    for (const actor of actors) {
      const order = this.#parts.orders.of(actor)
      while (!order.ready(false)) await order.settle(false)
      if (!order.ordered) continue
      let of = unread.get(order)
      if (of === undefined) unread.set(order, (of = await this.#unread(order, belongs)))
      const { least, places } = of.get(actor.key) ?? { least: Infinity, places: [] }
      const head = await this.#parts.heads.load(actor)
      const known = await this.#left(actor)
      let sequence = Math.min(head.sequence, least - 1)
      if (known?.epoch === epoch) sequence = known.sequence // this leaving was cut short, after it had been noted
      const left: Left = { sequence, born, epoch }
      await this.#store.write([[leftKey(actor), encodeValue(left)], ...places.map((key): Change => [key, undefined])])
    }
  }

  /** The first sequence of an actor that arrives which has no ordinal here (T4). */
  async #first(actor: PersistenceId, born: number): Promise<number> {
    const left = await this.#left(actor)
    if (left === undefined) return 1
    if (left.born === born) return left.sequence + 1
    // T6
    const places: Change[] = []
    for await (const page of this.#parts.orders.of(actor).places(0))
      for (const { key, ordinal } of page) if (key === actor.key) places.push([placeKey(actor, ordinal), undefined])
    await this.#store.write([...places, [leftKey(actor), undefined]])
    return 1
  }

  async #left(actor: PersistenceId): Promise<Left | undefined> {
    const bytes = await this.#store.get(leftKey(actor))
    return bytes && (decodeValue(bytes, () => `how far ${actor.type} ${actor.key} was ordered`) as Left)
  }

  /** The places of a shard's events that a projection of their type may still have to fold, by key of their actor. */
  async #unread(
    order: TypeOrder,
    belongs: (actor: PersistenceId) => boolean,
  ): Promise<Map<string, { least: number; readonly places: Buffer[] }>> {
    const { tenant, type } = order
    const found = new Map<string, { least: number; readonly places: Buffer[] }>()
    const from = await this.#foldedByAll(order)
    if (from === Infinity) return found
    for await (const page of order.places(from))
      for (const { ordinal, key, sequence } of page) {
        if (!belongs({ tenant, type, key })) continue
        let of = found.get(key)
        if (of === undefined) found.set(key, (of = { least: Infinity, places: [] }))
        of.least = Math.min(of.least, sequence)
        of.places.push(placeKey(order, ordinal))
      }
    return found
  }

  /** The ordinal that all projections of a type have stored at least; Infinity when nobody folds it. */
  async #foldedByAll({ tenant, type, listeners }: TypeOrder): Promise<number> {
    let [least, known] = [Infinity, 0]
    const prefix = keyOf("snapshot", tenant, "~projection")
    for await (const [key, value] of this.#store.range(prefix, after(prefix))) {
      const { sequence, state } = decodeValue(value, () => `the snapshot of ${actorOf(key).key}`) as Snapshot
      const { from, offset = sequence } = (state ?? {}) as { readonly from?: string; readonly offset?: number }
      if (from !== type) continue
      least = Math.min(least, offset)
      known += 1
    }
    return listeners.size > known ? 0 : least // somebody follows who has stored nothing so far
  }
}

const placeKey = ({ tenant, type }: { readonly tenant: string; readonly type: string }, ordinal: number): Buffer =>
  numbered(keyOf("order", tenant, type), ordinal)
