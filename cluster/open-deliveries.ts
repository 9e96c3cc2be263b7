/**
 * Finds, in what has arrived of a shard, the actors whose deliveries may be open (`outbox.ts`): nobody would send them
 * before their actor wakes. It may name deliveries that were answered; their actor knows, and says so when it is
 * woken.
 */
import { decodeValue } from "#actors/persistence/checked-value.js"
import type { Entry } from "#actors/persistence/database.js"
import { joined } from "#actors/names.js"
import type { PersistenceId, Snapshot, StoredEvent } from "#actors/persistence/journal.js"
import { ACKNOWLEDGED, DELIVER, type NumberedDelivery, type OutboxState } from "#actors/persistence/outbox.js"
import { decodeRecord } from "#actors/persistence/record.js"
import { actorOf } from "#actors/persistence/heads.js"
import { roomOf } from "#actors/persistence/record-name.js"

/** Numbers of deliveries of one actor. */
export interface DeliveriesOf {
  readonly actor: PersistenceId
  readonly numbers: readonly number[]
}

export class OpenDeliveries {
  readonly #open = new Map<string, { readonly actor: PersistenceId; readonly numbers: Set<number> }>()

  look(records: readonly Entry[]): void {
    for (const [key, value] of records) {
      const room = roomOf(key)
      try {
        if (room === "journal") {
          const { actor, event } = decodeRecord(value, "")
          this.#event(actor, event)
        } else if (room === "snapshot") {
          const { outbox } = decodeValue(value, () => "") as Snapshot
          for (const [number] of (outbox as OutboxState | undefined)?.open ?? []) this.#of(actorOf(key)).add(number)
        }
      } catch {
        continue // whoever reads it for its actor says what is wrong
      }
    }
  }

  found(): readonly DeliveriesOf[] {
    return [...this.#open.values()]
      .filter(({ numbers }) => numbers.size > 0)
      .map(({ actor, numbers }) => ({ actor, numbers: [...numbers].sort((a, b) => a - b) }))
  }

  #event(actor: PersistenceId, { name, payload }: StoredEvent): void {
    if (name === DELIVER) this.#of(actor).add((payload as NumberedDelivery).number)
    else if (name === ACKNOWLEDGED) for (const number of payload as readonly number[]) this.#of(actor).delete(number)
  }

  #of(actor: PersistenceId): Set<number> {
    const name = joined(actor.tenant, actor.type, actor.key)
    let of = this.#open.get(name)
    if (of === undefined) this.#open.set(name, (of = { actor, numbers: new Set() }))
    return of.numbers
  }
}
