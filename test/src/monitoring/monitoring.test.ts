import { Writable } from "node:stream"
import fc from "fast-check"
import t from "tap"
import { HandClock } from "#test/support/hand-clock.js"
import { Cancellation } from "#src/cancellation.js"
import { systemRandom } from "#actors/clock.js"
import { AgentOSError, createActorSystem, defineActor } from "#actors/index.js"
import { ActivityFeed } from "#src/monitoring/activity.js"
import { HealthRegistry, healthy } from "#src/monitoring/health.js"
import { openLog } from "#src/monitoring/log.js"
import { Metrics } from "#src/monitoring/metrics.js"
import { TraceIds, traceIdOf, traceparent } from "#src/monitoring/trace.js"
import { thrownValues } from "#test/support/thrown-values.js"

t.test("whatever was thrown, its line is written and its check told", async (t) => {
  let lines = 0
  const sink = new Writable({ write: (_chunk: Buffer, _encoding, done) => (lines++, done()) })
  const log = openLog({ level: "info", file: "-", rotation: { megabytes: 1.0, files: 1 }, node: "test" }, sink)
  const health = new HealthRegistry()
  for (const [name, made] of Object.entries(thrownValues)) {
    health.addReadiness(name, () => {
      throw made()
    })
    log.error({ error: made(), more: made() }, name)
  }
  await log.close()
  t.equal(lines, Object.keys(thrownValues).length)
  for (const part of Object.values(health.ready().parts)) t.match(part, { ok: false, reason: String })
})

t.test("secrets never reach a log line, at the top or one level below", async (t) => {
  const lines: string[] = []
  const sink = new Writable({ write: (chunk: Buffer, _encoding, done) => (lines.push(chunk.toString()), done()) })
  const log = openLog({ level: "info", file: "-", rotation: { megabytes: 1.0, files: 1 }, node: "test" }, sink)
  log.info({ key: "lao_secret", headers: { authorization: "Bearer lao_secret" }, traceId: "abc" }, "hello")
  log.debug({}, "too quiet to be written")
  log.warn({ error: new AgentOSError("CANCELLED", "it was", { cause: new Error("why") }) }, "failed")
  await log.close()
  t.equal(lines.length, 2)
  t.match(JSON.parse(lines[1] ?? "{}"), { error: { code: "CANCELLED", message: "it was: why", stack: /monitoring/ } })
  t.notMatch(lines[0], /secret/)
  t.match(JSON.parse(lines[0] ?? "{}"), {
    level: "info",
    msg: "hello",
    traceId: "abc",
    key: "[redacted]",
    node: "test",
  })
})

t.test("a trace id survives the header, and a malformed header is no trace", async (t) => {
  const ids = new TraceIds(systemRandom)
  const made = new Set(Array.from({ length: 1000 }, () => ids.mint()))
  t.equal(made.size, 1000)
  for (const id of made) t.equal(traceIdOf(traceparent(id)), id)
  t.equal(traceIdOf(`00-${"0".repeat(32)}-00f067aa0ba902b7-01`), undefined, "the zero id is invalid")
  fc.assert(fc.property(fc.string(), (text) => traceIdOf(text) === undefined))
})

t.test("metrics tell requests, their duration as a histogram, tokens and runs under way", async (t) => {
  const metrics = new Metrics({ processMetrics: false })
  const meter = metrics.meter("rest", "Run")
  meter.observe("OK", 3)
  meter.observe("RATE_LIMITED", 70_000)
  metrics.runStarted()
  metrics.runStarted()
  metrics.runEnded("ask", { promptTokens: 5, completionTokens: 2, cachedTokens: 0 })
  const text = await metrics.text()
  for (const line of [
    'llmagentos_requests_total{door="rest",operation="Run",code="OK"} 1',
    'llmagentos_requests_total{door="rest",operation="Run",code="RATE_LIMITED"} 1',
    "# TYPE llmagentos_request_seconds histogram",
    'llmagentos_request_seconds_bucket{le="0.0025",door="rest",operation="Run"} 0',
    'llmagentos_request_seconds_bucket{le="0.005",door="rest",operation="Run"} 1',
    'llmagentos_request_seconds_bucket{le="+Inf",door="rest",operation="Run"} 2',
    'llmagentos_request_seconds_count{door="rest",operation="Run"} 2',
    'llmagentos_tokens_total{target="ask",kind="prompt"} 5',
    "llmagentos_runs_in_flight 1",
  ])
    t.ok(text.includes(`${line}\n`), line)
})

