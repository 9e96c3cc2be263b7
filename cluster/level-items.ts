/** A LevelDB store as items. It is filled in a folder beside its own, which takes its name when all is well. */
import { resolve } from "node:path"
import { AgentOSError } from "#actors/errors.js"
import { timed, untimed } from "#actors/persistence/timed-answer.js"
import { countRecords } from "#actors/persistence/backup.js"
import { decodeValue, encodeValue } from "#actors/persistence/checked-value.js"
import { storeError, wholeRange, type Change } from "#actors/persistence/database.js"
import { commandKeyOf, eventsOf, filledKey, headKeyOf, Heads, snapshotKeyOf } from "#actors/persistence/heads.js"
import type { PersistenceId, Snapshot } from "#actors/persistence/journal.js"
import { after, keyOf, numbered, numberOf, partsOf } from "#actors/persistence/keys.js"
import { commandAge } from "#actors/persistence/level-journal.js"
import { LevelStore } from "#actors/persistence/level-store.js"
import { lossesKey } from "#actors/persistence/losses.js"
import { Orders } from "#actors/persistence/order.js"
import { checkStore } from "#actors/persistence/verify.js"
import { madeWhole } from "#actors/persistence/whole-folder.js"
import { titleOf, unknownTime, type ItemTarget, type MovableStore, type StoredItem } from "./stored-item.js"

/** The store in a folder. */
export function levelItems(folder: string): MovableStore {
  const location = folder === "" ? "" : resolve(folder) // that of nothing is refused, and not where the process works
  return {
    location,
    async read(work) {
      await checkStore(location)
      const store = await LevelStore.open(location)
      try {
        return await work(new LevelItems(store))
      } finally {
        await store.close()
      }
    },
    async fill(work) {
      try {
        return await madeWhole(location, "the move", async (partial) => {
          const store = await LevelStore.open(partial)
          try {
            await store.write([[filledKey, encodeValue(1)]])
            return await work(new LevelItems(store))
          } finally {
            await store.close()
          }
        })
      } catch (error) {
        throw storeError(error, location)
      }
    },
  }
}

/** Rooms that are told of as items of their own kinds, or follow from them. */
const journalRooms = new Set(["head", "journal", "order", "ordered", "snapshot", "command", "command-age", "fence", "store", "shard", "left", "staged"]) // prettier-ignore
const pageSize = 1000

class LevelItems implements ItemTarget {
  readonly #store: LevelStore

  constructor(store: LevelStore) {
    this.#store = store
  }

