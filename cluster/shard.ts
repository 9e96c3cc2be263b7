/**
 * One shard on one node: which part this node has in it, and what it holds for it. The machines of `hand-off.ts` decide; here is what they want done.
 *
 * Invariants
 *   S1. A node is a shard's owner (`giver`, running or on its way out) or may become it (`taker`), never both.
 *   S2. What comes late of an earlier move (an answer of the peer, the end of a stop, of a release) is known by the move's number and changes nothing (H5).
 *   S3. While entities are being stopped nothing is handled, also when the move is off meanwhile: what their stop gives back comes first.
 */
import { AgentOSError } from "#actors/errors.js"
import type { CancelTimer } from "#actors/clock.js"
import type { Entities } from "#actors/entities.js"
import {
  IDLE,
  RUNNING,
  stepGiver,
  stepTaker,
  type Giver,
  type GiverAction,
  type GiverEvent,
  type Taker,
  type TakerAction,
  type TakerEvent,
} from "./hand-off.js"
import { Lines, type HeldMessage, type HoldCount, type Message } from "./held.js"
import type { NodeId } from "./node.js"
import type { Ownership, OwnershipNews } from "./ownership.js"

/** What giver and taker tell each other of a move. */
export type MoveNews =
  | { readonly kind: "offer"; readonly shard: number; readonly move: number; readonly epoch: number }
  | {
      readonly kind: "accept" | "decline" | "stored" | "abort" | "flush-ended"
      readonly shard: number
      readonly move: number
    }

/** What a shard lives on. */
export interface ShardWorld {
  readonly ownership: Ownership
  readonly entities: Pick<Entities, "release" | "abandon">
  readonly total: HoldCount
  now(): number
  timer(milliseconds: number, callback: () => void): CancelTimer
  tell(peer: NodeId, news: MoveNews): void
  /** Puts a message into its entity here. */
  deliver(message: Message): void
  /** Sends a message by what is known now: to where it came from only if that serves under a higher epoch than the one it was held for. */
  again(message: HeldMessage, epoch: number): void
  /** Sends what is held to the taker, in order; resolves when the last is sent. From now on what comes goes there, after it. */
  flush(shard: number, taker: NodeId, epoch: number, messages: readonly HeldMessage[]): Promise<void>
  /** The way of messages may be another now. */
  changed(shard: Shard): void
}

/** How long entities may go on with what waits for them. */
const handleMs = 1000
/** A taker that says nothing for so long does not want it. */
const offerMs = 3000
/** Before a move that came to nothing is tried again: at first, and at most. */
const restMs = { first: 1000, most: 60_000 }
/** Before a release whose outcome is not known is asked about again. */
const releaseAgainMs = 200

export class Shard {
  readonly number: number
  readonly lines: Lines
  readonly #world: ShardWorld
  giver: Giver | undefined = undefined
  taker: Taker = IDLE
  /** The other side of the move, and its number (S2). */
  peer: NodeId | undefined = undefined
  move = 0
  /** The record is this node's, and it is about to serve. */
  owned = false
  /** Of the owner on this node. */
  epoch = 0
  /** Of the giver that has made the last offer. */
  #offeredEpoch = 0
  /** Entities are being stopped (S3). */
  stopping = false
  /** Not before this moment is a move to be tried again: the last one came to nothing. */
  restUntil = -Infinity
  #failures = 0
  #cancelOffer: CancelTimer | undefined

  constructor(number: number, world: ShardWorld) {
    this.number = number
    this.lines = new Lines(world.total)
    this.#world = world
  }

  /** Takes part in a move. */
  get moving(): boolean {
    return (
      (this.giver !== undefined && this.giver.at !== "running") ||
      (this.taker.at !== "idle" && this.taker.at !== "kept")
    )
  }

  /** Handles what comes, from whomever. */
  get handles(): boolean {
    const { giver, taker } = this
    return (
      (giver === undefined ? taker.at === "serving" : giver.at === "running" || giver.at === "offering") &&
      !this.stopping
    )
  }

  get givenBy(): NodeId | undefined {
    return this.giver === undefined && this.taker.at !== "idle" ? this.peer : undefined
  }

  // --- what happens -------------------------------------------------------------------------------------------------------------------------

  /** The owner gives it to another. */
  begin(move: number, taker: NodeId): void {
    if (this.giver?.at !== "running" || this.stopping) return
    this.move = move
    this.peer = taker
    this.#toGiver({ kind: "move", taker })
  }

