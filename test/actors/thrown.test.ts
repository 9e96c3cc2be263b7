/** Whatever is thrown, wherever: the actor crashes in order, who asked is told in words, and the process goes on. */
import t from "tap"
import {
  AgentOSError,
  createActorSystem,
  definePersistentActor,
  defineActor,
  defineProjection,
  startProjection,
  circuitBreaker,
  type Logger,
  type Telemetry,
} from "#actors/index.js"
import { errorOf, thrownText } from "#actors/errors.js"
import { failureOf, thrownOf } from "#actors/remote/failure.js"
import { thrownValues } from "../support/thrown-values.js"

const values = Object.entries(thrownValues)
const made = (name: string): unknown => (thrownValues[name] as () => unknown)()
const turn = (): Promise<void> => new Promise((done) => setImmediate(done))

/** Looks at what it is told, as carelessly as a program may. */
const careless: Logger & Required<Telemetry> = {
  debug: (fields) => void look(fields["error"]),
  info: (fields) => void look(fields["error"]),
  warn: (fields) => void look(fields["error"]),
  error: (fields) => void look(fields["error"]),
  crashed: (_, error) => void look(error),
  restarted() {
    throw Symbol("a listener that throws")
  },
  escalated: (_, __, error) => void look(error),
  async deadLetter() {
    throw Object.create(null)
  },
}
const look = (error: unknown): string => `${(error as Error).message} ${(error as Error).stack} ${String(error)}`

const systemFor = async (t: { teardown(f: () => Promise<void>): void }, more = {}) => {
  const system = await createActorSystem({ name: "test", logger: careless, telemetry: careless, ...more })
  t.teardown(() => system.stop())
  return system
}

/** Throws what it is told to, where it is told to. */
const Thrower = defineActor({
  name: "thrower",
  state: (init: { readonly state?: () => unknown } = {}) => {
    if (init.state !== undefined) throw init.state()
    return { told: [] as unknown[] }
  },
  reentrant: ["beside"],
  schemas: {
    checked: {
      "~standard": {
        validate: (value) => {
          throw made(value as string)
        },
      },
    },
    checkedLater: {
      "~standard": {
        validate: async (value) => {
          throw made(value as string)
        },
      },
    },
  },
  receive: {
    throws(_, what: string) {
      throw made(what)
    },
    async rejects(_, what: string) {
      await turn()
      throw made(what)
    },
    beside(_, what: string) {
      throw made(what)
    },
    waits: () => new Promise<never>(() => {}),
    works: (ctx, what: string) =>
      void ctx.run(async () => {
        throw made(what)
      }, "told"),
    worksFor: (ctx, what: string) =>
      void ctx.run(
        async () => {
          throw made(what)
        },
        "told",
        "told",
      ),
    later: (ctx, what: string) => void ctx.after(1, "throws", what),
    defers(ctx, what: string) {
      const reply = ctx.defer<string>()
      reply.fail(made(what))
      return reply
    },
    told: (ctx, what: unknown) => void ctx.state.told.push(what),
    heard: (ctx) => ctx.state.told.length,
    checked: (_, _what: string) => "not reached",
    checkedLater: (_, _what: string) => "not reached",
    fine: () => "fine",
  },
})

for (const [name] of values)
  t.test(`${name}: a handler that throws it crashes, its ask is told, and the next message is handled`, async (t) => {
    const system = await systemFor(t)
    const thrower = system.spawn(Thrower)
    for (const type of ["throws", "rejects"] as const) {
      const error: unknown = await thrower.ask(type, name).then(
        () => t.fail("answered"),
        (error: unknown) => error,
      )
      t.ok(error instanceof AgentOSError)
      const { code, message } = error as AgentOSError
      t.type(message, "string")
      t.equal(code, "ACTOR_CRASHED")
    }
    const waits = thrower.ask("waits").catch((error: unknown) => error)
    const beside = thrower.ask("beside", name).catch((error: unknown) => error)
    t.match(await beside, { code: "ACTOR_CRASHED" }, "a handler beside another one")
    t.match(await waits, { code: "ACTOR_CRASHED" })
    t.equal(await thrower.ask("fine"), "fine")
    t.equal(system.statistics.crashes, 3)
  })

