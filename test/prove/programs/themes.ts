/**
 * What a whole program is devoted to: verbs, shapes of handlers and options that break a promise only where they
 * meet, and seldom meet by chance.
 *
 * @see Groce et al., Swarm testing, 2012
 */
import type { Fold, Kind, Role } from "./program.js"

export const verbs = [
  "tell",
  "ask",
  "persist",
  "persistAll",
  "deliver",
  "defer",
  "stash",
  "sleep",
  "run",
  "after",
  "every",
  "spawn",
  "watch",
  "stop",
  "stream",
  "publish",
  "remind",
  "throw",
] as const
export type Verb = (typeof verbs)[number]

/** Handlers that do just that; half of all do. */
type Shapes = readonly (readonly Verb[])[]

export interface Theme {
  readonly verbs: readonly Verb[]
  readonly shapes: Partial<Readonly<Record<Role, Shapes>>>
  /** All handlers do, one shape after the other. */
  readonly inTurn?: true
  readonly roles: readonly Role[]
  /** All messages of clients have ids of commands, out of so many. */
  readonly commandIds?: number
  readonly folds?: readonly Fold[]
  readonly valued?: boolean
  readonly leastNames?: number
  /** Two of its names differ only in where their parts end. */
  readonly pair?: boolean
  readonly maxResident?: number
  /** All of its kinds have them. */
  readonly options?: Partial<Kind>
  /** So much of what is sent goes to the child. */
  readonly toChild?: number
  readonly lengthMs?: number
  /** So many of a hundred acts damage what the journal holds. */
  readonly damages?: number
  /** It is stopped in order and started again while clients act, or when they are done. */
  readonly restarts?: "meanwhile" | "afterwards"
}

const ending: Shapes = [
  ["spawn", "tell", "tell"],
  ["spawn", "sleep", "sleep", "throw"],
]

export const themes: readonly Theme[] = [
  // What a command holds, and what its folds make of it.
  {
    verbs: ["persist", "persistAll", "tell"],
    shapes: {
      persistent: [
        ["persist", "persist", "persist"],
        ["persistAll", "persist"],
      ],
    },
    roles: ["persistent"],
    commandIds: 40,
    folds: ["put", "put", "more", "more", "noted"],
    pair: true,
    maxResident: 1,
  },
  // What wakes others while there is no room, and owes an answer.
  {
    verbs: ["tell", "defer", "run", "stash"],
    shapes: {
      entity: [
        ["tell", "defer"],
        ["tell", "tell", "defer"],
        ["tell", "stash"],
      ],
    },
    roles: ["entity"],
    leastNames: 4,
    maxResident: 1,
  },
  // Deliveries to some that take them and to some that do not, and a stop.
  {
    verbs: ["persist", "deliver", "tell"],
    shapes: { persistent: [["deliver", "deliver", "deliver"]], entity: [["stash"], []] },
    roles: ["persistent", "entity", "entity"],
    leastNames: 2,
    restarts: "afterwards",
  },
  // Records that cannot be read.
  {
    verbs: ["persist", "tell", "ask", "remind"],
    shapes: { persistent: [["persist"]] },
    roles: ["persistent"],
    leastNames: 2,
    maxResident: 1,
    options: { passivateAfterMs: 8 },
    damages: 15,
  },
  // Ids of commands that are old.
  {
    verbs: ["persist", "tell", "sleep"],
    shapes: { persistent: [["persist"], []] },
    roles: ["persistent"],
    commandIds: 2,
    options: { keepCommandsMs: 10 },
    lengthMs: 3000,
  },
  // Those who end while their supervisor does.
  {
    verbs: ["spawn", "sleep", "tell"],
    shapes: { plain: ending },
    roles: ["plain"],
    toChild: 0.6,
    lengthMs: 30,
    restarts: "meanwhile",
  },
]
