/** A plugin for tests that stop a node: `paced` takes a third of a second for six words, `endless` never ends. */
import { setTimeout as sleep } from "node:timers/promises"
import { defineAgent } from "#src/agents/agent.js"
import type { ModelPart } from "#src/models/model.js"
import { definePlugin } from "#src/plugins/plugin.js"
import { chain } from "#src/topologies/topology.js"
import { asked } from "./scripted-model.js"

export default definePlugin({
  name: "paced",
  contract: 1,
  models: {
    paced: {
      info: { id: "paced", provider: "test", backend: "script" },
      async *generate(request): AsyncGenerator<ModelPart> {
        const words = asked(request).agent.includes("endless") ? Infinity : 6
        for (let i = 0; i < words && request.signal?.aborted !== true; i++) {
          await sleep(50)
          yield { type: "text", text: `${i} ` }
        }
        yield { type: "finish", reason: "stop", usage: { promptTokens: 1, completionTokens: 6, cachedTokens: 0 } }
      },
      async stop() {},
    },
  },
  agents: ["paced", "endless"].map((name) => defineAgent({ name, model: "paced", instructions: name, memory: false })),
  topologies: { "endless-chain": chain(["endless"]) },
})
