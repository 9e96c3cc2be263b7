import t from "tap"
import { createActorSystem, defineActor } from "#actors/index.js"

const Keeper = defineActor({
  name: "keeper",
  state: () => ({ items: [] as { readonly n: number }[] }),
  receive: {
    keep(ctx, item: { n: number }) {
      ctx.state.items.push(item)
    },
    change(_ctx, item: { n: number }) {
      item.n += 1
    },
    items: (ctx) => ctx.state.items,
    whoami: (ctx) => ({ me: ctx.self }),
  },
})

await t.test("in an isolated system", async (t) => {
  const system = await createActorSystem({ name: "test", isolated: true })
  t.teardown(() => system.stop())
  const keeper = system.spawn(Keeper)

  await t.test("what the sender changes after sending is not seen", async (t) => {
    const item = { n: 1 }
    keeper.tell("keep", item)
    item.n = 99
    t.same(await keeper.ask("items"), [{ n: 1 }])
  })

  await t.test("a payload cannot be changed by its receiver", async (t) => {
    await t.rejects(keeper.ask("change", { n: 1 }), { code: "ACTOR_CRASHED", cause: { name: "TypeError" } })
  })

  await t.test("an answer is a copy that cannot be changed", async (t) => {
    keeper.tell("keep", { n: 1 })
    const items = await keeper.ask("items")
    t.throws(() => items.push({ n: 2 }), TypeError)
    t.same(await keeper.ask("items"), [{ n: 1 }])
  })

  await t.test("refs stay refs", async (t) => {
    const { me } = await keeper.ask("whoami")
    t.equal(me.address, keeper.address)
  })

  await t.test("what would not travel is refused by name", async (t) => {
    class Thing {
      n = 1
      method(): void {}
    }
    t.throws(() => keeper.tell("keep", new Thing() as never), {
      code: "INVALID_PAYLOAD",
      message: /keeper.keep: the payload is an instance of Thing/,
    })
    t.throws(() => keeper.tell("keep", { n: [() => 1] } as never), {
      code: "INVALID_PAYLOAD",
      message: /payload.n\[0\] is a function/,
    })
    await t.rejects(keeper.ask("keep", { n: Symbol("x") } as never), { code: "INVALID_PAYLOAD" })
  })
})
