/**
 * Who serves each shard, as far as this node has heard: owners tell their peers, so that senders need no registry.
 *
 * Invariants
 *   T1. Of two that say they serve a shard, the one with the higher epoch counts (O2 of `ownership.ts`). What this node owned itself counts too.
 *   T2. A node that gave a shard away knows the taker before it serves: half an epoch above its own, for any real owner's is at least one above.
 *   T3. What came from a peer is sent on only to whom T1 or T2 names. The owner at an epoch, when it serves no more, knows only higher ones: so epochs grow from hop to hop, and no
 *       message goes in a circle.
 */
import type { NodeId } from "./node.js"

export interface Route {
  readonly owner: NodeId
  readonly epoch: number
  /** The owner is to be by what this node gave it, and has not said so itself (T2). */
  readonly given: boolean
}

export class Routes {
  readonly #routes: (Route | undefined)[] = []

  of(shard: number): Route | undefined {
    return this.#routes[shard]
  }

  /** @returns whether that is news */
  learn(shard: number, owner: NodeId, epoch: number): boolean {
    const known = this.#routes[shard]
    if (known !== undefined && known.epoch >= epoch) return false // T1
    this.#routes[shard] = { owner, epoch, given: false }
    return known?.owner !== owner
  }

  /** T2 */
  gave(shard: number, taker: NodeId, epoch: number): void {
    const known = this.#routes[shard]
    if (known === undefined || known.epoch <= epoch)
      this.#routes[shard] = { owner: taker, epoch: epoch + 0.5, given: true }
  }
}
