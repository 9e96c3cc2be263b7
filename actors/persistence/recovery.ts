/** How a persistent actor comes back: from its last snapshot that this version can use, and the events after it. */
import { AgentOSError, thrownText } from "../errors.js"
import { atOnce } from "./folds.js"
import type { Journal, PersistenceId, Snapshot } from "./journal.js"
import type { OutboxState } from "./outbox.js"
import { Persisted } from "./persisted.js"
import type { AnyPersistentSpec } from "./persistent-actor.js"
import type { Entities } from "./stored.js"
import { eventOf, stateOf } from "./upgrade.js"

/**
 * @throws {AgentOSError} `RECORD_DAMAGED`, `RECORD_UNKNOWN`, `RECOVERY_FAILED`; or what the journal throws while it is
 * away
 */
export async function recovered(
  system: Entities & { readonly journal: Journal },
  spec: AnyPersistentSpec,
  id: PersistenceId,
): Promise<Persisted> {
  const { journal } = system
  const persisted = new Persisted(spec, id)
  const { title } = persisted
  try {
    persisted.state = atOnce("it", spec.state())
  } catch (cause) {
    throw ownFault(`${title}: its state cannot be made`, cause)
  }
  const snapshot = await journal.snapshot(id)
  const state = snapshot && stateOf(spec, title, snapshot, system)
  if (snapshot !== undefined && state !== undefined) {
    persisted.state = state.of
    persisted.outbox.restore(snapshot.outbox as OutboxState | undefined)
    persisted.sequence = persisted.snapshotAt = snapshot.sequence
  }
  for await (const events of journal.read(id, persisted.sequence)) {
    for (const stored of events) {
      if (stored.sequence !== persisted.sequence + 1) throw lacking(persisted, snapshot, stored.sequence)
      try {
        const { name, payload } = eventOf(spec, title, stored, system)
        persisted.fold(name, payload, persisted.sequence)
      } catch (cause) {
        throw ownFault(`${title}: event ${stored.sequence} ${JSON.stringify(stored.name)} cannot be folded`, cause)
      }
      persisted.sequence = stored.sequence
    }
  }
  const { sequence } = snapshot ?? persisted
  if (persisted.sequence < sequence) throw lacking(persisted, snapshot, sequence + 1)
  return persisted
}

/** Whether it would fail so again: what is stored, or the program, would have to change first. */
export const isLasting = ({ code }: AgentOSError): boolean =>
  code === "RECORD_DAMAGED" || code === "RECORD_UNKNOWN" || code === "RECOVERY_FAILED"

/** What the definition's own code throws is no fault of the journal. */
function ownFault(what: string, cause: unknown): AgentOSError {
  if (cause instanceof AgentOSError && isLasting(cause)) return cause
  return new AgentOSError("RECOVERY_FAILED", `${what}: ${thrownText(cause)}`, { cause })
}

/**
 * A snapshot of another version is of no use, and events that it covers may have been trimmed from the first one on:
 * those cannot be folded again. No other event is ever missing.
 * @param next the sequence of the first event that is there again
 */
function lacking({ title, spec, sequence }: Persisted, snapshot: Snapshot | undefined, next: number): AgentOSError {
  if (snapshot !== undefined && sequence === 0 && next <= snapshot.sequence + 1)
    return new AgentOSError(
      "RECORD_UNKNOWN",
      `${title}: its first events were trimmed, and the snapshot that covers them is of version ${snapshot.version}; this program takes version ${spec.version}`,
    )
  const missing = next === sequence + 2 ? `event ${next - 1} is` : `events ${sequence + 1} to ${next - 1} are`
  return new AgentOSError("RECORD_DAMAGED", `${title}: ${missing} missing, and no snapshot covers what they did`)
}
