/** Whatever is no object of options is refused at its door, by name; so is an option that there is not. */
import t from "tap"
import { defineActor, type ActorRef } from "#actors/index.js"
import {
  consulRegistry,
  joinCluster,
  levelState,
  memoryCluster,
  openPostgresJournal,
  openPostgresState,
  staticRegistry,
} from "#cluster/index.js"
import { checkedNode } from "#cluster/node.js"
import { JoinedNodes } from "./support/joined.js"

const noObject = [null, 5, 5n, "x", "", true, Symbol("x"), [], () => undefined] as never[]
const misspelt = { nmae: 1, name: "x" } as never
const Plain = defineActor({ name: "plain", state: () => null, receive: { fine: () => "fine" } })

t.test("what is no object of options, or names one that there is not, is refused at every door", async (t) => {
  const shared = memoryCluster("shop")
  const base = () => ({
    name: "shop",
    node: { name: "a" },
    registry: shared.registry(),
    state: shared.state(),
    listen: "127.0.0.1:0",
  })
  const cluster = await new JoinedNodes(t).join("a")
  const ref = cluster.system.spawn(Plain) as ActorRef<unknown>
  t.ok(ref)
  const doors: Readonly<Record<string, readonly [code: string, open: (options: never) => unknown]>> = {
    joinCluster: ["INVALID_NODE", (options) => joinCluster(options)],
    node: ["INVALID_NODE", (node) => joinCluster({ ...base(), node })],
    membership: ["INVALID_NODE", (membership) => joinCluster({ ...base(), membership })],
    mesh: ["INVALID_NODE", (mesh) => joinCluster({ ...base(), mesh })],
    timings: ["INVALID_NODE", (timings) => joinCluster({ ...base(), mesh: { timings } })],
    sizes: ["INVALID_NODE", (sizes) => joinCluster({ ...base(), mesh: { sizes } })],
    rebalance: ["INVALID_NODE", (rebalance) => joinCluster({ ...base(), rebalance })],
    hold: ["INVALID_NODE", (hold) => joinCluster({ ...base(), hold })],
    tls: ["INVALID_NODE", (tls) => joinCluster({ ...base(), tls })],
    consulRegistry: ["INVALID_NODE", (options) => consulRegistry(options)],
    "timings of a registry": ["INVALID_NODE", (timings) => consulRegistry({ cluster: "shop", timings })],
    staticRegistry: ["INVALID_NODE", (options) => staticRegistry(options)],
    memoryCluster: ["INVALID_NODE", (options) => memoryCluster("shop", options)],
    levelState: ["INVALID_DEFINITION", (options) => levelState(undefined as never, options)],
    openPostgresState: ["INVALID_DEFINITION", (options) => openPostgresState(options)],
    openPostgresJournal: ["INVALID_DEFINITION", (options) => openPostgresJournal(options)],
    limit: ["INVALID_DEFINITION", (rate) => cluster.limit("mails", rate)],
  }
  for (const [name, [code, open]] of Object.entries(doors)) {
    for (const options of noObject)
      await t.rejects(
        async () => open(options),
        { code, message: /is .*; it is an object$/ },
        `${name} ${typeof options}`,
      )
    await t.rejects(async () => open(misspelt), { code, message: /no option "nmae"/ }, name)
  }
  for (const part of ["registry", "state"])
    for (const value of noObject)
      await t.rejects(joinCluster({ ...base(), [part]: value }), { code: "INVALID_NODE", message: new RegExp(part) })
})

t.test("S38: what a node says of itself is refused by the name of its field, whatever was given", (t) => {
  const node = {
    name: "a",
    incarnation: 1,
    address: "a:1",
    roles: [],
    capabilities: {},
    capacity: 1,
    protocol: { min: 1, max: 1 },
  }
  const circle: unknown[] = []
  circle.push(circle)
  for (const value of [5n, NaN, Infinity, "1", null, Symbol("x"), () => 1, circle, { n: 5n }] as never[])
    t.throws(() => checkedNode({ ...node, capacity: value }), { code: "INVALID_NODE", message: /^capacity of a node/ })
  for (const value of [5n, NaN, null, Symbol("x"), () => 1, circle, { n: 5n }] as never[]) {
    const message = /^capabilities of a node/
    t.throws(() => checkedNode({ ...node, capabilities: { x: value } }), { code: "INVALID_NODE", message })
  }
  t.throws(() => checkedNode({ ...node, capacity: NaN }), { message: /not NaN$/ })
  t.throws(() => checkedNode({ ...node, capacity: 5n as never }), { message: /not 5n$/ })
  for (const value of [5, 5n, null, true, ["a"]] as never[]) {
    t.throws(() => checkedNode({ ...node, name: value }), { code: "INVALID_NODE", message: /^name of a node/ })
    t.throws(() => checkedNode({ ...node, roles: [value] }), { code: "INVALID_NODE", message: /^roles of a node/ })
    t.throws(() => checkedNode({ ...node, address: value }), { code: "INVALID_NODE", message: /^address of a node/ })
  }
  t.end()
})

t.test("S38: the numbers of a limit and of a registry are checked before anything is begun", async (t) => {
  const cluster = await new JoinedNodes(t).join("a")
  for (const value of [5n, NaN, "5", null, -1] as never[]) {
    for (const name of ["perSecond", "burst", "lot"])
      t.throws(() => cluster.limit("l", { perSecond: 5, burst: 5, [name]: value }), { code: "INVALID_DEFINITION" })
    t.throws(() => consulRegistry({ cluster: "shop", timings: { beatMs: value } }), { code: "INVALID_NODE" })
    t.throws(() => levelState(undefined as never, { settleMs: value }), { code: "INVALID_DEFINITION" })
  }
  t.throws(() => cluster.limit("l", { perSecond: 5, burst: 5, whenUnavailable: "let" as never }), {
    message: /"refuse"/,
  })
})
