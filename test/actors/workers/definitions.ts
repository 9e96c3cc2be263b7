/** What the tests of refs and of worker threads send messages to; worker threads load this module. */
import { setTimeout as sleep } from "node:timers/promises"
import { threadId } from "node:worker_threads"
import {
  defineActor,
  definePersistentActor,
  openStream,
  readStream,
  startReminders,
  type ActorRef,
  type AnyRef,
  type StreamRef,
} from "#actors/index.js"

export interface Hears {
  readonly heard: (what: string) => void
}

export interface AsksEach {
  readonly askEach: (refs: readonly ActorRef<AsksEach>[]) => Promise<string>
}

/** A schema that refuses all but numbers, and doubles those. */
export const doubled = {
  "~standard": {
    validate: (n: unknown) => (typeof n === "number" ? { value: 2 * n } : { issues: [{ message: "no number" }] }),
  },
}

async function* numbersThen(count: number, last: () => undefined): AsyncGenerator<number> {
  for (let n = 0; n < count; n++) yield await Promise.resolve(n)
  yield last as never
}

const subject = <const Where extends { readonly placement?: "worker" }>(name: string, where: Where) =>
  defineActor({
    name,
    module: import.meta.url,
    ...where,
    state: () => ({
      log: [] as unknown[],
      total: 0,
      peer: undefined as ActorRef<Hears> | undefined,
      answers: [] as { reply(value: string): void }[],
      begun: 0,
      release: (): void => {},
    }),
    mailbox: { capacity: 64, urgent: ["urgent"] },
    reentrant: ["begun", "release"],
    handlerTimeoutMs: 20_000,
    schemas: { checked: doubled },
    receive: {
      checked(ctx, n: number) {
        ctx.state.log.push(n)
        return { n, cause: { ...ctx.cause } }
      },
      checkElsewhere: (ctx, { to, n }: { to: ActorRef<{ checked: (n: number) => unknown }>; n: unknown }) =>
        ctx.ask(to.with({ untrusted: true }), "checked", n as number) as Promise<{ n: number }>,
      tellElsewhere: (ctx, { to, n }: { to: ActorRef<{ double: (n: number) => unknown }>; n: unknown }) =>
        ctx.tell(to.with({ untrusted: true }), "double", n as number),
      note(ctx, what: unknown) {
        ctx.state.log.push(what)
      },
      urgent(ctx, what: string) {
        ctx.state.log.push(what)
      },
      log: (ctx) => ctx.state.log,
      echo: (_ctx, what: unknown) => what,
      add(ctx, by: number) {
        ctx.state.total += by
        return ctx.state.total
      },
      crash(_ctx, message: string) {
        throw new RangeError(message, { cause: new TypeError("because") })
      },
      async slowly(ctx, milliseconds: number) {
        ctx.state.begun += 1
        await sleep(milliseconds)
        ctx.state.log.push("slow")
        return "slow"
      },
      /** Holds the mailbox until it is released. */
      async hold(ctx) {
        ctx.state.begun += 1
        await new Promise<void>((done) => (ctx.state.release = done))
        ctx.state.log.push("held")
        return "held"
      },
      release: (ctx) => ctx.state.release(),
      /** How many of the handlers that take their time have begun. */
      begun: (ctx) => ctx.state.begun,
      async untilAborted(ctx) {
        ctx.state.begun += 1
        const { signal } = ctx.cause
        if (signal === undefined) return "no signal"
        if (!signal.aborted)
          await new Promise<void>((done) => signal.addEventListener("abort", () => done(), { once: true }))
        ctx.state.log.push("aborted")
        return "aborted"
      },
      cause(ctx) {
        const { traceId, caller, tenant, commandId, deadline } = ctx.cause
        return { traceId, caller, tenant, commandId, hasDeadline: deadline !== undefined }
      },
      self: (ctx) => ({ me: ctx.self as ActorRef<{ add: (by: number) => number }> }),
      askEach: async (ctx, [next, ...rest]: readonly ActorRef<AsksEach>[]): Promise<string> =>
        next === undefined ? "end" : ctx.ask(next, "askEach", rest),
      address: (ctx) => ctx.self.address,
      askOther: async (ctx, ref: ActorRef<{ ping: (n: number) => number }>) => (await ctx.ask(ref, "ping", 20)) + 1,
      tellOther(ctx, { to, times }: { to: ActorRef<{ got: (n: number) => void }>; times: number }) {
        let taken = 0
        for (let n = 0; n < times; n++) if (ctx.tell(to, "got", n)) taken += 1
        return taken
      },
      tellWrong(ctx, to: ActorRef<{ wrong: () => void }>) {
        try {
          return String(ctx.tell(to, "wrong"))
        } catch (error) {
          return (error as { code: string }).code
        }
      },
      answerWithClass: () => new URL("http://localhost/") as never as string,
      stopYourself: (ctx) => ctx.stop(),
      later(ctx) {
        const answer = ctx.defer<string>()
        ctx.state.answers.push(answer)
        return answer
      },
      now(ctx) {
        for (const answer of ctx.state.answers.splice(0)) answer.reply("now")
      },
      watch(ctx, { ref, tell }: { ref: AnyRef; tell: ActorRef<Hears> }) {
        ctx.state.peer = tell
        ctx.watch(ref)
      },
      link: (ctx, ref: AnyRef) => ctx.link(ref),
      thread: () => threadId,
      stream: (ctx, count: number) =>
        openStream(
          ctx,
          numbersThen(count, () => undefined),
        ),
      /** Reads two items, and no more until it is released. */
      async readSome(ctx, stream: StreamRef<number>) {
        for await (const n of readStream(ctx, stream, { batch: 1 })) {
          if (n < 2) continue
          ctx.state.begun += 1
          await new Promise<void>((done) => (ctx.state.release = done))
        }
      },
      exit: () => process.exit(3),
      spin() {
        for (;;);
      },
      fill() {
        for (const all: unknown[] = []; ;) all.push(Array.from({ length: 1000 }, (_, i) => `${i}`))
      },
      spawn: (ctx) => ({ child: ctx.spawn(Child) }),
      balance: (ctx, key: string) => ctx.ask(ctx.system.entity(Account, key), "balance"),
      async remind(ctx, { key, cancel }: { key: string; cancel: boolean }) {
        const reminders = await startReminders(ctx.system)
        const account = ctx.system.entity(Account, key)
        if (cancel) return { cancelled: await reminders.cancel(account, "r") }
        await reminders.set(account, "r", { afterMs: key === "soon" ? 1 : 1e9 }, "deposit", 7)
        return { waiting: (await reminders.of(account)).length }
      },
    },
    ended(ctx, ref, reason) {
      if (ctx.state.peer !== undefined) ctx.tell(ctx.state.peer, "heard", `${ref.address} ${reason.kind}`)
    },
  })

