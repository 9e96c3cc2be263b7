/**
 * Every interleaving of one hand-off, breadth first: giver and taker with their streams to each other, the record of the owner, two messages of one sender,
 * at most one crash, one cut of the streams and two moves. Whatever a machine can meet is a step: each local task may end at any moment, the release may
 * be carried out, fail, or leave doubt either way.
 */
import {
  giverTakes,
  IDLE,
  RUNNING,
  stepGiver,
  stepTaker,
  takerTakes,
  type Giver,
  type GiverAction,
  type GiverEvent,
  type Taker,
  type TakerAction,
  type TakerEvent,
} from "#cluster/hand-off.js"

/** Mistakes that the search must find. */
export type Slip = "release-before-stored" | "drop-when-not-owned" | "run-in-doubt" | "forget-held" | "replay-first"

type OnStream = { readonly message: number } | { readonly giver: GiverEvent } | { readonly taker: TakerEvent } | "ship"

interface World {
  giver: Giver | "dead"
  taker: Taker | "dead"
  /** `free`: given up, and the lock not yet taken. */
  record: "giver" | "taker" | "free"
  entitiesOfGiver: boolean
  /** The taker has the state durably. */
  copy: boolean
  held: number[]
  direct: number[]
  flushed: number[]
  toTaker: OnStream[]
  toGiver: OnStream[]
  /** Local tasks that are under way. */
  tasks: string[]
  /** A release whose answer was lost and that may still be carried out. */
  late: boolean
  fates: string[]
  handled: number[]
  unsent: number[]
  /** The sender has learned of the taker. */
  learned: boolean
  moves: number
  crashes: number
  cuts: number
  violation: string | undefined
}

const start: World = {
  giver: RUNNING,
  taker: IDLE,
  record: "giver",
  entitiesOfGiver: true,
  copy: false,
  held: [],
  direct: [],
  flushed: [],
  toTaker: [],
  toGiver: [],
  tasks: [],
  late: false,
  fates: ["", ""],
  handled: [],
  unsent: [0, 1],
  learned: false,
  moves: 2,
  crashes: 1,
  cuts: 1,
  violation: undefined,
}

export interface Exploration {
  readonly states: number
  readonly violation: string | undefined
  /** A state from which somebody holds a message for ever. */
  readonly stuck: string | undefined
  readonly fates: ReadonlySet<string>
}

export function explore(ships: boolean, slip?: Slip): Exploration {
  const first = JSON.stringify(start)
  const numbers = new Map([[first, 0]])
  const keys = [first]
  /** For each state, those it is reached from without a crash, a cut or a new message. */
  const before: number[][] = [[]]
  const fates = new Set<string>()
  const calm: number[] = []
  for (let n = 0; n < keys.length; n++) {
    const key = keys[n]!
    const world = JSON.parse(key) as World
    const violation = world.violation ?? check(world, ships)
    for (const fate of world.fates) fates.add(fate)
    if (violation !== undefined)
      return { states: keys.length, violation: `${violation}: ${key}`, stuck: undefined, fates }
    if (world.held.length + world.direct.length + world.flushed.length === 0) calm.push(n)
    for (const [next, given] of successors(world, ships, slip)) {
      const text = JSON.stringify(next)
      let number = numbers.get(text)
      if (number === undefined) {
        number = keys.length
        numbers.set(text, number)
        keys.push(text)
        before.push([])
      }
      if (!given) before[number]!.push(n)
    }
  }
  const reached = new Set(calm)
  for (const n of reached) for (const from of before[n]!) reached.add(from)
  const stuck = keys.find((_, n) => !reached.has(n))
  return { states: keys.length, violation: undefined, stuck, fates }
}

function check(world: World, ships: boolean): string | undefined {
  const { held, direct, flushed, toTaker, fates, unsent, handled } = world
  const onStream = toTaker.flatMap((item) => (typeof item === "object" && "message" in item ? [item.message] : []))
  for (const message of [0, 1]) {
    const places = [...held, ...direct, ...flushed, ...onStream, ...unsent].filter((other) => other === message).length
    if (places + Number(fates[message] !== "") !== 1) return `message ${message} is in ${places} places`
  }
  if (ships && world.record === "taker" && !world.copy) return "the record names a node without the state"
  if (world.record !== "giver" && world.entitiesOfGiver && ships) return "the record was given up while entities ran"
  if (world.cuts === start.cuts && handled.length === 2 && handled[0] === 1) return "handled out of order" // H4
  return undefined
}

