/**
 * Ownership where state lies on the node: each node has a LevelDB of its own, and the entities of a shard run on the
 * shard's home, the node whose store holds their state. A planned move ships the state and then names the new home;
 * when a node is away its shards are away with it, and nobody starts them empty.
 *
 * What is done about a shard (`home-shard.ts`) follows from what its record in the registry and this node's store say
 * (`home-record.ts`); whether the records can be believed, from `home-census.ts`. The state itself comes and goes by
 * `shipping.ts` and `shard-state.ts`.
 *
 * Invariants
 *   H1. A node serves a shard while the record names it and its store has the shard's mark. While the registry does
 *       not answer, or was wiped, it goes on by its mark: the state is nobody else's, and others become its home only
 *       by a record with a higher epoch, which this node has written or an operator.
 *   H2. A node that has just started serves once it has seen that the records are its cluster's and none names
 *       another. A shard that was declared lost meanwhile is set aside in the store, and logged; it is not served.
 *   H3. From the first page that is sent of a shard's state nothing is written to it: not by appends, and not by
 *       snapshots and trims that its entities left behind. The same holds before it is removed or set aside.
 *   H4. The epoch of a shard grows whenever its home changes, and whenever its home starts anew.
 *   H5. `forget` frees the shards of a node that is away for good; each then starts empty where it is wished. It is
 *       refused while the registry or a peer sees the node alive. A node that lives but is cut off from all of them
 *       goes on until it sees the record: an operator declares lost what will not come back.
 */
import { setMaxListeners } from "node:events"
import { AgentOSError, thrownText } from "#actors/errors.js"
import { quietLogger, silentLogger, type Logger } from "#actors/telemetry.js"
import { journalParts, type JournalParts } from "#actors/persistence/level-journal.js"
import type { LevelStore } from "#actors/persistence/level-store.js"
import { AtOnce } from "./at-once.js"
import { forgetNode } from "./forget-node.js"
import { HomeCensus, homeKey, LIFE, type HomeReport } from "./home-census.js"
import { HomeMarks } from "./home-marks.js"
import { ABSENT } from "./home-record.js"
import { HomeShard, seenRecord } from "./home-shard.js"
import { incarnationOf, type NodeId } from "./node.js"
import type { DeliveriesOf } from "./open-deliveries.js"
import type { Ownership, OwnershipNews, OwnershipPorts, Release, Right, Standing, Wish } from "./ownership.js"
import { pause } from "./pause.js"
import { DEFAULT_SHARDS } from "./placement.js"
import type { RegistryRecord, SeatEvent, Sight, Unwatch } from "./registry.js"
import { indexChange, shardsInUse } from "./shard-index.js"
import { ShardState } from "./shard-state.js"
import { Dock, ship, type Progress } from "./shipping.js"

export interface HomeOptions {
  /** The same on every node and for ever; default 1,024. */
  readonly shards?: number
  /** By the name of a type: which actors of a store from before the cluster are entities. */
  readonly isEntity?: (type: string) => boolean
  /** Given the actors that have come with open deliveries, which nobody sends before they wake. */
  readonly arrived?: (deliveries: readonly DeliveriesOf[]) => void
  readonly logger?: Logger
  /**
   * How long no other node must have come before a new cluster begins; default 2,000. Longer makes the first start
   * slower, and one against a wiped registry safer.
   */
  readonly settleMs?: number
}

/** Of a store from before the cluster, when nobody says which types are entities. */
const likelyEntity = (type: string): boolean => !type.startsWith("~")
/** Calls to the registry that are under way at once. */
const atOnce = 32
/** How long `leave` waits for what is under way. */
const leaveMs = 5000
/** How long one that leaves with nothing waits for its peers to strike it out. */
const strikeMs = 1000
/**
 * How often a copy that waits for the end of its move is asked about: the move may be off, and nobody could say so.
 */
const tidyMs = 10_000
/** How often a taker looks for a record that its giver says it has written. */
const looks = 10

/** What is there once the store was looked through. */
interface Opened {
  readonly ports: OwnershipPorts
  readonly state: ShardState
  readonly marks: HomeMarks
  readonly census: HomeCensus
  readonly shards: readonly HomeShard[]
  readonly dock: Dock
}

export class HomeOwnership implements Ownership {
  readonly ships = true
  /** Of the journal over this store; there is one. */
  readonly parts: JournalParts
  readonly #store: LevelStore
  readonly #count: number
  readonly #options: HomeOptions
  readonly #logger: Logger
  readonly #calls = new AtOnce(atOnce)
  readonly #ended = new AbortController()
  readonly #shipping = new Map<number, Progress>()
  readonly #wishes: Wish[] = []
  #state: Promise<ShardState> | undefined
  #name = ""
  #opened: Opened | undefined
  #listener: (news: OwnershipNews) => void = () => undefined
  #news: OwnershipNews[] = []
  #unwatch: Unwatch | undefined
  #disconnected: string | undefined = "the store is being looked through"
  #setAside = 0

