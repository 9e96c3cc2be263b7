/** Declares a node lost whose state lies on it, for good: H5 of `homes.ts`. */
import { AgentOSError, thrownText } from "#actors/errors.js"
import { nodesNow } from "./home-census.js"
import { parseRecord, recordText } from "./home-record.js"
import { incarnationOf, nodeId } from "./node.js"
import type { OwnershipPorts } from "./ownership.js"

type Ports = Pick<OwnershipPorts, "registry" | "peers" | "self">

/**
 * Frees the shards that a node is home of.
 * @returns how many
 * @throws {AgentOSError} `NODE_ALIVE` while somebody sees it alive, `UNAVAILABLE` when the registry does not answer: called again it goes on where it was
 */
export async function forgetNode(ports: Ports, name: string, signal: AbortSignal): Promise<number> {
  const { registry } = ports
  const unavailable = (reason: string): AgentOSError =>
    new AgentOSError("UNAVAILABLE", `the registry does not answer: ${reason}; call again, and what is missing is done`)
  const by = await seenAliveBy(ports, name, signal).catch((error: unknown) => {
    throw unavailable(thrownText(error))
  })
  if (by !== undefined)
    throw new AgentOSError("NODE_ALIVE", `${name} is alive, as ${by} sees it: its state is not lost. Let it leave, or stop it first`) // prettier-ignore
  for (let freed = 0; ;) {
    const listed = await registry.list("home/")
    if (listed.kind === "unavailable") throw unavailable(listed.reason)
    const lost = listed.records.flatMap(({ key, value, version }) => {
      const record = parseRecord(value)
      return record?.home === name ? [{ key, version, epoch: record.epoch }] : []
    })
    if (lost.length === 0) return freed
    for (const { key, version, epoch } of lost) {
      const written = await registry.write(key, recordText({ home: undefined, epoch: epoch + 1 }), version)
      if (written.kind === "unavailable") throw unavailable(written.reason)
      if (written.kind === "written") freed += 1
    }
  }
}

/** Who sees a node alive, if anybody does. */
async function seenAliveBy(
  { registry, peers, self }: Ports,
  name: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (name === self.name) return "this node itself"
  const nodes = await nodesNow(registry, signal)
  const living = nodes.find(({ node, health }) => node.name === name && health === "passing")
  if (living !== undefined) return `the registry (${nodeId(living.node)})`
  if (peers.named(name) !== undefined) return self.name
  const asked = [...peers.open()].map(async (peer) => {
    const sees = await peers.call(peer, "homes", "sees", name).catch(() => false)
    return sees === true ? incarnationOf(peer)?.name : undefined
  })
  return (await Promise.all(asked)).find((by) => by !== undefined)
}
