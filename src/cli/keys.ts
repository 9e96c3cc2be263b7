import { systemClock, systemRandom } from "#actors/clock.js"
import { AgentOSError } from "#actors/errors.js"
import { ApiKeys } from "../security/keys.js"
import { withNode, type LocalNode, type RemoteNode } from "./node.js"
import type { GlobalOptions } from "./settings.js"

export async function createKey(
  name: string,
  options: GlobalOptions & { readonly requestsPerMinute?: number; readonly tenant?: string },
): Promise<void> {
  const { requestsPerMinute, tenant } = options
  const given = {
    ...(requestsPerMinute !== undefined && { requestsPerMinute }),
    ...(tenant !== undefined && { tenant }),
  }
  const { key } = await withNode(options, async (node) =>
    node.kind === "local"
      ? (await ApiKeys.open(node.os.keys, systemClock, systemRandom)).create(name, given)
      : node.call("CreateKey", { name, ...given }),
  )
  console.log(`${key}\n\nKeep it: it is not shown again. Send it as \`Authorization: Bearer KEY\`.`)
}

const keysOf = async (node: RemoteNode | LocalNode) =>
  node.kind === "local"
    ? (await ApiKeys.open(node.os.keys, systemClock, systemRandom)).list()
    : (await node.call("ListKeys", {})).keys

export async function listKeys(options: GlobalOptions): Promise<void> {
  const keys = await withNode(options, keysOf, { looks: true })
  console.table(
    Object.fromEntries(
      keys.map(({ id, name, tenant, createdAt, revokedAt }) => [
        id,
        {
          name,
          tenant,
          created: new Date(createdAt).toISOString(),
          revoked: revokedAt === undefined ? "" : new Date(revokedAt).toISOString(),
        },
      ]),
    ),
  )
}

export async function revokeKey(id: string, options: GlobalOptions): Promise<void> {
  const before = await withNode(options, async (node) => {
    const known = (await keysOf(node)).find((key) => key.id === id)
    if (known === undefined)
      throw new AgentOSError("UNKNOWN_KEY", `no API key has the id ${id || '""'}; \`keys list\` shows them`)
    if (known.revokedAt !== undefined) return known.revokedAt
    if (node.kind === "local") await (await ApiKeys.open(node.os.keys, systemClock, systemRandom)).revoke(id)
    else await node.call("RevokeKey", { id })
    return undefined
  })
  console.log(
    before === undefined ? `revoked ${id}` : `${id} was revoked already, at ${new Date(before).toISOString()}`,
  )
}
