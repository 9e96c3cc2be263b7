/** The nodes of one process as peers of each other: a pair of links for each two of them, over channels that take their time and can be cut. */
import { deserialize, serialize } from "node:v8"
import type { Clock } from "#actors/clock.js"
import { AgentOSError } from "#actors/errors.js"
import { parseAddress } from "#actors/address.js"
import type { PersistenceId } from "#actors/persistence/journal.js"
import type { Ref } from "#actors/ref.js"
import { Directory } from "#actors/remote/directory.js"
import { Link, type Seats } from "#actors/remote/link.js"
import type { ActorSystem } from "#actors/system.js"
import { incarnationOf, nodeId, type NodeDescription, type NodeId } from "#cluster/node.js"
import type { CallOptions, EntityDoor, PeerEvent, Peers, Service } from "#cluster/peers.js"

const none: Seats = { at: () => undefined, news() {}, credit() {} }

/** Entities are asked of the door, which is told from whom the message comes. */
class DoorDirectory extends Directory {
  readonly #door: (id: PersistenceId) => Ref
  constructor(door: (id: PersistenceId) => Ref) {
    super()
    this.#door = door
  }
  override find(name: string): Ref | undefined {
    if (!name.startsWith("entity:")) return super.find(name)
    const address = parseAddress(name)
    return address.kind === "entity" ? this.#door(address) : undefined
  }
}

type Posted =
  | { readonly batch: readonly unknown[] }
  | { readonly service: string; readonly type: string; readonly payload: unknown; readonly call: number | undefined }
  | { readonly answer: number; readonly value?: unknown; readonly failure?: { code: string; message: string } }

/** One side of a pair. */
class Side {
  readonly link: Link
  other!: Side
  closed = false
  #last = 0

  constructor(
    readonly of: LocalPeers,
    readonly peer: NodeDescription,
    readonly mesh: LocalMesh,
  ) {
    const directory = new DoorDirectory((id) => of.door.arrived(id, nodeId(peer)))
    const channel = { post: (batch: readonly unknown[]) => this.post({ batch }) }
    this.link = new Link(of.system, directory, channel, none)
    const refOf = this.link.refOf.bind(this.link)
    // A ref in a payload is none that the peer sends to.
    this.link.refOf = (name, compiled) => {
      if (!name.startsWith("entity:")) return refOf(name, compiled)
      const address = parseAddress(name)
      if (address.kind !== "entity") throw new Error(name)
      return of.system.entityAt(address.tenant, address.type, address.key)
    }
  }

  post(what: Posted): void {
    if (this.closed) return
    const bytes = serialize(what)
    const { clock } = this.mesh
    this.#last = Math.max(this.#last, clock.monotonic() + this.mesh.delay()) // in order
    const arrive = (): void => {
      if (this.other.of.paused > clock.monotonic()) return void clock.timer(this.other.of.paused - clock.monotonic() + 1, arrive) // prettier-ignore
      if (!this.other.closed) this.other.of.take(this.other, deserialize(bytes) as Posted)
    }
    clock.timer(this.#last - clock.monotonic(), arrive)
  }

  close(): void {
    if (this.closed) return
    this.closed = true
    this.link.close(new AgentOSError("NODE_LOST", `the connection to ${nodeId(this.peer)} was lost`))
    this.of.lost(this)
  }
}

export class LocalPeers implements Peers {
  readonly selfId: NodeId
  readonly sides = new Map<NodeId, Side>()
  /** Until when it takes nothing in. */
  paused = -Infinity
  readonly #services = new Map<string, Service>()
  readonly #listeners = new Set<(event: PeerEvent) => void>()
  readonly #calls = new Map<number, { peer: Side; done: (value: unknown) => void; fail: (error: unknown) => void }>()
  #numbers = 0

  constructor(
    readonly self: NodeDescription,
    readonly system: ActorSystem,
    readonly door: EntityDoor,
    readonly clock: Clock,
  ) {
    this.selfId = nodeId(self)
  }

  open(): Iterable<NodeId> {
    return this.sides.keys()
  }

