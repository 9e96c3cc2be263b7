/**
 * What happens to an actor that crashed. Data and pure functions; the family carries the decision out.
 *
 * Invariants
 *   S1. A supervisor restarts at most `intensity.max` times within `intensity.withinMs`; one more crash and it crashes
 *       itself.
 *   S2. A temporary child is never restarted, a transient one only after a crash, a permanent one also after it ended
 *       by itself.
 *   S3. Backoff counts the crashes of one child that follow each other; a child that ran well for a while begins anew.
 */
import {
  amount,
  checkNumber,
  checkNumbers,
  duration,
  durationOrNever,
  factor,
  periodOrNever,
  wholeOrAll,
} from "./numbers.js"
import { checkOptions, checkWord } from "./words.js"

/** Which children a crash of one of them concerns. */
export type Strategy = "one-for-one" | "one-for-all" | "rest-for-one"

/** When a child is started again: `permanent` always, `transient` after a crash, `temporary` never. */
export type ChildKind = "permanent" | "transient" | "temporary"

export const CHILD_KINDS: readonly ChildKind[] = ["permanent", "transient", "temporary"]

export interface Backoff {
  /** The wait before the first restart. */
  readonly minMs: number
  readonly maxMs: number
  /** Each further crash of the same child waits so many times longer; default 2. */
  readonly factor?: number
  /**
   * The wait is made longer by up to this part of it, by chance, so that what crashed together does not come back
   * together; default 0.2.
   */
  readonly jitter?: number
  /** A child that ran for so long without a crash waits as at its first; default `maxMs`. */
  readonly resetAfterMs?: number
}

export interface Supervision {
  readonly strategy: Strategy
  /** `max: Infinity` never gives up. */
  readonly intensity: { readonly max: number; readonly withinMs: number }
  /** Without it a restart is immediate. */
  readonly backoff?: Backoff
}

export const DEFAULT_SUPERVISION: Supervision = {
  strategy: "one-for-one",
  intensity: { max: 10, withinMs: 10_000 },
}

/**
 * How long an entity rests that crashed more often than is allowed. Never for long: what made it crash (a journal that
 * is away, an owner that waits for its lease) may be over, and whoever asks would rather be told than wait.
 */
export const REST: Backoff = { minMs: 10, maxMs: 100 }

const supervisionOptions: Readonly<Record<keyof Supervision, true>> = { strategy: true, intensity: true, backoff: true }
const backoffOptions: Readonly<Record<keyof Backoff, true>> = {
  minMs: true,
  maxMs: true,
  factor: true,
  jitter: true,
  resetAfterMs: true,
}

/** @throws {AgentOSError} `INVALID_DEFINITION` */
export function checkSupervision(where: string, given: Partial<Supervision>): void {
  const refused = "INVALID_DEFINITION"
  checkOptions(refused, `${where}supervision`, given, supervisionOptions)
  const { strategy, intensity, backoff } = given
  checkOptions(refused, `${where}supervision.intensity`, intensity, { max: true, withinMs: true })
  checkOptions(refused, `${where}supervision.backoff`, backoff, backoffOptions)
  checkWord(refused, `${where}supervision.strategy`, strategy, Object.keys(scopes))
  if (intensity !== undefined) {
    checkNumber(refused, `${where}supervision.intensity.max`, intensity.max, wholeOrAll)
    checkNumber(refused, `${where}supervision.intensity.withinMs`, intensity.withinMs, periodOrNever)
  }
  if (backoff === undefined) return
  const at = `${where}supervision.backoff.`
  checkNumber(refused, `${at}minMs`, backoff.minMs, duration)
  checkNumber(refused, `${at}maxMs`, backoff.maxMs, duration)
  checkNumbers(refused, at, backoff, { factor, jitter: amount, resetAfterMs: durationOrNever })
}

/** How an incarnation ended. */
export type Exit = { readonly kind: "stopped" } | { readonly kind: "crashed"; readonly error: unknown }

export const STOPPED: Exit = { kind: "stopped" }

export type Directive =
  | { readonly do: "forget" }
  | { readonly do: "restart"; readonly scope: "child" | "all" | "rest" }
  | { readonly do: "escalate"; readonly error: unknown }

const scopes = { "one-for-one": "child", "one-for-all": "all", "rest-for-one": "rest" } as const

/** @param restarts moments of the restarts that came before, oldest first; those outside of the window do not count */
export function decide(
  supervision: Supervision,
  child: ChildKind,
  exit: Exit,
  restarts: readonly number[],
  now: number,
): Directive {
  const wanted = child === "permanent" || (child === "transient" && exit.kind === "crashed") // S2
  if (!wanted) return { do: "forget" }
  if (recent(supervision, restarts, now).length >= supervision.intensity.max)
    return { do: "escalate", error: exit.kind === "crashed" ? exit.error : undefined } // S1
  return { do: "restart", scope: scopes[supervision.strategy] }
}

/** The restarts that still count, with one more; none when the supervisor never gives up. */
export function counted(supervision: Supervision, restarts: readonly number[], now: number): readonly number[] {
  return supervision.intensity.max === Infinity ? [] : [...recent(supervision, restarts, now), now]
}

function recent(supervision: Supervision, restarts: readonly number[], now: number): readonly number[] {
  return restarts.filter((at) => now - at < supervision.intensity.withinMs)
}

/** How often one child crashed without running well in between, and when it was started last. */
export interface Attempts {
  readonly crashes: number
  readonly startsAt: number
}

/** @param chance from 0 to 1 @returns how long to wait before the next start, and what to remember (S3) */
export function nextAttempt(
  backoff: Backoff,
  before: Attempts | undefined,
  now: number,
  chance: number,
): Attempts & { readonly delayMs: number } {
  const ranWell = before === undefined || now - before.startsAt >= (backoff.resetAfterMs ?? backoff.maxMs)
  const crashes = ranWell ? 0 : before.crashes
  const wait = Math.min(backoff.maxMs, backoff.minMs * (backoff.factor ?? 2) ** crashes)
  const delayMs = wait * (1 + (backoff.jitter ?? 0.2) * chance)
  return { crashes: crashes + 1, startsAt: now + delayMs, delayMs }
}
