/**
 * What a persistent actor has promised to send: its deliveries, in order per receiver, until each is answered. Data; the actor sends and stores.
 *
 * Invariants
 *   B1. A delivery is an event: it is stored in one write with the events that led to it, or not at all.
 *   B2. Of the deliveries to one receiver only the oldest is under way: they arrive in their order.
 *   B3. A delivery keeps its number for ever, and with it the command id under which it is sent however often: a persistent receiver carries it out once.
 *   B4. That it was answered may be forgotten by a crash: it is then sent again (B3).
 *   B5. The event of an open delivery is not trimmed: who looks for open deliveries among the events finds every one (deliveries.ts).
 */
import { parseAddress } from "../address.js"
import { AgentOSError } from "../errors.js"
import { joined } from "../names.js"
import type { ActorRef, AnyRef, MessageType, PayloadOf } from "../ref.js"
import type { NewEvent, PersistenceId } from "./journal.js"

/** Names of the events; those of users never begin with $. */
export const DELIVER = "$deliver"
export const ACKNOWLEDGED = "$acknowledged"

export const isReserved = (event: string): boolean => event.startsWith("$")

/** A message to an entity, as it is stored. */
export interface Delivery {
  readonly to: PersistenceId
  readonly type: string
  readonly payload: unknown
}

/** A delivery as its event tells it. */
export interface NumberedDelivery extends Delivery {
  readonly number: number
}

/** The outbox in a snapshot. */
export interface OutboxState {
  readonly next: number
  /** With the sequence of an event before its own. */
  readonly open: readonly (readonly [number: number, delivery: Delivery, after: number])[]
}

/** A message that goes with events in one `persistAll`. @throws `INVALID_ADDRESS` when the ref is no entity: only entities are found again after a restart */
export function delivery<P, K extends MessageType<P>>(
  ref: ActorRef<P>,
  type: K,
  ...payload: PayloadOf<P, K>
): Delivery {
  return checkedDelivery(ref, type, payload[0])
}

export function checkedDelivery(ref: AnyRef, type: string, payload: unknown): Delivery {
  return { to: entityOf(ref), type, payload }
}

/** Which entity a ref reaches. @throws `INVALID_ADDRESS` */
export function entityOf(ref: AnyRef): PersistenceId {
  const address = parseAddress(ref.address)
  if (address.kind !== "entity")
    throw new AgentOSError(
      "INVALID_ADDRESS",
      `${ref.address} is not an entity: only entities are found again after a restart`,
    )
  return { tenant: address.tenant, type: address.type, key: address.key }
}

/** Acknowledgements that are worth a write although deliveries are open. */
const acknowledgedAtOnce = 64

/** A delivery that was not answered, and the sequence of an event before its own. */
interface Open {
  readonly delivery: Delivery
  readonly after: number
}

export class Outbox {
  #next = 1
  /** Not answered, by number, oldest first. */
  readonly #open = new Map<number, Open>()
  /** By receiver: the numbers that wait, oldest first; the first of them may be under way. */
  readonly #queues = new Map<string, number[]>()
  readonly #underWay = new Set<number>()
  #acknowledged: number[] = []

  get size(): number {
    return this.#open.size
  }

  /** Of a snapshot. */
  get state(): OutboxState | undefined {
    if (this.#next === 1) return undefined
    return { next: this.#next, open: [...this.#open].map(([number, { delivery, after }]) => [number, delivery, after]) }
  }

  /** Up to which event all may be trimmed (B5). */
  get keepsAfter(): number {
    for (const { after } of this.#open.values()) return after
    return Infinity
  }

  restore(state: OutboxState | undefined): void {
    if (state === undefined) return
    this.#next = state.next
    for (const [number, delivery, after] of state.open) this.#add(number, delivery, after)
  }

  /** The events as they are stored: each delivery among them has its number (B3). */
  numbered(events: readonly NewEvent[]): readonly NewEvent[] {
    if (!events.some(({ name }) => name === DELIVER)) return events
    let number = this.#next
    return events.map((event) =>
      event.name === DELIVER ? { ...event, payload: { number: number++, ...(event.payload as Delivery) } } : event,
    )
  }

  /** @param after sequence of an event before this one */
  fold(event: string, payload: unknown, after: number): void {
    if (event === DELIVER) {
      const { number, ...delivery } = payload as NumberedDelivery
      this.#next = number + 1
      this.#add(number, delivery, after)
    } else if (event === ACKNOWLEDGED) for (const number of payload as readonly number[]) this.#remove(number)
    else
      throw new AgentOSError(
        "RECORD_UNKNOWN",
        `there is no event ${JSON.stringify(event)} of the runtime in this version`,
      )
  }

  /** What can be sent now; it counts as under way from here on (B2). */
  *due(): Iterable<{ readonly number: number; readonly delivery: Delivery }> {
    for (const [number] of this.#queues.values()) {
      if (number === undefined || this.#underWay.has(number)) continue
      this.#underWay.add(number)
      yield { number, delivery: (this.#open.get(number) as Open).delivery }
    }
  }

  /** Those of the numbers whose deliveries are not open. */
  answered(numbers: readonly number[]): readonly number[] {
    return numbers.filter((number) => !this.#open.has(number))
  }

  /** It was answered. */
  acknowledge(number: number): void {
    if (!this.#open.has(number)) return
    this.#remove(number)
    this.#acknowledged.push(number)
  }

  get worthWriting(): boolean {
    return this.#acknowledged.length >= acknowledgedAtOnce || (this.#open.size === 0 && this.#acknowledged.length > 0)
  }

  /** The answered ones that are not written down. */
  takeAcknowledged(): readonly number[] {
    const taken = this.#acknowledged
    this.#acknowledged = []
    return taken
  }

  #add(number: number, delivery: Delivery, after: number): void {
    this.#open.set(number, { delivery, after })
    const receiver = receiverOf(delivery)
    const queue = this.#queues.get(receiver)
    if (queue === undefined) this.#queues.set(receiver, [number])
    else queue.push(number)
  }

  #remove(number: number): void {
    const delivery = this.#open.get(number)?.delivery
    if (delivery === undefined) return
    this.#open.delete(number)
    this.#underWay.delete(number)
    const receiver = receiverOf(delivery)
    const queue = this.#queues.get(receiver) ?? []
    if (queue[0] === number) queue.shift()
    else queue.splice(queue.indexOf(number), 1)
    if (queue.length === 0) this.#queues.delete(receiver)
  }
}

const receiverOf = ({ to }: Delivery): string => joined(to.tenant, to.type, to.key)
