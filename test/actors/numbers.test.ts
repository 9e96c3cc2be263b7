/** Every number that a caller gives is checked where it enters: by name, with what was given. */
import t from "tap"
import {
  circuitBreaker,
  createActorSystem,
  defineActor,
  definePersistentActor,
  defineProjection,
  openStream,
  rateLimit,
  readStream,
  spawnPool,
  systemClock,
  workPool,
  type StreamRef,
} from "#actors/index.js"
import { TimerWheel, Limit } from "#actors/timers.js"
import { AgentOSError } from "#actors/errors.js"

const never = [NaN, -1, -0.5, -Infinity, "5", "", "abc", 5n, true, {}, [], [5], () => 5, Symbol("5"), new Date(5)]
const spec = {
  name: "plain",
  state: () => null,
  receive: { fine: () => "fine", wait: () => new Promise<never>(() => {}) },
}
const Plain = defineActor(spec)

/** Refuses these, and names itself. */
const refuses = (
  t: Pick<Tap, "match">,
  name: string,
  given: readonly unknown[],
  code: string,
  give: (value: never) => unknown,
): void => {
  for (const value of given) {
    let error: unknown
    try {
      give(value as never)
    } catch (thrown) {
      error = thrown
    }
    t.match(
      error,
      { code, message: name.split(".").at(-1) as string },
      `${name}: ${typeof value === "symbol" ? "symbol" : typeof value}`,
    )
  }
}
type Tap = typeof t

t.test("a definition's numbers", async (t) => {
  const persistent = { name: "p", version: 1, state: () => null, events: {} }
  const projection = { name: "p", version: 1, from: Plain, state: () => null, apply: {} }
  const backoff = { minMs: 1, maxMs: 2 }
  const intensity = { max: 1, withinMs: 1 }
  const cases: readonly [name: string, more: readonly unknown[], give: (value: never) => unknown][] = [
    ["handlerTimeoutMs", [0], (handlerTimeoutMs) => defineActor({ ...spec, handlerTimeoutMs })],
    ["passivateAfterMs", [0], (passivateAfterMs) => defineActor({ ...spec, passivateAfterMs })],
    ["shutdownTimeoutMs", [], (shutdownTimeoutMs) => defineActor({ ...spec, shutdownTimeoutMs })],
    ["mailbox.capacity", [0, 1.5, Infinity], (capacity) => defineActor({ ...spec, mailbox: { capacity } })],
    ["mailbox.bytes", [0], (bytes) => defineActor({ ...spec, mailbox: { bytes } })],
    [
      "supervision.intensity.max",
      [1.5],
      (max) => defineActor({ ...spec, supervision: { intensity: { ...intensity, max } } }),
    ],
    ["supervision.intensity.withinMs", [0], (withinMs) => defineActor({ ...spec, supervision: { intensity: { ...intensity, withinMs } } })], // prettier-ignore
    ["supervision.backoff.minMs", [Infinity], (minMs) => defineActor({ ...spec, supervision: { backoff: { ...backoff, minMs } } })], // prettier-ignore
    ["supervision.backoff.maxMs", [Infinity], (maxMs) => defineActor({ ...spec, supervision: { backoff: { ...backoff, maxMs } } })], // prettier-ignore
    ["supervision.backoff.factor", [0, Infinity], (factor) => defineActor({ ...spec, supervision: { backoff: { ...backoff, factor } } })], // prettier-ignore
    ["supervision.backoff.jitter", [Infinity], (jitter) => defineActor({ ...spec, supervision: { backoff: { ...backoff, jitter } } })], // prettier-ignore
    ["supervision.backoff.resetAfterMs", [], (resetAfterMs) => defineActor({ ...spec, supervision: { backoff: { ...backoff, resetAfterMs } } })], // prettier-ignore
    ["version", [0, 1.5, Infinity], (version) => definePersistentActor({ ...persistent, version })],
    ["snapshotEvery", [0, 1.5], (snapshotEvery) => definePersistentActor({ ...persistent, snapshotEvery })],
    [
      "retention.keepEvents",
      [1.5],
      (keepEvents) => definePersistentActor({ ...persistent, retention: { keepEvents } }),
    ],
    ["retention.keepCommandsMs", [], (keepCommandsMs) => definePersistentActor({ ...persistent, retention: { keepCommandsMs } })], // prettier-ignore
    ["version", [0, 1.5, Infinity], (version) => defineProjection({ ...projection, version })],
    ["saveEvery", [0, 1.5], (saveEvery) => defineProjection({ ...projection, saveEvery })],
    ["saveAfterMs", [], (saveAfterMs) => defineProjection({ ...projection, saveAfterMs })],
  ]
  for (const [name, more, give] of cases) {
    // How often a snapshot is taken may be a function of the state.
    const given = name === "snapshotEvery" ? never.filter((value) => typeof value !== "function") : never
    refuses(t, name, [...given, ...more], "INVALID_DEFINITION", give)
  }
  defineActor({ ...spec, handlerTimeoutMs: Infinity, passivateAfterMs: Infinity, shutdownTimeoutMs: 0 })
  defineActor({
    ...spec,
    supervision: { intensity: { max: Infinity, withinMs: 0.5 }, backoff: { minMs: 0, maxMs: 0 } },
  })
})

