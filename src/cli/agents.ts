import type { AgentOnNodeView, AgentView } from "../gateway/backend.js"
import { withNode, type LocalNode, type RemoteNode } from "./node.js"
import type { GlobalOptions } from "./settings.js"

type Verb = "list" | "describe" | "start" | "stop" | "restart"

const operations = {
  describe: "DescribeAgent",
  start: "StartAgent",
  stop: "StopAgent",
  restart: "RestartAgent",
} as const

export async function agentsCommand(verb: Verb, name: string | undefined, options: GlobalOptions): Promise<void> {
  const work = async (node: RemoteNode | LocalNode): Promise<readonly AgentView[]> => {
    if (verb === "list")
      return node.kind === "local" ? node.os.agents.list() : (await node.call("ListAgents", {})).agents
    const agent = String(name)
    if (node.kind === "remote") return [await node.call(operations[verb], { name: agent })]
    if (verb !== "describe") await node.os.agents[verb](agent)
    return [node.os.agents.describe(agent)]
  }
  table(await withNode(options, work, { looks: verb === "list" || verb === "describe" }))
}

export async function replicateCommand(name: string, count: number, options: GlobalOptions): Promise<void> {
  await withNode(options, async (node) => {
    if (node.kind === "remote") return table([await node.call("ReplicateAgent", { name, count })])
    await node.os.agents.replicate(name, count)
    table([node.os.agents.describe(name)])
  })
}

function table(agents: readonly AgentView[]): void {
  console.table(
    Object.fromEntries(
      agents.map(({ name, description: _description, tools, nodes, ...rest }) => [
        name,
        { ...rest, tools: tools.join(", "), ...(nodes === undefined ? {} : { nodes: nodes.map(onNode).join(", ") }) },
      ]),
    ),
  )
}

const onNode = ({ node, state, replicas, queued }: AgentOnNodeView): string =>
  state === "stopped" ? `${node} stopped` : `${node} ${replicas}${queued === 0 ? "" : ` (${queued} queued)`}`
