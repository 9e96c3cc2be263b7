/**
 * A system that does a little of everything for many minutes, at half of what it could do: its heap and its handles must stay what they are after the first while.
 */
import { setTimeout as sleep } from "node:timers/promises"
import {
  createActorSystem,
  defineActor,
  definePersistentActor,
  defineTopic,
  openLevelJournal,
  openStream,
  readStream,
  spawnPool,
  subscribe,
  workPool,
  type StreamRef,
} from "#actors/index.js"
import { heapInUse } from "./alone.js"

export interface SoakOptions {
  readonly folder: string
  readonly minutes: number
}

export interface SoakOutcome {
  /** Operations a second: at most, and as they were done. */
  readonly top: number
  readonly paced: number
  readonly failed: number
  /** The first failures. */
  readonly failures: readonly string[]
  /** Of the heap in use, by linear regression after the first while. */
  readonly heapMBPerMinute: number
  readonly samples: number
  readonly heapMB: number
  /** Handles and timers of the process that are open: after the first while, and at the end. */
  readonly handlesBefore: number
  readonly handlesAfter: number
}

const entities = 2000
const books = 500
const atOnce = 64
/** Operations under way at once, while they are paced; more are not begun. */
const mostUnderWay = 2000
const sampleMs = 2000

/** Counts; sends itself a message by a timer; answers. */
const Counter = defineActor({
  name: "counter",
  state: () => ({ count: 0 }),
  receive: {
    add: (ctx, by: number) => void (ctx.state.count += by),
    total: (ctx) => ctx.state.count,
    later(ctx) {
      ctx.after(5, "add", 1)
      ctx.after(60_000, "add", 1).cancel()
    },
  },
})

/** Sleeps soon, and wakes with its next message. */
const Sleeper = defineActor({
  name: "sleeper",
  state: () => ({ woken: 0 }),
  passivateAfterMs: 500,
  receive: { wake: (ctx) => ++ctx.state.woken },
})

const Book = definePersistentActor({
  name: "book",
  version: 1,
  state: () => ({ lines: 0 }),
  events: { written: (state) => void (state.lines += 1) },
  snapshotEvery: 100,
  retention: { keepEvents: 0, keepCommandsMs: 5000 },
  passivateAfterMs: 2000,
}).receive({
  async write(ctx) {
    await ctx.persist("written")
    return ctx.state.lines
  },
})

const Producer = defineActor({
  name: "producer",
  state: () => undefined,
  receive: {
    open: (ctx, count: number): StreamRef<number> => openStream(ctx, numbers(count)),
  },
})

async function* numbers(count: number): AsyncGenerator<number> {
  for (let n = 0; n < count; n++) yield n
}

const Parent = defineActor({
  name: "parent",
  state: () => undefined,
  receive: {
    async family(ctx) {
      const children = Array.from({ length: 5 }, () => ctx.spawn(Counter))
      for (const child of children) ctx.tell(child, "add", 1)
      const totals = await Promise.all(children.map((child) => ctx.ask(child, "total")))
      for (const child of children) ctx.stop(child)
      return totals.length
    },
  },
})

/** One operation after the other, each of another kind. */
type Operation = (number: number) => Promise<unknown>

