import t from "tap"
import {
  giverTakes,
  IDLE,
  RUNNING,
  stepGiver,
  stepTaker,
  takerTakes,
  type Giver,
  type GiverEvent,
  type Taker,
  type TakerEvent,
} from "#cluster/hand-off.js"
import { explore, type Slip } from "./support/hand-off-world.js"

function give(ships: boolean, ...events: readonly GiverEvent[]) {
  let giver: Giver = RUNNING
  const did: string[] = []
  for (const event of events) {
    const step = stepGiver(giver, event, ships)
    giver = step.giver
    did.push(...step.actions.map((action) => action.do))
  }
  return { at: giver.at, takes: giverTakes(giver), did: did.join(" ") }
}

function take(ships: boolean, ...events: readonly TakerEvent[]) {
  let taker: Taker = IDLE
  const did: string[] = []
  for (const event of events) {
    const step = stepTaker(taker, event, ships)
    taker = step.taker
    did.push(...step.actions.map((action) => action.do))
  }
  return { at: taker.at, takes: [takerTakes(taker, "giver"), takerTakes(taker, "others")], did: did.join(" ") }
}

const move: GiverEvent = { kind: "move", taker: "b" }
const [accepted, stopped, shipped, released, gone]: GiverEvent[] = [
  { kind: "accepted" },
  { kind: "stopped" },
  { kind: "shipped" },
  { kind: "released" },
  { kind: "taker-gone" },
] as const
const offered: TakerEvent = { kind: "offered", giver: "a" }

t.test("a giver handles until the move is accepted, holds until the record is given up, then sends on", (t) => {
  t.same(give(false, move), { at: "offering", takes: "handle", did: "offer" })
  t.same(give(false, move, accepted!), { at: "stopping", takes: "hold", did: "offer stop-entities" })
  t.same(give(false, move, accepted!, stopped!), { at: "releasing", takes: "hold", did: "offer stop-entities release" })
  t.same(give(false, move, accepted!, stopped!, released!).did, "offer stop-entities release flush")
  t.same(give(false, move, accepted!, stopped!, released!).takes, "send-on")
  t.equal(give(true, move, accepted!, stopped!, shipped!, released!).did, "offer stop-entities ship release flush")
  t.end()
})

t.test("before the record is given up the giver goes back to running whenever the taker fails (H1)", (t) => {
  for (const events of [[move], [move, accepted!], [move, accepted!, stopped!]])
    t.equal(give(true, ...events, gone!).at, "running", `after ${events.length} steps`)
  t.equal(give(true, move, { kind: "declined" }).at, "running")
  t.match(give(true, move, accepted!, stopped!, gone!).did, /replay$/)
  t.match(give(false, move, accepted!, stopped!, { kind: "kept" }).did, /replay abort$/)
  t.end()
})

t.test("while it is not known whether the record was given up the giver holds and asks again (H1)", (t) => {
  const doubt = [move, accepted!, stopped!, { kind: "release-unknown" }] as const
  t.same(give(false, ...doubt), { at: "releasing", takes: "hold", did: "offer stop-entities release release" })
  t.match(give(false, ...doubt, gone!), { at: "releasing" }, "even when the taker has gone")
  t.match(give(false, ...doubt, gone!, released!), { at: "away", did: /send-again$/ })
  t.match(give(false, ...doubt, gone!, { kind: "kept" }), { at: "running", did: /replay abort$/ })
  t.end()
})

t.test("a giver that is fenced stops, and what it holds is sent again", (t) => {
  t.match(give(false, { kind: "fenced" }), { at: "away", did: /stop-entities send-again$/ })
  for (const events of [[move], [move, accepted!], [move, accepted!, stopped!]])
    t.match(give(false, ...events, { kind: "fenced" }), { at: "away", did: /stop-entities send-again abort$/ })
  t.end()
})

t.test("a taker holds what comes, handles what is flushed first, then what came directly (H4)", (t) => {
  const owned = [offered, { kind: "owned" }] as const
  t.same(take(false, offered), { at: "waiting", takes: ["hold", "hold"], did: "accept" })
  t.match(take(false, ...owned, { kind: "recovered" }), {
    at: "following",
    takes: ["handle", "hold"],
    did: /replay-flushed$/,
  })
  t.match(take(false, ...owned, { kind: "recovered" }, { kind: "flush-ended" }), { at: "serving", did: /replay$/ })
  t.match(take(false, ...owned, { kind: "flush-ended" }, { kind: "recovered" }), {
    at: "serving",
    did: /replay-flushed replay$/,
  })
  t.match(take(false, ...owned, { kind: "recovered" }, { kind: "giver-gone" }), { at: "serving", did: /replay$/ })
  t.match(take(false, ...owned, { kind: "recovery-failed" }), { at: "idle", did: /stop-entities send-again$/ })
  t.equal(take(false, offered, { kind: "offered", giver: "c" }).did, "accept decline")
  t.end()
})

t.test("a taker whose giver went keeps the copy it has stored until it knows whose the shard is (H2)", (t) => {
  const staged = [offered, { kind: "stored" }] as const
  t.equal(take(true, offered, { kind: "giver-gone" }).did, "accept send-again", "nothing stored, nothing to own")
  const kept = [...staged, { kind: "giver-gone" }, { kind: "not-owned" }] as const
  t.match(take(true, ...kept), { at: "kept", did: /read-record send-again$/, takes: ["send-on", "send-on"] })
  t.match(take(true, ...kept, { kind: "owned" }), { at: "recovering" }, "the giver's write was under way")
  t.match(take(true, ...kept, { kind: "aborted" }), { at: "idle", did: /drop-staged$/ })
  t.match(take(true, ...kept, offered), { at: "waiting", did: /drop-staged accept$/ })
  t.end()
})

for (const ships of [false, true])
  t.test(
    `over all interleavings with crashes, cuts and doubts nothing is lost or handled by two${ships ? ", state shipped" : ""} (H1 to H4)`,
    (t) => {
      const { states, violation, stuck, fates } = explore(ships)
      t.comment(`${states} states`)
      t.equal(violation, undefined)
      t.equal(stuck, undefined, "from everywhere there is a way on which nobody holds a message any more")
      for (const fate of ["handled by giver", "handled by taker", "sent again", "told"]) t.ok(fates.has(fate), fate)
      t.ok(states > 5_000)
      t.end()
    },
  )

const slips: Readonly<Record<Slip, string>> = {
  "release-before-stored": "the record is given up before the state is stored (H2)",
  "drop-when-not-owned": "a taker drops its copy when the record is not its own yet (H2)",
  "run-in-doubt": "a giver goes back to running while its release is in doubt (H1)",
  "forget-held": "a giver that is fenced forgets what it holds (H3)",
  "replay-first": "a taker handles what came directly before what is flushed (H4)",
}

for (const [slip, what] of Object.entries(slips))
  t.test(`the search finds a planted bug: ${what}`, (t) => {
    const found = [true, false]
      .map((ships) => explore(ships, slip as Slip))
      .find(({ violation }) => violation !== undefined)
    t.ok(found?.violation, String(found?.violation))
    t.end()
  })
