/** A carrier inside one process: frames go from one end to the other, each in a turn of the event loop of its own, unless a test cuts the pipe or holds it. */
import { AgentOSError } from "#actors/errors.js"
import type { Carrier, Listening, Stream, StreamEvents, StreamKind } from "#cluster/carrier.js"

type Accept = (kind: StreamKind, stream: Stream) => StreamEvents

interface PipeOptions {
  /** Frames that may be under way on a stream before `send` says false; default 64. */
  readonly room?: number
  /** Lets something happen in a later turn; default `setImmediate`. */
  readonly later?: (callback: () => void) => void
}

/** One side of a stream. What it sends goes one step a turn. */
class End implements Stream {
  readonly #pipe: Pipe
  other!: End
  events!: StreamEvents
  closed = false
  wanting = false
  #closing = false
  readonly #steps: (() => void)[] = []

  constructor(pipe: Pipe) {
    this.#pipe = pipe
  }

  send(frame: Uint8Array): boolean {
    if (this.closed || this.#closing) return false
    const copy = Uint8Array.prototype.slice.call(frame)
    this.#step(() => {
      this.#pipe.net.carried(this.#pipe, copy)
      if (!this.closed && !this.other.closed) this.other.events.frame(copy)
      if (!this.wanting || this.closed || this.#steps.length > 1) return
      this.wanting = false
      this.events.drained()
    })
    this.wanting ||= this.#steps.length >= this.#pipe.net.room
    return !this.wanting
  }

  /** After what was sent. */
  close(): void {
    this.#closing = true
    this.#step(() => this.#pipe.cut("closed"))
  }

  #step(step: () => void): void {
    this.#steps.push(step)
    if (this.#steps.length === 1) this.#pipe.deliver(this.#next)
  }

  readonly #next = (): void => {
    if (!this.closed) this.#steps[0]?.()
    this.#steps.shift()
    if (this.#steps.length > 0) this.#pipe.deliver(this.#next)
  }

  end(reason: string): void {
    if (this.closed) return
    this.closed = true
    this.#pipe.net.later(() => this.events.closed(reason))
  }
}

/** A stream, seen from outside. */
export class Pipe {
  readonly net: PipeNet
  readonly kind: StreamKind
  readonly from: string
  readonly to: string
  readonly ends: readonly [End, End]
  /** What waits while the pipe is held. */
  held: (() => void)[] | undefined

  constructor(net: PipeNet, kind: StreamKind, from: string, to: string) {
    this.net = net
    this.kind = kind
    this.from = from
    this.to = to
    this.ends = [new End(this), new End(this)]
    this.ends[0].other = this.ends[1]
    this.ends[1].other = this.ends[0]
  }

  deliver(step: () => void): void {
    this.net.later(() => (this.held === undefined ? step() : void this.held.push(step)))
  }

  /** Closes it as a broken connection would: what is under way is lost. */
  cut(reason = "cut"): void {
    this.net.pipes.delete(this)
    for (const end of this.ends) end.end(reason)
  }

  hold(): void {
    this.held ??= []
  }

  release(): void {
    const held = this.held ?? []
    this.held = undefined
    for (const step of held) this.deliver(step)
  }
}

/** The places that pipes lead to. */
export class PipeNet {
  readonly pipes = new Set<Pipe>()
  readonly later: (callback: () => void) => void
  readonly room: number
  /** Called with each frame, before it arrives. */
  carried: (pipe: Pipe, frame: Uint8Array) => void = () => {}
  /** Whether streams to this address are refused. */
  refuses: (to: string, kind: StreamKind, from: string) => boolean = () => false
  readonly #places = new Map<string, Accept>()

  constructor({ room = 64, later = (callback) => void setImmediate(callback) }: PipeOptions = {}) {
    this.room = room
    this.later = later
  }

  carrier(address: string): Carrier {
    const mine = new Set<Pipe>()
    return {
      open: (to, kind, events) => {
        const pipe = new Pipe(this, kind, address, to)
        const [here, there] = pipe.ends
        here.events = events
        const accept = this.#places.get(to)
        if (accept === undefined || this.refuses(to, kind, address)) {
          there.closed = true
          pipe.cut(`nobody listens at ${to}`)
          return here
        }
        this.pipes.add(pipe)
        mine.add(pipe)
        there.events = accept(kind, there)
        return here
      },
      listen: async (accept): Promise<Listening> => {
        if (this.#places.has(address)) throw new AgentOSError("UNAVAILABLE_ADDRESS", `${address} is taken`)
        this.#places.set(address, accept)
        return {
          address,
          close: async () => {
            this.#places.delete(address)
            for (const pipe of this.pipes) if (pipe.to === address) pipe.cut("closed")
          },
        }
      },
      close: async () => {
        for (const { ends } of mine) ends[0].close()
      },
    }
  }
}
