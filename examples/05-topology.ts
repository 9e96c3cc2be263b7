/** Two agents side by side, and a third that joins what they found. */
import { chain, createAgentOS, defineAgent, parallel } from "llmagentos"

const mathematician = defineAgent({
  name: "mathematician",
  model: "scribe",
  instructions: "math",
  tools: ["calculator"],
})
const librarian = defineAgent({
  name: "librarian",
  model: "scribe",
  instructions: "docs",
  tools: ["knowledge.search"],
  grounding: "sentence",
})
const writer = defineAgent({ name: "writer", model: "scribe", instructions: "merge" })

const os = await createAgentOS({
  data: "memory",
  agents: [mathematician, librarian, writer],
  topologies: { team: chain([parallel(["mathematician", "librarian"], { reduce: "concatenate" }), "writer"]) },
})
await os.knowledge.add({ id: "notes", format: "text", content: "The spare key is kept in the blue drawer." })
const run = await os.run("team", "What is 6 * 7, and where is the spare key kept?")
console.log(run.output)
await os.stop()
