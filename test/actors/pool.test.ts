import t from "tap"
import {
  circuitBreaker,
  createActorSystem,
  defineActor,
  spawnPool,
  workPool,
  type ActorRef,
  type DeadLetter,
} from "#actors/index.js"
import { Subject } from "./workers/definitions.js"

const gates = new Map<string, () => void>()
let begun: string[] = []

const Worker = defineActor({
  name: "worker",
  state: () => ({ heard: 0 }),
  receive: {
    async work(_ctx, name: string) {
      begun.push(name)
      await new Promise<void>((done) => gates.set(name, done))
      return `${name} done`
    },
    quick: (_ctx, name: string) => name,
    deadline: (ctx) => ctx.cause.deadline,
    crash(_ctx, name: string): string {
      begun.push(name)
      if (begun.length < 3) throw new Error("lost")
      return name
    },
    quit: (ctx) => ctx.stop(),
  },
})

const Greeter = defineActor({
  name: "greeter",
  state: (word: string) => word,
  receive: { greet: (ctx, name: string) => `${ctx.state} ${name}` },
})

const turns = () => new Promise<void>((done) => setTimeout(done, 3))

async function open(t: { teardown(then: () => unknown): void }) {
  begun = []
  gates.clear()
  const system = await createActorSystem({ name: "pools", shutdownTimeoutMs: 5 })
  t.teardown(() => system.stop())
  return system
}

t.test("a routee that crashed comes back, one that ended for good leaves the router", async (t) => {
  const system = await open(t)
  const pool = spawnPool(system, Worker, { size: 3, routing: "round-robin", name: "workers" })
  await t.rejects(pool.ask("crash", "x"), { code: "ACTOR_CRASHED" })
  t.equal(pool.routees.length, 3)
  t.same(await Promise.all(["a", "b", "c"].map((name) => pool.ask("quick", name))), ["a", "b", "c"])
  await pool.ask("quit")
  await turns()
  t.equal(pool.routees.length, 2)
  await system.stopActor(pool.supervisor)
  await t.rejects(pool.ask("quick", "d"), { code: "NO_ROUTEE" })
})

t.test("a job waits for a free worker, never behind a slow one", async (t) => {
  const system = await open(t)
  const pool = workPool(system, Worker, { size: 2 })
  const slow = pool.ask("work", "slow")
  t.same(await Promise.all(["a", "b", "c", "d"].map((name) => pool.ask("quick", name))), ["a", "b", "c", "d"])
  gates.get("slow")!()
  t.equal(await slow, "slow done")
})

t.test("a full queue refuses at once", async (t) => {
  const system = await open(t)
  const pool = workPool(system, Worker, { size: 1, capacity: 2 })
  const asks = ["a", "b", "c"].map((name) => pool.ask("work", name))
  await t.rejects(pool.ask("work", "d"), { code: "MAILBOX_FULL" })
  await turns()
  t.equal(pool.tell("work", "d"), false)
  for (const name of ["a", "b", "c"]) {
    gates.get(name)!()
    await turns()
  }
  t.same(await Promise.all(asks), ["a done", "b done", "c done"])
})

t.test("a job whose asker gave up is not begun, and one under way keeps its worker until it has ended", async (t) => {
  const system = await open(t)
  const pool = workPool(system, Worker, { size: 1 })
  const impatient = new AbortController()
  const given = ["a", "b"].map((name) => pool.with({ signal: impatient.signal }).ask("work", name))
  const later = pool.ask("work", "c")
  await turns()
  impatient.abort()
  for (const ask of given) await t.rejects(ask, { code: "CANCELLED" })
  await turns()
  t.same(begun, ["a"])
  gates.get("a")!()
  await turns()
  t.same(begun, ["a", "c"])
  gates.get("c")!()
  t.equal(await later, "c done")
})

t.test("a job whose worker crashed is told, or tried again when that is wanted", async (t) => {
  const system = await open(t)
  await t.rejects(workPool(system, Worker, { size: 1 }).ask("crash", "x"), { code: "ACTOR_CRASHED" })
  begun = []
  t.equal(await workPool(system, Worker, { size: 1, retries: 2 }).ask("crash", "y"), "y")
  t.same(begun, ["y", "y", "y"])
  begun = []
  await t.rejects(workPool(system, Worker, { size: 1, retries: 1 }).ask("crash", "z"), { code: "ACTOR_CRASHED" })
  t.same(begun, ["z", "z"])
})

t.test("the deadline reaches the worker, and a worker that quits is replaced", async (t) => {
  const system = await open(t)
  const pool = workPool(system, Worker, { size: 1 })
  t.equal(await pool.with({ cause: { deadline: 1e12 } }).ask("deadline"), 1e12)
  await pool.ask("quit")
  t.equal(await pool.ask("quick", "again"), "again")
})

