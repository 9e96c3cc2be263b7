/**
 * Lets faults happen to nodes, disks, clocks and links, and heals them.
 *
 * Invariants
 *   I1. A fault counts when it has taken effect: a crash of a node that was alive, a torn write of one that was writing, a full disk that refused a write.
 *   I2. What its disk has refused, a node does not outlive: as soon as there is room it is started again, as its store takes no more.
 */
import { fnv1a } from "../hash.js"
import type { EventLog } from "./event-log.js"
import { isMessageFault, messageKinds, timedKinds, type Fault, type FaultKind, type TimedFault } from "./faults.js"
import type { NodeState } from "./simulated-node.js"
import { Task, type VirtualClock } from "./virtual-clock.js"
import type { VirtualNetwork } from "./virtual-network.js"

/** @param keep how many of the bytes under way reach the disk */
type Crash = (node: NodeState, downMs: number, keep?: (bytes: number) => number) => void

/** How long a node is down whose disk was full. */
const restartMs = 1

export class Injector {
  readonly counts = Object.fromEntries([...timedKinds, ...messageKinds].map((kind) => [kind, 0])) as Record<
    FaultKind,
    number
  >
  /** All that were tried. */
  readonly injected: Fault[] = []
  readonly #clock: VirtualClock
  readonly #network: VirtualNetwork
  readonly #log: EventLog
  readonly #nodes: ReadonlyMap<string, NodeState>
  readonly #crash: Crash
  readonly #effective = new Set<Fault>()
  /** What ends the faults that last. */
  readonly #lasting = new Map<TimedFault, () => void>()

  constructor(
    clock: VirtualClock,
    network: VirtualNetwork,
    log: EventLog,
    nodes: ReadonlyMap<string, NodeState>,
    crash: Crash,
  ) {
    this.#clock = clock
    this.#network = network
    this.#log = log
    this.#nodes = nodes
    this.#crash = crash
    network.befell = (fault) => {
      this.injected.push(fault)
      this.counts[fault.kind] += 1
      this.#log.fold(fnv1a(fault.kind), fault.message)
    }
  }

  /** Lets each fault happen at its time, if that is before `endMs`. */
  schedule(plan: readonly Fault[], endMs: number): void {
    for (const fault of plan)
      if (!isMessageFault(fault) && fault.at < endMs)
        this.#clock.schedule(fault.at - this.#clock.now, new Task(() => this.#inject(fault)))
  }

  #inject(fault: TimedFault): void {
    const { kind, nodes, forMs, byMs } = fault
    const [node] = this.#named(nodes) as [NodeState]
    const { disk } = node
    this.injected.push(fault)
    switch (kind) {
      case "crash":
        if (node.phase === "down") return
        this.#count(fault)
        return this.#crash(node, forMs)
      case "tornWrite":
        this.#lasting.set(fault, () => undefined) // until the next write
        return
      case "fullDisk":
        disk.full = true
        return this.#last(fault, () => {
          disk.full = this.#lastingAt("fullDisk", node) !== undefined
          if (node.refused && !disk.full) this.#crash(node, restartMs) // I2
        })
      case "slowDisk":
        this.#count(fault)
        disk.slowMs += byMs
        return this.#last(fault, () => (disk.slowMs -= byMs))
      case "clockSkew":
        this.#count(fault)
        node.endpoint.clock.skewMs = byMs
        return
      case "partition": {
        this.#count(fault)
        const some = this.#named(nodes)
        const others = [...this.#nodes.values()].filter((other) => !some.includes(other))
        const ends = (of: readonly NodeState[]) => of.map(({ endpoint }) => endpoint)
        return this.#last(fault, this.#network.part(ends(some), ends(others)))
      }
    }
  }

  /** A node has begun a write that takes so long: if one is to be torn, this is it. */
  writing(node: NodeState, milliseconds: number): void {
    const fault = this.#lasting.size === 0 ? undefined : this.#lastingAt("tornWrite", node)
    if (fault === undefined) return
    this.#lasting.delete(fault)
    const { life } = node
    const tear = (): void => {
      if (node.life !== life || !node.disk.writing) return
      this.#count(fault)
      this.#crash(node, fault.forMs, (bytes) => 1 + Math.floor(fault.part * (bytes - 1)))
    }
    this.#clock.schedule(milliseconds * fault.part, new Task(tear))
  }

  /** The disk of a node was full. */
  refused(node: NodeState): void {
    node.refused = true
    const fault = this.#lastingAt("fullDisk", node)
    if (fault === undefined) return this.#crash(node, restartMs) // I2: the write began when it was full still
    if (!this.#effective.has(fault)) this.#count(fault)
  }

  /** Everything is well again. */
  heal(): void {
    this.#network.faulty = false
    const ends = [...this.#lasting.values()]
    this.#lasting.clear()
    for (const end of ends) end()
    for (const node of this.#nodes.values()) node.endpoint.clock.skewMs = 0
  }

  /** I1 */
  #count(fault: TimedFault): void {
    this.counts[fault.kind] += 1
    this.#effective.add(fault)
    this.#log.tell(this.#clock.now, fault.nodes.join(" "), fault.kind)
  }

  /** Ends a fault when its time is over, or everything is healed. */
  #last(fault: TimedFault, end: () => void): void {
    this.#lasting.set(fault, end)
    const over = (): void => {
      if (this.#lasting.delete(fault)) end()
    }
    this.#clock.schedule(fault.forMs, new Task(over))
  }

  /** The oldest fault of the kind that lasts at a node. */
  #lastingAt(kind: FaultKind, node: NodeState): TimedFault | undefined {
    for (const fault of this.#lasting.keys()) if (fault.kind === kind && fault.nodes[0] === node.name) return fault
    return undefined
  }

  #named(names: readonly string[]): NodeState[] {
    return names.map((name) => {
      const node = this.#nodes.get(name)
      if (node === undefined) throw new RangeError(`a fault befalls ${name}, but there is no such node`)
      return node
    })
  }
}
