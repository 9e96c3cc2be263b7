/**
 * Actors whose state is what their events made of it.
 *
 * Invariants
 *   P1. State changes only by events, and an event is folded only once it is in the journal, or held to go there with the answer of its command.
 *   P2. No reply leaves before everything that was persisted for it is durable.
 *   P3. A failed append ends the incarnation whatever the handler does about it; the ask gets `JOURNAL_FAILED`.
 *   P4. A snapshot is taken only when all events up to its sequence are folded.
 *   P5. A command with an id is carried out once: its events, its id and its answer are one write; the same id again gets the same answer.
 */
import { checkedDefinition, type ActorContext, type ActorDefinition, type ErasedHandler } from "../actor.js"
import { Context } from "../context.js"
import { AgentOSError } from "../errors.js"
import type { ProtocolOf } from "../ref.js"
import type { NewEvent, PersistenceId, Snapshot } from "./journal.js"

/** How events change state. */
export type EventFolds<State> = { readonly [name: string]: (state: State, payload: never) => void }

type PayloadOf<Fold> = Fold extends (state: never, payload: infer Payload) => void ? Payload : never
type DeepReadonly<T> = T extends (...args: never[]) => unknown
  ? T
  : T extends object
    ? { readonly [K in keyof T]: DeepReadonly<T[K]> }
    : T

export interface PersistentSpec<State, Events extends EventFolds<State>> {
  /** Stable: it stands in every record. */
  readonly name: string
  /** Version of the events; raise it when their form changes, and say in `upgrade` how the old become the new. */
  readonly version: number
  readonly state: () => State
  readonly events: Events
  /** By the version an event was stored with: the event in the form of the next version. */
  readonly upgrade?: {
    readonly [version: number]: (event: { readonly name: string; readonly payload: unknown }) => {
      readonly name: string
      readonly payload: unknown
    }
  }
  /** Events between two snapshots; default 1,000. */
  readonly snapshotEvery?: number
  readonly passivateAfterMs?: number
}

/** What handlers of a persistent actor are given: state to read, and the only ways to change it. */
export interface PersistentContext<State, Events> extends Omit<ActorContext<DeepReadonly<State>>, "state"> {
  readonly state: DeepReadonly<State>
  /** Resolves when the event is durable and folded. With a command id the event is folded at once and becomes durable with the answer (P5). @throws `JOURNAL_FAILED` */
  persist<Name extends keyof Events & string>(
    name: Name,
    ...payload: undefined extends PayloadOf<Events[Name]>
      ? [payload?: PayloadOf<Events[Name]>]
      : [payload: PayloadOf<Events[Name]>]
  ): Promise<void>
  /** Several events, all or none. */
  persistAll(
    events: readonly {
      readonly [Name in keyof Events & string]: { readonly name: Name; readonly payload: PayloadOf<Events[Name]> }
    }[keyof Events & string][],
  ): Promise<void>
}

export interface PersistentBuilder<State, Events extends EventFolds<State>> {
  /** The second step: commands. A handler returns the reply. */
  receive<
    Handlers extends { readonly [type: string]: (ctx: PersistentContext<State, Events>, payload: never) => unknown },
  >(
    handlers: Handlers,
  ): ActorDefinition<ProtocolOf<Handlers>>
}

/** Defines a persistent actor in two steps, so that types can refuse a wrong event or payload. */
export function definePersistentActor<State, Events extends EventFolds<State>>(
  spec: PersistentSpec<State, Events>,
): PersistentBuilder<State, Events> {
  return {
    receive(handlers) {
      return checkedDefinition({
        name: spec.name,
        state: (init) => new Persisted(spec as unknown as PersistentSpec<unknown, EventFolds<unknown>>, init),
        context: (cell) => new PersistedContext(cell),
        started: (ctx) => (ctx as PersistedContext).recover(),
        receive: Object.fromEntries(
          Object.entries(handlers).map(([type, handler]) => [type, command(handler as unknown as ErasedHandler)]),
        ),
        ...(spec.passivateAfterMs === undefined ? {} : { passivateAfterMs: spec.passivateAfterMs }),
      })
    },
  }
}

