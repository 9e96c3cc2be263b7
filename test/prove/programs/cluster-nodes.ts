/**
 * Runs a program in a simulated cluster, to the end: all is healed, answered and unstashed, deliveries are resumed,
 * and what is kept is read through every node.
 *
 * Its actors are entities; its clients are programs on the nodes, and stand still with them.
 */
import { resumeDeliveries, type ActorSystem } from "#actors/index.js"
import type { AnyDefinition } from "#actors/actor.js"
import { thrownText } from "#actors/errors.js"
import { joinCluster } from "#cluster/cluster.js"
import {
  ClusterSimulation,
  type ClusterOutcome,
  type SimulatedClusterNode,
} from "#cluster/simulation/cluster-simulation.js"
import type { RunningNode } from "#cluster/simulation/cluster-node.js"
import { guarded } from "./circles.js"
import { Clients, Running, uses } from "./clients.js"
import { isNone } from "./generator.js"
import { History, type Seen } from "./history.js"
import { codeOf, foldAll, Interpreter, ownOf, type Host } from "./interpreter.js"
import { shards, type Place, type Program, type Target } from "./program.js"
import { textOf } from "./values.js"

export interface RanInCluster {
  readonly history: History
  readonly outcome: ClusterOutcome
}

/** Also until a stream is closed whose reader is lost: some twenty seconds. */
const settleMs = 25_000
const quietMs = 10_000
/** An entity may have many messages before it whose handlers wait, in vain, as long as an ask does. */
const lookMs = 90_000

export async function runInCluster(
  program: Program & { readonly cluster: Place },
  seed: number | string,
): Promise<RanInCluster> {
  const world = new World(program, seed)
  const unhandled = (error: unknown): void => world.unhandled(error)
  process.on("unhandledRejection", unhandled)
  process.on("uncaughtException", unhandled)
  try {
    const outcome = await world.simulation.run()
    world.over = true
    return { history: world.history, outcome }
  } finally {
    process.off("unhandledRejection", unhandled)
    process.off("uncaughtException", unhandled)
  }
}

class World {
  readonly history = new History()
  readonly simulation: ClusterSimulation
  readonly #program: Program & { readonly cluster: Place }
  readonly #asked = new Set<number>()
  readonly #stashed = new Set<number>()
  readonly #running = new Map<string, Running>()
  readonly #clients: Clients
  over = false

