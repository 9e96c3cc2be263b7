/**
 * Reminders: messages to entities at a time to come, kept in the journal, so that a restart forgets none. Timers of a context end with its incarnation; these end when they were
 * answered or are cancelled.
 *
 * Invariants
 *   R1. A reminder that was set is durable before `set` resolves.
 *   R2. One that is due is sent until it is answered, under a command id made of its name and the time it was due: a persistent entity carries it out once.
 *   R3. One that was due while the program did not run is sent when it starts; of a repeated one the times that were missed count as one.
 *   R4. Reminders of one entity are kept by one keeper, in its order; keepers share the journal's group commit.
 */
import { defineActor, type ActorDefinition, type SpawnOptions } from "../actor.js"
import { AgentOSError } from "../errors.js"
import { fnv1a } from "../hash.js"
import type { ActorRef, AnyRef, MessageType, PayloadOf } from "../ref.js"
import type { ActorSystem } from "../system.js"
import { Limit } from "../timers.js"
import type { PersistenceId } from "./journal.js"
import { entityOf } from "./outbox.js"
import { definePersistentActor } from "./persistent-actor.js"

/** When a reminder comes: after so long, or at a wall time (milliseconds since 1970); and again every so often. */
export type Schedule = ({ readonly afterMs: number } | { readonly at: number }) & { readonly everyMs?: number }

/** A reminder that waits. */
export interface Reminder {
  readonly name: string
  /** Wall time in milliseconds since 1970. */
  readonly at: number
  readonly everyMs?: number | undefined
  readonly type: string
  readonly payload: unknown
}

interface Kept extends Reminder {
  readonly to: PersistenceId
}

/** By the entity and the reminder's name. */
const idOf = (to: PersistenceId, name: string): string => JSON.stringify([to.tenant, to.type, to.key, name])

const keepers = 16
/** A timer of the clock holds 24.8 days; longer waits are looked at again. */
const longestWaitMs = 2 ** 30
const retryMs = { least: 100, most: 30_000 }

const ReminderKeeper = definePersistentActor({
  name: "llmagentos.reminders",
  version: 1,
  state: () => ({ kept: {} as Record<string, Kept> }),
  events: {
    set: (state, reminder: Kept) => {
      state.kept[idOf(reminder.to, reminder.name)] = reminder
    },
    cancelled: (state, id: string) => {
      delete state.kept[id]
    },
    /** Answered; it comes again at `next`, if at all. */
    fired: (state, { id, next }: { readonly id: string; readonly next: number | null }) => {
      const reminder = state.kept[id]
      if (next === null || reminder === undefined) delete state.kept[id]
      else state.kept[id] = { ...reminder, at: next }
    },
  },
  snapshotEvery: 500,
  retention: { keepEvents: 0 },
}).receive({
  async set(ctx, reminder: Kept) {
    await ctx.persist("set", reminder)
  },
  async cancel(ctx, id: string) {
    const known = ctx.state.kept[id] !== undefined
    if (known) await ctx.persist("cancelled", id)
    return known
  },
  async fired(ctx, { id, at, now }: { readonly id: string; readonly at: number; readonly now: number }) {
    const reminder = ctx.state.kept[id]
    if (reminder === undefined || reminder.at !== at) return reminder?.at ?? null // set anew or cancelled meanwhile
    const { everyMs } = reminder
    const next = everyMs === undefined ? null : at + everyMs * Math.max(1, Math.ceil((now - at + 1) / everyMs)) // R3
    await ctx.persist("fired", { id, next })
    return next
  },
  all: (ctx) => Object.values(ctx.state.kept) as readonly Kept[],
})

type KeeperProtocol = typeof ReminderKeeper extends ActorDefinition<infer P> ? P : never
type Keeper = ActorRef<KeeperProtocol>

/** Its keepers come back however often the journal fails them. */
const KeeperSupervisor = defineActor({
  name: "reminders-supervisor",
  state: () => [] as readonly Keeper[],
  supervision: { intensity: { max: Infinity, withinMs: 1 }, backoff: { minMs: 100, maxMs: 10_000 } },
  started(ctx) {
    ctx.state = Array.from({ length: keepers }, (_, i) => {
      // A persistent actor that is no entity is told its key by hand.
      const options: SpawnOptions<never> = { name: String(i), init: { tenant: "default", key: String(i) } as never }
      return ctx.spawn(ReminderKeeper as ActorDefinition<KeeperProtocol>, options)
    })
  },
  receive: { keepers: (ctx) => ctx.state },
})

/** The reminders of a system. */
export class Reminders {
  readonly #system: ActorSystem
  readonly #keepers: readonly Keeper[]
  /** What waits for its time, by id. */
  readonly #armed = new Map<string, Limit>()

