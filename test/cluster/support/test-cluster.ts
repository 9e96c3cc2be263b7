/**
 * Nodes of one process with their shards, in virtual time: a Consul in memory, a store in memory, links in memory. Who the members are is told by the test's own hand, as a
 * membership would: a node that died is unreachable at once for its peers' links, and down `downMs` later.
 */
import type { Test } from "tap"
import type { AnyDefinition } from "#actors/actor.js"
import { systemRandom, type CancelTimer, type Clock } from "#actors/clock.js"
import { definePersistentActor, defineActor } from "#actors/index.js"
import { memoryJournal } from "#actors/persistence/memory-journal.js"
import { ActorSystem } from "#actors/system.js"
import { KEEPER } from "#actors/groups.js"
import { VirtualClock, type ClockView } from "#actors/simulation/virtual-clock.js"
import { fencedJournal } from "#cluster/fenced-journal.js"
import type { HoldLimits } from "#cluster/held.js"
import { nothingKnown, type Member, type MemberStatus, type View } from "#cluster/members.js"
import { MemoryAgent } from "#cluster/memory-agent.js"
import { MemoryConsul } from "#cluster/memory-consul.js"
import { MemoryEpochs } from "#cluster/memory-epochs.js"
import { memoryRegistry } from "#cluster/memory-registry.js"
import { nodeId, type NodeDescription } from "#cluster/node.js"
import type { Ownership } from "#cluster/ownership.js"
import type { RebalanceLimits } from "#cluster/placement.js"
import type { Registry, Seat } from "#cluster/registry.js"
import { Shards } from "#cluster/shards.js"
import { sharedMemoryState, type ClusterState } from "#cluster/state.js"
import { LocalMesh, LocalPeers } from "#test/support/peer-links.js"

/** Stores what it is told, with the sender and the number that the sender gave it. */
export const Ledger = definePersistentActor({
  name: "ledger",
  version: 1,
  state: () => ({ notes: [] as { sender: string; n: number }[], total: 0 }),
  events: {
    noted(state, note: { sender: string; n: number }) {
      state.notes.push(note)
      state.total += 1
    },
  },
}).receive({
  async note(ctx, note: { sender: string; n: number }) {
    await ctx.persist("noted", note)
    return ctx.state.total
  },
  total: (ctx) => ctx.state.total,
  notes: (ctx) => ctx.state.notes.map(({ sender, n }) => ({ sender, n })),
  async slowly(ctx, milliseconds: number) {
    await new Promise<void>((done) => ctx.system.clock.timer(milliseconds, done))
    return ctx.state.total
  },
})

/** Remembers what it is told, as long as it lives. */
export const Memo = defineActor({
  name: "memo",
  state: () => ({ got: [] as unknown[] }),
  mailbox: { capacity: 64 },
  receive: {
    put(ctx, value: unknown) {
      ctx.state.got.push(value)
      return ctx.state.got.length
    },
    all: (ctx) => [...ctx.state.got],
    hang: () => new Promise<void>(() => {}),
  },
})

