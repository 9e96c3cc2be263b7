/** What an error says was done is said of the call that ends with it (E2 of errors.ts). */
import t from "tap"
import {
  AgentOSError,
  createActorSystem,
  defineActor,
  definePersistentActor,
  type ActorRef,
  type Deferred,
} from "#actors/index.js"
import { adoptErrors, defineErrors, errorCodes } from "#actors/errors.js"
import { failureOf, thrownOf } from "#actors/remote/failure.js"

interface Inner {
  wait(): Promise<void>
  refuse(executed?: "no" | "maybe" | "yes"): never
  odd(): unknown
}

const go: (() => void)[] = []
const Inner = defineActor({
  name: "inner",
  state: () => 0,
  mailbox: { capacity: 1 },
  receive: {
    wait: () => new Promise<void>((done) => go.push(done)),
    refuse(_ctx, executed?: "no" | "maybe" | "yes") {
      throw new AgentOSError("THROTTLED", "not now", executed === undefined ? {} : { executed })
    },
    odd: () => ({ of: () => 1 }) as unknown,
  },
})

let owed: Deferred<unknown>
const Outer = defineActor({
  name: "outer",
  state: (inner: ActorRef<Inner>) => inner,
  receive: {
    passOn: (ctx, type: "wait" | "refuse" | "odd" | "missing") => ctx.ask(ctx.state, type as "wait"),
    passOnRefusal: (ctx, executed: "no" | "yes") => ctx.ask(ctx.state, "refuse", executed),
    passOnOutside: (ctx, executed: "no" | "yes") => ctx.state.ask("refuse", executed),
    spawnTwice(ctx) {
      ctx.spawn(Inner, { name: "one" })
      ctx.spawn(Inner, { name: "one" })
    },
    inWork(ctx, executed: "no" | "yes") {
      owed = ctx.defer()
      ctx.run((_, sender) => sender.ask(ctx.state, "refuse", executed), "worked", "failed")
      return owed
    },
    worked() {},
    failed: (_ctx, error: unknown) => owed.fail(error),
    refuse(_ctx, executed?: "no" | "maybe" | "yes") {
      throw new AgentOSError("THROTTLED", "not now", executed === undefined ? {} : { executed })
    },
    refuseLater(ctx, executed?: "no" | "maybe" | "yes") {
      const deferred = ctx.defer()
      deferred.fail(new AgentOSError("THROTTLED", "not now", executed === undefined ? {} : { executed }))
      return deferred
    },
    ownCode(_ctx, executed: "yes") {
      throw new AgentOSError("OUR_OWN", "sold out", { executed, details: { left: 0 } })
    },
    constant() {
      throw refusal
    },
  },
})
const refusal = new AgentOSError("THROTTLED", "not now", { executed: "no" })

const Ledger = definePersistentActor({
  name: "ledger",
  version: 1,
  state: () => [] as string[],
  events: { line: (lines, text: string) => void lines.push(text) },
}).receive({
  async storeThenRefused(ctx) {
    await ctx.persist("line", "stored")
    await ctx.persist("line", (() => 1) as unknown as string)
  },
  async lateRefusal(ctx, executed?: "no") {
    const deferred = ctx.defer()
    await ctx.persist("line", "stored")
    deferred.fail(new AgentOSError("THROTTLED", "not now", executed === undefined ? {} : { executed }))
    return deferred
  },
})

/** As callers without types have it. */
interface UntypedRef {
  ask(type: string, payload?: unknown): Promise<unknown>
}

