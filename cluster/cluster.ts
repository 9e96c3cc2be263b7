/**
 * A node of a cluster, from joining to leaving: the one place that knows all of its rooms.
 *
 *   carrier ── mesh ── membership ── registry         who is there, and streams to them
 *      shards ── ownership ── registry, store         which entities run here
 *      actor system                                   runs them, and everything else
 *
 * Invariants
 *   J1. This node joins the registry, and owns anything, only once the settings of the cluster were found to be its
 *       own.
 *   J2. In order: listen, make the system, agree, join, serve. At the end: announce, hand over, stop the actors, give
 *       up what is owned, say goodbye, close. Each step is bounded, so that a registry or a peer that does not answer
 *       keeps nobody from ending.
 *   J3. It ends once, whoever wants it to: `leave`, `stop`, a successor, or the others' verdict. What was given to it
 *       (registry, carrier, state) is closed with it.
 */
import type { ActorDefinition, AnyDefinition } from "#actors/actor.js"
import { systemClock, systemRandom, type Clock, type Random } from "#actors/clock.js"
import type { EntityId } from "#actors/entities.js"
import { AgentOSError } from "#actors/errors.js"
import { KEEPER } from "#actors/groups.js"
import { isName, joined } from "#actors/names.js"
import {
  amountOrAll,
  checkEach,
  checkNumber,
  checkNumbers,
  countUpTo,
  durationOrNever,
  positiveOrAll,
  wholeNumber,
} from "#actors/numbers.js"
import type { Journal } from "#actors/persistence/journal.js"
import { DELIVER } from "#actors/persistence/outbox.js"
import { startReminders } from "#actors/persistence/reminders.js"
import type { ActorRef } from "#actors/ref.js"
import { createActorSystem, type ActorSystem } from "#actors/system.js"
import { systemOptions } from "#actors/system-options.js"
import { quietLogger, silentLogger, type Logger } from "#actors/telemetry.js"
import type { TopicProtocol } from "#actors/topics.js"
import { checkObject, checkOptions } from "#actors/words.js"
import type { Carrier } from "./carrier.js"
import type { Cluster, ClusterEnd, NodeOperation } from "./cluster-handle.js"
import { clusterOptions, nodeOptions, type ClusterOptions } from "./cluster-options.js"
import { reportLease, reportMembers, type ClusterStatus } from "./cluster-status.js"
import { fencedJournal } from "./fenced-journal.js"
import { DEFAULT_HOLD } from "./held.js"
import { grpcCarrier } from "./grpc-carrier.js"
import { nextIncarnation } from "./incarnation.js"
import { checkLimit, ClusterLimit, limitGranter, type ClusterRate, type Granter } from "./limits.js"
import type { View } from "./members.js"
import { DEFAULT_MEMBERSHIP } from "./membership.js"
import { MembershipDriver, type MemberChange } from "./membership-driver.js"
import { meshSizes, meshTimings } from "./mesh-limits.js"
import { tlsOptions } from "./mesh-tls.js"
import { Entrance, Mesh } from "./mesh.js"
import { checkedCluster, checkedNode, nodeId, type NodeDescription, type NodeId } from "./node.js"
import type { Ownership } from "./ownership.js"
import { pause } from "./pause.js"
import type { Peers } from "./peers.js"
import { DEFAULT_REBALANCE, DEFAULT_SHARDS, type Plan } from "./placement.js"
import { Receptionist } from "./receptionist.js"
import type { SeatEvent } from "./registry.js"
import { agreeOnSettings } from "./settings.js"
import { Shards } from "./shards.js"
import { neverAsleep, Singletons } from "./singletons.js"
import type { StatePorts } from "./state.js"
import { Topics } from "./topics.js"

/** What this release speaks with its peers. */
const protocol = { min: 1, max: 1 }
/**
 * How long joining waits for the settings of the cluster; a registry that is away for longer is waited for in the
 * background.
 */
const agreeMs = 5000
const defaultDrainMs = 30_000
const defaultReadyMs = 60_000
/** Of each of the last steps, but for the stop of the actors, which have limits of their own. */
const closeMs = 6000
const lookMs = 20
/** A drain takes as long as it takes; the caller is told at once when the link is lost. */
const operateMs = 10 * 60_000
const service = "node"

