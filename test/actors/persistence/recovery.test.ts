import t from "tap"
import {
  createActorSystem,
  definePersistentActor,
  memoryJournal,
  openLevelJournal,
  systemClock,
  type ActorSystem,
  type AgentOSError,
  type Journal,
} from "#actors/index.js"
import { HandClock } from "../../support/hand-clock.js"
import { heldJournal, type HeldJournal } from "../../support/held-journal.js"

const turnOfLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const late: string[] = []

const counterOf = (options: { version?: number; fold?: "wrong"; upgrade?: "wrong" } = {}) =>
  definePersistentActor({
    name: "counter",
    version: options.version ?? 1,
    state: () => ({ total: 0 }),
    events: {
      added: (state, by: number) => {
        if (options.fold === "wrong") throw Object.create(null) as Error
        state.total += by
      },
    },
    ...(options.upgrade === undefined ? {} : { upgrade: { 1: () => { throw new Error("cannot be read so") } } }), // prettier-ignore
    snapshotEvery: 3,
    retention: { keepEvents: 1, keepCommandsMs: 1000 },
    passivateAfterMs: 5,
  }).receive({
    async add(ctx, by: number) {
      await ctx.persist("added", by)
      return ctx.state.total
    },
    addThenThrow(ctx, many: readonly number[]) {
      for (const by of many) void ctx.persist("added", by)
      throw new Error("after all")
    },
    async addThenWait(ctx, by: number) {
      void ctx.persist("added", by)
      await new Promise(() => {})
    },
    async lateOne(ctx, by: number) {
      await ctx.persist("added", by)
      await new Promise((resolve) => setTimeout(resolve, 100))
      await ctx.persist("added", by).catch((error: unknown) => late.push((error as AgentOSError).code))
      late.push("over")
    },
    workUntilAborted(ctx) {
      ctx.run(async (signal) => {
        await new Promise((resolve) => signal.addEventListener("abort", resolve))
        await ctx.persist("added", 100)
        late.push("persisted")
      }, "worked")
    },
    worked() {},
    total: (ctx) => ctx.state.total,
  })
const Counter = counterOf()
const id = { tenant: "default", type: "counter", key: "a" }

const journals: Record<string, (folder: string) => Promise<Journal>> = {
  memory: async () => memoryJournal(systemClock),
  LevelDB: openLevelJournal,
}

