/**
 * The port to a service registry: who is there, who may try to own what, and a few small records. It decides nothing
 * about membership or placement, and nothing about epochs: those the store mints. Every adapter passes the suite in
 * `test/support/registry-contract.ts`.
 *
 * Invariants
 *   R1. A watcher is told the whole list, never a difference: what is there now, then again whenever it may have
 *       changed.
 *   R2. A lock is held by one node, under the lease of one seat. When the lease ends, its locks are free, and for
 *       `lockDelayMs` nobody gets them; what is released can be had at once.
 *   R3. A lease is fresh for `leaseMs` after the start of the last renewal that succeeded, and `leaseMs` is less than
 *       `lockDelayMs`: while it is fresh nobody else holds a lock of it. A lease that is lost is told as lost and
 *       never fresh again.
 *   R4. `unavailable` leaves open whether it was done. To acquire again, release again and read again does no harm;
 *       who gives up an acquisition after it releases, or the lock may stay with this node.
 *   R5. A node that the registry has forgotten is registered again without being asked, unless a later incarnation of
 *       it has come to the same machine: then it is told so, its lease is lost, and it stays away. Incarnations on
 *       different machines are both told.
 *   R6. Clusters of different names share a registry and see nothing of each other.
 */
import { checkEach, positiveOrAll } from "#actors/numbers.js"
import { checkOptions } from "#actors/words.js"
import type { Moment } from "./lease.js"
import type { Incarnation, NodeDescription } from "./node.js"

/** A node as the registry sees it. */
export interface RegisteredNode {
  readonly node: NodeDescription
  /** Does it show signs of life? */
  readonly health: "passing" | "critical"
  /** Has it announced that it will leave? */
  readonly leaving: boolean
}

/** The node that holds a lock. */
export type Holder = Incarnation

export interface Lock {
  readonly key: string
  readonly by: Holder
}

/** A small text under a key: the home of an entity that moved, a setting. */
export interface RegistryRecord {
  readonly key: string
  readonly value: string
  /** Changes with every write; 0 stands for a record that is not there. */
  readonly version: number
}

/** What a watcher knows: a list (R1), or that it has to do with the last one for a while. */
export type Sight<Entry> =
  | { readonly kind: "current"; readonly entries: readonly Entry[] }
  | { readonly kind: "disconnected"; readonly reason: string }

export type Watcher<Entry> = (sight: Sight<Entry>) => void

/** Ends a watch; afterwards its watcher is not called. */
export type Unwatch = () => void

export interface Unavailable {
  readonly kind: "unavailable"
  readonly reason: string
}

/** One term of a seat: what is acquired under it is held until it ends. */
export interface Lease {
  /** On the monotonic clock (R3); minus infinity once the lease is lost. Whoever answers from memory compares this. */
  readonly freshUntil: number
  /** When the last renewal that succeeded was begun, by both clocks. Each renewal brings another object. */
  readonly renewedFrom: Moment
}

export type Acquisition =
  | { readonly kind: "held"; readonly lease: Lease }
  | { readonly kind: "taken"; readonly by: Holder }
  /** Its last holder lost it less than `lockDelayMs` ago (R2). */
  | { readonly kind: "delayed" }
  | Unavailable

/** Who holds locks, by key; those that nobody holds are not in it. */
export type Look = { readonly kind: "looked"; readonly holders: ReadonlyMap<string, Holder> } | Unavailable

export type SeatEvent =
  /** The node is registered and may acquire locks, all anew. */
  | { readonly kind: "seated"; readonly lease: Lease }
  /** Its locks are no longer held. Another `seated` follows when the registry allows. */
  | { readonly kind: "lost"; readonly lease: Lease }
  /** Why it cannot be registered or has no lease, once for each reason; it goes on trying. */
  | { readonly kind: "waiting"; readonly reason: string }
  /** A later incarnation has taken the name (R5). The last event of a seat. */
  | { readonly kind: "superseded"; readonly by: Holder }

/** The place of one node in the registry, kept in the background from `join` to `leave`. */
export interface Seat {
  /** None before the first, and between two. */
  readonly lease: Lease | undefined
  acquire(key: string): Promise<Acquisition>
  /**
   * Renews the lease now, beside the beat, by a renewal that is begun after the call. Resolves when that has ended,
   * well or not; many calls at once make one.
   */
  renew(): Promise<void>
  /** Done also when the lock was not held. */
  release(key: string): Promise<{ readonly kind: "released" } | Unavailable>
  /**
   * Tells it to all who watch the nodes, where a registry can; for ever, and told again with every registration. The
   * locks stay.
   */
  announceLeaving(): void
  /** Releases every lock and strikes the node off. Does what can be done in a few seconds; the rest ends by itself. */
  leave(): Promise<void>
}

