/**
 * The workloads of the actor benchmark, in a process of their own on one core. Prints one JSON object: operations per second of processor time, by
 * name; an operation is a message that was handled.
 */
import { createActorSystem, defineActor, type ActorRef, type RefOf } from "#actors/index.js"
import { ActorSystem } from "#actors/system.js"
import { collect, counts, inFlight, median, rate, spawnRate, until, wanted, type Work } from "./measure.js"

interface Go {
  go(): void
}

interface Done {
  done(): void
}

/** Counts, and says so to whoever waits for it. */
const Counter = defineActor({
  name: "counter",
  state: (init: { readonly until: number; readonly then: () => void }) => ({
    until: init.until,
    then: init.then,
    count: 0,
  }),
  receive: {
    add(ctx, by: number) {
      if ((ctx.state.count += by) === ctx.state.until) ctx.state.then()
    },
    /** The last of a slice: the teller may send the next. */
    addLast(ctx, from: ActorRef<Go>) {
      if (++ctx.state.count === ctx.state.until) ctx.state.then()
      else ctx.tell(from, "go")
    },
  },
})
type CounterRef = RefOf<typeof Counter>

/** Keeps so many messages in flight. */
const Teller = defineActor({
  name: "teller",
  state: (to: CounterRef) => ({ to }),
  receive: {
    go(ctx) {
      const { to } = ctx.state
      for (let i = 1; i < inFlight; i++) ctx.tell(to, "add", 1)
      ctx.tell(to, "addLast", ctx.self)
    },
  },
})

/** Tells a counter so many times, without waiting. */
const Flood = defineActor({
  name: "flood",
  state: (init: { readonly to: CounterRef; readonly count: number }) => init,
  receive: {
    go(ctx) {
      const { to, count } = ctx.state
      for (let i = 0; i < count; i++) if (!ctx.tell(to, "add", 1)) throw new Error(`message ${i} was refused`)
    },
  },
})

/** Tells a counter so many times, ten at a time. */
const Crowd = defineActor({
  name: "crowd",
  state: (init: { readonly to: CounterRef; readonly left: number }) => ({ to: init.to, left: init.left }),
  receive: {
    go(ctx) {
      const { state } = ctx
      for (let i = 0; i < 10; i++) ctx.tell(state.to, "add", 1)
      if ((state.left -= 10) > 0) ctx.tell(ctx.self, "go")
    },
  },
})

const Pong = defineActor({
  name: "pong",
  state: () => null,
  receive: {
    ping(ctx, from: ActorRef<{ pong(): void }>) {
      ctx.tell(from, "pong")
    },
  },
})

const Ping = defineActor({
  name: "ping",
  state: (init: {
    readonly left: number
    readonly to: ActorRef<{ ping(from: ActorRef<{ pong(): void }>): void }>
    readonly then: () => void
  }) => ({ left: init.left, to: init.to, then: init.then }),
  receive: {
    pong(ctx) {
      if (--ctx.state.left === 0) ctx.state.then()
      else ctx.tell(ctx.state.to, "ping", ctx.self)
    },
  },
})

const Successor = defineActor({
  name: "successor",
  state: () => null,
  receive: { of: (_ctx, value: number) => value + 1 },
})

const RingNode = defineActor({
  name: "ring-node",
  state: (init: Done) => ({ done: init.done, next: undefined as ActorRef<{ token(left: number): void }> | undefined }),
  receive: {
    next(ctx, next: ActorRef<{ token(left: number): void }>) {
      ctx.state.next = next
    },
    token(ctx, left: number) {
      if (left === 0) ctx.state.done()
      else if (ctx.state.next !== undefined) ctx.tell(ctx.state.next, "token", left - 1)
    },
  },
})

interface Summing {
  sum(value: number): void
}

