/**
 * One node of a simulation, through all its lives: its disk and the error of its clock outlive a crash, nothing else
 * does.
 */
import type { Clock, Random } from "../clock.js"
import type { Journal } from "../persistence/journal.js"
import { levelJournal } from "../persistence/level-journal.js"
import { LevelStore } from "../persistence/level-store.js"
import type { Transport } from "../ports.js"
import type { ActorSystem } from "../system.js"
import type { EntityOptions } from "../system-options.js"
import type { Endpoint } from "./endpoint.js"
import type { SeededRandom } from "./seeded-random.js"
import type { Simulation } from "./simulation.js"
import type { ClockView, VirtualClock } from "./virtual-clock.js"
import type { VirtualDisk } from "./virtual-disk.js"

/** What a node's system is made of, for one of its lives. */
export interface SimulatedNode {
  readonly name: string
  /** How often it was started before. */
  readonly life: number
  readonly clock: ClockView
  readonly random: SeededRandom
  readonly disk: VirtualDisk
  readonly transport: Transport
  readonly simulation: Simulation
  /** The ports that every system of a simulation needs, to be spread into the options of `createActorSystem`. */
  readonly ports: {
    readonly clock: Clock
    readonly random: Random
    readonly transport: Transport
    readonly entities: EntityOptions
  }
  /** Opens the journal on its disk. */
  journal(): Promise<Journal>
}

export class NodeState {
  readonly name: string
  readonly disk: VirtualDisk
  readonly endpoint: Endpoint
  readonly #clock: VirtualClock
  readonly #random: SeededRandom
  life = -1
  phase: "down" | "starting" | "up" = "down"
  /** Its disk has refused a write: its store takes none until it is started again. */
  refused = false
  /** Messages handled, and turns of the clock, in lives that have ended. */
  #handledBefore = 0
  #turnsBefore = 0

  constructor(name: string, disk: VirtualDisk, endpoint: Endpoint, clock: VirtualClock, random: SeededRandom) {
    this.name = name
    this.disk = disk
    this.endpoint = endpoint
    this.#clock = clock
    this.#random = random
  }

  get system(): ActorSystem | undefined {
    return this.endpoint.system
  }

  get handled(): number {
    return this.#handledBefore + (this.system?.statistics.handled ?? 0)
  }

  get turns(): number {
    return this.#turnsBefore + this.endpoint.clock.turns
  }

  /** Begins a life: a clock of its own, chance of its own. */
  begin(simulation: Simulation, transportOf: (endpoint: Endpoint) => Transport): SimulatedNode {
    this.life += 1
    this.phase = "starting"
    this.refused = false
    const clock = this.#clock.view()
    clock.skewMs = this.endpoint.clock.skewMs
    this.endpoint.restart(clock)
    const { name, life, disk } = this
    const random = this.#random.fork(`life ${life}`)
    const transport = transportOf(this.endpoint)
    // How full the heap of the simulating process is, must not decide anything.
    const entities: EntityOptions = { memoryPressure: () => 0 }
    return {
      name,
      life,
      clock,
      random,
      disk,
      transport,
      simulation,
      ports: { clock, random, transport, entities },
      journal: async () => levelJournal(new LevelStore(await disk.open()), clock),
    }
  }

  /** Nothing of this life acts any more. */
  end(keep?: (bytes: number) => number): void {
    this.#handledBefore = this.handled
    this.#turnsBefore = this.turns
    this.endpoint.clock.turns = 0
    this.endpoint.clock.end()
    this.endpoint.system = undefined
    this.disk.crash(keep)
    this.phase = "down"
  }
}
