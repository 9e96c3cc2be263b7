/**
 * The mesh with real nodes: processes on machines of their own (network namespaces), three Consul servers, PostgreSQL; and simulated ones. Each row is a promise of the mesh.
 *
 * PROOFS=partitions,kills runs only those; QUICK=1 runs few cycles. Needs root, iproute2, Consul and PostgreSQL; what is missing is said, and then nothing is proved.
 */
import type { BenchRow } from "#test/bench/report.js"
import { level } from "./level.js"
import { malformed } from "./malformed.js"
import { many } from "./many.js"
import { outages } from "./outages.js"
import { rebalance } from "./rebalance.js"
import { rolling } from "./rolling.js"
import { row, type Progress } from "./rows.js"
import { simulation } from "./simulation.js"
import { Missing } from "./stage.js"
import { strangers } from "./strangers.js"
import { kills, partitions, pauses } from "./takeovers.js"

const proofs: Readonly<Record<string, (progress: Progress) => Promise<readonly BenchRow[]>>> = {
  partitions,
  pauses,
  kills,
  outages,
  rolling,
  rebalance,
  level,
  many,
  strangers,
  malformed,
  simulation,
}

export async function rows(progress: Progress): Promise<readonly BenchRow[]> {
  const wanted = process.env["PROOFS"]?.split(",") ?? Object.keys(proofs)
  const unknown = wanted.filter((name) => proofs[name] === undefined)
  if (unknown.length > 0)
    throw new Error(`there is no proof ${unknown.join(", ")}; there are ${Object.keys(proofs).join(", ")}`)
  const found: BenchRow[] = []
  for (const name of wanted) {
    progress(name)
    try {
      found.push(...((await proofs[name]?.(progress)) ?? []))
    } catch (error) {
      console.error(`${name} is not proved:`, error instanceof Missing ? error.message : error)
      if (!(error instanceof Missing)) found.push(row(`${name}: came to its end`, "", 0, "1", false))
    }
  }
  return found
}
