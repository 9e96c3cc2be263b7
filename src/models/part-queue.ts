/** What a producer pushes, a single consumer iterates; ends by `close` or `fail`. Nothing is lost between them. */
export class PartQueue<T> implements AsyncIterable<T> {
  readonly #items: T[] = []
  #at = 0
  #ended: { readonly error?: unknown } | undefined
  #wake: (() => void) | undefined

  push(item: T): void {
    if (this.#ended !== undefined) return
    this.#items.push(item)
    this.#wake?.()
  }

  close(): void {
    this.#ended ??= {}
    this.#wake?.()
  }

  fail(error: unknown): void {
    this.#ended ??= { error }
    this.#wake?.()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    for (;;) {
      while (this.#at < this.#items.length) {
        const item = this.#items[this.#at++] as T
        if (this.#at === this.#items.length) {
          this.#items.length = 0
          this.#at = 0
        }
        yield item
      }
      if (this.#ended !== undefined) {
        if ("error" in this.#ended) throw this.#ended.error
        return
      }
      await new Promise<void>((done) => (this.#wake = done))
      this.#wake = undefined
    }
  }
}
