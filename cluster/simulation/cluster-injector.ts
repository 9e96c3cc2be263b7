/**
 * Lets faults happen to the nodes of a simulated cluster, to what is between them and to what they share, and heals them.
 *
 * Invariants
 *   I1. A fault counts when it has taken effect: a crash of a node that was alive, the cut of a stream that was open.
 *   I2. Faults of one kind may lap over each other: the last that ends, ends it.
 */
import type { EventLog } from "#actors/simulation/event-log.js"
import { Task, type VirtualClock } from "#actors/simulation/virtual-clock.js"
import { clusterFaultKinds, type ClusterFault, type ClusterFaultKind } from "./cluster-faults.js"
import type { NodeState } from "./cluster-node.js"
import type { VirtualWires } from "./virtual-carrier.js"
import type { VirtualConsul } from "./virtual-consul.js"
import type { VirtualStore } from "./virtual-store.js"

/** What can be done to the lives of nodes. */
export interface Lives {
  crash(node: NodeState, downMs: number, silently?: boolean): void
  start(node: NodeState): void
  /** @param drainMs how long it stays without shards before it goes; @param downMs undefined: it does not come back */
  leave(node: NodeState, drainMs: number | undefined, downMs: number | undefined): void
}

export interface World {
  readonly clock: VirtualClock
  readonly log: EventLog
  readonly wires: VirtualWires
  readonly consul: VirtualConsul
  readonly store: VirtualStore
  readonly nodes: ReadonlyMap<string, NodeState>
}

type End = () => void

export class ClusterInjector {
  readonly counts = Object.fromEntries(clusterFaultKinds.map((kind) => [kind, 0])) as Record<ClusterFaultKind, number>
  /** All that were tried. */
  readonly injected: ClusterFault[] = []
  /** When one of the kind last began or ended. */
  readonly #lastAt = new Map<ClusterFaultKind, number>()
  readonly #world: World
  readonly #lives: Lives
  readonly #lasting = new Map<ClusterFault, End>()
  /** Faults that wait for a node to mint. */
  readonly #atMint: ClusterFault[] = []
  /** By how much frames between two machines are late. */
  readonly #late = new Map<string, number>()

