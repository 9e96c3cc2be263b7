/**
 * Nodes of one process that call each other directly, as `Peers` would over streams: what is sent arrives in order, a
 * moment later; links open and close by hand.
 */
import { createActorSystem, type ActorSystem } from "#actors/system.js"
import type { ActorSystemOptions } from "#actors/system-options.js"
import { AgentOSError } from "#actors/errors.js"
import { nodeId, type NodeDescription, type NodeId } from "#cluster/node.js"
import type { CallOptions, PeerEvent, Peers, Service } from "#cluster/peers.js"

export class NearNode implements Peers {
  readonly self: NodeDescription
  readonly selfId: NodeId
  readonly system: ActorSystem
  readonly links = new Map<NodeId, NearNode>()
  readonly #services = new Map<string, Service>()
  readonly #listeners = new Set<(event: PeerEvent) => void>()

  constructor(self: NodeDescription, system: ActorSystem) {
    this.self = self
    this.selfId = nodeId(self)
    this.system = system
  }

  open(): Iterable<NodeId> {
    return this.links.keys()
  }

  named(name: string): NodeId | undefined {
    return [...this.links.values()].find(({ self }) => self.name === name)?.selfId
  }

  entityAt(): undefined {
    return undefined
  }

  serve(name: string, service: Service): void {
    this.#services.set(name, service)
  }

  tell(peer: NodeId, service: string, type: string, payload: unknown): boolean {
    const node = this.links.get(peer)
    if (node === undefined) return false
    void this.#send(node, service, type, payload).catch(() => undefined)
    return true
  }

  call(peer: NodeId, service: string, type: string, payload: unknown, _options?: CallOptions): Promise<unknown> {
    const node = this.links.get(peer)
    if (node === undefined) return Promise.reject(new AgentOSError("NODE_UNREACHABLE", `no link to ${peer}`))
    return this.#send(node, service, type, payload)
  }

  follow(listener: (event: PeerEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  tellListeners(event: PeerEvent): void {
    for (const listener of this.#listeners) listener(event)
  }

  async #send(node: NearNode, service: string, type: string, payload: unknown): Promise<unknown> {
    await Promise.resolve()
    if (this.links.get(node.selfId) !== node) throw new AgentOSError("NODE_LOST", `the link to ${node.selfId} is lost`)
    return node.#services.get(service)?.handle(type, payload as never, this.selfId)
  }
}

/** Opens the link between two nodes. */
export function link(one: NearNode, other: NearNode): void {
  one.links.set(other.selfId, other)
  other.links.set(one.selfId, one)
  one.tellListeners({ kind: "opened", peer: other.selfId, node: other.self })
  other.tellListeners({ kind: "opened", peer: one.selfId, node: one.self })
}

export function unlink(one: NearNode, other: NearNode): void {
  one.links.delete(other.selfId)
  other.links.delete(one.selfId)
  one.tellListeners({ kind: "closed", peer: other.selfId })
  other.tellListeners({ kind: "closed", peer: one.selfId })
}

export async function nearNodes(
  t: { teardown(then: () => unknown): void },
  names: readonly string[],
  options: Omit<ActorSystemOptions, "name"> = {},
): Promise<readonly NearNode[]> {
  const nodes: NearNode[] = []
  for (const name of names) {
    const system = await createActorSystem({
      shutdownTimeoutMs: 5,
      ...options,
      name: "near",
      transport: { node: name, entity: () => undefined },
    })
    t.teardown(() => system.stop())
    const protocol = { min: 1, max: 1 }
    nodes.push(
      new NearNode(
        { name, incarnation: 1, address: `${name}:1`, roles: [], capabilities: {}, capacity: 1, protocol },
        system,
      ),
    )
  }
  return nodes
}

export function linkAll(nodes: readonly NearNode[]): void {
  nodes.forEach((one, n) => nodes.slice(n + 1).forEach((other) => link(one, other)))
}
