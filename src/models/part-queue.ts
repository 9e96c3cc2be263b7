/**
 * What a producer pushes, a single consumer iterates; ends by `close` or `fail`. Nothing is lost between them.
 *
 * Invariants
 *   Q1. A producer that waits for what `push` gives is at most `most` items ahead of its consumer.
 *   Q2. When the consumer leaves, nobody waits for it and nothing is kept for it any more.
 */
export class PartQueue<T> implements AsyncIterable<T> {
  readonly #most: number
  readonly #items: T[] = []
  #at = 0
  #ended: { readonly error?: unknown } | undefined
  #wake: (() => void) | undefined
  #room: { readonly made: Promise<void>; readonly make: () => void } | undefined

  constructor(most = Infinity) {
    this.#most = most
  }

  /** @returns when to go on (Q1); undefined: at once */
  push(item: T): Promise<void> | undefined {
    if (this.#ended !== undefined) return undefined
    this.#items.push(item)
    this.#wake?.()
    if (this.#items.length - this.#at < this.#most) return undefined
    if (this.#room === undefined) {
      let make = (): void => undefined
      const made = new Promise<void>((done) => (make = done))
      this.#room = { made, make }
    }
    return this.#room.made
  }

  close(): void {
    this.#end({})
  }

  fail(error: unknown): void {
    this.#end({ error })
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    try {
      for (;;) {
        while (this.#at < this.#items.length) {
          const item = this.#items[this.#at++] as T
          if (this.#at === this.#items.length) {
            this.#items.length = 0
            this.#at = 0
          }
          if (this.#items.length - this.#at < this.#most / 2) this.#makeRoom()
          yield item
        }
        if (this.#ended !== undefined) {
          if ("error" in this.#ended) throw this.#ended.error
          return
        }
        await new Promise<void>((done) => (this.#wake = done))
        this.#wake = undefined
      }
    } finally {
      this.close() // Q2
      this.#items.length = 0
    }
  }

  #end(how: { readonly error?: unknown }): void {
    this.#ended ??= how
    this.#wake?.()
    this.#makeRoom()
  }

  #makeRoom(): void {
    this.#room?.make()
    this.#room = undefined
  }
}
