/**
 * All that this node has to do with one incarnation of another: a link, the session that carries it, a data stream
 * out, a data stream in, and a control stream out. It lives as long as its link; what begins anew is another peer of
 * the same id.
 *
 * Invariants
 *   E1. Frames come from the stream that was handed over last, and from no earlier one.
 *   E2. Both sides of the session are known before anything is sent or heard (`bound`), and never change.
 *   E3. While the stream takes no more, messages gather into large frames; when too much was not acknowledged, the
 *       link is full.
 *   E4. What makes no sense ends the link, not the node.
 */
import type { CancelTimer } from "#actors/clock.js"
import { AgentOSError } from "#actors/errors.js"
import type { Directory } from "#actors/remote/directory.js"
import { Link, type FarNames, type Seats } from "#actors/remote/link.js"
import type { Channel } from "#actors/remote/protocol.js"
import type { RemoteRef } from "#actors/remote/remote-ref.js"
import type { ActorSystem } from "#actors/system.js"
import type { Arrival, Taker } from "./arrival.js"
import { decodeControl, encodeControl, Probes, type ControlFrame } from "./control.js"
import type { Host, Refusal, Welcome } from "./hello.js"
import { Line, type LinePorts } from "./line.js"
import type { MeshSizes } from "./mesh-limits.js"
import type { NodeDescription, NodeId } from "./node.js"
import { headerBytes, Session } from "./session.js"
import { WireDecoder } from "./wire-decoder.js"
import { WireEncoder } from "./wire-encoder.js"

/** Fields of a batch of the link that are written to bytes at once. */
const batchFields = 512
/** Frames that came, after which they are acknowledged without waiting. */
const ackFrames = 64

export interface PeerPorts extends LinePorts {
  readonly system: ActorSystem
  readonly directory: Directory
  readonly host: Host
  readonly sizes: MeshSizes
}

export interface PeerOwner {
  /** Both sides of the session are known (E2). */
  bound(peer: Peer): void
  /** It is of no use any more, and is to be closed. */
  lost(peer: Peer, why: string): void
  refused(peer: Peer, refusal: Refusal): void
  probed(peer: Peer, number: number, answered: boolean): void
  said(peer: Peer, frame: ControlFrame): void
}

const noSeats: Seats = { at: () => undefined, news() {}, credit() {} }

export class Peer implements Channel {
  readonly id: NodeId
  /** Our side of the session: how many links this node had made when it made this one. */
  readonly session: number
  readonly link: Link
  /** Refs to the services of the peer, by name. */
  readonly services = new Map<string, RemoteRef>()
  node: NodeDescription | undefined
  /** Their side of the session; 0: not known yet. */
  theirs = 0
  closed = false
  readonly #ports: PeerPorts
  readonly #owner: PeerOwner
  readonly #frames: Session
  readonly #encoder: WireEncoder
  readonly #decoder = new WireDecoder()
  readonly #data: Line
  readonly #control: Line
  readonly #probes: Probes
  #reachable = true
  /** The stream takes no more for now. */
  #blocked = false
  #pumping = false
  #incoming: Arrival | undefined
  #incomingControl: Arrival | undefined
  /** What came and was not acknowledged. */
  #owedFrames = 0
  #owedBytes = 0
  #cancelAck: CancelTimer | undefined

