/**
 * The journal in PostgreSQL. Any number of nodes use one, so nothing about an actor is kept in memory: the server
 * knows its head, and judges each append.
 *
 * Invariants, beside those of the port (J1 to J7)
 *   Q1. An owner with a fence that was claimed anew is refused in the transaction of its append, however long it slept
 *       in between (T3).
 *   Q2. Snapshots only go forward: an owner that was overtaken does not put its older one over a newer one, whose
 *       events may be trimmed.
 */
import type { Clock } from "#actors/clock.js"
import { AgentOSError } from "#actors/errors.js"
import { joined } from "#actors/names.js"
import { decodeValue, encodeValue } from "#actors/persistence/checked-value.js"
import type { Journal, OrderedEvent, PersistenceId, Snapshot, StoredEvent } from "#actors/persistence/journal.js"
import { escaped, unescaped, wellFormed } from "#actors/persistence/keys.js"
import { checkTrim, titleOf } from "#actors/persistence/journal-checks.js"
import { actorNames, decodeEvent, encodeRecord } from "#actors/persistence/record.js"
import { Fences } from "./postgres-fences.js"
import { typeLock } from "./postgres-schema.js"
import type { PostgresStore } from "./postgres-store.js"
import { unknownTime } from "./stored-item.js"
import type { SqlClient } from "./sql-client.js"

export interface PostgresJournal extends Journal {
  readonly fences: Fences
}

export interface PostgresJournalOptions {
  /**
   * The fence that the epochs of an actor's appends are of, such as its shard's name. Without one only its own highest
   * epoch counts.
   */
  readonly fenceOf?: (actor: PersistenceId) => string
}

/** Events and keys that are read at once. */
const page = 1000
/** Events that are deleted at once. */
const trimPage = 5000

const namesOf = ({ tenant, type, key }: PersistenceId): [string, string, string] => [escaped(tenant), escaped(type), escaped(key)] // prettier-ignore

const ofActor = "tenant = $1 AND type = $2 AND key = $3"
const statements = {
  head: { name: "head", text: `SELECT sequence, trimmed FROM head WHERE ${ofActor}` },
  events: { name: "events", text: `SELECT sequence, record FROM event WHERE ${ofActor} AND sequence > $4 ORDER BY sequence LIMIT ${page}` }, // prettier-ignore
  firstUnread: {
    name: "first_unread",
    text: `SELECT sequence FROM event WHERE ${ofActor} AND ordinal > $4 ORDER BY sequence LIMIT 1`,
  },
  trimHead: { name: "trim_head", text: `UPDATE head SET trimmed = greatest(trimmed, $4) WHERE ${ofActor} RETURNING trimmed` }, // prettier-ignore
  trimEvents: {
    name: "trim_events",
    text: `WITH gone AS (DELETE FROM event WHERE ${ofActor} AND sequence <=
        (SELECT max(sequence) FROM (SELECT sequence FROM event WHERE ${ofActor} AND sequence <= $4 ORDER BY sequence LIMIT ${trimPage}) first) RETURNING 1)
      SELECT count(*)::int AS count FROM gone`,
  },
  reply: { name: "reply", text: `SELECT reply, wall_time FROM command WHERE ${ofActor} AND id = $4` },
  trimCommands: { name: "trim_commands", text: `DELETE FROM command WHERE ${ofActor} AND wall_time < $4` },
  saveSnapshot: {
    name: "save_snapshot",
    text: `INSERT INTO snapshot VALUES ($1, $2, $3, $4, $5) ON CONFLICT (tenant, type, key)
      DO UPDATE SET sequence = excluded.sequence, value = excluded.value WHERE snapshot.sequence <= excluded.sequence`,
  },
  snapshot: { name: "snapshot", text: `SELECT sequence, value FROM snapshot WHERE ${ofActor}` },
  remove: {
    name: "remove",
    text: `WITH e AS (DELETE FROM event WHERE ${ofActor}), c AS (DELETE FROM command WHERE ${ofActor}),
      s AS (DELETE FROM snapshot WHERE ${ofActor}) DELETE FROM head WHERE ${ofActor}`,
  },
  lastOrdinal: { name: "last_ordinal", text: "SELECT last FROM ordered_type WHERE tenant = $1 AND type = $2" },
  ordered: {
    name: "ordered",
    text: `SELECT ordinal, key, sequence, record FROM event WHERE tenant = $1 AND type = $2 AND ordinal > $3 AND ordinal <= $4 ORDER BY ordinal LIMIT ${page}`,
  },
  keys: { name: "keys", text: `SELECT key FROM head WHERE tenant = $1 AND type = $2 AND key > $3 AND sequence > 0 ORDER BY key LIMIT ${page}` }, // prettier-ignore
  firstKeys: { name: "first_keys", text: `SELECT key FROM head WHERE tenant = $1 AND type = $2 AND sequence > 0 ORDER BY key LIMIT ${page}` }, // prettier-ignore
} as const

