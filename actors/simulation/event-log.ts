/** What happened, as a number that two runs share only when all of it happened in the same order at the same times; and, for people, the part worth reading. */
import { fnv1a } from "../hash.js"

/** What is counted, and what goes into the hash. */
export const noted = {
  sent: 1,
  delivered: 2,
  lost: 3,
  answered: 4,
  read: 5,
  writing: 6,
  written: 7,
  refused: 8,
  told: 9,
} as const

/** One line for people. */
export interface TraceEntry {
  /** Virtual milliseconds since the beginning. */
  readonly at: number
  readonly node?: string | undefined
  readonly what: string
}

/** Lines kept; the oldest go first. */
const mostLines = 20_000

export class EventLog {
  #high = 0x9e3779b9
  #low = 0x85ebca6b
  #events = 0
  #trace: TraceEntry[] = []

  /** Happenings of network and disk. */
  get events(): number {
    return this.#events
  }

  get trace(): readonly TraceEntry[] {
    return this.#trace
  }

  /** So far, as 16 hexadecimal digits. */
  get hash(): string {
    return [this.#high, this.#low].map((part) => (part >>> 0).toString(16).padStart(8, "0")).join("")
  }

  /** Counts an event. */
  event(kind: number, where: number, what: number, at: number): void {
    this.#events += 1
    this.fold(kind * 0x1000 + where, what)
    this.fold(what, (at * 4096) | 0)
  }

  fold(a: number, b: number): void {
    let high = Math.imul(this.#high ^ a, 0x85ebca6b)
    high ^= high >>> 15
    let low = Math.imul(this.#low ^ b ^ high, 0xc2b2ae35)
    low ^= low >>> 13
    this.#high = (high + low) | 0
    this.#low = low
  }

  /** Writes a line, which is part of the hash. */
  tell(at: number, node: string | undefined, what: string): void {
    this.fold(noted.told, fnv1a(what))
    this.fold((at * 4096) | 0, 0)
    if (this.#trace.length >= mostLines) this.#trace.splice(0, mostLines / 2)
    this.#trace.push({ at, node, what })
  }
}
