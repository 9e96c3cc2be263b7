import t from "tap"
import {
  AgentOSError,
  createActorSystem,
  defineActor,
  definePersistentActor,
  memoryJournal,
  openLevelJournal,
  systemClock,
  type ActorSystem,
  type Deferred,
  type Journal,
} from "#actors/index.js"
import { heldJournal, type HeldJournal } from "../../support/held-journal.js"

/** What a test decides about the handlers below. */
interface Gate {
  readonly open: Promise<void>
  go(): void
}
function gate(): Gate {
  let go!: () => void
  const open = new Promise<void>((resolve) => (go = resolve))
  return { open, go }
}
let gates: Record<string, Gate> = {}
const gateOf = (name: string): Gate => (gates[name] ??= gate())
const turnOfLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

const owed = new Map<string, Deferred<unknown>>()
const confirmed: string[] = []
let handled = 0

const Log = definePersistentActor({
  name: "log",
  version: 1,
  state: () => ({ lines: [] as string[], pieces: {} as Record<string, number> }),
  events: {
    line: (state, text: string) => {
      state.lines.push(text)
    },
    put: (state, { name, pieces }: { name: string; pieces: { n: number } }) => {
      state.pieces = { ...state.pieces, [name]: pieces as never }
    },
    more: (state, { name, by }: { name: string; by: number }) => {
      ;(state.pieces[name] as unknown as { n: number }).n += by
    },
    maybe: (state, text = "nothing") => {
      state.lines.push(text)
    },
    parted: (state, { text = "nothing" }: { text?: string } | undefined = {}) => {
      state.lines.push(text)
    },
    wrong: () => {
      throw new Error("this fold is wrong")
    },
  },
}).receive({
  /** Persists later, in one of the ways in which a command goes on, and is never answered. */
  byAndBy(ctx, by: string) {
    const answer = ctx.defer<string>()
    if (by === "timer") ctx.after(1, "storeLater", by)
    else if (by === "failure") ctx.run(() => Promise.reject(new Error(by)), "storeLater", "storeLater")
    else if (by === "result of a result") ctx.run(async () => by, "again")
    else
      ctx.run(async () => {
        if (by !== "work") return by
        await ctx.persist("line", by)
        confirmed.push(by)
        return ""
      }, "storeLater")
    return answer
  },
  again(ctx, by: string) {
    ctx.run(async () => by, "storeLater")
  },
  async storeLater(ctx, by: string | Error) {
    if (by === "") return
    const text = by instanceof Error ? by.message : by
    await ctx.persist("line", text)
    confirmed.push(text)
  },
  async write(ctx, text: string) {
    handled += 1
    await ctx.persist("line", text)
    return ctx.state.lines.length
  },
  /** Persists in works of its own, and as many times as it is told. */
  work(ctx, { name, times }: { readonly name: string; readonly times: number }) {
    handled += 1
    ctx.run(async () => {
      for (let n = 0; n < times; n++) {
        await turnOfLoop()
        await ctx.persist("line", `${name}${n}`)
        confirmed.push(`${name}${n}`)
      }
    }, "worked")
    return "begun"
  },
  failingWork(ctx, name: string) {
    ctx.run(async () => {
      await gateOf(name).open
      throw new Error("a work has failed")
    }, "worked")
  },
  worked() {},
  async workFirst(ctx, { text, fails }: { readonly text: string; readonly fails: boolean }) {
    ctx.run(async () => {
      await ctx.persist("line", `${text}, the work`)
      confirmed.push(text)
    }, "worked")
    await ctx.persist("line", text)
    await turnOfLoop()
    if (fails) throw new Error(text)
  },
  causeOfWork: (ctx) => {
    const deferred = ctx.defer<string | undefined>()
    ctx.run(async () => {
      await turnOfLoop()
      deferred.reply(ctx.cause.caller)
    }, "worked")
    return deferred
  },
  async open(ctx, name: string) {
    await ctx.persist("line", `${name} begins`)
    await gateOf(name).open
    await ctx.persist("line", `${name} ends`)
  },
  async failing(ctx, text: string) {
    await ctx.persist("line", text)
    throw new Error("no")
  },
  forgetful(ctx, texts: readonly string[]) {
    for (const text of texts) void ctx.persist("line", text)
    return texts.length
  },
  both: async (ctx, texts: readonly string[]) => {
    await Promise.all(texts.map((text) => ctx.persist("line", text)))
    return [...ctx.state.lines]
  },
  async later(ctx, { name, first }: { readonly name: string; readonly first?: string }) {
    handled += 1
    const deferred = ctx.defer<unknown>()
    owed.set(name, deferred as Deferred<unknown>)
    if (first !== undefined) await ctx.persist("line", first)
    return deferred
  },
  async laterThenWork(ctx, name: string) {
    handled += 1
    const deferred = ctx.defer<unknown>()
    owed.set(name, deferred as Deferred<unknown>)
    ctx.run(async () => {
      await ctx.persist("line", `${name} worked`)
      confirmed.push(name)
    }, "worked")
    return deferred
  },
  answerThenPersist(ctx, name: string) {
    handled += 1
    const deferred = ctx.defer<string>()
    ctx.run(async () => {
      deferred.reply("late")
      await ctx.persist("line", "after the answer")
      confirmed.push(name)
    }, "worked")
    return deferred
  },
  async atOnce(ctx, text: string) {
    handled += 1
    const deferred = ctx.defer<string>()
    await ctx.persist("line", text)
    deferred.reply("now")
    return deferred
  },
  replyNow(_ctx, { name, value }: { readonly name: string; readonly value: unknown }) {
    owed.get(name)?.reply(value)
  },
  failNow(_ctx, name: string) {
    owed.get(name)?.fail(new AgentOSError("THROTTLED", "not today"))
  },
  async writeThenReply(ctx, name: string) {
    void ctx.persist("line", "before the reply")
    owed.get(name)?.reply("late")
    await gateOf("writeThenReply").open
  },
  async put(ctx) {
    const given = { name: "tea", pieces: { n: 1 } }
    await ctx.persist("put", given)
    given.pieces.n = 100
    await ctx.persist("more", { name: "tea", by: 1 })
    return structuredClone(ctx.state.pieces["tea"])
  },
  maybe: async (ctx) => {
    await ctx.persist("maybe")
    await ctx.persist("parted", undefined)
    await ctx.persistAll([
      { name: "maybe", payload: undefined },
      { name: "parted", payload: undefined },
    ])
  },
  wrong: (ctx) => ctx.persist("wrong"),
  answer: (_ctx, value: unknown) => {
    handled += 1
    return value
  },
  async badAnswer(ctx) {
    handled += 1
    await ctx.persist("line", "bad")
    return { of: () => 1 } as unknown
  },
  async tooMuch(ctx, kind: string) {
    const bad: Record<string, unknown> = {
      function: () => 1,
      symbol: Symbol("s"),
      instance: new (class Thing {
        x = 1
        is(): boolean {
          return true
        }
      })(),
      promise: Promise.resolve(1),
    }
    const told: string[] = []
    const tell = (error: unknown): void => {
      const { code, retryable, executed } = error as AgentOSError
      told.push(`${code} ${retryable} ${executed}`)
    }
    await ctx.persist("line", bad[kind] as string).catch(tell)
    try {
      await ctx.persistAll([
        { name: "line", payload: "good" },
        { name: "line", payload: { deep: [bad[kind]] } as unknown as string },
      ])
    } catch (error) {
      tell(error)
    }
    await ctx.persist(kind as "line", "x").catch(tell)
    await ctx.persist("line", kind)
    return told
  },
  /** Tries to persist what callers that are not typed may give. */
  async untyped(ctx, { name, all }: { readonly name: unknown; readonly all: boolean }) {
    const event = { name: name as "line", payload: "forged" }
    try {
      await (all ? ctx.persistAll([{ name: "line", payload: "good" }, event]) : ctx.persist(event.name, event.payload))
      return "taken"
    } catch (error) {
      return (error as AgentOSError).code
    }
  },
  async forged(ctx, given: () => unknown) {
    try {
      await ctx.persistAll([{ name: "line", payload: "good" }], given() as never)
      return "taken"
    } catch (error) {
      return (error as AgentOSError).code
    }
  },
  async unreadable(ctx, make: () => unknown) {
    try {
      await ctx.persist("line", make() as string)
      return "taken"
    } catch (error) {
      return `${(error as AgentOSError).code} ${(error as AgentOSError).message}`
    }
  },
  async answerAfterPersist(ctx, value: unknown) {
    await ctx.persist("line", "before the answer")
    return value
  },
  answerOf: (_ctx, make: () => unknown) => make(),
  lines: (ctx) => [...ctx.state.lines],
  tea: (ctx) => structuredClone(ctx.state.pieces["tea"]),
})

