/**
 * Records in PostgreSQL, in the table `record`, under the keys that they have in LevelDB, so that a store can be moved from one to the other.
 *
 * Invariants, beside those of the port
 *   Q1. The news of a room are written in the transaction of the change they tell of, numbered in one row that it locks until it is committed: so they become
 *       visible in their order, and who has read them up to a number has missed nothing before.
 *   Q2. Keys are written in their order, so that two nodes that write the same ones wait for each other and not in a circle.
 */
import type { AgentOSError } from "#actors/errors.js"
import { after, escaped, keyOf, wellFormed } from "#actors/persistence/keys.js"
import { encodeValue } from "#actors/persistence/checked-value.js"
import type { Clock } from "#actors/clock.js"
import { byteStrings } from "#cluster/postgres-arrays.js"
import { isContended } from "#cluster/postgres-errors.js"
import type { PostgresStore } from "#cluster/postgres-store.js"
import { recordOf, type RecordStore } from "./record-store.js"

/** Records that are read at once; some of them hold whole documents. */
const page = 200
/** How often the news of other nodes are asked for. */
const newsEveryMs = 500
/** Changes of a room that are kept as news; who has missed more reads the room anew. */
const newsKept = 10_000
/** News that are told one by one; beyond it, all is said to have changed. */
const newsAtOnce = 1000

const upsert = "INSERT INTO record SELECT * FROM unnest($2::bytea[], $3::bytea[]) ON CONFLICT (key) DO UPDATE SET value = excluded.value" // prettier-ignore
const statements = {
  get: { name: "record", text: "SELECT value FROM record WHERE key = $1" },
  entries: { name: "records", text: `SELECT key, value FROM record WHERE key >= $1 AND key < $2 ORDER BY key LIMIT ${page}` }, // prettier-ignore
  next: { name: "next_records", text: `SELECT key, value FROM record WHERE key > $1 AND key < $2 ORDER BY key LIMIT ${page}` }, // prettier-ignore
  write: { name: "write_records", text: `WITH gone AS (DELETE FROM record WHERE key = ANY ($1::bytea[])) ${upsert}` },
  /** Q1 */
  tell: {
    name: "write_told_records",
    text: `WITH numbered AS (
        INSERT INTO room VALUES ($4, 1) ON CONFLICT (name) DO UPDATE SET last = room.last + 1 RETURNING last
      ), told AS (
        INSERT INTO record_change SELECT $4, n.last, c.key FROM numbered n, unnest($1::bytea[] || $2::bytea[]) AS c(key)
      ), old AS (
        DELETE FROM record_change WHERE room = $4 AND number <= (SELECT last FROM numbered) - ${newsKept}
      ), gone AS (DELETE FROM record WHERE key = ANY ($1::bytea[])) ${upsert}`,
  },
  last: { name: "last_of_room", text: "SELECT last FROM room WHERE name = $1" },
  news: { name: "news_of_room", text: `SELECT number, key FROM record_change WHERE room = $1 AND number > $2 ORDER BY number LIMIT ${newsAtOnce}` }, // prettier-ignore
} as const

export interface PostgresRoom {
  readonly clock: Clock
  /** Whether changes are told to whoever follows the room on another node; costs a second row for each change. */
  readonly told: boolean
}

/** The records of a room of an open store. */
export function postgresRecords(store: PostgresStore, room: string, { clock, told }: PostgresRoom): RecordStore {
  const prefix = keyOf(room)
  const name = escaped(room)
  const full = (key: string): Buffer => Buffer.concat([prefix, Buffer.from(wellFormed(key))])
  const short = (key: Buffer): string => key.subarray(prefix.length).toString()
  return {
    async get(key) {
      const [row] = await store.read<{ readonly value: Buffer }>(statements.get, [full(key)])
      return row && recordOf(room, key, row.value)
    },
    async write(changes) {
      const last = new Map(changes.map(([key, value]) => [key, value])) // the last change of a key counts
      const sorted = [...last].map(([key, value]) => [full(key), value] as const).sort(([a], [b]) => a.compare(b)) // Q2
      const kept = sorted.filter(([, value]) => value !== undefined)
      const values = [
        byteStrings(sorted.filter(([, value]) => value === undefined).map(([key]) => key)),
        byteStrings(kept.map(([key]) => key)),
        byteStrings(kept.map(([, value]) => encodeValue(value))),
      ]
      if (sorted.length === 0) return
      for (;;) {
        try {
          await (told ? store.read(statements.tell, [...values, name]) : store.read(statements.write, values))
          return
        } catch (error) {
          if (!isContended({ code: (error as AgentOSError).details?.["sqlState"] })) throw error // it was rolled back
        }
      }
    },
    async *entries(begin) {
      const from = full(begin)
      const to = after(from)
      type Row = { readonly key: Buffer; readonly value: Buffer }
      for (let rows = await store.read<Row>(statements.entries, [from, to]); rows.length > 0;) {
        const { key: last } = rows.at(-1) as Row
        const next = rows.length < page ? Promise.resolve([]) : store.read<Row>(statements.next, [last, to])
        next.catch(() => undefined) // whoever goes on hears of it, whoever has left need not
        for (const { key, value } of rows) yield [short(key), recordOf(room, short(key), value)]
        rows = await next
      }
    },
    async follow(heard) {
      if (!told) return () => undefined
      const lastNumber = async (): Promise<number> => {
        const [row] = await store.read<{ readonly last: string }>(statements.last, [name])
        return Number(row?.last ?? 0)
      }
      let read = await lastNumber()
      let stopped = false
      let cancel = (): void => undefined
      const look = async (): Promise<void> => {
        const news = await store.read<{ readonly number: string; readonly key: Buffer }>(statements.news, [name, read])
        const [first] = news
        if (first === undefined || stopped) return
        if (news.length === newsAtOnce || Number(first.number) > read + 1) {
          const last = await lastNumber()
          heard(undefined)
          read = last
          return
        }
        read = Number((news.at(-1) as typeof first).number)
        heard([...new Set(news.map(({ key }) => short(key)))])
      }
      const wait = (): void => {
        cancel = clock.timer(newsEveryMs, () => {
          look()
            .catch(() => undefined) // the next look may succeed
            .then(() => stopped || wait())
        })
      }
      wait()
      return () => {
        stopped = true
        cancel()
      }
    },
  }
}
