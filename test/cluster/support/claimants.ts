/**
 * Nodes that do nothing but claim shards: each keeps the value of a shard in memory while it owns it, and answers as `ownership.ts` wants it. There are no moves and no streams; what
 * is tested is that registry, lease, claim, epochs and store together make no two of them right.
 */
import { AgentOSError, createActorSystem, defineActor } from "#actors/index.js"
import type { EntityId } from "#actors/entities.js"
import type { NewEvent, PersistenceId } from "#actors/persistence/journal.js"
import { fenceOf } from "#cluster/epochs.js"
import type { NodeDescription } from "#cluster/node.js"
import type { Ownership } from "#cluster/ownership.js"
import type { Peers } from "#cluster/peers.js"
import { SharedOwnership } from "#cluster/shared-ownership.js"
import type { ClusterFaultPlan } from "#cluster/simulation/cluster-faults.js"
import type {
  ClusterSimulation,
  ClusterSimulationOptions,
  SimulatedClusterNode,
} from "#cluster/simulation/cluster-simulation.js"
import { emptyPrint, History, printWith, type Told } from "#cluster/simulation/history.js"

const shards = 4

/** A shard in the memory of its owner. */
interface Memory {
  told: Told
  sequence: number
}

const faults: ClusterFaultPlan = {
  crash: { everyMs: 15_000 },
  pause: { everyMs: 10_000 },
  sleep: { everyMs: 30_000 },
  consulCut: { everyMs: 10_000 },
  isolation: { everyMs: 20_000 },
  storeCut: { everyMs: 15_000, forMs: 2000 },
  agentRestart: { everyMs: 15_000 },
  quorumLoss: { everyMs: 25_000 },
  wipe: { everyMs: 40_000 },
  storeOutage: { everyMs: 30_000, forMs: 2000 },
  clockJump: { everyMs: 20_000 },
}

export interface ClaimSeams {
  readonly ownership?: (ownership: Ownership) => Ownership
}

const idOf = (shard: number): PersistenceId => ({ tenant: "default", type: "shard", key: `${shard}` })

export function claimants(seed: number, durationMs: number, seams: ClaimSeams = {}): ClusterSimulationOptions {
  const histories = new WeakMap<ClusterSimulation, History>()
  const historyOf = (simulation: ClusterSimulation): History => {
    let history = histories.get(simulation)
    if (history === undefined) histories.set(simulation, (history = new History()))
    return history
  }
  const Register = defineActor({
    name: "register",
    state: ({ key }: EntityId) => ({ shard: Number(key) }),
    receive: {
      add: (_ctx, _value: number): Promise<Told> => Promise.reject(new Error("replaced in each node")),
      read: (_ctx): Promise<Told> => Promise.reject(new Error("replaced in each node")),
    },
  })
  return {
    seed,
    nodes: 3,
    guests: [],
    state: "shared",
    durationMs,
    faults,
    store: { lostAnswers: 0.002 },
    async start(node) {
      const claimant = new Claimant(node, seams.ownership ?? ((ownership) => ownership))
      const Here = defineActor({
        name: "register",
        state: ({ key }: EntityId) => ({ shard: Number(key) }),
        receive: {
          add: (ctx, value: number) => claimant.add(ctx.state.shard, value),
          read: (ctx) => claimant.read(ctx.state.shard),
        },
      })
      const { clock, random, entities = {} } = node.ports
      const system = await createActorSystem({ name: "claimants", clock, random, entities, definitions: [Here] })
      return { system, drain: async () => undefined, leave: async () => undefined }
    },
    async workload(simulation) {
      const history = historyOf(simulation)
      const { random } = simulation
      let values = 0
      const client = async (): Promise<void> => {
        while (simulation.running) {
          const key = `${random.int(shards)}`
          const register = simulation.entity(Register, key).with({ timeoutMs: 4000 })
          const writes = random.chance(0.4)
          const value = writes ? ++values : 0
          const operation = writes ? history.write(key, value) : history.read(key)
          try {
            operation.done(writes ? await register.ask("add", value) : await register.ask("read"))
          } catch (error) {
            if (AgentOSError.from(error).executed === "no") operation.notDone()
            else operation.unknown()
          }
          await simulation.wait(random.interval(40))
        }
      }
      await Promise.all(Array.from({ length: 12 }, client))
    },
    async check(simulation) {
      const history = historyOf(simulation)
      const wrong: string[] = []
      for (let shard = 0; shard < shards; shard++) {
        const values: number[] = []
        for await (const page of simulation.store.journal.read(idOf(shard)))
          values.push(...page.map(({ payload }) => payload as number))
        wrong.push(...history.check(`${shard}`, values))
        let served = 0
        for (const via of simulation.nodes)
          await simulation.entity(Register, `${shard}`, { via }).ask("read").then(() => served++, () => undefined) // prettier-ignore
        if (served !== 1) wrong.push(`shard ${shard} is served by ${served} nodes`)
      }
      if (wrong.length > 0) throw new Error(wrong[0])
      if (history.answered < 100) throw new Error(`only ${history.answered} operations were answered`)
    },
  }
}

