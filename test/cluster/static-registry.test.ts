import t from "tap"
import { systemClock } from "#actors/clock.js"
import { registryTimings } from "#cluster/registry.js"
import { staticRegistry } from "#cluster/static-registry.js"
import { HandClock } from "#test/support/hand-clock.js"
import { aNode, registryContract } from "#test/support/registry-contract.js"
import { passing } from "#test/support/passing.js"

registryContract(
  "static",
  async () => {
    const clock = new HandClock()
    const nodes = ["ann", "bob"].map((id) => aNode(id))
    const holderOf = (key: string): string => (key.length % 2 === 0 ? "ann" : "bob")
    const connect = () => staticRegistry({ nodes, holderOf, clock })
    return { connect, clock, timings: registryTimings, pass: passing(clock) }
  },
  { decides: false, records: false },
)

t.test("a node that is not listed cannot join", async (t) => {
  const registry = staticRegistry({ nodes: [aNode("ann")], holderOf: () => "ann", clock: systemClock })
  t.throws(() => registry.join(aNode("eve"), () => undefined), { code: "INVALID_NODE", message: /ann/ })
  await registry.close()
})
