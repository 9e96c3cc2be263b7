/**
 * Notes what a store holds from before there were notes of what is kept (K1 of `kept.ts`): runs that have ended and
 * conversations, so that they are let go in their turn. Once for each store.
 */
import { DEFAULT_TENANT } from "#actors/cause.js"
import { joined, parted } from "#actors/names.js"
import type { Journal, PersistenceId } from "#actors/persistence/journal.js"
import { keptKey, kinds, type KeptParts, type Note } from "./kept.js"
import { foldRun, newRunState, sizeOf, type RunLogEvent } from "./run-log.js"

const done = joined("kept-from-before")
const dayMs = 86_400_000

/**
 * @param isOpen whether a run is open, as its own note says
 *
 * @param stopped whether to leave the rest for another time
 */
export async function noteFromBefore(
  { records, journal, clock }: Pick<KeptParts, "records" | "journal" | "clock">,
  isOpen: (actor: PersistenceId) => boolean,
  stopped: () => boolean,
): Promise<void> {
  if ((await records.get(done)) !== undefined) return
  const types = [...kinds.runs, ...kinds.conversations]
  const tenants = new Set([DEFAULT_TENANT])
  for (const type of types)
    for await (const [key] of records.entries(`${joined("kept", type)}/`)) tenants.add(parted(key)[2] ?? "")
  for (const tenant of tenants)
    for (const type of types)
      for await (const key of journal.keys(tenant, type)) {
        if (stopped()) return
        const actor = { tenant, type, key }
        if (isOpen(actor) || (await records.get(keptKey(actor))) !== undefined) continue
        const note = await noteOf(journal, actor, clock.wallTime() - dayMs).catch(() => undefined) // damage is told elsewhere
        if (note !== undefined) await records.write([[keptKey(actor), note]])
      }
  await records.write([[done, true]])
}

/** @returns undefined for a run that may have begun just now: it has not ended, and was written to since */
async function noteOf(journal: Journal, actor: PersistenceId, since: number): Promise<Note | undefined> {
  const state = newRunState()
  let [at, size, sequence] = [0, 0, 0]
  for await (const events of journal.read(actor))
    for (const event of events) {
      ;({ wallTime: at, sequence } = event)
      if (actor.type === "run") foldRun(state, event as unknown as RunLogEvent)
      else size += JSON.stringify(event.payload).length
    }
  if (actor.type !== "run") return { at, size }
  const over = state.ended ?? state.failed ?? state.interrupted
  if (over === undefined && at > since) return undefined
  const { target = "", caller } = state.started ?? {}
  return { at, size: sizeOf(state), run: { sequence, target, ...(caller === undefined ? {} : { caller }) } }
}
