import t from "tap"
import { createActorSystem, defineActor, spawnPool, type AnyRef } from "#actors/index.js"

const never = () => new Promise<void>(() => {})

const Stuck = defineActor({
  name: "stuck",
  state: () => null,
  handlerTimeoutMs: 30,
  receive: { hang: never, ping: () => "pong" },
})

t.test("a handler that does not settle within its limit is a crash, and the next message is handled", async (t) => {
  const system = await createActorSystem({ name: "test" })
  const stuck = system.spawn(Stuck)
  const hung = stuck.ask("hang")
  const next = stuck.ask("ping")
  await t.rejects(hung, { code: "HANDLER_TIMEOUT" })
  t.equal(await next, "pong")
  await system.stop()
})

t.test("a handler that never settles holds a stop only for the shutdown timeout, and its ask is told", async (t) => {
  const system = await createActorSystem({ name: "test", shutdownTimeoutMs: 30 })
  const Slow = defineActor({ name: "slow", state: () => null, receive: { hang: never } })
  const hung = system.spawn(Slow).ask("hang")
  const told = t.rejects(hung, { code: "ACTOR_STOPPED" })
  await new Promise((done) => setImmediate(done))
  const began = performance.now()
  await system.stop()
  t.ok(performance.now() - began < 1000)
  await told
})

t.test("a farewell that never settles holds a stop only for the shutdown timeout", async (t) => {
  const system = await createActorSystem({ name: "test", shutdownTimeoutMs: 30 })
  system.spawn(defineActor({ name: "clinging", state: () => null, receive: {}, stopping: never }))
  const began = performance.now()
  await system.stop()
  t.ok(performance.now() - began < 1000)
})

t.test("an actor that is stopped while it waits to be restarted stays stopped", async (t) => {
  const Child = defineActor({
    name: "child",
    state: () => null,
    receive: { crash: () => Promise.reject(new Error("no")), ping: () => 1 },
  })
  const system = await createActorSystem({ name: "test" })
  const Parent = defineActor({
    name: "parent",
    state: () => null,
    supervision: { backoff: { minMs: 30, maxMs: 30 } },
    receive: { child: (ctx) => ctx.spawn(Child) },
  })
  const child = await system.spawn(Parent).ask("child")
  await t.rejects(child.ask("crash"), { code: "ACTOR_CRASHED" })
  await system.stopActor(child)
  await new Promise((done) => setTimeout(done, 60))
  t.equal(system.statistics.restarts, 0)
  await t.rejects(child.ask("ping"), { code: "ACTOR_STOPPED" })
  await system.stop()
})

t.test("timers end with their incarnation", async (t) => {
  const system = await createActorSystem({ name: "test" })
  let ticks = 0
  const Ticking = defineActor({
    name: "ticking",
    state: () => null,
    started(ctx) {
      ctx.every(10, "tick")
    },
    receive: {
      tick() {
        ticks += 1
      },
    },
  })
  const ticking = system.spawn(Ticking)
  await new Promise((done) => setTimeout(done, 100))
  t.ok(ticks >= 3, `${ticks} ticks in 100 ms`)
  await system.stopActor(ticking)
  const then = ticks
  await new Promise((done) => setTimeout(done, 50))
  t.equal(ticks, then)
  await system.stop()
})

t.test("a permanent actor that stops by itself is started again, a transient one is not", async (t) => {
  const system = await createActorSystem({ name: "test" })
  const Leaving = defineActor({
    name: "leaving",
    state: () => ({ count: 0 }),
    receive: {
      count: (ctx) => ++ctx.state.count,
      leave(ctx) {
        ctx.stop()
      },
    },
  })
  const permanent = system.spawn(Leaving, { kind: "permanent" })
  const transient = system.spawn(Leaving)
  t.equal(await permanent.ask("count"), 1)
  permanent.tell("leave")
  transient.tell("leave")
  t.equal(await permanent.ask("count"), 1, "with a new state")
  await t.rejects(transient.ask("count"), { code: "ACTOR_STOPPED" })
  await system.stop()
  await t.rejects(permanent.ask("count"), { code: "ACTOR_STOPPED" })
})