/** All next worlds; `given` marks what comes from outside and need not come. */
function successors(world: World, ships: boolean, slip: Slip | undefined): readonly (readonly [World, boolean])[] {
  const found: (readonly [World, boolean])[] = []
  const step = (change: (draft: World) => void, given = false): void => {
    const draft = structuredClone(world)
    change(draft)
    found.push([draft, given])
  }
  const { giver, taker, tasks } = world

  function handle(draft: World, message: number, by: "giver" | "taker"): void {
    // The store refuses whom the record does not name; the sender is told.
    const refused = draft.record !== by
    draft.fates[message] = refused ? "told" : `handled by ${by}`
    if (!refused) draft.handled.push(message)
  }
  const end = (draft: World, messages: number[], fate: string): void => {
    for (const message of messages.splice(0)) draft.fates[message] = fate
  }
  const done = (draft: World, task: string) => draft.tasks.splice(draft.tasks.indexOf(task), 1)

  function toGiver(draft: World, event: GiverEvent): void {
    if (draft.giver === "dead") return
    if (slip === "run-in-doubt" && event.kind === "release-unknown") event = { kind: "kept" }
    if (slip === "release-before-stored" && draft.giver.at === "stopping" && event.kind === "stopped") {
      draft.giver = { at: "shipping", taker: draft.giver.taker }
      event = { kind: "shipped" }
    }
    const { giver, actions } = stepGiver(draft.giver, event, ships)
    draft.giver = giver
    for (const action of actions) giverDoes(draft, action)
    if (giver.at === "running" || giver.at === "offering") {
      draft.entitiesOfGiver = true
      draft.tasks = draft.tasks.filter((task) => task !== "stop")
    }
  }

  function giverDoes(draft: World, action: GiverAction): void {
    switch (action.do) {
      case "offer":
        return void draft.toTaker.push({ taker: { kind: "offered", giver: "a" } })
      case "stop-entities":
        if (draft.giver !== "dead" && draft.giver.at === "away") draft.entitiesOfGiver = false
        else draft.tasks.push("stop")
        return
      case "ship":
        return void draft.toTaker.push("ship")
      case "release":
        return void draft.tasks.push("release")
      case "abort":
        return void draft.toTaker.push({ taker: { kind: "aborted" } })
      case "replay":
        for (const message of draft.held.splice(0)) handle(draft, message, "giver")
        return
      case "flush":
        for (const message of draft.held.splice(0)) draft.toTaker.push({ message })
        return void draft.toTaker.push({ taker: { kind: "flush-ended" } })
      case "send-again":
        if (slip === "forget-held") return void draft.held.splice(0)
        return end(draft, draft.held, "sent again")
    }
  }

  function toTaker(draft: World, event: TakerEvent): void {
    if (draft.taker === "dead") return
    if (slip === "drop-when-not-owned" && event.kind === "not-owned" && draft.taker.at === "staged")
      event = { kind: "aborted" }
    const { taker, actions } = stepTaker(draft.taker, event, ships)
    draft.taker = taker
    if (taker.at === "idle" || taker.at === "kept") draft.tasks = draft.tasks.filter((task) => task !== "read") // H5
    for (const action of actions) takerDoes(draft, action)
    if (slip === "replay-first" && taker.at === "following") takerDoes(draft, { do: "replay" })
  }

  function takerDoes(draft: World, action: TakerAction): void {
    switch (action.do) {
      case "accept":
        return void draft.toGiver.push({ giver: { kind: "accepted" } })
      case "decline":
        return void draft.toGiver.push({ giver: { kind: "declined" } })
      case "confirm-stored":
        return void draft.toGiver.push({ giver: { kind: "shipped" } })
      case "drop-staged":
        draft.copy = false
        return
      case "read-record":
        return void draft.tasks.push("read")
      case "recover":
        return void draft.tasks.push("recover")
      case "replay-flushed":
        for (const message of draft.flushed.splice(0)) handle(draft, message, "taker")
        return
      case "replay":
        for (const message of draft.direct.splice(0)) handle(draft, message, "taker")
        return
      case "send-again":
        end(draft, draft.flushed, "sent again")
        return end(draft, draft.direct, "sent again")
      case "stop-entities":
        draft.tasks = draft.tasks.filter((task) => task !== "recover")
        return
    }
  }

  function arriveAtTaker(draft: World, message: number, from: "giver" | "others"): void {
    if (draft.taker === "dead") return void (draft.fates[message] = "told")
    const arrival = takerTakes(draft.taker, from)
    if (arrival === "handle") handle(draft, message, "taker")
    else if (arrival === "hold") (from === "giver" ? draft.flushed : draft.direct).push(message)
    else draft.fates[message] = "sent again"
  }

  // A message comes, from a sender that goes over to the taker once and does not go back.
  if (world.unsent.length > 0) {
    if (!world.learned)
      step((draft) => {
        const message = draft.unsent.shift()!
        if (draft.giver === "dead") return void (draft.fates[message] = "told")
        const arrival = giverTakes(draft.giver)
        if (arrival === "handle") handle(draft, message, "giver")
        else if (arrival === "hold") draft.held.push(message)
        else draft.fates[message] = "sent again"
      }, true)
    step((draft) => {
      draft.learned = true
      arriveAtTaker(draft, draft.unsent.shift()!, "others")
    }, true)
  }

  // The streams, each in order.
  const [nextToTaker] = world.toTaker
  if (nextToTaker !== undefined)
    step((draft) => {
      draft.toTaker.shift()
      if (nextToTaker === "ship") {
        if (draft.taker !== "dead" && draft.taker.at === "waiting") draft.tasks.push("store")
      } else if ("message" in nextToTaker) arriveAtTaker(draft, nextToTaker.message, "giver")
      else if ("taker" in nextToTaker) toTaker(draft, nextToTaker.taker)
    })
  const [nextToGiver] = world.toGiver
  if (nextToGiver !== undefined)
    step((draft) => {
      draft.toGiver.shift()
      if (typeof nextToGiver === "object" && "giver" in nextToGiver) toGiver(draft, nextToGiver.giver)
    })

  // Local tasks.
  const heard = !world.toGiver.some(
    (item) => typeof item === "object" && "giver" in item && item.giver.kind === "taker-gone",
  )
  if (
    heard &&
    giver !== "dead" &&
    giver.at === "running" &&
    world.record === "giver" &&
    world.moves > 0 &&
    taker !== "dead"
  )
    step((draft) => {
      draft.moves--
      toGiver(draft, { kind: "move", taker: "b" })
    }, true)
  if (tasks.includes("stop"))
    step((draft) => {
      done(draft, "stop")
      draft.entitiesOfGiver = false
      toGiver(draft, { kind: "stopped" })
    })
  const given = ships ? "taker" : "free"
  if (tasks.includes("release")) {
    const answer = (event: GiverEvent, carriedOut: boolean, late = false) =>
      step((draft) => {
        done(draft, "release")
        if (carriedOut && draft.record === "giver") draft.record = given
        draft.late = late
        toGiver(draft, event)
      })
    // Asked again it says what came of it, once nothing is under way any more.
    if (world.record !== "giver") answer({ kind: "released" }, false)
    else {
      answer({ kind: "released" }, true)
      answer({ kind: "release-unknown" }, true)
      if (!world.late) {
        answer({ kind: "kept" }, false)
        answer({ kind: "release-unknown" }, false, true)
      }
    }
  }
  if (world.late && (giver === "dead" || tasks.includes("release") || giver.at === "running"))
    for (const carriedOut of [true, false])
      step((draft) => {
        draft.late = false
        if (carriedOut && draft.record === "giver") draft.record = given
      })
  if (tasks.includes("store"))
    step((draft) => {
      done(draft, "store")
      draft.copy = true
      toTaker(draft, { kind: "stored" })
    })
  if (tasks.includes("recover"))
    for (const kind of ["recovered", "recovery-failed"] as const)
      step((draft) => {
        done(draft, "recover")
        toTaker(draft, { kind })
      }, kind === "recovery-failed")
  if (tasks.includes("read") && world.record === "giver" && giver !== "dead")
    step((draft) => {
      done(draft, "read")
      toTaker(draft, { kind: "not-owned" })
    })
  if (tasks.includes("read") && world.record === "giver" && giver === "dead" && ships)
    step((draft) => {
      done(draft, "read")
      toTaker(draft, { kind: "not-owned" })
    })
  const takes = taker !== "dead" && ["waiting", "staged", "kept"].includes(taker.at)
  // The lease: of a record given up, or, where state is shared, of an owner that died or that the registry lost sight of.
  if (takes && (world.record === "taker" || (!ships && (world.record === "free" || giver === "dead"))))
    step((draft) => {
      draft.record = "taker"
      draft.tasks = draft.tasks.filter((task) => task !== "read")
      toTaker(draft, { kind: "owned" })
    })
  if (takes && !ships && world.record === "giver" && giver !== "dead" && world.cuts > 0)
    step((draft) => {
      draft.cuts--
      draft.record = "taker"
      toTaker(draft, { kind: "owned" })
    }, true)
  const lost = world.record === "taker" && giver !== "dead" && giver.at !== "away" && giver.at !== "releasing"
  if (lost) step((draft) => toGiver(draft, { kind: "fenced" }))

  // Troubles.
  if (world.crashes > 0) {
    if (giver !== "dead")
      step((draft) => {
        draft.crashes--
        draft.giver = "dead"
        draft.entitiesOfGiver = false
        end(draft, draft.held, "told")
        draft.tasks = draft.tasks.filter((task) => task !== "stop" && task !== "release")
        cut(draft)
      }, true)
    if (taker !== "dead")
      step((draft) => {
        draft.crashes--
        draft.taker = "dead"
        end(draft, draft.direct, "told")
        end(draft, draft.flushed, "told")
        draft.tasks = draft.tasks.filter((task) => task === "stop" || task === "release")
        cut(draft)
      }, true)
  }
  if (world.cuts > 0 && giver !== "dead" && taker !== "dead")
    step((draft) => {
      draft.cuts--
      cut(draft)
    }, true)

  /** What was on the streams is answered for by the transports; both sides hear of it, each at its time. */
  function cut(draft: World): void {
    for (const item of draft.toTaker)
      if (typeof item === "object" && "message" in item) draft.fates[item.message] = "told"
    draft.toTaker = draft.taker === "dead" ? [] : [{ taker: { kind: "giver-gone" } }]
    draft.toGiver = draft.giver === "dead" ? [] : [{ giver: { kind: "taker-gone" } }]
    draft.tasks = draft.tasks.filter((task) => task !== "store")
  }
  return found
}
