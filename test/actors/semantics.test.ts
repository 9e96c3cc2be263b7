/** The promises of docs/semantics.md, one test or more for each; a title begins with the number of its promise. */
import fc from "fast-check"
import t from "tap"
import {
  AgentOSError,
  createActorSystem,
  defineActor,
  definePersistentActor,
  defineTopic,
  memoryJournal,
  openStream,
  subscribe,
  systemClock,
  type ActorRef,
  type DeadLetter,
  type Deferred,
} from "#actors/index.js"
import { HandClock } from "../support/hand-clock.js"
import { PlacedSubject } from "./workers/definitions.js"
import { thrownValues } from "../support/thrown-values.js"

type Teardown = Pick<typeof t, "teardown">
type Options = Partial<Parameters<typeof createActorSystem>[0]>

const systemFor = async (t: Teardown, options: Options = {}) => {
  const system = await createActorSystem({ name: "test", shutdownTimeoutMs: 50, ...options })
  t.teardown(async () => {
    const stopped = system.stop()
    if (options.clock instanceof HandClock)
      for (let n = 0; n < 10; n++) {
        await turn()
        options.clock.wind(100)
      }
    await stopped
  })
  return system
}
const turn = (): Promise<void> => new Promise((done) => setImmediate(done))
const turns = async (): Promise<void> => {
  for (let n = 0; n < 10; n++) await turn()
}
const never = <T = void>(): Promise<T> => new Promise<T>(() => {})

/** Notes what it hears; an answer may be held back, or the actor crash. */
const Listener = defineActor({
  name: "listener",
  state: (heard: unknown[] = []) => ({ heard, owed: [] as Deferred<string>[] }),
  mailbox: { urgent: ["alarm"] },
  receive: {
    hear: (ctx, what: string) => void ctx.state.heard.push(what),
    alarm: (ctx, what: string) => void ctx.state.heard.push(what),
    heard: (ctx) => [...ctx.state.heard],
    hang: () => never(),
    crash() {
      throw new RangeError("as told")
    },
    later(ctx) {
      const owed = ctx.defer<string>()
      ctx.state.owed.push(owed)
      return owed
    },
    answer: (ctx, what: string) => ctx.state.owed.shift()?.reply(what),
    leave: (ctx) => ctx.stop(),
  },
})

// --- order -----------------------------------------------------------------------------------------------------------------------------------

t.test(
  "S1. ordinary messages of one sender to one actor are handled in the order sent, whatever else goes on",
  async (t) => {
    const Receiver = defineActor({
      name: "receiver",
      state: () => ({ got: [] as [string, number][], closed: false }),
      mailbox: { urgent: ["urgent"] },
      receive: {
        ordinary: (ctx, [from, n]: readonly [string, number]) => {
          if (ctx.state.closed) return ctx.stash()
          ctx.state.got.push([from, n])
        },
        async slowly(ctx, [from, n]: readonly [string, number]) {
          if (ctx.state.closed) return ctx.stash()
          ctx.state.got.push([from, n])
          await turn()
        },
        urgent: (ctx, [from, n]: readonly [string, number]) => void ctx.state.got.push([`${from} urgent`, n]),
        close: (ctx) => void (ctx.state.closed = true),
        open(ctx) {
          ctx.state.closed = false
          ctx.unstashAll()
        },
        got: (ctx) => ctx.state.got,
      },
    })
    const Sender = defineActor({
      name: "sender",
      state: (init: { readonly name: string; readonly to: ActorRef<ReceiverProtocol> }) => ({ ...init, n: 0 }),
      receive: {
        send: (ctx, kind: "ordinary" | "slowly" | "urgent") =>
          void ctx.tell(ctx.state.to, kind, [ctx.state.name, (ctx.state.n += 1)]),
      },
    })
    type ReceiverProtocol = Record<"ordinary" | "slowly" | "urgent", (of: readonly [string, number]) => void>
    const system = await systemFor(t)
    const step = fc.tuple(
      fc.constantFrom("a", "b", "close", "open", "wait"),
      fc.constantFrom("ordinary", "slowly", "urgent"),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 120 }), async (steps) => {
        const receiver = system.spawn(Receiver)
        const to = receiver as unknown as ActorRef<ReceiverProtocol>
        const [a, b] = ["a", "b"].map((name) => system.spawn(Sender, { init: { name, to } }))
        for (const [what, kind] of steps) {
          if (what === "wait") await turn()
          else if (what === "close" || what === "open") receiver.tell(what)
          else (what === "a" ? a : b)?.tell("send", kind as "ordinary")
        }
        await turns()
        receiver.tell("open")
        let got: readonly (readonly [string, number])[] = []
        const sent = steps.filter(([what]) => what === "a" || what === "b").length
        for (let n = 0; n < 500 && got.length < sent; n++) {
          got = await receiver.ask("got")
          if (got.length < sent) await turn()
        }
        if (got.length !== sent) return false
        return ["a", "b", "a urgent", "b urgent"].every((from) => {
          const numbers = got.filter(([of]) => of === from).map(([, n]) => n)
          return numbers.every((n, i) => i === 0 || (numbers[i - 1] as number) < n)
        })
      }),
      { numRuns: 60 },
    )
  },
)

