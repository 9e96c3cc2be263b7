/**
 * What was said in conversations. A turn is appended to the journal before it is acknowledged; the last turns are
 * kept.
 *
 * Invariants
 *   C1. Turns of a conversation are in the order in which they were acknowledged; one is recorded whole or not at all.
 *   C2. A run that is carried on after a crash does not record its turn a second time.
 *   C3. What another node has recorded is read before a history is given, where several share the journal, and when it
 *       stands in the way of a turn.
 *   C4. A conversation belongs to a caller of a tenant: nobody else reads or continues it. Programs of this machine
 *       and who holds the node's own token are one caller: the command line is now the one and now the other.
 *   C5. Of each conversation the last turns are kept, in memory and in the journal, by number and by size; of all of
 *       them so many bytes are in memory, those used last.
 */
import { AgentOSError } from "#actors/errors.js"
import type { Clock } from "#actors/clock.js"
import { asName, joined } from "#actors/names.js"
import type { Journal, PersistenceId } from "#actors/persistence/journal.js"
import type { Message } from "../models/model.js"
import type { RecordStore } from "../record-store.js"
import type { Scope } from "../run.js"
import { adminCaller, localCaller } from "../security/roles.js"
import type { Kept } from "./kept.js"

export interface ConversationId extends Scope {
  readonly target: string
  readonly id: string
}

/** What was said, oldest first, and the number of the last turn in it. */
export interface History {
  readonly messages: readonly Message[]
  readonly said: number
}

interface Turn {
  readonly user: string
  readonly reply: string
  /** The run that recorded it. */
  readonly runId: string
}

interface Conversation {
  readonly actor: PersistenceId
  turns: (Turn & { readonly sequence: number })[]
  sequence: number
  /** Letters that it takes in memory. */
  size: number
  /** Turns and letters that the journal holds and nobody needs any more. */
  dropped: { turns: number; letters: number }
  /** What was last said of it in the records. */
  noted: { readonly at: number; readonly size: number }
  /** What is read and appended waits for each other; the first is that it is loaded. */
  last: Promise<unknown>
}

/** Of a conversation: turns and letters that are kept. Of all together: letters in memory. */
export const conversationLimits: { turns: number; letters: number; resident: number } = {
  turns: 20,
  letters: 1_048_576,
  resident: 32 * 1_048_576,
}
/** What a conversation takes beside its turns, in letters. */
const overhead = 1000
/** A conversation in use is noted again after so long, or when it has grown by so much. */
const noteEveryMs = 3_600_000
const noteEveryLetters = 65_536

export interface ConversationsParts {
  readonly journal: Journal
  readonly records: RecordStore
  readonly clock: Clock
  readonly kept: Kept
  /** Whether other nodes write to the journal too. */
  readonly shared: boolean
}

export class Conversations {
  readonly #parts: ConversationsParts
  readonly #journal: Journal
  readonly #shared: boolean
  readonly #resident = new Map<string, Conversation>()
  #size = 0

  constructor(parts: ConversationsParts) {
    this.#parts = parts
    this.#journal = parts.journal
    this.#shared = parts.shared
  }

  /** @param said as it was after that turn; absent: as it is now */
  async history(of: ConversationId, said?: number): Promise<History> {
    const conversation = this.#open(of)
    await this.#inTurn(conversation, async () => (this.#shared ? this.#catchUp(conversation) : undefined)) // C3
    const messages = conversation.turns
      .filter(({ sequence }) => said === undefined || sequence <= said)
      .flatMap(({ user, reply }): Message[] => [
        { role: "user", content: user },
        { role: "assistant", content: reply },
      ])
    return { messages, said: said ?? conversation.sequence }
  }

