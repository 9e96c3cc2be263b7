import t from "tap"
import {
  circuitBreaker,
  createActorSystem,
  defineActor,
  definePersistentActor,
  defineProjection,
  defineTopic,
  delivery,
  openStream,
  rateLimit,
  readStream,
  router,
  spawnPool,
  startProjection,
  subscribe,
  workPool,
  type ActorRef,
  type ActorSystem,
  type RefOf,
  type Reminders,
} from "#actors/index.js"

const Counter = defineActor({
  name: "counter",
  state: () => ({ total: 0 }),
  receive: {
    add(ctx, by: number) {
      ctx.state.total += by
    },
    total: (ctx) => ctx.state.total,
    load: async (_ctx, url: string) => ({ url }),
  },
})

t.test("a wrong message, payload, event or reply does not compile", async (t) => {
  const system = await createActorSystem({ name: "types" })
  t.teardown(() => system.stop())
  const counter = system.spawn(Counter)
  const total: number = await counter.ask("total")
  const loaded: { url: string } = await counter.ask("load", "x")
  t.same([total, loaded], [0, { url: "x" }])
  const wrong = (): void => {
    // @ts-expect-error there is no such message
    counter.tell("subtract", 1)
    // @ts-expect-error the payload is a number
    counter.tell("add", "1")
    // @ts-expect-error the payload is missing
    counter.tell("add")
    // @ts-expect-error there is one payload
    counter.tell("add", 1, 2)
    // @ts-expect-error it takes no payload
    counter.tell("total", 1)
    // @ts-expect-error the reply is a number
    const text: Promise<string> = counter.ask("total")
    void text
  }
  t.type(wrong, "function")
  definePersistentActor({
    name: "account",
    version: 1,
    state: () => ({ balance: 0 }),
    events: { deposited: (state, amount: number) => void (state.balance += amount) },
  }).receive({
    async deposit(ctx, amount: number) {
      await ctx.persist("deposited", amount)
      const wrong = (): void => {
        // @ts-expect-error there is no such event
        void ctx.persist("withdrawn", amount)
        // @ts-expect-error the payload is a number
        void ctx.persist("deposited", "1")
        // @ts-expect-error only events change the state
        ctx.state.balance = 1
      }
      void wrong
    },
  })
})

const Greeter = defineActor({
  name: "greeter",
  state: (init: { readonly word: string }) => ({ word: init.word }),
  receive: {
    greet: (ctx, name: string) => `${ctx.state.word} ${name}`,
    each: (_ctx, names: readonly string[]) => names.length,
    counter: (_ctx, counter: RefOf<typeof Counter>) => counter.address,
    later: (ctx, callback: () => void) => ctx.defer<number>() ?? callback,
    keep: (_ctx, thing: { readonly inner: Thing }) => thing.inner,
    known: (_ctx, of: ReadonlyMap<string, { readonly at: Date; readonly seen: Set<bigint> }>) => of.size,
    things: (_ctx, of: ReadonlyMap<string, Thing>) => of.size,
    callbacks: (_ctx, of: Set<() => void>) => of.size,
  },
})

class Thing {
  n = 1
  method(): number {
    return this.n
  }
}

/** Compiled, and never run. */
export function wrongInit(system: ActorSystem): void {
  // @ts-expect-error the state asks for a word
  system.spawn(Greeter)
  // @ts-expect-error the state asks for a word
  system.spawn(Greeter, { name: "ann" })
  // @ts-expect-error the word is text
  system.spawn(Greeter, { init: { word: 1 } })
  // @ts-expect-error a greeter's state is not made from the key of an entity
  system.entity(Greeter, "ann")
}

export function wrongPayloads(greeter: RefOf<typeof Greeter>, counter: RefOf<typeof Counter>): void {
  // @ts-expect-error a payload holds no functions
  greeter.tell("later", () => {})
  // @ts-expect-error a payload holds no class instances
  greeter.tell("keep", { inner: new Thing() })
  greeter.tell("known", new Map([["a", { at: new Date(0), seen: new Set([1n]) }]]))
  // @ts-expect-error nor in a map
  greeter.tell("things", new Map([["a", new Thing()]]))
  // @ts-expect-error nor functions in a set
  greeter.tell("callbacks", new Set([() => {}]))
  // @ts-expect-error the names are text
  greeter.tell("each", [1])
  // @ts-expect-error this ref speaks another protocol
  greeter.tell("counter", greeter)
  greeter.with({ timeoutMs: 1 }).tell("counter", counter)
  // @ts-expect-error with options it is no other ref
  greeter.with({ timeoutMs: 1 }).tell("counter", 1)
  // @ts-expect-error there is no such option
  greeter.with({ timeout: 1 })
  // @ts-expect-error a counter is no greeter
  const other: RefOf<typeof Greeter> = counter
  void other
}

