import { execFile } from "node:child_process"
import { setTimeout as sleep } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import t from "tap"
import {
  AgentOSError,
  createActorSystem,
  defineActor,
  memoryJournal,
  openLevelJournal,
  readStream,
  spawnPool,
  startReminders,
  systemClock,
  workPool,
  type ActorRef,
  type ActorSystem,
  type AnyRef,
  type Clock,
  type Exit,
  type RefOf,
} from "#actors/index.js"
import type { ActorSystemOptions } from "#actors/system-options.js"
import { Limit } from "#actors/timers.js"
import { endlessSource } from "#test/support/endless-source.js"
import { begun, eventually } from "#test/support/ref-contract.js"
import type { AsksEach } from "./definitions.js"
import { Account, Narrow, NotStarting, PlacedSubject, Quitter, Sleepy, Subject } from "./definitions.js"

type Tap = Pick<typeof t, "teardown">
type SubjectRef = RefOf<typeof Subject>

const systemFor = async (t: Tap, options: Partial<ActorSystemOptions> = {}): Promise<ActorSystem> => {
  const system = await createActorSystem({ name: "test", workers: { threads: 2 }, ...options })
  t.teardown(() => system.stop())
  return system
}

/** Supervises subjects on worker threads. */
const parentWith = (supervision: NonNullable<Parameters<typeof defineActor>[0]["supervision"]>) =>
  defineActor({
    name: "parent",
    supervision,
    state: () => ({ ended: [] as Exit[] }),
    receive: {
      child(ctx, name: string) {
        const child = ctx.spawn(PlacedSubject, { name })
        ctx.watch(child)
        return child
      },
      stopChild: (ctx, ref: AnyRef) => ctx.stop(ref),
      ended: (ctx) => ctx.state.ended,
    },
    ended: (ctx, _ref, reason) => void ctx.state.ended.push(reason),
  })

t.test("actors of one definition are spread over the threads; an entity keeps to its own", async (t) => {
  const system = await systemFor(t, { definitions: [PlacedSubject] })
  const threads = new Set<number>()
  for (let n = 0; n < 4; n++) threads.add(await system.spawn(PlacedSubject).ask("thread"))
  t.equal(threads.size, 2)
  t.notOk(threads.has(0), "none of them is the main thread")
  const keys = Array.from({ length: 20 }, (_, i) => `key ${i}`)
  const threadsOf = (): Promise<number[]> =>
    Promise.all(keys.map((key) => system.entity(PlacedSubject, key).ask("thread")))
  const first = await threadsOf()
  t.equal(new Set(first).size, 2)
  t.same(await threadsOf(), first)
})

t.test("how long a thread takes to start is no part of an ask's time", async (t) => {
  let ahead = 0
  const clock: Clock = { ...systemClock, monotonic: () => systemClock.monotonic() + ahead }
  const system = await systemFor(t, { clock, workers: { threads: 3 }, definitions: [PlacedSubject] })
  /** As if that many milliseconds went by before the thread is up: what is due meanwhile fires. */
  const pass = (ms: number): void => {
    system.wheel.add(new Limit(() => {}), 1)
    ahead += ms
  }
  const patient = { timeoutMs: 30_000 }
  const asked = system.spawn(PlacedSubject).with(patient).ask("add", 1)
  const ofEntity = system.entity(PlacedSubject, "one").with(patient).ask("add", 2)
  const due = system.spawn(PlacedSubject).with({ ...patient, cause: { deadline: clock.monotonic() + 40_000 } }).ask("add", 3) // prettier-ignore
  pass(100_000)
  await t.rejects(due, { code: "ASK_TIMEOUT" }, "a moment that was given stays that moment")
  t.equal(await asked, 1)
  t.equal(await ofEntity, 2)
  const held = system.spawn(PlacedSubject).with(patient)
  await held.ask("add", 1)
  const late = held.ask("hold")
  await begun(held)
  pass(40_000)
  await t.rejects(late, { code: "ASK_TIMEOUT" }, "once it is up, time is time")
})

