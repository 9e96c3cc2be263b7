/** A histogram that somebody else counts: nothing is done until it is read. */
import { Histogram } from "prom-client"

/** One series: how many fell into each bucket, the last of which has no upper bound, and the sum of all. */
export interface Series {
  readonly labels: Readonly<Record<string, string>>
  readonly counts: ArrayLike<number>
  readonly sum: number
}

/** The library's types call this a number; the text form wants its name, which every histogram carries. */
const { type } = await new Histogram({ name: "kind", help: "kind", registers: [] }).get()

/**
 * A metric to be registered. A series in which nothing was counted is left out.
 *
 * @param bounds upper bounds of the buckets, in the metric's unit; there is one bucket more
 */
export function liveHistogram(
  name: string,
  help: string,
  bounds: readonly number[],
  read: () => readonly Series[],
): Histogram {
  return new LiveHistogram(name, help, bounds, read)
}

class LiveHistogram extends Histogram {
  readonly #name: string
  readonly #help: string
  readonly #bounds: readonly number[]
  readonly #read: () => readonly Series[]

  constructor(name: string, help: string, bounds: readonly number[], read: () => readonly Series[]) {
    super({ name, help, registers: [] })
    this.#name = name
    this.#help = help
    this.#bounds = bounds
    this.#read = read
  }

  override get(): ReturnType<Histogram["get"]> {
    return this.getForPromString()
  }

  /** What the library reads for the text form; its types leave it out. */
  async getForPromString(): ReturnType<Histogram["get"]> {
    const name = this.#name
    const values = this.#read().flatMap(({ labels, counts, sum }) => {
      let total = 0
      const buckets = Array.from(counts, (count, slot) => {
        total += count
        const le = this.#bounds[slot] ?? "+Inf"
        return { metricName: `${name}_bucket`, labels: { le, ...labels }, value: total }
      })
      const sums = [
        { metricName: `${name}_sum`, labels, value: sum },
        { metricName: `${name}_count`, labels, value: total },
      ]
      return total === 0 ? [] : [...buckets, ...sums]
    })
    return { name, help: this.#help, type, values, aggregator: "sum", collect() {} }
  }
}
