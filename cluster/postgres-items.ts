/** A store in PostgreSQL as items. It is read in one transaction, and filled in one. */
import { AgentOSError } from "#actors/errors.js"
import type { PersistenceId } from "#actors/persistence/journal.js"
import { escaped, unescaped } from "#actors/persistence/keys.js"
import { bigIntegers, byteStrings, texts } from "./postgres-arrays.js"
import { defaultSchema, type PostgresSettings } from "./postgres-client.js"
import { prepareSchema, useLock } from "./postgres-schema.js"
import { inSession } from "./postgres-store.js"
import type { ItemTarget, MovableStore, StoredItem } from "./stored-item.js"
import type { SqlClient } from "./sql-client.js"

export function postgresItems(settings: PostgresSettings): MovableStore {
  const schema = settings.schema ?? defaultSchema
  const alone = <T>(begin: string, work: (client: SqlClient) => Promise<T>): Promise<T> =>
    inSession({ ...settings, statementTimeoutMs: 0 }, async (client) => {
      await prepareSchema(client, schema, client.host)
      const { rows } = await client.query<{ readonly free: boolean }>(`SELECT pg_try_advisory_lock(${useLock}) AS free`)
      if (rows[0]?.free !== true)
        throw new AgentOSError("STORE_REFUSED", `schema ${schema} of PostgreSQL is in use: stop the nodes that use it`)
      await client.query(begin)
      const result = await work(client) // whatever it throws ends the session, and with it the transaction
      await client.query("COMMIT")
      return result
    })
  return {
    location: `schema ${schema} of PostgreSQL`,
    read: (work) =>
      alone("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", async (client) => {
        if (await empty(client)) throw new AgentOSError("STORE_REFUSED", `there is no store in schema ${schema}: nothing can be moved from it`) // prettier-ignore
        return work(new PostgresItems(client))
      }),
    fill: (work) =>
      alone("BEGIN", async (client) => {
        if (!(await empty(client))) throw new AgentOSError("STORE_REFUSED", `schema ${schema} of PostgreSQL is not empty: give the move one of its own`) // prettier-ignore
        return work(new PostgresItems(client))
      }),
  }
}

const tables = ["head", "event", "ordered_type", "snapshot", "command", "fence", "record"]

async function empty(client: SqlClient): Promise<boolean> {
  const { rows } = await client.query<{ readonly empty: boolean }>(`SELECT ${tables.map((table) => `NOT EXISTS (SELECT FROM ${table})`).join(" AND ")} AS empty`) // prettier-ignore
  return rows[0]?.empty === true
}

const pageSize = 1000

interface Row {
  readonly [column: string]: unknown
  readonly tenant: string
  readonly type: string
  readonly key: string
}

const actorOf = ({ tenant, type, key }: Row): PersistenceId => ({ tenant: unescaped(tenant), type: unescaped(type), key: unescaped(key) }) // prettier-ignore

/** How each kind is read, in the order of kinds. */
const readings: readonly { readonly text: string; readonly item: (row: Row) => StoredItem }[] = [
  {
    text: "SELECT tenant, type, key, sequence, epoch, trimmed FROM head ORDER BY tenant, type, key",
    item: (row) => ({ kind: "head", actor: actorOf(row), sequence: Number(row["sequence"]), epoch: Number(row["epoch"]), trimmed: Number(row["trimmed"]) }), // prettier-ignore
  },
  {
    text: "SELECT tenant, type, key, sequence, record FROM event e WHERE sequence > (SELECT trimmed FROM head h WHERE h.tenant = e.tenant AND h.type = e.type AND h.key = e.key) ORDER BY tenant, type, key, sequence",
    item: (row) => ({ kind: "event", actor: actorOf(row), sequence: Number(row["sequence"]), record: row["record"] as Buffer }), // prettier-ignore
  },
  {
    text: "SELECT tenant, type, last FROM ordered_type ORDER BY tenant, type",
    item: (row) => ({ kind: "order", tenant: unescaped(row.tenant), type: unescaped(row.type), last: Number(row["last"]) }), // prettier-ignore
  },
  {
    text: "SELECT tenant, type, key, sequence, ordinal FROM event e WHERE ordinal IS NOT NULL AND sequence > (SELECT trimmed FROM head h WHERE h.tenant = e.tenant AND h.type = e.type AND h.key = e.key) ORDER BY tenant, type, ordinal",
    item: (row) => ({ kind: "ordinal", actor: actorOf(row), sequence: Number(row["sequence"]), ordinal: Number(row["ordinal"]) }), // prettier-ignore
  },
  {
    text: "SELECT tenant, type, key, sequence, value FROM snapshot ORDER BY tenant, type, key",
    item: (row) => ({ kind: "snapshot", actor: actorOf(row), sequence: Number(row["sequence"]), value: row["value"] as Buffer }), // prettier-ignore
  },
  {
    text: "SELECT tenant, type, key, id, wall_time, reply FROM command ORDER BY tenant, type, key, id",
    item: (row) => ({ kind: "command", actor: actorOf(row), id: unescaped(row["id"] as string), wallTime: Number(row["wall_time"]), reply: row["reply"] as Buffer }), // prettier-ignore
  },
  {
    text: "SELECT name, epoch FROM fence ORDER BY name",
    item: (row) => ({ kind: "fence", name: unescaped(row["name"] as string), epoch: Number(row["epoch"]) }),
  },
  {
    text: "SELECT key, value FROM record ORDER BY key",
    item: (row) => ({ kind: "record", key: row.key as unknown as Buffer, value: row["value"] as Buffer }),
  },
]

