import t from "tap"
import type { ClusterStatus } from "#cluster/cluster-status.js"
import type { NodeDescription } from "#cluster/node.js"
import { nodeId } from "#cluster/node.js"
import type { Peers, Service } from "#cluster/peers.js"
import type { Plan } from "#cluster/placement.js"
import { ClusterOperator } from "#src/cluster-operator.js"
import { HandClock } from "#test/support/hand-clock.js"

const description = (name: string): NodeDescription => ({ name, incarnation: 7, address: `${name}:7430`, roles: [], capabilities: {}, capacity: 1, protocol: { min: 1, max: 1 } }) // prettier-ignore

const plan: Plan = {
  now: [{ shard: 1, from: undefined, to: "a", why: "new" }],
  later: [{ shard: 2, from: "b", to: "a", why: "level" }],
  away: [3],
  shares: new Map([["a", { before: 1, after: 3 }]]),
  minutes: 1,
}

/** Two nodes whose rooms talk to each other directly; `c` is down, `d` has been removed and still owns a shard. */
function town() {
  const clock = new HandClock()
  const did: string[] = []
  const services = new Map<string, Service>()
  const status = (node: string): ClusterStatus => ({
    cluster: "town",
    node: `${node}#7`,
    ready: true,
    waitingFor: [],
    members: (["a", "b", "c"] as const).map((name) => ({
      ...description(name),
      id: nodeId(description(name)),
      status: name === "c" ? ("down" as const) : ("up" as const),
      forMs: 0,
      protocol: 1,
      linked: name !== "c",
    })),
    shards: { count: 8, owned: { a: 3, b: 2, c: 1, d: 1 }, here: 3, moving: 0, unowned: 1 },
    lease: { fresh: true, staleForMs: 0 },
    registry: { answers: true, reason: null },
  })
  const operator = (name: string) => {
    const peers = {
      self: description(name),
      serve: (_service: string, handler: Service) => void services.set(name, handler),
      named: (other: string) => (services.has(other) && other !== name ? `${other}#7` : undefined),
      call: async (peer: string, _service: string, verb: string) => services.get(peer.split("#")[0] ?? "")?.handle(verb, undefined as never, `${name}#7`), // prettier-ignore
    } as unknown as Peers
    return new ClusterOperator({
      cluster: {
        status: () => status(name),
        drain: async () => void did.push(`${name} drains`),
        forget: async (node) => void did.push(`${name} forgets ${node}`),
        rebalance: async ({ dryRun } = {}) => {
          did.push(`${name} ${dryRun === true ? "plans" : "rebalances"}`)
          return plan
        },
      },
      peers,
      queued: () => new Map([["a", 4]]),
      stop: () => void did.push(`${name} stops`),
      clock,
    })
  }
  return { a: operator("a"), b: operator("b"), clock, did }
}

t.test("each member is shown with its shards and load, and who owns shards without being one", async (t) => {
  const { a } = town()
  const view = await a.status()
  t.match(view, { name: "town", node: "a", shards: 8, unowned: 1, registry: true, ready: true })
  t.strictSame(
    view.members.map(({ name, incarnation, status, shards, queued }) => [name, incarnation, status, shards, queued]),
    [
      ["a", 7, "up", 3, 4],
      ["b", 7, "up", 2, undefined],
      ["c", 7, "down", 1, undefined],
      ["d", 0, "down", 1, undefined],
    ],
  )
})

t.test("O1. a drain is done where it is asked for; who leaves answers before it stops", async (t) => {
  const { a, clock, did } = town()
  await a.drain("a")
  await a.drain("b")
  t.strictSame(did.splice(0), ["a drains", "b drains"])
  await a.leave("b")
  t.strictSame(did.splice(0), ["b drains"])
  clock.wind(1000)
  t.strictSame(did.splice(0), ["b stops"])
  await a.leave("a")
  t.strictSame(did.splice(0), ["a drains"])
  clock.wind(1000)
  t.strictSame(did, ["a stops"])
})

t.test("O2. only who is down can be given up, member or not", async (t) => {
  const { a, did } = town()
  await t.rejects(a.forget("b"), { code: "NODE_ALIVE", message: /cluster leave b/ })
  await t.rejects(a.forget("e"), { code: "UNKNOWN_NODE", message: /there are: a, b, c, d/ })
  await a.forget("c")
  await a.forget("d")
  t.strictSame(did, ["a forgets c", "a forgets d"])
})

t.test("a node that cannot be reached is not waited for", async (t) => {
  const { a } = town()
  await t.rejects(a.drain("c"), { code: "NODE_UNREACHABLE", message: "c is down, and a has no connection to it" })
  await t.rejects(a.leave("nobody"), { code: "UNKNOWN_NODE" })
})

t.test("a plan is told as plain data", async (t) => {
  const { a, did } = town()
  t.strictSame(await a.rebalance({ dryRun: true }), {
    dryRun: true,
    shares: [{ node: "a", before: 1, after: 3 }],
    now: [{ shard: 1, to: "a", why: "new" }],
    later: [{ shard: 2, from: "b", to: "a", why: "level" }],
    away: [3],
    minutes: 1,
  })
  await a.rebalance({ dryRun: false })
  t.strictSame(did, ["a plans", "a rebalances"])
})
