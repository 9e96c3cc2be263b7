import { systemClock, type Clock } from "#actors/clock.js"
import type { Database } from "#actors/persistence/database.js"
import type { Journal, NewEvent, OrderedEvent, PersistenceId, StoredEvent } from "#actors/persistence/journal.js"
import { journalParts, levelJournal, type JournalParts } from "#actors/persistence/level-journal.js"
import { LevelStore } from "#actors/persistence/level-store.js"
import { indexChange } from "#cluster/shard-index.js"
import { counted, NO_ITEMS, ShardState, type Staged } from "#cluster/shard-state.js"

export const SHARDS = 4
export const isEntity = (type: string): boolean => !type.startsWith("~")

/** What a node keeps of shards, without the rest of it. */
export interface OneNode {
  readonly store: LevelStore
  readonly parts: JournalParts
  readonly journal: Journal
  readonly state: ShardState
}

export async function openNode(database: Database, clock: Clock = systemClock): Promise<OneNode> {
  const store = new LevelStore(database)
  const parts = journalParts(store, (actor) => indexChange(actor, SHARDS))
  const state = await ShardState.open(store, parts, SHARDS, isEntity)
  return { store, parts, journal: levelJournal(store, clock, parts), state }
}

export const event = (payload: unknown, name = "deposited"): NewEvent => ({ name, payload, version: 1 })

export async function all<T>(pages: AsyncIterable<readonly T[]>): Promise<T[]> {
  const found: T[] = []
  for await (const page of pages) found.push(...page)
  return found
}

/** Everything that a journal answers about an actor. */
export async function answers(journal: Journal, actor: PersistenceId, commands: readonly string[]) {
  const events: StoredEvent[] = await all(journal.read(actor))
  const replies = await Promise.all(commands.map((id) => journal.reply(actor, id)))
  const keys: string[] = []
  for await (const key of journal.keys(actor.tenant, actor.type)) keys.push(key)
  return { events, replies, snapshot: await journal.snapshot(actor), known: keys.includes(actor.key) }
}

export const ordinals = async (journal: Journal, type: string, after = 0): Promise<readonly (readonly [ordinal: number, key: string, sequence: number])[]> => // prettier-ignore
  (await all<OrderedEvent>(journal.ordered("default", type, after))).map(({ ordinal, key, sequence }) => [ordinal, key, sequence]) // prettier-ignore

/** Copies a shard into another node's room for what arrives, as a move does. */
export async function stage(from: OneNode, to: OneNode, shard: number, staged: Staged): Promise<void> {
  await to.state.beginStaging(shard)
  let sent = NO_ITEMS
  for await (const items of from.state.items(shard)) {
    sent = counted(sent, items)
    await to.state.stage(shard, items)
  }
  await to.state.finishStaging(shard, staged)
}