  constructor(system: ActorSystem, kept: readonly Keeper[]) {
    this.#system = system
    this.#keepers = kept
  }

  /**
   * Sends an entity a message when its time has come. The same name again, for the same entity, replaces the one before.
   * @throws `INVALID_ADDRESS` when the ref is no entity, `INVALID_PAYLOAD` for a time that is none, `JOURNAL_FAILED`
   */
  async set<P, K extends MessageType<P>>(
    ref: ActorRef<P>,
    name: string,
    schedule: Schedule,
    type: K,
    ...payload: PayloadOf<P, K>
  ): Promise<void> {
    const to = entityOf(ref)
    const at = "at" in schedule ? schedule.at : this.#system.clock.wallTime() + schedule.afterMs
    const { everyMs } = schedule
    if (!Number.isFinite(at)) throw wrong(name, `its time is ${at}; it is a number of milliseconds`)
    if (everyMs !== undefined && !(everyMs >= 1)) throw wrong(name, `everyMs is ${everyMs}; it is at least 1`)
    const reminder: Kept = { to, name, at, everyMs, type, payload: payload[0] }
    await this.#keeper(to).ask("set", reminder)
    this.#arm(reminder)
  }

  /** @returns whether there was one */
  async cancel(ref: AnyRef, name: string): Promise<boolean> {
    const to = entityOf(ref)
    const id = idOf(to, name)
    const known = await this.#keeper(to).ask("cancel", id)
    this.#disarm(id)
    return known
  }

  /** The reminders of an entity that wait. */
  async of(ref: AnyRef): Promise<readonly Reminder[]> {
    const to = entityOf(ref)
    const own = idOf(to, "")
    const all = await this.#keeper(to).ask("all")
    return all.filter((reminder) => idOf(reminder.to, "") === own)
  }

  /** Reads what is kept and waits for its times. */
  async start(): Promise<void> {
    for (const keeper of this.#keepers) for (const reminder of await keeper.ask("all")) this.#arm(reminder)
  }

  #keeper(to: PersistenceId): Keeper {
    return this.#keepers[fnv1a(idOf(to, "")) % keepers] as Keeper
  }

  #disarm(id: string): void {
    this.#armed.get(id)?.cancel()
    this.#armed.delete(id)
  }

  #arm(reminder: Kept): void {
    const id = idOf(reminder.to, reminder.name)
    this.#disarm(id)
    const limit = new Limit(() => {
      if (this.#armed.get(id) !== limit) return
      if (reminder.at > this.#system.clock.wallTime()) this.#arm(reminder)
      else void this.#fire(id, limit, reminder)
    })
    this.#armed.set(id, limit)
    const wait = Math.max(0, Math.min(longestWaitMs, reminder.at - this.#system.clock.wallTime()))
    this.#system.wheel.add(limit, wait)
  }

  /** R2 */
  async #fire(id: string, limit: Limit, reminder: Kept, attempt = 0): Promise<void> {
    const { to, at, type, payload } = reminder
    const system = this.#system
    try {
      const ref = system.entityAt(to.tenant, to.type, to.key)
      await ref.with({ commandId: `reminder:${id}@${at}`, whenFull: "wait" }).ask(type, payload)
      const next = await this.#keeper(to).ask("fired", { id, at, now: system.clock.wallTime() })
      if (this.#armed.get(id) !== limit) return // set anew or cancelled meanwhile
      if (next === null) this.#armed.delete(id)
      else this.#arm({ ...reminder, at: next })
    } catch (error) {
      if (system.stopping || this.#armed.get(id) !== limit) return
      if (attempt === 3)
        system.logger.warn({ error, to, reminder: reminder.name }, "a reminder fails; it goes on trying")
      const wait = Math.min(retryMs.most, retryMs.least * 2 ** attempt) * (1 + 0.2 * system.random.float())
      const again = new Limit(() => void this.#fire(id, again, reminder, attempt + 1))
      this.#armed.set(id, again)
      system.wheel.add(again, wait)
    }
  }
}

function wrong(name: string, what: string): AgentOSError {
  return new AgentOSError("INVALID_PAYLOAD", `reminder ${JSON.stringify(name)}: ${what}`)
}

const remindersOf = new WeakMap<ActorSystem, Promise<Reminders>>()

/** The reminders of a system; the first call reads what the journal keeps, so a program that uses reminders calls it when the system is made. */
export function startReminders(system: ActorSystem): Promise<Reminders> {
  let started = remindersOf.get(system)
  if (started === undefined) {
    started = (async () => {
      const supervisor = system.spawn(KeeperSupervisor, { name: "reminders" })
      const reminders = new Reminders(system, await supervisor.ask("keepers"))
      await reminders.start()
      return reminders
    })()
    remindersOf.set(system, started)
  }
  return started
}
