/**
 * A whole cluster on virtual time, network, Consul, store and disks, under faults, from one seed. Each node runs the
 * code that runs everywhere; only the ports are others.
 *
 * Invariants
 *   S1. The same seed, options and code give the same events in the same order: the same hash.
 *   S2. A node that crashes is abandoned as it stands. Its successor is a new incarnation, and starts from its disk.
 *   S3. When the last fault is over everything is healed: every node is up, all reach each other, Consul and the
 *       store. Only then is anything checked.
 *   S4. A guest that has left stays away, unless it left with shards that nobody took: what lies on its disk is
 *       nowhere else, so it comes back and stays.
 */
import type { ActorDefinition, AnyDefinition } from "#actors/actor.js"
import { DEFAULT_TENANT } from "#actors/cause.js"
import type { EntityId } from "#actors/entities.js"
import { AgentOSError, errorOf, thrownText } from "#actors/errors.js"
import { LevelStore } from "#actors/persistence/level-store.js"
import type { ActorRef } from "#actors/ref.js"
import { strongly } from "#actors/remote/holding.js"
import { EventLog, type TraceEntry } from "#actors/simulation/event-log.js"
import type { Endpoint } from "#actors/simulation/endpoint.js"
import { MessageFaults, type FaultPlan, type MessageKind } from "#actors/simulation/faults.js"
import { SeededRandom } from "#actors/simulation/seeded-random.js"
import { Task, VirtualClock, type ClockView } from "#actors/simulation/virtual-clock.js"
import { VirtualDisk, type DiskOptions } from "#actors/simulation/virtual-disk.js"
import { VirtualNetwork } from "#actors/simulation/virtual-network.js"
import { joinCluster } from "../cluster.js"
import type { ClusterEnd } from "../cluster-handle.js"
import type { ClusterOptions } from "../cluster-options.js"
import { registryOverConsul } from "../consul-registry.js"
import { levelState } from "../level-state.js"
import type { StateIs } from "../placement.js"
import { SharedOwnership } from "../shared-ownership.js"
import type { ClusterState } from "../state.js"
import { plannedFaults, type ClusterFault, type ClusterFaultKind, type ClusterFaultPlan } from "./cluster-faults.js"
import { ClusterInjector } from "./cluster-injector.js"
import { NodeState, type RunningNode } from "./cluster-node.js"
import { VirtualWires, type WiresOptions } from "./virtual-carrier.js"
import { VirtualConsul } from "./virtual-consul.js"
import { VirtualStore, type VirtualStoreOptions } from "./virtual-store.js"

export interface ClusterSimulationOptions {
  readonly seed: number | string
  /** How many nodes there are all the time, or their names; default 5. */
  readonly nodes?: number | readonly string[]
  /** Names of nodes that come and go with `join`; default one. */
  readonly guests?: readonly string[]
  /** Where the state of entities is kept: in a store that all nodes reach, or on the disk of each. */
  readonly state: StateIs
  /** The entities that every node runs. */
  readonly definitions?: readonly AnyDefinition[]
  /**
   * Starts a node; called again after each crash. Default: `joinCluster` with what the simulation gives the node, and
   * the definitions.
   */
  start?(node: SimulatedClusterNode): Promise<RunningNode>
  /** Into how many shards entities are dealt; default 64. */
  readonly shards?: number
  /** How long faults come, in virtual milliseconds. */
  readonly durationMs: number
  readonly faults?: ClusterFaultPlan
  /** What befalls messages of clients and their answers. */
  readonly clientFaults?: Pick<FaultPlan, MessageKind>
  /**
   * What clients do; it runs beside the faults, and its time is `simulation.wait`. Should end soon after
   * `simulation.running` has become false.
   */
  workload(simulation: ClusterSimulation): Promise<void>
  /** After everything is healed and has settled: throws what is wrong. */
  check?(simulation: ClusterSimulation): Promise<void>
  /** Between the end of the workload and the check; default 30,000. */
  readonly settleMs?: number
  /** How long the workload may go on when all is healed, and the check may take, in virtual time; default 120,000. */
  readonly patienceMs?: number
  /** More happenings than this are a failure: something goes round in circles. Default 50,000,000. */
  readonly maxHappenings?: number
  readonly wires?: WiresOptions
  readonly store?: VirtualStoreOptions
  readonly disk?: Pick<DiskOptions, "readMs" | "writeMs">
  /** Wall time at the beginning. */
  readonly startAt?: number
}

