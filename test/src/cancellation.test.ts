import t from "tap"
import { AgentOSError } from "#actors/errors.js"
import { Slots } from "#src/agents/slots.js"
import { Cancellation, onCancel } from "#src/cancellation.js"

const reason = new AgentOSError("CANCELLED", "enough")

t.test("listeners hear of it once, those taken back never, late ones at once", async (t) => {
  const work = new Cancellation()
  const heard: string[] = []
  work.onCancel(() => heard.push("first"))
  work.onCancel(() => heard.push("taken back"))()
  work.cancel(reason)
  work.cancel(new AgentOSError("CANCELLED", "again"))
  work.onCancel(() => heard.push("late"))
  t.same(heard, ["first", "late"])
  t.equal(work.reason, reason)
  t.throws(() => work.throwIfCancelled(), reason)
})

t.test("its signal is the same thing for the platform, made before or after", async (t) => {
  const before = new Cancellation()
  const { signal } = before
  t.notOk(signal.aborted)
  before.cancel(reason)
  const after = new Cancellation()
  after.cancel(reason)
  for (const { aborted, reason: given } of [signal, after.signal]) {
    t.ok(aborted)
    t.equal(given, reason)
  }
})

t.test("either kind of source is listened to, and let go of", async (t) => {
  for (const source of [new Cancellation(), new AbortController()] as const) {
    const heard: number[] = []
    const listened = source instanceof Cancellation ? source : source.signal
    onCancel(listened, () => heard.push(1))
    onCancel(listened, () => heard.push(2))()
    if (source instanceof Cancellation) source.cancel(reason)
    else source.abort()
    onCancel(listened, () => heard.push(3))
    t.same(heard, [1, 3])
  }
})

t.test("places are taken in the order of asking; who gives up leaves the line", async (t) => {
  const slots = new Slots(1)
  const taken: number[] = []
  const works = Array.from({ length: 5 }, () => new Cancellation())
  t.equal(slots.take(works[0] as Cancellation), undefined, "the first waits for nobody")
  const waits = works.slice(1).map((work, i) =>
    Promise.resolve(slots.take(work)).then(
      () => void taken.push(i + 1),
      (error: unknown) => t.equal(error, reason),
    ),
  )
  t.equal(slots.waiting, 4)
  works[2]?.cancel(reason)
  t.equal(slots.waiting, 3)
  for (let n = 0; n < 4; n++) {
    slots.leave()
    await new Promise((done) => setImmediate(done))
  }
  await Promise.all(waits)
  t.same(taken, [1, 3, 4])
  t.equal(slots.waiting, 0)
  t.equal(slots.take(new Cancellation()), undefined, "the place is free again")
})
