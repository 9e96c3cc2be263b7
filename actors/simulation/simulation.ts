/**
 * Whole actor systems on a virtual clock, network and disks, under faults, from one seed. The systems run the code that runs everywhere; only the ports are others.
 *
 * Invariants
 *   S1. The same seed, options and code give the same events in the same order: the same hash.
 *   S2. A node that crashes is abandoned as it stands. Its successor starts from its disk.
 *   S3. When the last fault is over everything is healed: every node is up, every disk has room, every clock is right. Only then is anything checked.
 */
import type { ActorDefinition } from "../actor.js"
import type { EntityId } from "../entities.js"
import { AgentOSError } from "../errors.js"
import type { PersistenceId } from "../persistence/journal.js"
import type { ActorRef } from "../ref.js"
import type { ActorSystem } from "../system.js"
import { EventLog, hashOf, noted, type TraceEntry } from "./event-log.js"
import {
  isMessageFault,
  MessageFaults,
  messageKinds,
  planned,
  timedKinds,
  type Fault,
  type FaultKind,
  type FaultPlan,
  type TimedFault,
} from "./faults.js"
import { SeededRandom } from "./seeded-random.js"
import { NodeState, type SimulatedNode } from "./simulated-node.js"
import { Happening, VirtualClock } from "./virtual-clock.js"
import { VirtualDisk, type DiskOptions } from "./virtual-disk.js"
import { tenantOf, VirtualNetwork, type Endpoint, type NetworkOptions } from "./virtual-network.js"

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
  /** How long the workload may go on when all is healed, and the check may take, in virtual time; default 600,000. */
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
const defaultPatienceMs = 600_000
const defaultMaxHappenings = 50_000_000
/** How long the nodes may take to start at the beginning. */
const startMs = 60_000
/** How long after a failed start, because the disk is full, the next is tried. */
const retryStartMs = 50

/** A task of the simulation itself. */
class Task extends Happening {
  readonly #do: () => void

  constructor(task: () => void) {
    super()
    this.#do = task
  }