  constructor(world: World, lives: Lives) {
    this.#world = world
    this.#lives = lives
    world.store.minted = (node) => this.#minted(this.#named(node))
    world.wires.delayOf = (from, to) => (this.#late.size === 0 ? 0 : (this.#late.get(`${from.name} ${to.name}`) ?? 0))
  }

  /** Lets each fault happen at its time, if that is before `endMs`. */
  schedule(plan: readonly ClusterFault[], endMs: number): void {
    const { clock } = this.#world
    for (const fault of plan)
      if (fault.at < endMs) clock.schedule(fault.at - clock.now, new Task(() => this.#inject(fault)))
  }

  /** When the last fault was over, but for those of some kinds; infinite while one lasts. */
  lastTrouble(except: readonly ClusterFaultKind[]): number {
    for (const { kind } of this.#lasting.keys()) if (!except.includes(kind)) return Infinity
    let last = 0
    for (const [kind, at] of this.#lastAt) if (!except.includes(kind)) last = Math.max(last, at)
    return last
  }

  /** What such a fault has done to a node is felt until now. */
  felt(kind: ClusterFaultKind): void {
    this.#lastAt.set(kind, this.#world.clock.now)
  }

  /** Everything is well again. */
  heal(): void {
    this.#atMint.length = 0
    const ends = [...this.#lasting.values()]
    this.#lasting.clear()
    for (const end of ends) end()
    this.#world.store.faulty = false
    for (const node of this.#world.nodes.values()) node.skewMs = node.view.skewMs = 0
  }

  #inject(fault: ClusterFault): void {
    this.injected.push(fault)
    const { wires, consul, store, nodes } = this.#world
    const { kind, forMs, byMs } = fault
    const [a, b] = fault.nodes.map((name) => this.#named(name))
    const others = [...nodes.keys()].filter((name) => !fault.nodes.includes(name))
    const node = a as NodeState
    switch (kind) {
      case "crash":
        if (node.phase === "down") return
        this.#count(fault)
        return this.#lives.crash(node, forMs)
      case "powerLoss":
        if (node.phase === "down") return
        this.#count(fault)
        this.#lives.crash(node, forMs, true)
        return this.#last(fault, consul.stopAgent(node.name))
      case "pause":
      case "sleep": {
        if (node.phase === "down" || node.view.paused) return
        const wake = kind === "sleep" ? consul.cutOff(node.name) : (): void => undefined
        return this.#pause(fault, node, wake)
      }
      case "pauseAtMint":
        this.#atMint.push(fault)
        return
      case "partition":
        this.#count(fault)
        return this.#last(fault, wires.part(fault.nodes, others))
      case "isolation": {
        this.#count(fault)
        const ends = [wires.part(fault.nodes, others), consul.cutOff(node.name), store.cutOff(node.name)]
        return this.#last(fault, () => ends.forEach((end) => end()))
      }
      case "consulCut":
        this.#count(fault)
        return this.#last(fault, consul.cutOff(node.name))
      case "storeCut":
        this.#count(fault)
        return this.#last(fault, store.cutOff(node.name))
      case "streamCut":
        if (wires.cut(node.name, (b as NodeState).name)) this.#count(fault)
        return
      case "slowLink": {
        this.#count(fault)
        const ways = [fault.nodes.join(" "), [...fault.nodes].reverse().join(" ")]
        const add = (by: number): void => ways.forEach((way) => this.#late.set(way, (this.#late.get(way) ?? 0) + by))
        add(byMs)
        return this.#last(fault, () => add(-byMs))
      }
      case "agentRestart":
        this.#count(fault)
        return this.#last(fault, consul.stopAgent(node.name))
      case "quorumLoss":
        this.#count(fault)
        return this.#last(fault, consul.loseQuorum())
      case "wipe":
        this.#count(fault)
        return consul.wipe()
      case "storeOutage":
        this.#count(fault)
        return this.#last(fault, store.outage())
      case "clockJump":
        this.#count(fault)
        node.skewMs = node.view.skewMs = byMs
        return
      case "join":
        if (node.phase !== "down") return
        this.#count(fault)
        this.#lives.start(node)
        return this.#last(fault, () => this.#lives.leave(node, undefined, undefined))
      case "drain":
        if (node.phase !== "up" || node.view.paused) return
        this.#count(fault)
        return this.#lives.leave(node, forMs, forMs)
      case "leave":
        if (node.phase !== "up" || node.view.paused) return
        this.#count(fault)
        return this.#lives.leave(node, undefined, forMs)
    }
  }

  #pause(fault: ClusterFault, node: NodeState, wake: End): void {
    const { view } = node
    this.#count(fault)
    view.pause(fault.kind === "sleep")
    this.#world.wires.stoodStill(node.name)
    this.#last(fault, () => {
      wake()
      view.goOn()
    })
  }

  /** The store has minted an epoch for a node. */
  #minted(node: NodeState): void {
    if (this.#atMint.length === 0 || node.phase === "down" || node.view.paused) return
    this.#pause(this.#atMint.shift() as ClusterFault, node, () => undefined)
  }

  /** I1 */
  #count(fault: ClusterFault): void {
    const { clock, log } = this.#world
    this.counts[fault.kind] += 1
    this.felt(fault.kind)
    log.tell(clock.now, fault.nodes.join(" "), `${fault.kind} for ${Math.round(fault.forMs)} ms`)
  }

  /** Ends a fault when its time is over, or everything is healed. */
  #last(fault: ClusterFault, end: End): void {
    const { clock } = this.#world
    this.#lasting.set(fault, end)
    const over = (): void => {
      if (!this.#lasting.delete(fault)) return
      this.felt(fault.kind)
      end()
    }
    clock.schedule(fault.forMs, new Task(over))
  }

  #named(name: string): NodeState {
    const node = this.#world.nodes.get(name)
    if (node === undefined) throw new RangeError(`a fault befalls ${name}, but there is no such node`)
    return node
  }
}
