/** The registry on real Consul agents. Skipped where there is no consul binary; continuous integration fetches one. */
import { execFile } from "node:child_process"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { promisify } from "node:util"
import t, { type Test } from "tap"
import { systemClock } from "#actors/clock.js"
import { consulRegistry } from "#cluster/consul-registry.js"
import { registryTimings, withTimings, type Lock, type RegisteredNode, type Registry } from "#cluster/registry.js"
import { findConsul, startConsulCluster, startDevAgent } from "#test/support/consul.js"
import {
  aNode,
  capabilitiesOf,
  held,
  registryContract,
  Seated,
  Seen,
  until,
  type RegistryBench,
} from "#test/support/registry-contract.js"

const binary = await findConsul()
if (binary === undefined) {
  t.pass("skipped: there is no consul binary", { skip: true })
  process.exit()
}

type Bench = Omit<RegistryBench, "connect">

/** Quicker than they are meant to be, so that less is waited for. */
const quick = withTimings({ checkTtlMs: 1500, beatMs: 250, renewTimeoutMs: 1000, leaseMs: 1500, lockDelayMs: 2000 })

const real: Bench = {
  clock: systemClock,
  timings: registryTimings,
  pass: (milliseconds) => sleep(milliseconds),
}

// Most of their time they wait.
t.jobs = 3

async function endSessions(url: string): Promise<void> {
  const sessions = (await (await fetch(`${url}/v1/session/list`)).json()) as readonly { readonly ID: string }[]
  await Promise.all(sessions.map(({ ID }) => fetch(`${url}/v1/session/destroy/${ID}`, { method: "PUT" })))
}

registryContract(
  "consul",
  async (t) => {
    const agent = await startDevAgent(binary, t.testdir())
    t.teardown(() => agent.kill())
    return {
      ...real,
      timings: quick,
      connect: () => consulRegistry({ url: agent.url, cluster: "test", timings: quick }),
      endLeases: () => endSessions(agent.url),
    }
  },
  { decides: true, records: true },
  true,
)

/** Registries that a test opens, closed before the agents under them end. */
function opener(t: Test, bench: Bench) {
  const open: Registry[] = []
  t.teardown(() => Promise.all(open.map((registry) => registry.close())))
  const connect = (options: Partial<Parameters<typeof consulRegistry>[0]>): Registry => {
    const registry = consulRegistry({ cluster: "test", timings: bench.timings, ...options })
    open.push(registry)
    return registry
  }
  const seat = (url: string, id: string): Promise<Seated> => Seated.at(bench, connect({ url }), aNode(id))
  return { connect, seat }
}

t.test("clusters of different names see nothing of each other", async (t) => {
  const agent = await startDevAgent(binary, t.testdir())
  t.teardown(() => agent.kill())
  const { connect } = opener(t, real)
  const [red, blue] = ["red", "red-blue"].map((cluster) => connect({ url: agent.url, cluster }))
  const seen = new Seen<RegisteredNode>()
  red!.watchNodes(seen.watcher)
  const bob = await Seated.at(real, blue!, aNode("ann", { incarnation: 2 }))
  const eve = await Seated.at(real, red!, aNode("blue-ann", { incarnation: 2 }))
  const ann = await Seated.at(real, red!, aNode("ann"))
  await until(real, "red's are seen", () => seen.entries.length > 1)
  t.same(seen.entries.map(({ node }) => node.name).sort(), ["ann", "blue-ann"])
  t.match(await ann.seat.acquire("k"), { kind: "held" })
  t.match(await bob.seat.acquire("k"), { kind: "held" })
  await red!.write("k", "red", 0)
  t.same(await blue!.list(""), { kind: "listed", records: [] })
  await bob.seat.leave()
  await sleep(registryTimings.beatMs * 2)
  t.same(
    [ann, eve].map((one) => one.kinds()),
    [["seated"], ["seated"]],
  )
})

