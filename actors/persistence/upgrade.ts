/**
 * What an older version of a definition has stored, in the form of this one: for whoever recovers an actor, and for
 * read models.
 *
 * Invariants
 *   U1. An event goes through the upgrades of all versions from its own on. A definition without any takes old events
 *       as they are; one that has some may leave none out.
 *   U2. What an upgrade gives that is no event or state (nothing, a promise) is never folded: it is told, with the
 *       version and the event.
 *   U3. Events of the runtime stay as they are stored.
 */
import { AgentOSError, thrownText } from "../errors.js"
import { isPromise } from "../turns.js"
import type { Snapshot, StoredEvent } from "./journal.js"
import { isReserved } from "./outbox.js"
import type { AnyPersistentSpec } from "./persistent-actor.js"
import { fromStored, type Entities } from "./stored.js"

export type Event = Pick<StoredEvent, "name" | "payload">

/** @param title of the actor, for messages @throws `RECORD_UNKNOWN` for one of a newer version, `RECOVERY_FAILED` */
export function eventOf(spec: AnyPersistentSpec, title: string, stored: StoredEvent, entities: Entities): Event {
  if (stored.version > spec.version)
    throw new AgentOSError(
      "RECORD_UNKNOWN",
      `${title}: event ${stored.sequence} is of version ${stored.version}; this program knows versions up to ${spec.version}`,
    )
  if (isReserved(stored.name)) return stored // U3
  const payload = fromStored(stored.payload, entities)
  let event: Event = payload === stored.payload ? stored : { ...stored, payload }
  const { upgrade = {} } = spec
  if (stored.version === spec.version || Object.keys(upgrade).length === 0) return event // U1
  const what = `${title}: event ${stored.sequence} ${JSON.stringify(stored.name)}`
  for (let version = stored.version; version < spec.version; version++) {
    const step = upgrade[version]
    if (step === undefined) throw failed(what, version, "there is no such upgrade, though there are others")
    event = upgradedBy(what, version, () => step(event), isEvent)
  }
  return event
}

/** The state of a snapshot; undefined when the snapshot is of no use. @throws `RECOVERY_FAILED` */
export function stateOf(
  spec: AnyPersistentSpec,
  title: string,
  { version, sequence, state }: Snapshot,
  entities: Entities,
): { readonly of: unknown } | undefined {
  if (version > spec.version) return undefined
  let of = fromStored(state, entities)
  for (let from = version; from < spec.version; from++) {
    const step = spec.upgradeState?.[from]
    if (step === undefined) return undefined
    of = upgradedBy(`${title}: its snapshot at event ${sequence}`, from, () => step(of), isStateOf(spec))
  }
  return { of }
}

/** U2 */
function upgradedBy<T>(what: string, version: number, step: () => unknown, fits: (given: unknown) => given is T): T {
  let given: unknown
  try {
    given = step()
  } catch (cause) {
    throw failed(what, version, thrownText(cause), cause)
  }
  if (fits(given)) return given
  if (isPromise(given)) void Promise.resolve(given).catch(() => undefined) // what it is rejected with is nobody's
  const instead = isPromise(given) ? "a promise" : isNothing(given) ? "nothing" : "what is none"
  throw failed(what, version, `the upgrade gives ${instead}`)
}

/** Nothing (undefined, null) is a state only where a new actor has none either. */
const isStateOf =
  ({ state }: AnyPersistentSpec) =>
  (given: unknown): given is unknown =>
    !isPromise(given) && (!isNothing(given) || isNothing(state()))

const isNothing = (given: unknown): boolean => given === undefined || given === null

function isEvent(given: unknown): given is Event {
  const { name, payload } = (given ?? {}) as Partial<Event>
  return typeof name === "string" && !isReserved(name) && !isPromise(payload) && !isPromise(given)
}

const failed = (what: string, version: number, why: string, cause?: unknown): AgentOSError =>
  new AgentOSError("RECOVERY_FAILED", `${what} cannot be upgraded from version ${version}: ${why}`, { cause })
