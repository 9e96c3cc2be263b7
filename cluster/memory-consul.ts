/**
 * The servers of a Consul in memory, one state for all agents: to what this house asks, they answer as real ones do. For tests, for several nodes in
 * one process, and for simulations.
 *
 * Invariants
 *   V1. A session lives as long as the checks that it is bound to pass as the servers see them; with its end its keys are free, and delayed for others.
 *   V2. A blocking query is answered when something after its index has changed under its topic, or when its time is over.
 *   V3. Without a quorum nothing changes and nothing is answered: what agents have to say waits until there is one.
 */
import type { Clock } from "#actors/clock.js"
import {
  checkOf,
  type Answer,
  type Blocking,
  type HealthEntry,
  type KeyEntry,
  type NewService,
} from "./consul-agent.js"

/** A service as its agent sees it. */
export interface KnownService extends NewService {
  readonly passing: boolean
}

interface Session {
  readonly name: string
  readonly agent: string
  readonly checks: readonly string[]
  readonly lockDelayMs: number
}

export class MemoryConsul {
  readonly clock: Clock
  readonly #agents = new Map<string, { alive: boolean; services: ReadonlyMap<string, KnownService> }>()
  readonly #sessions = new Map<string, Session>()
  readonly #keys = new Map<string, KeyEntry>()
  readonly #delays = new Map<string, number>()
  readonly #changed = new Map<string, number>()
  readonly #waiting = new Map<string, Set<() => void>>()
  /** What agents said while there was no quorum (V3). */
  readonly #unheard = new Map<string, () => void>()
  #quorum = true
  #index = 1
  #lastSession = 0

  constructor(clock: Clock) {
    this.clock = clock
  }

  get hasQuorum(): boolean {
    return this.#quorum
  }

  loseQuorum(): void {
    this.#quorum = false
    this.#answerAll()
  }

