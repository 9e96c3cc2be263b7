/**
 * What the proofs of durability work on: accounts that keep a record of all that was done to them, so that one who knows the commands can tell what was lost, done
 * twice or done in another order. Money moves from account to account by reliable delivery.
 */
import { definePersistentActor, delivery, type ActorRef, type RefOf } from "#actors/index.js"

export const AMOUNT = 1

/** A command of a client; its number is unique. */
export interface Command {
  readonly number: number
  readonly account: string
  /** Another account, for a transfer; a deposit without. */
  readonly to?: string
}

interface Arrival {
  readonly from: string
  /** Which of the deliveries from there to here, counted from 1. */
  readonly order: number
}

interface Books {
  balance: number
  /** The commands that were carried out, in their order. */
  applied: number[]
  /** Deliveries sent, by receiver. */
  sent: Record<string, number>
  /** Deliveries received, by sender. */
  received: Record<string, number>
  /** Deliveries that did not come in their order, or twice. */
  disorder: string[]
  /** Names of the reminders that came. */
  reminded: string[]
}

/** What an account answers when it is asked for all it knows. */
export interface Statement extends Books {
  readonly key: string
}

/** The part of its own protocol that an account has to know. */
interface Receiver {
  readonly receive: (arrival: Arrival) => void
}

export const Account = definePersistentActor({
  name: "account",
  version: 1,
  state: (): Books => ({ balance: 0, applied: [], sent: {}, received: {}, disorder: [], reminded: [] }),
  events: {
    deposited: (state, number: number) => {
      state.balance += AMOUNT
      state.applied.push(number)
    },
    withdrawn: (state, { number, to }: { readonly number: number; readonly to: string }) => {
      state.balance -= AMOUNT
      state.applied.push(number)
      state.sent[to] = (state.sent[to] ?? 0) + 1
    },
    received: (state, { from, order }: Arrival) => {
      const expected = (state.received[from] ?? 0) + 1
      if (order !== expected) state.disorder.push(`delivery ${order} from ${from} instead of ${expected}`)
      state.balance += AMOUNT
      state.received[from] = order
    },
    reminded: (state, name: string) => {
      state.reminded.push(name)
    },
  },
  snapshotEvery: 20,
  retention: { keepEvents: 5, keepCommandsMs: 3_600_000 },
}).receive({
  /** Answers how many commands were carried out before: the answer of each is another. */
  async deposit(ctx, { number }: Command) {
    await ctx.persist("deposited", number)
    return ctx.state.applied.length
  },
  async transfer(ctx, { number, account, to = account }: Command) {
    const order = (ctx.state.sent[to] ?? 0) + 1
    const receiver = ctx.system.entityAt("default", "account", to) as unknown as ActorRef<Receiver>
    await ctx.persistAll(
      [{ name: "withdrawn", payload: { number, to } }],
      delivery(receiver, "receive", { from: account, order }),
    )
    return ctx.state.applied.length
  },
  async receive(ctx, arrival: Arrival) {
    await ctx.persist("received", arrival)
  },
  async remind(ctx, name: string) {
    await ctx.persist("reminded", name)
  },
  statement: (ctx): Books => structuredClone(ctx.state) as Books,
})

/** Sends a command under its id. */
export function carryOut(account: RefOf<typeof Account>, command: Command): Promise<number> {
  const ref = account.with({ commandId: `command-${command.number}` })
  return command.to === undefined ? ref.ask("deposit", command) : ref.ask("transfer", command)
}

/** What the books must say after these commands, all of which were answered. @returns a line for each thing that is wrong */
export function audit(
  statements: readonly Statement[],
  commands: readonly Command[],
): { readonly lost: readonly string[]; readonly wrong: readonly string[] } {
  const lost: string[] = []
  const wrong: string[] = []
  const books = new Map(statements.map((statement) => [statement.key, statement]))
  const times = new Map<string, number>()
  for (const { key, applied, disorder } of statements) {
    for (const number of applied) times.set(`${key} ${number}`, (times.get(`${key} ${number}`) ?? 0) + 1)
    for (const line of disorder) wrong.push(`${key} got ${line}`)
  }
  for (const { number, account } of commands) {
    const count = times.get(`${account} ${number}`) ?? 0
    if (count === 0) lost.push(`command ${number} of ${account} was acknowledged and is gone`)
    if (count > 1) wrong.push(`command ${number} of ${account} was carried out ${count} times`)
    times.delete(`${account} ${number}`)
  }
  for (const stranger of times.keys()) wrong.push(`${stranger} was never sent`)
  for (const { key, sent } of statements)
    for (const [to, count] of Object.entries(sent)) {
      const arrived = books.get(to)?.received[key] ?? 0
      if (arrived !== count) wrong.push(`${key} sent ${to} ${count} deliveries, of which ${arrived} arrived`)
    }
  const deposits = commands.filter(({ to }) => to === undefined).length
  const money = statements.reduce((sum, { balance }) => sum + balance, 0)
  if (money !== deposits * AMOUNT) wrong.push(`there is ${money} of money, and ${deposits * AMOUNT} was paid in`)
  return { lost, wrong }
}
