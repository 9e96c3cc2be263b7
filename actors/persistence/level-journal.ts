/** The journal in LevelDB. The head of an actor (sequence, epoch) is kept in memory once known; the store has one owner process. */
import type { Clock } from "../clock.js"
import { AgentOSError } from "../errors.js"
import type { Journal, NewEvent, PersistenceId, Snapshot, StoredEvent } from "./journal.js"
import { after, keyOf, numbered, partsOf } from "./keys.js"
import type { Change } from "./database.js"
import type { LevelStore } from "./level-store.js"
import { checkAppend } from "./memory-journal.js"
import { actorNames, decodePayload, decodeRecord, encodePayload, encodeRecord } from "./record.js"

interface Head {
  sequence: number
  epoch: number
  /** The key that leads the actor's events. */
  readonly prefix: Buffer
  /** What every record of the actor begins with. */
  readonly names: Buffer
}

/** Heads kept in memory; the least recently used goes first and is read again when needed. */
const headLimit = 100_000

export function levelJournal(store: LevelStore, clock: Clock): Journal {
  const heads = new Map<string, Head>()
  const eventsOf = ({ tenant, type, key }: PersistenceId): Buffer => keyOf("journal", tenant, type, key)
  const names = new WeakMap<PersistenceId, string>()
  const nameOf = (actor: PersistenceId): string => {
    let name = names.get(actor)
    if (name === undefined) {
      name = `${actor.tenant}\u0000${actor.type}\u0000${actor.key}`
      names.set(actor, name)
    }
    return name
  }

  /** Heads on their way from the disk: appends that wait for one go on in the order they came. */
  const loading = new Map<string, Promise<Head>>()
  const keep = (name: string, head: Head): Head => {
    if (heads.size >= headLimit) heads.delete(heads.keys().next().value as string)
    heads.set(name, head)
    return head
  }
  const headOf = (actor: PersistenceId, name: string): Promise<Head> => {
    const known = loading.get(name)
    if (known !== undefined) return known
    const head = loadHead(actor, name)
    loading.set(name, head)
    const loaded = (): unknown => loading.delete(name)
    head.then(loaded, loaded) // the first to hear of it: whoever comes later finds the head, or the end of the queue
    return head
  }
  const loadHead = async (actor: PersistenceId, name: string): Promise<Head> => {
    const prefix = eventsOf(actor)
    const head: Head = { sequence: 0, epoch: 0, prefix, names: actorNames(actor) }
    for await (const [key, value] of store.range(prefix, after(prefix), { reverse: true, limit: 1 })) {
      const { event } = decodeRecord(value, where(actor, key))
      Object.assign(head, { sequence: event.sequence, epoch: event.epoch })
    }
    const fence = await store.get(keyOf("epoch", actor.tenant, actor.type, actor.key))
    if (fence !== undefined) head.epoch = Math.max(head.epoch, decodePayload(fence) as number)
    return keep(name, head)
  }

  return {
    async append(actor, expectedSequence, epoch, events: readonly NewEvent[], options = {}) {
      const name = nameOf(actor)
      let head = loading.has(name) ? undefined : heads.get(name)
      if (head === undefined)
        head =
          options.isNew === true
            ? keep(name, { sequence: 0, epoch: 0, prefix: eventsOf(actor), names: actorNames(actor) })
            : await headOf(actor, name)
      checkAppend(actor, head, expectedSequence, epoch)
      const wallTime = Math.floor(clock.wallTime())
      const { prefix } = head
      const before = { sequence: head.sequence, epoch: head.epoch }
      const { traceId } = options
      const commandId = options.command?.id
      const changes: Change[] = []
      let sequence = head.sequence
      for (const event of events) {
        sequence += 1
        const { name, payload, version } = event
        const stored: StoredEvent = { name, payload, version, sequence, epoch, wallTime, commandId, traceId }
        changes.push([numbered(prefix, sequence), encodeRecord(head.names, stored)])
      }
      if (options.command !== undefined)
        changes.push([
          keyOf("command", actor.tenant, actor.type, actor.key, options.command.id),
          encodePayload(options.command.reply),
        ])
      if (events.length === 0 && epoch > head.epoch)
        changes.push([keyOf("epoch", actor.tenant, actor.type, actor.key), encodePayload(epoch)])
      head.sequence = sequence
      head.epoch = epoch
      try {
        await store.write(changes)
      } catch (error) {
        Object.assign(head, before)
        throw error
      }
      return sequence
    },
    async *read(actor, afterSequence = 0) {
      const prefix = eventsOf(actor)
      let expected = afterSequence
      for await (const [key, value] of store.range(numbered(prefix, afterSequence + 1), after(prefix))) {
        const { event } = decodeRecord(value, where(actor, key))
        expected += 1
        if (event.sequence !== expected)
          throw new AgentOSError(
            "RECORD_DAMAGED",
            `${nameOf(actor).replaceAll("\u0000", "/")}: event ${expected} is missing; the next one is ${event.sequence}`,
          )
        yield event
      }
    },
    async reply({ tenant, type, key }, commandId) {
      const bytes = await store.get(keyOf("command", tenant, type, key, commandId))
      return bytes === undefined ? undefined : { reply: decodePayload(bytes) }
    },
    async saveSnapshot({ tenant, type, key }, snapshot) {
      await store.write([[keyOf("snapshot", tenant, type, key), encodePayload(snapshot)]])
    },
    async snapshot({ tenant, type, key }) {
      const bytes = await store.get(keyOf("snapshot", tenant, type, key))
      return bytes === undefined ? undefined : (decodePayload(bytes) as Snapshot)
    },
    async *keys(tenant, type) {
      let from = keyOf("journal", tenant, type)
      const to = after(from)
      for (;;) {
        let key: string | undefined
        for await (const [found] of store.range(from, to, { limit: 1 }))
          key = partsOf(found.subarray(0, found.length - 8))[3]
        if (key === undefined) return
        yield key
        from = after(keyOf("journal", tenant, type, key))
      }
    },
    close: () => store.close(),
  }

  function where(actor: PersistenceId, key: Buffer): string {
    return `event ${key.readUInt32BE(key.length - 8) * 2 ** 32 + key.readUInt32BE(key.length - 4)} of ${nameOf(actor).replaceAll("\u0000", "/")}`
  }
}
