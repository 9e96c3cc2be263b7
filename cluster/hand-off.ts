/**
 * A planned move of one shard from the node that owns it (the giver) to another (the taker). Two pure machines, one for each side; they decide what
 * happens to each message that arrives and what each side does next. The messages themselves, the copying of state and the taking of the lock
 * (`lease.ts`) are elsewhere.
 *
 *   giver    running -> offering -> stopping -> [shipping] -> releasing -> away
 *   taker    idle -> waiting -> [staged] -> recovering -> following -> serving
 *                              [kept: it has a copy, and does not know whether it will own it]
 *
 * [ ] only where state lies on the node. There the owner's name is the home record in the registry, elsewhere the lock and the store's release; for both
 * machines it is one record, which the giver gives up in `releasing` and by nothing else.
 *
 * Invariants
 *   H1. Giving up the record is the one point of no return. Before it, the giver can go back to running whatever happens to the taker; after it, never.
 *       While the outcome is not known the giver does neither: it holds, and asks again.
 *   H2. The giver gives up the record only when its entities have stopped and, where state is shipped, the taker has stored all of it durably. So no two
 *       owners handle at once, and the record never names a node without the state.
 *       A taker that has stored the state keeps it until the giver says that the move is off or offers anew: a record read as the giver's may still be
 *       given up by a write that is under way.
 *   H3. Each message is at every moment in one place, whose node answers for it: handled; held by the giver, from stopping until the record is given up;
 *       on the stream to the taker, where the giver's transport answers for what was not acknowledged; held by the taker until it may handle. A message
 *       that a node holds is on every way out of holding replayed, flushed or sent again; with a node that dies its senders' transports answer for it.
 *   H4. The taker handles what was flushed before what came to it directly: it holds the latter until the giver's last flushed message, or the giver's end.
 *       A sender that learns of a new owner sends there only after the old one has acknowledged what it was sent before. So order between two actors stays
 *       while the streams between giver and taker hold. When they are cut in the midst of a move, a message of before may be overtaken by one of after: it
 *       is delivered late, rather than not at all or twice.
 *   H5. An event belongs to the move at hand: moves are numbered on the wire, and what belongs to an earlier one is dropped before it gets here. A move
 *       lives on one stream: the giver offers only after it has heard of the end of the stream before.
 *   H6. "Send again" means by the placement that its node sees then, with the same command id and what is left of the deadline; nothing of it was executed.
 */

/** What a side does with a message that arrives for the shard. */
export type Arrival = "handle" | "hold" | "send-on"

export type Giver =
  | { readonly at: "running" }
  /** Asked the taker; goes on handling. */
  | { readonly at: "offering"; readonly taker: string }
  /** Holds messages; its entities end their turns. */
  | { readonly at: "stopping"; readonly taker: string }
  | { readonly at: "shipping"; readonly taker: string }
  /** `takerGone`: should the record turn out to be still ours, go on alone. */
  | { readonly at: "releasing"; readonly taker: string; readonly takerGone: boolean }
  /** Not the owner any more; what still comes is sent on. */
  | { readonly at: "away" }

export type GiverEvent =
  | { readonly kind: "move"; readonly taker: string }
  | { readonly kind: "accepted" }
  | { readonly kind: "declined" }
  /** Each entity has ended, and all that was acknowledged is durable. */
  | { readonly kind: "stopped" }
  /** The taker has stored snapshots and journal durably. */
  | { readonly kind: "shipped" }
  | { readonly kind: "released" }
  /** The record could not be given up, and is certainly still ours. */
  | { readonly kind: "kept" }
  | { readonly kind: "release-unknown" }
  | { readonly kind: "taker-gone" }
  /** The record is another's: the lock was lost, or the store refuses our epoch. */
  | { readonly kind: "fenced" }

export type GiverAction =
  | { readonly do: "offer"; readonly taker: string }
  | { readonly do: "stop-entities" }
  | { readonly do: "ship"; readonly taker: string }
  /** Idempotent: asked again it says what came of it. */
  | { readonly do: "release"; readonly taker: string }
  /** Tell the taker that the move is off, and nothing will be flushed. */
  | { readonly do: "abort"; readonly taker: string }
  /** Handle what is held, in order. */
  | { readonly do: "replay" }
  /** Send what is held to the taker, in order, then that this was the last. */
  | { readonly do: "flush"; readonly taker: string }
  | { readonly do: "send-again" }

