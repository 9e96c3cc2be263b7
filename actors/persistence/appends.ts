/**
 * The writes of one life of a persistent actor. Whoever asks for them, they go into the journal one after the other.
 *
 * Invariants
 *   Q1. One write at a time, in the order in which they were asked for; events are folded in the order in which they are stored.
 *   Q2. A command holds the queue from its first event until its one write has ended: nobody's write comes between what it has folded and what it stores.
 *   Q3. After `close` nothing is written any more: who waits is refused. The write that is under way goes on, and the next life waits for it (L1).
 */
import type { AgentOSError } from "../errors.js"
import type { AppendOptions, Journal, NewEvent } from "./journal.js"
import { Line } from "./line.js"
import { isReserved } from "./outbox.js"
import type { Persisted } from "./persisted.js"
import { fromStored, type Entities } from "./stored.js"

/** The life that writes. */
export interface Writer {
  readonly journal: Journal
  readonly persisted: Persisted
  readonly entities: Entities
  /** The journal has taken what was given to it, and all of it is folded. */
  appended(command: Command | undefined): void
  /** It has not, or a fold threw: the life is over. @returns what is told */
  failed(events: readonly NewEvent[], cause: unknown): AgentOSError
  foldFailed(event: NewEvent, cause: unknown): AgentOSError
}

export type Command = NonNullable<AppendOptions["command"]>

export class Appends extends Line {
  readonly #writer: Writer
  #closed: AgentOSError | undefined
  #held: Hold | undefined
  /** The call of the journal that has not ended. */
  underWay: Promise<unknown> | undefined = undefined

  constructor(writer: Writer) {
    super()
    this.#writer = writer
  }

  /** Stores events in their turn, then folds them; durable when it resolves. */
  append(events: readonly NewEvent[], traceId: string | undefined, command: Command | undefined): Promise<void> {
    return this.add(this.#write(this.tail, undefined, events, traceId, command))
  }

  /** Takes the queue when those before it have ended (Q2). */
  hold(): Hold {
    const hold = new Hold(this.tail)
    void this.add(hold.over)
    return (this.#held = hold)
  }

  /** Stores what was held and folded, and lets go of the queue. */
  commit(
    hold: Hold,
    events: readonly NewEvent[],
    traceId: string | undefined,
    command: Command | undefined,
  ): Promise<void> {
    return this.#write(undefined, hold, events, traceId, command)
  }

  /** @param payload of the event as it is stored, but not shared with it @param after sequence of an event before this one */
  fold(event: NewEvent, payload: unknown, after: number): void {
    const { persisted, entities } = this.#writer
    try {
      persisted.fold(event.name, isReserved(event.name) ? payload : fromStored(payload, entities), after)
    } catch (cause) {
      throw this.#writer.foldFailed(event, cause)
    }
  }

  /** @param hold those of the events that are the user's are folded already */
  async #write(
    before: Promise<void> | undefined,
    hold: Hold | undefined,
    events: readonly NewEvent[],
    traceId: string | undefined,
    command: Command | undefined,
  ): Promise<void> {
    if (before !== undefined) await before
    if (this.#closed !== undefined) throw this.#closed
    const { persisted, journal } = this.#writer
    const { id, sequence, outbox, spec } = persisted
    const numbered = hold === undefined ? outbox.numbered(events) : events
    const all = outbox.withAcknowledged(numbered, spec.version)
    if (all.length > 0 || command !== undefined) {
      try {
        const call = journal.append(id, sequence, 0, all, { traceId, command })
        this.underWay = call
        persisted.sequence = await call
      } catch (cause) {
        throw this.#writer.failed(events, cause)
      } finally {
        this.underWay = undefined
      }
    }
    for (const event of numbered)
      if (hold === undefined || isReserved(event.name)) this.fold(event, event.payload, sequence) // B6
    this.#writer.appended(command)
    if (hold === undefined) return
    this.#held = undefined
    hold.release()
  }

  /** Q3. @param why told to those who wait */
  close(why: AgentOSError): void {
    this.#closed ??= why
    this.#held?.refuse(this.#closed)
  }
}

/** The queue in the hands of one command. */
export class Hold {
  /** Settles when its turn has come; undefined when it came at once. */
  readonly granted: Promise<void> | undefined
  readonly over: Promise<void>
  release!: () => void
  refuse!: (why: AgentOSError) => void

  constructor(granted: Promise<void> | undefined) {
    this.granted = granted
    this.over = new Promise((release, refuse) => {
      this.release = release
      this.refuse = refuse
    })
  }
}
