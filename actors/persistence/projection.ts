/**
 * Projections: read models that are folded from the events of all entities of a type, in their one order.
 *
 * Each is an actor under a supervisor of its own, and stops with its system. It catches up from where it was stored,
 * then follows what is appended.
 *
 * Invariants
 *   Q1. State and offset are stored in one write: after a crash each event is in the state exactly once.
 *   Q2. Events are folded in the order of their ordinals, none twice and none left out but those that were trimmed
 *       before it began, which are counted.
 *   Q3. State that another version of the projection made, or one from another type, is not used: it is built anew
 *       from the first event. What a later version has stored is left alone.
 *   Q4. What a fold throws crashes the projection; it tries again from what was stored last, after longer and longer
 *       waits.
 *   Q5. What is stored after it has begun is trimmed only when a state that holds it is stored (`readers.ts`). One
 *       that finds events gone has been overtaken by itself on another node, and goes on from what that has stored.
 */
import { checkOptions } from "../words.js"
import { defineActor, type ActorContext, type RefOf } from "../actor.js"
import { DEFAULT_TENANT } from "../cause.js"
import type { Cell } from "../cell.js"
import { cellOf } from "../context.js"
import { AgentOSError } from "../errors.js"
import { asName, byName, checkName, joined } from "../names.js"
import { checkNumber, count, countOrAll, durationOrNever } from "../numbers.js"
import type { ActorSystem } from "../system.js"
import { atOnce, checkFolded, checkFolds } from "./folds.js"
import type { OrderedEvent, PersistenceId, Snapshot } from "./journal.js"
import { specOf, type AnyPersistentSpec, type EventsOf } from "./persistent-actor.js"
import { Readers, type Reader } from "./readers.js"
import { fromStored, toStored, type Entities } from "./stored.js"
import { eventOf } from "./upgrade.js"

/** Whose event it is and when it was stored. */
export interface EventMeta {
  readonly tenant: string
  readonly key: string
  readonly sequence: number
  readonly wallTime: number
  /** Place in the one order of the type. */
  readonly ordinal: number
  /** Version of the definition that stored it; what the fold is given is in the form of the version of now. */
  readonly version: number
}

type PayloadOf<Fold> = Fold extends (state: never, payload: infer Payload) => void ? Payload : never

/** What each event does to the state; events that are not named change nothing. */
export type Applies<State, Definition> =
  EventsOf<Definition> extends never
    ? { readonly [event: string]: (state: State, payload: never, meta: EventMeta) => void }
    : {
        readonly [Event in keyof EventsOf<Definition>]?: (
          state: State,
          payload: PayloadOf<EventsOf<Definition>[Event]>,
          meta: EventMeta,
        ) => void
      }

export interface ProjectionSpec<State, Definition extends { readonly name: string }> {
  /** Stable: the state is stored under it. */
  readonly name: string
  /** Raise it when the folds or the state change their meaning: the state is then built anew. */
  readonly version: number
  /**
   * Definition of the actors whose events are read: old ones in the form of its version. With a mere name they come as
   * they are stored.
   */
  readonly from: Definition
  /** Plain data, before the first event. */
  readonly state: () => State
  readonly apply: Applies<State, Definition>
  /** Most events that are folded again after a crash; default 1,000. Each time the whole state is stored. */
  readonly saveEvery?: number
  /** After so many milliseconds a state is stored however few events were folded; default 1,000. */
  readonly saveAfterMs?: number
}

export interface Projection<State> {
  readonly name: string
  readonly version: number
  /** Name of the definition whose events are read. */
  readonly from: string
  /** What says how old events become those of now. */
  readonly stores?: AnyPersistentSpec | undefined
  readonly state: () => State
  readonly apply: Readonly<Record<string, ((state: State, payload: never, meta: EventMeta) => unknown) | undefined>>
  readonly saveEvery: number
  readonly saveAfterMs: number
  /** false: it can do without what is trimmed, and retention does not wait for it. */
  readonly holds?: false
}

