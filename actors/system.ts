/**
 * An actor system: the root of all actors of a process, and the ports they live on.
 *
 * Invariants
 *   Y1. `stop` ends the youngest actors first, closes the journal last, and may be called any number of times.
 */
import {
  checkedDefinition,
  type ActorDefinition,
  type AnyDefinition,
  type SpawnArguments,
  type SpawnOptions,
} from "./actor.js"
import { Cell, compile, type Compiled, type Extras, type Meta } from "./cell.js"
import { Ask } from "./ask.js"
import { DEFAULT_TENANT } from "./cause.js"
import { systemClock, systemRandom, type Clock, type Random } from "./clock.js"
import { cellOf, Context } from "./context.js"
import { Dispatcher } from "./dispatcher.js"
import { Entities, EntityRef } from "./entities.js"
import { AgentOSError } from "./errors.js"
import type { Journal } from "./persistence/journal.js"
import { memoryJournal } from "./persistence/memory-journal.js"
import type { ActorRef, AnyRef } from "./ref.js"
import { silentLogger, type DeadLetter, type Logger, type SystemStatistics, type Telemetry } from "./telemetry.js"
import { TimerWheel } from "./timers.js"

export interface ActorSystemOptions {
  readonly name: string
  /** Definitions that are known by name: entities. */
  readonly definitions?: readonly AnyDefinition[]
  /** Where events of persistent actors go; default: memory. */
  readonly journal?: Journal
  readonly clock?: Clock
  readonly random?: Random
  readonly logger?: Logger
  readonly telemetry?: Telemetry
  /** How long a handler may go on after its actor was told to stop; default 5,000. */
  readonly shutdownTimeoutMs?: number
}

/** Makes a system. @throws `INVALID_DEFINITION` when two definitions share a name */
export async function createActorSystem(options: ActorSystemOptions): Promise<ActorSystem> {
  return new ActorSystem(options)
}

const guardianDefinition = checkedDefinition<Record<string, never>, undefined>({
  name: "guardian",
  state: () => undefined,
  receive: {},
})
/** Dead letters that are logged; the others are counted. */
const loggedDeadLetters = 10

export class ActorSystem {
  readonly name: string
  readonly node = "local"
  readonly clock: Clock
  readonly random: Random
  readonly journal: Journal
  readonly logger: Logger
  readonly telemetry: Telemetry
  readonly shutdownTimeoutMs: number
  readonly dispatcher: Dispatcher
  readonly wheel: TimerWheel
  readonly statistics: SystemStatistics = {
    handled: 0,
    refused: 0,
    deadLetters: 0,
    crashes: 0,
    restarts: 0,
    timeouts: 0,
    actors: 0,
  }
  readonly #compiled = new WeakMap<object, Compiled>()
  readonly #definitions = new Map<string, Compiled>()
  readonly #root: Cell
  readonly #users: Cell
  readonly #entities: Entities
  #incarnations = 0
  #stopping: Promise<void> | undefined

  constructor(options: ActorSystemOptions) {
    this.name = options.name
    this.clock = options.clock ?? systemClock
    this.random = options.random ?? systemRandom
    this.journal = options.journal ?? memoryJournal(this.clock)
    this.logger = options.logger ?? silentLogger
    this.telemetry = options.telemetry ?? {}
    this.shutdownTimeoutMs = options.shutdownTimeoutMs ?? 5000
    this.dispatcher = new Dispatcher(this.clock)
    this.wheel = new TimerWheel(this.clock)
    this.#root = new Cell(this, this.#compile(guardianDefinition), null, 0, undefined)
    this.#users = this.#root
    this.#entities = new Entities(this, this.#root)
    for (const definition of options.definitions ?? []) {
      if (this.#definitions.has(definition.name))
        throw new AgentOSError("INVALID_DEFINITION", `two definitions are named ${JSON.stringify(definition.name)}`)
      this.#definitions.set(definition.name, this.#compile(definition))
    }
  }

  /** Starts an actor. @throws `NAME_TAKEN`, `SYSTEM_STOPPED` */
  spawn<P, Init>(definition: ActorDefinition<P, Init>, ...options: SpawnArguments<Init>): ActorRef<P> {
    return this.spawnUnder(
      this.#users,
      definition as unknown as AnyDefinition,
      options[0] as SpawnOptions<unknown> | undefined,
    ) as unknown as ActorRef<P>
  }

  /** A virtual actor: it wakes with its first message. @throws `UNKNOWN_DEFINITION` when the system was made without it */
  entity<P>(
    definition: ActorDefinition<P, { readonly tenant: string; readonly key: string }> | ActorDefinition<P>,
    key: string,
    options: { readonly tenant?: string } = {},
  ): ActorRef<P> {
    const compiled = this.#definitions.get(definition.name)
    if (compiled === undefined)
      throw new AgentOSError(
        "UNKNOWN_DEFINITION",
        `${definition.name} is not among the definitions that the system was made with`,
      )
    return new EntityRef(this, this.#entities, compiled, {
      tenant: options.tenant ?? DEFAULT_TENANT,
      key,
    }) as unknown as ActorRef<P>
  }