t.test(
  "S2. urgent messages are handled before ordinary ones that wait, in their own order; signals before both",
  async (t) => {
    const system = await systemFor(t)
    const heard: unknown[] = []
    const listener = system.spawn(Listener, { init: heard })
    for (const what of ["1", "2"]) listener.tell("hear", what)
    for (const what of ["a", "b"]) listener.tell("alarm", what)
    t.same(await listener.ask("heard"), ["a", "b", "1", "2"])
    for (let n = 0; n < 1000; n++) listener.tell("alarm", "flood")
    await system.stopActor(listener)
    t.equal(heard.length, 4, "it was stopped before the flood was handled")
  },
)

t.test("S3. a tell is delivered at most once, and false says that it was not", async (t) => {
  const system = await systemFor(t)
  const heard: unknown[] = []
  const listener = system.spawn(Listener, { init: heard, mailbox: { capacity: 3 } })
  const taken = ["1", "2", "3", "4", "5"].filter((what) => listener.tell("hear", what))
  await turns()
  t.same(heard, taken)
  t.equal(taken.length, 3)
  await system.stopActor(listener)
  t.equal(listener.tell("hear", "6"), false)
})

// --- time ------------------------------------------------------------------------------------------------------------------------------------

/** Asks the next one, and so on to the last, which never answers; notes how its ask ended. */
const Link = defineActor({
  name: "link",
  state: (next: ActorRef<LinkProtocol> | undefined) => ({ next }),
  receive: {
    async hang(ctx): Promise<void> {
      const { next } = ctx.state
      if (next === undefined) return never()
      try {
        await ctx.ask(next, "hang")
      } catch (error) {
        endings.push((error as { code: string }).code)
      }
    },
  },
})
interface LinkProtocol {
  hang(): Promise<void>
}
let endings: string[] = []

async function chainOfThree(t: Teardown, options: Options = {}) {
  const system = await systemFor(t, options)
  const links: ActorRef<LinkProtocol>[] = []
  for (let n = 0; n < 4; n++) links.unshift(system.spawn(Link, { init: links[0] }) as ActorRef<LinkProtocol>)
  return { system, first: links[0] as ActorRef<LinkProtocol> }
}

t.test("S4. an ask made while serving an ask ends no later than it, through any number of links", async (t) => {
  const clock = new HandClock()
  endings = []
  const { system, first } = await chainOfThree(t, { clock })
  const outer = first.with({ timeoutMs: 100 }).ask("hang")
  const told = t.rejects(outer, { code: "ASK_TIMEOUT" })
  await turns()
  clock.wind(90)
  await turns()
  t.same(endings, [], "not before its time")
  clock.wind(30)
  await turns()
  await told
  t.same(
    endings,
    ["ASK_TIMEOUT", "ASK_TIMEOUT", "ASK_TIMEOUT"],
    "the three asks in between, whose default is 5 seconds",
  )
  t.equal(system.statistics.timeouts, 4)
})

t.test("S5. cancelling an ask cancels the asks that it led to, and nothing crashes when they are caught", async (t) => {
  endings = []
  const { system, first } = await chainOfThree(t)
  const control = new AbortController()
  const outer = first.with({ signal: control.signal }).ask("hang")
  const told = t.rejects(outer, { code: "CANCELLED" })
  await turns()
  control.abort()
  await told
  await turns()
  t.same(endings, ["CANCELLED", "CANCELLED", "CANCELLED"])
  t.equal(system.statistics.crashes, 0)
})

