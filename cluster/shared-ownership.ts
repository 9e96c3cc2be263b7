/**
 * Ownership where state is shared: a lock `shard/N` in the registry says who may try, an epoch of the store who is right. Each shard has a claim (`claim.ts`), a state of `lease.ts`;
 * here is what all claims of a node have in common: its seat with its lease, one watch of the locks, one look for all that want one, and bounds on what is under way.
 *
 * Invariants
 *   S1. A lease is taken from the seat whenever it is asked about, so that no answer leaves by a lease that was read before it was made (L5 of `lease.ts`).
 *   S2. The watch is a hint. That a lock which this node holds is somebody else's is told to its claim only by a look that was begun after the lock was taken.
 *   S3. Of all calls to the registry for locks at most `atOnce` are under way; looks and epochs go in groups.
 *   S4. What one who stands by has found while all were well may be long over when a member is not: then it begins anew, so that it has not waited in vain when it is needed.
 */
import { setMaxListeners } from "node:events"
import { AgentOSError } from "#actors/errors.js"
import { Limit, TimerWheel } from "#actors/timers.js"
import { AtOnce } from "./at-once.js"
import { ShardClaim, type ClaimWorld, type LockAnswer, type LockHolder } from "./claim.js"
import { backoff, patienceMs } from "./consul-watch.js"
import type { Epochs } from "./epochs.js"
import { Gathered } from "./gathered.js"
import { DEFAULT_LEASE, mayAnswer, type ClaimEvent, type LeaseTimings, type Moment } from "./lease.js"
import { nodeId, type NodeId } from "./node.js"
import type { Ownership, OwnershipNews, OwnershipPorts, Release, Right, Standing, Wish } from "./ownership.js"
import { pause } from "./pause.js"
import type { Holder, Lease, Lock, SeatEvent, Sight, Unwatch } from "./registry.js"

export interface SharedOptions {
  readonly epochs: Epochs
  readonly timings?: LeaseTimings
  /** What the name of each shard's lock begins with; default `shard/`. */
  readonly prefix?: string
}

/** Calls for locks that are under way at once. */
const atOnce = 256
/** How long a lock that is told as lost may be so by the watch's delay (S2): longer than there is between two lists. */
const doubtMs = patienceMs + 500
/** For how long after a member stopped being well nothing of the locks is told late; by then it is known which of them it has left behind. */
const hurryMs = 30_000
/** Between two looks at all locks while there is no watch. */
const blindMs = 5000
/** How long `leave` tries. */
const leaveMs = 5000

export class SharedOwnership implements Ownership {
  readonly ships = false
  readonly #epochs: Epochs
  readonly #timings: LeaseTimings
  readonly #prefix: string
  readonly #calls = new AtOnce(atOnce)
  readonly #ended = new AbortController()
  readonly #claims: ShardClaim[] = []
  readonly #expected = new Set<number>()
  readonly #wishes: Wish[] = []
  /** By shard, as the watch or a look told last. */
  readonly #holders: (Holder | undefined)[] = []
  #ports!: OwnershipPorts
  #wheel!: TimerWheel
  #me: NodeId = ""
  #listener: (news: OwnershipNews) => void = () => undefined
  #news: OwnershipNews[] = []
  #looks!: Gathered<number, LockHolder>
  #unwatch: Unwatch | undefined
  #well: ReadonlySet<NodeId> = new Set()
  /** Until when it is learnt at once who has taken or lost a lock. */
  #hurryUntil = -Infinity
  #sight: Sight<Lock>["kind"] | "none" = "none"
  #reason = "the registry has not told of the locks so far"
  readonly #names = new WeakMap<Lease, string>()
  #leases = 0
  #renewing = 0
  #doubting = false
  #blind = false

  constructor({ epochs, timings = DEFAULT_LEASE, prefix = "shard/" }: SharedOptions) {
    this.#epochs = epochs
    this.#timings = timings
    this.#prefix = prefix
  }

