/**
 * An actor system: the root of all actors of a process, and the ports they live on.
 *
 * Invariants
 *   Y1. `stop` ends the youngest actors first, closes the journal last, and may be called any number of times.
 */
import {
  checkedDefinition,
  checkNumbersOfLife,
  type ActorDefinition,
  type AnyDefinition,
  type ErasedSpec,
  type SpawnArguments,
  type SpawnOptions,
  spawnOptions,
} from "./actor.js"
import { parseAddress } from "./address.js"
import { Cell } from "./cell.js"
import { Ask } from "./ask.js"
import { DEFAULT_TENANT, type Cause } from "./cause.js"
import { systemClock, systemRandom, type Clock, type Random } from "./clock.js"
import { Compiled } from "./compiled.js"
import { cellOf, Context, stoppable } from "./context.js"
import { Dispatcher } from "./dispatcher.js"
import { Entities, heapPressure, type EntityId, type EntityRef } from "./entities.js"
import { AgentOSError } from "./errors.js"
import { causeOf, type CellOptions, type Meta } from "./inbox.js"
import { DefinitionMeter } from "./meter.js"
import { checkName, joined } from "./names.js"
import type { Journal, PersistenceId } from "./persistence/journal.js"
import { memoryJournal } from "./persistence/memory-journal.js"
import { reminderKeeper } from "./persistence/reminder-keeper.js"
import type { Transport } from "./ports.js"
import { AddressedRef, type ActorRef, type AnyRef, type Ref } from "./ref.js"
import {
  quietLogger,
  quietTelemetry,
  silentLogger,
  type ActorNode,
  type DeadLetter,
  type Logger,
  type SystemStatistics,
  type Telemetry,
} from "./telemetry.js"
import { CHILD_KINDS } from "./supervision.js"
import { TimerWheel } from "./timers.js"
import { weakly, type Holding } from "./remote/holding.js"
import { nearOptions } from "./remote/near.js"
import { keptCopy } from "./plain.js"
import { checkOptions, checkWord } from "./words.js"
import { checkSystemOptions, type ActorSystemOptions } from "./system-options.js"
import { checkNotHosted } from "./workers/hosted.js"
import { Workers, type WorkerOptions } from "./workers/workers.js"

/** Makes a system. @throws `INVALID_DEFINITION` when two definitions share a name */
export async function createActorSystem(options: ActorSystemOptions): Promise<ActorSystem> {
  checkNotHosted()
  return new ActorSystem(options)
}

const entityOptions = { tenant: true }

/** As most do: there is nothing to check. Makes no list, as it is looked at for each actor. */
function saysInitOnly(options: SpawnOptions<unknown>): boolean {
  for (const name in options) if (name !== "init") return false
  return typeof options === "object" && options !== null && !Array.isArray(options)
}

/** @throws {AgentOSError} `INVALID_DEFINITION`, `INVALID_NAME`, `NAME_TAKEN` */
function checkSpawn(parent: Cell, type: string, options: SpawnOptions<unknown>): void {
  checkOptions("INVALID_DEFINITION", "the options of a spawn", options, spawnOptions)
  const { name, kind, placement } = options
  const where = `spawn of ${type}: `
  if (name !== undefined) {
    checkName("the name of an actor", name)
    if (parent.family.child(name) !== undefined)
      throw new AgentOSError("NAME_TAKEN", `${joined(...parent.path, name)} is alive already`)
  }
  checkNumbersOfLife(where, options)
  checkWord("INVALID_DEFINITION", `${where}kind`, kind, CHILD_KINDS)
  checkWord("INVALID_DEFINITION", `${where}placement`, placement, ["worker"])
}

/** How a system differs whose actors stand in the tree of another one: what runs on a worker thread. */
export interface Hosting {
  readonly node: string
  /** A definition as it runs there. */
  ready(spec: ErasedSpec): ErasedSpec
  /** Entities are the other system's. @throws `UNKNOWN_DEFINITION` */
  entity(tenant: string, type: string, key: string): Ref
}

/** @throws `INVALID_NAME` */
function checkEntity(tenant: string, key: string): void {
  if (tenant !== DEFAULT_TENANT) checkName("a tenant", tenant)
  checkName("the key of an entity", key)
}

const guardianDefinition = checkedDefinition<Record<string, never>, undefined>({
  name: "guardian",
  state: () => undefined,
  receive: {},
})
/** Known to every system by name; made ready when it is first needed. */
const runtimeDefinitions: ReadonlyMap<string, AnyDefinition> = new Map([[reminderKeeper.name, reminderKeeper]])
/** Dead letters that are logged; the others are counted. */
const loggedDeadLetters = 10

