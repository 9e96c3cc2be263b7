/**
 * What was said in conversations. A turn is appended to the journal before it is acknowledged; the last turns are kept in memory.
 *
 * Invariants
 *   C1. Turns of a conversation are in the order in which they were acknowledged; one is recorded whole or not at all.
 *   C2. A run that is carried on after a crash does not record its turn a second time.
 *   C3. Where several nodes share the journal, what another node has recorded is read before a history is given, and when it stands in the way of a turn.
 */
import { AgentOSError } from "#actors/errors.js"
import type { Journal, PersistenceId } from "#actors/persistence/journal.js"
import type { Message } from "../models/model.js"

interface Turn {
  readonly user: string
  readonly reply: string
  /** The run that recorded it. */
  readonly runId: string
}

interface Conversation {
  readonly turns: Turn[]
  sequence: number
  /** Appends wait for each other. */
  last: Promise<unknown>
}

/** Turns that are handed to an agent, and conversations kept in memory. */
const limits = { turns: 20, resident: 1000 }

export class Conversations {
  readonly #journal: Journal
  readonly #shared: boolean
  readonly #resident = new Map<string, Promise<Conversation>>()

  /** @param shared whether other nodes write to the journal too */
  constructor(journal: Journal, { shared = false } = {}) {
    this.#journal = journal
    this.#shared = shared
  }

  /** The last turns as messages, oldest first. */
  async history(tenant: string, target: string, id: string): Promise<Message[]> {
    const conversation = await this.#open(tenant, target, id)
    if (this.#shared) {
      const caughtUp = conversation.last.then(() => this.#catchUp(idOf(tenant, target, id), conversation)) // C3
      conversation.last = caughtUp.catch(() => undefined)
      await caughtUp
    }
    return conversation.turns.flatMap(({ user, reply }): Message[] => [
      { role: "user", content: user },
      { role: "assistant", content: reply },
    ])
  }

  /** Records a turn; resolves when it is durable. */
  async remember(tenant: string, target: string, id: string, turn: Turn): Promise<void> {
    const conversation = await this.#open(tenant, target, id)
    const actor = idOf(tenant, target, id)
    const appended = conversation.last.then(async () => {
      for (;;) {
        if (conversation.turns.some(({ runId }) => runId === turn.runId)) return // C2
        try {
          conversation.sequence = await this.#journal.append(actor, conversation.sequence, 0, [
            { name: "turn", payload: turn, version: 1 },
          ])
          add(conversation, turn)
          return
        } catch (error) {
          if (!this.#shared || AgentOSError.from(error).code !== "SEQUENCE_CONFLICT") throw error
          await this.#catchUp(actor, conversation) // C3
        }
      }
    })
    conversation.last = appended.catch(() => undefined)
    await appended
  }

  #open(tenant: string, target: string, id: string): Promise<Conversation> {
    const key = JSON.stringify([tenant, target, id])
    const known = this.#resident.get(key)
    this.#resident.delete(key)
    const conversation = known ?? this.#load(idOf(tenant, target, id))
    this.#resident.set(key, conversation)
    conversation.catch(() => this.#resident.delete(key))
    if (this.#resident.size > limits.resident) this.#resident.delete(this.#resident.keys().next().value as string)
    return conversation
  }

  async #load(actor: PersistenceId): Promise<Conversation> {
    const conversation = { turns: [], sequence: 0, last: Promise.resolve() }
    await this.#catchUp(actor, conversation)
    return conversation
  }

  /** Reads what was recorded since. */
  async #catchUp(actor: PersistenceId, conversation: Conversation): Promise<void> {
    for await (const events of this.#journal.read(actor, conversation.sequence)) {
      for (const { payload, sequence } of events) {
        add(conversation, payload as Turn)
        conversation.sequence = sequence
      }
    }
  }
}

function add({ turns }: Conversation, turn: Turn): void {
  turns.push(turn)
  if (turns.length > limits.turns) turns.shift()
}

const idOf = (tenant: string, target: string, id: string): PersistenceId => ({
  tenant,
  type: "conversation",
  key: `${target}/${id}`,
})
