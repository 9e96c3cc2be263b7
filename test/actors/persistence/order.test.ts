import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import t from "tap"
import { systemClock } from "#actors/clock.js"
import { levelJournal, LevelStore } from "#actors/index.js"
import { journalParts } from "#actors/persistence/level-journal.js"

setFlagsFromString("--expose-gc")
const collect = runInNewContext("gc") as () => void
const collected = async (): Promise<void> => {
  collect()
  await new Promise((done) => setTimeout(done, 1))
}

t.test("what a store keeps in memory for each tenant and type ends when nobody uses it (O5)", async (t) => {
  const store = await LevelStore.open(t.testdir())
  const parts = journalParts(store)
  const journal = levelJournal(store, systemClock, parts)
  const id = (tenant: string) => ({ tenant, type: "account", key: "k" })
  const event = { name: "grew", payload: 1, version: 1 }
  let heard = 0
  const unfollow = journal.follow("followed", "account", () => (heard += 1))
  await journal.append(id("ordered"), 0, 0, [event, event], { ordered: true })
  for (let n = 0; n < 20_000; n++) {
    const order = parts.orders.of({ tenant: `tenant-${n}`, type: "account" })
    if (n % 1000 === 0) await order.settle(false)
  }
  while (parts.orders.size > 1010) await collected()

  await journal.append(id("followed"), 0, 0, [event], { ordered: true })
  t.equal(heard, 1, "whoever follows an order goes on to hear of it")
  await journal.append(id("ordered"), 2, 0, [event], { ordered: true })
  const ordinals: number[] = []
  for await (const page of journal.ordered("ordered", "account")) ordinals.push(...page.map(({ ordinal }) => ordinal))
  t.same(ordinals, [1, 2, 3], "and its count goes on")
  unfollow()
  await journal.close()
})