interface EventRow {
  readonly sequence: string
  readonly record: Buffer
}

/** The journal of an open store, which it closes with itself. */
export function postgresJournal(
  store: PostgresStore,
  clock: Clock,
  options: PostgresJournalOptions = {},
): PostgresJournal {
  const { fenceOf } = options
  /** Types that this node knows to be ordered. */
  const orders = new Map<string, Promise<void>>()
  const order = (tenant: string, type: string): Promise<void> => {
    const name = joined(tenant, type)
    let made = orders.get(name)
    if (made === undefined) {
      made = store.session((client) => makeOrdered(client, escaped(tenant), escaped(type)))
      orders.set(name, made)
      made.catch(() => orders.delete(name))
    }
    return made
  }
  const headOf = async (actor: PersistenceId): Promise<{ readonly sequence: number; readonly trimmed: number }> => {
    const [row] = await store.read<{ readonly sequence: string; readonly trimmed: string }>(statements.head, namesOf(actor)) // prettier-ignore
    return { sequence: Number(row?.sequence ?? 0), trimmed: Number(row?.trimmed ?? 0) }
  }
  /** The sequence of the last event of an actor up to which all are within an ordinal. */
  const readUpTo = async (actor: PersistenceId, read: number): Promise<number> => {
    if (read === Infinity) return Infinity
    await order(actor.tenant, actor.type)
    const [first] = await store.read<{ readonly sequence: string }>(statements.firstUnread, [...namesOf(actor), read])
    return Number(first?.sequence ?? Infinity) - 1
  }
  const missing = (actor: PersistenceId, sequence: number, more = ""): AgentOSError =>
    new AgentOSError("RECORD_DAMAGED", `${titleOf(actor)}: event ${sequence} is missing${more}`)
  return {
    fences: new Fences(store),
    async append(actor, expectedSequence, epoch, events, { ordered = false, traceId, command, fence } = {}) {
      for (const name of [...namesOf(actor), command?.id ?? ""]) wellFormed(name) // each is refused alone (G3 of `postgres-groups.ts`)
      const wallTime = Math.floor(clock.wallTime())
      const names = actorNames(actor)
      const commandId = command?.id
      const records = events.map(({ name, payload, version }, i): Buffer => {
        const sequence = expectedSequence + 1 + i
        return encodeRecord(names, { name, payload, version, sequence, epoch, wallTime, commandId, traceId })
      })
      const answer = command && { id: command.id, wallTime, reply: encodeValue(command.reply) }
      if (ordered) await order(actor.tenant, actor.type) // all that is to be written is bytes now (J1)
      await store.groups.append({
        actor,
        expected: expectedSequence,
        epoch,
        fence: fence ?? fenceOf?.(actor) ?? "",
        records,
        command: answer,
      })
      return expectedSequence + records.length
    },
    async *read(actor, afterSequence = 0) {
      const names = actorNames(actor)
      const head = await headOf(actor)
      let last = Math.max(afterSequence, head.trimmed)
      const pageAfter = (sequence: number): Promise<readonly EventRow[]> => store.read(statements.events, [...namesOf(actor), sequence]) // prettier-ignore
      for (let next = pageAfter(last); ;) {
        const rows = await next
        if (rows.length === 0) break
        const end = Number((rows.at(-1) as EventRow).sequence)
        next = pageAfter(end) // is read while this page is worked on
        next.catch(() => undefined) // whoever goes on hears of it, whoever has left need not
        const events = new Array<StoredEvent>(rows.length)
        for (const [i, { sequence, record }] of rows.entries()) {
          last += 1
          // A trim may have overtaken the reading.
          if (Number(sequence) !== last && (await headOf(actor)).trimmed >= Number(sequence) - 1)
            last = Number(sequence)
          const event = decodeEvent(record, names, () => `event ${sequence} of ${titleOf(actor)}`)
          if (Number(sequence) !== last || event.sequence !== last)
            throw missing(actor, last, `; the next one is ${event.sequence}`)
          events[i] = event
        }
        yield events
      }
      if (last < head.sequence && (await headOf(actor)).trimmed < head.sequence) throw missing(actor, last + 1)
    },
    async trim(actor, upTo, read = Infinity) {
      const [stored] = await store.read<{ readonly sequence: string }>(statements.snapshot, namesOf(actor))
      checkTrim(actor, upTo, Number(stored?.sequence ?? 0))
      const end = Math.min(upTo, await readUpTo(actor, read)) // J8
      const [head] = await store.read<{ readonly trimmed: string }>(statements.trimHead, [...namesOf(actor), end])
      for (let count = trimPage; head !== undefined && count === trimPage;)
        count = (await store.read<{ readonly count: number }>(statements.trimEvents, [...namesOf(actor), head.trimmed]))[0]?.count ?? 0 // prettier-ignore
    },
    async reply(actor, commandId) {
      const [row] = await store.read<{ readonly reply: Buffer; readonly wall_time: string }>(statements.reply, [...namesOf(actor), escaped(commandId)]) // prettier-ignore
      if (row === undefined) return undefined
      const reply = decodeValue(row.reply, () => `the answer to command ${commandId} of ${titleOf(actor)}`)
      const wallTime = Number(row.wall_time)
      return wallTime === unknownTime ? { reply } : { reply, wallTime }
    },
    async trimCommands(actor, before) {
      await store.read(statements.trimCommands, [...namesOf(actor), Math.max(0, Math.ceil(before))])
    },
    async saveSnapshot(actor, snapshot) {
      await store.read(statements.saveSnapshot, [...namesOf(actor), snapshot.sequence, encodeValue(snapshot)])
    },
    async snapshot(actor) {
      const [row] = await store.read<{ readonly value: Buffer }>(statements.snapshot, namesOf(actor))
      return row && (decodeValue(row.value, () => `the snapshot of ${titleOf(actor)}`) as Snapshot)
    },
    async *ordered(tenant, type, afterOrdinal = 0) {
      await order(tenant, type)
      const names = [escaped(tenant), escaped(type)]
      const [counted] = await store.read<{ readonly last: string }>(statements.lastOrdinal, names)
      const end = Number(counted?.last ?? 0)
      store.followers.seen(tenant, type, end)
      for (let last = afterOrdinal; last < end;) {
        const rows = await store.read<EventRow & { readonly ordinal: string; readonly key: string }>(statements.ordered, [...names, last, end]) // prettier-ignore
        if (rows.length === 0) return
        last = Number((rows.at(-1) as (typeof rows)[number]).ordinal)
        yield rows.map(({ ordinal, key: text, sequence, record }): OrderedEvent => {
          const key = unescaped(text)
          const actor = { tenant, type, key }
          return { ...decodeEvent(record, actorNames(actor), () => `event ${sequence} of ${titleOf(actor)}`), ordinal: Number(ordinal), key } // prettier-ignore
        })
      }
    },
    follow: (tenant, type, listener) => store.followers.follow(tenant, type, listener),
    async *keys(tenant, type) {
      const names = [escaped(tenant), escaped(type)]
      for (let rows = await store.read<{ readonly key: string }>(statements.firstKeys, names); rows.length > 0;) {
        for (const { key } of rows) yield unescaped(key)
        rows = await store.read(statements.keys, [...names, (rows.at(-1) as (typeof rows)[number]).key])
      }
    },
    async remove(actor) {
      await store.read(statements.remove, namesOf(actor))
    },
    compact: () => store.session(async (client) => void (await client.query("VACUUM head, event, snapshot, command"))),
    close: () => store.close(),
  }
}

