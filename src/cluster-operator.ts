/**
 * The operations of a cluster, carried out where they belong: what is asked of another node is passed on to that one.
 *
 * Invariants
 *   O1. A node that is to leave has given its shards away, and has answered, before it begins to stop.
 *   O2. Only a node that is down, or is no member any more and still owns shards, can be given up for lost.
 */
import type { Clock } from "#actors/clock.js"
import { AgentOSError } from "#actors/errors.js"
import type { ClusterStatus } from "#cluster/cluster-status.js"
import { incarnationOf, type NodeId } from "#cluster/node.js"
import type { Peers } from "#cluster/peers.js"
import type { Move, Plan } from "#cluster/placement.js"
import type { ClusterBackend, ClusterView, MemberView, MoveView, RebalanceView } from "./gateway/backend.js"

/** What is operated on, as `joinCluster` gives it. */
export interface OperatedCluster {
  status(): ClusterStatus
  drain(): Promise<void>
  rebalance(options?: { readonly dryRun?: boolean }): Promise<Plan>
  forget(name: string): Promise<void>
}

export interface OperatorParts {
  readonly cluster: OperatedCluster
  readonly peers: Peers
  /** Requests that the agents of each node hold, by name of the node, as far as that is known. */
  readonly queued: () => ReadonlyMap<string, number>
  /** Ends this node in order. */
  readonly stop: () => void
  readonly clock: Clock
}

const service = "operations"
/** A drain takes as long as its shards take to move; this is only so that nobody waits for ever. */
const drainLimitMs = 10 * 60_000
/** Between an answer and the stop that it speaks of, so that the answer is on its way. */
const answerMs = 100

type Verb = "drain" | "leave"

export class ClusterOperator implements ClusterBackend {
  readonly node: string
  readonly #parts: OperatorParts

  constructor(parts: OperatorParts) {
    this.#parts = parts
    this.node = parts.peers.self.name
    parts.peers.serve(service, { handle: (verb: string) => this.#here(verb === "leave" ? "leave" : "drain") })
  }

  async status(): Promise<ClusterView> {
    const { cluster, node, ready, waitingFor, members, shards, registry } = this.#parts.cluster.status()
    const queued = this.#parts.queued()
    const known = members.map((member): MemberView => {
      const { name, address, status, roles, capacity } = member
      const waiting = queued.get(name)
      return {
        name,
        incarnation: incarnationOf(member.id)?.incarnation ?? 0,
        address,
        status,
        roles,
        capacity,
        shards: shards.owned[name] ?? 0,
        ...(waiting === undefined ? {} : { queued: waiting }),
      }
    })
    const names = new Set(known.map(({ name }) => name))
    const gone = Object.entries(shards.owned)
      .filter(([name]) => !names.has(name))
      .map(([name, count]): MemberView => ({ name, incarnation: 0, address: "", status: "down", roles: [], capacity: 0, shards: count })) // prettier-ignore
    return {
      name: cluster,
      node: incarnationOf(node)?.name ?? node,
      ready,
      waitingFor,
      registry: registry.answers,
      shards: shards.count,
      unowned: shards.unowned,
      moving: shards.moving,
      members: [...known, ...gone],
    }
  }

  drain(node: string): Promise<void> {
    return this.#at(node, "drain")
  }

  leave(node: string): Promise<void> {
    return this.#at(node, "leave")
  }

  async rebalance({ dryRun }: { readonly dryRun: boolean }): Promise<RebalanceView> {
    const { now, later, away, shares, minutes } = await this.#parts.cluster.rebalance({ dryRun })
    return {
      dryRun,
      shares: [...shares].map(([node, share]) => ({ node, ...share })),
      now: now.map(moveView),
      later: later.map(moveView),
      away,
      minutes,
    }
  }

  async forget(node: string): Promise<void> {
    const { status } = await this.#member(node)
    if (status !== "down")
      throw new AgentOSError("NODE_ALIVE", `${node} is ${status}: let it leave (llmagentos cluster leave ${node}), or stop it first`) // prettier-ignore
    await this.#parts.cluster.forget(node) // O2
  }

  async #at(node: string, verb: Verb): Promise<void> {
    if (node === this.node) return this.#here(verb)
    const { status } = await this.#member(node)
    const peer: NodeId | undefined = this.#parts.peers.named(node)
    if (peer === undefined)
      throw new AgentOSError("NODE_UNREACHABLE", `${node} is ${status}, and ${this.node} has no connection to it`)
    await this.#parts.peers.call(peer, service, verb, undefined, { timeoutMs: drainLimitMs })
  }

  async #here(verb: Verb): Promise<void> {
    await this.#parts.cluster.drain()
    if (verb === "leave") this.#parts.clock.timer(answerMs, this.#parts.stop) // O1
  }

  async #member(name: string): Promise<MemberView> {
    const { members } = await this.status()
    const found = members.filter((member) => member.name === name)
    const names = [...new Set(members.map((member) => member.name))]
    // Of two incarnations of a name the one that lives counts.
    const best = found.find(({ status }) => status !== "down") ?? found[0]
    if (best !== undefined) return best
    throw new AgentOSError(
      "UNKNOWN_NODE",
      `no member is called ${JSON.stringify(name)}; there are: ${names.join(", ")}`,
    )
  }
}

const moveView = ({ shard, from, to, why }: Move): MoveView => ({
  shard,
  ...(from === undefined ? {} : { from }),
  to,
  why,
})
