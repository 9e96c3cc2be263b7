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
  #next: number

  constructor(random: Random) {
    this.#half = Buffer.from(random.bytes(8)).toString("hex")
    this.#next = 1 + Math.floor(random.float() * 2 ** 40)
  }

  mint(): string {
    return this.#half + (this.#next++).toString(16).padStart(16, "0")
  }
}
