/**
 * The right to own a shard: who may try, what an owner may answer, and when it must stop. Pure: a node's claim to one shard goes from state to state and
 * says what to do; the registry keeps the lock and the session, the store keeps the epoch. Neither is trusted alone: a lock can be lost without its
 * holder knowing it (a pause, a partition, a registry wiped), an epoch says nothing about who still reads from memory.
 *
 * Invariants
 *   L1. The store alone makes epochs: a mint is one compare-and-increment that writes its holder beside the new epoch. So an epoch has one holder, epochs
 *       only grow whatever became of the registry, and an append below the highest is refused. Two owners are never both right in writing.
 *   L2. A candidate first reads the epoch, then looks at the lock unless L6 has nothing to wait for, then takes it, then mints expecting what it read.
 *       Whoever was paused anywhere between finds that the epoch has changed, and begins anew.
 *   L3. A lock that is newly held is followed by a mint, by the incumbent too. Nothing that was true under an earlier hold of the lock is relied on.
 *   L4. An owner begins to serve, and to answer from memory, only after a renewal that was begun after its mint had been confirmed: so the lock was its
 *       own when it minted.
 *   L5. A lease is fresh for `freshMs` from the moment that its renewal was begun, not answered, by the monotonic clock and by wall time: a paused process
 *       shows on both, a suspended machine may show only on wall time. Between an answer's making and its leaving, `now` is read anew, never from a tick.
 *   L6. A candidate waits `lockDelayMs` from the answer of the look that found the lock free, by its own clock, unless the last owner has written its
 *       release into the store or there never was one. The registry's own lock-delay only makes this wait quicker to end well.
 *   L7. Without a fresh lease an owner answers nothing, reads included, that the store has not confirmed under its epoch after the answer was made.
 *   L8. A candidate waits before it takes the lock, an incumbent takes it at once: so a registry that was wiped moves nothing.
 *   L9. An answer belongs to the last action of its kind: whoever carries actions out numbers them and drops the answers of earlier ones, failures too.
 *       (The recovery of an earlier takeover, told late, would put an old state under a new epoch.)
 *
 * Why no answer from memory contradicts another owner. Let O answer from memory at t under epoch e, by a renewal begun at r, t < r + `freshMs`. Let N serve
 * under a higher epoch. N's mint follows O's, and succeeded expecting at least e, so N read the epoch after O had minted (L1, L2), and looked at the lock
 * after that. O's lock was held from before its mint until after r (L3, L4), but N's look found it free; so the look was answered after O's last
 * renewal had begun, for O holds no lock again without a mint that would have made N's mint fail (L3). N serves `lockDelayMs` after that answer
 * (L6), and `lockDelayMs` > `freshMs`. So t comes before N's first answer. This holds while the two clocks differ in speed by less than
 * lockDelayMs / freshMs, when the look is a consistent read, and for a renewal that a registry leader answers up to 2 s after it was deposed. An owner
 * that wrote its release had stopped answering before N read of it, and so had all before it. That an answer made before a pause leaves after it
 * contradicts nothing: its question was open all the while.
 */

/** How long things last; in milliseconds. */
export interface LeaseTimings {
  /** How long a renewal is good for. Raising it spares confirmations when the registry is slow, and must stay well below `lockDelayMs`. */
  readonly freshMs: number
  /** How long a lock must have been free before another node takes it. Raising it makes a takeover after a crash later. */
  readonly lockDelayMs: number
  /** How long to wait after the registry refused a lock that looked free. */
  readonly retryMs: number
}

export const DEFAULT_LEASE: LeaseTimings = { freshMs: 3000, lockDelayMs: 5000, retryMs: 250 }

/** The same moment by both clocks (L5). */
export interface Moment {
  readonly monotonic: number
  readonly wall: number
}

/** A lock that was held when it was last renewed. */
export interface Lease {
  /** The registry's session that holds the lock. */
  readonly holder: string
  /** When the last renewal that succeeded was begun. */
  readonly renewedFrom: Moment
  readonly freshUntil: Moment
}