  named(name: string): NodeId | undefined {
    for (const id of this.sides.keys()) if (incarnationOf(id)?.name === name) return id
    return undefined
  }

  entityAt(peer: NodeId, { tenant, type, key }: PersistenceId): Ref | undefined {
    const link = this.sides.get(peer)?.link
    if (link === undefined) return undefined
    const { compiled, address } = this.system.entityHere({ tenant, type, key })
    return link.remote(address, compiled)
  }

  serve(name: string, service: Service): void {
    this.#services.set(name, service)
  }

  tell(peer: NodeId, service: string, type: string, payload: unknown): boolean {
    const side = this.sides.get(peer)
    if (side === undefined) return false
    side.link.flush()
    side.post({ service, type, payload, call: undefined })
    return true
  }

  call(peer: NodeId, service: string, type: string, payload: unknown, options: CallOptions = {}): Promise<unknown> {
    const side = this.sides.get(peer)
    if (side === undefined) return Promise.reject(new AgentOSError("NODE_UNREACHABLE", peer))
    const number = this.#numbers++
    side.link.flush()
    return new Promise((done, fail) => {
      const cancel = this.clock.timer(options.timeoutMs ?? 5000, () => this.#end(number)?.fail(new AgentOSError("ASK_TIMEOUT", `${service} ${type}`))) // prettier-ignore
      this.#calls.set(number, {
        peer: side,
        done: (value) => {
          cancel()
          done(value)
        },
        fail: (error) => {
          cancel()
          fail(error)
        },
      })
      side.post({ service, type, payload, call: number })
    })
  }

  follow(listener: (event: PeerEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  opened(side: Side): void {
    const peer = nodeId(side.peer)
    this.sides.set(peer, side)
    for (const listener of this.#listeners) listener({ kind: "opened", peer, node: side.peer })
  }

  lost(side: Side): void {
    const peer = nodeId(side.peer)
    if (this.sides.get(peer) !== side) return
    this.sides.delete(peer)
    for (const [number, call] of this.#calls)
      if (call.peer === side) this.#end(number)?.fail(new AgentOSError("NODE_LOST", peer))
    for (const listener of this.#listeners) listener({ kind: "closed", peer })
  }

  take(side: Side, what: Posted): void {
    if ("batch" in what) return side.link.receive(what.batch)
    if ("answer" in what) {
      const call = this.#end(what.answer)
      if (what.failure === undefined) call?.done(what.value)
      else call?.fail(new AgentOSError(what.failure.code, what.failure.message))
      return
    }
    const service = this.#services.get(what.service)
    const handled = (async () => service?.handle(what.type, what.payload as never, nodeId(side.peer)))()
    const { call } = what
    if (call === undefined) return void handled.catch((error: unknown) => this.system.logger.error({ error }, "a tell failed")) // prettier-ignore
    handled.then(
      (value) => {
        side.link.flush()
        side.post({ answer: call, value })
      },
      (error: AgentOSError) => side.post({ answer: call, failure: { code: error.code, message: error.message } }),
    )
  }

  #end(number: number) {
    const call = this.#calls.get(number)
    this.#calls.delete(number)
    return call
  }
}

/** All nodes of a test. */
export class LocalMesh {
  readonly clock: Clock
  /** How long the next batch takes. */
  delay: () => number

  constructor(clock: Clock, delay: () => number = () => 1) {
    this.clock = clock
    this.delay = delay
  }

  connect(a: LocalPeers, b: LocalPeers): void {
    if (a.sides.has(b.selfId)) return
    const [toB, toA] = [new Side(a, b.self, this), new Side(b, a.self, this)]
    toB.other = toA
    toA.other = toB
    a.opened(toB)
    b.opened(toA)
  }

  /** Both hear of it, each at its time. */
  cut(a: LocalPeers, b: LocalPeers, laterMs = 0): void {
    const [toB, toA] = [a.sides.get(b.selfId), b.sides.get(a.selfId)]
    toB?.close()
    if (laterMs === 0) toA?.close()
    else this.clock.timer(laterMs, () => toA?.close())
  }
}