/** What a node is made of, for one of its lives. */
export interface SimulatedClusterNode {
  readonly name: string
  /** How often it was started before. */
  readonly life: number
  readonly clock: ClockView
  readonly random: SeededRandom
  readonly disk: VirtualDisk
  readonly simulation: ClusterSimulation
  /** What every node of a simulation needs, to be spread into the options of `joinCluster`. */
  readonly ports: SimulatedPorts
  /** The store, opened. */
  state(): Promise<ClusterState>
}

export type SimulatedPorts = Omit<ClusterOptions, "state"> & Required<Pick<ClusterOptions, "carrier" | "clock" | "random">> // prettier-ignore

export interface ClusterOutcome {
  readonly seed: number | string
  /** Two runs have the same hash when the same happened in the same order at the same times. */
  readonly hash: string
  /** What happened in virtual time (timers, frames, answers of store and Consul), and messages handled by actors. */
  readonly events: number
  /** How many faults of each kind took effect. */
  readonly faults: Readonly<Record<ClusterFaultKind, number>>
  /** All faults that were tried, in their order, those without effect too: given again they make the same run. */
  readonly injected: readonly ClusterFault[]
  readonly failure?: Error
  /** Faults, starts and what the workload noted. */
  readonly trace: readonly TraceEntry[]
  readonly virtualMs: number
}

const clusterName = "simulation"
const someNames = ["ada", "bob", "cyd", "dan", "eve", "fay", "gus", "hal", "ivy", "joe", "kim", "lee", "mia", "ned", "ona", "pam", "quin", "ray", "sue", "tom"] as const // prettier-ignore
const port = 7000
const defaultShards = 64
const defaultNodes = 5
const defaultSettleMs = 30_000
const defaultPatienceMs = 120_000
const defaultMaxHappenings = 50_000_000
/** How long the nodes may take to start at the beginning. */
const startMs = 60_000
/** How long after a start that failed, or an end by itself, the next is tried. */
const retryStartMs = 1000
/** A guest that is needed comes back after so long. */
const comesBackMs = 2000
/** How long a node may take to leave before it is killed, as a supervisor of processes does it. */
const leaveMs = 60_000

/** What the workload and the check see. */
export class ClusterSimulation {
  readonly seed: number | string
  readonly durationMs: number
  /** Chance for the workload. */
  readonly random: SeededRandom
  readonly store: VirtualStore
  readonly #options: ClusterSimulationOptions
  readonly #clock: VirtualClock
  readonly #log = new EventLog()
  readonly #wires: VirtualWires
  readonly #consul: VirtualConsul
  readonly #network: VirtualNetwork
  readonly #clients: Endpoint
  readonly #nodes = new Map<string, NodeState>()
  readonly #names: readonly string[]
  readonly #plan: readonly ClusterFault[]
  readonly #injector: ClusterInjector
  #running = true
  #failure: Error | undefined

