import fc from "fast-check"
import t, { type Test } from "tap"
import { createActorSystem, defineActor, router } from "#actors/index.js"
import { cellOf } from "#actors/context.js"
import type { Cell } from "#actors/cell.js"
import type { Ref } from "#actors/ref.js"
import { Credit } from "#actors/remote/credit.js"
import { creditOf, windowOf, type Recipient } from "#actors/remote/protocol.js"
import type { ActorSystem } from "#actors/system.js"
import { HandClock } from "#test/support/hand-clock.js"
import { passing } from "#test/support/passing.js"

const capacity = 32
const lot = creditOf(windowOf(capacity))
/** Longer than a mailbox that takes nothing is left alone. */
const aWhileMs = 20

/** A mailbox that takes a message for each leave that is given, and what its sender is told. */
async function open(t: Pick<Test, "teardown">) {
  const clock = new HandClock()
  const system = (await createActorSystem({ name: "credit", clock })) as unknown as ActorSystem
  let leaves = 0
  const waiting: (() => void)[] = []
  const Taker = defineActor({
    name: "taker",
    state: () => ({}),
    mailbox: { capacity },
    receive: {
      take: () => (leaves > 0 ? void leaves-- : new Promise<void>((done) => waiting.push(done))),
    },
  })
  const taker = system.spawn(Taker)
  const cell = cellOf(taker) as Cell
  const told: { readonly to: Recipient; readonly count: number }[] = []
  const credit = new Credit(clock, system.wheel, (to, count) => told.push({ to, count }))
  t.teardown(async () => {
    for (const done of waiting) done()
    leaves = Infinity
    await system.stop()
  })
  return {
    taker,
    cell,
    credit,
    told,
    pass: passing(clock, 1),
    receive(count: number) {
      for (let n = 0; n < count; n++) {
        taker.tell("take")
        credit.received(1, cell)
      }
      credit.batchEnded()
    },
    /** Lets it take so many. */
    leave(count: number) {
      for (let n = 0; n < count; n++) {
        const next = waiting.shift()
        if (next === undefined) leaves += 1
        else next()
      }
    },
    /** What its mailbox holds. The message in hand is taken. */
    held: () => cell.waiting,
    credited: () => told.reduce((sum, { count }) => sum + count, 0),
  }
}

const turns = async (): Promise<void> => {
  for (let n = 0; n < 5; n++) await new Promise((turn) => setImmediate(turn))
}

t.test("what was taken is credited in lots, without any time that passes", async (t) => {
  const { receive, leave, told } = await open(t)
  leave(capacity)
  receive(lot - 1)
  await turns()
  t.same(told, [], "less than a lot is not said")
  receive(1)
  await turns()
  t.same(told, [{ to: 1, count: lot }])
})

t.test("what a mailbox holds is not credited, and a mailbox that takes nothing is looked at again", async (t) => {
  const { receive, leave, told, held, pass } = await open(t)
  receive(2 * lot)
  await pass(10 * aWhileMs)
  t.same(told, [])
  leave(lot + 1)
  await turns()
  t.same(told, [], "it is left alone for a while")
  await pass(aWhileMs)
  t.equal(told.length, 1)
  t.equal(told[0]?.count, 2 * lot - held())
})

t.test("an actor that has ended is credited for all it was sent", async (t) => {
  const { receive, cell, told, credited, pass } = await open(t)
  receive(2 * lot)
  await pass(aWhileMs)
  t.same(told, [])
  const stopped = cell.stop()
  await pass(cell.system.shutdownTimeoutMs + aWhileMs)
  await stopped
  t.equal(credited(), 2 * lot)
})

t.test("what lies behind a router is credited after its batch", async (t) => {
  const { credit, taker, told } = await open(t)
  const behind = router([taker], "round-robin") as unknown as Ref
  credit.received("ref:0", behind)
  credit.received("ref:0", behind)
  t.same(told, [])
  credit.batchEnded()
  t.same(told, [{ to: "ref:0", count: 2 }])
  credit.batchEnded()
  t.equal(told.length, 1)
})

t.test("after its end nobody is told anything", async (t) => {
  const { receive, leave, told, credit, pass } = await open(t)
  receive(2 * lot)
  await pass(aWhileMs)
  credit.close()
  leave(2 * lot)
  await pass(10 * aWhileMs)
  t.same(told, [])
})

t.test(
  "whatever comes and is taken, credit is never more than was taken, and in the end less than a lot behind it",
  async (t) => {
    const step = fc.record({ come: fc.nat(5), take: fc.nat(5), pass: fc.nat(12) })
    const property = fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
      const ends: (() => Promise<void>)[] = []
      const { receive, leave, held, credited, pass } = await open({
        teardown: (end) => void ends.push(end as () => Promise<void>),
      })
      let received = 0
      for (const { come, take, pass: milliseconds } of steps) {
        const room = Math.min(come, windowOf(capacity) - (received - credited()))
        receive(room)
        received += room
        leave(take)
        await pass(milliseconds)
        if (credited() > received - held()) return false
      }
      await pass(aWhileMs)
      const behind = received - held() - credited()
      for (const end of ends) await end()
      return behind >= 0 && behind < lot
    })
    await t.resolves(fc.assert(property, { numRuns: 50 }))
  },
)
