/**
 * Ownership where state lies on the node: each node has a LevelDB of its own, and the entities of a shard run on the shard's home, the node whose store holds their state. A planned
 * move ships the state and then names the new home; when a node is away its shards are away with it, and nobody starts them empty.
 *
 * What is done about a shard follows from what its record in the registry and this node's store say (`home-record.ts`), whether the records can be believed from `home-census.ts`; the
 * state itself comes and goes by `shipping.ts` and `shard-state.ts`. Here is what carries it out: one thing after the other for each shard, again and again until there is nothing
 * to do.
 *
 * Invariants
 *   H1. A node serves a shard while the record names it and its store has the shard's mark. While the registry does not answer, or was wiped, it goes on by its mark: the state is
 *       nobody else's, and others learn of a new home only by a record with a higher epoch, which this node has written or an operator.
 *   H2. A node that has just started serves once it has seen that the records are its cluster's and none names another. A shard that was declared lost meanwhile is set aside in the
 *       store, and logged; it is not served.
 *   H3. Before state is removed or set aside, nothing of this node is written under the shard's epoch any more.
 *   H4. The epoch of a shard grows whenever its home changes, and not when its home starts anew: its store has one owner process, so that the one before is gone.
 *   H5. `forget` frees the shards of a node that is away for good; each then starts empty where it is wished. It is refused while the registry or a peer sees the node alive. A node that
 *       lives but is cut off from all of them goes on until it sees the record: an operator declares lost what will not come back.
 */
import { AgentOSError } from "#actors/errors.js"
import { silentLogger, type Logger } from "#actors/telemetry.js"
import type { Clock } from "#actors/clock.js"
import type { Journal } from "#actors/persistence/journal.js"
import { journalParts, levelJournal, type JournalParts } from "#actors/persistence/level-journal.js"
import type { LevelStore } from "#actors/persistence/level-store.js"
import { AtOnce } from "./at-once.js"
import { backoff } from "./consul-watch.js"
import { forgetNode } from "./forget-node.js"
import { HomeCensus, homeKey, LIFE, type HomeReport } from "./home-census.js"
import { HomeMarks } from "./home-marks.js"
import {
  ABSENT,
  nextStep,
  parseRecord,
  recordText,
  type HomeRecord,
  type Mark,
  type SeenRecord,
  type Step,
} from "./home-record.js"
import { incarnationOf, type NodeId } from "./node.js"
import type { DeliveriesOf } from "./open-deliveries.js"
import type { Ownership, OwnershipNews, OwnershipPorts, Release, Right, Standing, Wish } from "./ownership.js"
import { pause } from "./pause.js"
import { DEFAULT_SHARDS } from "./placement.js"
import type { RegistryRecord, SeatEvent, Sight, Unwatch } from "./registry.js"
import { highestEpoch, indexChange, shardsInUse } from "./shard-index.js"
import { ShardState, type Staged } from "./shard-state.js"
import { Dock, ship, type Progress } from "./shipping.js"

export interface HomeOptions {
  /** The same on every node and for ever; default 1,024. */
  readonly shards?: number
  /**
   * Types whose actors belong to the node rather than to a shard, beside projections: persistent actors that are spawned and are no entities, and logs that are no actors. They never
   * move.
   */
  readonly stays?: readonly string[]
  /** Given the actors that have come with open deliveries, which nobody sends before they wake. */
  readonly arrived?: (deliveries: readonly DeliveriesOf[]) => void
  readonly logger?: Logger
  /** How long no other node must have come before a new cluster begins; default 2,000. Longer makes the first start slower, and one against a wiped registry safer. */
  readonly settleMs?: number
}

/** Keepers of reminders are actors of their node. */
const ownTypes = ["llmagentos.reminders"]
/** Calls to the registry that are under way at once. */
const atOnce = 32
/** How long `leave` waits for what is under way. */
const leaveMs = 5000

/** What this node knows of one shard. */
interface Shard {
  record: SeenRecord | undefined
  wish: Wish
  expected: { readonly giver: NodeId; readonly move: number } | undefined
  staged: Staged | undefined
  serving: boolean
  /** Its mark is of another process. */
  inherited: boolean
  holds: boolean
  /** The record names this node, but there is nothing to serve. */
  refused: "no-state" | "old-state" | undefined
  /** One thing after the other. */
  turn: Promise<unknown>
  kicked: boolean
  failures: number
  writes: number
  drained: (() => void)[]
}

