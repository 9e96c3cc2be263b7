/**
 * Names at every public door: what is none is refused by name, and what is one, however odd, is itself and nobody
 * else.
 */
import fc from "fast-check"
import t, { type Test } from "tap"
import {
  createActorSystem,
  defineActor,
  definePersistentActor,
  defineProjection,
  delivery,
  formatAddress,
  memoryJournal,
  parseAddress,
  resumeDeliveries,
  startProjection,
  systemClock,
  type ActorRef,
  type ActorSystem,
} from "#actors/index.js"
import { actorAddress, entityAddress } from "#actors/address.js"
import { asName, callersId, checkName, isName, joined, MOST_NAME_BYTES, numberedIn, parted } from "#actors/names.js"
import type { Journal } from "#actors/persistence/journal.js"
import { Directory } from "#actors/remote/directory.js"
import { Link, type Seats } from "#actors/remote/link.js"
import { op } from "#actors/remote/protocol.js"

/** What is no name, and why. */
const noNames: readonly (readonly [string, RegExp])[] = [
  ["", /is empty/],
  ["\ud800", /half of a surrogate pair/],
  ["a\udc00b", /half of a surrogate pair/],
  ["\udc00\ud800", /half of a surrogate pair/],
  ["\u0000", /control character/],
  ["a\u0000b", /control character/],
  ["line\nfeed", /control character/],
  ["\u007f", /control character/],
  ["\u0085", /control character/],
  ["x".repeat(513), /513 bytes/],
  ["é".repeat(257), /514 bytes/],
  ["🙂".repeat(129), /516 bytes/],
]

/** Names that are odd, each another one. */
const oddNames = [
  "constructor",
  "__proto__",
  "toString",
  "hasOwnProperty",
  "a/b",
  "a%2Fb",
  "a%252Fb",
  "a",
  "b",
  "%",
  "100%",
  "/",
  "//",
  " ",
  "#1",
  "a#1",
  "~",
  "~a",
  "\u2028",
  "\ufffd",
  "\u200b",
  "שלום",
  "مرحبا",
  "é",
  "e\u0301",
  "🙂",
  "👩‍👩‍👧‍👦",
  "x".repeat(64),
  "x".repeat(65),
  "x".repeat(512),
  "🙂".repeat(128),
]

/** In ASCII, for the titles of tests. */
const escape = (name: string): string => encodeURIComponent(name.toWellFormed())

const anyText = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: fc.constantFrom("/", "%", "2", "5", "F", "#", "~", "a") }),
  fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
)

t.test("a name is 1 to 512 bytes of well-formed Unicode without control characters", (t) => {
  for (const [name, why] of noNames) {
    t.equal(isName(name), false, escape(name))
    t.throws(() => checkName("the key of an account", name), { code: "INVALID_NAME", message: why })
  }
  for (const name of oddNames) {
    t.equal(isName(name), true, escape(name))
    t.equal(checkName("a key", name), name)
  }
  for (const none of [undefined, null, 1, {}, ["a"], Symbol("a")]) {
    t.equal(isName(none), false)
    t.throws(() => checkName("a key", none as never), { code: "INVALID_NAME", message: /not a text/ })
  }
  for (const around of ["", "a".repeat(100)]) {
    const refused = Array.from({ length: 0x300 }, (_, code) => code).filter(
      (code) => !isName(around + String.fromCharCode(code) + around),
    )
    const controls = [...Array(0x20).keys(), ...Array.from({ length: 0x21 }, (_, i) => 0x7f + i)]
    t.same(refused, controls)
  }
  fc.assert(
    fc.property(anyText, (text) => {
      const right = text !== "" && text.isWellFormed() && !/\p{Cc}/u.test(text) && Buffer.byteLength(text) <= 512
      return isName(text) === right
    }),
  )
  t.end()
})