t.test("what cannot be found by a worker thread is refused where it is written", async (t) => {
  const spec = { name: "lost", state: () => ({}), receive: { hello: () => "hello" } }
  t.throws(() => defineActor({ ...spec, placement: "worker" }), {
    code: "INVALID_DEFINITION",
    message: /"lost": placement: "worker" needs module: import\.meta\.url/,
  })
  const system = await systemFor(t)
  t.throws(() => system.spawn(defineActor(spec), { placement: "worker" }), {
    code: "INVALID_DEFINITION",
    message: /add "module: import\.meta\.url"/,
  })
  for (const threads of [0, 1.5])
    await t.rejects(createActorSystem({ name: "test", workers: { threads } }), { code: "INVALID_DEFINITION" })
  await t.rejects(createActorSystem({ name: "test", workers: { hangMs: 0 } }), { code: "INVALID_DEFINITION" })
})

t.test("a definition that its module does not export is named, with what is exported", async (t) => {
  const crashes: { code?: string; message?: string }[] = []
  const system = await systemFor(t, { telemetry: { crashed: (_actor, error) => crashes.push(error as object) } })
  const Hidden = defineActor({
    name: "hidden",
    module: new URL("definitions.js", import.meta.url).href,
    placement: "worker",
    state: () => ({}),
    receive: { hello: () => "hello" },
  })
  await t.rejects(system.spawn(Hidden).ask("hello"), { code: "ACTOR_CRASHED" })
  t.match(crashes[0], {
    code: "UNKNOWN_DEFINITION",
    message: /definitions\.js exports .*Subject.*no definition named "hidden"/,
  })
})

t.test("an actor whose state cannot be made ends as one beside its supervisor would", async (t) => {
  const system = await systemFor(t)
  await t.rejects(system.spawn(NotStarting).ask("hello"), { code: "ACTOR_CRASHED" })
  t.equal(system.statistics.crashes, 11, "ten restarts, and the crash after them")
})

t.test("what cannot travel is refused by name where it is sent", async (t) => {
  const system = await systemFor(t)
  const ref = system.spawn(PlacedSubject)
  t.throws(() => ref.tell("note", { list: [1, () => 2] }), {
    code: "INVALID_PAYLOAD",
    message: /placed-subject\.note: the payload\.list\[1\] is a function/,
  })
  class Thing {}
  t.throws(() => ref.tell("note", new Thing()), { code: "INVALID_PAYLOAD", message: /an instance of Thing/ })
  await t.rejects(ref.ask("echo", Symbol("x")), { code: "INVALID_PAYLOAD" })
  await t.rejects(ref.ask("answerWithClass"), {
    code: "INVALID_ANSWER",
    executed: "yes",
    message: /answerWithClass.*an instance of URL/,
  })
  t.throws(() => system.spawn(Narrow, { init: { start: (() => 1) as never } }), { code: "INVALID_PAYLOAD" })
  t.equal(await ref.ask("add", 1), 1, "it lives on")
})