  /** Stops an actor and its children; resolves when they have ended. */
  async stopActor(ref: AnyRef): Promise<void> {
    await cellOf(ref)?.stop()
  }

  get stopping(): boolean {
    return this.#stopping !== undefined
  }

  /** Stops everything in order (Y1). */
  stop(): Promise<void> {
    this.#stopping ??= (async () => {
      this.#entities.close()
      await this.#root.stop()
      this.wheel.close()
      await this.journal.close()
    })()
    return this.#stopping
  }

  // --- for the runtime -----------------------------------------------------------------------------------------------------------------------

  checkRunning(): void {
    if (this.#stopping !== undefined)
      throw new AgentOSError("SYSTEM_STOPPED", `the actor system ${this.name} is stopping`)
  }

  contextOf(cell: Cell): Context {
    return new Context(cell)
  }

  spawnUnder(parent: Cell, definition: AnyDefinition, options: SpawnOptions<unknown> | undefined): Cell {
    this.checkRunning()
    if (options === undefined) return this.spawnCell(parent, this.#compile(definition), undefined)
    const { name, init, kind, mailbox, supervision } = options
    if (name !== undefined && parent.kin.names.has(name))
      throw new AgentOSError("NAME_TAKEN", `${[...parent.path, name].join("/")} is alive already`)
    return this.spawnCell(parent, this.#compile(definition), {
      name,
      init,
      kind,
      supervision,
      capacity: mailbox?.capacity,
      overflow: mailbox?.overflow,
    })
  }

  spawnCell(parent: Cell, compiled: Compiled, extras: Extras | undefined): Cell {
    const cell = new Cell(this, compiled, parent, ++this.#incarnations, extras)
    this.statistics.actors += 1
    parent.adopt(cell)
    cell.start()
    return cell
  }

  /** Counts a message that reached nobody; its ask is told. @returns false */
  deadLetter(to: AnyRef, type: string, meta: Meta | undefined, reason: DeadLetter["reason"]): false {
    const { statistics } = this
    statistics.deadLetters += 1
    if (meta instanceof Ask)
      meta.fail(
        new AgentOSError(
          reason === "stopped" ? "ACTOR_STOPPED" : "MAILBOX_FULL",
          reason === "stopped" ? `${to.address} has stopped` : `the mailbox of ${to.address} dropped ${type}`,
        ),
      )
    if (this.telemetry.deadLetter !== undefined || statistics.deadLetters <= loggedDeadLetters) {
      const letter: DeadLetter = { to: to.address, type, reason }
      this.telemetry.deadLetter?.(letter)
      if (statistics.deadLetters <= loggedDeadLetters) this.logger.debug({ ...letter }, "a message reached nobody")
    }
    return false
  }

  #compile(definition: AnyDefinition): Compiled {
    let compiled = this.#compiled.get(definition.spec)
    if (compiled === undefined) {
      compiled = compile(definition.spec)
      this.#compiled.set(definition.spec, compiled)
    }
    return compiled
  }
}