  start(ports: OwnershipPorts, listener: (news: OwnershipNews) => void): void {
    setMaxListeners(0, this.#ended.signal) // one for each pause
    this.#ports = ports
    this.#listener = listener
    this.#me = nodeId(ports.self)
    this.#wheel = new TimerWheel(ports.clock)
    this.#looks = new Gathered((shards) => this.#lookAll(shards), { most: ports.shards })
    const world = this.#world()
    for (let shard = 0; shard < ports.shards; shard++) this.#claims.push(new ShardClaim(shard, world))
    this.#unwatch = ports.registry.watchLocks(this.#prefix, (sight) => this.#saw(sight), this.#patient)
  }

  heard(event: SeatEvent): void {
    if (event.kind === "lost" || event.kind === "superseded") this.#feedAll({ kind: "session-lost" })
    if (event.kind === "seated") this.#feedAll({ kind: "tick" })
  }

  // --- who owns -------------------------------------------------------------------------------------------------------------------------------

  wish(shard: number, wish: Wish): void {
    this.#wishes[shard] = wish
    if (!this.#ended.signal.aborted) this.#claim(shard).wishFor(this.#expected.has(shard) ? "serve" : wish)
  }

  well(members: ReadonlySet<NodeId>): void {
    const before = this.#well
    this.#well = members
    if (![...before].some((id) => !members.has(id))) return
    const { monotonic } = this.#now()
    const stale = monotonic > this.#hurryUntil
    this.#hurryUntil = monotonic + hurryMs
    if (!stale || this.#sight !== "current") return
    const standingBy = this.#claims.filter(({ claim }) => "wanted" in claim && !claim.wanted)
    for (const claim of standingBy) {
      claim.feed({ kind: "lock-changed", holder: "another" }) // S4
      claim.feed({ kind: "lock-changed", holder: this.#seenBy(this.#holders[claim.shard]) })
    }
  }

  standing(shard: number): Standing {
    const claim = this.#claim(shard)
    if (claim.owning !== undefined) return "owner"
    return claim.taking ? "taking" : "none"
  }

  ownerOf(shard: number): string | undefined {
    return this.#holders[shard]?.name
  }

  epochOf(shard: number): number {
    return this.#claim(shard).owning?.epoch ?? 0
  }

  mayAnswer(shard: number): Right {
    const claim = this.#claim(shard)
    if (claim.owning === undefined) return "refuse"
    this.#renewed(claim)
    return mayAnswer(claim.claim, this.#now())
  }

  async confirm(shard: number): Promise<boolean> {
    const claim = this.#claim(shard)
    for (;;) {
      await claim.settled()
      const { owning } = claim
      if (owning === undefined) return false
      const { epoch } = owning
      const stands = await this.#epochs.confirm(shard, epoch)
      if (stands) return claim.owning !== undefined
      claim.feed({ kind: "stale", epoch })
      // Its own mint came between: what is in memory stands, and is confirmed under the new epoch.
      if (claim.owning === undefined) return false
    }
  }

  async write<T>(shard: number, work: (epoch: number) => Promise<T>): Promise<T> {
    const claim = this.#claim(shard)
    return claim.write(
      async (epoch) => {
        try {
          return await work(epoch)
        } catch (error) {
          if (error instanceof AgentOSError && error.code === "STALE_EPOCH") claim.feed({ kind: "stale", epoch })
          throw error
        }
      },
      () => new AgentOSError("SHARD_MOVED", `shard ${shard} is not owned by ${this.#me}; nothing was written`),
    )
  }

  // --- moves ----------------------------------------------------------------------------------------------------------------------------------

  async ship(): Promise<void> {
    // Whoever takes over finds the state in the store.
  }

  async release(shard: number): Promise<Release> {
    const claim = this.#claim(shard)
    if (claim.owning === undefined) return "released"
    // Without the registry nobody could take it. Once it is begun there is no way back: an owner whose release may be written is none.
    if (this.mayAnswer(shard) !== "from-memory") return "kept"
    claim.feed({ kind: "stopped" })
    await claim.turn
    return "released"
  }

  expect(shard: number): void {
    this.#expected.add(shard)
    this.#claim(shard).wishFor("serve")
  }

  released(shard: number): void {
    this.#claim(shard).feed({ kind: "released" })
  }

  async settle(shard: number): Promise<"ours" | "another's"> {
    const { clock, random } = this.#ports
    const { signal } = this.#ended
    for (let failures = 0; !signal.aborted; failures++) {
      const claim = this.#claim(shard)
      if (claim.claim.at === "owning" || claim.claim.at === "recovering") return "ours"
      await pause(clock, backoff(failures, random.float()), signal)
      if (claim.taking || claim.owning !== undefined) continue
      const holder = await this.#looks.ask(shard).catch(() => undefined)
      if (holder === "another") return "another's"
    }
    return "another's"
  }

  dismiss(shard: number): void {
    this.#expected.delete(shard)
    this.wish(shard, this.#wishes[shard] ?? "none")
  }

  async leave(): Promise<void> {
    const { clock } = this.#ports
    for (const claim of this.#claims) {
      this.#expected.delete(claim.shard)
      claim.wishFor("none")
      if (claim.owning !== undefined) claim.feed({ kind: "stopped" })
    }
    const late = new AbortController()
    await Promise.race([Promise.all(this.#claims.map(({ turn }) => turn)), pause(clock, leaveMs, late.signal)])
    late.abort()
    this.#ended.abort()
    this.#unwatch?.()
    for (const claim of this.#claims) claim.close()
    this.#wheel.close()
  }

  trouble(): string | undefined {
    const { seat, clock } = this.#ports
    const { lease } = seat
    if (lease === undefined) return "this node has no lease in the registry"
    if (lease.freshUntil <= clock.monotonic())
      return "the registry does not renew the lease; answers are confirmed by the store"
    return this.#sight === "current" ? undefined : this.#reason
  }

  // --- what claims live on --------------------------------------------------------------------------------------------------------------------

  #world(): ClaimWorld {
    const { random, seat } = this.#ports
    return {
      me: this.#me,
      timings: this.#timings,
      now: () => this.#now(),
      timer: (milliseconds, callback) => {
        const limit = new Limit(callback)
        this.#wheel.add(limit, milliseconds)
        return limit.cancel
      },
      backoff: (failures) => backoff(failures, random.float()),
      seated: () => seat.lease !== undefined,
      readEpoch: (shard) => this.#epochs.read(shard),
      glance: async (shard) => (this.#sight === "current" ? this.#glance(shard) : this.#looks.ask(shard)),
      look: (shard) => this.#looks.ask(shard),
      lock: (shard) => this.#calls.run(() => this.#lock(shard)),
      unlock: (shard) => this.#unlock(shard),
      mint: (shard, expected) => this.#epochs.mint(shard, expected, this.#me),
      recover: async () => undefined, // each of its entities recovers when it wakes
      recordRelease: (shard, epoch) => this.#epochs.release(shard, epoch),
      renew: () => void this.#renew(),
      told: (shard, action) => {
        if (action.do === "recover") this.#tell({ kind: "owned", shard, epoch: action.epoch })
        else if (action.do === "stop") this.#tell({ kind: "stop", shard, why: action.why })
        else this.#tell({ kind: action.do, shard, epoch: action.epoch })
      },
      changed: (shard) => this.#tell({ kind: "changed", shard }),
    }
  }

  #now(): Moment {
    const { clock } = this.#ports
    return { monotonic: clock.monotonic(), wall: clock.wallTime() }
  }

  #claim(shard: number): ShardClaim {
    return this.#claims[shard] as ShardClaim
  }

  #keyOf(shard: number): string {
    return `${this.#prefix}${shard}`
  }

  async #lock(shard: number): Promise<LockAnswer> {
    const answer = await this.#ports.seat.acquire(this.#keyOf(shard))
    if (answer.kind === "held") return { kind: "held", session: this.#nameOf(answer.lease) }
    if (answer.kind === "unavailable") return { kind: "failed" }
    return { kind: answer.kind === "taken" ? "taken" : "refused" }
  }

  /** Tried for as long as the session lives that may hold it. */
  async #unlock(shard: number): Promise<void> {
    const { seat, clock, random } = this.#ports
    const { lease } = seat
    const { signal } = this.#ended
    for (let failures = 0; lease !== undefined && seat.lease === lease && !signal.aborted; failures++) {
      const answer = await this.#calls.run(() => seat.release(this.#keyOf(shard)))
      if (answer.kind === "released") return
      await pause(clock, backoff(failures, random.float()), signal)
    }
  }

  /** All at once, by one read of what they have in common. */
  async #lookAll(shards: readonly number[]): Promise<readonly LockHolder[]> {
    const keys = shards.map((shard) => this.#keyOf(shard))
    const look = await this.#ports.registry.lookLocks(keys)
    if (look.kind === "unavailable") throw new AgentOSError("STORE_FAILED", `the locks cannot be looked at: ${look.reason}`) // prettier-ignore
    return shards.map((shard, i) => {
      const holder = look.holders.get(keys[i] as string)
      this.#heldBy(shard, holder)
      return this.#seenBy(holder)
    })
  }

  /** What this node held by the last list it has let go since: the next list tells who has it now. */
  #glance(shard: number): LockHolder {
    return this.#seenBy(this.#holders[shard]) === "nobody" ? "nobody" : "another"
  }

  #seenBy(holder: Holder | undefined): LockHolder {
    if (holder === undefined) return "nobody"
    return nodeId(holder) === this.#me ? "me" : "another"
  }

  #heldBy(shard: number, holder: Holder | undefined): void {
    const before = this.#holders[shard]
    this.#holders[shard] = holder
    if (before?.name !== holder?.name) this.#tell({ kind: "changed", shard })
  }

  // --- the lease ------------------------------------------------------------------------------------------------------------------------------

  #nameOf(lease: Lease): string {
    let name = this.#names.get(lease)
    if (name === undefined) this.#names.set(lease, (name = `lease ${++this.#leases}`))
    return name
  }

  /** S1 */
  #renewed(claim: ShardClaim): void {
    const { lease } = this.#ports.seat
    if (lease === undefined || !("lease" in claim.claim)) return
    if (claim.claim.lease === undefined || claim.claim.lease.renewedFrom === lease.renewedFrom) return
    claim.feed({ kind: "renewed", session: this.#nameOf(lease), begunAt: lease.renewedFrom })
  }

  /** For those that have minted and wait for it. */
  async #renew(): Promise<void> {
    this.#renewing += 1
    if (this.#renewing > 1) return
    const { clock, random, seat } = this.#ports
    for (let failures = 0; ; failures++) {
      this.#renewing = 1
      await seat.renew()
      const waiting = this.#claims.filter(({ claim: { at } }) => at === "recovering")
      for (const claim of waiting) this.#renewed(claim)
      if (this.#renewing > 1)
        failures = -1 // asked for again meanwhile
      else if (this.#ended.signal.aborted || !waiting.some(({ claim: { at } }) => at === "recovering")) break
      else await pause(clock, backoff(failures, random.float()), this.#ended.signal)
    }
    this.#renewing = 0
  }

  #feedAll(event: ClaimEvent): void {
    for (const claim of this.#claims) claim.feed(event)
  }

  /** What is taken and released while all are well is heard from the holders themselves, and sooner. */
  readonly #patient = (): boolean =>
    this.#now().monotonic > this.#hurryUntil &&
    this.#holders.every((holder) => holder === undefined || this.#well.has(nodeId(holder)))

  // --- the watch ------------------------------------------------------------------------------------------------------------------------------

  #saw(sight: Sight<Lock>): void {
    this.#sight = sight.kind
    if (sight.kind === "disconnected") {
      this.#reason = `the registry does not tell of the locks: ${sight.reason}`
      void this.#goBlind()
      return
    }
    const holders = new Map(sight.entries.map(({ key, by }) => [key, by]))
    let doubts = false
    for (const claim of this.#claims) {
      const holder = holders.get(this.#keyOf(claim.shard))
      this.#heldBy(claim.shard, holder)
      const seen = this.#seenBy(holder)
      if (claim.claim.at === "aside") continue
      if ("wanted" in claim.claim) claim.feed({ kind: "lock-changed", holder: seen })
      else if (seen !== "me") doubts = true
    }
    if (doubts) void this.#doubt()
  }

  /** S2. @param failures so many times in a row the registry did not answer */
  async #doubt(failures = 0): Promise<void> {
    if (this.#doubting) return
    this.#doubting = true
    const { clock, random } = this.#ports
    await pause(clock, failures === 0 ? doubtMs : backoff(failures, random.float()), this.#ended.signal)
    this.#doubting = false
    if (this.#ended.signal.aborted) return
    const begun = clock.monotonic()
    const untold = this.#claims.filter(
      ({ shard, claim }) => (claim.at === "owning" || claim.at === "recovering" || claim.at === "minting") && this.#seenBy(this.#holders[shard]) !== "me", // prettier-ignore
    )
    const doubted = untold.filter(({ lockedAt }) => lockedAt < begun - doubtMs)
    if (doubted.length < untold.length) void this.#doubt() // taken since: the next list tells
    const seen = await Promise.all(
      doubted.map(async (claim) => {
        const holder = await this.#looks.ask(claim.shard).catch(() => undefined)
        if (holder !== undefined && claim.lockedAt < begun) claim.feed({ kind: "lock-changed", holder })
        return holder
      }),
    )
    if (seen.includes(undefined)) void this.#doubt(failures + 1)
  }

  /** While there is no watch, those that wait for a lock look at it now and then. */
  async #goBlind(): Promise<void> {
    if (this.#blind) return
    this.#blind = true
    while (this.#sight === "disconnected" && !this.#ended.signal.aborted) {
      await pause(this.#ports.clock, blindMs, this.#ended.signal)
      if (this.#sight !== "disconnected" || this.#ended.signal.aborted) break
      for (const claim of this.#claims) if (claim.claim.at === "watching") claim.feed({ kind: "tick" })
    }
    this.#blind = false
  }

  // --- news -----------------------------------------------------------------------------------------------------------------------------------

  /** O4 of `ownership.ts`. */
  #tell(news: OwnershipNews): void {
    if (this.#news.length === 0) this.#ports.clock.soon(() => this.#tellAll())
    this.#news.push(news)
  }

  #tellAll(): void {
    const all = this.#news
    this.#news = []
    for (const news of all) this.#listener(news)
  }
}