for (const [name, openInner] of Object.entries(journals)) {
  await t.test(name, async (t) => {
    let inner: Journal
    let journal: HeldJournal
    let system: ActorSystem
    const open = (definition = Counter): Promise<ActorSystem> =>
      createActorSystem({ name: "test", journal, definitions: [definition], shutdownTimeoutMs: 50 })
    t.beforeEach(async (t) => {
      late.length = 0
      inner = await openInner(t.testdir())
      journal = heldJournal(inner)
      system = await open()
    })
    t.afterEach(async () => {
      journal.letGo()
      await system.stop()
      await inner.close()
    })
    const counter = () => system.entity(Counter, "a")
    const stored = async (): Promise<number> => {
      let last = 0
      for await (const events of inner.read(id)) last += events.length
      return last
    }
    const settle = async (): Promise<void> => {
      for (let n = 0; n < 20; n++) await turnOfLoop()
    }

    await t.test("S32. a life reads only when the appends of the one before have ended", async (t) => {
      for (const [many, stored] of [
        [[1], 1],
        [[1, 2, 3], 2],
      ] as const) {
        // prettier-ignore
        await counter().ask("total")
        const reads = journal.reads
        journal.hold()
        const failed = t.rejects(counter().ask("addThenThrow", many), { code: "ACTOR_CRASHED" })
        await journal.waiting(1)
        await failed
        const asked = [counter().ask("total"), counter().ask("add", 10), counter().ask("total")]
        await settle()
        t.equal(journal.reads, reads, "the append of the former life is under way")
        journal.letGo()
        const before = stored === 1 ? 0 : 11
        t.same(await Promise.all(asked), [before + 1, before + 11, before + 11], "only what was under way was stored")
      }
      t.equal(system.statistics.crashes, 2, "innocent commands are carried out")
    })

    await t.test("F20. so it is when the append of the former life fails", async (t) => {
      await counter().ask("add", 1)
      journal.hold()
      const failed = t.rejects(counter().ask("addThenThrow", [5]))
      await journal.waiting(1)
      await failed
      const asked = counter().ask("add", 1)
      journal.letGo(new Error("no disk"))
      t.equal(await asked, 2)
      t.equal(system.statistics.crashes, 1)
    })

    await t.test("F20. and when it was stopped in the middle of one, or ended while saving a snapshot", async (t) => {
      await counter().ask("add", 1)
      journal.hold()
      counter().tell("addThenWait", 5)
      await journal.waiting(1)
      await system.stop()
      journal.letGo()
      while ((await stored()) < 2) await turnOfLoop()
      system = await open()
      t.equal(await counter().ask("total"), 6)
      for (let n = 0; n < 20; n++) {
        await counter().ask("add", 1) // every third one saves a snapshot and trims
        if (n % 2 === 0) await t.rejects(counter().ask("addThenThrow", [1]))
      }
      t.equal(await counter().ask("total"), 36)
      t.equal(system.statistics.crashes, 10)
    })

    await t.test("F18. after its time a handler persists nothing", async (t) => {
      const asked = t.rejects(counter().ask("lateOne", 1))
      while ((await stored()) < 1) await turnOfLoop()
      await system.stop()
      await asked
      while (!late.includes("over")) await turnOfLoop()
      t.same(late, ["ACTOR_STOPPED", "over"])
      system = await open()
      t.equal(await counter().ask("total"), 1)
    })

    await t.test("F18. what a work persists when its actor is stopped is stored or refused, and told", async (t) => {
      await counter().ask("workUntilAborted")
      await system.stop()
      await settle()
      system = await open()
      t.equal(await counter().ask("total"), late.includes("persisted") ? 100 : 0)
      t.same(late, ["persisted"])
    })

    await t.test("commands go on over many passivations", async (t) => {
      for (let n = 1; n <= 10; n++) {
        t.equal(await counter().with({ commandId: `c${n}` }).ask("add", 1), n) // prettier-ignore
        while (system.residentEntities > 0) await new Promise((resolve) => setTimeout(resolve, 5))
      }
    })

    for (const [what, code, spoil, definition] of [
      ["a record of a newer version", "RECORD_UNKNOWN", { version: 9 }, Counter],
      ["an event that is not known", "RECORD_UNKNOWN", { name: "subtracted" }, Counter],
      ["an event named like a property of every object", "RECORD_UNKNOWN", { name: "constructor" }, Counter],
      ["a fold that throws what has no text", "RECOVERY_FAILED", {}, counterOf({ fold: "wrong" })],
      ["an upgrade that throws", "RECOVERY_FAILED", {}, counterOf({ version: 2, upgrade: "wrong" })],
    ] as const)
      await t.test(`F22. ${what} is told to whoever asks, and not read again and again`, async (t) => {
        await journal.append(id, 0, 0, [{ ...{ name: "added", payload: 1, version: 1 }, ...spoil }])
        await system.stop()
        system = await open(definition)
        const reads = journal.reads
        const asks = Array.from({ length: 20 }, () => system.entity(definition, "a").ask("total"))
        for (const ask of asks) await t.rejects(ask, { code, retryable: false, message: /counter a: / })
        system.entity(definition, "a").tell("add", 1)
        await t.rejects(system.entity(definition, "a").with({ commandId: "c" }).ask("add", 1), { code })
        t.equal(journal.reads - reads, 1)
        t.equal(system.statistics.deadLetters, 22, "what reached nobody is counted")
        t.equal(await system.entity(definition, "another").ask("total"), 0, "others go on")
      })

    await t.test("F21. a journal that is away is tried again while messages wait", async (t) => {
      let away = 4
      const flaky: Journal = {
        ...journal,
        snapshot: (actor) => (away-- > 0 ? Promise.reject(new Error("away")) : journal.snapshot(actor)),
      }
      await system.stop()
      system = await createActorSystem({ name: "test", journal: flaky, definitions: [Counter] })
      t.same(await Promise.all([counter().ask("add", 1), counter().ask("add", 2)]), [1, 3])
      t.equal(system.statistics.crashes, 0)
    })

    await t.test("a failed append ends the life, though the handler catches it", async (t) => {
      await counter().ask("add", 1)
      journal.hold()
      const asked = t.rejects(counter().ask("add", 1), { code: "JOURNAL_FAILED", message: /no disk/ })
      await journal.waiting(1)
      journal.letGo(new Error("no disk"))
      await asked
      t.equal(await counter().ask("add", 1), 2)
    })
  })
}

await t.test("F22. what could not be read is read again when it may have been mended", async (t) => {
  const clock = new HandClock()
  const inner = memoryJournal(clock)
  const system = await createActorSystem({ name: "test", clock, journal: inner, definitions: [Counter] })
  t.teardown(() => system.stop())
  await inner.append(id, 0, 0, [{ name: "added", payload: 1, version: 5 }])
  const counter = system.entity(Counter, "a")
  await t.rejects(counter.ask("total"), { code: "RECORD_UNKNOWN" })
  await inner.saveSnapshot(id, { sequence: 1, version: 1, state: { total: 7 } })
  await t.rejects(counter.ask("total"), { code: "RECORD_UNKNOWN" }, "it is left alone for a while")
  clock.wind(2000)
  await turnOfLoop()
  t.equal(await counter.ask("total"), 7)
})