export interface Registry {
  /** False where there are no records, and none can be written. */
  readonly keepsRecords?: boolean
  /** Registers a node and keeps it so; returns before that is done. @throws AgentOSError `INVALID_NODE` */
  join(node: NodeDescription, listener: (event: SeatEvent) => void): Seat
  /** Every node that is registered, in health or not; two incarnations of one name are two entries. */
  watchNodes(watcher: Watcher<RegisteredNode>): Unwatch
  /**
   * Every lock under a prefix that is held: one watch for any number of them.
   * @param patient asked when something has changed, and while it says so that may be told some seconds late, which
   * spares the registry and all who watch many readings
   */
  watchLocks(prefix: string, watcher: Watcher<Lock>, patient?: () => boolean): Unwatch
  watchRecords(prefix: string, watcher: Watcher<RegistryRecord>): Unwatch
  /**
   * Who holds some locks, by one consistent read that is begun after the call; a watch may lag behind. Keys that begin
   * alike are cheap to look at together.
   */
  lookLocks(keys: readonly string[]): Promise<Look>
  read(
    key: string,
  ): Promise<{ readonly kind: "found"; readonly record: RegistryRecord } | { readonly kind: "absent" } | Unavailable>
  /** All records under a prefix, by key. */
  list(prefix: string): Promise<{ readonly kind: "listed"; readonly records: readonly RegistryRecord[] } | Unavailable>
  /** Writes if the record still has this version; 0: if there is none. */
  write(
    key: string,
    value: string,
    version: number,
  ): Promise<{ readonly kind: "written"; readonly version: number } | { readonly kind: "conflict" } | Unavailable>
  /** Removes a record if it still has this version; done also when there is none. */
  remove(
    key: string,
    version: number,
  ): Promise<{ readonly kind: "removed" } | { readonly kind: "conflict" } | Unavailable>
  /**
   * Ends the lease of a node that the others hold for down, before the registry itself finds it gone; its locks are
   * delayed as by R2. A node that is well after all has another lease at once. Where leases do not end, and when it
   * fails, nothing happens.
   */
  expel(node: Incarnation): Promise<void>
  /**
   * Ends watches and stops keeping seats, which to others looks like a crash. Afterwards everything is `unavailable`.
   */
  close(): Promise<void>
}

export interface RegistryTimings {
  /**
   * Without a sign of life for so long, its health is critical and its lease ends. Shorter: quicker takeover, and less
   * patience with a busy node.
   */
  readonly checkTtlMs: number
  /** Between two signs of life, and between two renewals of the lease. */
  readonly beatMs: number
  /** How long a sign of life or a renewal may take before the next is tried. */
  readonly renewTimeoutMs: number
  /** How long a renewal keeps the lease fresh. */
  readonly leaseMs: number
  /**
   * A node that shows no sign of life for so long is registered no more. Consul takes a minute and a half at least.
   */
  readonly forgetMs: number
  /**
   * How long nobody gets a lock whose holder lost its lease: longer than `leaseMs`, or two nodes answer for one
   * entity.
   */
  readonly lockDelayMs: number
}

export const registryTimings: RegistryTimings = {
  checkTtlMs: 2000,
  beatMs: 500,
  renewTimeoutMs: 1500,
  leaseMs: 3000,
  forgetMs: 600_000,
  lockDelayMs: 5000,
}

/** Timings with some of them replaced. @throws RangeError when they break R3 */
export function withTimings(changes: Partial<RegistryTimings> = {}): RegistryTimings {
  checkOptions("INVALID_NODE", "timings", changes, registryTimings)
  checkEach("INVALID_NODE", "timings.", changes, positiveOrAll)
  const timings = { ...registryTimings, ...changes }
  if (timings.leaseMs >= timings.lockDelayMs) {
    throw new RangeError(`leaseMs (${timings.leaseMs}) must be less than lockDelayMs (${timings.lockDelayMs})`)
  }
  if (timings.beatMs >= timings.checkTtlMs) {
    throw new RangeError(`beatMs (${timings.beatMs}) must be less than checkTtlMs (${timings.checkTtlMs})`)
  }
  return timings
}

/** @returns the key as it was given @throws RangeError when no registry takes it */
export function checkedKey(key: string): string {
  if (key.length >= 1 && key.length <= 512 && !/\p{Surrogate}/u.test(key)) return key
  throw new RangeError(`a key must be 1 to 512 characters of well-formed text, not ${JSON.stringify(key)}`)
}
