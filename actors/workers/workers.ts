/**
 * The worker threads of a system, and which actor lives on which.
 *
 * Invariants
 *   O1. An entity always goes to the thread that its key says; others to the thread with the fewest actors.
 *   O2. A thread begins with the first actor that is to live on it; a lost one is followed by another with the next.
 *   O3. How long a thread takes to start is no part of an ask's time: that begins when the thread is up, or is lost.
 */
import { availableParallelism } from "node:os"
import type { ErasedSpec } from "../actor.js"
import type { Cell } from "../cell.js"
import type { Compiled } from "../compiled.js"
import type { EntityId } from "../entities.js"
import type { PersistenceId } from "../persistence/journal.js"
import { fnv1a } from "../hash.js"
import { joined } from "../names.js"
import { checkNumber, checkNumbers, countUpTo, periodOrNever, positive } from "../numbers.js"
import { Directory } from "../remote/directory.js"
import { JOURNAL, JournalRef } from "../remote/journal-ref.js"
import type { Link } from "../remote/link.js"
import { nearSpec, Seat, type Places } from "../remote/near.js"
import type { ActorSystem } from "../system.js"
import { Thread } from "./thread.js"

/** Each takes some ten megabytes, and a place from the start. */
const mostThreads = 1024

/** How actors on worker threads run (`placement: "worker"`). */
export interface WorkerOptions {
  /** Default: one less than there are cores, at least 1. At most 1,024. */
  readonly threads?: number
  /**
   * A thread whose event loop is held for so long by one handler is ended, and its actors start anew; default 60,000.
   */
  readonly hangMs?: number
  /** Most memory of the heap of a thread; default as Node.js chooses. A thread that needs more ends. */
  readonly memoryMb?: number
}

const defaultHangMs = 60_000

export class Workers implements Places {
  readonly #system: ActorSystem
  readonly #options: WorkerOptions
  readonly #directory = new Directory()
  readonly #threads: (Thread | undefined)[]
  /** Definitions that refs may name without anybody having sent one. */
  readonly #known: () => Iterable<Compiled>
  readonly #seats = new Map<Cell, Seat>()
  /** Where an actor lives or lived last. */
  readonly #homes = new WeakMap<Cell, Thread>()
  readonly #specs = new Map<ErasedSpec, ErasedSpec>()
  readonly #farSpecs = new Map<ErasedSpec, ErasedSpec>()
  #started = 0

  constructor(system: ActorSystem, options: WorkerOptions, known: () => Iterable<Compiled>) {
    const { threads = Math.max(1, availableParallelism() - 1), hangMs = defaultHangMs } = options
    checkNumber("INVALID_DEFINITION", "workers.threads", threads, countUpTo(mostThreads))
    checkNumber("INVALID_DEFINITION", "workers.hangMs", hangMs, periodOrNever)
    checkNumbers("INVALID_DEFINITION", "workers.", options, { memoryMb: positive })
    this.#system = system
    this.#options = options
    this.#known = known
    this.#threads = new Array<Thread | undefined>(threads).fill(undefined)
  }

  /**
   * The definition of the proxies of a definition.
   * @throws {AgentOSError} `INVALID_DEFINITION` when it does not say its module
   */
  near(spec: ErasedSpec): ErasedSpec {
    let near = this.#specs.get(spec)
    if (near === undefined) {
      near = nearSpec(spec, this, this.#system.shutdownTimeoutMs)
      this.#specs.set(spec, near)
      this.#farSpecs.set(near, spec)
    }
    return near
  }

  seatOf(cell: Cell): Seat {
    let seat = this.#seats.get(cell)
    if (seat === undefined) {
      seat = new Seat(this, cell, this.#farSpecs.get(cell.compiled.spec) as ErasedSpec)
      this.#seats.set(cell, seat)
      cell.family.onStopped(() => {
        this.#seats.delete(cell)
        for (const thread of this.#threads) thread?.seats.delete(cell.incarnation)
      })
    }
    return seat
  }

  async linkFor(seat: Seat): Promise<Link> {
    const thread = this.#thread(this.#choose(seat.cell))
    thread.seats.set(seat.number, seat)
    this.#homes.set(seat.cell, thread)
    await thread.ready
    return thread.link
  }

  /** O3 */
  upSince(cell: Cell): number {
    return this.#homes.get(cell)?.upSince ?? -Infinity
  }

  /** O3 */
  entitiesUpSince({ tenant, type, key }: PersistenceId): number {
    return this.#threads[this.#placeOf(tenant, type, key)]?.upSince ?? -Infinity
  }

  /** Ends the threads; their actors have ended before. */
  async stop(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread?.stop()))
  }

  /** O1 */
  #choose({ compiled, options }: Cell): number {
    const { tenant, key } = (options?.init ?? {}) as Partial<EntityId>
    if (options?.kind === "transient" && typeof key === "string" && typeof tenant === "string")
      return this.#placeOf(tenant, compiled.spec.name, key)
    let least = 0
    for (let i = 1; i < this.#threads.length; i++)
      if ((this.#threads[i]?.seats.size ?? 0) < (this.#threads[least]?.seats.size ?? 0)) least = i
    return least
  }

  #placeOf(tenant: string, type: string, key: string): number {
    return fnv1a(joined(tenant, type, key)) % this.#threads.length
  }

  /** O2 */
  #thread(place: number): Thread {
    const running = this.#threads[place]
    if (running !== undefined) return running
    if (this.#started === 0) this.#directory.enter(JOURNAL, new JournalRef(this.#system.journal))
    const { hangMs = defaultHangMs, memoryMb } = this.#options
    const thread = new Thread(this.#system, this.#directory, {
      name: `${this.#system.node}~${++this.#started}`,
      hangMs,
      memoryMb,
      lost: () => {
        this.#threads[place] = undefined
      },
    })
    this.#threads[place] = thread
    for (const compiled of this.#known()) thread.link.vocabulary.announce(compiled)
    return thread
  }
}
