import fc from "fast-check"
import t from "tap"
import { systemRandom } from "#actors/clock.js"
import { MemoryAgent } from "#cluster/memory-agent.js"
import { MemoryConsul } from "#cluster/memory-consul.js"
import { memoryRegistry } from "#cluster/memory-registry.js"
import { registryTimings, withTimings, type Lease, type RegisteredNode, type Registry } from "#cluster/registry.js"
import { HandClock } from "#test/support/hand-clock.js"
import { passing } from "#test/support/passing.js"
import { aNode, capabilitiesOf, held, registryContract, Seated, Seen, until } from "#test/support/registry-contract.js"

registryContract(
  "memory",
  async () => {
    const clock = new HandClock()
    const consul = new MemoryConsul(clock)
    const agent = new MemoryAgent(consul, "machine")
    return {
      connect: () => memoryRegistry(agent, { cluster: "test", clock, random: systemRandom }),
      clock,
      timings: registryTimings,
      pass: passing(clock),
      endLeases: async () => consul.endSessions(),
    }
  },
  { decides: true, records: true },
)

/** A cluster whose nodes have an agent each. */
function machines(stepMs = 10) {
  const clock = new HandClock()
  const consul = new MemoryConsul(clock)
  const bench = { clock, pass: passing(clock, stepMs) }
  const open = (id: string): { readonly agent: MemoryAgent; readonly registry: Registry; sit(): Promise<Seated> } => {
    const agent = new MemoryAgent(consul, `machine of ${id}`)
    const registry = memoryRegistry(agent, { cluster: "test", clock, random: systemRandom })
    return { agent, registry, sit: () => Seated.at(bench, registry, aNode(id)) }
  }
  return { bench, clock, consul, open }
}

t.test(
  "who is cut off from the servers goes stale before others get its lock, and sits again afterwards",
  async (t) => {
    const { bench, clock, open } = machines()
    const [a, b] = [open("ann"), open("bob")]
    const [ann, bob] = [await a.sit(), await b.sit()]
    const lease = await held(bench, ann.seat, "k")
    const members = new Seen<RegisteredNode>()
    b.registry.watchNodes(members.watcher)
    const mine = new Seen<RegisteredNode>()
    a.registry.watchNodes(mine.watcher)
    await until(bench, "members are told", () => members.entries.length === 2 && mine.entries.length === 2)

    a.agent.cutOff() // its own agent goes on taking signs of life
    const cut = clock.monotonic()
    await until(bench, "ann's watch is told", () => mine.last?.kind === "disconnected")
    await until(bench, "ann's lease is stale", () => lease.freshUntil <= clock.monotonic())
    const stale = clock.monotonic() - cut
    t.ok(stale >= registryTimings.leaseMs - registryTimings.beatMs && stale <= registryTimings.leaseMs + 20, `${stale} ms`) // prettier-ignore
    t.match(await bob.seat.acquire("k"), { kind: "taken", by: { name: "ann" } })
    t.match(await ann.seat.acquire("k"), { kind: "unavailable" })
    await held(bench, bob.seat, "k", 15_000)
    t.equal(members.entries.find(({ node }) => node.name === "ann")?.health, "critical")
    t.same(ann.kinds(), ["seated"], "nobody could tell it")

    a.agent.start()
    await until(bench, "ann sits again", () => ann.kinds().length === 3)
    t.same(ann.kinds(), ["seated", "lost", "seated"])
    t.match(await ann.seat.acquire("k"), { kind: "taken", by: { name: "bob" } })
    await until(bench, "ann's watch is told", () => mine.entries.length === 2)
    t.equal(mine.sights.filter(({ kind }) => kind === "disconnected").length, 1, "a failure is told once")
  },
)

t.test("a short time without servers costs nothing: the same lease is fresh again", async (t) => {
  const { bench, clock, open } = machines()
  const { agent, sit } = open("ann")
  const ann = await sit()
  const lease = await held(bench, ann.seat, "k")
  agent.cutOff()
  await bench.pass(registryTimings.leaseMs + 100)
  t.ok(lease.freshUntil < clock.monotonic())
  agent.start()
  await until(bench, "it is fresh", () => lease.freshUntil > clock.monotonic(), registryTimings.beatMs)
  t.same(ann.kinds(), ["seated"])
})

t.test("a node that cannot be registered is told why, once for each reason, and sits when it can", async (t) => {
  const { bench, open } = machines()
  const { agent, registry } = open("ann")
  agent.stop()
  const ann = new Seated(registry, aNode("ann"))
  await bench.pass(5000)
  agent.cutOff() // it runs, but without servers
  await bench.pass(5000)
  agent.start()
  await until(bench, "it sits", () => ann.seat.lease !== undefined)
  t.match(ann.events, [
    { kind: "waiting", reason: "the agent has stopped" },
    { kind: "waiting", reason: "No cluster leader" },
    { kind: "seated" },
  ])
})

t.test("who shows no sign of life for long is no member any more", async (t) => {
  const { bench, open } = machines(500)
  const a = open("ann")
  const members = new Seen<RegisteredNode>()
  open("bob").registry.watchNodes(members.watcher)
  await a.sit()
  await until(bench, "ann is seen", () => members.entries.length === 1)
  await a.registry.close()
  await bench.pass(registryTimings.forgetMs - 1000)
  t.equal(members.entries.length, 1)
  await until(bench, "ann is forgotten", () => members.last?.kind === "current" && members.entries.length === 0)
})