/** A lease by a lock or renewal that was begun at a moment and has succeeded (L5). */
export function leaseFrom(holder: string, begunAt: Moment, { freshMs }: LeaseTimings): Lease {
  const freshUntil = { monotonic: begunAt.monotonic + freshMs, wall: begunAt.wall + freshMs }
  return { holder, renewedFrom: begunAt, freshUntil }
}

/** @param now read from the clocks for this question (L5) */
export function isFresh({ freshUntil }: Lease, now: Moment): boolean {
  return now.monotonic < freshUntil.monotonic && now.wall < freshUntil.wall
}

/** What the store keeps for a shard beside its events. */
export interface EpochRecord {
  /** 0: the shard never had an owner. */
  readonly epoch: number
  /** Id of the node that minted it. */
  readonly holder: string
  /** Its owner has stopped in order, and answers nothing any more. */
  readonly released: boolean
}

/** A node's claim to one shard. */
export type Claim =
  /** It does not care. */
  | { readonly at: "aside" }
  /** It would take over, but somebody holds the lock, or that is not known. `wanted` false: it only stands by. */
  | { readonly at: "watching"; readonly wanted: boolean }
  /** L2, one after the other. */
  | { readonly at: "reading"; readonly wanted: boolean }
  | { readonly at: "looking"; readonly wanted: boolean; readonly record: EpochRecord }
  /** L6; `until` on the monotonic clock. */
  | { readonly at: "waiting"; readonly wanted: boolean; readonly expected: number; readonly until: number }
  | { readonly at: "locking"; readonly expected: number }
  | { readonly at: "minting"; readonly expected: number; readonly lease: Lease }
  /** Recovering and waiting for the renewal of L4, whichever takes longer. */
  | Minted<"recovering">
  | Owning

interface Minted<At extends string> {
  readonly at: At
  readonly epoch: number
  /** When the mint was confirmed, on the monotonic clock (L4). */
  readonly mintedAt: number
  readonly lease: Lease
  readonly recovered: boolean
}

/** An owner; without a lease it has lost the lock and `regaining` says how far it is with getting it back (L3). */
export interface Owning {
  readonly at: "owning"
  readonly epoch: number
  readonly mintedAt: number
  readonly lease: Lease | undefined
  readonly regaining: "no" | "waiting" | "locking" | "minting"
}

/** What happens to a claim; answers as L9 says. */
export type ClaimEvent =
  /** The placement wishes the shard here; `false`: it is next in line, and gets ready to be. */
  | { readonly kind: "wanted"; readonly now: boolean }
  /** The placement does not wish it here; an owner hands it off first. */
  | { readonly kind: "unwanted" }
  /** The owner has stopped its entities and answers nothing any more: the end of a hand-off. */
  | { readonly kind: "stopped" }
  /**
   * The registry told of the lock by itself: a hint, good for beginning, not for L2. What was so before the last taking was answered is not told.
   */
  | { readonly kind: "lock-changed"; readonly holder: "nobody" | "me" | "another" }
  /** The last owner says that it has let go, and that its release is written: what was read or looked at before is over. */
  | { readonly kind: "released" }
  /** The answer to `glance`. */
  | { readonly kind: "lock-glanced"; readonly holder: "nobody" | "me" | "another" }
  /** The answer to `look`: a consistent read that was begun after the action. */
  | { readonly kind: "lock-looked"; readonly holder: "nobody" | "me" | "another" }
  | { readonly kind: "epoch-read"; readonly record: EpochRecord }
  /** `taken`: it is another's; `refused`: nobody's, and not to be had for a while. */
  | {
      readonly kind: "lock-answered"
      readonly outcome: "held" | "taken" | "refused"
      readonly session: string
      readonly begunAt: Moment
    }
  | { readonly kind: "minted" }
  /** Somebody else's mint came first, or our own whose answer was lost. */
  | { readonly kind: "mint-refused"; readonly record: EpochRecord }
  /** Whether the mint was carried out is not known. */
  | { readonly kind: "mint-unknown" }
  | { readonly kind: "recovered" }
  | { readonly kind: "recovery-failed" }
  /** The session lives, and with it each lock it holds. */
  | { readonly kind: "renewed"; readonly session: string; readonly begunAt: Moment }
  /** The session is gone, and each lock it held. */
  | { readonly kind: "session-lost" }
  /** A read of the epoch, of the lock, or the taking of the lock failed. */
  | { readonly kind: "failed" }
  /** The store refused something under this epoch. */
  | { readonly kind: "stale"; readonly epoch: number }
  | { readonly kind: "tick" }

