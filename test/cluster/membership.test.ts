import fc from "fast-check"
import t from "tap"
import { firstView, holders, type MemberStatus, type View } from "#cluster/members.js"
import { DEFAULT_MEMBERSHIP, stepMembership, type MembershipAction, type MembershipEvent } from "#cluster/membership.js"
import { negotiate, nodeId, type NodeDescription } from "#cluster/node.js"
import type { RegisteredNode } from "#cluster/registry.js"

function node(name: string, incarnation = 1, changes: Partial<NodeDescription> = {}): NodeDescription {
  const protocol = { min: 1, max: 2 }
  return { name, incarnation, address: `${name}:1`, roles: [], capabilities: {}, capacity: 1, protocol, ...changes }
}

const listed = (
  node: NodeDescription,
  health: "passing" | "critical" = "passing",
  leaving = false,
): RegisteredNode => ({
  node,
  health,
  leaving,
})
const list = (number: number, ...nodes: readonly RegisteredNode[]): MembershipEvent => ({
  kind: "registry-list",
  list: number,
  nodes,
})
const answered = (id: string, probe: number): MembershipEvent => ({ kind: "probe-answered", id, probe })
const failed = (id: string, probe: number): MembershipEvent => ({ kind: "probe-failed", id, probe })
const vote = (from: string, about: string, accuses: boolean, number = 1): MembershipEvent => ({
  kind: "vote",
  from,
  about,
  accuses,
  number,
})
const time: MembershipEvent = { kind: "time" }

/** Plays events, each at its moment. */
function play(view: View, ...script: readonly (readonly [number, MembershipEvent])[]) {
  const actions: MembershipAction[] = []
  for (const [now, event] of script) {
    const step = stepMembership(view, event, DEFAULT_MEMBERSHIP, now)
    view = step.view
    actions.push(...step.actions)
  }
  const status = (id: string): MemberStatus | "none" => view.members.get(id)?.status ?? "none"
  return { view, actions, status, did: actions.map((action) => action.do) }
}

const [a, b, c, d, e] = ["a", "b", "c", "d", "e"].map((name) => node(name)) as [
  NodeDescription,
  NodeDescription,
  NodeDescription,
  NodeDescription,
  NodeDescription,
]
const all = [a, b, c, d, e].map((node) => listed(node))
const wellProbed = ["b#1", "c#1", "d#1", "e#1"].map((id) => [0, answered(id, 1)] as const)
/** a's view of five nodes that are up. */
const five = play(firstView(a, 0), [0, list(1, ...all)], ...wellProbed).view

t.test("a node is seen joining, connected, and up once the registry passes it and it answers (M5)", (t) => {
  const seen = play(firstView(a, 0), [0, list(1, listed(a), listed(b))])
  t.equal(seen.status("a#1"), "up")
  t.equal(seen.status("b#1"), "joining")
  t.match(seen.actions, [{ to: "joining" }, { do: "connect", id: "b#1", protocol: 2 }, { id: "a#1", to: "up" }])
  t.equal(play(seen.view, [1, answered("b#1", 1)]).status("b#1"), "up")
  t.equal(play(firstView(a, 0), [0, list(1, listed(b, "critical"))], [1, answered("b#1", 1)]).status("b#1"), "joining")
  t.end()
})

t.test("one witness alone moves nothing; two make a member unreachable, and down in time (M3)", (t) => {
  const registry = list(2, ...all.slice(0, 4), listed(e, "critical"))
  const probes = failed("e#1", 4)
  const votes = ["b#1", "c#1"].map((from) => [10, vote(from, "e#1", true)] as const)
  const gone = list(2, ...all.slice(0, 4))
  for (const alone of [[[10, registry] as const], [[10, gone] as const], [[10, probes] as const], votes])
    t.equal(play(five, ...alone, [10, time]).status("e#1"), "up")
  for (const two of [
    [[10, registry] as const, [10, probes] as const],
    [[10, probes] as const, ...votes],
    [[10, registry] as const, ...votes],
  ]) {
    const accused = play(five, ...two)
    t.equal(accused.status("e#1"), "unreachable")
    t.equal(holders(accused.view).length, 5, "it keeps its shards for now")
  }
  const down = play(five, [10, registry], [10, probes], [2009, time], [2010, time])
  t.equal(down.status("e#1"), "down")
  t.equal(holders(down.view).length, 4)
  t.equal(
    play(down.view, [3000, list(3, ...all)], [3000, answered("e#1", 9)]).status("e#1"),
    "up",
    "a frozen node is welcome back",
  )
  t.end()
})

