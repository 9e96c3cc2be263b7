/** The journal in an ordered store of bytes. The store has one owner process. */
import type { Clock } from "../clock.js"
import { AgentOSError } from "../errors.js"
import { decodeValue, encodeValue } from "./checked-value.js"
import type { Change } from "./database.js"
import { eventTitle, eventsOf, Heads, titleOf } from "./heads.js"
import type { Journal, NewEvent, PersistenceId, Snapshot, StoredEvent } from "./journal.js"
import { after, keyOf, numbered } from "./keys.js"
import type { LevelStore } from "./level-store.js"
import { checkAppend, checkTrim } from "./memory-journal.js"
import { actorNames, decodeEvent, encodeRecord } from "./record.js"

export function levelJournal(store: LevelStore, clock: Clock): Journal {
  const heads = new Heads(store)
  const snapshotOf = async (actor: PersistenceId): Promise<Snapshot | undefined> => {
    const bytes = await store.get(snapshotKey(actor))
    return bytes && (decodeValue(bytes, () => `the snapshot of ${titleOf(actor)}`) as Snapshot)
  }
  return {
    async append(actor, expectedSequence, epoch, events: readonly NewEvent[], options = {}) {
      const head =
        heads.known(actor) ?? (options.isNew === true ? heads.begin(actor) : undefined) ?? (await heads.load(actor))
      checkAppend(actor, head, expectedSequence, epoch)
      const wallTime = Math.floor(clock.wallTime())
      const before = { sequence: head.sequence, epoch: head.epoch, recorded: head.recorded }
      const { traceId } = options
      const commandId = options.command?.id
      const changes: Change[] = []
      let { sequence } = head
      for (const event of events) {
        sequence += 1
        const { name, payload, version } = event
        const stored: StoredEvent = { name, payload, version, sequence, epoch, wallTime, commandId, traceId }
        changes.push([numbered(head.prefix, sequence), encodeRecord(head.names, stored)])
      }
      if (options.command !== undefined)
        changes.push(
          [commandKey(actor, options.command.id), encodeValue(options.command.reply)],
          [Buffer.concat([commandAge(actor, wallTime), Buffer.from(options.command.id)]), nothing],
        )
      const recorded = events.length > 0 ? head.recorded : epoch === head.epoch
      if (!recorded) changes.push(heads.recordOf(actor, { sequence, epoch, trimmed: head.trimmed }))
      head.sequence = sequence
      head.epoch = epoch
      head.recorded ||= !recorded
      try {
        await store.write(changes)
      } catch (error) {
        Object.assign(head, before)
        throw error
      }
      return sequence
    },
    async *read(actor, afterSequence = 0) {
      const [prefix, names] = [eventsOf(actor), actorNames(actor)]
      const record = await heads.record(actor)
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
    async trim(actor, upTo) {
      const head = heads.known(actor) ?? (await heads.load(actor))
      checkTrim(actor, upTo, (await snapshotOf(actor))?.sequence ?? 0)
      if (upTo > head.trimmed) {
        head.trimmed = upTo
        head.recorded = true
        await store.write([heads.recordOf(actor, head)]) // H2
      }
      for await (const entries of store.pages(head.prefix, numbered(head.prefix, head.trimmed + 1)))
        await store.write(entries.map(([key]) => [key, undefined]))
    },
    async reply(actor, commandId) {
      const bytes = await store.get(commandKey(actor, commandId))
      const where = (): string => `the answer to command ${commandId} of ${titleOf(actor)}`
      return bytes === undefined ? undefined : { reply: decodeValue(bytes, where) }
    },
    async trimCommands(actor, before) {
      const [from, to] = [commandAge(actor, 0), commandAge(actor, Math.max(0, Math.ceil(before)))]
      for await (const entries of store.pages(from, to))
        await store.write(
          entries.flatMap(([key]): Change[] => [
            [commandKey(actor, key.subarray(from.length).toString()), undefined],
            [key, undefined],
          ]),
        )
    },
    async saveSnapshot(actor, snapshot) {
      await store.write([[snapshotKey(actor), encodeValue(snapshot)]])
    },
    snapshot: snapshotOf,
    keys: (tenant, type) => heads.keys(tenant, type),
    compact: () => store.compact(),
    close: () => store.close(),
  }
}

const snapshotKey = ({ tenant, type, key }: PersistenceId): Buffer => keyOf("snapshot", tenant, type, key)
const nothing = new Uint8Array(0)
const commandKey = ({ tenant, type, key }: PersistenceId, id: string): Buffer => keyOf("command", tenant, type, key, id)
/** Beside each answer stands a record in the order of time, so that the old ones are found without a look at the others. The command's id follows. */
const commandAge = ({ tenant, type, key }: PersistenceId, wallTime: number): Buffer =>
  numbered(keyOf("command-age", tenant, type, key), wallTime)
