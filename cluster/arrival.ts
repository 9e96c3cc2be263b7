/**
 * A stream that another node has opened here, from its hello until it is handed to the peer it belongs to. Most of what may go wrong with a stranger goes wrong here, and
 * ends with its stream.
 */
import type { CancelTimer, Clock, Random } from "#actors/clock.js"
import type { Stream, StreamEvents, StreamKind } from "./carrier.js"
import {
  decodeHello,
  encodeRefusal,
  encodeWelcome,
  isConfirm,
  nonceOf,
  type Hello,
  type Refusal,
  type Welcome,
} from "./hello.js"
import type { MeshTimings } from "./mesh-limits.js"
import { incarnationOf } from "./node.js"

/** Who hears what comes on a stream that was handed over. */
export interface Taker {
  frame(bytes: Uint8Array): void
  closed(): void
}

export interface ArrivalOwner {
  readonly clock: Clock
  readonly random: Random
  readonly timings: MeshTimings
  /** It has said hello; `welcome`, `refuse` or `wait` is to follow. */
  greeted(arrival: Arrival, hello: Hello): void
  /** The welcome, which has promised this session, was confirmed. @returns undefined when it is of no use any more */
  confirmed(arrival: Arrival, hello: Hello, promised: number): Taker | undefined
  /** It is over before it was handed to anybody. */
  over(arrival: Arrival): void
}

export class Arrival implements StreamEvents {
  readonly #owner: ArrivalOwner
  readonly #kind: StreamKind
  readonly #stream: Stream
  #hello: Hello | undefined
  /** Of the welcome. */
  #nonce: Uint8Array | undefined
  #promised = 0
  #taker: Taker | undefined
  #cancelTimer: CancelTimer
  #over = false
  /** For the membership. */
  waiting = false

  constructor(owner: ArrivalOwner, kind: StreamKind, stream: Stream) {
    this.#owner = owner
    this.#kind = kind
    this.#stream = stream
    this.#cancelTimer = owner.clock.timer(owner.timings.handshakeMs, () => this.close())
  }

  frame(bytes: Uint8Array): void {
    if (this.#over) return
    if (this.#taker !== undefined) return this.#taker.frame(bytes)
    try {
      if (this.#hello === undefined) {
        this.#hello = decodeHello(bytes)
        const { proven } = this.#stream
        const name = incarnationOf(this.#hello.from)?.name
        if (this.#hello.kind !== this.#kind || name === undefined) this.close()
        else if (proven === undefined || proven.includes(name)) this.#owner.greeted(this, this.#hello)
        else this.refuse({ why: "not-admitted", message: `its certificate is of ${proven.join(", ")}, not of ${name}` })
      } else if (this.#nonce !== undefined && isConfirm(bytes, this.#nonce)) {
        this.#cancelTimer()
        this.#taker = this.#owner.confirmed(this, this.#hello, this.#promised)
        this.#owner.over(this)
        if (this.#taker === undefined) this.close()
      } else this.close()
    } catch {
      this.close()
    }
  }

  drained(): void {
    // Little goes this way, and what was acknowledged later is acknowledged as well.
  }

  closed(): void {
    if (this.#over) return
    this.#over = true
    this.#cancelTimer()
    if (this.#taker === undefined) this.#owner.over(this)
    else this.#taker.closed()
  }

  send(frame: Uint8Array): void {
    if (!this.#over) this.#stream.send(frame)
  }

  /** Its limit begins anew: it waits for the membership. */
  wait(refusal: Refusal): void {
    this.waiting = true
    this.#cancelTimer()
    this.#cancelTimer = this.#owner.clock.timer(this.#owner.timings.admitMs, () => this.refuse(refusal))
  }

  welcome(welcome: Omit<Welcome, "answers" | "nonce">): void {
    if (this.#over || this.#hello === undefined) return
    const { clock, random, timings } = this.#owner
    this.waiting = false
    this.#cancelTimer()
    this.#cancelTimer = clock.timer(timings.handshakeMs, () => this.close())
    this.#nonce = nonceOf(random)
    this.#promised = welcome.session
    this.send(encodeWelcome({ ...welcome, answers: this.#hello.nonce, nonce: this.#nonce }))
  }

  refuse(refusal: Refusal): void {
    this.send(encodeRefusal(refusal))
    this.close()
  }

  /** Ends the stream; afterwards nothing is heard of it. */
  close(): void {
    this.closed()
    this.#stream.close()
  }
}
