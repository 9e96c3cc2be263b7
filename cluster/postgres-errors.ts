import { AgentOSError, thrownText } from "#actors/errors.js"

/** What PostgreSQL or its driver threw, as far as it is looked at. */
interface Thrown {
  /** SQLSTATE from the server, or the name of a network error. */
  readonly code?: string
  readonly message?: string
  /** Only the server's own errors have one. */
  readonly severity?: string
}

const isSqlState = (code: string | undefined): boolean => code !== undefined && /^[0-9A-Z]{5}$/.test(code)

/**
 * Whether the connection is gone: the server closed it, stops, or never answered. What was under way on it may or may not have been done. Any other error is
 * the server's answer to one statement, whose transaction was rolled back.
 */
export function isLost(error: unknown): boolean {
  const { code, severity } = error as Thrown
  if (severity === undefined || !isSqlState(code)) return true
  return severity === "FATAL" || severity === "PANIC" || (code as string).startsWith("08")
}

/** Whether the same transaction, tried again, may well go through: it lost against another one. */
export const isContended = (error: unknown): boolean => ["40001", "40P01"].includes((error as Thrown).code ?? "")

/** Whether the server took offence at what one of several appends holds (a name that fits no index, a value, a duplicate), and not at the moment. */
export const isOfContent = (error: unknown): boolean => /^(21|22|23|54)...$/.test((error as Thrown).code ?? "")

/** What was thrown, under its code; an error that has one stays as it is. @param where names server and database, and no password */
export function postgresError(error: unknown, where: string): AgentOSError {
  if (error instanceof AgentOSError) return error
  const thrown = error as Thrown
  const { code = "", message = thrownText(error) } = thrown
  if (code === "53100" || /No space left/i.test(message))
    return new AgentOSError(
      "DISK_FULL",
      `the disk of PostgreSQL (${where}) is full; free some room: nothing acknowledged is lost`,
      { cause: error },
    )
  const [, told = message] = explanations.find(([pattern]) => pattern.test(code)) ?? []
  return new AgentOSError(
    "STORE_FAILED",
    `PostgreSQL (${where}): ${told === message ? message : `${told} (${message})`}`,
    {
      cause: error,
      details: { sqlState: code },
    },
  )
}

/** What is wrong and what would be right, by SQLSTATE or network error. */
const explanations: readonly (readonly [code: RegExp, told: string])[] = [
  [/^28/, "it refuses the user or the password; look at the URL of the store"],
  [/^3D000$/, "there is no such database; make it with createdb, or give the URL of another"],
  [/^42501$/, "the user lacks a right; it needs to own the schema, or to be allowed to make one in this database"],
  [/^53300$/, "it has no connection left; raise max_connections, or let fewer nodes use it"],
  [/^57014$/, "the statement was cancelled, by its time limit or by hand; nothing of it was done"],
  [/^25006$/, "it takes no writes; is it a standby? Give the URL of the primary"],
  [/^54000$/, "a name is too long for an index; tenant, type, key and command id may have 2,600 bytes together"],
  [/^57P|^08/, "it is stopping, starting, or closed the connection"],
  [/^E[A-Z]+$/, "it cannot be reached; does it run, and is the URL of the store right?"],
]
