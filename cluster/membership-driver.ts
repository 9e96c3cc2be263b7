/**
 * Lets the membership machine (`membership.ts`) run on one node: what the registry, the seat, the mesh and the clock tell becomes events, and what the machine
 * says is carried out on the mesh and the registry. It decides nothing.
 *
 * Invariants
 *   D1. One event at a time: its actions are carried out in their order, after the view has been replaced; an event that an action leads to comes after them.
 *   D2. A change is told once, after the actions of its step, with the view that it led to. A listener that throws is nobody else's concern.
 *   D3. That this incarnation must stop is told once. After `close` no event is taken and nothing is told.
 *   D4. Lists of nodes are counted here: the registry's own index begins anew when it is wiped (M6).
 *   D5. Of those that are up the first by id ends the lease of a member that went down: the registry may need longer to find that out.
 */
import type { Clock } from "#actors/clock.js"
import type { Logger } from "#actors/telemetry.js"
import { firstView, type MemberStatus, type View } from "./members.js"
import {
  DEFAULT_MEMBERSHIP,
  stepMembership,
  type MembershipAction,
  type MembershipEvent,
  type MembershipTimings,
} from "./membership.js"
import { incarnationOf, nodeId, type NodeDescription, type NodeId } from "./node.js"
import { LateSeat } from "./late-seat.js"
import type { RegisteredNode, Registry, SeatEvent, Sight } from "./registry.js"

/** What membership does to the streams between nodes. */
export interface MembershipNetwork {
  connect(id: NodeId, node: NodeDescription, protocol: number): void
  disconnect(id: NodeId): void
  /** It is down: what was under way to it is lost, though it may come back. */
  lose(id: NodeId): void
  /** Asks for a sign of life; answered by `probe-answered` or `probe-failed`. */
  probe(id: NodeId, number: number): void
  tellVote(about: NodeId, accuses: boolean, number: number): void
  tellRemoved(id: NodeId): void
  /** Whether a member counts as one that answers: what waits for one that does not is better given up. */
  setReachable(id: NodeId, reachable: boolean): void
}

/** Why an incarnation must stop. */
export type StopReason =
  /** A later incarnation has the name. */
  | { readonly why: "superseded"; readonly by: NodeId }
  /** The others have removed it; it may start anew above this incarnation. */
  | { readonly why: "removed"; readonly above: number }

export interface MemberChange {
  readonly id: NodeId
  readonly from: MemberStatus | undefined
  readonly to: MemberStatus | "removed"
}

export interface MembershipDriverOptions {
  readonly node: NodeDescription
  readonly registry: Registry
  readonly network: MembershipNetwork
  readonly clock: Clock
  readonly logger: Logger
  readonly timings?: Partial<MembershipTimings>
  /** How often the machine looks at the time; default 200. */
  readonly tickMs?: number
  /** For those who hold locks. */
  seated(event: SeatEvent): void
  /** D3 */
  stopped(reason: StopReason): void
}

export class MembershipDriver {
  readonly #options: MembershipDriverOptions
  readonly #timings: MembershipTimings
  readonly #tickMs: number
  readonly #listeners = new Set<(view: View, changes: readonly MemberChange[]) => void>()
  readonly #waiting: MembershipEvent[] = []
  readonly seat: LateSeat
  readonly #unwatch: () => void
  #view: View
  #stepping = false
  #closed = false
  #stopped = false
  #lists = 0
  #successor: StopReason | undefined
  #cancelTick: () => void
  /** Why the registry tells nothing; undefined while it does. */
  registryAway: string | undefined = "it has not answered yet"

