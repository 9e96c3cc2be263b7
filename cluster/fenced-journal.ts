/**
 * The journal of a node, with the epochs of its shards: what an entity appends goes under the epoch by which this node
 * owns its shard, and is refused once another one owns it.
 *
 * Invariants
 *   F1. An entity of a shard that this node does not own appends nothing; nor, while the epoch is being minted anew,
 *       before that is settled. Nor does it store snapshots or trim: what its last life left behind must not come
 *       after what another owner writes, or into a copy that is on its way.
 *   F2. What belongs to no shard (top-level actors, runs, keepers of reminders from before groups) goes on as without
 *       a cluster.
 */
import { isFormerKeeper } from "#actors/groups.js"
import type { Journal, PersistenceId } from "#actors/persistence/journal.js"
import { heldAppend } from "#actors/persistence/journal-checks.js"
import { fenceOf } from "./epochs.js"
import type { Ownership } from "./ownership.js"

/** @param shardOfEntity undefined for an actor that is no entity */
export function fencedJournal(
  journal: Journal,
  ownership: Pick<Ownership, "write">,
  shardOfEntity: (actor: PersistenceId) => number | undefined,
): Journal {
  const shardOf = (actor: PersistenceId): number | undefined => (isFormerKeeper(actor) ? undefined : shardOfEntity(actor)) // prettier-ignore
  const write = (actor: PersistenceId, work: () => Promise<void>): Promise<void> => {
    const shard = shardOf(actor)
    return shard === undefined ? work() : ownership.write(shard, work)
  }
  return {
    ...bound(journal),
    saveSnapshot: (actor, snapshot) => write(actor, () => journal.saveSnapshot(actor, snapshot)),
    trim: (actor, ...upTo) => write(actor, () => journal.trim(actor, ...upTo)),
    trimCommands: (actor, before) => write(actor, () => journal.trimCommands(actor, before)),
    remove: (actor) => write(actor, () => journal.remove(actor)),
    append(actor, expected, epoch, events, options) {
      const shard = shardOf(actor)
      if (shard === undefined) return journal.append(actor, expected, epoch, events, options)
      const fenced = { ...options, fence: fenceOf(shard) }
      let take = (): ReturnType<typeof heldAppend> => ({ events, options: fenced })
      let begun = false
      const written = ownership.write(shard, async (minted) => {
        begun = true
        const held = take()
        return journal.append(actor, expected, minted, held.events, held.options)
      })
      if (!begun) take = settled(() => heldAppend(actor, events, fenced)) // it waits for its epoch (J1)
      return written
    },
  }
}

/** What comes of it now, to be had later. */
function settled<T>(make: () => T): () => T {
  try {
    const made = make()
    return () => made
  } catch (error) {
    return () => {
      throw error
    }
  }
}

/** A journal whose methods need no `this`. */
function bound(journal: Journal): Journal {
  return {
    append: (...args) => journal.append(...args),
    read: (...args) => journal.read(...args),
    reply: (...args) => journal.reply(...args),
    trim: (...args) => journal.trim(...args),
    trimCommands: (...args) => journal.trimCommands(...args),
    saveSnapshot: (...args) => journal.saveSnapshot(...args),
    snapshot: (...args) => journal.snapshot(...args),
    ordered: (...args) => journal.ordered(...args),
    follow: (...args) => journal.follow(...args),
    keys: (...args) => journal.keys(...args),
    remove: (...args) => journal.remove(...args),
    compact: () => journal.compact(),
    close: () => journal.close(),
  }
}
