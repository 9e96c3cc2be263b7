/**
 * A node of a cluster of LLMAgentOS in a process of its own, for tests that kill it. Its agents `first` and `second` make one call each, of a tool that writes a line with the
 * node's name; `second`, which then has what its call gave, waits for as long as there is a file named `stuck`, and says in one named `waiting` that it does.
 */
import { access, appendFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { z } from "zod"
import { defineAgent } from "#src/agents/agent.js"
import { createAgentOS } from "#src/os.js"
import { chain } from "#src/topologies/topology.js"
import { defineTool } from "#src/tools/tool.js"
import { asked, scriptedModel } from "./scripted-model.js"

export interface OsNodeSettings {
  readonly name: string
  /** What all nodes share. */
  readonly folder: string
  readonly data: string
  /** A URL, or undefined: LevelDB in the node's folder. */
  readonly store?: string
  /** `host:port` of a Consul agent. */
  readonly consul: string
  /** Whether it has the model. */
  readonly models: readonly string[]
}

const settings = JSON.parse(process.argv[2] ?? "{}") as OsNodeSettings
const { name, folder } = settings
const agent = (name: string) => defineAgent({ name, model: "scripted", instructions: name, tools: ["note"] })
const os = await createAgentOS({
  data: settings.data,
  ...(settings.store === undefined ? {} : { store: settings.store }),
  cluster: {
    name: "test",
    node: name,
    listen: "127.0.0.1:0",
    models: [...settings.models],
    shards: 64,
    registry: { kind: "consul", address: settings.consul },
  },
  gateway: { port: 0, grpcPort: 0 },
  knowledge: { shipped: false },
  models: {
    scripted: scriptedModel(async (request) => {
      const { agent, question, results } = asked(request)
      if (results.length === 0) return { tool: "note", arguments: { agent } }
      const stuck = () => access(join(folder, "stuck")).then(() => true, () => false) // prettier-ignore
      if (agent === "second" && (await stuck())) {
        await writeFile(join(folder, "waiting"), "")
        while (await stuck()) await sleep(20, undefined, { ref: false }) // keeps no process alive
      }
      return agent === "second" ? `${question}, ${results[0]}` : results[0]!
    }),
  },
  tools: [
    defineTool({
      name: "note",
      description: "Notes who was asked.",
      parameters: z.object({ agent: z.string() }),
      async execute({ agent }) {
        await appendFile(join(folder, "calls"), `${name} ${agent}\n`)
        return agent
      },
    }),
  ],
  agents: [agent("first"), agent("second")],
  topologies: { job: chain(["first", "second"]) },
})
process.on("SIGTERM", () => void os.stop())
await os.listen()
await os.ended
