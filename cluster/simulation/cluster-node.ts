/** One node of a simulated cluster, through all its lives: its machine, its disk and the error of its wall clock outlive a crash, nothing else does. */
import type { Cluster } from "../cluster-handle.js"
import type { Endpoint } from "#actors/simulation/endpoint.js"
import type { SeededRandom } from "#actors/simulation/seeded-random.js"
import type { ClockView, VirtualClock } from "#actors/simulation/virtual-clock.js"
import type { VirtualDisk } from "#actors/simulation/virtual-disk.js"

/** What a started node is to the simulation: what `joinCluster` gives, or the least of it. */
export type RunningNode = Pick<Cluster, "system" | "drain" | "leave"> & Partial<Cluster>

export class NodeState {
  readonly name: string
  /** It comes and goes with `join`. */
  readonly guest: boolean
  readonly disk: VirtualDisk
  readonly random: SeededRandom
  /** Where clients reach it. */
  readonly endpoint: Endpoint
  readonly #clock: VirtualClock
  life = -1
  phase: "down" | "starting" | "up" | "leaving" = "down"
  running: RunningNode | undefined
  /** How far wall time is off on its machine. */
  skewMs = 0
  /** Its last life has not ended in order. */
  fell = false
  /** The incarnation that the others have removed, when it was told so. */
  above: number | undefined
  #handledBefore = 0
  #turnsBefore = 0

  constructor(
    name: string,
    guest: boolean,
    disk: VirtualDisk,
    endpoint: Endpoint,
    clock: VirtualClock,
    random: SeededRandom,
  ) {
    this.name = name
    this.guest = guest
    this.disk = disk
    this.endpoint = endpoint
    this.#clock = clock
    this.random = random
  }

  get view(): ClockView {
    return this.endpoint.clock
  }

  /** Messages handled by its actors, in all lives. */
  get handled(): number {
    return this.#handledBefore + (this.running?.system.statistics.handled ?? 0)
  }

  get turns(): number {
    return this.#turnsBefore + this.view.turns
  }

  begin(): void {
    this.life += 1
    this.phase = "starting"
    const view = this.#clock.view()
    view.skewMs = this.skewMs
    this.endpoint.restart(view)
  }

  up(running: RunningNode): void {
    this.phase = "up"
    this.running = running
    this.endpoint.system = running.system
  }

  /** Nothing of this life acts any more. */
  end(): void {
    this.#handledBefore = this.handled
    this.#turnsBefore = this.turns
    this.view.turns = 0
    this.view.end()
    this.running = undefined
    this.endpoint.system = undefined
    this.disk.crash()
    this.phase = "down"
  }
}
