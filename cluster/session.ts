/**
 * The frames between two incarnations, both ways, for as long as both remember it: numbered, kept until the other side has said that it has them, and sent again when
 * their stream was cut and opened anew. Pure: what is to be sent is asked for, what has come is told, and the streams are elsewhere (`peer.ts`).
 *
 *   data   5 (the last of a text) or 6 (more follows), number (6 bytes), then a part of the text of `wire.ts`
 *   ack    7, number (6 bytes): all up to this one have come
 *
 * Invariants
 *   S1. Frames are taken in, each once, in the order of their numbers: one that came before is dropped, one that is too far ahead ends
 *       the stream.
 *   S2. A frame is kept until it was acknowledged. After a cut, what follows the number that the other side says is sent again, and nothing else.
 *   S3. Numbers that cannot be (acknowledged before it was sent) and texts above the limit are refused; the session ends.
 *   S4. A large text goes in several frames, so that no frame is larger than `frameBytes`.
 */
import { refused } from "#actors/bytes.js"

/** Bytes before the text in a frame. */
export const headerBytes = 7
const dataFrame = 5
const moreFrame = 6
const ackFrame = 7

export interface SessionLimits {
  /** Bytes of a frame, its header among them. */
  readonly frameBytes: number
  /** Bytes of a text that is taken in: no less than the other side's limit of one message, and what it puts into one text beside. */
  readonly textBytes: number
}

/** What a frame that came is. */
export type Taken =
  /** It ends a text, which begins at `at`. */
  | { readonly kind: "text"; readonly bytes: Uint8Array; readonly at: number }
  | { readonly kind: "part" }
  | { readonly kind: "duplicate" }
  /** Frames are missing before it: the stream is of no use, the session is (S1). */
  | { readonly kind: "gap"; readonly number: number }

interface Kept {
  readonly number: number
  readonly frame: Uint8Array
}

export class Session {
  readonly #limits: SessionLimits
  /** Not acknowledged, by number; those before `#head` are gone. */
  #kept: (Kept | undefined)[] = []
  #head = 0
  /** The first in `#kept` that was not given to the stream yet. */
  #unsent = 0
  #last = 0
  #keptBytes = 0
  #received = 0
  /** Of a text that has not ended. */
  #parts: Uint8Array[] = []
  #partBytes = 0

  constructor(limits: SessionLimits) {
    this.#limits = limits
  }

  // --- sending -------------------------------------------------------------------------------------------------------------------------------

  /** Bytes that were not acknowledged. */
  get keptBytes(): number {
    return this.#keptBytes
  }

  /** Whether all was acknowledged. */
  get settled(): boolean {
    return this.#head === this.#kept.length
  }

  /** Numbers a text. @param text behind room for a header, which is written into it */
  append(text: Uint8Array): void {
    const { frameBytes } = this.#limits
    if (text.length <= frameBytes) return this.#keep(text, dataFrame)
    const most = frameBytes - headerBytes
    for (let from = headerBytes; from < text.length; from += most) {
      const to = Math.min(from + most, text.length)
      const frame = new Uint8Array(headerBytes + to - from)
      frame.set(text.subarray(from, to), headerBytes)
      this.#keep(frame, to === text.length ? dataFrame : moreFrame) // S4
    }
  }

  #keep(frame: Uint8Array, kind: number): void {
    const number = ++this.#last
    writeHeader(frame, kind, number)
    this.#kept.push({ number, frame })
    this.#keptBytes += frame.length
  }

  /** The next frame for the stream, once. */
  next(): Uint8Array | undefined {
    const kept = this.#kept[this.#unsent]
    if (kept === undefined) return undefined
    this.#unsent += 1
    return kept.frame
  }

  /** The stream was opened, or opened anew: the other side has taken in the frames up to this number. @throws {AgentOSError} `FRAME_REFUSED` (S3) */
  reopened(received: number): void {
    this.#acknowledged(received)
    this.#unsent = this.#head // S2
  }

  #acknowledged(number: number): void {
    if (number > this.#last) throw refused(`frame ${number} is acknowledged, and the last one was ${this.#last}`)
    for (;;) {
      const kept = this.#kept[this.#head]
      if (kept === undefined || kept.number > number) break
      this.#kept[this.#head] = undefined
      this.#head += 1
      this.#keptBytes -= kept.frame.length
    }
    this.#unsent = Math.max(this.#unsent, this.#head)
    if (this.#head > 64 && 2 * this.#head > this.#kept.length) {
      this.#kept = this.#kept.slice(this.#head)
      this.#unsent -= this.#head
      this.#head = 0
    }
  }

  /** The other side has sent an acknowledgement. @throws {AgentOSError} `FRAME_REFUSED` (S3) */
  takeAck(frame: Uint8Array): void {
    if (frame.length !== headerBytes || frame[0] !== ackFrame) throw refused("it is no acknowledgement")
    this.#acknowledged(numberOf(frame))
  }

  // --- receiving -----------------------------------------------------------------------------------------------------------------------------

  /** Number of the last frame that has come. */
  get received(): number {
    return this.#received
  }

  /** An acknowledgement of all that has come. */
  ack(): Uint8Array {
    const frame = new Uint8Array(headerBytes)
    writeHeader(frame, ackFrame, this.#received)
    return frame
  }

  /** Takes a frame in. @throws {AgentOSError} `FRAME_REFUSED` (S3) */
  take(frame: Uint8Array): Taken {
    const kind = frame[0]
    if (frame.length <= headerBytes || (kind !== dataFrame && kind !== moreFrame)) throw refused("it is no data frame")
    const number = numberOf(frame)
    if (number <= this.#received) return duplicate // S1
    if (number > this.#received + 1) return { kind: "gap", number }
    this.#received = number
    if (kind === dataFrame && this.#parts.length === 0) return { kind: "text", bytes: frame, at: headerBytes }
    this.#parts.push(frame.subarray(headerBytes))
    this.#partBytes += frame.length - headerBytes
    if (this.#partBytes > this.#limits.textBytes) throw refused(`a text has more than ${this.#limits.textBytes} bytes`) // S3
    if (kind === moreFrame) return part
    const bytes = Buffer.concat(this.#parts, this.#partBytes)
    this.#parts = []
    this.#partBytes = 0
    return { kind: "text", bytes, at: 0 }
  }
}

const duplicate: Taken = { kind: "duplicate" }
const part: Taken = { kind: "part" }

function writeHeader(frame: Uint8Array, kind: number, number: number): void {
  frame[0] = kind
  let rest = number
  for (let i = 1; i < headerBytes; i++) {
    frame[i] = rest % 256
    rest = Math.floor(rest / 256)
  }
}

function numberOf(frame: Uint8Array): number {
  let number = 0
  for (let i = headerBytes - 1; i > 0; i--) number = number * 256 + (frame[i] as number)
  return number
}
