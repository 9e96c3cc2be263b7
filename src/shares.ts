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
  mayTake({ held }: Holder, times: number, count = 1): boolean {
    const free = this.#all - this.#taken
    return count <= free && held + count - 1 < times * (free - count + 1)
  }

  /** @param holders each of them holds what is taken */
  take(holders: readonly Holder[], count = 1): void {
    this.#taken += count
    for (const holder of holders) holder.held += count
  }

  give(holders: readonly Holder[], count = 1): void {
    this.#taken -= count
    for (const holder of holders) holder.held -= count
  }
}

/** Somebody who takes places. */
export class Holder {
  readonly name: string
  held = 0
  /** Those who have entered under its name and not left. */
  present = 0

  constructor(name: string) {
    this.name = name
  }
}

/** Holders by name, known as long as somebody is there under it. */
export class Holders<T extends Holder = Holder> {
  readonly #known = new Map<string, T>()
  readonly #made: (name: string) => T

  constructor(made: (name: string) => T) {
    this.#made = made
  }

  enter(name: string): T {
    let holder = this.#known.get(name)
    if (holder === undefined) this.#known.set(name, (holder = this.#made(name)))
    holder.present += 1
    return holder
  }

  leave(name: string, holder: T): void {
    holder.present -= 1
    if (holder.present === 0) this.#known.delete(name)
  }
}
