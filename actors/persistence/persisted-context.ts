/**
 * How an actor runs whose state is what its events made of it.
 *
 * Invariants
 *   P1. State changes only by events, and an event is folded only once it is in the journal, or held to go there with the answer of its command.
 *   P2. No reply leaves before everything that was persisted for it is durable.
 *   P3. A failed append ends the incarnation whatever the handler does about it; the ask gets `JOURNAL_FAILED`.
 *   P4. A snapshot is taken only when all events up to its sequence are folded.
 *   P5. A command with an id is carried out once: its events, its id and its answer are one write; the same id again gets the same answer.
 *   P6. What retention lets go is covered by a stored snapshot.
 */
import type { ErasedHandler } from "../actor.js"
import { Context } from "../context.js"
import { AgentOSError, thrownText } from "../errors.js"
import { numberedIn } from "../names.js"
import type { ActorRef } from "../ref.js"
import type { ActorSystem } from "../system.js"
import { Limit } from "../timers.js"
import { isPromise } from "../turns.js"
import type { NewEvent, PersistenceId, Snapshot } from "./journal.js"
import {
  ACKNOWLEDGED,
  checkedDelivery,
  DELIVER,
  isReserved,
  Outbox,
  type Delivery,
  type OutboxState,
} from "./outbox.js"
import type { AnyPersistentSpec } from "./persistent-actor.js"

/** What the cell keeps as the state of a persistent actor. */
export class Persisted {
  readonly outbox = new Outbox()
  readonly spec: AnyPersistentSpec
  readonly id: PersistenceId
  state: unknown
  sequence = 0
  snapshotAt = 0
  /** Events of the command being handled, to be written with its answer. */
  held: NewEvent[] = []
  /** The last append that is still open; appends of one actor follow each other. */
  writing: Promise<void> | undefined = undefined
  failed: AgentOSError | undefined = undefined

  constructor(spec: AnyPersistentSpec, init: unknown) {
    const { tenant = "default", key = "" } = (init ?? {}) as { tenant?: string; key?: string }
    this.spec = spec
    this.id = { tenant, type: spec.name, key }
    this.state = spec.state()
  }

  /** @param after sequence of an event before this one */
  fold(name: string, payload: unknown, after: number): void {
    if (isReserved(name)) return this.outbox.fold(name, payload, after)
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
function notRebuildable(spec: AnyPersistentSpec, id: PersistenceId, snapshot: Snapshot | undefined): AgentOSError {
  return new AgentOSError(
    "RECORD_UNKNOWN",
    `${spec.name} ${id.key}: its first events were trimmed, and ${
      snapshot === undefined
        ? "there is no snapshot that covers them"
        : `the snapshot that covers them is of version ${snapshot.version}; this program takes version ${spec.version}`
    }`,
  )
}

/**
 * Stores a snapshot, then lets go what need not be kept (P6).
 * @param keepsAfter up to which event the outbox lets go
 */
async function retain(
  { journal, clock }: ActorSystem,
  spec: AnyPersistentSpec,
  id: PersistenceId,
  snapshot: Snapshot,
  keepsAfter: number,
): Promise<void> {
  await journal.saveSnapshot(id, snapshot)
  const { keepEvents, keepCommandsMs } = spec.retention ?? {}
  const upTo = keepEvents === undefined ? 0 : Math.min(snapshot.sequence - keepEvents, keepsAfter)
  if (upTo > 0) await journal.trim(id, upTo)
  if (keepCommandsMs !== undefined) await journal.trimCommands(id, clock.wallTime() - keepCommandsMs)
}

/** The state of a snapshot in the form of this version; undefined when the snapshot is of no use. */
function upgraded(spec: AnyPersistentSpec, { version, state }: Snapshot): { readonly state: unknown } | undefined {
  if (version > spec.version) return undefined
  let of = state
  for (let from = version; from < spec.version; from++) {
    const upgrade = spec.upgradeState?.[from]
    if (upgrade === undefined) return undefined
    of = upgrade(of)
  }
  return { state: of }
}

/** Waits so long, or until the signal aborts. */
function pause({ wheel }: ActorSystem, milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const over = (): void => {
      limit.cancel()
      signal.removeEventListener("abort", over)
      resolve()
    }
    const limit = new Limit(over)
    wheel.add(limit, milliseconds)
    signal.addEventListener("abort", over, { once: true })
  })
}

/** What every persistent actor understands beside its own messages. */
export const outboxHandlers: Readonly<Record<string, ErasedHandler>> = {
  [ACKNOWLEDGED]: (ctx, number) =>
    number === 0 ? undefined : (ctx as PersistedContext).acknowledged(number as number),
  /** Wakes one whose outbox is to be sent; it does so when it recovers. */
  [DELIVER]: (ctx, numbers) => (ctx as PersistedContext).settle(numbers as readonly number[]),
}

