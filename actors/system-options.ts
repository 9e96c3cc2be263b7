/** What an actor system is made with. */
import type { AnyDefinition } from "./actor.js"
import type { Clock, Random } from "./clock.js"
import { checkName } from "./names.js"
import { checkNumbers, countOrAll, durationOrNever } from "./numbers.js"
import type { Journal } from "./persistence/journal.js"
import type { Transport } from "./ports.js"
import type { Holding } from "./remote/holding.js"
import type { Logger, Telemetry } from "./telemetry.js"
import { checkObject, checkOptions, checkWord } from "./words.js"
import type { WorkerOptions } from "./workers/workers.js"

export interface ActorSystemOptions {
  readonly name: string
  /** Definitions that are known by name: entities. */
  readonly definitions?: readonly AnyDefinition[]
  /** Where events of persistent actors go; default: memory. */
  readonly journal?: Journal
  /** Leads to entities that live on other nodes; default: all live here. */
  readonly transport?: Transport
  readonly clock?: Clock
  readonly random?: Random
  readonly logger?: Logger
  readonly telemetry?: Telemetry
  /** How long a handler may go on after its actor was told to stop; default 5,000. */
  readonly shutdownTimeoutMs?: number
  /**
   * Measures how long handlers take and messages wait, and counts messages by type; default false. Read it from
   * `metrics`.
   */
  readonly metrics?: boolean
  /**
   * What happens when a top-level actor crashed more often than allowed: it alone is stopped (the default), or the
   * whole system. An entity is not stopped, but left alone for a while.
   */
  readonly whenGivenUp?: "stop-actor" | "stop-system"
  readonly entities?: EntityOptions
  /** The threads of actors with `placement: "worker"`. */
  readonly workers?: WorkerOptions
  /**
   * Copies and freezes every payload and answer, and refuses what is not plain data, as if each actor lived in a
   * process of its own; default false. For tests: what would break on two nodes breaks here.
   */
  readonly isolated?: boolean
  /** How refs to actors of other systems are held; default: weakly. A simulation holds them for ever. */
  readonly holding?: Holding
}

export const systemOptions: Readonly<Record<keyof ActorSystemOptions, true>> = {
  name: true,
  definitions: true,
  journal: true,
  transport: true,
  clock: true,
  random: true,
  logger: true,
  telemetry: true,
  shutdownTimeoutMs: true,
  metrics: true,
  whenGivenUp: true,
  entities: true,
  workers: true,
  isolated: true,
  holding: true,
}

/** How many entities stay in memory. */
export interface EntityOptions {
  /** More are passivated, the least recently used first; default 100,000. */
  readonly maxResident?: number
  /**
   * How full memory is, from 0 to 1; above 0.85, resident entities are passivated whatever their number. Default: the
   * heap beside its limit.
   */
  readonly memoryPressure?: () => number
}

/** @throws {AgentOSError} `INVALID_DEFINITION`, `INVALID_NAME` */
export function checkSystemOptions(options: ActorSystemOptions): void {
  checkOptions("INVALID_DEFINITION", "the options of an actor system", options ?? null, systemOptions)
  const { name, shutdownTimeoutMs, entities, workers, whenGivenUp } = options
  const system = `the actor system ${checkName("the name of an actor system", name)}: `
  checkOptions("INVALID_DEFINITION", `${system}entities`, entities, { maxResident: true, memoryPressure: true })
  checkOptions("INVALID_DEFINITION", `${system}workers`, workers, { threads: true, hangMs: true, memoryMb: true })
  for (const part of ["telemetry", "logger", "journal", "clock", "random", "transport", "holding"] as const)
    checkObject("INVALID_DEFINITION", `${system}${part}`, options[part])
  checkNumbers("INVALID_DEFINITION", system, { shutdownTimeoutMs }, { shutdownTimeoutMs: durationOrNever })
  checkNumbers("INVALID_DEFINITION", `${system}entities.`, entities, { maxResident: countOrAll })
  checkWord("INVALID_DEFINITION", `${system}whenGivenUp`, whenGivenUp, ["stop-actor", "stop-system"])
}
