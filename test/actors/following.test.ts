import t from "tap"
import { createActorSystem, defineActor } from "#actors/index.js"
import { follow, unfollow } from "#actors/following.js"

t.test("a signal is followed by any number with one listener, and by none with none", (t) => {
  const control = new AbortController()
  const { signal } = control
  let listeners = 0
  const count =
    (by: number, method: (...args: never[]) => void) =>
    (...args: never[]): void => {
      listeners += by
      method.apply(signal, args)
    }
  signal.addEventListener = count(1, signal.addEventListener)
  signal.removeEventListener = count(-1, signal.removeEventListener)
  const told: number[] = []
  const followers = Array.from({ length: 100 }, (_, n) => ({ aborted: () => void told.push(n) }))
  for (const follower of followers) follow(signal, follower)
  t.equal(listeners, 1)
  for (const follower of followers) unfollow(signal, follower)
  t.equal(listeners, 0)
  for (const follower of followers.slice(0, 3)) follow(signal, follower)
  unfollow(signal, followers[1]!)
  control.abort()
  t.same(told, [0, 2], "each that still follows, once, in order")
  t.end()
})

t.test("a hundred asks and works with one signal are no leak, and all of them end with it", async (t) => {
  const warnings: Error[] = []
  const note = (warning: Error): void => void warnings.push(warning)
  process.on("warning", note)
  t.teardown(() => process.off("warning", note))
  const system = await createActorSystem({ name: "test", shutdownTimeoutMs: 10 })
  t.teardown(() => system.stop())
  const aborted: unknown[] = []
  const Waiting = defineActor({
    name: "waiting",
    state: () => null,
    receive: {
      wait(ctx) {
        ctx.run(
          (signal) => new Promise((done) => signal.addEventListener("abort", () => (aborted.push(1), done(0)))),
          "done",
        )
        return ctx.defer<number>()
      },
      done: () => undefined,
    },
  })
  const control = new AbortController()
  const asks = Array.from({ length: 100 }, () =>
    t.rejects(system.spawn(Waiting).with({ signal: control.signal }).ask("wait"), { code: "CANCELLED" }),
  )
  await new Promise((done) => setImmediate(done))
  control.abort()
  await Promise.all(asks)
  await new Promise((done) => setImmediate(done))
  t.equal(aborted.length, 100)
  t.same(warnings, [])
})
