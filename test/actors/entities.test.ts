/** What an entity owes keeps it awake, what is sent to it is its own in whatever life, and who asks it in a circle is told. */
import fc from "fast-check"
import t from "tap"
import {
  createActorSystem,
  defineActor,
  definePersistentActor,
  openStream,
  readStream,
  router,
  workPool,
  type ActorContext,
  type ActorDefinition,
  type ActorRef,
  type Deferred,
  type StreamRef,
} from "#actors/index.js"
import type { AnyDefinition } from "#actors/actor.js"
import { AgentOSError } from "#actors/errors.js"
import type { SelfRef } from "#actors/ref.js"
import type { ActorSystem } from "#actors/system.js"
import { HandClock } from "../support/hand-clock.js"

type Teardown = Pick<typeof t, "teardown">
type Options = Partial<Parameters<typeof createActorSystem>[0]>

const turn = (): Promise<void> => new Promise((done) => setImmediate(done))
const turns = async (count = 10): Promise<void> => {
  for (let n = 0; n < count; n++) await turn()
}

async function systemFor(t: Teardown, options: Options = {}): Promise<{ system: ActorSystem; clock: HandClock }> {
  const clock = new HandClock()
  const system = await createActorSystem({ name: "test", shutdownTimeoutMs: 50, clock, ...options })
  t.teardown(async () => {
    const stopped = system.stop()
    for (let n = 0; n < 20; n++) {
      await turn()
      clock.wind(100)
    }
    await stopped
  })
  return { system, clock }
}

/** Lets time pass, and what is due be done. */
async function pass(clock: HandClock, milliseconds: number, stepMs = 10): Promise<void> {
  for (let passed = 0; passed < milliseconds; passed += stepMs) {
    clock.wind(stepMs)
    await turns(4)
  }
}

/** Owes something of each kind, and says which life it is in. */
let lives = 0
const Child = defineActor({ name: "child", state: () => 0, receive: { leave: (ctx) => ctx.stop() } })
const Keeper = defineActor({
  name: "keeper",
  passivateAfterMs: 30,
  state: () => ({
    life: ++lives,
    open: false,
    heard: 0,
    owed: undefined as Deferred<string> | undefined,
    end: undefined as (() => void) | undefined,
    child: undefined as ActorRef<{ leave: () => void }> | undefined,
    self: undefined as SelfRef | undefined,
  }),
  receive: {
    life: (ctx) => ctx.state.life,
    heard: (ctx) => ctx.state.heard,
    hear: (ctx) => void (ctx.state.heard += 1),
    whenOpen(ctx) {
      if (!ctx.state.open) return ctx.stash()
      ctx.state.heard += 1
      return ctx.state.life
    },
    open(ctx) {
      ctx.state.open = true
      ctx.unstashAll()
    },
    owe(ctx) {
      ctx.state.owed = ctx.defer<string>()
      return ctx.state.owed
    },
    pay: (ctx) => ctx.state.owed?.reply("paid"),
    work(ctx) {
      ctx.run(() => new Promise<void>((done) => (ctx.state.end = done)), "hear")
    },
    endWork: (ctx) => ctx.state.end?.(),
    bear(ctx) {
      ctx.state.child = ctx.spawn(Child)
    },
    childLeaves: (ctx) => void ctx.state.child?.tell("leave"),
    watch: (ctx, ref: ActorRef<{ leave: () => void }>) => ctx.watch(ref),
    link: (ctx, ref: ActorRef<{ leave: () => void }>) => ctx.link(ref),
    stream: (ctx): StreamRef<number> => openStream(ctx, count(3), { buffer: 1 }),
    every: (ctx, milliseconds: number) => void ctx.every(milliseconds, "hear"),
    after: (ctx, milliseconds: number) => void ctx.after(milliseconds, "hear"),
    self: (ctx) => ctx.self,
  },
})

async function* count(to: number): AsyncGenerator<number> {
  for (let n = 1; n <= to; n++) yield n
}

/** A way to owe something, and how it is settled. */
interface Debt {
  readonly what: string
  owe(ref: ActorRef<never>, system: ActorSystem): unknown
  settle(ref: ActorRef<never>, system: ActorSystem, owed: unknown): unknown
}
type KeeperRef = typeof Keeper extends { readonly name: string } ? ReturnType<typeof keeper> : never
const keeper = (system: ActorSystem, key = "k") => system.entity(Keeper, key)
const debt = <T>(what: string, owe: (ref: KeeperRef, system: ActorSystem) => T, settle: (ref: KeeperRef, system: ActorSystem, owed: T) => unknown): Debt => ({ what, owe, settle }) as Debt // prettier-ignore

