/**
 * The children of one actor, oldest first, linked through the children themselves: a child more or less costs no entry anywhere.
 *
 * Invariants
 *   K1. A child is in the list from `add` to `remove`, once; both take the same time however many siblings it has.
 */

/** What a list of children links. */
export interface Sibling<T> {
  older: T | null
  younger: T | null
}

export class Children<T extends Sibling<T>> {
  #oldest: T | null = null
  #youngest: T | null = null
  size = 0

  get youngest(): T | null {
    return this.#youngest
  }

  get empty(): boolean {
    return this.#oldest === null
  }

  add(child: T): void {
    this.size += 1
    const before = this.#youngest
    child.older = before
    if (before === null) this.#oldest = child
    else before.younger = child
    this.#youngest = child
  }

  /** Takes out a child that is in the list. */
  remove(child: T): void {
    this.size -= 1
    const { older, younger } = child
    if (older === null) this.#oldest = younger
    else older.younger = younger
    if (younger === null) this.#youngest = older
    else younger.older = older
    child.older = null
    child.younger = null
  }

  /** The children of the moment, or so many of them, oldest first. */
  toArray(most = Infinity): T[] {
    const all: T[] = []
    for (let child = this.#oldest; child !== null && all.length < most; child = child.younger) all.push(child)
    return all
  }
}
