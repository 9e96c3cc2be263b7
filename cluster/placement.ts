/**
 * Where a shard should live: which shard an entity belongs to, which node a shard is wished onto, and in which order shards move there. Pure; it is
 * not who owns a shard: two nodes that see different members wish differently for a while, and the lock and the store's epoch (`lease.ts`) decide.
 *
 * Nodes are weighed by rendezvous hashing: for every shard each node draws a number from its name and the shard's, -capacity / ln(number), and the
 * highest draw wins (Schindelhauer and Schomaker, "Weighted distributed hash tables", 2005).
 *
 * Invariants
 *   P1. The shard of an entity depends on tenant, type, key and the count of shards alone. It is stored nowhere, so the hash and the count are fixed for
 *       the life of a store: a golden table in the test holds the hash still.
 *   P2. A node's draw depends on nothing but its name, its capacity and the shard. So a node that comes takes shards only for itself, a node that
 *       goes leaves only its own, and a node that comes back under its name gets back what it had.
 *   P3. In expectation a node gets shards in proportion to its capacity. The spread is that of a binomial: with 3 equal nodes and 1,024 shards a share
 *       deviates by 4.4% (one sigma), with 100 nodes by 31%; more shards make it narrower.
 *   P4. What serves nobody now moves first and is not held back by the bound per minute: a shard without a live owner, then one whose owner leaves.
 *   P5. A shard whose state lies on a node that is away stays there ("away"): started elsewhere it would start empty.
 */
import { DEFAULT_GROUPS, groupOf } from "#actors/groups.js"
import { fold, HASH_START, mix } from "#actors/hash.js"
import type { NodeDescription } from "./node.js"

/** How many shards the entities of a system are dealt into unless configured; it can never change for a store that has data (P1). */
export const DEFAULT_SHARDS = DEFAULT_GROUPS

/** A node that may be given shards, by what counts for that (P2). */
export type Candidate = Pick<NodeDescription, "name" | "capacity" | "roles">

/** @returns the shard of an entity, from 0 to `shards` - 1 (P1); a keeper of reminders is of the shard whose reminders it keeps */
export function shardOf(tenant: string, type: string, key: string, shards: number = DEFAULT_SHARDS): number {
  return groupOf(tenant, type, key, shards)
}

/** What a node's draws are made from: 64 bits of its name, since two names that agree in 32 would agree in every draw. */
interface Drawer {
  readonly name: string
  readonly capacity: number
  readonly high: number
  readonly low: number
}

function drawers(nodes: readonly Candidate[], role: string | undefined): readonly Drawer[] {
  return nodes
    .filter(({ capacity, roles }) => capacity > 0 && (role === undefined || roles.includes(role)))
    .map(({ name, capacity }) => ({ name, capacity, high: fold(name, HASH_START), low: fold(name, 0x2545f491) }))
}

/** @returns higher is better; two nodes' draws for one shard are as good as independent */
function draw(node: Drawer, shard: number): number {
  const h = mix(node.high ^ mix(Math.imul(shard + 1, 0x9e3779b1) ^ node.low)) >>> 0
  return -node.capacity / Math.log((h + 0.5) / 0x1_0000_0000)
}

/** Ties have one winner everywhere: the lower name. */
const beats = (a: Drawer, drawA: number, b: Drawer, drawB: number): boolean =>
  drawA > drawB || (drawA === drawB && a.name < b.name)

/** The node that each shard is wished onto, by number of the shard; undefined where no node of the role has capacity. Cost: shards times nodes. */
export function place(shards: number, nodes: readonly Candidate[], role?: string): readonly (string | undefined)[] {
  const all = drawers(nodes, role)
  const placed: (string | undefined)[] = []
  for (let shard = 0; shard < shards; shard++) {
    let best: Drawer | undefined
    let bestDraw = 0
    for (const node of all) {
      const drawn = draw(node, shard)
      if (best !== undefined && !beats(node, drawn, best, bestDraw)) continue
      best = node
      bestDraw = drawn
    }
    placed.push(best?.name)
  }
  return placed
}

/** For each shard the node that it is wished onto, and the one that would be next without it. Cost: shards times nodes. */
export function placeTwo(
  shards: number,
  nodes: readonly Candidate[],
  role?: string,
): readonly { readonly first: string | undefined; readonly second: string | undefined }[] {
  const all = drawers(nodes, role)
  return Array.from({ length: shards }, (_, shard) => {
    let first: Drawer | undefined
    let second: Drawer | undefined
    let [firstDraw, secondDraw] = [0, 0]
    for (const node of all) {
      const drawn = draw(node, shard)
      if (first === undefined || beats(node, drawn, first, firstDraw)) {
        ;[second, secondDraw] = [first, firstDraw]
        ;[first, firstDraw] = [node, drawn]
      } else if (second === undefined || beats(node, drawn, second, secondDraw)) [second, secondDraw] = [node, drawn]
    }
    return { first: first?.name, second: second?.name }
  })
}

/** Names of the nodes that may have one shard, the wished one first, then who would be next without it. */
export function preference(shard: number, nodes: readonly Candidate[], role?: string): readonly string[] {
  return drawers(nodes, role)
    .map((node) => ({ node, drawn: draw(node, shard) }))
    .sort((a, b) => (beats(a.node, a.drawn, b.node, b.drawn) ? -1 : 1))
    .map(({ node }) => node.name)
}

