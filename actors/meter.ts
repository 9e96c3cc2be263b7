/**
 * What actors do and how long it takes, measured so seldom that it costs next to nothing: messages are counted by their type, those in a row together; the
 * time of a handler is taken after some of the looks that the dispatcher has at the clock, and the age of the mailbox with it, by a probe that waits in it
 * like a message.
 *
 * Invariants
 *   E1. Measuring changes nothing that an actor can see: a probe has no handler, and is no message that could be lost. While it waits it takes one place of its mailbox.
 */

/** Counts of durations by powers of two: bucket `i` holds those under 2^i microseconds. */
export class Histogram {
  readonly buckets = new Float64Array(32)
  count = 0
  sumMs = 0

  add(ms: number): void {
    const bucket = Math.min(31, 32 - Math.clz32(ms * 1000))
    this.buckets[bucket] = (this.buckets[bucket] as number) + 1
    this.count += 1
    this.sumMs += ms
  }

  /** The least bound in milliseconds that so large a part of the durations stays under. */
  quantile(part: number): number {
    let left = this.count * part
    for (const [i, count] of this.buckets.entries()) {
      left -= count
      if (left <= 0 && this.count > 0) return 2 ** i / 1000
    }
    return 0
  }
}

/** What the actors of one definition did. */
export class DefinitionMeter {
  readonly name: string
  readonly types: readonly string[]
  /** Messages handled, by handler number. */
  readonly handled: Float64Array
  /** Milliseconds that handlers held their actor, a sample of them. */
  readonly handlerTime = new Histogram()
  /** Milliseconds that messages waited, a sample of them. */
  readonly mailboxAge = new Histogram()
  crashes = 0
  restarts = 0
  refused = 0

  constructor(name: string, types: readonly string[]) {
    this.name = name
    this.types = types
    this.handled = new Float64Array(types.length + 1) // 0 is no handler: what nobody handled is counted there, and nothing else
  }

  /** So many messages of one handler. */
  count(handler: number, messages: number): void {
    this.handled[handler] = (this.handled[handler] as number) + messages
  }

  /** Messages handled, by type. */
  get messages(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.types.map((type, i) => [type, this.handled[i + 1] as number]))
  }
}
