/** A registry in memory, shared by several nodes of one process: the code that speaks to Consul, over a Consul that is none. */
import { systemClock } from "#actors/clock.js"
import { registryOverConsul, type RegistryOptions } from "./consul-registry.js"
import { MemoryAgent } from "./memory-agent.js"
import { MemoryConsul } from "./memory-consul.js"
import type { Registry } from "./registry.js"

/** Nodes whose agents belong to one `MemoryConsul` see each other. */
export function memoryRegistry(agent: MemoryAgent, options: RegistryOptions): Registry {
  return registryOverConsul(agent, options)
}

/** Makes registries that see each other, one for each node of this process: for trying out, and for tests. What they know is gone with the process. */
export function memoryRegistries(options: RegistryOptions): () => Registry {
  const consul = new MemoryConsul(options.clock ?? systemClock)
  let machines = 0
  return () => memoryRegistry(new MemoryAgent(consul, `machine-${++machines}`), options)
}