export class ActorSystem {
  readonly name: string
  readonly node: string
  readonly clock: Clock
  readonly random: Random
  readonly journal: Journal
  readonly logger: Logger
  readonly telemetry: Telemetry
  readonly holding: Holding
  readonly shutdownTimeoutMs: number
  readonly dispatcher: Dispatcher
  readonly wheel: TimerWheel
  /** What `statistics` is made from. */
  readonly counts: Omit<SystemStatistics, "handled"> = {
    refused: 0,
    deadLetters: 0,
    crashes: 0,
    restarts: 0,
    timeouts: 0,
    actors: 0,
  }
  readonly #compiled = new WeakMap<object, Compiled>()
  /** The definition compiled last: who spawns many spawns the same. */
  #lastSpec: object | undefined
  #lastCompiled: Compiled | undefined
  readonly #definitions = new Map<string, Compiled>()
  readonly #allCompiled: Compiled[] = []
  readonly #meters: DefinitionMeter[] | undefined
  readonly #isolated: boolean
  readonly #whenGivenUp: "stop-actor" | "stop-system"
  /** Where entities live that do not live here; undefined when all do. */
  readonly transport: Transport | undefined
  readonly #root: Cell
  readonly #entities: Entities
  readonly #hosting: Hosting | undefined
  /** Made when the first definition is placed there. */
  #workers: Workers | undefined
  readonly #workerOptions: WorkerOptions
  #incarnations = 0
  #stopping: Promise<void> | undefined

