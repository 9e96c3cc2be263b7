/**
 * What all nodes of a cluster must have alike, in a record of the registry: written by the first node, held against by every other one before it owns anything.
 *
 * Invariants
 *   A1. The record is written once, by compare-and-set: of two first nodes one finds the other's.
 *   A2. While the registry does not answer, nothing is decided: it is asked again, for as long as it takes.
 */
import type { Clock } from "#actors/clock.js"
import { AgentOSError } from "#actors/errors.js"
import { pause } from "./pause.js"
import type { Registry } from "./registry.js"
import type { ClusterState } from "./state.js"

export interface ClusterSettings {
  /** Entities are dealt into so many shards for ever (P1 of `placement.ts`). */
  readonly shards: number
  readonly state: ClusterState["kind"]
}

/** Key of the record. */
const key = "settings"
const retryMs = 500

const texts: { readonly [F in keyof ClusterSettings]: string } = { shards: "shards", state: "where state is kept" }

/**
 * Resolves when the settings are those of the cluster, or are so from now on; undefined when it was given up by the signal.
 * @param waiting is told why it has to wait, once for each reason
 * @throws {AgentOSError} `SETTINGS_DIFFER`
 */
export async function agreeOnSettings(
  registry: Registry,
  settings: ClusterSettings,
  clock: Clock,
  signal: AbortSignal,
  waiting: (reason: string) => void,
): Promise<ClusterSettings | undefined> {
  if (registry.keepsRecords === false) return settings
  let told: string | undefined
  for (;;) {
    const found = await registry.read(key)
    if (signal.aborted) return undefined
    if (found.kind === "found") return checked(found.record.value, settings)
    let reason: string | undefined
    if (found.kind === "unavailable") reason = found.reason
    else {
      const answer = await registry.write(key, JSON.stringify(settings), 0) // A1
      if (signal.aborted) return undefined
      if (answer.kind === "written") return settings
      if (answer.kind === "unavailable") reason = answer.reason
    }
    if (reason !== undefined && reason !== told) waiting((told = reason))
    if (reason !== undefined) await pause(clock, retryMs, signal) // A2
    if (signal.aborted) return undefined
  }
}

function checked(text: string, mine: ClusterSettings): ClusterSettings {
  let theirs: Partial<ClusterSettings>
  try {
    theirs = JSON.parse(text) as Partial<ClusterSettings>
  } catch (cause) {
    throw new AgentOSError("SETTINGS_DIFFER", `the record "${key}" of the registry is no JSON: ${text}`, { cause })
  }
  for (const field of Object.keys(texts) as (keyof ClusterSettings)[])
    if (theirs[field] !== mine[field])
      throw new AgentOSError(
        "SETTINGS_DIFFER",
        `this node was started with ${texts[field]} ${JSON.stringify(mine[field])}, and its cluster has ${JSON.stringify(theirs[field])}: start it with that (it can never change while there is data)`,
      )
  return mine
}
