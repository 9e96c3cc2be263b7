/** A registry in memory, shared by several nodes of one process: the code that speaks to Consul, over a Consul that is none. */
import { registryOverConsul, type RegistryOptions } from "./consul-registry.js"
import type { MemoryAgent } from "./memory-agent.js"
import type { Registry } from "./registry.js"

/** Nodes whose agents belong to one `MemoryConsul` see each other. */
export function memoryRegistry(agent: MemoryAgent, options: RegistryOptions): Registry {
  return registryOverConsul(agent, options)
}
