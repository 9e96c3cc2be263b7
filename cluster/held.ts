/**
 * Messages that a node holds for the entities of a shard until it is settled where they go, in two lines: what the giver of a move has flushed, and what came otherwise.
 *
 * Invariants
 *   H1. Within a line, messages keep the order in which they came.
 *   H2. At most so many are held for one shard, and for all; what a giver flushes, or this node has accepted before, is taken in any case: it was held within the same bound.
 *   H3. An ask that ended meanwhile, by its deadline or its signal, is dropped when its turn comes.
 */
import { Ask } from "#actors/ask.js"
import type { GivenBack } from "#actors/entities.js"
import type { NodeId } from "./node.js"

/** As it came, with the cause or the open ask that lies beside it. */
export type Message = GivenBack

export interface HeldMessage extends Message {
  /** The peer that sent it; undefined for an actor of this node. */
  readonly from: NodeId | undefined
  /** When it came, on the monotonic clock. */
  readonly since: number
}

export interface HoldLimits {
  /** Messages held for one shard; more are refused with `MAILBOX_FULL`. */
  readonly perShard: number
  /** For all shards of the node. Each costs its payload and some 200 bytes. */
  readonly inAll: number
  /** After so long nobody waits for a takeover any more. */
  readonly holdMs: number
}

export const DEFAULT_HOLD: HoldLimits = { perShard: 4096, inAll: 65_536, holdMs: 15_000 }

/** Has it ended, so that nobody waits for its answer? */
export const isOver = ({ meta }: Message): boolean => meta instanceof Ask && meta.ended

/** What is held for all shards of a node. */
export class HoldCount {
  readonly limits: HoldLimits
  count = 0

  constructor(limits: HoldLimits) {
    this.limits = limits
  }
}

/** The two lines of one shard. */
export class Lines {
  readonly #total: HoldCount
  #flushed: HeldMessage[] = []
  #direct: HeldMessage[] = []

  constructor(total: HoldCount) {
    this.#total = total
  }

  get size(): number {
    return this.#flushed.length + this.#direct.length
  }

  /** @returns false when it is refused (H2) */
  hold(
    line: "flushed" | "direct",
    message: Message,
    from: NodeId | undefined,
    now: number,
    accepted: boolean,
  ): boolean {
    const { limits, count } = this.#total
    if (!accepted && line === "direct" && (this.size >= limits.perShard || count >= limits.inAll)) return false
    this.#total.count += 1
    ;(line === "flushed" ? this.#flushed : this.#direct).push({ ...message, from, since: now })
    return true
  }

  /** Puts messages before all that are held, without regard to the bound: they were accepted already. */
  putFirst(messages: readonly Message[], now: number): void {
    this.#total.count += messages.length
    this.#direct.unshift(...messages.map((message) => ({ ...message, from: undefined, since: now })))
  }

  /** Takes a line out (H3), or both, the flushed one first. */
  take(line: "flushed" | "direct" | "both"): readonly HeldMessage[] {
    const taken = [...(line === "direct" ? [] : this.#flushed), ...(line === "flushed" ? [] : this.#direct)]
    if (line !== "direct") this.#flushed = []
    if (line !== "flushed") this.#direct = []
    this.#total.count -= taken.length
    return taken.filter((message) => !isOver(message))
  }

  /** Takes out those that came before a moment. */
  takeOlder(than: number): readonly HeldMessage[] {
    const older = [...this.#flushed, ...this.#direct].filter(({ since }) => since < than)
    if (older.length === 0) return older
    this.#flushed = this.#flushed.filter(({ since }) => since >= than)
    this.#direct = this.#direct.filter(({ since }) => since >= than)
    this.#total.count -= older.length
    return older.filter((message) => !isOver(message))
  }
}