t.test("whatever becomes of agents, no two nodes hold a lock under a fresh lease", async (t) => {
  const ids = ["ann", "bob", "eve"] as const
  const keys = ["k1", "k2"]
  const fault = fc.record({
    afterMs: fc.integer({ min: 50, max: 8000 }),
    node: fc.nat(ids.length - 1),
    what: fc.constantFrom("stop", "cutOff", "start", "start", "release", "endLeases"),
  })
  let moves = 0
  await fc.assert(
    fc.asyncProperty(fc.array(fault, { minLength: 5, maxLength: 15 }), async (faults) => {
      const { bench, clock, consul, open } = machines(50)
      const nodes = await Promise.all(
        ids.map(async (id) => {
          const { agent, sit } = open(id)
          return { agent, seated: await sit(), claims: new Map<string, Lease>() }
        }),
      )
      const lastHolder = new Map<string, number>()
      const turn = async (): Promise<void> => {
        await bench.pass(50)
        const now = clock.monotonic()
        for (const [i, { seated, claims }] of nodes.entries()) {
          for (const key of keys) {
            const claim = claims.get(key)
            if (claim !== undefined && claim.freshUntil > -Infinity) continue
            claims.delete(key)
            const answer = await seated.seat.acquire(key)
            if (answer.kind !== "held") continue
            claims.set(key, answer.lease)
            if (lastHolder.has(key) && lastHolder.get(key) !== i) moves += 1
            lastHolder.set(key, i)
          }
        }
        for (const key of keys) {
          const holders = ids.filter((_, i) => (nodes[i]!.claims.get(key)?.freshUntil ?? -Infinity) > now)
          if (holders.length > 1) throw new Error(`at ${now} ms ${holders.join(" and ")} hold ${key}`)
        }
      }
      for (const { afterMs, node, what } of faults) {
        const { agent, seated, claims } = nodes[node]!
        for (const end = clock.monotonic() + afterMs; clock.monotonic() < end;) await turn()
        if (what === "endLeases") consul.endSessions()
        else if (what !== "release") agent[what]()
        else if (claims.delete("k1")) await seated.seat.release("k1")
      }
      for (const { agent } of nodes) agent.start()
      for (const end = clock.monotonic() + 15_000; clock.monotonic() < end;) await turn()
      for (const key of keys) {
        t.ok(nodes.some(({ claims }) => (claims.get(key)?.freshUntil ?? 0) > clock.monotonic()), "in the end somebody holds it") // prettier-ignore
      }
    }),
    { numRuns: 25 },
  )
  t.ok(moves > 0, `locks moved ${moves} times`)
})

t.test("capabilities are told whole as long as Consul has room for them, and refused beyond", async (t) => {
  const { bench, open } = machines()
  const { registry } = open("ann")
  const filling = capabilitiesOf(59 * 512)
  await Seated.at(bench, registry, aNode("ann", { capabilities: filling }))
  const seen = new Seen<RegisteredNode>()
  registry.watchNodes(seen.watcher)
  await until(bench, "ann is seen", () => seen.entries.length === 1)
  t.strictSame(seen.entries[0]?.node.capabilities, filling)
  const more = aNode("bob", { capabilities: capabilitiesOf(59 * 512 + 1) })
  t.throws(() => registry.join(more, () => undefined), { code: "INVALID_NODE", message: /capabilities.*30208.*30209/ })
  await registry.close()
})

t.test("a node that announces its leaving while it is being registered is told as leaving", async (t) => {
  const { bench, open } = machines()
  const { agent, registry } = open("ann")
  const register = agent.register.bind(agent)
  let registrations = 0
  agent.register = async (...args) => {
    const answer = await register(...args)
    registrations += 1
    if (registrations === 1) ann.seat.announceLeaving()
    return answer
  }
  const ann = new Seated(registry, aNode("ann"))
  const seen = new Seen<RegisteredNode>()
  registry.watchNodes(seen.watcher)
  await until(bench, "it is told", () => seen.entries[0]?.leaving === true)
  t.equal(registrations, 2)
  await registry.close()
})

t.test("timings that would let two nodes answer for one entity are refused", (t) => {
  t.throws(() => withTimings({ leaseMs: 5000 }), RangeError)
  t.throws(() => withTimings({ beatMs: 2000 }), RangeError)
  t.same(withTimings({ leaseMs: 4999 }), { ...registryTimings, leaseMs: 4999 })
  t.end()
})

t.test("who leaves gives signs of life while its locks are being released, so that none is delayed", async (t) => {
  const { bench, consul, open } = machines()
  const [a, b] = [open("ann"), open("bob")]
  const [ann, bob] = [await a.sit(), await b.sit()]
  await held(bench, ann.seat, "k1")
  await held(bench, ann.seat, "k2")
  const { agent } = a
  const release = agent.release.bind(agent)
  agent.release = async (...args) => {
    await bench.pass(registryTimings.checkTtlMs)
    return release(...args)
  }
  t.equal(consul.health("llmagentos-test").length, 2)
  await ann.seat.leave()
  t.match(await bob.seat.acquire("k1"), { kind: "held" })
  t.match(await bob.seat.acquire("k2"), { kind: "held" })
  t.match(await ann.seat.acquire("k3"), { kind: "unavailable" })
  t.equal(consul.health("llmagentos-test").length, 1)
  t.same(ann.kinds(), ["seated"])
})
