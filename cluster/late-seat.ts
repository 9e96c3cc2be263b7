/**
 * A seat that is taken only when its node may join: until then it has no lease, and nobody sees the node.
 *
 * Invariants
 *   Y1. What is asked of it before is refused as `unavailable`, save that a leaving is announced with the joining.
 *   Y2. Who leaves before joining never joins.
 */
import type { NodeDescription } from "./node.js"
import type { Acquisition, Lease, Registry, Seat, SeatEvent, Unavailable } from "./registry.js"

const early: Unavailable = { kind: "unavailable", reason: "this node has not joined yet" }

export class LateSeat implements Seat {
  readonly #join: () => Seat
  #seat: Seat | undefined
  #leaving = false
  #left = false

  constructor(registry: Registry, node: NodeDescription, listener: (event: SeatEvent) => void) {
    this.#join = () => registry.join(node, listener)
  }

  join(): void {
    if (this.#seat !== undefined || this.#left) return
    this.#seat = this.#join()
    if (this.#leaving) this.#seat.announceLeaving()
  }

  get lease(): Lease | undefined {
    return this.#seat?.lease
  }

  async acquire(key: string): Promise<Acquisition> {
    return (await this.#seat?.acquire(key)) ?? early
  }

  async renew(): Promise<void> {
    await this.#seat?.renew()
  }

  async release(key: string): Promise<{ readonly kind: "released" } | Unavailable> {
    return (await this.#seat?.release(key)) ?? { kind: "released" }
  }

  announceLeaving(): void {
    this.#leaving = true
    this.#seat?.announceLeaving()
  }

  async leave(): Promise<void> {
    this.#left = true // Y2
    await this.#seat?.leave()
  }
}
