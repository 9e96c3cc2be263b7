/**
 * A service registry in Consul: nodes are the instances of one service, locks are keys held by sessions, records are
 * keys.
 *
 * Settings that Consul wants: an agent on the node's own machine, and servers with `raft_multiplier` 1.
 */
import { checkOptions } from "#actors/words.js"
import { setMaxListeners } from "node:events"
import { systemClock, systemRandom, type Clock, type Random } from "#actors/clock.js"
import type { Answer, Blocking, CallLimits, ConsulAgent, HealthEntry, KeyEntry } from "./consul-agent.js"
import { consulClient, type ConsulOptions } from "./consul-client.js"
import { ConsulNames, decodeNode } from "./consul-names.js"
import { ConsulSeat } from "./consul-seat.js"
import { watchConsul, type Watched } from "./consul-watch.js"
import { checkedNode, incarnationOf, type Incarnation, type NodeDescription } from "./node.js"
import {
  checkedKey,
  withTimings,
  type Holder,
  type Lock,
  type Look,
  type RegisteredNode,
  type Registry,
  type RegistryRecord,
  type RegistryTimings,
  type Seat,
  type SeatEvent,
  type Unavailable,
  type Unwatch,
  type Watcher,
} from "./registry.js"

/** A change of Consul's leader takes 2.5 s where `raft_multiplier` is 1. */
const callLimitMs = 5000
/** Up to so many locks are looked at one by one; the list of all that begin alike may be long. */
const few = 8

export interface RegistryOptions {
  /** Name of the cluster; as a node's name. */
  readonly cluster: string
  readonly timings?: Partial<RegistryTimings>
  readonly clock?: Clock
  readonly random?: Random
}

export const registryOptions: Readonly<Record<keyof RegistryOptions, true>> = {
  cluster: true,
  timings: true,
  clock: true,
  random: true,
}

/** The registry in a real Consul; connects when first asked. */
export function consulRegistry(options: RegistryOptions & ConsulOptions): Registry {
  const known = { ...registryOptions, url: true, token: true, tls: true }
  checkOptions("INVALID_NODE", "the options of a registry", options ?? null, known)
  return registryOverConsul(consulClient(options, options.clock ?? systemClock), options)
}

/** The registry over any agent, a simulated one too. */
export function registryOverConsul(agent: ConsulAgent, options: RegistryOptions): Registry {
  return new ConsulRegistry(agent, options)
}

class ConsulRegistry implements Registry {
  readonly #agent: ConsulAgent
  readonly #clock: Clock
  readonly #random: Random
  readonly #names: ConsulNames
  readonly #timings: RegistryTimings
  readonly #closed = new AbortController()
  readonly #limits: CallLimits = { limitMs: callLimitMs, signal: this.#closed.signal }
  readonly #watches = new Set<Promise<void>>()

