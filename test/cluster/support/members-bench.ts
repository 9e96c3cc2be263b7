/**
 * Nodes that run the membership driver over a Consul in memory and a network of a few lines, in virtual time. Processes can be killed and frozen, links cut,
 * agents stopped and cut off, and Consul wiped.
 */
import type { CancelTimer, Clock } from "#actors/clock.js"
import { SeededRandom } from "#actors/simulation/seeded-random.js"
import { VirtualClock } from "#actors/simulation/virtual-clock.js"
import { silentLogger } from "#actors/telemetry.js"
import type { ConsulAgent } from "#cluster/consul-agent.js"
import { registryOverConsul } from "#cluster/consul-registry.js"
import type { MemberStatus } from "#cluster/members.js"
import type { MembershipEvent, MembershipTimings } from "#cluster/membership.js"
import {
  MembershipDriver,
  type MemberChange,
  type MembershipNetwork,
  type StopReason,
} from "#cluster/membership-driver.js"
import { MemoryAgent } from "#cluster/memory-agent.js"
import { MemoryConsul } from "#cluster/memory-consul.js"
import { incarnationOf, nodeId, type NodeId } from "#cluster/node.js"
import type { Registry, RegistryTimings, SeatEvent } from "#cluster/registry.js"

/** The clock of a process that can be frozen: what is due meanwhile happens when it goes on. */
class ProcessClock implements Clock {
  readonly #clock: Clock
  #frozen: (() => void)[] | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  wallTime = (): number => this.#clock.wallTime()
  monotonic = (): number => this.#clock.monotonic()
  soon = (callback: () => void): void => this.#clock.soon(callback)
  afterInputOutput = (callback: () => void): void => this.#clock.afterInputOutput(callback)
  timer = (milliseconds: number, callback: () => void): CancelTimer => {
    let off = false
    const cancel = this.#clock.timer(milliseconds, () => this.run(() => off || callback()))
    return () => {
      off = true
      cancel()
    }
  }

  /** Now, or when the process goes on. */
  run(callback: () => void): void {
    if (this.#frozen === undefined) callback()
    else this.#frozen.push(callback)
  }

  freeze(): void {
    this.#frozen ??= []
  }

  thaw(): void {
    const due = this.#frozen ?? []
    this.#frozen = undefined
    for (const callback of due) callback()
  }
}

const latencyMs = 1
const probeTimeoutMs = 400

export class MembersBench {
  readonly clock = new VirtualClock()
  readonly random = new SeededRandom(1)
  readonly nodes = new Map<string, BenchNode>()
  readonly timings: Partial<RegistryTimings>
  readonly membership: Partial<MembershipTimings>
  consul = new MemoryConsul(this.clock)
  readonly #cuts = new Set<string>()

  constructor(timings: Partial<RegistryTimings> = {}, membership: Partial<MembershipTimings> = {}) {
    this.timings = timings
    this.membership = membership
  }

  start(...names: readonly string[]): void {
    for (const name of names) this.nodes.set(name, new BenchNode(this, name))
  }

  node(name: string): BenchNode {
    return this.nodes.get(name)!
  }

  cut(one: string, other: string): void {
    this.#cuts.add(`${one} ${other}`).add(`${other} ${one}`)
  }

  heal(): void {
    this.#cuts.clear()
  }

  linked(one: string, other: string): boolean {
    return !this.#cuts.has(`${one} ${other}`)
  }

  /** A Consul that knows nothing, in the place of the one before. */
  wipe(): void {
    this.consul = new MemoryConsul(this.clock)
    for (const node of this.nodes.values()) node.agent = new MemoryAgent(this.consul, node.name)
  }

  /** How each living node sees each other one that it knows: `a:b` to a status. */
  statuses(): Record<string, MemberStatus> {
    const living = [...this.nodes.values()].filter((node) => node.alive)
    return Object.fromEntries(
      living.flatMap(({ name, driver }) =>
        [...driver.view.members.values()].map((member) => [`${name}:${member.node.name}`, member.status]),
      ),
    )
  }

  /** Does every living node see these names, and no others, as up? */
  allUp(...names: readonly string[]): boolean {
    const living = [...this.nodes.values()].filter((node) => node.alive)
    return living.every(({ driver }) => {
      const members = [...driver.view.members.values()]
      const up = members.filter(({ status }) => status === "up").map(({ node }) => node.name)
      return up.length === names.length && names.every((name) => up.includes(name))
    })
  }

  pass(milliseconds: number): Promise<void> {
    return this.clock.advance(milliseconds)
  }

  /** Lets time pass until something is so. @returns after how many milliseconds */
  async until(what: string, is: () => boolean, limitMs: number): Promise<number> {
    const began = this.clock.now
    if (!(await this.clock.advanceUntil(is, limitMs)))
      throw new Error(`not so after ${limitMs} ms: ${what}: ${JSON.stringify(this.statuses())}`)
    return this.clock.now - began
  }

