/**
 * The keeper of reminders: a persistent entity, one for each tenant and group of entities (`groups.ts`). It lives
 * where the entities live whose reminders it keeps, and moves with them.
 *
 * Invariants
 *   K1. A setting has a number that no other of its keeper has; its command id is made of keeper, number and time:
 *       what was set anew is another command, also at the same time.
 *   K2. What is due is sent until it is answered, each for itself: one that is refused for ever holds up no other.
 *       What is due together is first sent in the order of time and setting.
 *   K3. What was answered is written down together, and sent again by the next life when that was lost.
 *   K4. The keeper of the default tenant knows the tenants whose keepers of the same group keep anything: so each can
 *       be found.
 *   K5. A reminder that is another group's (of a store from before groups, or with another count of them) is given to
 *       that one's keeper, which goes on under the command id it had.
 *   K6. It has itself looked at when the first of its reminders is due, and after `busyMs` as long as it sends
 *       something: its next life goes on with that.
 */
import type { Task } from "../actor.js"
import { Agenda } from "../agenda.js"
import { anonymous, DEFAULT_TENANT } from "../cause.js"
import { KEEPER, keeperKey } from "../groups.js"
import { joined } from "../names.js"
import { keptCopy } from "../plain.js"
import type { ActorRef, Deferred } from "../ref.js"
import type { ActorSystem } from "../system.js"
import { againMs, pause } from "../timers.js"
import { AGAIN_MS, alarmsOf, groupIn } from "./alarms.js"
import type { PersistenceId } from "./journal.js"
import { allowedName } from "./old-names.js"
import { definePersistentActor, type PersistentContext } from "./persistent-actor.js"
import { isArrival } from "./postman.js"

/** A reminder that waits. */
export interface Reminder {
  readonly name: string
  /** Wall time in milliseconds since 1970. */
  readonly at: number
  readonly everyMs?: number | undefined
  readonly type: string
  readonly payload: unknown
}

/** What is to be kept. */
export interface Wanted extends Reminder {
  readonly to: PersistenceId
}

interface Kept extends Wanted {
  /** Which setting it is (K1); none of stores from before settings had numbers. */
  readonly setting?: { readonly by: string; readonly number: number } | undefined
  /** What the entity was called when it was set, if it was moved since (`old-reminders.ts`). */
  readonly was?: PersistenceId
}

interface State {
  /** In the order of settings. */
  readonly kept: Map<string, Kept>
  settings: number
  /** K4 */
  readonly tenants: Set<string>
}

/**
 * As long as something is under way it is looked at after so long: by then the attempts have failed, or nobody makes
 * them.
 */
const busyMs = 5000
/** Reminders that are given away in one message. */
const givenAtOnce = 200

const idOf = ({ to, name }: { readonly to: PersistenceId; readonly name: string }): string =>
  joined(to.tenant, to.type, to.key, name)

/** Which keeper keeps the reminders of an entity. */
export function keeperOf(system: ActorSystem, to: PersistenceId): PersistenceId {
  return { tenant: to.tenant, type: KEEPER, key: keeperKey(groupIn(system, to)) }
}

/** Ids of stores from before: the same names as JSON. */
const renamed = (id: string): string => joined(...(JSON.parse(id) as string[]))

const events = {
  set(state: State, reminder: Kept): void {
    state.settings += 1
    state.kept.delete(idOf(reminder))
    state.kept.set(idOf(reminder), reminder)
  },
  cancelled(state: State, id: string): void {
    state.kept.delete(id)
  },
  /** Answered; it comes again at `next`, if at all. */
  fired(state: State, { id, next }: { readonly id: string; readonly next: number | null }): void {
    const reminder = state.kept.get(id)
    if (next === null || reminder === undefined) state.kept.delete(id)
    else state.kept.set(id, { ...reminder, at: next })
  },
  enrolled(state: State, tenant: string): void {
    state.tenants.add(tenant)
  },
}

