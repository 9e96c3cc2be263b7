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
  /** @param traceId of the message that it crashed on, when it has one */
  crashed?(actor: string, error: unknown, traceId?: string): void
  restarted?(actor: string): void
  /** A supervisor gave up on a child. */
  escalated?(supervisor: string, child: string, error: unknown): void
  deadLetter?(letter: DeadLetter): void
}

/** A message that reached nobody. */
export interface DeadLetter {
  readonly to: string
  readonly type: string
  readonly reason: "stopped" | "overflow" | "expired"
  /** Of the message's cause, when somebody traces. */
  readonly traceId?: string
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

/** One actor in the tree of supervisors. */
export interface ActorNode {
  readonly address: string
  readonly name: string
  readonly definition: string
  readonly phase: "running" | "starting" | "waiting" | "stopping" | "ended"
  /** Messages in its mailbox. */
  readonly waiting: number
  readonly restarts: number
  readonly children: readonly ActorNode[]
  /** Children that are left out. */
  readonly more: number
}

/** The tree as text, one line an actor, indented by two spaces a level. */
export function formatTree(node: ActorNode, indent = ""): string {
  const { name, definition, phase, waiting, restarts, children, more } = node
  const about = [
    name.startsWith(definition) ? undefined : definition,
    phase === "running" ? undefined : phase,
    waiting > 0 ? `${waiting} waiting` : undefined,
    restarts > 0 ? `${restarts} restart${restarts === 1 ? "" : "s"}` : undefined,
  ].filter((part) => part !== undefined)
  const line = `${indent}${name}${about.length > 0 ? ` (${about.join(", ")})` : ""}`
  const left = more > 0 ? [`${indent}  and ${more} more`] : []
  return [line, ...children.map((child) => formatTree(child, `${indent}  `)), ...left].join("\n")
}