t.test("a wrong message or a missing init does not compile", async (t) => {
  const system = await open(t)
  t.equal(await spawnPool(system, Greeter, { size: 1, init: "hello" }).ask("greet", "you"), "hello you")
  const wrong = (): void => {
    // @ts-expect-error the workers need a word
    spawnPool(system, Greeter, { size: 1 })
    // @ts-expect-error the workers need a word
    workPool(system, Greeter, { size: 1 })
    // @ts-expect-error the payload is a string
    spawnPool(system, Worker, { size: 1 }).tell("quick", 1)
    // @ts-expect-error there is no such message
    workPool(system, Worker, { size: 1 }).tell("slow")
  }
  t.type(wrong, "function")
})

t.test("a pool that was restarted by its own supervisor has all its routees again", async (t) => {
  const system = await open(t)
  const Owner = defineActor({
    name: "owner",
    state: () => ({}),
    receive: {
      open: (ctx) => spawnPool(ctx, Worker, { size: 2, supervision: { intensity: { max: 0, withinMs: 1000 } } }),
    },
  })
  const pool = await system.spawn(Owner).ask("open")
  await t.rejects(pool.ask("crash", "x"), { code: "ACTOR_CRASHED" })
  await turns()
  t.equal(pool.routees.length, 2)
  t.same(await Promise.all([pool.ask("quick", "a"), pool.ask("quick", "b")]), ["a", "b"])
})

t.test("a worker that is stopping is not free: it gets no job, and none is lost with it (P3)", async (t) => {
  const Leaving = defineActor({
    name: "leaving",
    state: () => null,
    shutdownTimeoutMs: 60_000,
    receive: {
      leave(ctx) {
        ctx.stop()
        return "left"
      },
      work: () => "done",
    },
    stopping: () => new Promise<void>((done) => setTimeout(done, 30)),
  })
  const system = await createActorSystem({ name: "test" })
  t.teardown(() => system.stop())
  const pool = workPool(system, Leaving, { size: 2 })
  for (let round = 0; round < 5; round++) {
    t.equal(await pool.ask("leave"), "left")
    const jobs = await Promise.all(Array.from({ length: 10 }, () => pool.ask("work")))
    t.same(new Set(jobs), new Set(["done"]))
  }
  t.equal(system.statistics.deadLetters, 0)
})

interface Steps {
  go: (next: ActorRef<Steps>[]) => Promise<string> | string
}

const Step = defineActor({
  name: "step",
  state: () => null,
  receive: {
    go: (ctx, [next, ...rest]: ActorRef<Steps>[]): Promise<string> | string =>
      next === undefined ? "end" : ctx.ask(next, "go", rest),
  },
})

t.test(
  "a job for which all workers of its own pool wait is refused as a circle, and holds none of them (P4)",
  async (t) => {
    const system = await open(t)
    for (const size of [1, 2, 3]) {
      const pool = workPool(system, Step, { size }) as ActorRef<Steps>
      const between = system.spawn(Step) as ActorRef<Steps>
      const times = (count: number, ref: ActorRef<Steps>) => new Array<ActorRef<Steps>>(count).fill(ref)
      t.equal(await pool.ask("go", times(size - 1, pool)), "end", "a worker is left for the last one")
      const cycle = { code: "ASK_CYCLE", message: /all workers of .*work-pool.* would wait for go/ }
      await t.rejects(pool.with({ timeoutMs: Infinity }).ask("go", times(size, pool)), cycle)
      const through = times(size, pool).flatMap((ref) => [between, ref])
      if (size === 1) await t.rejects(pool.with({ timeoutMs: Infinity }).ask("go", through), cycle)
      await t.rejects(between.with({ timeoutMs: Infinity }).ask("go", [...times(size, pool), pool]), cycle)
      t.equal(await pool.ask("go", []), "end")
    }
  },
)

t.test("an ask that waits for room waits for it in a full work pool, too (P5)", async (t) => {
  const system = await open(t)
  const pool = workPool(system, Worker, { size: 1, capacity: 1 })
  const asks = ["a", "b"].map((name) => pool.ask("work", name))
  await t.rejects(pool.ask("quick", "c"), { code: "MAILBOX_FULL" })
  const patient = ["d", "e", "f"].map((name) => pool.with({ whenFull: "wait" }).ask("quick", name))
  await t.rejects(pool.with({ whenFull: "wait", timeoutMs: 5 }).ask("quick", "g"), { code: "ASK_TIMEOUT" })
  for (const name of ["a", "b"]) {
    gates.get(name)!()
    await turns()
  }
  t.same(await Promise.all([...asks, ...patient]), ["a done", "b done", "d", "e", "f"])
})