t.test(
  "a system that has stopped holds no actors, whatever crashed and whatever was started in the middle of that",
  async (t) => {
    const Child = defineActor({ name: "child", state: () => null, receive: {} })
    const failing = (signal: AbortSignal): Promise<never> =>
      new Promise((_, fail) => signal.addEventListener("abort", () => fail(new Error("stopped in the middle"))))
    const Parent = defineActor({
      name: "parent",
      state: () => null,
      receive: {
        async crash(ctx) {
          ctx.spawn(Child)
          await failing(ctx.signal)
        },
        nest: (ctx) => void ctx.spawn(Parent).tell("crash"),
      },
    })
    for (const type of ["crash", "nest"] as const)
      for (const how of ["spawned", "entity"]) {
        const system = await createActorSystem({ name: "test", definitions: [Parent] })
        const parent = how === "entity" ? system.entity(Parent, "a") : system.spawn(Parent)
        parent.tell(type)
        await new Promise((done) => setImmediate(done))
        await system.stop()
        t.equal(system.statistics.actors, 0, `${how}: ${type}`)
      }
  },
)

t.test("an actor takes along what it starts while it stops", async (t) => {
  const system = await createActorSystem({ name: "test", shutdownTimeoutMs: 20 })
  const Child = defineActor({
    name: "child",
    state: () => null,
    receive: {},
    stopping: () => new Promise<void>((done) => void setTimeout(done, 5)),
  })
  const Parent = defineActor({
    name: "parent",
    state: () => null,
    receive: {
      async hang(ctx) {
        ctx.spawn(Child)
        await new Promise<void>((done) => ctx.signal.addEventListener("abort", () => setTimeout(done, 22)))
        ctx.spawn(Child) // the parent's time is up, and it waits for its child
      },
    },
    stopping: (ctx) => void ctx.spawn(Child),
  })
  for (const hangs of [true, false]) {
    const parent = system.spawn(Parent)
    if (hangs) parent.tell("hang")
    await new Promise((done) => setImmediate(done))
    await system.stopActor(parent)
    await new Promise((done) => setTimeout(done, 10))
    t.equal(system.statistics.actors, 0, hangs ? "in a handler" : "in its farewell")
  }
  await system.stop()
})

t.test(
  "a handler or hook that waits for the stop of its own actor holds it only for the shutdown timeout",
  async (t) => {
    const system = await createActorSystem({ name: "test", shutdownTimeoutMs: 30 })
    t.teardown(() => system.stop())
    const Own = defineActor({
      name: "own",
      state: (inStarted: boolean) => inStarted,
      started: (ctx) => (ctx.state ? ctx.system.stopActor(ctx.self) : undefined),
      receive: {
        stop: async (ctx) => ctx.system.stopActor(ctx.self),
        late: async (ctx) => {
          await null
          await ctx.system.stopActor(ctx.self)
        },
        ping: () => "pong",
      },
    })
    for (const how of ["stop", "late"] as const) {
      const own = system.spawn(Own, { init: false }).with({ timeoutMs: 30_000 })
      const told = [own.ask(how), own.ask("ping")].map((ask: Promise<unknown>) =>
        t.rejects(ask as Promise<void>, { code: "ACTOR_STOPPED" }, how),
      )
      await Promise.all(told)
    }
    await t.rejects(system.spawn(Own, { init: true }).with({ timeoutMs: 30_000 }).ask("ping"), {
      code: "ACTOR_STOPPED",
    })
  },
)

t.test("what is no actor is refused by name where one is to be stopped", async (t) => {
  const Kept = defineActor({ name: "kept", state: () => null, receive: { note: () => {} } })
  const Stopper = defineActor({
    name: "stopper",
    state: () => null,
    receive: { stop: (ctx, { ref }: { readonly ref: AnyRef }) => ctx.stop(ref) },
  })
  const system = await createActorSystem({ name: "test", definitions: [Kept] })
  t.teardown(() => system.stop())
  const pool = spawnPool(system, Kept, { size: 2 })
  const entity = system.entity(Kept, "k")
  const none: unknown[] = [null, "local/kept", 1, {}, Symbol("none"), Object.create(null), { address: "local/kept" }]
  for (const ref of [entity, entity.with({ timeoutMs: 1 }), pool, ...none] as AnyRef[]) {
    await t.rejects(system.stopActor(ref), { code: "INVALID_OPTION", message: /is no actor of this system/ })
    await t.rejects(system.spawn(Stopper).ask("stop", { ref }), { code: "INVALID_OPTION" })
  }
  await t.rejects(system.stopActor(undefined as unknown as AnyRef), { code: "INVALID_OPTION" })
  await t.rejects(system.stopActor(entity), { message: entity.address })
  t.ok(pool.tell("note"), "it lives")
  const kept = system.spawn(Kept)
  await system.stopActor(kept.with({ timeoutMs: 1 }))
  t.notOk(kept.tell("note"))
  await system.stopActor(pool.supervisor)
  t.notOk(pool.tell("note"))
})