let stashing = true
const Shy = definePersistentActor({
  name: "shy",
  version: 1,
  state: () => ({ done: [] as string[] }),
  events: {
    did: (state, text: string) => {
      state.done.push(text)
    },
  },
}).receive({
  async act(ctx, text: string) {
    if (stashing) return ctx.stash() as unknown as number
    await ctx.persist("did", text)
    return ctx.state.done.length
  },
  async actThenStash(ctx, { text, first, caught }: { text: string; first: "persist" | "stash"; caught: boolean }) {
    if (!stashing) return ctx.state.done.length
    const steps = [() => ctx.persist("did", text), async () => ctx.stash()]
    if (first === "stash") steps.reverse()
    try {
      for (const step of steps) await step()
    } catch (error) {
      if (!caught) throw error
    }
    return -1
  },
  ready(ctx) {
    stashing = false
    ctx.unstashAll()
  },
  done: (ctx) => [...ctx.state.done],
})

const Sender = definePersistentActor({ name: "sender", version: 1, state: () => 0, events: {} }).receive({
  async send(ctx, text: string) {
    await ctx.deliver(ctx.system.entity(Shy, "d"), "act", text)
  },
})

const open = (journal: Journal): Promise<ActorSystem> =>
  createActorSystem({ name: "test", journal, definitions: [Log, Shy, Sender] })

