/** The judge of the proofs finds what it is to find: each test plants one fault in a history that is right. */
import t from "tap"
import { judge, type Kept, type Operation } from "./history.js"

const amounts = [5, 7, 11]
const event = (n: number, change: Partial<Kept> = {}): Kept => ({ key: "k", sequence: n, epoch: 1, shard: 3, id: `c${n}`, amount: amounts[n - 1] as number, by: "a#1", ...change }) // prettier-ignore
const balance = (count: number): number => amounts.slice(0, count).reduce((sum, amount) => sum + amount, 0)
/** Acknowledged at 10 n + 5, begun at 10 n. */
const deposit = (n: number, change: Partial<Operation> = {}): Operation => ({
  key: "k",
  deposit: { id: `c${n}`, amount: amounts[n - 1] as number },
  begun: 10 * n,
  ended: 10 * n + 5,
  answer: { count: n, balance: balance(n), by: "a#1" },
  ...change,
})
const read = (count: number, begun: number): Operation => ({
  key: "k",
  deposit: undefined,
  begun,
  ended: begun + 1,
  answer: { count, balance: balance(count), by: "a#1" },
})

const events = [event(1), event(2), event(3)]
const operations = [deposit(1), deposit(2), deposit(3), read(0, 1), read(2, 26), read(3, 36)]

t.test("a history that is right", async (t) => {
  t.same(judge(operations, events), { lost: [], stale: [], wrong: [], acknowledged: 3, reads: 3 })
})

t.test("what overlaps may come in either order, and what was not acknowledged may be there or not", async (t) => {
  const { lost, stale, wrong } = judge(
    [
      deposit(2, { begun: 10, ended: 40 }),
      deposit(1, { begun: 10, ended: 40 }),
      deposit(3, { ended: undefined, answer: undefined }),
      { ...deposit(3), deposit: { id: "c4", amount: 13 }, ended: undefined, answer: undefined },
      read(2, 31),
      read(3, 31),
    ],
    events,
  )
  t.same([...lost, ...stale, ...wrong], [])
})

const planted: Record<string, readonly [readonly Operation[], readonly Kept[], RegExp]> = {
  "an acknowledged deposit is gone": [operations, events.slice(0, 2), /c3 was acknowledged .* and is gone/],
  "a deposit was carried out twice": [operations, [...events, event(1, { sequence: 4 })], /c1 was carried out twice/],
  "a deposit that nobody sent": [operations, [...events, event(3, { sequence: 4, id: "c9" })], /c9 at 4 was never sent/],
  "another amount": [operations, [event(1, { amount: 6 }), event(2), event(3)], /c1 has another amount/],
  "an answer of another maker": [operations, [event(1), event(2), event(3, { by: "b#1" })], /c3 was answered .* by b#1/],
  "an answer that tells another balance": [
    [deposit(1), deposit(2), deposit(3, { answer: { count: 3, balance: 24, by: "a#1" } })],
    events,
    /c3 was answered 3 deposits and 24/,
  ],
  "later in time and earlier in the journal": [
    [deposit(1), deposit(3, { begun: 12, ended: 13 }), deposit(2)],
    events,
    /c2 stands at 2, but 3 was acknowledged before it began/,
  ],
  "a read of an old state": [[...operations, read(2, 36)], events, /a read saw 2 .* when 3 was acknowledged/],
  "a read after a read that saw more": [
    [deposit(1), deposit(2, { ended: 99 }), read(2, 30), read(1, 32)],
    events.slice(0, 2),
    /a read saw 1 .* when 2 was acknowledged/,
  ],
  "a read of what is in no journal": [
    [...operations, { ...read(3, 36), answer: { count: 3, balance: 99, by: "b#1" } }],
    events,
    /a read saw 3 deposits and 99, by b#1, and the journal has 23/,
  ],
  "a read of more than there is": [
    [...operations, { ...read(3, 36), answer: { count: 4, balance: 30, by: "b#1" } }],
    events,
    /the journal has undefined/,
  ],
  "a read from the future": [[...operations, read(3, 26)], events, /a read saw c3 before it was sent/],
  "a write under a stale epoch": [operations, [event(1), event(2, { epoch: 2 }), event(3)], /event 3 of a#1 has epoch 1 after 2/],
  "two holders of an epoch": [operations, [event(1), event(2, { by: "b#1" }), event(3)], /epoch 1 of shard 3 was used by a#1 and by b#1/],
  "a gap": [operations, [event(1), event(2), event(3, { sequence: 5 })], /event 3 has sequence number 5/],
} // prettier-ignore

for (const [name, [operations, events, found]] of Object.entries(planted))
  t.test(`found: ${name}`, async (t) => {
    const { lost, stale, wrong } = judge(operations, events)
    t.match([...lost, ...stale, ...wrong].join("\n"), found)
  })
