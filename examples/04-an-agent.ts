/** One agent with a tool, on the embedded model. */
import { createAgentOS, defineAgent } from "llmagentos"

const mathematician = defineAgent({
  name: "mathematician",
  model: "scribe",
  instructions: "math", // the embedded model knows a handful of tasks by name
  tools: ["calculator"],
})

const os = await createAgentOS({ data: "memory", agents: [mathematician] })
for await (const event of os.stream("mathematician", "What is 48 times 17?")) {
  if (event.type === "tool" && event.status === "called") console.log("calls", event.tool, event.arguments)
  if (event.type === "end") console.log("says", event.run.output)
}
await os.stop()
