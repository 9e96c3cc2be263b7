/**
 * Whether what clients were told of values that are only ever added to fits one history. The order in which a key's values stand at the end is the version order;
 * so linearizability is a matter of comparing counts, and costs one look at each operation.
 *
 * Invariants, for each key
 *   Y1. A value that was acknowledged stands in the end, where the acknowledgement said; none stands twice, and none that nobody wrote.
 *   Y2. What was told of the first n values (`print`) is true of the first n that stand in the end: no two owners told of different ones.
 *   Y3. What began after another operation had ended counts no less than that one was told; what wrote, more. (So a read falls between what was acknowledged before it
 *       began and what was begun before it ended.)
 *   Y4. A write that failed as one that was not carried out, and was given up, does not stand.
 */

/** So many values, and what they are, in one number. */
export interface Told {
  readonly count: number
  readonly print: number
}

export const emptyPrint = 0x811c9dc5 | 0

/** The print of some values and one more. */
export function printWith(print: number, value: number): number {
  let sum = Math.imul(print ^ value, 0x01000193)
  sum ^= sum >>> 15
  return Math.imul(sum, 0x85ebca6b) | 0
}

interface Operation {
  readonly key: string
  /** undefined: it only reads. */
  readonly value: number | undefined
  /** Moments, counted over all operations. */
  readonly began: number
  ended: number
  told: Told | undefined
  outcome: "open" | "done" | "unknown" | "not done"
}

/** What a client says of an operation that it has begun; one of them, once. */
export interface Begun {
  done(told: Told): void
  /** It may have been carried out. */
  unknown(): void
  notDone(): void
}

export class History {
  readonly #operations: Operation[] = []
  #moments = 0

  /** How many operations were answered. */
  get answered(): number {
    return this.#operations.filter(({ outcome }) => outcome === "done").length
  }

  get keys(): readonly string[] {
    return [...new Set(this.#operations.map(({ key }) => key))]
  }

  /** @param value each value is written once, over all keys */
  write(key: string, value: number): Begun {
    return this.#begin(key, value)
  }

  read(key: string): Begun {
    return this.#begin(key, undefined)
  }

  #begin(key: string, value: number | undefined): Begun {
    const began = ++this.#moments
    const operation: Operation = { key, value, began, ended: Infinity, told: undefined, outcome: "open" }
    this.#operations.push(operation)
    return {
      done: (told) => {
        operation.ended = ++this.#moments
        operation.told = told
        operation.outcome = "done"
      },
      unknown: () => void (operation.outcome = "unknown"),
      notDone: () => void (operation.outcome = "not done"),
    }
  }

  /** @param values all values of a key, in their order @returns what is wrong, in words */
  check(key: string, values: readonly number[]): string[] {
    const wrong: string[] = []
    const say = (what: string): void => void wrong.push(`${key}: ${what}`)
    const operations = this.#operations.filter((operation) => operation.key === key)
    const places = new Map<number, number>()
    const prints = [emptyPrint]
    for (const value of values) {
      if (places.has(value)) say(`value ${value} stands twice`)
      places.set(value, prints.length)
      prints.push(printWith(prints.at(-1) as number, value))
    }
    const written = new Set(operations.map(({ value }) => value))
    for (const value of values) if (!written.has(value)) say(`value ${value} was written by nobody`)
    for (const { value, told, outcome } of operations) {
      const place = value === undefined ? undefined : places.get(value)
      if (outcome === "not done" && place !== undefined) say(`value ${value} stands, and was told as not written`) // Y4
      if (told === undefined) continue
      if (value !== undefined && place === undefined) say(`value ${value} was acknowledged, and is lost`)
      else if (value !== undefined && place !== told.count)
        say(`value ${value} was acknowledged as number ${told.count}, and stands as ${place}`) // Y1
      if (told.count >= prints.length) say(`${told.count} values were told of, and there are ${values.length}`)
      else if (told.print !== prints[told.count]) say(`the first ${told.count} values were told of as others`) // Y2
    }
    return [...wrong, ...this.#inTime(key, operations, places)]
  }

  /** Y3 */
  #inTime(key: string, operations: readonly Operation[], places: ReadonlyMap<number, number>): string[] {
    const wrong: string[] = []
    const ends = operations.filter(({ told }) => told !== undefined).sort((a, b) => a.ended - b.ended)
    let floor = 0
    let next = 0
    for (const { value, began, told } of operations) {
      for (let end = ends[next]; end !== undefined && end.ended < began; end = ends[++next])
        floor = Math.max(floor, (end.told as Told).count)
      const count = told?.count ?? (value === undefined ? undefined : places.get(value))
      if (count === undefined) continue
      if (value === undefined ? count < floor : count <= floor)
        wrong.push(`${key}: ${value === undefined ? "a read" : `value ${value}`} counts ${count}, and ${floor} were told of before it began`) // prettier-ignore
    }
    return wrong
  }
}