  constructor(id: NodeId, session: number, names: (peer: Peer) => FarNames, ports: PeerPorts, owner: PeerOwner) {
    const { system, directory, sizes, clock, timings } = ports
    this.id = id
    this.session = session
    this.#ports = ports
    this.#owner = owner
    const textBytes = sizes.messageBytes + sizes.gatherBytes
    this.#frames = new Session({ frameBytes: sizes.frameBytes, textBytes })
    this.#encoder = new WireEncoder({ mostBytes: sizes.messageBytes, cutBytes: sizes.gatherBytes })
    this.link = new Link(system, directory, this, noSeats, {
      names: names(this),
      fullBatch: batchFields,
      writes: true,
    })
    this.link.refusal = this.#unreachable("there is no connection yet")
    this.#probes = new Probes(clock, timings.probeLimitMs, (number, answered) => owner.probed(this, number, answered))
    const hello = () => {
      const { cluster, id: from, protocol } = ports.host
      return { protocol, cluster, from, to: id, session, knows: this.theirs }
    }
    const refused = (refusal: Refusal): void => this.#refused(refusal)
    this.#data = new Line(ports, "data", {
      hello,
      refused,
      welcomed: (welcome) => this.#welcomed(welcome),
      frame: (bytes) => this.#guarded(() => this.#acknowledged(bytes)),
      drained: () => {
        this.#blocked = false
        this.#pump()
      },
      cut: () => {},
    })
    this.#control = new Line(ports, "control", {
      hello,
      refused,
      welcomed: ({ session: theirs }) => this.#fits(theirs) && this.#resumeProbes(),
      frame: (bytes) => this.#guarded(() => this.#controlled(bytes)),
      drained: () => {},
      cut: () => {},
    })
  }

  #unreachable(why: string): AgentOSError {
    return new AgentOSError("NODE_UNREACHABLE", `${this.id} cannot be reached: ${why}`, { node: this.id })
  }

  /** Whether messages can be sent, at once or when the stream is there again. */
  get bound(): boolean {
    return this.theirs !== 0 && !this.closed
  }

  /** Whether all that was sent has been acknowledged. */
  get settled(): boolean {
    return this.#frames.settled && this.#encoder.size === 0
  }

  connect(node: NodeDescription): void {
    this.node = node
    this.#data.connect(node.address)
    this.#control.connect(node.address)
  }

  setReachable(reachable: boolean): void {
    this.#reachable = reachable
    this.#setRefusal()
  }

  #setRefusal(): void {
    if (!this.bound) return
    this.link.refusal = this.#reachable ? undefined : this.#unreachable("it gives no sign of life")
  }

  // --- the session ---------------------------------------------------------------------------------------------------------------------------

  /** The number of the last frame that has come. */
  get received(): number {
    return this.#frames.received
  }

  /** E2 */
  bind(theirs: number): void {
    if (this.theirs !== 0 || this.closed) return
    this.theirs = theirs
    this.#setRefusal()
    this.#owner.bound(this)
  }

  /** @returns whether the session that the other side speaks for is the one that is known here */
  #fits(theirs: number): boolean {
    if (this.closed || theirs < this.theirs) return false // it is of an earlier one
    if (this.theirs === 0) this.bind(theirs)
    else if (theirs > this.theirs) this.#owner.lost(this, "it has begun a new link")
    return !this.closed
  }

  #welcomed({ session, received }: Welcome): boolean {
    if (!this.#fits(session)) return false
    return this.#guarded(() => {
      this.#frames.reopened(received)
      this.#blocked = false
      this.#room()
      this.#pump()
    })
  }

  #refused(refusal: Refusal): void {
    if (refusal.why === "forgotten") this.#owner.lost(this, "it does not know this link any more")
    else this.#owner.refused(this, refusal)
  }

  /** E4. @returns whether it went well */
  #guarded(work: () => void): boolean {
    try {
      work()
    } catch (error) {
      this.#ports.system.logger.error({ peer: this.id, error }, "what came from another node makes no sense")
      this.#owner.lost(this, "what it sends makes no sense")
    }
    return !this.closed
  }

  // --- sending -------------------------------------------------------------------------------------------------------------------------------

  post(batch: readonly unknown[]): void {
    if (this.closed) return
    this.#encoder.add(batch)
    this.#added()
  }

  tell(to: string, type: number | string, payload: unknown): void {
    if (this.closed) return
    this.#encoder.tell(to, type, payload)
    this.#added()
  }

  #added(): void {
    if (this.#encoder.size >= this.#ports.sizes.gatherBytes) this.#number()
    const waiting = this.#frames.keptBytes + this.#encoder.size
    if (waiting >= this.#ports.sizes.unacknowledgedBytes) this.link.full = true // E3
    if (waiting >= this.#ports.sizes.lostBytes) return this.#owner.lost(this, `${waiting} bytes wait for it`)
    if (this.#pumping) return
    this.#pumping = true
    this.#ports.clock.soon(this.#pump)
  }

  #number(): void {
    for (const text of this.#encoder.take(headerBytes)) this.#frames.append(text)
  }

  readonly #pump = (): void => {
    this.#pumping = false
    while (this.#data.open && !this.#blocked && !this.closed) {
      const frame = this.#frames.next()
      if (frame !== undefined) this.#blocked = !this.#data.send(frame)
      else if (this.#encoder.size > 0) this.#number()
      else return
    }
  }

  #acknowledged(bytes: Uint8Array): void {
    this.#frames.takeAck(bytes)
    this.#room()
  }

  /** E3 */
  #room(): void {
    if (!this.link.full) return
    const waiting = this.#frames.keptBytes + this.#encoder.size
    if (waiting < this.#ports.sizes.unacknowledgedBytes / 2) this.link.roomAgain()
  }

  // --- receiving -----------------------------------------------------------------------------------------------------------------------------

  /** A data stream was handed over. */
  takeData(arrival: Arrival): Taker {
    this.#incoming?.close()
    this.#incoming = arrival // E1
    return {
      frame: (bytes) => {
        if (this.#incoming === arrival) this.#guarded(() => this.#received(bytes, arrival))
      },
      closed: () => {
        if (this.#incoming === arrival) this.#incoming = undefined
      },
    }
  }

  #received(bytes: Uint8Array, arrival: Arrival): void {
    const taken = this.#frames.take(bytes)
    if (taken.kind === "gap") return arrival.close()
    this.#owe(bytes.length)
    if (taken.kind === "text") this.link.receive(this.#decoder.decode(taken.bytes, taken.at))
  }

  #owe(bytes: number): void {
    this.#owedFrames += 1
    this.#owedBytes += bytes
    if (this.#owedFrames >= ackFrames || this.#owedBytes >= this.#ports.sizes.frameBytes) return this.#ack()
    this.#cancelAck ??= this.#ports.clock.timer(this.#ports.timings.ackAfterMs, () => this.#ack())
  }

  #ack(): void {
    this.#cancelAck?.()
    this.#cancelAck = undefined
    this.#owedFrames = 0
    this.#owedBytes = 0
    this.#incoming?.send(this.#frames.ack())
  }

  // --- control -------------------------------------------------------------------------------------------------------------------------------

  probe(number: number): void {
    this.#probes.begin(number)
    this.say({ kind: "probe", number })
  }

  /** Says something on the control stream, when it is open. */
  say(frame: ControlFrame): void {
    if (this.#control.open) this.#control.send(encodeControl(frame))
  }

  #resumeProbes(): true {
    for (const number of this.#probes.numbers) this.say({ kind: "probe", number })
    return true
  }

  #controlled(bytes: Uint8Array): void {
    const frame = decodeControl(bytes)
    if (frame.kind === "answer") this.#probes.answered(frame.number)
  }

  /** A control stream was handed over. */
  takeControl(arrival: Arrival): Taker {
    this.#incomingControl?.close()
    this.#incomingControl = arrival
    return {
      frame: (bytes) => {
        if (this.#incomingControl !== arrival) return
        this.#guarded(() => {
          const frame = decodeControl(bytes)
          if (frame.kind === "probe") arrival.send(encodeControl({ kind: "answer", number: frame.number }))
          else this.#owner.said(this, frame)
        })
      },
      closed: () => {
        if (this.#incomingControl === arrival) this.#incomingControl = undefined
      },
    }
  }

  // --- the end -------------------------------------------------------------------------------------------------------------------------------

  /** Ends the link: what is open fails with `error`. */
  close(error: AgentOSError): void {
    if (this.closed) return
    this.link.flush()
    this.closed = true
    this.#cancelAck?.()
    this.#probes.close()
    this.#data.close()
    this.#control.close()
    this.#incoming?.close()
    this.#incomingControl?.close()
    this.link.refusal = this.#unreachable("the connection is over")
    this.link.close(error)
  }
}