t.test("keys and services that no node has written are passed over", async (t) => {
  const agent = await startDevAgent(binary, t.testdir())
  t.teardown(() => agent.kill())
  const { seat } = opener(t, real)
  const ann = await seat(agent.url, "ann")
  await ann.registry.write("k", "v", 0)
  const put = (path: string, body: string) => fetch(`${agent.url}/v1/${path}`, { method: "PUT", body })
  await put("kv/llmagentos/test/record/%25zz", "of somebody else")
  await put("agent/service/register", JSON.stringify({ Name: "llmagentos-test", ID: "of somebody else" }))
  t.match(await ann.registry.list(""), { kind: "listed", records: [{ key: "k", value: "v" }] })
  const seen = new Seen<RegisteredNode>()
  ann.registry.watchNodes(seen.watcher)
  await until(real, "nodes are told", () => seen.last?.kind === "current")
  t.same(seen.entries.map(({ node }) => node.name), ["ann"]) // prettier-ignore
})

t.test("what of capabilities is not refused fits into Consul", async (t) => {
  const agent = await startDevAgent(binary, t.testdir())
  t.teardown(() => agent.kill())
  const { connect } = opener(t, real)
  const registry = connect({ url: agent.url })
  const node = aNode("ann", { capabilities: capabilitiesOf(59 * 512) })
  await Seated.at(real, registry, node)
  const seen = new Seen<RegisteredNode>()
  registry.watchNodes(seen.watcher)
  await until(real, "she is seen", () => seen.entries.length > 0)
  t.strictSame(seen.entries[0]?.node, node)
})

t.test("a node is registered again when its agent was started anew and has forgotten everything", async (t) => {
  const agent = await startDevAgent(binary, t.testdir())
  t.teardown(() => agent.kill())
  const { connect, seat } = opener(t, real)
  const ann = await seat(agent.url, "ann")
  const nodes = new Seen<RegisteredNode>()
  connect({ url: agent.url }).watchNodes(nodes.watcher)
  const before = await held(real, ann.seat, "k")
  await until(real, "ann is seen", () => nodes.entries[0]?.health === "passing")
  await agent.kill()
  await until(real, "the watch tells that it is blind", () => nodes.last?.kind === "disconnected")
  t.match(await ann.seat.acquire("k"), { kind: "unavailable" })
  t.match(await ann.registry.write("k", "v", 0), { kind: "unavailable" })
  await agent.start()
  await until(real, "ann has another lease", () => ann.seat.lease !== undefined && ann.seat.lease !== before)
  await until(real, "ann is seen again", () => nodes.entries[0]?.health === "passing")
  t.same(ann.kinds(), ["seated", "lost", "seated"])
  t.equal(before.freshUntil, -Infinity)
  t.match(await ann.seat.acquire("k"), { kind: "held" })
  t.same(nodes.sights.filter(({ kind }) => kind === "disconnected").length, 1, "a failure is told once")
})

t.test(
  "certificates and a token are shown to an agent that wants them; who has none is told why it waits",
  async (t) => {
    const folder = t.testdir()
    const make = (...args: string[]) => promisify(execFile)(binary, ["tls", ...args], { cwd: folder })
    await make("ca", "create")
    await make("cert", "create", "-server")
    await make("cert", "create", "-client")
    const path = (name: string): string => join(folder, name)
    const token = "8a0b8f5e-5b5c-4f4e-9d3b-2f6d1c0e7a11"
    const agent = await startDevAgent(
      binary,
      folder,
      {
        ca_file: path("consul-agent-ca.pem"),
        cert_file: path("dc1-server-consul-0.pem"),
        key_file: path("dc1-server-consul-0-key.pem"),
        verify_incoming_https: true,
        acl: { enabled: true, default_policy: "deny", tokens: { master: token, agent: token } },
      },
      { http: false, https: true },
    )
    t.teardown(() => agent.kill())
    const { connect } = opener(t, real)
    const [ca, cert, key] = await Promise.all(
      ["consul-agent-ca.pem", "dc1-client-consul-0.pem", "dc1-client-consul-0-key.pem"].map((name) =>
        readFile(path(name), "utf8"),
      ),
    )
    const tls = { ca: ca!, cert: cert!, key: key! }
    const { url } = agent
    const ann = await Seated.at(real, connect({ url, token, tls }), aNode("ann"))
    t.match(await ann.seat.acquire("k"), { kind: "held" })
    t.match(await ann.registry.write("k", "v", 0), { kind: "written" })

    for (const [lacking, reason] of [[{ tls }, /denied|ACL/], [{ token, tls: { ca: ca! } }, /alert|certificate|hang up|reset/], [{ token }, /certificate/]] as const) {
    const eve = new Seated(connect({ url, ...lacking }), aNode("eve"))
    await until(real, "eve is told", () => eve.events.length > 0)
    const [event] = eve.events
    t.match(event, { kind: "waiting", reason })
    t.equal(eve.seat.lease, undefined)
  } // prettier-ignore
  },
)