  /** Records a turn; resolves when it is durable. */
  async remember(of: ConversationId, turn: Turn): Promise<void> {
    const conversation = this.#open(of)
    await this.#inTurn(conversation, async () => {
      const { actor } = conversation
      const event = { name: "turn", payload: turn, version: 1 }
      while (!conversation.turns.some(({ runId }) => runId === turn.runId)) {
        // C2
        try {
          await this.#journal.append(actor, conversation.sequence, 0, [event])
          this.#add(conversation, turn, conversation.sequence + 1)
          this.#note(conversation)
          return await this.#trim(conversation)
        } catch (error) {
          if (AgentOSError.from(error).code !== "SEQUENCE_CONFLICT") throw error
          this.#restart(conversation) // it may have been let go of meanwhile
          await this.#catchUp(conversation) // C3
        }
      }
    })
  }

  #inTurn(conversation: Conversation, work: () => Promise<unknown>): Promise<unknown> {
    const done = conversation.last.then(work)
    conversation.last = done.catch(() => undefined)
    return done
  }

  #open(of: ConversationId): Conversation {
    const actor = actorOf(of)
    const key = keyOf(actor)
    const known = this.#resident.get(key)
    if (known !== undefined) {
      this.#resident.delete(key)
      this.#resident.set(key, known) // used last
      return known
    }
    const dropped = { turns: 0, letters: 0 }
    const noted = { at: -Infinity, size: 0 }
    const conversation: Conversation = { actor, turns: [], sequence: 0, size: overhead, dropped, noted, last: nothing }
    conversation.last = this.#catchUp(conversation)
    conversation.last.catch(() => this.#forget(conversation))
    this.#resident.set(key, conversation)
    this.#size += overhead
    return conversation
  }

  /** What stands of it in the store has changed: it is read anew. */
  forget(actor: PersistenceId): void {
    const conversation = this.#resident.get(keyOf(actor))
    if (conversation !== undefined) this.#forget(conversation)
  }

  #forget(conversation: Conversation): void {
    const key = keyOf(conversation.actor)
    if (this.#resident.get(key) !== conversation) return
    this.#resident.delete(key)
    this.#size -= conversation.size
  }

  #restart(conversation: Conversation): void {
    if (this.#resident.get(keyOf(conversation.actor)) === conversation) this.#size -= conversation.size - overhead
    Object.assign(conversation, { turns: [], sequence: 0, size: overhead })
  }

  /** Says now and then that it is in use, and how large it is. */
  #note(conversation: Conversation): void {
    const { records, clock, kept } = this.#parts
    const { actor, size, dropped, noted } = conversation
    const now = clock.wallTime()
    if (now - noted.at < noteEveryMs && size + dropped.letters - noted.size < noteEveryLetters) return
    conversation.noted = { at: now, size: size + dropped.letters }
    records.write([kept.change(actor, { size: size + dropped.letters })]).catch(() => undefined) // the next turn says it
  }

  /** Reads what was recorded since. */
  async #catchUp(conversation: Conversation): Promise<void> {
    for await (const events of this.#journal.read(conversation.actor, conversation.sequence))
      for (const { payload, sequence } of events) this.#add(conversation, payload as Turn, sequence)
  }

  /** C5 */
  #add(conversation: Conversation, turn: Turn, sequence: number): void {
    const { turns, dropped } = conversation
    const before = conversation.size
    conversation.sequence = sequence
    conversation.size += lettersOf(turn)
    turns.push({ ...turn, sequence })
    const { turns: most, letters, resident } = conversationLimits
    while (turns.length > 1 && (turns.length > most || conversation.size - overhead > letters)) {
      const first = lettersOf(turns.shift() as Turn)
      conversation.size -= first
      dropped.turns += 1
      dropped.letters += first
    }
    if (this.#resident.get(keyOf(conversation.actor)) !== conversation) return
    this.#size += conversation.size - before
    for (const other of this.#resident.values()) {
      if (this.#size <= resident) return
      if (other !== conversation) this.#forget(other)
    }
  }

  /** Lets the journal go of what is not kept, once it is much (C5). */
  async #trim({ actor, turns, dropped }: Conversation): Promise<void> {
    if (dropped.turns < conversationLimits.turns && dropped.letters < conversationLimits.letters) return
    const upTo = (turns[0]?.sequence ?? 1) - 1
    dropped.turns = dropped.letters = 0
    try {
      await this.#journal.saveSnapshot(actor, { sequence: upTo, version: 1, state: null })
      await this.#journal.trim(actor, upTo)
    } catch {
      // The turn is recorded; what was to go goes another time.
    }
  }
}

const nothing = Promise.resolve()
const lettersOf = ({ user, reply }: Turn): number => user.length + reply.length
const keyOf = ({ tenant, type, key }: PersistenceId): string => joined(tenant, type, key)

/** C4. Those of programs of this machine stand where all stood before there were callers. */
/** C4 */
const isOfMachine = (caller: string): boolean => caller === localCaller.id || caller === adminCaller.id

function actorOf({ tenant, caller, target, id }: ConversationId): PersistenceId {
  return isOfMachine(caller)
    ? { tenant, type: "conversation", key: `${joined(target)}/${id}` }
    : { tenant, type: "conversation-of", key: asName(joined(caller, target, id)) }
}