export interface GiverStep {
  readonly giver: Giver
  readonly actions: readonly GiverAction[]
}

export const RUNNING: Giver = { at: "running" }
const away: Giver = { at: "away" }

/** H3 for the giver. */
export function giverTakes({ at }: Giver): Arrival {
  if (at === "running" || at === "offering") return "handle"
  return at === "away" ? "send-on" : "hold"
}

/** @param ships whether state lies on the node */
export function stepGiver(giver: Giver, event: GiverEvent, ships: boolean): GiverStep {
  const stay: GiverStep = { giver, actions: [] }
  if (giver.at === "away") return stay
  if (event.kind === "fenced") {
    const tell: readonly GiverAction[] = giver.at === "running" ? [] : [{ do: "abort", taker: giver.taker }]
    return { giver: away, actions: [{ do: "stop-entities" }, { do: "send-again" }, ...tell] }
  }
  if (giver.at === "running") {
    if (event.kind !== "move") return stay
    return { giver: { at: "offering", taker: event.taker }, actions: [{ do: "offer", taker: event.taker }] }
  }
  const { taker } = giver
  const backToRunning: GiverStep = { giver: RUNNING, actions: [{ do: "replay" }] } // H1
  switch (giver.at) {
    case "offering":
      if (event.kind === "accepted") return { giver: { at: "stopping", taker }, actions: [{ do: "stop-entities" }] }
      if (event.kind === "declined" || event.kind === "taker-gone") return { giver: RUNNING, actions: [] }
      return stay
    case "stopping":
      if (event.kind === "taker-gone") return backToRunning
      if (event.kind !== "stopped") return stay
      if (ships) return { giver: { at: "shipping", taker }, actions: [{ do: "ship", taker }] }
      return release(taker)
    case "shipping":
      if (event.kind === "taker-gone") return backToRunning
      return event.kind === "shipped" ? release(taker) : stay // H2
    case "releasing":
      switch (event.kind) {
        case "released":
          return { giver: away, actions: [giver.takerGone ? { do: "send-again" } : { do: "flush", taker }] }
        case "kept":
          return { giver: RUNNING, actions: [{ do: "replay" }, { do: "abort", taker }] }
        case "release-unknown":
          return { giver, actions: [{ do: "release", taker }] } // H1
        case "taker-gone":
          return { giver: { ...giver, takerGone: true }, actions: [] }
        default:
          return stay
      }
  }
}

const release = (taker: string): GiverStep => ({
  giver: { at: "releasing", taker, takerGone: false },
  actions: [{ do: "release", taker }],
})

export type Taker =
  | { readonly at: "idle" }
  /** Has accepted. `flush`: whether the giver will still flush (H4). */
  | { readonly at: "waiting"; readonly giver: string; readonly flush: "comes" | "ended" }
  /** Has stored what was shipped; it counts for nothing until the record names this node. */
  | { readonly at: "staged"; readonly giver: string; readonly flush: "comes" | "ended" }
  /** The giver went while this node had a copy; the record does not name it so far (H2). */
  | { readonly at: "kept" }
  /** Owner by the record and a new epoch. */
  | { readonly at: "recovering"; readonly flush: "comes" | "ended" }
  /** Handles what is flushed, holds what came directly. */
  | { readonly at: "following" }
  | { readonly at: "serving" }

export type TakerEvent =
  | { readonly kind: "offered"; readonly giver: string }
  | { readonly kind: "stored" }
  /** The record is ours and the epoch minted: `lease.ts` has got as far as recovering. */
  | { readonly kind: "owned" }
  /** The record was read after the giver had gone, and is not ours. */
  | { readonly kind: "not-owned" }
  | { readonly kind: "recovered" }
  | { readonly kind: "recovery-failed" }
  | { readonly kind: "flush-ended" }
  | { readonly kind: "giver-gone" }
  | { readonly kind: "aborted" }
  | { readonly kind: "fenced" }

export type TakerAction =
  | { readonly do: "accept"; readonly giver: string }
  /** It is busy with a move of this shard, or owns it. */
  | { readonly do: "decline"; readonly giver: string }
  /** Tell the giver that what it shipped is durable. */
  | { readonly do: "confirm-stored"; readonly giver: string }
  | { readonly do: "drop-staged" }
  /** The giver went without a word: find out whether the record is ours, or can be taken; `not-owned` once it is seen to be another's. */
  | { readonly do: "read-record" }
  | { readonly do: "recover" }
  /** Handle what was flushed so far, in order. */
  | { readonly do: "replay-flushed" }
  /** Handle what came directly, in order. */
  | { readonly do: "replay" }
  /** Both that was flushed and that came directly, in this order. */
  | { readonly do: "send-again" }
  | { readonly do: "stop-entities" }

