/**
 * What several nodes of one process share instead of a Consul and a database: for trying out, and for tests. What it
 * holds is gone with the process.
 */
import { checkOptions } from "#actors/words.js"
import { systemClock } from "#actors/clock.js"
import { memoryJournal } from "#actors/persistence/memory-journal.js"
import { registryOptions, type RegistryOptions } from "./consul-registry.js"
import { MemoryAgent } from "./memory-agent.js"
import { MemoryConsul } from "./memory-consul.js"
import { MemoryEpochs } from "./memory-epochs.js"
import { memoryRegistry } from "./memory-registry.js"
import type { Registry } from "./registry.js"
import { sharedMemoryState, type ClusterState } from "./state.js"

export interface MemoryCluster {
  /** Another registry for each node; those of one cluster see each other. */
  registry(): Registry
  /** Another state for each node, over one store: any node takes over. */
  state(): ClusterState
}

/**
 * `const shared = memoryCluster("shop")`, then `joinCluster({ registry: shared.registry(), state: shared.state(), ...
 * })` for each node.
 */
export function memoryCluster(cluster: string, options: Omit<RegistryOptions, "cluster"> = {}): MemoryCluster {
  checkOptions("INVALID_NODE", "the options of a cluster in memory", options, registryOptions)
  const { clock = systemClock } = options
  const consul = new MemoryConsul(clock)
  const epochs = new MemoryEpochs()
  const journal = { ...memoryJournal(clock), close: async () => {} } // no node is the last
  let machines = 0
  return {
    registry: () => memoryRegistry(new MemoryAgent(consul, `machine-${++machines}`), { cluster, ...options }),
    state: () => sharedMemoryState(epochs, journal),
  }
}