t.test(
  "S6. a message whose deadline has passed is not handled: a tell becomes a dead letter, an ask ends",
  async (t) => {
    const clock = new HandClock()
    const letters: DeadLetter[] = []
    const system = await systemFor(t, { clock, telemetry: { deadLetter: (letter) => letters.push(letter) } })
    const heard: unknown[] = []
    const Busy = defineActor({
      name: "busy",
      state: () => null,
      receive: {
        wait: () => until,
        hear: (_ctx, what: string) => void heard.push(what),
      },
    })
    let free = (): void => {}
    const until = new Promise<void>((done) => (free = done))
    const busy = system.spawn(Busy)
    busy.tell("wait")
    await turns()
    busy.with({ cause: { deadline: 50 } }).tell("hear", "late")
    const late = t.rejects(busy.with({ timeoutMs: 50 }).ask("hear", "late ask"), { code: "ASK_TIMEOUT" })
    busy.with({ cause: { deadline: 500 } }).tell("hear", "in time")
    clock.wind(100)
    await late
    free()
    await turns()
    t.same(heard, ["in time"])
    t.match(letters, [{ type: "hear", reason: "expired" }])
    for (const deadline of [-Infinity, 0, 99])
      await t.rejects(busy.with({ cause: { deadline } }).ask("hear", "too late"), { code: "DEADLINE_EXCEEDED" })
    busy.tell("wait")
    const passed = t.rejects(busy.with({ cause: { deadline: 103 } }).ask("hear", "late"), { code: "ASK_TIMEOUT" })
    clock.wind(4) // less than a tick of the wheel
    await passed
    t.same(heard, ["in time"])
  },
)

// --- crash -----------------------------------------------------------------------------------------------------------------------------------

t.test(
  "S7. a crash loses the message being handled and the state, and tells the ask; what waits is handled by the next life",
  async (t) => {
    const system = await systemFor(t)
    const listener = system.spawn(Listener)
    listener.tell("hear", "before")
    const crashed = t.rejects(listener.ask("crash"), { code: "ACTOR_CRASHED", cause: { message: "as told" } })
    listener.tell("hear", "after")
    const asked = listener.ask("heard")
    await crashed
    t.same(await asked, ["after"], "the ask that waited was answered by the next life, whose state is new")
    t.match(system.statistics, { crashes: 1, restarts: 1, deadLetters: 0 })
  },
)

t.test(
  "S8. an answer that was deferred and is still owed when its life ends is told at once, by crash, restart and stop",
  async (t) => {
    const system = await systemFor(t)
    const listener = system.spawn(Listener)
    const answered = listener.ask("later")
    listener.tell("answer", "here")
    t.equal(await answered, "here")
    const owed = t.rejects(listener.ask("later"), { code: "ACTOR_CRASHED", cause: { message: "as told" } })
    listener.tell("crash")
    await owed
    const again = t.rejects(listener.ask("later"), { code: "ACTOR_STOPPED" })
    await turns()
    await system.stopActor(listener)
    await again
    const other = system.spawn(Listener)
    const last = t.rejects(other.ask("later"), { code: "ACTOR_STOPPED" })
    await turns()
    await system.stop()
    await last
  },
)

t.test("asks beside a crash, and deferred ones, are told ACTOR_CRASHED, whatever was thrown", async (t) => {
  const refusal = (): AgentOSError => new AgentOSError("ASK_CYCLE", "of another call")
  const Many = defineActor({
    name: "many",
    state: () => null,
    reentrant: ["beside", "asked"],
    receive: {
      later: (ctx) => ctx.defer<void>(),
      hold: () => new Promise<void>(() => {}),
      beside: () => new Promise<void>(() => {}),
      asked: () => Promise.reject(refusal()),
      crash() {
        throw refusal()
      },
      work: (ctx) => ctx.run(() => Promise.reject(refusal()), "later"),
    },
  })
  const foreign = { code: "ACTOR_CRASHED", executed: "maybe", cause: { code: "ASK_CYCLE", executed: "no" } }
  for (const how of ["crash", "work"] as const) {
    const system = await systemFor(t)
    const many = system.spawn(Many)
    const owed = t.rejects(many.ask("later"), foreign, `deferred, ${how}`)
    many.tell(how)
    await owed
  }
  const system = await systemFor(t)
  const many = system.spawn(Many)
  const others = [many.ask("later"), many.ask("hold"), many.ask("beside")].map((ask) => t.rejects(ask, foreign))
  await t.rejects(
    many.ask("asked"),
    { code: "ASK_CYCLE", executed: "maybe" },
    "its own error tells the ask of who threw",
  )
  await Promise.all(others)
})

