import { AgentOSError } from "#actors/errors.js"
import type { ClusterAgents } from "./agents/cluster-agents.js"
import type { ClusterBackend, GatewayBackend, TopologyView } from "./gateway/backend.js"
import type { AgentOS } from "./os.js"
import type { Runs } from "./runs/runs.js"
import { agentsOf } from "./topologies/topology.js"

/**
 * The system as the gateway sees it.
 *
 * @param agents in a cluster, those of all nodes
 */
export function gatewayBackend(
  os: AgentOS,
  runs: Runs,
  agents: ClusterAgents | undefined,
  cluster: ClusterBackend | undefined,
): GatewayBackend {
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
    cluster,
    kindOf: (target) => runs.kindOf(target),
    run: (target, input, options) => os.run(target, input, options),
    stream: (target, input, options) => os.stream(target, input, options),
    cancel: (tenant, runId) => os.cancel(runId, tenant),
    status: (tenant, runId) => os.status(runId, tenant),
    agents: {
      list: async () => (agents ?? os.agents).list(),
      describe: async (name) => (agents ?? os.agents).describe(name),
      start: (name) => (agents === undefined ? os.agents.start(name) : agents.steer(name, "start")),
      stop: (name) => (agents === undefined ? os.agents.stop(name) : agents.steer(name, "stop")),
      restart: (name) => (agents === undefined ? os.agents.restart(name) : agents.steer(name, "restart")),
      replicate: (name, count) =>
        agents === undefined ? os.agents.replicate(name, count) : agents.steer(name, { replicate: count }),
    },
    topologies: {
      list: async () => [...os.topologies.keys()].map(view),
      describe: async (name) => view(name),
    },
    actors: (mostChildren) => os.actors.treeOf(mostChildren),
    knowledgeOf: (tenant) => os.knowledgeOf(tenant),
  }
}
