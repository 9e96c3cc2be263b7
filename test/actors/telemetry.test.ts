import t from "tap"
import { createActorSystem, defineActor, formatTree, type DeadLetter } from "#actors/index.js"

const Fragile = defineActor({
  name: "fragile",
  state: () => null,
  receive: {
    break() {
      throw new Error("broken")
    },
    fine: () => true,
  },
})

t.test("a crash and a dead letter are told with the trace of the message they belong to", async (t) => {
  const crashes: unknown[] = []
  const letters: DeadLetter[] = []
  const system = await createActorSystem({
    name: "test",
    telemetry: {
      crashed: (actor, error, traceId) => crashes.push([actor, (error as Error).message, traceId]),
      deadLetter: (letter) => letters.push(letter),
    },
  })
  t.teardown(() => system.stop())
  const fragile = system.spawn(Fragile, { name: "f" })
  const traced = fragile.with({ cause: { traceId: "0af7651916cd43dd8448eb211c80319c" } })
  await t.rejects(traced.ask("break"), { code: "ACTOR_CRASHED" })
  await t.rejects(fragile.ask("break"), { code: "ACTOR_CRASHED" })
  t.strictSame(crashes, [
    [fragile.address, "broken", "0af7651916cd43dd8448eb211c80319c"],
    [fragile.address, "broken", undefined],
  ])
  await system.stopActor(fragile)
  traced.tell("fine")
  fragile.tell("fine")
  const letter = { to: fragile.address, type: "fine", reason: "stopped" } as const
  t.strictSame(letters, [{ ...letter, traceId: "0af7651916cd43dd8448eb211c80319c" }, letter])
})

t.test("measured, a system counts each message by type, and times some of them", async (t) => {
  const system = await createActorSystem({ name: "test", metrics: true })
  t.teardown(() => system.stop())
  const fragile = system.spawn(Fragile)
  for (let i = 0; i < 1000; i++) fragile.tell("fine")
  await t.rejects(fragile.ask("break"))
  await fragile.ask("fine")
  const meter = system.metrics.find(({ name }) => name === "fragile")
  t.strictSame(meter?.messages, { break: 1, fine: 1001 })
  t.equal(meter?.crashes, 1)
  t.equal(meter?.restarts, 1)
  t.ok((meter?.handlerTime.count ?? 0) > 0)
  t.ok((meter?.mailboxAge.count ?? 0) > 0)
  t.match(formatTree(system.tree), /fragile-1 \(1 restart\)/)
})
