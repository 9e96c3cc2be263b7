/** Nodes that have joined a cluster in one process, over a registry in memory, with short times; a node can be killed, and its agent be cut off. */
import type { Test } from "tap"
import { systemClock } from "#actors/clock.js"
import { memoryJournal } from "#actors/persistence/memory-journal.js"
import { joinCluster } from "#cluster/cluster.js"
import type { Cluster } from "#cluster/cluster-handle.js"
import type { ClusterOptions } from "#cluster/cluster-options.js"
import { MemoryAgent } from "#cluster/memory-agent.js"
import { MemoryConsul } from "#cluster/memory-consul.js"
import { MemoryEpochs } from "#cluster/memory-epochs.js"
import { memoryRegistry } from "#cluster/memory-registry.js"
import type { Registry, RegistryTimings } from "#cluster/registry.js"
import { sharedMemoryState, type ClusterState } from "#cluster/state.js"
import { PipeNet } from "#test/support/pipe-carrier.js"

/** Takeover within two seconds. */
const timings: Partial<RegistryTimings> = {
  checkTtlMs: 800,
  beatMs: 150,
  renewTimeoutMs: 500,
  leaseMs: 900,
  lockDelayMs: 1200,
}
const membership = { probeEveryMs: 150, probeFailures: 3, downAfterMs: 300 }

export interface JoinedNode {
  readonly cluster: Cluster
  readonly agent: MemoryAgent
  readonly registry: Registry
  /** Nothing of it is heard any more, from one moment to the next. */
  kill(): Promise<void>
}

export class JoinedNodes {
  readonly consul = new MemoryConsul(systemClock)
  readonly net = new PipeNet()
  readonly epochs = new MemoryEpochs()
  readonly journal = { ...memoryJournal(systemClock), close: async () => {} }
  readonly nodes = new Map<string, JoinedNode>()
  readonly #options: Partial<ClusterOptions>
  readonly #machines = new Map<string, MemoryAgent>()
  /** Addresses whose processes are dead. */
  readonly #dead = new Set<string>()

  constructor(t: Test, options: Partial<ClusterOptions> = {}) {
    this.#options = options
    this.net.refuses = (to, _kind, from) => this.#dead.has(to) || this.#dead.has(from)
    t.teardown(async () => {
      await Promise.all([...this.nodes.values()].map(({ cluster }) => cluster.stop()))
      for (const agent of this.#machines.values()) {
        agent.stop()
        agent.start()
      }
    })
  }

  /** Of the machine of this name. */
  agent(name: string): MemoryAgent {
    const known = this.#machines.get(name)
    if (known !== undefined) return known
    const agent = new MemoryAgent(this.consul, name)
    this.#machines.set(name, agent)
    return agent
  }

  state(): ClusterState {
    return sharedMemoryState(this.epochs, this.journal)
  }

  async join(name: string, options: Partial<ClusterOptions> = {}): Promise<Cluster> {
    const agent = this.agent(name)
    const registry = memoryRegistry(agent, { cluster: "test", timings })
    const carrier = this.net.carrier(`${name}:1`)
    const cluster = await joinCluster({
      name: "test",
      node: { name },
      registry,
      listen: `${name}:1`,
      carrier,
      state: this.state(),
      shards: 24,
      shutdownTimeoutMs: 100,
      membership,
      ...this.#options,
      ...options,
    })
    const kill = async (): Promise<void> => {
      this.nodes.delete(name)
      const address = `${name}:1`
      for (const pipe of [...this.net.pipes]) if (pipe.to === address || pipe.from === address) pipe.cut("killed")
      this.#dead.add(address)
      await registry.close()
      void cluster.stop()
    }
    this.nodes.set(name, { cluster, agent, registry, kill })
    return cluster
  }

  async all(...names: readonly string[]): Promise<readonly Cluster[]> {
    const clusters = await Promise.all(names.map((name) => this.join(name)))
    await Promise.all(clusters.map((cluster) => cluster.untilReady(20_000)))
    await until("all know each other", () => clusters.every((cluster) => [...cluster.peers.open()].length === names.length - 1)) // prettier-ignore
    await Promise.all(clusters.map((cluster) => cluster.untilReady(20_000)))
    return clusters
  }
}

export async function until(what: string, is: () => boolean | Promise<boolean>, limitMs = 20_000): Promise<void> {
  const end = performance.now() + limitMs
  while (!(await is())) {
    if (performance.now() > end) throw new Error(`not so after ${limitMs} ms: ${what}`)
    await new Promise((done) => setTimeout(done, 10))
  }
}
