/**
 * What happens to an actor that crashed. Data and one pure function; the cell carries the decision out.
 *
 * Invariants
 *   S1. A supervisor restarts at most `intensity.max` times within `intensity.withinMs`; one more crash and it crashes itself.
 *   S2. A temporary child is never restarted, a transient one only after a crash, a permanent one also after it ended by itself.
 */

/** Which children a crash of one of them concerns. */
export type Strategy = "one-for-one" | "one-for-all" | "rest-for-one"

/** When a child is started again: `permanent` always, `transient` after a crash, `temporary` never. */
export type ChildKind = "permanent" | "transient" | "temporary"

export interface Backoff {
  /** The wait before the first restart. */
  readonly minMs: number
  readonly maxMs: number
  /** Each further crash within the window of the intensity waits so many times longer; default 2. */
  readonly factor?: number
}

export interface Supervision {
  readonly strategy: Strategy
  readonly intensity: { readonly max: number; readonly withinMs: number }
  /** Without it a restart is immediate. */
  readonly backoff?: Backoff
}

export const DEFAULT_SUPERVISION: Supervision = {
  strategy: "one-for-one",
  intensity: { max: 10, withinMs: 10_000 },
}

/** How an incarnation ended. */
export type Exit = { readonly kind: "stopped" } | { readonly kind: "crashed"; readonly error: unknown }

export type Directive =
  | { readonly do: "forget" }
  | { readonly do: "restart"; readonly scope: "child" | "all" | "rest"; readonly delayMs: number }
  | { readonly do: "escalate"; readonly error: unknown }

const scopes = { "one-for-one": "child", "one-for-all": "all", "rest-for-one": "rest" } as const

/** @param failures moments of the restarts that came before, oldest first; those outside of the window do not count */
export function decide(
  supervision: Supervision,
  child: ChildKind,
  exit: Exit,
  failures: readonly number[],
  now: number,
): Directive {
  const wanted = child === "permanent" || (child === "transient" && exit.kind === "crashed") // S2
  if (!wanted) return { do: "forget" }
  const recent = recentFailures(supervision, failures, now).length
  if (recent >= supervision.intensity.max) {
    return { do: "escalate", error: exit.kind === "crashed" ? exit.error : undefined } // S1
  }
  return { do: "restart", scope: scopes[supervision.strategy], delayMs: delay(supervision.backoff, recent) }
}

/** The failures that still count. */
export function recentFailures(supervision: Supervision, failures: readonly number[], now: number): readonly number[] {
  return failures.filter((at) => now - at < supervision.intensity.withinMs)
}

function delay(backoff: Backoff | undefined, before: number): number {
  return backoff === undefined ? 0 : Math.min(backoff.maxMs, backoff.minMs * (backoff.factor ?? 2) ** before)
}