  constructor(options: ClusterSimulationOptions, script: readonly ClusterFault[] | undefined) {
    const { seed, nodes = defaultNodes, guests = ["guest"], durationMs, faults = {}, startAt } = options
    const chance = new SeededRandom(seed)
    this.#options = options
    this.seed = seed
    this.durationMs = durationMs
    this.random = chance.fork("workload")
    this.#names = typeof nodes === "number" ? Array.from({ length: nodes }, (_, n) => someNames[n] ?? `node-${n}`) : nodes // prettier-ignore
    const log = this.#log
    const clock = (this.#clock = new VirtualClock(startAt === undefined ? {} : { startAt }))
    this.#wires = new VirtualWires(clock, chance.fork("wires"), log, options.wires)
    this.#consul = new VirtualConsul(clock, chance.fork("consul"), log)
    this.store = new VirtualStore(clock, chance.fork("store"), log, options.store)
    const clientFaults = new MessageFaults(options.clientFaults ?? {}, chance.fork("messages"), undefined)
    this.#network = new VirtualNetwork(clock, chance.fork("network"), log, clientFaults)
    this.#clients = this.#network.endpoint("clients")
    for (const name of [...this.#names, ...guests]) {
      const random = chance.fork(`node ${name}`)
      const disk = new VirtualDisk(clock, random.fork("disk"), { ...options.disk, name })
      const guest = !this.#names.includes(name)
      this.#nodes.set(name, new NodeState(name, guest, disk, this.#network.endpoint(name), clock, random))
    }
    this.#injector = new ClusterInjector(
      { clock, log, wires: this.#wires, consul: this.#consul, store: this.store, nodes: this.#nodes },
      {
        crash: (node, downMs, silently) => this.#crash(node, downMs, silently),
        start: (node) => this.#start(node),
        leave: (node, drainMs, downMs) => void this.#leave(node, drainMs, downMs),
      },
    )
    const names = { nodes: this.#names, guests }
    this.#plan = script ?? plannedFaults(faults, names, durationMs, chance.fork("faults"))
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

  /**
   * When the last fault was over, and the nodes up that it had ended; infinite while it is not.
   * @param except kinds that do not count
   */
  lastTrouble(except: readonly ClusterFaultKind[] = []): number {
    for (const { fell, guest } of this.#nodes.values()) if (fell && !guest) return Infinity
    return this.#injector.lastTrouble(except)
  }

  /** Names of the nodes that are there all the time. */
  get nodes(): readonly string[] {
    return this.#names
  }

  /** What a node was started as; undefined while it is down or starts. */
  node(name: string): RunningNode | undefined {
    return this.#node(name).running
  }

  wait(milliseconds: number): Promise<void> {
    return new Promise((done) => this.#clock.schedule(milliseconds, new Task(done)))
  }

  /**
   * An entity as a client outside of all nodes sees it: what is sent crosses the network to one node, which passes it
   * on.
   * @param options via: that node; default: any, as chance has it
   */
  entity<P>(
    definition: ActorDefinition<P, EntityId> | ActorDefinition<P>,
    key: string,
    options: { readonly tenant?: string; readonly via?: string } = {},
  ): ActorRef<P> {
    const { tenant = DEFAULT_TENANT, via = this.random.pick(this.#names) } = options
    const id = { tenant, type: definition.name, key }
    return this.#network.ref(this.#clients, this.#node(via).endpoint, id) as unknown as ActorRef<P>
  }

  /** Writes a line into the trace, and the hash. */
  note(what: string): void {
    this.#log.tell(this.now, undefined, what)
  }

  /** Whether every fault was over before a moment. */
  calmSince(moment: number, except: readonly ClusterFaultKind[] = []): boolean {
    return this.lastTrouble(except) < moment
  }

  /** Something is wrong: the run ends. */
  fail(thrown: unknown): void {
    if (this.#failure !== undefined) return
    this.#failure = errorOf(thrown)
    this.note(`failed: ${this.#failure.message}`)
  }

  // --- running -------------------------------------------------------------------------------------------------------------------------------

  async run(): Promise<ClusterOutcome> {
    const { durationMs, settleMs = defaultSettleMs, patienceMs = defaultPatienceMs } = this.#options
    const clock = this.#clock
    try {
      for (const node of this.#nodes.values()) if (!node.guest) this.#start(node)
      await this.#until(() => this.#allUp, startMs, "the nodes do not start")
      this.#injector.schedule(this.#plan, durationMs)
      const workload = this.#watch(this.#options.workload(this))
      await clock.advanceUntil(() => this.#over, durationMs - clock.now)
      this.#running = false
      this.note("everything is healed")
      this.#network.faulty = false
      this.#injector.heal() // S3
      await this.#until(() => workload.ended && this.#allUp, patienceMs, "the workload does not end")
      await clock.advanceUntil(() => this.#over, settleMs)
      if (this.#failure === undefined && this.#options.check !== undefined) {
        const check = this.#watch(this.#options.check(this))
        await this.#until(() => check.ended, patienceMs, "the check does not end")
      }
    } catch (error) {
      this.fail(error)
    }
    return this.#outcome()
  }

  #outcome(): ClusterOutcome {
    let events = this.#clock.happenings
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
    if (there) return
    const phases = [...this.#nodes.values()].map(({ name, phase }) => `${name} ${phase}`).join(", ")
    throw new AgentOSError("ASK_TIMEOUT", `${otherwise} within ${milliseconds} virtual milliseconds (${phases})`)
  }

  /** Whether there is nothing more to be found out. */
  get #over(): boolean {
    const { maxHappenings = defaultMaxHappenings } = this.#options
    if (this.#clock.happenings > maxHappenings) this.fail(new Error(`more than ${maxHappenings} things have happened`))
    return this.#failure !== undefined
  }

  #watch(work: Promise<void>): { readonly ended: boolean } {
    const state = { ended: false }
    work.then(
      () => (state.ended = true),
      (error: unknown) => this.fail(error),
    )
    return state
  }

  // --- nodes ---------------------------------------------------------------------------------------------------------------------------------

  get #allUp(): boolean {
    for (const { guest, phase } of this.#nodes.values()) if (guest ? phase === "leaving" : phase !== "up") return false
    return true
  }

  #node(name: string): NodeState {
    const node = this.#nodes.get(name)
    if (node === undefined) throw new RangeError(`there is no node ${name}; there are: ${[...this.#nodes.keys()].join(", ")}`) // prettier-ignore
    return node
  }

  #start(node: NodeState): void {
    if (node.phase !== "down") return
    node.begin()
    const { name, life, view, disk } = node
    const random = node.random.fork(`life ${life}`)
    this.#tell(node, `starts, life ${life}`)
    const made: SimulatedClusterNode = {
      name,
      life,
      clock: view,
      random,
      disk,
      simulation: this,
      ports: this.#ports(node, random),
      state: () => this.#stateOf(node),
    }
    const start = this.#options.start?.bind(this.#options) ?? ((made: SimulatedClusterNode) => this.#join(made))
    start(made).then(
      (running) => {
        if (!view.alive) return
        node.up(running)
        this.#tell(node, "is up")
        if (node.fell) this.#injector.felt("crash")
        node.fell = false
        void running.ended?.then((end) => this.#ended(node, view, end))
      },
      (error: unknown) => {
        if (!view.alive) return
        this.#tell(node, `does not start: ${thrownText(error)}`)
        this.#crash(node, retryStartMs)
      },
    )
  }

  #ports(node: NodeState, random: SeededRandom): SimulatedPorts {
    const { name, view, above } = node
    const address = `${name}:${port}`
    const registry = registryOverConsul(this.#consul.agent(name, view), {
      cluster: clusterName,
      clock: view,
      random: random.fork("registry"),
    })
    return {
      name: clusterName,
      node: { name, ...(above === undefined ? {} : { above }) },
      listen: address,
      carrier: this.#wires.carrier(address, view),
      registry,
      clock: view,
      random,
      shards: this.#options.shards ?? defaultShards,
      // Neither how full the heap of the simulating process is, nor when its garbage is collected, must decide anything.
      entities: { memoryPressure: () => 0 },
      holding: strongly,
    }
  }

  async #stateOf({ name, view, disk }: NodeState): Promise<ClusterState> {
    const { state } = this.#options
    if (state === "on-the-node") return levelState(new LevelStore(await disk.open()))
    return {
      kind: "postgres",
      journal: () => this.store.journalOf(name, view),
      ownership: () => new SharedOwnership({ epochs: this.store.epochsOf(name, view) }),
    }
  }

  async #join(made: SimulatedClusterNode): Promise<RunningNode> {
    return joinCluster({ ...made.ports, state: await made.state(), definitions: this.#options.definitions ?? [] })
  }

  /** A node has ended by itself; its supervisor starts it again. */
  #ended(node: NodeState, view: ClockView, end: ClusterEnd): void {
    if (!view.alive || end.why === "left") return
    this.#tell(node, `has ended: ${end.why}`)
    if (end.why === "removed") node.above = end.above
    this.#crash(node, retryStartMs)
  }

  /** S2 */
  #crash(node: NodeState, downMs: number | undefined, silently = false): void {
    if (node.phase === "down") return
    this.#injector.felt("crash")
    node.fell = true
    this.#stop(node, downMs, silently)
  }

  #stop(node: NodeState, downMs: number | undefined, silently = false): void {
    this.#tell(node, silently ? "is without power" : "ends")
    node.end()
    this.#wires.ended(node.name, silently)
    if (downMs !== undefined) this.#clock.schedule(downMs, new Task(() => this.#start(node)))
  }

  async #leave(node: NodeState, drainMs: number | undefined, downMs: number | undefined): Promise<void> {
    const { running, view, life } = node
    if (running === undefined || node.phase !== "up") return
    node.phase = "leaving"
    this.#tell(node, drainMs === undefined ? "leaves" : "is drained")
    const end = (): void => {
      if (node.life !== life || !view.alive) return
      const keeps = this.#options.state === "on-the-node" && (running.status?.().shards.here ?? 0) > 0
      this.#stop(node, downMs ?? (keeps ? comesBackMs : undefined)) // S4
    }
    this.#clock.schedule(leaveMs + (drainMs ?? 0), new Task(() => {
      if (node.life !== life || !view.alive) return
      this.#tell(node, "is killed: it did not leave in time")
      this.#crash(node, downMs)
    })) // prettier-ignore
    try {
      if (drainMs !== undefined) {
        await running.drain()
        await this.wait(drainMs)
        this.#tell(node, "leaves")
      }
      await running.leave()
    } catch (error) {
      this.#tell(node, `could not leave in order: ${thrownText(error)}`)
    }
    end()
  }

  #tell(node: NodeState, what: string): void {
    this.#log.tell(this.now, node.name, what)
  }
}

/**
 * Runs a simulation of a cluster.
 * @param script instead of faults by chance: those of an outcome, or some of them
 */
export function simulateCluster(
  options: ClusterSimulationOptions,
  script?: readonly ClusterFault[],
): Promise<ClusterOutcome> {
  return new ClusterSimulation(options, script).run()
}
