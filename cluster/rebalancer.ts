/**
 * Which shards this node wants, and which it gives away: what the placement says of the members, carried out with bounds.
 *
 * Invariants
 *   B1. A node that drains or leaves wants no shard and is offered none; its shards go to whom they are placed on without it.
 *   B2. Moves that nobody needs are bounded per minute, all moves in number. The bound per minute is for shards that have entities in memory; others may go oftener. While a node has entities
 *       in memory, such moves go in small lots, evenly, and nodes take turns: many at once take the processors from what else is done.
 *   B3. Each node begins the moves of its own shards only.
 */
import type { Clock } from "#actors/clock.js"
import { holders, type View } from "./members.js"
import { nameOf, nodeId, type NodeDescription, type NodeId } from "./node.js"
import type { Wish } from "./ownership.js"
import { placeTwo, planRebalance, type Plan, type RebalanceLimits, type StateIs } from "./placement.js"
import type { Shard } from "./shard.js"

/** Between what changes and the moves that follow from it. */
const planMs = 10
/** A shard without entities in memory, whose state need not be shipped, moves in no time: so many times as many may do so at once. */
const emptyAtOnce = 8
/** And in a minute so many times as many. */
const emptyPerMinute = 3
/** Between two lots, and between a change of the members and the first. */
const lotMs = 1000

export interface RebalancerOptions {
  readonly self: NodeDescription
  readonly shards: readonly Shard[]
  readonly count: number
  readonly clock: Clock
  readonly role: string | undefined
  readonly limits: RebalanceLimits
  readonly stateIs: StateIs
  /** Peers that can be reached. */
  readonly open: ReadonlySet<NodeId>
  wish(shard: number, wish: Wish): void
  /** Whether no entity of a shard is in memory. */
  isEmpty(shard: number): boolean
  /** Name of the node that owns a shard, as far as this one knows. */
  ownerOf(shard: number): string | undefined
}

export class Rebalancer {
  /** Peers that take no shards. */
  readonly drainingPeers = new Set<NodeId>()
  draining = false
  readonly #options: RebalancerOptions
  #view: View | undefined
  #placed: readonly { readonly first: string | undefined; readonly second: string | undefined }[] = []
  /** A node that is not up yet may take shards soon. */
  #somebodyJoins = false
  #begunAt: number[] = []
  #moves = 0
  #nextLotAt = -Infinity
  #planned = false
  #closed = false

  constructor(options: RebalancerOptions) {
    this.#options = options
  }

  close(): void {
    this.#closed = true
  }

