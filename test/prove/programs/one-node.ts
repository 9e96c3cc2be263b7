/**
 * Runs a program on one simulated node, to the end: all is healed, answered, unstashed, stopped in order, started
 * again and read.
 */
import {
  createActorSystem,
  defineProjection,
  defineTopic,
  memoryJournal,
  AgentOSError,
  resumeDeliveries,
  startProjection,
  startReminders,
  type ActorSystem,
  type Clock,
  type EventMeta,
  type Journal,
  type PersistenceId,
} from "#actors/index.js"
import type { AnyDefinition } from "#actors/actor.js"
import { simulate, type SimulatedNode, type Simulation, type SimulationOutcome } from "#actors/simulation/index.js"
import { entityText, History, type Seen } from "./history.js"
import { guarded } from "./circles.js"
import { Clients, Running, uses } from "./clients.js"
import { codeOf, foldAll, Interpreter, ownOf, type Host } from "./interpreter.js"
import { isNone } from "./generator.js"
import { kindName, type Program, type Target } from "./program.js"
import { canon, textOf } from "./values.js"

export interface Ran {
  readonly history: History
  readonly outcome: SimulationOutcome
}

const nodeName = "ada"
const settleMs = 7000
const stopMs = 30_000

export async function runOnOneNode(program: Program, seed: number | string): Promise<Ran> {
  const world = new World(program)
  const last = Math.max(0, ...program.acts.map(({ at }) => at), ...program.faults.map(({ at }) => at))
  const unhandled = (error: unknown): void => world.unhandled(error)
  process.on("unhandledRejection", unhandled)
  process.on("uncaughtException", unhandled)
  try {
    const options = {
      seed,
      nodes: [nodeName],
      durationMs: last + 20,
      settleMs,
      patienceMs: 90_000,
      maxHappenings: 400_000,
      start: (node: SimulatedNode) => world.start(node),
      workload: (simulation: Simulation) => world.workload(simulation),
      check: (simulation: Simulation) => world.finish(simulation),
    }
    const outcome = await simulate(options, program.faults)
    world.over = true
    return { history: world.history, outcome }
  } finally {
    process.off("unhandledRejection", unhandled)
    process.off("uncaughtException", unhandled)
  }
}

class World {
  readonly history = new History()
  readonly #program: Program
  readonly #asked = new Set<number>()
  #memory: Journal | undefined
  #running: Running | undefined
  /** Entities of which nothing can be read. */
  readonly #damaged = new Set<string>()
  over = false

  constructor(program: Program) {
    this.#program = program
  }

  unhandled(error: unknown): void {
    if (!this.history.full) this.#running?.interpreter.tell({ did: "unhandled", text: textOf(error) })
  }