t.test("however a work pool ends, every ask is told, and jobs that were told become dead letters (P6)", async (t) => {
  const Slow = defineActor({
    name: "slow",
    state: () => null,
    receive: {
      slow: (_ctx, name: string) => new Promise<string>((done) => gates.set(name, () => done(name))),
      crash(): void {
        throw new Error("lost")
      },
    },
  })
  const Owner = defineActor({
    name: "owner",
    state: () => null,
    receive: {
      open: (ctx) => workPool(ctx, Slow, { size: 2, supervision: { intensity: { max: 0, withinMs: 1000 } } }),
      quit: (ctx) => ctx.stop(),
      crash(): void {
        throw new Error("lost")
      },
    },
  })
  for (const how of ["pool", "parent", "parent itself", "parent crashes", "worker given up", "system"]) {
    gates.clear()
    const dead: string[] = []
    const system = await createActorSystem({
      name: "pools",
      telemetry: { deadLetter: ({ type, reason }) => dead.push(`${type} ${reason}`) },
    })
    const owner = system.spawn(Owner, { supervision: { intensity: { max: 0, withinMs: 1000 } } })
    const pool = await owner.ask("open")
    const patient = pool.with({ timeoutMs: Infinity })
    const told = (ask: Promise<string>) =>
      ask.catch(({ code }: { code: string }) => /^ACTOR_(STOPPED|CRASHED)$/.exec(code)?.[0] && "ended")
    const crashes = how === "worker given up"
    const asks = ["a", crashes ? "" : "b", "c", "d"].map((name) =>
      told(name === "" ? (patient.ask("crash") as unknown as Promise<string>) : patient.ask("slow", name)),
    )
    t.equal(pool.tell("slow", "e"), true)
    await turns()
    const ended =
      how === "pool"
        ? system.stopActor(pool)
        : how === "parent"
          ? system.stopActor(owner)
          : how === "system"
            ? system.stop()
            : crashes
              ? undefined
              : owner.ask(how === "parent itself" ? "quit" : "crash").catch(() => {})
    await turns()
    gates.get("a")?.()
    gates.get("b")?.()
    await ended
    t.same(await Promise.all(asks), ["a", crashes ? "ended" : "b", "ended", "ended"], how)
    await system.stop()
    t.same(dead, ["slow stopped", "slow stopped", "slow stopped"], how)
  }
})

t.test("a work pool that is restarted keeps what waits, and tells those whose jobs were under way", async (t) => {
  begun = []
  gates.clear()
  const system = await createActorSystem({ name: "pools" })
  t.teardown(() => system.stop())
  const intensity = { max: 0, withinMs: 1000 }
  const pool = workPool(system, Worker, { size: 2, supervision: { intensity } })
  const first = pool.ask("work", "a")
  const crash = pool.ask("crash", "x")
  const last = pool.ask("work", "b")
  await t.rejects(crash, { code: "ACTOR_CRASHED" })
  gates.get("a")?.()
  t.equal(await first, "a done")
  while (!gates.has("b")) await turns()
  gates.get("b")!()
  t.equal(await last, "b done")
})

t.test("a job that the workers cannot be given is refused where it is sent (P7)", async (t) => {
  const Checked = defineActor({
    name: "checked",
    state: () => null,
    receive: { take: (_ctx, given: unknown) => typeof given },
    schemas: {
      take: {
        "~standard": {
          validate: (value: unknown) => (value === 1 ? { value } : { issues: [{ message: "is not 1" }] }),
        },
      },
    },
  })
  const system = await createActorSystem({ name: "pools", isolated: true })
  t.teardown(() => system.stop())
  const pool = workPool(system, Checked, { size: 1 }) as ActorRef<Record<string, (given?: unknown) => unknown>>
  for (const [type, payload, code] of [
    ["nonesuch", 1, "UNKNOWN_MESSAGE"],
    ["constructor", 1, "UNKNOWN_MESSAGE"],
    ["job", 1, "UNKNOWN_MESSAGE"],
    ["take", () => 1, "INVALID_PAYLOAD"],
    ["take", Symbol("x"), "INVALID_PAYLOAD"],
    ["take", new (class Foreign {})(), "INVALID_PAYLOAD"],
  ] as const) {
    t.throws(() => pool.tell(type, payload), { code })
    await t.rejects(pool.ask(type, payload), { code })
  }
  t.throws(() => pool.with({ untrusted: true }).tell("take", 2), { code: "INVALID_PAYLOAD" })
  t.equal(await pool.with({ untrusted: true }).ask("take", 1), "number")
  t.equal(system.statistics.deadLetters, 0)
})

