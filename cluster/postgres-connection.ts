/**
 * A connection that comes back: one session at a time, made anew when it is lost.
 *
 * Invariants
 *   C1. A statement that was sent and never answered fails, and whether it was done is not known. Only one that may be done twice (`again`) is sent again.
 *   C2. A lost session is made anew with waits that double, with some chance in them. Whoever has waited longer than the patience is refused; nothing of
 *       theirs was sent.
 *   C3. A session that gives no answer for longer than the server would let a statement run is cut.
 */
import type { Clock, Random } from "#actors/clock.js"
import { AgentOSError } from "#actors/errors.js"
import {
  cutSession,
  defaultStatementTimeoutMs,
  endSession,
  openSession,
  type PostgresSettings,
  type Session,
} from "./postgres-client.js"
import { isLost, postgresError } from "./postgres-errors.js"
import type { SqlClient } from "./sql-client.js"

export interface Surroundings {
  readonly clock: Clock
  readonly random: Random
}

/** A statement by itself. Its text is made once, so that the server can prepare it. */
export interface Statement {
  readonly name: string
  readonly text: string
}

const backoffMs = { least: 50, most: 2000 }
const patienceMs = 5000
/** Beyond the server's own limit, for the way there and back. */
const answerGraceMs = 5000

export class PostgresConnection {
  readonly #settings: PostgresSettings
  readonly #around: Surroundings
  readonly #begun: ((client: SqlClient) => Promise<void>) | undefined
  #session: Session | undefined
  #opening: Promise<void> | undefined
  /** Why there is no session now. */
  #why: AgentOSError | undefined
  #turn: Promise<unknown> = Promise.resolve()
  #closed = false
  #endWait: (() => void) | undefined
  #where = ""

  /** @param begun what is done first in each session */
  constructor(settings: PostgresSettings, around: Surroundings, begun?: (client: SqlClient) => Promise<void>) {
    this.#settings = settings
    this.#around = around
    this.#begun = begun
  }

  /** Server and database, for messages. */
  get where(): string {
    return this.#where
  }

  /** Statements that were sent on another session cannot be under way any more on this one. */
  get processId(): number | undefined {
    const { processID } = (this.#session?.client ?? {}) as { readonly processID?: number | null }
    return processID ?? undefined
  }

  /** The first session, without a second try. @throws `STORE_FAILED` */
  open(): Promise<void> {
    return this.#open()
  }

  /** @param again it may be done twice @throws what the server answered, as it is; `STORE_FAILED` when the session was lost or there is none */
  async query<Row extends object>(
    statement: Statement,
    values: readonly unknown[],
    { again = false }: { readonly again?: boolean } = {},
  ): Promise<readonly Row[]> {
    const { clock } = this.#around
    const until = clock.monotonic() + patienceMs
    for (;;) {
      const session = this.#session ?? (await this.#reopened(until))
      try {
        return await this.#answer<Row>(session.client, statement, values)
      } catch (error) {
        if (!isLost(error)) throw error
        this.#lost(session, error)
        if (!again || clock.monotonic() >= until) {
          // prettier-ignore
          throw new AgentOSError("STORE_FAILED", `${postgresError(error, this.#where).message}; whether the statement was done is not known`, { cause: error }) // C1
        }
      }
    }
  }

  /** Whoever waits for a session is refused, and what is under way may fail. */
  async close(): Promise<void> {
    this.#closed = true
    this.#endWait?.()
    const session = this.#session
    this.#session = undefined
    if (session !== undefined) await endSession(session.client)
  }

  /** Statements take turns: the driver takes one at a time. */
  #answer<Row extends object>(client: SqlClient, { name, text }: Statement, values: readonly unknown[]) {
    const limit = (this.#settings.statementTimeoutMs ?? defaultStatementTimeoutMs) + answerGraceMs
    const answer = this.#turn.then(async () => {
      const cancel = this.#around.clock.timer(limit, () => cutSession(client)) // C3
      try {
        return (await client.query<Row>({ name, text, values: values as unknown[] })).rows
      } finally {
        cancel()
      }
    })
    this.#turn = answer.catch(() => undefined)
    return answer
  }

  async #open(): Promise<void> {
    const found: { session?: Session; lost?: unknown } = {}
    const session = await openSession(this.#settings, (error) => {
      found.lost = error
      this.#lost(found.session, error)
    })
    found.session = session
    this.#where = session.where
    try {
      await this.#begun?.(session.client)
      if (found.lost !== undefined) throw found.lost
      if (this.#closed) throw new AgentOSError("STORE_FAILED", `the store in PostgreSQL (${session.where}) is closed`)
    } catch (error) {
      await endSession(session.client)
      throw postgresError(error, session.where)
    }
    this.#session = session
  }

  #lost(session: Session | undefined, error: unknown): void {
    if (session === undefined || this.#session !== session) return
    this.#session = undefined
    this.#why = postgresError(error, session.where)
    cutSession(session.client)
    this.#reopen()
  }

  #reopen(): void {
    this.#opening ??= this.#tryAgain().finally(() => (this.#opening = undefined))
  }

  /** C2 */
  async #tryAgain(): Promise<void> {
    const { clock, random } = this.#around
    for (let wait = backoffMs.least; !this.#closed; wait = Math.min(backoffMs.most, 2 * wait)) {
      try {
        await this.#open()
        return
      } catch (error) {
        this.#why = AgentOSError.from(error, "STORE_FAILED")
      }
      await new Promise<void>((done) => {
        const cancel = clock.timer(wait * (0.5 + random.float()), done)
        this.#endWait = () => {
          cancel()
          done()
        }
      })
    }
  }

  async #reopened(until: number): Promise<Session> {
    const { clock } = this.#around
    while (this.#session === undefined) {
      if (this.#closed) throw new AgentOSError("STORE_FAILED", `the store in PostgreSQL (${this.#where}) is closed`)
      const left = until - clock.monotonic()
      if (left <= 0)
        throw this.#why ?? new AgentOSError("STORE_FAILED", `PostgreSQL (${this.#where}) cannot be reached`)
      this.#reopen()
      await new Promise<void>((done) => {
        const cancel = clock.timer(left, done)
        void this.#opening?.then(done).finally(cancel)
      })
    }
    return this.#session
  }
}
