/**
 * What was said in conversations. A turn is appended to the journal before it is acknowledged; the last turns are kept in memory.
 *
 * Invariants
 *   C1. Turns of a conversation are in the order in which they were acknowledged; one is recorded whole or not at all.
 *   C2. A run that is carried on after a crash does not record its turn a second time.
 */
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
  readonly #resident = new Map<string, Promise<Conversation>>()

  constructor(journal: Journal) {
    this.#journal = journal
  }

  /** The last turns as messages, oldest first. */
  async history(tenant: string, target: string, id: string): Promise<Message[]> {
    const { turns } = await this.#open(tenant, target, id)
    return turns.flatMap(({ user, reply }): Message[] => [
      { role: "user", content: user },
      { role: "assistant", content: reply },
    ])
  }

  /** Records a turn; resolves when it is durable. */
  async remember(tenant: string, target: string, id: string, turn: Turn): Promise<void> {
    const conversation = await this.#open(tenant, target, id)
    const appended = conversation.last.then(async () => {
      if (conversation.turns.some(({ runId }) => runId === turn.runId)) return // C2
      conversation.sequence = await this.#journal.append(idOf(tenant, target, id), conversation.sequence, 0, [
        { name: "turn", payload: turn, version: 1 },
      ])
      conversation.turns.push(turn)
      conversation.turns.splice(0, conversation.turns.length - limits.turns)
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
    const turns: Turn[] = []
    let sequence = 0
    for await (const events of this.#journal.read(actor)) {
      for (const { payload, sequence: at } of events) {
        turns.push(payload as Turn)
        if (turns.length > limits.turns) turns.shift()
        sequence = at
      }
    }
    return { turns, sequence, last: Promise.resolve() }
  }
}

const idOf = (tenant: string, target: string, id: string): PersistenceId => ({
  tenant,
  type: "conversation",
  key: `${target}/${id}`,
})