t.test(
  "S9. timers, works, watches and links end with their life; children are stopped; who watches goes on watching",
  async (t) => {
    const seen: string[] = []
    const Parent = defineActor({
      name: "parent",
      state: () => null,
      receive: {
        begin(ctx, other: ActorRef<{ leave(): void }>) {
          ctx.watch(other)
          ctx.link(other)
          ctx.after(20, "heard", "timer")
          ctx.every(5, "heard", "tick")
          ctx.run(async () => {
            await new Promise((done) => setTimeout(done, 20))
            return "work"
          }, "heard")
          return ctx.spawn(Listener)
        },
        heard: (_ctx, what: string) => void seen.push(what),
        crash() {
          throw new Error("as told")
        },
        ping: () => "pong",
      },
      ended: (_ctx, _ref, reason) => void seen.push(reason.kind),
    })
    const ends: string[] = []
    const Watcher = defineActor({
      name: "watcher",
      state: () => null,
      receive: { watch: (ctx, ref: ActorRef<never>) => ctx.watch(ref) },
      ended: (_ctx, _ref, reason) => void ends.push(reason.kind),
    })
    const system = await systemFor(t)
    const parent = system.spawn(Parent)
    const other = system.spawn(Listener)
    await system.spawn(Watcher).ask("watch", parent as never)
    const child = await parent.ask("begin", other as never)
    await t.rejects(parent.ask("crash"))
    t.equal(await parent.ask("ping"), "pong")
    t.same(ends, [], "a restart is no end")
    await t.rejects(child.ask("heard"), { code: "ACTOR_STOPPED" }, "its child was stopped")
    await other.ask("heard").catch(() => undefined) // the crash took it along; it was started again
    await system.stopActor(other)
    await new Promise((done) => setTimeout(done, 60))
    t.same(seen, [])
    await system.stopActor(parent)
    await turns()
    t.same(ends, ["stopped"])
  },
)

t.test(
  "S10. what was stashed waits again after a restart, before what came later, and its ask is open until it is answered",
  async (t) => {
    let lives = 0
    const Door = defineActor({
      name: "door",
      state: () => ({ open: (lives += 1) > 1, heard: [] as string[] }),
      receive: {
        hear(ctx, what: string) {
          if (!ctx.state.open) {
            ctx.stash()
            return undefined
          }
          ctx.state.heard.push(what)
          return what
        },
        crash() {
          throw new Error("as told")
        },
        open(ctx) {
          ctx.state.open = true
          ctx.unstashAll()
        },
        heard: (ctx) => ctx.state.heard,
      },
    })
    const system = await systemFor(t)
    const door = system.spawn(Door)
    const first = door.ask("hear", "1")
    door.tell("hear", "2")
    door.tell("crash")
    door.tell("hear", "3")
    t.equal(await first, "1")
    t.same(await door.ask("heard"), ["1", "2", "3"])
    lives = 0
    const other = system.spawn(Door)
    const asked = other.ask("hear", "asked")
    await turns()
    other.tell("open")
    t.equal(await asked, "asked", "not before it was handled")
  },
)

t.test(
  "S11. a rejection of work begun by run is a crash of its actor, counted and told, unless a message for it is named",
  async (t) => {
    const told: string[] = []
    const Worker = defineActor({
      name: "worker",
      state: () => ({ failures: [] as string[] }),
      receive: {
        begin: (ctx, named: boolean) =>
          void ctx.run(() => Promise.reject(new Error("no luck")), "done", named ? "failed" : undefined),
        done: () => undefined,
        failed: (ctx, error: Error) => void ctx.state.failures.push(error.message),
        failures: (ctx) => ctx.state.failures,
      },
    })
    const system = await systemFor(t, { telemetry: { crashed: (_actor, error) => told.push(String(error)) } })
    const worker = system.spawn(Worker)
    worker.tell("begin", true)
    await turns()
    t.same(await worker.ask("failures"), ["no luck"])
    worker.tell("begin", false)
    await turns()
    t.same(await worker.ask("failures"), [], "a new life")
    t.same(told, ["Error: no luck"])
    t.equal(system.statistics.crashes, 1)
  },
)

// --- stop ------------------------------------------------------------------------------------------------------------------------------------

t.test(
  "S12. a stop lets the handler under way finish; what waits becomes dead letters, and its asks are told",
  async (t) => {
    const letters: DeadLetter[] = []
    const system = await systemFor(t, { telemetry: { deadLetter: (letter) => letters.push(letter) } })
    const Slow = defineActor({
      name: "slow",
      state: () => null,
      receive: {
        async work() {
          await turn()
          await turn()
          return "done"
        },
        note: () => undefined,
      },
    })
    const slow = system.spawn(Slow)
    const working = slow.ask("work")
    await turn()
    const waiting = t.rejects(slow.ask("work"), { code: "ACTOR_STOPPED" })
    slow.tell("note")
    await system.stopActor(slow)
    t.equal(await working, "done")
    await waiting
    t.same(
      letters.map(({ type, reason }) => [type, reason]),
      [
        ["work", "stopped"],
        ["note", "stopped"],
      ],
    )
  },
)

