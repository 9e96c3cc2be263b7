/** State in a LevelDB of each node: the entities of a shard run where it lies. */
import { levelJournal } from "#actors/persistence/level-journal.js"
import type { LevelStore } from "#actors/persistence/level-store.js"
import { HomeOwnership, type HomeOptions } from "./homes.js"
import type { ClusterState } from "./state.js"

/** What `levelState` gives: beside what every state has, what only this kind can. */
export interface LevelState extends ClusterState {
  readonly kind: "leveldb"
  readonly homes: HomeOwnership
}

/** The store of this node, for `joinCluster`; it is closed with the actor system. */
export function levelState(store: LevelStore, options: HomeOptions = {}): LevelState {
  const homes = new HomeOwnership(store, options)
  return {
    kind: "leveldb",
    homes,
    open: ({ isEntity }) => homes.open(isEntity),
    journal: ({ clock }) => levelJournal(store, clock, homes.parts),
    ownership: () => homes,
  }
}