t.test("work, timers, deferred answers and schemas may throw it", async (t) => {
  const system = await systemFor(t)
  let crashes = 0
  const crashed = async (): Promise<void> => {
    while (system.statistics.crashes === crashes) await new Promise((done) => setTimeout(done, 1))
    crashes = system.statistics.crashes
  }
  for (const [name] of values) {
    const thrower = system.spawn(Thrower) // one of its own, as a tenth crash within ten seconds would be its last
    await thrower.ask("works", name)
    await crashed()
    await thrower.ask("later", name)
    await crashed()
    await thrower.ask("worksFor", name)
    while ((await thrower.ask("heard")) === 0) await turn()
    await thrower.ask("defers", name).then(
      () => t.fail("answered"),
      () => t.pass(name),
    )
    const untrusted = thrower.with({ untrusted: true })
    const refusal = "INVALID_PAYLOAD"
    await t.rejects(untrusted.ask("checked", name), { code: refusal }, name)
    await t.rejects(untrusted.ask("checkedLater", name), { code: "INVALID_DEFINITION" }, name)
    t.throws(() => untrusted.tell("checked", name), { code: refusal }, name)
    t.equal(await thrower.ask("fine"), "fine")
  }
})

for (const [name, what] of values)
  t.test(`${name}: thrown by a state factory, started, ended or stopping`, async (t) => {
    const system = await systemFor(t)
    const stateless = system.spawn(Thrower, { init: { state: what } })
    await t.rejects(stateless.ask("fine"), { code: "ACTOR_CRASHED" }, "state: it crashed too often")
    const Hooked = defineActor({
      name: "hooked",
      state: (at: "started" | "ended" | "stopping") => at,
      started(ctx) {
        if (ctx.state === "started") throw what()
      },
      ended() {
        throw what()
      },
      async stopping(ctx) {
        if (ctx.state === "stopping") throw what()
      },
      receive: {
        lose(ctx) {
          const child = ctx.spawn(Thrower, { kind: "temporary" })
          ctx.watch(child)
          ctx.stop(child)
        },
        state: (ctx) => ctx.state,
      },
    })
    await t.rejects(system.spawn(Hooked, { init: "started" }).ask("state"), { code: "ACTOR_CRASHED" }, "started")
    const before = system.statistics.crashes
    const watcher = system.spawn(Hooked, { init: "ended" })
    await watcher.ask("lose")
    while (system.statistics.crashes === before) await turn()
    t.equal(await watcher.ask("state"), "ended")
    await system.stopActor(system.spawn(Hooked, { init: "stopping" }))
  })

t.test("a persistent actor and a projection whose folds throw it", async (t) => {
  for (const [name, what] of values) {
    const Ledger = definePersistentActor({
      name: "ledger",
      version: 1,
      state: () => ({ n: 0 }),
      events: {
        added: (state, by: number) => {
          if (by < 0) throw what()
          state.n += by
        },
      },
    }).receive({
      async add(ctx, by: number) {
        await ctx.persist("added", by)
        return ctx.state.n
      },
    })
    const system = await systemFor(t, { definitions: [Ledger] })
    const projection = startProjection(
      system,
      defineProjection({
        name: "sums",
        version: 1,
        from: Ledger,
        state: () => ({ n: 0 }),
        apply: {
          added() {
            throw what()
          },
        },
      }),
    )
    const ledger = system.entity(Ledger, "a")
    t.equal(await ledger.ask("add", 1), 1)
    t.ok((await projection.caughtUp().catch((error: unknown) => error)) instanceof AgentOSError, name)
    t.type(projection.failed?.message, "string")
    t.ok((await ledger.ask("add", -1).catch((error: unknown) => error)) instanceof AgentOSError, name)
  }
})

t.test("a breaker whose judge throws counts it, and lets the next ask through later", async (t) => {
  for (const [name, what] of values) {
    const system = await systemFor(t)
    const judged = circuitBreaker(system.spawn(Thrower), {
      failures: 1,
      withinMs: 1000,
      openMs: 0,
      isFailure: () => {
        throw what()
      },
    })
    await t.rejects(judged.ask("throws", name), { code: "ACTOR_CRASHED" }, name)
    await t.rejects(judged.ask("throws", name), { code: "ACTOR_CRASHED" }, name)
    t.equal(await judged.ask("fine"), "fine", name)
  }
})

t.test("each becomes text, an error and a failure that can travel", (t) => {
  for (const [name, what] of values) {
    const thrown = what()
    t.ok(thrownText(thrown).isWellFormed(), name)
    t.ok(thrownText(thrown).length <= 10_001, name)
    t.ok(errorOf(thrown) instanceof Error, name)
    t.equal(AgentOSError.from(thrown).message.isWellFormed(), true, name)
    const failure = failureOf(thrown)
    t.strictSame(structuredClone(failure), failure, `${name}: it is plain data`)
    t.ok(
      JSON.stringify(failure, (_, value: unknown) => (typeof value === "bigint" ? `${value}` : value)).length < 200_000,
    )
    const there = thrownOf(failure)
    t.type(thrownText(there), "string", name)
  }
  t.match(thrownOf(failureOf(new RangeError("far", { cause: new Error("why") }))), { name: "RangeError", cause: { message: "why" } }) // prettier-ignore
  t.end()
})
