/**
 * The state of a shard on its way from one node to another: pages of items over the link between them, each acknowledged when it is on the taker's disk.
 *
 * Invariants
 *   P1. At most `window` pages are on their way; the next one is read when one is acknowledged. Pages are stored in the order in which they were sent.
 *   P2. The taker takes a shipment only of the move that it has accepted, from its giver; what belongs to another is refused. It is complete when count and checksum of all items
 *       are those that the giver tells at the end; only then is it marked as complete.
 *   P3. What is cut is not resumed: the move is off, and the next one begins anew.
 */
import { AgentOSError } from "#actors/errors.js"
import type { NodeId } from "./node.js"
import type { Peers } from "./peers.js"
import { counted, NO_ITEMS, type ShardState, type Shipment, type Staged } from "./shard-state.js"
import type { StoredItem } from "./stored-item.js"
import { incarnationOf } from "./node.js"

const window = 4
/** For a page to be stored, or for what stands in the way of the first to be done. */
const patienceMs = 30_000

export interface Offered {
  readonly shard: number
  readonly move: number
  /** That the giver owns it by. */
  readonly epoch: number
  readonly born: number
}

interface Page {
  readonly shard: number
  readonly move: number
  readonly items: readonly StoredItem[]
}

/** For `status`. */
export interface Progress {
  readonly shard: number
  readonly to: NodeId
  readonly items: number
}

/** Sends a shard whose entities have stopped. @throws {AgentOSError} `RECORD_DAMAGED`, what the taker refuses with, `NODE_LOST`, `NODE_UNREACHABLE` */
export async function ship(
  peers: Peers,
  taker: NodeId,
  state: ShardState,
  offered: Offered,
  told: (progress: Progress) => void,
): Promise<Shipment> {
  const { shard, move } = offered
  const call = (type: string, payload: object): Promise<unknown> =>
    peers.call(taker, "homes", type, payload, { timeoutMs: patienceMs })
  await call("begin", offered)
  let sent = NO_ITEMS
  const underWay: Promise<unknown>[] = []
  try {
    for await (const items of state.items(shard)) {
      if (underWay.length >= window) await underWay.shift() // P1
      sent = counted(sent, items)
      const page: Page = { shard, move, items }
      const stored = call("page", page)
      stored.catch(() => undefined) // heard of where it is waited for
      underWay.push(stored)
      told({ shard, to: taker, items: sent.items })
    }
    for (const stored of underWay) await stored
  } catch (error) {
    await Promise.allSettled(underWay)
    throw error
  }
  await call("end", { shard, move, ...sent })
  return sent
}

/** A shipment as it arrives. */
interface Arriving extends Offered {
  readonly from: NodeId
  taken: Shipment
  /** What is being stored; pages follow each other. */
  last: Promise<void>
  failed: boolean
}

export interface DockPorts {
  readonly state: ShardState
  /** Whether this node has accepted a move. */
  expects(shard: number, giver: NodeId, move: number): boolean
  /** Does something with a shard while nothing else is done with it. */
  turn<T>(shard: number, work: () => Promise<T>): Promise<T>
  /** All of it is on the disk (P2). */
  stored(shard: number, staged: Staged, giver: NodeId, move: number): void
}

/** Where shipments arrive. */
export class Dock {
  readonly #ports: DockPorts
  readonly #arriving = new Map<number, Arriving>()

  constructor(ports: DockPorts) {
    this.#ports = ports
  }

  async begin(offered: Offered, from: NodeId): Promise<null> {
    const { shard, move } = offered
    await this.#ports.turn(shard, async () => {
      if (!this.#ports.expects(shard, from, move)) throw refused(offered, from) // P2
      this.#arriving.delete(shard)
      await this.#ports.state.beginStaging(shard)
      this.#arriving.set(shard, { ...offered, from, taken: NO_ITEMS, last: Promise.resolve(), failed: false })
    })
    return null
  }

  async page({ shard, move, items }: Page, from: NodeId): Promise<null> {
    const arriving = this.#of({ shard, move }, from)
    const stored = arriving.last.then(async () => {
      if (arriving.failed || this.#arriving.get(shard) !== arriving) throw refused(arriving, from)
      try {
        await this.#ports.state.stage(shard, items)
      } catch (error) {
        arriving.failed = true
        throw error
      }
      arriving.taken = counted(arriving.taken, items)
    })
    arriving.last = stored.catch(() => undefined)
    await stored
    return null
  }

  async end(
    { shard, move, items, digest }: { readonly shard: number; readonly move: number } & Shipment,
    from: NodeId,
  ): Promise<null> {
    const arriving = this.#of({ shard, move }, from)
    await arriving.last
    const { taken, epoch, born, failed } = arriving
    if (failed || taken.items !== items || taken.digest !== digest)
      throw new AgentOSError("STORE_FAILED", `shard ${shard} has arrived with ${taken.items} items of ${items}, or not as it was sent`) // prettier-ignore
    await this.#ports.turn(shard, async () => {
      if (this.#arriving.get(shard) !== arriving) throw refused(arriving, from)
      this.#arriving.delete(shard)
      const staged: Staged = { giver: incarnationOf(from)?.name ?? from, epoch, born }
      await this.#ports.state.finishStaging(shard, staged)
      this.#ports.stored(shard, staged, from, move)
    })
    return null
  }

  /** The move is off. */
  forget(shard: number): void {
    this.#arriving.delete(shard)
  }

  #of(offered: { readonly shard: number; readonly move: number }, from: NodeId): Arriving {
    const arriving = this.#arriving.get(offered.shard)
    if (arriving === undefined || arriving.from !== from || arriving.move !== offered.move) throw refused(offered, from)
    return arriving
  }
}

const refused = ({ shard, move }: { readonly shard: number; readonly move: number }, from: NodeId): AgentOSError =>
  new AgentOSError("UNAVAILABLE", `shard ${shard} is not expected from ${from} by its move ${move}`)
