import t from "tap"
import { createActorSystem, defineActor, openStream, readStream } from "#actors/index.js"

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

  await t.test("so is one that was deferred, and an item of a stream", async (t) => {
    const state = { items: [1] }
    const Later = defineActor({
      name: "later",
      state: () => state,
      receive: {
        items(ctx) {
          const later = ctx.defer<number[]>()
          later.reply(ctx.state.items)
          return later
        },
        wrong(ctx) {
          const later = ctx.defer<number>()
          later.reply((() => 1) as never)
          return later
        },
        stream: (ctx) =>
          openStream(
            ctx,
            (async function* () {
              yield await Promise.resolve(state.items)
            })(),
          ),
      },
    })
    const later = system.spawn(Later)
    const items = await later.ask("items")
    t.throws(() => items.push(2), TypeError)
    await t.rejects(later.ask("wrong"), { code: "INVALID_ANSWER", message: /a deferred answer of later/ })
    for await (const item of readStream(system, await later.ask("stream"))) t.ok(Object.isFrozen(item))
    t.notOk(Object.isFrozen(state.items))
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

  await t.test("an answer that would not travel says that the message was handled", async (t) => {
    let handled = 0
    const Odd = defineActor({
      name: "odd",
      state: () => ({}),
      receive: {
        atOnce: (): unknown => (handled++, Symbol("x")),
        soon: async (): Promise<unknown> => (handled++, () => 1),
      },
    })
    for (const type of ["atOnce", "soon"] as const)
      await t.rejects(system.spawn(Odd).ask(type), { code: "INVALID_ANSWER", executed: "yes", retryable: false })
    t.equal(handled, 2)
  })
})