export type ClaimAction =
  | { readonly do: "read-epoch" }
  /** Who holds the lock, as far as is known: a hint. */
  | { readonly do: "glance" }
  | { readonly do: "look" }
  | { readonly do: "lock" }
  | { readonly do: "unlock" }
  /**
   * Compare and increment: from `expected` to the next, with this node as its holder (L1). An owner that regains its lock appends nothing until it has
   * the answer: its own mint would refuse it.
   */
  | { readonly do: "mint"; readonly expected: number }
  | { readonly do: "recover"; readonly epoch: number }
  /** Do not wait for the beat. */
  | { readonly do: "renew" }
  | { readonly do: "serve"; readonly epoch: number }
  /** Go on under a new epoch; what is in memory stands, for nobody else has written. */
  | { readonly do: "go-on"; readonly epoch: number }
  /** Write into the store, if the epoch is still this one, that its owner has stopped. */
  | { readonly do: "record-release"; readonly epoch: number }
  /** Stop the shard's entities without writing anything more; open asks answer that the shard has moved. */
  | { readonly do: "stop"; readonly why: "stale" | "lost" | "recovery-failed" }

export interface ClaimStep {
  readonly claim: Claim
  readonly actions: readonly ClaimAction[]
}

export const ASIDE: Claim = { at: "aside" }

/**
 * What an owner may do with an answer that it has made.
 *   from-memory  it may leave as it is
 *   confirm      only once the store has said, after it was made, that the epoch is still the highest (L7)
 *   refuse       this node does not own the shard
 * @param now read from the clocks after the answer was made (L5)
 */
export function mayAnswer(claim: Claim, now: Moment): "from-memory" | "confirm" | "refuse" {
  if (claim.at !== "owning") return "refuse"
  const { lease, mintedAt } = claim
  const proven = lease !== undefined && lease.renewedFrom.monotonic >= mintedAt // L4
  return proven && isFresh(lease, now) ? "from-memory" : "confirm"
}

/** @param me id of this node, as the store's record names it */
export function stepClaim(claim: Claim, event: ClaimEvent, me: string, timings: LeaseTimings, now: Moment): ClaimStep {
  const mayLock = claim.at === "locking" || claim.at === "owning"
  if (!mayLock && event.kind === "lock-answered")
    return event.outcome === "held" ? to(claim, { do: "unlock" }) : stay(claim) // given up meanwhile
  switch (claim.at) {
    case "aside":
      return event.kind === "wanted" ? watch(event.now) : stay(claim)
    case "watching":
    case "reading":
    case "looking":
    case "waiting":
      return stepCandidate(claim, event, timings, now)
    case "locking":
    case "minting":
    case "recovering":
      return stepTaker(claim, event, me, timings, now)
    case "owning":
      return stepOwner(claim, event, me, timings, now)
  }
}

const stay = (claim: Claim): ClaimStep => ({ claim, actions: [] })
const to = (claim: Claim, ...actions: readonly ClaimAction[]): ClaimStep => ({ claim, actions })
const watch = (wanted: boolean): ClaimStep => to({ at: "watching", wanted }, { do: "glance" })

type Candidate = Extract<Claim, { readonly wanted: boolean }>

