/**
 * The port to the epochs of shards, which the store of their entities mints (L1 of `lease.ts`). Every adapter passes the suite in `test/support/epochs-contract.ts`.
 *
 * Invariants
 *   E1. A mint is one compare-and-increment that writes its holder beside the new epoch, and is durable when it is told. From then on the store refuses appends to entities
 *       of the shard under a lower epoch.
 *   E2. Epochs of a shard only grow; 0 stands for one that never had an owner.
 */
import type { EpochRecord } from "./lease.js"

/** Name of the fence that the appends of a shard's entities are held against. */
export const fenceOf = (shard: number): string => `shard/${shard}`

export type Mint =
  | { readonly kind: "minted"; readonly epoch: number }
  /** The epoch is another by now. */
  | { readonly kind: "refused"; readonly record: EpochRecord }
  /** Whether it was done is not known. */
  | { readonly kind: "unknown"; readonly reason: string }

export interface Epochs {
  /** @throws {AgentOSError} `STORE_FAILED` */
  read(shard: number): Promise<EpochRecord>
  /** From `expected` to the next, with a node as its holder. */
  mint(shard: number, expected: number, holder: string): Promise<Mint>
  /** Writes that the owner of this epoch has stopped, unless there is a later one. @throws {AgentOSError} `STORE_FAILED` */
  release(shard: number, epoch: number): Promise<void>
  /** Whether this epoch is still the highest: a read that was begun after the call. @throws {AgentOSError} `STORE_FAILED` */
  confirm(shard: number, epoch: number): Promise<boolean>
}
