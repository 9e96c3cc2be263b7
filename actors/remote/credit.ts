/**
 * What came for the mailboxes of this side, until its sender is told that it was taken.
 *
 * Invariants
 *   C1. A message is credited once, when the mailbox no longer holds it; until then it is under way, and its sender keeps within its window (W3).
 *   C2. Credit is said in lots. A mailbox that has a lot to its account is looked at until it has taken it: in each turn while any of them takes something, else
 *       after a while.
 *   C3. An actor that has ended holds nothing.
 */
import { Cell } from "../cell.js"
import type { Clock } from "../clock.js"
import type { Ref } from "../ref.js"
import { Limit, type TimerWheel } from "../timers.js"
import { creditOf, windowOf, type Recipient } from "./protocol.js"

/** How long mailboxes that take nothing are left alone before they are looked at again. */
const lookAgainMs = 8

/** What came for one mailbox and was not yet credited. */
interface Account {
  readonly to: Recipient
  readonly cell: Cell
  /** The lot. */
  readonly least: number
  taken: number
  /** Is looked at again. */
  due: boolean
}

export class Credit {
  readonly #clock: Clock
  readonly #wheel: TimerWheel
  readonly #say: (to: Recipient, count: number) => void
  readonly #accounts = new WeakMap<Cell, Account>()
  /** To be credited after the batch. */
  readonly #taken = new Map<Recipient, number>()
  #due: Account[] = []
  #looking = false
  #closed = false
  readonly #look = (): void => this.#lookAtAccounts()
  readonly #lookLater: Limit = new Limit(this.#look)

  /** @param say tells the sender that so many messages were taken */
  constructor(clock: Clock, wheel: TimerWheel, say: (to: Recipient, count: number) => void) {
    this.#clock = clock
    this.#wheel = wheel
    this.#say = say
  }

  /** A message for `to`, which is `ref`, was delivered. */
  received(to: Recipient, ref: Ref): void {
    // What lies behind an entity or a router is bounded by itself: what it takes is taken.
    if (!(ref instanceof Cell)) return void this.#taken.set(to, (this.#taken.get(to) ?? 0) + 1)
    let account = this.#accounts.get(ref)
    if (account === undefined) {
      // The sender's window may be that of the definition or that of this actor.
      const capacity = Math.min(ref.compiled.capacity, ref.options?.mailbox?.capacity ?? Infinity)
      const least = creditOf(windowOf(capacity))
      this.#accounts.set(ref, (account = { to, cell: ref, least, taken: 0, due: false }))
    }
    account.taken += 1
    if (account.taken < account.least || account.due) return
    account.due = true
    this.#due.push(account)
    if (this.#looking) return
    this.#looking = true
    this.#clock.afterInputOutput(this.#look)
  }

  /** All of a batch was delivered. */
  batchEnded(): void {
    for (const [to, count] of this.#taken) this.#say(to, count)
    this.#taken.clear()
  }

  /** Nobody is told any more. */
  close(): void {
    this.#closed = true
    this.#lookLater.cancel()
  }

  /** C2 */
  #lookAtAccounts(): void {
    if (this.#closed) return
    let progress = false
    this.#due = this.#due.filter((account) => {
      const { cell, to, least } = account
      const taken = account.taken - (cell.alive ? cell.waiting : 0) // C3
      if (taken >= least) {
        account.taken -= taken // C1
        this.#say(to, taken)
        progress = true
      }
      return (account.due = account.taken >= least)
    })
    this.#looking = this.#due.length > 0
    if (!this.#looking) return
    if (progress) this.#clock.afterInputOutput(this.#look)
    else this.#wheel.add(this.#lookLater, lookAgainMs)
  }
}
