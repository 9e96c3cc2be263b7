import t from "tap"
import { EventLog } from "#actors/simulation/event-log.js"
import { SeededRandom } from "#actors/simulation/seeded-random.js"
import { VirtualClock } from "#actors/simulation/virtual-clock.js"
import { registryOverConsul } from "#cluster/consul-registry.js"
import type { RegisteredNode, Seat } from "#cluster/registry.js"
import { VirtualConsul } from "#cluster/simulation/virtual-consul.js"
import { aNode, Seen } from "#test/support/registry-contract.js"

function world() {
  const clock = new VirtualClock()
  const random = new SeededRandom(1)
  const consul = new VirtualConsul(clock, random, new EventLog())
  const open = (name: string) => {
    const view = clock.view()
    const registry = registryOverConsul(consul.agent(name, view), { cluster: "test", clock: view, random })
    const events: string[] = []
    const seat = registry.join(aNode(name), ({ kind }) => void events.push(kind))
    const nodes = new Seen<RegisteredNode>()
    registry.watchNodes(nodes.watcher)
    return { view, registry, seat, events, nodes }
  }
  /** Lets time pass until a promise has settled. */
  const settled = async <T>(promise: Promise<T>): Promise<T> => {
    let over = false
    const end = (): void => void (over = true)
    promise.then(end, end)
    await clock.advanceUntil(() => over, 20_000)
    return promise
  }
  const fresh = (seat: Seat): boolean => (seat.lease?.freshUntil ?? -Infinity) > clock.now
  return { clock, consul, open, settled, fresh }
}

t.test("a process that was killed holds its lock until its check fails, and hears nothing any more", async (t) => {
  const { clock, open, settled } = world()
  const [ann, bob] = [open("ann"), open("bob")]
  await clock.advance(1000)
  t.match(await settled(ann.seat.acquire("k")), { kind: "held" })
  const told = ann.nodes.sights.length
  ann.view.end()
  t.match(await settled(bob.seat.acquire("k")), { kind: "taken", by: { name: "ann" } })
  await clock.advance(2100)
  t.match(await settled(bob.seat.acquire("k")), { kind: "delayed" })
  await clock.advance(5000)
  t.match(await settled(bob.seat.acquire("k")), { kind: "held" })
  t.equal(bob.nodes.entries.find(({ node }) => node.name === "ann")?.health, "critical")
  t.equal(ann.nodes.sights.length, told)
})

t.test("without a quorum no lease stays fresh and nothing moves; afterwards the same lease is", async (t) => {
  const { clock, consul, open, settled, fresh } = world()
  const [ann, bob] = [open("ann"), open("bob")]
  await clock.advance(1000)
  await settled(ann.seat.acquire("k"))
  const { lease } = ann.seat
  const back = consul.loseQuorum()
  t.match(await settled(ann.registry.read("x")), { kind: "unavailable" })
  ann.view.pause() // meanwhile its check fails, and no server hears of it
  await clock.advance(6000)
  t.notOk(fresh(bob.seat))
  t.equal(bob.nodes.last?.kind, "disconnected")
  ann.view.goOn()
  await clock.advance(600)
  back()
  await clock.advance(2500)
  t.equal(ann.seat.lease, lease)
  t.ok(fresh(ann.seat))
  t.match(await settled(bob.seat.acquire("k")), { kind: "taken" })
})

t.test("when it is wiped, sessions and records are gone, and the nodes come back", async (t) => {
  const { clock, consul, open, settled } = world()
  const [ann, bob] = [open("ann"), open("bob")]
  await clock.advance(1000)
  t.match(await settled(ann.registry.write("x", "1", 0)), { kind: "written" })
  consul.wipe()
  await clock.advance(5000)
  t.match(await settled(ann.registry.read("x")), { kind: "absent" })
  t.same(ann.events.filter((kind) => kind !== "waiting"), ["seated", "lost", "seated"]) // prettier-ignore
  t.equal(bob.nodes.entries.length, 2)
})

t.test("a call to an agent that is killed meanwhile leaves open what was done", async (t) => {
  const { clock, consul, open, settled } = world()
  const ann = open("ann")
  await clock.advance(1000)
  const write = ann.registry.write("x", "1", 0)
  await clock.advance(2)
  const start = consul.stopAgent("ann")
  t.match(await settled(write), { kind: "unavailable" })
  await clock.advance(10_000)
  start()
  await clock.advance(2000)
  t.match(await settled(ann.registry.read("x")), { kind: "found" })
  t.ok(ann.seat.lease !== undefined)
})