/** What the cell keeps as the state of a persistent actor. */
class Persisted {
  readonly spec: PersistentSpec<unknown, EventFolds<unknown>>
  readonly id: PersistenceId
  state: unknown
  sequence = 0
  snapshotAt = 0
  /** Events of the command being handled, to be written with its answer. */
  held: NewEvent[] = []
  /** The last append that is still open; appends of one actor follow each other. */
  writing: Promise<void> | undefined = undefined
  failed: AgentOSError | undefined = undefined

  constructor(spec: PersistentSpec<unknown, EventFolds<unknown>>, init: unknown) {
    const { tenant = "default", key = "" } = (init ?? {}) as { tenant?: string; key?: string }
    this.spec = spec
    this.id = { tenant, type: spec.name, key }
    this.state = spec.state()
  }

  fold(name: string, payload: unknown): void {
    const fold = this.spec.events[name]
    if (fold === undefined) {
      throw new AgentOSError(
        "RECORD_UNKNOWN",
        `${this.spec.name} ${this.id.key}: there is no event ${JSON.stringify(name)} in version ${this.spec.version}; there are: ${Object.keys(this.spec.events).join(", ")}`,
      )
    }
    fold(this.state, payload as never)
  }
}

/** What was trimmed cannot be folded again. */
function notRebuildable(
  spec: PersistentSpec<unknown, EventFolds<unknown>>,
  id: PersistenceId,
  snapshot: Snapshot | undefined,
): AgentOSError {
  return new AgentOSError(
    "RECORD_UNKNOWN",
    `${spec.name} ${id.key}: its first events were trimmed, and ${
      snapshot === undefined
        ? "there is no snapshot that covers them"
        : `the snapshot that covers them is of version ${snapshot.version}; this program takes version ${spec.version}`
    }`,
  )
}

