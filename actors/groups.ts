/**
 * Which group an entity belongs to. Entities of one group live in one place: in a cluster a group is a shard. Reminders are kept group by group, by keepers that belong to the group
 * whose reminders they keep.
 *
 * Invariants
 *   G1. The group of an entity depends on tenant, type, key and the count of groups alone. It is stored nowhere, so the hash is fixed for the life of a store: a golden table in a test
 *       of the cluster's shards holds it still.
 *   G2. The keeper of a group is of that group.
 */
import { fold, HASH_START } from "./hash.js"
import type { PersistenceId } from "./persistence/journal.js"

/** Unless whoever knows where entities live says otherwise. */
export const DEFAULT_GROUPS = 1024

/** Name of the definition of keepers. */
export const KEEPER = "llmagentos.reminders"

/** @returns from 0 to `groups` - 1 (G1) */
export function groupOf(tenant: string, type: string, key: string, groups: number = DEFAULT_GROUPS): number {
  const kept = type === KEEPER ? /^group-(\d{1,9})$/.exec(key)?.[1] : undefined // G2
  return (kept === undefined ? fold(key, fold(type, fold(tenant, HASH_START))) >>> 0 : Number(kept)) % groups
}

/** Key of the keeper of a group; there is one in each tenant. */
export const keeperKey = (group: number): string => `group-${group}`

/** Keepers of stores from before there were groups: 16, for all tenants. They belong to the node in whose store they are, and to no group. */
export const isFormerKeeper = ({ type, key }: PersistenceId): boolean => type === KEEPER && /^\d+$/.test(key)