const debts: readonly Debt[] = [
  debt(
    "a stashed tell",
    (ref) => void ref.tell("whenOpen"),
    (ref) => ref.tell("open"),
  ),
  debt(
    "a stashed ask",
    (ref) => ref.with({ timeoutMs: 1e6 }).ask("whenOpen"),
    (ref) => ref.tell("open"),
  ),
  debt(
    "a deferred answer",
    (ref) => ref.with({ timeoutMs: 1e6 }).ask("owe"),
    (ref) => ref.tell("pay"),
  ),
  debt(
    "work",
    (ref) => void ref.tell("work"),
    (ref) => ref.tell("endWork"),
  ),
  debt(
    "a child",
    (ref) => void ref.tell("bear"),
    (ref) => ref.tell("childLeaves"),
  ),
  debt("a watched actor", (ref, system) => { const child = system.spawn(Child); ref.tell("watch", child); return child }, (_ref, _system, child) => child.tell("leave")), // prettier-ignore
  debt("a linked actor", (ref, system) => { const child = system.spawn(Child); ref.tell("link", child); return child }, (_ref, _system, child) => child.tell("leave")), // prettier-ignore
  debt("an open stream", (ref) => ref.ask("stream"), async (_ref, system, stream) => { for await (const n of readStream(system, await stream)) void n }), // prettier-ignore
]

for (const { what, owe, settle } of debts) {
  t.test(
    `an entity that owes something (${what}) is not put to sleep by time, and is once that is settled`,
    async (t) => {
      const { system, clock } = await systemFor(t, { definitions: [Keeper] as never })
      const ref = keeper(system) as never
      const life = await keeper(system).ask("life")
      const owed = owe(ref, system)
      await pass(clock, 400)
      t.equal(system.residentEntities, 1, "it is awake")
      await settle(ref, system, owed)
      await turns()
      t.equal(lives, life, "by the life that owed it")
      await pass(clock, 400)
      t.equal(system.residentEntities, 0, "it sleeps")
    },
  )

  t.test(`nor by too many residents or short memory (${what})`, async (t) => {
    for (const entities of [{ maxResident: 1 }, { memoryPressure: () => 1 }]) {
      const { system } = await systemFor(t, { entities, definitions: [Keeper] as never })
      const ref = keeper(system) as never
      const life = await keeper(system).ask("life")
      const owed = owe(ref, system)
      for (let n = 0; n < 600; n++) {
        keeper(system, `other-${n}`).tell("hear")
        if (n % 10 === 0) await turn()
      }
      await turns(50)
      t.equal(system.residentEntities < 500, true, "others sleep")
      await settle(ref, system, owed)
      await turns()
      await keeper(system).ask("heard")
      const now = await keeper(system).ask("life")
      t.ok(now === life || what.includes("stream"), `${now} is ${life}`)
    }
  })
}

t.test("each message counts as use: of its own timers, through its own ref, from a topic", async (t) => {
  const { system, clock } = await systemFor(t, { definitions: [Keeper] as never })
  const ticked = keeper(system, "ticked")
  const alone = keeper(system, "alone")
  const toldBySelf = keeper(system, "self")
  const life = async (ref: KeeperRef) => ref.ask("life")
  const before = [await life(ticked), await life(toldBySelf)]
  ticked.tell("every", 20)
  alone.tell("after", 10_000)
  const self = await toldBySelf.ask("self")
  t.equal(self.address, "entity://test/default/keeper/self", "its own ref is that of the entity")
  for (let n = 0; n < 40; n++) {
    await pass(clock, 10)
    self.tell("hear")
  }
  t.equal(system.residentEntities, 2, "a timer alone keeps nobody awake")
  t.same([await life(ticked), await life(toldBySelf)], before)
  await pass(clock, 200)
  t.equal(system.residentEntities, 1)
  t.equal(self.tell("hear"), true, "who keeps its own ref reaches its next life")
  t.equal(await toldBySelf.ask("heard"), 1)
})

