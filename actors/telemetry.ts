/** What the runtime tells about itself: a logger for people and programs, and counters to read whenever someone wants to. */

/** A structured logger; pino's fits. */
export interface Logger {
  debug(fields: Readonly<Record<string, unknown>>, message: string): void
  info(fields: Readonly<Record<string, unknown>>, message: string): void
  warn(fields: Readonly<Record<string, unknown>>, message: string): void
  error(fields: Readonly<Record<string, unknown>>, message: string): void
}

export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} }

/** Things that happen seldom enough to be told one by one. */
export interface Telemetry {
  crashed?(actor: string, error: unknown): void
  restarted?(actor: string): void
  deadLetter?(letter: DeadLetter): void
}

/** A message that reached nobody. */
export interface DeadLetter {
  readonly to: string
  readonly type: string
  readonly reason: "stopped" | "overflow" | "expired"
}

/** Counted since the system was made. */
export interface SystemStatistics {
  /** Messages whose handler ran. */
  handled: number
  /** Messages that a full mailbox refused or dropped. */
  refused: number
  deadLetters: number
  crashes: number
  restarts: number
  /** Asks that ended at their deadline. */
  timeouts: number
  /** Actors alive now. */
  actors: number
}