/** A node's clock that can stand still: what is due meanwhile is late. */
class StoppableClock implements Clock {
  until = -Infinity
  constructor(
    readonly view: ClockView,
    readonly clock: VirtualClock,
  ) {}
  wallTime = (): number => this.view.wallTime()
  monotonic = (): number => this.view.monotonic()
  #later(callback: () => void): () => void {
    return () => {
      if (this.until > this.clock.now) this.view.timer(this.until - this.clock.now, this.#later(callback))
      else callback()
    }
  }
  timer(milliseconds: number, callback: () => void): CancelTimer {
    let off = false
    const cancel = this.view.timer(milliseconds, this.#later(() => !off && callback())) // prettier-ignore
    return () => {
      off = true
      cancel()
    }
  }
  soon(callback: () => void): void {
    if (this.until > this.clock.now) this.timer(0, callback)
    else this.view.soon(callback)
  }
  afterInputOutput(callback: () => void): void {
    if (this.until > this.clock.now) this.timer(0, callback)
    else this.view.afterInputOutput(callback)
  }
}

export interface TestNode {
  readonly node: NodeDescription
  readonly id: string
  readonly clock: StoppableClock
  readonly agent: MemoryAgent
  readonly registry: Registry
  readonly seat: Seat
  readonly ownership: Ownership
  readonly system: ActorSystem
  readonly shards: Shards
  readonly peers: LocalPeers
}

export interface TestOptions {
  readonly shards?: number
  readonly definitions?: readonly AnyDefinition[]
  readonly rebalance?: RebalanceLimits
  readonly hold?: HoldLimits
  readonly delay?: () => number
  readonly state?: (cluster: TestCluster) => ClusterState
  readonly shutdownTimeoutMs?: number
}

export class TestCluster {
  readonly clock = new VirtualClock()
  readonly consul = new MemoryConsul(this.clock)
  readonly epochs = new MemoryEpochs()
  readonly journal = memoryJournal(this.clock)
  readonly mesh: LocalMesh
  readonly nodes = new Map<string, TestNode>()
  readonly #statuses = new Map<string, MemberStatus>()
  /** One on each machine, whatever becomes of the nodes there. */
  readonly #agents = new Map<string, MemoryAgent>()
  readonly #options: TestOptions
  #incarnations = 0
  #version = 0

  constructor(t: Test, options: TestOptions = {}) {
    this.#options = options
    this.mesh = new LocalMesh(this.clock, options.delay)
    t.teardown(() => this.close())
  }

  async start(name: string, capacity = 1): Promise<TestNode> {
    const { shards = 32, definitions = [Ledger, Memo], rebalance, hold, shutdownTimeoutMs = 5000 } = this.#options
    const node: NodeDescription = {
      name,
      incarnation: ++this.#incarnations,
      address: "127.0.0.1:1",
      roles: [],
      capabilities: {},
      capacity,
      protocol: { min: 1, max: 1 },
    }
    const clock = new StoppableClock(this.clock.view(), this.clock)
    const random = systemRandom
    const agent = this.#agents.get(name) ?? new MemoryAgent(this.consul, name)
    this.#agents.set(name, agent)
    const registry = memoryRegistry(agent, { cluster: "test", clock, random })
    const state = this.#options.state?.(this) ?? sharedMemoryState(this.epochs, this.journal)
    const ownership = state.ownership({ registry, clock })
    const entities = new Set([...definitions.map(({ name }) => name), KEEPER])
    const sharded = new Shards({
      self: node,
      ownership,
      clock,
      random,
      shards,
      ...(rebalance === undefined ? {} : { rebalance }),
      ...(hold === undefined ? {} : { hold }),
    })
    const journal = fencedJournal(state.journal({ registry, clock }), ownership, (actor) =>
      entities.has(actor.type) ? sharded.shardOf(actor) : undefined,
    )
    const { transport } = sharded
    const system = new ActorSystem({ name: "test", definitions, journal, transport, clock, random, shutdownTimeoutMs })
    const peers = new LocalPeers(node, system, sharded, clock)
    const seat = registry.join(node, (event) => ownership.heard(event))
    sharded.start({ system, peers, registry, seat })
    const made = { node, id: nodeId(node), clock, agent, registry, seat, ownership, system, shards: sharded, peers }
    for (const other of this.nodes.values()) this.mesh.connect(made.peers, other.peers)
    this.nodes.set(name, made)
    this.#statuses.set(name, "up")
    this.announce()
    return made
  }

  async startAll(...names: readonly string[]): Promise<readonly TestNode[]> {
    const nodes = []
    for (const name of names) nodes.push(await this.start(name))
    await this.ready()
    return nodes
  }

