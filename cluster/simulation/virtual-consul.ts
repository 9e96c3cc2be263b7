/**
 * The Consul of a simulation: the one in memory, with an agent on each machine, and some time on the way to it and back.
 *
 * Invariants
 *   U1. An agent is a process of its own: it outlives that of the node, and is killed and started by itself.
 *   U2. What was called by a process that has ended is not answered. It may still be carried out.
 *   U3. The answer to a call that was under way when the agent was killed is lost, be it carried out or not (C2 of `consul-agent.ts`).
 */
import type { EventLog } from "#actors/simulation/event-log.js"
import type { SeededRandom } from "#actors/simulation/seeded-random.js"
import { Task, type ClockView, type VirtualClock } from "#actors/simulation/virtual-clock.js"
import type { Answer, Blocking, CallLimits, ConsulAgent, NewService } from "../consul-agent.js"
import { MemoryAgent } from "../memory-agent.js"
import { MemoryConsul } from "../memory-consul.js"

/** How long a call takes at least, to the agent and back, and to the servers and back; each takes up to twice as long, as chance has it. */
const agentMs = 0.4
const serversMs = 2
/** Within this time after the servers were wiped, each agent tells them what it knows. */
const resyncMs = 3000
/** Why a call to the agent is called off; a reason of its own costs less than the usual one. */
const over = "the call is over"

interface Machine {
  readonly name: string
  readonly number: number
  readonly agent: MemoryAgent
  /** Each killing of the agent begins another. */
  life: number
  /** Reasons for which it does not run, and for which it is cut off from the servers. */
  stops: number
  cuts: number
}

export class VirtualConsul {
  readonly servers: MemoryConsul
  readonly #clock: VirtualClock
  readonly #random: SeededRandom
  readonly #log: EventLog
  readonly #machines = new Map<string, Machine>()
  #losses = 0

  constructor(clock: VirtualClock, random: SeededRandom, log: EventLog) {
    this.#clock = clock
    this.#random = random
    this.#log = log
    this.servers = new MemoryConsul(clock)
  }