/**
 * Makes an actor system on this node and joins it with those of the others. Resolves when it listens and has begun to
 * join; see `untilReady`.
 * @throws {AgentOSError} (as rejection) `INVALID_NODE`, `INVALID_DEFINITION`, `UNAVAILABLE_ADDRESS`, `SETTINGS_DIFFER`
 */
export async function joinCluster(options: ClusterOptions): Promise<Cluster> {
  checkOptions("INVALID_NODE", "the options of a cluster", options ?? null, clusterOptions)
  const { clock = systemClock, random = systemRandom, registry, state } = options
  for (const part of ["registry", "state", "node"] as const) checkObject("INVALID_NODE", part, options[part] ?? null)
  const logger = quietLogger(options.logger ?? silentLogger)
  const opened: (() => Promise<unknown>)[] = [() => registry.close()]
  try {
    const described = describe(options)
    const entity = isEntity(options)
    const ports: StatePorts = {
      registry,
      clock,
      logger,
      shards: options.shards ?? DEFAULT_SHARDS,
      isEntity: entity,
      arrived: (deliveries) => {
        for (const { actor, numbers } of deliveries)
          if (entity(actor.type) && isName(actor.tenant) && isName(actor.key))
            system.entityAt(actor.tenant, actor.type, actor.key).tell(DELIVER, numbers)
      },
    }
    const journal = state.journal(ports)
    opened.push(() => journal.close())
    await state.open?.(ports)
    const ownership = state.ownership(ports)
    const carrier = options.carrier ?? (await carrierOf(options, clock, logger))
    opened.push(() => carrier.close())
    const entrance = await Entrance.open(carrier)
    opened.push(() => entrance.close())
    const incarnation = await nextIncarnation(registry, described.name, clock, options.node.above)
    const self = checkedNode({
      ...described,
      incarnation,
      address: options.carrier === undefined ? entrance.address : (options.advertise ?? entrance.address),
    })
    const shards = new Shards({ self, ownership, clock, random, ...shardsOptions(options) })
    const fenced = fencedJournal(journal, ownership, entityShards(options, shards))
    const system = await createActorSystem(optionsOfSystem(options, fenced, shards))
    const node = new ClusterNode({ options, self, clock, random, logger, carrier, entrance, journal, ownership, shards, system }) // prettier-ignore
    opened.length = 0
    opened.push(() => node.stop())
    await node.agree()
    return node
  } catch (error) {
    for (const close of opened.reverse()) await close().catch(() => undefined) // J3
    throw error
  }
}

/** @throws {AgentOSError} `INVALID_NODE` before anything is opened */
function describe(options: ClusterOptions): Omit<NodeDescription, "address"> {
  const { name, node, shards = DEFAULT_SHARDS, membership, mesh, rebalance, hold } = options
  checkedCluster(name)
  checkNumber("INVALID_NODE", "shards", shards, countUpTo(65_536))
  checkNumbers("INVALID_NODE", "", options, { drainMs: durationOrNever })
  checkOptions("INVALID_NODE", "node", node, nodeOptions)
  checkOptions("INVALID_NODE", "membership", membership, DEFAULT_MEMBERSHIP)
  checkOptions("INVALID_NODE", "mesh", mesh, { timings: true, sizes: true })
  checkOptions("INVALID_NODE", "mesh.timings", mesh?.timings, meshTimings)
  checkOptions("INVALID_NODE", "mesh.sizes", mesh?.sizes, meshSizes)
  checkOptions("INVALID_NODE", "rebalance", rebalance, DEFAULT_REBALANCE)
  checkOptions("INVALID_NODE", "hold", hold, DEFAULT_HOLD)
  checkOptions("INVALID_NODE", "tls", options.tls, tlsOptions)
  checkNumbers("INVALID_NODE", "node.", node, { above: wholeNumber })
  checkEach("INVALID_NODE", "membership.", membership, positiveOrAll)
  checkEach("INVALID_NODE", "mesh.timings.", mesh?.timings, positiveOrAll)
  checkEach("INVALID_NODE", "mesh.sizes.", mesh?.sizes, positiveOrAll)
  checkEach("INVALID_NODE", "rebalance.", rebalance, amountOrAll)
  checkEach("INVALID_NODE", "hold.", hold, amountOrAll)
  const { roles = [], capabilities = {}, capacity = 1 } = node
  return checkedNode({ name: node.name, incarnation: 0, roles, capabilities, capacity, protocol, address: "host:0" })
}

