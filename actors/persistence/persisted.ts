/** The state of a persistent actor, what it was made of, and the event up to which it was: what its cell keeps. */
import { AgentOSError } from "../errors.js"
import { checkFolded } from "./folds.js"
import type { NewEvent, PersistenceId, Snapshot } from "./journal.js"
import { ACKNOWLEDGED, DELIVER, isDelivery, isReserved, Outbox, type Delivery } from "./outbox.js"
import type { AnyPersistentSpec } from "./persistent-actor.js"
import { toStored } from "./stored.js"

export class Persisted {
  readonly outbox = new Outbox()
  readonly spec: AnyPersistentSpec
  readonly id: PersistenceId
  /** Undefined until it is recovered. */
  state: unknown = undefined
  sequence = 0
  snapshotAt = 0

  constructor(spec: AnyPersistentSpec, id: PersistenceId) {
    this.spec = spec
    this.id = id
  }

  get title(): string {
    return `${this.spec.name} ${this.id.key}`
  }

  /**
   * An event as it may be stored: what it holds is nobody else's.
   * @throws `INVALID_PAYLOAD` for one that could not be read back
   */
  event(name: string, payload: unknown): NewEvent {
    const { events } = this.spec
    if (typeof name !== "string" || events[name] === undefined)
      throw new AgentOSError(
        "INVALID_PAYLOAD",
        `${this.title}: there is no event ${typeof name === "string" ? JSON.stringify(name) : `of type ${typeof name}`}; there are: ${Object.keys(events).join(", ")}`,
      )
    return this.#event(name, payload)
  }

  /** A message to be sent, as an event. @throws `INVALID_PAYLOAD` for one that `delivery` has not made */
  delivery(given: Delivery): NewEvent {
    if (isDelivery(given)) return this.#event(DELIVER, given)
    throw new AgentOSError("INVALID_PAYLOAD", `${this.title}: what is to be delivered was not made by delivery()`)
  }

  acknowledged(numbers: readonly number[]): NewEvent {
    return this.#event(ACKNOWLEDGED, numbers)
  }

  #event(name: string, payload: unknown): NewEvent {
    return { name, payload: toStored(payload, () => `${this.title}, event ${name}`), version: this.spec.version }
  }

  /** @param after sequence of an event before this one @throws `RECORD_UNKNOWN`, and what the fold throws */
  fold(name: string, payload: unknown, after: number): void {
    if (isReserved(name)) return this.outbox.fold(name, payload, after)
    const { events, version } = this.spec
    const fold = events[name] as ((state: unknown, payload: never) => unknown) | undefined
    if (fold === undefined)
      throw new AgentOSError(
        "RECORD_UNKNOWN",
        `${this.title}: there is no event ${JSON.stringify(name)} in version ${version}; there are: ${Object.keys(events).join(", ")}`,
      )
    checkFolded(name, fold(this.state, payload as never))
  }

  /** @throws `INVALID_PAYLOAD` when the state holds what cannot be kept */
  snapshot(): Snapshot {
    const { sequence, spec, outbox } = this
    const state = toStored(this.state, () => `the state of ${this.title}`)
    return { sequence, version: spec.version, state, outbox: outbox.state }
  }
}