  count(): Promise<number> {
    return countRecords(this.#store)
  }

  write(items: readonly StoredItem[]): Promise<void> {
    return this.#store.write(items.flatMap(changesOf))
  }

  async *items(): AsyncGenerator<readonly StoredItem[]> {
    let page: StoredItem[] = []
    for await (const item of this.#each()) {
      page.push(item)
      if (page.length < pageSize) continue
      yield page
      page = []
    }
    if (page.length > 0) yield page
  }

  async *#each(): AsyncGenerator<StoredItem> {
    for (const mark of ["staging", "moving"])
      for await (const [key] of this.#room(mark))
        throw new AgentOSError("STORE_REFUSED", `${this.#store.location}: shard ${partsOf(key)[1]} is on its way between two nodes; start the node once, so that it finds out who owns it`) // prettier-ignore
    if ((await this.#store.get(lossesKey)) !== undefined)
      throw new AgentOSError(
        "STORE_REFUSED",
        `${this.#store.location}: it has lost records, and some of its actors are refused; \`store repair --cut-tails\` lets them go on with what is left`,
      )
    const heads = new Heads(this.#store, new Orders(this.#store))
    await heads.fill() // a store from before gets its head records
    for await (const [key] of this.#room("head")) {
      const actor = actorOf(key)
      const { sequence, epoch, trimmed } = await heads.load(actor)
      yield { kind: "head", actor, sequence, epoch, trimmed }
    }
    let of: { readonly prefix: Buffer; readonly actor: PersistenceId; readonly trimmed: number } | undefined
    for await (const [key, record] of this.#room("journal")) {
      const prefix = key.subarray(0, -8)
      if (of === undefined || !of.prefix.equals(prefix)) {
        const actor = actorOf(prefix)
        of = { prefix, actor, trimmed: (await heads.load(actor)).trimmed }
      }
      const sequence = numberOf(key)
      if (sequence > of.trimmed) yield { kind: "event", actor: of.actor, sequence, record } // the rest of a trim that was cut short is left behind
    }
    const orders: (StoredItem & { readonly kind: "order" })[] = []
    for await (const [key] of this.#room("ordered")) {
      const [, tenant = "", type = ""] = partsOf(key)
      const index = keyOf("order", tenant, type)
      let last = 0
      for await (const [place] of this.#store.range(index, after(index), { reverse: true, limit: 1 })) last = numberOf(place) // prettier-ignore
      orders.push({ kind: "order", tenant, type, last })
    }
    yield* orders
    for (const { tenant, type } of orders) {
      const index = keyOf("order", tenant, type)
      for await (const [place, value] of this.#store.range(index, after(index))) {
        const ordinal = numberOf(place)
        const [key, sequence] = decodeValue(value, () => `ordinal ${ordinal} of ${tenant}/${type}`) as [string, number]
        const actor = { tenant, type, key }
        const head = await heads.load(actor)
        // A place may lead to an event that was trimmed, or moved to another node.
        if (sequence > head.trimmed && sequence <= head.sequence) yield { kind: "ordinal", actor, sequence, ordinal }
      }
    }
    for await (const [key, value] of this.#room("snapshot")) {
      const actor = actorOf(key)
      const where = (): string => titleOf({ kind: "snapshot", actor, sequence: 0, value })
      yield { kind: "snapshot", actor, sequence: (decodeValue(value, where) as Snapshot).sequence, value }
    }
    yield* this.#commands()
    for await (const [key, value] of this.#room("fence")) {
      const name = partsOf(key)[1] ?? ""
      yield { kind: "fence", name, epoch: decodeValue(value, () => `fence ${name}`) as number }
    }
    for await (const [key, value] of this.#store.range(...wholeRange))
      if (!journalRooms.has(key.toString("latin1", 0, Math.max(0, key.indexOf(0)))))
        yield { kind: "record", key: bufferOf(key), value: bufferOf(value) }
  }

  async *#commands(): AsyncGenerator<StoredItem> {
    let of: { readonly prefix: Buffer; readonly actor: PersistenceId; readonly times: ReadonlyMap<string, number> } | undefined // prettier-ignore
    for await (const [key, reply] of this.#room("command")) {
      const [, tenant = "", type = "", name = "", id = ""] = partsOf(key)
      const actor = { tenant, type, key: name }
      const prefix = keyOf("command", tenant, type, name)
      if (of === undefined || !of.prefix.equals(prefix)) of = { prefix, actor, times: await commandTimes(this.#store, actor) } // prettier-ignore
      yield { kind: "command", actor, id, wallTime: of.times.get(id) ?? unknownTime, reply: bufferOf(untimed(reply)) }
    }
  }

  async *#room(name: string): AsyncGenerator<readonly [key: Buffer, value: Buffer]> {
    const prefix = keyOf(name)
    for await (const [key, value] of this.#store.range(prefix, after(prefix))) yield [key, bufferOf(value)]
  }
}

/** When the commands of an actor were carried out, by id. */
export async function commandTimes(store: LevelStore, actor: PersistenceId): Promise<ReadonlyMap<string, number>> {
  const times = new Map<string, number>()
  const from = commandAge(actor, 0)
  const prefix = from.subarray(0, -8)
  for await (const [key] of store.range(prefix, after(prefix)))
    times.set(key.subarray(from.length).toString(), numberOf(key.subarray(0, from.length)))
  return times
}

/** What writes an item into a store. */
export function changesOf(item: StoredItem): readonly Change[] {
  switch (item.kind) {
    case "head":
      return [[headKeyOf(item.actor), encodeValue([item.sequence, item.epoch, item.trimmed])]]
    case "event":
      return [[numbered(eventsOf(item.actor), item.sequence), item.record]]
    case "order": {
      const { tenant, type, last } = item
      const mark: Change = [keyOf("ordered", tenant, type), encodeValue(1)]
      if (last === 0) return [mark]
      // Keeps the last ordinal when its event is trimmed; otherwise the event's own place comes over it.
      return [mark, [numbered(keyOf("order", tenant, type), last), encodeValue(["", 0])]]
    }
    case "ordinal": {
      const { tenant, type, key } = item.actor
      return [[numbered(keyOf("order", tenant, type), item.ordinal), encodeValue([key, item.sequence])]]
    }
    case "snapshot":
      return [[snapshotKeyOf(item.actor), item.value]]
    case "command": {
      const key = commandKeyOf(item.actor, item.id)
      if (item.wallTime === unknownTime) return [[key, item.reply]]
      return [
        [key, timed(item.reply, item.wallTime)],
        [Buffer.concat([commandAge(item.actor, item.wallTime), Buffer.from(item.id)]), new Uint8Array(0)],
      ]
    }
    case "fence":
      return [[keyOf("fence", item.name), encodeValue(item.epoch)]]
    case "record":
      return [[item.key, item.value]]
  }
}

export const bufferOf = (bytes: Uint8Array): Buffer =>
  bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** From a key whose parts are a room, tenant, type and key. */
function actorOf(bytes: Uint8Array): PersistenceId {
  const [, tenant = "", type = "", key = ""] = partsOf(bytes)
  return { tenant, type, key }
}
