/**
 * What the names on the links of a mesh stand for. An actor's address names its node, so a ref that B sends to C leads straight to where the actor lives, by C's own link;
 * nothing is sent on by B. Entities and services are known by name everywhere.
 */
import { parseAddress } from "#actors/address.js"
import type { Compiled } from "#actors/compiled.js"
import { AgentOSError } from "#actors/errors.js"
import type { PersistenceId } from "#actors/persistence/journal.js"
import type { Directory } from "#actors/remote/directory.js"
import type { FarNames, Link } from "#actors/remote/link.js"
import { RemoteRef } from "#actors/remote/remote-ref.js"
import { AddressedRef, type Ref } from "#actors/ref.js"
import type { ActorSystem } from "#actors/system.js"
import type { NodeId } from "./node.js"
import type { EntityDoor, Service } from "./peers.js"
import { serviceOf, ServiceRef } from "./service-ref.js"

/** Names whose parsed form is kept, for each link. */
const mostParsed = 4096

/** What a node knows beyond one link. */
export interface Neighbourhood {
  readonly system: ActorSystem
  readonly directory: Directory
  readonly selfId: NodeId
  door(): EntityDoor
  service(name: string): Service | undefined
  /** The link to another node; one that is over where there is no such node. */
  linkTo(id: NodeId): Link
  /** A link that is over, for actors of this node that are. */
  ended(): Link
}

/** The node in an actor's address, or in the name of another ref of a node. @returns undefined for other names */
export function nodeOfName(name: string): NodeId | undefined {
  const [, encoded] = /^(?:actor|ref):\/\/[^/]+\/([^/]+)\//.exec(name) ?? []
  if (encoded === undefined) return undefined
  try {
    // Actors on worker threads bear the name of their thread, which is that of the node and more.
    return decodeURIComponent(encoded).split("~")[0]
  } catch {
    return undefined
  }
}

/** What refs of a node are known by whose address is that of another. */
export const refPrefix = (system: string, node: NodeId): string =>
  `ref://${encodeURIComponent(system)}/${encodeURIComponent(node)}/`

/** The names on the link to one peer. */
export class PeerNames implements FarNames {
  readonly #around: Neighbourhood
  readonly #peer: NodeId
  readonly #parsed = new Map<string, PersistenceId>()
  readonly #services = new Map<string, ServiceRef>()

  constructor(around: Neighbourhood, peer: NodeId) {
    this.#around = around
    this.#peer = peer
  }

  recipient(name: string): Ref | undefined {
    const { system } = this.#around
    if (name.startsWith("entity:")) return this.#around.door().arrived(this.#entity(name), this.#peer)
    const service = serviceOf(name)
    if (service === undefined) return undefined
    let ref = this.#services.get(service)
    if (ref === undefined) {
      ref = new ServiceRef(system, service, () => this.#around.service(service), this.#peer)
      if (this.#around.service(service) !== undefined) this.#services.set(service, ref) // others are many
    }
    return ref
  }

  refOf(name: string, compiled: Compiled | undefined): Ref | undefined {
    if (name.startsWith("entity:")) return this.#entityRef(name)
    const node = nodeOfName(name)
    if (node === undefined || node === this.#peer) return undefined
    const { selfId, linkTo, ended } = this.#around
    const link = node === selfId ? ended() : linkTo(node)
    return compiled === undefined ? link.remoteUnknown(name) : link.remote(name, compiled)
  }

  nameOf(ref: Ref): string | undefined {
    if (ref instanceof AddressedRef) return ref.address
    return ref instanceof RemoteRef && ref.link.directory === this.#around.directory ? ref.remoteName : undefined
  }

  /** Of a definition that is not known here, only the sender may know the way. */
  #entityRef(name: string): Ref | undefined {
    try {
      const { tenant, type, key } = this.#entity(name)
      return this.#around.system.entityAt(tenant, type, key)
    } catch {
      return undefined
    }
  }

  /** @throws {AgentOSError} `INVALID_ADDRESS` */
  #entity(name: string): PersistenceId {
    const known = this.#parsed.get(name)
    if (known !== undefined) return known
    const address = parseAddress(name)
    const { system } = this.#around
    if (address.kind !== "entity" || address.system !== system.name)
      throw new AgentOSError("INVALID_ADDRESS", `${name} is no entity of the system ${system.name}`)
    const { tenant, type, key } = address
    const id = { tenant, type, key }
    if (this.#parsed.size >= mostParsed) this.#parsed.clear()
    this.#parsed.set(name, id)
    return id
  }
}
