import fc from "fast-check"
import t from "tap"
import {
  createActorSystem,
  defineActor,
  definePersistentActor,
  memoryJournal,
  parseAddress,
  rateLimit,
  systemClock,
  type ActorRef,
} from "#actors/index.js"
import { Mailbox } from "#actors/mailbox.js"
import { decide, DEFAULT_SUPERVISION } from "#actors/supervision.js"

const Counter = defineActor({
  name: "counter",
  state: () => ({ total: 0 }),
  receive: {
    add(ctx, by: number) {
      ctx.state.total += by
    },
    total: (ctx) => ctx.state.total,
    async slowly(ctx, by: number) {
      const before = ctx.state.total
      await new Promise((done) => setImmediate(done))
      ctx.state.total = before + by
      return ctx.state.total
    },
    crash() {
      throw new RangeError("as told")
    },
    hang: () => new Promise<void>(() => {}),
  },
})

const systemFor = async (t: Tap, options: Partial<Parameters<typeof createActorSystem>[0]> = {}) => {
  const system = await createActorSystem({ name: "test", ...options })
  t.teardown(() => system.stop())
  return system
}
type Tap = Pick<typeof t, "teardown">

t.test("messages are handled one at a time in the order sent, whatever mix of promises handlers return", async (t) => {
  const system = await systemFor(t)
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.boolean(), fc.integer({ min: -100, max: 100 })), { maxLength: 200 }),
      async (adds) => {
        const counter = system.spawn(Counter)
        for (const [slowly, by] of adds) counter.tell(slowly ? "slowly" : "add", by)
        t.equal(
          await counter.ask("total"),
          adds.reduce((sum, [, by]) => sum + by, 0),
        )
      },
    ),
    { numRuns: 20 },
  )
})

t.test("a crash loses the one message, tells its ask, and keeps the waiting ones", async (t) => {
  const system = await systemFor(t)
  const counter = system.spawn(Counter)
  counter.tell("add", 5)
  const crashed = counter.ask("crash")
  counter.tell("add", 2)
  await t.rejects(crashed, { code: "ACTOR_CRASHED", cause: { message: "as told" } })
  t.equal(await counter.ask("total"), 2, "the state is new, the message that waited was handled")
  t.equal(system.statistics.restarts, 1)
})

t.test("a supervisor gives up on the crash after its intensity", async (t) => {
  const ended: unknown[] = []
  const Parent = defineActor({
    name: "parent",
    state: () => ({ child: undefined as ActorRef<Protocol> | undefined }),
    supervision: { intensity: { max: 3, withinMs: 5000 } },
    receive: {
      child(ctx) {
        ctx.state.child = ctx.spawn(Counter, { name: "child" })
        ctx.watch(ctx.state.child)
        return ctx.state.child
      },
    },
    ended: (_ctx, _ref, reason) => void ended.push(reason.kind),
  })
  type Protocol = { crash: () => void; total: () => number }
  const system = await systemFor(t)
  const parent = system.spawn(Parent, { kind: "temporary" })
  const child = (await parent.ask("child")) as ActorRef<Protocol>
  for (let crash = 1; crash <= 3; crash++) {
    await t.rejects(child.ask("crash"))
    t.equal(await child.ask("total"), 0, `alive after crash ${crash}`)
  }
  await t.rejects(child.ask("crash"), { code: "ACTOR_CRASHED" })
  await t.rejects(child.ask("total"), { code: /ACTOR_STOPPED|ASK_TIMEOUT/ })
})

t.test("a supervisor that was started again gives up no sooner than it did the first time", async (t) => {
  type Protocol = { crash: () => void; total: () => number }
  const Parent = defineActor({
    name: "parent",
    state: () => undefined,
    supervision: { intensity: { max: 3, withinMs: 5000 } },
    receive: { child: (ctx) => ctx.spawn(Counter) as ActorRef<Protocol> },
  })
  const gaveUp: number[] = []
  let crash = 0
  const system = await systemFor(t, { telemetry: { escalated: () => gaveUp.push(crash) } })
  const parent = system.spawn(Parent)
  for (let life = 0; life < 2; life++) {
    const child = await parent.ask("child")
    for (let n = 0; n < 4; n++) {
      crash += 1
      await t.rejects(child.ask("crash"), { code: "ACTOR_CRASHED" })
    }
  }
  await parent.ask("child")
  t.same(gaveUp, [4, 8])
})

