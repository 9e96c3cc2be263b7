/**
 * One shard on a node that keeps state: what is done about it, one thing after the other, until `home-record.ts` says
 * that there is nothing to do. What all shards of a node have in common is in `homes.ts`, and so are the invariants
 * that are cited here.
 */
import { AgentOSError } from "#actors/errors.js"
import type { Clock, Random } from "#actors/clock.js"
import type { Logger } from "#actors/telemetry.js"
import { backoff } from "./consul-watch.js"
import { homeKey, type RegistryStanding } from "./home-census.js"
import type { HomeMarks } from "./home-marks.js"
import { ABSENT, nextStep, parseRecord, recordText, type HomeRecord, type Mark, type SeenRecord, type Step } from "./home-record.js" // prettier-ignore
import type { NodeId } from "./node.js"
import type { DeliveriesOf } from "./open-deliveries.js"
import type { OwnershipNews, Release, Standing, Wish } from "./ownership.js"
import { pause } from "./pause.js"
import type { Registry, RegistryRecord } from "./registry.js"
import type { ShardState, Staged } from "./shard-state.js"

/** What the shards of a node live on. */
export interface HomeWorld {
  /** Name of this node. */
  readonly me: string
  readonly registry: Pick<Registry, "read" | "write">
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly marks: HomeMarks
  readonly state: ShardState
  /** What is known of the registry's records. */
  standing(): RegistryStanding
  /** One of a bounded number of calls to the registry. */
  call<T>(work: () => Promise<T>): Promise<T>
  tell(news: OwnershipNews): void
  arrived(deliveries: readonly DeliveriesOf[]): void
  /** A copy was set aside. */
  lost(): void
  readonly signal: AbortSignal
}

export class HomeShard {
  readonly number: number
  readonly #world: HomeWorld
  record: SeenRecord | undefined
  wish: Wish = "none"
  expected: { readonly giver: NodeId; readonly move: number } | undefined
  staged: Staged | undefined
  serving = false
  /** Its state is being sent: nothing is written any more (H3). */
  sending = false
  /** This node has state of it from before there was a cluster. */
  holds: boolean
  /** The record names this node, but there is nothing to serve. */
  refused: "no-state" | "old-state" | undefined
  /** Its mark is of another process. */
  #inherited: boolean
  /** Its epoch was made by this process (H4). */
  #fresh = false
  #turn: Promise<unknown> = Promise.resolve()
  #kicked = false
  #failures = 0
  #writes = 0
  #drained: (() => void)[] = []

  constructor(number: number, world: HomeWorld, staged: Staged | undefined, holds: boolean) {
    this.number = number
    this.#world = world
    this.staged = staged
    this.holds = holds
    this.#inherited = this.mark !== undefined
  }

  get mark(): Mark | undefined {
    return this.#world.marks.of(this.number)
  }

  /** Nothing of it is here, nor about to be. */
  get isEmpty(): boolean {
    return this.mark === undefined && this.staged === undefined && !this.holds
  }

  get epoch(): number {
    return this.serving ? (this.mark?.epoch ?? 0) : 0
  }

  get standing(): Standing {
    if (this.serving) return "owner"
    const { mark } = this
    const { signal } = this.#world
    if (this.refused !== undefined || signal.aborted || this.#world.standing().is === "foreign") return "none"
    if (this.expected !== undefined || (mark !== undefined && mark.at !== "giving")) return "taking"
    const { do: what } = this.next()
    return what === "claim" || what === "promote" ? "taking" : "none"
  }

  /** What is to be done now. */
  next(): Step {
    const { mark, staged, record, wish, holds, expected, serving } = this
    const { me, marks } = this.#world
    const standing = this.#world.standing()
    return nextStep({
      me,
      mark,
      staged,
      record,
      highest: marks.known(this.number).epoch,
      settled: standing.is === "ours",
      complete: standing.is === "ours" && standing.whole && marks.met,
      wanted: wish === "serve",
      holds,
      expected: expected !== undefined,
      serving,
      inherited: this.#inherited,
      fresh: this.#fresh,
    })
  }

  /** Does what is to be done, if anything, after what is being done. */
  kick(): void {
    const step = this.next()
    const refused = step.do === "refuse" ? step.why : undefined
    if (this.#kicked || this.#world.signal.aborted || (step.do === "nothing" && this.refused === refused)) return
    this.#kicked = true
    void this.turn(async () => {
      this.#kicked = false
      await this.#advance()
    })
  }

  /** Does something while nothing else is done with the shard. */
  turn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work)
    this.#turn = turn.catch(() => undefined)
    return turn
  }

  /** What is under way now is done. */
  idle(): Promise<unknown> {
    return this.#turn
  }