t.test("two different rows of names are never joined to the same text, and any row is read back", (t) => {
  const row = fc.array(anyText, { minLength: 1, maxLength: 5 })
  fc.assert(
    fc.property(row, (names) => JSON.stringify(parted(joined(...names))) === JSON.stringify(names)),
    { numRuns: 1000 },
  )
  fc.assert(
    fc.property(row, row, (a, b) => (joined(...a) === joined(...b)) === (JSON.stringify(a) === JSON.stringify(b))),
  )
  t.not(joined("a/b", "c"), joined("a", "b/c"))
  t.not(joined("a", "b", "c"), joined("a/b", "c"))
  t.not(joined("a%2Fb"), joined("a/b"))
  t.equal(joined("default", "account", "alice"), "default/account/alice", "ordinary names stay readable")
  t.end()
})

t.test("ids of deliveries are those of before for all but odd tenants, never alike, and always names", (t) => {
  for (const key of oddNames.filter((name) => Buffer.byteLength(name) < 400))
    t.equal(numberedIn("default", "till", key, 7), `default/till/${key}#7`)
  const type = fc.constantFrom("till", "a.b-c_d", "x".repeat(100))
  const sender = fc.tuple(anyText, type, anyText, fc.nat(12))
  const told = (it: readonly unknown[]): string => JSON.stringify(it)
  fc.assert(
    fc.property(sender, sender, (a, b) => (numberedIn(...a) === numberedIn(...b)) === (told(a) === told(b))),
    { numRuns: 2000 },
  )
  t.not(numberedIn("a/b", "till", "c", 1), numberedIn("a", "b", "till/c", 1))
  const long = "x".repeat(512)
  t.equal(isName(numberedIn(long, "till", long, 1)), true)
  t.not(numberedIn(long, "till", long, 1), numberedIn(long, "till", long, 2))
  for (const text of [long, `${long}x`, "~a", asName("~a"), asName(`${long}x`)]) t.equal(isName(asName(text)), true)
  t.equal(new Set([long, `${long}x`, "~a", asName("~a"), asName(`${long}x`)].map(asName)).size, 5)
  t.ok(Buffer.byteLength(asName(`${long}x`)) <= MOST_NAME_BYTES)
  t.end()
})

t.test("an address reads back what it was made of; what names nothing is no address; no text makes it throw", (t) => {
  for (const key of oddNames) {
    const text = formatAddress(entityAddress("s", key, "type", key))
    t.match(parseAddress(text), { kind: "entity", tenant: key, type: "type", key })
    t.match(parseAddress(formatAddress(actorAddress("s", "n#1", [key, "b"], 3))), { path: [key, "b"] })
  }
  for (const [name] of noNames) {
    t.type(formatAddress(entityAddress("s", name, "type", name)), "string")
    t.type(formatAddress(actorAddress(name, name, [name], 1)), "string")
    if (!name.isWellFormed()) continue // of such a one its address is of another: U+FFFD stands for it
    t.throws(() => parseAddress(formatAddress(entityAddress("s", "t", "type", name))), { code: "INVALID_ADDRESS" })
    t.throws(() => parseAddress(formatAddress(entityAddress("s", name, "type", "k"))), { code: "INVALID_ADDRESS" })
    t.throws(() => parseAddress(formatAddress(actorAddress("s", "n", ["a", name], 1))), { code: "INVALID_ADDRESS" })
  }
  for (const text of ["entity://s/t/y/%ED%A0%80", "entity://s/t/y/%", "entity://s/t/y/%00", "entity://s/t//k"])
    t.throws(() => parseAddress(text), { code: "INVALID_ADDRESS" })
  t.end()
})

// --- the doors -------------------------------------------------------------------------------------------------------------------------------

const Child = defineActor({ name: "child", state: () => 0, receive: {} })
const Plain = defineActor({
  name: "plain",
  state: () => 0,
  receive: {
    ping: () => "pong",
    spawnChild: (ctx, name: string) => ctx.spawn(Child, { name }).address !== "",
    tenantOf: (ctx) => ctx.cause.tenant,
  },
})

