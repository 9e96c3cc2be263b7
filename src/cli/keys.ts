import { systemClock, systemRandom } from "#actors/clock.js"
import { ApiKeys } from "../security/keys.js"
import { withNode } from "./node.js"
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

export async function listKeys(options: GlobalOptions): Promise<void> {
  const keys = await withNode(options, async (node) =>
    node.kind === "local"
      ? (await ApiKeys.open(node.os.keys, systemClock, systemRandom)).list()
      : (await node.call("ListKeys", {})).keys,
  )
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
  await withNode(options, async (node) => {
    if (node.kind === "local") await (await ApiKeys.open(node.os.keys, systemClock, systemRandom)).revoke(id)
    else await node.call("RevokeKey", { id })
  })
  console.log(`revoked ${id}`)
}