  /** Begins to watch the registry; this node joins it with `join`. */
  constructor(options: MembershipDriverOptions) {
    const { node, registry, clock, timings, tickMs = 200 } = options
    this.#options = options
    this.#timings = { ...DEFAULT_MEMBERSHIP, ...timings }
    this.#tickMs = tickMs
    this.#view = firstView(node, clock.monotonic())
    this.seat = new LateSeat(registry, node, (event) => this.#heardOfSeat(event))
    this.#unwatch = registry.watchNodes((sight) => this.#saw(sight))
    this.#cancelTick = clock.timer(tickMs, this.#tick)
  }

  get view(): View {
    return this.#view
  }

  join(): void {
    this.seat.join()
  }

  /** Takes what the mesh has heard. */
  heard(event: MembershipEvent): void {
    if (this.#closed) return
    this.#waiting.push(event)
    if (this.#stepping) return // D1
    this.#stepping = true
    try {
      for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) this.#step(next)
    } finally {
      this.#stepping = false
    }
  }

  /** Called after each step that changed a member. @returns ends it */
  follow(listener: (view: View, changes: readonly MemberChange[]) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Tells everybody that this node will leave. */
  announceLeaving(): void {
    this.heard({ kind: "leave", id: this.#view.self })
  }

  /** Takes no event any more; the seat stays until who made the node leaves it. */
  close(): void {
    this.#closed = true
    this.#cancelTick()
    this.#unwatch()
    this.#listeners.clear()
    this.#waiting.length = 0
  }

  #step(event: MembershipEvent): void {
    const before = this.#view
    const { view, actions } = stepMembership(before, event, this.#timings, this.#options.clock.monotonic())
    this.#view = view
    const changes: MemberChange[] = []
    for (const action of actions) {
      if (this.#closed) return
      if (action.do === "changed") changes.push(action)
      this.#carryOut(action)
    }
    if (view.version === before.version) return
    for (const listener of [...this.#listeners]) {
      try {
        listener(view, changes)
      } catch (error) {
        this.#options.logger.error({ error }, "one that follows the members of the cluster has failed") // D2
      }
    }
  }

  #carryOut(action: MembershipAction): void {
    const { network } = this.#options
    switch (action.do) {
      case "probe":
        return network.probe(action.id, action.probe)
      case "connect":
        return network.connect(action.id, action.node, action.protocol)
      case "disconnect":
        return network.disconnect(action.id)
      case "tell-vote":
        return network.tellVote(action.about, action.accuses, action.number)
      case "tell-removed":
        return network.tellRemoved(action.id)
      case "announce-leaving":
        return this.seat.announceLeaving()
      case "changed": {
        const { id, from, to } = action
        this.#options.logger.info({ member: id, from, to }, `member ${id} is ${to}`)
        if (id === this.#view.self || to === "removed") return
        const answers = (status: MemberStatus | undefined): boolean => status !== "unreachable" && status !== "down"
        if (answers(from) !== answers(to)) network.setReachable(id, answers(to))
        if (to === "down") {
          network.lose(id)
          this.#expel(id)
        }
        return
      }
      case "stop":
        return this.#stop(this.#successor ?? { why: "removed", above: action.removed })
    }
  }

  /** D5 */
  #expel(id: NodeId): void {
    const { members, self } = this.#view
    const up = [...members.values()].filter(({ status }) => status === "up").map((member) => member.id)
    const node = incarnationOf(id)
    if (node !== undefined && up.every((other) => self <= other)) void this.#options.registry.expel(node)
  }

  #heardOfSeat(event: SeatEvent): void {
    if (this.#closed) return
    if (event.kind === "superseded") this.#stop({ why: "superseded", by: nodeId(event.by) })
    this.#options.seated(event)
  }

  #saw(sight: Sight<RegisteredNode>): void {
    if (this.#closed) return
    if (sight.kind === "disconnected") {
      this.registryAway = sight.reason
      return this.heard({ kind: "registry-away" })
    }
    this.registryAway = undefined
    const self = this.#options.node
    const successor = sight.entries.find(({ node }) => node.name === self.name && node.incarnation > self.incarnation)
    if (successor !== undefined) this.#successor = { why: "superseded", by: nodeId(successor.node) }
    this.#lists += 1 // D4
    this.heard({ kind: "registry-list", list: this.#lists, nodes: sight.entries })
  }

  #stop(reason: StopReason): void {
    if (this.#stopped) return // D3
    this.#stopped = true
    this.#options.stopped(reason)
  }

  readonly #tick = (): void => {
    if (this.#closed) return
    this.#cancelTick = this.#options.clock.timer(this.#tickMs, this.#tick)
    this.heard({ kind: "time" })
  }
}