function stepCandidate(claim: Candidate, event: ClaimEvent, timings: LeaseTimings, now: Moment): ClaimStep {
  const { wanted } = claim
  if (event.kind === "unwanted") return stay(ASIDE)
  if (event.kind === "wanted") return takeWhenDue({ ...claim, wanted: event.now }, now)
  if (event.kind === "failed" || event.kind === "session-lost") return stay({ at: "watching", wanted }) // a tick begins anew
  if (event.kind === "released") return to({ at: "reading", wanted }, { do: "read-epoch" })
  if (event.kind === "tick") return claim.at === "watching" ? to(claim, { do: "glance" }) : takeWhenDue(claim, now)
  const hinted = event.kind === "lock-changed" || event.kind === "lock-glanced" ? event.holder : undefined
  switch (claim.at) {
    case "watching":
      return hinted === undefined || hinted === "another" ? stay(claim) : to({ at: "reading", wanted }, { do: "read-epoch" }) // prettier-ignore
    case "reading": {
      if (event.kind !== "epoch-read") return stay(claim) // a hint may be older than what it began with
      const { epoch, released } = event.record
      if (epoch === 0 || released)
        return takeWhenDue({ at: "waiting", wanted, expected: epoch, until: now.monotonic }, now) // L6
      return to({ at: "looking", wanted, record: event.record }, { do: "look" }) // L2
    }
    case "looking":
      if (event.kind !== "lock-looked") return stay(claim)
      if (event.holder === "another") return stay({ at: "watching", wanted })
      return stay({ at: "waiting", wanted, expected: claim.record.epoch, until: now.monotonic + timings.lockDelayMs }) // L6
    case "waiting":
      return hinted === "another" ? stay({ at: "watching", wanted }) : stay(claim)
  }
}

function takeWhenDue(claim: Candidate, now: Moment): ClaimStep {
  if (claim.at !== "waiting" || !claim.wanted || now.monotonic < claim.until) return stay(claim)
  return to({ at: "locking", expected: claim.expected }, { do: "lock" })
}

type Taker = Extract<Claim, { readonly at: "locking" | "minting" | "recovering" }>

function stepTaker(claim: Taker, event: ClaimEvent, me: string, timings: LeaseTimings, now: Moment): ClaimStep {
  const abandon: readonly ClaimAction[] = claim.at === "recovering" ? [{ do: "stop", why: "lost" }] : []
  switch (event.kind) {
    case "unwanted":
      return to(ASIDE, ...abandon, { do: "unlock" })
    case "session-lost":
      return to({ at: "watching", wanted: true }, ...abandon, { do: "unlock" })
    case "stale":
      if (claim.at !== "recovering" || event.epoch < claim.epoch) return stay(claim)
      return to({ at: "watching", wanted: true }, ...abandon, { do: "unlock" })
    case "lock-changed":
      // The answer to our own taking is still under way: another's lock is told by that.
      if (event.holder === "me" || claim.at === "locking") return stay(claim)
      return to({ at: "watching", wanted: true }, ...abandon, { do: "unlock" })
  }
  if (claim.at === "locking") {
    if (event.kind === "failed") return to({ at: "watching", wanted: true }, { do: "unlock" }) // it may have been carried out
    if (event.kind === "released") return to({ at: "reading", wanted: true }, { do: "read-epoch" }) // it may have come too early
    if (event.kind !== "lock-answered") return stay(claim)
    const { expected } = claim
    if (event.outcome === "taken") return stay({ at: "watching", wanted: true }) // a tick glances
    if (event.outcome === "refused")
      return stay({ at: "waiting", wanted: true, expected, until: now.monotonic + timings.retryMs })
    const lease = leaseFrom(event.session, event.begunAt, timings)
    return to({ at: "minting", expected, lease }, { do: "mint", expected })
  }
  const lease = renewed(claim.lease, event, timings)
  if (claim.at === "minting") {
    const mint = mintOutcome(event, claim.expected, me)
    if (mint === "mine") {
      const epoch = claim.expected + 1
      const minted: Claim = { at: "recovering", epoch, mintedAt: now.monotonic, lease, recovered: false }
      return to(minted, { do: "recover", epoch }, { do: "renew" })
    }
    if (mint === "again") return to({ ...claim, lease }, { do: "mint", expected: claim.expected })
    if (mint === "another's") return to({ at: "watching", wanted: true }, { do: "unlock" })
    return stay({ ...claim, lease })
  }
  if (event.kind === "recovery-failed")
    return to({ at: "watching", wanted: true }, { do: "stop", why: "recovery-failed" }, { do: "unlock" })
  return serveWhenProven({ ...claim, lease, recovered: claim.recovered || event.kind === "recovered" })
}

