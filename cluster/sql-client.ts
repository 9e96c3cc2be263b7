/**
 * What the store uses of the package `pg`, in its own words: `pg` is an optional peer, and whoever has no use for it
 * must not need its types.
 */
export interface SqlClient {
  readonly host: string
  readonly port: number
  readonly database?: string | undefined
  connect(): Promise<unknown>
  query<Row extends object>(statement: string | SqlStatement, values?: unknown[]): Promise<SqlResult<Row>>
  end(): Promise<void>
  on(event: "error", listener: (error: Error) => void): unknown
  on(event: "notification", listener: (hint: SqlNotification) => void): unknown
}

/** A statement that the server plans once, under its name. */
export interface SqlStatement {
  readonly name: string
  readonly text: string
  readonly values: unknown[]
}

export interface SqlResult<Row> {
  readonly rows: Row[]
  readonly rowCount: number | null
}

export interface SqlNotification {
  readonly processId: number
  readonly payload?: string | undefined
}

export interface SqlDriver {
  new (options: {
    readonly connectionString: string
    readonly connectionTimeoutMillis: number
    readonly keepAlive: boolean
    readonly application_name: string
  }): SqlClient
}
