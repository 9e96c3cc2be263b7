/**
 * A store in PostgreSQL, open: the connections of one node, each for its own kind of work, so that a long read never
 * stands before a commit.
 *
 * Invariants
 *   P1. Any number of nodes use one store. Each holds the store's use lock shared; who holds it alone (a move) knows
 *       that nobody writes.
 *   P2. A commit never waits behind a read: groups of appends have a connection of their own.
 */
import { checkNumbers, duration } from "#actors/numbers.js"
import { checkObject, checkOptions } from "#actors/words.js"
import { systemClock, systemRandom } from "#actors/clock.js"
import { AgentOSError } from "#actors/errors.js"
import { defaultSchema, endSession, openSession, type PostgresSettings } from "./postgres-client.js"
import { PostgresConnection, type Statement, type Surroundings } from "./postgres-connection.js"
import { isLost, postgresError } from "./postgres-errors.js"
import { PostgresFollowers } from "./postgres-followers.js"
import { PostgresGroups } from "./postgres-groups.js"
import { prepareSchema, useLock } from "./postgres-schema.js"
import type { SqlClient } from "./sql-client.js"

const settingNames: Readonly<Record<keyof PostgresSettings, true>> = {
  url: true,
  schema: true,
  statementTimeoutMs: true,
}

/** Connections for reading; each has one statement under way. */
const readers = 4

export class PostgresStore {
  readonly settings: PostgresSettings
  readonly #writer: PostgresConnection
  readonly #readers: readonly PostgresConnection[]
  readonly groups: PostgresGroups
  readonly followers: PostgresFollowers
  #next = 0
  #closed = false

  private constructor(settings: PostgresSettings, around: Surroundings) {
    this.settings = settings
    this.#writer = new PostgresConnection(settings, around, async (client) => {
      await prepareSchema(client, settings.schema ?? defaultSchema, client.host)
      const { rows } = await client.query<{ readonly free: boolean }>(`SELECT pg_try_advisory_lock_shared(${useLock}) AS free`) // prettier-ignore
      if (rows[0]?.free !== true)
        throw new AgentOSError("STORE_REFUSED", "the store is being moved; start again when that is done")
    })
    this.#readers = Array.from({ length: readers }, () => new PostgresConnection(settings, around))
    this.groups = new PostgresGroups(this.#writer, around.clock, (...news) => this.followers.appended(...news))
    this.followers = new PostgresFollowers(settings, around, () => this.groups.underWay())
  }

  /**
   * Opens a store; makes its schema when it is not there.
   * @throws `STORE_FAILED`, `STORE_REFUSED` while it is being moved
   */
  static async open(settings: PostgresSettings, around: Partial<Surroundings> = {}): Promise<PostgresStore> {
    checkOptions("INVALID_DEFINITION", "the settings of a store", settings ?? null, settingNames)
    checkNumbers("INVALID_DEFINITION", "the store: ", settings, { statementTimeoutMs: duration })
    checkObject("INVALID_DEFINITION", "the options of a store", around)
    const store = new PostgresStore(settings, { clock: around.clock ?? systemClock, random: around.random ?? systemRandom }) // prettier-ignore
    try {
      await store.#writer.open()
    } catch (error) {
      await store.close()
      throw error
    }
    return store
  }

  /** Server and database, for messages. */
  get where(): string {
    return this.#writer.where
  }

  /** A statement that changes nothing, or nothing more when it is done twice. @throws `STORE_FAILED`, `DISK_FULL` */
  async read<Row extends object>(statement: Statement, values: readonly unknown[]): Promise<readonly Row[]> {
    this.#next = (this.#next + 1) % readers
    const connection = this.#readers[this.#next] as PostgresConnection
    if (this.#closed) throw new AgentOSError("STORE_FAILED", `the store in PostgreSQL (${this.where}) is closed`)
    return connection.query<Row>(statement, values, { again: true }).catch((error: unknown) => {
      throw postgresError(error, this.where)
    })
  }

  /** A statement of which it matters whether it is done once. @throws `STORE_FAILED`, `DISK_FULL` */
  async once<Row extends object>(statement: Statement, values: readonly unknown[]): Promise<readonly Row[]> {
    return this.#writer.query<Row>(statement, values).catch((error: unknown) => {
      throw postgresError(error, this.where)
    })
  }

  /** Long work in a session of its own, in which no statement is too slow. @throws `STORE_FAILED`, `DISK_FULL` */
  session<T>(work: (client: SqlClient) => Promise<T>): Promise<T> {
    return inSession({ ...this.settings, statementTimeoutMs: 0 }, work)
  }

  /** Waits for the appends that wait, then ends all sessions. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.groups.settled()
    await Promise.all([this.followers.close(), ...[this.#writer, ...this.#readers].map((connection) => connection.close())]) // prettier-ignore
  }
}

/** Work in a session of its own. @throws `STORE_FAILED`, `DISK_FULL` */
export async function inSession<T>(settings: PostgresSettings, work: (client: SqlClient) => Promise<T>): Promise<T> {
  const { client, where } = await openSession(settings, () => undefined) // whoever waits for an answer hears of it
  try {
    return await work(client)
  } catch (error) {
    if (!(error instanceof AgentOSError) && isLost(error)) throw new AgentOSError("STORE_FAILED", postgresError(error, where).message, { cause: error }) // prettier-ignore
    throw postgresError(error, where)
  } finally {
    await endSession(client)
  }
}
