/**
 * Whole actor systems on a virtual clock, network and disks, under faults, from one seed. The systems run the code that runs everywhere; only the ports are others.
 *
 * Invariants
 *   S1. The same seed, options and code give the same events in the same order: the same hash.
 *   S2. A node that crashes is abandoned as it stands. Its successor starts from its disk.
 *   S3. When the last fault is over everything is healed: every node is up, every disk has room, every clock is right. Only then is anything checked.
 */
import type { ActorDefinition } from "../actor.js"
import { DEFAULT_TENANT } from "../cause.js"
import type { EntityId } from "../entities.js"
import { AgentOSError, errorOf } from "../errors.js"
import { joined } from "../names.js"
import type { PersistenceId } from "../persistence/journal.js"
import type { ActorRef } from "../ref.js"
import type { ActorSystem } from "../system.js"
import type { Endpoint } from "./endpoint.js"
import { fnv1a } from "../hash.js"
import { EventLog, noted, type TraceEntry } from "./event-log.js"
import { MessageFaults, planned, type Fault, type FaultKind, type FaultPlan } from "./faults.js"
import { Injector } from "./injector.js"
import { SeededRandom } from "./seeded-random.js"
import { NodeState, type SimulatedNode } from "./simulated-node.js"
import { Task, VirtualClock } from "./virtual-clock.js"
import { VirtualDisk, type DiskOptions } from "./virtual-disk.js"
import { VirtualNetwork, type NetworkOptions } from "./virtual-network.js"

export interface SimulationOptions {
  readonly seed: number | string
  /** One actor system each, with a disk and a clock of its own. */
  readonly nodes: readonly string[]
  /** Makes a node's system; called again after each crash. */
  start(node: SimulatedNode): Promise<ActorSystem>
  /** The name of the node that an entity lives on; default: by a hash of its tenant, type and key. */
  home?(entity: PersistenceId): string
  /** How long faults come, in virtual milliseconds. */
  readonly durationMs: number
  readonly faults?: FaultPlan
  /** What clients do; it runs beside the faults, and its time is `simulation.wait`. Should end soon after `simulation.running` has become false. */
  workload(simulation: Simulation): Promise<void>
  /** After everything is healed and has settled: throws what is wrong. */
  check?(simulation: Simulation): Promise<void>
  /** Between the end of the workload and the check; default 5,000. */
  readonly settleMs?: number
  /** How long the workload may go on when all is healed, and the check may take, in virtual time; default 120,000. */
  readonly patienceMs?: number
  /** More happenings than this are a failure: something goes round in circles. Default 50,000,000. */
  readonly maxHappenings?: number
  readonly disk?: Pick<DiskOptions, "readMs" | "writeMs">
  readonly network?: NetworkOptions
  /** Wall time at the beginning. */
  readonly startAt?: number
}

export interface SimulationOutcome {
  readonly seed: number | string
  /** Two runs have the same hash when the same happened in the same order at the same times. */
  readonly hash: string
  /** Messages handled by all systems, and happenings of network and disks. */
  readonly events: number
  /** How many faults of each kind took effect. */
  readonly faults: Readonly<Record<FaultKind, number>>
  /** All faults that were tried, in their order, those without effect too: given to `simulate` they make the same run. */
  readonly injected: readonly Fault[]
  readonly failure?: Error
  /** Faults, starts and what the workload noted. */
  readonly trace: readonly TraceEntry[]
  readonly virtualMs: number
}

const defaultSettleMs = 5000
const defaultPatienceMs = 120_000
const defaultMaxHappenings = 50_000_000
/** How long the nodes may take to start at the beginning. */
const startMs = 60_000
/** How long after a failed start, because the disk is full, the next is tried. */
const retryStartMs = 50

/**
 * Runs a simulation.
 * @param script instead of faults by chance: those of an outcome, or some of them
 */
export function simulate(options: SimulationOptions, script?: readonly Fault[]): Promise<SimulationOutcome> {
  return new Simulation(options, script).run()
}

/** What the workload and the check see. */
export class Simulation {
  readonly seed: number | string
  readonly durationMs: number
  /** Chance for the workload. */
  readonly random: SeededRandom
  readonly #options: SimulationOptions
  readonly #clock: VirtualClock
  readonly #log = new EventLog()
  readonly #network: VirtualNetwork
  readonly #clients: Endpoint
  readonly #nodes = new Map<string, NodeState>()
  readonly #plan: readonly Fault[]
  readonly #injector: Injector
  #running = true
  #failure: Error | undefined

