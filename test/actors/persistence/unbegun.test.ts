/**
 * A command whose id is still looked up in the journal when its life ends: nothing of it was begun, so that it waits
 * for the next life (T6 of turns.ts).
 */
import t from "tap"
import {
  AgentOSError,
  createActorSystem,
  definePersistentActor,
  memoryJournal,
  systemClock,
  type ActorSystem,
  type Journal,
} from "#actors/index.js"
import { heldJournal } from "../../support/held-journal.js"

const turnOfLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const turns = async (): Promise<void> => {
  for (let n = 0; n < 20; n++) await turnOfLoop()
}

let crash: (() => void)[] = []
let begun: string[] = []

const Log = definePersistentActor({
  name: "log",
  version: 1,
  state: (): { lines: string[] } => ({ lines: [] }),
  events: { line: (state, text: string) => void state.lines.push(text) },
}).receive({
  /** A work of it throws when it is told so. */
  work: (ctx) =>
    void ctx.run(() => new Promise((_, fail) => crash.push(() => fail(new Error("a work fails")))), "worked"),
  /** A work of it persists at once. */
  persistInWork: (ctx) => void ctx.run(() => ctx.persist("line", "of a work"), "worked"),
  worked() {},
  async write(ctx, text: string) {
    begun.push(text)
    await ctx.persist("line", text)
    return ctx.state.lines.length
  },
  aside(ctx, text: string) {
    if (begun.includes(`aside ${text}`)) return ctx.persist("line", text)
    begun.push(`aside ${text}`)
    ctx.stash()
    return undefined
  },
  lines: (ctx) => [...ctx.state.lines],
})

const Sender = definePersistentActor({ name: "sender", version: 1, state: () => 0, events: {} }).receive({
  send: (ctx, text: string) => ctx.deliver(ctx.system.entity(Log, "a"), "write", text),
})

async function made(test: Pick<typeof t, "teardown">, options: Partial<Parameters<typeof createActorSystem>[0]> = {}) {
  crash = []
  begun = []
  const inner = memoryJournal(systemClock)
  const journal = heldJournal(inner)
  const letters: string[] = []
  const telemetry = { deadLetter: ({ type }: { type: string }) => void letters.push(type) }
  const system: ActorSystem = await createActorSystem({
    name: "test",
    journal,
    definitions: [Log, Sender],
    telemetry,
    ...options,
  })
  test.teardown(async () => {
    journal.letGo()
    await system.stop()
    await inner.close()
  })
  return { system, journal, letters, log: system.entity(Log, "a") }
}

t.test("F12. by a crash of a work: tells and asks are carried out by the next life, in the order sent", async (t) => {
  const { system, journal, letters, log } = await made(t)
  await log.ask("work")
  journal.hold("reply")
  const first = log.with({ commandId: "1" }).ask("write", "first")
  log.with({ commandId: "2" }).tell("write", "second")
  const third = log.ask("write", "third")
  await journal.waiting(1)
  crash.pop()?.()
  await turns()
  t.same(begun, [], "nothing is begun")
  journal.letGo()
  t.same(await Promise.all([first, third]), [1, 3])
  t.same(await log.ask("lines"), ["first", "second", "third"])
  t.same(begun, ["first", "second", "third"], "each once")
  t.equal(system.statistics.crashes, 1)
  t.same(letters, [])
})

t.test("F12. by a failed append of a work, which is no failure of the command", async (t) => {
  const { system, journal, log } = await made(t)
  journal.hold("append")
  log.tell("persistInWork")
  await journal.waiting(1)
  journal.hold("reply")
  const asked = log.with({ commandId: "1" }).ask("write", "first")
  await journal.waiting(2)
  journal.letGo(new Error("no disk"))
  t.equal(await asked, 1)
  t.equal(system.statistics.crashes, 1)
  t.same(await log.ask("lines"), ["first"])
})

t.test("F12. it waits behind what was put aside before", async (t) => {
  const { journal, log } = await made(t)
  await log.ask("work")
  log.tell("aside", "aside")
  await turns()
  journal.hold("reply")
  log.with({ commandId: "1" }).tell("write", "first")
  await journal.waiting(1)
  crash.pop()?.()
  journal.letGo()
  t.same(await log.ask("lines"), ["aside", "first"])
})

