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