t.test("a supervisor gives up once, however many of its children crash together", async (t) => {
  type Protocol = { crash: () => void; total: () => number }
  const Parent = defineActor({
    name: "parent",
    state: () => undefined,
    supervision: { intensity: { max: 0, withinMs: 5000 } },
    receive: { children: (ctx) => [ctx.spawn(Counter), ctx.spawn(Counter)] as ActorRef<Protocol>[] },
  })
  let gaveUp = 0
  const system = await systemFor(t, { telemetry: { escalated: () => (gaveUp += 1) } })
  const parent = system.spawn(Parent)
  const children = await parent.ask("children")
  await Promise.all(children.map((child) => t.rejects(child.ask("crash"), { code: "ACTOR_CRASHED" })))
  t.equal((await parent.ask("children")).length, 2, "started again")
  t.equal(gaveUp, 1)
  t.equal(system.statistics.crashes, 3, "two children and their supervisor")
  t.equal(system.statistics.actors, 3, "the old children have ended")
})

t.test("what one top-level actor crashes counts against no other", async (t) => {
  const system = await systemFor(t)
  const [bad, good] = [system.spawn(Counter), system.spawn(Counter)]
  for (let i = 0; i < 11; i++) await t.rejects(bad.ask("crash"), { message: /as told|has stopped/ })
  await t.rejects(bad.ask("total"), { code: "ACTOR_STOPPED" })
  await t.rejects(good.ask("crash"), { code: "ACTOR_CRASHED" })
  t.equal(await good.ask("total"), 0, "started again")
})

t.test("supervision decides by a table", async (t) => {
  const crash = { kind: "crashed", error: 1 } as const
  const cases = [
    ["temporary", crash, [], "forget"],
    ["transient", { kind: "stopped" } as const, [], "forget"],
    ["permanent", { kind: "stopped" } as const, [], "restart"],
    ["transient", crash, [0, 0, 0], "restart"],
    ["transient", crash, new Array<number>(10).fill(99_000), "escalate"],
    ["transient", crash, new Array<number>(10).fill(0), "restart"],
  ] as const
  for (const [kind, exit, failures, expected] of cases)
    t.equal(decide(DEFAULT_SUPERVISION, kind, exit, failures, 100_000).do, expected)
})

t.test("an ask times out, can be cancelled, and refuses to wait for itself", async (t) => {
  const system = await systemFor(t, { shutdownTimeoutMs: 20 })
  const counter = system.spawn(Counter)
  await t.rejects(counter.with({ timeoutMs: 20 }).ask("hang"), { code: "ASK_TIMEOUT" })
  const control = new AbortController()
  const cancelled = system.spawn(Counter).with({ signal: control.signal }).ask("hang")
  control.abort()
  await t.rejects(cancelled, { code: "CANCELLED" })
  const Narcissus = defineActor({
    name: "narcissus",
    state: () => ({}),
    receive: {
      look: (ctx): Promise<unknown> => ctx.self.ask("look"),
      self: (ctx) => ctx.ask(ctx.self as unknown as ActorRef<{ look: () => unknown }>, "look"),
    },
  })
  await t.rejects(system.spawn(Narcissus).ask("self"), { code: "ASK_CYCLE" })
})

t.test("a full mailbox refuses, and counts", async (t) => {
  const system = await systemFor(t)
  const small = system.spawn(Counter, { mailbox: { capacity: 4 } })
  const accepted = Array.from({ length: 10 }, () => small.tell("add", 1)).filter(Boolean).length
  t.ok(accepted >= 4 && accepted <= 5)
  await t.rejects(small.ask("total"), { code: "MAILBOX_FULL" })
  t.equal(system.statistics.refused, 10 - accepted + 1)
})

t.test("work beside the mailbox comes back as a message, and only to the same incarnation", async (t) => {
  const Worker = defineActor({
    name: "worker",
    state: () => ({ results: [] as number[] }),
    receive: {
      begin(ctx, value: number) {
        ctx.run(async () => {
          await new Promise((done) => setTimeout(done, 10))
          return value
        }, "done")
      },
      done: (ctx, value: number) => void ctx.state.results.push(value),
      crash() {
        throw new Error("as told")
      },
      results: (ctx) => ctx.state.results,
    },
  })
  const system = await systemFor(t)
  const worker = system.spawn(Worker)
  worker.tell("begin", 1)
  t.same(await worker.ask("results"), [], "the mailbox is free meanwhile")
  await new Promise((done) => setTimeout(done, 30))
  t.same(await worker.ask("results"), [1])
  worker.tell("begin", 2)
  worker.tell("crash")
  await new Promise((done) => setTimeout(done, 30))
  t.same(await worker.ask("results"), [], "the result of an incarnation that crashed is dropped")
})