  constructor(options: SimulationOptions, script: readonly Fault[] | undefined) {
    const { seed, nodes, durationMs, faults = {}, startAt } = options
    const chance = new SeededRandom(seed)
    this.#options = options
    this.seed = seed
    this.durationMs = durationMs
    this.random = chance.fork("workload")
    const clock = (this.#clock = new VirtualClock(startAt === undefined ? {} : { startAt }))
    const messageFaults = new MessageFaults(faults, chance.fork("messages"), script)
    this.#network = new VirtualNetwork(clock, chance.fork("network"), this.#log, messageFaults, options.network)
    this.#clients = this.#network.endpoint("clients")
    for (const name of nodes) this.#nodes.set(name, this.#makeNode(name, chance.fork(`node ${name}`)))
    const crash = this.#crash.bind(this)
    this.#injector = new Injector(clock, this.#network, this.#log, this.#nodes, crash)
    this.#plan = script ?? planned(faults, nodes, durationMs, chance.fork("faults"))
  }

  // --- for the workload and the check --------------------------------------------------------------------------------------------------------

  /** Virtual milliseconds since the beginning. */
  get now(): number {
    return this.#clock.now
  }

  /** Whether faults still come. */
  get running(): boolean {
    return this.#running
  }

  get nodes(): readonly string[] {
    return this.#options.nodes
  }

  /** The system of a node; undefined while it is down or starts. What is asked of it directly is never answered when the node crashes meanwhile. */
  system(node: string): ActorSystem | undefined {
    return this.#node(node).system
  }

  disk(node: string): VirtualDisk {
    return this.#node(node).disk
  }

  /** The name of the node that an entity lives on. */
  homeOf(entity: PersistenceId): string {
    return this.#home(entity).name
  }

  wait(milliseconds: number): Promise<void> {
    return new Promise((done) => this.#clock.schedule(milliseconds, new Task(done)))
  }

  /**
   * An entity as a client outside of all nodes sees it: what is sent crosses the network.
   * @param options via: a node that takes the message and passes it on, if the entity lives elsewhere; default: the entity's own node
   */
  entity<P>(
    definition: ActorDefinition<P, EntityId> | ActorDefinition<P>,
    key: string,
    options: { readonly tenant?: string; readonly via?: string } = {},
  ): ActorRef<P> {
    const { tenant = DEFAULT_TENANT } = options
    const id: PersistenceId = { tenant, type: definition.name, key }
    const to = options.via === undefined ? this.#home(id) : this.#node(options.via)
    return this.#network.ref(this.#clients, to.endpoint, id) as unknown as ActorRef<P>
  }

  /** Writes a line into the trace, and the hash. */
  note(what: string): void {
    this.#log.tell(this.now, undefined, what)
  }

  /** Lets a node crash; it starts again after so long. */
  crash(node: string, downMs = 100): void {
    this.#crash(this.#node(node), downMs)
  }

  // --- running -------------------------------------------------------------------------------------------------------------------------------

  async run(): Promise<SimulationOutcome> {
    const { durationMs, settleMs = defaultSettleMs, patienceMs = defaultPatienceMs } = this.#options
    const clock = this.#clock
    try {
      for (const node of this.#nodes.values()) this.#start(node)
      await this.#until(() => this.#allUp, startMs, "the nodes do not start")
      this.#injector.schedule(this.#plan, durationMs)
      const workload = this.#watch(this.#options.workload(this))
      await clock.advanceUntil(() => this.#over, durationMs - clock.now)
      this.#running = false
      this.note("everything is healed")
      this.#injector.heal() // S3
      await this.#until(() => workload.ended && this.#allUp, patienceMs, "the workload does not end")
      await clock.advanceUntil(() => this.#over, settleMs)
      if (this.#failure === undefined && this.#options.check !== undefined) {
        const check = this.#watch(this.#options.check(this))
        await this.#until(() => check.ended, patienceMs, "the check does not end")
      }
    } catch (error) {
      this.#fail(error)
    }
    return this.#outcome()
  }

  #outcome(): SimulationOutcome {
    let events = this.#log.events
    for (const node of this.#nodes.values()) {
      events += node.handled
      this.#log.fold(node.handled, node.turns)
      node.end()
    }
    this.#log.fold(events, this.#nodes.size)
    const failure = this.#failure
    return {
      seed: this.seed,
      hash: this.#log.hash,
      events,
      faults: this.#injector.counts,
      injected: this.#injector.injected,
      ...(failure === undefined ? {} : { failure }),
      trace: this.#log.trace,
      virtualMs: this.now,
    }
  }

  async #until(enough: () => boolean, milliseconds: number, otherwise: string): Promise<void> {
    const there = await this.#clock.advanceUntil(() => this.#over || enough(), milliseconds)
    if (!there) throw new AgentOSError("ASK_TIMEOUT", `${otherwise} within ${milliseconds} virtual milliseconds`)
  }

  /** Whether there is nothing more to be found out. */
  get #over(): boolean {
    const { maxHappenings = defaultMaxHappenings } = this.#options
    if (this.#clock.happenings > maxHappenings) this.#fail(new Error(`more than ${maxHappenings} things have happened`))
    return this.#failure !== undefined
  }

  #watch(work: Promise<void>): { readonly ended: boolean } {
    const state = { ended: false }
    work.then(
      () => (state.ended = true),
      (error: unknown) => this.#fail(error),
    )
    return state
  }

  #fail(thrown: unknown): void {
    if (this.#failure !== undefined) return
    this.#failure = errorOf(thrown)
    this.note(`failed: ${this.#failure.message}`)
  }

  // --- nodes ---------------------------------------------------------------------------------------------------------------------------------

  get #allUp(): boolean {
    for (const node of this.#nodes.values()) if (node.phase !== "up") return false
    return true
  }

  #node(name: string): NodeState {
    const node = this.#nodes.get(name)
    if (node === undefined) throw new RangeError(`there is no node ${name}; there are: ${this.nodes.join(", ")}`)
    return node
  }

  #home(id: PersistenceId): NodeState {
    const { home } = this.#options
    if (home !== undefined) return this.#node(home(id))
    const hash = fnv1a(joined(id.tenant, id.type, id.key))
    return this.#node(this.nodes[hash % this.nodes.length] as string)
  }

