/**
 * One trace id for everything that a request sets off, in the form of W3C Trace Context.
 *
 * @see https://www.w3.org/TR/trace-context/
 */
import type { Random } from "#actors/clock.js"

const form = /^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/
const zeros = "0".repeat(32)

/** The trace id of a `traceparent` header, or undefined when it has none that is valid. */
export function traceIdOf(traceparent: string | undefined): string | undefined {
  if (traceparent === undefined) return undefined
  const id = form.exec(traceparent)?.[1]
  return id === zeros ? undefined : id
}

/** The `traceparent` to answer with. The span is the tail of the trace: spans of our own are not kept. */
export function traceparent(traceId: string): string {
  return `00-${traceId}-${traceId.slice(16)}-01`
}

/**
 * Mints trace ids: a random half for this process, and a count from a random start, so that an id costs no system call and two
 * nodes never share one.
 */
export class TraceIds {
  readonly #half: string
  /** The count, in two parts: the head is written down once for all that share it. */
  #high: number
  #low = 1
  #head: string

  constructor(random: Random) {
    this.#half = Buffer.from(random.bytes(8)).toString("hex")
    this.#high = Math.floor(random.float() * 2 ** 20)
    this.#head = this.#headOf(this.#high)
  }

  mint(): string {
    if (this.#low === lows) {
      this.#head = this.#headOf(++this.#high)
      this.#low = 0
    }
    return this.#head + (lows + this.#low++).toString(16).slice(1)
  }

  #headOf(high: number): string {
    return this.#half + high.toString(16).padStart(11, "0")
  }
}

const lows = 2 ** 20
