import t from "tap"
import { systemRandom } from "#actors/clock.js"
import { VirtualClock } from "#actors/simulation/virtual-clock.js"
import { MemoryAgent } from "#cluster/memory-agent.js"
import { MemoryConsul } from "#cluster/memory-consul.js"
import { memoryRegistry } from "#cluster/memory-registry.js"
import { agreeOnSettings, type ClusterSettings } from "#cluster/settings.js"
import { staticRegistry } from "#cluster/static-registry.js"

const mine: ClusterSettings = { shards: 64, state: "postgres" }

function registries(t: { teardown(then: () => unknown): void }) {
  const clock = new VirtualClock()
  const consul = new MemoryConsul(clock)
  const open = () => {
    const agent = new MemoryAgent(consul, "machine")
    const registry = memoryRegistry(agent, { cluster: "test", clock, random: systemRandom })
    t.teardown(() => registry.close())
    return { agent, registry }
  }
  const { signal } = new AbortController()
  return { clock, open, signal }
}
const quiet = (): void => undefined

t.test("the first node's settings are those of the cluster, also of two first ones (A1)", async (t) => {
  const { clock, open, signal } = registries(t)
  const [one, two] = [open().registry, open().registry]
  const both = [one, two].map((registry) => agreeOnSettings(registry, mine, clock, signal, quiet))
  t.same(await Promise.all(both), [mine, mine])
  const found = await one.read("settings")
  t.match(found, { kind: "found", record: { value: JSON.stringify(mine) } })
})

t.test("a node that is set up otherwise is refused, and told in what", async (t) => {
  const { clock, open, signal } = registries(t)
  const { registry } = open()
  await agreeOnSettings(registry, mine, clock, signal, quiet)
  const agree = (settings: ClusterSettings) => agreeOnSettings(registry, settings, clock, signal, quiet)
  await t.rejects(agree({ ...mine, shards: 128 }), { code: "SETTINGS_DIFFER", message: /shards 128.*has 64/ })
  await t.rejects(agree({ ...mine, state: "leveldb" }), { code: "SETTINGS_DIFFER", message: /leveldb.*postgres/ })
})

t.test("a registry that does not answer is asked again, and why is told once (A2)", async (t) => {
  const { clock, open, signal } = registries(t)
  const { agent, registry } = open()
  agent.cutOff()
  const reasons: string[] = []
  const agreed = agreeOnSettings(registry, mine, clock, signal, (reason) => void reasons.push(reason))
  await clock.advance(20_000)
  agent.start()
  await clock.advance(1000)
  t.same(await agreed, mine)
  t.equal(reasons.length, 1)
  t.match(reasons[0], /leader/)
})

t.test("it is given up by its signal, and not asked for where no records are kept", async (t) => {
  const { clock, open } = registries(t)
  const { agent, registry } = open()
  agent.cutOff()
  const control = new AbortController()
  const agreed = agreeOnSettings(registry, mine, clock, control.signal, quiet)
  await clock.advance(100)
  control.abort()
  t.equal(await agreed, undefined)
  const fixed = staticRegistry({ nodes: [], holderOf: () => "a", clock })
  t.same(await agreeOnSettings(fixed, mine, clock, new AbortController().signal, quiet), mine)
})
