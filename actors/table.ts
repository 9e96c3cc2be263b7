/** Values by name, for values that come and go all the time: what a rehash leaves behind holds names and numbers only (see bag.ts). */
export class Table<T> {
  readonly #places = new Map<string, number>()
  readonly #values: (T | undefined)[] = []
  readonly #free: number[] = []

  get size(): number {
    return this.#places.size
  }

  get(name: string): T | undefined {
    const place = this.#places.get(name)
    return place === undefined ? undefined : this.#values[place]
  }

  set(name: string, value: T): void {
    const place = this.#places.get(name) ?? this.#free.pop() ?? this.#values.length
    this.#values[place] = value
    this.#places.set(name, place)
  }

  delete(name: string): void {
    const place = this.#places.get(name)
    if (place === undefined) return
    this.#places.delete(name)
    this.#values[place] = undefined
    this.#free.push(place)
  }

  /** Names with their values now. */
  entries(): readonly (readonly [string, T])[] {
    return [...this.#places].map(([name, place]) => [name, this.#values[place] as T] as const)
  }
}
