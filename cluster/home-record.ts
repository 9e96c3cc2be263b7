/**
 * Which node is the home of a shard, and what a node does about it, for state that lies on nodes. Pure: a node's situation in respect of one shard gives what to do next; `homes.ts`
 * does it.
 *
 * The registry has a record for each shard, `home/N`: the name of its home and an epoch, or that it is free since an epoch. It is written by compare-and-set only. The node itself keeps a
 * mark of each shard that it is home of, durably, in the store that holds the shard's state: neither counts without the other.
 *
 *   mark      none ── claim ──> claiming ── record written ──> home ── release ──> giving ── record given up ──> none
 *             none ── staged, and the record names this node ──────> home ── record names another ──> none (the copy is set aside)
 *
 * Invariants
 *   R1. An epoch is in one record only: each write that changes the home raises it, and what is written again is what was there. So of two records the higher epoch is right, and a
 *       lower one is written over, whoever wrote it: a registry that was wiped, or restored from an old backup, is put right by those who know better.
 *   R2. A shard without a record is claimed only while it is certain that nobody has its state: when the registry's records are known to be complete (`home-census.ts`), or when this
 *       node holds the state itself, from before there was a cluster. A free one is claimed by whoever it is wished onto, and as cautiously.
 *   R3. A mark `claiming` is there before the record can name this node, and a mark `giving` before it can name the taker. So a record that names this node, with neither mark nor staged
 *       copy, means that the store is not the one that held the shard: it is not served, for it would start empty.
 *   R4. Once `giving`, a node goes on until the record is given up: the taker has all of the state, so that naming it is right whatever became of earlier attempts, of the
 *       registry, and of the taker. Only a new process that sees the record as it was goes back, by writing it again: that makes every write of its predecessor fail.
 *   R5. What was given away is removed when the record names the taker by the epoch that this node gave it; after any other loss the copy is set aside, not deleted.
 *   R6. A process serves by an epoch that none before it has served by: it raises the one that it finds, once it has seen that the record agrees with the mark. So a mark is ahead of
 *       its record by one at most, and never passes what an operator wrote who declared the node lost.
 */
import type { Staged } from "./shard-state.js"

/** What the registry says of a shard; without a home it is free. */
export interface HomeRecord {
  readonly home: string | undefined
  readonly epoch: number
}

/** With the version that a compare-and-set names; 0 when there is no record. */
export interface SeenRecord extends HomeRecord {
  readonly version: number
}

export const ABSENT: SeenRecord = { home: undefined, epoch: 0, version: 0 }

/** What a node's store says of a shard; `born`: the epoch by which its life began, empty. */
export type Mark = { readonly epoch: number; readonly born: number } & (
  { readonly at: "claiming" } | { readonly at: "home" } | { readonly at: "giving"; readonly to: string }
)

export interface Situation {
  readonly me: string
  readonly mark: Mark | undefined
  readonly staged: Staged | undefined
  /** Undefined while it is not known. */
  readonly record: SeenRecord | undefined
  /** The highest epoch that was ever seen of the shard. */
  readonly highest: number
  /** Whether the registry's records are those of this node's cluster: without them nothing begins, and what has begun goes on. */
  readonly settled: boolean
  /** Whether a shard without a record never had one (R2). */
  readonly complete: boolean
  /** Whether this node is wished to be its home. */
  readonly wanted: boolean
  /** Whether this node holds state of it from before there was a cluster. */
  readonly holds: boolean
  /** Whether a move to this node is under way. */
  readonly expected: boolean
  readonly serving: boolean
  /** The mark was found when the store was opened: another process made it (R4). */
  readonly inherited: boolean
  /** The mark's epoch was made by this process (R6). */
  readonly fresh: boolean
}