t.test("the numbers of a system, of a spawn, of pools, limits and breakers", async (t) => {
  const system = await createActorSystem({ name: "test" })
  t.teardown(() => system.stop())
  const made = system.spawn(Plain)
  const cases: readonly [name: string, more: readonly unknown[], give: (value: never) => unknown][] = [
    ["shutdownTimeoutMs", [], (shutdownTimeoutMs) => system.spawn(Plain, { shutdownTimeoutMs })],
    ["mailbox.capacity", [0, 1.5], (capacity) => system.spawn(Plain, { mailbox: { capacity } })],
    ["intensity.max", [0.5], (max) => system.spawn(Plain, { supervision: { intensity: { max, withinMs: 1 } } })],
    ["size", [0, 1.5, Infinity, undefined], (size) => spawnPool(system, Plain, { size })],
    ["size", [0, 1.5, Infinity, undefined], (size) => workPool(system, Plain, { size })],
    ["capacity", [1.5], (capacity) => workPool(system, Plain, { size: 1, capacity })],
    ["retries", [1.5], (retries) => workPool(system, Plain, { size: 1, retries })],
    ["perSecond", [0, Infinity, undefined], (perSecond) => rateLimit(made, { perSecond, burst: 1 })],
    ["burst", [0, 0.5, Infinity, undefined], (burst) => rateLimit(made, { perSecond: 1, burst })],
    ["failures", [0, 1.5, undefined], (failures) => circuitBreaker(made, { failures, withinMs: 1, openMs: 1 })],
    ["withinMs", [0, undefined], (withinMs) => circuitBreaker(made, { failures: 1, withinMs, openMs: 1 })],
    ["openMs", [undefined], (openMs) => circuitBreaker(made, { failures: 1, withinMs: 1, openMs })],
  ]
  for (const [name, more, give] of cases) refuses(t, name, [...never, ...more], "INVALID_DEFINITION", give)
  const before = system.statistics.actors
  for (const value of [...never, 1.5])
    for (const options of [
      { shutdownTimeoutMs: value === 1.5 ? NaN : value },
      { entities: { maxResident: value } },
      { workers: { threads: value } },
      { workers: { hangMs: value === 1.5 ? 0 : value } },
      { workers: { memoryMb: value === 1.5 ? 0 : value } },
    ])
      await t.rejects(createActorSystem({ name: "test", ...(options as object) }), { code: "INVALID_DEFINITION" })
  t.equal(system.statistics.actors, before, "nothing was begun")
})

