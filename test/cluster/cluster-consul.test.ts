/** Three nodes over a real Consul and real sockets: what is asked, watched and moved, and what becomes of a node that dies. */
import t from "tap"
import { defineActor, type ActorRef } from "#actors/index.js"
import type { Carrier, Stream } from "#cluster/carrier.js"
import { joinCluster } from "#cluster/cluster.js"
import type { Cluster } from "#cluster/cluster-handle.js"
import { consulRegistry } from "#cluster/consul-registry.js"
import { grpcCarrier } from "#cluster/grpc-carrier.js"
import { memoryState } from "#cluster/state.js"
import { findConsul, startDevAgent } from "#test/support/consul.js"
import { until } from "./support/joined.js"

const Counter = defineActor({
  name: "counter",
  state: () => ({ count: 0 }),
  receive: { add: (ctx) => (ctx.state.count += 1), where: (ctx) => ctx.system.node },
})
const Watcher = defineActor({
  name: "watcher",
  state: () => ({ ended: [] as string[] }),
  receive: { watch: (ctx, ref: ActorRef<object>) => ctx.watch(ref), ended: (ctx) => ctx.state.ended },
  ended: (ctx, _ref, reason) => void ctx.state.ended.push(reason.kind),
})
/** A carrier that can die: its streams end, and from then on it opens and takes none. */
function mortal(carrier: Carrier): Carrier & { kill(): Promise<void> } {
  const streams = new Set<Stream>()
  let dead = false
  return {
    open(address, kind, events, node) {
      if (!dead) {
        const stream = carrier.open(address, kind, events, node)
        streams.add(stream)
        return stream
      }
      setImmediate(() => events.closed("killed"))
      return { send: () => false, close() {} }
    },
    listen: (accept) =>
      carrier.listen((kind, stream) => {
        streams.add(stream)
        if (!dead) return accept(kind, stream)
        stream.close()
        return { frame() {}, drained() {}, closed() {} }
      }),
    close: () => carrier.close(),
    async kill() {
      dead = true
      for (const stream of streams) stream.close()
      await carrier.close()
    },
  }
}
const keys = Array.from({ length: 30 }, (_, n) => `k${n}`)
const shards = 32

const binary = await findConsul()

t.test("three nodes over Consul and gRPC", { skip: binary === undefined && "no consul on this machine" }, async (t) => {
  const consul = await startDevAgent(binary as string, t.testdir())
  t.teardown(() => consul.kill())
  const clusters = new Map<string, Cluster>()
  const kills = new Map<string, () => Promise<void>>()
  t.teardown(() => Promise.all([...clusters.values()].map((cluster) => cluster.stop())))
  const join = async (name: string): Promise<Cluster> => {
    const registry = consulRegistry({ cluster: "trio", url: consul.url })
    const carrier = mortal(await grpcCarrier({ listen: "127.0.0.1:0" }))
    const cluster = await joinCluster({
      name: "trio",
      node: { name },
      registry,
      listen: "127.0.0.1:0",
      carrier,
      state: memoryState(),
      shards,
      definitions: [Counter],
      shutdownTimeoutMs: 100,
    })
    clusters.set(name, cluster)
    kills.set(name, async () => {
      await Promise.all([carrier.kill(), registry.close()])
    })
    return cluster
  }
  const [a, b] = await Promise.all([join("a"), join("b")])
  const settled = (all: readonly Cluster[]): Promise<void> =>
    until(
      "all are ready and know each other",
      () => all.every((cluster) => cluster.ready && [...cluster.peers.open()].length === all.length - 1),
      60_000,
    )
  await settled([a, b])
  const count = async (cluster: Cluster): Promise<readonly number[]> =>
    Promise.all(keys.map((key) => cluster.system.entity(Counter, key).ask("add")))
  const places = async (cluster: Cluster): Promise<ReadonlySet<string>> =>
    new Set(await Promise.all(keys.map((key) => cluster.system.entity(Counter, key).ask("where"))))

  await t.test("entities are shared out, and asked from both", async (t) => {
    t.same(await count(a), keys.map(() => 1)) // prettier-ignore
    t.same(await count(b), keys.map(() => 2)) // prettier-ignore
    t.same(await places(a), new Set([a.id, b.id]))
  })

  await t.test("an actor is told, asked and watched across", async (t) => {
    const counter = a.system.spawn(Counter)
    await a.receptionist.register("counters", counter)
    const [far] = b.receptionist.lookup<{ add(): number }>("counters")
    const watcher = b.system.spawn(Watcher)
    await watcher.ask("watch", far!)
    t.equal(far!.tell("add"), true)
    t.equal(await far!.ask("add"), 2)
    await a.system.stopActor(counter)
    await until("the watcher is told", async () => (await watcher.ask("ended")).length === 1)
    t.same(await watcher.ask("ended"), ["stopped"])
  })

  const c = await join("c")
  await t.test("a node that joins gets its share, and no ask fails meanwhile", async (t) => {
    while (!(await places(b)).has(c.id)) await count(a)
    await settled([a, b, c])
    t.equal(a.status().shards.unowned, 0)
    t.ok(c.status().shards.here >= 4, JSON.stringify(c.status().shards.owned))
  })

  await t.test("a node that drains gives everything away, and still routes", async (t) => {
    await b.drain()
    t.equal(b.status().shards.here, 0)
    t.same(await places(b), new Set([a.id, c.id]))
  })

  await t.test("a node that leaves is forgotten at once", async (t) => {
    await b.leave()
    clusters.delete("b")
    t.same(await b.ended, { why: "left" })
    await until("b is gone", () => [a, c].every((cluster) => cluster.status().members.length === 2))
    t.same(await places(a), new Set([a.id, c.id]))
  })

  await t.test("behind a node that dies the other takes over within seconds; who watched there is told", async (t) => {
    const far = c.system.spawn(Counter)
    await c.receptionist.register("doomed", far)
    const watcher = a.system.spawn(Watcher)
    await watcher.ask("watch", a.receptionist.lookup("doomed")[0]!)
    const began = performance.now()
    await kills.get("c")!()
    await until(
      "a serves all",
      async () => {
        const where = keys.map((key) => a.system.entity(Counter, key).with({ timeoutMs: 1000 }).ask("where"))
        return (await Promise.all(where).catch(() => [])).filter((id) => id === a.id).length === keys.length
      },
      60_000,
    )
    t.comment(`taken over after ${Math.round(performance.now() - began)} ms`)
    await until("a has taken the shards of no key, too", () => a.status().shards.here === shards)
    t.match(a.status().members, [{ name: "a", status: "up" }, { name: "c", status: "down" }]) // prettier-ignore
    t.same(await watcher.ask("ended"), ["crashed"])
  })
})