t.test("F12. a delivery is carried out by the next life, once", async (t) => {
  const { system, journal, log } = await made(t)
  await log.ask("work")
  const sent = system.entity(Sender, "s").ask("send", "delivered")
  await sent
  journal.hold("reply")
  await system.entity(Sender, "s").ask("send", "again")
  await journal.waiting(1)
  crash.pop()?.()
  await turns()
  journal.letGo()
  await turns()
  t.same(await log.ask("lines"), ["delivered", "again"])
  t.same(begun, ["delivered", "again"])
})

t.test("F12. one that was carried out before is answered by the next life as it was", async (t) => {
  const { journal, log } = await made(t)
  t.equal(await log.with({ commandId: "1" }).ask("write", "first"), 1)
  await log.ask("work")
  journal.hold("reply")
  const again = log.with({ commandId: "1" }).ask("write", "first")
  await journal.waiting(1)
  crash.pop()?.()
  await turns()
  journal.letGo()
  t.equal(await again, 1)
  t.same(begun, ["first"])
})

t.test("F12. what failed to be looked up when the life had ended is looked up again", async (t) => {
  const inner = memoryJournal(systemClock)
  let fail: (() => void) | undefined
  const journal: Journal = {
    ...heldJournal(inner),
    reply: (...args) =>
      fail === undefined ? new Promise((_, no) => (fail = () => no(new Error("away")))) : inner.reply(...args),
  }
  const { log } = await made(t, { journal })
  await log.ask("work")
  const asked = log.with({ commandId: "1" }).ask("write", "first")
  await turns()
  crash.pop()?.()
  await turns()
  fail?.()
  t.equal(await asked, 1)
})

t.test("F12. one whose id cannot be looked up is told so; a tell is a dead letter", async (t) => {
  const { system, journal, letters, log } = await made(t)
  await log.ask("lines")
  journal.hold("reply")
  log.with({ commandId: "1" }).tell("write", "first")
  await journal.waiting(1)
  journal.letGo(new Error("away"))
  await turns()
  t.same(letters, ["write"])
  journal.hold("reply")
  const asked = log.with({ commandId: "1" }).ask("write", "first")
  await journal.waiting(1)
  journal.letGo(new Error("away"))
  await t.rejects(asked, { code: "JOURNAL_FAILED", message: /away/ })
  t.equal(system.statistics.crashes, 0)
  t.same(begun, [])
})

t.test("F12. by a stop that lasts too long: it is a dead letter, its ask is told, nothing is begun", async (t) => {
  const { system, journal, letters, log } = await made(t, { shutdownTimeoutMs: 20 })
  await log.ask("lines")
  journal.hold("reply")
  const asked = t.rejects(log.with({ commandId: "1" }).ask("write", "first"), { code: "ACTOR_STOPPED" })
  log.with({ commandId: "2" }).tell("write", "second")
  await journal.waiting(1)
  const stopped = system.stop()
  await asked
  journal.letGo()
  await stopped
  t.same(letters, ["write", "write"])
  t.same(begun, [])
})

for (const how of ["release", "abandon"] as const)
  t.test(`F12. by a move (${how}): it is handed on, before all that came later`, async (t) => {
    const transport = { node: "n", entity: () => undefined, groupOf: () => 0 }
    const { system, journal, log } = await made(t, { shutdownTimeoutMs: 20, transport })
    await log.ask("lines")
    journal.hold("reply")
    let settled = false
    const asked = log.with({ commandId: "1" }).ask("write", "first")
    void asked.catch(() => undefined).then(() => (settled = true))
    log.with({ commandId: "2" }).tell("write", "second")
    await journal.waiting(1)
    const why = new AgentOSError("ACTOR_STOPPED", "it moves")
    const back = how === "abandon" ? system.entities.abandon(0, why) : await system.entities.release(0, 1, why)
    journal.letGo()
    await turns()
    t.same(
      back.map(({ type, payload }) => [type, payload]),
      [
        ["write", "first"],
        ["write", "second"],
      ],
    )
    t.same(begun, [], "nothing is begun here")
    t.notOk(settled, "its ask goes with it")
  })
