import fc from "fast-check"
import t from "tap"
import { createActorSystem, defineActor, openStream, readStream, type StreamRef } from "#actors/index.js"
import { HandClock } from "#test/support/hand-clock.js"
import { until } from "#test/support/until.js"

interface Seen {
  read: number
  returned: number
}

const turns = (count: number): Promise<void> =>
  count === 0 ? Promise.resolve() : new Promise((done) => setImmediate(() => void turns(count - 1).then(done)))

async function* numbers(count: number, seen: Seen, pauses: readonly number[] = [], failAt = Infinity) {
  try {
    for (let n = 0; n < count; n++) {
      if (n === failAt) throw new Error("dry")
      await turns(pauses[n % pauses.length] ?? 0)
      seen.read += 1
      yield n
    }
  } finally {
    seen.returned += 1
  }
}

const Producer = defineActor({
  name: "producer",
  state: () => undefined,
  receive: {
    open(ctx, given: { items: () => AsyncIterable<number>; buffer: number }): StreamRef<number> {
      return openStream(ctx, given.items(), { buffer: given.buffer })
    },
  },
})

async function open(t: { teardown(then: () => unknown): void }) {
  const system = await createActorSystem({ name: "streams" })
  t.teardown(() => system.stop())
  const producer = system.spawn(Producer)
  const stream = (items: () => AsyncIterable<number>, buffer = 4): Promise<StreamRef<number>> =>
    (producer as unknown as { ask(type: "open", given: object): Promise<StreamRef<number>> }).ask("open", {
      items,
      buffer,
    })
  return { system, producer, stream }
}

t.test("every item arrives once, in order, and nobody holds more than was agreed, at any speed", async (t) => {
  const { system, stream } = await open(t)
  const small = fc.integer({ min: 1, max: 7 })
  const pauses = fc.array(fc.integer({ min: 0, max: 2 }), { maxLength: 4 })
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 30 }),
      small,
      small,
      pauses,
      pauses,
      async (count, buffer, batch, p, q) => {
        const seen = { read: 0, returned: 0 }
        const got: number[] = []
        const ref = await stream(() => numbers(count, seen, p), buffer)
        for await (const n of readStream(system, ref, { batch })) {
          // Read by the source, but not yet seen by this loop: what the source and the page hold.
          if (seen.read - got.length > buffer + batch) return false
          got.push(n)
          await turns(q[n % q.length] ?? 0)
        }
        return got.length === count && got.every((n, at) => n === at) && seen.returned === 1
      },
    ),
    { numRuns: 60 },
  )
})

t.test("without a reader the source reads no further than its buffer", async (t) => {
  const { stream } = await open(t)
  const seen = { read: 0, returned: 0 }
  await stream(() => numbers(100, seen), 5)
  await turns(30)
  t.equal(seen.read, 5)
})

t.test("a reader that stops early ends the source, by break, by abort and by its own end", async (t) => {
  const { system, stream } = await open(t)
  const broken = { read: 0, returned: 0 }
  for await (const n of readStream(system, await stream(() => numbers(100, broken)))) if (n === 3) break
  await turns(10)
  t.equal(broken.returned, 1)

  const aborted = { read: 0, returned: 0 }
  const abort = new AbortController()
  const reading = async () => {
    const ref = await stream(() => numbers(100, aborted))
    for await (const n of readStream(system, ref, { signal: abort.signal })) if (n === 3) abort.abort()
  }
  await t.rejects(reading(), { code: "CANCELLED" })
  await turns(10)
  t.equal(aborted.returned, 1)

  const crashed = { read: 0, returned: 0 }
  const ref = await stream(() => numbers(100, crashed))
  const Reader = defineActor({
    name: "reader",
    state: () => undefined,
    receive: {
      read(ctx) {
        ctx.run(async () => {
          for await (const _ of readStream(ctx, ref, { batch: 1 })) await turns(1000)
        }, "done")
      },
      crash() {
        throw new Error("over")
      },
      done() {},
    },
  })
  const reader = system.spawn(Reader)
  reader.tell("read")
  await turns(10)
  t.equal(crashed.returned, 0)
  await t.rejects(reader.ask("crash"))
  await turns(10)
  t.equal(crashed.returned, 1)
})

t.test("the error of a source comes after the items before it", async (t) => {
  const { system, stream } = await open(t)
  const seen = { read: 0, returned: 0 }
  const got: number[] = []
  const reading = async () => {
    for await (const n of readStream(system, await stream(() => numbers(100, seen, [], 6)), { batch: 4 })) got.push(n)
  }
  await t.rejects(reading(), { message: "dry" })
  t.same(got, [0, 1, 2, 3, 4, 5])
})