  /** The agent of a machine, as a process there reaches it. */
  agent(machine: string, view: ClockView): ConsulAgent {
    return new Way(this, this.#machine(machine), view)
  }

  // --- faults: each is ended by what it gives back ---------------------------------------------------------------------------------------------

  stopAgent(name: string): () => void {
    const machine = this.#machine(name)
    machine.life += 1
    if (machine.stops++ === 0) machine.agent.stop()
    return () => {
      machine.stops -= 1
      this.#connect(machine)
    }
  }

  cutOff(name: string): () => void {
    const machine = this.#machine(name)
    if (machine.cuts++ === 0 && machine.stops === 0) machine.agent.cutOff()
    return () => {
      machine.cuts -= 1
      this.#connect(machine)
    }
  }

  loseQuorum(): () => void {
    if (this.#losses++ === 0) this.servers.loseQuorum()
    return () => {
      if (--this.#losses === 0) this.servers.regainQuorum()
    }
  }

  /** For good: there is nothing that gives back what was lost. */
  wipe(): void {
    this.servers.wipe()
    for (const { agent } of this.#machines.values()) this.later(resyncMs * this.#random.float(), () => agent.resync())
  }

  #connect({ agent, stops, cuts }: Machine): void {
    if (stops > 0) return
    if (cuts > 0) agent.cutOff()
    else agent.start()
  }

  #machine(name: string): Machine {
    let machine = this.#machines.get(name)
    if (machine === undefined) {
      const agent = new MemoryAgent(this.servers, name)
      this.#machines.set(name, (machine = { name, number: this.#machines.size, agent, life: 0, stops: 0, cuts: 0 }))
    }
    return machine
  }

  // --- for the way to it -----------------------------------------------------------------------------------------------------------------------

  travelMs(far: boolean): number {
    return ((far ? serversMs + agentMs : agentMs) / 2) * (1 + this.#random.float())
  }

  later(milliseconds: number, task: () => void): void {
    this.#clock.schedule(milliseconds, new Task(task))
  }

  answered({ number }: Machine, { kind }: Answer<unknown>): void {
    this.#log.event(5, number, kind.length, this.#clock.now)
  }
}

/** From a process to the agent on its machine, and back. */
class Way implements ConsulAgent {
  readonly #consul: VirtualConsul
  readonly #machine: Machine
  readonly #view: ClockView

  constructor(consul: VirtualConsul, machine: Machine, view: ClockView) {
    this.#consul = consul
    this.#machine = machine
    this.#view = view
  }

  register = (service: NewService, limits: CallLimits) => this.#call(false, limits, (agent, own) => agent.register(service, own)) // prettier-ignore
  deregister = (id: string, limits: CallLimits) => this.#call(false, limits, (agent, own) => agent.deregister(id, own))
  services = (limits: CallLimits) => this.#call(false, limits, (agent, own) => agent.services(own))
  pass = (check: string, limits: CallLimits) => this.#call(false, limits, (agent, own) => agent.pass(check, own))
  health = (name: string, blocking: Blocking) => this.#call(true, blocking, (agent, own) => agent.health(name, own))
  createSession = (checks: readonly string[], lockDelayMs: number, name: string, limits: CallLimits) => this.#call(true, limits, (agent, own) => agent.createSession(checks, lockDelayMs, name, own)) // prettier-ignore
  renewSession = (id: string, limits: CallLimits) => this.#call(true, limits, (agent, own) => agent.renewSession(id, own)) // prettier-ignore
  destroySession = (id: string, limits: CallLimits) => this.#call(true, limits, (agent, own) => agent.destroySession(id, own)) // prettier-ignore
  sessions = (name: string, limits: CallLimits) => this.#call(true, limits, (agent, own) => agent.sessions(name, own))
  acquire = (key: string, value: string, session: string, limits: CallLimits) => this.#call(true, limits, (agent, own) => agent.acquire(key, value, session, own)) // prettier-ignore
  acquireAll = (keys: readonly string[], value: string, session: string, limits: CallLimits) => this.#call(true, limits, (agent, own) => agent.acquireAll(keys, value, session, own)) // prettier-ignore
  releaseAll = (keys: readonly string[], session: string, limits: CallLimits) => this.#call(true, limits, (agent, own) => agent.releaseAll(keys, session, own)) // prettier-ignore
  release = (key: string, session: string, limits: CallLimits) => this.#call(true, limits, (agent, own) => agent.release(key, session, own)) // prettier-ignore
  get = (key: string, limits: CallLimits & Pick<Blocking, "consistent">) =>
    this.#call(true, limits, (agent, own) => agent.get(key, own))
  under = (prefix: string, blocking: Blocking) => this.#call(true, blocking, (agent, own) => agent.under(prefix, own))
  changed = (prefix: string, blocking: Blocking) =>
    this.#call(true, blocking, (agent, own) => agent.changed(prefix, own))
  compareAndSet = (key: string, value: string, index: number, limits: CallLimits) => this.#call(true, limits, (agent, own) => agent.compareAndSet(key, value, index, own)) // prettier-ignore
  compareAndDelete = (key: string, index: number, limits: CallLimits) => this.#call(true, limits, (agent, own) => agent.compareAndDelete(key, index, own)) // prettier-ignore

  close(): void {
    // The agent lives on (U1).
  }

  /** @param far whether the servers have to be asked */
  #call<T, Limits extends CallLimits>(
    far: boolean,
    limits: Limits,
    call: (agent: MemoryAgent, limits: Limits) => Promise<Answer<T>>,
  ): Promise<Answer<T>> {
    const consul = this.#consul
    const machine = this.#machine
    const { signal, limitMs } = limits
    const calledOff = new AbortController()
    return new Promise((resolve) => {
      const end = (answer: Answer<T>): void => {
        cancel()
        signal.removeEventListener("abort", abort)
        calledOff.abort(over)
        resolve(answer)
      }
      const unreachable = (reason: string): void => end({ kind: "unreachable", reason })
      const abort = (): void => unreachable("called off")
      const cancel = this.#view.timer(limitMs, () => unreachable(`no answer within ${Math.round(limitMs)} ms`))
      if (signal.aborted) return abort()
      signal.addEventListener("abort", abort, { once: true })
      consul.later(consul.travelMs(far), () => {
        const { life } = machine
        void call(machine.agent, { ...limits, signal: calledOff.signal }).then((answer) => {
          consul.later(consul.travelMs(far), () => {
            consul.answered(machine, answer)
            this.#view.arrive(() => {
              if (machine.life === life) end(answer)
              else unreachable("the agent has stopped meanwhile") // U3
            })
          })
        })
      })
    })
  }
}
