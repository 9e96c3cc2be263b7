/**
 * One node's claim to one shard, carried out: the machine of `lease.ts` says what to do, this does it and feeds back
 * what came of it. What it needs of the world are functions, so that a test can replace any of them.
 *
 * Invariants
 *   C1. Actions of one kind are numbered, and the answer to any but the last is dropped (L9).
 *   C2. While something is to be tried again, one timer waits: at the moment a candidate's wait is over, else after a
 *       back-off that grows with each failure.
 *   C3. Takings, releases and returns of the lock follow each other: one that was given up is not left behind by a
 *       return that overtakes it (R4 of `registry.ts`).
 *   C4. A mint waits a moment for the writes that are under way under the epoch before: they are good, and the mint
 *       would refuse them.
 */
import type { CancelTimer } from "#actors/clock.js"
import type { Mint } from "./epochs.js"
import {
  ASIDE,
  stepClaim,
  type Claim,
  type ClaimAction,
  type ClaimEvent,
  type EpochRecord,
  type LeaseTimings,
  type Moment,
  type Owning,
} from "./lease.js"
import type { Wish } from "./ownership.js"

export type LockHolder = "nobody" | "me" | "another"

/** What the taking of a lock came to. */
export type LockAnswer =
  | { readonly kind: "held"; readonly session: string }
  /** Another's. */
  | { readonly kind: "taken" }
  /** Nobody's for the moment. */
  | { readonly kind: "refused" }
  | { readonly kind: "failed" }

/** What a claim lives on. What fails rejects, or says so. */
export interface ClaimWorld {
  readonly me: string
  readonly timings: LeaseTimings
  now(): Moment
  timer(milliseconds: number, callback: () => void): CancelTimer
  /** How long to wait after so many failures in a row. */
  backoff(failures: number): number
  /** Whether there is anything to be taken: without a lease nothing is tried. */
  seated(): boolean
  readEpoch(shard: number): Promise<EpochRecord>
  /** Who holds the lock as far as is known. */
  glance(shard: number): Promise<LockHolder>
  /** A consistent look that is begun after the call. */
  look(shard: number): Promise<LockHolder>
  lock(shard: number): Promise<LockAnswer>
  /** Goes on until it is done, or the session is gone. */
  unlock(shard: number): Promise<void>
  mint(shard: number, expected: number): Promise<Mint>
  recover(shard: number, epoch: number): Promise<void>
  recordRelease(shard: number, epoch: number): Promise<void>
  /** Asks for a renewal; what it brings comes as `renewed`. */
  renew(): void
  /** The claim took a step of which others hear. */
  told(shard: number, action: Extract<ClaimAction, { readonly do: "recover" | "serve" | "go-on" | "stop" }>): void
  /** It stands differently now. */
  changed(shard: number): void
}

/** How long a mint waits for writes (C4). */
const quietMs = 1000

export class ShardClaim {
  readonly shard: number
  readonly #world: ClaimWorld
  claim: Claim = ASIDE
  #wish: Wish = "none"
  /** How many actions of each kind were begun (C1). */
  readonly #begun = new Map<ClaimAction["do"], number>()
  #failures = 0
  /** It is under way, or was given up: a glance that would tell what stands now. */
  #glancing = false
  #cancelTimer: CancelTimer | undefined
  /** Writes under the epoch of the owner that are under way. */
  #writes = 0
  #quiet: (() => void) | undefined
  #settled: (() => void)[] = []
  /** When the lock was last taken; what the registry tells of before counts for nothing. */
  lockedAt = -Infinity
  /** The last of what takes its turns (C3): resolves when a release is written and the lock given back. */
  turn: Promise<unknown> = Promise.resolve()

  constructor(shard: number, world: ClaimWorld) {
    this.shard = shard
    this.#world = world
  }

  get wish(): Wish {
    return this.#wish
  }

  /** Begun, and not known to be hopeless. */
  get taking(): boolean {
    const { claim } = this
    if (claim.at === "aside" || claim.at === "owning") return false
    if (claim.at === "watching") return claim.wanted && this.#glancing
    return !("wanted" in claim) || claim.wanted
  }

  get owning(): Owning | undefined {
    return this.claim.at === "owning" ? this.claim : undefined
  }

  wishFor(wish: Wish): void {
    this.#wish = wish
    this.#applyWish()
  }