async function open(folder: string) {
  const system = await createActorSystem({
    name: "soak",
    definitions: [Sleeper, Book],
    journal: await openLevelJournal(folder),
    entities: { maxResident: 1000 },
    metrics: true,
  })
  const counter = system.spawn(Counter)
  const parent = system.spawn(Parent)
  const producer = system.spawn(Producer)
  const topic = system.spawn(defineTopic<number>("numbers"))
  await subscribe(topic, counter, "add")
  const pool = spawnPool(system, Counter, { size: 4, name: "pool" })
  const work = workPool(system, Counter, { size: 4, name: "work" })
  const operations: readonly Operation[] = [
    async () => {
      for (let n = 0; n < 50; n++) counter.tell("add", 1)
    },
    () => counter.ask("total"),
    () => parent.ask("family"),
    async () => {
      const ref = system.spawn(Counter)
      await ref.ask("later")
      await system.stopActor(ref)
    },
    (n) => system.entity(Sleeper, `sleeper-${n % entities}`).ask("wake"),
    (n) => system.entity(Sleeper, `sleeper-${(n * 7) % entities}`).ask("wake"),
    async () => counter.tell("later"),
    (n) => system.entity(Book, `book-${n % books}`).with({ commandId: `line-${n}` }).ask("write"),
    (n) => system.entity(Book, `book-${(n * 3) % books}`).ask("write"),
    () => topic.ask("publish", 1),
    async () => {
      let sum = 0
      for await (const item of readStream(system, await producer.ask("open", 20))) sum += item
      return sum
    },
    () => pool.ask("total"),
    () => work.ask("total"),
    () => new Promise((done) => void counter.with({ timeoutMs: 30, signal: AbortSignal.timeout(50) }).ask("total").then(done, done)),
  ] // prettier-ignore
  return { system, operate: (n: number): Promise<unknown> => (operations[n % operations.length] as Operation)(n) }
}

export async function measure(
  { folder, minutes }: SoakOptions,
  progress: (text: string) => void,
): Promise<SoakOutcome> {
  const { system, operate } = await open(folder)
  const totalMs = minutes * 60_000
  let number = 0
  let failed = 0
  const failures: string[] = []
  const one = (): Promise<unknown> =>
    operate(number++).catch((error: unknown) => {
      failed += 1
      if (failures.length < 10) failures.push(String(error))
    })

  progress("the top rate")
  const topMs = Math.min(10_000, totalMs / 6)
  const began = performance.now()
  const first = number
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (performance.now() - began < topMs) await one()
    }),
  )
  const top = (1000 * (number - first)) / (performance.now() - began)

  const pacedBegan = performance.now()
  const pacedFirst = number
  const warmMs = Math.min(60_000, totalMs / 3)
  const heap: (readonly [minutes: number, megabytes: number])[] = []
  let handlesBefore = 0
  let underWay = 0
  let nextSample = 0
  for (let now = 0; now < totalMs; now = performance.now() - pacedBegan) {
    const due = (now / 1000) * (top / 2) - (number - pacedFirst)
    for (let n = 0; n < due && underWay < mostUnderWay; n++) {
      underWay += 1
      void one().then(() => (underWay -= 1))
    }
    if (now >= warmMs && now >= nextSample) {
      nextSample = now + sampleMs
      if (handlesBefore === 0) handlesBefore = await handles()
      heap.push([now / 60_000, heapInUse() / 1e6])
      progress(`${(now / 60_000).toFixed(1)} of ${minutes} minutes, ${Math.round(heap.at(-1)?.[1] ?? 0)} MB`)
    }
    await sleep(5)
  }
  const paced = (1000 * (number - pacedFirst)) / (performance.now() - pacedBegan)
  const handlesAfter = await handles()
  await system.stop()
  return {
    top,
    paced,
    failed,
    failures,
    heapMBPerMinute: slope(heap),
    samples: heap.length,
    heapMB: heap.at(-1)?.[1] ?? 0,
    handlesBefore,
    handlesAfter,
  }
}

/** What is open at a moment varies with what is under way: the least of some moments does not. */
async function handles(): Promise<number> {
  let least = Infinity
  for (let n = 0; n < 20; n++) {
    least = Math.min(least, process.getActiveResourcesInfo().length)
    await sleep(10)
  }
  return least
}

/** Of the line that fits best (least squares). */
export function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
  const [x, y] = [mean(points.map(([x]) => x)), mean(points.map(([, y]) => y))]
  const above = points.reduce((sum, [px, py]) => sum + (px - x) * (py - y), 0)
  const below = points.reduce((sum, [px]) => sum + (px - x) ** 2, 0)
  return below === 0 ? 0 : above / below
}