type Context = PersistentContext<State, typeof events>

/** What one life of a keeper has under way: made from what it keeps, when first needed. */
class Rounds {
  readonly #system: ActorSystem
  readonly #own: PersistenceId
  readonly #kept: ReadonlyMap<string, Kept>
  readonly #waiting = new Agenda<Kept>()
  readonly #sending = new Map<string, { readonly reminder: Kept; readonly task: Task }>()
  #answered: Kept[] = []
  /** K5 */
  readonly misplaced: Map<string, Kept>
  #given: readonly Kept[] = []
  #giving: Deferred<readonly string[]>[] = []

  constructor(system: ActorSystem, own: PersistenceId, kept: ReadonlyMap<string, Kept>) {
    this.#system = system
    this.#own = own
    this.#kept = kept
    const ours = ({ to }: Kept): boolean => to.tenant === own.tenant && keeperOf(system, to).key === own.key
    this.misplaced = new Map([...kept].filter(([, reminder]) => !ours(reminder)))
    for (const [id, reminder] of kept) if (!this.misplaced.has(id)) this.#waiting.put(id, reminder.at, reminder)
  }

  /** One was set; the one of the same name is not sent any more. */
  put(reminder: Kept): void {
    const id = idOf(reminder)
    this.#cease(id)
    this.#waiting.put(id, reminder.at, reminder)
    this.#arm()
  }

  drop(id: string): void {
    this.#cease(id)
    this.#waiting.drop(id)
    this.#arm()
  }

