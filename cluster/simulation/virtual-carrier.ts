/**
 * The carrier of simulated nodes: streams over virtual time, between machines whose processes are killed, stand still and lose each other.
 *
 * Invariants
 *   C1. Nothing of a process that has ended is heard or sent; its successor on the machine listens anew.
 *   C2. A partition is silence first. An end that hears nothing for `keepaliveMs`, because the way is cut or the other process stands still, closes the stream on its
 *       side; the other hears of that when it can.
 *   C3. Where nobody listens a stream is refused at once; where nobody answers, because the way is cut or the machine is gone, it is closed after `keepaliveMs`.
 */
import { AgentOSError } from "#actors/errors.js"
import type { EventLog } from "#actors/simulation/event-log.js"
import type { SeededRandom } from "#actors/simulation/seeded-random.js"
import { Task, type ClockView, type Happening, type VirtualClock } from "#actors/simulation/virtual-clock.js"
import type { Carrier, Listening, Stream, StreamEvents, StreamKind } from "../carrier.js"
import { End } from "./virtual-stream.js"

export interface WiresOptions {
  /** How long a frame travels at least; each takes up to twice as long, as chance has it. Default 0.3. */
  readonly latencyMs?: number
  /** Default 100,000: 100 MB a second. */
  readonly bytesPerMs?: number
  /** So many bytes of one stream may be on their way before `send` says false. Default 256 KiB. */
  readonly bufferBytes?: number
  /** How long silence is borne (C2). Default 3,000. */
  readonly keepaliveMs?: number
}

type Accept = (kind: StreamKind, stream: Stream) => StreamEvents

/** How long after a first call into silence the next follows. */
const connectAgainMs = 1000
const firstFreePort = 30_000

/** A machine on the network, through all lives of its process. */
export class Host {
  readonly name: string
  readonly number: number
  readonly ends = new Set<End>()
  /** The machine is gone, with its kernel. */
  off = false

  constructor(name: string, number: number) {
    this.name = name
    this.number = number
  }
}

interface Listener {
  readonly host: Host
  readonly view: ClockView
  readonly accept: Accept
}

export class VirtualWires {
  readonly bytesPerMs: number
  readonly bufferBytes: number
  readonly #latencyMs: number
  readonly #keepaliveMs: number
  readonly #clock: VirtualClock
  readonly #random: SeededRandom
  readonly #log: EventLog
  readonly #hosts = new Map<string, Host>()
  readonly #listeners = new Map<string, Listener>()
  /** How many partitions part two hosts, and since when one does; by `pair`. */
  readonly #cuts = new Map<number, { count: number; since: number }>()
  #streams = 0
  #ports = firstFreePort
  /** By how much the next frame between two hosts is late; set from outside. */
  delayOf: (from: Host, to: Host) => number = () => 0

  constructor(clock: VirtualClock, random: SeededRandom, log: EventLog, options: WiresOptions = {}) {
    const { latencyMs = 0.3, bytesPerMs = 100_000, bufferBytes = 256 * 1024, keepaliveMs = 3000 } = options
    this.#clock = clock
    this.#random = random
    this.#log = log
    this.#latencyMs = latencyMs
    this.#keepaliveMs = keepaliveMs
    this.bytesPerMs = bytesPerMs
    this.bufferBytes = bufferBytes
  }

  /** The machine of a name; the part of an address before the colon. */
  host(name: string): Host {
    let host = this.#hosts.get(name)
    if (host === undefined) this.#hosts.set(name, (host = new Host(name, this.#hosts.size)))
    return host
  }

  /** The carrier of one process. @param address where it listens; with port 0 it takes a free one */
  carrier(address: string, view: ClockView): Carrier {
    const host = this.host(hostOf(address))
    if (host.off) this.#backOn(host)
    return new VirtualCarrier(this, host, address, view)
  }

  /** Streams that are open at a machine. */
  streamsOf(name: string): number {
    return this.host(name).ends.size
  }

  // --- faults --------------------------------------------------------------------------------------------------------------------------------

