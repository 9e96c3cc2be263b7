/**
 * What a persistent actor keeps of its past: it stores snapshots, and lets go what retention lets go.
 *
 * Invariants
 *   K1. A snapshot is taken only when all events up to its sequence are folded, and one after the other is stored.
 *   K2. What retention lets go of events is covered by a stored snapshot, and stored by every reader of their type (V1
 *       to V4 of `readers.ts`).
 *   K3. Answers of commands are let go by age, with or without snapshots: at the first command of a life, then at most
 *       twice in the time for which they are kept.
 */
import { checkNumber, factorOrAll } from "../numbers.js"
import type { ActorSystem } from "../system.js"
import { atOnce } from "./folds.js"
import type { Persisted } from "./persisted.js"
import { Readers } from "./readers.js"

/** Events between two snapshots, where nothing else is said. */
const unsaid = 1000

export class Keeping {
  readonly #system: ActorSystem
  /** Storing and trimming that has not ended. */
  underWay: Promise<void> | undefined = undefined
  #commandsFrom = -Infinity
  /** That `snapshotEvery` is of no use, once a life. */
  #told = false

  constructor(system: ActorSystem) {
    this.#system = system
  }

  /** To be called when all that was appended is folded (K1). */
  look(persisted: Persisted, hadCommand: boolean): void {
    if (this.underWay !== undefined) return // the next append looks again
    const { spec, sequence, snapshotAt } = persisted
    const snapshotDue = sequence - snapshotAt >= this.#every(persisted)
    const keepCommandsMs = hadCommand ? spec.retention?.keepCommandsMs : undefined
    const commandsDue = keepCommandsMs !== undefined && this.#system.clock.wallTime() >= this.#commandsFrom
    if (snapshotDue || commandsDue) this.#begin(persisted, this.#keep(persisted, snapshotDue, commandsDue))
  }

  #every({ spec: { snapshotEvery = unsaid }, state, title }: Persisted): number {
    if (typeof snapshotEvery === "number") return snapshotEvery
    try {
      const every = atOnce(`${title}: snapshotEvery`, snapshotEvery(state))
      checkNumber("INVALID_DEFINITION", `${title}: what snapshotEvery gives`, every, factorOrAll)
      return every
    } catch (error) {
      if (!this.#told) this.#system.logger.warn({ actor: title, error }, `snapshots are taken every ${unsaid} events`)
      this.#told = true
      return unsaid
    }
  }

  async #keep(persisted: Persisted, snapshotDue: boolean, commandsDue: boolean): Promise<void> {
    if (snapshotDue) await this.#snapshot(persisted)
    if (commandsDue) await this.#trimCommands(persisted)
  }

  async #snapshot(persisted: Persisted): Promise<void> {
    const { journal } = this.#system
    const { id, spec, sequence, outbox } = persisted
    persisted.snapshotAt = sequence
    const { keepsAfter } = outbox
    await journal.saveSnapshot(id, persisted.snapshot())
    const keepEvents = spec.retention?.keepEvents
    const upTo = keepEvents === undefined ? 0 : Math.min(sequence - keepEvents, keepsAfter)
    if (upTo <= 0) return
    const read = await Readers.of(this.#system).readUpTo(id.tenant, id.type)
    if (read > 0) await journal.trim(id, upTo, read) // K2
  }

  /** K3 */
  async #trimCommands({ spec, id }: Persisted): Promise<void> {
    const { journal, clock } = this.#system
    const { keepCommandsMs = Infinity } = spec.retention ?? {}
    const now = clock.wallTime()
    this.#commandsFrom = now + keepCommandsMs / 2
    await journal.trimCommands(id, now - keepCommandsMs)
  }

  #begin(persisted: Persisted, work: Promise<void>): void {
    // It saves time and room only: the next one makes up for one that failed.
    this.underWay = work
      .catch((error: unknown) =>
        this.#system.logger.warn(
          { actor: persisted.title, error },
          "a snapshot could not be saved, or what is past not be trimmed",
        ),
      )
      .finally(() => {
        this.underWay = undefined
      })
  }
}
