/** Supervision as OTP means it; a title that begins with a number is a promise of docs/semantics.md. */
import t from "tap"
import {
  createActorSystem,
  defineActor,
  formatTree,
  type ActorRef,
  type AnyRef,
  type Random,
  type Supervision,
  type SpawnOptions,
} from "#actors/index.js"
import { nextAttempt } from "#actors/supervision.js"
import { HandClock } from "../support/hand-clock.js"

const turns = async (): Promise<void> => {
  for (let n = 0; n < 20; n++) await new Promise((done) => setImmediate(done))
}

type Log = string[]
interface ChildProtocol {
  crash(): void
  ping(): string
  leave(): void
}

const Child = defineActor({
  name: "child",
  state: ({ label, log }: { readonly label: string; readonly log: Log }) => {
    log.push(`${label} made`)
    return { label, log }
  },
  async started({ state: { label, log } }) {
    await Promise.resolve()
    log.push(`${label} started`)
  },
  receive: {
    crash() {
      throw new Error("as told")
    },
    ping: ({ state }) => state.label,
    leave: (ctx) => ctx.stop(),
    hang: () => new Promise<void>(() => {}),
  },
  stopping({ state: { label, log } }) {
    log.push(`${label} stopping`)
  },
})

/** Spawns its children when it starts. */
const Parent = defineActor({
  name: "parent",
  state: ({ log, labels }: { readonly log: Log; readonly labels: readonly string[]; readonly kind?: "temporary" }) => ({
    log,
    labels,
    children: [] as ActorRef<ChildProtocol>[],
  }),
  started(ctx) {
    const { log, labels } = ctx.state
    log.push("parent started")
    ctx.state.children = labels.map((label) => ctx.spawn(Child, { name: label, init: { label, log } }))
  },
  receive: { children: (ctx) => [...ctx.state.children] },
  stopping({ state }) {
    state.log.push("parent stopping")
  },
})

async function family(
  t: { teardown(then: () => unknown): void },
  supervision: Partial<Supervision>,
  options: Partial<Parameters<typeof createActorSystem>[0]> = {},
  spawn: Pick<SpawnOptions, "kind"> = {},
) {
  const system = await createActorSystem({ name: "test", ...options })
  t.teardown(() => system.stop())
  const log: Log = []
  const parent = system.spawn(Parent, { ...spawn, supervision, init: { log, labels: ["a", "b", "c"] } })
  const children = (await parent.ask("children")) as ActorRef<ChildProtocol>[]
  await turns()
  return { system, log, parent, children, take: () => log.splice(0) }
}

const crash = async (ref: ActorRef<ChildProtocol> | undefined): Promise<void> => {
  await ref?.ask("crash").catch(() => undefined)
  await turns()
}

t.test(
  "S19. children start in the order they were spawned and stop in reverse, each before the next, all before their parent",
  async (t) => {
    const { system, take } = await family(t, {})
    t.same(take(), ["parent started", "a made", "b made", "c made", "a started", "b started", "c started"])
    await system.stop()
    t.same(take(), ["c stopping", "b stopping", "a stopping", "parent stopping"])
  },
)

t.test(
  "S20. one-for-one restarts the child that crashed, rest-for-one those spawned after it too, one-for-all all, in start order",
  async (t) => {
    const made = { "one-for-one": "b", "rest-for-one": "bc", "one-for-all": "abc" }
    for (const [strategy, labels] of Object.entries(made)) {
      const { children, take } = await family(t, { strategy: strategy as Supervision["strategy"] })
      take()
      await crash(children[1])
      t.same(
        take(),
        [...labels].flatMap((label) => [`${label} made`, `${label} started`]),
        `${strategy}: each has started before the next is made`,
      )
      t.same(await Promise.all(children.map((child) => child.ask("ping"))), ["a", "b", "c"], "by the same refs")
    }
  },
)

