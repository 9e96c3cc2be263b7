/**
 * What the calls of a node cost a real Consul: three servers and one agent, as each machine of a deployment has, in processes of their own. Processor time is what counts here:
 * all of them share the cores of one machine, so how long a call takes says little about a deployment.
 */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { systemClock } from "#actors/clock.js"
import { checkOf, type Answer, type Blocking, type ConsulAgent } from "#cluster/consul-agent.js"
import { consulClient } from "#cluster/consul-client.js"
import { consulRegistry } from "#cluster/consul-registry.js"
import type { NodeDescription } from "#cluster/node.js"
import { DEFAULT_SHARDS } from "#cluster/placement.js"
import type { Registry } from "#cluster/registry.js"
import { startConsulCluster, type ConsulProcess } from "#test/support/consul.js"
import { median } from "../actors/measure.js"
import type { BenchRow } from "../report.js"
import { memory, used } from "./processes.js"

const shards = DEFAULT_SHARDS
const forever = new AbortController().signal
const limits = { limitMs: 10_000, signal: forever }
/** Of one kind, at so many a time. */
const calls = 2000
const atOnce = 8
/** How long idle nodes are looked at. */
const idleMs = 20_000
const idleNodes = [1, 11] as const
const watchers = [1, 9] as const
const changes = 40

const row = (metric: string, unit: string, value: number): BenchRow => ({ bench: "scale", metric, unit, value })

interface World {
  readonly leader: ConsulProcess
  readonly followers: readonly ConsulProcess[]
  readonly agent: ConsulProcess
  readonly client: ConsulAgent
}