const Child = defineActor({
  name: "child",
  state: () => ({}),
  receive: { thread: () => threadId, stop: (ctx) => ctx.stop() },
})

/** Stops itself each so many messages; says of each which one of its life it was. */
export const Quitter = defineActor({
  name: "quitter",
  module: import.meta.url,
  placement: "worker",
  mailbox: { capacity: 64 },
  passivateAfterMs: 2,
  state: () => ({ handled: 0 }),
  receive: {
    hear(ctx, { n, every }: { readonly n: number; readonly every: number }) {
      if (n % every === every - 1) ctx.stop()
      return { n, handled: ++ctx.state.handled }
    },
  },
})

export const Subject = subject("subject", {})
export const PlacedSubject = subject("placed-subject", { placement: "worker" })

/** Nearly no mailbox. */
export const Narrow = defineActor({
  name: "narrow",
  module: import.meta.url,
  placement: "worker",
  mailbox: { capacity: 8 },
  state: ({ start }: { start: number }) => ({ total: start }),
  receive: {
    async slowly(ctx, milliseconds: number) {
      await sleep(milliseconds)
      ctx.state.total += 1
    },
    total: (ctx) => ctx.state.total,
    crash() {
      throw new Error("narrow")
    },
  },
})

export const Account = definePersistentActor({
  name: "account",
  version: 1,
  module: import.meta.url,
  placement: "worker",
  snapshotEvery: 3,
  state: () => ({ balance: 0, amounts: new Map<number, number>() }),
  events: {
    deposited(state, amount: number) {
      state.balance += amount
      state.amounts.set(state.amounts.size, amount)
    },
  },
}).receive({
  async deposit(ctx, amount: number) {
    await ctx.persist("deposited", amount)
    return ctx.state.balance
  },
  balance: (ctx) => ctx.state.balance,
  count: (ctx) => ctx.state.amounts.size,
  thread: () => threadId,
})

export const Sleepy = defineActor({
  name: "sleepy",
  module: import.meta.url,
  placement: "worker",
  passivateAfterMs: 50,
  state: () => ({ count: 0 }),
  receive: {
    count: (ctx) => ++ctx.state.count,
    exit: () => process.exit(4),
    async slowly(ctx, milliseconds: number) {
      await sleep(milliseconds)
      return ++ctx.state.count
    },
  },
})

export const NotStarting = defineActor({
  name: "not-starting",
  module: import.meta.url,
  placement: "worker",
  state: (): { readonly never: true } => {
    throw new RangeError("no state today")
  },
  receive: { hello: () => "hello" },
})