  happen(): void {
    this.#do()
  }
}

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
  readonly #nodes: readonly NodeState[]
  readonly #byName = new Map<string, NodeState>()
  readonly #plan: readonly TimedFault[]
  readonly #counts = Object.fromEntries([...timedKinds, ...messageKinds].map((kind) => [kind, 0])) as Record<
    FaultKind,
    number
  >
  readonly #injected: Fault[] = []
  readonly #tookEffect = new Set<Fault>()
  /** What ends the faults that last, by the fault. */
  readonly #lasting = new Map<TimedFault, () => void>()
  #running = true
  #failure: Error | undefined

  constructor(options: SimulationOptions, script: readonly Fault[] | undefined) {
    const { seed, nodes, durationMs, faults = {} } = options
    const chance = new SeededRandom(seed)
    this.#options = options
    this.seed = seed
    this.durationMs = durationMs
    this.random = chance.fork("workload")
    const clock = (this.#clock = new VirtualClock(options.startAt === undefined ? {} : { startAt: options.startAt }))
    const messageFaults = new MessageFaults(faults, chance.fork("messages"), script)
    this.#network = new VirtualNetwork(
      clock,
      chance.fork("network"),
      this.#log,
      messageFaults,
      (fault) => this.#befell(fault),
      options.network,
    )
    this.#clients = this.#network.endpoint("clients")
    this.#nodes = nodes.map((name, number) => {
      const own = chance.fork(`node ${name}`)
      const { readMs, writeMs } = options.disk ?? {}
      const disk: VirtualDisk = new VirtualDisk(clock, own.fork("disk"), {
        name,
        ...(readMs === undefined ? {} : { readMs }),
        ...(writeMs === undefined ? {} : { writeMs }),
        observer: {
          read: () => this.#log.event(noted.read, number, 0, clock.now),
          writing: (changes, milliseconds) => {
            this.#log.event(noted.writing, number, changes, clock.now)
            this.#writing(node, milliseconds)
          },
          written: (changes) => this.#log.event(noted.written, number, changes, clock.now),
          refused: () => {
            this.#log.event(noted.refused, number, 0, clock.now)
            this.#refused(node)
          },
        },
      })
      const node = new NodeState(name, disk, this.#network.endpoint(name), clock, own)
      this.#byName.set(name, node)
      return node
    })
    this.#plan =
      script?.filter((fault): fault is TimedFault => !isMessageFault(fault)) ??
      planned(faults, nodes, durationMs, chance.fork("faults"))
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
    const id: PersistenceId = { tenant: tenantOf(options), type: definition.name, key }
    const to = options.via === undefined ? this.#home(id) : this.#node(options.via)
    return this.#network.ref(this.#clients, to.endpoint, id) as unknown as ActorRef<P>
  }

  /** Writes a line into the trace, and the hash. */
  note(what: string): void {
    this.#log.tell(this.now, undefined, what)
  }

  /** Lets a node crash; it starts again after so long. */
  crash(node: string, downMs = 100): void {
    this.#crash(this.#node(node), downMs, undefined)
  }

  // --- running -------------------------------------------------------------------------------------------------------------------------------

  async run(): Promise<SimulationOutcome> {
    const { durationMs, settleMs = defaultSettleMs, patienceMs = defaultPatienceMs } = this.#options
    const clock = this.#clock
    try {
      for (const node of this.#nodes) this.#start(node)
      await this.#until(() => this.#allUp, startMs, "the nodes do not start")
      for (const fault of this.#plan)
        clock.schedule(Math.max(0, fault.at - clock.now), new Task(() => this.#inject(fault)))
      const workload = this.#watch(this.#options.workload(this))
      await clock.advanceUntil(() => this.#over, durationMs - clock.now)
      this.#running = false
      this.#heal() // S3
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
    for (const node of this.#nodes) {
      events += node.handled
      this.#log.fold(node.handled, node.turns)
      node.end()
    }
    this.#log.fold(events, this.#nodes.length)
    const failure = this.#failure
    return {
      seed: this.seed,
      hash: this.#log.hash,
      events,
      faults: this.#counts,
      injected: this.#injected,
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
    this.#failure = thrown instanceof Error ? thrown : new Error(String(thrown))
    this.note(`failed: ${this.#failure.message}`)
  }

  // --- nodes ---------------------------------------------------------------------------------------------------------------------------------

  get #allUp(): boolean {
    for (const node of this.#nodes) if (node.phase !== "up") return false
    return true
  }

  #node(name: string): NodeState {
    const node = this.#byName.get(name)
    if (node === undefined) throw new RangeError(`there is no node ${name}; there are: ${this.nodes.join(", ")}`)
    return node
  }

  #home(id: PersistenceId): NodeState {
    const { home } = this.#options
    if (home !== undefined) return this.#node(home(id))
    const hash = hashOf(`${id.tenant}/${id.type}/${id.key}`)
    return this.#nodes[hash % this.#nodes.length] as NodeState
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
  #crash(node: NodeState, downMs: number, keep: ((bytes: number) => number) | undefined): void {
    if (node.phase === "down") return
    this.#tell(node, "crashes")
    node.end(keep)
    this.#startLater(node, downMs)
  }

  #tell(node: NodeState, what: string): void {
    this.#log.tell(this.now, node.name, what)
  }

  // --- faults --------------------------------------------------------------------------------------------------------------------------------

  #befell(fault: Fault): void {
    this.#counts[fault.kind] += 1
    this.#tookEffect.add(fault)
    if (isMessageFault(fault)) this.#injected.push(fault)
    if (isMessageFault(fault)) this.#log.fold(hashOf(fault.kind), fault.message)
    else this.#log.tell(this.now, fault.nodes.join(" "), fault.kind)
  }

  #inject(fault: TimedFault): void {
    const { kind, nodes, forMs, byMs } = fault
    const node = this.#node(nodes[0] as string)
    const { disk } = node
    this.#injected.push(fault)
    switch (kind) {
      case "crash":
        if (node.phase === "down") return
        this.#befell(fault)
        return this.#crash(node, forMs, undefined)
      case "tornWrite":
        // Takes effect with the next write.
        if (!this.#lasting.has(fault)) this.#lasting.set(fault, () => undefined)
        return
      case "fullDisk":
        disk.full = true
        return this.#last(fault, forMs, () => {
          disk.full = this.#isFull(node)
          if (node.refused && !disk.full && node.phase === "up") this.#crash(node, 1, undefined)
        })
      case "slowDisk":
        this.#befell(fault)
        disk.slowMs += byMs
        return this.#last(fault, forMs, () => (disk.slowMs -= byMs))
      case "clockSkew":
        this.#befell(fault)
        node.endpoint.clock.skewMs = byMs
        return
      case "partition": {
        this.#befell(fault)
        const some = new Set(nodes.map((name) => this.#node(name).endpoint))
        const others = new Set(this.#nodes.map(({ endpoint }) => endpoint).filter((end) => !some.has(end)))
        return this.#last(fault, forMs, this.#network.part(some, others))
      }
    }
  }

  /** Ends a fault when its time is over, or everything is healed. */
  #last(fault: TimedFault, milliseconds: number, end: () => void): void {
    this.#lasting.set(fault, end)
    this.#clock.schedule(
      milliseconds,
      new Task(() => {
        if (this.#lasting.delete(fault)) end()
      }),
    )
  }

  #isFull(node: NodeState): boolean {
    for (const { kind, nodes } of this.#lasting.keys()) if (kind === "fullDisk" && nodes[0] === node.name) return true
    return false
  }

  /** A write has begun: if one is to be torn, this is it. */
  #writing(node: NodeState, milliseconds: number): void {
    for (const fault of this.#lasting.keys()) {
      if (fault.kind !== "tornWrite" || fault.nodes[0] !== node.name) continue
      this.#lasting.delete(fault)
      const { life } = node
      const tear = (): void => {
        if (node.life !== life || !node.disk.writing) return
        this.#befell(fault)
        this.#crash(node, fault.forMs, (bytes) => 1 + Math.floor(fault.part * (bytes - 1)))
      }
      this.#clock.schedule(milliseconds * fault.part, new Task(tear))
      return
    }
  }

  #refused(node: NodeState): void {
    node.refused = true
    for (const fault of this.#lasting.keys()) {
      if (fault.kind !== "fullDisk" || fault.nodes[0] !== node.name || this.#tookEffect.has(fault)) continue
      return this.#befell(fault)
    }
  }

  /** S3 */
  #heal(): void {
    this.note("heals")
    this.#network.faulty = false
    const lasting = [...this.#lasting.values()]
    this.#lasting.clear()
    for (const end of lasting) end()
    for (const node of this.#nodes) node.endpoint.clock.skewMs = 0
  }
}
