/** How nodes, locks and records of one cluster are written in Consul: readable to whoever looks there. */
import type { KeyEntry, ServiceEntry } from "./consul-agent.js"
import { checkedCluster, type Holder, type NodeRecord } from "./registry.js"

/** The names of one cluster (R6 of registry.ts). */
export class ConsulNames {
  readonly service: string
  readonly #root: string

  /** @throws AgentOSError `INVALID_NODE` */
  constructor(cluster: string) {
    checkedCluster(cluster)
    this.service = `llmagentos-${cluster}`
    this.#root = `llmagentos/${cluster}`
  }

  /** Each incarnation is a service of its own, so that nobody's signs of life keep another's session. */
  serviceId({ id, incarnation }: Holder): string {
    return `${this.service}:${id}@${incarnation}` // no name has a colon, so none is the beginning of another
  }

  isService(id: string): boolean {
    return id.startsWith(`${this.service}:`)
  }

  lock(key: string): string {
    return `${this.#root}/lock/${key}`
  }

  record(key: string): string {
    return `${this.#root}/record/${key}`
  }

  /** The key by which a lock or record is known outside. */
  keyOf({ key }: KeyEntry): string {
    return key.slice(key.indexOf("/", this.#root.length + 1) + 1)
  }
}

// A value of `Meta` has at most 512 characters; tags have no such limit, so lists go there.

/** What a node says about itself, as part of its service. */
export function encodeNode(node: NodeRecord): Pick<ServiceEntry, "tags" | "meta" | "address" | "port"> {
  const colon = node.address.lastIndexOf(":")
  return {
    address: node.address.slice(0, colon),
    port: Number(node.address.slice(colon + 1)),
    meta: {
      node: node.id,
      incarnation: String(node.incarnation),
      protocol: String(node.protocol),
      gpu: String(node.gpu),
    },
    tags: [...node.roles.map((role) => `role=${role}`), ...node.models.map((model) => `model=${model}`)],
  }
}

/** @returns undefined for a service that no node of ours has registered */
export function decodeNode({ tags, meta, address, port }: ServiceEntry): NodeRecord | undefined {
  const { node: id, gpu } = meta
  const incarnation = Number(meta["incarnation"] ?? NaN)
  const protocol = Number(meta["protocol"] ?? NaN)
  if (id === undefined || !Number.isSafeInteger(incarnation) || !Number.isSafeInteger(protocol)) return undefined
  const tagged = (kind: string): string[] =>
    tags.filter((tag) => tag.startsWith(`${kind}=`)).map((tag) => tag.slice(kind.length + 1))
  return {
    id,
    incarnation,
    address: `${address}:${port}`,
    protocol,
    roles: tagged("role"),
    models: tagged("model"),
    gpu: gpu === "true",
  }
}

export const encodeHolder = ({ id, incarnation }: Holder): string => `${id}@${incarnation}`

/** @returns undefined for a text that no node of ours has written */
export function decodeHolder(text: string): Holder | undefined {
  const match = /^(.+)@([0-9]+)$/.exec(text)
  return match === null ? undefined : { id: match[1] ?? "", incarnation: Number(match[2]) }
}
