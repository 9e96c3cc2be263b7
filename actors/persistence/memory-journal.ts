import type { Clock } from "../clock.js"
import { AgentOSError } from "../errors.js"
import type { AppendOptions, Journal, NewEvent, OrderedEvent, PersistenceId, Snapshot, StoredEvent } from "./journal.js"

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
    const id = JSON.stringify([tenant, type])
    let order = orders.get(id)
    if (order === undefined) orders.set(id, (order = { events: [], last: 0, listeners: new Set() }))
    return order
  }
  const entryOf = ({ tenant, type, key }: PersistenceId): Entry => {
    const id = JSON.stringify([tenant, type, key])
    let entry = entries.get(id)
    if (entry === undefined) entries.set(id, (entry = { events: [], sequence: 0, epoch: 0, replies: new Map() }))
    return entry
  }
  return {
    async append(actor, expectedSequence, epoch, events: readonly NewEvent[], options: AppendOptions = {}) {
      const entry = entryOf(actor)
      checkAppend(actor, entry, expectedSequence, epoch)
      const wallTime = Math.floor(clock.wallTime())
      entry.epoch = epoch
      const order = orderOf(actor.tenant, actor.type)
      for (const event of events) {
        const stored: StoredEvent = {
          ...structuredClone(event),
          sequence: ++entry.sequence,
          epoch,
          wallTime,
          ...(options.command === undefined ? {} : { commandId: options.command.id }),
          ...(options.traceId === undefined ? {} : { traceId: options.traceId }),
        }
        entry.events.push(stored)
        order.events.push({ ...stored, ordinal: ++order.last, key: actor.key })
      }
      if (options.command !== undefined)
        entry.replies.set(options.command.id, { reply: structuredClone(options.command.reply), wallTime })
      for (const listener of order.listeners) listener()
      return entry.sequence
    },
    async *read(actor, afterSequence = 0) {
      const events = entryOf(actor).events.filter(({ sequence }) => sequence > afterSequence)
      if (events.length > 0) yield structuredClone(events)
    },
    async trim(actor, upTo) {
      const entry = entryOf(actor)
      checkTrim(actor, upTo, entry.snapshot?.sequence ?? 0)
      entry.events = entry.events.filter(({ sequence }) => sequence > upTo)
      const order = orderOf(actor.tenant, actor.type)
      order.events = order.events.filter(({ key, sequence }) => key !== actor.key || sequence > upTo)
    },
    async reply(actor, commandId) {
      const known = entryOf(actor).replies.get(commandId)
      return known && { reply: structuredClone(known.reply) }
    },
    async trimCommands(actor, before) {
      const { replies } = entryOf(actor)
      for (const [id, { wallTime }] of replies) if (wallTime < before) replies.delete(id)
    },
    async saveSnapshot(actor, snapshot) {
      entryOf(actor).snapshot = structuredClone(snapshot)
    },
    async snapshot(actor) {
      return structuredClone(entryOf(actor).snapshot)
    },
    async *ordered(tenant, type, afterOrdinal = 0) {
      const { events } = orderOf(tenant, type)
      let from = events.length
      while (from > 0 && (events[from - 1] as OrderedEvent).ordinal > afterOrdinal) from--
      if (from < events.length) yield structuredClone(events.slice(from))
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
        .map(([id]) => JSON.parse(id) as [string, string, string])
      for (const key of found.filter(([t, name]) => t === tenant && name === type).map(([, , key]) => key).sort()) yield key // prettier-ignore
    },
    async compact() {},
    async close() {},
  }
}

/** J2 and J3, the same for every adapter. */
export function checkAppend(
  actor: PersistenceId,
  stored: { readonly sequence: number; readonly epoch: number },
  expectedSequence: number,
  epoch: number,
): void {
  if (epoch >= stored.epoch && expectedSequence === stored.sequence) return
  const name = `${actor.tenant}/${actor.type}/${actor.key}`
  if (epoch < stored.epoch)
    throw new AgentOSError(
      "STALE_EPOCH",
      `${name}: epoch ${epoch} was overtaken by ${stored.epoch}; another owner writes now`,
    )
  throw new AgentOSError(
    "SEQUENCE_CONFLICT",
    `${name}: expected to follow event ${expectedSequence}, but the last one is ${stored.sequence}`,
  )
}

/** J6. @param covered sequence of the stored snapshot, 0 without one */
export function checkTrim(actor: PersistenceId, upTo: number, covered: number): void {
  if (upTo <= covered) return
  throw new AgentOSError(
    "STORE_REFUSED",
    `${actor.tenant}/${actor.type}/${actor.key}: events up to ${upTo} cannot be trimmed; ${covered === 0 ? "there is no snapshot" : `the snapshot covers them up to ${covered}`}`,
  )
}
