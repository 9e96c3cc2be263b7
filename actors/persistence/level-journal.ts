/** The journal in an ordered store of bytes. The store has one owner process. */
import type { Clock } from "../clock.js"
import { AgentOSError } from "../errors.js"
import { decodeAnswer, encodeAnswer } from "./timed-answer.js"
import { decodeValue, encodeValue } from "./checked-value.js"
import type { Change } from "./database.js"
import { commandKeyOf, eventTitle, eventsOf, headKeyOf, Heads, snapshotKeyOf } from "./heads.js"
import type { Journal, NewEvent, OrderedEvent, PersistenceId, Snapshot, StoredEvent } from "./journal.js"
import { after, keyOf, numbered } from "./keys.js"
import type { LevelStore } from "./level-store.js"
import { Losses } from "./losses.js"
import { Orders, type Place } from "./order.js"
import { checkAppend, checkTrim, titleOf } from "./journal-checks.js"
import { actorNames, decodeEvent, encodeRecord } from "./record.js"

/** @param parts what the journal keeps in memory of its store, for whoever writes into the store beside it */
export function levelJournal(store: LevelStore, clock: Clock, parts: JournalParts = journalParts(store)): Journal {
  const { orders, heads, losses } = parts
  const snapshotOf = async (actor: PersistenceId): Promise<Snapshot | undefined> => {
    const bytes = await store.get(snapshotKeyOf(actor))
    return bytes && (decodeValue(bytes, () => `the snapshot of ${titleOf(actor)}`) as Snapshot)
  }
  /** What an ordinal leads to; undefined once it is trimmed. */
  const eventAt = async (tenant: string, type: string, place: Place): Promise<OrderedEvent | undefined> => {
    const { ordinal, key, sequence } = place
    const actor = { tenant, type, key }
    const eventKey = numbered(eventsOf(actor), sequence)
    const bytes = await store.get(eventKey)
    return bytes && { ...decodeEvent(bytes, actorNames(actor), () => eventTitle(actor, eventKey)), ordinal, key }
  }
  return {
    async append(actor, expectedSequence, epoch, events: readonly NewEvent[], options = {}) {
      const ordered = options.ordered === true
      let head = heads.known(actor) ?? (options.isNew === true ? heads.begin(actor) : undefined)
      const wallTime = Math.floor(clock.wallTime())
      const { prefix, names } = head ?? { prefix: eventsOf(actor), names: actorNames(actor) }
      const { traceId } = options
      const commandId = options.command?.id
      const changes: Change[] = []
      let sequence = expectedSequence
      for (const event of events) {
        sequence += 1
        const { name, payload, version } = event
        const stored: StoredEvent = { name, payload, version, sequence, epoch, wallTime, commandId, traceId }
        changes.push([numbered(prefix, sequence), encodeRecord(names, stored)])
      }
      if (options.command !== undefined)
        changes.push(
          [commandKeyOf(actor, options.command.id), encodeAnswer(options.command.reply, wallTime)],
          [Buffer.concat([commandAge(actor, wallTime), Buffer.from(options.command.id)]), nothing],
        )
      // Now it is bytes (J1): nothing that follows refuses it but the store, nor is anything of the caller looked at again.
      while (head === undefined || !head.order.ready(ordered)) head = await heads.load(actor, ordered)
      checkAppend(actor, head, expectedSequence, epoch)
      const { order } = head
      if (order.ordered) for (let at = head.sequence + 1; at <= sequence; at++) changes.push(order.next(actor.key, at))
      // A record from before the first event says that there is none, and the actor's key would not be found.
      const recorded = events.length > 0 ? head.recorded && head.sequence > 0 : epoch === head.epoch
      if (!recorded) changes.push(heads.recordOf(actor, { sequence, epoch, trimmed: head.trimmed }))
      const index = head.indexed || options.fence === undefined ? undefined : heads.beside?.(actor)
      if (index !== undefined) changes.push(index)
      head.sequence = sequence
      head.epoch = epoch
      head.recorded ||= !recorded
      head.indexed ||= index !== undefined
      try {
        await store.write(changes)
      } catch (error) {
        heads.forget(actor) // others of this actor may be under way: what stands is on the disk
        throw error
      }
      if (order.ordered) for (const listener of order.listeners) listener()
      return sequence
    },
    async *read(actor, afterSequence = 0) {
      const [prefix, names] = [eventsOf(actor), actorNames(actor)]
      const record = await heads.record(actor)
      await losses.check(actor, record)
      let last = Math.max(afterSequence, record?.trimmed ?? 0)
      for await (const entries of store.pages(numbered(prefix, last + 1), after(prefix))) {
        const events = new Array<StoredEvent>(entries.length)
        for (let i = 0; i < entries.length; i++) {
          const [key, value] = entries[i] as (typeof entries)[number]
          const event = decodeEvent(value, names, () => eventTitle(actor, key))
          last += 1
          if (event.sequence !== last)
            throw new AgentOSError(
              "RECORD_DAMAGED",
              `${titleOf(actor)}: event ${last} is missing; the next one is ${event.sequence}`,
            )
          events[i] = event
        }
        yield events
      }
      if (last < (record?.sequence ?? 0))
        throw new AgentOSError("RECORD_DAMAGED", `${titleOf(actor)}: event ${last + 1} is missing`)
    },
    async trim(actor, upTo, read = Infinity) {
      const head = heads.known(actor) ?? (await heads.load(actor))
      checkTrim(actor, upTo, (await snapshotOf(actor))?.sequence ?? 0)
      const { order } = head
      const isRead = read < Infinity
      while (!order.ready(isRead)) await order.settle(isRead) // O3 of order.ts
      const end = isRead ? Math.min(upTo, await order.unread.readUpTo(actor.key, read)) : upTo // J8
      if (end > head.trimmed) {
        head.trimmed = end
        head.recorded = true
        await store.write([heads.recordOf(actor, head)]) // H2
      }
      for await (const entries of store.pages(head.prefix, numbered(head.prefix, head.trimmed + 1)))
        await store.write(entries.map(([key]) => [key, undefined]))
    },
    async reply(actor, commandId) {
      const bytes = await store.get(commandKeyOf(actor, commandId))
      const where = (): string => `the answer to command ${commandId} of ${titleOf(actor)}`
      return bytes && decodeAnswer(bytes, where)
    },
    async trimCommands(actor, before) {
      const [from, to] = [commandAge(actor, 0), commandAge(actor, Math.max(0, Math.ceil(before)))]
      for await (const entries of store.pages(from, to)) {
        const changes = entries.map(([key]): Change => [key, undefined])
        const answers = entries.map(([key]) => commandKeyOf(actor, key.subarray(from.length).toString()))
        const found = await Promise.all(answers.map((key) => store.get(key)))
        for (const [i, key] of answers.entries()) if (isOlder(found[i], before)) changes.push([key, undefined])
        await store.write(changes)
      }
    },
    async saveSnapshot(actor, snapshot) {
      await store.write([[snapshotKeyOf(actor), encodeValue(snapshot)]])
    },
    snapshot: snapshotOf,
    async *ordered(tenant, type, afterOrdinal = 0) {
      const order = orders.of({ tenant, type })
      while (!order.ready(true)) await order.settle(true)
      for await (const places of order.places(afterOrdinal)) {
        const events = await Promise.all(places.map((place) => eventAt(tenant, type, place)))
        const page = events.filter((event) => event !== undefined)
        if (page.length > 0) yield page
      }
    },
    follow: (tenant, type, listener) => orders.follow({ tenant, type }, listener),
    keys: (tenant, type) => heads.keys(tenant, type),
    async remove(actor) {
      const head = heads.known(actor) ?? (await heads.load(actor))
      head.trimmed = head.sequence
      head.recorded = true
      await store.write([heads.recordOf(actor, head)]) // H2
      const { tenant, type, key } = actor
      const rooms = [head.prefix, keyOf("command-age", tenant, type, key), keyOf("command", tenant, type, key)]
      for (const room of rooms)
        for await (const entries of store.pages(room, after(room)))
          await store.write(entries.map(([key]) => [key, undefined]))
      await store.write([[snapshotKeyOf(actor), undefined], [headKeyOf(actor), undefined]]) // prettier-ignore
      heads.forget(actor)
    },
    compact: () => store.compact(),
    close: () => store.close(),
  }
}

export interface JournalParts {
  readonly orders: Orders
  readonly heads: Heads
  readonly losses: Losses
}

/** @param beside as `Heads` has it */
export function journalParts(store: LevelStore, beside?: (actor: PersistenceId) => Change): JournalParts {
  const orders = new Orders(store)
  return { orders, heads: new Heads(store, orders, beside), losses: new Losses(store) }
}

/** Whether an answer was given before a wall time; one that was replaced meanwhile was not. */
function isOlder(answer: Uint8Array | undefined, before: number): boolean {
  try {
    return answer === undefined || (decodeAnswer(answer, () => "").wallTime ?? -Infinity) < before
  } catch {
    return false // a damaged one is told of where it is asked for
  }
}

const nothing = new Uint8Array(0)
/**
 * Beside each answer stands a record in the order of time, so that the old ones are found without a look at the
 * others. The command's id follows.
 */
export const commandAge = ({ tenant, type, key }: PersistenceId, wallTime: number): Buffer =>
  numbered(keyOf("command-age", tenant, type, key), wallTime)