  async start(node: SimulatedNode): Promise<ActorSystem> {
    const { simulation, life, clock } = node
    const program = this.#program
    const name = `${node.name}#${life}`
    const host: Host = { name, clock, alive: () => clock.alive && !this.over, now: () => simulation.now }
    const interpreter = new Interpreter(program, this.history, host, this.#asked)
    const end = clock.end.bind(clock)
    clock.end = () => {
      if (!this.history.full) interpreter.tell({ did: "hostDown" })
      end()
    }
    const running = (this.#running = new Running(interpreter, host))
    const tell = (seen: Seen): void => interpreter.tell(seen)
    const { maxResident } = program
    const system = await createActorSystem({
      ...node.ports,
      clock: guarded(clock, () => simulation.now),
      name: "program",
      definitions: interpreter.definitions.filter((_, n) => program.kinds[n]?.role !== "plain"),
      journal: this.#damageable(
        program.adapter === "memory" ? (this.#memory ??= memoryJournal(worldClock(simulation))) : await node.journal(),
      ),
      entities: { ...node.ports.entities, ...(maxResident === undefined ? {} : { maxResident }) },
      ...(program.isolated === undefined ? {} : { isolated: program.isolated }),
      telemetry: {
        crashed: (actor, error) => tell({ did: "crashed", actor, text: textOf(error) }),
        deadLetter: ({ to, type, reason }) => tell({ did: "deadLetter", to: interpreter.ownerOf(to), type, reason }),
      },
    })
    running.system = system
    const topic = uses(program, ["publish", "subscribe"])
      ? system.spawn(defineTopic<unknown>("topic"), { name: "topic" })
      : undefined
    interpreter.open(system, topic as never)
    if (uses(program, ["remind"])) await startReminders(system)
    const delivers = uses(program, ["deliver"]) || uses(program, ["persist"])
    for (const [n, { role }] of program.kinds.entries()) {
      if (role !== "persistent") continue
      for (const tenant of new Set(program.names.flatMap((name) => (isNone(name) ? [] : [name.tenant])))) {
        if (delivers) await resumeDeliveries(system, interpreter.definitions[n] as AnyDefinition, { tenant })
        const handle = startProjection(system, projectionOf(kindName(n)), { tenant })
        running.projections.push({ kind: kindName(n), tenant, handle })
      }
    }
    running.up = true
    tell({ did: "hostUp" })
    return system
  }

  async workload(simulation: Simulation): Promise<void> {
    await this.#clientsOf(simulation).act()
  }

  #damageable(journal: Journal): Journal {
    if (!uses(this.#program, ["damage"])) return journal
    const check = ({ tenant, type, key }: PersistenceId): void => {
      if (this.#damaged.has(entityText(type, tenant, key)))
        throw new AgentOSError("RECORD_DAMAGED", `${tenant}/${type}/${key} is damaged`)
    }
    return {
      ...journal,
      async *read(actor, after) {
        check(actor)
        yield* journal.read(actor, after)
      },
      async snapshot(actor) {
        check(actor)
        return journal.snapshot(actor)
      },
    }
  }

  #clientsOf(simulation: Simulation): Clients {
    return new Clients(
      this.#program,
      {
        get now() {
          return simulation.now
        },
        wait: (milliseconds) => simulation.wait(milliseconds),
        placeOf: () => (this.#running?.up === true && this.#running.host.alive() ? this.#running : undefined),
        whenUp: () => this.#whenUp(simulation),
        restart: () => this.#restart(simulation),
        damage: (to) => void this.#damaged.add(to),
      },
      30,
    )
  }

  async #whenUp(simulation: Simulation): Promise<Running> {
    for (;;) {
      const running = this.#running
      if (running?.up === true && running.host.alive() && running.system?.stopping !== true) return running
      await simulation.wait(20)
    }
  }

  /** Stops the system in order, and starts it again. */
  async #restart(simulation: Simulation): Promise<void> {
    const running = await this.#whenUp(simulation)
    const { interpreter, system, host } = running as Running & { readonly system: ActorSystem }
    interpreter.tell({ did: "hostStopping" })
    let ended = false
    void system.stop().then(() => (ended = true))
    for (let waited = 0; !ended && waited < stopMs && host.alive(); waited += 50) await simulation.wait(50)
    interpreter.tell({
      did: "hostStopped",
      actors: system.statistics.actors,
      tenants: system.entities.tenants,
      hangs: !ended,
    })
    if (!host.alive()) return
    simulation.crash(nodeName, 1)
    await simulation.wait(5)
    await this.#whenUp(simulation)
  }

  // --- the end -----------------------------------------------------------------------------------------------------

  async finish(simulation: Simulation): Promise<void> {
    this.#damaged.clear()
    const clients = this.#clientsOf(simulation)
    await clients.settle(clients.targets(this.history), this.history)
    await simulation.wait(settleMs)
    const running = await this.#whenUp(simulation)
    running.interpreter.tell({ did: "quiet" })
    await this.#restart(simulation)
    await simulation.wait(settleMs)
    const again = await this.#whenUp(simulation)
    for (const target of clients.targets(this.history)) await this.#look(clients, again, target)
    for (const { kind, tenant, handle } of again.projections) {
      await clients.orEnd(
        again,
        handle.caughtUp().catch(() => undefined),
      )
      const ordered: string[] = []
      for await (const page of (again.system as ActorSystem).journal.ordered(tenant, kind))
        for (const { key, sequence, name, payload } of page)
          if (!name.startsWith("$")) ordered.push(`${key} ${sequence} ${name} ${canon(payload)}`)
      again.interpreter.tell({
        did: "projected",
        kind,
        tenant,
        seen: handle.state.seen,
        missed: handle.missed,
        ordered,
      })
    }
  }

  async #look(clients: Clients, running: Running, target: Target): Promise<void> {
    const { interpreter, system } = running as Running & { readonly system: ActorSystem }
    if (this.#program.kinds[target.kind]?.role !== "persistent") return
    const own = ownOf(this.#program, target)
    try {
      const looked = (await clients.orEnd(
        running,
        interpreter.ref(target).ask("look", undefined) as Promise<unknown>,
      )) as { readonly log: readonly string[]; readonly rest: string }
      interpreter.tell({ did: "final", to: own, log: [...looked.log], rest: looked.rest })
    } catch (error) {
      interpreter.tell({ did: "finalFailed", to: own, code: codeOf(error), text: textOf(error) })
      return
    }
    const [type, tenant, key] = JSON.parse(own) as [string, string, string]
    const events: { readonly name: string; readonly payload: unknown; readonly sequence: number }[] = []
    for await (const page of system.journal.read({ tenant, type, key })) events.push(...page)
    if (events[0]?.sequence === 1) interpreter.tell({ did: "journal", to: own, log: foldAll(events) })
  }
}

function projectionOf(kind: string) {
  const see = (
    state: { seen: string[] },
    payload: never,
    meta: { readonly key: string; readonly sequence: number },
    name: string,
  ): void => void state.seen.push(`${meta.key} ${meta.sequence} ${name} ${canon(payload)}`)
  const apply = Object.fromEntries(
    ["noted", "raw", "inc", "defaulted", "put", "more"].map((name) => [
      name,
      (state: { seen: string[] }, payload: never, meta: EventMeta) => see(state, payload, meta, name),
    ]),
  )
  return defineProjection({
    name: `seen-${kind}`,
    version: 1,
    from: { name: kind },
    state: (): { seen: string[] } => ({ seen: [] }),
    apply,
    saveEvery: 5,
    saveAfterMs: 200,
  })
}

const worldClock = (simulation: Simulation): Clock => ({
  wallTime: () => 1_767_225_600_000 + simulation.now,
  monotonic: () => simulation.now,
  timer: (milliseconds, callback) => {
    void simulation.wait(milliseconds).then(callback)
    return () => undefined
  },
  soon: (callback) => void Promise.resolve().then(callback),
  afterInputOutput: (callback) => void simulation.wait(0).then(callback),
})
