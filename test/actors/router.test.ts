import fc from "fast-check"
import t from "tap"
import { createActorSystem, defineActor, router } from "#actors/index.js"
import { choose, hashOf } from "#actors/router.js"

const Echo = defineActor({
  name: "echo",
  state: (name: string) => ({ name, heard: 0 }),
  receive: {
    note: (ctx, _text: string) => void (ctx.state.heard += 1),
    who: (ctx) => ctx.state.name,
    heard: (ctx) => ctx.state.heard,
    deadline: (ctx) => ctx.cause.deadline,
    hang: () => new Promise<string>(() => {}),
    fail(ctx) {
      if (ctx.state.name !== "c") throw new Error(ctx.state.name)
      return ctx.state.name
    },
  },
})

async function three(t: { teardown(then: () => unknown): void }) {
  const system = await createActorSystem({ name: "routers", shutdownTimeoutMs: 5 })
  t.teardown(() => system.stop())
  return { system, refs: ["a", "b", "c"].map((init) => system.spawn(Echo, { init })) }
}

t.test("round robin takes turns, skips who has stopped, and says when nobody is left", async (t) => {
  const { system, refs } = await three(t)
  const all = router(refs, "round-robin")
  t.same(await Promise.all([1, 2, 3, 4].map(() => all.ask("who"))), ["a", "b", "c", "a"])
  await system.stopActor(refs[1]!)
  t.same(new Set(await Promise.all([1, 2, 3, 4].map(() => all.ask("who")))), new Set(["a", "c"]))
  t.ok(all.remove(refs[0]!))
  t.notOk(all.remove(refs[0]!))
  await system.stopActor(refs[2]!)
  t.equal(all.tell("note", "x"), false)
  await t.rejects(all.ask("who"), { code: "NO_ROUTEE" })
  all.add(system.spawn(Echo, { init: "d" }))
  t.equal(await all.ask("who"), "d")
})

t.test("a broadcast tells all and answers with all answers in order", async (t) => {
  const { refs } = await three(t)
  const all = router(refs, "broadcast")
  t.ok(all.tell("note", "x"))
  const heard: number[] = await all.ask("heard")
  t.same(heard, [1, 1, 1])
})

t.test("scatter-gather answers first, and fails only when all have failed", async (t) => {
  const { refs } = await three(t)
  t.equal(await router(refs, "scatter-gather-first").ask("fail"), "c")
  await t.rejects(router(refs.slice(0, 2), "scatter-gather-first").ask("fail"), { code: "ACTOR_CRASHED" })
})

t.test("least loaded prefers the actor with less to do", async (t) => {
  const { refs } = await three(t)
  const [busy, free] = refs
  busy!.ask("hang").catch(() => {})
  for (let i = 0; i < 10; i++) busy!.tell("note", "x")
  const both = router([busy!, free!], "least-loaded")
  t.same(new Set(await Promise.all([1, 2, 3, 4, 5].map(() => both.ask("who")))), new Set(["b"]))
})

t.test("cause and deadline pass through", async (t) => {
  const { refs } = await three(t)
  const ref = router(refs, "random").with({ cause: { deadline: 1e12 } })
  t.equal(await ref.ask("deadline"), 1e12)
})

t.test("with one routee more, only keys that move to it move", (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), fc.array(fc.string(), { maxLength: 30 }), (count, keys) => {
      const routees = Array.from({ length: count + 1 }, (_, i) => ({ hash: hashOf(`routee ${i}`), load: 0 }))
      const draw = { turn: 0, first: 0, second: 0 }
      const by = (n: number, key: string) => choose({ hash: () => key }, routees.slice(0, n), draw, key)
      return keys.every((key) => [by(count, key), count].includes(by(count + 1, key)))
    }),
  )
  const shares = [0, 0, 0, 0]
  const four = shares.map((_, i) => ({ hash: hashOf(`routee ${i}`), load: 0 }))
  for (let i = 0; i < 4000; i++)
    shares[choose({ hash: String }, four, { turn: 0, first: 0, second: 0 }, `key ${i}`)]! += 1
  t.ok(Math.min(...shares) > 850 && Math.max(...shares) < 1150, `shares ${shares.join(" ")}`)
  t.end()
})

t.test("a wrong message through a router does not compile", async (t) => {
  const { refs } = await three(t)
  const wrong = (): void => {
    // @ts-expect-error there is no such message
    router(refs, "random").tell("nothing")
    // @ts-expect-error the payload is a string
    router(refs, "random").tell("note", 1)
    // @ts-expect-error a broadcast answers an array
    const one: Promise<number> = router(refs, "broadcast").ask("heard")
    void one
  }
  t.type(wrong, "function")
})

t.test("a hash that gives no text is named", async (t) => {
  const { refs } = await three(t)
  for (const odd of [undefined, null, 5, {}]) {
    const by = router(refs, { hash: () => odd as never })
    await t.rejects(by.ask("who"), { code: "INVALID_PAYLOAD", message: /its hash gives no text/ })
  }
})
