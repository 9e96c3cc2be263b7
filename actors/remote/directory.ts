/**
 * Refs of this system that another one has heard of, by name. A name is the address where that is unique.
 *
 * Invariants
 *   N1. An actor is forgotten when it has ended: its name reaches nobody, and never a successor.
 */
import { Cell } from "../cell.js"
import { AddressedRef, RefWith, type Ref } from "../ref.js"

export class Directory {
  readonly #names = new Map<Ref, string>()
  readonly #refs = new Map<string, Ref>()
  readonly #prefix: string
  #others = 0

  /** @param prefix of the names of refs whose address is not theirs alone */
  constructor(prefix = "ref:") {
    this.#prefix = prefix
  }

  find(name: string): Ref | undefined {
    return this.#refs.get(name)
  }

  /** The name of a ref; from now on it is found by it. Options that a ref was given (`with`) stay here. */
  nameOf(ref: Ref): string {
    const known = this.#names.get(ref)
    if (known !== undefined) return known
    if (ref instanceof RefWith) return this.nameOf(ref.target)
    const { address } = ref
    if (ref instanceof AddressedRef) return address // it is found by its address
    if (!(ref instanceof Cell)) {
      // Breakers, limits and work pools bear the address of the actor behind them.
      const name = /^(actor|entity):/.test(address) ? `${this.#prefix}${this.#others++}` : address
      this.enter(name, ref)
      return name
    }
    if (!ref.alive) return address
    this.enter(address, ref)
    ref.family.onStopped(() => this.#forget(address, ref)) // N1
    return address
  }

  enter(name: string, ref: Ref): void {
    this.#names.set(ref, name)
    this.#refs.set(name, ref)
  }

  #forget(name: string, ref: Ref): void {
    this.#names.delete(ref)
    this.#refs.delete(name)
  }
}