/** Those of one that was defined, too: another may be made of it. */
const projectionOptions: Readonly<Record<keyof ProjectionSpec<unknown, { name: string }> | "stores", true>> = {
  name: true,
  version: true,
  from: true,
  state: true,
  apply: true,
  saveEvery: true,
  saveAfterMs: true,
  stores: true,
}

/** Defines a projection. @throws `INVALID_DEFINITION` */
export function defineProjection<State, const Definition extends { readonly name: string }>(
  spec: ProjectionSpec<State, Definition>,
): Projection<State> {
  checkOptions("INVALID_DEFINITION", "a projection", spec ?? null, projectionOptions)
  const { name, version, from, state, saveEvery = 1000, saveAfterMs = 1000 } = spec
  const wrong = (what: string) => new AgentOSError("INVALID_DEFINITION", `projection ${JSON.stringify(name)}: ${what}`)
  if (!/^[A-Za-z][A-Za-z0-9._-]{0,99}$/.test(name))
    throw wrong("a name is a letter, then up to 99 letters, digits, dots, dashes or underscores")
  const where = `projection ${JSON.stringify(name)}: `
  checkNumber("INVALID_DEFINITION", `${where}version`, version, count)
  checkNumber("INVALID_DEFINITION", `${where}saveEvery`, saveEvery, countOrAll)
  checkNumber("INVALID_DEFINITION", `${where}saveAfterMs`, saveAfterMs, durationOrNever)
  checkFolds(where, spec.apply)
  const begins = (): State => atOnce(`${where}state`, state())
  return {
    name,
    version,
    from: from.name,
    stores: specOf(from),
    state: begins,
    apply: byName(spec.apply as Projection<State>["apply"]),
    saveEvery,
    saveAfterMs,
  }
}

/** A projection that runs. */
export interface ProjectionHandle<State> {
  /** As far as it is folded; to be read and not changed, and only until the next event. */
  readonly state: State
  /** Ordinal of the last event in it, 0 before the first. */
  readonly offset: number
  /** Events that were trimmed before they could be folded. */
  readonly missed: number
  /** Why it crashed, until it works again. */
  readonly failed: AgentOSError | undefined
  /**
   * Resolves when all events that are stored now are in the state; rejects when the projection crashes before, or has
   * stopped.
   */
  caughtUp(): Promise<void>
  /** Stores the state and stops. */
  stop(): Promise<void>
}

/**
 * Starts a projection of a tenant's events.
 * @throws `NAME_TAKEN` when it runs already, `INVALID_NAME`, `SYSTEM_STOPPED`
 */
export function startProjection<State>(
  system: ActorSystem,
  projection: Projection<State>,
  options: { readonly tenant?: string } = {},
): ProjectionHandle<State> {
  checkOptions("INVALID_OPTION", "the options of a projection", options, { tenant: true })
  const { tenant = DEFAULT_TENANT } = options
  const progress = new Progress(projection, checkName("a tenant", tenant))
  const name = asName(joined("projection", tenant, projection.name))
  const ref = system.spawn(Keeper, { name, init: progress as Progress<unknown> })
  try {
    progress.unfollow = system.journal.follow(tenant, projection.from, () => {
      if (progress.advancing) return
      progress.advancing = true
      ref.tell("advance")
    })
  } catch (error) {
    void system.stopActor(ref) // before it begins: the journal is not here
    throw error
  }
  const readers = Readers.of(system)
  if (progress.reader !== undefined) readers.begin(progress.reader)
  // However it ends, also before it has begun.
  ;(cellOf(ref) as Cell).family.onStopped(() => {
    progress.stopped = true
    progress.unfollow?.()
    if (progress.reader !== undefined) readers.end(progress.reader)
    progress.fail(new AgentOSError("ACTOR_STOPPED", `the projection ${projection.name} has stopped`))
  })
  return {
    get state() {
      return progress.state
    },
    get offset() {
      return progress.offset
    },
    get missed() {
      return progress.missed
    },
    get failed() {
      return progress.failed
    },
    caughtUp: () =>
      new Promise((done, fail) => {
        if (progress.stopped || !ref.tell("advance"))
          fail(progress.failed ?? new AgentOSError("ACTOR_STOPPED", `the projection ${projection.name} has stopped`))
        else progress.waiting.push({ done, fail })
      }),
    stop: () => system.stopActor(ref),
  }
}