t.test("the numbers of one call: time-outs, timers, streams", async (t) => {
  const system = await createActorSystem({ name: "test" })
  t.teardown(() => system.stop())
  const made = system.spawn(Plain)
  refuses(t, "timeoutMs", never, "INVALID_OPTION", (timeoutMs) => made.with({ timeoutMs }))
  refuses(t, "timeoutMs", never, "INVALID_OPTION", (timeoutMs) => made.with({}).with({ timeoutMs }))
  const notMoments = never.filter((value) => typeof value !== "number" || value !== value)
  refuses(t, "cause.deadline", notMoments, "INVALID_OPTION", (deadline) => made.with({ cause: { deadline } }))
  const Caller = defineActor({
    name: "caller",
    state: () => null,
    receive: {
      after: (ctx, tried: { readonly ms: unknown }) => void ctx.after(tried.ms as number, "fine"),
      every: (ctx, tried: { readonly ms: unknown }) => void ctx.every(tried.ms as number, "fine").cancel(),
      fine: () => "fine",
      asks: (ctx) => ctx.ask(made.with({ timeoutMs: NaN }), "fine"),
      stream: (ctx, tried: { readonly buffer?: number }) => openStream(ctx, numbers(), tried),
    },
  })
  for (const ms of [...never.filter((value) => typeof value === "number"), Infinity, "5", null, 5n, undefined]) {
    await t.rejects(system.spawn(Caller).ask("after", { ms }), { code: "INVALID_OPTION" })
    await t.rejects(system.spawn(Caller).ask("every", { ms }), { code: "INVALID_OPTION" })
  }
  await t.rejects(system.spawn(Caller).ask("every", { ms: 0 }), { code: "INVALID_OPTION" })
  await t.rejects(system.spawn(Caller).ask("asks"), { code: "INVALID_OPTION" })
  for (const buffer of [NaN, 0, -1, 1.5]) await t.rejects(system.spawn(Caller).ask("stream", { buffer }), { code: "INVALID_OPTION" }) // prettier-ignore
  for (const batch of [NaN, 0, -1, 1.5, Infinity, "5", 5n] as never[]) {
    const stream = (await system.spawn(Caller).ask("stream", {})) as StreamRef<number>
    const read = async (): Promise<void> => {
      for await (const _ of readStream(system, stream, { batch })) t.fail("read")
    }
    await t.rejects(read(), { code: "INVALID_OPTION" })
    await t.rejects(stream.ask("pull", batch), { code: "INVALID_OPTION" }, "the source refuses it as well, and lives")
    await t.resolves(stream.ask("pull", 2))
  }
})

async function* numbers(): AsyncGenerator<number> {
  for (let n = 0; ; n++) yield n
}

t.test("a very long time is waited for, and Infinity for ever", async (t) => {
  const system = await createActorSystem({ name: "test", shutdownTimeoutMs: 10 })
  t.teardown(() => system.stop())
  const made = system.spawn(Plain)
  for (const timeoutMs of [2 ** 31 - 1, 2 ** 31, 2 ** 53, 1e300, Number.MAX_VALUE, Infinity]) {
    t.equal(await made.with({ timeoutMs }).ask("fine"), "fine")
    const waits = system.spawn(Plain).with({ timeoutMs }).ask("wait")
    waits.catch(() => {})
    t.equal(await Promise.race([waits, new Promise((done) => setTimeout(done, 30, "waits"))]), "waits", `${timeoutMs}`)
  }
  await t.rejects(system.spawn(Plain).with({ timeoutMs: 0 }).ask("wait"), { code: "ASK_TIMEOUT" })
  await t.rejects(system.spawn(Plain).with({ timeoutMs: 0.5 }).ask("wait"), { code: "ASK_TIMEOUT" })
  await t.rejects(
    system
      .spawn(Plain)
      .with({ cause: { deadline: -Infinity } })
      .ask("wait"),
    { code: "DEADLINE_EXCEEDED" },
  )
})

t.test("a clock takes longer times than Node.js does, and a wheel starts none for what never comes", async (t) => {
  let fired = 0
  const cancels = [2 ** 31, 2 ** 40, 1e300, Infinity].map((ms) => systemClock.timer(ms, () => fired++))
  await new Promise((done) => setTimeout(done, 20))
  t.equal(fired, 0)
  for (const cancel of cancels) cancel()
  let started = 0
  const wheel = new TimerWheel({ ...systemClock, timer: (...of) => (started++, systemClock.timer(...of)) })
  const limit = new Limit(() => fired++)
  wheel.add(limit, Infinity)
  limit.cancel()
  t.equal(started, 0)
  wheel.add(limit, 1)
  await new Promise((done) => setTimeout(done, 50))
  t.equal(fired, 1)
  t.ok(new AgentOSError("INVALID_OPTION", "").executed === "no")
})