  /** What the other side of a move says. */
  heard(from: NodeId, news: MoveNews): void {
    if (news.kind === "offer") return this.#offered(from, news.move, news.epoch)
    if (from !== this.peer || news.move !== this.move) return // S2
    switch (news.kind) {
      case "accept":
        return this.#toGiver({ kind: "accepted" })
      case "decline":
        return this.#toGiver({ kind: "declined" })
      case "stored":
        return this.#toGiver({ kind: "shipped" })
      case "abort":
        return this.#toTaker({ kind: "aborted" })
      case "flush-ended":
        this.#toTaker({ kind: "flush-ended" })
        if (this.taker.at !== "waiting" && this.taker.at !== "staged") return
        this.#world.ownership.released(this.number)
        void this.#settle() // it was released, so it is ours soon; or somebody else was quicker
    }
  }

  /** The link to a peer was lost. */
  gone(peer: NodeId): void {
    if (peer !== this.peer) return
    if (this.giver !== undefined) this.#toGiver({ kind: "taker-gone" })
    else this.#toTaker({ kind: "giver-gone" })
  }

  /** News of the ownership of this shard. */
  news(news: OwnershipNews): void {
    switch (news.kind) {
      case "owned":
        this.owned = true
        this.#toTaker({ kind: "owned" })
        return this.#world.changed(this)
      case "serve":
        this.owned = false
        this.epoch = news.epoch
        if (this.taker.at === "recovering") return this.#toTaker({ kind: "recovered" })
        this.#becomeOwner()
        return this.#replay()
      case "go-on":
        this.epoch = news.epoch
        return this.#world.changed(this)
      case "stop":
        this.owned = false
        if (this.giver !== undefined) return this.#toGiver({ kind: "fenced" })
        this.#toTaker({ kind: news.why === "recovery-failed" ? "recovery-failed" : "fenced" })
        return this.#world.changed(this)
      case "stored":
        if (news.giver === this.peer && news.move === this.move) this.#toTaker({ kind: "stored" })
        return
      case "changed":
        return this.#world.changed(this)
    }
  }

  /** The owner stops, with nobody to give it to: whoever wants it may take it. */
  async letGo(): Promise<void> {
    if (this.giver?.at !== "running" || this.stopping) return
    await this.#stopEntities()
    const released = await this.#world.ownership.release(this.number, undefined)
    if (released !== "released" || this.giver === undefined) return this.#replay()
    this.giver = undefined
    this.#sendAgain()
    this.#world.changed(this)
  }

  // --- the giver ----------------------------------------------------------------------------------------------------------------------------

  #toGiver(event: GiverEvent): void {
    if (this.giver === undefined) return
    const { giver, actions } = stepGiver(this.giver, event, this.#world.ownership.ships)
    this.giver = giver.at === "away" ? undefined : giver
    if (giver.at !== "offering") this.#cancelOffer?.()
    for (const action of actions) this.#doAsGiver(action, giver)
    if (giver.at === "running" || giver.at === "away") this.#moveEnded(giver.at === "running")
    this.#world.changed(this)
  }