/** Where the state of shards is kept: on the node that runs them, or where any node can take it over. */
export type StateIs = "on-the-node" | "shared"

export interface RebalanceLimits {
  /** Moves begun within any minute that nobody needs (P4); default 120. Higher levels a new node sooner and disturbs more callers. */
  readonly perMinute: number
  /** Moves open at once, needed ones too; default 16. Higher drains sooner; each open move holds the messages of its shard in memory. */
  readonly atOnce: number
}

export const DEFAULT_REBALANCE: RebalanceLimits = { perMinute: 120, atOnce: 16 }

/** What is known when a rebalance is planned. */
export interface Situation {
  /** Name of each shard's owner, or home where state is on the node; undefined for a shard that never had one. */
  readonly current: readonly (string | undefined)[]
  /** From `place`. */
  readonly wished: readonly (string | undefined)[]
  /** Nodes that own shards now and can be talked to, leaving ones too. */
  readonly alive: ReadonlySet<string>
  /** Those of them that want to be rid of their shards. */
  readonly leaving: ReadonlySet<string>
  /** Shards whose move is open. */
  readonly moving: ReadonlySet<number>
  /** Monotonic moments at which unneeded moves were begun; older than a minute do not count. */
  readonly begunAt: readonly number[]
  readonly stateIs: StateIs
}

export interface Move {
  readonly shard: number
  /** undefined: there is nobody to take it from. */
  readonly from: string | undefined
  readonly to: string
  /** `new` has no state yet, `orphan` lost its owner, `leaving` must go, `level` is better elsewhere (P4). */
  readonly why: "new" | "orphan" | "leaving" | "level"
}

/** What a dry run shows, and what is carried out. */
export interface Plan {
  /** To begin now, in this order. */
  readonly now: readonly Move[]
  /** To begin later, in this order. */
  readonly later: readonly Move[]
  /** Shards that stay where nobody answers (P5). */
  readonly away: readonly number[]
  /** Shards by name of the node, before and after all moves. */
  readonly shares: ReadonlyMap<string, { readonly before: number; readonly after: number }>
  /** Minutes at most until the last move begins, as if each shard had entities in memory; each node counts its own moves. */
  readonly minutes: number
}

const urgency = { new: 0, orphan: 0, leaving: 1, level: 2 } as const
const minute = 60_000

/** Which shards move, which of them now, and how it looks afterwards. */
export function planRebalance(situation: Situation, limits: RebalanceLimits, now: number): Plan {
  const { current, wished, moving, begunAt } = situation
  const wanted: Move[] = []
  const away: number[] = []
  for (const [shard, from] of current.entries()) {
    const to = wished[shard]
    if (moving.has(shard)) continue
    const why = reason(situation, from, to)
    if (why === "away") away.push(shard)
    else if (why !== undefined && to !== undefined) wanted.push({ shard, from, to, why })
  }
  const moves = ordered(wanted, current)

  let places = limits.atOnce - moving.size
  let level = limits.perMinute - begunAt.filter((at) => now - at < minute).length
  const begin: Move[] = []
  const later: Move[] = []
  for (const move of moves) {
    const needsNobody = move.why === "new" || move.why === "orphan" // there is nobody to stop and nothing to ship
    if (needsNobody) begin.push(move)
    else if (places > 0 && (move.why === "leaving" || level > 0)) {
      begin.push(move)
      places--
      if (move.why === "level") level--
    } else later.push(move)
  }
  const givers = count(later.filter(({ why }) => why === "level").map(({ from }) => from))
  const minutes = Math.ceil(Math.max(0, ...givers.values()) / limits.perMinute)
  return { now: begin, later, away, shares: shares(situation, moves), minutes }
}

function reason(
  situation: Situation,
  from: string | undefined,
  to: string | undefined,
): Move["why"] | "away" | undefined {
  if (from === undefined) return "new"
  if (!situation.alive.has(from)) return situation.stateIs === "on-the-node" ? "away" : "orphan" // P5
  if (from === to) return undefined
  return situation.leaving.has(from) ? "leaving" : "level"
}

/** Needed moves first; of the others, from whoever has most to give, in turns, so that a busy node is relieved first and no pair of nodes is kept at it. */
function ordered(moves: readonly Move[], current: readonly (string | undefined)[]): readonly Move[] {
  const has = count(current)
  const ranked = moves
    .filter(({ why }) => why === "level")
    .map((move) => {
      const left = has.get(move.from) ?? 0
      has.set(move.from, left - 1)
      return { move, left }
    })
    .sort((a, b) => b.left - a.left || a.move.shard - b.move.shard)
    .map(({ move }) => move)
  const needed = moves.filter(({ why }) => why !== "level")
  needed.sort((a, b) => urgency[a.why] - urgency[b.why] || a.shard - b.shard)
  return [...needed, ...ranked]
}

function count(owners: readonly (string | undefined)[]): Map<string | undefined, number> {
  const counts = new Map<string | undefined, number>()
  for (const owner of owners) counts.set(owner, (counts.get(owner) ?? 0) + 1)
  return counts
}

function shares({ current }: Situation, moves: readonly Move[]): Plan["shares"] {
  const after = [...current]
  for (const { shard, to } of moves) after[shard] = to
  const [before, then] = [count(current), count(after)]
  const names = [...new Set([...before.keys(), ...then.keys()])].filter((name) => name !== undefined).sort()
  return new Map(names.map((name) => [name, { before: before.get(name) ?? 0, after: then.get(name) ?? 0 }]))
}
