/**
 * What a store holds of the actors of one shard, as items: what a planned move sends. The actors have stopped, the
 * rest of the store is in use.
 *
 * Invariants
 *   S1. Items come actor by actor: its head, then events, snapshot and answers of commands. Every one is found
 *       readable, and no event is missing, before it is told.
 *   S2. The bytes of records are as they were written: checksums made then are still the ones. Answers of commands
 *       leave without the time in them, which goes beside them.
 */
import { AgentOSError } from "#actors/errors.js"
import { untimed } from "#actors/persistence/timed-answer.js"
import { eventsOf, snapshotKeyOf } from "#actors/persistence/heads.js"
import { titleOf as nameOf } from "#actors/persistence/journal-checks.js"
import type { PersistenceId, Snapshot } from "#actors/persistence/journal.js"
import { decodeValue } from "#actors/persistence/checked-value.js"
import { after, keyOf, numbered, numberOf, partsOf } from "#actors/persistence/keys.js"
import type { JournalParts } from "#actors/persistence/level-journal.js"
import type { LevelStore } from "#actors/persistence/level-store.js"
import { bufferOf, commandTimes } from "./level-items.js"
import { actorsOf } from "./shard-index.js"
import { checkItem, contentOf, unknownTime, type StoredItem } from "./stored-item.js"

/** What one page may hold: big enough to be worth a message, small enough to go between others. */
const page = { items: 500, bytes: 256 * 1024 }

/**
 * The items of a shard, in pages, none of them empty.
 * @throws {AgentOSError} `RECORD_DAMAGED`, `RECORD_UNKNOWN`: it names what cannot be read
 */
export async function* shardItems(
  store: LevelStore,
  parts: JournalParts,
  shard: number,
): AsyncGenerator<readonly StoredItem[]> {
  let items: StoredItem[] = []
  let bytes = 0
  for await (const actors of actorsOf(store, shard))
    for (const actor of actors) {
      for await (const item of actorItems(store, parts, actor)) {
        checkItem(item) // S1
        items.push(item)
        bytes += sizeOf(item)
        if (items.length < page.items && bytes < page.bytes) continue
        yield items
        items = []
        bytes = 0
      }
    }
  if (items.length > 0) yield items
}

async function* actorItems(
  store: LevelStore,
  { heads, losses }: JournalParts,
  actor: PersistenceId,
): AsyncGenerator<StoredItem> {
  heads.forget(actor) // what it says is read from the disk
  const { sequence, epoch, trimmed } = await heads.load(actor)
  await losses.check(actor, { sequence, epoch, trimmed })
  yield { kind: "head", actor, sequence, epoch, trimmed }
  const events = eventsOf(actor)
  let last = trimmed
  for await (const [key, record] of store.range(numbered(events, trimmed + 1), after(events))) {
    if (numberOf(key) !== ++last) throw missing(actor, last)
    yield { kind: "event", actor, sequence: last, record: bufferOf(record) }
  }
  if (last < sequence) throw missing(actor, last + 1)
  const snapshot = await store.get(snapshotKeyOf(actor))
  if (snapshot !== undefined) {
    const of = decodeValue(snapshot, () => `the snapshot of ${nameOf(actor)}`) as Snapshot
    yield { kind: "snapshot", actor, sequence: of.sequence, value: bufferOf(snapshot) }
  }
  const commands = keyOf("command", actor.tenant, actor.type, actor.key)
  let times: ReadonlyMap<string, number> | undefined
  for await (const [key, reply] of store.range(commands, after(commands))) {
    times ??= await commandTimes(store, actor)
    const id = partsOf(key)[4] ?? ""
    yield { kind: "command", actor, id, wallTime: times.get(id) ?? unknownTime, reply: bufferOf(untimed(reply)) }
  }
}

const missing = (actor: PersistenceId, sequence: number): AgentOSError =>
  new AgentOSError("RECORD_DAMAGED", `${nameOf(actor)}: event ${sequence} is missing`)

const sizeOf = (item: StoredItem): number => contentOf(item).reduce((sum, { length }) => sum + length, 100)

/** Rooms of keys that hold what an actor is, each by the actor's names. */
export const actorRooms = ["journal", "snapshot", "command", "command-age", "head"] as const

/** Where a room keeps what it has of an actor; one record where it has one only. */
export function placeOf(room: (typeof actorRooms)[number], { tenant, type, key }: PersistenceId): Buffer {
  return keyOf(room, tenant, type, key)
}

/**
 * An item as it came over the wire, if it may be an item of this shard's actors.
 * @throws {AgentOSError} `STORE_REFUSED`
 */
export function checkedItem(item: StoredItem, belongs: (actor: PersistenceId) => boolean): StoredItem {
  if ("actor" in item && belongs(item.actor))
    switch (item.kind) {
      case "head":
        return item
      case "event":
        return { ...item, record: bufferOf(item.record) }
      case "snapshot":
        return { ...item, value: bufferOf(item.value) }
      case "command":
        return { ...item, reply: bufferOf(item.reply) }
    }
  throw new AgentOSError("STORE_REFUSED", `an item of kind ${JSON.stringify(item.kind)} is not part of what was to be moved`) // prettier-ignore
}