class Claimant {
  readonly #ownership: Ownership
  readonly #node: SimulatedClusterNode
  readonly #memories = new Map<number, Memory>()
  readonly #journal
  /** Writes of a shard follow each other. */
  readonly #turns = new Map<number, Promise<unknown>>()

  constructor(node: SimulatedClusterNode, around: (ownership: Ownership) => Ownership) {
    this.#node = node
    const { clock, random, name, simulation } = node
    const { registry, listen: address } = node.ports
    this.#journal = simulation.store.journalOf(name, clock)
    this.#ownership = around(new SharedOwnership({ epochs: simulation.store.epochsOf(name, clock) }))
    const ownership = this.#ownership
    const protocol = { min: 1, max: 1 }
    const self: NodeDescription = { name, incarnation: node.life + 1, address, roles: [], capabilities: {}, capacity: 1, protocol } // prettier-ignore
    const seat = registry.join(self, (event) => ownership.heard(event))
    const peers = undefined as unknown as Peers // claims know of none
    ownership.start({ self, shards, registry, seat, peers, clock, random }, (news) => {
      if (news.kind === "serve") void this.#recover(news.shard)
      else if (news.kind === "stop") this.#memories.delete(news.shard)
    })
    for (let shard = 0; shard < shards; shard++) ownership.wish(shard, "serve")
  }

  async #recover(shard: number): Promise<void> {
    while (this.#ownership.standing(shard) === "owner") {
      const memory: Memory = { told: { count: 0, print: emptyPrint }, sequence: 0 }
      const epoch = this.#ownership.epochOf(shard)
      try {
        for await (const page of this.#journal.read(idOf(shard), memory.sequence))
          for (const { payload, sequence } of page) this.#added(memory, payload as number, sequence)
        if (this.#ownership.epochOf(shard) !== epoch) continue
        this.#memories.set(shard, memory)
        return
      } catch {
        await new Promise<void>((done) => void this.#node.clock.timer(100, done))
      }
    }
  }

  #added(memory: Memory, value: number, sequence: number): void {
    memory.sequence = sequence
    memory.told = { count: memory.told.count + 1, print: printWith(memory.told.print, value) }
  }

  async read(shard: number): Promise<Told> {
    await this.#turns.get(shard)
    const told = this.#memory(shard).told
    const right = this.#ownership.mayAnswer(shard)
    if (right === "refuse") throw new AgentOSError("UNAVAILABLE", "not its owner")
    if (right === "confirm" && !(await this.#ownership.confirm(shard))) throw new AgentOSError("UNAVAILABLE", "not confirmed") // prettier-ignore
    return told
  }

  add(shard: number, value: number): Promise<Told> {
    const done = (this.#turns.get(shard) ?? Promise.resolve()).then(() => this.#add(shard, value))
    this.#turns.set(
      shard,
      done.catch(() => undefined),
    )
    return done
  }

  async #add(shard: number, value: number): Promise<Told> {
    const memory = this.#memory(shard)
    const event: NewEvent = { name: "added", payload: value, version: 1 }
    try {
      const sequence = await this.#ownership.write(shard, (epoch) =>
        this.#journal.append(idOf(shard), memory.sequence, epoch, [event], { fence: fenceOf(shard) }),
      )
      this.#added(memory, value, sequence)
      return memory.told
    } catch (error) {
      // Whether it was carried out is not known: what is in memory may be old.
      if (this.#memories.get(shard) === memory) {
        this.#memories.delete(shard)
        if (this.#ownership.standing(shard) === "owner") void this.#recover(shard)
      }
      throw error instanceof AgentOSError && error.code !== "STORE_FAILED" ? new AgentOSError("UNAVAILABLE", error.message) : new AgentOSError("ASK_TIMEOUT", "perhaps") // prettier-ignore
    }
  }

  #memory(shard: number): Memory {
    const memory = this.#memories.get(shard)
    if (memory === undefined || this.#ownership.standing(shard) !== "owner")
      throw new AgentOSError("UNAVAILABLE", `${this.#node.name} does not own shard ${shard}`)
    return memory
  }
}
