/** Work of which at most so much is under way at once; the rest waits in the order in which it came. */
export class AtOnce {
  readonly #most: number
  readonly #waiting: (() => void)[] = []
  #underWay = 0
  #first = 0

  constructor(most: number) {
    this.#most = most
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#underWay >= this.#most) await new Promise<void>((begin) => this.#waiting.push(begin))
    else this.#underWay += 1
    try {
      return await work()
    } finally {
      this.#next()
    }
  }

  /** Whoever ends hands its place on. */
  #next(): void {
    const begin = this.#waiting[this.#first]
    if (begin === undefined) {
      this.#underWay -= 1
      return
    }
    this.#first += 1
    if (this.#first > 1024 || this.#first === this.#waiting.length) {
      this.#waiting.splice(0, this.#first)
      this.#first = 0
    }
    begin()
  }
}
