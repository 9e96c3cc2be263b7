/** Runs a program on one simulated node, to the end: all is healed, answered, unstashed, stopped in order, started again and read. */
import {
  createActorSystem,
  defineProjection,
  defineTopic,
  memoryJournal,
  resumeDeliveries,
  startProjection,
  startReminders,
  type ActorSystem,
  type Clock,
  type EventMeta,
  type Journal,
  type ProjectionHandle,
} from "#actors/index.js"
import type { AnyDefinition } from "#actors/actor.js"
import { simulate, type SimulatedNode, type Simulation, type SimulationOutcome } from "#actors/simulation/index.js"
import { History, type Seen } from "./history.js"
import { codeOf, foldAll, Interpreter, ownOf, type Host } from "./interpreter.js"
import { isNone } from "./generator.js"
import { handlerName, kindName, type Act, type Program, type Step, type Target } from "./program.js"
import { canon, made, textOf } from "./values.js"

export interface Ran {
  readonly history: History
  readonly outcome: SimulationOutcome
}

const nodeName = "ada"
/** Readings of the clock without any time passing between them: more say that something goes round in circles. */
const mostReadings = 4000
const settleMs = 7000
const stopMs = 30_000

/** What of the runtime a program needs beside its definitions. */
export const uses = (program: Program, verbs: readonly (Step["do"] | Act["do"])[]): boolean => {
  const inSteps = (steps: readonly Step[]): boolean =>
    steps.some((step) => (verbs as readonly string[]).includes(step.do) || (step.do === "run" && inSteps(step.steps)))
  return (
    program.acts.some((act) => (verbs as readonly string[]).includes(act.do)) ||
    program.kinds.some(({ handlers, started = [] }) => inSteps(started) || handlers.some(({ steps }) => inSteps(steps)))
  )
}

/** The process of the node, in one of its lives. */
class Running {
  readonly interpreter: Interpreter
  readonly host: Host
  system: ActorSystem | undefined
  up = false
  readonly projections: { readonly kind: string; readonly tenant: string; readonly handle: ProjectionHandle<{ seen: string[] }> }[] = [] // prettier-ignore