export class PersistedContext extends Context {
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
    const state = snapshot === undefined ? undefined : upgraded(spec, snapshot)
    if (snapshot !== undefined && state !== undefined) {
      persisted.state = state.state
      persisted.outbox.restore(snapshot.outbox as OutboxState | undefined)
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
        for (let version = stored.version; version < spec.version && !isReserved(stored.name); version++)
          event = spec.upgrade?.[version]?.(event) ?? event
        persisted.fold(event.name, event.payload, persisted.sequence)
        persisted.sequence = stored.sequence
      }
    }
    if (persisted.sequence < (snapshot?.sequence ?? 0)) throw notRebuildable(spec, id, snapshot)
    this.sendOutbox()
  }

  /** Sends what is in the outbox and not on its way. */
  sendOutbox(): void {
    const { outbox, id } = this.#persisted
    for (const { number, delivery } of outbox.due()) {
      const commandId = numberedIn(id.tenant, id.type, id.key, number)
      const { system } = this
      // On behalf of nobody: it goes on when the caller has given up.
      this.turn(undefined).run(async (signal) => {
        const { tenant, type, key } = delivery.to
        for (let attempt = 0; !signal.aborted; attempt++) {
          try {
            const ref = system.entityAt(tenant, type, key)
            await ref.with({ commandId, signal, whenFull: "wait" }).ask(delivery.type, delivery.payload)
            return number
          } catch (error) {
            if (attempt === 3)
              system.logger.warn(
                { actor: this.self.address, error, to: delivery.to },
                "a delivery fails; it goes on trying",
              )
            await pause(system, Math.min(10_000, 100 * 2 ** attempt) * (1 + 0.2 * system.random.float()), signal)
          }
        }
        return 0
      }, ACKNOWLEDGED)
    }
  }

  persist(name: string, payload?: unknown): Promise<void> {
    return this.#persist([{ name, payload, version: this.#persisted.spec.version }])
  }

  persistAll(
    events: readonly { readonly name: string; readonly payload: unknown }[],
    ...deliveries: readonly Delivery[]
  ): Promise<void> {
    const { version } = this.#persisted.spec
    const all = [...events, ...deliveries.map((payload) => ({ name: DELIVER, payload }))]
    return this.#persist(all.map(({ name, payload }) => ({ name, payload, version })))
  }

  deliver(ref: ActorRef<unknown>, type: string, payload?: unknown): Promise<void> {
    return this.persistAll([], checkedDelivery(ref, type, payload))
  }

  /** A delivery was answered; it is written down with what is stored next, or when none is open any more. */
  acknowledged(number: number): Promise<void> | undefined {
    const { outbox, spec } = this.#persisted
    outbox.acknowledge(number)
    this.sendOutbox()
    return outbox.worthWriting
      ? this.#persist([{ name: ACKNOWLEDGED, payload: outbox.takeAcknowledged(), version: spec.version }])
      : undefined
  }

  /** Somebody takes these deliveries for open: that some are not is written down, where that was lost. */
  settle(numbers: readonly number[]): Promise<void> | undefined {
    const { outbox, spec } = this.#persisted
    const payload = outbox.answered(numbers)
    return payload.length > 0 ? this.#persist([{ name: ACKNOWLEDGED, payload, version: spec.version }]) : undefined
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

  async #write(given: readonly NewEvent[], before: Promise<void> | undefined): Promise<void> {
    const persisted = this.#persisted
    if (before !== undefined) await before
    if (persisted.failed !== undefined) throw persisted.failed
    for (const { name } of given)
      if (persisted.spec.events[name] === undefined && !isReserved(name)) persisted.fold(name, undefined, 0)
    const events = persisted.outbox.numbered(given)
    const { sequence: after } = persisted
    const held = this.cause.commandId !== undefined
    if (held) persisted.held.push(...events)
    else {
      try {
        persisted.sequence = await this.#append(events, undefined)
      } catch (cause) {
        throw this.#appendFailed(events, cause)
      }
    }
    for (const { name, payload } of events) persisted.fold(name, payload, after) // P1
    if (!held) this.#appended()
  }

  /** Writes what a command held back, with its answer (P5). */
  async commit(events: readonly NewEvent[], command: { readonly id: string; readonly reply: unknown }): Promise<void> {
    try {
      this.#persisted.sequence = await this.#append(events, command)
    } catch (cause) {
      throw this.#appendFailed(events, cause)
    }
    this.#appended()
  }

  #appended(): void {
    this.#saveSnapshotWhenDue() // P4
    if (this.#persisted.outbox.size > 0) this.sendOutbox()
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
      `${spec.name} ${id.key}: the journal did not take ${events.length} events: ${thrownText(cause)}`,
      { cause },
    ))
  }

  /** To be called when all that was appended is folded (P4). */
  #saveSnapshotWhenDue(): void {
    const persisted = this.#persisted
    const { system } = this.cell
    const { sequence, spec, id, outbox } = persisted
    if (sequence - persisted.snapshotAt < (spec.snapshotEvery ?? 1000)) return
    persisted.snapshotAt = sequence
    const snapshot = { sequence, version: spec.version, state: structuredClone(persisted.state), outbox: outbox.state }
    // A snapshot only saves time at recovery; the next one makes up for one that failed.
    retain(system, spec, id, snapshot, outbox.keepsAfter).catch((error: unknown) =>
      system.logger.warn(
        { actor: this.self.address, error },
        "a snapshot could not be saved, or what it covers not be trimmed",
      ),
    )
  }

  get persisted(): Persisted {
    return this.#persisted
  }
}

/** Wraps a handler: replies wait for what was persisted (P2), command ids (P5), and a failure of the journal that the handler caught (P3). */
export function command(handler: ErasedHandler): ErasedHandler {
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