t.test(
  "S21. three restarts in five seconds are allowed: the fourth crash escalates, and not one that comes later",
  async (t) => {
    const intensity = { max: 3, withinMs: 5000 }
    const clock = new HandClock()
    const escalated: string[] = []
    const telemetry = { escalated: (supervisor: string) => void escalated.push(supervisor) }
    const { children, system, parent } = await family(t, { intensity }, { clock, telemetry })
    for (let n = 0; n < 3; n++) {
      await crash(children[0])
      clock.wind(1000)
    }
    t.same([escalated, system.statistics.restarts], [[], 3])
    clock.wind(2000) // five seconds after the first: it counts no more
    await crash(children[0])
    t.same([escalated, system.statistics.restarts], [[], 4], "the fourth comes after the span")
    await crash(children[0])
    t.same(escalated, [parent.address], "three restarts lie within it")
  },
)

t.test(
  "S22. a supervisor that gave up crashes itself: its children are stopped, and it is restarted with a count that begins anew",
  async (t) => {
    const { children, parent, take, system } = await family(t, { intensity: { max: 1, withinMs: 60_000 } })
    take()
    await crash(children[0])
    t.same(take(), ["a made", "a started"])
    await crash(children[0])
    t.same(
      take().filter((line) => !line.endsWith("made")),
      ["c stopping", "b stopping", "parent started", "a started", "b started", "c started"],
    )
    const renewed = (await parent.ask("children")) as ActorRef<ChildProtocol>[]
    await crash(renewed[0])
    t.equal(await renewed[0]?.ask("ping"), "a", "one restart is allowed again")
    t.equal(system.statistics.restarts, 3)
    await t.rejects(children[1]?.ask("ping") as Promise<string>, { code: "ACTOR_STOPPED" })
  },
)

t.test(
  "S23. at the root each actor has a count of its own, and whenGivenUp says whether it alone ends or the system",
  async (t) => {
    for (const whenGivenUp of ["stop-actor", "stop-system"] as const) {
      const system = await createActorSystem({ name: "test", whenGivenUp })
      t.teardown(() => system.stop())
      const init = { label: "x", log: [] }
      const [bad, good] = [system.spawn(Child, { init }), system.spawn(Child, { init })]
      for (let n = 0; n < 10; n++) await crash(bad)
      t.equal(await bad.ask("ping"), "x", "ten restarts in ten seconds")
      await crash(good)
      t.equal(await good.ask("ping"), "x", "the crashes of the other do not count for it")
      await crash(bad)
      await t.rejects(bad.ask("ping"), { code: "ACTOR_STOPPED" })
      t.equal(system.stopping, whenGivenUp === "stop-system")
      if (whenGivenUp === "stop-actor") t.equal(await good.ask("ping"), "x")
    }
  },
)

t.test(
  "S24. with backoff a restart waits longer each time, by chance a little more, and its own children do not live on meanwhile",
  async (t) => {
    const clock = new HandClock()
    const random: Random = { float: () => 0.5, uuid: () => "u", bytes: (n: number) => new Uint8Array(n) } as never
    const backoff = { minMs: 100, maxMs: 400, jitter: 0.2, resetAfterMs: 10_000 }
    const log: Log = []
    const system = await createActorSystem({ name: "test", clock, random })
    t.teardown(() => system.stop())
    const Grand = defineActor({
      name: "grand",
      state: () => null,
      supervision: { backoff },
      receive: { parent: (ctx) => ctx.spawn(Crashing) as unknown as ActorRef<ChildProtocol> },
    })
    const Crashing = defineActor({
      name: "crashing",
      state: () => null,
      started: (ctx) => void ctx.spawn(Child, { init: { label: "x", log } }),
      receive: {
        ping: () => "pong",
        leave: () => undefined,
        crash() {
          throw new Error("as told")
        },
      },
    })
    const parent = await system.spawn(Grand).ask("parent")
    await turns()
    for (const wait of [110, 220, 440, 440]) {
      log.length = 0
      const { restarts } = system.statistics
      await crash(parent)
      t.same(log, ["x stopping"], "its child has stopped before the wait is over")
      clock.wind(wait - 1)
      await turns()
      t.equal(system.statistics.restarts, restarts, `not before ${wait} ms`)
      clock.wind(10)
      await turns()
      t.equal(system.statistics.restarts, restarts + 1, `after ${wait} ms`)
    }
    clock.wind(10_000)
    t.equal(nextAttempt(backoff, { crashes: 5, startsAt: 0 }, 9999, 0).delayMs, 400)
    t.equal(nextAttempt(backoff, { crashes: 5, startsAt: 0 }, 10_000, 0).delayMs, 100, "it ran well for a while")
    t.equal(nextAttempt(backoff, undefined, 0, 1).delayMs, 120)
  },
)

