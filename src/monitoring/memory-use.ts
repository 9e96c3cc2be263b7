/**
 * Whether the process may take on more, by its memory.
 *
 * Invariants
 *   M1. What counts is what objects and buffers of this thread take. Resident memory does not: it does not fall when they
 *       are freed, and a node that was large once would refuse work for good.
 *   M2. What is only garbage does not count: before a request is refused, it is collected, but not more often than every
 *       `collectEveryMs`.
 */
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"

const lookEveryMs = 100
const collectEveryMs = 1_000

type Collect = (options: { readonly type: "major"; readonly execution: "async" }) => Promise<void>

export class MemoryUse {
  readonly #limitMb: number
  readonly #now: () => number
  #usedMb = 0
  #lookedAt = -Infinity
  #collectedAt = -Infinity
  #collecting: Promise<void> | undefined

  /** @param now milliseconds, monotonic */
  constructor(limitMb: number, now: () => number) {
    this.#limitMb = limitMb
    this.#now = now
  }

  get usedMb(): number {
    return this.#usedMb
  }

  /** Whether it uses more than it may, garbage included. */
  get isAbove(): boolean {
    if (this.#limitMb === Infinity) return false
    if (this.#now() - this.#lookedAt >= lookEveryMs) this.#look()
    return this.#usedMb > this.#limitMb
  }

  /** The same without garbage (M2). */
  async staysAbove(): Promise<boolean> {
    if (!this.isAbove) return false
    if (this.#now() - this.#collectedAt >= collectEveryMs) {
      this.#collectedAt = this.#now()
      this.#collecting = collect({ type: "major", execution: "async" }).then(() => this.#look())
    }
    await this.#collecting
    return this.isAbove
  }

  #look(): void {
    this.#lookedAt = this.#now()
    const { heapUsed, external } = process.memoryUsage() // M1
    this.#usedMb = Math.round((heapUsed + external) / 2 ** 20)
  }
}

/** V8 gives its collector to contexts that are made while it is exposed. */
const collect: Collect = (options) => {
  setFlagsFromString("--expose-gc")
  const gc = runInNewContext("gc") as Collect
  setFlagsFromString("--no-expose-gc")
  return gc(options)
}
