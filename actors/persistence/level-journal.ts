/** The journal in an ordered store of bytes. The store has one owner process. */
import type { Clock } from "../clock.js"
import { AgentOSError } from "../errors.js"
import { decodeValue, encodeValue } from "./checked-value.js"
import type { Change } from "./database.js"
import { eventTitle, eventsOf, Heads, titleOf } from "./heads.js"
import type { Journal, NewEvent, Snapshot, StoredEvent } from "./journal.js"
import { after, keyOf, numbered } from "./keys.js"
import type { LevelStore } from "./level-store.js"
import { checkAppend } from "./memory-journal.js"
import { actorNames, decodeEvent, encodeRecord } from "./record.js"

export function levelJournal(store: LevelStore, clock: Clock): Journal {
  const heads = new Heads(store)
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
        changes.push([
          keyOf("command", actor.tenant, actor.type, actor.key, options.command.id),
          encodeValue(options.command.reply),
        ])
      const recorded = events.length > 0 ? head.recorded : epoch === head.epoch
      if (!recorded) changes.push(heads.recordOf(actor, { sequence, epoch }))
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
      let last = afterSequence
      for await (const entries of store.pages(numbered(prefix, afterSequence + 1), after(prefix))) {
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
    },
    async reply({ tenant, type, key }, commandId) {
      const bytes = await store.get(keyOf("command", tenant, type, key, commandId))
      const where = (): string => `the answer to command ${commandId} of ${tenant}/${type}/${key}`
      return bytes === undefined ? undefined : { reply: decodeValue(bytes, where) }
    },
    async saveSnapshot({ tenant, type, key }, snapshot) {
      await store.write([[keyOf("snapshot", tenant, type, key), encodeValue(snapshot)]])
    },
    async snapshot(actor) {
      const bytes = await store.get(keyOf("snapshot", actor.tenant, actor.type, actor.key))
      return bytes && (decodeValue(bytes, () => `the snapshot of ${titleOf(actor)}`) as Snapshot)
    },
    keys: (tenant, type) => heads.keys(tenant, type),
    close: () => store.close(),
  }
}