/** Gives the events of a type ordinals, and has them counted from now on (T5). Appends to the type wait meanwhile. */
async function makeOrdered(client: SqlClient, tenant: string, type: string): Promise<void> {
  const names = [tenant, type]
  const known = await client.query("SELECT FROM ordered_type WHERE tenant = $1 AND type = $2", names)
  if (known.rowCount !== 0) return
  await client.query(
    "BEGIN; SET LOCAL enable_seqscan = on; SET LOCAL enable_hashjoin = on; SET LOCAL enable_mergejoin = on",
  )
  await client.query(`SELECT pg_advisory_xact_lock(${typeLock("$1", "$2")})`, names)
  const { rowCount } = await client.query("INSERT INTO ordered_type VALUES ($1, $2, 0) ON CONFLICT DO NOTHING", names)
  if (rowCount === 1) {
    // Trimmed events have used up ordinals, too: who reads the order can count them.
    await client.query(
      `UPDATE event e SET ordinal = h.before + e.sequence
        FROM (SELECT key, (sum(sequence) OVER (ORDER BY (sequence > trimmed), key) - sequence)::bigint AS before FROM head WHERE tenant = $1 AND type = $2) h
        WHERE e.tenant = $1 AND e.type = $2 AND e.key = h.key`,
      names,
    )
    await client.query(
      `UPDATE ordered_type SET last = (SELECT coalesce(sum(sequence), 0) FROM head WHERE tenant = $1 AND type = $2)
        WHERE tenant = $1 AND type = $2`,
      names,
    )
  }
  await client.query("COMMIT")
}