  regainQuorum(): void {
    this.#quorum = true
    const said = [...this.#unheard.values()]
    this.#unheard.clear()
    for (const say of said) say()
  }

  /** All is lost, and the index begins anew, as where the servers' disks were; agents tell what they know when they are asked to (`resync`). */
  wipe(): void {
    for (const state of [this.#agents, this.#sessions, this.#keys, this.#delays, this.#changed]) state.clear()
    this.#index = 1
    this.#answerAll()
  }

  #answerAll(): void {
    for (const waiting of this.#waiting.values()) for (const end of [...waiting]) end()
  }

  /** What an agent knows, or that its machine is dead. */
  sync(machine: string, alive: boolean, services: Iterable<readonly [string, KnownService]>): void {
    if (!this.#quorum) {
      const said = [...services]
      return void this.#unheard.set(machine, () => this.sync(machine, alive, said)) // V3
    }
    const before = this.#agents.get(machine)?.services ?? new Map<string, KnownService>()
    const after = new Map(services)
    this.#agents.set(machine, { alive, services: after })
    for (const name of new Set([...before.values(), ...after.values()].map(({ name }) => name))) {
      this.#change(`service/${name}`)
    }
    for (const [id, { checks, agent }] of this.#sessions) {
      if (agent === machine && !this.#pass(machine, checks)) this.endSession(id) // V1
    }
  }

  /** Declares the machine of an agent dead; its services stay known. */
  bury(machine: string): void {
    this.sync(machine, false, this.#agents.get(machine)?.services ?? [])
  }

  health(name: string): readonly HealthEntry[] {
    return [...this.#agents.values()].flatMap(({ alive, services }) =>
      [...services.values()]
        .filter((service) => service.name === name)
        .map((service) => ({ ...service, passing: alive && service.passing })),
    )
  }

  openSession(machine: string, name: string, checks: readonly string[], lockDelayMs: number): string | undefined {
    if (!this.#pass(machine, checks)) return undefined
    this.#lastSession += 1
    const id = `session-${this.#lastSession}`
    this.#sessions.set(id, { name, agent: machine, checks, lockDelayMs })
    return id
  }

  sessionsNamed(name: string): readonly string[] {
    return [...this.#sessions].filter(([, session]) => session.name === name).map(([id]) => id)
  }

  hasSession(id: string): boolean {
    return this.#sessions.has(id)
  }

  endSession(id: string): void {
    const session = this.#sessions.get(id)
    if (session === undefined) return
    this.#sessions.delete(id)
    for (const entry of this.#keys.values()) {
      if (entry.session !== id) continue
      this.#delays.set(entry.key, this.clock.monotonic() + session.lockDelayMs)
      this.#set(entry.key, entry.value, undefined)
    }
  }

  /** Ends every session, as an operator may. */
  endSessions(): void {
    for (const id of [...this.#sessions.keys()]) this.endSession(id)
  }

  get(key: string): KeyEntry | undefined {
    return this.#keys.get(key)
  }

  under(prefix: string): readonly KeyEntry[] {
    const found = [...this.#keys.values()].filter(({ key }) => key.startsWith(prefix))
    return found.sort((a, b) => (a.key < b.key ? -1 : 1))
  }

  /** Whether a session would get a lock now. */
  mayAcquire(key: string, session: string): boolean {
    const holder = this.#keys.get(key)?.session
    if (holder !== undefined) return holder === session
    return (this.#delays.get(key) ?? -Infinity) <= this.clock.monotonic()
  }

  acquire(key: string, value: string, session: string): boolean {
    if (!this.mayAcquire(key, session)) return false
    this.#set(key, value, session)
    return true
  }

  release(key: string, session: string): boolean {
    if (this.#keys.get(key)?.session !== session) return false
    this.#set(key, "", undefined)
    return true
  }

  compareAndSet(key: string, value: string, index: number): number | undefined {
    const entry = this.#keys.get(key)
    if ((entry?.modified ?? 0) !== index) return undefined
    return this.#set(key, value, entry?.session)
  }

  compareAndDelete(key: string, index: number): boolean {
    const entry = this.#keys.get(key)
    if (entry !== undefined && entry.modified !== index) return false
    this.#keys.delete(key)
    this.#change(`key/${key}`)
    return true
  }

  /** Answers when something under a topic has changed since an index (V2). */
  async blocking<T>(topic: string, { index, waitMs, signal }: Blocking, read: () => T): Promise<Answer<T>> {
    if (!this.#changed.has(topic)) this.#changed.set(topic, this.#index)
    if (index > 0 && (this.#changed.get(topic) ?? 0) <= index) {
      const waiting = this.#waiting.get(topic) ?? new Set()
      this.#waiting.set(topic, waiting)
      await new Promise<void>((resolve) => {
        const end = (): void => {
          cancel()
          waiting.delete(end)
          signal.removeEventListener("abort", end)
          resolve()
        }
        const cancel = this.clock.timer(waitMs, end)
        waiting.add(end)
        signal.addEventListener("abort", end, { once: true })
      })
    }
    return { kind: "ok", value: read(), index: this.#changed.get(topic) ?? 0 }
  }

  #pass(machine: string, checks: readonly string[]): boolean {
    const agent = this.#agents.get(machine)
    if (agent?.alive !== true) return false
    const passing = new Set([...agent.services.values()].filter(({ passing }) => passing).map(({ id }) => checkOf(id)))
    return checks.every((check) => check === "serfHealth" || passing.has(check))
  }

  #set(key: string, value: string, session: string | undefined): number {
    const modified = this.#index + 1
    this.#keys.set(key, { key, value, modified, session })
    this.#change(`key/${key}`)
    return modified
  }

  #change(what: string): void {
    this.#index += 1
    for (const topic of this.#changed.keys()) {
      if (!what.startsWith(topic)) continue
      this.#changed.set(topic, this.#index)
      for (const end of [...(this.#waiting.get(topic) ?? [])]) end()
    }
  }
}
