/**
 * What keepers of reminders store (`reminder-keeper.ts`), in the form of each version: whom it is for, and the same
 * for others, when those they are for are moved (`old-names.ts`). Beside an entity's new name stays the one for which
 * the reminder was set, of which the command id of an old one is made: what was carried out before the move is not
 * done again.
 */
import { joined, parted } from "../names.js"
import type { NewEvent, PersistenceId, Snapshot } from "./journal.js"

interface KeptFor {
  readonly to: PersistenceId
  readonly was?: PersistenceId
}

type ToOf = (id: PersistenceId) => PersistenceId
type Stored = Pick<NewEvent, "name" | "payload" | "version">

/** Whom an event is for; those that are set apart, the others name one that was. */
export const receiversOfEvent = ({ name, payload }: Stored): readonly PersistenceId[] =>
  name === "set" ? [(payload as KeptFor).to] : []

export const receiversOfSnapshot = (snapshot: Snapshot): readonly PersistenceId[] =>
  entriesOf(snapshot).map(([, { to }]) => to)

/** @returns the payload itself when it is for none that is moved */
export function redirectedEvent({ name, payload, version }: Stored, toOf: ToOf): unknown {
  switch (name) {
    case "set":
      return redirected(payload as KeptFor, toOf)
    case "cancelled":
      return redirectedId(payload as string, version, toOf)
    case "fired": {
      const fired = payload as { readonly id: string }
      const id = redirectedId(fired.id, version, toOf)
      return id === fired.id ? payload : { ...fired, id }
    }
    default:
      return payload
  }
}

/** @returns the state itself when it is for none that is moved */
export function redirectedState(snapshot: Snapshot, toOf: ToOf): unknown {
  const entries = entriesOf(snapshot)
  if (entries.every(([, kept]) => toOf(kept.to) === kept.to)) return snapshot.state
  const made = entries.map(([id, kept]) => [redirectedId(id, snapshot.version, toOf), redirected(kept, toOf)] as const)
  return { ...(snapshot.state as object), kept: snapshot.version === 1 ? Object.fromEntries(made) : new Map(made) }
}

/** By id. */
function entriesOf({ state }: Snapshot): readonly (readonly [string, KeptFor])[] {
  const { kept } = state as { readonly kept: ReadonlyMap<string, KeptFor> | Readonly<Record<string, KeptFor>> }
  return kept instanceof Map ? [...(kept as ReadonlyMap<string, KeptFor>)] : Object.entries(kept)
}

function redirected(kept: KeptFor, toOf: ToOf): KeptFor {
  const to = toOf(kept.to)
  return to === kept.to ? kept : { ...kept, to, was: kept.was ?? kept.to }
}

function redirectedId(id: string, version: number, toOf: ToOf): string {
  const [tenant = "", type = "", key = "", name = ""] = version === 1 ? (JSON.parse(id) as string[]) : parted(id)
  const from = { tenant, type, key }
  const to = toOf(from)
  if (to === from) return id
  const names = [to.tenant, to.type, to.key, name]
  return version === 1 ? JSON.stringify(names) : joined(...names)
}