/** L4. */
function serveWhenProven(claim: Minted<"recovering">): ClaimStep {
  const { epoch, mintedAt, lease, recovered } = claim
  if (!recovered || lease.renewedFrom.monotonic < mintedAt) return stay(claim)
  return to({ at: "owning", epoch, mintedAt, lease, regaining: "no" }, { do: "serve", epoch })
}

function stepOwner(claim: Owning, event: ClaimEvent, me: string, timings: LeaseTimings, now: Moment): ClaimStep {
  const { epoch } = claim
  switch (event.kind) {
    case "stale":
      // While it mints, the refusal may be its own doing: the mint's answer tells.
      if (event.epoch < epoch || claim.regaining === "minting") return stay(claim)
      return to({ at: "watching", wanted: true }, { do: "stop", why: "stale" }, { do: "unlock" })
    case "stopped":
      return to(ASIDE, { do: "record-release", epoch }, { do: "unlock" })
    case "session-lost":
      return to({ ...claim, lease: undefined, regaining: "locking" }, { do: "lock" }) // L8
    case "lock-changed":
      if (event.holder === "me" || claim.regaining === "locking") return stay(claim)
      // The other will mint; what it takes meanwhile, the store still confirms to us. That it is free concerns us only without a lease.
      if (event.holder === "another")
        return to({ at: "watching", wanted: true }, { do: "stop", why: "lost" }, { do: "unlock" })
      return to({ ...claim, lease: undefined, regaining: "locking" }, { do: "lock" })
    case "failed":
      return stay(claim.regaining === "locking" ? { ...claim, regaining: "waiting" } : claim)
    case "tick":
      return claim.regaining === "waiting" ? to({ ...claim, regaining: "locking" }, { do: "lock" }) : stay(claim)
    case "lock-answered": {
      if (claim.regaining !== "locking") return stay(claim)
      if (event.outcome !== "held") return stay({ ...claim, regaining: "waiting" })
      const lease = leaseFrom(event.session, event.begunAt, timings)
      return to({ ...claim, lease, mintedAt: Infinity, regaining: "minting" }, { do: "mint", expected: epoch }) // L3
    }
    case "renewed":
      return stay(claim.lease === undefined ? claim : { ...claim, lease: renewed(claim.lease, event, timings) })
  }
  if (claim.regaining !== "minting") return stay(claim)
  const mint = mintOutcome(event, epoch, me)
  if (mint === "mine") {
    const regained: Claim = { ...claim, epoch: epoch + 1, mintedAt: now.monotonic, regaining: "no" }
    return to(regained, { do: "go-on", epoch: epoch + 1 }, { do: "renew" })
  }
  if (mint === "again") return to(claim, { do: "mint", expected: epoch })
  if (mint === "another's") return to({ at: "watching", wanted: true }, { do: "stop", why: "stale" }, { do: "unlock" })
  return stay(claim)
}

/** The lease after a renewal that belongs to its session; an older answer changes nothing. */
function renewed(lease: Lease, event: ClaimEvent, timings: LeaseTimings): Lease {
  if (event.kind !== "renewed" || event.session !== lease.holder) return lease
  if (event.begunAt.monotonic <= lease.renewedFrom.monotonic) return lease
  return leaseFrom(lease.holder, event.begunAt, timings)
}

/** A mint in doubt is sent again: carried out twice it is refused the second time, and the record says that the first was ours. */
function mintOutcome(event: ClaimEvent, expected: number, me: string): "mine" | "again" | "another's" | undefined {
  if (event.kind === "minted") return "mine"
  if (event.kind === "mint-unknown") return "again"
  if (event.kind !== "mint-refused") return undefined
  return event.record.epoch === expected + 1 && event.record.holder === me ? "mine" : "another's"
}
