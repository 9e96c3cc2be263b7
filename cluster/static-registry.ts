/**
 * A fixed list of nodes and nothing that decides between them: for a cluster whose nodes never change, or for trying
 * out. Every node is configured with the same list.
 *
 * What follows from that
 *   - All listed nodes are told, as passing and as staying; whether one lives, and whether it leaves, its peers find
 *   out.
 *   - A lock belongs to one listed node for good, as `holderOf` says; nobody else ever gets it. So nothing moves, and
 *   what belongs to a node that is
 *     down waits for it.
 *   - Who holds a lock now cannot be told, only whose it is: a watch of locks is disconnected, and a look tells whose
 *   they are.
 *   - There are no records, and none can be written.
 */
import { checkOptions } from "#actors/words.js"
import { systemClock, type Clock } from "#actors/clock.js"
import { AgentOSError } from "#actors/errors.js"
import { KeptLease } from "./kept-lease.js"
import { checkedNode, type NodeDescription } from "./node.js"
import {
  checkedKey,
  type Acquisition,
  type Holder,
  type Look,
  type RegisteredNode,
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
  readonly nodes: readonly NodeDescription[]
  /** The name of the node that a lock belongs to, the same on each node. */
  readonly holderOf: (key: string) => string
  readonly clock?: Clock
}

/** @throws AgentOSError `INVALID_NODE` */
export function staticRegistry(options: StaticOptions): Registry {
  checkOptions("INVALID_NODE", "the options of a registry", options ?? null, {
    nodes: true,
    holderOf: true,
    clock: true,
  })
  return new StaticRegistry(options)
}

class StaticRegistry implements Registry {
  readonly keepsRecords = false
  readonly #nodes: Map<string, NodeDescription>
  readonly #holderOf: (key: string) => string
  readonly #clock: Clock
  readonly #seats = new Set<StaticSeat>()
  readonly #watchers = new Set<Watcher<RegisteredNode>>()
  #closed = false

  constructor({ nodes, holderOf, clock = systemClock }: StaticOptions) {
    this.#nodes = new Map(nodes.map((node) => [node.name, checkedNode(node)]))
    this.#holderOf = holderOf
    this.#clock = clock
  }

  join(node: NodeDescription, listener: (event: SeatEvent) => void): Seat {
    if (!this.#nodes.has(checkedNode(node).name)) {
      const listed = [...this.#nodes.keys()].join(", ")
      throw new AgentOSError("INVALID_NODE", `name of a node must be one of those listed (${listed}), not ${node.name}`)
    }
    this.#nodes.set(node.name, node)
    const seat = new StaticSeat(node, (key) => this.#holder(key))
    this.#seats.add(seat)
    this.#clock.soon(() => {
      const lease = this.#closed ? undefined : seat.sit()
      if (lease !== undefined) listener({ kind: "seated", lease })
      for (const watcher of this.#watchers) watcher(this.#sight())
    })
    return seat
  }

  watchNodes(watcher: Watcher<RegisteredNode>): Unwatch {
    this.#watchers.add(watcher)
    this.#clock.soon(() => {
      if (this.#watchers.has(watcher)) watcher(this.#sight())
    })
    return () => this.#watchers.delete(watcher)
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

  async lookLocks(keys: readonly string[]): Promise<Look> {
    if (this.#closed) return closed
    const holders = new Map<string, Holder>()
    for (const key of keys) {
      const by = this.#holder(checkedKey(key))
      if (by !== undefined) holders.set(key, by)
    }
    return { kind: "looked", holders }
  }

  async expel(): Promise<void> {
    // Whose a lock is, is written down.
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
    this.#watchers.clear()
    for (const seat of this.#seats) await seat.leave()
  }

  #holder(key: string): Holder | undefined {
    const node = this.#nodes.get(this.#holderOf(key))
    return node === undefined ? undefined : { name: node.name, incarnation: node.incarnation }
  }

  #sight(): Sight<RegisteredNode> {
    const entries = [...this.#nodes.values()].map((node) => ({ node, health: "passing", leaving: false }) as const)
    return { kind: "current", entries }
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
  readonly #node: NodeDescription
  readonly #holder: (key: string) => Holder | undefined
  #left = false
  #lease: KeptLease | undefined

  constructor(node: NodeDescription, holder: (key: string) => Holder | undefined) {
    this.#node = node
    this.#holder = holder
  }

  get lease(): KeptLease | undefined {
    return this.#lease
  }

  /** There is nobody who could take the lease away. */
  sit(): KeptLease | undefined {
    if (!this.#left) this.#lease = new KeptLease({ monotonic: Infinity, wall: Infinity }, 0)
    return this.#lease
  }

  async acquire(key: string): Promise<Acquisition> {
    const by = this.#holder(checkedKey(key))
    if (this.#lease === undefined) return { kind: "unavailable", reason: "this node has no lease" }
    if (by === undefined) return { kind: "unavailable", reason: `${key} belongs to no listed node` }
    return by.name === this.#node.name ? { kind: "held", lease: this.#lease } : { kind: "taken", by }
  }

  async renew(): Promise<void> {
    // It never runs out.
  }

  async release(): Promise<{ readonly kind: "released" }> {
    return { kind: "released" }
  }

  announceLeaving(): void {
    // There is nobody to tell it to.
  }

  async leave(): Promise<void> {
    this.#left = true
    this.#lease?.lose()
    this.#lease = undefined
  }
}
