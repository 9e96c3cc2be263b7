/**
 * A node of LLMAgentOS as a member of its cluster: everything above the actors that has to do with the other nodes. Loaded only where the configuration has `cluster:`.
 *
 * Invariants
 *   M1. It is ready when it serves the entities that it should; it answers and routes before that.
 *   M2. Nothing of another node is taken over before this one has heard who is there.
 *   M3. It leaves in order: peers send no more work, then doors and runs are closed (by the composition root), then entities are handed over for `leaveMs` at most,
 *       then the system stops. When its cluster ends it, the whole node stops.
 */
import { readFile } from "node:fs/promises"
import type { AnyDefinition } from "#actors/actor.js"
import type { Clock, Random } from "#actors/clock.js"
import { AgentOSError } from "#actors/errors.js"
import { fnv1a } from "#actors/hash.js"
import type { ActorSystem } from "#actors/system.js"
import type { Logger } from "#actors/telemetry.js"
import type { Carrier } from "#cluster/carrier.js"
import { joinCluster } from "#cluster/cluster.js"
import type { Cluster, ClusterEnd } from "#cluster/cluster-handle.js"
import { consulRegistry } from "#cluster/consul-registry.js"
import { levelState } from "#cluster/level-state.js"
import type { NodeId } from "#cluster/node.js"
import { DEFAULT_SHARDS, place } from "#cluster/placement.js"
import type { Registry } from "#cluster/registry.js"
import { postgresState, type ClusterState } from "#cluster/state.js"
import { staticRegistry } from "#cluster/static-registry.js"
import type { AgentManager } from "./agents/agent-manager.js"
import { ClusterAgents } from "./agents/cluster-agents.js"
import type { ClusterConfig } from "./cluster-config.js"
import type { ClusterBackend, ClusterView, MoveView } from "./gateway/backend.js"
import { healthy, type Health } from "./monitoring/health.js"
import { ClusterRuns } from "./runs/cluster-runs.js"
import type { Runs } from "./runs/runs.js"
import type { Store } from "./store.js"

export interface MemberOptions {
  /** Of the actor system, and of the cluster unless that has a name of its own. */
  readonly name: string
  readonly config: ClusterConfig
  readonly store: Store
  /** Models that this node has. */
  readonly models: readonly string[]
  readonly definitions: readonly AnyDefinition[]
  /** Instead of the configured one. */
  readonly registry?: Registry | undefined
  /** Instead of gRPC. */
  readonly carrier?: Carrier | undefined
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly environment: Readonly<Record<string, string | undefined>>
}

const service = "os"
const readyMs = 600_000
const leaveTimeoutMs = 10_000

export class Member {
  readonly cluster: Cluster
  readonly runs: ClusterRuns
  /** Models that this node runs for the cluster. */
  readonly models: readonly string[]
  readonly #options: MemberOptions
  #agents: ClusterAgents | undefined
  #stop: () => void = () => undefined