t.test("causes pass through contexts, and a command id does not", async (t) => {
  const seen: unknown[] = []
  const End = defineActor({
    name: "end",
    state: () => ({}),
    receive: { hear: (ctx) => void seen.push([ctx.cause.caller, ctx.cause.traceId, ctx.cause.commandId]) },
  })
  const Middle = defineActor({
    name: "middle",
    state: (init: { end: ActorRef<{ hear: () => void }> }) => init,
    receive: { say: (ctx) => ctx.ask(ctx.state.end, "hear") },
  })
  const system = await systemFor(t)
  const end = system.spawn(End)
  const middle = system.spawn(Middle, { init: { end } })
  await middle.with({ commandId: "c1", cause: { caller: "ann", traceId: "t1" } }).ask("say")
  t.same(seen, [["ann", "t1", undefined]])
})

t.test("options laid over options are all heeded, in either order", async (t) => {
  const seen: unknown[] = []
  const End = defineActor({
    name: "end",
    state: () => ({}),
    receive: {
      hear: ({ cause }) => void seen.push([cause.commandId, cause.caller, cause.traceId, cause.signal?.aborted]),
    },
  })
  const system = await systemFor(t)
  const end = system.spawn(End)
  const one = { commandId: "c1", cause: { caller: "ann" } }
  const other = { timeoutMs: 1000, signal: new AbortController().signal, cause: { traceId: "t1" } }
  await end.with(one).with(other).ask("hear")
  await end.with(other).with(one).ask("hear")
  await end.with({ commandId: "c0" }).with({ commandId: "c2" }).ask("hear")
  await rateLimit(end.with({ timeoutMs: 1000 }), { perSecond: 10, burst: 10 })
    .with({ commandId: "c3" })
    .ask("hear")
  t.same(seen, [
    ["c1", "ann", "t1", false],
    ["c1", "ann", "t1", false],
    ["c2", undefined, undefined, undefined],
    ["c3", undefined, undefined, undefined],
  ])
})

t.test("children stop before their parent, the youngest first", async (t) => {
  const order: string[] = []
  const Node = defineActor({
    name: "node",
    state: (init: { label: string }) => init,
    receive: { grow: (ctx, label: string) => void ctx.spawn(Node, { init: { label } }) },
    stopping: (ctx) => void order.push(ctx.state.label),
  })
  const system = await createActorSystem({ name: "test" })
  const root = system.spawn(Node, { init: { label: "root" } })
  for (const label of ["a", "b", "c"]) root.tell("grow", label)
  await new Promise((done) => setImmediate(done))
  await system.stop()
  t.same(order, ["c", "b", "a", "root"])
})

t.test("the mailbox is a queue, whatever is put, taken, put first and parted", async () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          fc.constantFrom("take" as const, "take" as const, "take" as const, "part" as const),
          fc.tuple(fc.constantFrom("put" as const, "first" as const), fc.integer()),
        ),
        { maxLength: 300 },
      ),
      (steps) => {
        const [mailbox, parted] = [new Mailbox<object>(1000, 1e9), new Mailbox<object>(1000)]
        let [model, partedModel]: [number[], number[]] = [[], []]
        const handlerOf = (value: number): number => 1 + (value & 1)
        const metaOf = (value: number): object | undefined => (value % 3 === 0 ? { of: value } : undefined)
        for (const step of steps) {
          if (step === "take") {
            const handler = mailbox.take()
            const expected = model.shift()
            if (expected === undefined) {
              if (handler !== 0) return false
            } else if (mailbox.payload !== expected || handler !== handlerOf(expected)) return false
            else if ((mailbox.meta as { of?: number } | undefined)?.of !== (metaOf(expected) && expected)) return false
          } else if (step === "part") {
            mailbox.part((handler) => handler === 2, parted)
            partedModel = [...partedModel, ...model.filter((value) => handlerOf(value) === 2)]
            model = model.filter((value) => handlerOf(value) === 1)
          } else if (step[0] === "put") {
            mailbox.put(handlerOf(step[1]), step[1], metaOf(step[1]))
            model.push(step[1])
          } else {
            mailbox.putFirst(handlerOf(step[1]), step[1], metaOf(step[1]))
            model.unshift(step[1])
          }
        }
        for (const expected of partedModel) if (parted.take() !== 2 || parted.payload !== expected) return false
        return mailbox.size === model.length && parted.size === 0 && mailbox.bytes === 8 * model.length
      },
    ),
  )
})

