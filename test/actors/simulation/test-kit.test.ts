import t from "tap"
import { defineActor, definePersistentActor, startReminders, type ActorRef } from "#actors/index.js"
import { createTestKit } from "#actors/testing/test-kit.js"

interface Greetings {
  hello(name: string): string
  bye(): void
}

const Greeter = defineActor({
  name: "greeter",
  state: ({ to }: { to: ActorRef<Greetings> }) => ({ to, asked: 0 }),
  receive: {
    greet(ctx, name: string) {
      return ctx.ask(ctx.state.to, "hello", name)
    },
    later(ctx, milliseconds: number) {
      ctx.after(milliseconds, "now")
    },
    now(ctx) {
      ctx.tell(ctx.state.to, "bye")
    },
    share: (_ctx, list: number[]) => list.push(4),
    crash() {
      throw new Error("cannot go on")
    },
  },
})

t.test("a probe sees messages in their order and answers when told to", async (t) => {
  const kit = createTestKit()
  const probe = kit.probe<Greetings>("friend")
  const greeter = kit.system.spawn(Greeter, { init: { to: probe.ref } })
  const answer = greeter.ask("greet", "Ada")
  const { payload } = await probe.expect("hello")
  const name: string = payload
  t.equal(name, "Ada")
  probe.reply<"hello">(`hello, ${name}`)
  t.equal(await answer, "hello, Ada")
  greeter.tell("now")
  await probe.expect("bye")
  t.same(
    probe.messages.map(({ type }) => type),
    ["hello", "bye"],
  )
  const failing = greeter.ask("greet", "Bob")
  await probe.expect("hello")
  probe.fail(new Error("no such person"))
  probe.fail(new Error("nobody asked")) // the answer to `bye`, which was told
  await t.rejects(failing)
  t.throws(() => probe.reply("x" as never), { message: "friend has no message to answer" })
  await kit.stop()
})

t.test("a probe of a protocol takes no other messages, and gives no other answers", async (t) => {
  const kit = createTestKit()
  const probe = kit.probe<Greetings>()
  const wrong = async (): Promise<void> => {
    // @ts-expect-error there is no such message
    await probe.expect("good evening")
    // @ts-expect-error the answer is a text
    probe.reply<"hello">(7)
    // @ts-expect-error the name is missing
    probe.ref.tell("hello")
  }
  t.type(wrong, "function")
  await kit.stop()
})

t.test("an hour takes no time, and a message that comes at its end is not there before", async (t) => {
  const kit = createTestKit({ startAt: 0 })
  const probe = kit.probe()
  const greeter = kit.system.spawn(Greeter, { init: { to: probe.ref as never } })
  greeter.tell("later", 3_600_000)
  await probe.expectNone(3_599_000)
  await probe.expect("bye", 2000)
  t.ok(kit.clock.now < 3_600_100)
  t.equal(kit.system.clock.wallTime(), kit.clock.now)
  await kit.stop()
})

t.test("what is expected and does not come, or comes otherwise, is said", async (t) => {
  const kit = createTestKit()
  const probe = kit.probe()
  await t.rejects(probe.expect("hello", 500), { message: "probe-1 expected hello, but no message came within 500 virtual ms" }) // prettier-ignore
  probe.ref.tell("bye", 7)
  await t.rejects(probe.expect("hello"), { message: "probe-1 expected hello, but got bye 7" })
  probe.ref.tell("again")
  await t.rejects(probe.expectNone(10), { message: "probe-1 expected no message, but got again undefined" })
  await t.rejects(probe.expectEnded(probe.ref, 10), /expected actor:.* to end within 10 virtual ms/)
  await kit.stop()
})

t.test("a probe sees an actor end, and why", async (t) => {
  const kit = createTestKit()
  const probe = kit.probe()
  const once = kit.system.spawn(Greeter, { init: { to: probe.ref as never }, kind: "temporary" })
  probe.watch(once)
  once.tell("crash")
  t.match(await probe.expectEnded(once), { kind: "crashed", error: { message: "cannot go on" } })
  once.tell("now")
  t.match(kit.deadLetters, [{ type: "now", reason: "stopped" }])
  await kit.stop()
})

t.test("payloads are copied and frozen, so that nothing is shared", async (t) => {
  const kit = createTestKit()
  const probe = kit.probe()
  const greeter = kit.system.spawn(Greeter, { init: { to: probe.ref as never } })
  await t.rejects(greeter.ask("share", [1, 2, 3]), /not extensible/)
  const sent = { list: [1] }
  probe.ref.tell("take", sent)
  const { payload } = await probe.expect("take")
  t.same(payload, sent)
  t.not(payload, sent)
  await kit.stop()
})

const Account = definePersistentActor({
  name: "account",
  version: 1,
  state: () => ({ balance: 0 }),
  events: {
    deposited: (state, amount: number) => {
      state.balance += amount
    },
  },
}).receive({
  async deposit(ctx, amount: number) {
    await ctx.persist("deposited", amount)
    return ctx.state.balance
  },
  balance: (ctx) => ctx.state.balance,
})

t.test("entities, their journal and reminders live in virtual time", async (t) => {
  const kit = createTestKit({ definitions: [Account] })
  const account = kit.system.entity(Account, "alice")
  t.equal(await account.ask("deposit", 40), 40)
  const reminders = await kit.settled(startReminders(kit.system))
  await reminders.set(account, "interest", { afterMs: 24 * 3_600_000, everyMs: 24 * 3_600_000 }, "deposit", 1)
  await kit.advance(7 * 24 * 3_600_000 + 1000)
  t.equal(await account.ask("balance"), 47)
  await kit.stop()
})

t.test("what never settles is said instead of waited for", async (t) => {
  const kit = createTestKit()
  await t.rejects(kit.settled(new Promise(() => undefined)), /did not settle within/)
  await kit.stop()
})

t.test("chance comes from the seed", async (t) => {
  const draw = (seed: number): string => createTestKit({ seed }).system.random.uuid()
  t.equal(draw(1), draw(1))
  t.not(draw(1), draw(2))
  t.match(draw(1), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
})
