/**
 * Who reads the one order of a type, and how far each has stored what it makes of it: a trim leaves what one of them
 * has not.
 *
 * Invariants
 *   V1. A reader is known to the journal before it reads, and to the actors of its own system at once. What is stored
 *       after that stays until the reader has stored what it made of it.
 *   V2. What a position says is stored before it. One that begins anew goes back to 0.
 *   V3. Whoever trims asks for positions when all that it may trim is stored: who becomes known later began later than
 *       that.
 *   V4. A reader that stands still, or does not run, holds what it has not read until it goes on or is forgotten; the
 *       log says so.
 */
import { AgentOSError } from "../errors.js"
import { joined } from "../names.js"
import type { ActorSystem } from "../system.js"
import type { PersistenceId } from "./journal.js"

/** A reader of this system. */
export interface Reader {
  readonly tenant: string
  /** No two readers of a tenant have the same. */
  readonly name: string
  /** The type that it reads. */
  readonly from: string
}

/** What is stored of a reader; null when it was forgotten. */
type Position = { readonly from: string; readonly offset: number } | null

const readersOf = new WeakMap<ActorSystem, Readers>()

/** One that stands still for so long is told of. */
const patienceMs = 60_000

export class Readers {
  readonly #system: ActorSystem
  /** Those that run here, and whether the journal knows them (V1). */
  readonly #here = new Map<Reader, boolean>()
  /** Where trims have found them, by name. */
  readonly #found = new Map<string, { readonly offset: number; readonly at: number; told: boolean }>()

  static of(system: ActorSystem): Readers {
    let readers = readersOf.get(system)
    if (readers === undefined) readersOf.set(system, (readers = new Readers(system)))
    return readers
  }

  private constructor(system: ActorSystem) {
    this.#system = system
  }

  /** It is about to begin: nothing that it reads is trimmed by this system until it is known, or has ended. */
  begin(reader: Reader): void {
    this.#here.set(reader, false)
  }

  end(reader: Reader): void {
    this.#here.delete(reader)
  }

  /** Makes it known to the journal (V1). @param offset up to which it has stored what it made of the order */
  async know(reader: Reader, offset: number): Promise<void> {
    const { journal } = this.#system
    // Its one event says that there is such a reader, so that it is found among the keys of its kind.
    await journal.append(idOf(reader), 0, 0, [{ name: "begun", payload: null, version: 1 }]).catch((error: unknown) => {
      if (AgentOSError.from(error).code !== "SEQUENCE_CONFLICT") throw error // it is there
    })
    await this.place(reader, offset)
    if (this.#here.has(reader)) this.#here.set(reader, true)
  }

  /** It has stored what it made of the order up to an ordinal (V2). */
  place(reader: Reader, offset: number): Promise<void> {
    return this.#save(reader, { from: reader.from, offset })
  }

  /** It holds nothing any more. @throws `STORE_REFUSED` while it runs here */
  async forget(reader: Reader): Promise<void> {
    this.#system.checkRunning()
    if ([...this.#here.keys()].some(({ tenant, name }) => tenant === reader.tenant && name === reader.name))
      throw new AgentOSError("STORE_REFUSED", `${titleOf(reader)} runs; only one that has stopped can be forgotten`)
    const position = await this.#position(reader)
    if (position?.from === reader.from) await this.#save(reader, null)
  }

  /**
   * The ordinal up to which all readers of a type have stored what they made of it; Infinity when it has none (V3).
   */
  async readUpTo(tenant: string, type: string): Promise<number> {
    for (const [reader, known] of this.#here) if (!known && reader.tenant === tenant && reader.from === type) return 0
    let least = Infinity
    for await (const name of this.#system.journal.keys(tenant, READER)) {
      const reader = { tenant, name, from: type }
      const position = await this.#position(reader)
      if (position?.from !== type) continue
      least = Math.min(least, position.offset)
      this.#look(reader, position.offset)
    }
    return least
  }

  /** V4 */
  #look(reader: Reader, offset: number): void {
    const { now } = this.#system.wheel
    const name = joined(reader.tenant, reader.name)
    const found = this.#found.get(name)
    if (found?.offset !== offset) return void this.#found.set(name, { offset, at: now, told: false })
    if (found.told || now - found.at < patienceMs) return
    found.told = true
    this.#system.logger.warn(
      { ...reader, offset },
      "events that retention would let go are kept for a projection that stores no progress; one that was removed holds them until `forgetProjection`",
    )
  }

  async #position(reader: Reader): Promise<Position | undefined> {
    return (await this.#system.journal.snapshot(idOf(reader)))?.state as Position | undefined
  }

  #save(reader: Reader, state: Position): Promise<void> {
    return this.#system.journal.saveSnapshot(idOf(reader), { sequence: 1, version: 1, state })
  }
}

/** A type that no actor can have. */
const READER = "~reader"

const idOf = ({ tenant, name }: Reader): PersistenceId => ({ tenant, type: READER, key: name })
const titleOf = ({ name }: Reader): string => `the projection ${name}`
