/**
 * What a persistent actor has promised to send: its deliveries, in order per receiver, until each is answered. Data;
 * the actor sends and stores.
 *
 * Invariants
 *   B1. A delivery is an event: it is stored in one write with the events that led to it, or not at all.
 *   B2. Of the deliveries to one receiver only the oldest is under way: they arrive in their order. One that the
 *       receiver refuses for what it is (`passOver`) holds up no other: it stays open, and may arrive after later
 *       ones.
 *   B3. A delivery keeps its number for ever, and with it the command id under which it is sent however often: a
 *       persistent receiver carries it out once.
 *   B4. That it was answered may be forgotten by a crash: it is then sent again (B3).
 *   B5. The event of an open delivery is not trimmed: who looks for open deliveries among the events finds every one
 *       (deliveries.ts).
 *   B6. It is open, and may be sent, from when its event is durable: a command that holds it back can still fail, and
 *       its number would be another's.
 */
import { parseAddress } from "../address.js"
import { AgentOSError } from "../errors.js"
import { isName, joined } from "../names.js"
import { RefWith, type ActorRef, type AnyRef, type MessageType, type PayloadOf } from "../ref.js"
import type { NewEvent, PersistenceId } from "./journal.js"
import { toStored } from "./stored.js"

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

/**
 * A message that goes with events in one `persistAll`.
 * @throws `INVALID_ADDRESS` when the ref is no entity: only entities are found again after a restart
 */
export function delivery<P, K extends MessageType<P>>(
  ref: ActorRef<P>,
  type: K,
  ...payload: PayloadOf<P, K>
): Delivery {
  return checkedDelivery(ref, type, payload[0])
}

export function checkedDelivery(ref: AnyRef, type: string, payload: unknown): Delivery {
  const to = entityOf(ref)
  const screened = ref instanceof RefWith ? ref.screened(type, payload) : payload
  return { to, type, payload: toStored(screened, () => `${to.type}.${type}`) }
}

