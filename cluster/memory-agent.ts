/**
 * An agent of a Consul in memory, which can be stopped, started anew, and cut off from the servers.
 *
 * Invariants
 *   A1. What it knows reaches the servers while it is connected to them; cut off, it goes on taking signs of life.
 *   A2. Its machine is declared dead `serfMs` after it stopped or was cut off.
 */
import type { CancelTimer } from "#actors/clock.js"
import {
  checkOf,
  type Answer,
  type Blocking,
  type CallLimits,
  type ConsulAgent,
  type HealthEntry,
  type KeyEntry,
  type NewService,
  type ServiceEntry,
} from "./consul-agent.js"
import type { KnownService, MemoryConsul } from "./memory-consul.js"

/** How long gossip takes to declare a machine dead. */
const serfMs = 5000

const ok = <T>(value: T, index = 0): Answer<T> => ({ kind: "ok", value, index })
const refused = (status: number, reason: string): Answer<never> => ({ kind: "refused", status, reason })

export class MemoryAgent implements ConsulAgent {
  readonly #servers: MemoryConsul
  readonly #machine: string
  readonly #services = new Map<string, KnownService & { readonly cancel: CancelTimer }>()
  #state: "running" | "cut off" | "stopped" = "running"
  #outage = new AbortController()
  #buried: CancelTimer | undefined

  constructor(servers: MemoryConsul, machine: string) {
    this.#servers = servers
    this.#machine = machine
    this.#sync()
  }

