import fc from "fast-check"
import t from "tap"
import { VirtualClock } from "#actors/simulation/virtual-clock.js"

t.test("what is due happens in the order of its time, then in the order in which it was asked for", (t) =>
  fc.assert(
    fc.asyncProperty(fc.array(fc.nat(50), { maxLength: 60 }), async (waits) => {
      const clock = new VirtualClock()
      const seen: [number, number][] = []
      waits.forEach((wait, i) =>
        clock.timer(wait, () => {
          seen.push([clock.now, i])
          if (i % 3 === 0) clock.timer(wait, () => seen.push([clock.now, i + 1000]))
        }),
      )
      await clock.advance(200)
      const expected = waits.flatMap(
        (wait, i): [number, number][] =>
        i % 3 === 0 ? [[wait, i], [2 * wait, i + 1000]] : [[wait, i]], // prettier-ignore
      )
      t.same(
        seen.map(([at]) => at),
        [...expected.map(([at]) => at)].sort((a, b) => a - b),
      )
      const first = seen.filter(([, i]) => i < 1000)
      t.same(
        first,
        [...first].sort(([a, i], [b, j]) => a - b || i - j),
      )
      t.equal(seen.length, expected.length)
      t.equal(clock.now, 200)
    }),
    { numRuns: 100 },
  ),
)

t.test("between two happenings all promises react", async (t) => {
  const clock = new VirtualClock()
  const seen: string[] = []
  const chain = async (name: string): Promise<void> => {
    for (let n = 0; n < 5; n++) await null
    seen.push(`${name} reacted`)
  }
  for (const name of ["a", "b"])
    clock.timer(1, () => {
      seen.push(name)
      void chain(name)
    })
  await clock.advance(1)
  t.same(seen, ["a", "a reacted", "b", "b reacted"])
})

t.test("a timer that is called off does not fire, and time passes without anything due", async (t) => {
  const clock = new VirtualClock()
  let fired = false
  clock.timer(5, () => (fired = true))()
  await clock.advance(1_000_000)
  t.notOk(fired)
  t.equal(clock.now, 1_000_000)
  t.equal(clock.happenings, 0)
})

t.test("what comes after input and output happens although nobody lets time pass", async (t) => {
  const clock = new VirtualClock()
  await new Promise<void>((done) => clock.afterInputOutput(done))
  t.equal(clock.now, 0)
})

t.test(
  "a view can be wrong about wall time, never about what has passed, and does nothing once it has ended",
  async (t) => {
    const clock = new VirtualClock({ startAt: 1000 })
    await clock.advance(10)
    const view = clock.view()
    t.equal(view.wallTime(), 1010)
    view.skewMs = -500
    await clock.advance(5)
    t.equal(view.wallTime(), 515)
    t.equal(view.monotonic(), 5, "its time begins with it")
    const fired: string[] = []
    view.timer(1, () => fired.push("timer"))
    view.afterInputOutput(() => fired.push("after input and output"))
    view.soon(() => fired.push("soon"))
    view.end()
    await clock.advance(10)
    t.same(fired, [])
  },
)

t.test("an error in a timer is the error of whoever let the time pass", async (t) => {
  const clock = new VirtualClock()
  clock.timer(1, () => {
    throw new Error("in the timer")
  })
  await t.rejects(clock.advance(2), { message: "in the timer" })
  await clock.advance(2)
  t.equal(clock.now, 3, "time goes on where it stopped")
})

t.test("those who let time pass at once come one after the other", async (t) => {
  const clock = new VirtualClock()
  await Promise.all([clock.advance(10), clock.advance(20)])
  t.equal(clock.now, 30)
})

t.test("a view that is paused finds everything late when it goes on, in the order in which it was due", async (t) => {
  const clock = new VirtualClock()
  const view = clock.view()
  const seen: [string, number][] = []
  const see = (what: string) => (): void => void seen.push([what, clock.now])
  const put = (at: number, task: () => void): void => void clock.timer(at, task)
  view.timer(10, see("timer"))
  view.timer(100, see("later"))
  view.timer(15, see("called off"))()
  put(5, () => view.pause())
  put(8, () => view.arrive(see("message")))
  put(50, () => view.goOn())
  put(50, () => view.arrive(see("message of the same moment")))
  put(51, () => view.arrive(see("next message")))
  await clock.advance(200)
  t.same(seen, [["message", 50], ["timer", 50], ["message of the same moment", 50], ["next message", 51], ["later", 100]]) // prettier-ignore
  t.equal(view.monotonic(), 200)
})

t.test("where the machine sleeps, monotonic time and timers stand still, and wall time goes on", async (t) => {
  const clock = new VirtualClock({ startAt: 0 })
  const view = clock.view()
  let fired = 0
  view.timer(30, () => (fired = clock.now))
  await clock.advance(10)
  view.pause(true)
  await clock.advance(100)
  t.equal(view.monotonic(), 10)
  t.equal(view.wallTime(), 110)
  view.goOn()
  await clock.advance(5)
  t.equal(view.monotonic(), 15)
  t.equal(fired, 0)
  await clock.advance(100)
  t.equal(fired, 130)
})

t.test("a view that ends while it is paused does nothing any more", async (t) => {
  const clock = new VirtualClock()
  const view = clock.view()
  view.timer(1, () => t.fail("it has ended"))
  view.pause()
  await clock.advance(5)
  view.arrive(() => t.fail("it has ended"))
  view.end()
  view.goOn()
  await clock.advance(5)
  t.notOk(view.paused && view.alive)
})

t.test("what is no time is refused by name", async (t) => {
  for (const startAt of [NaN, -1, "5", 5n, null, Infinity, Symbol("x")])
    t.throws(() => new VirtualClock({ startAt: startAt as never }), { code: "INVALID_DEFINITION", message: /startAt/ })
  for (const time of [NaN, -1, "5", 5n, null, undefined])
    await t.rejects(new VirtualClock().advance(time as never), { code: "INVALID_OPTION", message: /the time to pass/ })
})
