/**
 * One end of a stream between two machines of a simulation.
 *
 * Invariants, beside K1 to K3 of `carrier.ts`
 *   T1. What was sent and has not been looked at by the other end counts as buffered: a receiver that stands still fills its sender's buffer.
 *   T2. Where the way is cut, bytes are not lost: they arrive when it is whole again, unless one of the ends has given the other up meanwhile.
 *   T3. An end whose process was killed is closed for the other at once, by the kernel that lives on, behind what was on the wire already; where the whole machine is gone,
 *       there is silence.
 */
import { Happening, type ClockView } from "#actors/simulation/virtual-clock.js"
import type { Stream, StreamEvents, StreamKind } from "../carrier.js"
import type { Host, VirtualWires } from "./virtual-carrier.js"

/** A frame on its way, or the end of the stream behind all frames. */
class Flight extends Happening {
  readonly #from: End
  /** undefined: the end. */
  readonly frame: Uint8Array | undefined
  /** It would have arrived, and the way is cut (T2). */
  stalled = false

  constructor(from: End, frame: Uint8Array | undefined) {
    super()
    this.#from = from
    this.frame = frame
  }

  happen(): void {
    this.#from.arrived(this)
  }
}

const nobody: StreamEvents = { frame: () => undefined, drained: () => undefined, closed: () => undefined }

export class End implements Stream {
  readonly #wires: VirtualWires
  readonly host: Host
  readonly view: ClockView
  readonly kind: StreamKind
  /** For the log. */
  readonly number: number
  events: StreamEvents = nobody
  /** The other end; undefined while it is not connected. */
  peer: End | undefined
  state: "open" | "closing" | "closed" = "open"
  /** Sent, and not arrived. */
  #flights: Flight[] = []
  /** Sent before it was connected. */
  #waiting: (Uint8Array | undefined)[] = []
  #buffered = 0
  #full = false
  #wireFreeAt = 0
  #lastArrival = 0

  constructor(wires: VirtualWires, host: Host, view: ClockView, kind: StreamKind, number: number) {
    this.#wires = wires
    this.host = host
    this.view = view
    this.kind = kind
    this.number = number
  }

  send(frame: Uint8Array): boolean {
    if (!this.view.alive || this.state !== "open") return false
    this.#buffered += frame.length
    this.#push(frame.slice())
    if (this.#buffered >= this.#wires.bufferBytes) this.#full = true
    return !this.#full
  }

  close(): void {
    if (!this.view.alive || this.state !== "open") return
    this.state = "closing"
    this.#push(undefined)
    if (this.peer !== undefined) this.#closedHere()
  }

  /** The other end is there. */
  connected(peer: End): void {
    this.peer = peer
    if (this.state === "closed") return this.tellPeer()
    for (const frame of this.#waiting.splice(0)) this.#push(frame)
    if (this.state === "closing") this.#closedHere()
  }

  #closedHere(): void {
    this.#wires.later(0, () => this.tellClosed("closed by this side"))
  }

  #push(frame: Uint8Array | undefined): void {
    const { peer } = this
    if (peer === undefined) return void this.#waiting.push(frame)
    const { now } = this.#wires
    this.#wireFreeAt = Math.max(this.#wireFreeAt, now) + (frame?.length ?? 0) / this.#wires.bytesPerMs
    const arrival = this.#wireFreeAt + this.#wires.travelMs(this.host, peer.host)
    this.#lastArrival = Math.max(this.#lastArrival, arrival) // K1
    const flight = new Flight(this, frame)
    this.#flights.push(flight)
    this.#wires.put(this.#lastArrival - now, flight)
  }

  /** A flight has come to the other machine; those behind one that is stalled are stalled, too. */
  arrived(flight: Flight): void {
    const peer = this.peer as End
    if (this.#flights[0] !== flight || this.#wires.isCut(this.host, peer.host)) {
      flight.stalled = true
      return
    }
    this.#flights.shift()
    const [next] = this.#flights
    if (next?.stalled === true) this.#putAgain(next)
    const { frame } = flight
    this.#wires.heard(this, frame)
    if (frame === undefined) return peer.tellClosed("closed by the other side")
    peer.view.arrive(() => {
      if (peer.state !== "open") return
      this.#taken(frame.length)
      peer.events.frame(frame)
    })
  }

  /** The way is whole again (T2). */
  goOn(): void {
    for (const flight of this.#flights) if (flight.stalled) this.#putAgain(flight)
  }

  #putAgain(flight: Flight): void {
    const { now } = this.#wires
    flight.stalled = false
    this.#lastArrival = Math.max(this.#lastArrival, now + this.#wires.travelMs(this.host, (this.peer as End).host))
    this.#wires.put(this.#lastArrival - now, flight)
  }

  /** The other end has looked at so many bytes (T1). */
  #taken(bytes: number): void {
    this.#buffered -= bytes
    if (!this.#full || this.#buffered > this.#wires.bufferBytes / 2) return
    this.#full = false
    this.#wires.later(this.#wires.travelMs(this.host, this.host), () =>
      this.view.arrive(() => {
        if (this.state === "open" && !this.#full) this.events.drained()
      }),
    )
  }

  /** This end gives the stream up; the other hears of it, if it can. */
  abort(reason: string): void {
    if (this.state === "closed") return
    this.#drop(0)
    // Where its process stands still, it closes when that goes on.
    this.tellClosed(reason, () => this.#wires.later(this.#wires.travelMs(this.host, this.host), () => this.tellPeer()))
  }

  /** The process of this end was killed; some of what it sent was on the wire already (T3). */
  killed(silently: boolean): void {
    if (this.state === "closed") return
    this.state = "closed"
    const sent = this.#flights.filter(({ frame }) => frame !== undefined).length
    this.#drop(silently ? 0 : this.#wires.chanceOf(sent + 1))
    this.#wires.forget(this)
    if (!silently) this.#push(undefined)
  }

  /** Lets the other end find out that this one is gone. */
  tellPeer(): void {
    const { peer } = this
    if (this.state !== "closed" || peer === undefined || peer.state === "closed") return
    if (this.host.off || this.#flights.length > 0 || this.#wires.isCut(this.host, peer.host)) return
    peer.tellClosed("reset by the other side")
  }

  /** Forgets what is on its way but for the first so many. */
  #drop(keep: number): void {
    for (const flight of this.#flights.splice(keep)) flight.off = true
    this.#waiting = []
  }

  /** K2: once, and in a turn of its own. */
  tellClosed(reason: string, then?: () => void): void {
    if (this.state === "closed") return
    this.view.arrive(() => {
      if (this.state === "closed") return
      this.state = "closed"
      this.#wires.forget(this)
      this.events.closed(reason)
      then?.()
    })
  }
}