const Account = definePersistentActor({
  name: "account",
  version: 1,
  state: () => ({ balance: 0 }),
  events: {
    grew: (state, by: number) => {
      state.balance += by
    },
  },
}).receive({
  grow: async (ctx, by: number) => {
    await ctx.persist("grew", by)
    return ctx.state.balance
  },
  balance: (ctx) => ctx.state.balance,
  wrong: (ctx, event: string) => (ctx as unknown as { persist(name: string): Promise<void> }).persist(event),
})

const Till = definePersistentActor({
  name: "till",
  version: 1,
  state: () => ({}),
  events: {},
}).receive({
  async sell(ctx, { to, cents }: { readonly to: string; readonly cents: number }) {
    await ctx.persistAll([], delivery(ctx.system.entity(Account, to), "grow", cents))
  },
})

async function opened(t: Test, journal: Journal = memoryJournal(systemClock)): Promise<ActorSystem> {
  const system = await createActorSystem({
    name: "names",
    definitions: [Plain, Account, Till],
    journal: { ...journal, close: async () => {} },
  })
  t.teardown(() => system.stop())
  return system
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((done) => setImmediate(done))
}

t.test("what is no name is refused at each door, before anything is done", async (t) => {
  const system = await opened(t)
  const actors = system.statistics.actors
  const account = system.entity(Account, "a")
  const refused = { code: "INVALID_NAME" } as const
  for (const [name] of noNames) {
    t.throws(() => system.entity(Account, name), refused, "a key")
    t.throws(() => system.entity(Account, "a", { tenant: name }), refused, "a tenant")
    t.throws(() => system.entityAt("default", "account", name), refused)
    t.throws(() => system.entityAt(name, "account", "a"), refused)
    t.throws(() => system.entityHere({ tenant: "default", type: "account", key: name }), refused)
    t.throws(() => system.rouseEntity({ tenant: name, type: "account", key: "a" }), refused)
    t.throws(() => account.with({ commandId: name }), refused, "a command id")
    t.throws(() => account.with({ commandId: "fine" }).with({ commandId: name }), refused)
    t.throws(() => account.with({ cause: { tenant: name } }), refused, "a cause")
    t.throws(() => system.spawn(Plain, { name }), refused, "an actor")
    t.throws(() => startProjection(system, Everything, { tenant: name }), refused, "a projection")
    await t.rejects(resumeDeliveries(system, Till, { tenant: name }), refused, "deliveries")
    await t.rejects(createActorSystem({ name }), refused, "a system")
    t.throws(
      () => defineProjection({ name, version: 1, from: Account, state: () => 0, apply: {} }),
      { code: "INVALID_DEFINITION" },
      "a projection's own",
    )
  }
  t.throws(() => system.entity(Account, undefined as never), refused)
  t.throws(() => account.with({ commandId: 7 as never }), refused)
  t.equal(system.statistics.actors, actors, "nothing was started")
  t.same(await keysOf(system), [])
  const parent = system.spawn(Plain)
  await t.rejects(parent.ask("spawnChild", "\u0000"), { code: "INVALID_NAME" }, "a child")
})

const Everything = defineProjection({
  name: "everything",
  version: 1,
  from: Account,
  state: () => ({ byKey: new Map<string, number>() }),
  apply: {
    grew({ byKey }, by, { key }) {
      byKey.set(key, (byKey.get(key) ?? 0) + by)
    },
  },
})

async function keysOf(system: ActorSystem, type = "account", tenant = "default"): Promise<readonly string[]> {
  const keys: string[] = []
  for await (const key of system.journal.keys(tenant, type)) keys.push(key)
  return keys
}

