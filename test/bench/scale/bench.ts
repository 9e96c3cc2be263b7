/**
 * What one node, one shard and one call cost Consul and PostgreSQL: the figures that `docs/scale.md` reckons with. What a message costs is in the bench of the mesh.
 */
import { findConsul } from "#test/support/consul.js"
import type { BenchRow } from "../report.js"
import { consulRows } from "./consul.js"
import { membershipRows } from "./membership.js"
import { postgresRows } from "./postgres.js"

export async function rows(progress: (text: string) => void): Promise<readonly BenchRow[]> {
  const consul = await findConsul()
  if (consul === undefined) console.log("no consul on this machine: put one on PATH, or name it in CONSUL")
  return [
    ...membershipRows(progress),
    ...(consul === undefined ? [] : await consulRows(consul, progress)),
    ...(await postgresRows(progress)),
  ]
}
