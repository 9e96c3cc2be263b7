/**
 * Places that many share, so that none who takes much keeps the others out.
 *
 * Invariants
 *   H1. A holder may take another place while it holds fewer than `times` the places that are free. With 1 it gets half of
 *       all when it is alone, each of two a third; with 3 it gets three quarters. Whoever comes next finds some free.
 *
 * @see A. Choudhury, E. Hahne, Dynamic queue length thresholds for shared-memory packet switches, 1998
 */
export class Shares {
  readonly #all: number
  readonly #held = new Map<string, number>()
  #taken = 0

  constructor(all: number) {
    this.#all = all
  }

  get taken(): number {
    return this.#taken
  }

  get full(): boolean {
    return this.#taken >= this.#all
  }

  /** Whether so few are free, a twentieth, that whoever holds some is refused. */
  get scarce(): boolean {
    return this.#all - this.#taken <= this.#all / 20
  }

  /** Whether a holder may take so many more (H1). */
  mayTake(holder: string, times: number, count = 1): boolean {
    const free = this.#all - this.#taken
    return count <= free && (this.#held.get(holder) ?? 0) + count - 1 < times * (free - count + 1)
  }

  /** @param holders each of them holds what is taken */
  take(holders: readonly string[], count = 1): void {
    this.#taken += count
    for (const holder of holders) this.#held.set(holder, (this.#held.get(holder) ?? 0) + count)
  }

  give(holders: readonly string[], count = 1): void {
    this.#taken -= count
    for (const holder of holders) {
      const left = (this.#held.get(holder) ?? 0) - count
      if (left > 0) this.#held.set(holder, left)
      else this.#held.delete(holder)
    }
  }
}
