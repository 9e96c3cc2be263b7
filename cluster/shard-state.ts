/**
 * The state of shards in a node's LevelDB, as it comes and goes: what another node sends is staged in a room of its
 * own, where nothing looks for it, and promoted once this node owns the shard; what was given away is removed, and
 * what was lost to another is set aside. It decides none of that: `homes.ts` does.
 *
 *   staged/N/<key>      what arrives; `staging/N` says that it is complete
 *   moving/N            a promotion, a removal or a setting aside is under way: it is carried to its end, by the next process too
 *   aside/N/E/<key>     the copy that counts no more since epoch E, kept for a human
 *   shard/N/<actor>     the index (`shard-index.ts`)
 *   left/<actor>        how far the actor's events have ordinals on this node although they are elsewhere now
 *
 * Invariants
 *   T1. Staged records are seen by nobody, and count for nothing until they are promoted. A promotion begins with its
 *       mark, which is written together with what makes this node the owner; it then moves record after record in
 *       batches that each leave every record in one place, and can be begun again wherever it was cut short.
 *   T2. A removal and a setting aside begin with their mark, too, and are carried on the same way. Which actors they
 *       concern stands in the index, whose records go last; so a store that is looked at in their midst can tell what
 *       is unfinished from what is damaged.
 *   T3. Nothing is staged for a shard whose actors have records here: of two copies nobody could say which is right.
 *   T4. The order of an ordered type (J7 of `journal.ts`) is each node's own. An event gets an ordinal on a node once,
 *       when it is first stored there: appended, or arrived with its shard. So the projections of a node fold every
 *       event of the entities that live on it, from their first on; when a shard comes back, what it brings of before
 *       its leaving has its ordinals. Ordinals whose events have left are passed over like those of trimmed events.
 *   T5. An event that left before all stored projections of its type had folded it gets another ordinal when it comes
 *       back: it is folded at least once.
 *   T6. `born` tells one life of a shard from the next, which began empty after its node was declared lost: ordinals
 *       of an earlier life are struck out.
 */
import { AgentOSError } from "#actors/errors.js"
import { decodeValue, encodeValue } from "#actors/persistence/checked-value.js"
import type { Change, Entry } from "#actors/persistence/database.js"
import { headKeyOf } from "#actors/persistence/heads.js"
import type { PersistenceId } from "#actors/persistence/journal.js"
import { after, keyOf } from "#actors/persistence/keys.js"
import type { JournalParts } from "#actors/persistence/level-journal.js"
import type { LevelStore } from "#actors/persistence/level-store.js"
import { changesOf } from "./level-items.js"
import { Departures } from "./departures.js"
import { OpenDeliveries, type DeliveriesOf } from "./open-deliveries.js"
import { shardOf } from "./placement.js"
import { actorsOf, fillIndex, highestEpoch, indexChange, indexOf } from "./shard-index.js"
import { actorRooms, checkedItem, placeOf, shardItems } from "./shard-items.js"
import { checkItem, digest, type StoredItem } from "./stored-item.js"

/** What the giver says of all it has sent, and the taker finds to be so. */
export interface Shipment {
  readonly items: number
  readonly digest: number
}

export const NO_ITEMS: Shipment = { items: 0, digest: 0 }

export const counted = (before: Shipment, items: readonly StoredItem[]): Shipment => ({
  items: before.items + items.length,
  digest: items.reduce((of, item) => digest(item, of), before.digest),
})

/** A copy that is complete and waits for the record to name this node. */
export interface Staged {
  /** Name of the node that sent it. */
  readonly giver: string
  /** That the giver owned it by. */
  readonly epoch: number
  readonly born: number
}

/** What is under way, as its mark says. */
interface Moving {
  readonly what: "promote" | "remove" | "set-aside"
  readonly born: number
  readonly epoch: number
}

const stagedOf = (shard: number): Buffer => keyOf("staged", String(shard))
const stagingKey = (shard: number): Buffer => keyOf("staging", String(shard))
const movingKey = (shard: number): Buffer => keyOf("moving", String(shard))
const asideOf = (shard: number, epoch: number): Buffer => keyOf("aside", String(shard), String(epoch))
const batchSize = 1000

export class ShardState {
  readonly #store: LevelStore
  readonly #parts: JournalParts
  readonly #shards: number
  readonly #departures: Departures
  /** Open deliveries of actors whose arrival was carried to its end when the store was opened. */
  readonly resumed: DeliveriesOf[] = []