  members(view: View): void {
    this.#view = view
    const nodes = holders(view).map(nodeId).sort()
    const turn = nodes.indexOf(nodeId(this.#options.self)) / nodes.length
    this.#restUntilNextLot(lotMs * (1 + Math.max(0, turn)))
    this.place()
  }

  /** Name of the node that a shard is placed on. */
  placedOn(shard: number): string | undefined {
    return this.#placed[shard]?.first
  }

  get placed(): boolean {
    return this.#placed.length > 0
  }

  /** Nobody is there to take the shards of this node, nor about to be. */
  get nobodyTakes(): boolean {
    return this.#leaves && !this.#somebodyJoins && !this.#placed.some(({ first }) => first !== undefined)
  }

  /** B1 */
  get #leaves(): boolean {
    const { self } = this.#options
    return this.draining || this.#view?.members.get(nodeId(self))?.status === "leaving"
  }

  place(): void {
    const { self, count, role, wish } = this.#options
    const view = this.#view
    if (view === undefined || this.#closed) return
    this.#placed = placeTwo(count, this.#candidates(holders(view)), role)
    const joining = [...view.members.values()].filter(({ status }) => status === "joining").map(({ node }) => node)
    this.#somebodyJoins = placeTwo(1, this.#candidates(joining), role)[0]?.first !== undefined
    for (const [shard, { first, second }] of this.#placed.entries())
      wish(shard, first === self.name ? "serve" : second === self.name ? "stand-by" : "none")
    this.plan()
  }

  #candidates(nodes: readonly NodeDescription[]): readonly NodeDescription[] {
    const me = nodeId(this.#options.self)
    return nodes.filter((node) => {
      const id = nodeId(node)
      return id === me ? !this.draining : !this.drainingPeers.has(id)
    })
  }

  /** Begins the moves that are due; asked for often, done now and then. */
  plan(): void {
    if (this.#planned || this.#closed) return
    this.#planned = true
    this.#options.clock.timer(planMs, () => {
      this.#planned = false
      if (!this.#closed) this.#beginMoves()
    })
  }

  #beginMoves(): void {
    const { self, shards, clock, limits, stateIs, isEmpty, open } = this.#options
    const now = clock.monotonic()
    const takers = new Map([...open].map((id) => [nameOf(id), id]))
    const shared = stateIs === "shared"
    let moving = 0
    const inUse: Going[] = []
    const empty: Going[] = []
    const homeless: Shard[] = []
    for (const shard of shards) {
      if (shard.moving || shard.stopping) moving += 1
      else if (shard.giver !== undefined && shard.restUntil <= now) {
        const to = this.placedOn(shard.number)
        if (to === undefined && shared && this.nobodyTakes) homeless.push(shard)
        else if (to !== undefined && to !== self.name) {
          const taker = takers.get(to) // who cannot be reached keeps nobody else waiting
          if (taker !== undefined) (isEmpty(shard.number) ? empty : inUse).push({ shard, to, taker })
        }
      }
    }
    for (const shard of homeless) void shard.letGo()
    if (inUse.length + empty.length === 0) return
    const lot = this.#lot()
    if (lot === 0) return
    this.#begunAt = this.#begunAt.filter((at) => now - at < 60_000)
    const before = moving
    moving = this.#begin(inUse.slice(0, lot), limits, moving, now, true)
    const atOnce = limits.atOnce * (shared ? emptyAtOnce : 1)
    const rest = lot - (moving - before)
    this.#begin(empty.slice(0, rest), { perMinute: Infinity, atOnce }, moving, now, false) // B2
  }

  /** How many moves may begin now. */
  #lot(): number {
    const { clock, limits, shards, isEmpty } = this.#options
    if (this.#leaves || !shards.some(({ number, giver }) => giver !== undefined && !isEmpty(number))) return Infinity
    if (clock.monotonic() < this.#nextLotAt) return 0
    this.#restUntilNextLot(lotMs)
    return Math.ceil((limits.perMinute * emptyPerMinute * lotMs) / 60_000)
  }

  #restUntilNextLot(milliseconds: number): void {
    const { clock } = this.#options
    this.#nextLotAt = clock.monotonic() + milliseconds
    clock.timer(milliseconds, () => this.plan())
  }

  /** @param counts against the bound per minute @returns how many are moving then */
  #begin(going: readonly Going[], limits: RebalanceLimits, moving: number, now: number, counts: boolean): number {
    const { self, stateIs } = this.#options
    const plan = planRebalance(
      {
        current: going.map(() => self.name),
        wished: going.map(({ to }) => to),
        alive: new Set([self.name]),
        leaving: new Set(this.#leaves ? [self.name] : []),
        moving: new Set(Array.from({ length: moving }, (_, n) => -1 - n)), // others than these
        begunAt: this.#begunAt,
        stateIs,
      },
      limits,
      now,
    )
    for (const { shard: place, why } of plan.now) {
      const { shard, taker } = going[place] as Going
      if (counts && why === "level") this.#begunAt.push(now)
      shard.begin(++this.#moves, taker)
    }
    return moving + plan.now.length
  }

  /** What would be moved, and how it looks afterwards: as this node sees it. */
  dryRun(): Plan {
    const { self, shards, count, clock, limits, stateIs, open, ownerOf } = this.#options
    const leaving = new Set([...this.drainingPeers].map(nameOf))
    if (this.#leaves) leaving.add(self.name)
    return planRebalance(
      {
        current: Array.from({ length: count }, (_, shard) => ownerOf(shard)),
        wished: this.#placed.map(({ first }) => first),
        alive: new Set([self.name, ...[...open].map(nameOf)]),
        leaving,
        moving: new Set(shards.filter(({ moving }) => moving).map(({ number }) => number)),
        begunAt: this.#begunAt,
        stateIs,
      },
      limits,
      clock.monotonic(),
    )
  }
}

/** A shard that is to go to a node. */
interface Going {
  readonly shard: Shard
  readonly to: string
  readonly taker: NodeId
}
