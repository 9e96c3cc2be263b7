/** A binary heap: the first of many, by an order of its own. Cost: the logarithm of its size for each that is pushed or taken. */
export class Heap<T> {
  readonly #items: T[] = []
  readonly #before: (a: T, b: T) => boolean

  constructor(before: (a: T, b: T) => boolean) {
    this.#before = before
  }

  get size(): number {
    return this.#items.length
  }

  get first(): T | undefined {
    return this.#items[0]
  }

  push(item: T): void {
    const items = this.#items
    let place = items.length
    items.push(item)
    while (place > 0) {
      const above = (place - 1) >> 1
      const other = items[above] as T
      if (!this.#before(item, other)) break
      items[place] = other
      place = above
    }
    items[place] = item
  }

  take(): T | undefined {
    const items = this.#items
    const top = items[0]
    const last = items.pop()
    const size = items.length
    if (last === undefined || size === 0) return top
    let place = 0
    for (;;) {
      let below = 2 * place + 1
      if (below >= size) break
      if (below + 1 < size && this.#before(items[below + 1] as T, items[below] as T)) below += 1
      const other = items[below] as T
      if (!this.#before(other, last)) break
      items[place] = other
      place = below
    }
    items[place] = last
    return top
  }

  clear(): void {
    this.#items.length = 0
  }
}
