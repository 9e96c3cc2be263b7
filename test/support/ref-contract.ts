/**
 * What every ref promises, wherever its actor lives. Run by local actors, entities and actors on worker threads alike.
 */
import { setTimeout as sleep } from "node:timers/promises"
import fc from "fast-check"
import t from "tap"
import {
  createActorSystem,
  defineActor,
  type ActorSystem,
  type AgentOSError,
  type AnyRef,
  type RefOf,
} from "#actors/index.js"
import type { ActorSystemOptions } from "#actors/system-options.js"
import { doubled, type Subject } from "#test/actors/workers/definitions.js"

export type SubjectRef = RefOf<typeof Subject>

/** An actor of the test's own thread that the subject sends to. */
const Other = defineActor({
  name: "other",
  state: () => ({ got: [] as unknown[], heard: [] as string[], subject: undefined as SubjectRef | undefined }),
  receive: {
    ping: (_ctx, n: number) => n + 1,
    got(ctx, n: number) {
      ctx.state.got.push(n)
    },
    all: (ctx) => ctx.state.got,
    heard(ctx, what: string) {
      ctx.state.heard.push(what)
    },
    allHeard: (ctx) => ctx.state.heard,
    watch: (ctx, ref: AnyRef) => ctx.watch(ref),
    unwatch: (ctx, ref: AnyRef) => ctx.unwatch(ref),
    stop: (ctx) => ctx.stop(),
    crash() {
      throw new Error("other crashed")
    },
  },
  ended(ctx, ref, reason) {
    ctx.state.heard.push(`${ref.address} ${reason.kind}`)
  },
})

const Checked = defineActor({
  name: "checked",
  state: () => null,
  schemas: { checked: doubled },
  receive: { checked: (_ctx, n: number) => ({ n }) },
})

/** Asks the subject, which asks it back. */
const Circle = defineActor({
  name: "circle",
  state: () => ({}),
  receive: {
    begin: (ctx, subject: SubjectRef) => ctx.ask(subject, "askOther", ctx.self as never),
    ping: (_ctx, n: number) => n,
  },
})

/** Waits until something holds. */
export async function eventually<T>(look: () => Promise<T> | T, holds: (value: T) => boolean): Promise<T> {
  for (let tries = 0; ; tries++) {
    const value = await look()
    if (holds(value) || tries === 2000) return value
    await sleep(10)
  }
}

/** Waits until a handler that takes its time has begun. */
export const begun = (ref: SubjectRef): Promise<number> =>
  eventually(
    () =>
      ref
        .with({ timeoutMs: 50 })
        .ask("begun")
        .catch(() => 0),
    (count) => count > 0,
  )

/**
 * @param make another subject;
 * @param actor whether it can end, and be watched;
 * @param least of 64 messages that an actor which takes none lets wait
 */