  constructor(options: ActorSystemOptions, hosting?: Hosting) {
    checkSystemOptions(options)
    this.name = options.name
    this.node = checkName("the name of a node", hosting?.node ?? options.transport?.node ?? "local")
    this.#hosting = hosting
    this.clock = options.clock ?? systemClock
    this.random = options.random ?? systemRandom
    this.journal = options.journal ?? memoryJournal(this.clock)
    this.logger = quietLogger(options.logger ?? silentLogger)
    this.telemetry = quietTelemetry(options.telemetry ?? {}, this.logger)
    this.holding = options.holding ?? weakly
    this.shutdownTimeoutMs = options.shutdownTimeoutMs ?? 5000
    this.dispatcher = new Dispatcher(this.clock)
    this.wheel = new TimerWheel(this.clock)
    this.#meters = options.metrics === true ? [] : undefined
    this.#whenGivenUp = options.whenGivenUp ?? "stop-actor"
    this.#isolated = options.isolated ?? false
    this.transport = options.transport
    this.#workerOptions = options.workers ?? {}
    if (options.workers !== undefined) this.#workersMade()
    this.#root = new Cell(this, this.compile(guardianDefinition), null, 0, undefined)
    const { maxResident = 100_000, memoryPressure = heapPressure } = options.entities ?? {}
    const groupOf = options.transport?.groupOf?.bind(options.transport)
    this.#entities = new Entities(this, this.#root, maxResident, memoryPressure, groupOf)
    for (const definition of options.definitions ?? []) {
      if (this.#definitions.has(definition.name) || runtimeDefinitions.has(definition.name))
        throw new AgentOSError("INVALID_DEFINITION", `two definitions are named ${JSON.stringify(definition.name)}`)
      this.#definitions.set(definition.name, this.compile(definition))
    }
  }

  /**
   * Starts an actor.
   * @throws `NAME_TAKEN`, `INVALID_NAME`, `INVALID_DEFINITION` for a persistent one, `SYSTEM_STOPPED`
   */
  spawn<P, Init>(definition: ActorDefinition<P, Init>, ...options: SpawnArguments<Init>): ActorRef<P> {
    return this.spawnUnder(
      this.#root,
      definition as unknown as AnyDefinition,
      options[0] as SpawnOptions<unknown> | undefined,
    ) as unknown as ActorRef<P>
  }

  /**
   * A virtual actor: it wakes with its first message.
   * @throws `UNKNOWN_DEFINITION` when the system was made without it, `INVALID_NAME`
   */
  entity<P>(
    definition: ActorDefinition<P, EntityId> | ActorDefinition<P>,
    key: string,
    options?: { readonly tenant?: string },
  ): ActorRef<P> {
    checkOptions("INVALID_OPTION", "the options of an entity", options, entityOptions)
    return this.entityAt(options?.tenant ?? DEFAULT_TENANT, definition.name, key) as unknown as ActorRef<P>
  }

  /** A virtual actor by the name of its definition. @throws `UNKNOWN_DEFINITION`, `INVALID_NAME` */
  entityAt(tenant: string, type: string, key: string): Ref {
    checkEntity(tenant, key)
    if (this.#hosting !== undefined) return this.#hosting.entity(tenant, type, key)
    const compiled = this.#known(type)
    return this.transport?.entity({ tenant, type, key }) ?? this.#entities.ref(compiled, tenant, key)
  }

  /** An entity in this process, whatever the transport says. @throws `UNKNOWN_DEFINITION`, `INVALID_NAME` */
  entityHere({ tenant, type, key }: PersistenceId): EntityRef {
    checkEntity(tenant, key)
    return this.#entities.ref(this.#known(type), tenant, key)
  }

  /**
   * Starts an entity in this process without a message, unless it is awake.
   * @throws `UNKNOWN_DEFINITION`, `INVALID_NAME`
   */
  rouseEntity({ tenant, type, key }: PersistenceId): void {
    checkEntity(tenant, key)
    this.#entities.rouse(this.#known(type), tenant, key)
  }

  /** @throws `UNKNOWN_DEFINITION` */
  #known(type: string): Compiled {
    const compiled = this.#definitions.get(type)
    if (compiled !== undefined) return compiled
    const runtime = runtimeDefinitions.get(type)
    if (runtime !== undefined) return this.compile(runtime)
    throw new AgentOSError("UNKNOWN_DEFINITION", `${type} is not among the definitions that the system was made with`)
  }

  /** Whether entities of this name can be made here. */
  knows(type: string): boolean {
    return this.#definitions.has(type) || runtimeDefinitions.has(type)
  }

  /**
   * Refuses a message that its receiver could never take, as far as this system knows what that understands.
   * @throws `UNKNOWN_MESSAGE`
   */
  checkType(to: PersistenceId, type: string): void {
    if (this.knows(to.type)) this.entityHere(to).checkType(type)
  }

  /** It stands in the tree of another one, whose entities it reaches. */
  get hosted(): boolean {
    return this.#hosting !== undefined
  }

  /**
   * Stops an actor and its children; resolves when they have ended.
   * @throws {AgentOSError} `INVALID_OPTION` (as rejection) for what is no actor: an entity, which sleeps when it is
   * idle, a router or pool (stop the pool's `supervisor`), no ref at all
   */
  async stopActor(ref: AnyRef): Promise<void> {
    await stoppable(ref).stop()
  }

  /** All actors, as their supervisors hold them; `formatTree` makes it text. */
  get tree(): ActorNode {
    return this.treeOf(Infinity)
  }

  /** The same with at most so many children of each actor, the oldest. */
  treeOf(mostChildren: number): ActorNode {
    return { ...this.#root.treeOf(mostChildren), name: this.name }
  }

  /** Counted since the system was made. */
  get statistics(): SystemStatistics {
    let handled = 0
    for (const compiled of this.#allCompiled) handled += compiled.handled
    return { handled, ...this.counts }
  }

  /** What the actors of each definition did; empty unless the system was made with `metrics`. */
  get metrics(): readonly DefinitionMeter[] {
    return this.#meters ?? []
  }

  /** Entities in memory. */
  get residentEntities(): number {
    return this.#entities.size
  }

  /** The entities of this process, for whoever moves them. */
  get entities(): Entities {
    return this.#entities
  }

  get stopping(): boolean {
    return this.#stopping !== undefined
  }

  /** Stops everything in order (Y1). */
  stop(): Promise<void> {
    this.#stopping ??= (async () => {
      await this.#root.stop()
      await this.#workers?.stop()
      this.wheel.close()
      await this.journal.close()
    })()
    return this.#stopping
  }

  // --- for the runtime ----------------------------------------------------------------------------------------------

  checkRunning(): void {
    if (this.#stopping !== undefined) throw this.stopped
  }

  get stopped(): AgentOSError {
    return new AgentOSError("SYSTEM_STOPPED", `the actor system ${this.name} is stopping`)
  }

  contextOf(cell: Cell): Context {
    return new Context(cell)
  }

  spawnUnder(parent: Cell, definition: AnyDefinition, options: SpawnOptions<unknown> | undefined): Cell {
    if (this.#stopping !== undefined) this.checkRunning()
    const { spec } = definition
    if (spec.persistent === true)
      throw new AgentOSError(
        "INVALID_DEFINITION",
        `${spec.name} is persistent, and a persistent actor is an entity: system.entity(definition, key)`,
      )
    if (options !== undefined && !saysInitOnly(options)) checkSpawn(parent, spec.name, options)
    if (options !== undefined && (options.placement === "worker" || spec.placement === "worker"))
      return this.#spawnFar(parent, spec, options)
    const compiled = spec === this.#lastSpec ? (this.#lastCompiled as Compiled) : this.compile(definition)
    return this.spawnCell(parent, compiled, options)
  }

  /** Starts an actor whose definition or options place it on a worker thread. */
  #spawnFar(parent: Cell, spec: ErasedSpec, options: SpawnOptions<unknown>): Cell {
    if (this.#hosting !== undefined) return this.spawnCell(parent, this.compile({ name: spec.name, spec }), options)
    const init = keptCopy(options.init, () => `what ${spec.name} is spawned with`) as undefined
    const near = this.#workersMade().near(spec)
    return this.spawnCell(parent, this.compile({ name: near.name, spec: near }), nearOptions({ ...options, init }))
  }

  #workersMade(): Workers {
    return (this.#workers ??= new Workers(this, this.#workerOptions, () => this.#named()))
  }

  /** All definitions that are known by name. */
  *#named(): Iterable<Compiled> {
    yield* this.#definitions.values()
    for (const definition of runtimeDefinitions.values()) yield this.compile(definition)
  }

  spawnCell(parent: Cell, compiled: Compiled, options: CellOptions | undefined): Cell {
    const cell = this.cellUnder(parent, compiled, options)
    cell.start()
    return cell
  }

  /** An actor that has its place, and is still to be started. */
  cellUnder(parent: Cell, compiled: Compiled, options: CellOptions | undefined): Cell {
    const cell = new Cell(this, compiled, parent, ++this.#incarnations, options)
    this.counts.actors += 1
    parent.family.adopt(cell)
    return cell
  }

  /**
   * Since when an actor, or entity, can be reached on the monotonic clock: Infinity while the thread that it is to
   * live on starts.
   */
  upSince(target: Ref): number {
    const workers = this.#workers
    if (workers === undefined) return -Infinity
    const cell = cellOf(target)
    if (cell !== undefined) return workers.upSince(cell)
    if (!(target instanceof AddressedRef)) return -Infinity
    const address = parseAddress(target.address)
    if (address.kind !== "entity" || this.#definitions.get(address.type)?.spec.carried !== true) return -Infinity
    return workers.entitiesUpSince(address)
  }

  get stopsWhenGivenUp(): boolean {
    return this.#whenGivenUp === "stop-system"
  }

  /** A top-level actor crashed more often than allowed. @param restMs so long it is left alone, if it is an entity */
  topLevelGivenUp(child: Cell, error: unknown, restMs: number | undefined): void {
    const rests = restMs !== undefined && `it is left alone for ${Math.round(restMs)} ms`
    const after = rests || (this.stopsWhenGivenUp ? "the system stops" : "it is stopped")
    this.logger.error(
      { actor: child.address, error },
      `an actor crashed more often than its supervisor allows; ${after}`,
    )
    if (this.stopsWhenGivenUp) void this.stop()
  }

  /**
   * Counts a message that reached nobody; its ask is told, with `why` where that says more than the reason.
   * @returns false
   */
  deadLetter(
    to: AnyRef,
    type: string,
    meta: Meta | undefined,
    reason: DeadLetter["reason"],
    why?: AgentOSError,
  ): false {
    const { counts } = this
    counts.deadLetters += 1
    if (meta instanceof Ask)
      meta.fail(
        why ??
          new AgentOSError(
            reason === "stopped" ? "ACTOR_STOPPED" : "MAILBOX_FULL",
            reason === "stopped" ? `${to.address} has stopped` : `the mailbox of ${to.address} dropped ${type}`,
          ),
      )
    if (this.telemetry.deadLetter !== undefined || counts.deadLetters <= loggedDeadLetters) {
      const traceId = causeOf(meta)?.traceId
      const letter: DeadLetter = { to: to.address, type, reason, ...(traceId === undefined ? {} : { traceId }) }
      this.telemetry.deadLetter?.(letter)
      if (counts.deadLetters <= loggedDeadLetters) this.logger.debug({ ...letter }, "a message reached nobody")
    }
    return false
  }

  /**
   * Sends on what its sender was told is taken: refused after all, it is a dead letter, unless whoever refuses it has
   * counted it as one.
   */
  sendTaken(to: Ref, type: string, payload: unknown, cause: Cause | undefined): boolean {
    const { deadLetters } = this.counts
    if (to.send(type, payload, cause)) return true
    return this.counts.deadLetters === deadLetters && this.deadLetter(to, type, cause, "overflow")
  }

  /** A definition made ready to run. @throws `INVALID_DEFINITION` when it is placed where it cannot be found */
  compile(definition: AnyDefinition): Compiled {
    const { spec } = definition
    let compiled = this.#compiled.get(spec)
    if (compiled === undefined) {
      compiled = new Compiled(this.#ready(spec), this.#isolated)
      this.#compiled.set(spec, compiled)
      this.#allCompiled.push(compiled)
      if (this.#meters !== undefined) {
        compiled.meter = new DefinitionMeter(spec.name, compiled.types)
        this.#meters.push(compiled.meter)
      }
    }
    this.#lastSpec = spec
    this.#lastCompiled = compiled
    return compiled
  }

  /** A definition as it runs here: that of its proxies, when its actors live on worker threads. */
  #ready(spec: ErasedSpec): ErasedSpec {
    if (this.#hosting !== undefined) return this.#hosting.ready(spec)
    return spec.placement === "worker" ? this.#workersMade().near(spec) : spec
  }
}
