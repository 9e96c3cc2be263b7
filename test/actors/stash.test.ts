/** A message is put aside by the handler that handles it, once, and by nobody else. */
import t, { type Test } from "tap"
import {
  createActorSystem,
  defineActor,
  definePersistentActor,
  type ActorRef,
  type ActorSystem,
  type Task,
} from "#actors/index.js"
import type { AnyDefinition } from "#actors/actor.js"
import { eventually } from "#test/support/ref-contract.js"

async function opened(t: Test, definitions: readonly AnyDefinition[] = []): Promise<ActorSystem> {
  const system = await createActorSystem({ name: "test", definitions })
  t.teardown(() => system.stop())
  return system
}

const refusals: unknown[] = []
const attempt = (ctx: { stash(): void }): void => {
  try {
    ctx.stash()
    refusals.push("accepted")
  } catch (error) {
    refusals.push((error as { code?: string }).code)
  }
}
interface Late {
  stash(): void
  run(work: () => Promise<void>, done: string): Task
}
/** What comes after the handler: a work, a closure of it, and its result. */
function late(ctx: Late, answer: unknown): unknown {
  ctx.run(async () => {
    await new Promise((done) => setTimeout(done, 5))
    attempt(ctx)
  }, "done")
  setTimeout(() => attempt(ctx), 10)
  return answer
}
const receive = {
  answers: (ctx: Late) => late(ctx, "answer"),
  answersLater: async (ctx: Late) => {
    await Promise.resolve()
    return late(ctx, "answer")
  },
  goesOn: (ctx: Late) => void ctx.run(() => Promise.resolve(), "answers"),
  done: () => undefined,
}

const Kept = definePersistentActor({ name: "kept", version: 1, state: () => 0, events: {}, passivateAfterMs: 20 })
const KeptLate = Kept.receive(receive)

for (const commandId of [undefined, "c"])
  for (const type of ["answers", "answersLater", "goesOn"] as const)
    t.test(
      `what outlives the handler ${type} of an entity puts nothing aside, ${commandId ?? "no"} command`,
      async (t) => {
        const system = await opened(t, [KeptLate])
        refusals.length = 0
        const ref = system.entity(KeptLate, "a").with({ commandId })
        await ref.ask(type)
        await eventually(
          () => refusals.length,
          (length) => length === 2,
        )
        t.same(refusals, ["INVALID_DEFINITION", "INVALID_DEFINITION"])
        t.equal(
          await eventually(
            () => system.residentEntities,
            (count) => count === 0,
          ),
          0,
          "it sleeps",
        )
      },
    )

t.test("what outlives a reentrant handler puts nothing aside", async (t) => {
  let release = (): void => {}
  const system = await opened(t)
  const Reentrant = defineActor({
    name: "reentrant",
    state: () => null,
    reentrant: ["answers", "answersLater"],
    receive: { ...receive, hold: () => new Promise<void>((done) => (release = done)) },
  })
  const ref = system.spawn(Reentrant)
  const held = ref.ask("hold")
  refusals.length = 0
  t.equal(await ref.ask("answers"), "answer")
  t.equal(await ref.ask("answersLater"), "answer")
  await eventually(
    () => refusals.length,
    (length) => length === 4,
  )
  release()
  await held
  t.same(refusals, new Array(4).fill("INVALID_DEFINITION"))
})

t.test("a message is put aside once, however often its handler says so", async (t) => {
  let closed = true
  const handlers = {
    async put(ctx: { stash(): void; unstashAll(): void }, waits: boolean) {
      if (waits) await Promise.resolve()
      refusals.push("handled")
      if (!closed) return
      ctx.stash()
      attempt(ctx)
    },
    open(ctx: { unstashAll(): void }) {
      closed = false
      ctx.unstashAll()
    },
  }
  const Twice = definePersistentActor({ name: "twice", version: 1, state: () => 0, events: {} }).receive(handlers)
  const Plain = defineActor({ name: "plain", state: () => 0, receive: handlers })
  const system = await opened(t, [Twice])
  for (const ref of [system.entity(Twice, "a"), system.spawn(Plain)] as ActorRef<{
    put(waits: boolean): void
    open(): void
  }>[])
    for (const waits of [false, true]) {
      closed = true
      refusals.length = 0
      ref.tell("put", waits)
      await ref.ask("open")
      await eventually(
        () => refusals.length,
        (length) => length === 3,
      )
      t.same(refusals, ["handled", "INVALID_DEFINITION", "handled"])
    }
})