  /** Tells every node who the members are. */
  announce(): void {
    for (const { id, shards } of this.nodes.values()) shards.members(this.#view(id))
  }

  /** Marks a node in everybody's eyes. */
  mark(name: string, status: MemberStatus): void {
    this.#statuses.set(name, status)
    this.announce()
  }

  #view(self: string): View {
    const members = new Map<string, Member>()
    for (const { node, id } of this.nodes.values())
      members.set(id, { id, node, status: this.#statuses.get(node.name) ?? "up", since: 0, protocol: 1, evidence: nothingKnown }) // prettier-ignore
    return { self, version: ++this.#version, members, tombstones: new Map(), registry: { list: 1, answers: true }, votes: 0 } // prettier-ignore
  }

  /** Ends a node as `kill -9` does: its links break at once, it is believed to be away at once or a little later, and it is down a while later. */
  kill(name: string, downMs = 4000, awayMs = 0): void {
    const node = this.nodes.get(name)
    if (node === undefined) return
    node.clock.view.end()
    for (const other of this.nodes.values()) if (other !== node) this.mesh.cut(other.peers, node.peers)
    this.nodes.delete(name)
    this.#statuses.set(name, "unreachable")
    const { id } = node
    const tell = (status: MemberStatus): void => {
      for (const other of this.nodes.values()) {
        const view = this.#view(other.id)
        const members = new Map(view.members).set(id, { id, node: node.node, status, since: 0, protocol: 1, evidence: nothingKnown }) // prettier-ignore
        other.shards.members({ ...view, members })
      }
    }
    if (awayMs === 0) tell("unreachable")
    else this.clock.timer(awayMs, () => tell("unreachable"))
    this.clock.timer(downMs, () => tell("down"))
  }

  /** Ends a node in order. */
  async leave(name: string): Promise<void> {
    const node = this.nodes.get(name)
    if (node === undefined) return
    const gone = (): boolean => this.nodes.get(name) !== node // it was killed meanwhile
    await node.shards.drain()
    if (gone()) return
    this.mark(name, "leaving")
    await node.system.stop()
    await node.shards.leave()
    await node.seat.leave()
    await node.registry.close()
    await new Promise<void>((arrived) => this.clock.timer(50, arrived)) // what it said last
    if (gone()) return
    for (const other of this.nodes.values()) if (other !== node) this.mesh.cut(other.peers, node.peers)
    this.nodes.delete(name)
    node.clock.view.end()
    this.announce()
  }

  /** Lets a node stand still. */
  freeze(name: string, milliseconds: number): void {
    const node = this.nodes.get(name)
    if (node === undefined) return
    node.clock.until = this.clock.now + milliseconds
    node.peers.paused = node.clock.until
  }

  /** Passes time until something is so. */
  async until(what: string, is: () => boolean, limitMs = 30_000): Promise<number> {
    const from = this.clock.now
    if (!(await this.clock.advanceUntil(is, limitMs))) throw new Error(`not so after ${limitMs} ms: ${what}`)
    return this.clock.now - from
  }

  /** Resolves while time passes. */
  async within<T>(promise: Promise<T>, limitMs = 30_000): Promise<T> {
    let over = false
    const end = (): void => void (over = true)
    promise.then(end, end)
    await this.clock.advanceUntil(() => over, limitMs)
    return over ? promise : Promise.reject(new Error(`not settled after ${limitMs} ms`))
  }

  async ready(limitMs = 60_000): Promise<number> {
    try {
      return await this.until(
        "all are ready",
        () => [...this.nodes.values()].every(({ shards }) => shards.ready),
        limitMs,
      )
    } catch (error) {
      const statuses = [...this.nodes.values()].map(({ id, shards }) => [id, this.#statuses.get(id.split("#")[0]!), shards.status]) // prettier-ignore
      throw new Error(JSON.stringify(statuses, (_, value: unknown) => (value instanceof Map ? [...value] : value)), { cause: error }) // prettier-ignore
    }
  }

  /** Names of the nodes that say they own a shard. */
  ownersOf(shard: number): readonly string[] {
    return [...this.nodes.values()]
      .filter(({ ownership }) => ownership.standing(shard) === "owner")
      .map(({ node }) => node.name)
  }

  async close(): Promise<void> {
    for (const { shards, registry, system, clock } of this.nodes.values()) {
      shards.close()
      const closing = Promise.all([system.stop(), registry.close()])
      await this.within(closing, 60_000).catch(() => undefined)
      clock.view.end()
    }
  }
}
