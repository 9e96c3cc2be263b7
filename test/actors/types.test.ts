import t from "tap"
import { createActorSystem, defineActor, definePersistentActor } from "#actors/index.js"

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
