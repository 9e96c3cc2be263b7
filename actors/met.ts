/** Objects that were met on a walk: a few are looked through quicker than a set of them is made. */
const few = 8

export class Met {
  readonly #first: object[] = []
  #all: Set<object> | undefined

  /** @returns whether it was met before */
  again(value: object): boolean {
    if (this.#all !== undefined) {
      if (this.#all.has(value)) return true
      this.#all.add(value)
      return false
    }
    const first = this.#first
    for (let i = 0; i < first.length; i++) if (first[i] === value) return true
    if (first.length < few) first.push(value)
    else this.#all = new Set(first).add(value)
    return false
  }
}

/** @param value the first that is met */
export function metFirst(value: object): Met {
  const met = new Met()
  met.again(value)
  return met
}