t.test("a job that owes its answer holds a worker only for as long as somebody waits for it (P3)", async (t) => {
  const Owing = defineActor({
    name: "owing",
    state: () => null,
    receive: {
      owe: (ctx) => ctx.defer<string>(),
      async oweLater(ctx) {
        await new Promise<void>((done) => gates.set("later", done))
        return ctx.defer<string>()
      },
      aside: (ctx) => ctx.stash(),
      answer(ctx) {
        const later = ctx.defer<string>()
        ctx.run(async () => "answered", "answered")
        owed.push(later)
        return later
      },
      answered: (_ctx, text: string) => owed.shift()?.reply(text),
      quick: () => "quick",
    },
  })
  const owed: { reply(text: string): void }[] = []
  const system = await open(t)
  const pool = workPool(system, Owing, { size: 1 })
  for (const type of ["owe", "aside"] as const) {
    await t.rejects(pool.with({ timeoutMs: 5 }).ask(type) as Promise<unknown>, { code: "ASK_TIMEOUT" })
    t.equal(await pool.ask("quick"), "quick", `${type}: the deadline`)
    const impatient = new AbortController()
    const ask = pool.with({ signal: impatient.signal }).ask(type) as Promise<unknown>
    await turns()
    impatient.abort()
    await t.rejects(ask, { code: "CANCELLED" })
    t.equal(await pool.ask("quick"), "quick", `${type}: the signal`)
  }
  t.equal(pool.tell("owe"), true)
  t.equal(await pool.ask("quick"), "quick", "a told job owes nothing")
  const late = pool.with({ timeoutMs: 5 }).ask("oweLater")
  await t.rejects(late, { code: "ASK_TIMEOUT" })
  const next = pool.ask("quick")
  await turns()
  t.equal(pool.waiting, 1, "its handler is still under way")
  gates.get("later")!()
  t.equal(await next, "quick")
  t.same(await Promise.all([pool.ask("answer"), pool.ask("answer")]), ["answered", "answered"])
})

t.test("a work pool and a breaker are what they are for whom they are sent to, on another thread too", async (t) => {
  const system = await createActorSystem({ name: "test", workers: { threads: 1 } })
  t.teardown(() => system.stop())
  const Pinged = defineActor({ name: "pinged", state: () => 0, receive: { ping: (_ctx, n: number) => n + 1 } })
  const far = system.spawn(Subject, { placement: "worker" })
  const pool = workPool(system, Pinged, { size: 2 })
  t.equal(await far.ask("askOther", pool), 22)
  const Failing = defineActor({
    name: "failing",
    state: () => 0,
    receive: {
      ping(_ctx, _n: number): number {
        throw new Error("broken")
      },
    },
  })
  const broken = circuitBreaker(system.spawn(Failing), { failures: 1, withinMs: 60_000, openMs: 60_000 })
  await t.rejects(far.ask("askOther", broken), { code: "ACTOR_CRASHED" })
  await t.rejects(far.ask("askOther", broken), { code: "CIRCUIT_OPEN" }, "it goes through the breaker")
})

t.test("jobs that nobody waits for any more hold no room in the queue", async (t) => {
  const system = await createActorSystem({ name: "test" })
  t.teardown(() => system.stop())
  const pool = workPool(system, Worker, { size: 1, capacity: 5 })
  const busy = pool.ask("work", "busy")
  while (!gates.has("busy")) await new Promise(setImmediate)
  const calledOff = new AbortController()
  const waiting = Array.from({ length: 5 }, () => pool.with({ signal: calledOff.signal }).ask("quick", "x"))
  await t.rejects(pool.ask("quick", "one too many"), { code: "MAILBOX_FULL" })
  calledOff.abort()
  for (const ask of waiting) await t.rejects(ask, { code: "CANCELLED" })
  const next = pool.ask("quick", "next")
  gates.get("busy")?.()
  t.same(await Promise.all([busy, next]), ["busy done", "next"])
})

t.test("a job that was told and is not begun in time is a dead letter", async (t) => {
  const letters: string[] = []
  const telemetry = { deadLetter: ({ type, reason }: DeadLetter) => void letters.push(`${type} ${reason}`) }
  const system = await createActorSystem({ name: "test", telemetry })
  t.teardown(() => system.stop())
  const pool = workPool(system, Worker, { size: 1 })
  const busy = pool.ask("work", "for long")
  while (!gates.has("for long")) await new Promise(setImmediate)
  const deadline = system.clock.monotonic() + 10
  pool.with({ cause: { deadline } }).tell("quick", "too late")
  while (system.clock.monotonic() <= deadline) await new Promise(setImmediate)
  gates.get("for long")?.()
  await busy
  t.equal(await pool.ask("quick", "next"), "next")
  t.same(letters, ["quick expired"])
})
