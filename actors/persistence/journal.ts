/**
 * The port to durable events. Every adapter passes the suite in `test/support/journal-contract.ts`.
 *
 * Invariants
 *   J1. `append` is all or nothing, and resolves when the events are durable. It takes what it is given as that is at
 *       the call, whatever the caller does with it afterwards; when any of it cannot be stored, nothing is, and no
 *       sequence, epoch or ordinal is used up.
 *   J2. Sequences of an actor begin at 1 and have no gaps; an append at another expected sequence is refused with
 *       `SEQUENCE_CONFLICT`.
 *   J3. The highest epoch ever used for an actor is kept; a lower one is refused with `STALE_EPOCH`.
 *   J4. A command id is stored in the same write as its events and its reply; it is found again however often the
 *       actor is recovered, until it is trimmed. The same id again replaces the reply, and is as old as the last one.
 *   J5. Tenant leads every key; tenants never see each other's records. What is not well-formed Unicode is refused as
 *       a name, since it could not be told from others; whatever else is no name (`names.ts`) is refused where it
 *       enters the system, and can be read here: stores from before may hold it.
 *   J6. Only events that a stored snapshot covers can be trimmed. Sequences and epochs go on after it, even when no
 *       event is left.
 *   J7. Once the events of a type are read in their one order, every event of the type has an ordinal in it for ever:
 *       they are counted from 1, an actor's events follow each other, and the ordinals of trimmed events are passed
 *       over, also of those that were trimmed before. An event is seen after all with lower ordinals.
 *   J8. A trim that says how far the order was read leaves every event that comes after that in it; it may leave more.
 *   J9. What is removed is gone as if it had never been: events, snapshot, answers, head. A removal that broke off leaves
 *       an actor without events, which can be removed again.
 */

/** Whose journal: every record belongs to one. */
export interface PersistenceId {
  readonly tenant: string
  /** Name of the actor's definition. */
  readonly type: string
  /** Key of the entity, or another stable name. */
  readonly key: string
}

/** An event to be stored; plain data. */
export interface NewEvent {
  readonly name: string
  readonly payload: unknown
  /** Version of the definition's events, for upgrades. */
  readonly version: number
}

/** An event as it was stored. */
export interface StoredEvent extends NewEvent {
  readonly sequence: number
  readonly epoch: number
  readonly wallTime: number
  readonly commandId?: string | undefined
  readonly traceId?: string | undefined
}

/** An event in the one order of its type. */
export interface OrderedEvent extends StoredEvent {
  readonly ordinal: number
  /** Of the actor that it belongs to. */
  readonly key: string
}

/** What goes with an append beside its events. */
export interface AppendOptions {
  readonly traceId?: string | undefined
  /** The actor's key was made up just now, so that it cannot have events: the journal need not look. */
  readonly isNew?: boolean
  /**
   * Its type is to be ordered from the first event on (J7), so that nothing need be built up when somebody reads the
   * order.
   */
  readonly ordered?: boolean
  /**
   * Name of what the epoch is of beside the actor, such as its shard: where nodes share a journal, its epochs are
   * minted apart from it.
   */
  readonly fence?: string | undefined
  /** Stored with the events (J4), with the answer that a repeated command gets. */
  readonly command?: { readonly id: string; readonly reply: unknown } | undefined
}

/** The answer of a command. */
export interface Answer {
  readonly reply: unknown
  /** When it was given; undefined for one from before this was kept. */
  readonly wallTime?: number | undefined
}

export interface Snapshot {
  readonly sequence: number
  readonly version: number
  readonly state: unknown
  /** Deliveries that are open, in the form of the outbox. */
  readonly outbox?: unknown
}

export interface Journal {
  /**
   * @param expectedSequence the sequence of the actor's last event, 0 when it has none
   * @returns the sequence of the last event after the append
   * @throws `SEQUENCE_CONFLICT`, `STALE_EPOCH`, `DISK_FULL`, `STORE_FAILED`; `INVALID_PAYLOAD`, `INVALID_NAME` when
   * something cannot be stored
   */
  append(
    actor: PersistenceId,
    expectedSequence: number,
    epoch: number,
    events: readonly NewEvent[],
    options?: AppendOptions,
  ): Promise<number>
  /**
   * Events after a sequence, oldest first, in pages, none of them empty; trimmed ones are passed over.
   * @throws `RECORD_DAMAGED`, `RECORD_UNKNOWN`
   */
  read(actor: PersistenceId, afterSequence?: number): AsyncIterable<readonly StoredEvent[]>
  /** The answer that a command got, if it was carried out (J4). */
  reply(actor: PersistenceId, commandId: string): Promise<Answer | undefined>
  /**
   * Deletes the events up to a sequence (J6).
   *
   * @param read of these only the ones up to this ordinal in the order of their type (J8); without it all
   * @throws `STORE_REFUSED` when no stored snapshot covers them
   */
  trim(actor: PersistenceId, upTo: number, read?: number): Promise<void>
  /**
   * Forgets the answers of commands that were carried out before a wall time; a command that comes with such an id
   * again is carried out again.
   */
  trimCommands(actor: PersistenceId, before: number): Promise<void>
  saveSnapshot(actor: PersistenceId, snapshot: Snapshot): Promise<void>
  snapshot(actor: PersistenceId): Promise<Snapshot | undefined>
  /**
   * All events of a type that are stored now, after an ordinal, in pages, none of them empty (J7).
   * @throws `RECORD_DAMAGED`, `RECORD_UNKNOWN`
   */
  ordered(tenant: string, type: string, afterOrdinal?: number): AsyncIterable<readonly OrderedEvent[]>
  /** Calls back whenever there are new events of a type to be read with `ordered`. @returns ends it */
  follow(tenant: string, type: string, listener: () => void): () => void
  /** Keys of the entities of a type that have events, in the order of their bytes in UTF-8. */
  keys(tenant: string, type: string): AsyncIterable<string>
  /** Forgets an actor that nobody works with, and that nothing in an order of events is to be read of any more (J9). */
  remove(actor: PersistenceId): Promise<void>
  /** Gives the room of what was trimmed back to the disk; the journal works on meanwhile. */
  compact(): Promise<void>
  close(): Promise<void>
}
