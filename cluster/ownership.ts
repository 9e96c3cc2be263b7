/**
 * The port between what is common to all sharded entities (routing, holding, hand-off: `shards.ts`) and how a shard is owned: by a lock and an epoch of the store where state is
 * shared (`shared-ownership.ts`), by a home record where it lies on the node (`homes.ts`). It knows no messages and no entities.
 *
 *   none ── wish ──> taking ── owned, serve ──> owner ── release, or stop ──> none
 *
 * Invariants
 *   O1. `serve` is told only once no other node answers for the shard or can write to it; from then on this node does, until it releases it or is told `stop`.
 *   O2. Each `serve` and `go-on` brings an epoch that is higher than every one before on any node, so that of two nodes that both say they serve a shard, the higher is right.
 *   O3. After `stop` nothing of this node is written under the epoch any more, and what it made out of its memory is no answer (`mayAnswer` says refuse).
 *   O4. News are told in turns of their own, never from inside a call of this port, and in the order in which they came to be.
 *   O5. What can fail for a while (a registry that does not answer, a store that is away) is tried again in here, with growing distances; only `release`, `ship` and `confirm`
 *       tell of it, since their callers hold messages meanwhile.
 */
import type { NodeDescription, NodeId } from "./node.js"
import type { Peers } from "./peers.js"
import type { Clock, Random } from "#actors/clock.js"
import type { Registry, Seat, SeatEvent } from "./registry.js"

/** What the placement wants of this node for a shard: to own it, to be ready in case its owner dies, or nothing. Nobody is dispossessed by a wish. */
export type Wish = "serve" | "stand-by" | "none"

/**
 * How this node stands to a shard.
 *   owner    told `serve`, and since then neither stopped nor released
 *   taking   nothing known stands against its becoming the owner within seconds: messages are worth holding
 *   none     somebody else's, nobody's, or not known
 */
export type Standing = "owner" | "taking" | "none"

/** What came of giving a shard up (H1 of `hand-off.ts`). Asked again, it says what came of it. */
export type Release = "released" | "kept" | "unknown"

export type OwnershipNews =
  /** The record names this node and its epoch is minted; it recovers what there is to recover. */
  | { readonly kind: "owned"; readonly shard: number; readonly epoch: number }
  | { readonly kind: "serve"; readonly shard: number; readonly epoch: number }
  /** The owner goes on under a new epoch; its memory stands. */
  | { readonly kind: "go-on"; readonly shard: number; readonly epoch: number }
  /** It is not the owner any more, or did not become it: `recovery-failed` comes after `owned` without `serve`. */
  | { readonly kind: "stop"; readonly shard: number; readonly why: "stale" | "lost" | "recovery-failed" }
  /** What a giver shipped is durable here (only where state lies on the node). */
  | { readonly kind: "stored"; readonly shard: number; readonly giver: NodeId; readonly move: number }
  /** What is known of the owners, or of how this node stands to them, has changed: `ownerOf` and `standing` answer anew. */
  | { readonly kind: "changed"; readonly shard: number }

/** What an owner may do with an answer that it has made: as `mayAnswer` of `lease.ts`. */
export type Right = "from-memory" | "confirm" | "refuse"

export interface Ownership {
  /** Whether state lies on the node: then a planned move ships it, and a shard whose home is away stays there. */
  readonly ships: boolean

  /** Begins; nothing is told before. */
  start(ports: OwnershipPorts, listener: (news: OwnershipNews) => void): void
  /** What the seat of this node in the registry tells, from the first event on. */
  heard(event: SeatEvent): void

  // --- who owns -----------------------------------------------------------------------------------------------------------------------------

  /** Called for every shard whenever the members change; the last one counts. A wish of `none` makes an owner keep the shard until it is released. */
  wish(shard: number, wish: Wish): void
  /** Called whenever the members change. Those that are well tell each other what becomes of their shards; of any other's it is to be learnt at once. */
  well?(members: ReadonlySet<NodeId>): void
  standing(shard: number): Standing
  /** Name of the node that owns it, as far as the registry has told. Where state lies on the node: its home, be it there or not. */
  ownerOf(shard: number): string | undefined
  /** The epoch of the owner on this node, 0 when it is none. */
  epochOf(shard: number): number
  /** Read from the clocks at each call, after the answer was made. */
  mayAnswer(shard: number): Right
  /** Whether the store says, after this call, that the owner's epoch is still the highest. @throws {AgentOSError} `STORE_FAILED` */
  confirm(shard: number): Promise<boolean>
  /**
   * Writes to the store under the epoch of the owner: waits while that is being minted anew, and takes a `STALE_EPOCH` as the loss of the shard.
   * @throws {AgentOSError} `SHARD_MOVED` when this node is not the owner; what `work` throws
   */
  write<T>(shard: number, work: (epoch: number) => Promise<T>): Promise<T>

  // --- the giver ------------------------------------------------------------------------------------------------------------------------------

  /**
   * Sends the state to the taker, whose ownership tells `stored` once it has all of it; only called where `ships`, after the entities have stopped.
   * @throws {AgentOSError} when it cannot be sent, or the taker does not want it
   */
  ship(shard: number, taker: NodeId, move: number): Promise<void>
  /** Gives the record up: for a taker, or (where state is shared) for whoever wants it. Entities have stopped, and what was shipped is stored. */
  release(shard: number, taker: NodeId | undefined): Promise<Release>

  // --- the taker ------------------------------------------------------------------------------------------------------------------------------

  /** A giver's offer was accepted: get ready to own it, whatever was wished. Ends with `owned`, `dismiss`, or the next wish once the move is over. */
  expect(shard: number, giver: NodeId, move: number): void
  /** The giver says that it has released the record: look at once. */
  released(shard: number): void
  /** The giver went: finds out, for as long as it takes, whether the record is ours or can be taken. `owned` is told besides. */
  settle(shard: number): Promise<"ours" | "another's">
  /** The move is off, or over. @param staged whether what was shipped is dropped too */
  dismiss(shard: number, staged: "drop" | "keep"): void

  // --- the end --------------------------------------------------------------------------------------------------------------------------------

  /** Every entity has stopped: gives up, within seconds, what others can take. */
  leave(): Promise<void>
  /** Where state lies on the node: declares one lost for good, so that its shards begin anew elsewhere. @throws {AgentOSError} `NODE_ALIVE` */
  forget?(name: string): Promise<unknown>
  /** For `status`: what stands in the way of owning, in words; undefined when nothing does. */
  trouble(): string | undefined
}

/** What an ownership lives on. */
export interface OwnershipPorts {
  readonly self: NodeDescription
  readonly shards: number
  readonly registry: Registry
  readonly seat: Seat
  readonly peers: Peers
  readonly clock: Clock
  readonly random: Random
}
