import t from "tap"
import { systemClock } from "#actors/clock.js"
import { createActorSystem, definePersistentActor, type Journal } from "#actors/index.js"
import { memoryJournal } from "#actors/persistence/memory-journal.js"

const Tally = definePersistentActor({
  name: "tally",
  version: 1,
  state: () => ({ total: 0 }),
  events: {
    added: (state, by: number) => {
      state.total += by
    },
  },
  snapshotEvery: 2,
}).receive({
  async add(ctx, by: number) {
    await ctx.persist("added", by)
    return ctx.state.total
  },
  async addAll(ctx, many: readonly number[]) {
    await ctx.persistAll(many.map((payload) => ({ name: "added" as const, payload })))
    return ctx.state.total
  },
  forgetful(ctx, many: readonly number[]) {
    for (const by of many) void ctx.persist("added", by)
  },
  total: (ctx) => ctx.state.total,
})

t.test("a snapshot holds every event up to its sequence, however the events were persisted", async (t) => {
  const journal = { ...memoryJournal(systemClock), close: async () => {} }
  const first = await createActorSystem({ name: "first", definitions: [Tally], journal })
  const tally = first.entity(Tally, "a")
  t.equal(await tally.ask("add", 1), 1)
  t.equal(await tally.ask("addAll", [2, 3]), 6)
  t.equal(await tally.with({ commandId: "once" }).ask("addAll", [4, 5]), 15)
  t.equal(await tally.ask("addAll", []), 15)
  await first.stop()
  const second = await createActorSystem({ name: "second", definitions: [Tally], journal })
  t.equal(await second.entity(Tally, "a").ask("total"), 15)
  await second.stop()
})

t.test("an answer waits for events that the handler did not wait for", async (t) => {
  const inner = memoryJournal(systemClock)
  let appended = 0
  const slow = {
    ...inner,
    async append(...args: Parameters<typeof inner.append>) {
      await new Promise((done) => setTimeout(done, 5))
      appended += 1
      return inner.append(...args)
    },
  }
  const system = await createActorSystem({ name: "test", definitions: [Tally], journal: slow })
  const tally = system.entity(Tally, "b")
  await tally.ask("forgetful", [1, 2, 3])
  t.equal(appended, 3)
  t.equal(await tally.ask("total"), 6)
  await system.stop()
})

t.test("a journal that fails ends the incarnation even when the handler does not look", async (t) => {
  const inner = memoryJournal(systemClock)
  let broken = true
  const journal = {
    ...inner,
    append: (...args: Parameters<typeof inner.append>) =>
      broken ? Promise.reject(new Error("no disk")) : inner.append(...args),
  }
  const system = await createActorSystem({ name: "test", definitions: [Tally], journal })
  const tally = system.entity(Tally, "c")
  await t.rejects(tally.ask("forgetful", [1]), { code: "JOURNAL_FAILED" })
  broken = false
  t.equal(await tally.ask("add", 2), 2)
  await system.stop()
})

t.test("a snapshot of another version does not hide that the events it covered are trimmed", async (t) => {
  const journal = { ...memoryJournal(systemClock), close: async () => {} }
  const first = await createActorSystem({ name: "first", definitions: [Tally], journal })
  await first.entity(Tally, "c").ask("addAll", [1, 2, 3])
  await first.stop()
  const id = { tenant: "default", type: "tally", key: "c" }
  for (const upTo of [1, 3]) {
    await journal.trim(id, upTo)
    const same = await createActorSystem({ name: "same", definitions: [Tally], journal })
    t.equal(await same.entity(Tally, "c").ask("total"), 6, "its own version recovers from the snapshot")
    await same.stop()
    const Newer = definePersistentActor({
      name: "tally",
      version: 2,
      state: () => ({ total: 0 }),
      events: { added: () => {} },
      upgrade: { 1: (event) => event },
    }).receive({ total: (ctx) => ctx.state.total })
    const newer = await createActorSystem({ name: "newer", definitions: [Newer], journal })
    await t.rejects(newer.entity(Newer, "c").with({ timeoutMs: 200 }).ask("total"), { code: "RECORD_UNKNOWN", message: /first events were trimmed/ }) // prettier-ignore
    await newer.stop()
  }
})

t.test("an event that is missing though nothing let it go is damage, with its number", async (t) => {
  for (const [missing, told, snapshotAt, version] of [
    [[2], "event 2 is missing", 0, 1],
    [[1, 2], "events 1 to 2 are missing", 0, 1],
    [[3, 4], "events 3 to 4 are missing", 0, 1],
    [[4], "event 4 is missing", 3, 1],
    [[2, 3], "events 2 to 3 are missing", 3, 2],
    [[2, 3, 4, 5], "events 2 to 3 are missing", 3, 2],
  ] as const) {
    const inner = memoryJournal(systemClock)
    const id = { tenant: "default", type: "tally", key: "c" }
    for (let n = 0; n < 5; n++) await inner.append(id, n, 0, [{ name: "added", payload: 1, version: 1 }])
    if (snapshotAt > 0) await inner.saveSnapshot(id, { sequence: snapshotAt, version: 1, state: { total: snapshotAt } })
    const journal: Journal = {
      ...inner,
      async *read(of, after) {
        for await (const page of inner.read(of, after))
          yield page.filter(({ sequence }) => !(missing as readonly number[]).includes(sequence))
      },
    }
    const Own = definePersistentActor({
      name: "tally",
      version,
      state: () => ({ total: 0 }),
      events: { added: (state, by: number) => void (state.total += by) },
    }).receive({ total: (ctx) => ctx.state.total })
    const system = await createActorSystem({ name: "test", definitions: [Own], journal })
    await t.rejects(system.entity(Own, "c").ask("total"), { code: "RECORD_DAMAGED", message: new RegExp(told) })
    await system.stop()
  }
})
