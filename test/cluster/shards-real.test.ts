/** Two nodes over a real Consul and a real PostgreSQL, in one process. */
import { setTimeout as sleep } from "node:timers/promises"
import t from "tap"
import { systemClock, systemRandom } from "#actors/clock.js"
import { ActorSystem } from "#actors/system.js"
import { consulRegistry } from "#cluster/consul-registry.js"
import { fencedJournal } from "#cluster/fenced-journal.js"
import { nothingKnown, type Member, type MemberStatus } from "#cluster/members.js"
import { nodeId, type NodeDescription } from "#cluster/node.js"
import type { Ownership } from "#cluster/ownership.js"
import type { Registry } from "#cluster/registry.js"
import { Shards } from "#cluster/shards.js"
import { openPostgresState } from "#cluster/state.js"
import { findConsul, startDevAgent } from "#test/support/consul.js"
import { LocalMesh, LocalPeers } from "#test/support/peer-links.js"
import { startPostgres } from "#test/support/postgres.js"
import { Ledger } from "./support/test-cluster.js"

const shards = 1024

interface Started {
  readonly node: NodeDescription
  readonly id: string
  readonly registry: Registry
  readonly ownership: Ownership
  readonly system: ActorSystem
  readonly peers: LocalPeers
  readonly shards: Shards
}

const binary = await findConsul()
const server = binary === undefined ? "no consul on PATH" : await startPostgres()

async function until(what: string, is: () => boolean, limitMs = 60_000): Promise<number> {
  const from = performance.now()
  while (!is()) {
    if (performance.now() - from > limitMs) throw new Error(`not so after ${limitMs} ms: ${what}`)
    await sleep(5)
  }
  return performance.now() - from
}

if (binary === undefined || typeof server === "string")
  t.test("two real nodes", { skip: "they need a consul binary and PostgreSQL" }, () => undefined)
else
  t.test("two real nodes", async (t) => {
    t.teardown(() => server.remove())
    const consul = await startDevAgent(binary, t.testdir())
    t.teardown(() => consul.kill())
    const mesh = new LocalMesh(systemClock)
    const nodes: Started[] = []

    async function start(name: string, incarnation: number): Promise<Started> {
      const node: NodeDescription = { name, incarnation, address: "127.0.0.1:1", roles: [], capabilities: {}, capacity: 1, protocol: { min: 1, max: 1 } } // prettier-ignore
      const clock = systemClock
      const registry = consulRegistry({ url: consul.url, cluster: "shards" })
      const state = await openPostgresState({ url: (server as { url: string }).url })
      const ownership = state.ownership({ registry, clock })
      const sharded = new Shards({ self: node, ownership, clock, random: systemRandom, shards })
      const journal = fencedJournal(state.journal({ registry, clock }), ownership, (actor) => sharded.shardOf(actor))
      const { transport } = sharded
      const system = new ActorSystem({ name: "real", definitions: [Ledger], journal, transport })
      const peers = new LocalPeers(node, system, sharded, clock)
      const seat = registry.join(node, (event) => ownership.heard(event))
      sharded.start({ system, peers, registry, seat })
      const made = { node, id: nodeId(node), registry, ownership, system, peers, shards: sharded }
      for (const other of nodes) mesh.connect(other.peers, peers)
      nodes.push(made)
      return made
    }
    const announce = (statuses: Readonly<Record<string, MemberStatus>> = {}): void => {
      for (const { id: self, shards } of nodes) {
        const members = new Map(
          nodes.map(({ id, node }): [string, Member] => [id, { id, node, status: statuses[node.name] ?? "up", since: 0, protocol: 1, evidence: nothingKnown }]), // prettier-ignore
        )
        shards.members({ self, version: 1, members, tombstones: new Map(), registry: { list: 1, answers: true }, votes: 0 }) // prettier-ignore
      }
    }
    const ready = () => nodes.every(({ shards }) => shards.ready)

    const a = await start("a", 1)
    announce()
    t.comment(`one node takes ${shards} shards: ${Math.round(await until("a is ready", ready))} ms`)
    const b = await start("b", 1)
    announce()
    t.comment(
      `${b.shards.status.wished} of them move to another: ${Math.round(await until("both are ready", ready))} ms`,
    )
    t.ok(b.shards.status.served > 400)

    const keys = Array.from({ length: 50 }, (_, i) => `k${i}`)
    const note = (node: Started, key: string, n: number) => node.system.entity(Ledger, key).ask("note", { sender: node.node.name, n }) // prettier-ignore
    t.same(
      await Promise.all(keys.map((key) => note(a, key, 0))),
      keys.map(() => 1),
    )
    t.same(
      await Promise.all(keys.map((key) => note(b, key, 0))),
      keys.map(() => 2),
    )
    t.ok(a.system.residentEntities > 0 && b.system.residentEntities > 0)

    // It looks dead to all others, and knows nothing of it.
    const onB = keys.find((key) => b.ownership.standing(b.shards.shardOf({ tenant: "default", type: "ledger", key })) === "owner") as string // prettier-ignore
    await b.registry.close()
    mesh.cut(a.peers, b.peers)
    announce({ b: "unreachable" })
    const from = performance.now()
    await sleep(3000)
    announce({ b: "down" })
    await until("a serves all", () => a.shards.status.served === shards)
    const took = performance.now() - from
    t.ok(took < 10_000, `${Math.round(took)} ms`)
    t.comment(`killed owner: all ${shards} shards are served again after ${Math.round(took)} ms`)
    t.same(
      await Promise.all(keys.map((key) => note(a, key, 1))),
      keys.map(() => 3),
    )
    await t.rejects(note(b, onB, 1), { code: /SHARD_MOVED|JOURNAL_FAILED|UNAVAILABLE/ })
    await t.rejects(b.system.entity(Ledger, onB).ask("total"), { code: /SHARD_MOVED|UNAVAILABLE/ })
    t.equal(await a.system.entity(Ledger, onB).ask("total"), 3)

    for (const node of nodes) {
      node.shards.close()
      await node.system.stop()
      await node.ownership.leave()
      await node.registry.close()
    }
  })