t.test("the state factory is given what the actor is spawned with, again at each restart", async (t) => {
  const system = await systemFor(t)
  const narrow = system.spawn(Narrow, { init: { start: 40 }, name: "narrow" })
  t.equal(await narrow.ask("total"), 40)
  t.match(narrow.address, /^actor:\/\/test\/local\/narrow#/)
})

t.test("bytes are copied, and their sender keeps them", async (t) => {
  const system = await systemFor(t)
  const ref = system.spawn(PlacedSubject)
  const shared = new Uint8Array(new SharedArrayBuffer(4))
  const answer = ref.ask("echo", { shared, bytes: new Uint8Array(8).subarray(2, 4) })
  shared[0] = 9
  const { shared: copy, bytes } = (await answer) as { shared: Uint8Array; bytes: Uint8Array }
  shared[1] = 9
  t.equal(copy[1], 0)
  t.equal(bytes.buffer.byteLength, 2, "without the buffer they lie in")
})

t.test("a child on a worker thread is supervised by its parent on the main thread", async (t) => {
  const system = await systemFor(t)

  await t.test("restarted alone, with the waiting messages", async (t) => {
    const parent = system.spawn(parentWith({}))
    const [one, two] = [await parent.ask("child", "one"), await parent.ask("child", "two")] as SubjectRef[]
    await one?.ask("add", 1)
    await two?.ask("add", 2)
    const crash = one?.ask("crash", "x")
    const waiting = Array.from({ length: 20 }, () => one?.ask("add", 1))
    await t.rejects(crash as Promise<never>, { code: "ACTOR_CRASHED" })
    t.same(
      await Promise.all(waiting),
      Array.from({ length: 20 }, (_, i) => i + 1),
    )
    t.equal(await two?.ask("add", 0), 2)
    t.match(one?.address, /parent-\d+\/one#/)
  })

  await t.test("all for one", async (t) => {
    const parent = system.spawn(parentWith({ strategy: "one-for-all" }))
    const [one, two] = [await parent.ask("child", "one"), await parent.ask("child", "two")] as SubjectRef[]
    await two?.ask("add", 2)
    await t.rejects(one?.ask("crash", "x") as Promise<never>)
    t.equal(
      await eventually(
        () => two?.ask("add", 0),
        (total) => total === 0,
      ),
      0,
    )
  })

  await t.test("after a wait", async (t) => {
    const parent = system.spawn(parentWith({ backoff: { minMs: 100, maxMs: 100 } }))
    const one = (await parent.ask("child", "one")) as SubjectRef
    await t.rejects(one.ask("crash", "x"))
    const began = performance.now()
    t.equal(await one.ask("add", 1), 1)
    t.ok(performance.now() - began > 80)
  })

  await t.test("given up with the error of its crash", async (t) => {
    const parent = system.spawn(parentWith({ intensity: { max: 0, withinMs: 1000 } }), { kind: "temporary" })
    const one = (await parent.ask("child", "one")) as SubjectRef
    await t.rejects(one.ask("crash", "the last one"), { cause: { message: "the last one" } })
    await t.rejects(
      eventually(
        () => one.ask("log"),
        () => false,
      ),
      { code: "ACTOR_STOPPED" },
    )
  })

  await t.test("and stopped by it", async (t) => {
    const parent = system.spawn(parentWith({}))
    const one = (await parent.ask("child", "one")) as SubjectRef
    await one.ask("log")
    await parent.ask("stopChild", one)
    const ended = await eventually(
      () => parent.ask("ended"),
      ({ length }) => length === 1,
    )
    t.same(ended, [{ kind: "stopped" }])
    t.notMatch(JSON.stringify(system.tree), /"name":"one","definition":"placed-subject","phase":"stopping"/)
  })

  await t.test("a permanent one that stops by itself is started again", async (t) => {
    const ref = system.spawn(PlacedSubject, { kind: "permanent" })
    await ref.ask("add", 5)
    await ref.ask("stopYourself")
    t.equal(await ref.ask("add", 1), 1)
  })
})

t.test("a thread that exits", async (t) => {
  const errors: unknown[] = []
  const logger = { debug() {}, info() {}, warn() {}, error: (fields: object) => void errors.push(fields) }
  const system = await systemFor(t, { workers: { threads: 1 }, logger })
  const [one, two] = [system.spawn(PlacedSubject), system.spawn(PlacedSubject)]
  const before = await one.ask("thread")
  await two.ask("add", 5)
  const open = two.ask("hold")
  await begun(two)
  await t.rejects(one.ask("exit"), { code: "WORKER_LOST", message: /local~1 has ended \(exit code 3\)/ })
  await t.rejects(open, { code: "WORKER_LOST" })
  t.equal(await two.ask("add", 1), 1, "its actors begin anew")
  t.not(await one.ask("thread"), before, "on another thread")
  t.equal(system.statistics.restarts, 2)
  t.match(errors, [{ thread: "local~1", error: { code: "WORKER_LOST" } }])
})

t.test("a stream whose reader's thread is lost closes at its source", async (t) => {
  const system = await systemFor(t, { workers: { threads: 1 } })
  const [reader, other] = [system.spawn(PlacedSubject), system.spawn(PlacedSubject)]
  const { definition, closed } = endlessSource()
  reader.tell("readSome", await system.spawn(definition).ask("open"))
  await begun(reader)
  await t.rejects(other.ask("exit"), { code: "WORKER_LOST" })
  await closed
})

t.test("items of a stream on another thread arrive up to the one that cannot travel", async (t) => {
  const system = await systemFor(t)
  const source = system.spawn(PlacedSubject)
  for (const [count, batch] of [
    [0, 16],
    [3, 16],
    [5, 3],
    [5, 1],
    [40, 7],
  ] as const) {
    const read: number[] = []
    const reading = async (): Promise<void> => {
      for await (const n of readStream(system, await source.ask("stream", count), { batch })) read.push(n)
    }
    await t.rejects(reading(), { code: "INVALID_ANSWER" })
    t.same(read, Array.from({ length: count }, (_, n) => n)) // prettier-ignore
  }
})

t.test("an endless loop is ended, and the handler named", async (t) => {
  const crashes: { code?: string; message?: string }[] = []
  const system = await systemFor(t, {
    workers: { threads: 2, hangMs: 2000 },
    telemetry: { crashed: (_actor, error) => crashes.push(error as object) },
  })
  const [spinning, other] = [system.spawn(PlacedSubject), system.spawn(PlacedSubject)]
  await other.ask("add", 5)
  const spin = spinning.with({ timeoutMs: 10_000 }).ask("spin")
  spinning.tell("note", "lost with the thread")
  await t.rejects(spin, {
    code: "WORKER_LOST",
    message: /gave no sign for 2000 ms and was ended: the handler placed-subject\.spin does not end/,
  })
  t.same(await spinning.ask("log"), [], "it lives again")
  t.equal(await other.ask("add", 0), 5, "the other thread went on")
  t.match(crashes, [{ code: "WORKER_LOST" }])
  const slow = await other.ask("slowly", 2500)
  t.equal(slow, "slow", "a promise is no loop")
})

t.test("a main thread that is busy itself does not take the workers for hanging", async (t) => {
  const hangMs = 1000
  let asked = false
  let held = 0
  /** Holds the main thread for longer than `hangMs` right after the thread was asked for a sign. */
  const clock: Clock = {
    ...systemClock,
    timer: (ms, callback) =>
      systemClock.timer(ms, () => {
        asked = ms === hangMs / 2
        callback()
        asked = false
      }),
    afterInputOutput(callback) {
      const hold = asked
      systemClock.afterInputOutput(() => {
        callback()
        if (!hold || held++ > 0) return
        const until = performance.now() + 1.3 * hangMs
        while (performance.now() < until);
      })
    },
  }
  const system = await systemFor(t, { workers: { threads: 1, hangMs }, clock })
  const ref = system.spawn(PlacedSubject)
  await ref.ask("add", 5)
  await eventually(
    () => held,
    (times) => times > 0,
  )
  await sleep(100)
  t.equal(await ref.ask("add", 0), 5)
  t.ok(held > 0)
})

t.test("a thread that takes more memory than it may is lost, and no other", async (t) => {
  const system = await systemFor(t, { workers: { threads: 1, memoryMb: 64 } })
  const ref = system.spawn(PlacedSubject).with({ timeoutMs: 30_000 }) // a thread short of memory is slow before it is lost
  await ref.ask("log")
  await t.rejects(ref.ask("fill"), {
    code: "WORKER_LOST",
    cause: { code: "ERR_WORKER_OUT_OF_MEMORY" },
  })
  t.same(await ref.ask("log"), [])
})

t.test("a persistent entity on a worker thread keeps its state in the journal of the main thread", async (t) => {
  const folder = t.testdir()
  const open = async (): Promise<ActorSystem> =>
    createActorSystem({
      name: "test",
      definitions: [Account],
      workers: { threads: 1 },
      journal: await openLevelJournal(folder),
    })
  const first = await open()
  const alice = first.entity(Account, "alice")
  t.equal(await alice.ask("deposit", 5), 5)
  for (let n = 0; n < 4; n++) await alice.ask("deposit", 1)
  t.equal(await alice.with({ commandId: "once" }).ask("deposit", 10), 19)
  t.equal(await alice.with({ commandId: "once" }).ask("deposit", 10), 19, "a command is carried out once")
  t.not(await alice.ask("thread"), 0)
  const many = await Promise.all(
    Array.from({ length: 50 }, (_, i) => first.entity(Account, `key ${i}`).ask("deposit", i)),
  )
  t.same(
    many,
    Array.from({ length: 50 }, (_, i) => i),
  )
  const events: unknown[] = []
  for await (const page of first.journal.read({ tenant: "default", type: "account", key: "alice" }, 0))
    events.push(...page)
  t.equal(events.length, 6)
  await first.stop()
  const second = await open()
  t.teardown(() => second.stop())
  t.equal(await second.entity(Account, "alice").ask("balance"), 19)
  t.equal(await second.entity(Account, "key 7").ask("balance"), 7)
})

t.test("a state that is more than plain data crosses to the journal and back", async (t) => {
  const journal = memoryJournal(systemClock)
  for (const count of [4, 8]) {
    const system = await systemFor(t, { definitions: [Account], journal })
    const alice = system.entity(Account, "alice")
    for (let n = 0; n < 4; n++) await alice.ask("deposit", 1)
    t.equal(await alice.ask("count"), count, "a Map in its snapshot is a Map again")
    await system.stop()
  }
  t.ok((await journal.snapshot({ tenant: "default", type: "account", key: "alice" }))?.sequence)
})

t.test("an actor on a worker thread reaches entities of the system, wherever they live", async (t) => {
  const system = await systemFor(t, { definitions: [Account, PlacedSubject] })
  await system.entity(Account, "alice").ask("deposit", 7)
  for (let n = 0; n < 2; n++) t.equal(await system.spawn(PlacedSubject).ask("balance", "alice"), 7)
  const without = await systemFor(t)
  await t.rejects(without.spawn(PlacedSubject).ask("balance", "alice"), {
    code: "UNKNOWN_DEFINITION",
  })
})

t.test(
  "actors that an actor spawns on its thread live there, are reached and watched from everywhere, and end with it",
  async (t) => {
    const system = await systemFor(t)
    const [one, two] = [system.spawn(PlacedSubject), system.spawn(PlacedSubject)]
    const { child } = await one.ask("spawn")
    t.match(child.address, /^actor:\/\/test\/local~\d+\/placed-subject-\d+\/child-\d+#/)
    t.equal(await child.ask("thread"), await one.ask("thread"))
    const heard: string[] = []
    const Listener = defineActor({
      name: "listener",
      state: () => ({}),
      receive: { heard: (_ctx, what: string) => void heard.push(what) },
    })
    await two.ask("watch", { ref: child, tell: system.spawn(Listener) })
    t.throws(() => child.tell("no such" as "stop"), { code: "UNKNOWN_MESSAGE" })
    await system.stopActor(one)
    t.same(
      await eventually(
        () => heard,
        ({ length }) => length === 1,
      ),
      [`${child.address} stopped`],
    )
    await t.rejects(child.ask("thread"), { code: "ACTOR_STOPPED" })
  },
)

t.test("an entity on a worker thread is its own ref, and a circle of asks is seen there", async (t) => {
  const system = await systemFor(t, { definitions: [Subject, PlacedSubject] })
  const [here, there] = [system.entity(Subject, "k"), system.entity(PlacedSubject, "k")]
  t.equal(await there.ask("address"), there.address)
  const each = (ref: SubjectRef) => ref as unknown as ActorRef<AsksEach>
  t.equal(await here.ask("askEach", [each(there)]), "end")
  const cycle = { code: "ASK_CYCLE" }
  await t.rejects(there.ask("askEach", [each(there)]), cycle)
  await t.rejects(there.ask("askEach", [each(here), each(there)]), cycle)
  await t.rejects(here.ask("askEach", [each(there), each(here)]), cycle)
})

t.test("an answer that an entity on a worker thread owes when it is moved is told as the move says", async (t) => {
  const transport = { node: "n", entity: () => undefined, groupOf: () => 0 }
  const system = await systemFor(t, { definitions: [PlacedSubject], transport })
  const owed = system.entity(PlacedSubject, "k").ask("later")
  owed.catch(() => undefined)
  await system.entity(PlacedSubject, "k").ask("log")
  await system.entities.release(0, 50, new AgentOSError("HANDLER_TIMEOUT", "it moves"))
  await t.rejects(owed, { code: "HANDLER_TIMEOUT" })
})

t.test("what an entity on a worker thread was told and has not handled goes along when it is moved", async (t) => {
  const transport = { node: "n", entity: () => undefined, groupOf: () => 0 }
  const system = await systemFor(t, { definitions: [PlacedSubject], transport, shutdownTimeoutMs: 50 })
  const ref = system.entity(PlacedSubject, "k")
  ref.tell("hold")
  await begun(ref)
  ref.tell("note", { to: [ref, new Map([[1, "one"]])] })
  const traced = ref.with({ cause: { traceId: "t", tenant: "ada" } })
  for (let n = 0; n < 50; n++) {
    t.ok(traced.tell("note", n))
    if (n % 10 === 9) await begun(ref) // as many are there as the window lets; the others wait here
  }
  t.ok(ref.tell("stopYourself"))
  const told = await system.entities.release(0, 50, new AgentOSError("HANDLER_TIMEOUT", "it moves"))
  t.same(told.map(({ type }) => type), [...Array<string>(51).fill("note"), "stopYourself"]) // prettier-ignore
  t.same(told.slice(1, -1).map(({ payload }) => payload), [...Array(50).keys()]) // prettier-ignore
  t.match(told[0]?.payload, { to: [{ address: ref.address }, new Map([[1, "one"]])] })
  t.match(told[1]?.meta, { traceId: "t", tenant: "ada" })
  t.equal(system.statistics.deadLetters, 0)
})

t.test("an actor on a worker thread sets and cancels the reminders that the main thread keeps", async (t) => {
  const system = await createActorSystem({
    name: "test",
    definitions: [Account],
    workers: { threads: 1 },
    // Entities are grouped as the main thread has it.
    transport: { entity: () => undefined, groupOf: ({ key }) => 7000 + key.length },
  })
  t.teardown(() => system.stop())
  const reminders = await startReminders(system)
  const subject = system.spawn(PlacedSubject)
  const [soon, late] = [system.entity(Account, "soon"), system.entity(Account, "late")]
  await subject.ask("remind", { key: "soon", cancel: false })
  t.same(await subject.ask("remind", { key: "late", cancel: false }), { waiting: 1 })
  t.same((await reminders.of(late)).map(({ name }) => name), ["r"]) // prettier-ignore
  t.same(await subject.ask("remind", { key: "late", cancel: true }), { cancelled: true })
  t.same(await reminders.of(late), [])
  t.equal(await eventually(() => soon.ask("balance"), (balance) => balance === 7), 7) // prettier-ignore
})

t.test("an entity on a worker thread sleeps when it is idle there, too, and not before", async (t) => {
  const system = await systemFor(t, { definitions: [Sleepy] })
  const sleepy = system.entity(Sleepy, "one")
  const slow = sleepy.ask("slowly", 400)
  await sleep(300)
  t.equal(system.residentEntities, 1)
  t.equal(await slow, 1)
  t.equal(
    await eventually(
      () => system.residentEntities,
      (count) => count === 0,
    ),
    0,
  )
  t.equal(await sleepy.ask("count"), 1, "it woke with a new state")
  await t.rejects(sleepy.ask("exit"), { code: "WORKER_LOST" })
  t.equal(await sleepy.ask("count"), 1)
  t.equal(
    await eventually(
      () => system.residentEntities,
      (count) => count === 0,
    ),
    0,
    "on another thread, too",
  )
})

t.test(
  "what waits for an entity on a worker thread that stops itself is for its next life, in its order",
  async (t) => {
    for (const maxResident of [1000, 1]) {
      const system = await systemFor(t, { definitions: [Quitter], entities: { maxResident } })
      for (const every of [1, 2, 7, 1000]) {
        const order: number[] = []
        const asks = Array.from({ length: 300 }, async (_, n) => {
          const key = `${every} ${n % 3}`
          const patient = system.entity(Quitter, key).with({ whenFull: "wait", timeoutMs: 60_000 })
          const { handled } = await patient.ask("hear", { n: Math.floor(n / 3), every })
          t.ok(handled <= every, "a new life has a new state")
          if (n % 3 === 0) order.push(n)
        })
        await Promise.all(asks)
        t.same(
          order,
          [...order].sort((a, b) => a - b),
          `in order, a stop each ${every}`,
        )
      }
      t.equal(system.statistics.deadLetters, 0)
    }
  },
)

t.test("a mailbox on a worker thread takes no more than its capacity, however fast the sender", async (t) => {
  const system = await systemFor(t)
  const narrow = system.spawn(Narrow, { init: { start: 0 } })
  await narrow.ask("total")
  let taken = 0
  for (let n = 0; n < 100; n++) {
    if (narrow.tell("slowly", 20)) taken += 1
    await sleep(0)
  }
  t.ok(taken < 40, `${taken} of 100 were taken`)
  t.equal(await narrow.with({ whenFull: "wait" }).ask("total"), taken, "and all of them handled")
})

t.test("a crash while the window is full tells its own ask, and keeps those that wait on both sides", async (t) => {
  const system = await systemFor(t)
  const narrow = system.spawn(Narrow, { init: { start: 5 } })
  await narrow.ask("total")
  // Four are under way, the last of them the one that crashes; the others wait here.
  const first = [narrow.ask("slowly", 50), narrow.ask("total"), narrow.ask("total")]
  const crash = narrow.ask("crash")
  await sleep(20)
  const waiting = [narrow.ask("total"), narrow.ask("total")]
  await t.rejects(crash, { code: "ACTOR_CRASHED", cause: { message: "narrow" } })
  t.same(await Promise.all(first), [undefined, 6, 6])
  t.same(await Promise.all(waiting), [5, 5])
})

t.test("a thread that is lost takes along what was there, and not what waits here", async (t) => {
  const system = await systemFor(t, { definitions: [Sleepy] })
  const sleepy = system.entity(Sleepy, "one")
  await sleepy.ask("count")
  const ends = await Promise.allSettled([sleepy.ask("exit"), sleepy.ask("count")])
  t.match(ends, [{ reason: { code: "WORKER_LOST" } }, { reason: { code: "WORKER_LOST" } }])
  const narrow = system.spawn(PlacedSubject, { mailbox: { capacity: 2 } })
  await narrow.ask("log")
  const lost = narrow.ask("exit")
  const kept = narrow.with({ whenFull: "wait" }).ask("add", 1)
  await t.rejects(lost, { code: "WORKER_LOST" })
  t.equal(await kept, 1, "only one may be under way: the other waited here")
})

t.test("reentrant messages pass a full window, and the others go on when there is room", async (t) => {
  const system = await systemFor(t)
  const ref = system.spawn(PlacedSubject, { mailbox: { capacity: 8 } })
  const held = ref.ask("hold")
  await begun(ref)
  const waiting: Promise<number>[] = []
  for (let n = 0; n < 6; n++) waiting.push(ref.with({ whenFull: "wait" }).ask("add", 1))
  await sleep(50)
  for (let n = 0; n < 20; n++) t.equal(await ref.ask("begun"), 1)
  ref.tell("release")
  await held
  t.same(await Promise.all(waiting), [1, 2, 3, 4, 5, 6])
  t.equal(await ref.ask("add", 1), 7)
})

t.test("a capacity given at spawn is that of both sides, whatever the definition says", async (t) => {
  const system = await systemFor(t)
  for (const capacity of [1, 2, 3, 1000]) {
    const ref = system.spawn(PlacedSubject, { mailbox: { capacity } })
    for (let n = 1; n <= 50; n++) t.equal(await ref.ask("add", 1), n)
    const Sink = defineActor({
      name: "sink",
      mailbox: { capacity: 4 },
      state: () => ({ got: 0 }),
      receive: {
        got(ctx) {
          ctx.state.got += 1
        },
        count: (ctx) => ctx.state.got,
      },
    })
    const sink = system.spawn(Sink, { mailbox: { capacity } })
    let taken = 0
    for (let tries = 0; tries < 1000 && taken < 20; tries++)
      taken += await ref.ask("tellOther", { to: sink as ActorRef<never>, times: 1 })
    t.equal(taken, 20, "there is room again and again")
    t.equal(
      await eventually(
        () => sink.ask("count"),
        (count) => count === taken,
      ),
      taken,
    )
  }
})

t.test("a flood from a worker thread is held back by the mailbox here", async (t) => {
  const system = await systemFor(t)
  const Slow = defineActor({
    name: "slow",
    mailbox: { capacity: 100 },
    state: () => ({ got: 0 }),
    receive: {
      async got(ctx, _n: number) {
        await sleep(1)
        ctx.state.got += 1
      },
      count: (ctx) => ctx.state.got,
    },
  })
  const slow = system.spawn(Slow)
  const flooding = system.spawn(PlacedSubject)
  let taken = 0
  for (let n = 0; n < 10; n++) taken += await flooding.ask("tellOther", { to: slow as ActorRef<never>, times: 100 })
  t.ok(taken < 1000, `${taken} of 1000 were taken`)
  t.equal(await slow.with({ whenFull: "wait", timeoutMs: 20_000 }).ask("count"), taken, "none of these was lost")
})

t.test("statistics and the tree name actors on worker threads", async (t) => {
  const system = await systemFor(t)
  const ref = system.spawn(PlacedSubject, { name: "far" })
  await ref.ask("log")
  t.match(system.tree.children, [{ name: "far", definition: "placed-subject", phase: "running", address: ref.address }])
  t.equal(system.statistics.actors, 1)
})

t.test("when the system has stopped nothing keeps the process alive", async (t) => {
  const program = fileURLToPath(new URL("program.js", import.meta.url))
  const { code, text } = await new Promise<{ code: unknown; text: string }>((done) => {
    execFile(process.execPath, [program], { timeout: 20_000 }, (error, out, err) =>
      done({ code: error === null ? 0 : error.code, text: out + err }),
    )
  })
  t.equal(code, 0, text)
  t.match(text, /tidied on the thread\n.*499500\n.*stopped/s)
})

t.test("a program that worker threads would run again says so", async (t) => {
  const crashes: { message?: string }[] = []
  const system = await systemFor(t, { telemetry: { crashed: (_actor, error) => crashes.push(error as object) } })
  const Own = defineActor({
    name: "own",
    module: new URL("unguarded.js", import.meta.url).href,
    placement: "worker",
    state: () => ({}),
    receive: { hello: () => "hello" },
  })
  await t.rejects(system.spawn(Own).ask("hello"), { code: "ACTOR_CRASHED" })
  t.match(crashes[0]?.message, /put the definitions into a module of their own/)
})

t.test("a job that was told owes nothing on a worker thread, either", async (t) => {
  const system = await systemFor(t)
  const pool = workPool(system, PlacedSubject, { size: 1 })
  for (let n = 0; n < 3; n++) t.ok(pool.tell("later"))
  t.equal(await pool.ask("add", 1), 1)
  const owed = pool.ask("later")
  pool.tell("now")
  owed.catch(() => undefined)
  await t.rejects(
    pool.with({ timeoutMs: 20 }).ask("add", 1),
    { code: "ASK_TIMEOUT" },
    "one that was asked owes its answer",
  )
})

t.test("pools and work pools of placed actors use all threads", async (t) => {
  const system = await systemFor(t)
  const pool = spawnPool(system, PlacedSubject, { size: 4, routing: "round-robin" })
  const threads = await Promise.all(Array.from({ length: 8 }, () => pool.ask("thread")))
  t.equal(new Set(threads).size, 2)
  const jobs = workPool(system, PlacedSubject, { size: 2 })
  t.same(await Promise.all([1, 2, 3, 4].map((n) => jobs.ask("echo", n))), [1, 2, 3, 4])
  await t.rejects(jobs.ask("crash", "job"), { code: "ACTOR_CRASHED" })
  t.equal(await jobs.ask("echo", 5), 5)
})

t.test("actors of two threads reach, ask and watch each other, and a circle is found across three", async (t) => {
  const system = await systemFor(t)
  const [one, two] = [system.spawn(PlacedSubject), system.spawn(PlacedSubject)]
  t.not(await one.ask("thread"), await two.ask("thread"))
  const Circle = defineActor({
    name: "circle",
    state: () => ({}),
    receive: {
      begin: (ctx) => ctx.ask(one, "askOther", ctx.self as never),
      ping: (ctx) => ctx.ask(two, "askOther", one as never),
    },
  })
  // The circle waits for `one`, which asks the circle.
  await t.rejects(system.spawn(Circle).ask("begin"), { code: "ASK_CYCLE" })
  const Step = defineActor({
    name: "step",
    state: () => ({}),
    receive: { ping: (ctx) => ctx.ask(one, "add", 1) },
  })
  const step = system.spawn(Step)
  // `one` waits for the step, which asks `one`: known here by its proxy.
  await t.rejects(one.ask("askOther", step), { code: "ASK_CYCLE" })
  t.equal(await two.ask("askOther", step), 2, "another may wait for it")
})

t.test("an entity on a thread that crashed too often keeps what waits for it, and lives again", async (t) => {
  let gaveUp!: () => void
  const rests = new Promise<void>((resolve) => (gaveUp = resolve))
  const system = await systemFor(t, { definitions: [PlacedSubject], telemetry: { escalated: () => gaveUp() } })
  const ref = system.entity(PlacedSubject, "a")
  const patient = ref.with({ timeoutMs: 60_000 })
  for (let n = 0; n < 11; n++) patient.ask("crash", "x").catch(() => {})
  for (let n = 0; n < 20; n++) ref.tell("add", 1)
  await rests
  ref.tell("add", 1)
  t.equal(await patient.ask("add", 0), 21)
  t.equal(system.statistics.deadLetters, 0)
})
