/** A node of the simulated cluster, put together by hand. */
import type { AnyDefinition } from "#actors/actor.js"
import { strongly } from "#actors/remote/holding.js"
import { LevelStore } from "#actors/persistence/level-store.js"
import { ActorSystem } from "#actors/system.js"
import { silentLogger, type Logger } from "#actors/telemetry.js"
import { fencedJournal } from "#cluster/fenced-journal.js"
import { HomeOwnership } from "#cluster/homes.js"
import { nextIncarnation } from "#cluster/incarnation.js"
import { MembershipDriver } from "#cluster/membership-driver.js"
import { Entrance, Mesh } from "#cluster/mesh.js"
import type { NodeDescription } from "#cluster/node.js"
import type { Ownership } from "#cluster/ownership.js"
import { SharedOwnership } from "#cluster/shared-ownership.js"
import { Shards } from "#cluster/shards.js"
import type { RunningNode } from "#cluster/simulation/cluster-node.js"
import type { SimulatedClusterNode } from "#cluster/simulation/cluster-simulation.js"

export const shardCount = 32

export interface AssembledNode extends RunningNode {
  readonly shards: Shards
  readonly mesh: Mesh
  readonly driver: MembershipDriver
  readonly ownership: Ownership
}

export async function assemble(
  node: SimulatedClusterNode,
  state: "shared" | "on-the-node",
  definitions: readonly AnyDefinition[],
  logger: Logger = silentLogger,
): Promise<AssembledNode> {
  const { clock, random, registry, carrier, name, simulation } = node
  const entrance = await Entrance.open(carrier)
  const incarnation = await nextIncarnation(registry, name, clock)
  const protocol = { min: 1, max: 1 }
  const self: NodeDescription = { name, incarnation, address: entrance.address, roles: [], capabilities: {}, capacity: 1, protocol } // prettier-ignore
  let ownership: Ownership
  let plain
  if (state === "shared") {
    plain = simulation.store.journalOf(name, clock)
    ownership = new SharedOwnership({ epochs: simulation.store.epochsOf(name, clock) })
  } else {
    const homes = await HomeOwnership.open(new LevelStore(await node.disk.open()), { shards: shardCount, logger })
    plain = homes.journal(clock)
    ownership = homes
  }
  const shards = new Shards({ self, ownership, clock, random, shards: shardCount })
  const types = new Set(definitions.map(({ name }) => name))
  const journal = fencedJournal(plain, ownership, (actor) => (types.has(actor.type) ? shards.shardOf(actor) : undefined)) // prettier-ignore
  const system = new ActorSystem({
    name: "simulation",
    definitions,
    journal,
    transport: shards.transport,
    clock,
    random,
    logger,
    holding: strongly,
    entities: node.entities,
  })
  const mesh = new Mesh({ system, self, carrier, entrance, clock, random, heard: (event) => driver.heard(event), door: shards }) // prettier-ignore
  const driver: MembershipDriver = new MembershipDriver({
    node: self,
    registry,
    network: mesh,
    clock,
    logger,
    seated: (event) => ownership.heard(event),
    stopped: (reason) => simulation.ended(name, reason.why),
  })
  driver.follow((view) => shards.members(view))
  shards.start({ system, peers: mesh, registry, seat: driver.seat })
  driver.join()
  return {
    system,
    shards,
    mesh,
    driver,
    ownership,
    drain: () => shards.drain(),
    async leave() {
      await shards.drain()
      driver.announceLeaving()
      await system.stop()
      await shards.leave()
      await driver.seat.leave()
      driver.close()
      await mesh.leave()
      await registry.close()
    },
  }
}
