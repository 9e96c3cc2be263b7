/**
 * An actor system for tests: time is virtual, chance comes from a seed, and payloads are copied and frozen, so that what would break between two nodes breaks here.
 */
import type { AnyDefinition } from "../actor.js"
import type { Journal } from "../persistence/journal.js"
import { memoryJournal } from "../persistence/memory-journal.js"
import { SeededRandom } from "../simulation/seeded-random.js"
import { VirtualClock } from "../simulation/virtual-clock.js"
import { ActorSystem } from "../system.js"
import type { DeadLetter, Logger } from "../telemetry.js"
import { Probe, settled, type AnyProtocol } from "./probe.js"

export interface TestKitOptions {
  /** Entities, by name. */
  readonly definitions?: readonly AnyDefinition[]
  /** Of all chance in the system; default 1. */
  readonly seed?: number | string
  /** Default: in memory. */
  readonly journal?: (clock: VirtualClock) => Journal
  readonly logger?: Logger
  /** Wall time at the beginning. */
  readonly startAt?: number
}

/** Makes a system for a test. @throws `INVALID_DEFINITION` */
export function createTestKit(options: TestKitOptions = {}): TestKit {
  return new TestKit(options)
}

export class TestKit {
  readonly clock: VirtualClock
  readonly random: SeededRandom
  readonly system: ActorSystem
  readonly #deadLetters: DeadLetter[] = []
  #probes = 0

  constructor(options: TestKitOptions) {
    const { definitions, seed = 1, journal = memoryJournal, logger, startAt } = options
    this.clock = new VirtualClock(startAt === undefined ? {} : { startAt })
    this.random = new SeededRandom(seed)
    this.system = new ActorSystem({
      name: "test",
      isolated: true,
      clock: this.clock,
      random: this.random.fork("system"),
      journal: journal(this.clock),
      telemetry: { deadLetter: (letter) => void this.#deadLetters.push(letter) },
      entities: { memoryPressure: () => 0 },
      ...(definitions === undefined ? {} : { definitions }),
      ...(logger === undefined ? {} : { logger }),
    })
  }

  /** Messages that reached nobody. */
  get deadLetters(): readonly DeadLetter[] {
    return this.#deadLetters
  }

  /** Lets time pass: all that is due happens, in order. */
  advance(milliseconds: number): Promise<void> {
    return this.clock.advance(milliseconds)
  }

  /**
   * Lets time pass until a promise settles: an ask whose answer takes an hour is answered at once.
   * @param withinMs virtual milliseconds; default 31 days
   * @throws what it rejects with; `ASK_TIMEOUT` when it does not settle
   */
  settled<T>(promise: PromiseLike<T>, withinMs?: number): Promise<T> {
    return settled(this.clock, promise, withinMs)
  }

  /** An actor that the test plays itself. */
  probe<P = AnyProtocol>(name = `probe-${++this.#probes}`): Probe<P> {
    return new Probe<P>(this.system, this.clock, name)
  }

  /** Stops the system in order. */
  stop(): Promise<void> {
    return this.settled(this.system.stop())
  }
}