t.test("peers accuse by more than half of those that are up, with votes that are fresh (M3, M4)", (t) => {
  const two = [
    [10, failed("e#1", 4)],
    [10, vote("b#1", "e#1", true)],
  ] as const
  t.equal(play(five, ...two).status("e#1"), "up", "one of three")
  t.equal(play(five, ...two, [20, vote("c#1", "e#1", true)]).status("e#1"), "unreachable", "two of three")
  t.equal(play(five, ...two, [4000, vote("c#1", "e#1", true)]).status("e#1"), "up", "the first is stale by then")
  t.equal(play(five, ...two, [20, vote("e#1", "e#1", true)]).status("e#1"), "up", "nobody votes about itself")
  t.equal(play(five, ...two, [20, vote("x#1", "e#1", true)]).status("e#1"), "up", "a stranger has no vote")
  t.equal(
    play(five, ...two, [20, vote("b#1", "e#1", false, 2)], [30, vote("c#1", "e#1", true)]).status("e#1"),
    "up",
    "it has changed its mind",
  )
  t.end()
})

t.test("a registry that is away or was wiped moves nothing (M4)", (t) => {
  const wiped = play(five, [10, { kind: "registry-away" }], [10, list(2)], [90_000, time])
  for (const id of ["b#1", "c#1", "d#1", "e#1"]) t.equal(wiped.status(id), "up")
  const away = play(five, [10, { kind: "registry-away" }], [10, failed("e#1", 4)])
  t.equal(away.status("e#1"), "up", "the last it said is not held against anyone")
  const found = play(away.view, [20, vote("b#1", "e#1", true)], [20, vote("c#1", "e#1", true)])
  t.equal(found.status("e#1"), "unreachable", "peers and probes are enough")
  t.end()
})

t.test("a minority that is cut off from all condemns nobody, and the majority condemns it (M3)", (t) => {
  // a and b on one side, c, d and e on the other; neither side hears the registry.
  const cut = [10, { kind: "registry-away" }] as const
  const others = ["c#1", "d#1", "e#1"].flatMap((id) => [
    [10, failed(id, 4)] as const,
    [10, vote("b#1", id, true)] as const,
  ])
  const minority = play(five, cut, ...others, [60, time])
  for (const id of ["c#1", "d#1", "e#1"]) t.equal(minority.status(id), "up")
  const c = node("c")
  const first = play(
    firstView(c, 0),
    [0, list(1, ...all)],
    ...["a#1", "b#1", "d#1", "e#1"].map((id) => [0, answered(id, 1)] as const),
  )
  const votes = ["a#1", "b#1"].flatMap((id) => [
    [10, failed(id, 4)] as const,
    [10, vote("d#1", id, true)] as const,
    [10, vote("e#1", id, true)] as const,
  ])
  const majority = play(first.view, cut, ...votes, [10, time], [2010, time])
  t.equal(majority.status("a#1"), "down")
  t.equal(majority.status("b#1"), "down")
  t.end()
})

t.test("a leaving member is removed once it is gone from registry and probes, and never goes back to up (M2)", (t) => {
  const leaving = play(five, [10, list(2, ...all.slice(0, 4), listed(e, "passing", true))])
  t.equal(leaving.status("e#1"), "leaving")
  t.equal(play(leaving.view, [20, list(3, ...all)], [20, answered("e#1", 9)]).status("e#1"), "leaving")
  const gone = play(leaving.view, [20, list(3, ...all.slice(0, 4))])
  t.equal(gone.status("e#1"), "leaving", "a registry that was wiped does not end its hand-off")
  t.equal(play(gone.view, [30, failed("e#1", 4)], [2030, time]).status("e#1"), "none")
  t.equal(
    play(leaving.view, [30, { kind: "removed", id: "e#1" }]).status("e#1"),
    "none",
    "it says itself that it has left",
  )
  t.end()
})

t.test("a node that is asked to leave announces it once, and is leaving", (t) => {
  const asked = play(
    five,
    [10, { kind: "leave", id: "a#1" }],
    [11, { kind: "leave", id: "a#1" }],
    [12, list(2, ...all)],
  )
  t.equal(asked.status("a#1"), "leaving")
  t.same(asked.did.filter((what) => what === "announce-leaving").length, 1)
  t.end()
})

t.test("a member that stays down and is gone from the registry is removed, told of, and disconnected (M1)", (t) => {
  const gone = play(five, [10, list(2, ...all.slice(0, 4))], [10, failed("e#1", 4)], [2010, time], [62_009, time])
  t.equal(gone.status("e#1"), "down")
  const removed = play(gone.view, [62_010, time])
  t.equal(removed.status("e#1"), "none")
  t.match(removed.actions.slice(0, 3), [
    { do: "tell-removed", id: "e#1" },
    { do: "changed", to: "removed" },
    { do: "disconnect", id: "e#1" },
  ])
  t.equal(play(removed.view, [62_020, list(3, ...all)]).status("e#1"), "none", "its registration came back")
  t.equal(
    play(removed.view, [62_020, list(3, ...all, listed(node("e", 2)))]).status("e#2"),
    "joining",
    "its successor is welcome",
  )
  t.end()
})

