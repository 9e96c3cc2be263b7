/** A member of a bag; it keeps its own place. */
export interface Member {
  place: number
}

/**
 * An unordered collection for members that come and go all the time: adding and removing are a few writes, and nothing is left behind. A Map or Set
 * leaves a table at every rehash; once such tables are old, the collector takes them and all that they hold for alive until its next full round.
 */
export class Bag<T extends Member> {
  readonly #members: T[] = []

  get size(): number {
    return this.#members.length
  }

  at(place: number): T | undefined {
    return this.#members[place]
  }

  add(member: T): void {
    member.place = this.#members.push(member) - 1
  }

  /** Removing one that is not in it does nothing. */
  remove(member: T): void {
    if (this.#members[member.place] !== member) return
    const last = this.#members.pop() as T
    if (last === member) return
    last.place = member.place
    this.#members[member.place] = last
  }

  /** Its members now: adding and removing meanwhile changes nothing. */
  members(): readonly T[] {
    return [...this.#members]
  }
}
