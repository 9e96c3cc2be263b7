import pc from "picocolors"
import { AgentOSError } from "#actors/errors.js"
import { shippedAgents } from "../agents/shipped.js"
import { agentsOf } from "../topologies/topology.js"
import { readTopology } from "../topologies/yaml.js"
import { printable } from "./printable.js"
import { loadConfig, type GlobalOptions } from "./settings.js"

/** Checks files against the agents of the configuration; tells every fault of every file. */
export async function checkTopologies(files: readonly string[], options: GlobalOptions): Promise<void> {
  const config = await loadConfig(options)
  const known = {
    agents: new Set([...shippedAgents, ...config.agents].map(({ name }) => name)),
    functions: new Set<string>(),
    topologies: new Map(),
  }
  for (const file of files) {
    try {
      const { name, topology } = await readTopology(file, known)
      console.log(`${pc.green("✓")} ${file}: ${printable(name)}, with ${agentsOf(topology).join(", ")}`)
    } catch (error) {
      if (!(error instanceof AgentOSError)) throw error
      console.error(`${pc.red("✗")} ${printable(error.message).replaceAll("\n", "\n  ")}`)
      process.exitCode = 1
    }
  }
}
