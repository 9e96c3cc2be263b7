/** Nodes of one process that reach each other as `cluster/peers.ts` says, without a mesh: in order, each message copied, and links that can be cut. */
import { AgentOSError } from "#actors/errors.js"
import type { Ref } from "#actors/ref.js"
import { nodeId, type Capabilities, type NodeDescription, type NodeId } from "#cluster/node.js"
import type { CallOptions, PeerEvent, Peers, Service } from "#cluster/peers.js"

export class LinkedPeers {
  readonly #nodes = new Map<NodeId, OnePeer>()
  #incarnations = 0

  /** A node that all others have a link to. */
  join(name: string, capabilities: Capabilities = {}): Peers {
    const self: NodeDescription = { name, incarnation: ++this.#incarnations, address: "127.0.0.1:1", roles: [], capabilities, capacity: 1, protocol: { min: 1, max: 1 } } // prettier-ignore
    const peer = new OnePeer(self)
    for (const other of this.#nodes.values()) {
      other.link(peer)
      peer.link(other)
    }
    this.#nodes.set(peer.selfId, peer)
    return peer
  }

  /** Ends a node as a crash does: nothing it sent after reaches anybody, and its peers hear that it is gone. */
  crash(name: string): void {
    for (const [id, peer] of this.#nodes) {
      if (peer.self.name !== name) continue
      this.#nodes.delete(id)
      for (const other of this.#nodes.values()) {
        other.unlink(id)
        peer.unlink(other.selfId)
      }
    }
  }
}

class OnePeer implements Peers {
  readonly selfId: NodeId
  readonly #services = new Map<string, Service>()
  readonly #links = new Map<NodeId, { readonly peer: OnePeer; readonly waiting: Set<(error: AgentOSError) => void> }>()
  readonly #listeners = new Set<(event: PeerEvent) => void>()

  constructor(readonly self: NodeDescription) {
    this.selfId = nodeId(self)
  }

  link(peer: OnePeer): void {
    this.#links.set(peer.selfId, { peer, waiting: new Set() })
    queueMicrotask(() => this.#tellAll({ kind: "opened", peer: peer.selfId, node: peer.self }))
  }

  unlink(id: NodeId): void {
    const link = this.#links.get(id)
    this.#links.delete(id)
    for (const fail of link?.waiting ?? []) fail(new AgentOSError("NODE_LOST", `${id} was lost`, { node: id }))
    this.#tellAll({ kind: "closed", peer: id })
  }

  open = (): Iterable<NodeId> => [...this.#links.keys()]
  named = (name: string): NodeId | undefined => [...this.#links.keys()].find((id) => id.startsWith(`${name}#`))
  entityAt = (): Ref | undefined => undefined

  serve(name: string, service: Service): void {
    if (this.#services.has(name)) throw new Error(`service ${name} is served twice`)
    this.#services.set(name, service)
  }

  tell(id: NodeId, service: string, type: string, payload: unknown): boolean {
    const link = this.#links.get(id)
    if (link === undefined) return false
    const copy = structuredClone(payload)
    setImmediate(() => void this.#arrive(link.peer, service, type, copy)?.catch(() => undefined))
    return true
  }

  call(id: NodeId, service: string, type: string, payload: unknown, options: CallOptions = {}): Promise<unknown> {
    const link = this.#links.get(id)
    if (link === undefined) return Promise.reject(new AgentOSError("NODE_UNREACHABLE", `${id} cannot be reached`))
    const copy = structuredClone(payload)
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => fail(new AgentOSError("ASK_TIMEOUT", `${id} did not answer`)), options.timeoutMs ?? 5000) // prettier-ignore
      const fail = (error: unknown): void => {
        clearTimeout(timer)
        link.waiting.delete(fail)
        reject(error)
      }
      link.waiting.add(fail)
      setImmediate(() => {
        this.#arrive(link.peer, service, type, copy)?.then(
          (answer) =>
            setImmediate(() => {
              if (this.#links.get(id) !== link) return
              clearTimeout(timer)
              link.waiting.delete(fail)
              resolve(structuredClone(answer))
            }),
          (error: unknown) => setImmediate(() => this.#links.get(id) === link && fail(error)),
        )
      })
    })
  }

  follow(listener: (event: PeerEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #arrive(peer: OnePeer, service: string, type: string, payload: unknown): Promise<unknown> | undefined {
    if (this.#links.get(peer.selfId)?.peer !== peer) return undefined
    const found = peer.#services.get(service)
    return (async () => {
      if (found === undefined) throw new AgentOSError("UNKNOWN_MESSAGE", `nobody serves ${service}`)
      return found.handle(type, payload as never, this.selfId)
    })()
  }

  #tellAll(event: PeerEvent): void {
    for (const listener of this.#listeners) listener(event)
  }
}