export class HomeOwnership implements Ownership {
  readonly ships = true
  readonly #store: LevelStore
  readonly #parts: JournalParts
  readonly #state: ShardState
  readonly #marks: HomeMarks
  readonly #options: HomeOptions
  readonly #logger: Logger
  readonly #shards: Shard[]
  readonly #calls = new AtOnce(atOnce)
  readonly #ended = new AbortController()
  readonly #shipping = new Map<number, Progress>()
  readonly #dock: Dock
  #ports!: OwnershipPorts
  #census: HomeCensus | undefined
  #listener: (news: OwnershipNews) => void = () => undefined
  #news: OwnershipNews[] = []
  #unwatch: Unwatch | undefined
  #disconnected: string | undefined = "the registry has not told of the homes of shards so far"
  #setAside = 0

  private constructor(
    store: LevelStore,
    parts: JournalParts,
    state: ShardState,
    marks: HomeMarks,
    options: HomeOptions,
  ) {
    this.#store = store
    this.#parts = parts
    this.#state = state
    this.#marks = marks
    this.#options = options
    this.#logger = options.logger ?? silentLogger
    this.#shards = Array.from({ length: options.shards ?? DEFAULT_SHARDS }, (_, shard) => ({
      record: undefined,
      wish: "none",
      expected: undefined,
      staged: undefined,
      serving: false,
      inherited: marks.of(shard) !== undefined,
      holds: false,
      refused: undefined,
      turn: Promise.resolve(),
      kicked: false,
      failures: 0,
      writes: 0,
      drained: [],
    }))
    this.#dock = new Dock({
      state,
      expects: (shard, giver, move) => {
        const expected = this.#shards[shard]?.expected
        return expected?.giver === giver && expected.move === move && this.#marks.of(shard) === undefined
      },
      turn: (shard, work) => this.#turn(this.#of(shard), work),
      stored: (shard, staged, giver, move) => {
        this.#of(shard).staged = staged
        this.#tell({ kind: "stored", shard, giver, move })
        this.#kick(shard)
      },
    })
  }

  /** Opens what a store holds of shards: what was cut short in it is carried to its end first. @throws {AgentOSError} `STORE_REFUSED` for another count of shards, `RECORD_DAMAGED` */
  static async open(store: LevelStore, options: HomeOptions = {}): Promise<HomeOwnership> {
    const { shards = DEFAULT_SHARDS, stays = [] } = options
    const staying = new Set([...ownTypes, ...stays])
    const belongsToNode = (type: string): boolean => type.startsWith("~") || staying.has(type)
    const parts = journalParts(store, (actor) => indexChange(actor, shards))
    const state = await ShardState.open(store, parts, shards, belongsToNode)
    await state.dropIncomplete()
    const marks = await HomeMarks.open(store, shards)
    const homes = new HomeOwnership(store, parts, state, marks, { ...options, shards })
    for (const [shard, staged] of await state.staged()) homes.#of(shard).staged = staged
    if (marks.life === undefined)
      for (const shard of await shardsInUse(store, (type) => !belongsToNode(type)))
        if (marks.of(shard) === undefined) homes.#of(shard).holds = true
    return homes
  }

  /** The journal of this store; there is one. */
  journal(clock: Clock): Journal {
    return levelJournal(this.#store, clock, this.#parts)
  }

  start(ports: OwnershipPorts, listener: (news: OwnershipNews) => void): void {
    if (ports.shards !== this.#shards.length)
      throw new AgentOSError("STORE_REFUSED", `the store was opened for ${this.#shards.length} shards, the cluster has ${ports.shards}`) // prettier-ignore
    this.#ports = ports
    this.#listener = listener
    const { peers, registry, clock, random } = ports
    const { name } = ports.self
    this.#census = new HomeCensus({
      shards: ports.shards,
      name,
      registry,
      peers,
      clock,
      random,
      marks: this.#marks,
      settleMs: this.#options.settleMs ?? 2000,
      report: () => this.#report(),
      changed: () => this.#standingChanged(),
      signal: this.#ended.signal,
    })
    peers.serve("homes", { handle: (type: string, payload: never, from: NodeId) => this.#asked(type, payload, from) })
    this.#unwatch = registry.watchRecords("home", (sight) => this.#saw(sight))
    if (this.#state.resumed.length > 0) this.#options.arrived?.(this.#state.resumed)
  }

  heard(_event: SeatEvent): void {
    // A home is none by a lease.
  }

  // --- who owns -------------------------------------------------------------------------------------------------------------------------------

  wish(shard: number, wish: Wish): void {
    this.#of(shard).wish = wish
    this.#kick(shard)
  }

  standing(shard: number): Standing {
    const of = this.#of(shard)
    if (of.serving) return "owner"
    if (of.refused !== undefined || this.#ended.signal.aborted) return "none"
    const mark = this.#marks.of(shard)
    if (mark !== undefined && mark.at !== "giving" && this.#census?.standing.is !== "foreign") return "taking"
    if (of.expected !== undefined) return "taking"
    return this.#next(shard).do === "claim" ? "taking" : "none"
  }

  ownerOf(shard: number): string | undefined {
    if (this.#of(shard).serving) return this.#ports.self.name
    return this.#marks.known(shard).home
  }

  epochOf(shard: number): number {
    return this.#of(shard).serving ? (this.#marks.of(shard)?.epoch ?? 0) : 0
  }

  mayAnswer(shard: number): Right {
    return this.#of(shard).serving ? "from-memory" : "refuse"
  }

  async confirm(shard: number): Promise<boolean> {
    return this.#of(shard).serving
  }

  async write<T>(shard: number, work: (epoch: number) => Promise<T>): Promise<T> {
    const of = this.#of(shard)
    const mark = this.#marks.of(shard)
    if (!of.serving || mark === undefined)
      throw new AgentOSError("SHARD_MOVED", `shard ${shard} is not at home on ${this.#ports.self.name}; nothing was written`) // prettier-ignore
    of.writes += 1
    try {
      return await work(mark.epoch)
    } finally {
      of.writes -= 1
      if (of.writes === 0) for (const drained of of.drained.splice(0)) drained()
    }
  }

  // --- moves ----------------------------------------------------------------------------------------------------------------------------------

  async ship(shard: number, taker: NodeId, move: number): Promise<void> {
    const mark = this.#marks.of(shard)
    if (mark === undefined || !this.#of(shard).serving)
      throw new AgentOSError("SHARD_MOVED", `shard ${shard} is not at home on ${this.#ports.self.name}; nothing was sent`) // prettier-ignore
    await this.#drained(shard)
    const { epoch, born } = mark
    try {
      await ship(this.#ports.peers, taker, this.#state, { shard, move, epoch, born }, (progress) => this.#shipping.set(shard, progress)) // prettier-ignore
    } catch (error) {
      this.#logger.warn({ error, shard, taker }, "the state of a shard could not be sent; it stays where it is")
      throw error
    } finally {
      this.#shipping.delete(shard)
    }
  }

  async release(shard: number, taker: NodeId | undefined): Promise<Release> {
    if (taker === undefined) return "kept" // there is nobody to give the state to
    const of = this.#of(shard)
    const to = nameOf(taker)
    const { name } = this.#ports.self
    return this.#turn(of, async () => {
      const mark = this.#marks.of(shard)
      if (mark === undefined) return this.#marks.known(shard).home === to ? "released" : "unknown" // it was fenced, which is told besides
      if (mark.at === "claiming" || (mark.at === "giving" && mark.to !== to)) return "unknown"
      if (mark.at === "home") {
        await this.#drained(shard)
        of.serving = false
        of.inherited = false
        await this.#marks.write(shard, { at: "giving", epoch: mark.epoch, born: mark.born, to }) // R3 of home-record.ts
      }
      for (;;) {
        const step = this.#next(shard)
        if (step.do === "remove") {
          this.#kick(shard) // what was given away is removed besides
          this.#tell({ kind: "changed", shard })
          return "released"
        }
        if (step.do !== "write" && step.do !== "read") {
          this.#kick(shard)
          return "unknown"
        }
        if (await this.#carryOut(shard, step)) continue
        this.#logger.warn({ shard, to, node: name }, "the registry does not say whether a shard was given up; it is held meanwhile") // prettier-ignore
        await pause(this.#ports.clock, backoff(of.failures++, this.#ports.random.float()), this.#ended.signal)
        return "unknown"
      }
    })
  }

  expect(shard: number, giver: NodeId, move: number): void {
    this.#of(shard).expected = { giver, move }
    this.#tell({ kind: "changed", shard })
  }

  released(shard: number): void {
    void this.#pursue(shard, 10)
  }

  settle(shard: number): Promise<"ours" | "another's"> {
    return this.#pursue(shard, Infinity)
  }

  dismiss(shard: number, staged: "drop" | "keep"): void {
    const of = this.#of(shard)
    of.expected = undefined
    this.#dock.forget(shard)
    if (staged === "drop")
      void this.#turn(of, async () => {
        if (this.#next(shard).do === "promote" || of.expected !== undefined) return
        of.staged = undefined
        await this.#state.dropStaged(shard)
      }).catch((error: unknown) => this.#failed(shard, error))
    this.#tell({ kind: "changed", shard })
    this.#kick(shard)
  }

  // --- for operators --------------------------------------------------------------------------------------------------------------------------

  /** What is being sent away now. */
  progress(): readonly Progress[] {
    return [...this.#shipping.values()]
  }

  /**
   * Declares a node lost (H5): its shards are free, and start empty elsewhere. Called again it goes on where it was.
   * @returns how many shards it was home of
   * @throws {AgentOSError} `STORE_REFUSED` while somebody sees it alive, `UNAVAILABLE` when the registry does not answer
   */
  async forget(name: string): Promise<number> {
    if (this.#census?.standing.is !== "ours")
      throw new AgentOSError("UNAVAILABLE", `no node can be declared lost now: ${this.#census?.trouble ?? "this one has not started"}`) // prettier-ignore
    const freed = await forgetNode(this.#ports, name, this.#ended.signal)
    this.#logger.warn({ node: name, shards: freed }, "a node was declared lost: its shards start empty")
    return freed
  }

  // --- the end --------------------------------------------------------------------------------------------------------------------------------

  async leave(): Promise<void> {
    this.#unwatch?.()
    this.#ended.abort()
    const late = new AbortController()
    const turns = Promise.all([...this.#shards.map(({ turn }) => turn), this.#marks.saved()])
    await Promise.race([turns, pause(this.#ports.clock, leaveMs, late.signal)])
    late.abort()
  }

  trouble(): string | undefined {
    const census = this.#census
    if (census?.standing.is === "foreign") return census.trouble
    if (this.#disconnected !== undefined) return this.#disconnected
    if (census?.trouble !== undefined) return census.trouble
    const refused = this.#shards.filter(({ refused }) => refused !== undefined).length
    if (refused > 0)
      return `the homes of ${refused} shards are recorded as ${this.#ports.self.name}, but its store does not hold them, or an older copy: bring its store back, or stop it and declare it lost` // prettier-ignore
    return this.#setAside === 0
      ? undefined
      : `${this.#setAside} shards have another home now; this node's copies of them are set aside in its store`
  }

  // --- what peers ask -------------------------------------------------------------------------------------------------------------------------

  #asked(type: string, payload: never, from: NodeId): unknown {
    switch (type) {
      case "report":
        return this.#report()
      case "sees":
        return this.#ports.peers.named(payload) !== undefined
      case "begin":
        return this.#dock.begin(payload, from)
      case "page":
        return this.#dock.page(payload, from)
      case "end":
        return this.#dock.end(payload, from)
      default:
        throw new AgentOSError(
          "INVALID_PAYLOAD",
          `homes are not asked ${JSON.stringify(type)}; was it sent by a newer release?`,
        )
    }
  }

  /** For another node's census: what was seen, and what this node's own store says. */
  #report(): HomeReport {
    const { name } = this.#ports.self
    const homes: [number, string | null, number][] = []
    for (const shard of this.#shards.keys()) {
      const { home, epoch } = this.#marks.known(shard)
      const mark = this.#marks.of(shard)
      if (mark !== undefined && mark.at !== "claiming" && mark.epoch >= epoch) homes.push([shard, name, mark.epoch])
      else if (epoch > 0) homes.push([shard, home ?? null, epoch])
    }
    return { life: this.#marks.life, ready: !this.#shards.some(({ holds }) => holds), homes }
  }

  // --- what is done about a shard -------------------------------------------------------------------------------------------------------------

  #of(shard: number): Shard {
    return this.#shards[shard] as Shard
  }

  #next(shard: number): Step {
    const { record, staged, wish, holds, expected, serving, inherited } = this.#of(shard)
    const standing = this.#census?.standing
    return nextStep({
      me: this.#ports.self.name,
      mark: this.#marks.of(shard),
      staged,
      record,
      highest: this.#marks.known(shard).epoch,
      settled: standing?.is === "ours",
      complete: standing?.is === "ours" && standing.whole,
      wanted: wish === "serve",
      holds,
      expected: expected !== undefined,
      serving,
      inherited,
    })
  }

  /** Does what is to be done about a shard, after what is being done. */
  #kick(shard: number): void {
    const of = this.#of(shard)
    if (of.kicked || this.#ended.signal.aborted || this.#census === undefined) return
    of.kicked = true
    void this.#turn(of, async () => {
      of.kicked = false
      await this.#advance(shard, of)
    })
  }

  #turn<T>(of: Shard, work: () => Promise<T>): Promise<T> {
    const turn = of.turn.then(work)
    of.turn = turn.catch(() => undefined)
    return turn
  }

  async #advance(shard: number, of: Shard): Promise<void> {
    try {
      while (!this.#ended.signal.aborted) {
        const step = this.#next(shard)
        this.#refuse(shard, of, step.do === "refuse" ? step.why : undefined)
        if (step.do === "nothing" || step.do === "refuse") return void (of.failures = 0)
        if (!(await this.#carryOut(shard, step))) break
      }
    } catch (error) {
      this.#failed(shard, error)
    }
    const { clock, random } = this.#ports
    void pause(clock, backoff(of.failures++, random.float()), this.#ended.signal).then(() => this.#kick(shard))
  }

  /** @returns false when it has to be tried again later */
  async #carryOut(shard: number, step: Step): Promise<boolean> {
    const of = this.#of(shard)
    const { name: me } = this.#ports.self
    const mark = this.#marks.of(shard) as Mark
    switch (step.do) {
      case "read":
        return this.#read(shard)
      case "write":
        return this.#write(shard, step.record)
      case "claim": {
        const epoch = of.holds
          ? Math.max(step.epoch, 1 + (await highestEpoch(this.#store, this.#parts, shard)))
          : step.epoch
        of.inherited = false
        await this.#marks.write(shard, { at: "claiming", epoch, born: epoch })
        return true
      }
      case "take-back":
        if (!(await this.#write(shard, { home: me, epoch: mark.epoch }))) return false
        if (of.record?.home !== me || of.record.epoch !== mark.epoch) return true
        of.inherited = false
        await this.#marks.write(shard, { at: "home", epoch: mark.epoch, born: mark.born })
        return true
      case "own":
        await this.#marks.write(shard, { at: "home", epoch: mark.epoch, born: mark.born })
        of.holds = false
        return true
      case "unclaim":
        await this.#marks.write(shard, undefined)
        return true
      case "serve":
        this.#tell({ kind: "owned", shard, epoch: mark.epoch })
        this.#serve(shard, mark.epoch)
        return true
      case "promote": {
        const { staged, epoch } = step
        const home: Mark = { at: "home", epoch, born: staged.born }
        this.#tell({ kind: "owned", shard, epoch })
        const deliveries = await this.#state.promote(shard, staged, [this.#marks.change(shard, home)])
        this.#marks.set(shard, home)
        of.staged = undefined
        of.expected = undefined
        of.inherited = false
        this.#serve(shard, epoch)
        if (deliveries.length > 0) this.#options.arrived?.(deliveries)
        return true
      }
      case "drop-staged":
        of.staged = undefined
        await this.#state.dropStaged(shard)
        return true
      case "remove":
        await this.#drained(shard) // H3
        await this.#state.remove(shard, mark, [this.#marks.change(shard, undefined)])
        this.#marks.set(shard, undefined)
        return true
      case "set-aside":
        return this.#lose(shard, mark)
      case "nothing":
      case "refuse":
        return true
    }
  }

  /** H2, and what becomes of an owner that was declared lost. */
  async #lose(shard: number, mark: Mark): Promise<boolean> {
    if (!(await this.#read(shard))) return false
    if (this.#next(shard).do !== "set-aside") return true
    this.#stop(shard, "lost")
    await this.#drained(shard) // H3
    await this.#state.setAside(shard, mark, [this.#marks.change(shard, undefined)])
    this.#marks.set(shard, undefined)
    this.#setAside += 1
    const { home, epoch } = this.#of(shard).record ?? ABSENT
    this.#logger.error({ shard, epoch: mark.epoch, home, since: epoch }, "a shard of this node has another home; this node's copy is set aside in its store") // prettier-ignore
    return true
  }

  #serve(shard: number, epoch: number): void {
    this.#of(shard).serving = true
    this.#tell({ kind: "serve", shard, epoch })
    this.#tell({ kind: "changed", shard })
  }

  #stop(shard: number, why: "lost" | "recovery-failed"): void {
    const of = this.#of(shard)
    if (of.serving) this.#tell({ kind: "stop", shard, why })
    of.serving = false
    this.#tell({ kind: "changed", shard })
  }

  #refuse(shard: number, of: Shard, why: Shard["refused"]): void {
    if (of.refused === why) return
    of.refused = why
    if (why === undefined) return
    this.#stop(shard, "lost")
    this.#logger.error({ shard, why }, "the home of a shard is recorded as this node, but its store does not hold the state") // prettier-ignore
  }

  #failed(shard: number, error: unknown): void {
    if (!this.#ended.signal.aborted) this.#logger.error({ shard, error }, "the home of a shard cannot be kept; it goes on trying") // prettier-ignore
  }

  /** Nothing is being written under the shard's epoch. */
  #drained(shard: number): Promise<void> {
    const of = this.#of(shard)
    return of.writes === 0 ? Promise.resolve() : new Promise((drained) => of.drained.push(drained))
  }

  // --- the registry ---------------------------------------------------------------------------------------------------------------------------

  /** @returns whether it answers */
  async #read(shard: number): Promise<boolean> {
    const read = await this.#calls.run(() => this.#ports.registry.read(homeKey(shard)))
    if (read.kind === "unavailable") return false
    this.#learn(shard, read.kind === "found" ? seen(read.record) : ABSENT)
    return true
  }

  /** By compare-and-set; the record is read when it was not as it was seen. @returns whether the registry answers */
  async #write(shard: number, record: HomeRecord): Promise<boolean> {
    const of = this.#of(shard)
    const { version } = of.record ?? ABSENT
    const answer = await this.#calls.run(() => this.#ports.registry.write(homeKey(shard), recordText(record), version))
    if (answer.kind === "unavailable") return false
    if (answer.kind === "conflict") return this.#read(shard)
    this.#learn(shard, { ...record, version: answer.version })
    return true
  }

  #learn(shard: number, record: SeenRecord): void {
    const { name: me } = this.#ports.self
    this.#of(shard).record = record
    const ours = this.#census?.standing.is === "ours" || record.home === me || this.#marks.of(shard)?.at === "giving"
    if (ours && this.#marks.learn(shard, record)) this.#tell({ kind: "changed", shard })
  }

  /** Looks whether the record names this node, until that is certain, or so often. */
  async #pursue(shard: number, attempts: number): Promise<"ours" | "another's"> {
    const of = this.#of(shard)
    const { clock, random } = this.#ports
    for (let n = 0; n < attempts && !this.#ended.signal.aborted; n++) {
      if (await this.#read(shard)) {
        const { record = ABSENT, staged } = of
        const mark = this.#marks.of(shard)
        if (mark?.at === "home" || this.#next(shard).do === "promote") {
          this.#kick(shard)
          return "ours"
        }
        const past = staged === undefined || record.epoch > staged.epoch
        if (record.version > 0 && (past || attempts === Infinity)) return "another's"
      }
      await pause(clock, backoff(n, random.float()), this.#ended.signal)
    }
    return "another's"
  }

  #saw(sight: Sight<RegistryRecord>): void {
    if (sight.kind === "disconnected") {
      this.#disconnected = `the registry does not tell of the homes of shards: ${sight.reason}`
      return
    }
    this.#disconnected = undefined
    const records = new Map(sight.entries.map((record) => [record.key, record]))
    this.#census?.saw(records.get(LIFE)?.value)
    for (const shard of this.#shards.keys()) {
      const record = records.get(homeKey(shard))
      this.#learn(shard, record === undefined ? ABSENT : seen(record))
      if (this.#next(shard).do !== "nothing") this.#kick(shard)
    }
  }

  #standingChanged(): void {
    const foreign = this.#census?.standing.is === "foreign"
    if (foreign) this.#logger.error({}, this.#census?.trouble ?? "")
    for (const [shard, { serving }] of this.#shards.entries()) {
      if (foreign && serving)
        this.#stop(shard, "lost") // C4 of home-census.ts
      else if (this.#next(shard).do !== "nothing") this.#kick(shard)
      this.#tell({ kind: "changed", shard })
    }
  }

  // --- news -----------------------------------------------------------------------------------------------------------------------------------

  /** O4 of `ownership.ts`. */
  #tell(news: OwnershipNews): void {
    if (this.#census === undefined) return
    if (this.#news.length === 0) this.#ports.clock.soon(() => this.#tellAll())
    this.#news.push(news)
  }

  #tellAll(): void {
    const all = this.#news
    this.#news = []
    for (const news of all) this.#listener(news)
  }
}

const nameOf = (id: NodeId): string => incarnationOf(id)?.name ?? id
const seen = ({ value, version }: RegistryRecord): SeenRecord => ({ ...ABSENT, ...parseRecord(value), version })
