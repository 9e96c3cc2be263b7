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

  /** What another node knows, by shard; an owner's own word counts as much. */
  learnAll(owners: readonly (NodeId | null)[], epochs: readonly number[]): readonly number[] {
    const news: number[] = []
    for (const [shard, owner] of owners.entries())
      if (owner !== null && this.learn(shard, owner, epochs[shard] as number)) news.push(shard)
    return news
  }

  /** All that is known, as it can be told to another. */
  all(shards: number): { readonly owners: readonly (NodeId | null)[]; readonly epochs: readonly number[] } {
    const known = Array.from({ length: shards }, (_, shard) => this.#routes[shard])
    return { owners: known.map((route) => route?.owner ?? null), epochs: known.map((route) => route?.epoch ?? 0) }
  }

  /** T2 */
  gave(shard: number, taker: NodeId, epoch: number): void {
    const known = this.#routes[shard]
    if (known === undefined || known.epoch <= epoch)
      this.#routes[shard] = { owner: taker, epoch: epoch + 0.5, given: true }
  }
}