  /** @throws {AgentOSError} `SHARD_MOVED` when it is not at home here, or its state is being sent */
  async write<T>(work: (epoch: number) => Promise<T>): Promise<T> {
    const { mark } = this
    if (!this.serving || this.sending || mark === undefined)
      throw new AgentOSError("SHARD_MOVED", `shard ${this.number} is not at home on ${this.#world.me}; nothing was written`) // prettier-ignore
    this.#writes += 1
    try {
      return await work(mark.epoch)
    } finally {
      this.#writes -= 1
      if (this.#writes === 0) for (const drained of this.#drained.splice(0)) drained()
    }
  }

  /** Resolves when nothing is being written under the shard's epoch. */
  drained(): Promise<void> {
    return this.#writes === 0 ? Promise.resolve() : new Promise((drained) => this.#drained.push(drained))
  }

  // --- moves ----------------------------------------------------------------------------------------------------------------------------------

  /** Gives the record to a node that has all of the state. */
  release(to: string): Promise<Release> {
    return this.turn(async () => {
      const { number, mark } = this
      const { marks, clock, random, logger, signal } = this.#world
      if (mark === undefined) return "released" // to that node, which may have given it on by now, or it was fenced
      if (mark.at === "claiming" || (mark.at === "giving" && mark.to !== to)) return "unknown"
      if (mark.at === "home") {
        this.sending = true
        await this.drained()
        await marks.write(number, { at: "giving", epoch: mark.epoch, born: mark.born, to }) // R3 of home-record.ts
        this.serving = false
        this.sending = false
        this.#inherited = false
      }
      for (;;) {
        const step = this.next()
        if (step.do === "write" || step.do === "read") {
          if (await this.#carryOut(step)) continue
          logger.warn({ shard: number, to }, "the registry does not say whether a shard was given up; it is held meanwhile") // prettier-ignore
          await pause(clock, backoff(this.#failures++, random.float()), signal)
          return "unknown"
        }
        this.kick() // what was given away is removed besides
        this.#world.tell({ kind: "changed", shard: number })
        return step.do === "remove" ? "released" : "unknown"
      }
    })
  }

  /** Looks whether the record names this node, so often, or until that is certain. */
  async pursue(attempts: number): Promise<"ours" | "another's"> {
    const { clock, random, signal } = this.#world
    for (let n = 0; n < attempts && !signal.aborted; n++) {
      if (await this.#read()) {
        const { record = ABSENT, staged, mark } = this
        if (mark?.at === "home" || this.next().do === "promote") {
          this.kick()
          return "ours"
        }
        const past = staged === undefined || record.epoch > staged.epoch
        if (record.version > 0 && (past || attempts === Infinity)) return "another's"
      }
      await pause(clock, backoff(n, random.float()), signal)
    }
    return "another's"
  }

  /**
   * Whether this process is home of it by an epoch, and has not begun to give it up: what was staged of it elsewhere
   * counts for nothing.
   */
  keeps(epoch: number): boolean {
    return this.serving && !this.sending && this.mark?.at === "home" && this.mark.epoch === epoch
  }

  /** A move to this node is over. */
  dismiss(drop: boolean): void {
    const { state, logger, signal } = this.#world
    this.expected = undefined
    this.sending = false
    if (drop)
      void this.turn(async () => {
        if (this.next().do === "promote" || this.expected !== undefined) return
        this.staged = undefined
        await state.dropStaged(this.number)
      }).catch((error: unknown) => {
        if (!signal.aborted) logger.error({ shard: this.number, error }, "what had arrived of a shard cannot be dropped") // prettier-ignore
      })
    this.#world.tell({ kind: "changed", shard: this.number })
    this.kick()
  }

  // --- what is known --------------------------------------------------------------------------------------------------------------------------

  learn(record: SeenRecord): void {
    const { me, marks, tell } = this.#world
    this.record = record
    const believed = this.#world.standing().is === "ours" || record.home === me || this.mark?.at === "giving"
    if (believed && marks.learn(this.number, record)) tell({ kind: "changed", shard: this.number })
  }

  /** It serves no more, whatever becomes of its state. */
  stop(): void {
    const { tell } = this.#world
    if (this.serving) tell({ kind: "stop", shard: this.number, why: "lost" })
    this.serving = false
    tell({ kind: "changed", shard: this.number })
  }

  // --- what is done ---------------------------------------------------------------------------------------------------------------------------

  async #advance(): Promise<void> {
    const { clock, random, logger, signal } = this.#world
    try {
      while (!signal.aborted) {
        const step = this.next()
        this.#refuse(step.do === "refuse" ? step.why : undefined)
        if (step.do === "nothing" || step.do === "refuse") return void (this.#failures = 0)
        if (!(await this.#carryOut(step))) break
      }
    } catch (error) {
      if (!signal.aborted) logger.error({ shard: this.number, error }, "the home of a shard cannot be kept; it goes on trying") // prettier-ignore
    }
    void pause(clock, backoff(this.#failures++, random.float()), signal).then(() => this.kick())
  }

  /** @returns false when it has to be tried again later */
  async #carryOut(step: Step): Promise<boolean> {
    const { number: shard } = this
    const { me, marks, state, tell, arrived } = this.#world
    const mark = this.mark as Mark
    switch (step.do) {
      case "read":
        return this.#read()
      case "write":
        return this.#write(step.record)
      case "claim": {
        const epoch = this.holds ? Math.max(step.epoch, 1 + (await state.highestEpoch(shard))) : step.epoch
        this.#inherited = false
        await marks.write(shard, { at: "claiming", epoch, born: epoch })
        return true
      }
      case "own":
        this.#fresh = !this.#inherited
        this.holds = false
        await marks.write(shard, { at: "home", epoch: mark.epoch, born: mark.born })
        return true
      case "unclaim":
        await marks.write(shard, undefined)
        return true
      case "take-back":
        if (!(await this.#write({ home: me, epoch: mark.epoch }))) return false
        if (this.record?.home !== me || this.record.epoch !== mark.epoch) return true
        await marks.write(shard, { at: "home", epoch: mark.epoch, born: mark.born })
        return true
      case "renew":
        this.#fresh = true
        await marks.write(shard, { at: "home", epoch: mark.epoch + 1, born: mark.born })
        return true
      case "serve":
        tell({ kind: "owned", shard, epoch: mark.epoch })
        this.#serve(mark.epoch)
        return true
      case "promote": {
        const { staged, epoch } = step
        const home: Mark = { at: "home", epoch, born: staged.born }
        tell({ kind: "owned", shard, epoch })
        const deliveries = await state.promote(shard, staged, [marks.change(shard, home)])
        marks.set(shard, home)
        this.staged = undefined
        this.expected = undefined
        this.#inherited = false
        this.#fresh = true
        this.#serve(epoch)
        if (deliveries.length > 0) arrived(deliveries)
        return true
      }
      case "drop-staged":
        this.staged = undefined
        await state.dropStaged(shard)
        return true
      case "remove":
        await this.drained() // H3
        await state.remove(shard, mark, [marks.change(shard, undefined)])
        marks.set(shard, undefined)
        return true
      case "set-aside":
        return this.#lose(mark)
      case "nothing":
      case "refuse":
        return true
    }
  }

  /** H2, and what becomes of an owner that was declared lost. */
  async #lose(mark: Mark): Promise<boolean> {
    const { state, marks, logger } = this.#world
    if (!(await this.#read())) return false
    if (this.next().do !== "set-aside") return true
    this.stop()
    await this.drained() // H3
    await state.setAside(this.number, mark, [marks.change(this.number, undefined)])
    marks.set(this.number, undefined)
    this.#world.lost()
    const { home, epoch } = this.record ?? ABSENT
    logger.error({ shard: this.number, epoch: mark.epoch, home, since: epoch }, "a shard of this node has another home; this node's copy is set aside in its store") // prettier-ignore
    return true
  }

  #serve(epoch: number): void {
    const { tell } = this.#world
    this.serving = true
    this.sending = false
    tell({ kind: "serve", shard: this.number, epoch })
    tell({ kind: "changed", shard: this.number })
  }

  #refuse(why: "no-state" | "old-state" | undefined): void {
    if (this.refused === why) return
    this.refused = why
    this.stop()
    if (why === undefined) return
    this.#world.logger.error({ shard: this.number, why }, "the home of a shard is recorded as this node, but its store does not hold the state") // prettier-ignore
  }

  /** @returns whether the registry answers */
  async #read(): Promise<boolean> {
    const { registry } = this.#world
    const read = await this.#world.call(() => registry.read(homeKey(this.number)))
    if (read.kind === "unavailable") return false
    this.learn(read.kind === "found" ? seenRecord(read.record) : ABSENT)
    return true
  }

  /** By compare-and-set; the record is read when it was not as it was seen. @returns whether the registry answers */
  async #write(record: HomeRecord): Promise<boolean> {
    const { registry } = this.#world
    const { version } = this.record ?? ABSENT
    const answer = await this.#world.call(() => registry.write(homeKey(this.number), recordText(record), version))
    if (answer.kind === "unavailable") return false
    if (answer.kind === "conflict") return this.#read()
    this.learn({ ...record, version: answer.version })
    return true
  }
}

/** What a record of the registry says of a home; one that says nothing that can be read counts for the lowest. */
export const seenRecord = ({ value, version }: RegistryRecord): SeenRecord => ({
  ...ABSENT,
  ...parseRecord(value),
  version,
})
