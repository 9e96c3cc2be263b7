/** How a persistent actor comes back: from its last snapshot that this version can use, and the events after it. */
import { AgentOSError, thrownText } from "../errors.js"
import type { Journal, PersistenceId, Snapshot, StoredEvent } from "./journal.js"
import { isReserved, type OutboxState } from "./outbox.js"
import { Persisted } from "./persisted.js"
import type { AnyPersistentSpec } from "./persistent-actor.js"
import { fromStored, type Entities } from "./stored.js"

/** @throws {AgentOSError} `RECORD_DAMAGED`, `RECORD_UNKNOWN`, `RECOVERY_FAILED`; or what the journal throws while it is away */
export async function recovered(
  system: Entities & { readonly journal: Journal },
  spec: AnyPersistentSpec,
  id: PersistenceId,
): Promise<Persisted> {
  const { journal } = system
  const persisted = new Persisted(spec, id)
  const { title } = persisted
  persisted.state = own(`${title}: its state cannot be made`, () => spec.state())
  const snapshot = await journal.snapshot(id)
  const state = snapshot && own(`${title}: its snapshot cannot be upgraded`, () => upgraded(spec, snapshot, system))
  if (snapshot !== undefined && state !== undefined) {
    persisted.state = state.of
    persisted.outbox.restore(snapshot.outbox as OutboxState | undefined)
    persisted.sequence = persisted.snapshotAt = snapshot.sequence
  }
  for await (const events of journal.read(id, persisted.sequence)) {
    for (const stored of events) {
      if (stored.sequence !== persisted.sequence + 1) throw lacking(persisted, snapshot, stored.sequence)
      if (stored.version > spec.version)
        throw new AgentOSError(
          "RECORD_UNKNOWN",
          `${title}: event ${stored.sequence} is of version ${stored.version}; this program knows versions up to ${spec.version}`,
        )
      try {
        const { name, payload } = inThisVersion(spec, stored, system)
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
function own<T>(what: string, call: () => T): T {
  try {
    return call()
  } catch (cause) {
    throw ownFault(what, cause)
  }
}

function ownFault(what: string, cause: unknown): AgentOSError {
  if (cause instanceof AgentOSError && isLasting(cause)) return cause
  return new AgentOSError("RECOVERY_FAILED", `${what}: ${thrownText(cause)}`, { cause })
}

type Event = Pick<StoredEvent, "name" | "payload">

/** What the outbox keeps stays as it is stored. */
function inThisVersion(spec: AnyPersistentSpec, stored: StoredEvent, entities: Entities): Event {
  if (isReserved(stored.name)) return stored
  const payload = fromStored(stored.payload, entities)
  let event: Event = payload === stored.payload ? stored : { ...stored, payload }
  for (let version = stored.version; version < spec.version; version++)
    event = spec.upgrade?.[version]?.(event) ?? event
  return event
}

/** The state of a snapshot in the form of this version; undefined when the snapshot is of no use. */
function upgraded(
  spec: AnyPersistentSpec,
  { version, state }: Snapshot,
  entities: Entities,
): { readonly of: unknown } | undefined {
  if (version > spec.version) return undefined
  let of = fromStored(state, entities)
  for (let from = version; from < spec.version; from++) {
    const upgrade = spec.upgradeState?.[from]
    if (upgrade === undefined) return undefined
    of = upgrade(of)
  }
  return { of }
}

/**
 * A snapshot of another version is of no use, and events that it covers may have been trimmed from the first one on: those cannot be folded again. No other event is ever missing.
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