  #doAsGiver(action: GiverAction, giver: Giver): void {
    const { number: shard, move, epoch } = this
    const { ownership, tell, timer } = this.#world
    const same = (event: GiverEvent): void => {
      if (this.move === move) this.#toGiver(event) // S2
    }
    switch (action.do) {
      case "offer":
        this.#cancelOffer = timer(offerMs, () => {
          tell(action.taker, { kind: "abort", shard, move })
          same({ kind: "declined" })
        })
        return tell(action.taker, { kind: "offer", shard, move, epoch })
      case "stop-entities":
        if (giver.at === "away") return this.#abandon()
        return void this.#stopEntities().then(() => {
          if (this.giver?.at === "stopping" && this.move === move) this.#toGiver({ kind: "stopped" })
          else if (this.handles) this.#replay()
          else if (this.giver === undefined) this.#sendAgain()
        })
      case "ship":
        return void ownership.ship(shard, action.taker, move).catch(() => {
          if (this.move !== move || this.giver?.at !== "shipping") return
          tell(action.taker, { kind: "abort", shard, move })
          this.#toGiver({ kind: "taker-gone" })
        })
      case "release":
        return void ownership.release(shard, action.taker).then(
          (kind) => {
            if (kind === "unknown") timer(releaseAgainMs, () => same({ kind: "release-unknown" }))
            else same({ kind })
          },
          () => void timer(releaseAgainMs, () => same({ kind: "release-unknown" })),
        )
      case "abort":
        return tell(action.taker, { kind: "abort", shard, move })
      case "replay":
        return this.#replay()
      case "flush":
        return void this.#world
          .flush(shard, action.taker, epoch, this.lines.take("both"))
          .then(() => tell(action.taker, { kind: "flush-ended", shard, move }))
      case "send-again":
        return this.#sendAgain()
    }
  }

  /** S3 */
  async #stopEntities(): Promise<void> {
    this.stopping = true
    this.#world.changed(this)
    const why = new AgentOSError("SHARD_MOVED", `shard ${this.number} is given to another node`)
    const back = await this.#world.entities.release(this.number, handleMs, why)
    this.lines.putFirst(back, this.#world.now())
    this.stopping = false
    this.#world.changed(this)
  }

  // --- the taker ----------------------------------------------------------------------------------------------------------------------------

  #offered(giver: NodeId, move: number, epoch: number): void {
    const { tell } = this.#world
    // Who offers anew says that its earlier move is off, whatever became of its word about that (H2 of hand-off.ts).
    const waits = this.taker.at === "waiting" || this.taker.at === "staged"
    if (waits && giver === this.peer && move > this.move) this.#toTaker({ kind: "aborted" })
    if (this.giver !== undefined || (this.taker.at !== "idle" && this.taker.at !== "kept"))
      return tell(giver, { kind: "decline", shard: this.number, move })
    this.peer = giver
    this.move = move
    this.#offeredEpoch = epoch
    this.#toTaker({ kind: "offered", giver })
  }

  #toTaker(event: TakerEvent): void {
    if (this.giver !== undefined) return
    const before = this.taker
    const { taker, actions } = stepTaker(before, event, this.#world.ownership.ships)
    this.taker = taker
    for (const action of actions) this.#doAsTaker(action)
    if (taker !== before && taker.at === "serving") this.#becomeOwner()
    else if (taker !== before && taker.at === "idle") this.#moveEnded(false)
    this.#world.changed(this)
  }

  #doAsTaker(action: TakerAction): void {
    const { number: shard, move } = this
    const { ownership, tell } = this.#world
    switch (action.do) {
      case "accept":
        ownership.expect(shard, action.giver, move)
        return tell(action.giver, { kind: "accept", shard, move })
      case "decline":
        return tell(action.giver, { kind: "decline", shard, move })
      case "confirm-stored":
        return tell(action.giver, { kind: "stored", shard, move })
      case "drop-staged":
        return ownership.dismiss(shard, "drop")
      case "read-record":
        return void this.#settle()
      case "recover":
        return // the ownership does so by itself, and tells `serve`
      case "replay-flushed":
        for (const message of this.lines.take("flushed")) this.#world.deliver(message)
        return
      case "replay":
        return this.#replay()
      case "send-again":
        return this.#sendAgain()
      case "stop-entities":
        return this.#abandon()
    }
  }

  async #settle(): Promise<void> {
    const { move } = this
    const whose = await this.#world.ownership.settle(this.number)
    if (whose === "another's" && this.move === move && !this.owned) this.#toTaker({ kind: "not-owned" })
  }

  #becomeOwner(): void {
    this.giver = RUNNING
    this.taker = IDLE
    this.#moveEnded(false)
    this.#world.changed(this)
  }

  // --- both ---------------------------------------------------------------------------------------------------------------------------------

  /** @param forNothing it was given to nobody */
  #moveEnded(forNothing: boolean): void {
    if (this.peer === undefined) return
    this.peer = undefined
    if (forNothing) this.restUntil = this.#world.now() + Math.min(restMs.most, restMs.first * 2 ** this.#failures++)
    else this.#failures = 0
    this.#world.ownership.dismiss(this.number, "keep")
  }

  #abandon(): void {
    const why = new AgentOSError("SHARD_MOVED", `shard ${this.number} is owned by another node by now`)
    this.lines.putFirst(this.#world.entities.abandon(this.number, why), this.#world.now())
  }

  #replay(): void {
    if (this.stopping) return // S3: what comes back of the stop goes first
    for (const message of this.lines.take("both")) this.#world.deliver(message)
  }

  #sendAgain(): void {
    const epoch = Math.max(this.epoch, this.#offeredEpoch)
    for (const message of this.lines.take("both")) this.#world.again(message, epoch)
  }
}
