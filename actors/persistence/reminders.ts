/**
 * Reminders: messages to entities at a time to come, kept in the journal, so that a restart forgets none. Timers of a
 * context end with its incarnation; these end when they were answered or are cancelled. Who keeps and sends them is in
 * `reminder-keeper.ts`; this is what a program is given.
 *
 * Invariants
 *   R1. A reminder that was set is durable before `set` resolves.
 *   R2. One that is due is sent until it is answered, under a command id of its own: a persistent entity carries it
 *       out once.
 *   R3. One that was due while the program did not run is sent when it starts; of a repeated one the times that were
 *       missed count as one.
 *   R4. Reminders of one entity are kept by one keeper, in its order, stored under its tenant; keepers share the
 *       journal's group commit. Every node reaches the same keeper.
 */
import { checkOptions } from "../words.js"
import { checkName } from "../names.js"
import { checkNumber } from "../numbers.js"
import { keptCopy } from "../plain.js"
import { RefWith, type ActorRef, type AnyRef, type MessageType, type PayloadOf, type Ref } from "../ref.js"
import type { ActorSystem } from "../system.js"
import { alarmsOf } from "./alarms.js"
import type { PersistenceId } from "./journal.js"
import { entityOf } from "./outbox.js"
import { keeperOf, type Reminder, type Wanted } from "./reminder-keeper.js"
import { toStored } from "./stored.js"

export type { Reminder } from "./reminder-keeper.js"

/**
 * When a reminder comes: after so long, or at a wall time (milliseconds since 1970), at once when that is over; and
 * again every so often.
 */
export type Schedule = ({ readonly afterMs: number } | { readonly at: number }) & { readonly everyMs?: number }

const scheduleOptions = { afterMs: true, at: true, everyMs: true }

/** The last moment that a `Date` can name. */
const lastMoment = 8.64e15

/** The reminders of a system. */
export class Reminders {
  readonly #system: ActorSystem

  constructor(system: ActorSystem) {
    this.#system = system
  }

  /**
   * Sends an entity a message when its time has come. The same name again, for the same entity, replaces the one
   * before.
   * @throws `INVALID_ADDRESS` when the ref is no entity, `INVALID_NAME`, `INVALID_PAYLOAD` for a time that is none and
   * what cannot be kept, `UNKNOWN_MESSAGE`, `JOURNAL_FAILED`
   */
  async set<P, K extends MessageType<P>>(
    ref: ActorRef<P>,
    name: string,
    schedule: Schedule,
    type: K,
    ...payload: PayloadOf<P, K>
  ): Promise<void> {
    const to = entityOf(ref)
    checkName("the name of a reminder", name)
    this.#system.checkType(to, type)
    checkOptions("INVALID_OPTION", `reminder ${JSON.stringify(name)}: its time`, schedule ?? null, scheduleOptions)
    const times = timesOf(name, schedule, this.#system.clock.wallTime())
    const title = (): string => `reminder ${JSON.stringify(name)}`
    const screened = ref instanceof RefWith ? ref.screened(type, payload[0]) : payload[0]
    toStored(screened, title) // refuses what its keeper could not store
    const kept = keptCopy(screened, title)
    const wanted: Wanted = { to, name, ...times, type, payload: kept }
    await (await this.#once(to)).ask("set", wanted)
  }

  /** @returns whether there was one */
  async cancel(ref: AnyRef, name: string): Promise<boolean> {
    const to = entityOf(ref)
    return (await this.#once(to)).ask("cancel", { to, name })
  }

  /** The reminders of an entity that wait. */
  async of(ref: AnyRef): Promise<readonly Reminder[]> {
    const to = entityOf(ref)
    return (await this.#keeper(to)).ask("of", to)
  }

  async #keeper(to: PersistenceId): Promise<Ref> {
    const { tenant, type, key } = keeperOf(this.#system, to)
    const of = (key: string): Ref => this.#system.entityAt(tenant, type, key).with({ whenFull: "wait" })
    return of(this.#system.hosted ? await of(key).ask("where", to) : key)
  }

  /** For one command: if a network brings it twice, the second might come after the reminder has. */
  async #once(to: PersistenceId): Promise<Ref> {
    return (await this.#keeper(to)).with({ commandId: this.#system.random.uuid() })
  }
}

/** @throws `INVALID_PAYLOAD` */
function timesOf(name: string, schedule: Schedule, now: number): Pick<Reminder, "at" | "everyMs"> {
  const { at, afterMs, everyMs } = schedule as { at?: number; afterMs?: number; everyMs?: number }
  const check = (what: string, value: unknown, says: string, fits: (value: number) => boolean): void =>
    checkNumber("INVALID_PAYLOAD", `reminder ${JSON.stringify(name)}: ${what}`, value, { says, fits })
  const leads = "a number of milliseconds that leads to a moment a Date can name"
  if (at !== undefined) check("at", at, leads, (value) => Math.abs(value) <= lastMoment)
  else check("afterMs", afterMs, leads, (value) => Math.abs(now + value) <= lastMoment)
  const first = at ?? now + (afterMs ?? 0)
  if (everyMs === undefined) return { at: first }
  check("everyMs", everyMs, "a number of milliseconds, at least 1", (value) => value >= 1 && value <= lastMoment)
  return { at: first, everyMs }
}

const remindersOf = new WeakMap<ActorSystem, Reminders>()

/**
 * The reminders of a system. The first call finds what the journal keeps, so a program that uses reminders calls it
 * when the system is made; a node of a cluster does so by itself.
 * @throws what the journal says: reminders are looked for again all the same, and a later call waits for that
 */
export async function startReminders(system: ActorSystem): Promise<Reminders> {
  system.checkRunning()
  let reminders = remindersOf.get(system)
  if (reminders === undefined) remindersOf.set(system, (reminders = new Reminders(system)))
  await alarmsOf(system).start()
  return reminders
}