export interface TakerStep {
  readonly taker: Taker
  readonly actions: readonly TakerAction[]
}

export const IDLE: Taker = { at: "idle" }

/** H3 for the taker, and H4: what the giver flushes or sends on comes before what others send. */
export function takerTakes({ at }: Taker, from: "giver" | "others"): Arrival {
  if (at === "idle" || at === "kept") return "send-on"
  if (at === "serving") return "handle"
  return at === "following" && from === "giver" ? "handle" : "hold"
}

/** @param ships whether state lies on the node: then a taker whose giver went can only own what the record gave it, else it may take the shard over */
export function stepTaker(taker: Taker, event: TakerEvent, ships: boolean): TakerStep {
  const stay: TakerStep = { taker, actions: [] }
  if (event.kind === "offered") {
    const { giver } = event
    if (taker.at !== "idle" && taker.at !== "kept") return { taker, actions: [{ do: "decline", giver }] }
    const drop: readonly TakerAction[] = taker.at === "kept" ? [{ do: "drop-staged" }] : []
    return { taker: { at: "waiting", giver, flush: "comes" }, actions: [...drop, { do: "accept", giver }] }
  }
  switch (taker.at) {
    case "idle":
      return event.kind === "stored" ? { taker, actions: [{ do: "drop-staged" }] } : stay
    case "kept":
      if (event.kind === "owned") return { taker: { at: "recovering", flush: "ended" }, actions: [{ do: "recover" }] }
      return event.kind === "aborted" ? { taker: IDLE, actions: [{ do: "drop-staged" }] } : stay
    case "waiting":
    case "staged":
      return stepWaiting(taker, event, ships)
    case "recovering":
      if (event.kind === "fenced" || event.kind === "recovery-failed")
        return { taker: IDLE, actions: [{ do: "stop-entities" }, { do: "send-again" }] }
      if (endsFlush(event)) return { taker: { ...taker, flush: "ended" }, actions: [] }
      if (event.kind !== "recovered") return stay
      if (taker.flush === "comes") return { taker: { at: "following" }, actions: [{ do: "replay-flushed" }] }
      return { taker: { at: "serving" }, actions: [{ do: "replay-flushed" }, { do: "replay" }] }
    case "following":
      if (event.kind === "fenced") return { taker: IDLE, actions: [{ do: "stop-entities" }, { do: "send-again" }] }
      if (!endsFlush(event)) return stay
      return { taker: { at: "serving" }, actions: [{ do: "replay" }] }
    case "serving":
      return event.kind === "fenced" ? { taker: IDLE, actions: [{ do: "stop-entities" }] } : stay
  }
}

/** `aborted` reaches an owner when it took the shard over from a giver that was fenced in the midst of the move. */
const endsFlush = ({ kind }: TakerEvent): boolean =>
  kind === "flush-ended" || kind === "giver-gone" || kind === "aborted"

type Waiting = Extract<Taker, { readonly giver: string }>

function stepWaiting(taker: Waiting, event: TakerEvent, ships: boolean): TakerStep {
  const giveUp: TakerStep = { taker: IDLE, actions: [{ do: "send-again" }] }
  switch (event.kind) {
    case "stored":
      if (taker.at === "staged") return { taker, actions: [] }
      return { taker: { ...taker, at: "staged" }, actions: [{ do: "confirm-stored", giver: taker.giver }] }
    case "owned":
      return { taker: { at: "recovering", flush: taker.flush }, actions: [{ do: "recover" }] }
    case "flush-ended":
      return { taker: { ...taker, flush: "ended" }, actions: [] }
    case "giver-gone": {
      if (ships && taker.at === "waiting") return giveUp // without the state there is nothing to own
      return { taker: { ...taker, flush: "ended" }, actions: [{ do: "read-record" }] }
    }
    case "not-owned":
      return taker.at === "staged" ? { taker: { at: "kept" }, actions: [{ do: "send-again" }] } : giveUp // H2
    case "aborted":
      return taker.at === "staged" ? { taker: IDLE, actions: [{ do: "drop-staged" }, { do: "send-again" }] } : giveUp
    default:
      return { taker, actions: [] }
  }
}