  async stop(): Promise<void> {
    for (const node of this.nodes.values()) await node.kill()
  }
}

export class BenchNode implements MembershipNetwork {
  readonly bench: MembersBench
  readonly name: string
  readonly id: NodeId
  readonly clock: ProcessClock
  readonly registry: Registry
  readonly driver: MembershipDriver
  readonly changes: MemberChange[] = []
  readonly seated: SeatEvent[] = []
  readonly lost: NodeId[] = []
  readonly reachable = new Map<NodeId, boolean>()
  stopped: StopReason | undefined
  agent: MemoryAgent
  alive = true
  readonly #connected = new Set<NodeId>()

  constructor(bench: MembersBench, name: string) {
    this.bench = bench
    this.name = name
    this.clock = new ProcessClock(bench.clock)
    this.agent = new MemoryAgent(bench.consul, name)
    const { clock } = this
    const { random, timings } = bench
    const registry = registryOverConsul(
      agentOf(() => this.agent),
      { cluster: "bench", clock, random, timings },
    )
    this.registry = registry
    const incarnation = bench.clock.wallTime()
    const protocol = { min: 1, max: 1 }
    const node = { name, incarnation, address: `${name}:1`, roles: [], capabilities: {}, capacity: 1, protocol }
    this.id = nodeId(node)
    this.driver = new MembershipDriver({
      node,
      registry: {
        ...methodsOf(registry),
        watchNodes: (watcher) => registry.watchNodes((sight) => clock.run(() => watcher(sight))),
      },
      network: this,
      clock,
      logger: silentLogger,
      timings: bench.membership,
      seated: (event) => void this.seated.push(event),
      stopped: (reason) => {
        this.stopped = reason
        void this.kill()
      },
    })
    this.driver.join()
    this.driver.follow((_view, changes) => void this.changes.push(...changes))
  }

  /** Changes of other members to a status. */
  saw(status: MemberChange["to"]): readonly string[] {
    return this.changes.filter(({ to, id }) => to === status && id !== this.id).map(({ id }) => id.split("#")[0]!)
  }

  connect(id: NodeId): void {
    this.#connected.add(id)
  }

  disconnect(id: NodeId): void {
    this.#connected.delete(id)
  }

  lose(id: NodeId): void {
    this.lost.push(id)
  }

  setReachable(id: NodeId, reachable: boolean): void {
    this.reachable.set(id, reachable)
  }

  probe(id: NodeId, probe: number): void {
    let answered = false
    this.#reach(id, (peer) => {
      const { name, incarnation } = incarnationOf(this.id)!
      const removed = (peer.driver.view.tombstones.get(name)?.incarnation ?? -1) >= incarnation
      peer.#reach(this.id, () => {
        answered = true
        this.driver.heard(removed ? { kind: "removed", id: this.id } : { kind: "probe-answered", id, probe })
      })
    })
    this.clock.timer(probeTimeoutMs, () => {
      if (!answered) this.driver.heard({ kind: "probe-failed", id, probe })
    })
  }

  tellVote(about: NodeId, accuses: boolean, number: number): void {
    this.#tell({ kind: "vote", from: this.id, about, accuses, number })
  }

  tellRemoved(id: NodeId): void {
    this.#tell({ kind: "removed", id })
  }

  /** Leaves in order. */
  async leave(): Promise<void> {
    this.driver.announceLeaving()
    await this.bench.pass(1000)
    this.tellRemoved(this.id)
    const leaving = this.driver.seat.leave()
    await this.bench.pass(1000)
    await leaving
    await this.kill()
  }

  /** As `kill -9` does; its agent lives on. */
  async kill(): Promise<void> {
    if (!this.alive) return
    this.alive = false
    this.driver.close()
    await this.registry.close()
  }

  #tell(event: MembershipEvent): void {
    for (const id of this.#connected) this.#reach(id, (peer) => peer.driver.heard(event))
  }

  #reach(id: NodeId, arrive: (peer: BenchNode) => void): void {
    const { bench } = this
    bench.clock.timer(latencyMs, () => {
      const peer = [...bench.nodes.values()].find((node) => node.id === id)
      if (peer?.alive !== true || !bench.linked(this.name, peer.name)) return
      peer.clock.run(() => {
        if (peer.alive) arrive(peer)
      })
    })
  }
}

/** An agent that is looked up anew with each call. */
function agentOf(current: () => ConsulAgent): ConsulAgent {
  const get = (_: object, key: string): unknown => {
    return (...given: unknown[]) =>
      (current() as unknown as Record<string, (...given: unknown[]) => unknown>)[key]!(...given)
  }
  return new Proxy({}, { get }) as ConsulAgent
}

function methodsOf(registry: Registry): Registry {
  const get = (_: object, key: string): unknown => {
    return (...given: unknown[]) =>
      (registry as unknown as Record<string, (...given: unknown[]) => unknown>)[key]!(...given)
  }
  const names = [
    "join",
    "watchNodes",
    "watchLocks",
    "watchRecords",
    "read",
    "list",
    "write",
    "remove",
    "expel",
    "close",
  ]
  return Object.fromEntries(names.map((name) => [name, get({}, name)])) as unknown as Registry
}