class PostgresItems implements ItemTarget {
  readonly #client: SqlClient

  constructor(client: SqlClient) {
    this.#client = client
  }

  async count(): Promise<number> {
    const counts = [...tables.map((table) => `(SELECT count(*) FROM ${table})`), "(SELECT count(ordinal) FROM event)"]
    const { rows } = await this.#client.query<{ readonly count: string }>(`SELECT ${counts.join(" + ")} AS count`)
    return Number(rows[0]?.count ?? 0)
  }

  async *items(): AsyncGenerator<readonly StoredItem[]> {
    for (const { text, item } of readings) {
      await this.#client.query(`DECLARE items NO SCROLL CURSOR FOR ${text}`)
      for (;;) {
        const { rows } = await this.#client.query<Row>(`FETCH ${pageSize} FROM items`)
        if (rows.length === 0) break
        yield rows.map(item)
      }
      await this.#client.query("CLOSE items")
    }
  }

  async write(items: readonly StoredItem[]): Promise<void> {
    for (let from = 0; from < items.length;) {
      const { kind } = items[from] as StoredItem
      let to = from
      while (items[to]?.kind === kind) to += 1
      const { text, values } = writing(kind, items.slice(from, to))
      await this.#client.query(text, values)
      from = to
    }
  }
}

/** The statement that writes items of one kind. */
function writing(kind: StoredItem["kind"], items: readonly StoredItem[]): { text: string; values: Buffer[] } {
  type Of<K> = Extract<StoredItem, { kind: K }>
  const of = <K extends StoredItem["kind"]>(_kind: K): readonly Of<K>[] => items as readonly Of<K>[]
  const names = (actors: readonly PersistenceId[]): Buffer[] =>
    (["tenant", "type", "key"] as const).map((part) => texts(actors.map((actor) => escaped(actor[part]))))
  const insert = (table: string, types: string, values: Buffer[]): { text: string; values: Buffer[] } => ({
    text: `INSERT INTO ${table} SELECT * FROM unnest(${types.split(" ").map((type, i) => `$${i + 1}::${type}[]`).join(", ")})`, // prettier-ignore
    values,
  })
  const numbers = <T>(rows: readonly T[], number: (row: T) => number): Buffer => bigIntegers(rows.map(number))
  const bytes = <T>(rows: readonly T[], value: (row: T) => Buffer): Buffer => byteStrings(rows.map(value))
  switch (kind) {
    case "head": {
      const rows = of(kind)
      return insert("head", "text text text bigint bigint bigint", [
        ...names(rows.map(({ actor }) => actor)),
        numbers(rows, ({ sequence }) => sequence),
        numbers(rows, ({ epoch }) => epoch),
        numbers(rows, ({ trimmed }) => trimmed),
      ])
    }
    case "event": {
      const rows = of(kind)
      return insert("event (tenant, type, key, sequence, record)", "text text text bigint bytea", [
        ...names(rows.map(({ actor }) => actor)),
        numbers(rows, ({ sequence }) => sequence),
        bytes(rows, ({ record }) => record),
      ])
    }
    case "order": {
      const rows = of(kind)
      return insert("ordered_type", "text text bigint", [
        texts(rows.map(({ tenant }) => escaped(tenant))),
        texts(rows.map(({ type }) => escaped(type))),
        numbers(rows, ({ last }) => last),
      ])
    }
    case "ordinal": {
      const rows = of(kind)
      return {
        text: `UPDATE event e SET ordinal = o.ordinal
          FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[]) AS o(tenant, type, key, sequence, ordinal)
          WHERE e.tenant = o.tenant AND e.type = o.type AND e.key = o.key AND e.sequence = o.sequence`,
        values: [
          ...names(rows.map(({ actor }) => actor)),
          numbers(rows, ({ sequence }) => sequence),
          numbers(rows, ({ ordinal }) => ordinal),
        ],
      }
    }
    case "snapshot": {
      const rows = of(kind)
      return insert("snapshot", "text text text bigint bytea", [
        ...names(rows.map(({ actor }) => actor)),
        numbers(rows, ({ sequence }) => sequence),
        bytes(rows, ({ value }) => value),
      ])
    }
    case "command": {
      const rows = of(kind)
      return insert("command", "text text text text bigint bytea", [
        ...names(rows.map(({ actor }) => actor)),
        texts(rows.map(({ id }) => escaped(id))),
        numbers(rows, ({ wallTime }) => wallTime),
        bytes(rows, ({ reply }) => reply),
      ])
    }
    case "fence": {
      const rows = of(kind)
      return insert("fence", "text bigint", [
        texts(rows.map(({ name }) => escaped(name))),
        numbers(rows, ({ epoch }) => epoch),
      ])
    }
    case "record": {
      const rows = of(kind)
      return insert("record", "bytea bytea", [bytes(rows, ({ key }) => key), bytes(rows, ({ value }) => value)])
    }
  }
}
