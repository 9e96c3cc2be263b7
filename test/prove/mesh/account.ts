/** What the nodes of the proofs keep: accounts, each of which says with every answer how far its history has come and which node has made it. */
import { definePersistentActor } from "#actors/index.js"

/** A command of a client. */
export interface Deposit {
  /** Unique, and the id that the command is sent under, however often. */
  readonly id: string
  /** Unique too, so that a balance tells which deposits are in it. */
  readonly amount: number
}

export interface Deposited extends Deposit {
  /** The node that made the event. */
  readonly by: string
}

/** What an account answers to a deposit, after it, and to a read. */
export interface Answer {
  /** Deposits so far. */
  readonly count: number
  readonly balance: number
  /** The node that has made the answer. */
  readonly by: string
}

/** @param by id of this node, known once it has joined */
export function accountOn(by: () => string) {
  return definePersistentActor({
    name: "account",
    version: 1,
    state: () => ({ count: 0, balance: 0 }),
    events: {
      deposited: (state, { amount }: Deposited) => {
        state.count++
        state.balance += amount
      },
    },
    snapshotEvery: 200,
  }).receive({
    async deposit(ctx, deposit: Deposit): Promise<Answer> {
      await ctx.persist("deposited", { ...deposit, by: by() })
      return { ...ctx.state, by: by() }
    },
    read: (ctx): Answer => ({ ...ctx.state, by: by() }),
  })
}

export const ACCOUNT = "account"