t.test("metrics tell what actors did, by definition, and how long messages and handlers took", async (t) => {
  const system = await createActorSystem({ name: "test", metrics: true })
  t.teardown(() => system.stop())
  const metrics = new Metrics({ processMetrics: false, actors: system })
  const counter = system.spawn(
    defineActor({ name: "counter", state: () => ({ n: 0 }), receive: { add: (ctx) => ++ctx.state.n } }),
  )
  for (let i = 0; i < 7; i++) await counter.ask("add")
  const text = await metrics.text()
  for (const line of [
    /^llmagentos_actors 1$/m,
    /^llmagentos_actor_events_total{kind="handled"} 7$/m,
    /^llmagentos_actor_messages_total{definition="counter",type="add"} 7$/m,
    /^llmagentos_actor_handler_seconds_bucket{le="\+Inf",definition="counter"} [1-7]$/m,
    /^llmagentos_actor_mailbox_seconds_count{definition="counter"} [1-7]$/m,
  ])
    t.match(text, line)
})

t.test("a node that is not alive is not ready, and a check that throws has failed", async (t) => {
  const health = new HealthRegistry()
  t.strictSame(health.ready(), { ok: true, parts: {} })
  health.addReadiness("journal", () => healthy)
  health.addLiveness("loop", () => {
    throw new Error("stuck")
  })
  t.strictSame(health.live(), { ok: false, parts: { loop: { ok: false, reason: "stuck" } } })
  t.equal(health.ready().ok, false)
  t.same(health.ready().parts["journal"], { ok: true })
})

t.test(
  "the list of runs keeps those that go on and the newest that ended, and a watcher sees each change until it stops",
  async (t) => {
    const clock = new HandClock()
    const feed = new ActivityFeed(clock, 2)
    const run = (id: number, more: object = {}) => feed.note("default", { id, runId: `r${id}`, target: "ask", caller: "local", state: "running", startedAt: 0, ...more }) // prettier-ignore
    const seen: number[] = []
    for (const id of [1, 2]) run(id)
    for await (const { id } of feed.follow("default", undefined)) {
      seen.push(id)
      if (id === 2) {
        run(3)
        clock.wind(1000)
      }
      if (id === 3) break
    }
    run(3, { state: "finished", runId: "r" })
    t.strictSame(seen, [1, 2, 3])
    const listed = () => feed.recent("default").map(({ id, state }) => `${id} ${state}`)
    t.strictSame(listed(), ["1 running", "2 running", "3 finished"])
    for (const id of [4, 5]) run(id, { state: "failed" })
    t.strictSame(listed(), ["1 running", "2 running", "4 failed", "5 failed"])
    run(1, { state: "finished" })
    t.strictSame(listed(), ["1 finished", "2 running", "5 failed"], "the one that ended first gives way")
  },
)

t.test(
  "however many runs change and however many watch, a watcher is told of a list at a time, of its own tenant",
  async (t) => {
    const clock = new HandClock()
    const feed = new ActivityFeed(clock)
    const seen = Array.from({ length: 1000 }, (_, i) => ({
      tenant: i % 2 === 0 ? "acme" : "else",
      ids: [] as number[],
    }))
    const stop = new Cancellation()
    const watching = seen.map(async ({ tenant, ids }) => {
      for await (const { id } of feed.follow(tenant, stop)) ids.push(id)
    })
    let id = 0
    for (let second = 0; second < 10; second++) {
      for (let i = 0; i < 1000; i++)
        for (const state of ["running", "finished"] as const)
          feed.note(++id % 2 === 0 ? "acme" : "else", {
            id,
            runId: `r${id}`,
            target: "ask",
            caller: "local",
            state,
            startedAt: 0,
          })
      clock.wind(1000)
      await new Promise(setImmediate)
    }
    clock.wind(60_000)
    await new Promise(setImmediate)
    stop.cancel(new AgentOSError("CANCELLED", "enough"))
    await Promise.all(watching)
    t.ok(
      seen.every(({ ids }) => ids.length > 0 && ids.length <= 10 * 100),
      "of 10,000 changes",
    )
    t.ok(seen.every(({ tenant, ids }) => ids.every((id) => id % 2 === (tenant === "acme" ? 0 : 1))))
    t.ok(seen.every(({ ids }) => ids.every((id, i) => i === 0 || id > (ids[i - 1] ?? 0))))
    t.equal(seen[0]?.ids.at(-1), id, "the last is told")
  },
)