/**
 * Lets go of what is kept for a projection that does not run any more: retention waits for it until then. One that is
 * started again all the same goes on from its state, and counts what was let go meanwhile.
 *
 * @throws `STORE_REFUSED` while it runs here, `INVALID_NAME`
 */
export async function forgetProjection(
  system: ActorSystem,
  { name, from }: { readonly name: string; readonly from: string },
  options: { readonly tenant?: string } = {},
): Promise<void> {
  checkOptions("INVALID_OPTION", "the options of forgetProjection", options, { tenant: true })
  const { tenant = DEFAULT_TENANT } = options
  await Readers.of(system).forget({
    tenant: checkName("a tenant", tenant),
    name: checkName("a projection", name),
    from,
  })
}

interface StoredState<State> {
  readonly from: string
  readonly state: State
  readonly missed: number
  /** The sequence of the snapshot, unless that stands from before it began anew: journals keep the later one. */
  readonly offset?: number
}

/** How far a projection has come. */
class Progress<State> {
  readonly projection: Projection<State>
  /** What it is stored as: a snapshot, under a type that no actor can have. */
  readonly id: PersistenceId
  /** As retention knows it, if that waits for it. */
  readonly reader: Reader | undefined
  state: State
  offset = 0
  /** Of the snapshot that is stored. */
  #sequence = 0
  missed = 0
  savedOffset = 0
  saving = false
  advancing = false
  stopped = false
  failed: AgentOSError | undefined
  readonly waiting: { readonly done: () => void; readonly fail: (error: unknown) => void }[] = []
  unfollow: (() => void) | undefined

  constructor(projection: Projection<State>, tenant: string) {
    this.projection = projection
    this.id = { tenant, type: "~projection", key: projection.name }
    const { name, from, holds } = projection
    this.reader = holds === false ? undefined : { tenant, name, from }
    this.state = projection.state()
  }

  /** @param stored what was saved last (Q3) @throws `RECORD_UNKNOWN` */
  begin(stored: Snapshot | undefined): void {
    const { projection } = this
    const { version = 0, state: former } = stored ?? {}
    if (version > projection.version && (former as StoredState<State>).from === projection.from)
      throw new AgentOSError(
        "RECORD_UNKNOWN",
        `version ${version} of the projection ${projection.name} has stored its state; version ${projection.version} does not put an older one in its place`,
      )
    const usable = this.usable(stored)
    this.offset = usable?.offset ?? 0
    this.state = usable === undefined ? projection.state() : usable.state
    this.missed = usable?.missed ?? 0
    this.#sequence = stored?.sequence ?? 0
    this.savedOffset = this.offset
    this.advancing = false
    this.saving = false
  }

  /** Q3 */
  usable(stored: Snapshot | undefined): (StoredState<State> & { readonly offset: number }) | undefined {
    const { projection } = this
    const state = stored?.state as StoredState<State> | undefined
    if (stored?.version !== projection.version || state?.from !== projection.from) return undefined
    return { offset: stored.sequence, ...state }
  }

  fail(error: AgentOSError): void {
    for (const { fail } of this.waiting.splice(0)) fail(error)
  }

  fold(stored: OrderedEvent, entities: Entities): void {
    const { ordinal, key, sequence, wallTime, version } = stored
    const { stores, from } = this.projection
    const { name, payload } =
      stores === undefined
        ? { name: stored.name, payload: fromStored(stored.payload, entities) }
        : eventOf(stores, `${from} ${key}`, stored, entities)
    const { tenant } = this.id
    const meta = { tenant, key, sequence, wallTime, ordinal, version }
    checkFolded(name, this.projection.apply[name]?.(this.state, payload as never, meta))
    this.missed += ordinal - this.offset - 1
    this.offset = ordinal
  }