export type Step =
  | { readonly do: "nothing" }
  /** To look at again by reading the record: what is known of it is older than what was. */
  | { readonly do: "read" }
  /** Write the mark, then the record. */
  | { readonly do: "claim"; readonly epoch: number }
  /** Compare and set. */
  | { readonly do: "write"; readonly record: HomeRecord }
  /** The same, and afterwards the shard is home's again. */
  | { readonly do: "take-back" }
  /** The claim has succeeded. */
  | { readonly do: "own" }
  /** The claim has failed. */
  | { readonly do: "unclaim" }
  /** Raise the epoch of the mark; the record follows it. */
  | { readonly do: "renew" }
  | { readonly do: "serve" }
  | { readonly do: "promote"; readonly staged: Staged; readonly epoch: number }
  | { readonly do: "drop-staged" }
  | { readonly do: "remove" }
  | { readonly do: "set-aside" }
  /** The record names this node, and its store does not hold the state (R3), or an older one. */
  | { readonly do: "refuse"; readonly why: "no-state" | "old-state" }

const nothing: Step = { do: "nothing" }

export function nextStep(situation: Situation): Step {
  const { record, mark, highest } = situation
  if (record === undefined) return nothing
  if (mark === undefined) return withoutMark(situation, record)
  // Somebody's watch may be behind; what is irreversible is done only by a record as high as the highest that was seen.
  if (record.version > 0 && record.epoch < highest && record.epoch > mark.epoch) return { do: "read" }
  switch (mark.at) {
    case "claiming":
      return asClaimant(situation, record, mark)
    case "home":
      return asHome(situation, record, mark)
    case "giving":
      return asGiver(situation, record, mark)
  }
}

function withoutMark(situation: Situation, record: SeenRecord): Step {
  const { me, staged, settled, complete, wanted, holds, expected, highest } = situation
  if (record.home === me) {
    if (staged !== undefined && record.epoch === staged.epoch + 1) return { do: "promote", staged, epoch: record.epoch }
    return record.epoch < highest ? nothing : { do: "refuse", why: "no-state" } // R3
  }
  if (staged !== undefined && record.epoch > staged.epoch) return settled ? { do: "drop-staged" } : nothing // it has become another's
  if (record.home !== undefined || staged !== undefined || expected) return nothing
  const claimable = (settled && complete) || (record.version === 0 && holds) // R2
  if (!claimable || !(wanted || holds) || (record.version === 0 && highest > 0)) return nothing
  return { do: "claim", epoch: Math.max(record.epoch, highest) + 1 }
}

function asClaimant({ me, settled, complete, holds }: Situation, record: SeenRecord, { epoch }: Mark): Step {
  if (record.epoch === epoch && record.home === me) return { do: "own" }
  if (record.epoch >= epoch) return { do: "unclaim" }
  const sure = (settled && complete) || (record.version === 0 && holds)
  return sure ? { do: "write", record: { home: me, epoch } } : nothing
}

function asHome({ me, settled, serving, fresh }: Situation, record: SeenRecord, { epoch }: Mark): Step {
  if (record.epoch > epoch || (record.epoch === epoch && record.home !== me)) {
    if (!settled) return nothing
    return record.home === me ? { do: "refuse", why: "old-state" } : { do: "set-aside" }
  }
  // An owner goes on whatever became of the registry; one that has just started waits until it is known that its records have nothing to say.
  if (!serving && !settled) return nothing
  if (record.epoch < epoch) return { do: "write", record: { home: me, epoch } } // R1
  if (serving) return nothing
  return fresh ? { do: "serve" } : { do: "renew" } // R6
}

function asGiver(situation: Situation, record: SeenRecord, mark: Mark & { readonly at: "giving" }): Step {
  const { me, inherited, settled } = situation
  const { epoch, to } = mark
  if (record.epoch === epoch + 1 && record.home === to) return { do: "remove" } // R5
  if (record.epoch > epoch) return settled ? { do: "set-aside" } : nothing
  if (!inherited) return { do: "write", record: { home: to, epoch: epoch + 1 } } // R4
  if (!settled) return nothing
  if (record.epoch === epoch && record.home === me) return { do: "take-back" }
  return { do: "write", record: { home: to, epoch: epoch + 1 } }
}

export const recordText = ({ home, epoch }: HomeRecord): string => JSON.stringify({ home, epoch })

/** @returns undefined for a text that is no record of a home */
export function parseRecord(text: string): HomeRecord | undefined {
  try {
    const { home, epoch } = JSON.parse(text) as Partial<HomeRecord>
    if (!Number.isSafeInteger(epoch) || (home !== undefined && typeof home !== "string")) return undefined
    return { home, epoch: epoch as number }
  } catch {
    return undefined
  }
}