t.test(
  "S13. a handler that goes on after the shutdown timeout is revoked: its ask is told, its context throws, its result is dropped",
  async (t) => {
    let use = (): unknown => undefined
    const Stubborn = defineActor({
      name: "stubborn",
      state: () => ({ n: 1 }),
      shutdownTimeoutMs: 20,
      receive: {
        hang(ctx) {
          use = () => ctx.state
          return never()
        },
      },
    })
    const system = await systemFor(t)
    const stubborn = system.spawn(Stubborn)
    const told = t.rejects(stubborn.ask("hang"), { code: "ACTOR_STOPPED" })
    await turns()
    t.same(use(), { n: 1 })
    await system.stopActor(stubborn)
    await told
    t.throws(use, { code: "ACTOR_STOPPED" })
  },
)

t.test(
  "S14. when the system stops every ask is told, asks of sleeping entities reject with SYSTEM_STOPPED, and a tell is false",
  async (t) => {
    const Account = definePersistentActor({ name: "account", version: 1, state: () => ({}), events: {} }).receive({
      ping: () => "pong",
    })
    const system = await systemFor(t, { definitions: [Account] })
    const listener = system.spawn(Listener)
    const open: Promise<unknown>[] = [listener.ask("later"), listener.ask("hang"), listener.ask("heard")]
    const told = Promise.all(open.map((ask) => t.rejects(ask as Promise<void>, { code: "ACTOR_STOPPED" })))
    await turns()
    await system.stop()
    await told
    await t.rejects(listener.ask("heard"), { code: "ACTOR_STOPPED" })
    const alice = system.entity(Account, "alice")
    await t.rejects(alice.ask("ping"), { code: "SYSTEM_STOPPED" })
    t.equal(alice.tell("ping"), false)
    t.throws(() => system.spawn(Listener), { code: "SYSTEM_STOPPED" })
  },
)

// --- identity, reentrancy, capacity ------------------------------------------------------------------------------------------------------------

t.test(
  "S15. a ref survives restarts, and never reaches an actor that took the name of one that has ended",
  async (t) => {
    const system = await systemFor(t)
    const first = system.spawn(Listener, { name: "ann" })
    await t.rejects(first.ask("crash"))
    t.same(await first.ask("heard"), [], "the same ref after a restart")
    await system.stopActor(first)
    const second = system.spawn(Listener, { name: "ann" })
    t.not(first.address, second.address)
    await t.rejects(first.ask("heard"), { code: "ACTOR_STOPPED" })
    t.equal(first.tell("hear", "x"), false)
    t.same(await second.ask("heard"), [])
  },
)

t.test(
  "S16. one message at a time; only handlers named reentrant run while another one waits, and only they may be asked in a circle",
  async (t) => {
    const log: string[] = []
    const Node = defineActor({
      name: "node",
      state: (init: { other?: ActorRef<NodeProtocol> }) => ({ ...init }),
      reentrant: ["status"],
      receive: {
        meet: (ctx, other: ActorRef<NodeProtocol>) => void (ctx.state.other = other),
        async work(ctx) {
          log.push("begins")
          await turns()
          log.push("ends")
          return ctx.state.other === undefined ? "" : await ctx.ask(ctx.state.other, "back", ctx.self as never)
        },
        async circle(ctx): Promise<string> {
          return await ctx.ask(ctx.state.other as ActorRef<NodeProtocol>, "ordinary", ctx.self as never)
        },
        back: (ctx, from: ActorRef<NodeProtocol>) => ctx.ask(from, "status"),
        ordinary: (ctx, from: ActorRef<NodeProtocol>) =>
          ctx.ask(from, "plain").catch((error: { code: string }) => error.code),
        plain: () => "plain",
        status: () => (log.push("status"), "fine"),
        note: () => void log.push("note"),
      },
    })
    interface NodeProtocol {
      back(from: ActorRef<NodeProtocol>): Promise<string>
      ordinary(from: ActorRef<NodeProtocol>): Promise<string>
      status(): string
      plain(): string
    }
    const system = await systemFor(t)
    const [a, b] = [system.spawn(Node, { init: {} }), system.spawn(Node, { init: {} })]
    a.tell("meet", b as never)
    const working = a.ask("work")
    a.tell("note")
    await turn()
    t.equal(await a.ask("status"), "fine")
    t.equal(await working, "fine", "the other asked back while this one waited")
    await turns()
    t.same(log, ["begins", "status", "ends", "status", "note"])
    t.equal(await a.ask("circle"), "ASK_CYCLE")
  },
)