/** Whether it is what `delivery` makes: callers may be untyped, and what cannot be sent must not be stored. */
export function isDelivery(given: unknown): given is Delivery {
  const { to, type } = (given ?? {}) as { readonly to?: Partial<PersistenceId>; readonly type?: unknown }
  return typeof type === "string" && isName(to?.tenant) && isName(to?.type) && isName(to?.key)
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

/** A delivery that was not answered. */
interface Open {
  readonly number: number
  readonly delivery: Delivery
  /** Sequence of an event before its own. */
  readonly after: number
  readonly receiver: Receiver
}

/** Whom deliveries are for: those that wait, oldest first, and the one that is under way (B2). */
interface Receiver {
  readonly name: string
  readonly waiting: Queue<Open>
  underWay: Open | undefined
}

export class Outbox {
  #next = 1
  /** Not answered, by number, oldest first. */
  readonly #open = new Map<number, Open>()
  readonly #receivers = new Map<string, Receiver>()
  /** Receivers for whom the next one can be sent. */
  readonly #free = new Queue<Receiver>()
  #acknowledged: number[] = []

  get size(): number {
    return this.#open.size
  }

  /** Of those that are open. */
  get numbers(): readonly number[] {
    return [...this.#open.keys()]
  }

  /** Of a snapshot. */
  get state(): OutboxState | undefined {
    if (this.#next === 1) return undefined
    return { next: this.#next, open: [...this.#open.values()].map(({ number, delivery, after }) => [number, delivery, after]) } // prettier-ignore
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

  /**
   * The events as they are stored: each delivery among them has its number (B3), which this life gives to no other.
   */
  numbered(events: readonly NewEvent[]): readonly NewEvent[] {
    if (!events.some(({ name }) => name === DELIVER)) return events
    return events.map((event) =>
      event.name === DELIVER ? { ...event, payload: { number: this.#next++, ...(event.payload as Delivery) } } : event,
    )
  }

  /** @param after sequence of an event before this one */
  fold(event: string, payload: unknown, after: number): void {
    if (event === DELIVER) {
      const { number, ...delivery } = payload as NumberedDelivery
      this.#next = Math.max(this.#next, number + 1)
      this.#add(number, delivery, after)
    } else if (event === ACKNOWLEDGED) for (const number of payload as readonly number[]) this.#remove(number)
    else
      throw new AgentOSError(
        "RECORD_UNKNOWN",
        `there is no event ${JSON.stringify(event)} of the runtime in this version`,
      )
  }

  get nothingDue(): boolean {
    return this.#free.size === 0
  }

  /** What can be sent now; it counts as under way from here on (B2). */
  *due(): Iterable<{ readonly number: number; readonly delivery: Delivery }> {
    for (let receiver = this.#free.take(); receiver !== undefined; receiver = this.#free.take()) {
      const next = receiver.underWay === undefined ? this.#nextTo(receiver) : undefined
      if (next !== undefined) yield (receiver.underWay = next)
    }
  }

  #nextTo(receiver: Receiver): Open | undefined {
    for (let open = receiver.waiting.take(); open !== undefined; open = receiver.waiting.take())
      if (this.#open.has(open.number)) return open
    if (this.#receivers.get(receiver.name) === receiver) this.#receivers.delete(receiver.name)
    return undefined
  }

  /** Those of the numbers whose deliveries are not open any more; anybody can send what claims to be numbers. */
  answered(numbers: unknown): readonly number[] {
    const given: readonly unknown[] = Array.isArray(numbers) ? numbers : []
    return given.filter((n): n is number => Number.isInteger(n) && this.#wasSent(n as number))
  }

  #wasSent(number: number): boolean {
    return number > 0 && number < this.#next && !this.#open.has(number)
  }

  /** It was answered. */
  acknowledge(number: number): void {
    if (this.#remove(number)) this.#acknowledged.push(number)
  }

  /** Its receiver refuses it: the next one may go (B2). */
  passOver(number: number): void {
    const open = this.#open.get(number)
    if (open !== undefined) this.#letNext(open)
  }

  /** How many are answered without that being written down. */
  get unwritten(): number {
    return this.#acknowledged.length
  }

  get worthWriting(): boolean {
    return this.unwritten >= acknowledgedAtOnce || (this.#open.size === 0 && this.unwritten > 0)
  }

  /** What is to be written, and with it which deliveries were answered. */
  withAcknowledged(events: readonly NewEvent[], version: number): readonly NewEvent[] {
    if (this.#acknowledged.length === 0) return events
    const payload = this.#acknowledged
    this.#acknowledged = []
    return [...events, { name: ACKNOWLEDGED, payload, version }]
  }

  #add(number: number, delivery: Delivery, after: number): void {
    const { tenant, type, key } = delivery.to
    const name = joined(tenant, type, key)
    let receiver = this.#receivers.get(name)
    if (receiver === undefined) {
      receiver = { name, waiting: new Queue(), underWay: undefined }
      this.#receivers.set(name, receiver)
    }
    const open = { number, delivery, after, receiver }
    this.#open.set(number, open)
    receiver.waiting.put(open)
    if (receiver.waiting.size === 1) this.#free.put(receiver)
  }

  #remove(number: number): boolean {
    const open = this.#open.get(number)
    if (open === undefined) return false
    this.#open.delete(number)
    this.#letNext(open)
    return true
  }

  #letNext(open: Open): void {
    const { receiver } = open
    if (receiver.underWay !== open) return
    receiver.underWay = undefined
    this.#free.put(receiver)
  }
}

/** What is taken in the order in which it was put, each at the same price however many wait. */
class Queue<T> {
  #items: T[] = []
  #taken = 0

  get size(): number {
    return this.#items.length - this.#taken
  }

  put(item: T): void {
    this.#items.push(item)
  }

  take(): T | undefined {
    const item = this.#items[this.#taken]
    if (this.size <= 1) {
      this.#items = []
      this.#taken = 0
    } else if (++this.#taken > 1000 && 2 * this.#taken > this.#items.length) {
      this.#items.splice(0, this.#taken)
      this.#taken = 0
    }
    return item
  }
}