  private constructor(cluster: Cluster, models: readonly string[], options: MemberOptions) {
    this.cluster = cluster
    this.models = models
    this.#options = options
    const { clock, random, logger, store } = options
    const { peers } = cluster
    this.runs = new ClusterRuns({
      peers,
      members: () => this.#members(),
      able: () => this.#able(),
      isWell: (peer) => this.#isWell(peer),
      shared: store.kind === "postgres",
      clock,
      random,
      logger,
    })
    cluster.follow((_view, changes) => {
      for (const { id, to } of changes) {
        if (to !== "down" && to !== "removed") continue
        this.#agents?.lost(id)
        this.runs.lost(id)
      }
    })
    peers.serve(service, {
      handle: (type: string) => {
        if (type !== "leave") throw new AgentOSError("UNKNOWN_MESSAGE", `a node knows no ${JSON.stringify(type)}`)
        clock.afterInputOutput(() => this.#stop())
      },
    })
  }

  /** @throws `INVALID_NODE`, `UNAVAILABLE_ADDRESS`, `SETTINGS_DIFFER`, `INVALID_CONFIG` */
  static async join(options: MemberOptions): Promise<Member> {
    const { config, name, definitions, clock, random, logger, carrier } = options
    const { node, roles, capacity, gpu, listen, advertise, tls, shards, leaveMs } = config
    const models = config.models ?? options.models
    const unknown = models.find((model) => !options.models.includes(model))
    if (unknown !== undefined)
      throw new AgentOSError(
        "INVALID_CONFIG",
        `cluster.models: this node has no model ${JSON.stringify(unknown)}; it has ${options.models.join(", ")}`,
      )
    const cluster = await joinCluster({
      name: config.name ?? name,
      node: { name: node, roles, capacity, capabilities: { models, gpu } },
      registry: options.registry ?? (await registryOf(options)),
      listen,
      state: stateOf(options.store, clock),
      shards,
      drainMs: leaveMs,
      definitions,
      clock,
      random,
      logger,
      metrics: true,
      ...(advertise === undefined ? {} : { advertise }),
      ...(tls === undefined ? {} : { tls }),
      ...(carrier === undefined ? {} : { carrier }),
    })
    return new Member(cluster, models, options)
  }

  get system(): ActorSystem {
    return this.cluster.system
  }

  /** The agents of all nodes, over those of this one. */
  serve(agents: AgentManager, runs: () => Runs, concurrency: number): ClusterAgents {
    const { clock, random } = this.#options
    this.#agents = new ClusterAgents({
      peers: this.cluster.peers,
      agents,
      models: () => this.models,
      isWell: (peer) => this.#isWell(peer),
      concurrency,
      runOf: (runId) => runs().of(runId),
      clock,
      random,
    })
    return this.#agents
  }

  /**
   * Runs that were left open go on once this node is ready.
   *
   * @param stop stops the whole node: when its cluster has ended it, or another node says so
   */
  begin(runs: Runs, stop: (end: ClusterEnd) => void, { resume }: { readonly resume: boolean }): void {
    const { logger } = this.#options
    this.#stop = () => stop({ why: "left" })
    this.runs.serve(runs)
    this.cluster
      .untilReady(readyMs)
      .then(() => (resume ? this.runs.begin() : undefined))
      .catch((error: unknown) => logger.warn({ error }, "runs that were left open do not go on yet"))
    void this.cluster.ended.then((end) => {
      if (end.why !== "left")
        logger.error({ end }, "the cluster has ended this node; it stops, and is to be started anew")
      stop(end)
    })
  }

  /** M1 */
  health(): Health {
    if (this.cluster.ready) return healthy
    return { ok: false, reason: this.cluster.status().waitingFor.join("; ") || "its entities are on their way" }
  }

  backend(): ClusterBackend {
    const { cluster } = this
    const { peers } = cluster
    return {
      node: cluster.node.name,
      status: async () => this.#view(),
      drain: (node) => cluster.operate(node, "drain"),
      undrain: (node) => cluster.operate(node, "undrain"),
      leave: async (node) => {
        await cluster.operate(node, "drain") // for as long as it takes: `leaveMs` is for a node that is stopped
        const { clock } = this.#options
        if (node === cluster.node.name) return clock.afterInputOutput(() => this.#stop())
        const peer = peers.named(node)
        if (peer === undefined)
          throw new AgentOSError("UNKNOWN_NODE", `no node named ${JSON.stringify(node)} can be reached`)
        await peers.call(peer, service, "leave", null, { timeoutMs: leaveTimeoutMs })
      },
      rebalance: async (options) => {
        const { shares, now, later, away, minutes } = await cluster.rebalance(options)
        const moves = (list: typeof now): MoveView[] =>
          list.map(({ shard, from, to, why }) => ({ shard, to, why, ...(from === undefined ? {} : { from }) }))
        return {
          ...options,
          shares: [...shares].map(([node, share]) => ({ node, ...share })),
          now: moves(now),
          later: moves(later),
          away,
          minutes,
        }
      },
      forget: (node) => cluster.forget(node),
    }
  }

  /** The first step of leaving (M3): peers send no more work. */
  announce(): void {
    this.#agents?.leave()
  }

  /** The last one. */
  async leave(): Promise<void> {
    this.#agents?.close()
    await this.runs.close()
    await this.cluster.leave()
  }

  #view(): ClusterView {
    const { cluster } = this
    const { cluster: name, ready, waitingFor, members, shards, registry } = cluster.status()
    const queued = this.#agents?.queued() ?? new Map<string, number>()
    return {
      name,
      node: cluster.node.name,
      ready,
      waitingFor,
      registry: registry.answers,
      shards: shards.count,
      unowned: shards.unowned,
      moving: shards.moving,
      members: members.map((member) => {
        const { name, address, status, roles, capacity } = member
        const waiting = queued.get(name)
        const incarnation = Number(member.id.split("#")[1])
        const view = { name, incarnation, address, status, roles, capacity, shards: shards.owned[name] ?? 0 }
        return waiting === undefined ? view : { ...view, queued: waiting }
      }),
    }
  }

  /** Whether it has heard who is there (M2). */
  #settled(): boolean {
    const { view } = this.cluster
    return view.registry.list > 0 && view.members.get(view.self)?.status === "up"
  }

  /** A link outlives doubt: it is kept until the node is removed, since it may come back. */
  #isWell(peer: NodeId): boolean {
    const status = this.cluster.view.members.get(peer)?.status
    return status === "up" || status === "joining" || status === "leaving"
  }

  /** Undefined: not known yet. */
  #members(): ReadonlySet<string> | undefined {
    if (!this.#settled()) return undefined
    const members = [...this.cluster.view.members.values()]
    return new Set(members.filter(({ status }) => status !== "down").map(({ node }) => node.name))
  }

  #able(): readonly string[] {
    if (!this.#settled()) return []
    const members = [...this.cluster.view.members.values()]
    return members.filter(({ status }) => status === "up").map(({ node }) => node.name)
  }
}