  feed(event: ClaimEvent): void {
    const before = this.claim
    const world = this.#world
    const { claim, actions } = stepClaim(before, event, world.me, world.timings, world.now())
    this.claim = claim
    const taken = event.kind === "lock-answered" && event.outcome === "taken"
    if (event.kind === "failed" || event.kind === "mint-unknown" || taken) this.#failures += 1
    else if (event.kind !== "tick" && event.kind !== "lock-changed" && event.kind !== "renewed") this.#failures = 0
    for (const action of actions) this.#do(action)
    if (before !== this.claim) {
      if (before.at !== this.claim.at) world.changed(this.shard)
      if (!this.#minting) for (const settled of this.#settled.splice(0)) settled()
    }
    this.#applyWish()
    this.#arm()
  }

  /**
   * Does a write under the epoch of the owner. While that is minted anew it waits.
   * @throws what `moved` makes when this node is not the owner, and what `work` throws
   */
  async write<T>(work: (epoch: number) => Promise<T>, moved: () => Error): Promise<T> {
    while (this.#minting) await this.settled()
    const { owning } = this
    if (owning === undefined) throw moved()
    this.#writes += 1
    try {
      return await work(owning.epoch)
    } finally {
      this.#writes -= 1
      if (this.#writes === 0) this.#quiet?.()
    }
  }

  /** When the epoch is not being minted anew any more. */
  settled(): Promise<void> {
    return this.#minting ? new Promise((settled) => this.#settled.push(settled)) : Promise.resolve()
  }

  /** Nothing is tried any more. */
  close(): void {
    this.#cancelTimer?.()
    for (const settled of this.#settled.splice(0)) settled()
  }

  get #minting(): boolean {
    return this.claim.at === "owning" && this.claim.regaining === "minting"
  }

  #applyWish(): void {
    const { claim } = this
    const wish = this.#wish
    if (wish === "none") {
      if (claim.at !== "aside" && claim.at !== "owning") this.feed({ kind: "unwanted" })
      return
    }
    const now = wish === "serve"
    if (claim.at === "aside" || ("wanted" in claim && claim.wanted !== now)) this.feed({ kind: "wanted", now })
  }

  /** C2 */
  #arm(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    const wait = this.#tickIn()
    if (wait === undefined) return
    this.#cancelTimer = this.#world.timer(Math.max(1, wait), () => {
      this.#cancelTimer = undefined
      this.feed({ kind: "tick" })
    })
  }

  #tickIn(): number | undefined {
    const { claim } = this
    const world = this.#world
    if (claim.at === "waiting") return claim.wanted ? claim.until - world.now().monotonic : undefined
    const retries =
      (claim.at === "watching" && this.#failures > 0) || (claim.at === "owning" && claim.regaining === "waiting")
    return retries && world.seated() ? world.backoff(this.#failures) : undefined
  }

  #do(action: ClaimAction): void {
    const world = this.#world
    const { shard } = this
    const number = (this.#begun.get(action.do) ?? 0) + 1
    this.#begun.set(action.do, number)
    const answer = (event: ClaimEvent): void => {
      if (this.#begun.get(action.do) === number) this.feed(event) // C1
    }
    const failed = (): void => answer({ kind: "failed" })
    switch (action.do) {
      case "read-epoch":
        return void world.readEpoch(shard).then((record) => answer({ kind: "epoch-read", record }), failed)
      case "glance":
        this.#glancing = true
        // What was told before a failure may be over.
        return void (this.#failures > 0 ? world.look(shard) : world.glance(shard)).then(
          (holder) => {
            this.#glancing = false
            answer({ kind: "lock-glanced", holder })
          },
          () => {
            this.#glancing = false
            failed()
          },
        )
      case "look":
        return void world.look(shard).then((holder) => answer({ kind: "lock-looked", holder }), failed)
      case "lock": {
        const begunAt = world.now()
        return void this.#inTurn(() => world.lock(shard)).then((taken) => {
          if (taken.kind === "failed") return failed()
          if (taken.kind === "held") this.lockedAt = world.now().monotonic
          const session = taken.kind === "held" ? taken.session : ""
          answer({ kind: "lock-answered", outcome: taken.kind, session, begunAt })
        })
      }
      case "unlock":
        return void this.#inTurn(() => world.unlock(shard))
      case "mint":
        return void this.#mint(action.expected).then((mint) => {
          if (mint.kind === "minted") answer({ kind: "minted" })
          else if (mint.kind === "refused") answer({ kind: "mint-refused", record: mint.record })
          // It is sent again at once, so the waiting is done here.
          else world.timer(world.backoff(this.#failures), () => answer({ kind: "mint-unknown" }))
        })
      case "recover":
        world.told(shard, action)
        return void world
          .recover(shard, action.epoch)
          .then(() => answer({ kind: "recovered" }), () => answer({ kind: "recovery-failed" })) // prettier-ignore
      case "renew":
        return world.renew()
      case "serve":
      case "go-on":
      case "stop":
        return world.told(shard, action)
      case "record-release":
        return void this.#inTurn(() => world.recordRelease(shard, action.epoch).catch(() => undefined))
    }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.turn.then(work)
    this.turn = turn
    return turn
  }

  async #mint(expected: number): Promise<Mint> {
    if (this.#writes > 0) {
      await new Promise<void>((quiet) => {
        const cancel = this.#world.timer(quietMs, () => this.#quiet?.())
        this.#quiet = () => {
          cancel()
          quiet()
        }
      })
      this.#quiet = undefined
    }
    return this.#world.mint(this.shard, expected)
  }
}
