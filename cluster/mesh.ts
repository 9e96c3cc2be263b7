/**
 * The other nodes of the cluster, each over a session of its own. Membership says with whom to connect (`connect`, `disconnect`) and whom it believes to be away
 * (`setReachable`); what the mesh notices is told as events of the membership.
 *
 * Invariants
 *   Z1. There is one peer for an incarnation at any time, and its link is lost with it: when membership disconnects, when the other side has forgotten it or begun anew, or
 *       when what it sends makes no sense. If it is still wanted, another one follows at once.
 *   Z2. An incarnation that was disconnected is gone for ever, and so are those before it; it is told so when it comes again.
 *   Z3. Who says hello and is not known waits a little for the membership, as two nodes learn of each other at different moments. No number of strangers takes more than
 *       so many streams.
 */
import type { Clock, Random } from "#actors/clock.js"
import { formatAddress, entityAddress } from "#actors/address.js"
import { AgentOSError } from "#actors/errors.js"
import type { PersistenceId } from "#actors/persistence/journal.js"
import { Directory } from "#actors/remote/directory.js"
import { Link } from "#actors/remote/link.js"
import type { Ref } from "#actors/ref.js"
import type { ActorSystem } from "#actors/system.js"
import { Arrival, type ArrivalOwner, type Taker } from "./arrival.js"
import type { Carrier, Listening, Stream, StreamEvents, StreamKind } from "./carrier.js"
import type { ControlFrame } from "./control.js"
import "./errors.js"
import { PeerNames, refPrefix, type Neighbourhood } from "./far-names.js"
import { judgeHello, type Acquaintance, type Hello, type Host, type Refusal } from "./hello.js"
import type { MembershipEvent } from "./membership.js"
import { meshSizes, meshTimings, type MeshSizes, type MeshTimings } from "./mesh-limits.js"
import { incarnationOf, nodeId, type NodeDescription, type NodeId } from "./node.js"
import { Peer, type PeerOwner, type PeerPorts } from "./peer.js"
import type { CallOptions, EntityDoor, PeerEvent, Peers, Service } from "./peers.js"
import { serviceAddress } from "./service-ref.js"

/** Names of which it is remembered that an incarnation is gone. */
const mostGone = 4096
/** Nodes that refs lead to and membership does not know. */
const mostUnknown = 64

type Accept = (kind: StreamKind, stream: Stream) => StreamEvents

/** Where peers reach this node; opened before there is a mesh, so that its address can be told. */
export class Entrance {
  readonly address: string
  readonly #listening: Listening
  readonly #used: { accept?: Accept | undefined }

  private constructor(listening: Listening, used: { accept?: Accept | undefined }) {
    this.address = listening.address
    this.#listening = listening
    this.#used = used
  }

  /** @throws {AgentOSError} `UNAVAILABLE_ADDRESS` */
  static async open(carrier: Carrier): Promise<Entrance> {
    const used: { accept?: Accept | undefined } = {}
    const listening = await carrier.listen((kind, stream) => {
      if (used.accept !== undefined) return used.accept(kind, stream)
      stream.close() // it is too early, or too late: who comes tries again
      return { frame() {}, drained() {}, closed() {} }
    })
    return new Entrance(listening, used)
  }

  /** @param accept takes streams from now on */
  use(accept: Accept): void {
    this.#used.accept = accept
  }

  async close(): Promise<void> {
    this.#used.accept = undefined
    await this.#listening.close()
  }
}

export interface MeshOptions {
  /** Its name is that of the cluster, its `node` the id of `self`. */
  readonly system: ActorSystem
  readonly self: NodeDescription
  readonly carrier: Carrier
  readonly entrance: Entrance
  /** May be set later (`mesh.door`), before the first message to an entity comes. */
  readonly door?: EntityDoor
  readonly clock: Clock
  readonly random: Random
  /** Hears of probes, votes and removals. */
  readonly heard: (event: MembershipEvent) => void
  readonly timings?: Partial<MeshTimings>
  readonly sizes?: Partial<MeshSizes>
}

