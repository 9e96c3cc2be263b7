import type { Clock } from "../clock.js"
import { AgentOSError } from "../errors.js"
import type { AppendOptions, Journal, NewEvent, PersistenceId, Snapshot, StoredEvent } from "./journal.js"

interface Entry {
  readonly events: StoredEvent[]
  readonly replies: Map<string, { readonly reply: unknown }>
  epoch: number
  snapshot?: Snapshot
}

/** The journal in this process only: the shortest definition of the port. What is stored is a copy. */
export function memoryJournal(clock: Clock): Journal {
  const entries = new Map<string, Entry>()
  const entryOf = ({ tenant, type, key }: PersistenceId): Entry => {
    const id = JSON.stringify([tenant, type, key])
    let entry = entries.get(id)
    if (entry === undefined) entries.set(id, (entry = { events: [], replies: new Map(), epoch: 0 }))
    return entry
  }
  return {
    async append(actor, expectedSequence, epoch, events: readonly NewEvent[], options: AppendOptions = {}) {
      const entry = entryOf(actor)
      checkAppend(actor, { sequence: entry.events.length, epoch: entry.epoch }, expectedSequence, epoch)
      entry.epoch = epoch
      for (const event of events) {
        entry.events.push({
          ...structuredClone(event),
          sequence: entry.events.length + 1,
          epoch,
          wallTime: Math.floor(clock.wallTime()),
          ...(options.command === undefined ? {} : { commandId: options.command.id }),
          ...(options.traceId === undefined ? {} : { traceId: options.traceId }),
        })
      }
      if (options.command !== undefined)
        entry.replies.set(options.command.id, { reply: structuredClone(options.command.reply) })
      return entry.events.length
    },
    async *read(actor, afterSequence = 0) {
      const events = entryOf(actor).events.slice(afterSequence)
      if (events.length > 0) yield structuredClone(events)
    },
    async reply(actor, commandId) {
      return structuredClone(entryOf(actor).replies.get(commandId))
    },
    async saveSnapshot(actor, snapshot) {
      entryOf(actor).snapshot = structuredClone(snapshot)
    },
    async snapshot(actor) {
      return structuredClone(entryOf(actor).snapshot)
    },
    async *keys(tenant, type) {
      const found = [...entries]
        .filter(([, { events }]) => events.length > 0)
        .map(([id]) => JSON.parse(id) as [string, string, string])
      for (const key of found.filter(([t, name]) => t === tenant && name === type).map(([, , key]) => key).sort()) yield key // prettier-ignore
    },
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