/** A tree of a million leaves: each node spawns ten children, sums what they say, tells its parent and ends. */
const Sky = defineActor({
  name: "sky",
  state: ({
    number,
    size,
    parent,
  }: {
    readonly number: number
    readonly size: number
    readonly parent: ActorRef<Summing>
  }) => ({ number, size, parent, left: 10, total: 0 }),
  receive: {
    go(ctx) {
      const { number, size, parent } = ctx.state
      if (size === 1) {
        ctx.tell(parent, "sum", number)
        ctx.stop()
        return
      }
      const part = (size / 10) | 0
      for (let i = 0; i < 10; i++) {
        const init = { number: (number + i * part) | 0, size: part, parent: ctx.self }
        const child: ActorRef<Go> = ctx.spawn(Sky as never, { init } as never)
        ctx.tell(child, "go")
      }
    },
    sum(ctx, value: number) {
      const { state } = ctx
      state.total += value
      if (--state.left > 0) return
      ctx.tell(state.parent, "sum", state.total)
      ctx.stop()
    },
  },
})

const Idle = defineActor({
  name: "idle",
  state: () => ({ count: 0 }),
  receive: { add: (ctx, by: number) => void (ctx.state.count += by) },
})

const workloads: Record<string, (system: ActorSystem, count: number) => Promise<void>> = {
  tell: (system, count) =>
    until((then) => {
      const to = system.spawn(Counter, { init: { until: count, then } })
      system.spawn(Teller, { init: to }).tell("go")
    }),
  /** As tell, each message with a cause of its sender's. */
  "tell with a cause": (system, count) =>
    until((then) => {
      const to = system.spawn(Counter, { init: { until: count, then } })
      system
        .spawn(Teller, { init: to })
        .with({ cause: { caller: "bench" } })
        .tell("go")
    }),
  /** One sender that never waits: the mailbox holds them all. */
  "tell, mailbox grows": (system, count) =>
    until((then) => {
      const to = system.spawn(Counter, { init: { until: count, then }, mailbox: { capacity: 8_000_000 } })
      system.spawn(Flood, { init: { to, count } }).tell("go")
    }),
  "ping-pong": (system, count) =>
    until((then) => {
      const pong = system.spawn(Pong)
      system.spawn(Ping, { init: { left: count, to: pong, then } }).tell("pong")
    }),
  async ask(system, count) {
    const successor = system.spawn(Successor)
    for (let i = 0; i < count; i++) await successor.ask("of", i)
  },
  "fan-in": (system, count) =>
    until((then) => {
      const to = system.spawn(Counter, { init: { until: count, then }, mailbox: { capacity: count } })
      for (let i = 0; i < 1000; i++) system.spawn(Crowd, { init: { to, left: count / 1000 } }).tell("go")
    }),
  ring: (system, count) =>
    until((done) => {
      const nodes = Array.from({ length: 1000 }, () => system.spawn(RingNode, { init: { done } }))
      for (const [i, node] of nodes.entries())
        node.tell("next", nodes[(i + 1) % nodes.length] as (typeof nodes)[number])
      nodes[0]?.tell("token", count)
    }),
  skynet: (system) =>
    until((then) => {
      const root = system.spawn(
        defineActor({
          name: "root",
          state: () => null,
          receive: {
            sum(_ctx, total: number) {
              if (total !== 499_999_500_000) throw new Error(`skynet sums to ${total}`)
              then()
            },
          },
        }),
      )
      system.spawn(Sky, { init: { number: 0, size: 1_000_000, parent: root } }).tell("go")
    }),
}

/**
 * Twenty other definitions that were busy before: a real program has many, and what is fast only while there is one is not fast.
 * @throws when one of them miscounts
 */
async function busyWithOthers(system: ActorSystem): Promise<void> {
  for (let i = 0; i < 20; i++) {
    const Other = defineActor({
      name: `other-${i}`,
      state: () => ({ [`count${i}`]: 0, count: 0 }),
      receive: {
        [`noted${i}`]: (ctx: { readonly state: { count: number } }, by: number) => void (ctx.state.count += by),
        counted: (ctx: { readonly state: { count: number } }) => ctx.state.count,
      } as {
        readonly noted: (ctx: { readonly state: { count: number } }, by: number) => void
        readonly counted: (ctx: { readonly state: { count: number } }) => number
      },
    })
    const other = system.spawn(Other)
    for (let k = 0; k < 5000; k++) other.tell(`noted${i}` as "noted", 1)
    for (let k = 0; k < 200; k++)
      if ((await other.ask("counted")) !== 5000) throw new Error(`${Other.name} has miscounted`)
  }
}