export class Mesh implements Peers, PeerOwner, ArrivalOwner {
  readonly self: NodeDescription
  readonly selfId: NodeId
  readonly clock: Clock
  readonly random: Random
  readonly timings: MeshTimings
  door: EntityDoor | undefined
  readonly #system: ActorSystem
  readonly #carrier: Carrier
  readonly #entrance: Entrance
  readonly #heard: (event: MembershipEvent) => void
  readonly #host: Host
  readonly #ports: PeerPorts
  readonly #around: Neighbourhood
  readonly #peers = new Map<NodeId, Peer>()
  readonly #wanted = new Map<NodeId, { readonly node: NodeDescription; reachable: boolean }>()
  /** By name, the highest incarnation that is gone (Z2). */
  readonly #gone = new Map<string, number>()
  readonly #services = new Map<string, Service>()
  readonly #listeners = new Set<(event: PeerEvent) => void>()
  /** Streams that were not handed to a peer yet, with what they have said. */
  readonly #arrivals = new Map<Arrival, Hello | undefined>()
  /** By peer, the refusal that was logged last. */
  readonly #logged = new Map<NodeId, string>()
  /** Peers whose link was told as open. */
  readonly #opened = new Set<NodeId>()
  #sessions = 0
  #closed = false
  #lostLink: Link | undefined
  #endedLink: Link | undefined

  constructor(options: MeshOptions) {
    const { system, self, carrier, entrance, clock, random } = options
    this.self = self
    this.selfId = nodeId(self)
    this.clock = clock
    this.random = random
    this.door = options.door
    this.timings = { ...meshTimings, ...options.timings }
    this.#system = system
    this.#carrier = carrier
    this.#entrance = entrance
    this.#heard = options.heard
    this.#host = { cluster: system.name, id: this.selfId, protocol: self.protocol }
    const directory = new Directory(refPrefix(system.name, this.selfId))
    const sizes = { ...meshSizes, ...options.sizes }
    this.#ports = { system, directory, host: this.#host, sizes, carrier, clock, random, timings: this.timings }
    this.#around = {
      system,
      directory,
      selfId: this.selfId,
      door: () => this.#doorOrThrow(),
      service: (name) => this.#services.get(name),
      linkTo: (id) => this.#linkTo(id),
      ended: () => (this.#endedLink ??= this.#overLink(undefined)),
    }
    entrance.use((kind, stream) => this.#arrived(kind, stream))
  }

  #doorOrThrow(): EntityDoor {
    if (this.door !== undefined) return this.door
    throw new AgentOSError("UNAVAILABLE", `${this.selfId} does not serve entities yet`)
  }

  // --- what membership wants -----------------------------------------------------------------------------------------------------------------

