import t from "tap"
import { createActorSystem, defineActor, defineTopic, subscribe } from "#actors/index.js"

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
