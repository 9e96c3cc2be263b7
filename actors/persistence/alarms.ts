/**
 * When the keepers of reminders that live here are to be looked at: one timer for all of them, so that a keeper may
 * sleep until its next reminder is due.
 *
 * Invariants
 *   L1. Times are of the wall clock, which may jump: it is looked at every `lookMs` at least, and nothing rings before
 *       it says so.
 *   L2. A keeper that does not answer is asked again, after longer and longer waits up to `AGAIN_MS.most`, for as long
 *       as it lives here.
 *   L3. Keepers are found in the journal: all at the start, those of a group when that begins to live here.
 */
import { DEFAULT_TENANT } from "../cause.js"
import { groupOf, isFormerKeeper, KEEPER } from "../groups.js"
import type { Ref } from "../ref.js"
import type { ActorSystem } from "../system.js"
import { againMs, Limit } from "../timers.js"
import { Agenda } from "../agenda.js"
import { joined } from "../names.js"
import type { PersistenceId } from "./journal.js"

/** Between two attempts at what fails: at first, and at most. */
export const AGAIN_MS = { least: 100, most: 30_000 }
/** Between two looks at the wall clock (L1). */
const lookMs = 60_000
/** A keeper may have to give much away before it answers. */
const patienceMs = 60_000
/** Groups that begin to live here together are looked for together. */
const gatherMs = 50

/** The group of an entity, as whoever knows where entities live has it. */
export function groupIn({ transport }: ActorSystem, id: PersistenceId): number {
  return transport?.groupOf?.(id) ?? groupOf(id.tenant, id.type, id.key)
}

const nameOf = ({ tenant, key }: PersistenceId): string => joined(tenant, key)

export class Alarms {
  readonly #system: ActorSystem
  readonly #set = new Agenda<PersistenceId>()
  #ringing: Limit | undefined
  /** Looks that do not wait for the wall clock (L2). */
  readonly #again = new Map<string, Limit>()
  readonly #failures = new Map<string, number>()
  /**
   * Keepers of the default tenant whose group has just begun to live here: those of the other tenants are still to be
   * asked for.
   */
  readonly #untold = new Set<string>()
  /** Groups that have begun to live here, and were not looked for so far. */
  #begun = new Set<number>()
  #started: Promise<void> | undefined

  constructor(system: ActorSystem) {
    this.#system = system
    system.transport?.follow?.((group) => this.#begins(group))
  }

  /** Has a keeper looked at when the wall clock says so. @param at undefined: not at all */
  set(keeper: PersistenceId, at: number | undefined): void {
    if (at === undefined) return this.#set.drop(nameOf(keeper))
    this.#set.put(nameOf(keeper), at, keeper)
    if (at === this.#set.next) this.#arm()
  }

  /** Has a keeper looked at after so long, whatever the wall clock says; the first of several counts. */
  setAgain(keeper: PersistenceId, milliseconds: number): void {
    const name = nameOf(keeper)
    if (this.#again.has(name)) return
    const limit = new Limit(() => {
      this.#again.delete(name)
      this.look(keeper).catch(() => undefined) // it is looked at again
    })
    this.#again.set(name, limit)
    this.#system.wheel.add(limit, milliseconds)
  }

  /**
   * Looks at all keepers that live here (L3). Where all entities do, it resolves when each has answered; elsewhere
   * nobody can wait for that.
   * @throws what the journal says, or a keeper: it goes on trying, and the next call waits for that
   */
  start(): Promise<void> {
    this.#started ??= this.#find(undefined).catch((error: unknown) => {
      this.#started = undefined
      throw error
    })
    return this.#started
  }

  /** @param groups undefined: all, and former keepers; tried again until the journal says which there are */
  async #find(groups: ReadonlySet<number> | undefined, failures = 0): Promise<void> {
    const system = this.#system
    if (system.hosted) return // they live on the thread that it belongs to
    const found: PersistenceId[] = []
    try {
      for await (const key of system.journal.keys(DEFAULT_TENANT, KEEPER)) {
        const id = { tenant: DEFAULT_TENANT, type: KEEPER, key }
        if (groups === undefined || (!isFormerKeeper(id) && groups.has(groupIn(system, id)))) found.push(id)
      }
    } catch (error) {
      if (!system.stopping) {
        if (failures === 4) system.logger.warn({ error }, "reminders cannot be found in the journal; it is tried again")
        const again = new Limit(() => void this.#find(groups, failures + 1).catch(() => undefined))
        system.wheel.add(again, againMs(system.random, AGAIN_MS, failures))
      }
      throw error
    }
    for (const keeper of found) this.#untold.add(nameOf(keeper))
    const looked = found.map((keeper) => this.look(keeper))
    if (system.transport === undefined) await Promise.all(looked)
    else for (const look of looked) look.catch(() => undefined)
  }

  /**
   * Wakes a keeper, so that it sends what is due and says when it wants to be looked at again.
   * @throws what it fails with: it is looked at again (L2)
   */
  async look(keeper: PersistenceId): Promise<void> {
    const system = this.#system
    const name = nameOf(keeper)
    if (system.stopping || !this.#livesHere(keeper)) return this.#forget(name)
    let tenants: readonly string[]
    try {
      const options = { timeoutMs: patienceMs, whenFull: "wait" } as const
      tenants = await this.#ref(keeper).with(options).ask("look", keeper)
    } catch (error) {
      const failures = (this.#failures.get(name) ?? 0) + 1
      this.#failures.set(name, failures)
      if (failures === 4 && !system.stopping)
        system.logger.warn({ error, keeper }, "a keeper of reminders fails; it is tried again")
      this.setAgain(keeper, againMs(system.random, AGAIN_MS, failures - 1)) // L2
      throw error
    }
    const untold = this.#untold.has(name)
    this.#forget(name)
    if (untold) await Promise.all(tenants.map((tenant) => this.look({ ...keeper, tenant })))
  }

  #forget(name: string): void {
    this.#failures.delete(name)
    this.#untold.delete(name)
  }

  #livesHere(keeper: PersistenceId): boolean {
    if (isFormerKeeper(keeper)) return true
    return this.#system.transport?.serves?.(groupIn(this.#system, keeper)) ?? true
  }

  #ref(keeper: PersistenceId): Ref {
    if (isFormerKeeper(keeper)) return this.#system.entityHere(keeper)
    return this.#system.entityAt(keeper.tenant, keeper.type, keeper.key)
  }

  #begins(group: number): void {
    if (this.#begun.size === 0)
      this.#system.wheel.add(new Limit(() => void this.#find(this.#takeBegun()).catch(() => undefined)), gatherMs)
    this.#begun.add(group)
  }

  #takeBegun(): ReadonlySet<number> {
    const groups = this.#begun
    this.#begun = new Set()
    return groups
  }

  /** L1 */
  #arm(): void {
    this.#ringing?.cancel()
    this.#ringing = undefined
    const { next } = this.#set
    if (next === undefined) return
    const { clock, wheel } = this.#system
    this.#ringing = new Limit(() => this.#ring())
    wheel.add(this.#ringing, Math.max(0, Math.min(lookMs, next - clock.wallTime())))
  }

  #ring(): void {
    for (const keeper of this.#set.take(this.#system.clock.wallTime())) this.look(keeper).catch(() => undefined)
    this.#arm()
  }
}

const alarms = new WeakMap<ActorSystem, Alarms>()

/** Those of a system. */
export function alarmsOf(system: ActorSystem): Alarms {
  let of = alarms.get(system)
  if (of === undefined) alarms.set(system, (of = new Alarms(system)))
  return of
}