t.test(
  "S33. a planned move waits for what an entity owes, then asks that are still open are told so that they can be made again",
  async (t) => {
    const groupOf = (): number => 0
    const transport = { node: "n", entity: () => undefined, groupOf }
    const why = new AgentOSError("UNAVAILABLE" as never, "it moves")
    for (const paid of [true, false]) {
      const { system, clock } = await systemFor(t, { transport, definitions: [Keeper] as never })
      const ref = keeper(system)
      const owed = ref.with({ timeoutMs: 1e6 }).ask("owe").then((answer) => answer, (error: unknown) => error) // prettier-ignore
      ref.tell("whenOpen")
      await turns()
      let back: readonly { readonly type: string }[] | undefined
      void system.entities.release(0, 1000, why).then((given) => (back = given))
      await pass(clock, 500)
      t.equal(system.residentEntities, 1)
      if (paid) ref.tell("pay")
      await pass(clock, 1200)
      t.equal(await owed, paid ? "paid" : why)
      t.same(
        back?.map(({ type }) => type),
        ["whenOpen"],
        "what it had put aside is handed over",
      )
    }
  },
)

// --- order -----------------------------------------------------------------------------------------------------------------------------------

/** Notes who said what to which key; takes a while to stop. */
const scribe = (heard: string[], stopMs: number, passivateAfterMs: number, stopsItself: boolean) =>
  defineActor({
    name: "scribe",
    passivateAfterMs,
    state: ({ key }: { key: string; tenant: string }) => ({ key, said: 0 }),
    stopping:
      stopMs === 0
        ? undefined
        : (ctx: { system: ActorSystem }) => new Promise<void>((done) => ctx.system.clock.timer(stopMs, done)),
    receive: {
      hear(ctx: ActorContext<{ key: string; said: number }>, what: string) {
        heard.push(`${ctx.state.key} ${what}`)
        if (stopsItself && (ctx.state.said += 1) % 3 === 0) ctx.stop()
      },
    },
  } as never) as AnyDefinition