  /** A member to be connected with, from now until `disconnect`. */
  connect(id: NodeId, node: NodeDescription): void {
    if (this.#closed || id === this.selfId || this.#isGone(id)) return
    this.#wanted.set(id, { node, reachable: true })
    this.#peer(id).connect(node)
    for (const [arrival, hello] of [...this.#arrivals])
      if (hello?.from === id && arrival.waiting) this.#judge(arrival, hello)
  }

  /** It is a member no more (Z2). */
  disconnect(id: NodeId): void {
    this.#wanted.delete(id)
    this.#logged.delete(id)
    const incarnation = incarnationOf(id)
    if (incarnation !== undefined && !this.#isGone(id)) {
      this.#gone.delete(incarnation.name)
      this.#gone.set(incarnation.name, incarnation.incarnation)
      const [oldest] = this.#gone.keys()
      if (this.#gone.size > mostGone && oldest !== undefined) this.#gone.delete(oldest)
    }
    this.#end(id, "it was removed from the cluster")
    for (const [arrival, hello] of [...this.#arrivals]) if (hello?.from === id) this.#judge(arrival, hello)
  }

  /** Whether new asks to it make sense; those under way are left alone. */
  setReachable(id: NodeId, reachable: boolean): void {
    const wanted = this.#wanted.get(id)
    if (wanted !== undefined) wanted.reachable = reachable
    this.#peers.get(id)?.setReachable(reachable)
    if (reachable) this.#open(id)
  }

  /** It is taken for dead: what was under way to it is lost, and its actors have ended. Another link is tried for (Z1). */
  lose(id: NodeId): void {
    if (!this.#wanted.has(id)) return
    this.#end(id, "it is down")
    this.#again(id)
  }

  /** Answered by the event `probe-answered` or `probe-failed`. */
  probe(id: NodeId, number: number): void {
    const peer = this.#peers.get(id)
    if (peer !== undefined) return peer.probe(number)
    this.clock.timer(this.timings.probeLimitMs, () => this.#tell({ kind: "probe-failed", id, probe: number }))
  }

  /** Tells all peers. */
  tellVote(about: NodeId, accuses: boolean, number: number): void {
    for (const peer of this.#peers.values()) peer.say({ kind: "vote", about, accuses, number })
  }

  /** Tells all peers. */
  tellRemoved(id: NodeId): void {
    for (const peer of this.#peers.values()) peer.say({ kind: "removed", id })
  }

  #tell(event: MembershipEvent): void {
    if (!this.#closed) this.#heard(event)
  }

  // --- peers ---------------------------------------------------------------------------------------------------------------------------------

  #isGone(id: NodeId): boolean {
    const incarnation = incarnationOf(id)
    return incarnation !== undefined && incarnation.incarnation <= (this.#gone.get(incarnation.name) ?? -1)
  }

  /** @param session which that of a new one was promised to be */
  #peer(id: NodeId, session?: number): Peer {
    let peer = this.#peers.get(id)
    if (peer === undefined) {
      peer = new Peer(id, session ?? ++this.#sessions, () => new PeerNames(this.#around, id), this.#ports, this)
      this.#peers.set(id, peer)
    }
    return peer
  }

  /** Z1 */
  #end(id: NodeId, why: string): void {
    const peer = this.#peers.get(id)
    if (peer === undefined) return
    const { bound } = peer
    this.#peers.delete(id)
    this.#opened.delete(id)
    peer.close(new AgentOSError("NODE_LOST", `the connection with ${id} is lost: ${why}`, { node: id }))
    // Also of one that was not told as open: what the peer has said by it was heard here, and answered.
    if (bound) this.#announce({ kind: "closed", peer: id })
  }

  #again(id: NodeId, session?: number): Peer | undefined {
    const wanted = this.#wanted.get(id)
    if (wanted === undefined || this.#closed) return undefined
    const peer = this.#peer(id, session)
    peer.setReachable(wanted.reachable)
    peer.connect(wanted.node)
    return peer
  }

  bound(peer: Peer): void {
    this.#logged.delete(peer.id)
    this.#open(peer.id)
  }

  /** A link that is bound is told as open once membership believes that its node answers: before that, it takes no messages. */
  #open(id: NodeId): void {
    const { node } = this.#peers.get(id) ?? {}
    if (this.#peers.get(id)?.bound !== true || node === undefined || this.#opened.has(id)) return
    if (this.#wanted.get(id)?.reachable === false) return
    this.#opened.add(id)
    this.#announce({ kind: "opened", peer: id, node })
  }

  lost(peer: Peer, why: string): void {
    if (this.#peers.get(peer.id) !== peer) return
    this.#system.logger.warn({ peer: peer.id }, `the connection with another node is lost: ${why}`)
    this.#end(peer.id, why)
    this.#again(peer.id)
  }

  refused(peer: Peer, { why, message }: Refusal): void {
    if (this.#logged.get(peer.id) !== message) {
      this.#logged.set(peer.id, message)
      this.#system.logger.warn({ peer: peer.id, why }, `another node refuses the connection: ${message}`)
    }
    if (why === "removed") this.#tell({ kind: "removed", id: this.selfId }) // Z2
  }

  probed(peer: Peer, number: number, answered: boolean): void {
    this.#tell({ kind: answered ? "probe-answered" : "probe-failed", id: peer.id, probe: number })
  }

  said(peer: Peer, frame: ControlFrame): void {
    if (frame.kind === "removed") this.#tell({ kind: "removed", id: frame.id })
    if (frame.kind !== "vote") return
    const { about, accuses, number } = frame
    this.#tell({ kind: "vote", from: peer.id, about, accuses, number })
  }

  // --- streams that others open --------------------------------------------------------------------------------------------------------------

  #arrived(kind: StreamKind, stream: Stream): StreamEvents {
    const arrival = new Arrival(this, kind, stream)
    if (this.#closed || this.#arrivals.size >= this.timings.mostWaiting)
      arrival.refuse({ why: "busy", message: "too many streams wait to be admitted" })
    else this.#arrivals.set(arrival, undefined)
    return arrival
  }

  greeted(arrival: Arrival, hello: Hello): void {
    this.#arrivals.set(arrival, hello)
    this.#judge(arrival, hello)
  }

  #acquaintance(id: NodeId): Acquaintance {
    if (this.#isGone(id)) return { kind: "removed" }
    const peer = this.#peers.get(id)
    if (peer === undefined || !this.#wanted.has(id)) return { kind: "stranger" }
    return { kind: "peer", session: peer.session, knows: peer.theirs }
  }

  #judge(arrival: Arrival, hello: Hello): void {
    const verdict = judgeHello(this.#host, hello, this.#acquaintance(hello.from))
    switch (verdict.do) {
      case "refuse":
        return arrival.refuse(verdict.refusal)
      case "wait": // Z3
        return arrival.wait({ why: "not-admitted", message: `${hello.from} is no member of the cluster yet` })
      case "welcome": {
        const peer = this.#peers.get(hello.from) as Peer
        if (!verdict.anew || hello.kind === "control")
          return arrival.welcome({ protocol: verdict.protocol, session: peer.session, received: peer.received })
        // The link that is to follow; it is made when this is confirmed (H1).
        arrival.welcome({ protocol: verdict.protocol, session: ++this.#sessions, received: 0 })
      }
    }
  }

  confirmed(arrival: Arrival, hello: Hello, promised: number): Taker | undefined {
    const { from, session, kind } = hello
    const known = this.#acquaintance(from)
    if (known.kind !== "peer") return undefined
    let peer = this.#peers.get(from) as Peer
    if (kind === "control") return peer.session === promised ? peer.takeControl(arrival) : undefined
    if (peer.theirs !== 0 && session > peer.theirs && promised > peer.session) {
      this.#end(from, "it has begun a new link")
      peer = this.#again(from, promised) ?? peer
    }
    if (peer.session !== promised || (peer.theirs !== 0 && peer.theirs !== session)) return undefined
    const taker = peer.takeData(arrival)
    peer.bind(session)
    return taker
  }

  over(arrival: Arrival): void {
    this.#arrivals.delete(arrival)
  }

  // --- names ---------------------------------------------------------------------------------------------------------------------------------

  /** Of a node that a ref used to; membership may not have heard of it yet. */
  #linkTo(id: NodeId): Link {
    const known = this.#peers.get(id)
    if (known !== undefined) return known.link
    if (this.#closed || this.#isGone(id) || incarnationOf(id) === undefined)
      return (this.#lostLink ??= this.#overLink(
        new AgentOSError("NODE_UNREACHABLE", "the node of the actor is no member of the cluster"),
      ))
    const unknown = [...this.#peers.keys()].filter((other) => !this.#wanted.has(other))
    if (unknown.length >= mostUnknown) this.#end(unknown[0] as NodeId, "too many unknown nodes")
    const peer = this.#peer(id)
    this.clock.timer(this.timings.unknownMs, () => {
      if (this.#peers.get(id) === peer && !this.#wanted.has(id)) this.#end(id, "it is no member of the cluster")
    })
    return peer.link
  }

  #overLink(refusal: AgentOSError | undefined): Link {
    const { system, directory } = this.#ports
    const seats = { at: () => undefined, news() {}, credit() {} }
    const link = new Link(system, directory, { post() {} }, seats)
    link.refusal = refusal
    link.close(new AgentOSError("NODE_LOST", "the link is over"))
    return link
  }

  // --- what other rooms use ------------------------------------------------------------------------------------------------------------------

  *open(): Iterable<NodeId> {
    yield* this.#opened
  }

  named(name: string): NodeId | undefined {
    for (const id of this.#opened) if (incarnationOf(id)?.name === name) return id
    return undefined
  }

  entityAt(id: NodeId, { tenant, type, key }: PersistenceId): Ref | undefined {
    const peer = this.#peers.get(id)
    if (peer === undefined || !peer.bound) return undefined
    const name = formatAddress(entityAddress(this.#system.name, tenant, type, key))
    const compiled = peer.link.vocabulary.kind(type)
    return compiled === undefined ? peer.link.remoteUnknown(name) : peer.link.remote(name, compiled)
  }

  serve(name: string, service: Service): void {
    if (this.#services.has(name)) throw new TypeError(`a service named ${name} is there already`)
    this.#services.set(name, service)
  }

  /**
   * What rooms tell each other is held neither against a window nor against missing signs of life: it arrives when the stream is there again, or the end of the link is announced.
   * A room that could lose one of its messages without being told would wait for the answer for ever.
   */
  tell(id: NodeId, service: string, type: string, payload: unknown): boolean {
    const peer = this.#peers.get(id)
    if (peer === undefined || !peer.bound) return false
    peer.link.tell(serviceAddress(service), type, payload, undefined)
    return true
  }

  call(id: NodeId, service: string, type: string, payload: unknown, options: CallOptions = {}): Promise<unknown> {
    const ref = this.#serviceAt(id, service)
    if (ref === undefined) {
      const message = `there is no connection to ${id}, so its service ${service} cannot be called`
      return Promise.reject(new AgentOSError("NODE_UNREACHABLE", message, { node: id }))
    }
    const { timeoutMs = 5000 } = options
    return ref.request(type, payload, undefined, { timeoutMs }, undefined, undefined)
  }

  #serviceAt(id: NodeId, service: string): Ref | undefined {
    const peer = this.#peers.get(id)
    if (peer === undefined || !peer.bound) return undefined
    let ref = peer.services.get(service)
    if (ref === undefined) peer.services.set(service, (ref = peer.link.remoteUnknown(serviceAddress(service))))
    return ref
  }

  follow(listener: (event: PeerEvent) => void): () => void {
    const mine = (event: PeerEvent): void => listener(event) // one that is given twice is two
    this.#listeners.add(mine)
    return () => void this.#listeners.delete(mine)
  }

  #announce(event: PeerEvent): void {
    for (const listener of [...this.#listeners]) listener(event)
  }

  // --- the end -------------------------------------------------------------------------------------------------------------------------------

  /** Lets peers have what was sent to them, for so long at most, tells them that this node is gone, and closes. */
  async leave(patienceMs = 1000): Promise<void> {
    const until = this.clock.monotonic() + patienceMs
    for (const peer of this.#peers.values()) peer.link.flush()
    const waits = (): boolean => [...this.#peers.values()].some((peer) => peer.bound && !peer.settled)
    while (waits() && this.clock.monotonic() < until) await new Promise<void>((done) => this.clock.timer(10, done))
    this.tellRemoved(this.selfId)
    await this.close()
  }

  /** Ends all links at once. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    for (const id of [...this.#peers.keys()]) this.#end(id, "this node has left the mesh")
    for (const arrival of [...this.#arrivals.keys()]) arrival.close()
    await this.#entrance.close()
    await this.#carrier.close()
  }
}
