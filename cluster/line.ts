/**
 * One stream to a peer, as seen by the node that opens it: opened anew whenever it was cut, for as long as it is wanted.
 *
 * Invariants
 *   L1. Nothing is sent before the other side has welcomed this hello (its nonce says so), and nothing that comes on an earlier stream is heard.
 *   L2. Attempts come slower and slower, and not at the same moments on all nodes; a stream that was welcomed begins anew.
 */
import type { CancelTimer, Clock, Random } from "#actors/clock.js"
import type { Carrier, Stream, StreamEvents, StreamKind } from "./carrier.js"
import {
  decodeAnswer,
  encodeConfirm,
  encodeHello,
  isRefusal,
  nonceOf,
  sameNonce,
  type Hello,
  type Refusal,
  type Welcome,
} from "./hello.js"
import type { MeshTimings } from "./mesh-limits.js"
import { incarnationOf } from "./node.js"

export interface LinePorts {
  readonly carrier: Carrier
  readonly clock: Clock
  readonly random: Random
  readonly timings: MeshTimings
}

export interface LineOwner {
  hello(): Omit<Hello, "nonce" | "kind">
  /** @returns whether to go on; otherwise the stream is closed, and opened anew */
  welcomed(welcome: Welcome): boolean
  refused(refusal: Refusal): void
  frame(bytes: Uint8Array): void
  drained(): void
  cut(): void
}

export class Line {
  readonly #ports: LinePorts
  readonly #kind: StreamKind
  readonly #owner: LineOwner
  #address: string | undefined
  #stream: Stream | undefined
  #open = false
  #attempts = 0
  /** Of the next attempt, or of the answer to a hello. */
  #cancelTimer: CancelTimer | undefined

  constructor(ports: LinePorts, kind: StreamKind, owner: LineOwner) {
    this.#ports = ports
    this.#kind = kind
    this.#owner = owner
  }

  /** Whether frames can be sent. */
  get open(): boolean {
    return this.#open
  }

  /** Connects, and goes on doing so; to another address after the next cut. */
  connect(address: string): void {
    const before = this.#address
    this.#address = address
    if (before === undefined) this.#attempt()
  }

  close(): void {
    this.#address = undefined
    this.#cancelTimer?.()
    const stream = this.#stream
    this.#stream = undefined
    this.#open = false
    stream?.close()
  }

  /** @returns false when the next frame should wait for `drained` */
  send(frame: Uint8Array): boolean {
    return this.#stream?.send(frame) ?? false
  }

  /** What came makes no sense: begins anew. */
  cut(): void {
    this.#stream?.close()
  }

  #attempt(): void {
    const address = this.#address
    if (address === undefined) return
    const { carrier, clock, random, timings } = this.#ports
    const nonce = nonceOf(random)
    const events: StreamEvents = {
      frame: (bytes) => {
        if (this.#stream !== stream) return // L1
        if (this.#open && !isRefusal(bytes)) this.#owner.frame(bytes)
        else this.#answered(stream, bytes, nonce)
      },
      drained: () => {
        if (this.#stream === stream && this.#open) this.#owner.drained()
      },
      closed: () => this.#closed(stream),
    }
    const hello = { ...this.#owner.hello(), kind: this.#kind, nonce }
    const stream = carrier.open(address, this.#kind, events, incarnationOf(hello.to)?.name)
    this.#stream = stream
    stream.send(encodeHello(hello))
    this.#cancelTimer = clock.timer(timings.handshakeMs, () => stream.close())
  }

  #answered(stream: Stream, bytes: Uint8Array, nonce: Uint8Array): void {
    try {
      const answer = decodeAnswer(bytes)
      if ("refusal" in answer) {
        stream.close()
        return this.#owner.refused(answer.refusal)
      }
      const { welcome } = answer
      if (!sameNonce(welcome.answers, nonce)) return stream.close() // L1
      this.#cancelTimer?.()
      stream.send(encodeConfirm(welcome.nonce))
      this.#open = true
      this.#attempts = 0
      if (!this.#owner.welcomed(welcome)) stream.close()
    } catch {
      stream.close()
    }
  }

  #closed(stream: Stream): void {
    if (this.#stream !== stream) return
    const wasOpen = this.#open
    this.#stream = undefined
    this.#open = false
    this.#cancelTimer?.()
    if (this.#address !== undefined) this.#attemptLater()
    if (wasOpen) this.#owner.cut()
  }

  /** L2 */
  #attemptLater(): void {
    const { clock, random, timings } = this.#ports
    const most = Math.min(timings.retryLastMs, timings.retryFirstMs * 2 ** this.#attempts)
    this.#attempts += 1
    this.#cancelTimer = clock.timer(most * (1 - random.float() / 2), () => this.#attempt())
  }
}