t.test(
  "S29. values of one set come back as they were from a thread and a store, as they were when they were sent; all else is refused with its place",
  async (t) => {
    const Store = definePersistentActor({
      name: "store",
      version: 1,
      state: () => ({ of: [] as unknown[] }),
      events: { kept: (state, what: unknown = "nothing was given") => void state.of.push(what) },
    }).receive({
      keep: async (ctx, what: unknown) => ctx.persist("kept", what),
      all: (ctx) => ctx.state.of,
    })
    const journal = memoryJournal(systemClock)
    const first = await systemFor(t, { definitions: [Store], journal })
    const thread = first.spawn(PlacedSubject)
    const value = () => ({ a: undefined, m: new Map([[-0, new Set([1n])]]), d: new Date(7), b: new Float32Array(2) })
    const sent = value()
    const echo = thread.ask("echo", sent)
    sent.m.clear()
    t.strictSame(await echo, value())
    for (const what of [value(), undefined]) await first.entity(Store, "s").ask("keep", what)
    for (const ref of [thread as never, first.entity(Store, "s") as never] as ActorRef<{
      echo: (of: unknown) => unknown
      keep: (of: unknown) => unknown
    }>[])
      // prettier-ignore
      await t.rejects(ref.ask(ref === (thread as never) ? "echo" : "keep", [{ at: () => 1 }]), {
        code: "INVALID_PAYLOAD",
        message: /the payload\[0\]\.at is a function/,
      })
    await first.stop()
    const second = await systemFor(t, { definitions: [Store], journal })
    t.strictSame(await second.entity(Store, "s").ask("all"), [value(), "nothing was given"])
  },
)

t.test(
  "S28. a name is well-formed text without control characters; what is none is refused, and no two are taken for each other",
  async (t) => {
    const Note = defineActor({ name: "note", state: () => 0, receive: { add: (ctx, n: number) => (ctx.state += n) } })
    const system = await systemFor(t, { definitions: [Note] })
    for (const name of ["", "\ud800", "a\u0000b", "\u007f", "x".repeat(513)]) {
      t.throws(() => system.entity(Note, name), { code: "INVALID_NAME" })
      t.throws(() => system.entity(Note, "a", { tenant: name }), { code: "INVALID_NAME" })
      t.throws(() => system.entity(Note, "a").with({ commandId: name }), { code: "INVALID_NAME" })
      t.throws(() => system.spawn(Listener, { name }), { code: "INVALID_NAME" })
    }
    t.equal(system.residentEntities, 0)
    const names = ["constructor", "__proto__", "a/b", "a%2Fb", "a", "b", "é", "e\u0301", "🙂", "x".repeat(512)]
    for (const tenant of names)
      for (const key of names) t.equal(await system.entity(Note, key, { tenant }).ask("add", 1), 1)
    t.equal(await system.entity(Note, "b", { tenant: "a" }).ask("add", 1), 2)
  },
)

t.test(
  "S17. a full mailbox refuses by default; signals, timers, results of works and what was stashed go past its capacity",
  async (t) => {
    const system = await systemFor(t)
    const Full = defineActor({
      name: "full",
      state: () => ({ heard: [] as string[] }),
      mailbox: { capacity: 2 },
      receive: {
        begin(ctx) {
          ctx.after(1, "hear", "timer")
          ctx.run(() => Promise.resolve("work"), "hear")
          return new Promise<void>((done) => setTimeout(done, 40))
        },
        hear: (ctx, what: string) => void ctx.state.heard.push(what),
        heard: (ctx) => ctx.state.heard,
      },
    })
    const full = system.spawn(Full)
    const begun = full.ask("begin")
    await turn()
    t.same(
      [full.tell("hear", "1"), full.tell("hear", "2"), full.tell("hear", "3")].filter(Boolean).length,
      1,
      "work is there already",
    )
    await t.rejects(full.ask("heard"), { code: "MAILBOX_FULL" })
    const patient = full.with({ whenFull: "wait" }).ask("heard")
    await begun
    t.same((await patient).toSorted(), ["1", "timer", "work"])
    t.equal(system.statistics.refused, 3)
    for (const overflow of ["reject", "drop-oldest", "drop-newest"] as const) {
      const ref = system.spawn(Full, { mailbox: { capacity: 1, overflow } }).with({ whenFull: "wait" })
      const asks = Array.from({ length: 5 }, () => ref.ask("heard"))
      t.equal((await Promise.all(asks)).length, 5, `what can wait waits, whatever overflow says: ${overflow}`)
    }
    t.equal(system.statistics.deadLetters, 0)
  },
)

