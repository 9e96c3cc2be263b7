/** What comes from outside is checked before it is handled, on whatever node that is. */
import t from "tap"
import { defineActor, router, subscribe, type ActorRef } from "#actors/index.js"
import { doubled } from "#test/actors/workers/definitions.js"
import { eventually } from "#test/support/ref-contract.js"
import { JoinedNodes } from "./support/joined.js"

interface Doubles {
  double(n: number): number
  got(): readonly unknown[]
}
const Doubler = defineActor({
  name: "doubler",
  state: () => ({ got: [] as unknown[] }),
  schemas: { double: doubled },
  receive: {
    double(ctx, n: number) {
      ctx.state.got.push(n)
      return n
    },
    got: (ctx) => ctx.state.got,
    where: (ctx) => ctx.system.node,
  },
})
const wrong = "one" as never as number

t.test("what comes from outside is checked on whatever node it is handled", async (t) => {
  const nodes = new JoinedNodes(t, { definitions: [Doubler] })
  const [a, b] = await Promise.all([nodes.join("a"), nodes.join("b")])
  await Promise.all([a.untilReady(), b.untilReady()])
  const there = b.system.spawn(Doubler)
  await b.receptionist.register("doublers", there)
  const [far] = a.receptionist.lookup<Doubles>("doublers") as [ActorRef<Doubles>]
  let key = 0
  while ((await a.system.entity(Doubler, `${key}`).ask("where")) !== b.system.node) key += 1
  const limited = a.limit("l", { perSecond: 1000, burst: 1000, whenUnavailable: "pass" }).before(far)
  await eventually(
    () =>
      limited.ask("got").then(
        () => true,
        () => false,
      ),
    (passes) => passes,
  )
  const kinds: Readonly<Record<string, ActorRef<Doubles>>> = {
    "an actor": far,
    "an actor with options": far.with({ timeoutMs: 4000, cause: { caller: "ada" } }),
    "a router of the receptionist": a.receptionist.router<Doubles>("doublers", "round-robin"),
    "a router by hash": router([far], { hash: (type, n) => (type === "double" ? (n as number).toFixed() : "") }),
    "a broadcast": router([far], "scatter-gather-first"),
    "a limit": limited,
    "an entity": a.system.entity(Doubler, `${key}`),
  }
  for (const [name, ref] of Object.entries(kinds)) {
    const outside = ref.with({ untrusted: true })
    const before = await ref.ask("got")
    await t.rejects(outside.ask("double", wrong), { code: "INVALID_PAYLOAD", executed: "no" }, name)
    t.equal(await outside.ask("double", 2), 4, name)
    t.equal(await ref.ask("double", 3), 3, name)
    t.same(await ref.ask("got"), [...before, 4, 3], name)
  }

  await t.test("a tell that is refused there is a dead letter there", async (t) => {
    const before = b.system.statistics.deadLetters
    t.equal(far.with({ untrusted: true }).tell("double", wrong), true)
    const count = await eventually(
      () => b.system.statistics.deadLetters,
      (letters) => letters > before,
    )
    t.equal(count, before + 1)
    t.notOk((await there.ask("got")).includes(wrong))
  })

  await t.test("what is published from outside is checked where the subscribers are", async (t) => {
    const hears = b.system.spawn(Doubler)
    await subscribe(b.topic<number>("numbers"), hears, "double")
    const topic = a.topic<number>("numbers").with({ untrusted: true })
    t.equal(await topic.ask("publish", wrong), 1, "one other node")
    await topic.ask("publish", 5)
    await eventually(
      () => hears.ask("got"),
      (got) => got.length > 0,
    )
    t.same(await hears.ask("got"), [10])
  })
})