  #makeNode(name: string, random: SeededRandom): NodeState {
    const number = this.#nodes.size
    const clock = this.#clock
    const log = this.#log
    const disk: VirtualDisk = new VirtualDisk(clock, random.fork("disk"), {
      ...this.#options.disk,
      name,
      observer: {
        read: () => log.event(noted.read, number, 0, clock.now),
        writing: (changes, milliseconds) => {
          log.event(noted.writing, number, changes, clock.now)
          this.#injector.writing(node, milliseconds)
        },
        written: (changes) => log.event(noted.written, number, changes, clock.now),
        refused: () => {
          log.event(noted.refused, number, 0, clock.now)
          this.#injector.refused(node)
        },
      },
    })
    const node = new NodeState(name, disk, this.#network.endpoint(name), clock, random)
    return node
  }

  #start(node: NodeState): void {
    if (node.phase !== "down") return
    const transportOf = (endpoint: Endpoint) => this.#network.transport(endpoint, (id) => this.#home(id).endpoint)
    const made = node.begin(this, transportOf)
    const { clock } = made
    this.#tell(node, `starts, life ${made.life}`)
    this.#options.start(made).then(
      (system) => {
        if (!clock.alive) return
        node.phase = "up"
        node.endpoint.system = system
        this.#tell(node, "is up")
      },
      (error: unknown) => {
        if (!clock.alive) return
        if (!node.refused) return this.#fail(error)
        node.end()
        this.#startLater(node, retryStartMs)
      },
    )
  }

  #startLater(node: NodeState, milliseconds: number): void {
    this.#clock.schedule(milliseconds, new Task(() => this.#start(node)))
  }

  /** S2 */
  #crash(node: NodeState, downMs: number, keep?: (bytes: number) => number): void {
    if (node.phase === "down") return
    this.#tell(node, "crashes")
    node.end(keep)
    this.#startLater(node, downMs)
  }

  #tell(node: NodeState, what: string): void {
    this.#log.tell(this.now, node.name, what)
  }
}
