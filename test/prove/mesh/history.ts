/**
 * What clients saw beside what the store kept: the judge of the proofs. Pure.
 *
 * Invariants that it judges
 *   H1. An acknowledged deposit stands in the journal, with the place, balance and maker that its answer told.
 *   H2. No deposit stands there twice, and none that nobody sent.
 *   H3. Order in time is order in the history: what was begun after something else was acknowledged comes after it; a read sees all that was acknowledged before it began, by
 *       whomever it was answered.
 *   H4. A read sees what stands in the journal at the place that it tells, and nothing that was not begun before it ended.
 *   H5. Along an actor's sequence numbers, which have no gap, epochs never fall: no write was accepted from a stale epoch.
 *   H6. An epoch of a shard has one holder.
 */
import type { Answer, Deposited } from "./account.js"

/** What a client did; times in milliseconds by one clock. */
export interface Operation {
  readonly key: string
  /** Undefined for a read. */
  readonly deposit: { readonly id: string; readonly amount: number } | undefined
  /** When it was first sent. */
  readonly begun: number
  /** When its answer was there; undefined for a deposit that was never acknowledged. */
  readonly ended: number | undefined
  readonly answer: Answer | undefined
}

/** An event of an account as it stands in the store. */
export interface Kept extends Deposited {
  readonly key: string
  readonly sequence: number
  /** Undefined where the store is not asked for it. */
  readonly epoch: number | undefined
  readonly shard: number
}

export interface Judgement {
  /** H1. */
  readonly lost: readonly string[]
  /** H5. */
  readonly stale: readonly string[]
  /** The others. */
  readonly wrong: readonly string[]
  readonly acknowledged: number
  readonly reads: number
}

export function judge(operations: readonly Operation[], kept: readonly Kept[]): Judgement {
  const lost: string[] = []
  const stale: string[] = []
  const wrong: string[] = []
  const byKey = new Map<string, { operations: Operation[]; kept: Kept[] }>()
  const of = (key: string): { operations: Operation[]; kept: Kept[] } => {
    let found = byKey.get(key)
    if (found === undefined) byKey.set(key, (found = { operations: [], kept: [] }))
    return found
  }
  for (const operation of operations) of(operation.key).operations.push(operation)
  for (const event of kept) of(event.key).kept.push(event)
  for (const [key, { operations, kept }] of byKey) {
    kept.sort((a, b) => a.sequence - b.sequence)
    judgeEpochs(key, kept, stale, wrong)
    judgeKey(key, operations, kept, lost, wrong)
  }
  judgeHolders(kept, wrong)
  const ended = operations.filter(({ ended }) => ended !== undefined)
  const acknowledged = ended.filter(({ deposit }) => deposit !== undefined).length
  return { lost, stale, wrong, acknowledged, reads: ended.length - acknowledged }
}

/** H5. */
function judgeEpochs(key: string, kept: readonly Kept[], stale: string[], wrong: string[]): void {
  let epoch = 0
  for (const [i, event] of kept.entries()) {
    if (event.sequence !== i + 1) wrong.push(`${key}: event ${i + 1} has sequence number ${event.sequence}`)
    if ((event.epoch ?? epoch) < epoch)
      stale.push(`${key}: event ${event.sequence} of ${event.by} has epoch ${event.epoch} after ${epoch}`)
    epoch = event.epoch ?? epoch
  }
}

/** H6. */
function judgeHolders(kept: readonly Kept[], wrong: string[]): void {
  const holders = new Map<string, string>()
  for (const { shard, epoch, by } of kept) {
    if (epoch === undefined) continue
    const name = `epoch ${epoch} of shard ${shard}`
    const holder = holders.get(name)
    if (holder === undefined) holders.set(name, by)
    else if (holder !== by) wrong.push(`${name} was used by ${holder} and by ${by}`)
  }
}

/** H1 to H4 for one account. */
function judgeKey(key: string, operations: Operation[], kept: readonly Kept[], lost: string[], wrong: string[]): void {
  const places = new Map<string, number>()
  const balances = [0]
  for (const [i, { id, amount }] of kept.entries()) {
    if (places.has(id))
      wrong.push(`${key}: ${id} was carried out twice, at ${places.get(id)} and ${i + 1}`) // H2
    else places.set(id, i + 1)
    balances.push((balances[i] as number) + amount)
  }
  const begun = new Map<string, number>()
  for (const operation of operations) if (operation.deposit !== undefined) begun.set(operation.deposit.id, operation.begun) // prettier-ignore
  for (const { id, sequence } of kept) if (!begun.has(id)) wrong.push(`${key}: ${id} at ${sequence} was never sent`) // H2

  // In the order of their beginnings, with the highest place that was acknowledged before each.
  const ends = operations.filter(({ ended }) => ended !== undefined).sort((a, b) => (a.ended as number) - (b.ended as number)) // prettier-ignore
  let next = 0
  let floor = 0
  for (const { deposit, begun: at, ended, answer } of operations.sort((a, b) => a.begun - b.begun)) {
    for (; next < ends.length && ((ends[next] as Operation).ended as number) < at; next++)
      floor = Math.max(floor, (ends[next] as Operation).answer?.count ?? 0)
    const said = answer === undefined ? "" : `${answer.count} deposits and ${answer.balance}, by ${answer.by}`
    if (deposit !== undefined) {
      const place = places.get(deposit.id)
      const event = place === undefined ? undefined : kept[place - 1]
      if (event !== undefined && event.amount !== deposit.amount) wrong.push(`${key}: ${deposit.id} has another amount`)
      if (place !== undefined && place <= floor)
        wrong.push(`${key}: ${deposit.id} stands at ${place}, but ${floor} was acknowledged before it began`) // H3
      if (answer === undefined) continue
      if (place === undefined) lost.push(`${key}: ${deposit.id} was acknowledged (${said}) and is gone`)
      else if (answer.count !== place || answer.balance !== balances[place] || answer.by !== event?.by)
        wrong.push(`${key}: ${deposit.id} was answered ${said}, and stands at ${place} with ${balances[place]}, by ${event?.by}`) // prettier-ignore
    } else if (answer !== undefined) {
      if (answer.count < floor) wrong.push(`${key}: a read saw ${said} when ${floor} was acknowledged before it began`) // H3
      const last = kept[answer.count - 1]
      if (answer.balance !== balances[answer.count] || (answer.count > 0 && last === undefined))
        wrong.push(`${key}: a read saw ${said}, and the journal has ${balances[answer.count]} there`)
      else if (last !== undefined && (begun.get(last.id) ?? -Infinity) > (ended as number))
        wrong.push(`${key}: a read saw ${last.id} before it was sent`) // H4
    }
  }
}
