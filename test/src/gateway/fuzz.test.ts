import t from "tap"
import { createClient } from "#src/client/index.js"
import { fuzzGateway } from "#test/support/fuzz-gateway.js"
import { openNode } from "#test/support/open-node.js"

t.test(
  "2,000 malformed requests end in clear refusals, and the node serves as before",
  { timeout: 60_000 },
  async (t) => {
    const node = await openNode()
    const outcome = await fuzzGateway(node, { count: 2_000, seed: 7 })
    t.equal(outcome.answered + outcome.closed, 2_000, JSON.stringify(outcome))
    t.equal(outcome.hung, 0)
    t.equal(outcome.internal, 0, "a malformed request is never the node's fault")
    t.ok(outcome.answered > 1_500)
    for (const url of [node.rest, `grpc://${node.grpc}`]) {
      const client = createClient({ url })
      t.equal((await client.run("echo", "still here")).output, "still here")
      await client.close()
    }
    await node.stop()
  },
)