t.test(
  "S25. temporary children never come back, transient ones after a crash, permanent ones also after they ended by themselves",
  async (t) => {
    const expected = { temporary: [false, false], transient: [true, false], permanent: [true, true] }
    const system = await createActorSystem({ name: "test" })
    t.teardown(() => system.stop())
    for (const [kind, [afterCrash, afterLeave]] of Object.entries(expected)) {
      const init = { label: "x", log: [] }
      const back = async (how: "crash" | "leave"): Promise<boolean> => {
        const child = system.spawn(Child, { init, kind: kind as "temporary" })
        await child.ask(how).catch(() => undefined)
        await turns()
        return child.ask("ping").then(
          () => true,
          () => false,
        )
      }
      t.same([await back("crash"), await back("leave")], [afterCrash, afterLeave], kind)
    }
  },
)

/** Links, watches, and says what it was told. */
const Onlooker = defineActor({
  name: "onlooker",
  state: (told: string[]) => ({ told }),
  receive: {
    watch: (ctx, ref: ActorRef<ChildProtocol>) => ctx.watch(ref),
    unwatch: (ctx, ref: ActorRef<ChildProtocol>) => ctx.unwatch(ref),
    link: (ctx, ref: ActorRef<ChildProtocol>) => ctx.link(ref),
    unlink: (ctx, ref: ActorRef<ChildProtocol>) => ctx.unlink(ref),
    crash() {
      throw new Error("as told")
    },
    ping: () => "here",
    leave: (ctx) => ctx.stop(),
  },
  ended: (ctx, ref: AnyRef, reason) =>
    void ctx.state.told.push(`${ref.address.split("/").at(-1)?.split("#")[0]} ${reason.kind}`),
})

t.test("S26. a linked crash is a crash of both, whichever side it began on; a stop is not", async (t) => {
  const system = await createActorSystem({ name: "test" })
  t.teardown(() => system.stop())
  const init = { label: "x", log: [] }
  for (const side of ["linker", "linked"]) {
    const linker = system.spawn(Onlooker, { init: [], kind: "temporary" })
    const linked = system.spawn(Child, { init, kind: "temporary" })
    await linker.ask("link", linked)
    await (side === "linker" ? linker.ask("crash") : linked.ask("crash")).catch(() => undefined)
    await turns()
    await t.rejects(linker.ask("ping"), { code: "ACTOR_STOPPED" }, `${side} crashed`)
    await t.rejects(linked.ask("ping"), { code: "ACTOR_STOPPED" }, `${side} crashed`)
  }
  const linker = system.spawn(Onlooker, { init: [], kind: "temporary" })
  const [first, second] = [system.spawn(Child, { init }), system.spawn(Child, { init, kind: "temporary" })]
  await linker.ask("link", first)
  await system.stopActor(first)
  t.equal(await linker.ask("ping"), "here")
  await linker.ask("link", second)
  await linker.ask("unlink", second)
  await crash(second)
  t.equal(await linker.ask("ping"), "here")
})

t.test(
  "S27. who watches is told once that an actor has ended and why, at once when it already has; unwatch takes it back",
  async (t) => {
    const system = await createActorSystem({ name: "test" })
    t.teardown(() => system.stop())
    const told: string[] = []
    const onlooker = system.spawn(Onlooker, { init: told })
    const init = { label: "x", log: [] }
    const spawn = (name: string) => system.spawn(Child, { name, init, kind: "temporary" })
    const [stopped, crashed, ignored, gone] = ["stopped", "crashed", "ignored", "gone"].map(spawn)
    if (stopped === undefined || crashed === undefined || ignored === undefined || gone === undefined) throw new Error()
    await system.stopActor(gone)
    for (const ref of [stopped, crashed, ignored, gone]) await onlooker.ask("watch", ref)
    await onlooker.ask("unwatch", ignored)
    await system.stopActor(stopped)
    await system.stopActor(ignored)
    await crash(crashed)
    await turns()
    t.same(told, ["gone stopped", "stopped stopped", "crashed crashed"])
  },
)

