/**
 * A node in a process of its own that tells how long its event loop was held and how much memory it took. Started by
 * `startWatched`, which asks by messages.
 */
import { createAgentOS, type AgentOSOptions } from "#src/os.js"
import { systemClock, systemRandom } from "#actors/clock.js"
import { ApiKeys } from "#src/security/keys.js"
import { roles } from "#src/security/roles.js"
import type { Model } from "#src/models/model.js"

/** What the process tells. */
export interface Watched {
  /** Longest time in milliseconds that the event loop was held since the last question. */
  readonly heldMs: number
  readonly rssMb: number
  /** Highest since the last question. */
  readonly worstRssMb: number
}

/** Says the last thing that it was told. */
const echo: Model = {
  info: { id: "echo", provider: "prove", backend: "none" },
  async *generate({ messages }) {
    const usage = { promptTokens: 10, completionTokens: 10, cachedTokens: 0 }
    yield { type: "text", text: messages.at(-1)?.content ?? "" }
    yield { type: "finish", reason: "stop", usage }
  },
  async stop() {},
}

/** What the one who starts it wants otherwise. */
const wanted = JSON.parse(process.argv[3] ?? "{}") as AgentOSOptions
const os = await createAgentOS({
  data: process.argv[2] ?? "memory",
  models: { echo },
  agents: [{ name: "echo", model: "echo", instructions: "echo" }],
  topologies: {
    rules: {
      kind: "select",
      by: {
        rules: [
          { matches: "order.*number.*refund", to: "echo" },
          { matches: "^(\\w+\\s?)*$", to: "echo" },
        ],
      },
      routes: { echo: { kind: "agent", agent: "echo" } },
      otherwise: { kind: "agent", agent: "echo" },
    },
  },
  security: { requireKeys: "always", requestsPerMinute: 1_000_000_000 },
  gateway: { port: 0, grpcPort: 0 },
  ...wanted,
})
const store = await ApiKeys.open(os.keys, systemClock, systemRandom)
const keys: Record<string, string> = {}
for (const role of roles) keys[role] = (await store.create(role, { role })).key
const doors = await os.listen()

const megabytes = (): number => process.memoryUsage.rss() / 2 ** 20
let [last, heldMs, worstRssMb] = [performance.now(), 0, 0]
const everyMs = 4
setInterval(() => {
  const now = performance.now()
  heldMs = Math.max(heldMs, now - last - everyMs)
  worstRssMb = Math.max(worstRssMb, megabytes())
  last = now
}, everyMs)
process.on("message", () => {
  process.send?.({ heldMs, rssMb: megabytes(), worstRssMb } satisfies Watched)
  heldMs = worstRssMb = 0
})
process.on("disconnect", () => void os.stop().then(() => process.exit(0)))
process.send?.({ ...doors, keys })
