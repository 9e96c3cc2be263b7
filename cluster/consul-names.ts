/** How nodes, locks and records of one cluster are written in Consul: readable to whoever looks there. */
import type { KeyEntry, ServiceEntry } from "./consul-agent.js"
import { AgentOSError } from "#actors/errors.js"
import { checkedCluster, isNode, nodeId, type Incarnation, type NodeDescription } from "./node.js"
import type { RegisteredNode } from "./registry.js"

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
  serviceId(node: Incarnation): string {
    return `${this.service}:${nodeId(node)}` // no name has a colon, so none is the beginning of another
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

/** What Consul takes as the meta of a service: so many values, of so many bytes each. */
const metaLimits = { values: 64, bytes: 512 }
/** Roles are tags, so that Consul can be asked for the nodes of one; a tag has no such limit. */
const roleTag = "role="

type Description = Pick<ServiceEntry, "tags" | "meta" | "address" | "port">

/**
 * What a node says of itself, as part of its service. Its capabilities are one JSON text, cut into as many values as it takes.
 *
 * @throws AgentOSError `INVALID_NODE` when that are more than Consul takes
 */
export function encodeNode({
  name,
  incarnation,
  address,
  roles,
  capabilities,
  capacity,
  protocol,
}: NodeDescription): Description {
  const colon = address.lastIndexOf(":")
  const short = {
    node: name,
    incarnation: String(incarnation),
    capacity: String(capacity),
    protocol: `${protocol.min}-${protocol.max}`,
    leaving: "false",
  }
  const pieces = cut(JSON.stringify(capabilities))
  const room = metaLimits.values - Object.keys(short).length
  if (pieces.length > room) {
    const bytes = room * metaLimits.bytes
    throw new AgentOSError(
      "INVALID_NODE",
      `capabilities of a node must be at most ${bytes} bytes of JSON in Consul, not ${pieces.join("").length}`,
    )
  }
  return {
    address: address.slice(0, colon),
    port: Number(address.slice(colon + 1)),
    meta: { ...short, ...Object.fromEntries(pieces.map((piece, n) => [`capabilities-${n}`, piece])) },
    tags: roles.map((role) => `${roleTag}${role}`),
  }
}

/** The same service once its node has announced that it will leave. */
export const leavingNode = (node: Description): Description => ({ ...node, meta: { ...node.meta, leaving: "true" } })

/** @returns undefined for a service that no node of ours has registered */
export function decodeNode({ tags, meta, address, port }: ServiceEntry): Omit<RegisteredNode, "health"> | undefined {
  const [, min, max] = /^([0-9]+)-([0-9]+)$/.exec(meta["protocol"] ?? "") ?? []
  const node: NodeDescription = {
    name: meta["node"] ?? "",
    incarnation: Number(meta["incarnation"] ?? NaN),
    address: `${address}:${port}`,
    roles: tags.filter((tag) => tag.startsWith(roleTag)).map((tag) => tag.slice(roleTag.length)),
    capabilities: joined(meta) as NodeDescription["capabilities"],
    capacity: Number(meta["capacity"] ?? NaN),
    protocol: { min: Number(min ?? NaN), max: Number(max ?? NaN) },
  }
  return isNode(node) ? { node, leaving: meta["leaving"] === "true" } : undefined
}

/** One JSON text in pieces that Consul takes; of ASCII alone, so that a character is a byte. */
function cut(json: string): readonly string[] {
  const ascii = json.replaceAll(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
  return ascii.match(new RegExp(`.{1,${metaLimits.bytes}}`, "g")) ?? []
}

/** @returns undefined when it is not what `cut` has made */
function joined(meta: ServiceEntry["meta"]): unknown {
  let json = ""
  for (let n = 0, piece; (piece = meta[`capabilities-${n}`]) !== undefined; n++) json += piece
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}