t.test("a new incarnation removes the one before, and the older never takes its place (M1)", (t) => {
  const restarted = play(five, [10, list(2, ...all, listed(node("e", 7)))])
  t.equal(restarted.status("e#1"), "none")
  t.equal(restarted.status("e#7"), "joining")
  t.equal(play(restarted.view, [20, list(3, ...all)]).status("e#1"), "none")
  t.equal(
    play(five, [10, list(2, ...all, listed(node("a", 2)))]).did.includes("stop"),
    true,
    "our own successor has started",
  )
  t.end()
})

t.test("a node that was removed by the others stops, and is told above what to start anew (M1)", (t) => {
  const { actions } = play(five, [10, { kind: "removed", id: "a#1" }], [11, { kind: "removed", id: "a#1" }])
  t.same(actions, [{ do: "stop", removed: 1 }])
  t.end()
})

t.test("protocol versions meet at the highest that both speak, so that an upgrade can roll (M8)", (t) => {
  t.equal(negotiate({ min: 1, max: 2 }, { min: 2, max: 3 }), 2)
  t.equal(negotiate({ min: 1, max: 4 }, { min: 2, max: 3 }), 3)
  t.equal(negotiate({ min: 1, max: 1 }, { min: 2, max: 3 }), undefined)
  const stranger = node("b", 1, { protocol: { min: 3, max: 4 } })
  const seen = play(
    firstView(a, 0),
    [0, list(1, listed(a), listed(stranger))],
    [1, time],
    [2, answered("b#1", 1)],
    [3, time],
  )
  t.equal(seen.status("b#1"), "joining")
  t.notOk(seen.did.includes("connect") || seen.did.includes("probe"))
  t.end()
})

t.test("probes go out at their pace, to every member but oneself, and votes with them", (t) => {
  const probed = (now: number) =>
    play(five, [0, time], [now, time]).actions.filter(({ do: what }) => what === "probe").length
  t.equal(probed(499), 4)
  t.equal(probed(500), 8)
  const { actions } = play(five, [0, failed("e#1", 4)], [0, time])
  t.match(
    actions.filter((action) => action.do === "tell-vote" && action.about === "e#1"),
    [{ accuses: true }],
  )
  const votes = actions.filter((action) => action.do === "tell-vote")
  t.equal(votes.length, 1, "of those who answer nothing is said")
  const { actions: after } = play(
    five,
    [0, failed("e#1", 4)],
    [0, time],
    [100, answered("e#1", 5)],
    [500, time],
    [1000, time],
  )
  t.match(
    after.filter((action) => action.do === "tell-vote"),
    [{ accuses: true }, { accuses: false }],
    "taken back once",
  )
  t.end()
})

t.test("tombstones are kept for a day and in bounded number, the newest first", (t) => {
  const few = { ...DEFAULT_MEMBERSHIP, tombstones: 2 }
  let { view } = play(
    five,
    [0, { kind: "removed", id: "x#1" }],
    [1, { kind: "removed", id: "y#1" }],
    [2, { kind: "removed", id: "z#1" }],
  )
  view = stepMembership(view, time, few, 3).view
  t.same([...view.tombstones.keys()].sort(), ["y", "z"])
  view = stepMembership(view, time, few, few.tombstoneMs + 1).view
  t.same([...view.tombstones.keys()], ["z"])
  t.end()
})

const names = ["a", "b", "c", "d"]
const anyId = fc.record({ name: fc.constantFrom(...names), incarnation: fc.integer({ min: 1, max: 3 }) }).map(nodeId)
const anyEvent: fc.Arbitrary<MembershipEvent> = fc.oneof(
  { weight: 3, arbitrary: fc.constant(time) },
  fc.constant<MembershipEvent>({ kind: "registry-away" }),
  fc.record({
    kind: fc.constant("registry-list" as const),
    list: fc.integer({ min: 1, max: 40 }),
    nodes: fc.array(
      fc.record({
        node: fc
          .tuple(fc.constantFrom(...names), fc.integer({ min: 1, max: 3 }))
          .map(([name, incarnation]) => node(name, incarnation)),
        health: fc.constantFrom("passing" as const, "critical" as const),
        leaving: fc.boolean(),
      }),
      { maxLength: 5 },
    ),
  }),
  fc.record({
    kind: fc.constantFrom("probe-answered" as const, "probe-failed" as const),
    id: anyId,
    probe: fc.integer({ min: 1, max: 30 }),
  }),
  fc.record({
    kind: fc.constant("vote" as const),
    from: anyId,
    about: anyId,
    accuses: fc.boolean(),
    number: fc.nat(30),
  }),
  fc.record({ kind: fc.constantFrom("leave" as const, "removed" as const), id: anyId }),
)