  private constructor(store: LevelStore, parts: JournalParts, shards: number) {
    this.#store = store
    this.#parts = parts
    this.#shards = shards
    this.#departures = new Departures(store, parts)
  }

  /**
   * Of a store in use; it gets its index first, and what was cut short is carried to its end.
   * @param parts of the journal, which writes the index from now on
   * @param isEntity by the name of a type: whether its actors in a store from before the cluster are entities
   * @throws {AgentOSError} `STORE_REFUSED` when the store was made for another count of shards
   */
  static async open(
    store: LevelStore,
    parts: JournalParts,
    shards: number,
    isEntity: (type: string) => boolean,
  ): Promise<ShardState> {
    await fillIndex(store, parts, shards, isEntity)
    const state = new ShardState(store, parts, shards)
    for (const [shard, moving] of await state.#marks<Moving>("moving")) await state.#carryOn(shard, moving)
    return state
  }

  // --- leaving -----------------------------------------------------------------------------------------------------------------------------------

  /** Everything of a shard whose actors have stopped. @throws {AgentOSError} `RECORD_DAMAGED`, `RECORD_UNKNOWN` */
  items(shard: number): AsyncIterable<readonly StoredItem[]> {
    return shardItems(this.#store, this.#parts, shard)
  }

  /** The highest epoch that anything of a shard was written under. */
  highestEpoch(shard: number): Promise<number> {
    return highestEpoch(this.#store, this.#parts, shard)
  }

  /**
   * Deletes what was given away (T2).
   * @param beside written together with the mark
   * @param epoch by which it was owned here
   */
  remove(
    shard: number,
    of: { readonly born: number; readonly epoch: number },
    beside: readonly Change[],
  ): Promise<void> {
    return this.#begin(shard, { what: "remove", ...of }, beside)
  }

  /** Keeps what was lost to another where nobody looks for it (T2). */
  setAside(
    shard: number,
    of: { readonly born: number; readonly epoch: number },
    beside: readonly Change[],
  ): Promise<void> {
    return this.#begin(shard, { what: "set-aside", ...of }, beside)
  }

  // --- arriving ----------------------------------------------------------------------------------------------------------------------------------

  /** Whether actors of a shard have records here. */
  async holds(shard: number): Promise<boolean> {
    for await (const actors of actorsOf(this.#store, shard)) return actors.length > 0
    return false
  }

  /**
   * Gets ready to stage a shard; what was staged of it before is dropped.
   * @throws {AgentOSError} `STORE_REFUSED` (T3)
   */
  async beginStaging(shard: number): Promise<void> {
    if ((await this.#store.get(movingKey(shard))) !== undefined || (await this.holds(shard)))
      throw new AgentOSError("STORE_REFUSED", `${this.#store.location} has records of shard ${shard}, and takes no second copy`) // prettier-ignore
    await this.dropStaged(shard)
  }

  /** @throws {AgentOSError} `STORE_REFUSED` for what is not of the shard, `RECORD_DAMAGED` */
  async stage(shard: number, items: readonly StoredItem[]): Promise<void> {
    const belongs = ({ tenant, type, key }: PersistenceId): boolean =>
      shardOf(tenant, type, key, this.#shards) === shard
    const prefix = stagedOf(shard)
    const changes: Change[] = []
    for (const received of items) {
      const item = checkedItem(received, belongs)
      checkItem(item)
      if (item.kind === "head") changes.push(indexChange(item.actor, this.#shards))
      changes.push(...changesOf(item))
    }
    await this.#store.write(changes.map(([key, value]) => [Buffer.concat([prefix, key]), value]))
  }

  /** The copy is complete, and kept until it is promoted or dropped. */
  async finishStaging(shard: number, staged: Staged): Promise<void> {
    await this.#store.write([[stagingKey(shard), encodeValue(staged)]])
  }

  /** Complete copies that wait. */
  staged(): Promise<ReadonlyMap<number, Staged>> {
    return this.#marks<Staged>("staging")
  }

  async dropStaged(shard: number): Promise<void> {
    if ((await this.#store.get(stagingKey(shard))) !== undefined)
      await this.#store.write([[stagingKey(shard), undefined]])
    const prefix = stagedOf(shard)
    for await (const entries of this.#store.pages(prefix, after(prefix)))
      await this.#store.write(entries.map(([key]) => [key, undefined]))
  }

  /** What was staged and never became complete, or was being dropped. */
  async dropIncomplete(): Promise<void> {
    const complete = await this.staged()
    for (let shard = 0; shard < this.#shards; shard++) if (!complete.has(shard)) await this.dropStaged(shard)
  }

  /**
   * What was staged becomes what the journal finds (T1).
   * @param beside written together with the mark: that this node owns the shard
   * @returns which actors have open deliveries, that nobody sends before they wake
   */
  async promote(shard: number, { born, epoch }: Staged, beside: readonly Change[]): Promise<readonly DeliveriesOf[]> {
    const moving: Moving = { what: "promote", born, epoch }
    await this.#store.write([[movingKey(shard), encodeValue(moving)], [stagingKey(shard), undefined], ...beside])
    return this.#promote(shard, moving)
  }

  // --- carried out ---------------------------------------------------------------------------------------------------------------------------------

  async #begin(shard: number, moving: Moving, beside: readonly Change[]): Promise<void> {
    await this.#store.write([[movingKey(shard), encodeValue(moving)], ...beside])
    await this.#take(shard, moving)
  }

  async #carryOn(shard: number, moving: Moving): Promise<void> {
    if (moving.what === "promote") this.resumed.push(...(await this.#promote(shard, moving)))
    else await this.#take(shard, moving)
  }

  async #promote(shard: number, { born }: Moving): Promise<readonly DeliveriesOf[]> {
    const prefix = stagedOf(shard)
    const open = new OpenDeliveries()
    const bare = (entries: readonly Entry[]): Entry[] => entries.map(([key, value]) => [key.subarray(prefix.length), value]) // prettier-ignore
    const gone = (entries: readonly Entry[]): Change[] => entries.map(([key]) => [key, undefined])
    const index = Buffer.concat([prefix, indexOf(shard)])
    for await (const entries of this.#store.pages(index, after(index)))
      // T2
      await this.#store.write([...bare(entries), ...gone(entries)])
    for await (const entries of this.#store.pages(prefix, after(prefix))) {
      const records = bare(entries)
      open.look(records)
      await this.#departures.arrive(records, born, gone(entries)) // T4
    }
    for await (const actors of actorsOf(this.#store, shard)) for (const actor of actors) this.#parts.heads.forget(actor)
    await this.#store.write([[movingKey(shard), undefined]])
    return open.found()
  }

  async #take(shard: number, moving: Moving): Promise<void> {
    const belongs = ({ tenant, type, key }: PersistenceId): boolean =>
      shardOf(tenant, type, key, this.#shards) === shard
    for await (const actors of actorsOf(this.#store, shard))
      await this.#departures.leave(actors, belongs, moving) // prettier-ignore
    const aside = moving.what === "set-aside" ? asideOf(shard, moving.epoch) : undefined
    const changes: Change[] = []
    const write = async (): Promise<void> => this.#store.write(changes.splice(0))
    const take = (key: Buffer, value: Uint8Array): void => {
      changes.push([key, undefined])
      if (aside !== undefined) changes.push([Buffer.concat([aside, key]), value])
    }
    for await (const actors of actorsOf(this.#store, shard))
      for (const actor of actors) {
        for (const room of actorRooms) {
          if (room === "head") continue
          const place = placeOf(room, actor)
          for await (const entries of this.#store.pages(place, after(place))) {
            for (const [key, value] of entries) take(key, value)
            if (changes.length >= batchSize) await write()
          }
        }
        const head = await this.#store.get(headKeyOf(actor))
        if (head !== undefined) take(headKeyOf(actor), head)
        changes.push([indexChange(actor, this.#shards)[0], undefined])
        this.#parts.heads.forget(actor)
        if (changes.length >= batchSize) await write()
      }
    await this.#store.write([...changes, [movingKey(shard), undefined]])
  }

  /** The marks of a room that has one for a shard. */
  async #marks<Mark>(room: string): Promise<ReadonlyMap<number, Mark>> {
    const found = new Map<number, Mark>()
    const prefix = keyOf(room)
    for await (const [key, value] of this.#store.range(prefix, after(prefix))) {
      const shard = Number(key.toString("latin1", prefix.length, key.length - 1))
      found.set(shard, decodeValue(value, () => `the mark ${room} of shard ${shard}`) as Mark)
    }
    return found
  }
}