t.test("odd names are entities, command ids, tenants and children of their own", async (t) => {
  const system = await opened(t)
  for (const [i, key] of oddNames.entries())
    t.equal(await system.entity(Account, key).ask("grow", i + 1), i + 1, escape(key))
  for (const [i, key] of oddNames.entries()) t.equal(await system.entity(Account, key).ask("balance"), i + 1)
  t.same([...(await keysOf(system))].sort(), [...oddNames].sort())
  const alice = system.entity(Account, "alice")
  for (let round = 0; round < 2; round++)
    for (const [i, commandId] of oddNames.entries())
      t.equal(await alice.with({ commandId }).ask("grow", 1), i + 1, `command ${escape(commandId)}, round ${round}`)
  for (const tenant of oddNames)
    t.equal(await system.entity(Account, "x", { tenant }).ask("grow", 1), 1, escape(tenant))
  const plain = system.spawn(Plain)
  for (const name of oddNames) {
    t.equal(await plain.ask("spawnChild", name), true)
    const { address } = system.spawn(Plain, { name })
    t.match(parseAddress(address), { path: [name] })
    t.throws(() => system.spawn(Plain, { name }), { code: "NAME_TAKEN" })
    t.equal(await plain.with({ cause: { tenant: name } }).ask("tenantOf"), name)
  }
})

t.test("a projection is of one tenant, and finds events of any key", async (t) => {
  const system = await opened(t)
  const named = (name: string) => defineProjection({ ...Everything, name, from: Account } as never)
  // Their parts join to the same row of letters.
  const pairs: readonly (readonly [string, string])[] = [["a", "b-c"], ["a-b", "c"], ["projection", "a"], ["projection-a", "a"]] // prettier-ignore
  for (const [tenant, name] of pairs) await startProjection(system, named(name), { tenant }).caughtUp()
  for (const key of oddNames) await system.entity(Account, key).ask("grow", 2)
  const everything = startProjection(system, Everything)
  await everything.caughtUp()
  t.same([...everything.state.byKey].sort(), oddNames.map((key) => [key, 2]).sort())
  await everything.stop()
  for (const tenant of oddNames) await startProjection(system, Everything, { tenant }).caughtUp()
})

t.test("deliveries of senders whose names join alike are all carried out, also after a restart", async (t) => {
  const journal = memoryJournal(systemClock)
  const senders = [
    ["a/b", "c"],
    ["a", "b/c"],
    ["a%2Fb", "c"],
    ["a", "till/c"],
    ["a/till", "c"],
    ["x".repeat(512), "y".repeat(512)],
    ["x".repeat(511), "y".repeat(512)],
    ...oddNames.map((name) => [name, name]),
    ...oddNames.map((name) => ["default", name]),
  ] as const
  const system = await opened(t, journal)
  for (const [tenant, key] of senders)
    await system.entity(Till, key as string, { tenant: tenant as string }).ask("sell", { to: "sum", cents: 1 })
  await until(async () => (await system.entity(Account, "sum").ask("balance")) === senders.length)
  await system.stop()
  const again = await opened(t, journal)
  for (const tenant of new Set(senders.map(([tenant]) => tenant as string)))
    await resumeDeliveries(again, Till, { tenant })
  t.equal(await again.entity(Account, "sum").ask("balance"), senders.length)
})

t.test("an open delivery of an entity called constructor is found again, and stops no other", async (t) => {
  const journal = memoryJournal(systemClock)
  const keys = ["constructor", "__proto__", "toString", "ordinary"]
  for (const key of keys) {
    const to = { tenant: "default", type: "account", key: "sum" }
    const payload = { number: 1, to, type: "grow", payload: 1 }
    await journal.append({ tenant: "default", type: "till", key }, 0, 0, [{ name: "$deliver", payload, version: 1 }])
  }
  const system = await opened(t, journal)
  t.equal(await resumeDeliveries(system, Till), keys.length)
  await until(async () => (await system.entity(Account, "sum").ask("balance")) === keys.length)
})