  /** Parts some machines from the others. @returns joins them again */
  part(some: readonly string[], others: readonly string[]): () => void {
    const pairs: (readonly [Host, Host])[] = []
    for (const a of some) for (const b of others) pairs.push([this.host(a), this.host(b)])
    for (const [a, b] of pairs) {
      const cut = this.#cut(a, b)
      if (cut.count++ > 0) continue
      cut.since = this.#clock.now
      for (const [one, other] of [[a, b], [b, a]] as const)
        for (const end of one.ends) if (end.peer?.host === other) this.#watch(end, end.peer)
    } // prettier-ignore
    return () => {
      for (const [a, b] of pairs.splice(0)) if (--this.#cut(a, b).count === 0) this.#healed(a, b)
    }
  }

  /** Breaks one open stream between two machines, if there is one. @returns whether there was */
  cut(a: string, b: string): boolean {
    const ends = [...this.host(a).ends].filter((end) => end.peer?.host === this.host(b) && end.state === "open")
    if (ends.length === 0) return false
    const end = this.#random.pick(ends)
    end.abort("the connection was reset")
    end.peer?.abort("the connection was reset")
    return true
  }

  /** The process of a machine stands still: its peers lose patience with it (C2). */
  stoodStill(name: string): void {
    for (const end of this.host(name).ends) if (end.peer !== undefined) this.#watch(end.peer, end)
  }

  /** The process of a machine was killed (C1). @param silently the machine is gone with it */
  ended(name: string, silently = false): void {
    const host = this.host(name)
    host.off = silently
    for (const [address, listener] of this.#listeners) if (listener.host === host) this.#listeners.delete(address)
    for (const end of [...host.ends]) {
      end.killed(silently)
      if (silently && end.peer !== undefined) this.#watch(end.peer, end)
    }
  }

  /** A machine is there again: its kernel knows nothing of the streams from before. */
  #backOn(host: Host): void {
    host.off = false
    for (const other of this.#hosts.values())
      for (const { peer } of other.ends)
        if (peer?.host === host) this.later(this.travelMs(host, other), () => peer.tellPeer())
  }

  #healed(a: Host, b: Host): void {
    for (const [one, other] of [[a, b], [b, a]] as const)
      for (const end of one.ends) {
        if (end.peer?.host !== other) continue
        end.goOn()
        end.peer.goOn()
        const { peer } = end
        this.later(this.#latencyMs, () => peer.tellPeer()) // what one has given up, the other learns now
      } // prettier-ignore
  }

  /** Lets an end give up another that it does not hear (C2). */
  #watch(end: End, silent: End): void {
    const since = this.#silentSince(end, silent)
    this.later(this.#keepaliveMs * (1 + 0.2 * this.#random.float()), () => {
      if (since !== undefined && this.#silentSince(end, silent) === since) end.abort("no answer to keepalive")
    })
  }

  #silentSince(end: End, silent: End): number | undefined {
    const cut = this.#cuts.get(pair(end.host, silent.host))
    if (cut !== undefined && cut.count > 0) return cut.since
    return silent.host.off && silent.state === "closed" ? -1 : silent.view.pausedSince
  }