  /** As `kill -9` does: it forgets what it knew. */
  stop(): void {
    for (const { cancel } of this.#services.values()) cancel()
    this.#services.clear()
    this.#leave("stopped")
  }

  cutOff(): void {
    this.#leave("cut off")
  }

  /** Starts it, or connects it to the servers again. */
  start(): void {
    this.#buried?.()
    this.#state = "running"
    this.#outage = new AbortController()
    this.#sync()
  }

  /** Tells the servers all it knows, as it does now and then. */
  resync(): void {
    this.#sync()
  }

  async register(service: NewService, limits: CallLimits): Promise<Answer<void>> {
    return this.#local(limits, () => {
      this.#passed(service)
      this.#sync()
      return ok(undefined)
    })
  }

  async deregister(id: string, limits: CallLimits): Promise<Answer<void>> {
    return this.#local(limits, () => {
      this.#services.get(id)?.cancel()
      this.#services.delete(id)
      this.#sync()
      return ok(undefined)
    })
  }

  async services(limits: CallLimits): Promise<Answer<readonly ServiceEntry[]>> {
    return this.#local(limits, () => ok([...this.#services.values()]))
  }

  async pass(check: string, limits: CallLimits): Promise<Answer<void>> {
    return this.#local(limits, () => {
      const service = [...this.#services.values()].find(({ id }) => checkOf(id) === check)
      if (service === undefined) return refused(404, `Unknown check ID "${check}"`)
      this.#passed(service)
      if (!service.passing) this.#sync()
      return ok(undefined)
    })
  }

  async health(name: string, blocking: Blocking): Promise<Answer<readonly HealthEntry[]>> {
    return this.#blocking(`service/${name}`, blocking, () => this.#servers.health(name))
  }

  async createSession(
    checks: readonly string[],
    lockDelayMs: number,
    name: string,
    limits: CallLimits,
  ): Promise<Answer<string>> {
    return this.#remote(limits, () => {
      const id = this.#servers.openSession(this.#machine, name, checks, lockDelayMs)
      return id === undefined ? refused(500, "a check of the session does not pass") : ok(id)
    })
  }

  async renewSession(id: string, limits: CallLimits): Promise<Answer<void>> {
    return this.#remote(limits, () =>
      this.#servers.hasSession(id) ? ok(undefined) : refused(404, `Session id '${id}' not found`),
    )
  }

  async destroySession(id: string, limits: CallLimits): Promise<Answer<void>> {
    return this.#remote(limits, () => ok(this.#servers.endSession(id)))
  }

  async sessions(name: string, limits: CallLimits): Promise<Answer<readonly string[]>> {
    return this.#remote(limits, () => ok(this.#servers.sessionsNamed(name)))
  }

  async acquire(key: string, value: string, session: string, limits: CallLimits): Promise<Answer<boolean>> {
    return this.#remote(limits, () =>
      this.#servers.hasSession(session)
        ? ok(this.#servers.acquire(key, value, session))
        : refused(500, `invalid session "${session}"`),
    )
  }

  async release(key: string, session: string, limits: CallLimits): Promise<Answer<boolean>> {
    return this.#remote(limits, () => ok(this.#servers.release(key, session)))
  }

  async acquireAll(
    keys: readonly string[],
    value: string,
    session: string,
    limits: CallLimits,
  ): Promise<Answer<boolean>> {
    return this.#remote(limits, () => {
      if (!this.#servers.hasSession(session)) return refused(500, `invalid session "${session}"`)
      if (!keys.every((key) => this.#servers.mayAcquire(key, session))) return ok(false)
      return ok(keys.map((key) => this.#servers.acquire(key, value, session)).every(Boolean))
    })
  }

  async releaseAll(keys: readonly string[], session: string, limits: CallLimits): Promise<Answer<boolean>> {
    return this.#remote(limits, () => {
      if (!keys.every((key) => this.#servers.get(key)?.session === session)) return ok(false)
      return ok(keys.map((key) => this.#servers.release(key, session)).every(Boolean))
    })
  }

  async get(key: string, limits: CallLimits): Promise<Answer<KeyEntry | undefined>> {
    return this.#remote(limits, () => ok(this.#servers.get(key)))
  }

  async under(prefix: string, blocking: Blocking): Promise<Answer<readonly KeyEntry[]>> {
    return this.#blocking(`key/${prefix}`, blocking, () => this.#servers.under(prefix))
  }

  async changed(prefix: string, blocking: Blocking): Promise<Answer<void>> {
    return this.#blocking(`key/${prefix}`, blocking, () => undefined)
  }

  async compareAndSet(
    key: string,
    value: string,
    index: number,
    limits: CallLimits,
  ): Promise<Answer<number | undefined>> {
    return this.#remote(limits, () => ok(this.#servers.compareAndSet(key, value, index)))
  }

  async compareAndDelete(key: string, index: number, limits: CallLimits): Promise<Answer<boolean>> {
    return this.#remote(limits, () => ok(this.#servers.compareAndDelete(key, index)))
  }

  close(): void {
    // A client goes; the agent lives on.
  }

  #leave(state: "cut off" | "stopped"): void {
    this.#state = state
    this.#outage.abort()
    this.#buried?.()
    this.#buried = this.#servers.clock.timer(serfMs, () => this.#servers.bury(this.#machine)) // A2
  }

  /** A sign of life. Without the next one it does not pass, and is forgotten in the end. */
  #passed(service: NewService): void {
    const { id, ttlMs, forgetMs } = service
    const { clock } = this.#servers
    this.#services.get(id)?.cancel()
    const forget = (): void => {
      this.#services.delete(id)
      this.#sync()
    }
    const expire = (): void => {
      this.#services.set(id, { ...service, passing: false, cancel: clock.timer(forgetMs, forget) })
      this.#sync()
    }
    this.#services.set(id, { ...service, passing: true, cancel: clock.timer(ttlMs, expire) })
  }

  #sync(): void {
    if (this.#state === "running") this.#servers.sync(this.#machine, true, this.#services) // A1
  }

  #local<T>({ signal }: CallLimits, call: () => Answer<T>): Answer<T> {
    if (signal.aborted) return { kind: "unreachable", reason: "called off" }
    return this.#state === "stopped" ? { kind: "unreachable", reason: "the agent has stopped" } : call()
  }

  #remote<T>(limits: CallLimits, call: () => Answer<T>): Answer<T> {
    const away = this.#state === "cut off" || !this.#servers.hasQuorum
    return this.#local(limits, () => (away ? refused(500, "No cluster leader") : call()))
  }

  async #blocking<T>(topic: string, blocking: Blocking, read: () => T): Promise<Answer<T>> {
    const refusal = this.#remote<undefined>(blocking, () => ok(undefined))
    if (refusal.kind !== "ok") return refusal
    const either = new AbortController()
    const abort = (): void => either.abort()
    const signals = [blocking.signal, this.#outage.signal]
    for (const signal of signals) signal.addEventListener("abort", abort, { once: true })
    const answer = await this.#servers.blocking(topic, { ...blocking, signal: either.signal }, read)
    for (const signal of signals) signal.removeEventListener("abort", abort)
    return this.#remote(blocking, () => answer)
  }
}