t.test("deliveries of an entity whose key is no longer allowed stop no other", async (t) => {
  const journal = memoryJournal(systemClock)
  for (const key of ["", "a\u0001", "ordinary"]) {
    const to = { tenant: "default", type: "account", key: "sum" }
    const payload = { number: 1, to, type: "grow", payload: 1 }
    await journal.append({ tenant: "default", type: "till", key }, 0, 0, [{ name: "$deliver", payload, version: 1 }])
  }
  const warned: unknown[] = []
  const system = await createActorSystem({
    name: "names",
    definitions: [Account, Till],
    journal,
    logger: { debug() {}, info() {}, error() {}, warn: (fields, message) => warned.push([fields["key"], message]) },
  })
  t.teardown(() => system.stop())
  await resumeDeliveries(system, Till)
  t.match(warned, [["", /store repair/], ["a\u0001", /store repair/]]) // prettier-ignore
  await until(async () => (await system.entity(Account, "sum").ask("balance")) === 1)
})

t.test("events, messages and schemas are looked up by their own names alone", async (t) => {
  const system = await opened(t)
  const names = ["constructor", "__proto__", "toString", "hasOwnProperty", "valueOf"]
  for (const name of names) {
    const account = system.entity(Account, `of ${name}`)
    t.throws(() => account.tell(name as never), { code: "UNKNOWN_MESSAGE" })
    await t.rejects(account.ask(name as never), { code: "UNKNOWN_MESSAGE" })
    await t.rejects(account.ask("wrong", name), { code: "INVALID_PAYLOAD" })
    t.throws(() => system.entityAt("default", name, "a"), { code: "UNKNOWN_DEFINITION" })
  }
  const Odd = definePersistentActor({
    name: "odd",
    version: 1,
    state: () => ({ n: 0 }),
    events: Object.fromEntries(names.map((name) => [name, (state: { n: number }) => void (state.n += 1)])),
  }).receive({
    ...Object.fromEntries(
      names.map((name) => [name, (ctx: { persist(name: string): Promise<void> }) => ctx.persist(name)]),
    ),
    count: (ctx: { readonly state: { readonly n: number } }) => ctx.state.n,
  } as never)
  const odd = await createActorSystem({ name: "odd", definitions: [Odd] })
  t.teardown(() => odd.stop())
  const ref = odd.entity(Odd, "x") as ActorRef<never> as unknown as { ask(type: string): Promise<unknown> }
  for (const name of names) await ref.ask(name)
  t.equal(await ref.ask("count"), names.length)
  const seen = startProjection(odd, defineProjection({ name: "seen", version: 1, from: { name: "odd" }, state: () => 0, apply: {} })) // prettier-ignore
  await seen.caughtUp()
  t.equal(seen.failed, undefined, "events that a projection does not name change nothing")
  const Checked = defineActor({
    name: "checked",
    state: () => 0,
    receive: { ["constructor"]: (_ctx: unknown, n: number) => n, other: () => 1 },
    schemas: {},
  })
  t.equal(
    await system
      .spawn(Checked)
      .with({ untrusted: true })
      .ask("constructor" as never, 5 as never),
    5,
  )
})

t.test("a persistent actor is an entity: it cannot be spawned", async (t) => {
  const system = await opened(t)
  t.throws(() => system.spawn(Account), { code: "INVALID_DEFINITION", message: /system\.entity\(definition, key\)/ })
  t.throws(() => system.spawn(Account, { name: "a" }), { code: "INVALID_DEFINITION" })
  const Parent = defineActor({
    name: "parent",
    state: () => 0,
    receive: { make: (ctx) => void ctx.spawn(Account) },
  })
  await t.rejects(system.spawn(Parent).ask("make"), { code: "INVALID_DEFINITION" })
})

// --- what comes from elsewhere ---------------------------------------------------------------------------------------------------------------

const none: Seats = { at: () => undefined, news() {}, credit() {} }