t.test("a supervisor that crashed hears nothing of the end of its children in its old life", async (t) => {
  const told: string[] = []
  const system = await createActorSystem({ name: "test" })
  t.teardown(() => system.stop())
  const Watching = defineActor({
    name: "watching",
    state: () => null,
    started(ctx) {
      ctx.watch(ctx.spawn(Child, { init: { label: "x", log: [] } }))
    },
    receive: {
      crash() {
        throw new Error("as told")
      },
      ping: () => "pong",
    },
    ended: (ctx) => void told.push(typeof ctx.spawn(Child, { init: { label: "y", log: [] } })),
  })
  const watching = system.spawn(Watching)
  await t.rejects(watching.ask("crash"))
  t.equal(await watching.ask("ping"), "pong")
  await turns()
  t.same(told, [])
  t.equal(system.tree.children[0]?.children.length, 1)
})

t.test("the tree of supervisors prints with names, phases, waiting messages and restarts", async (t) => {
  const { system, children } = await family(t, {})
  await crash(children[1])
  t.equal(
    formatTree(system.tree).replaceAll(/parent-\d+/g, "parent-1"),
    ["test (guardian)", "  parent-1", "    a (child)", "    b (child, 1 restart)", "    c (child)"].join("\n"),
  )
})

t.test("an actor that watches for long holds nothing of those that have ended", async (t) => {
  const Child = defineActor({ name: "child", state: () => new Array<number>(10_000).fill(1), receive: { stop: (ctx) => ctx.stop() } }) // prettier-ignore
  const ended: string[] = []
  const refs: WeakRef<object>[] = []
  const Watcher = defineActor({
    name: "watcher",
    state: () => null,
    receive: {
      watch(ctx) {
        const child = ctx.spawn(Child)
        ctx.watch(child)
        refs.push(new WeakRef(child))
        child.tell("stop")
      },
    },
    ended: (_ctx, ref) => void ended.push(ref.address),
  })
  const system = await createActorSystem({ name: "test" })
  t.teardown(() => system.stop())
  const watcher = system.spawn(Watcher)
  for (let n = 0; n < 50; n++) watcher.tell("watch")
  while (ended.length < 50) await new Promise((done) => setTimeout(done, 5))
  const { setFlagsFromString } = await import("node:v8")
  const { runInNewContext } = await import("node:vm")
  setFlagsFromString("--expose-gc")
  const collect = runInNewContext("gc") as () => void
  for (let n = 0; n < 20 && refs.some((ref) => ref.deref() !== undefined); n++) {
    await new Promise((done) => setTimeout(done, 5))
    collect()
  }
  t.ok(refs.filter((ref) => ref.deref() !== undefined).length <= 1, "all but the last, which a local may hold")
})

t.test("a top-level actor that has children is started again while another one still starts", async (t) => {
  const system = await createActorSystem({ name: "test" })
  t.teardown(() => system.stop())
  let slow = false
  const Parental = defineActor({
    name: "parental",
    shutdownTimeoutMs: 0,
    state: () => ({}),
    started: (ctx) => {
      ctx.spawn(Child, { init: { label: "child", log: [] } })
      return slow ? new Promise<void>(() => {}) : undefined
    },
    receive: { crash: () => Promise.reject(new Error("as told")), ping: () => "pong" },
  })
  const [one, two] = [system.spawn(Parental), system.spawn(Parental)]
  await Promise.all([one.ask("ping"), two.ask("ping")])
  slow = true
  await t.rejects(one.ask("crash"))
  await turns()
  slow = false
  await t.rejects(two.ask("crash"))
  t.equal(await two.ask("ping"), "pong")
})