  constructor(interpreter: Interpreter, host: Host) {
    this.interpreter = interpreter
    this.host = host
  }
}

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
    if (world.history.full)
      throw new RangeError("the program does not end: the interpreter gives it more than it takes away")
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
      journal: program.adapter === "memory" ? (this.#memory ??= memoryJournal(worldClock(simulation))) : await node.journal(), // prettier-ignore
      entities: { ...node.ports.entities, ...(maxResident === undefined ? {} : { maxResident }) },
      ...(program.isolated === undefined ? {} : { isolated: program.isolated }),
      telemetry: {
        crashed: (actor, error) => tell({ did: "crashed", actor, text: textOf(error) }),
        deadLetter: ({ to, type, reason }) => tell({ did: "deadLetter", to: interpreter.ownerOf(to), type, reason }),
      },
    })
    running.system = system
    const topic = uses(program, ["publish", "subscribe"]) ? system.spawn(defineTopic<unknown>("topic"), { name: "topic" }) : undefined // prettier-ignore
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
    const acts = [...this.#program.acts].sort((a, b) => a.at - b.at)
    const work: Promise<unknown>[] = []
    for (const act of acts) {
      if (act.at > simulation.now) await simulation.wait(act.at - simulation.now)
      const done = this.#act(simulation, act)
      if (act.do === "restart") await done
      else work.push(done)
    }
    await Promise.all(work)
  }

  /** Waits for what may never settle, as its process may have ended. */
  #orEnd<T>(simulation: Simulation, { host }: Running, promise: Promise<T>): Promise<T | undefined> {
    const ended = async (): Promise<undefined> => {
      let over = false
      const end = (): void => void (over = true)
      promise.then(end, end)
      while (host.alive() && !over) await simulation.wait(25)
      return undefined
    }
    return Promise.race([promise, ended().then(() => (host.alive() ? promise : undefined))])
  }

  async #act(simulation: Simulation, act: Act): Promise<void> {
    const running = this.#running
    if (running?.up !== true || !running.host.alive()) return
    const { interpreter } = running
    const client = `client-${act.client}@${running.host.name}`
    switch (act.do) {
      case "tell":
        return this.#tell(running, client, act)
      case "ask":
        return this.#ask(simulation, act)
      case "read":
        return void (await this.#orEnd(simulation, running, this.#read(running, act)))
      case "remind":
        return void (await this.#orEnd(simulation, running, interpreter.remind(client, 0, act, 2, made(act.value, null)))) // prettier-ignore
      case "forget":
        return void (await this.#orEnd(simulation, running, interpreter.forget(act.to, act.name)))
      case "publish":
        return interpreter.publish(client, 0, 2, made(act.value, null))
      case "subscribe":
        return
      case "restart":
        return this.#restart(simulation)
    }
  }

  #known(target: Target, handler: number): boolean {
    return (this.#program.kinds[target.kind]?.handlers.length ?? 0) > handler
  }

  #tell({ interpreter }: Running, by: string, { to, handler, value, commandId }: Extract<Act, { do: "tell" }>): void {
    if (typeof to === "string" || !this.#known(to, handler)) return
    const type = handlerName(handler)
    const message = interpreter.message(ownOf(this.#program, to), type, made(value, null), fuel, { how: "tell", by, life: 0, commandId }) // prettier-ignore
    interpreter.told(message.m, () => {
      const ref = interpreter.ref(to)
      return (commandId === undefined ? ref : ref.with({ commandId })).tell(type, message)
    })
  }

  async #ask(simulation: Simulation, act: Extract<Act, { do: "ask" }>): Promise<void> {
    const { to, handler, value, commandId, timeoutMs, again, cancelAfterMs, patient = false } = act
    if (typeof to === "string" || !this.#known(to, handler)) return
    const type = handlerName(handler)
    for (let attempt = 0; attempt <= again; attempt++) {
      const running = await this.#whenUp(simulation)
      const { interpreter, host } = running
      const by = `client-${act.client}@${host.name}`
      const message = interpreter.message(ownOf(this.#program, to), type, made(value, null), fuel, { how: "ask", by, life: 0, commandId, timeoutMs, patient }) // prettier-ignore
      const cancel = new AbortController()
      if (cancelAfterMs !== undefined)
        void simulation.wait(cancelAfterMs).then(() => {
          interpreter.tell({ did: "cancelled", m: message.m })
          cancel.abort()
        })
      const asked = interpreter.asked(message.m, async () =>
        interpreter.ref(to).with({ commandId, timeoutMs, ...(patient ? { whenFull: "wait" } : {}), ...(cancelAfterMs === undefined ? {} : { signal: cancel.signal }) }).ask(type, message)) // prettier-ignore
      const outcome = await this.#orEnd(simulation, running, asked)
      if (outcome !== undefined && "value" in outcome) return
      if (attempt < again) await simulation.wait(30)
    }
  }

  async #read({ interpreter, system }: Running, act: Extract<Act, { do: "read" }>): Promise<void> {
    const own = ownOf(this.#program, act.to)
    const s = interpreter.next()
    try {
      const ref = interpreter.ref(act.to)
      const stream = await ref.ask("open", { s, items: act.items, ms: act.ms, own })
      await interpreter.read(system as ActorSystem, stream as never, s, act.take, act.batch, 0)
    } catch (error) {
      interpreter.tell({ did: "read", s, how: "failed", code: codeOf(error), life: 0 })
    }
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
    interpreter.tell({ did: "hostStopped", actors: system.statistics.actors, hangs: !ended })
    if (!host.alive()) return
    simulation.crash(nodeName, 1)
    await simulation.wait(5)
    await this.#whenUp(simulation)
  }

  // --- the end -------------------------------------------------------------------------------------------------------------------------------

  async finish(simulation: Simulation): Promise<void> {
    await this.#settle(simulation)
    const running = await this.#whenUp(simulation)
    running.interpreter.tell({ did: "quiet" })
    await this.#restart(simulation)
    await simulation.wait(settleMs)
    const again = await this.#whenUp(simulation)
    for (const target of this.#targets()) await this.#look(simulation, again, target)
    for (const { kind, tenant, handle } of again.projections) {
      await this.#orEnd(
        simulation,
        again,
        handle.caughtUp().catch(() => undefined),
      )
      const ordered: string[] = []
      for await (const page of (again.system as ActorSystem).journal.ordered(tenant, kind))
        for (const { key, sequence, name, payload } of page) if (!name.startsWith("$")) ordered.push(`${key} ${sequence} ${name} ${canon(payload)}`) // prettier-ignore
      again.interpreter.tell({ did: "projected", kind, tenant, seen: handle.state.seen, ordered })
    }
  }

  /** Everybody answers what is owed, and takes again what was put aside. */
  async #settle(simulation: Simulation): Promise<void> {
    const { interpreter } = await this.#whenUp(simulation)
    for (const type of ["answer", "unstash", "answer"] as const) {
      for (const target of this.#targets()) {
        const own = ownOf(this.#program, target)
        const message = interpreter.message(own, type, undefined, 0, { how: "tell", by: `end-${type}`, life: 0 })
        interpreter.told(message.m, () => interpreter.ref(target).tell(type, message))
      }
      await simulation.wait(1500)
    }
    await simulation.wait(settleMs)
  }

  /** Whom anything was sent to. */
  #targets(): readonly Target[] {
    const sentTo = new Set(this.history.of("sent").map(({ to }) => to))
    const { kinds, names } = this.#program
    return kinds.flatMap(({ role }, kind) =>
      (role === "plain" ? [0] : names.map((_, n) => n))
        .map((name): Target => ({ kind, name }))
        .filter((target) => sentTo.has(ownOf(this.#program, target))),
    )
  }

  async #look(simulation: Simulation, running: Running, target: Target): Promise<void> {
    const { interpreter, system } = running as Running & { readonly system: ActorSystem }
    if (this.#program.kinds[target.kind]?.role !== "persistent") return
    const own = ownOf(this.#program, target)
    try {
      const looked = (await this.#orEnd(simulation, running, interpreter.ref(target).ask("look", undefined) as Promise<unknown>)) as { readonly log: readonly string[]; readonly rest: string } // prettier-ignore
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

/** What clients send. */
const fuel = 3

function projectionOf(kind: string) {
  const see = (state: { seen: string[] }, payload: never, meta: { readonly key: string; readonly sequence: number }, name: string): void => void state.seen.push(`${meta.key} ${meta.sequence} ${name} ${canon(payload)}`) // prettier-ignore
  const apply = Object.fromEntries(
    ["noted", "raw", "inc", "defaulted", "put", "more"].map((name) => [
      name,
      (state: { seen: string[] }, payload: never, meta: EventMeta) => see(state, payload, meta, name),
    ]),
  )
  return defineProjection({ name: `seen-${kind}`, version: 1, from: { name: kind }, state: (): { seen: string[] } => ({ seen: [] }), apply, saveEvery: 5, saveAfterMs: 200 }) // prettier-ignore
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

/** Ends a round of messages that goes on for ever without any time passing. */
function guarded(clock: Clock, now: () => number): Clock {
  let [at, readings] = [-1, 0]
  return {
    wallTime: () => clock.wallTime(),
    monotonic() {
      if (now() !== at) [at, readings] = [now(), 0]
      if (++readings > mostReadings) throw new Error("something goes round in circles, and no time passes")
      return clock.monotonic()
    },
    timer: (milliseconds, callback) => clock.timer(milliseconds, callback),
    soon: (callback) => clock.soon(callback),
    afterInputOutput: (callback) => clock.afterInputOutput(callback),
  }
}