function stateOf(store: Store, clock: Clock): ClusterState {
  if (store.kind === "postgres") return postgresState(store.store, clock)
  if (store.kind === "leveldb") return levelState(store.level)
  throw new AgentOSError(
    "INVALID_CONFIG",
    "a cluster keeps its state in the data folder or in PostgreSQL, not in memory",
  )
}

async function registryOf({ config, name, clock, random, environment }: MemberOptions): Promise<Registry> {
  const { registry } = config
  const cluster = config.name ?? name
  if (registry.kind === "static") {
    const protocol = { min: 1, max: 1 }
    const nodes = registry.nodes.map((node) => ({ ...node, incarnation: 0, capabilities: {}, protocol }))
    const placed = place(config.shards ?? DEFAULT_SHARDS, nodes)
    const names = nodes.map((node) => node.name).sort()
    const holderOf = (key: string): string => {
      const shard = /^shard\/(\d+)$/.exec(key)?.[1]
      return (shard === undefined ? undefined : placed[Number(shard)]) ?? (names[fnv1a(key) % names.length] as string)
    }
    return staticRegistry({ nodes, holderOf, clock })
  }
  const { address, tokenEnv, tls } = registry
  const token = tokenEnv === undefined ? undefined : environment[tokenEnv]
  if (tokenEnv !== undefined && (token === undefined || token === ""))
    throw new AgentOSError(
      "INVALID_CONFIG",
      `cluster.registry.tokenEnv: the environment variable ${tokenEnv} is not set`,
    )
  const url = /^https?:\/\//.test(address) ? address : `${tls === undefined ? "http" : "https"}://${address}`
  const pem = async (field: "ca" | "cert" | "key"): Promise<object> => {
    const path = tls?.[field]
    if (path === undefined) return {}
    const text = await readFile(path, "utf8").catch((cause: unknown) => {
      throw new AgentOSError("INVALID_CONFIG", `cluster.registry.tls.${field}: cannot read ${path}`, { cause })
    })
    return { [field]: text }
  }
  const serverName = tls?.serverName === undefined ? {} : { serverName: tls.serverName }
  const files = tls && { ...(await pem("ca")), ...(await pem("cert")), ...(await pem("key")), ...serverName }
  return consulRegistry({ cluster, url, clock, random, ...(token === undefined ? {} : { token }), ...(files === undefined ? {} : { tls: files }) }) // prettier-ignore
}