t.test("three servers", { buffered: true }, async (t) => {
  const cluster = await startConsulCluster(binary, t.testdir())
  t.teardown(() => cluster.stop())
  const { seat } = opener(t, real)
  const clients = await Promise.all(["machine-a", "machine-b"].map((name) => cluster.client(name)))
  const [ann, bob] = await Promise.all([seat(clients[0]!.url, "ann"), seat(clients[1]!.url, "bob")])
  const lease = await held(real, ann!.seat, "k")
  const locks = new Seen<Lock>()
  bob!.registry.watchLocks("", locks.watcher)
  await until(real, "bob sees the lock", () => locks.entries.length === 1)
  const now = (): number => systemClock.monotonic()
  const written = async (key: string): Promise<number> => {
    const began = now()
    while ((await ann!.registry.write(key, "v", 0)).kind === "unavailable") await sleep(20)
    return now() - began
  }

  await t.test("when the leader dies, writes come back, and lock and lease are as before", async (t) => {
    await (await cluster.leader()).kill()
    const took = await written("after-leader")
    t.comment(`writes came back after ${Math.round(took)} ms`)
    t.ok(took < 10_000)
    await until(real, "the lease is fresh", () => lease.freshUntil > now())
    t.match(await bob!.seat.acquire("k"), { kind: "taken", by: { name: "ann" } })
    t.same(ann!.kinds(), ["seated"])
  })

  await t.test("while there is no leader, no lease is fresh; afterwards the same lease is fresh again", async (t) => {
    const [second] = cluster.servers.filter(({ pid }) => pid >= 0)
    const killed = now()
    await second!.kill()
    await until(real, "the lease is not fresh", () => lease.freshUntil < now())
    t.ok(now() - killed < registryTimings.leaseMs + 1000)
    t.match(await ann!.seat.acquire("k"), { kind: "unavailable" })
    t.equal(ann!.seat.lease, lease, "stale, but not lost")
    await Promise.all(cluster.servers.filter(({ pid }) => pid < 0).map((server) => server.start()))
    const began = now()
    await written("after-quorum")
    await until(real, "the lease is fresh", () => lease.freshUntil > now())
    t.comment(`fresh ${Math.round(now() - began)} ms after the servers were up`)
    t.same([ann!.kinds(), bob!.kinds()], [["seated"], ["seated"]])
    t.match(await bob!.seat.acquire("k"), { kind: "taken", by: { name: "ann" } })
  })

  await t.test(
    "when a node's own agent dies, its lock is free after some seconds, and its lease is stale before",
    async (t) => {
      await until(real, "bob sees the lock", () => locks.entries.length === 1, 15_000)
      const killed = now()
      await clients[0]!.kill()
      await until(real, "the lock is free", () => locks.last?.kind === "current" && locks.entries.length === 0, 20_000)
      const took = now() - killed
      t.comment(`the lock was free after ${Math.round(took)} ms`)
      t.ok(took > 1000 && took < 12_000)
      t.ok(lease.freshUntil < killed + registryTimings.leaseMs, "fresh no longer than a lease lasts")
      t.match(await bob!.seat.acquire("k"), { kind: "delayed" })
    },
  )
})