  #cease(id: string): void {
    this.#sending.get(id)?.task.cancel()
    this.#sending.delete(id)
  }

  /** K2 */
  send(ctx: Context): void {
    for (const reminder of this.#waiting.take(this.#system.clock.wallTime())) {
      const work = async (signal: AbortSignal): Promise<PersistenceId> => {
        if (await carryOut(this.#system, reminder, signal)) this.#answered.push(reminder)
        return this.#own
      }
      this.#sending.set(idOf(reminder), { reminder, task: ctx.run(work, "answered") })
    }
    this.#arm()
  }

  /** Those that were answered, save what was set anew or cancelled meanwhile. */
  takeAnswered(): readonly Kept[] {
    return this.#answered.splice(0).filter((reminder) => this.#sending.get(idOf(reminder))?.reminder === reminder)
  }

  /** That it was answered is written down. */
  ended(reminder: Kept): void {
    const id = idOf(reminder)
    this.#sending.delete(id)
    const next = this.#kept.get(id)
    if (next !== undefined) this.#waiting.put(id, next.at, next)
    this.#arm()
  }

  /** K5. @returns answered when nothing is misplaced any more */
  give(ctx: Context): Deferred<readonly string[]> {
    const answer = ctx.defer<readonly string[]>()
    if (this.#giving.push(answer) > 1) return answer
    const byKeeper = new Map<string, Kept[]>()
    for (const reminder of this.misplaced.values()) {
      const { tenant, key } = keeperOf(this.#system, reminder.to)
      const theirs = byKeeper.get(joined(tenant, key))
      if (theirs === undefined) byKeeper.set(joined(tenant, key), [reminder])
      else theirs.push(reminder)
    }
    for (const theirs of byKeeper.values())
      for (let from = 0; from < theirs.length; from += givenAtOnce) {
        const part = theirs.slice(from, from + givenAtOnce)
        const work = async (signal: AbortSignal): Promise<PersistenceId> => {
          if (await giveAway(this.#system, part, signal)) this.#given = [...this.#given, ...part]
          return this.#own
        }
        ctx.run(work, "given")
      }
    return answer
  }

  takeGiven(): readonly Kept[] {
    const given = this.#given
    this.#given = []
    return given
  }

  gave(ctx: Context, given: readonly Kept[]): void {
    for (const reminder of given) this.misplaced.delete(idOf(reminder))
    if (this.misplaced.size === 0) for (const answer of this.#giving.splice(0)) answer.reply([...ctx.state.tenants])
  }

  /** K6 */
  #arm(): void {
    const alarms = alarmsOf(this.#system)
    alarms.set(this.#own, this.#waiting.next)
    if (this.#sending.size > 0) alarms.setAgain(this.#own, busyMs)
  }
}

/** By the state of a life. */
const allRounds = new WeakMap<object, Rounds>()

function rounds({ system, state }: Context, own: PersistenceId): Rounds {
  let of = allRounds.get(state)
  if (of === undefined) allRounds.set(state, (of = new Rounds(system, own, state.kept)))
  return of
}

/** K4 */
async function enrol(ctx: Context, { tenant, key }: PersistenceId): Promise<void> {
  if (tenant === DEFAULT_TENANT || ctx.state.kept.size > 0) return
  const known = ctx.system.entityAt(DEFAULT_TENANT, KEEPER, key) as unknown as ActorRef<{ enrol(tenant: string): void }>
  await ctx.ask(known, "enrol", tenant)
}

/** When a repeated one comes again: times that were missed count as one. */
function nextOf({ at, everyMs }: Kept, now: number): number | null {
  return everyMs === undefined ? null : at + everyMs * Math.max(1, Math.ceil((now - at + 1) / everyMs))
}

/** K1 */
function commandIdOf({ to: now, was: to = now, name, at, setting }: Kept): string {
  if (setting !== undefined) return joined("reminder", setting.by, String(setting.number), String(at))
  return allowedName(`reminder:${JSON.stringify([to.tenant, to.type, to.key, name])}@${at}`)
}

/** A copy: what it is sent to may do with it what it likes. */
const payloadOf = ({ name, payload }: Reminder): unknown =>
  keptCopy(payload, () => `the payload of the reminder ${name}`)

/** K2. @returns whether it was answered; false when that is not wanted any more */
function carryOut(system: ActorSystem, reminder: Kept, signal: AbortSignal): Promise<boolean> {
  const { tenant, type, key } = reminder.to
  const cause = { ...anonymous, tenant, commandId: commandIdOf(reminder), signal }
  const attempt = async (): Promise<unknown> =>
    system
      .entityAt(tenant, type, key)
      .request(reminder.type, payloadOf(reminder), cause, { whenFull: "wait" }, undefined, undefined)
  const what = { to: reminder.to, reminder: reminder.name }
  return persevere(system, attempt, signal, (error) =>
    system.logger.warn({ error, ...what }, "a reminder fails; it goes on trying"),
  )
}

/** K5. @returns whether its keeper has them */
function giveAway(system: ActorSystem, given: readonly Kept[], signal: AbortSignal): Promise<boolean> {
  const { tenant, type, key } = keeperOf(system, (given[0] as Kept).to)
  const options = { commandId: joined("adopt", system.random.uuid()), signal, whenFull: "wait" } as const
  const attempt = (): Promise<unknown> => system.entityAt(tenant, type, key).with(options).ask("adopt", given)
  return persevere(system, attempt, signal, (error) =>
    system.logger.warn({ error, tenant, key }, "reminders cannot be given to their keeper; it goes on trying"),
  )
}

/** Tries until it is carried out; false when that is not wanted any more. */
async function persevere(
  system: ActorSystem,
  attempt: () => Promise<unknown>,
  signal: AbortSignal,
  complain: (error: unknown) => void,
): Promise<boolean> {
  for (let failures = 0; !signal.aborted; failures++) {
    try {
      await attempt()
      return true
    } catch (error) {
      if (isArrival(error)) return true
      if (failures === 3 && !signal.aborted) complain(error)
      await pause(system.wheel, againMs(system.random, AGAIN_MS, failures), signal)
    }
  }
  return false
}

export const reminderKeeper = definePersistentActor({
  name: KEEPER,
  version: 2,
  state: (): State => ({ kept: new Map(), settings: 0, tenants: new Set() }),
  events,
  upgrade: {
    1({ name, payload }) {
      if (name === "cancelled") return { name, payload: renamed(payload as string) }
      if (name !== "fired") return { name, payload }
      const { id, next } = payload as { id: string; next: number | null }
      return { name, payload: { id: renamed(id), next } }
    },
  },
  upgradeState: {
    1: (state): State => ({
      kept: new Map(Object.values((state as { kept: Record<string, Kept> }).kept).map((kept) => [idOf(kept), kept])),
      settings: 0,
      tenants: new Set(),
    }),
  },
  snapshotEvery: ({ kept }) => Math.max(64, kept.size), // what is written grows with what is kept, not with its square
  retention: { keepEvents: 0, keepCommandsMs: 3_600_000 },
}).receive({
  async set(ctx, wanted: Wanted): Promise<void> {
    const own = keeperOf(ctx.system, wanted.to)
    await enrol(ctx, own)
    const setting = { by: own.key, number: ctx.state.settings + 1 } // K1
    await ctx.persist("set", { ...wanted, setting })
    rounds(ctx, own).put(ctx.state.kept.get(idOf(wanted)) as Kept)
  },
  async cancel(ctx, reminder: { readonly to: PersistenceId; readonly name: string }): Promise<boolean> {
    const id = idOf(reminder)
    if (!ctx.state.kept.has(id)) return false
    await ctx.persist("cancelled", id)
    rounds(ctx, keeperOf(ctx.system, reminder.to)).drop(id)
    return true
  },
  of(ctx, to: PersistenceId): readonly Reminder[] {
    const own = idOf({ to, name: "" })
    const found = [...ctx.state.kept].filter(([id]) => id.startsWith(own))
    return found.map(([, kept]) => ({ name: kept.name, at: kept.at, everyMs: kept.everyMs, type: kept.type, payload: payloadOf(kept) })) // prettier-ignore
  },
  /** K6. Answered, with the tenants that it knows (K4), when it keeps nothing any more that is another's (K5). */
  look(ctx, own: PersistenceId): readonly string[] | Deferred<readonly string[]> {
    const of = rounds(ctx, own)
    of.send(ctx)
    return of.misplaced.size > 0 ? of.give(ctx) : [...ctx.state.tenants]
  },
  /** Of those that were answered. */
  async answered(ctx, own: PersistenceId): Promise<void> {
    const of = rounds(ctx, own)
    const now = ctx.system.clock.wallTime()
    const fired = of.takeAnswered()
    if (fired.length === 0) return
    await ctx.persistAll(fired.map((of) => ({ name: "fired", payload: { id: idOf(of), next: nextOf(of, now) } })))
    for (const reminder of fired) of.ended(reminder)
  },
  /** For threads, which do not know how entities are grouped where they live: the key of the keeper of an entity. */
  where: (ctx, to: PersistenceId): string => keeperOf(ctx.system, to).key,
  async enrol(ctx, tenant: string): Promise<void> {
    if (!ctx.state.tenants.has(tenant)) await ctx.persist("enrolled", tenant)
  },
  /** K5. What was set here meanwhile stays. */
  async adopt(ctx, given: readonly Kept[]): Promise<void> {
    const [first] = given
    if (first === undefined) return
    const own = keeperOf(ctx.system, first.to)
    await enrol(ctx, own)
    const added = given.filter((reminder) => !ctx.state.kept.has(idOf(reminder)))
    if (added.length > 0) await ctx.persistAll(added.map((payload) => ({ name: "set", payload })))
    const of = rounds(ctx, own)
    for (const reminder of added) of.put(ctx.state.kept.get(idOf(reminder)) as Kept)
  },
  async given(ctx, own: PersistenceId): Promise<void> {
    const of = rounds(ctx, own)
    const given = of.takeGiven()
    if (given.length === 0) return
    await ctx.persistAll(given.map((reminder) => ({ name: "cancelled", payload: idOf(reminder) })))
    of.gave(ctx, given)
  },
})
