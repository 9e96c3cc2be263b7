/**
 * A fixed list of nodes and nothing that decides between them: for a cluster whose nodes never change, or for trying out. Every node is configured
 * with the same list.
 *
 * What follows from that
 *   - All listed nodes are told as members, and as healthy; whether one lives, its peers find out.
 *   - A lock belongs to one listed node for good, as `holderOf` says; nobody else ever gets it. So nothing moves, and what belongs to a node that is
 *     down waits for it.
 *   - Who holds a lock now cannot be told, only whose it is: a watch of locks is disconnected.
 *   - There are no records, and none can be written.
 */
import { systemClock, type Clock } from "#actors/clock.js"
import { AgentOSError } from "#actors/errors.js"
import { KeptLease } from "./kept-lease.js"
import {
  checkedKey,
  checkedNode,
  type Acquisition,
  type Holder,
  type Member,
  type NodeRecord,
  type Registry,
  type Seat,
  type SeatEvent,
  type Sight,
  type Unavailable,
  type Unwatch,
  type Watcher,
} from "./registry.js"

export interface StaticOptions {
  /** The same on each node; a node's own entry is replaced by what it joins with. */
  readonly nodes: readonly NodeRecord[]
  /** The id of the node that a lock belongs to, the same on each node. */
  readonly holderOf: (key: string) => string
  readonly clock?: Clock
}

/** @throws AgentOSError `INVALID_NODE` */
export function staticRegistry(options: StaticOptions): Registry {
  return new StaticRegistry(options)
}

class StaticRegistry implements Registry {
  readonly #nodes: Map<string, NodeRecord>
  readonly #holderOf: (key: string) => string
  readonly #clock: Clock
  readonly #seats = new Set<StaticSeat>()
  readonly #members = new Set<Watcher<Member>>()
  #closed = false

  constructor({ nodes, holderOf, clock = systemClock }: StaticOptions) {
    this.#nodes = new Map(nodes.map((node) => [node.id, checkedNode(node)]))
    this.#holderOf = holderOf
    this.#clock = clock
  }

  join(node: NodeRecord, listener: (event: SeatEvent) => void): Seat {
    if (!this.#nodes.has(checkedNode(node).id)) {
      const listed = [...this.#nodes.keys()].join(", ")
      throw new AgentOSError("INVALID_NODE", `id of a node must be one of those listed (${listed}), not ${node.id}`)
    }
    this.#nodes.set(node.id, node)
    const seat = new StaticSeat(node, (key) => this.#holder(key))
    this.#seats.add(seat)
    this.#clock.soon(() => {
      const lease = this.#closed ? undefined : seat.sit()
      if (lease !== undefined) listener({ kind: "seated", lease })
      for (const watcher of this.#members) watcher(this.#sight())
    })
    return seat
  }

  watchMembers(watcher: Watcher<Member>): Unwatch {
    this.#members.add(watcher)
    this.#clock.soon(() => {
      if (this.#members.has(watcher)) watcher(this.#sight())
    })
    return () => this.#members.delete(watcher)
  }

  watchLocks(_prefix: string, watcher: Watcher<never>): Unwatch {
    return this.#once(watcher, {
      kind: "disconnected",
      reason: "a static registry knows whose a lock is, not who holds it",
    })
  }

  watchRecords(_prefix: string, watcher: Watcher<never>): Unwatch {
    return this.#once(watcher, { kind: "current", entries: [] })
  }

  async read(key: string): ReturnType<Registry["read"]> {
    checkedKey(key)
    return this.#closed ? closed : { kind: "absent" }
  }

  async list(): ReturnType<Registry["list"]> {
    return this.#closed ? closed : { kind: "listed", records: [] }
  }

  async write(key: string): Promise<Unavailable> {
    checkedKey(key)
    return this.#closed ? closed : { kind: "unavailable", reason: "a static registry keeps no records" }
  }

  async remove(key: string): ReturnType<Registry["remove"]> {
    checkedKey(key)
    return this.#closed ? closed : { kind: "removed" }
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#members.clear()
    for (const seat of this.#seats) await seat.leave()
  }

  #holder(key: string): Holder | undefined {
    const node = this.#nodes.get(this.#holderOf(key))
    return node === undefined ? undefined : { id: node.id, incarnation: node.incarnation }
  }

  #sight(): Sight<Member> {
    return { kind: "current", entries: [...this.#nodes.values()].map((node) => ({ ...node, healthy: true })) }
  }

  #once(watcher: Watcher<never>, sight: Sight<never>): Unwatch {
    let ended = false
    this.#clock.soon(() => {
      if (!ended && !this.#closed) watcher(sight)
    })
    return () => void (ended = true)
  }
}

const closed: Unavailable = { kind: "unavailable", reason: "the registry is closed" }

class StaticSeat implements Seat {
  readonly #node: NodeRecord
  readonly #holder: (key: string) => Holder | undefined
  #left = false
  #lease: KeptLease | undefined

  constructor(node: NodeRecord, holder: (key: string) => Holder | undefined) {
    this.#node = node
    this.#holder = holder
  }

  get lease(): KeptLease | undefined {
    return this.#lease
  }

  /** There is nobody who could take the lease away. */
  sit(): KeptLease | undefined {
    if (!this.#left) this.#lease = new KeptLease(Infinity)
    return this.#lease
  }

  async acquire(key: string): Promise<Acquisition> {
    const by = this.#holder(checkedKey(key))
    if (this.#lease === undefined) return { kind: "unavailable", reason: "this node has no lease" }
    if (by === undefined) return { kind: "unavailable", reason: `${key} belongs to no listed node` }
    return by.id === this.#node.id ? { kind: "held", lease: this.#lease } : { kind: "taken", by }
  }

  async release(): Promise<{ readonly kind: "released" }> {
    return { kind: "released" }
  }

  async leave(): Promise<void> {
    this.#left = true
    this.#lease?.lose()
    this.#lease = undefined
  }
}
