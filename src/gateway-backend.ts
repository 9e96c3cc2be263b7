import { AgentOSError } from "#actors/errors.js"
import type { GatewayBackend, TopologyView } from "./gateway/backend.js"
import type { AgentOS } from "./os.js"
import type { Runs } from "./runs/runs.js"
import { agentsOf } from "./topologies/topology.js"

/** The system as the gateway sees it. */
export function gatewayBackend(os: AgentOS, runs: Runs): GatewayBackend {
  const view = (name: string): TopologyView => {
    const found = os.topologies.get(name)
    if (found === undefined)
      throw new AgentOSError(
        "UNKNOWN_TOPOLOGY",
        `there is no topology named ${JSON.stringify(name)}; there are: ${[...os.topologies.keys()].join(", ")}`,
      )
    return { name, description: found.description, agents: agentsOf(found.topology), definition: found.topology }
  }
  return {
    kindOf: (target) => runs.kindOf(target),
    run: (target, input, options) => os.run(target, input, options),
    stream: (target, input, options) => os.stream(target, input, options),
    cancel: async (runId) => os.cancel(runId),
    status: (runId) => os.status(runId),
    agents: {
      list: async () => os.agents.list(),
      describe: async (name) => os.agents.describe(name),
      start: async (name) => os.agents.start(name),
      stop: (name) => os.agents.stop(name),
      restart: (name) => os.agents.restart(name),
      replicate: (name, count) => os.agents.replicate(name, count),
    },
    topologies: {
      list: async () => [...os.topologies.keys()].map(view),
      describe: async (name) => view(name),
    },
    actors: (mostChildren) => os.actors.treeOf(mostChildren),
    knowledge: os.knowledge,
  }
}