t.test("S40. an error that leaves a handler says of its call what the handler knows, or maybe", async (t) => {
  const letGo = (): void => go.splice(0).forEach((done) => done())
  const system = await createActorSystem({ name: "test", isolated: true, definitions: [Ledger] })
  t.teardown(async () => {
    letGo()
    await system.stop()
  })
  const inner = system.spawn(Inner)
  const outer = (): UntypedRef => system.spawn(Outer, { init: inner as never }) as unknown as UntypedRef
  const told = async (type: string, payload?: unknown): Promise<readonly [string, string]> => {
    const error = (await outer().ask(type, payload).catch((error: unknown) => error)) as AgentOSError // prettier-ignore
    return [error.code, error.executed]
  }
  inner.tell("wait")
  while (go.length === 0) await new Promise(setImmediate)
  inner.tell("wait")
  t.same(await told("passOn", "wait"), ["MAILBOX_FULL", "maybe"], "of a mailbox that was full, to its own caller")
  t.match(await inner.ask("wait").catch((error: unknown) => error), { code: "MAILBOX_FULL", executed: "no" })
  letGo()
  while (go.length === 0) await new Promise(setImmediate)
  letGo()
  t.same(await told("passOn", "missing"), ["UNKNOWN_MESSAGE", "maybe"])
  t.same(await told("passOn", "odd"), ["INVALID_ANSWER", "maybe"])
  t.same(await told("passOn", "refuse"), ["THROTTLED", "maybe"])
  t.same(await told("spawnTwice"), ["NAME_TAKEN", "maybe"])
  for (const executed of ["no", "yes"] as const) {
    t.match(await inner.ask("refuse", executed).catch((error: unknown) => error), { code: "THROTTLED", executed })
    for (const way of ["passOnRefusal", "passOnOutside", "inWork"])
      t.same(await told(way, executed), ["THROTTLED", "maybe"], `${way}: ${executed} was said of another call`)
    for (const way of ["refuse", "refuseLater"])
      t.same(await told(way, executed), ["THROTTLED", executed], `${way}: its handler knows`)
  }
  t.same(await told("refuse"), ["THROTTLED", "maybe"])
  t.same(await told("refuseLater"), ["THROTTLED", "maybe"])
  t.same(await told("refuse", "nonsense"), ["THROTTLED", "maybe"], "a word that means nothing says nothing")
  const error = await outer().ask("ownCode", "yes").catch((error: unknown) => error) // prettier-ignore
  t.match(error, { code: "OUR_OWN", executed: "yes", retryable: false, details: { left: 0 } })
  t.same(await told("constant"), ["THROTTLED", "no"])

  const ledger = system.entity(Ledger, "a")
  await t.rejects(ledger.ask("storeThenRefused"), { code: "INVALID_PAYLOAD", executed: "maybe" })
  await t.rejects(ledger.ask("lateRefusal"), { code: "THROTTLED", executed: "maybe" })
  await t.rejects(ledger.ask("lateRefusal", "no"), { code: "THROTTLED", executed: "no" })
  await t.rejects(ledger.with({ commandId: "1" }).ask("lateRefusal"), { code: "THROTTLED", executed: "maybe" })
  await t.rejects(ledger.with({ commandId: "1" }).ask("lateRefusal"), { code: "COMMAND_UNANSWERED", executed: "yes" })
  await t.rejects(ledger.ask("unheard" as never), { code: "UNKNOWN_MESSAGE", executed: "no" })
})

t.test("what an error says was done travels with it", async (t) => {
  for (const executed of ["no", "maybe", "yes", undefined] as const)
    for (const code of ["THROTTLED", "INVALID_ANSWER", "OUR_OWN"]) {
      const error = new AgentOSError(code, "text", executed === undefined ? {} : { executed })
      const arrived = thrownOf(failureOf(error)) as AgentOSError
      t.equal(arrived.executed, error.executed)
    }
})

t.test("codes that another thread knows are learnt, and defined here later all the same", (t) => {
  const spec = { retryable: true, executed: "no", meaning: "Of a floor that is loaded later." } as const
  adoptErrors(new Map([["LEARNT", spec], ["THROTTLED", spec]])) // prettier-ignore
  const { executed, retryable } = new AgentOSError("LEARNT", "text")
  t.same([executed, retryable], ["no", true])
  t.not(errorCodes().get("THROTTLED"), spec, "what is known stays")
  defineErrors({ LEARNT: spec })
  t.throws(() => defineErrors({ LEARNT: spec }), { message: /defined twice/ })
  t.end()
})
