/**
 * One session on a PostgreSQL server, through the package `pg`, which is loaded on first use.
 *
 * Invariants
 *   S1. Every session reads committed data statement by statement, and a commit is on the server's disk when it is acknowledged, whatever the server's or
 *       the user's defaults are.
 *   S2. A server that cannot keep this promise (fsync is off), is too old, or takes no writes is refused when the session begins.
 */
import { AgentOSError } from "#actors/errors.js"
import { postgresError } from "./postgres-errors.js"
import type { SqlClient, SqlDriver } from "./sql-client.js"

/** Where the store is and how it is used. */
export interface PostgresSettings {
  /** `postgres://user:password@host:port/database`; what it leaves out comes from the environment (PGHOST, PGPASSWORD, ...). */
  readonly url: string
  /** The schema that holds the tables; made when it is not there. Default: `llmagentos`. */
  readonly schema?: string
  /** The server ends a statement that takes longer, in milliseconds; default 10,000. More lets a slow disk pass, and a stuck server is found out later. */
  readonly statementTimeoutMs?: number
}

export const defaultSchema = "llmagentos"
export const defaultStatementTimeoutMs = 10_000
const oldestVersion = 14
const connectTimeoutMs = 5000

/** @throws `STORE_FAILED` saying what to install */
async function loadDriver(): Promise<SqlDriver> {
  try {
    const { default: pg } = await import("pg")
    return pg.Client
  } catch (cause) {
    throw new AgentOSError("STORE_FAILED", "a store in PostgreSQL needs a package: npm install pg@8", { cause })
  }
}

/** A name as it stands in SQL. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** Server and database, for messages. */
const whereOf = ({ host, port, database }: SqlClient): string => `${host}:${port}/${database ?? ""}`

export interface Session {
  readonly client: SqlClient
  /** Server and database, for messages. */
  readonly where: string
}

/**
 * Begins a session (S1, S2). Errors that the client has later, between statements, go to `lost`.
 * @throws `STORE_FAILED`
 */
export async function openSession(settings: PostgresSettings, lost: (error: unknown) => void): Promise<Session> {
  const Driver = await loadDriver()
  let client: SqlClient
  try {
    client = new Driver({
      connectionString: settings.url,
      connectionTimeoutMillis: connectTimeoutMs,
      keepAlive: true,
      application_name: "llmagentos",
    })
  } catch (error) {
    throw new AgentOSError("STORE_FAILED", "the URL of the store is none; it reads postgres://user:password@host:port/database", { cause: error }) // prettier-ignore
  }
  const where = whereOf(client)
  client.on("error", lost)
  try {
    await client.connect()
    const { rows } = await client.query<Server>(begin, [
      String(settings.statementTimeoutMs ?? defaultStatementTimeoutMs),
      quoted(settings.schema ?? defaultSchema),
    ])
    const fault = faultOf(rows[0] as Server)
    if (fault !== undefined) throw new AgentOSError("STORE_FAILED", `PostgreSQL (${where}): ${fault}`)
    return { client, where }
  } catch (error) {
    await endSession(client)
    throw postgresError(error, where)
  }
}

/** Ends a session, however it stands. */
export async function endSession(client: SqlClient): Promise<void> {
  await client.end().catch(() => undefined)
}

/** Closes the session's connection without a word to the server, which may not listen. */
export function cutSession(client: SqlClient): void {
  const { connection } = client as unknown as { readonly connection: { readonly stream: { destroy(): void } } }
  connection.stream.destroy()
}

interface Server {
  readonly version: number
  readonly encoding: string
  readonly fsync: string
  readonly standby: boolean
}

// Statements are planned once, and join by index only: a plan that was made while a table was empty stays in use when it has grown. To plan the statements of an
// append anew each time, which the server would choose to for small groups, takes longer than to carry them out.
const begin = `
  SELECT set_config('default_transaction_isolation', 'read committed', false),
    set_config('synchronous_commit', CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, false),
    set_config('statement_timeout', $1, false),
    set_config('search_path', $2, false),
    set_config('bytea_output', 'hex', false),
    set_config('plan_cache_mode', 'force_generic_plan', false),
    set_config('enable_seqscan', 'off', false),
    set_config('enable_hashjoin', 'off', false),
    set_config('enable_mergejoin', 'off', false),
    current_setting('server_version_num')::int AS version,
    current_setting('server_encoding') AS encoding,
    current_setting('fsync') AS fsync,
    pg_is_in_recovery() AS standby`

function faultOf({ version, encoding, fsync, standby }: Server): string | undefined {
  if (version < oldestVersion * 10_000)
    return `it is version ${Math.floor(version / 10_000)}; this store needs ${oldestVersion} or newer`
  if (encoding !== "UTF8") return `the database is encoded in ${encoding}; make one with createdb --encoding=UTF8`
  if (fsync !== "on") return "it runs with fsync off, so what it acknowledges is not on the disk; turn it on"
  if (standby) return "it is a standby, which takes no writes; give the URL of the primary"
  return undefined
}