function carrierOf({ listen, advertise, tls }: ClusterOptions, clock: Clock, logger: Logger): Promise<Carrier> {
  const given = { ...(advertise === undefined ? {} : { advertise }), ...(tls === undefined ? {} : { tls }) }
  return grpcCarrier({ listen, clock, logger, ...given })
}

function shardsOptions({ shards, entityRole, rebalance, hold }: ClusterOptions) {
  return {
    ...(shards === undefined ? {} : { shards }),
    ...(entityRole === undefined ? {} : { role: entityRole }),
    ...(rebalance === undefined ? {} : { rebalance }),
    ...(hold === undefined ? {} : { hold }),
  }
}

/** All definitions that are known by name. */
function definitionsOf({ definitions = [], singletons = [] }: ClusterOptions): readonly AnyDefinition[] {
  const single = new Set(singletons.map(({ name }) => name))
  return [...definitions.filter(({ name }) => !single.has(name)), ...singletons.map(neverAsleep), limitGranter]
}

/** Only entities belong to shards; other actors may persist too. */
function entityShards(options: ClusterOptions, shards: Shards): Parameters<typeof fencedJournal>[2] {
  const entity = isEntity(options)
  return (actor) => (entity(actor.type) ? shards.shardOf(actor) : undefined)
}

function isEntity(options: ClusterOptions): (type: string) => boolean {
  const types = new Set([...definitionsOf(options).map(({ name }) => name), KEEPER])
  return (type) => types.has(type)
}

function optionsOfSystem(
  options: ClusterOptions,
  fenced: Journal,
  shards: Shards,
): Parameters<typeof createActorSystem>[0] {
  const journal = { ...fenced, close: async () => {} } // what is owned is given up after the system has stopped, and needs it
  const own = Object.fromEntries(Object.entries(options).filter(([name]) => Object.hasOwn(systemOptions, name)))
  return { ...own, name: options.name, definitions: definitionsOf(options), journal, transport: shards.transport }
}

interface Parts {
  readonly options: ClusterOptions
  readonly self: NodeDescription
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly carrier: Carrier
  readonly entrance: Entrance
  readonly journal: Journal
  readonly ownership: Ownership
  readonly shards: Shards
  readonly system: ActorSystem
}

class ClusterNode implements Cluster {
  readonly system: ActorSystem
  readonly id: NodeId
  readonly node: NodeDescription
  readonly receptionist: Receptionist
  readonly ended: Promise<ClusterEnd>
  readonly #parts: Parts
  readonly #mesh: Mesh
  readonly #driver: MembershipDriver
  readonly #topics: Topics
  readonly #singletons: Singletons
  readonly #limits = new Map<string, ClusterLimit>()
  readonly #agreeing = new AbortController()
  #agreed = false
  /** What the registry was waited for, in its words. */
  #waiting: string | undefined
  #ending: Promise<void> | undefined
  #end!: (end: ClusterEnd) => void