t.test("items arrive up to the one that cannot travel, whatever the pages, and the source ends", async (t) => {
  const system = await createActorSystem({ name: "streams", isolated: true })
  t.teardown(() => system.stop())
  const number = fc.integer({ min: 1, max: 40 })
  await fc.assert(
    fc.asyncProperty(fc.nat(40), number, number, async (good, batch, buffer) => {
      const seen = { read: 0, returned: 0 }
      async function* items(): AsyncGenerator<number> {
        for await (const n of numbers(100, seen)) yield n === good ? ((() => n) as never) : n
      }
      const Given = defineActor({
        name: "given",
        state: () => null,
        receive: { open: (ctx): StreamRef<number> => openStream(ctx, items(), { buffer }) },
      })
      const read: number[] = []
      try {
        for await (const n of readStream(system, await system.spawn(Given).ask("open"), { batch })) read.push(n)
        return false
      } catch (error) {
        await until(() => seen.returned === 1)
        return (error as { code: string }).code === "INVALID_ANSWER" && read.join() === [...Array(good).keys()].join()
      }
    }),
  )
})

t.test("the end of the producer ends its streams", async (t) => {
  const { system, producer, stream } = await open(t)
  const seen = { read: 0, returned: 0 }
  const reading = readStream(system, await stream(() => numbers(100, seen)), { batch: 1 })
  t.equal((await reading.next()).value, 0)
  await system.stopActor(producer)
  await t.rejects(reading.next(), { code: "ACTOR_STOPPED" })
  t.equal(seen.returned, 1)
  const wrong = async (ref: StreamRef<number>): Promise<void> => {
    for await (const n of readStream(system, ref)) {
      // @ts-expect-error the items are numbers
      const text: string = n
      void text
    }
    // @ts-expect-error a source has no such message
    ref.tell("push", 1)
  }
  t.type(wrong, "function")
})

t.test(
  "a source whose reader gives no sign of life any more closes; one that is read slowly does not (S4)",
  async (t) => {
    const clock = new HandClock()
    const system = await createActorSystem({ name: "streams", clock })
    t.teardown(async () => {
      const stopped = system.stop()
      for (let n = 0; n < 10; n++) await turns(1).then(() => clock.wind(1000))
      await stopped
    })
    const producer = system.spawn(Producer) as unknown as {
      ask(type: "open", given: object): Promise<StreamRef<number>>
    }
    const wind = async (seconds: number): Promise<void> => {
      for (let n = 0; n < seconds; n++) {
        clock.wind(1000)
        await turns(2)
      }
    }
    const seen = { read: 0, returned: 0 }
    const never = (): Promise<StreamRef<number>> =>
      producer.ask("open", { items: () => numbers(1000, seen), buffer: 2 })
    const unread = await never()
    const lost = await never()
    await lost.ask("pull", 1) // and then its thread is gone
    const slow = readStream(system, await never(), { batch: 1 })
    await slow.next()
    await wind(120)
    t.equal(seen.returned, 1, "of the lost one")
    await t.rejects(lost.ask("pull", 1), { code: "ACTOR_STOPPED" })
    t.match(await slow.next(), { done: false }, "it was only slow")
    t.match(await unread.ask("pull", 1), { items: [0] }, "nobody had begun to read it")
    await slow.return()
    await turns(5)
    t.equal(seen.returned, 2)
  },
)

t.test("a source watches the actor that reads, and closes when that ends without a word (S4)", async (t) => {
  const { system, stream } = await open(t)
  const seen = { read: 0, returned: 0 }
  const source = await stream(() => numbers(1000, seen), 2)
  const reader = system.spawn(Producer)
  source.tell("reads", reader)
  await source.ask("pull", 1)
  source.tell("reads", undefined)
  source.tell("reads", { address: "none" } as never)
  await system.stopActor(reader)
  await until(() => seen.returned === 1)
})

t.test("an iterable that gives what is no result fails its reader, and the source ends", async (t) => {
  const { system, stream } = await open(t)
  for (const odd of [undefined, null, 5, "done", Symbol("done")]) {
    const items = (): AsyncIterable<number> => ({ [Symbol.asyncIterator]: () => ({ next: async () => odd as never }) })
    const read = async (): Promise<void> => {
      for await (const _ of readStream(system, await stream(items))) t.fail("an item")
    }
    await t.rejects(read(), TypeError)
  }
})

t.test("what is thrown when the reading begins is told like any error of the source", async (t) => {
  const { system, stream } = await open(t)
  const failing: AsyncIterable<number> = {
    [Symbol.asyncIterator]() {
      throw new Error("no such file")
    },
  }
  for (const [items, message] of [
    [failing, /no such file/],
    [5 as never, /asyncIterator|not a function/],
  ] as const)
    await t.rejects(
      async () => {
        for await (const _item of readStream(system, await stream(() => items)));
      },
      { message },
    )
})