export function refContract(
  name: string,
  options: Partial<ActorSystemOptions>,
  make: (system: ActorSystem) => SubjectRef,
  actor: boolean,
  least = 50,
): void {
  t.test(`refs: ${name}`, async (t) => {
    const system = await createActorSystem({ name: "test", ...options })
    t.teardown(() => system.stop())

    await t.test("messages arrive in the order sent, asks among tells", async (t) => {
      await fc.assert(
        fc.asyncProperty(fc.array(fc.boolean(), { maxLength: 50 }), async (asks) => {
          const ref = make(system)
          const answers = asks.map((ask, i) => (ask ? ref.ask("note", i) : ref.tell("note", i)))
          await Promise.all(answers)
          t.same(
            await ref.ask("log"),
            asks.map((_, i) => i),
          )
        }),
        { numRuns: 20 },
      )
    })

    await t.test("payloads and answers arrive as they were", async (t) => {
      const ref = make(system)
      const shared = { n: 1 }
      const values = [
        undefined,
        null,
        0,
        -0.5,
        "text",
        true,
        7n,
        new Date(5),
        Uint8Array.of(1, 2),
        new Float64Array([0.5]),
        [1, [2]],
        { a: { b: [null, "x"] } },
        [shared, shared],
      ]
      for (const value of values) t.strictSame(await ref.ask("echo", value), value)
      const bytes = (await ref.ask("echo", Buffer.from("abc"))) as Uint8Array
      t.equal(Buffer.from(bytes).toString(), "abc")
      await fc.assert(
        fc.asyncProperty(fc.jsonValue(), async (value) => {
          t.strictSame(await ref.ask("echo", value), value)
        }),
        { numRuns: 50 },
      )
    })

    await t.test("a message that it does not know is refused where it is sent", async (t) => {
      const ref = make(system)
      t.throws(() => ref.tell("no such" as "log"), {
        code: "UNKNOWN_MESSAGE",
        message: /subject has no handler "no such"/,
      })
      await t.rejects(ref.ask("no such" as "log"), { code: "UNKNOWN_MESSAGE" })
      const other = system.spawn(Other)
      t.equal(await ref.ask("tellWrong", other as never), "UNKNOWN_MESSAGE", "by the subject, too")
    })

    await t.test(
      "what comes from outside is held against its schema before its handler, and nothing else is",
      async (t) => {
        const ref = make(system)
        const outside = ref.with({ untrusted: true })
        const wrong = "one" as never as number
        await t.rejects(outside.ask("checked", wrong), { code: "INVALID_PAYLOAD", executed: "no" })
        await t.rejects(ref.with({ commandId: "c" }).with({ untrusted: true }).ask("checked", wrong), {
          code: "INVALID_PAYLOAD",
        })
        try {
          outside.tell("checked", wrong) // where it cannot be known here it is a dead letter there
        } catch (error) {
          t.match(error, { code: "INVALID_PAYLOAD" })
        }
        outside.tell("checked", 1)
        const { n, cause } = await outside.with({ cause: { caller: "ada" } }).ask("checked", 2)
        t.match({ n, cause }, { n: 4, cause: { caller: "ada" } }, "as its schema left it")
        t.notOk(cause.untrusted, "it was checked")
        t.equal((await ref.ask("checked", 3)).n, 3, "among our own nothing is checked")
        t.same(await ref.ask("log"), [2, 4, 3])
        t.same(await outside.ask("echo", { any: "thing" }), { any: "thing" })
        await t.rejects(outside.ask("ech" as "echo", 1), { code: "UNKNOWN_MESSAGE" })
      },
    )

    await t.test("what its own handler sends on as from outside is checked, wherever that goes", async (t) => {
      const to = system.spawn(Checked)
      const ref = make(system)
      t.equal((await ref.ask("checkElsewhere", { to, n: 5 })).n, 10)
      await t.rejects(ref.ask("checkElsewhere", { to, n: "five" }), { code: "INVALID_PAYLOAD" })
      const other = make(system) as never as typeof to
      t.equal((await ref.ask("checkElsewhere", { to: other, n: 5 })).n, 10)
      t.equal((await ref.with({ untrusted: true }).ask("checkElsewhere", { to: other, n: 5 })).n, 10)
      await t.rejects(ref.ask("checkElsewhere", { to: other, n: "five" }), { code: "INVALID_PAYLOAD" })
    })

    await t.test("a crash tells its ask, keeps the waiting messages and begins with a new state", async (t) => {
      const ref = make(system)
      ref.tell("add", 5)
      const crashed = ref.ask("crash", "as told")
      const after = ref.ask("add", 2)
      await t.rejects(crashed, {
        code: "ACTOR_CRASHED",
        message: /crashed: as told/,
        cause: { name: "RangeError", message: "as told", cause: { name: "TypeError", message: "because" } },
      })
      t.equal(await after, 2)
    })

    await t.test("an ask ends at its deadline, and its message is dropped if it was not begun", async (t) => {
      const ref = make(system)
      const held = ref.ask("hold")
      await begun(ref)
      await t.rejects(ref.with({ timeoutMs: 30 }).ask("note", "late"), { code: "ASK_TIMEOUT" })
      await sleep(100) // elsewhere the deadline passes a little later
      ref.tell("release")
      t.equal(await held, "held")
      t.same(await ref.ask("log"), ["held"])
    })

    await t.test("a cancellation ends the ask and reaches the handler", async (t) => {
      const ref = make(system)
      const control = new AbortController()
      const ask = ref.with({ signal: control.signal }).ask("untilAborted")
      await begun(ref)
      control.abort()
      await t.rejects(ask, { code: "CANCELLED" })
      t.same(await ref.ask("log"), ["aborted"])
      await t.rejects(ref.with({ signal: control.signal }).ask("log"), { code: "CANCELLED" })
    })

    await t.test("the signal of a tell reaches the handler", async (t) => {
      const ref = make(system)
      const control = new AbortController()
      ref.with({ signal: control.signal }).tell("untilAborted")
      await begun(ref)
      const log = ref.ask("log")
      control.abort()
      t.same(await log, ["aborted"])
    })

    await t.test("who began it, for whom and under which id goes along", async (t) => {
      const ref = make(system)
      const cause = { traceId: "trace", caller: "ada", tenant: "acme", deadline: systemNow() + 5000 }
      t.strictSame(await ref.with({ cause, commandId: "once" }).ask("cause"), {
        traceId: "trace",
        caller: "ada",
        tenant: "acme",
        commandId: "once",
        hasDeadline: true,
      })
      t.strictSame(await ref.ask("cause"), {
        traceId: undefined,
        caller: undefined,
        tenant: "default",
        commandId: undefined,
        hasDeadline: false,
      })
    })

    await t.test("refs in payloads lead back, both ways", async (t) => {
      const ref = make(system)
      const other = system.spawn(Other)
      t.equal(await ref.ask("askOther", other), 22)
      t.equal(await ref.ask("tellOther", { to: other, times: 10 }), 10)
      t.same(
        await eventually(
          () => other.ask("all"),
          (got) => got.length === 10,
        ),
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
        "in order",
      )
      const { me } = await ref.ask("self")
      t.equal(await me.ask("add", 1), 1)
      t.equal(await ref.ask("add", 1), 2, "the same actor")
      const echoed = (await ref.ask("echo", [{ other }])) as { other: typeof other }[]
      t.equal(echoed[0]?.other.address, other.address)
      t.equal(await echoed[0]?.other.ask("ping", 1), 2)
    })

    await t.test("an actor that would wait for itself through another is told so", async (t) => {
      const circle = system.spawn(Circle)
      await t.rejects(circle.ask("begin", make(system)), { code: "ASK_CYCLE" })
    })

    await t.test(
      "a reentrant message is handled while another is under way, an urgent one before those that wait",
      async (t) => {
        const ref = make(system)
        const held = ref.ask("hold")
        await begun(ref)
        ref.tell("note", "ordinary")
        ref.tell("urgent", "urgent")
        t.equal(await ref.ask("begun"), 1)
        ref.tell("release")
        await held
        t.same(await ref.ask("log"), ["held", "urgent", "ordinary"])
      },
    )

    await t.test("an answer may be given later", async (t) => {
      const ref = make(system)
      const later = [ref.ask("later"), ref.ask("later")]
      await ref.ask("log")
      ref.tell("now")
      t.same(await Promise.all(later), ["now", "now"])
    })

    await t.test("a full mailbox refuses a tell and an ask", async (t) => {
      const ref = make(system)
      const held = ref.ask("hold")
      await begun(ref)
      let taken = 0
      for (let n = 0; n < 200; n++) {
        if (ref.tell("note", n)) taken += 1
        if (n % 10 === 0) await sleep(1)
      }
      t.ok(taken >= least && taken <= 66, `capacity 64: ${taken} were taken`)
      await t.rejects(ref.ask("log"), { code: "MAILBOX_FULL" })
      const impatient = ref.with({ whenFull: "wait", timeoutMs: 20 })
      const givenUp = Array.from({ length: 200 }, () =>
        impatient.ask("add", 1).catch((error: AgentOSError) => error.code),
      )
      t.same([...new Set(await Promise.all(givenUp))], ["ASK_TIMEOUT"])
      const patient = ref.with({ whenFull: "wait" }).ask("add", 1)
      ref.tell("release")
      await held
      t.equal(await patient, 1)
      t.equal((await ref.ask("log")).length, taken + 1)
    })

    if (!actor) return

    await t.test("a stop ends it after the message under way; what comes after reaches nobody", async (t) => {
      const ref = make(system)
      const slow = ref.ask("slowly", 300)
      await begun(ref)
      const late = ref.ask("log")
      late.catch(() => {})
      await system.stopActor(ref)
      t.equal(await slow, "slow")
      await t.rejects(late, { code: "ACTOR_STOPPED" })
      t.equal(ref.tell("note", 1), false)
      await t.rejects(ref.ask("log"), { code: "ACTOR_STOPPED" })
    })

    await t.test(
      "who watches it is told of its end, by itself or by others, and not when it no longer watches",
      async (t) => {
        const other = system.spawn(Other)
        const [one, two, three] = [make(system), make(system), make(system)]
        for (const ref of [one, two, three]) await other.ask("watch", ref)
        await other.ask("unwatch", three)
        await one.ask("stopYourself")
        await system.stopActor(two)
        await system.stopActor(three)
        const heard = await eventually(
          () => other.ask("allHeard"),
          ({ length }) => length === 2,
        )
        t.same(heard, [`${one.address} stopped`, `${two.address} stopped`])
      },
    )

    await t.test("it watches others, those that have ended, too", async (t) => {
      const ref = make(system)
      const [other, listener] = [system.spawn(Other), system.spawn(Other)]
      await ref.ask("watch", { ref: other, tell: listener })
      other.tell("stop")
      t.same(
        await eventually(
          () => listener.ask("allHeard"),
          ({ length }) => length === 1,
        ),
        [`${other.address} stopped`],
      )
      await ref.ask("watch", { ref: other, tell: listener })
      t.same(
        await eventually(
          () => listener.ask("allHeard"),
          ({ length }) => length === 2,
        ),
        [`${other.address} stopped`, `${other.address} stopped`],
      )
    })

    await t.test("a crash of an actor that it is linked to is its own", async (t) => {
      const ref = make(system)
      const other = system.spawn(Other)
      await ref.ask("add", 5)
      await ref.ask("link", other)
      await ref.ask("log")
      await t.rejects(other.ask("crash"), { code: "ACTOR_CRASHED" })
      t.equal(
        await eventually(
          () => ref.ask("add", 0),
          (total) => total === 0,
        ),
        0,
        "its state is new",
      )
    })
  })
}

const systemNow = (): number => performance.now()
