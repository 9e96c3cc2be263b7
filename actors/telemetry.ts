/**
 * What the runtime tells about itself: a logger for people and programs, and counters to read whenever someone wants
 * to.
 *
 * Invariants
 *   G1. Who listens never disturbs what it is told of: a logger or a callback that throws, or whose promise rejects,
 *       is caught here, and nowhere else.
 */
import { thrownText } from "./errors.js"

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

/** The logger itself, kept from throwing (G1): what it cannot write it is given once more as text. */
export function quietLogger(logger: Logger): Logger {
  if (logger === silentLogger) return logger
  const at = (level: keyof Logger) => (fields: Readonly<Record<string, unknown>>, message: string) => {
    const again = (): void => quietly(() => logger[level](asText(fields), message), nothing)
    quietly(() => logger[level](fields, message), again)
  }
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") }
}

/** The callbacks that there are, kept from throwing (G1). The first failure of each is logged. */
export function quietTelemetry(telemetry: Telemetry, logger: Logger): Telemetry {
  const told = new Set<string>()
  const call = (name: keyof Telemetry, run: () => unknown): void =>
    quietly(run, (error) => {
      if (told.has(name)) return
      told.add(name)
      logger.warn({ error: thrownText(error) }, `telemetry.${name} failed, and may again`)
    })
  const { crashed, restarted, escalated, deadLetter } = telemetry
  return {
    ...(crashed && { crashed: (...of) => call("crashed", () => crashed.apply(telemetry, of)) }),
    ...(restarted && { restarted: (...of) => call("restarted", () => restarted.apply(telemetry, of)) }),
    ...(escalated && { escalated: (...of) => call("escalated", () => escalated.apply(telemetry, of)) }),
    ...(deadLetter && { deadLetter: (...of) => call("deadLetter", () => deadLetter.apply(telemetry, of)) }),
  }
}

function quietly(run: () => unknown, failed: (error: unknown) => void): void {
  try {
    const result = run()
    if (result instanceof Promise) result.catch(failed)
  } catch (error) {
    failed(error)
  }
}

const nothing = (): void => {}

const asText = (fields: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.keys(fields).map((name) => [name, thrownText(fields[name])]))

/** A message that reached nobody. */
export interface DeadLetter {
  readonly to: string
  readonly type: string
  /** `refused`: where it arrived it was not understood, or its payload was refused. */
  readonly reason: "stopped" | "overflow" | "expired" | "refused"
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