/** Sends from inside handlers. */
export const wrongHandlers = () =>
  defineActor({
    name: "wrong",
    state: (init: { readonly counter: RefOf<typeof Counter> }) => init,
    // @ts-expect-error there is no such handler
    reentrant: ["nothing"],
    receive: {
      async send(ctx) {
        const { counter } = ctx.state
        // @ts-expect-error the payload is a number
        ctx.tell(counter, "add", "1")
        // @ts-expect-error there is no such message
        ctx.tell(counter, "subtract", 1)
        // @ts-expect-error the reply is a number
        const text: string = await ctx.ask(counter, "total")
        // @ts-expect-error the state of a greeter asks for a word
        ctx.spawn(Greeter)
        return text
      },
    },
  })

export function wrongFlow(counter: RefOf<typeof Counter>, system: ActorSystem): void {
  // @ts-expect-error the payload is a number
  router([counter], "round-robin").tell("add", "1")
  // @ts-expect-error a broadcast answers an array
  router([counter], "broadcast").ask("total") satisfies Promise<number>
  // @ts-expect-error there is no such routing
  router([counter], "fastest")
  // @ts-expect-error the state asks for a word
  spawnPool(system, Greeter, { size: 1 })
  // @ts-expect-error the payload is text
  workPool(system, Greeter, { size: 1, init: { word: "hi" } }).tell("greet", 1)
  // @ts-expect-error the payload is a number
  circuitBreaker(counter, { failures: 1, withinMs: 1, openMs: 1 }).tell("add", "1")
  // @ts-expect-error there is no such message
  rateLimit(counter, { perSecond: 1, burst: 1 }).tell("subtract", 1)
  const topic = system.spawn(defineTopic<number>("numbers"))
  // @ts-expect-error numbers are published
  topic.tell("publish", "one")
  // @ts-expect-error this message carries text
  void subscribe(topic, system.spawn(Greeter, { init: { word: "" } }), "greet")
  void subscribe(topic, counter, "add")
}

export async function wrongStream(
  ctx: Parameters<typeof openStream>[0],
  system: ActorSystem,
  numbers: AsyncIterable<number>,
): Promise<void> {
  const stream = openStream(ctx, numbers)
  // @ts-expect-error the items are numbers
  for await (const text of readStream(system, stream)) text satisfies string
}

const Account = definePersistentActor({
  name: "account",
  version: 1,
  state: () => ({ balance: 0, log: [] as number[] }),
  events: {
    deposited: (state, amount: number) => void (state.balance += amount),
    closed: (state) => void (state.balance = 0),
  },
}).receive({
  deposit: (ctx, amount: number) => ctx.persist("deposited", amount),
  async wrong(ctx, to: ActorRef<{ deposit(amount: number): void }>) {
    // @ts-expect-error the payload is missing
    await ctx.persist("deposited")
    // @ts-expect-error this event has no payload
    await ctx.persist("closed", 1)
    // @ts-expect-error there is no such event
    await ctx.persistAll([{ name: "withdrawn", payload: 1 }])
    // @ts-expect-error the payload is a number
    await ctx.persistAll([{ name: "deposited", payload: "1" }])
    // @ts-expect-error only events change the state, at any depth
    ctx.state.log.push(1)
    // @ts-expect-error the payload is a number
    await ctx.deliver(to, "deposit", "1")
    // @ts-expect-error there is no such message
    await ctx.deliver(to, "withdraw", 1)
    // @ts-expect-error the payload is a number
    delivery(to, "deposit", "1")
  },
})

export async function wrongDurable(system: ActorSystem, reminders: Reminders): Promise<void> {
  const alice = system.entity(Account, "alice")
  // @ts-expect-error the payload is a number
  alice.tell("deposit", "1")
  // @ts-expect-error the payload is a number
  await reminders.set(alice, "due", { afterMs: 1 }, "deposit", "1")
  // @ts-expect-error there is no such message
  await reminders.set(alice, "due", { afterMs: 1 }, "withdraw", 1)
  // @ts-expect-error when?
  await reminders.set(alice, "due", { everyMs: 1 }, "deposit", 1)
  const Totals = defineProjection({
    name: "totals",
    version: 1,
    from: Account,
    state: () => ({ total: 0 }),
    apply: { deposited: (state, amount) => void (state.total += amount) },
  })
  // @ts-expect-error the total is a number
  startProjection(system, Totals).state.total satisfies string
  defineProjection({
    name: "wrong",
    version: 1,
    from: Account,
    state: () => ({ total: 0 }),
    // @ts-expect-error an account has no such event
    apply: { withdrawn: () => undefined },
  })
}