const journals: Record<string, (folder: string) => Promise<Journal>> = {
  memory: async () => memoryJournal(systemClock),
  LevelDB: openLevelJournal,
}

for (const [name, openInner] of Object.entries(journals)) {
  await t.test(name, async (t) => {
    let inner: Journal
    let journal: HeldJournal
    let system: ActorSystem
    t.beforeEach(async (t) => {
      gates = {}
      owed.clear()
      confirmed.length = 0
      handled = 0
      stashing = true
      inner = await openInner(t.testdir())
      journal = heldJournal(inner)
      system = await open(journal)
    })
    t.afterEach(async () => {
      journal.letGo()
      await system.stop()
      await inner.close()
    })
    const restarted = async (): Promise<ActorSystem> => {
      await system.stop()
      return (system = await open(journal))
    }
    const log = () => system.entity(Log, "a")
    const linesAfterRestart = async (): Promise<readonly string[]> => (await restarted()).entity(Log, "a").ask("lines")

    await t.test("S30. what works persist beside commands with ids is durable when they are told so", async (t) => {
      await log().ask("work", { name: "w", times: 100 })
      await log().with({ commandId: "begin" }).ask("work", { name: "v", times: 100 })
      for (let n = 0; n < 60; n++)
        await log()
          .with({ commandId: `c${n}` })
          .ask("write", `c${n}`)
      while (confirmed.length < 200) await turnOfLoop()
      const before = await log().ask("lines")
      t.equal(before.length, 260)
      t.same(await linesAfterRestart(), before, "memory and journal have one order")
    })

    await t.test("F4. a command holds the queue from its first event to its write; works wait", async (t) => {
      await log().ask("work", { name: "w", times: 3 })
      const asked = log().with({ commandId: "x" }).ask("open", "x")
      while (gates["x"] === undefined) await turnOfLoop()
      for (let n = 0; n < 20; n++) await turnOfLoop()
      const duringIt = confirmed.length
      for (let n = 0; n < 20; n++) await turnOfLoop()
      t.equal(confirmed.length, duringIt, "nobody is told while the queue is held")
      gateOf("x").go()
      await asked
      while (confirmed.length < 3) await turnOfLoop()
      const before = await log().ask("lines")
      t.same(await linesAfterRestart(), before)
      const at = before.indexOf("x begins")
      t.equal(before[at + 1], "x ends", "nothing comes between")
    })

    await t.test("F11. a command that fails leaves nothing behind, and what works were told stays", async (t) => {
      await log().ask("work", { name: "w", times: 5 })
      for (let n = 0; n < 8; n++) {
        await t.rejects(log().with({ commandId: `f${n}` }).ask("failing", `f${n}`), { code: "ACTOR_CRASHED" }) // prettier-ignore
        await log().ask("lines")
      }
      const lines = await linesAfterRestart()
      t.same(lines.filter((line) => line.startsWith("f")), []) // prettier-ignore
      for (const line of confirmed) t.ok(lines.includes(line), `${line} was confirmed`)
    })

    await t.test("F11. a life that ends while a command holds the queue stores nothing of it", async (t) => {
      await log().ask("write", "before")
      await log().ask("failingWork", "broken")
      const asked = log().with({ commandId: "x" }).ask("open", "x")
      while (gates["x"] === undefined) await turnOfLoop()
      log().tell("work", { name: "w", times: 2 })
      gateOf("broken").go()
      await t.rejects(asked, { code: "ACTOR_CRASHED" })
      gateOf("x").go()
      while (confirmed.length < 2) await turnOfLoop()
      t.equal(await log().with({ commandId: "x" }).ask("open", "x"), undefined, "it is carried out again")
      t.same(await linesAfterRestart(), ["before", "w0", "w1", "x begins", "x ends"])
    })

    await t.test(
      "F6. a work that a command begins begins when its handler has ended, and is none of its write",
      async (t) => {
        await t.rejects(log().with({ commandId: "1" }).ask("workFirst", { text: "fails", fails: true }), {
          code: "ACTOR_CRASHED",
        })
        await log().with({ commandId: "2" }).ask("workFirst", { text: "ends", fails: false })
        while (confirmed.length === 0) await turnOfLoop()
        t.same(confirmed, ["ends"])
        t.same(await linesAfterRestart(), ["ends", "ends, the work"])
      },
    )

    await t.test("F3. the cause in a work is that of the message that began it", async (t) => {
      const answers = await Promise.all(
        ["ann", "bob"].map((caller) => log().with({ cause: { caller } }).ask("causeOfWork")),
      )
      t.same(answers, ["ann", "bob"])
    })

    await t.test("F1. persists that nobody waits for keep their order, with an id and without", async (t) => {
      await log().ask("forgetful", ["1", "2", "3"])
      await log().with({ commandId: "f" }).ask("forgetful", ["4", "5", "6"])
      t.same(await log().ask("both", ["7", "8"]), ["1", "2", "3", "4", "5", "6", "7", "8"])
      t.same((await log().with({ commandId: "b" }).ask("both", ["9", "10"])).slice(-2), ["9", "10"])
      t.same(await linesAfterRestart(), ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"])
    })

    await t.test("F2. a work that persists for ever does not hold up replies", async (t) => {
      await log().ask("work", { name: "w", times: 100_000 })
      for (let n = 0; n < 20; n++) await log().ask("write", `r${n}`)
      t.ok(confirmed.length < 100_000)
    })

    await t.test("a command whose answer nobody waits for any more keeps no entity awake", async (t) => {
      const Sleepy = definePersistentActor({
        name: "sleepy",
        version: 1,
        state: () => ({}),
        events: {},
        passivateAfterMs: 8,
      }).receive({ later: (ctx) => ctx.defer<string>() })
      const sleepy = await createActorSystem({ name: "test", journal, definitions: [Sleepy] })
      const ref = sleepy.entity(Sleepy, "a")
      await t.rejects(ref.with({ commandId: "asked", timeoutMs: 20 }).ask("later"), { code: "ASK_TIMEOUT" })
      ref.with({ commandId: "told" }).tell("later")
      await turnOfLoop()
      t.equal(sleepy.residentEntities, 1)
      while (sleepy.residentEntities > 0) await new Promise((look) => setTimeout(look, 5))
    })

    await t.test("F8. the same command asked for twice at once is carried out once", async (t) => {
      const once = log().with({ commandId: "same" })
      t.same(await Promise.all([once.ask("write", "a"), once.ask("write", "a"), once.ask("write", "a")]), [1, 1, 1])
      t.equal(handled, 1)
    })

    await t.test("F2. a reply waits for what was persisted before it; a deferred one, too", async (t) => {
      const asked = log().ask("later", { name: "d" })
      while (!owed.has("d")) await turnOfLoop()
      journal.hold()
      let answered = false
      void asked.then(() => (answered = true))
      const writer = log().ask("writeThenReply", "d")
      await journal.waiting(1)
      for (let n = 0; n < 10; n++) await turnOfLoop()
      t.notOk(answered, "the event is not durable yet")
      gateOf("writeThenReply").go()
      journal.letGo()
      t.equal(await asked, "late")
      await writer
    })

    await t.test("S31. a deferred answer of a command is stored, sent and repeated like any other", async (t) => {
      for (const [name, first, value] of [
        ["nothing persisted", undefined, { balance: 7 }],
        ["something persisted", "line", [1, "two", { three: 3 }]],
        ["undefined", undefined, undefined],
        ["looks marked", "x", { $unanswered: true }],
        ["looks wrapped", undefined, { $answer: { $answer: 1 } }],
      ] as const) {
        const once = log().with({ commandId: name })
        const payload = first === undefined ? { name } : { name, first }
        const [one, two] = [once.ask("later", payload), once.ask("later", payload)]
        while (!owed.has(name)) await turnOfLoop()
        await log().ask("replyNow", { name, value })
        t.strictSame([await one, await two], [value, value], name)
        t.strictSame(await once.ask("later", payload), value, `${name}, again`)
      }
      t.equal(handled, 5)
      await restarted()
      for (const [name, value] of [
        ["nothing persisted", { balance: 7 }],
        ["looks marked", { $unanswered: true }],
        ["looks wrapped", { $answer: { $answer: 1 } }],
      ] as const)
        // prettier-ignore
        t.strictSame(await log().with({ commandId: name }).ask("later", { name }), value, `${name}, after a restart`)
      t.equal(handled, 5)
    })

    await t.test("F7. an answer is what it was when it was given, whatever becomes of the object", async (t) => {
      const once = log().with({ commandId: "o" })
      const value = { n: 1, of: log() }
      const [one, two] = [once.ask("later", { name: "o" }), once.ask("later", { name: "o" })]
      while (!owed.has("o")) await turnOfLoop()
      journal.hold()
      log().tell("replyNow", { name: "o", value })
      await journal.waiting(1)
      value.n = 2
      journal.letGo()
      for (const answer of [await one, await two, await once.ask("later", { name: "o" })])
        t.match(answer, { n: 1, of: { address: log().address } })

      const kept = { n: 1 }
      journal.hold()
      const asked = log().with({ commandId: "k" }).ask("answerAfterPersist", kept)
      await journal.waiting(1)
      kept.n = 2
      journal.letGo()
      t.strictSame(await asked, { n: 1 })
      t.strictSame(await log().with({ commandId: "k" }).ask("answerAfterPersist", kept), { n: 1 })
    })

    await t.test("F7. a deferred answer is sent when it is durable, not before", async (t) => {
      const asked = log().with({ commandId: "d" }).ask("later", { name: "d" })
      while (!owed.has("d")) await turnOfLoop()
      journal.hold()
      let answered = false
      void asked.then(() => (answered = true))
      log().tell("replyNow", { name: "d", value: 1 })
      await journal.waiting(1)
      for (let n = 0; n < 10; n++) await turnOfLoop()
      t.notOk(answered)
      journal.letGo()
      t.equal(await asked, 1)
    })

    await t.test("an answer given before the handler ends goes with its events", async (t) => {
      const once = log().with({ commandId: "now" })
      t.equal(await once.ask("atOnce", "a"), "now")
      t.equal(await once.ask("atOnce", "a"), "now")
      t.equal(handled, 1)
    })

    await t.test("F8. a command that is owed an answer when its life ends was carried out, or was not", async (t) => {
      const asks = [
        log().with({ commandId: "with events" }).ask("later", { name: "with events", first: "stored" }),
        log().with({ commandId: "without" }).ask("later", { name: "without" }),
        log().with({ commandId: "by a work" }).ask("laterThenWork", "by a work"),
      ].map((ask) => ask.catch((error: unknown) => (error as AgentOSError).code))
      while (!confirmed.includes("by a work") || owed.size < 3) await turnOfLoop()
      await restarted()
      t.same(await Promise.all(asks), ["ACTOR_STOPPED", "ACTOR_STOPPED", "ACTOR_STOPPED"])
      const crashes = system.statistics.crashes
      for (const commandId of ["with events", "by a work"])
        await t.rejects(log().with({ commandId }).ask("later", { name: "x" }), {
          code: "COMMAND_UNANSWERED",
          executed: "yes",
          retryable: false,
        })
      t.equal(system.statistics.crashes, crashes, "to be told so is no crash")
      owed.clear()
      const again = log().with({ commandId: "without" }).ask("later", { name: "without" })
      while (!owed.has("without")) await turnOfLoop()
      await log().ask("replyNow", { name: "without", value: "at last" })
      t.equal(await again, "at last", "what had done nothing is carried out")
      t.same(await log().ask("lines"), ["stored", "by a work worked"])
    })

    for (const by of ["work", "result", "failure", "timer", "result of a result"])
      await t.test(
        `F7. what the ${by} of a deferred command persists is stored once, though its life ends`,
        async (t) => {
          const once = log().with({ commandId: by })
          const first = once.ask("byAndBy", by).catch((error: unknown) => (error as AgentOSError).code)
          while (!confirmed.includes(by)) await turnOfLoop()
          await restarted()
          t.equal(await first, "ACTOR_STOPPED")
          await t.rejects(log().with({ commandId: by }).ask("byAndBy", by), { code: "COMMAND_UNANSWERED" })
          t.same(await log().ask("lines"), [by])
        },
      )

    await t.test("what is persisted after a deferred answer leaves that as it is", async (t) => {
      const asked = (): Promise<unknown> => log().with({ commandId: "a" }).ask("answerThenPersist", "a")
      t.equal(await asked(), "late")
      while (!confirmed.includes("a")) await turnOfLoop()
      await restarted()
      t.equal(await asked(), "late")
      t.equal(handled, 1)
    })

    await t.test("F9. a deferred failure is told to all who wait for it", async (t) => {
      const once = log().with({ commandId: "f" })
      const asks = [once.ask("later", { name: "f", first: "x" }), once.ask("later", { name: "f" })]
      while (!owed.has("f")) await turnOfLoop()
      await log().ask("failNow", "f")
      for (const ask of asks) await t.rejects(ask, { code: "THROTTLED" })
      await t.rejects(once.ask("later", { name: "f" }), { code: "COMMAND_UNANSWERED", message: /a failure was told/ })
    })

    await t.test("F10. a command that was put aside is carried out when it is taken again", async (t) => {
      const shy = system.entity(Shy, "s")
      const asked = shy.with({ commandId: "c" }).ask("act", "asked")
      shy.with({ commandId: "t" }).tell("act", "told")
      await shy.ask("done")
      await shy.ask("ready")
      t.equal(await asked, 1)
      t.equal(await shy.with({ commandId: "c" }).ask("act", "asked"), 1)
      await shy.with({ commandId: "t" }).ask("act", "told")
      t.same(await shy.ask("done"), ["asked", "told"])
    })

    await t.test("F10. a command that has persisted is not put aside, nor persists one that was", async (t) => {
      const shy = system.entity(Shy, "s")
      for (const first of ["persist", "stash"] as const) {
        const act = { text: first, first, caught: false }
        await t.rejects(shy.with({ commandId: first }).ask("actThenStash", act), { code: "INVALID_DEFINITION" })
        t.same(await shy.ask("done"), [], "nothing of it is stored")
      }
      const caught = { text: "caught", first: "persist", caught: true } as const
      t.equal(await shy.with({ commandId: "caught" }).ask("actThenStash", caught), -1)
      await shy.ask("ready")
      t.same(await shy.ask("done"), ["caught"], "one that goes on all the same is carried out, once")
      t.equal(await shy.with({ commandId: "caught" }).ask("actThenStash", caught), -1)
    })

    await t.test("F10. a delivery that was put aside is not acknowledged, and carried out once", async (t) => {
      const shy = system.entity(Shy, "d")
      await system.entity(Sender, "s").ask("send", "one")
      await system.entity(Sender, "s").ask("send", "two")
      for (let n = 0; n < 20; n++) await turnOfLoop()
      t.same(await shy.ask("done"), [])
      await shy.ask("ready")
      while ((await shy.ask("done")).length < 2) await turnOfLoop()
      t.same(await shy.ask("done"), ["one", "two"])
    })

    await t.test(
      "F15. what was persisted does not change with the object that was given, nor with a later fold",
      async (t) => {
        for (const commandId of [undefined, "put"]) {
          const ref = system.entity(Log, commandId ?? "none")
          t.same(await (commandId === undefined ? ref : ref.with({ commandId })).ask("put"), { n: 2 })
        }
        await restarted()
        for (const key of ["none", "put"]) t.same(await system.entity(Log, key).ask("tea"), { n: 2 }, key)
      },
    )

    await t.test("undefined is folded as undefined, before a restart and after it", async (t) => {
      await log().ask("maybe")
      await log().with({ commandId: "m" }).ask("maybe")
      const before = await log().ask("lines")
      t.same(before, Array<string>(8).fill("nothing"))
      t.same(await linesAfterRestart(), before)
    })

    await t.test("the first answer is repeated as it was, whatever it was", async (t) => {
      const values = [
        undefined,
        null,
        0,
        "",
        { of: undefined },
        [undefined],
        new Date(5),
        10n,
        new Map([[1, { a: 2 }]]),
      ]
      for (const [i, value] of values.entries())
        t.strictSame(await log().with({ commandId: `v${i}` }).ask("answer", value), value) // prettier-ignore
      await restarted()
      for (const [i, value] of values.entries())
        t.strictSame(await log().with({ commandId: `v${i}` }).ask("answer", "another"), value) // prettier-ignore
      t.equal(handled, values.length)
    })

    await t.test("F16. what cannot be stored is refused before anything is done, and ends nothing", async (t) => {
      const told = Array<string>(3).fill("INVALID_PAYLOAD false no")
      for (const kind of ["function", "symbol", "instance", "promise"]) {
        t.same(await log().ask("tooMuch", kind), told, kind)
        t.same(await log().with({ commandId: kind }).ask("tooMuch", kind), told, `${kind}, with an id`)
      }
      t.equal(system.statistics.crashes, 0)
      t.same((await linesAfterRestart()).length, 8)
    })

    await t.test("F16. an event that the definition does not name is refused, also one of the runtime", async (t) => {
      const names = ["nope", "$x", "$deliver", "$acknowledged", "__proto__", "", 5, null, undefined, Symbol("s"), {}]
      for (const name of names)
        for (const all of [false, true])
          for (const ref of [log(), log().with({ commandId: `${names.indexOf(name)} ${all}` })])
            t.equal(await ref.ask("untyped", { name, all }), "INVALID_PAYLOAD", `${String(name)} ${all}`)
      const to = { tenant: "default", type: "shy", key: "a" }
      for (const given of [undefined, {}, { to }, { to: { ...to, key: "" }, type: "act" }, { to, type: 5 }, [], 5])
        for (const ref of [log(), log().with({ commandId: `forged ${JSON.stringify(given)}` })])
          t.equal(await ref.ask("forged", (() => given) as never), "INVALID_PAYLOAD", JSON.stringify(given))
      t.same(await linesAfterRestart(), [])
    })

    await t.test("a persist or an answer that cannot be read is refused by name", async (t) => {
      const revoked = Proxy.revocable({}, {})
      revoked.revoke()
      const unreadable = [
        () => ({ get a() { throw new Error("g") } }), // prettier-ignore
        () => ({ deep: [{ get a() { throw new Error("g") } }] }), // prettier-ignore
        () => new Proxy({}, { ownKeys: () => { throw new Error("trap") } }), // prettier-ignore
        () => new Proxy({ a: 1 }, { get: () => { throw new Error("trap") } }), // prettier-ignore
        () => new Proxy({}, { getPrototypeOf: () => { throw new Error("trap") } }), // prettier-ignore
        () => revoked.proxy,
        () => Object.defineProperty({}, "then", { get: () => { throw new Error("then") }, enumerable: true }) as object, // prettier-ignore
      ]
      for (const make of unreadable)
        for (const ref of [log(), log().with({ commandId: `${unreadable.indexOf(make)}` })])
          t.match(await ref.ask("unreadable", make as never), /^INVALID_PAYLOAD log a, event line: the payload.* cannot be read/) // prettier-ignore
      t.equal(system.statistics.crashes, 0)
      for (const make of unreadable)
        await t.rejects(log().with({ commandId: `answer ${unreadable.indexOf(make)}` }).ask("answerOf", make as never), { code: "INVALID_PAYLOAD", message: /the answer to command.*cannot be read/ }) // prettier-ignore
    })

    await t.test("a persist that is refused and that nobody looks at is the handler's crash", async (t) => {
      for (const ref of [log(), log().with({ commandId: "c" })])
        await t.rejects(ref.ask("forgetful", [(() => 1) as unknown as string]), { code: "INVALID_PAYLOAD" })
      t.equal(system.statistics.crashes, 2)
      t.same(await log().ask("lines"), [])
    })

    await t.test("F14. a command whose answer cannot be stored is not carried out", async (t) => {
      for (let n = 0; n < 3; n++)
        await t.rejects(log().with({ commandId: "bad" }).ask("badAnswer"), { code: "INVALID_PAYLOAD", executed: "no" })
      t.same(await log().ask("lines"), [])
    })

    await t.test(
      "F17. a fold that throws ends the life with its cause; under a command id nothing is stored",
      async (t) => {
        await t.rejects(log().with({ commandId: "w" }).ask("wrong"), {
          code: "ACTOR_CRASHED",
          message: /this fold is wrong/,
        })
        t.same(await log().ask("lines"), [])
        await t.rejects(log().ask("wrong"), { code: "ACTOR_CRASHED", message: /this fold is wrong/ })
        await t.rejects(log().ask("lines"), { code: "RECOVERY_FAILED", message: /event 1 "wrong".*this fold is wrong/ })
      },
    )
  })
}

t.test("F23. a persistent actor has no reentrant handlers, nor any option that there is not", async (t) => {
  const spec = { name: "odd", version: 1, state: () => 0, events: {} }
  for (const [option, value] of [
    ["reentrant", ["read"]],
    ["snapshotEver", 5],
    ["mailbox", undefined],
    ["constructor", 1],
  ] as const)
    t.throws(() => definePersistentActor({ ...spec, [option]: value }), {
      code: "INVALID_DEFINITION",
      message: new RegExp(`actor "odd": there is no option "${option}"; there are name, version, `),
    })
  t.throws(() => defineActor({ name: "odd", state: () => 0, receive: {}, handlerTimeout: 5 } as never), {
    code: "INVALID_DEFINITION",
    message: /actor "odd": there is no option "handlerTimeout"/,
  })
})