  #cut(a: Host, b: Host): { count: number; since: number } {
    const key = pair(a, b)
    let cut = this.#cuts.get(key)
    if (cut === undefined) this.#cuts.set(key, (cut = { count: 0, since: 0 }))
    return cut
  }

  // --- for carriers and ends -----------------------------------------------------------------------------------------------------------------

  get now(): number {
    return this.#clock.now
  }

  isCut(a: Host, b: Host): boolean {
    return (this.#cuts.get(pair(a, b))?.count ?? 0) > 0
  }

  travelMs(from: Host, to: Host): number {
    return this.#latencyMs * (1 + this.#random.float()) + this.delayOf(from, to)
  }

  chanceOf(below: number): number {
    return this.#random.int(below)
  }

  put(milliseconds: number, happening: Happening): void {
    this.#clock.schedule(milliseconds, happening)
  }

  later(milliseconds: number, task: () => void): void {
    this.#clock.schedule(milliseconds, new Task(task))
  }

  /** A frame has come to a machine. */
  heard(from: End, frame: Uint8Array | undefined): void {
    this.#log.event(2, from.number, frame === undefined ? -1 : digest(frame), this.#clock.now)
  }

  forget(end: End): void {
    end.host.ends.delete(end)
  }

  /** @throws {AgentOSError} `UNAVAILABLE_ADDRESS` */
  listen(host: Host, view: ClockView, wished: string, accept: Accept): string {
    const address = wished.endsWith(":0") ? `${host.name}:${this.#ports++}` : wished
    if (this.#listeners.has(address))
      throw new AgentOSError("UNAVAILABLE_ADDRESS", `somebody listens at ${address} already`)
    this.#listeners.set(address, { host, view, accept })
    return address
  }

  silence(address: string, view: ClockView): void {
    if (this.#listeners.get(address)?.view === view) this.#listeners.delete(address)
  }

  connect(host: Host, view: ClockView, address: string, kind: StreamKind, events: StreamEvents): Stream {
    const end = new End(this, host, view, kind, this.#streams++)
    end.events = events
    host.ends.add(end)
    this.#knock(end, address, this.#clock.now + this.#keepaliveMs)
    return end
  }

  #knock(end: End, address: string, until: number): void {
    const there = this.host(hostOf(address))
    this.later(this.travelMs(end.host, there), () => {
      if (end.state === "closed" || !end.view.alive) return
      if (there.off || this.isCut(end.host, there)) {
        if (this.#clock.now >= until) return end.abort(`nobody answers at ${address}`) // C3
        return this.later(connectAgainMs, () => this.#knock(end, address, until))
      }
      const listener = this.#listeners.get(address)
      if (listener === undefined)
        return this.later(this.travelMs(there, end.host), () => end.abort(`nobody listens at ${address}`)) // C3
      this.#accept(end, listener)
    })
  }

  #accept(end: End, { host, view, accept }: Listener): void {
    const other = new End(this, host, view, end.kind, this.#streams++)
    host.ends.add(other)
    other.connected(end)
    view.arrive(() => {
      if (other.state !== "closed") other.events = accept(other.kind, other)
    })
    this.later(this.travelMs(host, end.host), () => {
      end.connected(other)
      for (const [one, silent] of [[end, other], [other, end]] as const)
        if (this.#silentSince(one, silent) !== undefined) this.#watch(one, silent)
    }) // prettier-ignore
  }
}

const pair = (a: Host, b: Host): number =>
  a.number < b.number ? a.number * 0x10000 + b.number : b.number * 0x10000 + a.number

const hostOf = (address: string): string => address.slice(0, address.lastIndexOf(":"))

/** Of the length, and of some of the bytes. */
function digest(frame: Uint8Array): number {
  let sum = frame.length
  const step = Math.max(1, frame.length >> 5)
  for (let at = 0; at < frame.length; at += step) sum = Math.imul(sum ^ (frame[at] as number), 0x01000193)
  return sum
}

class VirtualCarrier implements Carrier {
  readonly #wires: VirtualWires
  readonly #host: Host
  readonly #address: string
  readonly #view: ClockView
  #open = true
  #listensAt: string | undefined

  constructor(wires: VirtualWires, host: Host, address: string, view: ClockView) {
    this.#wires = wires
    this.#host = host
    this.#address = address
    this.#view = view
  }

  open(address: string, kind: StreamKind, events: StreamEvents): Stream {
    return this.#wires.connect(this.#host, this.#view, address, kind, events)
  }

  async listen(accept: Accept): Promise<Listening> {
    const address = this.#wires.listen(this.#host, this.#view, this.#address, accept)
    this.#listensAt = address
    return { address, close: async () => this.#wires.silence(address, this.#view) }
  }

  async close(): Promise<void> {
    if (!this.#open) return
    this.#open = false
    if (this.#listensAt !== undefined) this.#wires.silence(this.#listensAt, this.#view)
    for (const end of [...this.#host.ends]) if (end.view === this.#view) end.close()
  }
}