t.test(
  "S18. every message that reaches nobody is counted and told as a dead letter, save an ask that its asker gave up",
  async (t) => {
    const letters: string[] = []
    const system = await systemFor(t, {
      telemetry: { deadLetter: ({ type, reason }) => letters.push(`${type} ${reason}`) },
    })
    const dropping = system.spawn(Listener, { mailbox: { capacity: 1, overflow: "drop-oldest" } })
    const dropped = t.rejects(dropping.ask("heard"), { code: "MAILBOX_FULL" })
    t.ok(dropping.tell("hear", "1"))
    await dropped
    await system.stopActor(dropping)
    dropping.tell("hear", "2")
    t.same(letters, ["heard overflow", "hear stopped"])
    t.equal(system.statistics.deadLetters, 2)
    const patient = system.spawn(Listener)
    patient.tell("hang")
    await t.rejects(patient.with({ timeoutMs: 10 }).ask("heard"), { code: "ASK_TIMEOUT" })
    t.equal(system.statistics.deadLetters, 2)
  },
)

t.test("a reentrant message that came before the promise was opened is handled beside it, too", async (t) => {
  const log: string[] = []
  const Worker = defineActor({
    name: "worker",
    state: () => null,
    reentrant: ["status"],
    receive: {
      async work(ctx) {
        ctx.tell(ctx.self as ActorRef<{ status(n: number): void }>, "status", 3)
        log.push("begins")
        await turns()
        log.push("ends")
      },
      status: (_ctx, n: number) => void log.push(`status ${n}`),
      note: (_ctx, n: number) => void log.push(`note ${n}`),
    },
  })
  const system = await systemFor(t)
  const worker = system.spawn(Worker)
  worker.tell("status", 1)
  worker.tell("work")
  worker.tell("note", 1)
  worker.tell("status", 2)
  worker.tell("note", 2)
  await turns()
  await turns()
  t.same(log, ["status 1", "begins", "status 2", "status 3", "ends", "note 1", "note 2"])
})

t.test("what settles after its actor has ended does not bring it back", async (t) => {
  let arrive = (): void => undefined
  const Late = defineActor({
    name: "late",
    state: () => null,
    shutdownTimeoutMs: 10,
    started: () => new Promise<void>((done) => (arrive = done)),
    receive: { heard: () => true },
  })
  const system = await systemFor(t)
  const late = system.spawn(Late)
  await turn()
  await system.stopActor(late)
  arrive()
  await turns()
  t.equal(late.tell("heard"), false)
  await t.rejects(late.ask("heard"), { code: "ACTOR_STOPPED" })
})

t.test("a mailbox that drops its oldest leaves the message under way alone", async (t) => {
  const causes: (string | undefined)[] = []
  const Dropping = defineActor({
    name: "dropping",
    state: () => null,
    mailbox: { capacity: 2, overflow: "drop-oldest", urgent: ["hurry"] },
    receive: {
      async work(ctx) {
        causes.push(ctx.cause.caller)
        await turns()
        causes.push(ctx.cause.caller)
        throw new RangeError("as told")
      },
      note: () => undefined,
      hurry: (_ctx, n: number) => void hurried.push(n),
    },
  })
  const hurried: number[] = []
  const system = await systemFor(t)
  const dropping = system.spawn(Dropping)
  const working = dropping.with({ cause: { caller: "ada" } }).ask("work")
  await turn()
  dropping.tell("hurry", 1)
  for (let n = 0; n < 10; n++) dropping.tell("note")
  t.equal(system.statistics.deadLetters, 8, "the oldest of its own lane")
  await t.rejects(working, { code: "ACTOR_CRASHED", message: /as told/ })
  t.same(causes, ["ada", "ada"])
  await turns()
  t.same(hurried, [1], "what is urgent is not dropped for what is not")
})

t.test("a crash of one of several handlers that run beside each other is told to the askers of all", async (t) => {
  const Busy = defineActor({
    name: "busy",
    state: () => null,
    reentrant: ["breaks", "waits", "breaksLater"],
    receive: {
      works: () => new Promise<void>(() => undefined),
      waits: () => new Promise<void>(() => undefined),
      breaks() {
        throw new RangeError("as told")
      },
      async breaksLater() {
        await turn()
        throw new RangeError("as told")
      },
    },
  })
  const system = await systemFor(t)
  for (const last of ["breaks", "breaksLater"] as const) {
    const busy = system.spawn(Busy)
    const asked = [busy.ask("works"), busy.ask("waits"), busy.ask("waits"), busy.ask(last)]
    for (const outcome of await Promise.allSettled(asked))
      t.match(outcome, { status: "rejected", reason: { code: "ACTOR_CRASHED", message: /as told/ } }, last)
  }
})