t.test(
  "whatever happens, nothing removed comes back, leaving is for ever, and the version tells every change (M1, M2, M7)",
  (t) => {
    let removals = 0
    fc.assert(
      fc.property(fc.array(fc.tuple(anyEvent, fc.nat(3000)), { minLength: 30, maxLength: 80 }), (script) => {
        let view = firstView(node("a", 2), 0)
        let now = 0
        const removed = new Map<string, number>()
        const left = new Set<string>()
        const seen = (view: View) =>
          [...view.members.values()].map(({ id, node, status, protocol }) => [id, node, status, protocol])
        for (const [event, pause] of script) {
          now += pause
          const step = stepMembership(view, event, DEFAULT_MEMBERSHIP, now)
          const changed = JSON.stringify(seen(step.view)) !== JSON.stringify(seen(view))
          if (step.view.version !== view.version + Number(changed)) return false
          for (const action of step.actions) {
            if (action.do !== "changed" || action.to !== "removed") continue
            removals++
            const [name, incarnation] = action.id.split("#") as [string, string]
            removed.set(name, Math.max(removed.get(name) ?? 0, Number(incarnation)))
          }
          view = step.view
          for (const { id, node, status } of view.members.values()) {
            if (id !== view.self && node.incarnation <= (removed.get(node.name) ?? 0)) return false
            if (left.has(id) && status !== "leaving" && status !== "down") return false
            if (status === "leaving") left.add(id)
          }
          if (new Set([...view.members.values()].map(({ node }) => node.name)).size < view.members.size) {
            // Only this node itself may stand beside its successor, until it has ended.
            if (step.actions.length > 0 && !view.tombstones.has("a")) return false
          }
        }
        return true
      }),
      { numRuns: 500 },
    )
    t.ok(removals > 300, `${removals} removals`)
    t.end()
  },
)

t.test("two nodes given the same evidence in any order agree on each member about which it decides (M6)", (t) => {
  let decided = 0
  const burst = fc.array(
    anyEvent.filter(
      (event) =>
        event.kind !== "removed" &&
        event.kind !== "registry-away" &&
        event.kind !== "time" &&
        event.kind !== "registry-list",
    ),
    { maxLength: 30 },
  )
  const health = fc.constantFrom("passing" as const, "critical" as const)
  const lists = fc.array(
    fc
      .tuple(...names.map(() => fc.tuple(health, fc.integer({ min: 0, max: 9 }))))
      .map((states) =>
        states.flatMap(([health, luck], n) => (luck === 0 ? [] : [listed(node(names[n]!), health, luck === 1)])),
      ),
    { minLength: 1, maxLength: 4 },
  )
  const everybody = list(1, ...names.map((name) => listed(node(name))))
  fc.assert(
    fc.property(burst, lists, fc.infiniteStream(fc.nat()), (burst, lists, luck) => {
      const numbered = lists.map((nodes, n) => list(n + 2, ...nodes))
      // What one voter counts with one number is one vote, and a probe has one outcome.
      const unique = new Map<string, MembershipEvent>()
      for (const event of burst) {
        const key =
          event.kind === "vote"
            ? `${event.from} ${event.about} ${event.number}`
            : "probe" in event
              ? `${event.id} ${event.probe}`
              : JSON.stringify(event)
        unique.set(key, event)
      }
      const events = [...unique.values(), ...numbered]
      const shuffled = events.map((event) => ({ event, at: luck.next().value as number })).sort((x, y) => x.at - y.at)
      const end = [10, time] as const
      const later = [10 + DEFAULT_MEMBERSHIP.downAfterMs, time] as const
      const first = play(firstView(node("a"), 0), [0, everybody], ...events.map((event) => [10, event] as const), end)
      const second = play(
        firstView(node("a"), 0),
        [0, everybody],
        ...shuffled.map(({ event }) => [10, event] as const),
        end,
      )
      const [one, two] = [play(first.view, later), play(second.view, later)]
      for (const name of names.slice(1)) {
        const id = nodeId(node(name))
        const member = one.view.members.get(id)
        const { registry, probes, leaving, accusedSince } = member?.evidence ?? {}
        const well = registry === "passing" && probes !== undefined && probes.answered > probes.failed
        if (!well && accusedSince === undefined && leaving !== true && member !== undefined) continue
        decided++
        if (one.status(id) !== two.status(id)) return false
      }
      return true
    }),
    { numRuns: 500 },
  )
  t.ok(decided > 300, `${decided} decided`)
  t.end()
})
