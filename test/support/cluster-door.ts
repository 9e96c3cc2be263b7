import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { systemClock, systemRandom } from "#actors/clock.js"
import { parseConfig } from "#src/config.js"
import type { ClusterBackend, GatewayBackend } from "#src/gateway/backend.js"
import { openGateway, type Gateway } from "#src/gateway/gateway.js"
import { openLog } from "#src/monitoring/log.js"
import type { AuditRecord } from "#src/security/audit.js"
import { readTokenFile } from "#src/security/token-file.js"

export interface ClusterDoor extends Gateway {
  /** The administrator's. */
  readonly token: string
  readonly audited: readonly AuditRecord[]
}

/** The doors of a node of which only the cluster is there; commands find it by its folder, as they find any node. */
export async function openClusterDoor(folder: string, cluster: ClusterBackend | undefined): Promise<ClusterDoor> {
  const audited: AuditRecord[] = []
  const tokenFile = join(folder, "token")
  const gateway = await openGateway({
    backend: { ...(cluster === undefined ? {} : { cluster }), agents: {}, topologies: {} } as unknown as GatewayBackend,
    config: parseConfig({ gateway: { port: 0, grpcPort: 0 } }),
    clock: systemClock,
    random: systemRandom,
    logger: openLog({ level: "silent", file: "-", rotation: { megabytes: 1.0, files: 1 }, node: "door" }),
    tokenFile,
    audit: { append: async (record) => void audited.push(record) },
  })
  const { rest, grpc } = gateway
  await writeFile(join(folder, "node.json"), JSON.stringify({ pid: process.pid, rest, grpc }))
  return { ...gateway, token: (await readTokenFile(tokenFile)) ?? "", audited }
}
