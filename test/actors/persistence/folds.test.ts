/** Folds change a state at once: what goes on later, or gives no number where one is asked for, is told. */
import t from "tap"
import {
  createActorSystem,
  definePersistentActor,
  defineProjection,
  memoryJournal,
  startProjection,
  systemClock,
  type Journal,
} from "#actors/index.js"

interface State {
  n: number
}
type Fold = (state: State, by: number) => void

const lists = (fold: Fold, state: () => State = () => ({ n: 0 })) =>
  definePersistentActor({ name: "sum", version: 1, state, events: { added: fold } }).receive({
    add: (ctx, by: number) => ctx.persist("added", by),
    total: (ctx) => ctx.state.n,
  })
const Sum = lists((state, by) => void (state.n += by))
const open = (Definition: typeof Sum, journal: Journal) =>
  createActorSystem({ name: "test", definitions: [Definition], journal: { ...journal, close: async () => {} } })

/** Functions that are not called async, and give promises all the same. */
const late: Record<string, Fold> = {
  "a promise": () => Promise.resolve(),
  "a promise that is rejected": () => Promise.reject(new Error("late")),
  "what only looks like one": () => ({ then: (done: () => void) => done() }),
}

t.test("an async fold is refused where it is defined, as is one that is no function", (t) => {
  const refused = { code: "INVALID_DEFINITION", message: /the fold of "added"/ }
  const apply = async (): Promise<void> => {}
  t.throws(() => lists(apply), refused)
  t.throws(() => lists(async () => Promise.reject(new Error("late"))), refused)
  t.throws(() => lists(3 as unknown as Fold), refused)
  t.throws(
    () => defineProjection({ name: "p", version: 1, from: Sum, state: () => ({}), apply: { added: apply } }),
    refused,
  )
  t.throws(
    () =>
      defineProjection({
        name: "p",
        version: 1,
        from: Sum,
        state: () => ({ n: 0 }),
        apply: { added: null as unknown as Fold },
      }),
    refused,
  )
  t.end()
})

for (const [what, fold] of Object.entries(late))
  t.test(`a fold that gives ${what} ends the life, and cannot be recovered from`, async (t) => {
    const journal = memoryJournal(systemClock)
    const Late = lists(fold)
    let system = await open(Late, journal)
    const told = { message: /the fold of "added" gives a promise/ }
    await t.rejects(system.entity(Late, "a").with({ commandId: "c" }).ask("add", 1), told)
    t.equal(await system.entity(Late, "a").ask("total"), 0, "under a command id nothing is stored")
    await t.rejects(system.entity(Late, "b").ask("add", 1), told)
    await t.rejects(system.entity(Late, "b").ask("total"), { code: "RECOVERY_FAILED", ...told })
    await system.stop()
    system = await open(Sum, journal)
    t.equal(await system.entity(Sum, "b").ask("total"), 1, "the event is there when the program is mended")
    const apply = { added: fold as () => void }
    const totals = startProjection(
      system,
      defineProjection({ name: "p", version: 1, from: Sum, state: () => ({ n: 0 }), apply }),
    )
    await t.rejects(totals.caughtUp(), told)
    await system.stop()
  })

t.test("a state that is a promise is refused", async (t) => {
  const none = async (): Promise<State> => Promise.reject(new Error("late"))
  const Late = lists(() => undefined, none as unknown as () => State)
  const system = await open(Late, memoryJournal(systemClock))
  await t.rejects(system.entity(Late, "a").ask("total"), { code: "RECOVERY_FAILED", message: /gives a promise/ })
  const projection = defineProjection({ name: "p", version: 1, from: Sum, state: none, apply: {} })
  t.throws(() => startProjection(system, projection), { code: "INVALID_DEFINITION", message: /state gives a promise/ })
  await system.stop()
})

t.test("a snapshotEvery that throws or gives no number from 1 on is told once, and stands for 1,000", async (t) => {
  const wrong = [
    () => NaN,
    () => 0,
    () => -1,
    () => "5",
    () => undefined,
    async () => 5,
    () => Promise.reject(new Error("late")),
    () => {
      throw new Error("no")
    },
  ]
  for (const every of wrong) {
    const warned: unknown[] = []
    const Often = definePersistentActor({
      name: "often",
      version: 1,
      state: () => ({ n: 0 }),
      events: { added: (state) => void (state.n += 1) },
      snapshotEvery: every as () => number,
    }).receive({
      async add(ctx, times: number) {
        for (let n = 0; n < times; n++) await ctx.persist("added")
      },
    })
    const journal = memoryJournal(systemClock)
    const system = await createActorSystem({
      name: "test",
      definitions: [Often],
      journal: { ...journal, close: async () => {} },
      logger: { debug() {}, info() {}, error() {}, warn: (fields, text) => void warned.push({ ...fields, text }) },
    })
    const id = { tenant: "default", type: "often", key: "a" }
    await system.entity(Often, "a").ask("add", 999)
    t.equal(await journal.snapshot(id), undefined)
    await system.entity(Often, "a").ask("add", 1)
    await system.stop()
    t.equal((await journal.snapshot(id))?.sequence, 1000)
    t.match(warned, [{ actor: "often a", error: /snapshotEvery|no/, text: /every 1000 events/ }])
    t.equal(warned.length, 1)
  }
})