t.test("a stop tells the askers of all handlers that run beside each other", async (t) => {
  const Busy = defineActor({
    name: "busy",
    state: () => null,
    shutdownTimeoutMs: 10,
    reentrant: ["waits"],
    receive: { works: () => new Promise<void>(() => undefined), waits: () => new Promise<void>(() => undefined) },
  })
  const system = await systemFor(t)
  const busy = system.spawn(Busy)
  const asked = [busy.ask("works"), busy.ask("waits")]
  await turn()
  await system.stopActor(busy)
  for (const outcome of await Promise.allSettled(asked))
    t.match(outcome, { status: "rejected", reason: { code: "ACTOR_STOPPED" } })
})

// --- what is thrown, given and subscribed ------------------------------------------------------------------------------------------------------

t.test("S37. whatever is thrown, its ask is told in words, and a listener that throws disturbs nothing", async (t) => {
  const throws = (): never => {
    throw Object.create(null)
  }
  const logger = { debug: throws, info: throws, warn: throws, error: throws }
  const system = await systemFor(t, { logger, telemetry: { crashed: throws, restarted: throws, deadLetter: throws } })
  const Odd = defineActor({
    name: "odd",
    state: () => null,
    receive: {
      throws(_, name: string) {
        throw (thrownValues[name] as () => unknown)()
      },
      fine: () => true,
    },
  })
  for (const name of Object.keys(thrownValues)) {
    const odd = system.spawn(Odd)
    await t.rejects(odd.ask("throws", name), { code: "ACTOR_CRASHED", message: String }, name)
    t.ok(await odd.ask("fine"))
    await system.stopActor(odd)
    t.notOk(odd.tell("fine"))
  }
})

t.test("S38. a number that is none, or out of its range, is refused before anything is begun", async (t) => {
  const system = await systemFor(t)
  const ref = system.spawn(Listener)
  for (const value of [NaN, -1, "5", 5n] as never[]) {
    t.throws(() => ref.with({ timeoutMs: value }), { code: "INVALID_OPTION", message: /timeoutMs/ })
    const given = { name: "odd", state: () => null, receive: {}, handlerTimeoutMs: value }
    t.throws(() => defineActor(given), { code: "INVALID_DEFINITION", message: /handlerTimeoutMs/ })
    t.throws(() => system.spawn(Listener, { mailbox: { capacity: value } }), { code: "INVALID_DEFINITION" })
  }
  t.same(await ref.with({ timeoutMs: Infinity }).ask("heard"), [])
  t.same(await ref.with({ timeoutMs: Number.MAX_VALUE }).ask("heard"), [])
  t.equal(system.statistics.actors, 1)
})

t.test(
  "S39. a subscriber stays over a restart of the topic and over what others refuse, and a stream ends with its reader",
  async (t) => {
    const system = await systemFor(t)
    const Fragile = defineActor({
      name: "fragile",
      state: () => null,
      supervision: { strategy: "one-for-all" },
      receive: {
        topic: (ctx) => ctx.spawn(defineTopic<string>("news")),
        crash: (ctx) => void ctx.spawn(Listener).tell("crash"),
        open: (ctx, told: ActorRef<{ heard(): unknown }>) =>
          openStream(
            ctx,
            (async function* () {
              try {
                for (let n = 0; ; n++) yield n
              } finally {
                ctx.tell(told as never, "hear", "closed")
              }
            })(),
          ),
      },
    })
    const fragile = system.spawn(Fragile)
    const topic = await fragile.ask("topic")
    const [first, second] = [system.spawn(Listener), system.spawn(Listener)]
    await subscribe(topic, first, "hear")
    await subscribe(topic, second, "hear")
    await t.rejects(topic.ask("subscribe", {} as never), { code: "INVALID_PAYLOAD" })
    await fragile.ask("crash")
    while (system.statistics.restarts < 2) await turn()
    t.equal(await topic.ask("publish", "one"), 2)
    t.same(await first.ask("heard"), ["one"])
    const stream = await fragile.ask("open", second)
    stream.tell("reads", first)
    await stream.ask("pull", 1)
    await system.stopActor(first)
    while (!(await second.ask("heard")).includes("closed")) await turn()
    await t.rejects(stream.ask("pull", 1), { code: "ACTOR_STOPPED" })
  },
)