t.test(
  "S34. tells of one sender to an entity never overtake each other and none is lost, however often it sleeps",
  async () => {
    const step = fc.oneof(
      fc.record({ tell: fc.nat(2), by: fc.nat(1), count: fc.integer({ min: 1, max: 4 }) }),
      fc.record({ wind: fc.integer({ min: 1, max: 40 }) }),
      fc.record({ turns: fc.integer({ min: 1, max: 3 }) }),
      fc.record({ micro: fc.integer({ min: 1, max: 5 }) }),
    )
    const options = fc.record({
      maxResident: fc.integer({ min: 1, max: 3 }),
      passivateAfterMs: fc.constantFrom(8, 20, 1000),
      stopMs: fc.constantFrom(0, 0, 10),
      stopsItself: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(
        options,
        fc.array(step, { maxLength: 60 }),
        async ({ maxResident, stopMs, passivateAfterMs, stopsItself }, steps) => {
          const heard: string[] = []
          const clock = new HandClock()
          const definition = scribe(heard, stopMs, passivateAfterMs, stopsItself)
          const system = await createActorSystem({
            name: "test",
            definitions: [definition],
            clock,
            entities: { maxResident },
          })
          const told: string[] = []
          let n = 0
          for (const one of steps) {
            if ("wind" in one) clock.wind(one.wind)
            else if ("turns" in one) await turns(one.turns)
            else if ("micro" in one) for (let i = 0; i < one.micro; i++) await Promise.resolve()
            else
              for (let i = 0; i < one.count; i++) {
                const what = `${one.by} ${++n}`
                told.push(`k${one.tell} ${what}`)
                system.entityAt("default", "scribe", `k${one.tell}`).send("hear", what, undefined)
              }
          }
          for (let i = 0; i < 400 && heard.length < told.length; i++) {
            clock.wind(10)
            await turn()
          }
          const lines = (all: readonly string[]) =>
            [0, 1, 2].map((key) => all.filter((line) => line.startsWith(`k${key} `)))
          const same = JSON.stringify(lines(heard)) === JSON.stringify(lines(told))
          const stopped = system.stop()
          for (let i = 0; i < 10; i++) {
            await turn()
            clock.wind(20)
          }
          await stopped
          return same && system.statistics.actors === 0
        },
      ),
      { numRuns: 150 },
    )
  },
)

t.test(
  "what waits for an entity that stops itself is its next life's, unless that would not live either",
  async (t) => {
    let born = 0
    const Unwilling = defineActor({
      name: "unwilling",
      state: () => void (born += 1),
      started: (ctx) => ctx.stop(),
      receive: { hear: () => "heard" },
    })
    const { system } = await systemFor(t, { definitions: [Unwilling, Keeper] as never })
    await t.rejects(system.entity(Unwilling, "k").ask("hear"), { code: "ACTOR_STOPPED" })
    t.equal(born, 1)
  },
)

t.test("an entity roused while it is being stopped wakes again", async (t) => {
  const { system, clock } = await systemFor(t, { definitions: [Keeper] as never })
  const first = await keeper(system).ask("life")
  const wheelNow = system.wheel.refresh()
  t.ok(wheelNow >= 0)
  clock.wind(60)
  system.rouseEntity({ tenant: "default", type: "keeper", key: "k" })
  await turns()
  t.equal(lives, first + 1)
})

// --- lives -----------------------------------------------------------------------------------------------------------------------------------

t.test(
  "S35. what timers and works of a former life have put into the mailbox is not handled by the next one, in any lane",
  async (t) => {
    for (const lane of ["ordinary", "urgent", "reentrant"]) {
      const heard: string[] = []
      let life = 0
      let open: (() => void) | undefined
      const Crasher = defineActor({
        name: "crasher",
        state: () => ({ life: ++life, aside: false }),
        mailbox: { urgent: lane === "urgent" ? ["tick", "done"] : [] },
        reentrant: lane === "reentrant" ? ["tick", "done"] : [],
        receive: {
          begin(ctx) {
            ctx.after(10, "tick", `after of ${ctx.state.life}`)
            ctx.every(10, "tick", `every of ${ctx.state.life}`)
            ctx.run(async () => `work of ${ctx.state.life}`, "done")
            throw Object.assign(new Error("never"), {})
          },
          async hold(ctx) {
            ctx.after(10, "tick", `after of ${ctx.state.life}`)
            ctx.every(10, "tick", `every of ${ctx.state.life}`)
            ctx.run(async () => `work of ${ctx.state.life}`, "done")
            await new Promise<void>((done) => (open = done))
            throw new Error("as told")
          },
          tick: (_ctx, what: string) => void heard.push(what),
          done: (_ctx, what: string) => void heard.push(what),
          hear: (_ctx, what: string) => void heard.push(what),
        },
      })
      const { system, clock } = await systemFor(t)
      const ref = system.spawn(Crasher)
      ref.tell("hold")
      await turns()
      await pass(clock, 50)
      ref.tell("hear", "an ordinary one")
      heard.splice(0)
      open?.()
      await turns()
      t.same(heard, ["an ordinary one"], lane)
      t.equal(life, 2)
      await pass(clock, 50)
      t.same(heard, ["an ordinary one"], lane)
    }
  },
)

t.test(
  "a tick that was put aside is for its own life alone; a message that was put aside is for the next, too",
  async (t) => {
    const heard: unknown[] = []
    let life = 0
    const Stasher = defineActor({
      name: "stasher",
      state: () => ++life,
      receive: {
        begin: (ctx) => void ctx.after(10, "hear", "a tick"),
        hear(ctx, what: string) {
          if (ctx.state === 1) ctx.stash()
          else heard.push(what)
        },
        crash() {
          throw new Error("as told")
        },
      },
    })
    const { system, clock } = await systemFor(t)
    const ref = system.spawn(Stasher)
    ref.tell("begin")
    ref.tell("hear", "a message")
    await turns()
    await pass(clock, 20)
    ref.tell("crash")
    await turns()
    t.same(heard, ["a message"])
  },
)

t.test("the result of work is handled whatever became of its caller: deadline, signal, time-out", async (t) => {
  const { system, clock } = await systemFor(t)
  for (const failed of [false, true]) {
    const heard: unknown[] = []
    let end: (() => void) | undefined
    const Worker = defineActor({
      name: "worker",
      state: () => 0,
      receive: {
        begin(ctx) {
          ctx.run(async () => {
            await new Promise<void>((done) => (end = done))
            if (failed) throw new Error("as told")
            return "done"
          }, "done", "failed") // prettier-ignore
          ctx.after(200, "done", "tick")
        },
        done: (ctx, what: string) => void heard.push(what, ctx.cause.deadline, ctx.cause.signal, ctx.cause.caller),
        failed: (ctx, error: unknown) => void heard.push((error as Error).message, ctx.cause.deadline, ctx.cause.signal, ctx.cause.caller), // prettier-ignore
      },
    })
    const ref = system.spawn(Worker)
    const caller = new AbortController()
    const cause = { deadline: system.wheel.now + 50, signal: caller.signal, caller: "me" }
    ref.with({ cause }).tell("begin")
    await turns()
    await pass(clock, 100)
    caller.abort()
    end?.()
    await turns()
    t.same(heard, [failed ? "as told" : "done", undefined, undefined, "me"])
    await pass(clock, 200)
    t.same(heard.slice(4), ["tick", undefined, undefined, "me"], "so is a timer's message")
  }
})

t.test(
  "S36. work follows its caller's signal unless it is detached: then only its own cancel and the end of its life abort it",
  async (t) => {
    const { system } = await systemFor(t)
    const aborted: string[] = []
    const asked: unknown[] = []
    const Answers = defineActor({
      name: "answers",
      state: () => 0,
      receive: { hang: () => new Promise<void>(() => {}) },
    })
    const Worker = defineActor({
      name: "worker",
      state: () => 0,
      receive: {
        begin(ctx, { name, detached }: { name: string; detached: boolean }) {
          const task = ctx.run((signal, sender) => {
          asked.push(sender.cause.signal === undefined, sender.cause.deadline === undefined)
          return new Promise<void>((done) => signal.addEventListener("abort", () => {
            aborted.push(name)
            done()
          })) // prettier-ignore
        }, "ended", undefined, { detached }) // prettier-ignore
          if (name === "cancelled") queueMicrotask(() => queueMicrotask(() => queueMicrotask(task.cancel)))
        },
        ended() {},
      },
    })
    t.ok(system.spawn(Answers))
    const ref = system.spawn(Worker)
    const caller = new AbortController()
    const from = ref.with({ cause: { signal: caller.signal, deadline: system.wheel.now + 1e6 } })
    from.tell("begin", { name: "attached", detached: false })
    from.tell("begin", { name: "detached", detached: true })
    from.tell("begin", { name: "cancelled", detached: true })
    await turns()
    t.same(asked, [false, false, true, true, true, true])
    t.same(aborted, ["cancelled"])
    caller.abort()
    t.same(aborted, ["cancelled", "attached"])
    await system.stopActor(ref)
    t.same(aborted, ["cancelled", "attached", "detached"])
  },
)

t.test("work whose message is unknown is refused before it begins, and keeps nobody awake", async (t) => {
  let began = false
  const Odd = defineActor({
    name: "odd",
    passivateAfterMs: 20,
    state: () => 0,
    receive: {
      begin(ctx, failed: boolean) {
        try {
          ctx.run(async () => void (began = true), failed ? "done" : "unknown", failed ? "unknown" : undefined)
          return "begun"
        } catch (error) {
          return (error as AgentOSError).code
        }
      },
      done() {},
    },
  })
  const { system, clock } = await systemFor(t, { definitions: [Odd] as never })
  for (const failed of [true, false]) t.equal(await system.entity(Odd, "k").ask("begin", failed), "UNKNOWN_MESSAGE")
  await pass(clock, 100)
  t.equal(began, false)
  t.equal(system.residentEntities, 0)
})

t.test(
  "what was promised goes past the capacity in every lane; a tick is skipped where there is no room, and drops nothing",
  async (t) => {
    for (const overflow of ["reject", "drop-oldest", "drop-newest"] as const) {
      for (const urgent of [true, false]) {
        const heard: string[] = []
        let open: (() => void) | undefined
        const Full = defineActor({
          name: "full",
          state: () => 0,
          mailbox: { capacity: 2, overflow, urgent: urgent ? ["done", "hear"] : [] },
          receive: {
            async begin(ctx) {
              ctx.run(async () => "result", "done")
              ctx.after(10, "done", "timer")
              ctx.every(10, "hear", "tick")
              await new Promise<void>((done) => (open = done))
            },
            done: (_ctx, what: string) => void heard.push(what),
            hear: (_ctx, what: string) => void heard.push(what),
          },
        })
        const { system, clock } = await systemFor(t)
        const ref = system.spawn(Full)
        ref.tell("begin")
        await Promise.resolve()
        ref.tell("hear", "first")
        ref.tell("hear", "second")
        await turns()
        await pass(clock, 60)
        const { refused, deadLetters } = system.statistics
        open?.()
        await turns()
        const of = (what: string) => heard.filter((one) => one === what).length
        t.same([of("first"), of("second"), of("result"), of("timer")], [1, 1, 1, 1], `${overflow} ${urgent}`)
        t.same([refused, deadLetters], [0, 0])
      }
    }
  },
)

t.test("what was promised is not dropped for what comes after it", async (t) => {
  for (const urgent of [true, false]) {
    const heard: string[] = []
    let open: (() => void) | undefined
    const Flooded = defineActor({
      name: "flooded",
      state: () => 0,
      mailbox: { capacity: 3, overflow: "drop-oldest", urgent: urgent ? ["hear"] : [] },
      receive: {
        async begin(ctx) {
          ctx.run(async () => "result", "hear")
          ctx.after(10, "hear", "timer")
          await new Promise<void>((done) => (open = done))
        },
        hear: (_ctx, what: string) => void heard.push(what),
      },
    })
    const { system, clock } = await systemFor(t)
    const ref = system.spawn(Flooded)
    ref.tell("begin")
    await turns()
    await pass(clock, 20)
    for (let n = 0; n < 20; n++) ref.tell("hear", `${n}`)
    open?.()
    await turns()
    t.same(heard, ["result", "timer", "19"])
    t.equal(system.statistics.deadLetters, 19)
  }
})

t.test("a message is put aside by the handler that got it, also beside another one and after an await", async (t) => {
  const gates: (() => void)[] = []
  const Both = defineActor({
    name: "both",
    state: () => ({ open: false }),
    reentrant: ["beside"],
    receive: {
      async outer() {
        await new Promise<void>((done) => gates.push(done))
        return "outer"
      },
      async beside(ctx) {
        if (ctx.state.open) return "beside"
        await Promise.resolve()
        return ctx.stash()
      },
      open(ctx) {
        ctx.state.open = true
        ctx.unstashAll()
      },
    },
  })
  const { system } = await systemFor(t)
  const ref = system.spawn(Both)
  const outer = ref.ask("outer")
  await turns()
  const beside = ref.ask("beside")
  await turns()
  gates[0]?.()
  t.equal(await outer, "outer")
  ref.tell("open")
  t.equal(await beside, "beside")
})

t.test(
  "an ask that is put aside and taken again by the same handler is answered by the one that takes it",
  async (t) => {
    const Again = defineActor({
      name: "again",
      state: () => ({ seen: 0 }),
      receive: {
        ask(ctx) {
          ctx.state.seen += 1
          if (ctx.state.seen > 1) return ctx.state.seen
          ctx.stash()
          return ctx.unstashAll()
        },
      },
    })
    const { system } = await systemFor(t)
    t.equal(await system.spawn(Again).ask("ask"), 2)
  },
)

t.test("there is nothing to put aside where no message is handled", async (t) => {
  const codes: unknown[] = []
  const Early = defineActor({
    name: "early",
    state: () => 0,
    started(ctx) {
      try {
        ctx.stash()
      } catch (error) {
        codes.push((error as AgentOSError).code)
      }
    },
    receive: { hear: () => "heard" },
  })
  const { system } = await systemFor(t)
  t.equal(await system.spawn(Early).ask("hear"), "heard")
  t.same(codes, ["INVALID_DEFINITION"])
})

// --- circles ---------------------------------------------------------------------------------------------------------------------------------

const Circle = defineActor({
  name: "circle",
  state: () => 0,
  reentrant: ["beside"],
  receive: {
    ask: (ctx, refs: readonly SelfRef[]) => follow(ctx as never, refs, "ask"),
    beside: () => "beside",
    askBeside: (ctx) => asker(ctx).ask(ctx.self, "beside"),
    askSelf: (ctx) => asker(ctx).ask(ctx.self, "ask", []),
    askByName: (ctx, key: string) => asker(ctx).ask(ctx.system.entity(Circle, key) as unknown as SelfRef, "ask", []),
  },
}) as never as ActorDefinition<{
  ask(refs: readonly SelfRef[]): string
  askBeside(): string
  askSelf(): string
  askByName(key: string): string
}>
interface Asks {
  ask(ref: SelfRef, type: string, payload?: unknown): Promise<string>
}
const asker = (ctx: unknown): Asks => ctx as Asks
const follow = async (ctx: Asks, [next, ...rest]: readonly SelfRef[], type: string): Promise<string> => (next === undefined ? "end" : ctx.ask(next, type, rest)) // prettier-ignore

const Stored = definePersistentActor({ name: "stored", version: 1, state: () => ({}), events: {} }).receive({
  ask: (ctx, refs: readonly SelfRef[]) => follow(ctx as never, refs, "ask"),
})

t.test("entities that ask each other in a circle are told at once, by whatever ref they do", async (t) => {
  const { system } = await systemFor(t, { definitions: [Circle, Stored] as never })
  const at = (key: string) => system.entity(Circle, key)
  const self = (ref: unknown) => ref as SelfRef
  const cycle = { code: "ASK_CYCLE" }
  await t.rejects(at("a").ask("ask", [self(at("a"))]), cycle)
  await t.rejects(at("a").ask("askSelf"), cycle)
  await t.rejects(at("a").ask("askByName", "a"), cycle)
  await t.rejects(at("a").ask("ask", [self(at("b")), self(at("a"))]), cycle)
  await t.rejects(at("a").ask("ask", [self(at("b")), self(at("c")), self(at("b"))]), cycle)
  await t.rejects(at("a").ask("ask", [self(at("a").with({ timeoutMs: 1e6 }))]), cycle)
  await t.rejects(at("a").ask("ask", [self(router([at("a")], "round-robin"))]), cycle)
  const stored = system.entity(Stored, "s")
  await t.rejects(stored.ask("ask", [self(stored)]), cycle)
  await t.rejects(stored.with({ commandId: "c" }).ask("ask", [self(at("a")), self(stored)]), cycle)
  const pool = workPool(system, Circle as never, { size: 1 }) as unknown as SelfRef
  await t.rejects(at("a").ask("ask", [pool, self(at("a"))]), cycle)
  t.equal(await at("a").ask("askBeside"), "beside", "a reentrant message is no circle")
  t.equal(await at("a").ask("askByName", "b"), "end", "nor is another key")
  t.equal(await at("a").ask("ask", [self(system.entity(Circle, "a", { tenant: "x" }))]), "end", "or another tenant")
})

// --- what remains ----------------------------------------------------------------------------------------------------------------------------

t.test(
  "a tenant of which nobody is awake costs nothing, and refs made before and after reach the same entities",
  async (t) => {
    const { system, clock } = await systemFor(t, { definitions: [Keeper] as never })
    const early = system.entity(Keeper, "k", { tenant: "t" })
    const alsoEarly = system.entity(Keeper, "k", { tenant: "t" })
    const first = await early.ask("life")
    t.equal(await alsoEarly.ask("life"), first)
    await pass(clock, 200)
    t.equal(system.residentEntities, 0)
    t.equal(system.entities.tenants, 0)
    const late = system.entity(Keeper, "k", { tenant: "t" })
    const second = await late.ask("life")
    t.same([await early.ask("life"), await alsoEarly.ask("life")], [second, second])
    t.equal(system.residentEntities, 1)
    t.equal(system.entities.tenants, 1)
  },
)

t.test("when a system has stopped it counts no actors", async (t) => {
  const { system, clock } = await systemFor(t, { definitions: [Keeper] as never })
  system.spawn(Child)
  keeper(system).tell("bear")
  await turns()
  t.equal(system.statistics.actors, 3)
  const stopped = system.stop()
  await pass(clock, 100)
  await stopped
  t.equal(system.statistics.actors, 0)
})

t.test(
  "an entity that makes another wake does not make room for it itself, in the middle of its handler",
  async (t) => {
    const Other = defineActor({ name: "other", state: () => 0, receive: { wake: () => undefined } })
    const Waker = defineActor({
      name: "waker",
      state: () => ({ owed: undefined as Deferred<string> | undefined }),
      receive: {
        owe(ctx) {
          ctx.tell(ctx.system.entity(Other, "o"), "wake")
          return (ctx.state.owed = ctx.defer<string>())
        },
        give: ({ state }) => state.owed?.reply("given"),
      },
    })
    const { system } = await systemFor(t, { definitions: [Other, Waker], entities: { maxResident: 1 } })
    const waker = system.entity(Waker, "w")
    const owed = waker.ask("owe")
    await turns()
    waker.tell("give")
    t.equal(await owed, "given")
  },
)

t.test(
  "a message of a reentrant handler waits until the actor has started, and lets others have their turn",
  async (t) => {
    const heard: string[] = []
    let begun = (): void => {}
    const Slow = defineActor({
      name: "slow",
      state: () => 0,
      started: () => new Promise<void>((done) => (begun = done)),
      reentrant: ["hear"],
      receive: { hear: () => void heard.push("heard") },
    })
    const { system } = await systemFor(t, { definitions: [Slow] })
    const slow = system.entity(Slow, "s")
    slow.tell("hear")
    await turns()
    slow.tell("hear")
    await turns()
    t.same(heard, [])
    begun()
    await turns()
    t.same(heard, ["heard", "heard"])
  },
)

// --- one that crashes too often ------------------------------------------------------------------------------------------------------------------

let sick = false
const Fragile = defineActor({
  name: "fragile",
  state: (): { heard: string[] } => {
    if (sick) throw new Error("no state")
    return { heard: [] }
  },
  mailbox: { capacity: 40 },
  receive: {
    crash: () => {
      throw new Error("poison")
    },
    add(ctx, text: string) {
      ctx.state.heard.push(text)
      return ctx.state.heard.length
    },
    put: (ctx) => (ctx.state.heard.length === 0 ? (ctx.stash() as unknown as number) : ctx.state.heard.length),
    heard(ctx) {
      ctx.unstashAll()
      return [...ctx.state.heard]
    },
  },
})

const code = (ask: Promise<unknown>): Promise<unknown> => ask.catch((error: unknown) => (error as AgentOSError).code)

t.test("an entity that crashed too often rests, and what waits for it is its next life's", async (t) => {
  const told: string[] = []
  const letters: string[] = []
  const { system, clock } = await systemFor(t, {
    definitions: [Fragile],
    telemetry: {
      escalated: (_supervisor, child) => void told.push(child),
      deadLetter: ({ type, reason }) => void letters.push(`${type} ${reason}`),
    },
  })
  const ref = system.entity(Fragile, "a")
  const stashed = ref.with({ timeoutMs: 20_000 }).ask("put")
  const poison = Array.from({ length: 11 }, () => code(ref.ask("crash")))
  for (let n = 0; n < 5; n++) ref.tell("add", `told ${n}`)
  const late = code(ref.with({ timeoutMs: 1 }).ask("add", "late"))
  ref.with({ cause: { deadline: clock.monotonic() + 1 } }).tell("add", "expired")
  const asked = ref.ask("add", "asked")
  await turns(50)
  t.same(new Set(await Promise.all(poison)), new Set(["ACTOR_CRASHED"]))
  t.equal(system.entity(Fragile, "b").tell("add", "x"), true)
  t.same(await system.entity(Fragile, "b").ask("heard"), ["x"], "another one is not concerned")
  await pass(clock, 8, 8)
  ref.tell("add", "told while it rests")
  t.equal(await late, "ASK_TIMEOUT")
  t.equal(system.statistics.restarts, 10)
  t.equal(told.length, 1)
  await pass(clock, 200)
  t.equal(await asked, 6)
  const heard = ["told 0", "told 1", "told 2", "told 3", "told 4", "asked", "told while it rests"]
  t.same(await ref.ask("heard"), heard)
  t.equal(await stashed, heard.length, "the stash was kept, too")
  t.same(letters, ["add expired"])
})

t.test("it rests for longer and longer, a tenth of a second at most, and as at first when it ran well", async (t) => {
  let rests = 0
  const telemetry = { escalated: () => void (rests += 1) }
  const { system, clock } = await systemFor(t, { definitions: [Fragile], telemetry })
  const ref = system.entity(Fragile, "a")
  const crash = async (): Promise<void> => {
    for (const before = rests; rests === before;) await code(ref.ask("crash"))
  }
  /** How long it rests, to a fifth. */
  const rest = async (): Promise<number> => {
    const began = clock.monotonic()
    const answer = ref.with({ timeoutMs: 200_000 }).ask("add", "x")
    let answered = false
    void answer.then(() => (answered = true))
    while (!answered) await pass(clock, 4, 4)
    return clock.monotonic() - began
  }
  const between = (ms: number, least: number): void => void t.ok(ms >= least && ms <= 1.2 * least + 24, `${ms} ms`)
  for (const least of [10, 20, 40, 80, 100, 100]) {
    await crash()
    between(await rest(), least)
  }
  for (let n = 0; n < 61; n++) {
    await ref.ask("add", "it is used")
    await pass(clock, 1000, 1000)
  }
  await crash()
  between(await rest(), 10)
})

t.test("one whose state cannot be made or whose start throws rests, too, and lives when it can", async (t) => {
  const { system, clock } = await systemFor(t, { definitions: [Fragile] })
  sick = true
  t.teardown(() => void (sick = false))
  const ref = system.entity(Fragile, "a")
  ref.tell("add", "kept")
  await turns(50)
  t.equal(system.statistics.crashes, 11)
  sick = false
  await pass(clock, 1300)
  t.same(await ref.ask("heard"), ["kept"])
})

t.test("a full mailbox refuses while it rests, and a stop of the system ends it at once", async (t) => {
  const { system } = await systemFor(t, { definitions: [Fragile] })
  const ref = system.entity(Fragile, "a")
  for (let n = 0; n < 11; n++) await code(ref.ask("crash"))
  let taken = 0
  while (ref.tell("add", "x")) taken += 1
  t.equal(taken, 40)
  t.equal(await code(ref.ask("add", "x")), "MAILBOX_FULL")
  await system.stop()
  t.equal(system.statistics.deadLetters, 40)
})

t.test("with whenGivenUp: stop-system an entity that crashed too often stops the system", async (t) => {
  const { system } = await systemFor(t, { definitions: [Fragile], whenGivenUp: "stop-system" })
  const ref = system.entity(Fragile, "a")
  for (let n = 0; n < 11; n++) await code(ref.ask("crash"))
  const waits = code(ref.ask("add", "x"))
  t.ok(["ACTOR_STOPPED", "SYSTEM_STOPPED"].includes((await waits) as string))
  t.ok(system.stopping)
})