  /** Q1. */
  get stored(): Snapshot {
    const { projection, offset, state, missed } = this
    const sequence = (this.#sequence = Math.max(this.#sequence, offset))
    return { sequence, version: projection.version, state: { from: projection.from, state, missed, offset } }
  }
}

/** Pages that are folded before other messages, such as a stop, have their turn. */
const pagesATurn = 16

const Projector = defineActor({
  name: "projector",
  state: (progress: Progress<unknown>) => progress,
  async started(ctx) {
    const progress = ctx.state
    await failing(progress, async () => progress.begin(await storedOf(ctx)))
    const { reader, offset } = progress
    if (reader !== undefined) await failing(progress, () => Readers.of(ctx.system).know(reader, offset)) // Q5
    ctx.tell(ctx.self, "advance")
  },
  receive: {
    async advance(ctx) {
      const progress = ctx.state
      const { projection, id } = progress
      progress.advancing = false // what is appended from here on asks for another turn
      const waiting = progress.waiting.splice(0)
      const more = await failing(
        progress,
        async () => {
          let pages = 0
          for await (const page of ctx.system.journal.ordered(id.tenant, projection.from, progress.offset)) {
            if (page.length < (page.at(-1)?.ordinal ?? 0) - progress.offset && (await overtaken(ctx))) return true
            for (const event of page) progress.fold(event, ctx.system) // Q2
            if (progress.offset - progress.savedOffset >= projection.saveEvery) await save(ctx)
            if (++pages === pagesATurn || ctx.signal.aborted) return true
          }
          return false
        },
        waiting,
      )
      if (more) {
        progress.waiting.unshift(...waiting)
        if (!ctx.signal.aborted) ctx.tell(ctx.self, "advance")
        return
      }
      progress.failed = undefined
      for (const { done } of waiting) done()
      if (progress.offset === progress.savedOffset || progress.saving || projection.saveAfterMs === Infinity) return
      progress.saving = true
      ctx.after(projection.saveAfterMs, "save")
    },
    async save(ctx) {
      ctx.state.saving = false
      await failing(ctx.state, () => save(ctx))
    },
  },
  stopping: (ctx) => save(ctx),
})

/** Supervises one projection. */
const Keeper = defineActor({
  name: "projection",
  state: (progress: Progress<unknown>) => ({ progress, projector: undefined as RefOf<typeof Projector> | undefined }),
  supervision: {
    intensity: { max: Infinity, withinMs: 1000 },
    backoff: { minMs: 100, maxMs: 30_000 },
  },
  started(ctx) {
    ctx.state.projector = ctx.spawn(Projector, { init: ctx.state.progress })
  },
  receive: {
    advance(ctx) {
      if (ctx.state.projector !== undefined) ctx.tell(ctx.state.projector, "advance")
    },
  },
})

async function save({ state: progress, system }: ActorContext<Progress<unknown>>): Promise<void> {
  const { offset, id, stored } = progress
  if (offset === progress.savedOffset) return
  const state = toStored(stored.state, () => `the state of the projection ${progress.projection.name}`)
  await system.journal.saveSnapshot(id, { ...stored, state })
  if (progress.reader !== undefined) await Readers.of(system).place(progress.reader, offset)
  progress.savedOffset = offset
}

async function storedOf({ state: { id }, system }: ActorContext<Progress<unknown>>): Promise<Snapshot | undefined> {
  const stored = await system.journal.snapshot(id)
  return stored && { ...stored, state: fromStored(stored.state, system) }
}

/**
 * Events are gone: were they trimmed after it had begun, then it is itself, on another node, that has stored what they
 * did (Q5).
 */
async function overtaken(ctx: ActorContext<Progress<unknown>>): Promise<boolean> {
  const { state: progress } = ctx
  const stored = await storedOf(ctx)
  if ((progress.usable(stored)?.offset ?? 0) <= progress.offset) return false
  progress.begin(stored)
  return true
}

/** Work whose failure is told to whoever waits, and then crashes the projection (Q4). */
async function failing<T>(
  progress: Progress<unknown>,
  work: () => Promise<T>,
  waiting: Progress<unknown>["waiting"] = [],
): Promise<T> {
  try {
    return await work()
  } catch (error) {
    progress.waiting.unshift(...waiting)
    progress.failed = AgentOSError.from(error)
    progress.savedOffset = progress.offset // a state that a fold may have left halfway is not to be saved
    progress.fail(progress.failed)
    throw error
  }
}
