import { createAgentOS, type AgentOSOptions } from "#src/os.js"
import { asked, scriptedModel } from "./scripted-model.js"

/**
 * A whole node in memory with its doors open on free ports. Its agents: `echo` says what it is asked, `slow` answers when it is
 * cancelled or after ten seconds, `fails` never answers, `sums` uses the calculator.
 */
export async function openNode(options: AgentOSOptions = {}) {
  const script = scriptedModel(async (request) => {
    const { agent, question, results } = asked(request)
    if (agent.includes("slow")) await new Promise((done) => setTimeout(done, 10_000).unref())
    if (agent.includes("fails")) throw new Error("the model is broken")
    if (agent.includes("sums"))
      return results[0] === undefined
        ? { tool: "calculator", arguments: { expression: question } }
        : `It is ${results[0]}.`
    return question
  })
  const agent = (name: string, more: object = {}) => ({ name, model: "scripted", instructions: name, ...more })
  const os = await createAgentOS({
    data: "memory",
    models: { scripted: script },
    agents: [
      agent("echo", { description: "Says it again." }),
      agent("slow"),
      agent("fails"),
      agent("sums", { tools: ["calculator"] }),
    ],
    topologies: {
      twice: {
        kind: "chain",
        steps: [
          { kind: "agent", agent: "echo" },
          { kind: "agent", agent: "echo" },
        ],
      },
    },
    ...options,
    gateway: { port: 0, grpcPort: 0, ...options.gateway },
  })
  const doors = await os.listen()
  return { os, model: script, rest: doors.rest, grpc: doors.grpc, stop: () => os.stop() }
}
