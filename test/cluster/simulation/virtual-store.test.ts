import t, { type Test } from "tap"
import { EventLog } from "#actors/simulation/event-log.js"
import { SeededRandom } from "#actors/simulation/seeded-random.js"
import { VirtualClock } from "#actors/simulation/virtual-clock.js"
import type { Journal, NewEvent, PersistenceId } from "#actors/persistence/journal.js"
import { fenceOf } from "#cluster/epochs.js"
import { VirtualStore, type VirtualStoreOptions } from "#cluster/simulation/virtual-store.js"
import { epochsContract } from "#test/support/epochs-contract.js"
import { journalContract } from "#test/support/journal-contract.js"

const alice: PersistenceId = { tenant: "default", type: "account", key: "alice" }
const event = (payload: unknown): NewEvent => ({ name: "deposited", payload, version: 1 })
const fence = fenceOf(1)

/** A store whose time passes by itself until the test has ended. */
function running(t: Test, options?: VirtualStoreOptions) {
  const clock = new VirtualClock()
  const store = new VirtualStore(clock, new SeededRandom(1), new EventLog(), options)
  let over = false
  t.teardown(() => (over = true))
  void (async () => {
    while (!over) await clock.advance(1)
  })()
  const [ann, bob] = ["ann", "bob"].map((name) => {
    const view = clock.view()
    return { view, journal: store.journalOf(name, view), epochs: store.epochsOf(name, view) }
  }) as [Node, Node]
  return { clock, store, ann, bob }
}
interface Node {
  readonly view: ReturnType<VirtualClock["view"]>
  readonly journal: ReturnType<VirtualStore["journalOf"]>
  readonly epochs: ReturnType<VirtualStore["epochsOf"]>
}

const time = new VirtualClock()
journalContract(
  "virtual store",
  async () => {
    const store = new VirtualStore(time, new SeededRandom(1), new EventLog(), { latencyMs: 0 }) // nothing overtakes
    return passing(time, store.journalOf("ann", time.view()))
  },
  false,
  { wallTime: () => time.wallTime(), wind: (milliseconds) => time.advance(milliseconds) },
)

/** A journal at the other end of a network for a suite that knows nothing of virtual time: each call lets pass as much of it as it takes. */
function passing(clock: VirtualClock, journal: Journal): Journal {
  const pass = <T>(work: Promise<T>): Promise<T> => {
    void clock.advance(10)
    return work
  }
  async function* paged<T>(pages: AsyncIterable<T>): AsyncGenerator<T> {
    const iterator = pages[Symbol.asyncIterator]()
    for (let page = await pass(iterator.next()); page.done !== true; page = await pass(iterator.next()))
      yield page.value
  }
  return {
    append: (...args) => pass(journal.append(...args)),
    read: (...args) => paged(journal.read(...args)),
    reply: (...args) => pass(journal.reply(...args)),
    trim: (...args) => pass(journal.trim(...args)),
    trimCommands: (...args) => pass(journal.trimCommands(...args)),
    saveSnapshot: (...args) => pass(journal.saveSnapshot(...args)),
    snapshot: (...args) => pass(journal.snapshot(...args)),
    ordered: (...args) => paged(journal.ordered(...args)),
    follow: (...args) => journal.follow(...args),
    keys: (...args) => paged(journal.keys(...args)),
    remove: (...args) => pass(journal.remove(...args)),
    compact: () => pass(journal.compact()),
    close: () => journal.close(),
  }
}

epochsContract("virtual store", async (t) => {
  const { ann, bob } = running(t)
  return [ann.epochs, bob.epochs]
})

t.test("an append under an epoch that was overtaken is refused, and what was taken is told", async (t) => {
  const { store, ann, bob } = running(t)
  const seen: unknown[] = []
  store.appended = ({ node, epoch, sequence }) => void seen.push([node, epoch, sequence])
  await ann.epochs.mint(1, 0, "ann#1")
  t.equal(await ann.journal.append(alice, 0, 1, [event(1)], { fence }), 1)
  await bob.epochs.mint(1, 1, "bob#1")
  await t.rejects(ann.journal.append(alice, 1, 1, [event(2)], { fence }), { code: "STALE_EPOCH" })
  t.equal(await bob.journal.append(alice, 1, 2, [event(3)], { fence }), 2)
  t.same(seen, [["ann", 1, 1], ["bob", 2, 2]]) // prettier-ignore
})

t.test("an answer that is lost leaves open what was done", async (t) => {
  const { store, ann, bob } = running(t, { lostAnswers: 1 })
  await t.rejects(ann.journal.append(alice, 0, 1, [event(1)]), { code: "STORE_FAILED" })
  t.match(await ann.epochs.mint(1, 0, "ann#1"), { kind: "unknown" })
  store.faulty = false
  t.match(await bob.epochs.read(1), { epoch: 1, holder: "ann#1" })
  await t.rejects(bob.journal.append(alice, 0, 1, [event(1)]), { code: "SEQUENCE_CONFLICT" })
})

t.test("while it is away for all nothing is done; who is cut off may be heard late", async (t) => {
  const { store, ann, bob } = running(t)
  const back = store.outage()
  await t.rejects(ann.journal.append(alice, 0, 1, [event(1)]), { code: "STORE_FAILED" })
  back()
  const join = store.cutOff("ann")
  const late = Array.from({ length: 20 }, (_, n) => ann.epochs.mint(n, 0, "ann#1"))
  t.same([...new Set((await Promise.all(late)).map(({ kind }) => kind))], ["unknown"])
  t.match(await bob.epochs.mint(0, 0, "bob#1"), { kind: "minted" })
  join()
  await bob.epochs.read(0)
  await bob.epochs.read(0)
  t.match(await bob.epochs.read(0), { holder: "bob#1" }, "what comes late finds another epoch")
  const arrived = await Promise.all(late.map((_, n) => bob.epochs.read(n)))
  t.ok(arrived.some(({ holder }) => holder === "ann#1") && arrived.some(({ epoch }) => epoch === 0))
})

t.test("who has ended is not answered, and what it sent is carried out", async (t) => {
  const { ann, bob } = running(t)
  void ann.journal.append(alice, 0, 1, [event(1)]).then(
    () => t.fail("it has ended"),
    () => t.fail("it has ended"),
  )
  ann.view.end()
  await bob.epochs.read(1)
  await bob.epochs.read(1)
  const found: unknown[] = []
  for await (const page of bob.journal.read(alice)) found.push(...page)
  t.equal(found.length, 1)
})
