import { systemClock, systemRandom } from "#actors/clock.js"
import { ApiKeys, type KeyRecord } from "../security/keys.js"
import { withNode } from "./node.js"
import type { GlobalOptions } from "./settings.js"

export async function createKey(
  name: string,
  options: GlobalOptions & { readonly requestsPerMinute?: number; readonly tenant?: string },
): Promise<void> {
  const { requestsPerMinute, tenant } = options
  const given = { ...(requestsPerMinute && { requestsPerMinute }), ...(tenant !== undefined && { tenant }) }
  const { key } = await withNode(options, async (node) =>
    node.kind === "local"
      ? (await ApiKeys.open(node.os.keys, systemClock, systemRandom)).create(name, given)
      : node.call<{ key: string }>("POST", "/v1/keys", { name, ...given }),
  )
  console.log(`${key}\n\nKeep it: it is not shown again. Send it as \`Authorization: Bearer KEY\`.`)
}

export async function listKeys(options: GlobalOptions): Promise<void> {
  const keys = await withNode(options, async (node) =>
    node.kind === "local"
      ? (await ApiKeys.open(node.os.keys, systemClock, systemRandom)).list()
      : (await node.call<{ keys: KeyRecord[] }>("GET", "/v1/keys")).keys,
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
    else await node.call("DELETE", `/v1/keys/${encodeURIComponent(id)}`)
  })
  console.log(`revoked ${id}`)
}