class PersistedContext extends Context {
  get #persisted(): Persisted {
    return this.cell.state as Persisted
  }

  override get state(): unknown {
    return this.#persisted.state
  }

  /** Snapshot and tail. */
  async recover(): Promise<void> {
    const persisted = this.#persisted
    const { spec, id } = persisted
    const { journal } = this.cell.system
    const snapshot = await journal.snapshot(id)
    if (snapshot !== undefined && snapshot.version === spec.version) {
      persisted.state = snapshot.state
      persisted.sequence = snapshot.sequence
      persisted.snapshotAt = snapshot.sequence
    }
    for await (const events of journal.read(id, persisted.sequence)) {
      for (const stored of events) {
        // A snapshot of another version is of no use, and events that it covered may have been trimmed.
        if (stored.sequence !== persisted.sequence + 1) throw notRebuildable(spec, id, snapshot)
        let event: { readonly name: string; readonly payload: unknown } = stored
        if (stored.version > spec.version)
          throw new AgentOSError(
            "RECORD_UNKNOWN",
            `${spec.name} ${id.key}: event ${stored.sequence} is of version ${stored.version}; this program knows versions up to ${spec.version}`,
          )
        for (let version = stored.version; version < spec.version; version++)
          event = spec.upgrade?.[version]?.(event) ?? event
        persisted.fold(event.name, event.payload)
        persisted.sequence = stored.sequence
      }
    }
    if (persisted.sequence < (snapshot?.sequence ?? 0)) throw notRebuildable(spec, id, snapshot)
  }

  persist(name: string, payload?: unknown): Promise<void> {
    return this.#persist([{ name, payload, version: this.#persisted.spec.version }])
  }

  persistAll(events: readonly { readonly name: string; readonly payload: unknown }[]): Promise<void> {
    const { version } = this.#persisted.spec
    return this.#persist(events.map(({ name, payload }) => ({ name, payload, version })))
  }

  #persist(events: readonly NewEvent[]): Promise<void> {
    const persisted = this.#persisted
    const writing = this.#write(events, persisted.writing)
    const over = (): void => {
      if (persisted.writing === writing) persisted.writing = undefined
    }
    persisted.writing = writing
    writing.then(over, over) // a handler need not look at it: `command` does (P3)
    return writing
  }

  async #write(events: readonly NewEvent[], before: Promise<void> | undefined): Promise<void> {
    const persisted = this.#persisted
    if (before !== undefined) await before
    if (persisted.failed !== undefined) throw persisted.failed
    for (const { name } of events) if (persisted.spec.events[name] === undefined) persisted.fold(name, undefined)
    const held = this.cause.commandId !== undefined
    if (held) persisted.held.push(...events)
    else {
      try {
        persisted.sequence = await this.#append(events, undefined)
      } catch (cause) {
        throw this.#appendFailed(events, cause)
      }
    }
    for (const { name, payload } of events) persisted.fold(name, payload) // P1
    if (!held) this.saveSnapshotWhenDue() // P4
  }

  /** Writes what a command held back, with its answer (P5). */
  async commit(events: readonly NewEvent[], command: { readonly id: string; readonly reply: unknown }): Promise<void> {
    try {
      this.#persisted.sequence = await this.#append(events, command)
    } catch (cause) {
      throw this.#appendFailed(events, cause)
    }
    this.saveSnapshotWhenDue()
  }

  #append(
    events: readonly NewEvent[],
    command: { readonly id: string; readonly reply: unknown } | undefined,
  ): Promise<number> {
    const { id, sequence } = this.#persisted
    return this.cell.system.journal.append(id, sequence, 0, events, { traceId: this.cause.traceId, command })
  }

  /** From now on nothing is taken (P3). */
  #appendFailed(events: readonly NewEvent[], cause: unknown): AgentOSError {
    const { spec, id } = this.#persisted
    return (this.#persisted.failed = new AgentOSError(
      "JOURNAL_FAILED",
      `${spec.name} ${id.key}: the journal did not take ${events.length} events: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    ))
  }

  /** To be called when all that was appended is folded (P4). */
  saveSnapshotWhenDue(): void {
    const persisted = this.#persisted
    const { journal, logger } = this.cell.system
    const { sequence, spec, id } = persisted
    if (sequence - persisted.snapshotAt >= (spec.snapshotEvery ?? 1000)) {
      persisted.snapshotAt = sequence
      // A snapshot only saves time at recovery; the next one makes up for one that failed.
      journal
        .saveSnapshot(id, { sequence, version: spec.version, state: structuredClone(persisted.state) })
        .catch((error: unknown) => logger.warn({ actor: this.self.address, error }, "a snapshot could not be saved"))
    }
  }

  get persisted(): Persisted {
    return this.#persisted
  }
}

/** Wraps a handler: replies wait for what was persisted (P2), command ids (P5), and a failure of the journal that the handler caught (P3). */
function command(handler: ErasedHandler): ErasedHandler {
  return (context, payload) => {
    const ctx = context as PersistedContext
    const { commandId } = ctx.cause
    if (commandId === undefined) {
      const result = handler(ctx, payload)
      return isPromise(result) || ctx.persisted.writing !== undefined ? checked(ctx, result) : result
    }
    return (async () => {
      const known = await ctx.system.journal.reply(ctx.persisted.id, commandId)
      if (known !== undefined) return known.reply
      ctx.persisted.held = []
      const reply = await checked(ctx, handler(ctx, payload))
      const events = ctx.persisted.held
      ctx.persisted.held = []
      await ctx.commit(events, { id: commandId, reply }) // P2
      return reply
    })()
  }
}

/** A handler's result, once all that it persisted is durable (P2, P3). */
async function checked(ctx: PersistedContext, result: unknown): Promise<unknown> {
  const { persisted } = ctx
  try {
    return await result
  } finally {
    while (persisted.writing !== undefined) await persisted.writing
    if (persisted.failed !== undefined) throw persisted.failed
  }
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function"
}
