import type { Clock } from "../clock.js"
import { joined, parted } from "../names.js"
import { checkAppend, checkTrim, heldAppend, titleOf } from "./journal-checks.js"
import { wellFormed } from "./keys.js"
import type { AppendOptions, Journal, NewEvent, OrderedEvent, PersistenceId, Snapshot, StoredEvent } from "./journal.js"
import { toStored } from "./stored.js"

interface Entry {
  events: StoredEvent[]
  sequence: number
  epoch: number
  /** In the order in which they were given. */
  readonly replies: Map<string, { readonly reply: unknown; readonly wallTime: number }>
  snapshot?: Snapshot
}

/** The one order of a type. */
interface Order {
  events: OrderedEvent[]
  last: number
  readonly listeners: Set<() => void>
}

/** The journal in this process only: the shortest definition of the port. What is stored is a copy. */
export function memoryJournal(clock: Clock): Journal {
  const entries = new Map<string, Entry>()
  const orders = new Map<string, Order>()
  const orderOf = (tenant: string, type: string): Order => {
    const id = joined(wellFormed(tenant), wellFormed(type))
    let order = orders.get(id)
    if (order === undefined) orders.set(id, (order = { events: [], last: 0, listeners: new Set() }))
    return order
  }
  const entryOf = ({ tenant, type, key }: PersistenceId): Entry => {
    const id = joined(wellFormed(tenant), wellFormed(type), wellFormed(key))
    let entry = entries.get(id)
    if (entry === undefined) entries.set(id, (entry = { events: [], sequence: 0, epoch: 0, replies: new Map() }))
    return entry
  }
  return {
    async append(actor, expectedSequence, epoch, events, options: AppendOptions = {}) {
      const { events: taken, options: { command, traceId } } = heldAppend(actor, events, options) // prettier-ignore
      const entry = entryOf(actor)
      if (command !== undefined) wellFormed(command.id)
      checkAppend(actor, entry, expectedSequence, epoch)
      const wallTime = Math.floor(clock.wallTime())
      entry.epoch = epoch
      const order = orderOf(actor.tenant, actor.type)
      for (const event of taken) {
        const stored: StoredEvent = {
          ...event,
          sequence: ++entry.sequence,
          epoch,
          wallTime,
          ...(command === undefined ? {} : { commandId: command.id }),
          ...(traceId === undefined ? {} : { traceId }),
        }
        entry.events.push(stored)
        order.events.push({ ...stored, ordinal: ++order.last, key: actor.key })
      }
      if (command !== undefined) entry.replies.set(command.id, { reply: command.reply, wallTime })
      for (const listener of order.listeners) listener()
      return entry.sequence
    },
    async *read(actor, afterSequence = 0) {
      const events = entryOf(actor).events.filter(({ sequence }) => sequence > afterSequence)
      if (events.length > 0) yield events.map(copyOf)
    },
    async trim(actor, upTo, read = Infinity) {
      const entry = entryOf(actor)
      checkTrim(actor, upTo, entry.snapshot?.sequence ?? 0)
      const order = orderOf(actor.tenant, actor.type)
      const isTrimmed = ({ key, sequence, ordinal }: OrderedEvent): boolean =>
        key === actor.key && sequence <= upTo && ordinal <= read // J8
      const last = order.events.findLast(isTrimmed)?.sequence ?? 0
      entry.events = entry.events.filter(({ sequence }) => sequence > last)
      order.events = order.events.filter((event) => !isTrimmed(event))
    },
    async reply(actor, commandId) {
      const known = entryOf(actor).replies.get(wellFormed(commandId))
      return known && { ...known, reply: toStored(known.reply, () => "the answer") }
    },
    async trimCommands(actor, before) {
      const { replies } = entryOf(actor)
      for (const [id, { wallTime }] of replies) if (wallTime < before) replies.delete(id)
    },
    async saveSnapshot(actor, snapshot) {
      entryOf(actor).snapshot = toStored(snapshot, () => `the snapshot of ${titleOf(actor)}`) as Snapshot
    },
    async snapshot(actor) {
      return toStored(entryOf(actor).snapshot, () => "the snapshot") as Snapshot | undefined
    },
    async *ordered(tenant, type, afterOrdinal = 0) {
      const { events } = orderOf(tenant, type)
      let from = events.length
      while (from > 0 && (events[from - 1] as OrderedEvent).ordinal > afterOrdinal) from--
      if (from < events.length) yield events.slice(from).map(copyOf)
    },
    follow(tenant, type, listener) {
      const { listeners } = orderOf(tenant, type)
      const own = (): void => listener()
      listeners.add(own)
      return () => void listeners.delete(own)
    },
    async *keys(tenant, type) {
      const found = [...entries]
        .filter(([, { sequence }]) => sequence > 0)
        .map(([id]) => parted(id) as [string, string, string])
      for (const key of found.filter(([t, name]) => t === tenant && name === type).map(([, , key]) => key).sort(byBytes)) yield key // prettier-ignore
    },
    async remove(actor) {
      entries.delete(joined(wellFormed(actor.tenant), wellFormed(actor.type), wellFormed(actor.key)))
      const order = orderOf(actor.tenant, actor.type)
      order.events = order.events.filter(({ key }) => key !== actor.key)
    },
    async compact() {},
    async close() {},
  }
}

const copyOf = <Event extends NewEvent>(event: Event): Event => ({
  ...event,
  payload: toStored(event.payload, () => "the event"),
})
const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))