  constructor(program: Program & { readonly cluster: Place }, seed: number | string) {
    this.#program = program
    const { nodes, guests, state, faults } = program.cluster
    const last = Math.max(0, ...program.acts.map(({ at }) => at), ...faults.map(({ at }) => at))
    const options = {
      seed,
      nodes,
      guests,
      state,
      durationMs: last + 10_000,
      shards,
      settleMs,
      patienceMs: 300_000,
      maxHappenings: 1_000_000,
      start: (node: SimulatedClusterNode) => this.#start(node),
      workload: () => this.#clients.act(),
      check: () => this.#finish(),
    }
    const simulation = (this.simulation = new ClusterSimulation(options, faults))
    simulation.store.appended = ({ stale }) => {
      if (stale) simulation.fail(new Error("the store has taken a write from a stale epoch"))
    }
    this.#clients = new Clients(
      program,
      {
        get now() {
          return simulation.now
        },
        wait: (milliseconds) => simulation.wait(milliseconds),
        placeOf: (client) => this.#placeOf(client),
        whenUp: (client) => this.#whenUp(client),
        restart: async () => undefined,
      },
      400,
    )
  }

  unhandled(error: unknown): void {
    if (!this.history.full) this.history.add(this.simulation.now, "a node", { did: "unhandled", text: textOf(error) })
  }

  async #start(node: SimulatedClusterNode): Promise<RunningNode> {
    const { simulation, life, clock } = node
    const program = this.#program
    const host: Host = {
      name: `${node.name}#${life}`,
      clock,
      alive: () => clock.alive && !this.over,
      now: () => simulation.now,
    }
    const interpreter = new Interpreter(program, this.history, host, this.#asked, this.#stashed)
    const tell = (seen: Seen): void => interpreter.tell(seen)
    const end = clock.end.bind(clock)
    clock.end = () => {
      if (!this.history.full) tell({ did: "hostDown" })
      end()
    }
    const { maxResident } = program
    const cluster = await joinCluster({
      ...node.ports,
      clock: guarded(clock, () => simulation.now),
      state: await node.state(),
      definitions: interpreter.definitions,
      entities: { ...node.ports.entities, ...(maxResident === undefined ? {} : { maxResident }) },
      ...(program.isolated === undefined ? {} : { isolated: program.isolated }),
      telemetry: {
        crashed: (actor, error) => tell({ did: "crashed", actor, text: textOf(error) }),
        deadLetter: ({ to, type, reason }) => tell({ did: "deadLetter", to: interpreter.ownerOf(to), type, reason }),
      },
    })
    cluster.follow((_, changes) => {
      for (const { id, to } of changes) if (to === "unreachable") tell({ did: "away", node: id })
    })
    const { system, ended } = cluster
    const running = new Running(interpreter, host, () => clock.paused)
    running.system = system
    interpreter.open(system, uses(program, ["publish", "subscribe"]) ? (cluster.topic("topic") as never) : undefined)
    void this.#resume(running)
    running.up = true
    this.#running.set(node.name, running)
    tell({ did: "hostUp" })
    return {
      system,
      ended,
      drain: () => cluster.drain(),
      status: () => cluster.status(),
      leave: async () => {
        running.up = false
        tell({ did: "hostStopping" })
        await cluster.leave()
        tell({ did: "hostStopped", actors: system.statistics.actors, tenants: system.entities.tenants, hangs: false })
      },
    }
  }

  /** Wakes those that owe deliveries, as far as the store can be reached. */
  async #resume({ interpreter, system }: Running): Promise<void> {
    const { kinds, names } = this.#program
    if (!uses(this.#program, ["deliver", "persist"])) return
    for (const [n, { role }] of kinds.entries())
      for (const tenant of new Set(names.flatMap((name) => (isNone(name) ? [] : [name.tenant]))))
        if (role === "persistent") await resumeDeliveries(system as ActorSystem, interpreter.definitions[n] as AnyDefinition, { tenant }).catch(() => undefined) // prettier-ignore
  }

  get #up(): readonly Running[] {
    return [...this.#running.values()].filter(({ up, host, standsStill }) => up && host.alive() && !standsStill())
  }

  #placeOf(client: number): Running | undefined {
    const { nodes } = this.#program.cluster
    const own = this.#running.get(nodes[client % nodes.length] as string)
    return this.#up.find((running) => running === own)
  }

  /** Where it belongs, else anywhere. */
  async #whenUp(client: number): Promise<Running> {
    for (;;) {
      const running = this.#placeOf(client) ?? this.#up[0]
      if (running !== undefined) return running
      await this.simulation.wait(20)
    }
  }

  // --- the end -------------------------------------------------------------------------------------------------------------------------------

  async #finish(): Promise<void> {
    const { simulation, history } = this
    const clients = this.#clients
    const targets = clients.targets(history)
    if (this.#parted) this.#up[0]?.interpreter.tell({ did: "parted" })
    for (const running of this.#up) await this.#resume(running)
    await clients.settle(targets, history)
    await simulation.wait(quietMs)
    const [first] = this.#up
    first?.interpreter.tell({ did: "quiet" })
    await simulation.wait(100)
    for (const target of targets) await this.#look(target)
    for (const name of simulation.nodes) {
      const { held = 0, moving = 0 } = simulation.node(name)?.status?.().shards ?? {}
      if (held > 0) throw new Error(`a node still holds ${held} messages`)
      if (moving > 0) throw new Error(`a node is still moving ${moving} shards`)
    }
  }

  /** Whether a node says that its store and the registry, which was wiped, are of two lives of the cluster. */
  get #parted(): boolean {
    const { simulation } = this
    const says = (name: string): string => simulation.node(name)?.status?.().shards.trouble ?? ""
    const wiped = this.#program.cluster.faults.some(({ kind }) => kind === "wipe")
    return wiped && simulation.nodes.some((name) => /the cluster's life|several clusters/.test(says(name)))
  }

  /** What an entity says through each node, and what of it is stored. */
  async #look(target: Target): Promise<void> {
    if (this.#program.kinds[target.kind]?.role !== "persistent") return
    const own = ownOf(this.#program, target)
    for (const running of this.#up) {
      const { interpreter } = running
      try {
        const looked = (await interpreter.ref(target).with({ timeoutMs: lookMs }).ask("look", undefined)) as {
          readonly log: readonly string[]
          readonly rest: string
        }
        interpreter.tell({ did: "final", to: own, log: [...looked.log], rest: looked.rest })
      } catch (error) {
        interpreter.tell({ did: "finalFailed", to: own, code: codeOf(error), text: thrownText(error) })
        return
      }
    }
    if (this.#program.cluster.state !== "shared") return
    const [type, tenant, key] = JSON.parse(own) as [string, string, string]
    const events: { readonly name: string; readonly payload: unknown; readonly sequence: number }[] = []
    for await (const page of this.simulation.store.journal.read({ tenant, type, key })) events.push(...page)
    if (events[0]?.sequence === 1) this.#up[0]?.interpreter.tell({ did: "journal", to: own, log: foldAll(events) })
  }
}
