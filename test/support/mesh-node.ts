/** Nodes of a mesh in one process, admitted to each other by hand. */
import { createActorSystem, systemClock, systemRandom, type ActorSystem, type Clock } from "#actors/index.js"
import type { AnyDefinition } from "#actors/actor.js"
import type { Logger } from "#actors/telemetry.js"
import type { Carrier } from "#cluster/carrier.js"
import { Entrance, Mesh, type MeshOptions } from "#cluster/mesh.js"
import type { MembershipEvent } from "#cluster/membership.js"
import { nodeId, type NodeDescription, type NodeId } from "#cluster/node.js"

export interface MeshNode {
  readonly id: NodeId
  readonly node: NodeDescription
  readonly system: ActorSystem
  readonly mesh: Mesh
  readonly heard: MembershipEvent[]
  /** What the service "hand" gives. */
  offered: unknown
  stop(): Promise<void>
}

export interface MeshNodeOptions extends Partial<Pick<MeshOptions, "timings" | "sizes">> {
  readonly definitions?: readonly AnyDefinition[]
  readonly incarnation?: number
  readonly cluster?: string
  readonly clock?: Clock
  readonly protocol?: NodeDescription["protocol"]
  readonly logger?: Logger
}

/** A node that serves every entity it is asked for. */
export async function openMeshNode(name: string, carrier: Carrier, options: MeshNodeOptions = {}): Promise<MeshNode> {
  const { incarnation = 1, cluster = "test", clock = systemClock, definitions = [], timings, sizes, logger } = options
  const entrance = await Entrance.open(carrier)
  const node: NodeDescription = {
    name,
    incarnation,
    address: entrance.address,
    roles: [],
    capabilities: {},
    capacity: 1,
    protocol: options.protocol ?? { min: 1, max: 1 },
  }
  const id = nodeId(node)
  const system = await createActorSystem({
    name: cluster,
    definitions,
    clock,
    shutdownTimeoutMs: 1000,
    transport: { node: id, entity: () => undefined },
    ...(logger === undefined ? {} : { logger }),
  })
  const heard: MembershipEvent[] = []
  const mesh = new Mesh({
    system,
    self: node,
    carrier,
    entrance,
    clock,
    random: systemRandom,
    heard: (event) => heard.push(event),
    door: { arrived: (entity) => system.entityHere(entity) },
    ...(timings === undefined ? {} : { timings }),
    ...(sizes === undefined ? {} : { sizes }),
  })
  const stop = async (): Promise<void> => {
    await mesh.close()
    await system.stop()
  }
  const made: MeshNode = { id, node, system, mesh, heard, offered: undefined, stop }
  mesh.serve("hand", { handle: () => made.offered })
  return made
}

/** Lets nodes admit each other, and waits until they can talk. */
export async function acquaint(...nodes: readonly MeshNode[]): Promise<void> {
  const opened = nodes.flatMap(({ mesh }) =>
    nodes
      .filter((other) => other.mesh !== mesh && ![...mesh.open()].includes(other.id))
      .map(
        (other) =>
          new Promise<void>((done) => {
            const unfollow = mesh.follow((event) => {
              if (event.kind !== "opened" || event.peer !== other.id) return
              unfollow()
              done()
            })
          }),
      ),
  )
  for (const { mesh, id } of nodes) for (const other of nodes) if (other.id !== id) mesh.connect(other.id, other.node)
  await Promise.all(opened)
}

/** A ref of `from`, as `to` gets it in a message. */
export async function handed<R>(from: MeshNode, to: MeshNode, ref: R): Promise<R> {
  from.offered = ref
  return (await to.mesh.call(from.id, "hand", "take", undefined)) as R
}
