/**
 * What a whole program is devoted to: verbs, shapes of handlers and options that break a promise only where they
 * meet, and seldom meet by chance.
 *
 * @see Groce et al., Swarm testing, 2012
 */
import type { Fold, Kind, Role } from "./program.js"

export const verbs = ["tell", "ask", "persist", "persistAll", "deliver", "defer", "stash", "sleep", "run", "after", "every", "spawn", "watch", "stop", "stream", "publish", "remind", "throw"] as const // prettier-ignore
export type Verb = (typeof verbs)[number]

export interface Theme {
  readonly verbs: readonly Verb[]
  /** Handlers that do just that; half of all do. */
  readonly shapes: readonly (readonly Verb[])[]
  readonly roles: readonly Role[]
  /** All messages of clients have ids of commands, out of so many. */
  readonly commandIds?: number
  readonly folds?: readonly Fold[]
  readonly valued?: boolean
  readonly leastNames?: number
  readonly maxResident?: number
  /** All of its kinds have them. */
  readonly options?: Partial<Kind>
  readonly lengthMs?: number
  /** So many of a hundred acts damage what the journal holds. */
  readonly damages?: number
  /** It is stopped in order and started again while clients act, or when they are done. */
  readonly restarts?: "meanwhile" | "afterwards"
}

export const themes: readonly Theme[] = [
  // What a command holds, and what its folds make of it.
  {
    verbs: ["persist", "persistAll", "tell"],
    shapes: [["persist", "persist", "persist"], ["persistAll", "persist"]],
    roles: ["persistent"],
    commandIds: 40,
    folds: ["put", "put", "more", "more", "noted"],
    maxResident: 1,
  },
  // What wakes others while there is no room, and owes an answer.
  {
    verbs: ["tell", "defer", "run", "stash"],
    shapes: [["tell", "defer"], ["tell", "tell", "defer"], ["tell", "stash"]],
    roles: ["entity"],
    leastNames: 4,
    maxResident: 1,
  },
  // Deliveries to some that take them and to some that do not, and a stop.
  {
    verbs: ["deliver", "persist", "stash", "defer", "tell"],
    shapes: [["deliver", "deliver"], ["persist"], ["stash"]],
    roles: ["persistent", "entity"],
    leastNames: 2,
    restarts: "afterwards",
  },
  // Records that cannot be read.
  {
    verbs: ["persist", "tell", "ask", "remind"],
    shapes: [["persist"]],
    roles: ["persistent"],
    leastNames: 2,
    maxResident: 1,
    options: { passivateAfterMs: 8 },
    damages: 15,
  },
  // Ids of commands that are old.
  {
    verbs: ["persist", "tell", "sleep"],
    shapes: [["persist"], []],
    roles: ["persistent"],
    commandIds: 2,
    options: { keepCommandsMs: 10 },
    lengthMs: 3000,
  },
  // Those who end while their supervisor does.
  {
    verbs: ["spawn", "sleep", "throw", "after"],
    shapes: [["spawn", "sleep", "throw"], ["spawn", "sleep"], ["sleep", "throw"]],
    roles: ["plain", "entity"],
    lengthMs: 200,
    restarts: "meanwhile",
  },
] // prettier-ignore