t.test("addresses are parsed back, and nonsense is refused with its form", async (t) => {
  const system = await systemFor(t)
  t.match(parseAddress(system.spawn(Counter, { name: "my counter/1" }).address), {
    kind: "actor",
    path: ["my counter/1"],
  })
  for (const text of ["", "actor://", "actor://a/b/c", "entity://a/b/c", "entity://a/b/c/d#1", "http://a/b/c/d"])
    t.throws(() => parseAddress(text), { code: "INVALID_ADDRESS" })
})

const Account = definePersistentActor({
  name: "account",
  version: 2,
  state: () => ({ balance: 0, log: [] as number[] }),
  upgrade: { 1: ({ name, payload }) => ({ name: name === "paid" ? "deposited" : name, payload }) },
  events: {
    deposited: (state, amount: number) => {
      state.balance += amount
      state.log.push(amount)
    },
  },
  snapshotEvery: 3,
  passivateAfterMs: 20,
}).receive({
  async deposit(ctx, amount: number) {
    await ctx.persist("deposited", amount)
    return ctx.state.balance
  },
  async twice(ctx, amount: number) {
    await ctx.persistAll([
      { name: "deposited", payload: amount },
      { name: "deposited", payload: amount },
    ])
  },
  balance: (ctx) => ctx.state.balance,
})

t.test("an entity recovers from snapshot and tail, and sleeps meanwhile", async (t) => {
  const journal = memoryJournal(systemClock)
  const system = await systemFor(t, { definitions: [Account], journal })
  const alice = system.entity(Account, "alice")
  for (let i = 1; i <= 5; i++) t.equal(await alice.ask("deposit", i), (i * (i + 1)) / 2)
  await alice.ask("twice", 10)
  await new Promise((done) => setTimeout(done, 80))
  t.equal(await alice.ask("balance"), 35)
  t.equal(system.statistics.crashes, 0)
})

t.test("the same command id again gets the first answer, also after recovery", async (t) => {
  const journal = memoryJournal(systemClock)
  const first = await createActorSystem({ name: "one", definitions: [Account], journal })
  t.equal(await first.entity(Account, "bob").with({ commandId: "c" }).ask("deposit", 7), 7)
  t.equal(await first.entity(Account, "bob").with({ commandId: "c" }).ask("deposit", 7), 7)
  const second = await systemFor(t, { definitions: [Account], journal })
  t.equal(await second.entity(Account, "bob").with({ commandId: "c" }).ask("deposit", 7), 7)
  t.equal(await second.entity(Account, "bob").ask("balance"), 7)
  await first.stop()
})

t.test("a failed append ends the incarnation, and the ask is told that the outcome is unknown", async (t) => {
  const journal = memoryJournal(systemClock)
  let fail = false
  const broken = {
    ...journal,
    append: (...args: Parameters<typeof journal.append>) =>
      fail ? Promise.reject(new Error("no disk")) : journal.append(...args),
  }
  const system = await systemFor(t, { definitions: [Account], journal: broken })
  const carol = system.entity(Account, "carol")
  await carol.ask("deposit", 1)
  fail = true
  await t.rejects(carol.ask("deposit", 2), { code: "JOURNAL_FAILED" })
  fail = false
  t.equal(await carol.ask("balance"), 1, "what was not confirmed is not in the state")
})

t.test("events of an older version are upgraded", async (t) => {
  const journal = memoryJournal(systemClock)
  await journal.append({ tenant: "default", type: "account", key: "dora" }, 0, 0, [
    { name: "paid", payload: 40, version: 1 },
  ])
  const system = await systemFor(t, { definitions: [Account], journal })
  t.equal(await system.entity(Account, "dora").ask("balance"), 40)
})