  constructor(store: LevelStore, options: HomeOptions = {}) {
    const { shards = DEFAULT_SHARDS } = options
    this.#store = store
    this.#count = shards
    this.#options = options
    this.#logger = quietLogger(options.logger ?? silentLogger)
    setMaxListeners(0, this.#ended.signal) // one for each shard that waits
    this.parts = journalParts(store, (actor) => indexChange(actor, shards))
  }

  /**
   * Looks through the store, and carries to its end what was cut short in it; `start` does so, too, and can tell
   * nobody of a failure.
   * @throws {AgentOSError} `STORE_REFUSED` for another count of shards, `RECORD_DAMAGED`
   */
  async open(): Promise<void> {
    await (this.#state ??= this.#open())
  }

  async #open(): Promise<ShardState> {
    const { isEntity = likelyEntity } = this.#options
    const state = await ShardState.open(this.#store, this.parts, this.#count, isEntity)
    await state.dropIncomplete()
    return state
  }

  start(ports: OwnershipPorts, listener: (news: OwnershipNews) => void): void {
    if (ports.shards !== this.#count)
      throw new AgentOSError("STORE_REFUSED", `the store was opened for ${this.#count} shards, the cluster has ${ports.shards}`) // prettier-ignore
    this.#listener = listener
    this.#name = ports.self.name
    const handle = (type: string, payload: never, from: NodeId): unknown => this.#asked(type, payload, from)
    ports.peers.serve("homes", { handle })
    void this.#start(ports).catch((error: unknown) => {
      this.#disconnected = `the store cannot be used: ${thrownText(error)}`
      this.#logger.error({ error }, "no shard is served: the store cannot be used")
    })
  }

  async #start(ports: OwnershipPorts): Promise<void> {
    const state = await (this.#state ??= this.#open())
    const marks = await HomeMarks.open(this.#store, this.#count)
    const staged = await state.staged()
    const old = marks.life === undefined ? await shardsInUse(this.#store) : new Set()
    const { clock, random, registry, peers } = ports
    const census = new HomeCensus({
      shards: this.#count,
      name: this.#name,
      registry,
      peers,
      clock,
      random,
      marks,
      settleMs: this.#options.settleMs ?? 2000,
      report: () => this.#report(),
      changed: () => this.#standingChanged(),
      signal: this.#ended.signal,
    })
    const world = {
      me: this.#name,
      registry,
      clock,
      random,
      logger: this.#logger,
      marks,
      state,
      standing: () => census.standing,
      call: <T>(work: () => Promise<T>): Promise<T> => this.#calls.run(work),
      tell: (news: OwnershipNews): void => this.#tell(news),
      arrived: (deliveries: readonly DeliveriesOf[]): void => this.#options.arrived?.(deliveries),
      lost: (): void => void this.#setAside++,
      signal: this.#ended.signal,
    }
    const shards = Array.from(
      { length: this.#count },
      (_, shard) =>
      new HomeShard(shard, world, staged.get(shard), old.has(shard) && marks.of(shard) === undefined), // prettier-ignore
    )
    const dock = new Dock({
      state,
      expects: (shard, giver, move) => {
        const { expected, mark } = this.#of(shard)
        return expected?.giver === giver && expected.move === move && mark === undefined
      },
      turn: (shard, work) => this.#of(shard).turn(work),
      stored: (shard, copy, giver, move) => {
        this.#of(shard).staged = copy
        this.#tell({ kind: "stored", shard, giver, move })
      },
    })
    this.#opened = { ports, state, marks, census, shards, dock }
    for (const [shard, wish] of this.#wishes.entries()) this.#of(shard).wish = wish
    if (state.resumed.length > 0) this.#options.arrived?.(state.resumed)
    if (this.#ended.signal.aborted) return
    this.#disconnected = "the registry has not told of the homes of shards so far"
    for (const { number } of shards) this.#tell({ kind: "changed", shard: number })
    this.#unwatch = registry.watchRecords("home", (sight) => this.#saw(sight))
    void this.#tidy(this.#opened)
  }

  heard(_event: SeatEvent): void {
    // A home is none by a lease.
  }

  // --- who owns -------------------------------------------------------------------------------------------------------------------------------

  wish(shard: number, wish: Wish): void {
    this.#wishes[shard] = wish
    const of = this.#opened?.shards[shard]
    if (of === undefined) return
    of.wish = wish
    of.kick()
  }

  standing(shard: number): Standing {
    return this.#opened?.shards[shard]?.standing ?? "none"
  }

  ownerOf(shard: number): string | undefined {
    const opened = this.#opened
    return opened?.shards[shard]?.serving === true ? this.#name : opened?.marks.known(shard).home
  }

  epochOf(shard: number): number {
    return this.#opened?.shards[shard]?.epoch ?? 0
  }

  mayAnswer(shard: number): Right {
    return this.#opened?.shards[shard]?.serving === true ? "from-memory" : "refuse"
  }

  async confirm(shard: number): Promise<boolean> {
    return this.mayAnswer(shard) === "from-memory"
  }

  async write<T>(shard: number, work: (epoch: number) => Promise<T>): Promise<T> {
    return this.#of(shard).write(work)
  }

  // --- moves ----------------------------------------------------------------------------------------------------------------------------------

  async ship(shard: number, taker: NodeId, move: number): Promise<void> {
    const of = this.#of(shard)
    const { state, ports } = this.#opened as Opened
    const { mark } = of
    if (mark === undefined || !of.serving)
      throw new AgentOSError("SHARD_MOVED", `shard ${shard} is not at home on ${this.#name}; nothing was sent`)
    of.sending = true // H3
    await of.drained()
    const { epoch, born } = mark
    try {
      await ship(ports.peers, taker, state, { shard, move, epoch, born }, (told) => this.#shipping.set(shard, told))
    } catch (error) {
      this.#logger.warn({ error, shard, taker }, "the state of a shard could not be sent; it stays where it is")
      throw error
    } finally {
      this.#shipping.delete(shard)
    }
  }

  async release(shard: number, taker: NodeId | undefined): Promise<Release> {
    if (taker === undefined) return "kept" // there is nobody to give the state to
    return this.#of(shard).release(incarnationOf(taker)?.name ?? taker)
  }

  expect(shard: number, giver: NodeId, move: number): void {
    const of = this.#opened?.shards[shard]
    if (of !== undefined) of.expected = { giver, move }
    this.#tell({ kind: "changed", shard })
  }

  released(shard: number): void {
    void this.#opened?.shards[shard]?.pursue(looks)
  }

  async settle(shard: number): Promise<"ours" | "another's"> {
    return this.#of(shard).pursue(Infinity)
  }

  dismiss(shard: number, staged: "drop" | "keep"): void {
    this.#opened?.dock.forget(shard)
    this.#opened?.shards[shard]?.dismiss(staged === "drop")
  }

  // --- for operators --------------------------------------------------------------------------------------------------------------------------

  /** What is being sent away now. */
  progress(): readonly Progress[] {
    return [...this.#shipping.values()]
  }

  /**
   * Declares a node lost (H5): its shards are free, and start empty elsewhere. Called again it goes on where it was.
   * @returns how many shards it was home of
   * @throws {AgentOSError} `NODE_ALIVE` while somebody sees it alive, `UNAVAILABLE` when the registry does not answer
   */
  async forget(name: string): Promise<number> {
    const opened = this.#opened
    if (opened?.census.standing.is !== "ours")
      throw new AgentOSError("UNAVAILABLE", `no node can be declared lost now: ${this.trouble() ?? "this node is starting"}`) // prettier-ignore
    const { peers } = opened.ports
    const freed = await forgetNode(opened.ports, name, this.#ended.signal)
    await opened.marks.strike(name)
    for (const peer of peers.open()) void peers.call(peer, "homes", "strike", name).catch(() => undefined)
    this.#logger.warn({ node: name, shards: freed }, "a node was declared lost: its shards start empty")
    return freed
  }

  async leave(): Promise<void> {
    this.#unwatch?.()
    this.#ended.abort()
    const { shards = [], marks, ports } = this.#opened ?? {}
    if (ports === undefined) return
    const late = new AbortController()
    const turns = Promise.all([...shards.map((shard) => shard.idle()), marks?.saved()]).then(() => true)
    const settled = await Promise.race([turns, pause(ports.clock, leaveMs, late.signal).then(() => false)])
    late.abort()
    if (settled && marks !== undefined && shards.every((shard) => shard.isEmpty)) await this.#strikeOut(marks, ports)
  }

  /** C6 of home-census.ts */
  async #strikeOut(marks: HomeMarks, { peers }: OwnershipPorts): Promise<void> {
    await marks.setMet(false)
    const told = [...peers.open()].map((peer) =>
      peers.call(peer, "homes", "strike", this.#name, { timeoutMs: strikeMs }),
    )
    await Promise.allSettled(told)
  }

  trouble(): string | undefined {
    const { census, shards = [] } = this.#opened ?? {}
    if (census?.standing.is === "foreign") return census.trouble
    if (this.#disconnected !== undefined) return this.#disconnected
    if (census?.trouble !== undefined) return census.trouble
    const refused = shards.filter(({ refused }) => refused !== undefined).length
    if (refused > 0)
      return `the homes of ${refused} shards are recorded as ${this.#name}, but its store does not hold them, or an older copy: bring its store back, or stop it and declare it lost` // prettier-ignore
    if (this.#setAside === 0) return undefined
    return `${this.#setAside} shards have another home now; this node's copies of them are set aside in its store`
  }

  // --- what peers ask -------------------------------------------------------------------------------------------------------------------------

  #asked(type: string, payload: never, from: NodeId): unknown {
    const opened = this.#opened
    if (opened === undefined) throw new AgentOSError("UNAVAILABLE", `${this.#name} is looking through its store`)
    switch (type) {
      case "report":
        return this.#report()
      case "sees":
        return opened.ports.peers.named(payload) !== undefined
      case "meet":
        return opened.marks.meet([payload]).then(() => true)
      case "strike":
        return opened.marks.strike(payload).then(() => true)
      case "keeps": {
        const { shard, epoch } = payload as { readonly shard: number; readonly epoch: number }
        return opened.shards[shard]?.keeps(epoch) === true
      }
      case "begin":
        return opened.dock.begin(payload, from)
      case "page":
        return opened.dock.page(payload, from)
      case "end":
        return opened.dock.end(payload, from)
      default:
        throw new AgentOSError("INVALID_PAYLOAD", `homes are not asked ${JSON.stringify(type)}; is it of a newer release?`) // prettier-ignore
    }
  }

  /** Drops copies whose giver has kept the shard. */
  async #tidy({ shards, ports: { peers, clock } }: Opened): Promise<void> {
    const { signal } = this.#ended
    for (;;) {
      await pause(clock, tidyMs, signal)
      if (signal.aborted) return
      for (const shard of shards) {
        const { staged, expected, number } = shard
        const giver = staged === undefined || expected !== undefined ? undefined : peers.named(staged.giver)
        if (staged === undefined || giver === undefined) continue
        const kept = await peers.call(giver, "homes", "keeps", { shard: number, epoch: staged.epoch }).catch(() => false) // prettier-ignore
        if (kept === true && shard.staged === staged && shard.expected === undefined) shard.dismiss(true)
      }
    }
  }

  /** For a census: what was seen, and what this node's own store says. */
  #report(): HomeReport {
    const { marks, shards } = this.#opened as Opened
    const homes: [shard: number, home: string | null, epoch: number][] = []
    for (const { number, mark } of shards) {
      const { home, epoch } = marks.known(number)
      if (mark !== undefined && mark.at !== "claiming" && mark.epoch >= epoch)
        homes.push([number, this.#name, mark.epoch])
      else if (epoch > 0) homes.push([number, home ?? null, epoch])
    }
    return { life: marks.life, nodes: [...marks.nodes], ready: !shards.some(({ holds }) => holds), homes }
  }

  // --- the registry ---------------------------------------------------------------------------------------------------------------------------

  #of(shard: number): HomeShard {
    const of = this.#opened?.shards[shard]
    if (of !== undefined) return of
    throw new AgentOSError("SHARD_MOVED", `shard ${shard} is not at home on ${this.#name}, which is looking through its store`) // prettier-ignore
  }

  #saw(sight: Sight<RegistryRecord>): void {
    const { census, shards } = this.#opened as Opened
    if (sight.kind === "disconnected") {
      this.#disconnected = `the registry does not tell of the homes of shards: ${sight.reason}`
      return
    }
    this.#disconnected = undefined
    const records = new Map(sight.entries.map((record) => [record.key, record]))
    census.saw(records.get(LIFE)?.value)
    for (const shard of shards) {
      const record = records.get(homeKey(shard.number))
      shard.learn(record === undefined ? ABSENT : seenRecord(record))
      shard.kick()
    }
  }

  #standingChanged(): void {
    const { census, shards } = this.#opened as Opened
    const foreign = census.standing.is === "foreign"
    if (foreign) this.#logger.error({}, census.trouble ?? "the registry belongs to another cluster")
    for (const shard of shards) {
      if (foreign && shard.serving)
        shard.stop() // C4 of home-census.ts
      else shard.kick()
      this.#tell({ kind: "changed", shard: shard.number })
    }
  }

  /** O4 of `ownership.ts`. */
  #tell(news: OwnershipNews): void {
    const { ports } = this.#opened ?? {}
    if (ports === undefined) return
    if (this.#news.length === 0) ports.clock.soon(() => this.#tellAll())
    this.#news.push(news)
  }

  #tellAll(): void {
    const all = this.#news
    this.#news = []
    for (const news of all) this.#listener(news)
  }
}
