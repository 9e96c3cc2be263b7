/**
 * What nodes say to each other beside the messages of actors, on streams of their own: whether they are there, and what they think of others.
 *
 *   probe 8, number     answer 9, number     vote 10, about, accuses (0 or 1), number     removed 11, id
 *
 * Invariants
 *   C1. A probe is answered once for good: by its answer within `probeLimitMs`, or by failing then, connected or not.
 *   C2. A probe is answered at once, whatever waits on the data streams.
 */
import type { CancelTimer, Clock } from "#actors/clock.js"
import { ByteReader, ByteWriter, refused } from "#actors/bytes.js"
import type { NodeId } from "./node.js"

const probe = 8
const answer = 9
const vote = 10
const removed = 11

export type ControlFrame =
  | { readonly kind: "probe"; readonly number: number }
  | { readonly kind: "answer"; readonly number: number }
  | { readonly kind: "vote"; readonly about: NodeId; readonly accuses: boolean; readonly number: number }
  | { readonly kind: "removed"; readonly id: NodeId }

export function encodeControl(frame: ControlFrame): Uint8Array {
  const out = new ByteWriter()
  switch (frame.kind) {
    case "probe":
    case "answer":
      out.byte(frame.kind === "probe" ? probe : answer)
      out.varint(frame.number)
      break
    case "vote":
      out.byte(vote)
      out.text(frame.about)
      out.byte(frame.accuses ? 1 : 0)
      out.varint(frame.number)
      break
    case "removed":
      out.byte(removed)
      out.text(frame.id)
  }
  return out.copy()
}

/** @throws {AgentOSError} `FRAME_REFUSED` */
export function decodeControl(bytes: Uint8Array): ControlFrame {
  const from = new ByteReader(bytes)
  const frame = controlFrame(from.byte(), from)
  from.ended()
  return frame
}

function controlFrame(what: number, from: ByteReader): ControlFrame {
  switch (what) {
    case probe:
      return { kind: "probe", number: from.varint() }
    case answer:
      return { kind: "answer", number: from.varint() }
    case vote: {
      const [about, accuses, number] = [from.text(), from.byte(), from.varint()]
      if (accuses > 1) throw refused("a vote neither accuses nor acquits")
      return { kind: "vote", about, accuses: accuses === 1, number }
    }
    case removed:
      return { kind: "removed", id: from.text() }
    default:
      throw refused(`${what} is nothing that is said on a control stream`)
  }
}

/** The probes of one peer that are under way. */
export class Probes {
  readonly #clock: Clock
  readonly #limitMs: number
  readonly #ended: (number: number, answered: boolean) => void
  readonly #open = new Map<number, CancelTimer>()

  constructor(clock: Clock, limitMs: number, ended: (number: number, answered: boolean) => void) {
    this.#clock = clock
    this.#limitMs = limitMs
    this.#ended = ended
  }

  /** Those that were begun and have not ended: they are sent when the stream is open again. */
  get numbers(): Iterable<number> {
    return this.#open.keys()
  }

  begin(number: number): void {
    this.#open.get(number)?.()
    this.#open.set(
      number,
      this.#clock.timer(this.#limitMs, () => this.#end(number, false)),
    )
  }

  answered(number: number): void {
    if (!this.#open.has(number)) return
    this.#open.get(number)?.()
    this.#end(number, true)
  }

  /** C1 */
  #end(number: number, answered: boolean): void {
    this.#open.delete(number)
    this.#ended(number, answered)
  }

  /** Nobody wants to know any more. */
  close(): void {
    for (const cancel of this.#open.values()) cancel()
    this.#open.clear()
  }
}