t.test("a message from elsewhere that names what is no name is refused alone, and its ask is told", async (t) => {
  const system = await opened(t)
  const said: (readonly unknown[])[] = []
  const link = new Link(system, new Directory(), { post: (batch) => void said.push(batch) }, none)
  const to = system.entity(Account, "a").address
  const beside = (cause: object) => ({ parts: undefined, cause: { tenant: "default", chain: [], ...cause } })
  link.receive([op.name, "grow"])
  for (const [i, [name]] of noNames.entries()) {
    link.receive([op.send, to, 0, 1, beside({ commandId: name })])
    link.receive([op.send, to, 0, 1, beside({ tenant: name })])
    link.receive([op.ask, i, to, 0, 1, 1000, beside({ commandId: name })])
    link.receive([op.tell, formatAddress(entityAddress("names", "default", "account", name)), 0, 1])
    link.receive([op.tell, `entity://names/default/account/${name}`, 0, 1])
  }
  link.receive([op.send, to, 0, 1, { parts: [[["no", "such", "place"], { ref: "x", kind: undefined }]], cause: undefined }]) // prettier-ignore
  link.receive([op.tell, to, 0, 1])
  await until(async () => (await system.entity(Account, "a").ask("balance")) === 1)
  link.flush()
  const fields = said.flat()
  const failures = fields.filter((field, i) => fields[i - 2] === op.fail && typeof field === "object")
  t.equal(failures.length, noNames.length)
  t.ok(failures.every((failure) => (failure as { readonly code?: string }).code === "INVALID_NAME"))
  t.ok((await keysOf(system)).every(isName), "nothing came of names that are none")
})

t.test("an empty message name is known by no definition, the first time neither", async (t) => {
  const system = await createActorSystem({ name: "names" })
  t.teardown(() => system.stop())
  const ref = system.spawn(
    defineActor({ name: "quiet", state: () => 0, receive: { hear: () => "heard" } }),
  ) as never as {
    tell(type: string): boolean
    ask(type: string): Promise<unknown>
  }
  t.throws(() => ref.tell(""), { code: "UNKNOWN_MESSAGE" })
  await t.rejects(ref.ask(""), { code: "UNKNOWN_MESSAGE" })
  t.equal(await ref.ask("hear"), "heard")
})

t.test(
  "a caller's id is none of the runtime's, stays as it is where it looks like none, and no two become one",
  (t) => {
    const part = fc.stringMatching(/^[a-z#~=/:[\]0-9-]{1,12}$/)
    const guessed = fc.oneof(
      part,
      fc.tuple(part, part, part, fc.nat()).map(([tenant, type, key, n]) => numberedIn(tenant, `t${type}`, key, n)),
      fc.tuple(part, part).map(([a, b]) => joined("reminder", a, "7", b)),
      fc.constantFrom("~" + "a".repeat(43), "default/till/u#1", 'reminder:["default","a"]@5'),
    )
    const ids = fc.tuple(fc.constantFrom("", "=", "=="), guessed).map(([before, id]) => before + id)
    fc.assert(
      fc.property(ids, ids, (a, b) => {
        if (a !== b && callersId(a) === callersId(b)) throw new Error(`${a} and ${b} become ${callersId(a)}`)
      }),
      { numRuns: 2000 },
    )
    fc.assert(
      fc.property(
        part,
        fc.stringMatching(/^[A-Za-z][A-Za-z0-9._-]{0,9}$/),
        fc.string({ minLength: 1, unit: "binary" }),
        fc.nat(),
        (tenant, type, key, n) => {
          const id = numberedIn(tenant, type, key, n)
          if (callersId(id) === id) throw new Error(id)
        },
      ),
      { numRuns: 1000 },
    )
    for (const id of ["invoice#1", "=invoice#1", "~x", "reminder/daily", "a/b", "o'neill/repo#12"])
      t.equal(callersId(id), id)
    for (const id of ["default/till/u#1", "~" + "a".repeat(43), "reminder/group-762/1/1796062799181"])
      t.equal(callersId(id), `=${id}`)
    t.end()
  },
)
