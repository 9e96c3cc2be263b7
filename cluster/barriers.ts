/**
 * Order across a change of owner, on the side of senders: what an actor of this node sends to the new owner leaves
 * only once the old one has passed on what it was sent before (H4 of `hand-off.ts`).
 *
 * Invariants
 *   B1. For each shard, messages of this node go to one place at a time. Before they go to another, the last place is
 *       asked, by the same stream, whether it has handled, flushed or sent on all that it got; meanwhile they wait, in
 *       order. Where that was passed back to this node, it goes before what waits, and nobody waits for it.
 *   B2. A place whose link is lost is not waited for, nor one that does not answer in time: then a message of before
 *       may be overtaken by one of after.
 */
import type { HeldMessage, Message } from "./held.js"
import type { NodeId } from "./node.js"

/** What waits for one shard. */
interface Waiting {
  /** What this node passes on, or had held before: what its own actors sent may be among it, and come back. */
  readonly earlier: HeldMessage[]
  readonly own: HeldMessage[]
}

export interface BarrierWorld {
  now(): number
  isOpen(peer: NodeId): boolean
  /** Resolves when a peer has passed on what it got for a shard; rejects when that is not to be known. */
  ask(peer: NodeId, shard: number): Promise<unknown>
  /** Sends on what has waited. */
  dispatch(message: HeldMessage): void
  /** Nothing waits for a shard any more. */
  passed(shard: number): void
}

const nothing: Waiting = { earlier: [], own: [] }

export class Barriers {
  readonly #world: BarrierWorld
  /** The peer that was last sent something, by shard. */
  readonly #last: (NodeId | undefined)[] = []
  readonly #waiting = new Map<number, Waiting>()

  constructor(world: BarrierWorld) {
    this.#world = world
  }

  /** Where messages for a shard went last, if that is somewhere else and can be asked. */
  last(shard: number): NodeId | undefined {
    const last = this.#last[shard]
    if (last === undefined || this.#world.isOpen(last)) return last
    this.#last[shard] = undefined // B2
    return undefined
  }

  /** Whether anything waits. */
  get any(): boolean {
    return this.#waiting.size > 0
  }

  isUp(shard: number): boolean {
    return this.#waiting.has(shard)
  }

  /** Whether a message for a shard may go there at once. @param to undefined: to this node itself */
  mayGo(shard: number, to: NodeId | undefined): boolean {
    if (this.#waiting.has(shard)) return false
    const last = this.last(shard)
    return last === undefined || last === to
  }

  sent(shard: number, to: NodeId): void {
    this.#last[shard] = to
  }

  /** Lets a message wait until what was sent before has been passed on (B1). @param accepted it was held before */
  wait(shard: number, message: Message, from: NodeId | undefined, accepted: boolean): void {
    const { earlier, own } = this.#up(shard)
    const line = from === undefined && !accepted ? own : earlier
    line.push({ ...message, from, since: this.#world.now() })
  }

  /** Puts the barrier up before anybody sends. */
  raise(shard: number): void {
    this.#up(shard)
  }

  count(shard: number): number {
    const { earlier, own } = this.#waiting.get(shard) ?? nothing
    return earlier.length + own.length
  }

  /** Puts the barrier up for what is under way by other means. */
  hold(shard: number, until: Promise<unknown>): void {
    if (this.#waiting.has(shard)) return
    this.#waiting.set(shard, { earlier: [], own: [] })
    until.then(() => this.#down(shard), () => this.#down(shard)) // prettier-ignore
  }

  #up(shard: number): Waiting {
    let waiting = this.#waiting.get(shard)
    if (waiting !== undefined) return waiting
    this.#waiting.set(shard, (waiting = { earlier: [], own: [] }))
    const last = this.last(shard)
    const asked = last === undefined ? Promise.resolve() : this.#world.ask(last, shard)
    const down = (): void => {
      this.#last[shard] = undefined
      this.#down(shard)
    }
    asked.then(down, down)
    return waiting
  }

  #down(shard: number): void {
    const { earlier, own } = this.#waiting.get(shard) ?? nothing
    this.#waiting.delete(shard)
    for (const message of [...earlier, ...own]) this.#world.dispatch(message)
    if (!this.#waiting.has(shard)) this.#world.passed(shard)
  }
}
