/**
 * Faults that the runtime had, to be planted again: what finds none of these proves nothing. Each is a change of the built code, made while a process of its own loads it
 * (`plant.ts`); a change that does not fit the code any more is told, so that no fault is taken for planted that is not.
 */

export interface Bug {
  readonly name: string
  /** Of the built code, from the root of the package. */
  readonly module: string
  readonly changes: readonly (readonly [from: string, to: string])[]
}

export const bugs: readonly Bug[] = [
  {
    name: "the id of a command is not looked for, so that what is sent again is done again",
    module: "actors/persistence/persisted-context.js",
    changes: [["if (known !== void 0) return known.reply", "if (known === 0) return known.reply"]],
  },
]
