/**
 * Which actors of a store belong to which shard: a record for each, by number of the shard, so that a shard is found
 * without a look at all the others. Actors that are no entities (logs, projections, keepers of reminders from before
 * groups) belong to their node, and are not in it.
 *
 * Invariants
 *   I1. An actor that was ever appended to under a fence, which only entities of a cluster are, has a record in the
 *       index: it is written in the batch of the first such append. A store from before gets records for its entities
 *       when it is first opened in a cluster.
 *   I2. The count of shards that an index was made for is kept beside it, and no store is opened with another: its
 *       actors would be looked for in the wrong shards.
 */
import { AgentOSError } from "#actors/errors.js"
import { decodeValue, encodeValue } from "#actors/persistence/checked-value.js"
import type { Change } from "#actors/persistence/database.js"
import { actorOf, decodeHead, shardsKey } from "#actors/persistence/heads.js"
import { isFormerKeeper } from "#actors/groups.js"
import type { PersistenceId } from "#actors/persistence/journal.js"
import { after, keyOf, partsOf } from "#actors/persistence/keys.js"
import type { JournalParts } from "#actors/persistence/level-journal.js"
import type { LevelStore } from "#actors/persistence/level-store.js"
import { shardOf } from "./placement.js"

const something = encodeValue(1)
const fillPage = 1000

export const indexOf = (shard: number): Buffer => keyOf("shard", String(shard))

/** The record of an actor in the index. */
export function indexChange({ tenant, type, key }: PersistenceId, shards: number): Change {
  return [keyOf("shard", String(shardOf(tenant, type, key, shards)), tenant, type, key), something]
}

/** From the key of a record in the index. */
export function indexedActor(bytes: Uint8Array): PersistenceId {
  const [, , tenant = "", type = "", key = ""] = partsOf(bytes)
  return { tenant, type, key }
}

/**
 * Makes the index of a store that has none, or has lost some of it (I1).
 * @param isEntity by the name of an actor's type
 * @throws {AgentOSError} `STORE_REFUSED` for another count of shards (I2)
 */
export async function fillIndex(
  store: LevelStore,
  { heads }: JournalParts,
  shards: number,
  isEntity: (type: string) => boolean,
): Promise<void> {
  const known = await store.get(shardsKey)
  if (known !== undefined) {
    const count = decodeValue(known, () => `the count of shards of ${store.location}`) as number
    if (count === shards) return
    if (count !== -shards)
      throw new AgentOSError("STORE_REFUSED", `the store in ${store.location} was made for ${Math.abs(count)} shards and cannot be opened for ${shards}: the count is the same on every node and for ever`) // prettier-ignore
  }
  await heads.fill()
  let changes: Change[] = []
  const add = async (actor: PersistenceId): Promise<void> => {
    if (isFormerKeeper(actor)) return
    changes.push(indexChange(actor, shards))
    if (changes.length < fillPage) return
    await store.write(changes)
    changes = []
  }
  const room = keyOf("head")
  for await (const [key, value] of store.range(room, after(room))) {
    const actor = actorOf(key)
    if (isEntity(actor.type) || decodeHead(value, actor).epoch > 0) await add(actor) // only entities have epochs
  }
  // A command that led to no event leaves an answer, and no head record.
  const answers = keyOf("command")
  for (let from = answers; ;) {
    let key: Buffer | undefined
    for await (const [found] of store.range(from, after(answers), { limit: 1 })) key = found
    if (key === undefined) break
    const actor = actorOf(key)
    if (isEntity(actor.type)) await add(actor)
    from = after(keyOf("command", actor.tenant, actor.type, actor.key))
  }
  await store.write([...changes, [shardsKey, encodeValue(shards)]])
}

/** The actors of a shard, in pages, none of them empty. */
export async function* actorsOf(store: LevelStore, shard: number): AsyncGenerator<readonly PersistenceId[]> {
  const prefix = indexOf(shard)
  for await (const entries of store.pages(prefix, after(prefix))) yield entries.map(([key]) => indexedActor(key))
}

/** Shards that have actors. */
export async function shardsInUse(store: LevelStore): Promise<ReadonlySet<number>> {
  const found = new Set<number>()
  const room = keyOf("shard")
  for await (const entries of store.pages(room, after(room)))
    for (const [bytes] of entries) found.add(Number(partsOf(bytes)[1]))
  return found
}

/** The highest epoch that an actor of a shard was ever written under. */
export async function highestEpoch(store: LevelStore, { heads }: JournalParts, shard: number): Promise<number> {
  let highest = 0
  for await (const actors of actorsOf(store, shard))
    for (const actor of actors) highest = Math.max(highest, (await heads.load(actor)).epoch)
  return highest
}
