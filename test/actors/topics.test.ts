import t from "tap"
import { createActorSystem, defineActor, defineTopic, subscribe } from "#actors/index.js"
import { RefBefore } from "#actors/ref.js"
import { until } from "#test/support/until.js"

const Anything = defineActor({
  name: "anything",
  state: () => ({ heard: [] as unknown[] }),
  receive: { hear: (ctx, what: unknown) => void ctx.state.heard.push(what), heard: (ctx) => ctx.state.heard },
})

const Crashing = defineActor({
  name: "crashing",
  state: () => null,
  receive: {
    crash() {
      throw new Error("as told")
    },
  },
})

/** Its payloads cannot travel. */
class Refusing extends RefBefore {
  send(): never {
    throw Object.create(null)
  }
  request(): never {
    throw Object.create(null)
  }
}

interface Price {
  readonly cents: number
}

const Listener = defineActor({
  name: "listener",
  state: () => ({ heard: [] as number[] }),
  receive: {
    price: (ctx, { cents }: Price) => void ctx.state.heard.push(cents),
    other: (_ctx, _text: string) => {},
    heard: (ctx) => ctx.state.heard,
    hang: () => new Promise<void>(() => {}),
  },
})

async function open(t: { teardown(then: () => unknown): void }) {
  const system = await createActorSystem({ name: "topics", shutdownTimeoutMs: 5 })
  t.teardown(() => system.stop())
  return { system, topic: system.spawn(defineTopic<Price>("prices")) }
}

t.test("subscribers hear what is published while they are subscribed, once and in order", async (t) => {
  const { system, topic } = await open(t)
  const listener = system.spawn(Listener)
  await topic.ask("publish", { cents: 1 })
  await subscribe(topic, listener, "price")
  await subscribe(topic, listener, "price")
  t.equal(await topic.ask("publish", { cents: 2 }), 1)
  await topic.ask("publish", { cents: 3 })
  await topic.ask("unsubscribe", { ref: listener, type: "price" })
  t.equal(await topic.ask("publish", { cents: 4 }), 0)
  t.same(await listener.ask("heard"), [2, 3])
})

t.test("a subscriber that ended leaves", async (t) => {
  const { system, topic } = await open(t)
  const listener = system.spawn(Listener)
  await subscribe(topic, listener, "price")
  await system.stopActor(listener)
  t.equal(await topic.ask("publish", { cents: 1 }), 0)
  t.same(await topic.ask("statistics"), { published: 1, subscribers: 0, lost: {} })
})

t.test("a slow subscriber loses messages for itself alone, and they are counted", async (t) => {
  const { system, topic } = await open(t)
  const slow = system.spawn(Listener, { mailbox: { capacity: 2 } })
  const quick = system.spawn(Listener)
  slow.tell("hang")
  await subscribe(topic, slow, "price")
  await subscribe(topic, quick, "price")
  for (let cents = 1; cents <= 5; cents++) await topic.ask("publish", { cents })
  t.same(await quick.ask("heard"), [1, 2, 3, 4, 5])
  const { lost } = await topic.ask("statistics")
  t.equal(lost[slow.address], 3)
  t.equal(lost[quick.address], 0)
})

t.test("only who understands the payload may subscribe", async (t) => {
  const { system, topic } = await open(t)
  const listener = system.spawn(Listener)
  const wrong = (): void => {
    // @ts-expect-error it takes a string
    void subscribe(topic, listener, "other")
    // @ts-expect-error there is no such message
    void subscribe(topic, listener, "nothing")
    // @ts-expect-error a price is published
    topic.tell("publish", { euros: 1 })
  }
  t.type(wrong, "function")
})

t.test("a payload that is refused is lost for who refuses it alone, and nobody is unsubscribed (T1)", async (t) => {
  const system = await createActorSystem({ name: "topics", isolated: true })
  t.teardown(() => system.stop())
  const topic = system.spawn(defineTopic<unknown>("things"))
  const listeners = [system.spawn(Anything), system.spawn(Anything)] as const
  for (const listener of listeners) await subscribe(topic, listener, "hear")
  const hidden = Object.assign(() => {}, { toJSON: () => "as a function in a message" })
  // What the topic itself may be told differs from what its subscribers take: one gets it by a ref that refuses.
  const refusing = system.spawn(Anything)
  await topic.ask("subscribe", { ref: new Refusing(refusing as never), type: "hear" } as never).catch(() => undefined)
  t.equal(await topic.ask("publish", 1), 2)
  await t.rejects(topic.ask("publish", hidden as never), { code: "INVALID_PAYLOAD" }, "the topic refuses it, too")
  t.equal(await topic.ask("publish", 2), 2)
  for (const listener of listeners) t.same(await listener.ask("heard"), [1, 2])
  t.match(await topic.ask("statistics"), { subscribers: 3, lost: { [refusing.address]: 2 } })
  t.equal(system.statistics.crashes, 0)
})

t.test("who has subscribed stays so when the topic is started again (T3)", async (t) => {
  const Parent = defineActor({
    name: "parent",
    state: () => null,
    supervision: { strategy: "one-for-all" },
    receive: {
      topic: (ctx) => ctx.spawn(defineTopic<Price>("prices")),
      crash: (ctx) => {
        ctx.spawn(Crashing).tell("crash")
      },
    },
  })
  const { system } = await open(t)
  const parent = system.spawn(Parent)
  const topic = await parent.ask("topic")
  const [listener, leaving] = [system.spawn(Listener), system.spawn(Listener)]
  await subscribe(topic, listener, "price")
  await subscribe(topic, leaving, "price")
  await parent.ask("crash")
  await until(() => system.statistics.restarts >= 2)
  t.equal(await topic.ask("publish", { cents: 1 }), 2)
  await system.stopActor(leaving)
  t.equal(await topic.ask("publish", { cents: 2 }), 1, "whose end is still seen")
  t.same(await listener.ask("heard"), [1, 2])
  t.match(await topic.ask("statistics"), { published: 2, subscribers: 1 })
})

t.test("a subscription that makes no sense is refused, and the topic does not crash (T3)", async (t) => {
  const { system, topic } = await open(t)
  const listener = system.spawn(Listener)
  await subscribe(topic, listener, "price")
  const odd = [
    undefined,
    null,
    {},
    { ref: listener },
    { ref: {}, type: "price" },
    { ref: { address: 1 }, type: 2 },
    "x",
  ]
  for (const subscription of odd as never[]) {
    await t.rejects(topic.ask("subscribe", subscription), { code: "INVALID_PAYLOAD" })
    await t.rejects(topic.ask("unsubscribe", subscription), { code: "INVALID_PAYLOAD" })
    topic.tell("subscribe", subscription)
  }
  await t.rejects(topic.ask("subscribe", { ref: listener, type: "nonsense" }), { code: "UNKNOWN_MESSAGE" })
  t.equal(await topic.ask("publish", { cents: 1 }), 1)
  t.equal(system.statistics.crashes, 0)
})