  constructor(parts: Parts) {
    const { options, self, clock, random, logger, carrier, entrance, ownership, shards, system } = parts
    const { registry, membership, mesh: { timings, sizes } = {}, singletons = [] } = options
    this.#parts = parts
    this.system = system
    this.node = self
    this.id = nodeId(self)
    this.ended = new Promise((end) => (this.#end = end))
    this.#mesh = new Mesh({
      system,
      self,
      carrier,
      entrance,
      clock,
      random,
      door: shards,
      heard: (event) => this.#driver.heard(event),
      ...(timings === undefined ? {} : { timings }),
      ...(sizes === undefined ? {} : { sizes }),
    })
    this.#driver = new MembershipDriver({
      node: self,
      registry,
      network: this.#mesh,
      clock,
      logger,
      ...(membership === undefined ? {} : { timings: membership }),
      seated: (event) => {
        this.#seated(event)
        ownership.heard(event)
      },
      stopped: (reason) => {
        logger.error({ node: this.id, ...reason }, `this node must stop: ${told[reason.why]}`)
        void this.#finish(reason, false)
      },
    })
    shards.start({ system, peers: this.#mesh, registry, seat: this.#driver.seat })
    startReminders(system).catch(() => undefined) // whoever serves a shard sends its reminders; it goes on trying
    this.#mesh.serve(service, { handle: (type) => this.#asked(type) })
    this.receptionist = new Receptionist(this.#mesh, random)
    this.#topics = new Topics(system, this.receptionist)
    this.#singletons = new Singletons(singletons, {
      system,
      clock,
      serves: (id) => shards.straight[shards.shardOf(id)] === 1,
    })
  }

  // --- joining -------------------------------------------------------------------------------------------------------------------------------

  /** J1. @throws {AgentOSError} `SETTINGS_DIFFER` */
  async agree(): Promise<void> {
    const { options, clock, shards, logger } = this.#parts
    const { registry, state, shards: count = DEFAULT_SHARDS } = options
    const { signal } = this.#agreeing
    const waiting = (reason: string): void => {
      this.#waiting = reason
      logger.warn({ reason }, "the registry does not answer; this node waits for it")
    }
    const agreed = agreeOnSettings(registry, { shards: count, state: state.kind }, clock, signal, waiting)
    const joined = agreed.then((settings) => {
      if (settings === undefined) return
      this.#agreed = true
      this.#waiting = undefined
      this.#driver.follow((view) => shards.members(view))
      shards.members(this.#driver.view)
      this.#driver.join()
    })
    const late = new AbortController()
    const inTime = await Promise.race([joined.then(() => true), pause(clock, agreeMs, late.signal).then(() => false)])
    late.abort()
    if (inTime) return
    joined.catch((error: AgentOSError) => {
      logger.error({ error }, "this node is set up otherwise than its cluster, and stops")
      void this.#finish({ why: "refused", error }, false)
    })
  }

  #seated(event: SeatEvent): void {
    const { logger } = this.#parts
    if (event.kind === "waiting") {
      this.#waiting = event.reason
      logger.warn({ reason: event.reason }, "the registry gives this node no lease")
    } else this.#waiting = undefined
    if (event.kind === "lost") logger.warn({}, "this node has lost its lease")
  }

  get ready(): boolean {
    return this.#waitingFor().length === 0
  }

  #waitingFor(): readonly string[] {
    const { shards } = this.#parts
    const reasons: string[] = []
    const status = this.view.members.get(this.id)?.status
    if (this.#ending !== undefined) reasons.push("it is ending")
    else if (!this.#agreed)
      reasons.push(`the settings of the cluster are not known: ${this.#waiting ?? "the registry is being asked"}`)
    else if (status !== "up") reasons.push(`it is ${status}${this.#waiting === undefined ? "" : `: ${this.#waiting}`}`)
    else if (!shards.ready) {
      const { served, wished, moving, draining, trouble } = shards.status
      reasons.push(draining ? "it is drained" : `it serves ${served} of ${wished} shards, ${moving} are moving`)
      if (trouble !== undefined) reasons.push(trouble)
    }
    return reasons
  }

  async untilReady(timeoutMs = defaultReadyMs): Promise<void> {
    const { clock } = this.#parts
    const until = clock.monotonic() + timeoutMs
    for (;;) {
      const reasons = this.#waitingFor()
      if (reasons.length === 0) return
      if (clock.monotonic() >= until || this.#ending !== undefined)
        throw new AgentOSError("UNAVAILABLE", `${this.id} is not ready: ${reasons.join("; ")}`)
      await pause(clock, lookMs, this.#agreeing.signal)
    }
  }

  // --- what is known -------------------------------------------------------------------------------------------------------------------------

  get view(): View {
    return this.#driver.view
  }

  get peers(): Peers {
    return this.#mesh
  }

  follow(listener: (view: View, changes: readonly MemberChange[]) => void): () => void {
    return this.#driver.follow(listener)
  }

  status(): ClusterStatus {
    const { clock, options, shards } = this.#parts
    const now = clock.monotonic()
    const { owned, moving, served, held, trouble, draining } = shards.status
    const byName = new Map([...owned].filter(([name]) => name !== ""))
    const waitingFor = this.#waitingFor()
    const { registryAway } = this.#driver
    return {
      cluster: options.name,
      node: this.id,
      ready: waitingFor.length === 0,
      waitingFor,
      members: reportMembers(this.view, now, new Set(this.#mesh.open()), byName),
      shards: {
        count: options.shards ?? DEFAULT_SHARDS,
        owned: Object.fromEntries(byName),
        here: byName.get(this.node.name) ?? 0,
        served,
        moving,
        unowned: owned.get("") ?? 0,
        held,
        draining,
        trouble: trouble ?? null,
      },
      state: options.state.kind,
      lease: reportLease(this.#driver.seat.lease?.freshUntil, now),
      registry: { answers: registryAway === undefined, reason: registryAway ?? null },
    }
  }

  // --- shards --------------------------------------------------------------------------------------------------------------------------------

  drain(): Promise<void> {
    return this.#parts.shards.drain()
  }

  undrain(): void {
    this.#parts.shards.undrain()
  }

  async rebalance(): Promise<Plan> {
    return this.#parts.shards.plan()
  }

  async forget(name: string): Promise<void> {
    const { ownership } = this.#parts
    const member = [...this.view.members.values()].find(({ node }) => node.name === name)
    if (member !== undefined && member.status !== "down")
      throw new AgentOSError("NODE_ALIVE", `${name} is ${member.status}; only a node that is lost can be forgotten`)
    await ownership.forget?.(name)
    if (member !== undefined) this.#driver.heard({ kind: "removed", id: member.id })
  }

  async operate(node: string, what: NodeOperation): Promise<void> {
    if (node === this.node.name) return void (await this.#asked(what))
    const peer = this.#mesh.named(node)
    if (peer === undefined)
      throw new AgentOSError("UNKNOWN_NODE", `no node ${JSON.stringify(node)} can be reached from ${this.id}`)
    await this.#mesh.call(peer, service, what, undefined, { timeoutMs: operateMs })
  }

  /** By this node or another one. */
  async #asked(what: string): Promise<void> {
    if (what === "drain") return this.drain()
    if (what === "undrain") return this.undrain()
    if (what !== "leave") throw new AgentOSError("UNKNOWN_MESSAGE", `a node does not understand ${what}`)
    this.#parts.clock.timer(lookMs, () => void this.leave()) // the answer goes first
  }

  // --- services ------------------------------------------------------------------------------------------------------------------------------

  topic<T>(name: string): ActorRef<TopicProtocol<T>> {
    return this.#topics.topic(name)
  }

  singleton<P>(definition: ActorDefinition<P, EntityId> | ActorDefinition<P>): ActorRef<P> {
    return this.#singletons.ref(definition)
  }

  limit(name: string, rate: ClusterRate): ClusterLimit {
    checkLimit(rate)
    const key = joined(name, JSON.stringify(rate))
    let limit = this.#limits.get(key)
    if (limit === undefined) {
      const granter = this.system.entity(limitGranter, name) as unknown as ActorRef<Granter>
      this.#limits.set(key, (limit = new ClusterLimit(granter, rate, this.#parts.clock)))
    }
    return limit
  }

  // --- the end -------------------------------------------------------------------------------------------------------------------------------

  leave(): Promise<void> {
    return this.#finish({ why: "left" }, true)
  }

  stop(): Promise<void> {
    return this.#finish({ why: "left" }, false)
  }

  #finish(end: ClusterEnd, handOver: boolean): Promise<void> {
    this.#ending ??= this.#close(handOver).then(() => this.#end(end)) // J3
    return this.#ending
  }

  /** J2 */
  async #close(handOver: boolean): Promise<void> {
    const { options, journal, shards } = this.#parts
    const { registry, drainMs = defaultDrainMs } = options
    this.#agreeing.abort()
    this.#driver.announceLeaving()
    if (handOver) await this.#within(drainMs, "handing the shards over", shards.drain())
    this.#singletons.close()
    await this.system.stop()
    await this.#within(closeMs, "giving up the shards", shards.leave())
    await this.#within(closeMs, "saying goodbye", this.#mesh.leave())
    this.#driver.close()
    await this.#within(closeMs, "leaving the registry", this.#driver.seat.leave())
    await this.#within(closeMs, "closing the registry", registry.close())
    await this.#within(closeMs, "closing the store", journal.close())
  }

  /** A step of the end. What it takes longer goes on without being waited for; what it fails with is logged. */
  async #within(milliseconds: number, what: string, step: Promise<unknown>): Promise<void> {
    const { clock, logger } = this.#parts
    const done = new AbortController()
    const outcome = await Promise.race([
      step.then(
        () => "done",
        (error: unknown) => error,
      ),
      pause(clock, milliseconds, done.signal).then(() => `took longer than ${milliseconds} ms`),
    ])
    done.abort()
    if (outcome !== "done") logger.warn({ node: this.id, error: outcome }, `${what} did not end well`)
  }
}

const told = {
  superseded: "a later start of it has taken its name",
  removed: "the others have removed it from the cluster, since it did not answer for long; it may be started anew",
}