export async function consulRows(binary: string, progress: (text: string) => void): Promise<readonly BenchRow[]> {
  const folder = await mkdtemp(join(tmpdir(), "llmagentos-scale-"))
  const consul = await startConsulCluster(binary, folder)
  try {
    const leader = await consul.leader()
    const agent = await consul.client("agent")
    const client = consulClient({ url: agent.url }, systemClock)
    const world: World = { leader, followers: consul.servers.filter((server) => server !== leader), agent, client }
    progress("Consul: idle")
    const rows = [...(await idle(world))]
    progress("Consul: calls")
    rows.push(...(await costs(world)))
    progress("Consul: watches of all locks")
    rows.push(...(await fanOut(world)))
    progress("Consul: nodes that do nothing")
    rows.push(...(await idleNodesCost(world)))
    rows.push(row("memory of Consul's leader with all locks", "MB", (await memory(leader.pid)) / 1e6))
    rows.push(row("memory of an agent", "MB", (await memory(agent.pid)) / 1e6))
    client.close()
    return rows
  } finally {
    await consul.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

/** What the processes use without us. */
async function idle({ leader, agent }: World): Promise<readonly BenchRow[]> {
  const [leads = 0, follows = 0] = await used([leader.pid, agent.pid], () => sleep(idleMs / 2))
  const second = idleMs / 2 / 1000
  return [
    row("Consul's leader without nodes", "ms CPU/s", leads / second),
    row("an agent without nodes", "ms CPU/s", follows / second),
  ]
}

/** The number of the last entry in Consul's log. */
async function logged({ url }: ConsulProcess): Promise<number> {
  const answer = (await (await fetch(`${url}/v1/agent/self`)).json()) as { Stats: { raft: { last_log_index: string } } }
  return Number(answer.Stats.raft.last_log_index)
}

const good = <T>(answer: Answer<T>): T => {
  if (answer.kind === "ok") return answer.value
  throw new Error(answer.reason)
}

async function costs(world: World): Promise<readonly BenchRow[]> {
  const { client, leader, followers, agent } = world
  const rows: BenchRow[] = []
  const service = { id: "scale:one", name: "scale", tags: [], meta: {}, address: "127.0.0.1", port: 1, ttlMs: 600_000, forgetMs: 6_000_000 } // prettier-ignore
  good(await client.register(service, limits))
  let session = await client.createSession(["serfHealth", checkOf(service.id)], 0, "scale", limits)
  while (session.kind !== "ok") {
    await sleep(100) // the agent's news reach the servers a moment later
    session = await client.createSession(["serfHealth", checkOf(service.id)], 0, "scale", limits)
  }
  const id = session.value
  const kinds: readonly (readonly [string, (n: number) => Promise<Answer<unknown>>])[] = [
    ["a sign of life", () => client.pass(checkOf(service.id), limits)],
    ["a renewal of a session", () => client.renewSession(id, limits)],
    ["a lock taken", (n) => client.acquire(`scale/lock/${n % shards}`, "node-1#1764000000000", id, limits)],
    ["a lock released", (n) => client.release(`scale/lock/${n % shards}`, id, limits)],
    ["a record read", (n) => client.get(`scale/lock/${n % shards}`, limits)],
  ]
  for (const [name, call] of kinds) {
    const times: number[] = []
    const entries = await logged(leader)
    let next = 0
    const loop = async (): Promise<void> => {
      for (let n = next++; n < calls; n = next++) {
        const began = performance.now()
        good(await call(n))
        times.push(performance.now() - began)
      }
    }
    const spent = await used([leader.pid, agent.pid, process.pid, ...followers.map(({ pid }) => pid)], () =>
      Promise.all(Array.from({ length: atOnce }, loop)),
    )
    const each = (i: number): number => ((spent[i] ?? 0) * 1000) / calls
    rows.push(
      row(`${name}: entries in Consul's log`, "", ((await logged(leader)) - entries) / calls),
      row(`${name}: leader`, "µs CPU", each(0)),
      row(`${name}: a follower`, "µs CPU", (each(3) + each(4)) / 2),
      row(`${name}: agent`, "µs CPU", each(1)),
      row(`${name}: node`, "µs CPU", each(2)),
      row(`${name}: p50, ${atOnce} at a time`, "ms", median(times)),
    )
  }
  await client.deregister(service.id, limits)
  return rows
}

/** One of all locks changes, and so many watchers are told the whole list, or that there is another. */
async function fanOut(world: World): Promise<readonly BenchRow[]> {
  const { client, agent } = world
  for (let n = 0; n < shards; n++)
    good(await client.compareAndSet(`scale/list/${n}`, "node-1#1764000000000", 0, limits))
  const list = await (await fetch(`${agent.url}/v1/kv/scale/list/?recurse=true`)).arrayBuffer()
  return [
    row(`the list of ${shards} locks`, "kB", list.byteLength / 1000),
    ...(await told(world, "the list", (blocking) => client.under("scale/list/", blocking))),
    ...(await told(world, "its index alone", (blocking) => client.changed("scale/list/", blocking))),
  ]
}

async function told(
  { client, leader, agent }: World,
  what: string,
  ask: (blocking: Blocking) => Promise<Answer<unknown>>,
): Promise<readonly BenchRow[]> {
  const found: { readonly leader: number; readonly agent: number; readonly node: number; readonly ms: number }[] = []
  for (const count of watchers) {
    const times: number[] = []
    const [leads = 0, passes = 0, reads = 0] = await used([leader.pid, agent.pid, process.pid], async () => {
      let index = await indexOf(client)
      for (let change = 0; change < changes; change++) {
        const began = performance.now()
        const asked = Array.from({ length: count }, () => ask({ index, waitMs: 10_000, ...limits, limitMs: 15_000 }))
        await sleep(20) // they wait at the leader
        const entry = good(await client.get("scale/list/0", limits))
        const changed = performance.now()
        good(await client.compareAndSet("scale/list/0", `node-1#${began}`, entry?.modified ?? 0, limits))
        const answers = await Promise.all(asked)
        times.push(performance.now() - changed)
        for (const answer of answers) if (answer.kind === "ok") index = Math.max(index, answer.index)
      }
    })
    found.push({ leader: leads, agent: passes, node: reads, ms: median(times) })
  }
  const [few, many] = found
  if (few === undefined || many === undefined) return []
  // The difference between few and many watchers, so that what the change itself costs falls out.
  const each = (part: "leader" | "agent" | "node"): number =>
    (many[part] - few[part]) / changes / ((watchers[1] as number) - (watchers[0] as number))
  return [
    row(`${what} to one watcher: leader`, "ms CPU", each("leader")),
    row(`${what} to one watcher: agent`, "ms CPU", each("agent")),
    row(`${what} to one watcher: node`, "ms CPU", each("node")),
    row(`from a change until ${watchers[1]} watchers of one agent have ${what}, p50`, "ms", many.ms),
  ]
}

async function indexOf(client: ConsulAgent): Promise<number> {
  const answer = await client.under("scale/list/", { index: 0, waitMs: 0, ...limits })
  return answer.kind === "ok" ? answer.index : 0
}

/** A node's seat and its three watches, with all locks held; the difference between few nodes and many, for each. */
async function idleNodesCost({ leader, agent }: World): Promise<readonly BenchRow[]> {
  const open: Registry[] = []
  const found: (readonly number[])[] = []
  const entries: number[] = []
  let listed = 0
  let seats: ReturnType<Registry["join"]>[] = []
  try {
    for (const count of idleNodes) {
      while (open.length < count) {
        const registry = consulRegistry({ cluster: "scale", url: agent.url })
        open.push(registry)
        seats = [...seats, await seated(registry, open.length)]
        registry.watchNodes(() => undefined)
        registry.watchLocks("shard/", () => undefined)
        registry.watchRecords("home/", () => undefined)
      }
      const [first] = seats
      if (count === idleNodes[0] && first !== undefined)
        for (let n = 0; n < shards; n++) await first.acquire(`shard/${n}`)
      await sleep(2000)
      const before = await logged(leader)
      found.push(await used([leader.pid, agent.pid, process.pid], () => sleep(idleMs)))
      entries.push((await logged(leader)) - before)
    }
    const list = await (await fetch(`${agent.url}/v1/health/service/llmagentos-scale`)).arrayBuffer()
    listed = list.byteLength / open.length
  } finally {
    await Promise.all(seats.map((seat) => seat.leave()))
    await Promise.all(open.map((registry) => registry.close()))
  }
  const [few, many] = found
  const each = (i: number): number =>
    ((many?.[i] ?? 0) - (few?.[i] ?? 0)) / (idleNodes[1] - idleNodes[0]) / (idleMs / 1000)
  return [
    row("an idle node: entries in Consul's log", "1/s", ((entries[1] ?? 0) - (entries[0] ?? 0)) / (idleNodes[1] - idleNodes[0]) / (idleMs / 1000)), // prettier-ignore
    row("the list of nodes, for each node in it", "kB", listed / 1000),
    row("an idle node: leader", "ms CPU/s", each(0)),
    row("an idle node: agent", "ms CPU/s", each(1)),
    row("an idle node: node", "ms CPU/s", each(2)),
  ]
}

function seated(registry: Registry, number: number): Promise<ReturnType<Registry["join"]>> {
  const node: NodeDescription = {
    name: `node-${number}`,
    incarnation: 1_764_000_000_000,
    address: `127.0.0.1:${20_000 + number}`,
    roles: ["agents"],
    capabilities: { models: ["scribe"], gpu: false },
    capacity: 1,
    protocol: { min: 1, max: 1 },
  }
  return new Promise((done) => {
    const seat = registry.join(node, (event) => {
      if (event.kind === "seated") done(seat)
    })
  })
}
