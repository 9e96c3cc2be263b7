/** State in a LevelDB of each node: the entities of a shard run where it lies. */
import { checkOptions } from "#actors/words.js"
import { checkNumbers, duration } from "#actors/numbers.js"
import { levelJournal } from "#actors/persistence/level-journal.js"
import { LevelStore } from "#actors/persistence/level-store.js"
import { HomeOwnership, type HomeOptions } from "./homes.js"
import type { ClusterState, StatePorts } from "./state.js"

type LevelOptions = Pick<HomeOptions, "settleMs">

/**
 * The store in a folder, as `levelState` has it.
 * @throws {AgentOSError} `LEVEL_LOCKED` when another process owns the folder, `DISK_FULL`, `STORE_FAILED`
 */
export async function openLevelState(folder: string, options: LevelOptions = {}): Promise<ClusterState> {
  return levelState(await LevelStore.open(folder), options)
}

/**
 * The store of this node, for `joinCluster`; it is closed with the actor system. A store from before the cluster
 * brings its entities with it.
 *
 * What is on other nodes is not here: while a node is away its entities answer `UNAVAILABLE`, until it is back or
 * `forget` declares it lost.
 */
export function levelState(store: LevelStore, options: LevelOptions = {}): ClusterState {
  checkOptions("INVALID_DEFINITION", "the options of a state", options, { settleMs: true })
  checkNumbers("INVALID_DEFINITION", "", options, { settleMs: duration })
  let homes: HomeOwnership | undefined
  const of = ({ shards, isEntity, arrived, logger }: StatePorts): HomeOwnership =>
    (homes ??= new HomeOwnership(store, {
      ...options,
      ...(shards === undefined ? {} : { shards }),
      ...(isEntity === undefined ? {} : { isEntity }),
      ...(arrived === undefined ? {} : { arrived }),
      ...(logger === undefined ? {} : { logger }),
    }))
  return {
    kind: "leveldb",
    open: (ports) => of(ports).open(),
    journal: (ports) => levelJournal(store, ports.clock, of(ports).parts),
    ownership: of,
  }
}