const metrics = process.argv.includes("--metrics")

/** Every message counts only once it was handled: with one refused or lost, the workload fails. */
function inSystem(work: (system: ActorSystem, count: number) => Promise<void>): Work {
  return async (count) => {
    const system = await createActorSystem({ name: "bench", metrics })
    await work(system, count)
    const { refused, deadLetters } = system.statistics
    if (refused + deadLetters > 0) throw new Error(`${refused} messages were refused, ${deadLetters} reached nobody`)
    await system.stop()
  }
}

/** Ten million tells into a mailbox of 1,024 while another actor is asked. */
async function flood(): Promise<Record<string, number>> {
  const total = 10_000_000
  const senders = 4
  const slice = 1000
  const system = await createActorSystem({ name: "flood" })
  const bystander = system.spawn(Successor)
  for (let i = 0; i < 10_000; i++) await bystander.ask("of", i)
  collect()
  const before = process.memoryUsage().rss
  let grown = 0
  let running = senders
  const handled = { count: 0 }
  const Sink = defineActor({
    name: "sink",
    state: () => handled,
    mailbox: { capacity: 1024 },
    receive: { add: (ctx, by: number) => void (ctx.state.count += by) },
  })
  const sink = system.spawn(Sink)
  const Flooder = defineActor({
    name: "flooder",
    state: () => ({ sent: 0 }),
    receive: {
      go(ctx) {
        for (let i = 0; i < slice; i++) ctx.tell(sink, "add", 1)
        if ((ctx.state.sent += slice) < total / senders) ctx.tell(ctx.self, "go")
        else running -= 1
      },
    },
  })
  for (let i = 0; i < senders; i++) system.spawn(Flooder).tell("go")
  const waits: number[] = []
  const began = performance.now()
  while (running > 0) {
    const asked = performance.now()
    await bystander.ask("of", 1)
    waits.push(performance.now() - asked)
    grown = Math.max(grown, process.memoryUsage.rss() - before)
    await until(setImmediate)
  }
  const seconds = (performance.now() - began) / 1000
  const { refused } = system.statistics
  await until(setImmediate)
  await system.stop()
  if (handled.count + refused !== total) throw new Error(`${total} told, ${handled.count} handled, ${refused} refused`)
  const sorted = waits.toSorted((a, b) => a - b)
  return {
    grownMb: grown / 2 ** 20,
    refused,
    asks: waits.length,
    median: median(waits),
    p99: sorted[Math.floor(sorted.length * 0.99)] as number,
    seconds,
  }
}

const results: Record<string, number> = {}
const others = await createActorSystem({ name: "others", metrics })
await busyWithOthers(others)
for (const name of wanted(Object.keys(workloads))) {
  const work = workloads[name] as (system: ActorSystem, count: number) => Promise<void>
  // Actors of the same kinds stay alive beside those that are measured, as in a program that runs: when the last object of a shape is gone, V8 drops the code that
  // was made for it, and the next repeat would begin by compiling.
  const beside = await createActorSystem({ name: "beside", metrics })
  await work(beside, Math.min(counts[name as keyof typeof counts], 20_480))
  results[name] = await rate(inSystem(work), counts[name as keyof typeof counts])
  await beside.stop()
}
if (wanted(["spawn"]).length > 0) {
  const found = await spawnRate((count) => {
    const idle = new ActorSystem({ name: "bench", metrics })
    const actors = new Array<unknown>(count).fill(null)
    for (let i = 0; i < count; i++) actors[i] = idle.spawn(Idle)
    return { actors, end: () => idle.stop() }
  })
  Object.assign(results, found)
}
if (wanted(["flood"]).length > 0) Object.assign(results, await flood())
await others.stop()
console.log(JSON.stringify(results))