  constructor(agent: ConsulAgent, { cluster, timings, clock = systemClock, random = systemRandom }: RegistryOptions) {
    this.#agent = agent
    this.#clock = clock
    this.#random = random
    this.#names = new ConsulNames(cluster)
    this.#timings = withTimings(timings)
    setMaxListeners(0, this.#closed.signal) // one for each call that is under way
  }

  join(node: NodeDescription, listener: (event: SeatEvent) => void): Seat {
    const { signal } = this.#closed
    const ports = { agent: this.#agent, clock: this.#clock, names: this.#names, timings: this.#timings, signal }
    return new ConsulSeat(ports, checkedNode(node), listener)
  }

  watchNodes(watcher: Watcher<RegisteredNode>): Unwatch {
    const list = (blocking: Blocking) => this.#agent.health(this.#names.service, blocking)
    const entries = (found: readonly HealthEntry[]) =>
      found.flatMap((entry): readonly RegisteredNode[] => {
        const found = decodeNode(entry)
        return found === undefined ? [] : [{ ...found, health: entry.passing ? "passing" : "critical" }]
      })
    return this.#watch({ list, entries }, watcher)
  }

  watchLocks(prefix: string, watcher: Watcher<Lock>, patient: () => boolean = () => false): Unwatch {
    const entries = (found: readonly KeyEntry[]) =>
      found.flatMap((entry): readonly Lock[] => {
        const by = entry.session === undefined ? undefined : incarnationOf(entry.value)
        return by === undefined ? [] : [{ key: this.#names.keyOf(entry), by }]
      })
    return this.#watch({ ...this.#under(this.#names.lock(prefix)), patient, entries }, watcher)
  }

  watchRecords(prefix: string, watcher: Watcher<RegistryRecord>): Unwatch {
    return this.#watch(
      { ...this.#under(this.#names.record(prefix)), entries: (found) => found.map(this.#record) },
      watcher,
    )
  }

  #under(prefix: string): Pick<Required<Watched<KeyEntry, never>>, "list" | "changed"> {
    return {
      list: (blocking) => this.#agent.under(prefix, blocking),
      changed: (blocking) => this.#agent.changed(prefix, blocking),
    }
  }

  async expel(node: Incarnation): Promise<void> {
    const sessions = await this.#agent.sessions(this.#names.serviceId(node), this.#limits)
    if (sessions.kind === "ok")
      await Promise.all(sessions.value.map((id) => this.#agent.destroySession(id, this.#limits)))
  }

  async lookLocks(keys: readonly string[]): Promise<Look> {
    const entries: KeyEntry[] = []
    if (keys.length > few) {
      const prefix = this.#names.lock(commonStart(keys.map(checkedKey)))
      const answer = await this.#agent.under(prefix, { index: 0, waitMs: 0, consistent: true, ...this.#limits })
      if (answer.kind !== "ok") return unavailable(answer)
      entries.push(...answer.value)
    } else {
      const paths = keys.map((key) => this.#names.lock(checkedKey(key)))
      const answers = await Promise.all(paths.map((path) => this.#agent.get(path, { consistent: true, ...this.#limits }))) // prettier-ignore
      for (const answer of answers) {
        if (answer.kind !== "ok") return unavailable(answer)
        if (answer.value !== undefined) entries.push(answer.value)
      }
    }
    const wanted = new Set(keys)
    const holders = new Map<string, Holder>()
    for (const entry of entries) {
      const key = this.#names.keyOf(entry)
      if (entry.session === undefined || !wanted.has(key)) continue
      const by = incarnationOf(entry.value)
      if (by === undefined) return { kind: "unavailable", reason: `${key} is held by something that is no node` }
      holders.set(key, by)
    }
    return { kind: "looked", holders }
  }

  async read(key: string): ReturnType<Registry["read"]> {
    const answer = await this.#agent.get(this.#names.record(checkedKey(key)), this.#limits)
    if (answer.kind !== "ok") return unavailable(answer)
    return answer.value === undefined ? { kind: "absent" } : { kind: "found", record: this.#record(answer.value) }
  }

  async list(prefix: string): ReturnType<Registry["list"]> {
    const answer = await this.#agent.under(this.#names.record(prefix), { index: 0, waitMs: 0, ...this.#limits })
    return answer.kind === "ok" ? { kind: "listed", records: answer.value.map(this.#record) } : unavailable(answer)
  }

  async write(key: string, value: string, version: number): ReturnType<Registry["write"]> {
    const answer = await this.#agent.compareAndSet(this.#names.record(checkedKey(key)), value, version, this.#limits)
    if (answer.kind !== "ok") return unavailable(answer)
    return answer.value === undefined ? { kind: "conflict" } : { kind: "written", version: answer.value }
  }

  async remove(key: string, version: number): ReturnType<Registry["remove"]> {
    const answer = await this.#agent.compareAndDelete(this.#names.record(checkedKey(key)), version, this.#limits)
    if (answer.kind !== "ok") return unavailable(answer)
    return { kind: answer.value ? "removed" : "conflict" }
  }

  async close(): Promise<void> {
    this.#closed.abort()
    await Promise.all(this.#watches)
    this.#agent.close()
  }

  #watch<Raw, Entry>(watched: Watched<Raw, Entry>, watcher: Watcher<Entry>): Unwatch {
    const control = new AbortController()
    const end = (): void => control.abort()
    const { signal } = this.#closed
    signal.addEventListener("abort", end, { once: true })
    if (signal.aborted) end()
    const ports = { clock: this.#clock, random: this.#random, signal: control.signal }
    const watch = watchConsul(ports, watched, watcher).finally(() => {
      signal.removeEventListener("abort", end)
      this.#watches.delete(watch)
    })
    this.#watches.add(watch)
    return end
  }

  readonly #record = (entry: KeyEntry): RegistryRecord => ({
    key: this.#names.keyOf(entry),
    value: entry.value,
    version: entry.modified,
  })
}

/** What all keys begin with. */
function commonStart(keys: readonly string[]): string {
  let start = keys[0] ?? ""
  for (const key of keys) while (!key.startsWith(start)) start = start.slice(0, -1)
  return start
}

const unavailable = ({ reason }: Exclude<Answer<unknown>, { kind: "ok" }>): Unavailable => ({
  kind: "unavailable",
  reason,
})
