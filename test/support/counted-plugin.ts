/**
 * A plugin for tests that kill a node: agents that each call a tool once and then say their name, and a record of everything that was asked of
 * them, in the file that the environment variable COUNTED names. The record outlives the process, whatever becomes of its memory.
 */
import { appendFileSync } from "node:fs"
import { setTimeout as sleep } from "node:timers/promises"
import { z } from "zod"
import { definePlugin } from "#src/plugins/plugin.js"
import { defineTool } from "#src/tools/tool.js"
import { defineAgent } from "#src/agents/agent.js"
import { chain, parallel } from "#src/topologies/topology.js"
import { asked, scriptedModel } from "./scripted-model.js"

const record = (line: string): void => appendFileSync(process.env["COUNTED"] ?? "", `${line}\n`)
/** Which run a text belongs to: it is passed on from step to step. */
const runOf = (text: string): string => /run-\d+/.exec(text)?.[0] ?? "none"

const names = ["one", "two", "three", "four", "five"]

export default definePlugin({
  name: "counted",
  contract: 1,
  models: {
    counted: scriptedModel(async (request) => {
      const { agent, question, results } = asked(request)
      await sleep(5)
      if (results.length > 0) return `${runOf(question)} ${agent}`
      record(`asked ${runOf(question)} ${agent}`)
      return { tool: "book", arguments: { run: runOf(question), agent } }
    }),
  },
  tools: [
    defineTool({
      name: "book",
      description: "writes a line that must not be written twice",
      parameters: z.object({ run: z.string(), agent: z.string() }),
      async execute({ run, agent }) {
        await sleep(3)
        record(`booked ${run} ${agent}`)
        await sleep(3)
        return "done"
      },
    }),
  ],
  agents: names.map((name) =>
    defineAgent({ name, model: "counted", instructions: name, tools: ["book"], memory: false }),
  ),
  topologies: { counted: chain(["one", parallel(["two", "three"], { reduce: "concatenate" }), "four", "five"]) },
})
