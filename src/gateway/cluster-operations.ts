/**
 * The operations of a cluster, the same behind every door. Which node one is about is settled here: the one that is asked, unless another is named.
 *
 * Invariants
 *   C1. What changed the cluster stands on the audit record, under the node it was done to; a look at it does not.
 *   C2. A node that leaves is answered for before it stops.
 */
import { AgentOSError } from "#actors/errors.js"
import type { ClusterBackend, ClusterView, RebalanceView } from "./backend.js"
import type { Call, ServiceParts } from "./service.js"

export class ClusterOperations {
  readonly #parts: ServiceParts

  constructor(parts: ServiceParts) {
    this.#parts = parts
  }

  /** @throws `NOT_CLUSTERED`, as everything here */
  async status(): Promise<ClusterView> {
    return this.#cluster().status()
  }

  async drain(call: Call, node: string | undefined): Promise<ClusterView> {
    return this.#change(call, node, (cluster, about) => cluster.drain(about))
  }

  async undrain(call: Call, node: string | undefined): Promise<ClusterView> {
    return this.#change(call, node, (cluster, about) => cluster.undrain(about))
  }

  async leave(call: Call, node: string | undefined): Promise<ClusterView> {
    return this.#change(call, node, (cluster, about) => cluster.leave(about)) // C2, see ClusterBackend
  }

  async forget(call: Call, node: string): Promise<ClusterView> {
    return this.#change(call, node, (cluster, about) => cluster.forget(about))
  }

  async rebalance(call: Call, { dryRun = false }: { readonly dryRun?: boolean | undefined }): Promise<RebalanceView> {
    const cluster = this.#cluster()
    const plan = await cluster.rebalance({ dryRun })
    if (!dryRun) this.#note(call, cluster.node) // C1
    return plan
  }

  async #change(
    call: Call,
    node: string | undefined,
    change: (cluster: ClusterBackend, node: string) => Promise<void>,
  ): Promise<ClusterView> {
    const cluster = this.#cluster()
    const about = node ?? cluster.node
    await change(cluster, about)
    this.#note(call, about) // C1
    return cluster.status()
  }

  #note({ caller, operation, traceId }: Call, node: string): void {
    this.#parts.guard.done(caller, operation, node, traceId)
  }

  #cluster(): ClusterBackend {
    const { cluster } = this.#parts.backend
    if (cluster !== undefined) return cluster
    throw new AgentOSError(
      "NOT_CLUSTERED",
      "this node is in no cluster; give it a section `cluster:` in its configuration and start it again",
    )
  }
}
