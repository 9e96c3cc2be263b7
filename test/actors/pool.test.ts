import t from "tap"
import { createActorSystem, defineActor, spawnPool, workPool, type ActorRef } from "#actors/index.js"

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
